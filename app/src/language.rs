//! The language of the pages: what `<html lang>` says, and how dates and money are written in it. Another one for the app is another
//! [`LANGUAGE`], beside its texts.

use time::OffsetDateTime;

/// The language that the app's texts are written in.
pub const LANGUAGE: Language = Language::ENGLISH;

/// How a language writes what the app shows, after the Unicode CLDR's patterns for it (version 46).
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// Its tag (BCP 47).
    pub tag: &'static str,
    months: [&'static str; 12],
    /// What stands between a day and its month.
    after_day: &'static str,
    // <shop>
    /// Between the thousands.
    group: &'static str,
    /// Before the hundredths.
    decimal: &'static str,
    /// Whether the sign of the currency comes after the number.
    currency_last: bool,
    // </shop>
}

impl Language {
    /// English, with the day before the month.
    pub const ENGLISH: Self = Self {
        tag: "en",
        months: [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        after_day: " ",
        // <shop>
        group: ",",
        decimal: ".",
        currency_last: false,
        // </shop>
    };

    /// German.
    pub const GERMAN: Self = Self {
        tag: "de",
        months: [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        after_day: ". ",
        // <shop>
        group: ".",
        decimal: ",",
        currency_last: true,
        // </shop>
    };

    /// French.
    pub const FRENCH: Self = Self {
        tag: "fr",
        months: [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        after_day: " ",
        // <shop>
        group: "\u{202f}",
        decimal: ",",
        currency_last: true,
        // </shop>
    };

    /// A time for people, given in seconds since 1970; in UTC, so that server and browser agree. Nothing for one that no calendar has.
    #[must_use]
    pub fn time(&self, seconds: i64, with_seconds: bool) -> Option<String> {
        let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        let month = self.months.get(usize::from(u8::from(time.month())) - 1)?;
        let (day, year, hour, minute) = (time.day(), time.year(), time.hour(), time.minute());
        let second = if with_seconds { format!(":{:02}", time.second()) } else { String::new() };
        Some(format!("{day}{}{month} {year}, {hour:02}:{minute:02}{second} UTC", self.after_day))
    }

    // <shop>
    /// An amount of money, given in cents.
    #[must_use]
    pub fn money(&self, cents: i64) -> String {
        let (sign, whole) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs() / 100);
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.char_indices() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                grouped.push_str(self.group);
            }
            grouped.push(digit);
        }
        let number = format!("{grouped}{}{:02}", self.decimal, cents.unsigned_abs() % 100);
        if self.currency_last { format!("{sign}{number}\u{a0}€") } else { format!("{sign}€{number}") }
    }
    // </shop>
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_the_language_has_it() {
        for (language, written) in [
            (Language::ENGLISH, "21 November 2026, 10:05 UTC"),
            (Language::GERMAN, "21. November 2026, 10:05 UTC"),
            (Language::FRENCH, "21 novembre 2026, 10:05 UTC"),
        ] {
            assert_eq!(language.time(1_795_255_509, false).unwrap(), written);
        }
        assert_eq!(Language::ENGLISH.time(0, true).unwrap(), "1 January 1970, 00:00:00 UTC");
        assert_eq!(Language::ENGLISH.time(i64::MAX, false), None);
    }

    // <shop>
    #[test]
    fn money_is_written_as_the_language_has_it() {
        for (language, written) in [
            (Language::ENGLISH, "-€1,234,567.05"),
            (Language::GERMAN, "-1.234.567,05\u{a0}€"),
            (Language::FRENCH, "-1\u{202f}234\u{202f}567,05\u{a0}€"),
        ] {
            assert_eq!(language.money(-123_456_705), written);
        }
        assert_eq!(Language::ENGLISH.money(99_999), "€999.99");
        assert_eq!(Language::ENGLISH.money(i64::MIN), "-€92,233,720,368,547,758.08");
    }
    // </shop>
}
