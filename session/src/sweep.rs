//! Deletes what is over, in the background.

use std::time::{Duration, Instant};

use tokio::{sync::oneshot, task::JoinHandle, time};

use crate::{SessionError, Sessions, measures::SWEPT, state::LATE_SECONDS, store::Batch};

/// In one statement: it holds the writer for a millisecond or two.
const BATCH: Batch = Batch { rows: 100, bytes: 4 * 1024 * 1024 };

/// The clock may run ahead by this much between two sweeps, in seconds, before it is taken for wrong.
const MOST_AHEAD: i64 = 3_600;

/// Between two batches the writer is free for at least so long.
const PAUSE: Duration = Duration::from_millis(5);

/// The task that deletes sessions which are over. It outlives errors, and ends with [`stop`](Self::stop) or when it is dropped.
#[derive(Debug)]
pub struct Sweeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sweeper {
    pub(crate) fn start(sessions: Sessions, interval: Duration) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut jumps = Jumps::watch(sessions.now());
            let mut ticks = time::interval(interval);
            ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = ticks.tick() => {}
                }
                tokio::select! {
                    _ = &mut stopped => return,
                    () = sweep_unless_ahead(&sessions, &mut jumps) => {}
                }
            }
        });
        Self { stop, task }
    }

    /// Ends the task. A statement that is under way is finished or undone by the database.
    pub async fn stop(self) {
        // The task is gone already if nobody listens.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the task that sweeps sessions had failed");
        }
    }
}

async fn sweep_unless_ahead(sessions: &Sessions, jumps: &mut Jumps) {
    if jumps.is_ahead(sessions.now(), jumps.started.elapsed()) {
        tracing::error!(
            "the clock has jumped forward by more than an hour: no session is deleted until it is set right, or for a day"
        );
        return;
    }
    match sessions.sweep().await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "swept sessions that are over"),
        // The next tick tries again.
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "could not sweep sessions"),
    }
}

/// A clock that stays ahead for this long is taken for right. The machine may have been suspended, which [`Instant`] does not count.
const ACCEPTED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Notices a clock that has jumped forward. By such a clock every session is over; as long as none is deleted, they live again once it
/// is set right.
struct Jumps {
    started: Instant,
    /// What the clock said then, in seconds since 1970.
    said: i64,
    /// How long after the start the jump was noticed.
    noticed: Option<Duration>,
}

impl Jumps {
    fn watch(now: i64) -> Self {
        Self { started: Instant::now(), said: now, noticed: None }
    }

    /// Whether the clock is ahead of the time that has `elapsed` since the watch began.
    fn is_ahead(&mut self, now: i64, elapsed: Duration) -> bool {
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        let expected = self.said.saturating_add(seconds);
        if now.saturating_sub(expected) <= MOST_AHEAD {
            self.noticed = None;
            return false;
        }
        let noticed = *self.noticed.get_or_insert(elapsed);
        let is_accepted = elapsed.saturating_sub(noticed) >= ACCEPTED_AFTER;
        if is_accepted {
            *self = Self { said: now.saturating_sub(seconds), noticed: None, ..*self };
        }
        !is_accepted
    }
}

impl Sessions {
    /// Deletes all sessions that are over, in small batches with pauses, and returns how many rows went.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails; what was deleted until then stays deleted.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        // Once: a clock that jumps forward meanwhile deletes nothing more.
        let now = self.now();
        let mut rows = 0;
        loop {
            let batch = self.store().delete_expired(now, now - LATE_SECONDS, BATCH).await?;
            rows += batch;
            metrics::counter!(SWEPT).increment(batch);
            if batch == 0 {
                return Ok(rows);
            }
            time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::*;
    use crate::{Clock, Database, Pool, SessionConfig, SessionValue, SigningKeys};

    #[derive(Default, serde::Deserialize, serde::Serialize)]
    struct Seen(bool);

    impl SessionValue for Seen {
        const KEY: &'static str = "seen";
    }

    #[tokio::test]
    async fn by_a_clock_that_has_jumped_forward_nothing_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
        let pool = Pool::connect(&url).await.unwrap();
        let clock = Clock::manual(1_795_262_400);
        let keys = SigningKeys::parse(&SigningKeys::generate()).unwrap();
        let config = SessionConfig { clock: clock.clone(), ..SessionConfig::new(keys) };
        let sessions = Sessions::new(Database::from(pool.clone()), config).await.unwrap();
        let session = sessions.open(&HeaderMap::new());
        session.update(|seen: &mut Seen| seen.0 = true).await.unwrap();
        let rows = async || {
            sqlx::query_scalar::<_, i64>("select count(*) from sessions").fetch_one(&pool).await.unwrap()
        };

        let mut jumps = Jumps::watch(sessions.now());
        clock.advance(::time::Duration::hours(2));
        sweep_unless_ahead(&sessions, &mut jumps).await;
        assert_eq!(rows().await, 1);
        // The clock is right: that much time has passed.
        let mut jumps = Jumps::watch(sessions.now());
        sweep_unless_ahead(&sessions, &mut jumps).await;
        assert_eq!(rows().await, 0);
    }

    #[test]
    fn a_clock_that_has_jumped_forward_is_noticed_until_it_is_set_right() {
        let (noon, hour) = (1_795_262_400, 3_600);
        let mut jumps = Jumps::watch(noon);
        let after = |seconds| Duration::from_secs(seconds);
        assert!(!jumps.is_ahead(noon, after(0)));
        assert!(!jumps.is_ahead(noon + 30 * 24 * hour, after(30 * 24 * 3_600)), "a month that has passed");
        assert!(!jumps.is_ahead(noon + 300 + hour, after(300)));
        assert!(jumps.is_ahead(noon + 300 + hour + 1, after(300)));
        assert!(jumps.is_ahead(i64::MAX, after(300)));
        assert!(!jumps.is_ahead(noon + 600, after(600)), "set right");
        assert!(!jumps.is_ahead(0, after(600)), "set back");
    }

    #[test]
    fn a_clock_that_stays_ahead_for_a_day_is_accepted() {
        let (noon, hour, day) = (1_795_262_400, 3_600, 24 * 3_600);
        let mut jumps = Jumps::watch(noon);
        let after = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        assert!(jumps.is_ahead(noon + 3 * hour, after(600)));
        assert!(jumps.is_ahead(noon + 3 * hour + day - 600, after(day)));
        assert!(!jumps.is_ahead(noon + 3 * hour + day, after(day + 600)));
        assert!(!jumps.is_ahead(noon + 4 * hour + day, after(day + hour)));
        assert!(jumps.is_ahead(noon + 9 * hour + day, after(day + hour)), "another jump");
    }
}
