//! Forms with a quantity: "Add to cart", and the quantity of a line in the cart.

use leptos::{ev::MouseEvent, form::ActionForm, prelude::*};
use server_fn::ServerFn;
use web::{
    error::AppError,
    ui::{FieldError, FormError, FormState, SubmitButton},
};

use super::{AddToCart, OptimisticCart, PricedCart, PricedLine, Quantity, SetQuantity, use_cart_count};
use crate::shop::catalog::ProductId;

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

/// Buttons for one fewer and one more, and a quantity field. Clicks that are faster than answers are sent as one change after the answer.
#[component]
pub(super) fn QuantityForms(
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
