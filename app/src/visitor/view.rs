//! Components that show by session state, in the first HTML and after each action alike.

use leptos::{prelude::*, server::SharedValue};

use super::{Account, Visitor};
use crate::{flash::Failure, preferences::Theme};

/// The visitor on this page, as of the latest answer of the server.
#[derive(Clone, Copy, Debug)]
pub struct CurrentVisitor(RwSignal<Visitor>);

/// Makes the snapshot that the server took reachable from every component, here and in the browser.
pub fn provide_visitor() -> CurrentVisitor {
    let snapshot = SharedValue::new(|| use_context::<Visitor>().unwrap_or_default()).into_inner();
    let visitor = CurrentVisitor(RwSignal::new(snapshot));
    provide_context(visitor);
    visitor
}

/// The visitor on this page.
#[must_use]
pub fn use_visitor() -> CurrentVisitor {
    expect_context()
}

impl CurrentVisitor {
    /// Takes over what a server function answered.
    pub fn replace(self, visitor: Visitor) {
        self.0.set(visitor);
    }

    /// Takes over the number of things in the cart.
    pub fn set_items(self, items: u32) {
        self.0.update(|visitor| visitor.items = items);
    }

    /// Who is signed in.
    #[must_use]
    pub fn user(self) -> Option<Account> {
        self.0.with(|visitor| visitor.user.clone())
    }

    /// How many things are in the cart.
    #[must_use]
    pub fn items(self) -> u32 {
        self.0.with(|visitor| visitor.items)
    }

    /// The chosen theme.
    #[must_use]
    pub fn theme(self) -> Theme {
        self.0.with(|visitor| visitor.theme)
    }

    /// What waited to be told at the head of this page.
    #[must_use]
    pub fn notice(self) -> Option<String> {
        self.0.with_untracked(|visitor| visitor.flash.notice())
    }

    /// The plain form that was refused before this page.
    #[must_use]
    pub fn failure(self) -> Option<Failure> {
        self.0.with_untracked(|visitor| visitor.flash.failure.clone())
    }

    /// Forgets message and failure, once the visitor has gone on to another page.
    pub fn forget_flash(self) {
        self.0.update_untracked(|visitor| visitor.flash = Default::default());
    }
}

/// Shows its children to a signed-in user.
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let visitor = use_visitor();
    view! { <Show when=move || visitor.user().is_some()>{children()}</Show> }
}

/// Shows its children to a guest.
#[component]
pub fn SignedOut(children: ChildrenFn) -> impl IntoView {
    let visitor = use_visitor();
    view! { <Show when=move || visitor.user().is_none()>{children()}</Show> }
}
