//! Parsing of the `Cookie` header, and tampering with values.

use super::{
    model::{MARK, SIGNED},
    received::split,
};

/// The suffix of a value that was tampered with.
const CHANGED: &str = "-changed";

/// The name and the text of each cookie in a `Cookie` header with any bytes (RFC 6265, 5.4).
pub(super) fn pairs(header: &[u8]) -> impl Iterator<Item = (String, String)> {
    let pieces = header.split(|byte| *byte == b';').map(trimmed);
    pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        // Browsers send a cookie without a name as its text only.
        let (name, text) = match piece.iter().position(|byte| *byte == b'=') {
            Some(end) => (&piece[..end], &piece[end + 1..]),
            None => (b"".as_slice(), piece),
        };
        // Bytes that are not UTF-8 become U+FFFD, which no name here contains.
        let read = |bytes| String::from_utf8_lossy(trimmed(bytes)).into_owned();
        (read(name), read(text))
    })
}

/// The bytes without spaces and tabs around them (RFC 6265, 5.2). Other white space is part of a name: without it, the name could be that of
/// another cookie.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let is_content = |byte: &u8| !matches!(byte, b' ' | b'\t');
    match (bytes.iter().position(is_content), bytes.iter().rposition(is_content)) {
        (Some(start), Some(end)) => &bytes[start..=end],
        _ => &[],
    }
}

/// The text with a changed value and the same signature. Doing it twice restores the value.
pub(super) fn tampered(text: &str) -> String {
    let change =
        |value: &str| value.strip_suffix(CHANGED).map_or_else(|| format!("{value}{CHANGED}"), str::to_owned);
    let (mark, text) = text.strip_prefix(MARK).map_or(("", text), |text| (MARK, text));
    match text.strip_prefix(SIGNED).map(split) {
        None => format!("{mark}{}", change(text)),
        Some((value, None)) => format!("{mark}{SIGNED}{}", change(value)),
        Some((value, Some(signature))) => format!("{mark}{SIGNED}{}.{signature}", change(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_with_any_bytes_is_parsed() {
        let header = b" a=1;b = 2 ; ;c;=d;e==f;\xff=\xfe<b>;; g=\"h i\"";
        let expected = [
            ("a", "1"),
            ("b", "2"),
            ("", "c"),
            ("", "d"),
            ("e", "=f"),
            ("\u{fffd}", "\u{fffd}<b>"),
            ("g", "\"h i\""),
        ];
        let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(pairs(header).collect::<Vec<_>>(), expected);
        assert_eq!(pairs(b"").count(), 0);
    }

    #[test]
    fn only_spaces_and_tabs_are_trimmed() {
        for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}", "\u{b}", "\u{c}", "\u{1c}"] {
            let header = format!("\t {space}fruit{space} \t=plum");
            let expected = (format!("{space}fruit{space}"), "plum".to_owned());
            assert_eq!(pairs(header.as_bytes()).collect::<Vec<_>>(), [expected]);
        }
        let not_utf8 = pairs(b"\xa0fruit=plum; fru\xffit=plum").map(|(name, _)| name);
        assert_eq!(not_utf8.collect::<Vec<_>>(), ["\u{fffd}fruit", "fru\u{fffd}it"]);
    }

    #[test]
    fn tampering_twice_restores_the_value() {
        for (text, changed) in [
            ("plum", "plum-changed"),
            ("", "-changed"),
            ("s:plum.signature", "s:plum-changed.signature"),
            ("s:plum", "s:plum-changed"),
            ("s:1.5.signature", "s:1.5-changed.signature"),
            ("lab:plum", "lab:plum-changed"),
            ("lab:s:plum.signature", "lab:s:plum-changed.signature"),
        ] {
            assert_eq!(tampered(text), changed);
            assert_eq!(tampered(changed), text);
        }
    }
}
