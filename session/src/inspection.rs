//! A session as it lies in the store, for a page that shows its visitor everything that is kept.

use std::{fmt, sync::Arc};

use time::Duration;

use crate::{
    CookieReason, Session, SessionError, SessionValue, cookie,
    state::{CookieChange, Phase},
    store::Row,
    value,
};

/// What the store keeps of a session. All of it is the visitor's own: show it to nobody else, and log none of it.
#[derive(Clone)]
pub struct Inspection {
    /// The first characters of its id, the others masked: enough to see that it has changed. The 104 random bits that stay
    /// hidden are more than the 64 that an id needs (OWASP Session Management Cheat Sheet).
    pub masked_id: String,
    /// Its handle, the same over all ids.
    pub handle: String,
    /// When it began, in seconds since 1970.
    pub began_at: i64,
    /// When it was last in use, to the minute, in seconds since 1970.
    pub used_at: i64,
    /// When it is over unless it is used, in seconds since 1970.
    pub expires_at: i64,
    /// When it is over however busy, in seconds since 1970.
    pub ends_at: i64,
    /// How long it goes on after each use.
    pub idle: Duration,
    /// Whether its visitor chose to be remembered.
    pub remembered: bool,
    /// Whether somebody has signed in with it.
    pub owned: bool,
    /// How often it was written.
    pub writes: i64,
    /// What all values take in the store, in bytes.
    pub bytes: usize,
    /// Its cookie.
    pub cookie: InspectedCookie,
    row: Arc<Row>,
}

/// One value as it lies in the store.
#[derive(Clone, Copy)]
pub struct InspectedValue<'a> {
    /// The [`SessionValue::KEY`](crate::SessionValue::KEY).
    pub key: &'a str,
    /// The value as JSON text.
    pub json: &'a str,
    /// What it takes in the store, in bytes.
    pub bytes: usize,
}

/// What a session's cookie is like.
#[derive(Clone, Debug)]
pub struct InspectedCookie {
    /// Its name.
    pub name: &'static str,
    /// What name and value take, in bytes.
    pub bytes: usize,
    /// Whether it travels over HTTPS only.
    pub secure: bool,
    /// How long the browser keeps it from now on; until it closes where there is none.
    pub max_age: Option<Duration>,
    /// Why the response to this request carries it, as far as is known by now; it does not where there is no reason.
    pub sent: Option<CookieReason>,
}

/// Shows none of the visitor's data.
impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspection").finish_non_exhaustive()
    }
}

/// Shows none of the visitor's data.
impl fmt::Debug for InspectedValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectedValue").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Inspection {
    /// The values, by key. Nothing is copied.
    pub fn values(&self) -> impl Iterator<Item = InspectedValue<'_>> {
        self.row.data.iter().map(|(key, stored)| InspectedValue {
            key,
            json: value::data(stored).get(),
            bytes: stored.get().len(),
        })
    }

    /// The value kept under `T`'s key, if there is one.
    #[must_use]
    pub fn read<T: SessionValue>(&self) -> Option<T> {
        self.row.data.get(T::KEY).and_then(|stored| value::decode(stored))
    }
}

impl Session {
    /// All that the store keeps of this session, if there is one.
    ///
    /// ```
    /// # use session::{Session, SessionError};
    /// async fn how_large(session: Session) -> Result<String, SessionError> {
    ///     let bytes = session.inspect().await?.map_or(0, |inspection| inspection.bytes);
    ///     Ok(format!("{bytes} bytes"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails.
    pub async fn inspect(&self) -> Result<Option<Inspection>, SessionError> {
        let config = self.shared.sessions.config();
        let mut state = self.shared.lock().await;
        self.shared.load(&mut state).await?;
        let Phase::Live(id, row) = &state.phase else { return Ok(None) };
        Ok(Some(Inspection {
            masked_id: id.masked(),
            handle: row.handle.clone(),
            began_at: row.began_at,
            used_at: row.used_at,
            expires_at: row.expires_at,
            ends_at: row.ends_at,
            idle: if row.remembered { config.remembered } else { config.idle },
            remembered: row.remembered,
            owned: row.owner.is_some(),
            writes: row.version,
            bytes: value::size(&row.data),
            cookie: InspectedCookie {
                name: config.cookie_name,
                bytes: cookie::bytes(config, *id),
                secure: config.secure,
                max_age: row.remembered.then(|| Duration::seconds(row.ends_at - self.now())),
                sent: match state.cookie {
                    CookieChange::Give(reason) | CookieChange::GiveAgain(reason) => Some(reason),
                    CookieChange::Keep | CookieChange::Remove => None,
                },
            },
            row: row.clone(),
        }))
    }
}
