//! The map of the forms: what a visitor sees after each server function that changes something.
//!
//! A plain form is redirected as its row says; the hydrated form shows the same message without leaving the page.

use server_fn::ServerFn;

use crate::{
    account::{ChangeName, ChangePassword, Confirm, DeleteAccount, RevokeDevice, RevokeOtherDevices},
    auth::{Login, Logout, Register},
    cookies::{DeleteCookie, SetCookie, TamperCookie},
    explorer::{ChangePineapples, ClearSession, RememberSession, RemoveValue, RenewSession, SetValue},
    flash::Message,
    nav,
    preferences::SetTheme,
    visits::{RecordVisit, ResetVisits},
};

// <shop>
use crate::{
    cart::{AddToCart, ClearCart, RemoveFromCart, RestoreCart, SetQuantity},
    orders::PlaceOrder,
};
// </shop>

/// Where a visitor goes once a form's server function has done its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Back to the page that the form stood on.
    Stay,
    /// To this page.
    Go(&'static str),
    /// To the path in the form's `next` field, else to this page.
    Next(&'static str),
}

/// One form.
#[derive(Clone, Copy, Debug)]
pub struct FormRoute {
    /// The server function's path.
    pub path: &'static str,
    /// The page that shows the form, for callers that do not say where they come from.
    pub page: &'static str,
    /// Where it leads.
    pub then: Then,
    /// What the visitor is told.
    pub done: Option<Message>,
    /// The fields that are filled in again when the form is refused. Never a secret.
    pub kept: &'static [&'static str],
}

/// The hidden field that tells, by e-mail address, whose form on a private page it is: another user may have signed in since.
pub const WHOSE: &str = "whose";

/// Every form of the app.
pub const FORMS: &[FormRoute] = &[
    // <shop>
    FormRoute {
        path: AddToCart::PATH,
        page: nav::HOME,
        then: Then::Stay,
        done: Some(Message::AddedToCart),
        kept: &["product", "quantity"],
    },
    FormRoute {
        path: SetQuantity::PATH,
        page: nav::CART,
        then: Then::Stay,
        done: Some(Message::CartChanged),
        kept: &["product", "quantity"],
    },
    FormRoute {
        path: RemoveFromCart::PATH,
        page: nav::CART,
        then: Then::Stay,
        // The page says it, and offers the way back.
        done: None,
        kept: &["product"],
    },
    FormRoute {
        path: ClearCart::PATH,
        page: nav::CART,
        then: Then::Stay,
        // The page says it, and offers the way back.
        done: None,
        kept: &[],
    },
    FormRoute {
        path: RestoreCart::PATH,
        page: nav::CART,
        then: Then::Stay,
        done: Some(Message::CartRestored),
        kept: &[],
    },
    FormRoute {
        path: PlaceOrder::PATH,
        page: nav::CART,
        then: Then::Go(nav::ORDERS),
        done: Some(Message::OrderPlaced),
        kept: &[],
    },
    // </shop>
    FormRoute { path: RecordVisit::PATH, page: nav::VISITS, then: Then::Stay, done: None, kept: &[] },
    FormRoute {
        path: ResetVisits::PATH,
        page: nav::VISITS,
        then: Then::Stay,
        done: Some(Message::VisitsReset),
        kept: &[],
    },
    FormRoute {
        path: SetValue::PATH,
        page: nav::SESSION,
        then: Then::Stay,
        done: Some(Message::ValueSet),
        kept: &["key", "value"],
    },
    FormRoute {
        path: RemoveValue::PATH,
        page: nav::SESSION,
        then: Then::Stay,
        done: Some(Message::ValueRemoved),
        kept: &["key"],
    },
    FormRoute {
        path: ClearSession::PATH,
        page: nav::SESSION,
        then: Then::Go(nav::SESSION),
        done: Some(Message::SessionCleared),
        kept: &[],
    },
    FormRoute {
        path: RenewSession::PATH,
        page: nav::SESSION,
        then: Then::Stay,
        done: Some(Message::SessionRenewed),
        kept: &[],
    },
    FormRoute {
        path: RememberSession::PATH,
        page: nav::SESSION,
        then: Then::Stay,
        done: Some(Message::LifetimeChosen),
        kept: &[],
    },
    FormRoute {
        path: ChangePineapples::PATH,
        page: nav::SESSION,
        then: Then::Stay,
        done: Some(Message::PineapplesChanged),
        kept: &["pineapples"],
    },
    FormRoute {
        path: SetCookie::PATH,
        page: nav::COOKIES,
        then: Then::Stay,
        done: Some(Message::CookieSet),
        kept: &["name", "value", "max_age", "signed"],
    },
    FormRoute {
        path: DeleteCookie::PATH,
        page: nav::COOKIES,
        then: Then::Stay,
        done: Some(Message::CookieDeleted),
        kept: &["name"],
    },
    FormRoute {
        path: TamperCookie::PATH,
        page: nav::COOKIES,
        then: Then::Stay,
        done: Some(Message::CookieTampered),
        kept: &["name"],
    },
    FormRoute {
        path: Login::PATH,
        page: nav::LOGIN,
        then: Then::Next(nav::HOME),
        done: Some(Message::SignedIn),
        kept: &["email", "remember"],
    },
    FormRoute {
        path: Logout::PATH,
        page: nav::HOME,
        then: Then::Go(nav::HOME),
        done: Some(Message::SignedOut),
        kept: &[],
    },
    FormRoute {
        path: Register::PATH,
        page: nav::REGISTER,
        then: Then::Next(nav::HOME),
        done: Some(Message::Registered),
        kept: &["name", "email"],
    },
    FormRoute {
        path: Confirm::PATH,
        page: nav::ACCOUNT,
        then: Then::Stay,
        done: Some(Message::Confirmed),
        kept: &[],
    },
    FormRoute {
        path: ChangeName::PATH,
        page: nav::ACCOUNT,
        then: Then::Stay,
        done: Some(Message::NameChanged),
        kept: &["name", WHOSE],
    },
    FormRoute {
        path: ChangePassword::PATH,
        page: nav::ACCOUNT,
        then: Then::Stay,
        done: Some(Message::PasswordChanged),
        kept: &[],
    },
    FormRoute {
        path: RevokeDevice::PATH,
        page: nav::ACCOUNT,
        then: Then::Stay,
        done: Some(Message::DeviceRevoked),
        kept: &["device"],
    },
    FormRoute {
        path: RevokeOtherDevices::PATH,
        page: nav::ACCOUNT,
        then: Then::Stay,
        done: Some(Message::OthersRevoked),
        kept: &[],
    },
    FormRoute {
        path: DeleteAccount::PATH,
        page: nav::ACCOUNT,
        then: Then::Go(nav::HOME),
        done: Some(Message::AccountDeleted),
        kept: &[],
    },
    FormRoute { path: SetTheme::PATH, page: nav::HOME, then: Then::Stay, done: None, kept: &[] },
];

/// The largest body that is taken at a path, in bytes. The longest field of any form is far below, but for the value that a visitor
/// may keep: three bytes of a form for each of its bytes, and room for one that is too large by a bit, which is told beside the field.
#[must_use]
pub fn largest_body(path: &str) -> usize {
    if path == SetValue::PATH { 4 * 1024 * 1024 } else { 64 * 1024 }
}

/// The form whose server function has this path.
#[must_use]
pub fn find(path: &str) -> Option<&'static FormRoute> {
    FORMS.iter().find(|form| form.path == path)
}
