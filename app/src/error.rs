//! The one error that crosses the wire. A closed enum: no text of a database, a library or a visitor ever travels in it.
//!
//! Domains refuse with errors of their own and turn them into this one in their `mod.rs`. A store error is logged once, where
//! it becomes [`AppError::Unavailable`].

use http::StatusCode;
use serde::{Deserialize, Serialize};
use server_fn::{
    Bytes, Decodes,
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

/// Why a server function refused or failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "error", rename_all = "snake_case")]
pub enum AppError {
    /// A field is wrong.
    #[error("{problem}")]
    Invalid {
        /// Which one.
        field: Field,
        /// What is wrong with it.
        #[serde(flatten)]
        problem: Problem,
    },
    /// E-mail and password do not belong together, or there is no such account: the answer is the same.
    #[error("This e-mail and password do not belong together. Check both and try again.")]
    WrongCredentials,
    /// The visitor's session ended before the request was done. Nothing was changed.
    #[error("Your session has ended. Nothing was changed; please try again.")]
    SessionEnded,
    /// Only a signed-in user may do this.
    #[error("Please sign in first.")]
    SignInFirst,
    /// The password was not asked for lately, and this is too dear to do without.
    #[error("Please confirm that it is you first.")]
    ConfirmFirst,
    /// Too many tries to sign in.
    #[error("{}", wait(*seconds))]
    TooManyTries {
        /// After so many seconds another one is taken.
        seconds: u32,
    },
    /// Too many sessions have begun at the visitor's address.
    #[error("{}", crowd(*seconds))]
    TooManySessions {
        /// After so many seconds another one may.
        seconds: u32,
    },
    // <shop>
    /// There is nothing to order.
    #[error("Your cart is empty: there is nothing to order.")]
    CartEmpty,
    /// The cart or its prices are not what the visitor has seen. Nothing was ordered.
    #[error(
        "Your cart or a price has changed meanwhile, so nothing was ordered. Please look it over and order again."
    )]
    CartChanged,
    /// There is less of something than the cart has. Nothing was ordered.
    #[error(
        "Something is no longer there in that number, so nothing was ordered. Please change what is marked."
    )]
    OutOfStock,
    // </shop>
    /// A page of another site has sent this.
    #[error(
        "It was sent by a page of another site, so nothing was changed. Open the page here and send it again."
    )]
    CrossSite,
    /// There is no session to change.
    #[error("You have no session yet. It begins with the first value that is kept.")]
    NoSession,
    /// The session holds as much as it may.
    #[error("Your session is full, so nothing was changed. Remove something from it and try again.")]
    SessionFull,
    /// What the request names does not exist.
    #[error("We could not find that. It may have been removed.")]
    NotFound,
    /// The request cannot be read: a broken encoding, or a field that stands there twice.
    #[error("We could not read what was sent. Please try again.")]
    Malformed,
    /// The request's body is larger than the server takes.
    #[error("That is more text than we take. Please shorten it.")]
    TooLarge,
    /// The request's body took too long to come.
    #[error("That took too long to arrive. Please check your connection and try again.")]
    TooSlow,
    /// The address is there, but not for this method.
    #[error("This cannot be done in this way.")]
    WrongMethod,
    /// The server has as much to do as it can.
    #[error("We are very busy right now. Please try again in a moment.")]
    Busy,
    /// The store does not answer.
    #[error("We cannot reach our records right now. Please try again in a moment.")]
    Unavailable,
    /// A fault of ours.
    #[error("Something went wrong on our side. Please try again.")]
    Internal,
    /// The browser could not reach the server. Made in the browser only.
    #[error("We could not reach the server. Check your connection and try again.")]
    Offline,
}

fn wait(seconds: u32) -> String {
    format!("Those were too many tries. Please wait {} before the next one.", time(seconds))
}

fn crowd(seconds: u32) -> String {
    format!("Too many new visitors come from your network right now. Please try again in {}.", time(seconds))
}

