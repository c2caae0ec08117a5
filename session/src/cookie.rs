//! The session's cookie: what a request presents, and what a response sends.

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::{Cookie, SameSite};

use crate::{SessionConfig, id::SessionId, keys::Signature};

/// What a request presents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Presented {
    /// No session cookie.
    Nothing,
    /// A cookie that we did not make, or that was changed on its way.
    Forged,
    /// Several different ids that we signed: another host has set one of them, and which one cannot be known.
    Ambiguous,
    /// An id that we signed.
    Id(SessionId, Signature),
}

/// Reads the session's cookie. Cookies of its name that we did not sign are passed over: a neighbouring host may have set them. What
/// was refused is logged with the target `audit` (ASVS 16.3.3), without the value, which may be an id with a typing error.
pub(crate) fn read(headers: &HeaderMap, config: &SessionConfig) -> Presented {
    let cookies =
        headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let mut presented = Presented::Nothing;
    for value in cookies.filter_map(|cookie| value_of(cookie, config.cookie_name)) {
        presented = match (presented, verified(value, config)) {
            (Presented::Nothing, None) => Presented::Forged,
            (presented, None) => presented,
            (Presented::Id(other, _), Some((id, _))) if other != id => Presented::Ambiguous,
            (Presented::Ambiguous, Some(_)) => Presented::Ambiguous,
            (_, Some((id, signature))) => Presented::Id(id, signature),
        };
    }
    let problem = match presented {
        Presented::Forged => "not signed by us",
        Presented::Ambiguous => "several different ones",
        Presented::Nothing | Presented::Id(..) => return presented,
    };
    tracing::warn!(target: "audit", event = "session_cookie_refused", cookie = config.cookie_name, problem);
    presented
}

/// The value of the cookie `name=value`. Names are compared byte by byte, and only spaces and tabs are trimmed (RFC 6265, 5.2): a name
/// with other white space around it belongs to another cookie, which browsers let any host set.
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

fn verified(value: &[u8], config: &SessionConfig) -> Option<(SessionId, Signature)> {
    let value = std::str::from_utf8(value).ok()?;
    let (text, signature) = config.keys.verify(&Cookie::new(config.cookie_name, value))?;
    Some((SessionId::parse(&text)?, signature))
}

/// The header that gives the visitor its id: until the browser closes or, when remembered, until the session ends.
pub(crate) fn set(config: &SessionConfig, id: SessionId, max_age: Option<Duration>) -> Option<HeaderValue> {
    let mut cookie = attributes(config, id.expose());
    cookie.set_max_age(max_age);
    header(&config.keys.sign(cookie))
}

/// What the cookie's name and value take, in bytes.
pub(crate) fn bytes(config: &SessionConfig, id: SessionId) -> usize {
    let cookie = config.keys.sign(attributes(config, id.expose()));
    cookie.name().len() + "=".len() + cookie.value().len()
}

/// The header that removes the cookie. Browsers ignore it for `__Host-` names unless it has the attributes of the cookie.
pub(crate) fn remove(config: &SessionConfig) -> Option<HeaderValue> {
    let mut cookie = attributes(config, String::new());
    cookie.set_max_age(Duration::ZERO);
    cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
    header(&cookie)
}

/// `SameSite=Lax`: with `Strict` a link from another site arrives without the cookie, and a page that writes the session
/// would then replace the visitor's session by a new one.
fn attributes(config: &SessionConfig, value: String) -> Cookie<'static> {
    Cookie::build((config.cookie_name, value))
        .path("/")
        .secure(config.secure)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build()
}

fn header(cookie: &Cookie<'_>) -> Option<HeaderValue> {
    // Base64 and the names are plain ASCII, which a cookie may hold as it is (RFC 6265, 4.1.1).
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

    /// The `name=value` of the cookie for an id.
    fn pair(config: &SessionConfig, id: SessionId) -> Vec<u8> {
        let header = set(config, id, None).unwrap();
        header.as_bytes().split(|byte| *byte == b';').next().unwrap().to_vec()
    }

    fn joined(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        vec![pieces.join(&b"; "[..])]
    }

    /// Security: 3.3.1
    #[test]
    fn a_name_with_other_white_space_belongs_to_another_cookie() {
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
                    Presented::Nothing,
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
    fn of_several_different_ids_none_is_adopted() {
        let config = config();
        let [one, other] = [SessionId::random(), SessionId::random()].map(|id| pair(&config, id));
        assert_eq!(presented(&config, &joined(&[&one, &other])), Presented::Ambiguous);
        assert_eq!(presented(&config, &joined(&[&one, &other, &one])), Presented::Ambiguous);
        assert_eq!(presented(&config, &[one.clone(), other]), Presented::Ambiguous);
        assert!(matches!(presented(&config, &joined(&[&one, &one])), Presented::Id(..)));
    }

    /// Security: tampered cookies
    #[test]
    fn bytes_that_are_not_utf_8_are_a_forged_cookie() {
        let config = config();
        let forged = [config.cookie_name.as_bytes(), b"=\xff\xfe"].concat();
        assert_eq!(presented(&config, std::slice::from_ref(&forged)), Presented::Forged);
        let id = SessionId::random();
        let found = presented(&config, &joined(&[&forged, &pair(&config, id)]));
        assert_eq!(found, Presented::Id(id, Signature::Current));
    }

    /// What a `Cookie` header may hold: any bytes but control characters.
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
        fn what_we_have_not_signed_is_never_an_id(lines in prop::collection::vec(line(), 0..4)) {
            prop_assert!(!matches!(presented(&config(), &lines), Presented::Id(..)));
        }

        /// Whatever a neighbouring host puts beside it.
        #[test]
        fn what_we_have_signed_is_found_among_all_others(lines in prop::collection::vec(line(), 0..4), place: prop::sample::Index) {
            let (config, id) = (config(), SessionId::random());
            let mut lines = lines;
            lines.insert(place.index(lines.len() + 1), pair(&config, id));
            prop_assert_eq!(presented(&config, &lines), Presented::Id(id, Signature::Current));
        }
    }
}
