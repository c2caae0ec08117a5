//! What is counted, by the `metrics` crate: whoever installs a recorder can read it.

/// Sessions that have begun.
pub(crate) const BEGUN: &str = "session_begun_total";

/// Sessions that somebody has ended; `by` is `visitor` (by itself), `owner` (from elsewhere) or `surplus` (its
/// owner had too many). What is over by its clocks is counted when it is swept, and what is undone with a transaction is counted all the same.
pub(crate) const ENDED: &str = "session_ended_total";

/// Changes that were made again because another one was faster.
pub(crate) const CONFLICTS: &str = "session_conflicts_total";

/// Writes that came after the response had begun, by `key`. Each is a defect of a handler.
pub(crate) const LATE_WRITES: &str = "session_late_writes_total";

/// Rows that were deleted because they were over.
pub(crate) const SWEPT: &str = "session_swept_rows_total";

/// The names and what they say, for a recorder that shows that too.
pub const MEASURES: [(&str, &str); 5] = [
    (BEGUN, "Sessions that have begun."),
    (ENDED, "Sessions that somebody has ended."),
    (CONFLICTS, "Changes of a session that were made again because another one was faster."),
    (LATE_WRITES, "Writes to a session that came after the response had begun: defects."),
    (SWEPT, "Rows of sessions that were deleted because they were over."),
];
