//! Deletes what is over, in the background.

use std::time::Duration;

use tokio::{sync::oneshot, task::JoinHandle, time};

use crate::{SessionError, Sessions, measures::SWEPT, state::LATE_SECONDS};

/// Rows in one statement: it holds the writer for a millisecond or two.
const BATCH: i64 = 100;

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
            let mut ticks = time::interval(interval);
            ticks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = ticks.tick() => {}
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
