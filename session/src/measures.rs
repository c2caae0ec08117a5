//! Metrics, recorded with the `metrics` crate.

pub(crate) const CREATED: &str = "session_begun_total";

/// The label `by` is `visitor` (its own browser), `owner` (another device) or `surplus` (over the limit).
/// Expired sessions are not counted, but rolled back transactions are.
pub(crate) const ENDED: &str = "session_ended_total";

pub(crate) const CONFLICTS: &str = "session_conflicts_total";

pub(crate) const LATE_WRITES: &str = "session_late_writes_total";

pub(crate) const SWEPT: &str = "session_swept_rows_total";

/// The names and descriptions of all metrics.
pub const MEASURES: [(&str, &str); 5] = [
    (CREATED, "Sessions that have begun."),
    (ENDED, "Sessions that were ended by their visitor, their owner or the limit of sessions."),
    (CONFLICTS, "Session changes that were retried because of a conflict."),
    (
        LATE_WRITES,
        "Session writes that were refused because the response had started, by a bug in a handler.",
    ),
    (SWEPT, "Rows of expired sessions that were deleted."),
];
