//! A point in time.

use leptos::prelude::*;
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

type Format = &'static [BorrowedFormatItem<'static>];

/// The `datetime` attribute (HTML, 2.3.5.11).
const MACHINE: Format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const MINUTES: Format =
    format_description!("[day padding:none] [month repr:long] [year padding:none], [hour]:[minute] UTC");
const SECONDS: Format = format_description!(
    "[day padding:none] [month repr:long] [year padding:none], [hour]:[minute]:[second] UTC"
);

fn write(seconds: i64, format: Format) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(format).ok()
}

/// A point in time, given in seconds since 1970. Shown in UTC, so that server and browser agree.
#[component]
pub fn Time(
    /// Nothing is shown for `None`.
    #[prop(into)]
    seconds: Signal<Option<i64>>,
    /// Whether seconds are shown.
    #[prop(optional)]
    exact: bool,
) -> impl IntoView {
    let format = if exact { SECONDS } else { MINUTES };
    let text = move || write(seconds.get()?, format);
    let machine = move || write(seconds.get()?, MACHINE);
    view! { <time datetime=machine>{text}</time> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_for_people_and_for_machines() {
        assert_eq!(write(1_795_255_509, MINUTES).unwrap(), "21 November 2026, 10:05 UTC");
        assert_eq!(write(0, SECONDS).unwrap(), "1 January 1970, 00:00:00 UTC");
        assert_eq!(write(1_795_255_509, MACHINE).unwrap(), "2026-11-21T10:05:09Z");
        assert_eq!(write(i64::MAX, MACHINE), None);
    }
}
