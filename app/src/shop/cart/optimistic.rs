//! The cart on its page in the browser: the latest answer of the server, and changes that it has not answered yet.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};
use web::visitor::{Tabs, use_visitor};

use super::{
    OrderToken, PricedCart, Quantity,
    api::{set_quantity, show_cart},
    count::{CartCount, use_cart_count},
};
use crate::shop::catalog::ProductId;

/// The cart as the page shows it.
#[derive(Clone, Copy)]
pub struct OptimisticCart {
    /// The latest answer of the server.
    pub(super) answered: RwSignal<PricedCart>,
    /// The cart with pending quantities.
    pub(super) shown: Memo<PricedCart>,
    /// Quantities that the server has not confirmed; `None` is a removal.
    pending: RwSignal<BTreeMap<ProductId, Option<Quantity>>>,
    /// Whether to load the cart again as soon as nothing is pending.
    outdated: StoredValue<bool>,
    /// Counts the changes, to detect outdated answers.
    changes: StoredValue<u32>,
    count: CartCount,
}

impl OptimisticCart {
    /// The cart when the page was opened. It updates the badge in the header, and is updated by other tabs and sign-ins.
    pub(super) fn new(cart: PricedCart) -> Self {
        let (visitor, count) = (use_visitor(), use_cart_count());
        let (answered, pending) = (RwSignal::new(cart), RwSignal::new(BTreeMap::new()));
        let shown = Memo::new(move |_| answered.with(|cart| pending.with(|pending| cart.with(pending))));
        count.add_pending(move || {
            i64::from(shown.with(|cart| cart.items)) - i64::from(answered.with(|cart| cart.items))
        });
        let (outdated, changes) = (StoredValue::new(false), StoredValue::new(0));
        let cart = Self { answered, shown, pending, outdated, changes, count };
        let tabs = expect_context::<Tabs>();
        Effect::new(move |before: Option<(u32, Option<String>)>| {
            let now = (tabs.changes(), visitor.user().map(|user| user.email));
            if before.is_some_and(|before| before != now) {
                cart.refresh();
            }
            now
        });
        cart
    }

    /// Whether quantities are pending. Changes of the whole cart wait for them.
    pub fn pending(self) -> Signal<bool> {
        Signal::derive(move || self.pending.with(|pending| !pending.is_empty()))
    }

    pub(super) fn pending_line(self, product: ProductId) -> Signal<bool> {
        Signal::derive(move || self.pending.with(|pending| pending.contains_key(&product)))
    }

    pub fn token(self) -> Option<OrderToken> {
        self.answered.with(|cart| cart.token.clone())
    }

    pub(super) fn set_pending(self, product: ProductId, quantity: Option<Quantity>) {
        self.changes.update_value(|count| *count += 1);
        self.pending.update(|pending| {
            pending.insert(product, quantity);
        });
    }

    /// Shows the answer about a product. Returns the pending quantity, if it has changed since it was sent.
    pub(super) fn settle(self, product: ProductId, answer: PricedCart) -> Option<u32> {
        let now = answer.line(product).map(|line| line.quantity);
        self.replace(answer);
        let pending = self.pending.with_untracked(|pending| pending.get(&product).copied());
        match pending.filter(|pending| *pending != now) {
            Some(another) => Some(another.map_or(0, Quantity::get)),
            None => {
                self.forget(product);
                None
            }
        }
    }

    /// Sends the pending quantity of a product, if it is not the one that was sent, when the visitor navigates to another page.
    pub(super) fn send_unsent(self, product: ProductId, sent: Option<Quantity>) {
        let pending = self.pending.try_with_untracked(|pending| pending.get(&product).copied()).flatten();
        let Some(unsent) = pending.filter(|pending| *pending != sent) else { return };
        let quantity = unsent.map_or(0, Quantity::get);
        spawn_local(async move {
            if let Ok(answer) = set_quantity(product.to_string(), quantity.to_string()).await {
                self.count.set(answer.items);
            }
        });
    }

    pub(super) fn forget(self, product: ProductId) {
        self.pending.update(|pending| {
            pending.remove(&product);
        });
        // With another change still pending, it is unknown which answer is the later one.
        if self.outdated.get_value() || !self.pending.with_untracked(BTreeMap::is_empty) {
            self.refresh();
        }
    }

    pub(super) fn forget_all(self) {
        self.pending.update(BTreeMap::clear);
        if self.outdated.get_value() {
            self.refresh();
        }
    }

    pub(super) fn replace(self, answer: PricedCart) {
        self.count.set(answer.items);
        self.answered.set(answer);
    }

    /// Loads the cart again, as soon as nothing is pending.
    pub fn refresh(self) {
        let is_pending = !self.pending.with_untracked(BTreeMap::is_empty);
        self.outdated.set_value(is_pending);
        if is_pending {
            return;
        }
        let changes = self.changes.get_value();
        spawn_local(async move {
            let Ok(answer) = show_cart().await else { return };
            // The page may have been left.
            match self.changes.try_get_value() {
                Some(now) if now == changes => self.replace(answer),
                Some(_) => self.refresh(),
                None => {}
            }
        });
    }
}
