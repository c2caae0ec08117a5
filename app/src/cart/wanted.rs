//! The cart on its page in the browser: what the server has answered, and on top of it what the visitor wants and the server
//! has not answered yet. What it refuses is taken back.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};

use super::{OrderToken, PricedCart, Quantity, set_quantity, show_cart};
use crate::{
    catalog::ProductId,
    visitor::{CurrentVisitor, Tabs},
};

/// The cart as the page shows it.
#[derive(Clone, Copy)]
pub struct ShownCart {
    answered: RwSignal<PricedCart>,
    wanted: RwSignal<BTreeMap<ProductId, Option<Quantity>>>,
    /// What of it the server has been asked for.
    sent: StoredValue<BTreeMap<ProductId, Option<Quantity>>>,
    shown: Memo<PricedCart>,
    /// The server is to be asked as soon as nothing is on its way: two changes were at once, and whose answer is the later one
    /// nobody knows, or another tab has told of something.
    outdated: StoredValue<bool>,
    /// Counts the changes, to know an answer that one has overtaken.
    changes: StoredValue<u32>,
    visitor: CurrentVisitor,
}

impl ShownCart {
    /// The cart as the page was opened. The badge in the header follows it, and it follows the other tabs and who is signed in.
    pub(super) fn new(cart: PricedCart, visitor: CurrentVisitor) -> Self {
        let (answered, wanted) = (RwSignal::new(cart), RwSignal::new(BTreeMap::new()));
        let shown = Memo::new(move |_| answered.with(|cart| wanted.with(|wanted| cart.with(wanted))));
        let ahead =
            move || i64::from(shown.with(|cart| cart.items)) - i64::from(answered.with(|cart| cart.items));
        visitor.foresee_items(Signal::derive(ahead));
        let (outdated, changes) = (StoredValue::new(false), StoredValue::new(0));
        let sent = StoredValue::new(BTreeMap::new());
        let cart = Self { answered, wanted, sent, shown, outdated, changes, visitor };
        on_cleanup(move || cart.send_the_rest());
        let tabs = expect_context::<Tabs>();
        Effect::new(move |before: Option<(u32, Option<String>)>| {
            let now = (tabs.heard(), visitor.user().map(|user| user.email));
            if before.is_some_and(|before| before != now) {
                cart.refresh();
            }
            now
        });
        cart
    }

    /// What the server has answered last.
    pub(super) fn answered(self) -> RwSignal<PricedCart> {
        self.answered
    }

    /// What is shown: with all that is wanted.
    pub(super) fn shown(self) -> Memo<PricedCart> {
        self.shown
    }

    /// Whether something is on its way. What concerns the whole cart waits for it.
    #[must_use]
    pub fn changing(self) -> bool {
        self.wanted.with(|wanted| !wanted.is_empty())
    }

    /// For ordering what the server has answered last: all that is shown, unless something is [on its way](Self::changing).
    #[must_use]
    pub fn token(self) -> Option<OrderToken> {
        self.answered.with(|cart| cart.token.clone())
    }

    /// The server is asked for so many of a product, `None` for none.
    pub(super) fn send(self, product: ProductId, quantity: Option<Quantity>) {
        self.sent.update_value(|sent| {
            sent.insert(product, quantity);
        });
        self.want(product, quantity);
    }

    /// When the visitor goes on to another page: presses that have waited for an answer are not lost.
    fn send_the_rest(self) {
        let wanted = self.wanted.try_get_untracked().unwrap_or_default();
        let sent = self.sent.try_get_value().unwrap_or_default();
        let visitor = self.visitor;
        for (product, quantity) in
            wanted.into_iter().filter(|(product, wanted)| sent.get(product) != Some(wanted))
        {
            let count = quantity.map_or(0, Quantity::get);
            spawn_local(async move {
                if let Ok(answer) = set_quantity(product.to_string(), count.to_string()).await {
                    visitor.set_items(answer.items);
                }
            });
        }
    }

    /// So many are wanted of a product, `None` for none.
    pub(super) fn want(self, product: ProductId, quantity: Option<Quantity>) {
        self.changes.update_value(|count| *count += 1);
        self.wanted.update(|wanted| {
            wanted.insert(product, quantity);
        });
    }

    /// Nothing at all is wanted.
    pub(super) fn want_nothing(self) {
        for line in self.answered.get_untracked().lines {
            self.send(line.product, None);
        }
    }

    /// Takes over an answer about a product. Returns how many are wanted by now, if that is another number.
    pub(super) fn settle(self, product: ProductId, answer: PricedCart) -> Option<u32> {
        let now = answer.quantity(product);
        self.replace(answer);
        let wanted = self.wanted.with_untracked(|wanted| wanted.get(&product).copied());
        match wanted.filter(|wanted| *wanted != now) {
            Some(another) => Some(another.map_or(0, Quantity::get)),
            None => {
                self.forget(product);
                None
            }
        }
    }

    /// Takes back what is wanted of a product.
    pub(super) fn forget(self, product: ProductId) {
        self.wanted.update(|wanted| {
            wanted.remove(&product);
        });
        if self.wanted.with_untracked(|wanted| !wanted.is_empty()) {
            self.outdated.set_value(true);
        } else if self.outdated.get_value() {
            self.refresh();
        }
    }

    /// Takes back all that is wanted.
    pub(super) fn forget_all(self) {
        self.wanted.update(BTreeMap::clear);
        if self.outdated.get_value() {
            self.refresh();
        }
    }

    /// Takes over what the server has answered.
    pub(super) fn replace(self, answer: PricedCart) {
        self.visitor.set_items(answer.items);
        self.answered.set(answer);
    }

    /// Asks the server for the cart, as soon as nothing is on its way.
    pub fn refresh(self) {
        if self.wanted.with_untracked(|wanted| !wanted.is_empty()) {
            self.outdated.set_value(true);
            return;
        }
        self.outdated.set_value(false);
        let changes = self.changes.get_value();
        spawn_local(async move {
            // Else it stays as it is: the next change will tell.
            let Ok(answer) = show_cart().await else { return };
            // The page may be gone by now.
            match self.changes.try_get_value() {
                Some(now) if now == changes => self.replace(answer),
                Some(_) => self.refresh(),
                None => {}
            }
        });
    }
}