/// In seconds or minutes, whichever is easier to say.
fn time(seconds: u32) -> String {
    let (count, unit) = match seconds {
        0..60 => (seconds.max(1), "second"),
        _ => (seconds.div_ceil(60), "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The fields that forms have.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Current,
    Device,
    Email,
    Key,
    MaxAge,
    Name,
    New,
    Password,
    Pineapples,
    Theme,
    Value,
    // <shop>
    Product,
    Quantity,
    Token,
    // </shop>
}

impl Field {
    /// The field's name in a form.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Device => "device",
            Self::Email => "email",
            Self::Key => "key",
            Self::MaxAge => "max_age",
            Self::Name => "name",
            Self::New => "new",
            Self::Password => "password",
            Self::Pineapples => "pineapples",
            Self::Theme => "theme",
            Self::Value => "value",
            // <shop>
            Self::Product => "product",
            Self::Quantity => "quantity",
            Self::Token => "token",
            // </shop>
        }
    }
}

/// What can be wrong with a field, in words for the visitor. Limits travel with it, so that no domain's rules stand here.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    /// Nothing was entered.
    #[error("Please fill this in.")]
    Missing,
    /// The text is no e-mail address.
    #[error("Please enter an e-mail address, such as ada@example.com.")]
    NotAnEmail,
    /// There is an account with this e-mail address.
    #[error("There is an account with this e-mail already. Sign in instead, or use another one.")]
    Taken,
    /// The text has more than one line.
    #[error("Please keep it in one line.")]
    NotOneLine,
    /// There are too few characters.
    #[error("Please use at least {min} characters.")]
    TooShort {
        /// The least.
        min: u32,
    },
    /// There are too many characters.
    #[error("Please use at most {max} characters.")]
    TooLong {
        /// The most.
        max: u32,
    },
    /// The password is one of those that are guessed first.
    #[error("This is one of the passwords that are guessed first. Please choose another one.")]
    CommonPassword,
    /// The password is mostly the name, the e-mail address or a word of the site.
    #[error(
        "This is too close to the name, the e-mail or this site\u{2019}s name. Please choose another one."
    )]
    PersonalPassword,
    /// The password is not the account's.
    #[error("This is not the right password.")]
    WrongPassword,
    /// The app uses this key itself.
    #[error("The app keeps something of its own under this key. Please choose another one.")]
    Reserved,
    /// The text begins like JSON and is none.
    #[error("This looks like JSON, but it is none. Please check brackets, quotes and commas.")]
    NotJson,
    /// The JSON is nested too deeply.
    #[error("Please nest lists and objects at most {max} deep.")]
    TooDeep {
        /// The most.
        max: u32,
    },
    /// All values together would be too large.
    #[error("Your values may take {} MB in all, and with this one it would be more.", max / 1_000_000)]
    TooMuch {
        /// The most, in bytes.
        max: u32,
    },
    /// There would be too many values.
    #[error("You can store at most {max} values. Please remove one first.")]
    TooManyValues {
        /// The most.
        max: u32,
    },
    /// The text is not a whole number.
    #[error("Please enter a whole number.")]
    NotANumber,
    /// The number is outside the range.
    #[error("Please choose a number from {min} to {max}.")]
    OutOfRange {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// A cookie cannot be called so.
    #[error("A name is made of letters, digits and these signs: ! # $ % & ' * + - . ^ _ ` | ~")]
    NotAToken,
    /// Browsers take a cookie with this name under conditions only.
    #[error("Browsers have rules of their own for names that begin so. Please choose another one.")]
    ReservedName,
    /// The session's own cookie is not for changing.
    #[error("This is the session\u{2019}s own cookie, which cannot be touched here.")]
    SessionCookie,
    /// A cookie cannot hold this.
    #[error(
        "A value has no spaces, quotes, commas, semicolons, backslashes or line breaks, and no letters beyond ASCII. \
         Write them in another way, such as %20 for a space."
    )]
    NotACookieValue,
    /// A plain value begins as signed ones do.
    #[error("Only signed cookies begin with s: here. Please sign it, or begin in another way.")]
    LooksSigned,
    /// The age would remove the cookie.
    #[error("That would remove the cookie at once. To do so, use Delete.")]
    UseDelete,
    /// There are enough cookies.
    #[error("There are {max} cookies already. Please delete one first.")]
    TooManyCookies {
        /// The most.
        max: u32,
    },
    // <shop>
    /// Together with what is there already it would be too many of one kind.
    #[error("That would be more than {max} of one kind.")]
    TooManyOfOne {
        /// The most.
        max: u32,
    },
    /// There is no room for another kind.
    #[error("There is room for {max} different things, no more.")]
    TooManyKinds {
        /// The most.
        max: u32,
    },
    // </shop>
    /// There is no such choice.
    #[error("Please choose one of the options.")]
    NotAChoice,
}

