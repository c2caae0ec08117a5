//! The session's cookie: how requests are read, and the headers of responses.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::{Cookie, SameSite};

use crate::{SessionConfig, id::SessionId, keys::Signature};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Presented {
    Absent,
    /// A cookie without a valid signature.
    Invalid,
    /// Several valid ids. Another host has set one of them, and the server cannot know which.
    Ambiguous,
    Id(SessionId, Signature),
}

/// Reads the session's cookie. Ignores unsigned cookies beside a signed one: a neighbouring host can set them.
/// Logs refused cookies without their value (ASVS 16.3.3).
pub(crate) fn read(headers: &HeaderMap, config: &SessionConfig) -> Presented {
    let cookies =
        headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let mut presented = Presented::Absent;
    for value in cookies.filter_map(|cookie| value_of(cookie, config.cookie_name)) {
        presented = match (presented, verify(value, config)) {
            (Presented::Absent, None) => Presented::Invalid,
            (presented, None) => presented,
            (Presented::Id(other, _), Some((id, _))) if other != id => Presented::Ambiguous,
            (Presented::Ambiguous, Some(_)) => Presented::Ambiguous,
            (_, Some((id, signature))) => Presented::Id(id, signature),
        };
    }
    let problem = match presented {
        Presented::Invalid => "not signed by us",
        Presented::Ambiguous => "several different ones",
        Presented::Absent | Presented::Id(..) => return presented,
    };
    tracing::warn!(target: "audit", event = "session_cookie_refused", cookie = config.cookie_name, problem);
    presented
}

/// Trims only spaces and tabs (RFC 6265, 5.2): a name with other white space around it is another cookie,
/// which any host can set.
fn value_of<'a>(cookie: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let equals = cookie.iter().position(|byte| *byte == b'=')?;
    (trim(&cookie[..equals]) == name.as_bytes()).then(|| trim(&cookie[equals + 1..]))
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn verify(value: &[u8], config: &SessionConfig) -> Option<(SessionId, Signature)> {
    let value = std::str::from_utf8(value).ok()?;
    let (text, signature) = config.keys.verify(&Cookie::new(config.cookie_name, value))?;
    Some((SessionId::parse(&text)?, signature))
}

/// The header that sets the cookie. Without a `max_age`, the browser deletes it when it closes.
pub(crate) fn set(config: &SessionConfig, id: SessionId, max_age: Option<Duration>) -> Option<HeaderValue> {
    let mut cookie = attributes(config, id.expose());
    cookie.set_max_age(max_age);
    header(&config.keys.sign(cookie))
}

/// The size of the cookie's name and value, in bytes.
pub(crate) fn size(config: &SessionConfig, id: SessionId) -> usize {
    let cookie = config.keys.sign(attributes(config, id.expose()));
    cookie.name().len() + "=".len() + cookie.value().len()
}

/// The header that removes the cookie. Browsers require all attributes for `__Host-` names.
pub(crate) fn remove(config: &SessionConfig) -> Option<HeaderValue> {
    let mut cookie = attributes(config, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
    header(&cookie)
}

/// With `SameSite=Strict`, a link from another site would arrive without the cookie, and a page that writes
/// would replace the session.
fn attributes(config: &SessionConfig, value: String) -> Cookie<'static> {
    Cookie::build((config.cookie_name, value))
        .path("/")
        .secure(config.secure)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build()
}

