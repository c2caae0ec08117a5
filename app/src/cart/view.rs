//! The cart on its page, in the header and on each product.

use leptos::{ev::MouseEvent, form::ActionForm, prelude::*};
use server_fn::ServerFn;

use super::{
    AddToCart, ClearCart, PricedCart, PricedLine, Quantity, RemoveFromCart, RemovedLine, RestoreCart,
    SetQuantity, ShownCart,
};
use crate::{
    catalog::ProductId,
    error::{AppError, Field},
    nav,
    ui::{FieldError, FormError, FormState, SubmitButton, move_focus},
    visitor::use_visitor,
};

/// How many things are in the cart.
#[component]
pub fn CartBadge() -> impl IntoView {
    let visitor = use_visitor();
    let words = move || if visitor.items() == 1 { " item" } else { " items" };
    view! {
        " "
        <span class="badge" aria-live="polite" aria-atomic="true">
            {move || visitor.items()} <span class="visually-hidden">{words}</span>
        </span>
    }
}

/// "Add to cart", with a quantity.
#[component]
pub fn AddToCartForm(product: ProductId) -> impl IntoView {
    let visitor = use_visitor();
    let form = FormState::<AddToCart>::for_item(Field::Product, product)
        .on_done(move |cart: PricedCart| visitor.set_items(cart.items));
    let sent = move || form.action.input().get().and_then(|form| Quantity::parse(&form.quantity?).ok());
    visitor.foresee_items(Signal::derive(move || sent().map_or(0, |quantity| quantity.get().into())));
    let typed = form.typed(Field::Quantity.name()).unwrap_or("1".to_owned());
    view! {
        <ActionForm action=form.action attr:class="row" attr:novalidate=true>
            <input type="hidden" name="product" value=product.to_string() />
            <QuantityField prefix="add" product value=typed problem=form.problem(Field::Quantity) />
            <SubmitButton pending=form.pending()>"Add to cart"</SubmitButton>
            <FormError error=form.general_error(&[Field::Quantity]) />
        </ActionForm>
    }
}

/// A quantity; `prefix` and the product make its id.
#[component]
fn QuantityField(
    prefix: &'static str,
    product: ProductId,
    #[prop(into)] value: Signal<String>,
    problem: Signal<Option<crate::error::Problem>>,
) -> impl IntoView {
    let id = format!("{prefix}-{product}");
    let error_id = format!("{id}-error");
    view! {
        <div class="field field-quantity">
            <label for=id.clone()>"Quantity"</label>
            <input
                id=id
                name="quantity"
                // Not `number`: a browser would send nothing in place of a typing error, which could not be told.
                type="text"
                inputmode="numeric"
                autocomplete="off"
                value=value.get_untracked()
                prop:value=move || value.get()
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby=error_id.clone()
                autofocus=problem.get_untracked().is_some()
            />
            <FieldError id=error_id problem />
        </div>
    }
}

