//! The counter in the session.

use session::SessionValue;

use super::Visits;

impl SessionValue for Visits {
    const KEY: &'static str = "visits";
}
