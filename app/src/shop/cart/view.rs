//! The cart on its page.

use leptos::{form::ActionForm, prelude::*};
use web::ui::{FormError, FormState, SubmitButton, move_focus};

use super::{
    ClearCart, OptimisticCart, PricedCart, PricedLine, RemoveFromCart, RemovedLine, RestoreCart, SetQuantity,
    quantity_forms::QuantityForms,
};
use crate::shop::catalog::{ProductId, product_page};

/// The whole cart. `checkout` makes the part below the total.
#[component]
pub fn CartPanel(cart: PricedCart, checkout: fn(OptimisticCart) -> AnyView) -> impl IntoView {
    let cart = OptimisticCart::new(cart);
    let lines = move || cart.answered.with(|cart| cart.lines.clone());
    let total = move || cart.shown.with(|cart| cart.total.to_string());
    view! {
        <RemovedNote cart />
        <Show
            when=move || cart.answered.with(|cart| !cart.lines.is_empty())
            fallback=move || view! { <EmptyCart cart /> }
        >
            <ul class="lines" role="list">
                <For each=lines key=|line| line.product let:line>
                    <CartRow line cart />
                </For>
            </ul>
            <div class="totals">
                <p class="total" aria-live="polite" aria-atomic="true">
                    "Total "
                    <strong>{total}</strong>
                </p>
                <ClearForm cart />
            </div>
            {checkout(cart)}
        </Show>
    }
}

/// One line of the cart.
#[component]
fn CartRow(line: PricedLine, cart: OptimisticCart) -> impl IntoView {
    let (product, name) = (line.product, line.name.clone());
    let label = name.clone();
    let shown = move || cart.shown.with(|cart| cart.line(product).cloned());
    let current = Memo::new(move |_| shown().unwrap_or_else(|| line.clone()));
    let notes = move || {
        let notes = current.with(|line| line.notes.clone());
        notes.into_iter().map(|note| view! { <p class="note">{note.to_string()}</p> }).collect_view()
    };
    view! {
        // Hidden while its removal is pending, because the server may refuse it.
        <li class="line" aria-label=label hidden=move || shown().is_none()>
            <div class="line-name">
                <p>
                    <a href=product_page(product)>{name.clone()}</a>
                </p>
                <p class="line-unit">{move || current.get().unit_price.to_string()} " each"</p>
                {notes}
            </div>
            <QuantityForms cart product name=name.clone() current />
            <p class="line-total">{move || current.get().total.to_string()}</p>
            <RemoveForm cart product name />
        </li>
    }
}

/// "Remove". It waits for a pending change of the quantity, which would add the product again if it arrived later.
#[component]
fn RemoveForm(cart: OptimisticCart, product: ProductId, name: String) -> impl IntoView {
    let remove = FormState::<RemoveFromCart>::for_item("product", product)
        .on_submit(move |_| cart.set_pending(product, None))
        .on_success(move |answer| {
            let undo = answer.removed.is_some();
            cart.settle(product, answer);
            if !undo {
                move_focus("#content");
            }
        })
        .on_error(move |_| {
            cart.forget(product);
            move_focus(format!("#remove-{product} button"));
        });
    view! {
        <ActionForm action=remove.action attr:id=format!("remove-{product}")>
            <input type="hidden" name="product" value=product.to_string() />
            <SubmitButton pending=cart.pending_line(product) class="button-quiet" label=format!("Remove {name}")>
                "Remove"
            </SubmitButton>
            <FormError error=remove.general_error(&[]) />
        </ActionForm>
    }
}

/// The product that was removed last, with "Undo".
#[component]
fn RemovedNote(cart: OptimisticCart) -> impl IntoView {
    let removed = Memo::new(move |_| cart.answered.with(|cart| cart.removed.clone()));
    // The button that had the focus was removed with its line.
    Effect::new(move |before: Option<Option<RemovedLine>>| {
        let now = removed.get();
        if now.is_some() && before.is_some_and(|before| before != now) {
            move_focus(".removed button");
        }
        now
    });
    view! {
        <div role="status">
            {move || removed.get().map(|removed| view! { <UndoForm cart removed /> })}
        </div>
    }
}

#[component]
fn UndoForm(cart: OptimisticCart, removed: RemovedLine) -> impl IntoView {
    let RemovedLine { product, name, quantity } = removed;
    let undo = FormState::<SetQuantity>::for_item("product", product)
        .on_submit(move |_| cart.set_pending(product, Some(quantity)))
        .on_success(move |answer| {
            cart.settle(product, answer);
            move_focus(format!("#set-{product}"));
        })
        .on_error(move |_| cart.forget(product));
    view! {
        <ActionForm action=undo.action attr:class="removed">
            <p>{format!("{name} was removed.")}</p>
            <input type="hidden" name="product" value=product.to_string() />
            <input type="hidden" name="quantity" value=quantity.get().to_string() />
            <SubmitButton pending=cart.pending() class="button-quiet" label=format!("Undo: put {name} back")>
                "Undo"
            </SubmitButton>
            <FormError error=undo.general_error(&[]) />
        </ActionForm>
    }
}

/// "Empty the cart". Without a confirmation, because it can be undone.
#[component]
fn ClearForm(cart: OptimisticCart) -> impl IntoView {
    let clear = FormState::<ClearCart>::new()
        .on_submit(move |_| {
            for line in cart.answered.get_untracked().lines {
                cart.set_pending(line.product, None);
            }
        })
        .on_success(move |answer| {
            cart.replace(answer);
            cart.forget_all();
            move_focus(".empty button");
        })
        .on_error(move |_| cart.forget_all());
    view! {
        <ActionForm action=clear.action attr:class="clear">
            <SubmitButton pending=cart.pending() class="button-quiet">
                "Empty the cart"
            </SubmitButton>
            <FormError error=clear.general_error(&[]) />
        </ActionForm>
    }
}

/// The empty cart, with "Undo" after it was cleared.
#[component]
fn EmptyCart(cart: OptimisticCart) -> impl IntoView {
    let undo = move || {
        let emptied = cart.answered.with(|cart| cart.emptied);
        emptied.map(|emptied| view! { <RestoreForm cart emptied /> })
    };
    view! {
        <div class="empty">
            <p class="empty-title">"Your cart is empty."</p>
            <p>"Products that you add stay here, also when you come back later."</p>
            <p class="ways">
                <a class="button" href="/">
                    "Browse the catalogue"
                </a>
            </p>
            {undo}
        </div>
    }
}

#[component]
fn RestoreForm(cart: OptimisticCart, emptied: u32) -> impl IntoView {
    let restore = FormState::<RestoreCart>::new().on_success(move |answer: PricedCart| {
        cart.replace(answer);
        move_focus(".clear button");
    });
    let items = if emptied == 1 { "item was" } else { "items were" };
    view! {
        <ActionForm action=restore.action attr:class="removed">
            <p>{format!("{emptied} {items} removed.")}</p>
            <SubmitButton pending=restore.pending() class="button-quiet" label="Undo: put everything back">
                "Undo"
            </SubmitButton>
            <FormError error=restore.general_error(&[]) />
        </ActionForm>
    }
}
