//! Cookies as they travel: how a header is read, and how a text is changed behind the server's back.

use super::{model::SIGNED, received::split};

/// Ends a value that was tampered with.
const CHANGED: &str = "-changed";

/// The name and the text of each cookie in a `Cookie` header, whatever its bytes (RFC 6265, 5.4).
pub(super) fn pairs(header: &[u8]) -> impl Iterator<Item = (String, String)> {
    let pieces = header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        let piece = String::from_utf8_lossy(piece);
        // Browsers send a cookie without a name as its text alone.
        let (name, text) = piece.split_once('=').unwrap_or(("", &piece));
        (name.trim().to_owned(), text.trim().to_owned())
    })
}

/// The text with another value in it, and the signature as it was. Done twice, the first value is back.
pub(super) fn tampered(text: &str) -> String {
    let change =
        |value: &str| value.strip_suffix(CHANGED).map_or_else(|| format!("{value}{CHANGED}"), str::to_owned);
    match text.strip_prefix(SIGNED).map(split) {
        None => change(text),
        Some((value, None)) => format!("{SIGNED}{}", change(value)),
        Some((value, Some(signature))) => format!("{SIGNED}{}.{signature}", change(value)),
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
    fn tampering_leaves_the_signature_and_is_undone_by_doing_it_again() {
        for (text, changed) in [
            ("plum", "plum-changed"),
            ("", "-changed"),
            ("s:plum.signature", "s:plum-changed.signature"),
            ("s:plum", "s:plum-changed"),
            ("s:1.5.signature", "s:1.5-changed.signature"),
        ] {
            assert_eq!(tampered(text), changed);
            assert_eq!(tampered(changed), text);
        }
    }
}
