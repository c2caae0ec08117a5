//! Components that show by session state, in the first HTML and after each action alike.

use leptos::{prelude::*, server::SharedValue, task::spawn_local};

use super::{Account, SessionTime, Visitor, peek_visitor};
use crate::{
    flash::Failure,
    nav::{self, LocalPath},
    preferences::Theme,
};

/// The visitor on this page, as of the latest answer of the server.
#[derive(Clone, Copy, Debug)]
pub struct CurrentVisitor {
    visitor: RwSignal<Visitor>,
    /// When the server said how long the session goes on, in the browser's milliseconds.
    asked_at: StoredValue<f64>,
    /// Whose session has ended while this page was open.
    ended: RwSignal<Option<Account>>,
    /// The page where the visitor is, or is going to: the browser shows that address only once the page's code is there. `None` where
    /// the address in the browser is not one that the app would go to.
    place: StoredValue<Option<LocalPath>>,
    // <shop>
    /// By how many things the cart will grow or shrink once the server has answered.
    ahead: RwSignal<i64>,
    /// Two changes of the cart were on their way at once: whose answer is the later one, nobody knows.
    overlapped: StoredValue<bool>,
    // </shop>
}

/// Makes the snapshot that the server took reachable from every component, here and in the browser.
pub fn provide_visitor() -> CurrentVisitor {
    let snapshot = SharedValue::new(|| use_context::<Visitor>().unwrap_or_default()).into_inner();
    let visitor = CurrentVisitor {
        visitor: RwSignal::new(snapshot),
        asked_at: StoredValue::new(0.0),
        ended: RwSignal::new(None),
        place: StoredValue::new(None),
        // <shop>
        ahead: RwSignal::new(0),
        overlapped: StoredValue::new(false),
        // </shop>
    };
    // Only in the browser.
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
    /// Takes over what a server function answered.
    pub fn replace(self, visitor: Visitor) {
        if visitor.user.is_some() {
            self.ended.set(None);
        }
        self.asked_at.set_value(js_sys::Date::now());
        self.visitor.set(visitor);
    }

    /// Takes over who the server says is visiting now. Nothing of one user's page is shown to the next: then it is loaded anew, and
    /// this returns `false`.
    pub fn refresh(self, visitor: Visitor) -> bool {
        let before = self.ended.get_untracked().or_else(|| untrack(|| self.user())).map(|user| user.email);
        let now = visitor.user.as_ref().map(|user| &user.email);
        if before.is_none() || before.as_ref() == now {
            self.replace(visitor);
            return true;
        }
        let left = match self.place.get_value() {
            Some(place) => nav::load(&place),
            // The address stays, and with it the site.
            None => location().reload(),
        };
        if let Err(error) = left {
            leptos::logging::error!("cannot reload the page: {error:?}");
        }
        false
    }

    /// Notes the page that the visitor is on the way to.
    pub fn goes_to(self, place: Option<LocalPath>) {
        self.place.set_value(place);
    }

    /// Asks the server whether the session goes on, without using it.
    pub fn check(self) {
        spawn_local(async move {
            match peek_visitor().await {
                Ok(answer) if answer.user.is_none() => self.end(),
                Ok(answer) => self.replace(answer),
                // The next use will tell.
                Err(_) => {}
            }
        });
    }

    /// A server function has answered: the session was in use.
    pub fn was_active(self) {
        let now = js_sys::Date::now();
        #[expect(clippy::cast_possible_truncation, reason = "seconds since a page was opened")]
        let elapsed = ((now - self.asked_at.get_value()) / 1_000.0) as i64;
        self.asked_at.set_value(now);
        self.visitor.update(|visitor| visitor.session = visitor.session.map(|time| time.used(elapsed)));
    }

    /// The server says that the session is over. What is on the page stays, for who signs in again.
    pub fn end(self) {
        let (user, theme) = self.visitor.with_untracked(|visitor| (visitor.user.clone(), visitor.theme));
        // Told twice it is still the same user's.
        if user.is_some() {
            self.ended.set(user);
        }
        self.visitor.set(Visitor { theme, ..Visitor::default() });
    }

    /// The visitor goes on without signing in again.
    pub fn go_on_as_guest(self) {
        self.ended.set(None);
    }

    /// Whose session has ended while this page was open.
    #[must_use]
    pub fn ended(self) -> Option<Account> {
        self.ended.get()
    }

    /// The password has to be asked for again.
    pub fn unconfirm(self) {
        self.visitor.update(|visitor| {
            if let Some(user) = &mut visitor.user {
                user.confirmed = false;
            }
        });
    }

    /// How long a signed-in user's session goes on.
    #[must_use]
    pub fn session(self) -> Option<SessionTime> {
        self.visitor.with(|visitor| visitor.session)
    }

    /// Who is signed in.
    #[must_use]
    pub fn user(self) -> Option<Account> {
        self.visitor.with(|visitor| visitor.user.clone())
    }

    /// The chosen theme.
    #[must_use]
    pub fn theme(self) -> Theme {
        self.visitor.with(|visitor| visitor.theme)
    }

    /// What waited to be told at the head of this page.
    #[must_use]
    pub fn notice(self) -> Option<String> {
        self.visitor.with_untracked(|visitor| visitor.flash.notice())
    }

    /// The plain form that was refused before this page.
    #[must_use]
    pub fn failure(self) -> Option<Failure> {
        self.visitor.with_untracked(|visitor| visitor.flash.failure.clone())
    }

    /// Forgets message and failure, once the visitor has gone on to another page.
    pub fn forget_flash(self) {
        self.visitor.update_untracked(|visitor| visitor.flash = Default::default());
    }
}

// <shop>
impl CurrentVisitor {
    /// Takes over the number of things in the cart.
    pub fn set_items(self, items: u32) {
        self.visitor.update(|visitor| visitor.items = items);
    }

    /// Counts what the cart will gain or lose, as long as whoever asks is on the page.
    pub fn foresee_items(self, ahead: Signal<i64>) {
        if is_server() {
            return;
        }
        let counted = StoredValue::new(0);
        let count = move |now: i64| {
            // With the whole app they are gone before the form is.
            let (Some(all), Some(mine)) = (self.ahead.try_get_untracked(), counted.try_get_value()) else {
                return;
            };
            let others = all - mine;
            counted.set_value(now);
            self.ahead.set(others + now);
            if now != 0 && others != 0 {
                self.overlapped.set_value(true);
            } else if now == 0 && others == 0 && self.overlapped.get_value() {
                self.overlapped.set_value(false);
                self.check_items();
            }
        };
        Effect::new(move || count(ahead.get()));
        on_cleanup(move || count(0));
    }

    fn check_items(self) {
        spawn_local(async move {
            if let Ok(answer) = peek_visitor().await {
                self.set_items(answer.items);
            }
        });
    }

    /// How many things are in the cart, with what the visitor has just put there or taken out.
    #[must_use]
    pub fn items(self) -> u32 {
        let items = self.visitor.with(|visitor| visitor.items);
        u32::try_from(i64::from(items) + self.ahead.get()).unwrap_or_default()
    }
}
// </shop>

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
