//! The visitor on the current page, and components that show their content by session state.

use leptos::{prelude::*, server::SharedValue, task::spawn_local};

use super::peek_visitor;
use crate::{
    flash::FormFailure,
    path::{self, LocalPath},
    snapshot::{Account, SessionTime, Visitor, VisitorValue},
};

/// The visitor on this page, as of the latest answer of the server.
#[derive(Clone, Copy, Debug)]
pub struct CurrentVisitor {
    visitor: RwSignal<Visitor>,
    /// When the server last sent how long the session lasts, in milliseconds of the browser.
    asked_at: StoredValue<f64>,
    /// The user whose session has ended while this page was open.
    ended: RwSignal<Option<Account>>,
    /// The page where the visitor is, or is going to: the browser shows that address only once the page's code is there. `None` where
    /// the address is not a [`LocalPath`].
    target: StoredValue<Option<LocalPath>>,
}

/// Provides the snapshot of the server to every component, there and in the browser.
pub fn provide_visitor() -> CurrentVisitor {
    let snapshot = SharedValue::new(|| use_context::<Visitor>().unwrap_or_default()).into_inner();
    let visitor = CurrentVisitor {
        visitor: RwSignal::new(snapshot),
        asked_at: StoredValue::new(0.0),
        ended: RwSignal::new(None),
        target: StoredValue::new(None),
    };
    // An effect, because only the browser has a clock that matters here.
    Effect::new(move || visitor.asked_at.set_value(js_sys::Date::now()));
    provide_context(visitor);
    visitor
}

/// The visitor on this page.
#[must_use]
pub fn use_visitor() -> CurrentVisitor {
    expect_context()
}

impl CurrentVisitor {
    /// Shows the answer of a server function.
    pub fn replace(self, visitor: Visitor) {
        if visitor.user.is_some() {
            self.ended.set(None);
        }
        self.asked_at.set_value(js_sys::Date::now());
        self.visitor.set(visitor);
    }

    /// Shows another answer of the server. If the user has changed, it reloads the page, so that nothing of one user's page is shown
    /// to the next, and returns `false`.
    pub fn refresh(self, visitor: Visitor) -> bool {
        let before = self.ended.get_untracked().or_else(|| untrack(|| self.user())).map(|user| user.email);
        let now = visitor.user.as_ref().map(|user| &user.email);
        if before.is_none() || before.as_ref() == now {
            self.replace(visitor);
            return true;
        }
        let reloaded = match self.target.get_value() {
            Some(target) => path::load(&target),
            None => location().reload(),
        };
        if let Err(error) = reloaded {
            leptos::logging::error!("cannot reload the page: {error:?}");
        }
        false
    }

    /// Stores the page that the visitor is on the way to.
    pub(crate) fn set_target(self, target: Option<LocalPath>) {
        self.target.set_value(target);
    }

    /// Asks the server whether the session is still active, without using it.
    pub fn check(self) {
        spawn_local(async move {
            match peek_visitor().await {
                Ok(answer) if answer.user.is_none() && untrack(|| self.user()).is_some() => self.end(),
                Ok(answer) => self.replace(answer),
                // The next request will show it.
                Err(_) => {}
            }
        });
    }

    /// A server function has answered, so the session was used.
    pub fn was_active(self) {
        let now = js_sys::Date::now();
        #[expect(clippy::cast_possible_truncation, reason = "seconds since a page was opened")]
        let elapsed = ((now - self.asked_at.get_value()) / 1_000.0) as i64;
        self.asked_at.set_value(now);
        self.visitor.update(|visitor| visitor.session = visitor.session.map(|time| time.used(elapsed)));
    }

    /// The session has ended. What is on the page stays until the visitor signs in again.
    pub fn end(self) {
        if let Some(user) = self.visitor.with_untracked(|visitor| visitor.user.clone()) {
            self.ended.set(Some(user));
        }
        self.visitor.update(|visitor| *visitor = std::mem::take(visitor).signed_out());
    }

    /// The visitor goes on without signing in again.
    pub fn continue_as_guest(self) {
        self.ended.set(None);
    }

    /// The user whose session has ended while this page was open.
    #[must_use]
    pub fn ended(self) -> Option<Account> {
        self.ended.get()
    }

    /// The user has to type the password again.
    pub fn unconfirm(self) {
        self.visitor.update(|visitor| {
            if let Some(user) = &mut visitor.user {
                user.confirmed = false;
            }
        });
    }

    /// How long the session of a signed-in user lasts.
    #[must_use]
    pub fn session(self) -> Option<SessionTime> {
        self.visitor.with(|visitor| visitor.session)
    }

    /// The signed-in user.
    #[must_use]
    pub fn user(self) -> Option<Account> {
        self.visitor.with(|visitor| visitor.user.clone())
    }

    /// The part of a feature.
    #[must_use]
    pub fn value<T: VisitorValue>(self) -> T {
        self.visitor.with(Visitor::value)
    }

    /// Sets the part of a feature.
    pub fn set_value<T: VisitorValue>(self, value: &T) {
        self.visitor.update(|visitor| visitor.set_value(value));
    }

    /// The message at the top of this page.
    #[must_use]
    pub fn notice(self) -> Option<String> {
        self.visitor.with_untracked(|visitor| visitor.flash.notice())
    }

    /// The plain form that was refused before this page.
    #[must_use]
    pub fn failure(self) -> Option<FormFailure> {
        self.visitor.with_untracked(|visitor| visitor.flash.failure.clone())
    }

    /// Forgets the flash, once the visitor has gone to another page.
    pub(crate) fn forget_flash(self) {
        self.visitor.update_untracked(|visitor| visitor.flash = Default::default());
    }
}

/// Shows its children to signed-in users.
#[component]
pub fn SignedIn(children: ChildrenFn) -> impl IntoView {
    let visitor = use_visitor();
    view! { <Show when=move || visitor.user().is_some()>{children()}</Show> }
}

/// Shows its children to guests.
#[component]
pub fn SignedOut(children: ChildrenFn) -> impl IntoView {
    let visitor = use_visitor();
    view! { <Show when=move || visitor.user().is_none()>{children()}</Show> }
}
