//! The way to an order, and what orders look like.

use leptos::{form::ActionForm, prelude::*};

use super::{Order, PlaceOrder};
use crate::{
    cart::ShownCart,
    error::AppError,
    flash::Notices,
    nav,
    ui::{FormError, FormState, SubmitButton, When},
    visitor::{SignedOut, use_visitor},
};

/// "Place order", below the cart.
#[component]
pub fn PlaceOrderForm(cart: ShownCart) -> impl IntoView {
    let visitor = use_visitor();
    let notices = expect_context::<Notices>();
    let refused = move |error: AppError| {
        if matches!(error, AppError::CartEmpty | AppError::CartChanged | AppError::OutOfStock) {
            cart.refresh();
        }
        // The form goes with the lines of the cart.
        if error == AppError::CartEmpty {
            notices.show(&error, nav::CART);
        }
    };
    let form = FormState::<PlaceOrder>::new().on_done(move |_| visitor.set_items(0)).on_refused(refused);
    // Somebody is mending what was wrong.
    Effect::new(move || {
        if cart.changing() {
            form.forget();
        }
    });
    let pending = Signal::derive(move || form.pending().get() || cart.changing());
    let token = move || cart.token().map(|token| token.as_str().to_owned());
    view! {
        <ActionForm action=form.action attr:class="checkout">
            <input type="hidden" name="token" value=token />
            <SubmitButton pending>"Place order"</SubmitButton>
            <FormError error=form.general_error(&[]) />
            <p class="line-unit">
                "There is no payment: nothing here is really for sale. "
                <SignedOut>"You will be asked to sign in first; your cart comes along."</SignedOut>
            </p>
        </ActionForm>
    }
}

/// Orders, each with a link to its page.
#[component]
pub fn OrderList(orders: Vec<Order>) -> impl IntoView {
    if orders.is_empty() {
        return view! {
            <div class="empty">
                <p>"You have not ordered anything yet."</p>
                <p>
                    <a href=nav::HOME>"Have a look at the catalogue"</a>
                </p>
            </div>
        }
        .into_any();
    }
    let more = (orders.len() == Order::MOST_LISTED as usize).then(
        || view! { <p class="line-unit">{format!("These are the latest {}.", Order::MOST_LISTED)}</p> },
    );
    let rows = orders.into_iter().map(|order| {
        let items = order.items();
        view! {
            <li class="order">
                <h2>
                    <a href=nav::order(&order.id)>"Order " {order.id.short().to_owned()}</a>
                </h2>
                <p class="line-unit">
                    <When seconds=Some(order.placed_at) />
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
        <p class="lead">"Placed on " <When seconds=Some(order.placed_at) /> "."</p>
        <table class="order-lines">
            <thead>
                <tr>
                    <th scope="col">"Product"</th>
                    <th scope="col">"Quantity"</th>
                    <th scope="col">"Each"</th>
                    <th scope="col">"Together"</th>
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
