//! What is known about a visitor.

use serde::{Deserialize, Serialize};

use crate::{flash::Flash, preferences::Theme};

/// A snapshot of the visitor's session.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Visitor {
    /// Who is signed in; nobody is a guest.
    pub user: Option<Account>,
    /// How many things are in the cart.
    pub items: u32,
    /// The chosen theme.
    pub theme: Theme,
    /// What waits to be told once. Only ever filled while a page is rendered.
    #[serde(default, skip_serializing_if = "Flash::is_empty")]
    pub flash: Flash,
}

/// What a page shows of the signed-in user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}
