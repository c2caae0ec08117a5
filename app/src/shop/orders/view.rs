//! The components of orders: "Place order", the list and the details.

use leptos::{form::ActionForm, prelude::*};

use web::{
    error::AppError,
    flash::Notices,
    ui::{FormError, FormState, SubmitButton, Time},
    visitor::SignedOut,
};

use super::{CART_CHANGED, CART_EMPTY, OUT_OF_STOCK, Order, PAGE, PlaceOrder};
use crate::shop::cart::{OptimisticCart, use_cart_count};

/// "Place order", below the cart.
#[component]
pub fn PlaceOrderForm(cart: OptimisticCart) -> impl IntoView {
    let count = use_cart_count();
    let notices = expect_context::<Notices>();
    let refused = move |error: AppError| {
        if [CART_EMPTY, CART_CHANGED, OUT_OF_STOCK].iter().any(|refusal| error.is(refusal)) {
            cart.refresh();
        }
        // An empty cart has no form to show the error.
        if error.is(&CART_EMPTY) {
            notices.show(&error, "/cart");
        }
    };
    let form = FormState::<PlaceOrder>::new().on_success(move |_| count.set(0)).on_error(refused);
    let correcting = cart.pending();
    Effect::new(move || {
        if correcting.get() {
            form.clear_error();
        }
    });
    let pending = Signal::derive(move || form.pending().get() || correcting.get());
    let token = move || cart.token().map(|token| token.as_str().to_owned());
    view! {
        <ActionForm action=form.action attr:class="checkout">
            <input type="hidden" name="token" value=token />
            <SubmitButton pending>"Place order"</SubmitButton>
            <FormError error=form.general_error(&[]) />
            <p class="line-unit">
                "This is a demo: there is no payment, and nothing is delivered. "
                <SignedOut>"You need to sign in first. Your cart is kept."</SignedOut>
            </p>
        </ActionForm>
    }
}

/// The orders, each with a link to its page.
#[component]
pub fn OrderList(orders: Vec<Order>) -> impl IntoView {
    if orders.is_empty() {
        return view! {
            <div class="empty">
                <p>"You have not ordered anything yet."</p>
                <p>
                    <a href="/">"Browse the catalogue"</a>
                </p>
            </div>
        }
        .into_any();
    }
    let max = Order::MAX_LISTED;
    let more = (orders.len() == usize::from(max))
        .then(|| view! { <p class="line-unit">{format!("These are your latest {max} orders.")}</p> });
    let rows = orders.into_iter().map(|order| {
        let items = order.items();
        view! {
            <li class="order">
                <h2>
                    <a href=format!("{PAGE}/{}", order.id.as_str())>"Order " {order.id.short().to_owned()}</a>
                </h2>
                <p class="line-unit">
                    <Time seconds=Some(order.placed_at) />
                </p>
                <p>{items} {if items == 1 { " item" } else { " items" }}</p>
                <p class="line-total">{order.total.to_string()}</p>
            </li>
        }
    });
    view! {
        <ul class="lines" role="list">
            {rows.collect_view()}
        </ul>
        {more}
    }
    .into_any()
}

/// One order.
#[component]
pub fn OrderDetails(order: Order) -> impl IntoView {
    let rows = order.lines.into_iter().map(|line| {
        view! {
            <tr>
                <th scope="row">{line.name}</th>
                <td>{line.quantity.get()}</td>
                <td>{line.unit_price.to_string()}</td>
                <td>{line.total.to_string()}</td>
            </tr>
        }
    });
    view! {
        <h1>"Order " {order.id.short().to_owned()}</h1>
        <p class="lead">"Placed on " <Time seconds=Some(order.placed_at) /> "."</p>
        <table class="order-lines">
            <thead>
                <tr>
                    <th scope="col">"Product"</th>
                    <th scope="col">"Quantity"</th>
                    <th scope="col">"Price"</th>
                    <th scope="col">"Total"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
            <tfoot>
                <tr>
                    <th scope="row" colspan="3">
                        "Total"
                    </th>
                    <td>{order.total.to_string()}</td>
                </tr>
            </tfoot>
        </table>
    }
}
