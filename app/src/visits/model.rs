//! The rules of the counter.

use serde::{Deserialize, Serialize};

/// How often a visitor has opened the page.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Visits {
    /// Visits since the last reset.
    pub count: u64,
    /// The first visit, in seconds since 1970.
    pub first_at: Option<i64>,
    /// The latest visit, in seconds since 1970.
    pub last_at: Option<i64>,
}

impl Visits {
    /// Counts a visit at `now`, in seconds since 1970.
    #[must_use]
    pub fn recorded(self, now: i64) -> Self {
        Self {
            count: self.count.saturating_add(1),
            first_at: self.first_at.or(Some(now)),
            last_at: Some(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_visit_is_number_one() {
        let visits = Visits::default().recorded(100);
        assert_eq!(visits, Visits { count: 1, first_at: Some(100), last_at: Some(100) });
    }

    #[test]
    fn later_visits_keep_the_time_of_the_first() {
        let visits = Visits::default().recorded(100).recorded(250);
        assert_eq!(visits, Visits { count: 2, first_at: Some(100), last_at: Some(250) });
    }

    #[test]
    fn the_counter_does_not_overflow() {
        let visits = Visits { count: u64::MAX, ..Visits::default() };
        assert_eq!(visits.recorded(1).count, u64::MAX);
    }
}
