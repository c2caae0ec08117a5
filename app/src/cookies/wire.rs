//! Cookies as they travel: how a header is read, and how a text is changed behind the server's back.

use super::{
    model::{MARK, SIGNED},
    received::split,
};

/// Ends a value that was tampered with.
const CHANGED: &str = "-changed";

/// The name and the text of each cookie in a `Cookie` header, whatever its bytes (RFC 6265, 5.4).
pub(super) fn pairs(header: &[u8]) -> impl Iterator<Item = (String, String)> {
    let pieces = header.split(|byte| *byte == b';').map(trimmed);
    pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        // Browsers send a cookie without a name as its text alone.
        let (name, text) = match piece.iter().position(|byte| *byte == b'=') {
            Some(end) => (&piece[..end], &piece[end + 1..]),
            None => (b"".as_slice(), piece),
        };
        // Bytes that are not UTF-8 become U+FFFD, which no name that can be set here has.
        let read = |bytes| String::from_utf8_lossy(trimmed(bytes)).into_owned();
        (read(name), read(text))
    })
}

/// The bytes without spaces and tabs around them, as browsers store a name (RFC 6265, 5.2). Any other white space is part of the name,
/// which without it could be that of another cookie.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let is_kept = |byte: &u8| !matches!(byte, b' ' | b'\t');
    match (bytes.iter().position(is_kept), bytes.iter().rposition(is_kept)) {
        (Some(start), Some(end)) => &bytes[start..=end],
        _ => &[],
    }
}

/// The text with another value in it, and the signature as it was. Done twice, the first value is back.
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
    fn a_header_is_read_whatever_its_bytes() {
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
    fn white_space_is_part_of_a_name_unless_it_is_spaces_and_tabs_around_it() {
        for space in ["\u{85}", "\u{a0}", "\u{2000}", "\u{3000}", "\u{b}", "\u{c}", "\u{1c}"] {
            let header = format!("\t {space}fruit{space} \t=plum");
            let expected = (format!("{space}fruit{space}"), "plum".to_owned());
            assert_eq!(pairs(header.as_bytes()).collect::<Vec<_>>(), [expected]);
        }
        let not_utf8 = pairs(b"\xa0fruit=plum; fru\xffit=plum").map(|(name, _)| name);
        assert_eq!(not_utf8.collect::<Vec<_>>(), ["\u{fffd}fruit", "fru\u{fffd}it"]);
    }

    #[test]
    fn tampering_leaves_the_signature_and_is_undone_by_doing_it_again() {
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
