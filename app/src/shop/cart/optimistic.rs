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

/// The cart as the page shows it. Quantities that the server has not confirmed are pending; `None` is a removal.
#[derive(Clone, Copy)]
pub struct OptimisticCart {
    answered: RwSignal<PricedCart>,
    pending: RwSignal<BTreeMap<ProductId, Option<Quantity>>>,
    /// The pending quantities that were sent.
    sent: StoredValue<BTreeMap<ProductId, Option<Quantity>>>,
    shown: Memo<PricedCart>,
    /// The cart has to be loaded again as soon as nothing is pending: after two changes at the same time it is unknown which answer is the
    /// later one, or another tab has changed something.
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
        let difference =
            move || i64::from(shown.with(|cart| cart.items)) - i64::from(answered.with(|cart| cart.items));
        count.add_pending(difference);
        let (outdated, changes) = (StoredValue::new(false), StoredValue::new(0));
        let sent = StoredValue::new(BTreeMap::new());
        let cart = Self { answered, pending, sent, shown, outdated, changes, count };
        on_cleanup(move || cart.send_unsent());
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

    /// The latest answer of the server.
    pub(super) fn answered(self) -> RwSignal<PricedCart> {
        self.answered
    }

    /// The cart with pending quantities.
    pub(super) fn shown(self) -> Memo<PricedCart> {
        self.shown
    }

    /// Whether quantities are pending. Changes of the whole cart wait for them.
    #[must_use]
    pub fn is_pending(self) -> bool {
        self.pending.with(|pending| !pending.is_empty())
    }

    /// The token for ordering the latest answer of the server.
    #[must_use]
    pub fn token(self) -> Option<OrderToken> {
        self.answered.with(|cart| cart.token.clone())
    }

    /// A quantity was sent to the server.
    pub(super) fn send(self, product: ProductId, quantity: Option<Quantity>) {
        self.sent.update_value(|sent| {
            sent.insert(product, quantity);
        });
        self.set_pending(product, quantity);
    }

    /// Sends pending quantities that have waited for an answer, when the visitor navigates to another page.
    fn send_unsent(self) {
        let pending = self.pending.try_get_untracked().unwrap_or_default();
        let sent = self.sent.try_get_value().unwrap_or_default();
        let count = self.count;
        for (product, quantity) in
            pending.into_iter().filter(|(product, pending)| sent.get(product) != Some(pending))
        {
            let quantity = quantity.map_or(0, Quantity::get);
            spawn_local(async move {
                if let Ok(answer) = set_quantity(product.to_string(), quantity.to_string()).await {
                    count.set(answer.items);
                }
            });
        }
    }

    /// Sets a pending quantity.
    pub(super) fn set_pending(self, product: ProductId, quantity: Option<Quantity>) {
        self.changes.update_value(|count| *count += 1);
        self.pending.update(|pending| {
            pending.insert(product, quantity);
        });
    }

    /// The removal of everything was sent to the server.
    pub(super) fn clear_pending(self) {
        for line in self.answered.get_untracked().lines {
            self.send(line.product, None);
        }
    }

    /// Shows the answer about a product. Returns the pending quantity, if it is another one by now.
    pub(super) fn settle(self, product: ProductId, answer: PricedCart) -> Option<u32> {
        let now = answer.quantity(product);
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

    /// Forgets the pending quantity of a product.
    pub(super) fn forget(self, product: ProductId) {
        self.pending.update(|pending| {
            pending.remove(&product);
        });
        if self.pending.with_untracked(|pending| !pending.is_empty()) {
            self.outdated.set_value(true);
        } else if self.outdated.get_value() {
            self.refresh();
        }
    }

    /// Forgets all pending quantities.
    pub(super) fn forget_all(self) {
        self.pending.update(BTreeMap::clear);
        if self.outdated.get_value() {
            self.refresh();
        }
    }

    /// Shows an answer of the server.
    pub(super) fn replace(self, answer: PricedCart) {
        self.count.set(answer.items);
        self.answered.set(answer);
    }

    /// Loads the cart again, as soon as nothing is pending.
    pub fn refresh(self) {
        if self.pending.with_untracked(|pending| !pending.is_empty()) {
            self.outdated.set_value(true);
            return;
        }
        self.outdated.set_value(false);
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
