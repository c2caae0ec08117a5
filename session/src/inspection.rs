//! A stored session in full, for a page that shows visitors their own session.

use std::{fmt, sync::Arc};

use time::Duration;

use crate::{
    CookieReason, Session, SessionError, SessionValue, cookie,
    row::Row,
    state::{CookieChange, Phase},
    value,
};

/// The stored state of a session. Show it to its own visitor only, and do not log it.
#[derive(Clone)]
pub struct Inspection {
    /// The first characters of the id. The masked 104 bits exceed the 64 bits that an id needs (OWASP).
    pub masked_id: String,
    /// The handle, which stays the same when the id changes.
    pub handle: String,
    /// When the session was created or last signed in, in seconds since 1970.
    pub began_at: i64,
    /// When it was last used, in seconds since 1970, recorded once a minute.
    pub used_at: i64,
    /// When it expires unless it is used again, in seconds since 1970.
    pub expires_at: i64,
    /// When it reaches its absolute timeout, in seconds since 1970.
    pub ends_at: i64,
    /// The idle timeout.
    pub idle: Duration,
    /// Whether "remember me" is on.
    pub remembered: bool,
    /// Whether a user is signed in.
    pub owned: bool,
    /// The number of writes.
    pub writes: i64,
    /// The size of all values in the database, in bytes.
    pub bytes: usize,
    /// The cookie.
    pub cookie: InspectedCookie,
    row: Arc<Row>,
}

/// A stored value.
#[derive(Clone, Copy)]
pub struct InspectedValue<'a> {
    /// The [`SessionValue::KEY`](crate::SessionValue::KEY).
    pub key: &'a str,
    /// The value as JSON text.
    pub json: &'a str,
    /// Its size in the database, in bytes.
    pub bytes: usize,
}

/// The session's cookie.
#[derive(Clone, Debug)]
pub struct InspectedCookie {
    /// Its name.
    pub name: &'static str,
    /// The size of name and value, in bytes.
    pub bytes: usize,
    /// Whether it is sent over HTTPS only.
    pub secure: bool,
    /// How much longer the browser keeps it; `None` means until the browser closes.
    pub max_age: Option<Duration>,
    /// Why the response to this request sets it; `None` if it does not, as far as is known yet.
    pub sent: Option<CookieReason>,
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection").finish_non_exhaustive()
    }
}

impl fmt::Debug for InspectedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectedValue").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Inspection {
    /// The values, by key, without copying them.
    pub fn values(&self) -> impl Iterator<Item = InspectedValue<'_>> {
        self.row.data.iter().map(|(key, stored)| InspectedValue {
            key,
            json: value::payload(stored).get(),
            bytes: stored.get().len(),
        })
    }

    /// Returns the value of type `T`, or `None` if it was not set or does not decode.
    #[must_use]
    pub fn read<T: SessionValue>(&self) -> Option<T> {
        self.row.data.get(T::KEY).and_then(|stored| value::decode(stored))
    }
}

impl Session {
    /// Returns the stored state of this session, or `None` without a session.
    pub async fn inspect(&self) -> Result<Option<Inspection>, SessionError> {
        let config = self.shared.sessions.config();
        let state = self.shared.lock_loaded().await?;
        let Phase::Live(id, row) = &state.phase else { return Ok(None) };
        Ok(Some(Inspection {
            masked_id: id.masked(),
            handle: row.handle.clone(),
            began_at: row.began_at,
            used_at: row.used_at,
            expires_at: row.expires_at,
            ends_at: row.ends_at,
            idle: config.idle_timeout(row.remembered),
            remembered: row.remembered,
            owned: row.owner.is_some(),
            writes: row.version,
            bytes: value::json_size(&row.data),
            cookie: InspectedCookie {
                name: config.cookie_name,
                bytes: cookie::size(config, *id),
                secure: config.secure,
                max_age: row.cookie_max_age(self.now()),
                sent: match state.cookie {
                    CookieChange::Set(reason) | CookieChange::Resend(reason) => Some(reason),
                    CookieChange::Keep | CookieChange::Remove => None,
                },
            },
            row: row.clone(),
        }))
    }
}
