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
    /// An id that we signed.
    Id(SessionId, Signature),
}

/// Reads the session's cookie. Of several with its name the first that we signed counts: the others were put there by
/// somebody else, such as a neighbouring host.
pub(crate) fn read(headers: &HeaderMap, config: &SessionConfig) -> Presented {
    // Piece by piece: a cookie of somebody else's may hold any bytes.
    let pieces =
        headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let cookies = pieces.filter_map(|piece| Cookie::parse(std::str::from_utf8(piece).ok()?).ok());
    let mut presented = Presented::Nothing;
    for cookie in cookies.filter(|cookie| cookie.name() == config.cookie_name) {
        let verified = config.keys.verify(&cookie);
        if let Some((id, signature)) =
            verified.and_then(|(text, signature)| Some((SessionId::parse(&text)?, signature)))
        {
            return Presented::Id(id, signature);
        }
        presented = Presented::Forged;
    }
    if presented == Presented::Forged {
        // Never the value: it may be somebody's id with a typing error.
        tracing::warn!(cookie = config.cookie_name, "refused a session cookie that is not signed by us");
    }
    presented
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
            let header = set(&config, id, None).unwrap();
            let pair = header.as_bytes().split(|byte| *byte == b';').next().unwrap().to_vec();
            let mut lines = lines;
            lines.insert(place.index(lines.len() + 1), pair);
            prop_assert_eq!(presented(&config, &lines), Presented::Id(id, Signature::Current));
        }
    }
}
