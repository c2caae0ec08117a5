//! The visitor on the current page, and components that show their children to users or to guests.

use leptos::{prelude::*, server::SharedValue, task::spawn_local};

use super::peek_visitor;
use crate::{
    flash::FormFailure,
    path::{self, LocalPath},
    snapshot::{Account, SessionTime, Visitor, VisitorValue},
};

/// The visitor on this page, by the latest answer of the server.
#[derive(Clone, Copy, Debug)]
pub struct CurrentVisitor {
    visitor: RwSignal<Visitor>,
    /// When `visitor.session` was current, in milliseconds of the browser.
    asked_at: StoredValue<f64>,
    /// The user whose session has ended while this page was open.
    ended: RwSignal<Option<Account>>,
    /// The page where the visitor is or is going to. The address bar changes only once the page's code is loaded.
    target: StoredValue<Option<LocalPath>>,
}

/// Provides the snapshot of the server to every component. An effect sets the time, because it runs in the browser only.
pub fn provide_visitor() -> CurrentVisitor {
    let snapshot = SharedValue::new(|| use_context::<Visitor>().unwrap_or_default()).into_inner();
    let visitor = CurrentVisitor {
        visitor: RwSignal::new(snapshot),
        asked_at: StoredValue::new(0.0),
        ended: RwSignal::new(None),
        target: StoredValue::new(None),
    };
    Effect::new(move || visitor.asked_at.set_value(js_sys::Date::now()));
    provide_context(visitor);
    visitor
}

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

    /// Shows another answer of the server. If the user has changed, reloads the page, so that the next user does not see it, and returns
    /// `false`.
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

    pub(crate) fn set_target(self, target: Option<LocalPath>) {
        self.target.set_value(target);
    }

    /// Asks the server whether the session is still active, without using it.
    pub fn check(self) {
        spawn_local(async move {
            match peek_visitor().await {
                Ok(answer) if answer.user.is_none() && untrack(|| self.user()).is_some() => self.end(),
                Ok(answer) => self.replace(answer),
                Err(_) => {}
            }
        });
    }

    /// Called when a server function has answered, which means that the session was used.
    pub fn was_active(self) {
        let now = js_sys::Date::now();
        #[expect(clippy::cast_possible_truncation, reason = "seconds since a page was opened")]
        let elapsed = ((now - self.asked_at.get_value()) / 1_000.0) as i64;
        self.asked_at.set_value(now);
        self.visitor.update(|visitor| visitor.session = visitor.session.map(|time| time.used(elapsed)));
    }

    /// Called when the session has ended. The page keeps its content until the visitor signs in again.
    pub fn end(self) {
        if let Some(user) = self.visitor.with_untracked(|visitor| visitor.user.clone()) {
            self.ended.set(Some(user));
        }
        self.visitor.update(|visitor| *visitor = std::mem::take(visitor).signed_out());
    }

    pub fn continue_as_guest(self) {
        self.ended.set(None);
    }

    /// The user whose session has ended while this page was open.
    pub fn ended(self) -> Option<Account> {
        self.ended.get()
    }

    /// Called when the user has to confirm the password again.
    pub fn unconfirm(self) {
        self.visitor.update(|visitor| {
            if let Some(user) = &mut visitor.user {
                user.confirmed = false;
            }
        });
    }

    pub fn session(self) -> Option<SessionTime> {
        self.visitor.with(|visitor| visitor.session)
    }

    pub fn user(self) -> Option<Account> {
        self.visitor.with(|visitor| visitor.user.clone())
    }

    pub fn value<T: VisitorValue>(self) -> T {
        self.visitor.with(Visitor::value)
    }

    pub fn set_value<T: VisitorValue>(self, value: &T) {
        self.visitor.update(|visitor| visitor.set_value(value));
    }

    /// The message at the top of this page.
    pub fn notice(self) -> Option<String> {
        self.visitor.with_untracked(|visitor| visitor.flash.notice())
    }

    pub fn failure(self) -> Option<FormFailure> {
        self.visitor.with_untracked(|visitor| visitor.flash.failure.clone())
    }

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