impl AppError {
    /// A field that is wrong.
    #[must_use]
    pub fn invalid(field: Field, problem: Problem) -> Self {
        Self::Invalid { field, problem }
    }

    /// The HTTP status that tells a script the same.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Invalid { problem: Problem::Taken, .. } => StatusCode::CONFLICT,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::WrongCredentials | Self::SessionEnded | Self::SignInFirst => StatusCode::UNAUTHORIZED,
            // <shop>
            Self::CartEmpty | Self::CartChanged | Self::OutOfStock => StatusCode::CONFLICT,
            // </shop>
            Self::NoSession => StatusCode::CONFLICT,
            Self::ConfirmFirst | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::TooManyTries { .. } | Self::TooManySessions { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge | Self::SessionFull => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal | Self::Offline => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds the same may be tried again, where that is what helps (RFC 9110, 10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooManyTries { seconds } | Self::TooManySessions { seconds } => Some(*seconds),
            Self::Busy => Some(1),
            // A lock or a full disk may last; whoever waits for it should not add to it.
            Self::Unavailable => Some(5),
            _ => None,
        }
    }

    /// What a page says above the error, where it stands in place of what was asked for.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::NotFound => "There is nothing here",
            Self::CrossSite => "This came from another site",
            Self::SignInFirst | Self::ConfirmFirst => "We need to know who you are",
            Self::SessionEnded => "Your session has ended",
            Self::TooManyTries { .. } | Self::TooManySessions { .. } => "Please wait a little",
            Self::Busy => "There are many of you right now",
            Self::Unavailable => "We will be back in a moment",
            Self::Offline => "You seem to be offline",
            error if error.status().is_client_error() => "We cannot do that",
            _ => "Something went wrong on our side",
        }
    }

    /// Whether the same may succeed if it is tried once more, with nothing else changed.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.retry_after().is_some() || matches!(self, Self::Internal | Self::Offline | Self::TooSlow)
    }

    /// Whether the reason stands in the form that was refused. Every other one is told at the head of the page, which may not
    /// have that form any more.
    #[must_use]
    pub fn belongs_to_form(&self) -> bool {
        // <shop>
        // The form stands below a cart with something in it.
        if matches!(self, Self::CartChanged | Self::OutOfStock) {
            return true;
        }
        // </shop>
        matches!(self, Self::Invalid { .. } | Self::WrongCredentials | Self::TooManyTries { .. })
    }

    /// What is wrong with `field`, if that is what this error is about.
    #[must_use]
    pub fn about(&self, field: Field) -> Option<Problem> {
        match self {
            Self::Invalid { field: wrong, problem } if *wrong == field => Some(*problem),
            _ => None,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    /// Reads an error in the browser. What is none of ours, such as a proxy's page, is nobody's fault here.
    fn de(data: Bytes) -> Self {
        JsonEncoding::decode(data).unwrap_or(Self::Internal)
    }

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Self::Malformed,
            ServerFnErrorErr::Request(_) => Self::Offline,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_the_same_on_both_sides_of_the_wire() {
        let error = AppError::invalid(Field::Name, Problem::Missing);
        let json = String::from_utf8(error.ser().to_vec()).unwrap();
        assert_eq!(json, r#"{"error":"invalid","field":"name","problem":"missing"}"#);
        assert_eq!(AppError::de(error.ser()), error);

        let error = AppError::invalid(Field::New, Problem::TooShort { min: 8 });
        let json = String::from_utf8(error.ser().to_vec()).unwrap();
        assert_eq!(json, r#"{"error":"invalid","field":"new","problem":"too_short","min":8}"#);
        assert_eq!(AppError::de(error.ser()), error);
    }

    #[test]
    fn a_wait_is_told_in_words() {
        for (seconds, words) in [(0, "1 second "), (18, "18 seconds "), (60, "1 minute "), (61, "2 minutes ")]
        {
            let text = AppError::TooManyTries { seconds }.to_string();
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn an_unreadable_error_becomes_a_plain_one() {
        assert_eq!(AppError::de("<html>502".into()), AppError::Internal);
    }
}
