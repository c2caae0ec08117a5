//! The components of the cart: "Add to cart", and the cart on its page.

use leptos::{ev::MouseEvent, form::ActionForm, prelude::*};
use server_fn::ServerFn;
use web::{
    error::AppError,
    ui::{FieldError, FormError, FormState, SubmitButton, move_focus},
};

use super::{
    AddToCart, ClearCart, OptimisticCart, PricedCart, PricedLine, Quantity, RemoveFromCart, RemovedLine,
    RestoreCart, SetQuantity, use_cart_count,
};
use crate::shop::catalog::{ProductId, product_page};

/// "Add to cart", with a quantity.
#[component]
pub fn AddToCartForm(product: ProductId) -> impl IntoView {
    let count = use_cart_count();
    let form = FormState::<AddToCart>::for_item("product", product)
        .on_success(move |cart: PricedCart| count.set(cart.items));
    let sent = move || form.action.input().get().and_then(|form| Quantity::parse(&form.quantity?).ok());
    count.add_pending(move || sent().map_or(0, |quantity| quantity.get().into()));
    let typed = form.typed("quantity").unwrap_or("1".to_owned());
    view! {
        <ActionForm action=form.action attr:class="row" attr:novalidate=true>
            <input type="hidden" name="product" value=product.to_string() />
            <QuantityField prefix="add" product value=typed error=form.field_error("quantity") />
            <SubmitButton pending=form.pending()>"Add to cart"</SubmitButton>
            <FormError error=form.general_error(&["quantity"]) />
        </ActionForm>
    }
}

/// A quantity field. Its id consists of `prefix` and the product.
#[component]
fn QuantityField(
    prefix: &'static str,
    product: ProductId,
    #[prop(into)] value: Signal<String>,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let id = format!("{prefix}-{product}");
    let error_id = format!("{id}-error");
    view! {
        <div class="field field-quantity">
            <label for=id.clone()>"Quantity"</label>
            <input
                id=id
                name="quantity"
                // Not `number`: a browser would send nothing for text that is not a number.
                type="text"
                inputmode="numeric"
                autocomplete="off"
                value=value.get_untracked()
                prop:value=move || value.get()
                aria-invalid=move || error.get().map(|_| "true")
                aria-describedby=error_id.clone()
                autofocus=error.get_untracked().is_some()
            />
            <FieldError id=error_id error />
        </div>
    }
}

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

/// Buttons for one fewer and one more, and a quantity field. Clicks that are faster than answers are sent as one change after the answer.
#[component]
fn QuantityForms(
    cart: OptimisticCart,
    product: ProductId,
    name: String,
    current: Memo<PricedLine>,
) -> impl IntoView {
    let set = FormState::<SetQuantity>::for_item("product", product);
    let send = move |quantity: u32| {
        set.action.dispatch(SetQuantity { product: product.to_string(), quantity: quantity.to_string() });
    };
    let typed = RwSignal::new(set.typed("quantity"));
    let set = set
        .on_submit(move |sent| {
            if let Ok(quantity) = Quantity::parse_or_zero(&sent.quantity) {
                typed.set(None);
                cart.set_pending(product, quantity);
            }
        })
        .on_success(move |answer| {
            if let Some(quantity) = cart.settle(product, answer) {
                send(quantity);
            }
        })
        .on_error(move |error| {
            cart.forget(product);
            if error == AppError::NotFound {
                cart.refresh();
            }
        });
    let sent = set.action.input();
    on_cleanup(move || {
        if let Some(Some(sent)) = sent.try_get_untracked()
            && let Ok(quantity) = Quantity::parse_or_zero(&sent.quantity)
        {
            cart.send_unsent(product, quantity);
        }
    });
    let set_to = Callback::new(move |count: u32| {
        if !set.pending().get_untracked() {
            send(count);
        } else if let Ok(quantity) = Quantity::new(count) {
            cart.set_pending(product, Some(quantity));
        }
    });
    let count = Signal::derive(move || current.get().quantity.get());
    let steps = [
        // Not below one, so that a click too many does not remove the product.
        ("fewer", "\u{2212}", Signal::derive(move || (count.get() - 1).max(Quantity::MIN))),
        ("more", "+", Signal::derive(move || count.get() + 1)),
    ];
    let [fewer, more] = steps.map(|(step, sign, target)| {
        let (form, label) = (format!("{step}-{product}"), format!("One {name} {step}"));
        view! { <StepButton form label sign count target set_to /> }
    });
    let forms = steps.map(|(step, _, target)| {
        view! {
            <form id=format!("{step}-{product}") method="post" action=SetQuantity::PATH hidden>
                <input type="hidden" name="product" value=product.to_string() />
                <input type="hidden" name="quantity" value=move || target.get().to_string() />
            </form>
        }
    });
    // A memo, so that what is being typed stays until the quantity changes.
    let quantity = Memo::new(move |_| typed.get().unwrap_or_else(|| count.get().to_string()));
    view! {
        <div class="stepper">
            <ActionForm action=set.action attr:class="row" attr:novalidate=true>
                <input type="hidden" name="product" value=product.to_string() />
                {fewer}
                <QuantityField prefix="set" product value=quantity error=set.field_error("quantity") />
                {more}
                <SubmitButton pending=set.pending() class="button-quiet" label=format!("Update quantity of {name}")>
                    "Update"
                </SubmitButton>
                <FormError error=set.general_error(&["quantity"]) />
            </ActionForm>
            {forms}
        </div>
    }
}

/// A button that changes the quantity from `count` to `target`. Without JavaScript it sends the form with the id `form`.
#[component]
fn StepButton(
    form: String,
    label: String,
    sign: &'static str,
    count: Signal<u32>,
    target: Signal<u32>,
    set_to: Callback<u32>,
) -> impl IntoView {
    let at_end = move || target.get() == count.get();
    let step = move |event: MouseEvent| {
        event.prevent_default();
        if !untrack(at_end) {
            set_to.run(target.get_untracked());
        }
    };
    view! {
        <button
            type="submit"
            form=form
            class="button-quiet step"
            aria-label=label
            aria-disabled=move || at_end().then_some("true")
            title=move || at_end().then_some("To remove the last one, use \u{201c}Remove\u{201d}.")
            on:click=step
        >
            {sign}
        </button>
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
        .on_submit(move |_| cart.clear_pending())
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
