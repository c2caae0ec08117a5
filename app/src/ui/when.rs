//! A point in time.

use leptos::prelude::*;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use crate::language::LANGUAGE;

/// As HTML wants it (HTML, 2.3.5.11), and every machine.
const MACHINE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

fn for_machines(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(MACHINE).ok()
}

/// A point in time, given in seconds since 1970, for people and for machines. In UTC, so that server and browser agree.
#[component]
pub fn When(
    /// The time; nothing is shown without one.
    #[prop(into)]
    seconds: Signal<Option<i64>>,
    /// Whether seconds are shown.
    #[prop(optional)]
    exact: bool,
) -> impl IntoView {
    let shown = move || seconds.get().and_then(|seconds| LANGUAGE.time(seconds, exact));
    let machine = move || seconds.get().and_then(for_machines);
    view! { <time datetime=machine>{shown}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_for_machines() {
        assert_eq!(for_machines(1_795_255_509).unwrap(), "2026-11-21T10:05:09Z");
        assert_eq!(for_machines(i64::MAX), None);
    }
}
