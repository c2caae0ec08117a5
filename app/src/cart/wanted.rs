//! The cart on its page in the browser: what the server has answered, and on top of it what the visitor wants and the server
//! has not answered yet. What it refuses is taken back.

use std::collections::BTreeMap;

use leptos::{prelude::*, task::spawn_local};

use super::{OrderToken, PricedCart, Quantity, show_cart};
use crate::{catalog::ProductId, visitor::CurrentVisitor};

/// The cart as the page shows it.
#[derive(Clone, Copy)]
pub struct ShownCart {
    answered: RwSignal<PricedCart>,
    wanted: RwSignal<BTreeMap<ProductId, Option<Quantity>>>,
    shown: Memo<PricedCart>,
    /// Two changes were on their way at once: whose answer is the later one, nobody knows.
    overlapped: StoredValue<bool>,
    visitor: CurrentVisitor,
}

impl ShownCart {
    /// The cart as the page was opened. The badge in the header follows it.
    pub(super) fn new(cart: PricedCart, visitor: CurrentVisitor) -> Self {
        let (answered, wanted) = (RwSignal::new(cart), RwSignal::new(BTreeMap::new()));
        let shown = Memo::new(move |_| answered.with(|cart| wanted.with(|wanted| cart.with(wanted))));
        let ahead =
            move || i64::from(shown.with(|cart| cart.items)) - i64::from(answered.with(|cart| cart.items));
        visitor.foresee_items(Signal::derive(ahead));
        Self { answered, wanted, shown, overlapped: StoredValue::new(false), visitor }
    }

    /// What the server has answered last.
    pub(super) fn answered(self) -> RwSignal<PricedCart> {
        self.answered
    }

    /// What is shown: with all that is wanted.
    pub(super) fn shown(self) -> Memo<PricedCart> {
        self.shown
    }

    /// For ordering what is shown.
    #[must_use]
    pub fn token(self) -> Option<OrderToken> {
        self.answered.with(|cart| cart.token.clone())
    }

    /// So many are wanted of a product, `None` for none.
    pub(super) fn want(self, product: ProductId, quantity: Option<Quantity>) {
        self.wanted.update(|wanted| {
            wanted.insert(product, quantity);
        });
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
        let more = self.wanted.with_untracked(|wanted| !wanted.is_empty());
        if !more && self.overlapped.get_value() {
            self.refresh();
        }
        self.overlapped.set_value(more);
    }

    /// Takes over what the server has answered.
    pub(super) fn replace(self, answer: PricedCart) {
        self.visitor.set_items(answer.items);
        self.answered.set(answer);
    }

    /// Asks the server for the cart.
    pub fn refresh(self) {
        spawn_local(async move {
            // Else it stays as it is: the next change will tell.
            if let Ok(answer) = show_cart().await {
                self.replace(answer);
            }
        });
    }
}