fn header(cookie: &Cookie<'_>) -> Option<HeaderValue> {
    // Base64 and cookie names are ASCII (RFC 6265, 4.1.1).
    HeaderValue::from_str(&cookie.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{SigningKeys, keys::Signature};

    fn config() -> SessionConfig {
        SessionConfig::new(SigningKeys::parse(&SigningKeys::generate()).unwrap())
    }

    fn presented(config: &SessionConfig, lines: &[Vec<u8>]) -> Presented {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        read(&headers, config)
    }

    fn pair(config: &SessionConfig, id: SessionId) -> Vec<u8> {
        let header = set(config, id, None).unwrap();
        header.as_bytes().split(|byte| *byte == b';').next().unwrap().to_vec()
    }

    fn joined(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        vec![pieces.join(&b"; "[..])]
    }

    /// Security: 3.3.1
    #[test]
    fn ignores_cookie_names_with_other_white_space() {
        let config = config();
        let [ours, theirs] = [SessionId::random(), SessionId::random()];
        let found = Presented::Id(ours, Signature::Current);
        for space in ["\u{2000}", "\u{85}", "\u{a0}", "\u{3000}", "\u{feff}", "\u{b}"] {
            let planted = [space.as_bytes(), &pair(&config, theirs)].concat();
            let after = pair(&config, theirs);
            let (name, rest) = after.split_at(config.cookie_name.len());
            for planted in [planted, [name, space.as_bytes(), rest].concat()] {
                if planted.iter().any(u8::is_ascii_control) {
                    continue;
                }
                assert_eq!(
                    presented(&config, std::slice::from_ref(&planted)),
                    Presented::Absent,
                    "{space:?}"
                );
                assert_eq!(
                    presented(&config, &joined(&[&planted, &pair(&config, ours)])),
                    found,
                    "{space:?}"
                );
            }
        }
        let spaced = [b"\t ", &pair(&config, ours)[..], b" \t"].concat();
        assert_eq!(presented(&config, &[spaced]), found);
    }

    /// Security: 3.3.1
    #[test]
    fn adopts_none_of_several_valid_ids() {
        let config = config();
        let [one, other] = [SessionId::random(), SessionId::random()].map(|id| pair(&config, id));
        assert_eq!(presented(&config, &joined(&[&one, &other])), Presented::Ambiguous);
        assert_eq!(presented(&config, &joined(&[&one, &other, &one])), Presented::Ambiguous);
        assert_eq!(presented(&config, &[one.clone(), other]), Presented::Ambiguous);
        assert!(matches!(presented(&config, &joined(&[&one, &one])), Presented::Id(..)));
    }

    /// Security: tampered cookies
    #[test]
    fn a_cookie_that_is_not_utf_8_is_invalid() {
        let config = config();
        let forged = [config.cookie_name.as_bytes(), b"=\xff\xfe"].concat();
        assert_eq!(presented(&config, std::slice::from_ref(&forged)), Presented::Invalid);
        let id = SessionId::random();
        let found = presented(&config, &joined(&[&forged, &pair(&config, id)]));
        assert_eq!(found, Presented::Id(id, Signature::Current));
    }

    /// A `Cookie` header of any bytes except control characters.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let bytes = || {
            prop::collection::vec(
                (b' '..=0xff).prop_filter("a control character", |byte| *byte != 0x7f),
                0..50,
            )
        };
        let name = prop_oneof![Just(config().cookie_name.to_owned()), "[a-z_-]{0,6}"];
        let piece = (name, bytes()).prop_map(|(name, value)| [name.as_bytes(), b"=", &value].concat());
        let pieces = prop::collection::vec(prop_oneof![piece, bytes()], 0..5);
        pieces.prop_map(|pieces| pieces.join(&b"; "[..]))
    }

    proptest! {
        #[test]
        fn accepts_no_id_without_a_valid_signature(lines in prop::collection::vec(line(), 0..4)) {
            prop_assert!(!matches!(presented(&config(), &lines), Presented::Id(..)));
        }

        #[test]
        fn finds_the_signed_cookie_among_any_others(lines in prop::collection::vec(line(), 0..4), place: prop::sample::Index) {
            let (config, id) = (config(), SessionId::random());
            let mut lines = lines;
            lines.insert(place.index(lines.len() + 1), pair(&config, id));
            prop_assert_eq!(presented(&config, &lines), Presented::Id(id, Signature::Current));
        }
    }
}
