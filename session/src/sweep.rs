//! Deletes expired sessions in the background.

use std::time::{Duration, Instant};

use tokio::{sync::oneshot, task::JoinHandle, time};

use crate::{SessionError, Sessions, measures::SWEPT, state::RENEWAL_GRACE, store::Batch};

/// Deleting this much in one statement blocks the writer for one or two milliseconds.
const BATCH: Batch = Batch { rows: 100, bytes: 4 * 1024 * 1024 };

/// A clock that is ahead of the elapsed time by more than this many seconds is considered wrong.
const MAX_CLOCK_JUMP: i64 = 3_600;

/// Lets other writers run between two batches.
const BATCH_PAUSE: Duration = Duration::from_millis(5);

/// The task that deletes expired sessions. It survives errors. It ends with [`stop`](Self::stop) or on drop.
#[derive(Debug)]
pub struct Sweeper {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sweeper {
    pub(crate) fn start(sessions: Sessions, interval: Duration) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut jumps = ClockJumps::watch(sessions.now());
            let mut ticks = time::interval(interval);
            ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = ticks.tick() => {}
                }
                tokio::select! {
                    _ = &mut stopped => return,
                    () = sweep_unless_clock_jumped(&sessions, &mut jumps) => {}
                }
            }
        });
        Self { stop, task }
    }

    /// Stops the task and waits for it. A running statement is completed or rolled back.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the session sweeper failed");
        }
    }
}

async fn sweep_unless_clock_jumped(sessions: &Sessions, jumps: &mut ClockJumps) {
    if jumps.is_ahead(sessions.now(), jumps.started.elapsed()) {
        tracing::error!(
            "the clock jumped forward by more than an hour: deleting no sessions until it is corrected, or for a day"
        );
        return;
    }
    match sessions.sweep().await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "deleted expired sessions"),
        // The next tick retries.
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not delete expired sessions")
        }
    }
}

/// A clock that stays ahead this long is accepted: [`Instant`] stands still while the machine is suspended.
const ACCEPTED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Detects a clock that jumped forward, which makes valid sessions look expired until it is corrected.
struct ClockJumps {
    started: Instant,
    /// In seconds since 1970.
    clock_at_start: i64,
    /// The time from the start to the detection of a jump.
    detected: Option<Duration>,
}

impl ClockJumps {
    fn watch(now: i64) -> Self {
        Self { started: Instant::now(), clock_at_start: now, detected: None }
    }

    fn is_ahead(&mut self, now: i64, elapsed: Duration) -> bool {
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        let expected = self.clock_at_start.saturating_add(seconds);
        if now.saturating_sub(expected) <= MAX_CLOCK_JUMP {
            self.detected = None;
            return false;
        }
        let detected = *self.detected.get_or_insert(elapsed);
        let is_accepted = elapsed.saturating_sub(detected) >= ACCEPTED_AFTER;
        if is_accepted {
            *self = Self { clock_at_start: now.saturating_sub(seconds), detected: None, ..*self };
        }
        !is_accepted
    }
}

impl Sessions {
    /// Starts a task that deletes expired sessions every `interval`.
    #[must_use]
    pub fn sweep_every(&self, interval: Duration) -> Sweeper {
        Sweeper::start(self.clone(), interval)
    }

    /// Deletes all expired sessions in small batches, and returns the number of deleted rows. Batches that
    /// were completed before an error stay deleted.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        // Read once, so that a clock jump during the sweep deletes no more sessions.
        let now = self.now();
        let mut rows = 0;
        loop {
            let batch = self.store().delete_expired(now, now - RENEWAL_GRACE, BATCH).await?;
            rows += batch;
            metrics::counter!(SWEPT).increment(batch);
            if batch == 0 {
                return Ok(rows);
            }
            time::sleep(BATCH_PAUSE).await;
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
    async fn deletes_nothing_after_the_clock_jumped_forward() {
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

        // The clock is right: two hours have passed.
        let mut jumps = ClockJumps::watch(sessions.now());
        clock.advance(::time::Duration::hours(2));
        sweep_unless_clock_jumped(&sessions, &mut jumps).await;
        assert_eq!(rows().await, 1);
        let mut jumps = ClockJumps::watch(sessions.now());
        sweep_unless_clock_jumped(&sessions, &mut jumps).await;
        assert_eq!(rows().await, 0);
    }

    #[test]
    fn detects_a_clock_jump_until_the_clock_is_corrected() {
        let (noon, hour) = (1_795_262_400, 3_600);
        let mut jumps = ClockJumps::watch(noon);
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
    fn accepts_a_clock_that_stays_ahead_for_a_day() {
        let (noon, hour, day) = (1_795_262_400, 3_600, 24 * 3_600);
        let mut jumps = ClockJumps::watch(noon);
        let after = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        assert!(jumps.is_ahead(noon + 3 * hour, after(600)));
        assert!(jumps.is_ahead(noon + 3 * hour + day - 600, after(day)));
        assert!(!jumps.is_ahead(noon + 3 * hour + day, after(day + 600)));
        assert!(!jumps.is_ahead(noon + 4 * hour + day, after(day + hour)));
        assert!(jumps.is_ahead(noon + 9 * hour + day, after(day + hour)), "another jump");
    }
}
