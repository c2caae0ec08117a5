//! Texts and bytes that often cause errors.

use fastrand::Rng;

use super::lists::TEXTS;

/// Part of texts that are a script unless they are escaped.
pub(crate) const SCRIPT: &str = "<script>fuzz";
/// Part of texts that are a header unless line breaks are refused.
pub(crate) const HEADER: &str = "x-fuzz";

/// Lengths around the documented limits.
const LENGTHS: &[usize] =
    &[7, 8, 9, 63, 64, 65, 99, 100, 101, 128, 129, 254, 255, 256, 1_000, 1_001, 2_000, 2_001, 8_192];

/// Depths around the limits of the app and of the JSON parser.
const DEPTHS: &[usize] = &[1, 31, 32, 33, 34, 124, 125, 126, 127, 128, 129, 1_000, 20_000];

/// Any text or bytes.
pub(crate) fn bytes(rng: &mut Rng) -> Vec<u8> {
    match rng.u32(..400) {
        0 => vec![b'9'; rng.usize(900_000..1_100_000)],
        1..8 => vec![b'a'; rng.usize(60_000..70_000)],
        8..60 => "\u{e4}".repeat(*rng.choice(LENGTHS).unwrap()).into_bytes(),
        60..100 => vec![rng.u8(b' '..b'~'); *rng.choice(LENGTHS).unwrap()],
        100..140 => (0..rng.usize(..40)).map(|_| rng.u8(..)).collect(),
        140..180 => (0..rng.usize(..40)).map(|_| rng.char(..)).collect::<String>().into_bytes(),
        180..220 => deep(rng).into_bytes(),
        _ => pick(rng, TEXTS).as_bytes().to_vec(),
    }
}

/// Nested lists or objects.
fn deep(rng: &mut Rng) -> String {
    let depth = *rng.choice(DEPTHS).unwrap();
    let (open, close) = if rng.bool() { ("[", "]") } else { ("{\"a\":", "}") };
    let closed = if rng.u8(..8) == 0 { depth - 1 } else { depth };
    format!("{}{}{}", open.repeat(depth), if rng.bool() { "1" } else { "[]" }, close.repeat(closed))
}

pub(crate) fn pick(rng: &mut Rng, texts: &[&'static str]) -> &'static str {
    rng.choice(texts).unwrap()
}

/// Encodes a text for a form or a query, sometimes with mistakes.
pub(crate) fn encode(rng: &mut Rng, text: &[u8]) -> Vec<u8> {
    let proper = || form_urlencoded::byte_serialize(text).collect::<String>();
    match rng.u32(..24) {
        0 => text.to_vec(),
        1 => proper().replace('%', "%25").into_bytes(),
        2 => proper().replacen('%', "%2", 1).into_bytes(),
        3 => [
            proper().as_bytes(),
            pick(rng, &["%", "%2", "%zz", "%ff%fe", "%c0%af", "%00", "%ed%a0%80", "%u0041"]).as_bytes(),
        ]
        .concat(),
        4 => text.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect(),
        _ => proper().into_bytes(),
    }
}
