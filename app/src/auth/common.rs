//! The most common passwords (ASVS 6.2.4): the 5,000 most frequent ones in leaked lists with eight characters or more, in lower case.

use std::{collections::HashSet, sync::LazyLock};

pub(super) const LIST: &str = include_str!("common_passwords.txt");

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether a password in lower case is one of the most common ones.
#[must_use]
pub fn is_common(password: &str) -> bool {
    COMMON.contains(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::NewPassword;

    /// Security: 6.2.4
    #[test]
    fn the_list_contains_common_passwords() {
        assert!(is_common("password1") && is_common("1234567890") && !is_common("keep-it-in-the-satchel"));
        assert!(COMMON.len() >= 3_000, "ASVS 6.2.4");
    }

    #[test]
    fn every_line_follows_the_other_rules() {
        for line in LIST.lines() {
            assert_eq!(line, line.to_lowercase());
            assert!(line.chars().count() >= NewPassword::MIN_CHARS as usize, "{line}");
        }
    }
}
