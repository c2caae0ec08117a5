//! Changes of values and rows. A change is applied to the newest row, and retried after a conflict.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Phase, Shared, State};
use crate::{
    SessionConfig, SessionError, SessionEvent, Transaction,
    keys::Signature,
    measures::CONFLICTS,
    row::Row,
    store::Store,
    value::{Data, json_size},
};

/// The new value (`Some(None)` removes it, `None` keeps the stored one) and the result for the caller.
pub(crate) type ChangeResult<R> = Result<(Option<Option<Box<RawValue>>>, R), SessionError>;

impl Shared {
    /// Changes the value of `key`. `change` gets the stored value.
    pub(crate) async fn change<R: Send>(
        &self,
        key: &'static str,
        mut change: impl FnMut(Option<&RawValue>) -> ChangeResult<R> + Send,
    ) -> Result<R, SessionError> {
        let mut state = self.lock().await;
        self.ensure_response_not_started(key)?;
        self.load(&mut state).await?;
        let mut done = None;
        self.update_row(&mut state, |row, _| {
            let (new, result) = change(row.data.get(key).map(|stored| &**stored))?;
            let event = self.apply_change(&mut row.data, key, new)?;
            done = Some((result, event));
            Ok(event.is_some())
        })
        .await?;
        if let Some((result, event)) = done {
            if let (Some(event), Phase::Live(_, row)) = (event, &state.phase) {
                self.emit(row, event);
            }
            return Ok(result);
        }
        // Without a session, `update_row` does not call `change`.
        let (new, result) = change(None)?;
        let mut data = Data::new();
        if let Some(event @ SessionEvent::Set { .. }) = self.apply_change(&mut data, key, new)? {
            self.create(&mut state, data).await?;
            if let Phase::Live(_, row) = &state.phase {
                self.emit(row, event);
            }
        }
        Ok(result)
    }

    /// Applies a change to `data`. Returns its event, or `None` if nothing changed.
    fn apply_change(
        &self,
        data: &mut Data,
        key: &'static str,
        new: Option<Option<Box<RawValue>>>,
    ) -> Result<Option<SessionEvent>, SessionError> {
        match new {
            Some(Some(value)) => {
                data.insert(key.to_owned(), value);
                self.ensure_fits(key, data)?;
                Ok(Some(SessionEvent::Set { key }))
            }
            Some(None) => {
                data.remove(key);
                Ok(Some(SessionEvent::Removed { key }))
            }
            None => Ok(None),
        }
    }

    /// Like [`change`](Self::change), inside the caller's transaction. It does not lock the session: the holder
    /// of the lock may be waiting for this transaction.
    pub(crate) async fn change_within<R: Send>(
        &self,
        transaction: &mut Transaction,
        key: &'static str,
        mut change: impl FnMut(Option<&RawValue>) -> ChangeResult<R> + Send,
    ) -> Result<R, SessionError> {
        let mut state = self.lock().await;
        self.ensure_response_not_started(key)?;
        state.accessed = true;
        let Some(id) = state.id_within()? else {
            return Ok(change(None)?.1);
        };
        let (hash, now) = (id.hash(), self.sessions.now());
        loop {
            let Some(mut row) = Store::find_in(&mut **transaction, &hash, now).await? else {
                return Err(SessionError::Ended);
            };
            let (new, result) = change(row.data.get(key).map(|stored| &**stored))?;
            if self.apply_change(&mut row.data, key, new)?.is_none() {
                return Ok(result);
            }
            row.version += 1;
            if self.sessions.store().replace_within(transaction, &hash, &row, now).await? {
                if let Some(pending) = &mut state.pending {
                    pending.phase = Phase::Live(id, Arc::new(row));
                } else if matches!(state.phase, Phase::Live(..)) {
                    // The transaction may be rolled back, so the row must be loaded again.
                    state.phase = Phase::NotLoaded(id, Signature::Current);
                }
                return Ok(result);
            }
        }
    }

    /// Changes the newest row, if there is a session. `change` returns whether it changed anything.
    pub(crate) async fn update_row(
        &self,
        state: &mut State,
        mut change: impl FnMut(&mut Row, &SessionConfig) -> Result<bool, SessionError> + Send,
    ) -> Result<(), SessionError> {
        let (id, mut row) = match &state.phase {
            Phase::Live(id, row) => (*id, row.clone()),
            Phase::Ended(_) | Phase::Ambiguous => return Err(SessionError::Ended),
            Phase::None | Phase::NotLoaded(..) => return Ok(()),
        };
        let (sessions, hash) = (&self.sessions, id.hash());
        // Writers in this process wait for each other, so only other processes cause conflicts.
        let (_lock, waited) = sessions.lock(&hash).await;
        // The row of a writer that waited is outdated.
        let mut is_current = !waited;
        let (mut reloaded, mut conflicted) = (false, false);
        loop {
            if !is_current {
                // After a conflict the cache is outdated, because another process has written.
                let found = match conflicted {
                    false => sessions.store().find(&hash, sessions.now()).await?,
                    true => sessions.store().find_uncached(&hash, sessions.now()).await?,
                };
                let Some(found) = found else {
                    self.mark_ended(state, &hash).await?;
                    return Err(SessionError::Ended);
                };
                (row, reloaded) = (found, true);
            }
            let (mut next, now) = (Row::clone(&row), sessions.now());
            if change(&mut next, sessions.config())? {
                next.version += 1;
                if now - next.used_at >= sessions.config().touch_seconds() {
                    next.touch(now, sessions.config());
                }
                let next = Arc::new(next);
                if sessions.store().replace(&hash, &next, now).await? {
                    state.phase = Phase::Live(id, next);
                    return Ok(());
                }
                conflicted = true;
                metrics::counter!(CONFLICTS).increment(1);
            } else if reloaded {
                state.phase = Phase::Live(id, row);
                return Ok(());
            }
            is_current = false;
        }
    }

    fn ensure_fits(&self, key: &'static str, data: &Data) -> Result<(), SessionError> {
        let most = self.sessions.config().most_bytes;
        if json_size(data) > most { Err(SessionError::TooLarge { key, most }) } else { Ok(()) }
    }
}
