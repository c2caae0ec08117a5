//! Keys for one purpose, made from the ring that signs session cookies: what they sign is never taken for a session's cookie, and
//! the ring's newest key signs and all of them verify here, too.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::{
    Hkdf,
    hmac::{Hmac, Mac, digest::KeyInit},
};
use sha2::Sha256;
use tower_sessions::cookie::Key;

/// Keys that sign texts (HMAC-SHA256) for one purpose. Made by [`SigningKeys::derive`](crate::SigningKeys::derive).
#[derive(Clone)]
pub struct DerivedKeys {
    newest: Hmac<Sha256>,
    older: Vec<Hmac<Sha256>>,
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedKeys").finish_non_exhaustive()
    }
}

impl DerivedKeys {
    /// One key out of each of the ring's (HKDF-SHA256, RFC 5869, with the purpose as its `info`).
    pub(crate) fn new(newest: &Key, older: &[Key], purpose: &str) -> Self {
        let derive = |key: &Key| derive(key.master(), purpose);
        Self { newest: derive(newest), older: older.iter().map(derive).collect() }
    }

    /// `value`, a full stop and the signature, all of which a cookie may hold if it may hold `value`. It is valid under `name` only.
    #[must_use]
    pub fn sign(&self, name: &str, value: &str) -> String {
        let signature = mac(&self.newest, name, value).finalize().into_bytes();
        format!("{value}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The value in `text`, if one of the keys has signed it under `name`.
    #[must_use]
    pub fn verify<'a>(&self, name: &str, text: &'a str) -> Option<&'a str> {
        let (value, signature) = text.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // In constant time: how much of a guess is right, nobody can measure.
        let signed_by = |key: &Hmac<Sha256>| mac(key, name, value).verify_slice(&signature).is_ok();
        (signed_by(&self.newest) || self.older.iter().any(signed_by)).then_some(value)
    }
}

#[expect(clippy::expect_used, reason = "HKDF gives up to 8,160 bytes, and this is a block of 64")]
fn derive(key: &[u8], purpose: &str) -> Hmac<Sha256> {
    let mut derived = hkdf::hmac::digest::Key::<Hmac<Sha256>>::default();
    Hkdf::<Sha256>::new(None, key)
        .expand(purpose.as_bytes(), &mut derived)
        .expect("as many bytes as HKDF gives");
    KeyInit::new(&derived)
}

/// With the name's length before it, no other name and value make the same text.
fn mac(key: &Hmac<Sha256>, name: &str, value: &str) -> Hmac<Sha256> {
    let length = u64::try_from(name.len()).unwrap_or(u64::MAX);
    key.clone().chain_update(length.to_be_bytes()).chain_update(name).chain_update(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
    };
    use tower_sessions::cookie::Cookie;

    use crate::SigningKeys;

    fn ring(keys: &[&String]) -> SigningKeys {
        SigningKeys::parse(&keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(",")).unwrap()
    }

    #[test]
    fn a_signed_text_is_read_back_under_its_name_only() {
        let keys = ring(&[&SigningKeys::generate()]).derive("test");
        for value in ["", "value", "1.5", "a=b"] {
            let text = keys.sign("name", value);
            assert_eq!(keys.verify("name", &text), Some(value));
            assert_eq!(keys.verify("other", &text), None);
            assert_eq!(keys.verify("name", &format!("{text}A")), None);
            assert_eq!(keys.verify("name", &format!("x{text}")), None);
        }
        let text = keys.sign("ab", "c");
        assert_eq!(keys.verify("a", &format!("b{text}")), None, "where the name ends is signed, too");
        for text in ["", ".", "value", "value.", "value.!", "value.AAAA", "\u{e9}.\u{e9}"] {
            assert_eq!(keys.verify("name", text), None, "{text}");
        }
    }

    #[test]
    fn each_key_of_the_ring_goes_on_verifying() {
        let (old, new) = (SigningKeys::generate(), SigningKeys::generate());
        let signed = ring(&[&old]).derive("test").sign("name", "value");
        let rotated = ring(&[&new, &old]).derive("test");
        assert_eq!(rotated.verify("name", &signed), Some("value"));
        let anew = rotated.sign("name", "value");
        assert_eq!(ring(&[&new]).derive("test").verify("name", &anew), Some("value"));
        assert_eq!(ring(&[&new]).derive("test").verify("name", &signed), None);
    }

    #[test]
    fn a_signature_for_one_purpose_is_none_for_another() {
        let ring = ring(&[&SigningKeys::generate()]);
        let text = ring.derive("one").sign("name", "value");
        assert_eq!(ring.derive("two").verify("name", &text), None);
    }

    /// The session's cookie is the signature of its value and the value, whatever the cookie is called.
    #[test]
    fn what_is_signed_is_no_session_cookie_in_whatever_order() {
        let ring = ring(&[&SigningKeys::generate()]);
        let id = crate::id::SessionId::random().expose();
        let session = ring.sign(Cookie::new("id", id.clone()));
        let text = ring.derive("test").sign("id", &id);
        let bytes = URL_SAFE_NO_PAD.decode(text.rsplit_once('.').unwrap().1).unwrap();
        for forged in [text, format!("{}{id}", STANDARD.encode(bytes))] {
            assert_ne!(forged, session.value());
            assert_eq!(ring.verify(&Cookie::new("id", forged)), None);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", ring(&[&SigningKeys::generate()]).derive("test")), "DerivedKeys { .. }");
    }

    proptest! {
        #[test]
        fn any_text_that_was_signed_is_read_back_and_any_other_is_none(
            name in "(?s).{0,20}",
            value in "(?s).{0,60}",
            text in "(?s).{0,60}|[a-z.]{0,20}\\.[A-Za-z0-9_-]{43}",
            place: prop::sample::Index,
        ) {
            let keys = ring(&[&SigningKeys::generate()]).derive("test");
            let signed = keys.sign(&name, &value);
            prop_assert_eq!(keys.verify(&name, &signed), Some(value.as_str()));
            prop_assert_eq!(keys.verify(&name, &text), None);
            // One character of it changed or left out, the signature's last one included.
            let (place, char) = signed.char_indices().nth(place.index(signed.chars().count())).unwrap();
            let (before, after) = (&signed[..place], &signed[place + char.len_utf8()..]);
            for changed in [format!("{before}{after}"), format!("{before}{}{after}", if char == 'A' { 'B' } else { 'A' })] {
                prop_assert_eq!(keys.verify(&name, &changed), None, "{}", changed);
            }
        }
    }
}
