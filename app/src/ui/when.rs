//! A point in time.

use leptos::prelude::*;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const SHOWN: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]:[second] UTC");
const MACHINE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

fn text(seconds: i64, format: &[BorrowedFormatItem<'_>]) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(format).ok()
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
    let format = if exact { EXACT } else { SHOWN };
    let shown = move || seconds.get().and_then(|seconds| text(seconds, format));
    let machine = move || seconds.get().and_then(|seconds| text(seconds, MACHINE));
    view! { <time datetime=machine>{shown}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_for_people_and_for_machines() {
        assert_eq!(text(1_795_255_509, SHOWN).unwrap(), "21 November 2026, 10:05 UTC");
        assert_eq!(text(1_795_255_509, MACHINE).unwrap(), "2026-11-21T10:05:09Z");
        assert_eq!(text(i64::MAX, SHOWN), None);
    }
}