/// The whole cart; `checkout` makes what stands below its total.
#[component]
pub fn CartPanel(
    /// The cart as the page was opened.
    cart: PricedCart,
    checkout: fn(ShownCart) -> AnyView,
) -> impl IntoView {
    let cart = ShownCart::new(cart, use_visitor());
    let lines = move || cart.answered().with(|cart| cart.lines.clone());
    let total = move || cart.shown().with(|cart| cart.total.to_string());
    view! {
        <RemovedNote cart />
        <Show
            when=move || cart.answered().with(|cart| !cart.lines.is_empty())
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

/// One line: what it is, how many, what it costs, and the way out.
#[component]
fn CartRow(line: PricedLine, cart: ShownCart) -> impl IntoView {
    let product = line.product;
    let name = line.name.clone();
    let label = name.clone();
    let set = FormState::<SetQuantity>::for_item(Field::Product, product);
    let current = Memo::new(move |_| {
        cart.shown().with(|cart| cart.line(product).cloned()).unwrap_or_else(|| line.clone())
    });
    let taken_out = move || cart.shown().with(|cart| cart.line(product).is_none());
    let notes = move || {
        let notes = current.with(|line| line.notes.clone());
        notes.into_iter().map(|note| view! { <p class="note">{note.to_string()}</p> }).collect_view()
    };
    view! {
        // Hidden while its removal is on the way, so that it can come back.
        <li class="line" aria-label=label hidden=taken_out>
            <div class="line-name">
                <p>
                    <a href=nav::product(product)>{name.clone()}</a>
                </p>
                <p class="line-unit">{move || current.get().unit_price.to_string()} " each"</p>
                {notes}
            </div>
            <QuantityForms set cart product name=name.clone() current />
            <p class="line-total">{move || current.get().total.to_string()}</p>
            <RemoveForm cart product name busy=set.pending() />
        </li>
    }
}

/// One fewer, any number, one more. Presses that come faster than answers are sent as one, when the answer is there.
#[component]
fn QuantityForms(
    set: FormState<SetQuantity>,
    cart: ShownCart,
    product: ProductId,
    name: String,
    current: Memo<PricedLine>,
) -> impl IntoView {
    let send = move |quantity: u32| {
        set.action.dispatch(SetQuantity { product: product.to_string(), quantity: quantity.to_string() });
    };
    let typed = RwSignal::new(set.typed(Field::Quantity.name()));
    let set = set
        .on_sent(move |sent| {
            if let Ok(quantity) = Quantity::parse_or_zero(&sent.quantity) {
                typed.set(None);
                cart.send(product, quantity);
            }
        })
        .on_done(move |answer| {
            if let Some(wanted) = cart.settle(product, answer) {
                send(wanted);
            }
        })
        .on_refused(move |error| {
            cart.forget(product);
            if error == AppError::NotFound {
                cart.refresh();
            }
        });
    let want = Callback::new(move |count: u32| {
        if set.pending().get_untracked() {
            // One that is out of range is not worth a question: the last one in range stands.
            if let Ok(quantity) = Quantity::parse_or_zero(&count.to_string()) {
                cart.want(product, quantity);
            }
        } else {
            send(count);
        }
    });
    let count = Signal::derive(move || current.get().quantity.get());
    // Down to one: a press too many takes nothing away. "Remove" does, with a way back.
    let one_fewer = Signal::derive(move || (count.get() - 1).max(Quantity::MIN.into()));
    let one_more = Signal::derive(move || count.get() + 1);
    let (fewer_form, more_form) = (format!("fewer-{product}"), format!("more-{product}"));
    let forms = [(fewer_form.clone(), one_fewer), (more_form.clone(), one_more)];
    let [fewer, update, more] =
        [format!("One {name} fewer"), format!("Update quantity of {name}"), format!("One {name} more")];
    // A memo: what is being typed stays as long as nothing else is wanted.
    let quantity = Memo::new(move |_| typed.get().unwrap_or_else(|| count.get().to_string()));
    view! {
        <div class="stepper">
            <ActionForm action=set.action attr:class="row" attr:novalidate=true>
                <input type="hidden" name="product" value=product.to_string() />
                <StepButton form=fewer_form label=fewer sign="\u{2212}" current=count count=one_fewer want />
                <QuantityField prefix="set" product value=quantity problem=set.problem(Field::Quantity) />
                <StepButton form=more_form label=more sign="+" current=count count=one_more want />
                <SubmitButton pending=set.pending() class="button-quiet" label=update>
                    "Update"
                </SubmitButton>
                <FormError error=set.general_error(&[Field::Quantity]) />
            </ActionForm>
            {forms.map(|(id, count)| view! { <StepForm id product count /> })}
        </div>
    }
}

/// A button that wants `count`. Without JavaScript it sends a form of its own, by its id.
#[component]
fn StepButton(
    form: String,
    label: String,
    sign: &'static str,
    current: Signal<u32>,
    count: Signal<u32>,
    want: Callback<u32>,
) -> impl IntoView {
    let at_end = move || count.get() == current.get();
    let step = move |event: MouseEvent| {
        event.prevent_default();
        if !untrack(at_end) {
            want.run(count.get_untracked());
        }
    };
    view! {
        <button
            type="submit"
            form=form
            class="button-quiet step"
            aria-label=label
            aria-disabled=move || at_end().then_some("true")
            title=move || at_end().then_some("This is the last one: \u{201c}Remove\u{201d} takes it out.")
            on:click=step
        >
            {sign}
        </button>
    }
}

#[component]
fn StepForm(id: String, product: ProductId, count: Signal<u32>) -> impl IntoView {
    view! {
        <form id=id method="post" action=SetQuantity::PATH hidden>
            <input type="hidden" name="product" value=product.to_string() />
            <input type="hidden" name="quantity" value=move || count.get().to_string() />
        </form>
    }
}

/// "Remove". It waits for a change of the quantity that is under way: were it overtaken, the line would return.
#[component]
fn RemoveForm(cart: ShownCart, product: ProductId, name: String, busy: Signal<bool>) -> impl IntoView {
    let remove = FormState::<RemoveFromCart>::for_item(Field::Product, product)
        .on_sent(move |_| cart.send(product, None))
        .on_done(move |answer| {
            let undo = answer.removed.is_some();
            cart.settle(product, answer);
            if !undo {
                move_focus("#content");
            }
        })
        .on_refused(move |_| {
            cart.forget(product);
            move_focus(format!("#remove-{product} button"));
        });
    let pending = Signal::derive(move || busy.get() || remove.pending().get());
    view! {
        <ActionForm action=remove.action attr:id=format!("remove-{product}")>
            <input type="hidden" name="product" value=product.to_string() />
            <SubmitButton pending class="button-quiet" label=format!("Remove {name}")>
                "Remove"
            </SubmitButton>
            <FormError error=remove.general_error(&[]) />
        </ActionForm>
    }
}

/// What was taken out last, with the way back.
#[component]
fn RemovedNote(cart: ShownCart) -> impl IntoView {
    let removed = Memo::new(move |_| cart.answered().with(|cart| cart.removed.clone()));
    // The button that had the focus went with its line.
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
fn UndoForm(cart: ShownCart, removed: RemovedLine) -> impl IntoView {
    let RemovedLine { product, name, quantity } = removed;
    let undo = FormState::<SetQuantity>::for_item(Field::Product, product)
        .on_sent(move |_| cart.send(product, Some(quantity)))
        .on_done(move |answer| {
            cart.settle(product, answer);
            move_focus(format!("#set-{product}"));
        })
        .on_refused(move |_| cart.forget(product));
    let pending = Signal::derive(move || undo.pending().get() || cart.changing());
    view! {
        <ActionForm action=undo.action attr:class="removed">
            <p>{format!("{name} is out of your cart.")}</p>
            <input type="hidden" name="product" value=product.to_string() />
            <input type="hidden" name="quantity" value=quantity.get().to_string() />
            <SubmitButton pending class="button-quiet" label=format!("Undo: put {name} back")>
                "Undo"
            </SubmitButton>
            <FormError error=undo.general_error(&[]) />
        </ActionForm>
    }
}

/// "Empty the cart". It can be undone, so nobody is asked whether they are sure.
#[component]
fn ClearForm(cart: ShownCart) -> impl IntoView {
    let clear = FormState::<ClearCart>::new()
        .on_sent(move |_| cart.want_nothing())
        .on_done(move |answer| {
            cart.replace(answer);
            cart.forget_all();
            move_focus(".empty button");
        })
        .on_refused(move |_| cart.forget_all());
    let pending = Signal::derive(move || clear.pending().get() || cart.changing());
    view! {
        <ActionForm action=clear.action attr:class="clear">
            <SubmitButton pending class="button-quiet">
                "Empty the cart"
            </SubmitButton>
            <FormError error=clear.general_error(&[]) />
        </ActionForm>
    }
}

/// What stands in place of the lines: the way on, and the way back after the cart was emptied.
#[component]
fn EmptyCart(cart: ShownCart) -> impl IntoView {
    let emptied = move || cart.answered().with(|cart| cart.emptied);
    view! {
        <div class="empty">
            <p class="empty-title">"Your cart is empty."</p>
            <p>"What you put into it waits here, also when you come back later."</p>
            <p class="ways">
                <a class="button" href=nav::HOME>
                    "Have a look at the catalogue"
                </a>
            </p>
            {move || (emptied() > 0).then(|| view! { <RestoreForm cart emptied=emptied() /> })}
        </div>
    }
}

#[component]
fn RestoreForm(cart: ShownCart, emptied: u32) -> impl IntoView {
    let restore = FormState::<RestoreCart>::new().on_done(move |answer: PricedCart| {
        cart.replace(answer);
        move_focus(".clear button");
    });
    let things = if emptied == 1 { "thing" } else { "things" };
    view! {
        <ActionForm action=restore.action attr:class="removed">
            <p>{format!("{emptied} {things} taken out.")}</p>
            <SubmitButton pending=restore.pending() class="button-quiet" label="Undo: put everything back">
                "Undo"
            </SubmitButton>
            <FormError error=restore.general_error(&[]) />
        </ActionForm>
    }
}
