//! The passwords that are guessed first (ASVS 6.2.4): the 5,000 that stand most often in leaked lists and have eight characters
//! or more, in lower case.

use std::{collections::HashSet, sync::LazyLock};

pub(super) const LIST: &str = include_str!("common_passwords.txt");

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether a password, in lower case, is one of them.
#[must_use]
pub fn is_common(password: &str) -> bool {
    COMMON.contains(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::NewPassword;

    #[test]
    fn the_list_has_what_everybody_tries() {
        assert!(is_common("password1") && is_common("1234567890") && !is_common("keep-it-in-the-satchel"));
        assert!(COMMON.len() >= 3_000, "ASVS 6.2.4");
    }

    #[test]
    fn every_line_is_a_password_that_the_other_rules_would_let_through() {
        for line in LIST.lines() {
            assert_eq!(line, line.to_lowercase());
            assert!(line.chars().count() >= NewPassword::MIN_CHARS as usize, "{line}");
        }
    }
}
