//! The number of items in the cart, in the header.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};
use web::{
    snapshot::VisitorValue,
    visitor::{CurrentVisitor, peek_visitor, use_visitor},
};

/// The number of items, in the snapshot of a visitor.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CartItems(pub u32);

impl VisitorValue for CartItems {
    const KEY: &'static str = "items";
}

/// The number of items on the current page, with changes that the server has not answered yet.
#[derive(Clone, Copy, Debug)]
pub struct CartCount {
    visitor: CurrentVisitor,
    /// The sum of all pending changes.
    pending: RwSignal<i64>,
    /// Two changes were pending at the same time, so it is unknown which answer is the later one.
    overlapped: StoredValue<bool>,
}

pub fn provide_cart_count() {
    let (pending, overlapped) = (RwSignal::new(0), StoredValue::new(false));
    provide_context(CartCount { visitor: use_visitor(), pending, overlapped });
}

pub fn use_cart_count() -> CartCount {
    expect_context()
}

impl CartCount {
    fn items(self) -> u32 {
        let CartItems(items) = self.visitor.value();
        u32::try_from(i64::from(items) + self.pending.get()).unwrap_or_default()
    }

    /// Sets the number that the server has answered.
    pub fn set(self, items: u32) {
        self.visitor.set_value(&CartItems(items));
    }

    /// Adds the pending change of a component, as long as that component is on the page.
    pub fn add_pending(self, change: impl Fn() -> i64 + Send + Sync + 'static) {
        if is_server() {
            return;
        }
        let added = StoredValue::new(0);
        let update = move |now: i64| {
            // When the whole app is disposed, they are disposed before the component is.
            let (Some(all), Some(own)) = (self.pending.try_get_untracked(), added.try_get_value()) else {
                return;
            };
            let others = all - own;
            added.set_value(now);
            self.pending.set(others + now);
            if now != 0 && others != 0 {
                self.overlapped.set_value(true);
            } else if now == 0 && others == 0 && self.overlapped.get_value() {
                self.overlapped.set_value(false);
                self.refresh();
            }
        };
        Effect::new(move || update(change()));
        on_cleanup(move || update(0));
    }

    fn refresh(self) {
        spawn_local(async move {
            if let Ok(answer) = peek_visitor().await {
                self.visitor.set_value(&answer.value::<CartItems>());
            }
        });
    }
}

/// The number of items, for the link in the header.
pub fn badge() -> AnyView {
    let count = use_cart_count();
    let unit = move || if count.items() == 1 { " item" } else { " items" };
    view! {
        " "
        <span class="badge" aria-live="polite" aria-atomic="true">
            {move || count.items()} <span class="visually-hidden">{unit}</span>
        </span>
    }
    .into_any()
}
