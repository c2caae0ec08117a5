//! The cart on its page, in the header and on each product.

use leptos::{form::ActionForm, prelude::*};

use super::{AddToCart, ClearCart, PricedCart, PricedLine, RemoveFromCart, SetQuantity};
use crate::{
    catalog::ProductId,
    error::Field,
    nav,
    ui::{FieldError, FormError, FormState, SubmitButton},
    visitor::use_visitor,
};

/// How many things are in the cart.
#[component]
pub fn CartBadge() -> impl IntoView {
    let visitor = use_visitor();
    let words = move || if visitor.items() == 1 { " item" } else { " items" };
    view! {
        " "
        <span class="badge">
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
            />
            <FieldError id=error_id problem />
        </div>
    }
}

/// The whole cart.
#[component]
pub fn CartPanel(
    /// The cart as the page was opened.
    cart: PricedCart,
) -> impl IntoView {
    let visitor = use_visitor();
    let cart = RwSignal::new(cart);
    let show = Callback::new(move |answer: PricedCart| {
        visitor.set_items(answer.items);
        cart.set(answer);
    });
    let clear = FormState::<ClearCart>::new().on_done(move |answer| show.run(answer));
    let lines = move || cart.with(|cart| cart.lines.clone());
    let total = move || cart.with(|cart| cart.total.to_string());
    view! {
        <Show
            when=move || cart.with(|cart| !cart.lines.is_empty())
            fallback=|| {
                view! {
                    <div class="empty">
                        <p>"Your cart is empty."</p>
                        <p>
                            <a href=nav::HOME>"Have a look at the catalogue"</a>
                        </p>
                    </div>
                }
            }
        >
            <ul class="lines" role="list">
                <For each=lines key=|line| line.product let:line>
                    <CartRow line cart show />
                </For>
            </ul>
            <div class="totals">
                <p class="total">"Total " <strong>{total}</strong></p>
                <ActionForm action=clear.action>
                    <SubmitButton pending=clear.pending() class="button-quiet">
                        "Empty the cart"
                    </SubmitButton>
                    <FormError error=clear.general_error(&[]) />
                </ActionForm>
            </div>
        </Show>
    }
}

/// One line, with its quantity and "Remove".
#[component]
fn CartRow(line: PricedLine, cart: RwSignal<PricedCart>, show: Callback<PricedCart>) -> impl IntoView {
    let product = line.product;
    let name = line.name.clone();
    let label = name.clone();
    let update_label = format!("Update quantity of {name}");
    let remove_label = format!("Remove {name}");
    let current =
        Memo::new(move |_| cart.with(|cart| cart.line(product).cloned()).unwrap_or_else(|| line.clone()));
    let set =
        FormState::<SetQuantity>::for_item(Field::Product, product).on_done(move |answer| show.run(answer));
    let remove = FormState::<RemoveFromCart>::for_item(Field::Product, product)
        .on_done(move |answer| show.run(answer));
    let typed = set.typed(Field::Quantity.name());
    let quantity =
        Signal::derive(move || typed.clone().unwrap_or_else(|| current.get().quantity.get().to_string()));
    view! {
        <li class="line" aria-label=label>
            <p class="line-name">
                <a href=nav::product(product)>{name}</a>
                <span class="line-unit">{move || current.get().unit_price.to_string()} " each"</span>
            </p>
            <ActionForm action=set.action attr:class="row" attr:novalidate=true>
                <input type="hidden" name="product" value=product.to_string() />
                <QuantityField prefix="set" product value=quantity problem=set.problem(Field::Quantity) />
                <SubmitButton pending=set.pending() class="button-quiet" label=update_label>
                    "Update"
                </SubmitButton>
                <FormError error=set.general_error(&[Field::Quantity]) />
            </ActionForm>
            <p class="line-total">{move || current.get().total.to_string()}</p>
            <ActionForm action=remove.action>
                <input type="hidden" name="product" value=product.to_string() />
                <SubmitButton pending=remove.pending() class="button-quiet" label=remove_label>
                    "Remove"
                </SubmitButton>
                <FormError error=remove.general_error(&[]) />
            </ActionForm>
        </li>
    }
}
