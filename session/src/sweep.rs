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
            let jumps = Jumps::watch(sessions.now());
            let mut ticks = time::interval(interval);
            ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = ticks.tick() => {}
                }
                if jumps.is_ahead(sessions.now(), jumps.started.elapsed()) {
                    tracing::error!(
                        "the clock has jumped forward by more than an hour, so no session is deleted: set it right, or restart the server if it is right now"
                    );
                    continue;
                }
                tokio::select! {
                    _ = &mut stopped => return,
                    swept = sessions.sweep() => match swept {
                        Ok(0) => {}
                        Ok(rows) => tracing::info!(rows, "swept sessions that are over"),
                        // The next tick tries again.
                        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "could not sweep sessions"),
                    },
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

/// Notices a clock that has jumped forward. By such a clock every session is over; as long as none is deleted, they live again once it
/// is set right.
struct Jumps {
    started: Instant,
    /// What the clock said then, in seconds since 1970.
    said: i64,
}

impl Jumps {
    fn watch(now: i64) -> Self {
        Self { started: Instant::now(), said: now }
    }

    /// Whether the clock is ahead of the time that has `elapsed` since the watch began.
    fn is_ahead(&self, now: i64, elapsed: Duration) -> bool {
        let elapsed = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        now.saturating_sub(self.said).saturating_sub(elapsed) > MOST_AHEAD
    }
}

impl Sessions {
    /// Deletes all sessions that are over, in small batches with pauses, and returns how many rows went.
    ///
    /// # Errors
    ///
    /// [`SessionError::Store`] when the store fails; what was deleted until then stays deleted.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        let mut rows = 0;
        loop {
            let now = self.now();
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
    use super::*;

    #[test]
    fn a_clock_that_has_jumped_forward_is_noticed_until_it_is_set_right() {
        let (noon, hour) = (1_795_262_400, 3_600);
        let jumps = Jumps::watch(noon);
        let after = |seconds| Duration::from_secs(seconds);
        assert!(!jumps.is_ahead(noon, after(0)));
        assert!(!jumps.is_ahead(noon + 30 * 24 * hour, after(30 * 24 * 3_600)), "a month that has passed");
        assert!(!jumps.is_ahead(noon + 300 + hour, after(300)));
        assert!(jumps.is_ahead(noon + 300 + hour + 1, after(300)));
        assert!(jumps.is_ahead(i64::MAX, after(300)));
        assert!(!jumps.is_ahead(noon + 600, after(600)), "set right");
        assert!(!jumps.is_ahead(0, after(600)), "set back");
    }
}
