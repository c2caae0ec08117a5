//! Keys for another purpose, derived from the keys that sign session cookies. They rotate together.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::{
    Hkdf,
    hmac::{Hmac, Mac, digest::KeyInit},
};
use sha2::Sha256;
use tower_sessions::cookie::Key;

/// Keys that sign strings (HMAC-SHA256) for one purpose. Created by
/// [`SigningKeys::derive`](crate::SigningKeys::derive).
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
    /// Derives one key from each signing key (HKDF-SHA256, RFC 5869, with `purpose` as its `info`).
    pub(crate) fn new(newest: &Key, older: &[Key], purpose: &str) -> Self {
        let derive = |key: &Key| derive(key.master(), purpose);
        Self { newest: derive(newest), older: older.iter().map(derive).collect() }
    }

    /// Returns `value`, a full stop and a signature that is valid under `name` only.
    #[must_use]
    pub fn sign(&self, name: &str, value: &str) -> String {
        let signature = mac(&self.newest, name, value).finalize().into_bytes();
        format!("{value}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Returns the value in `text` if one of the keys signed it under `name`.
    #[must_use]
    pub fn verify<'a>(&self, name: &str, text: &'a str) -> Option<&'a str> {
        let (value, signature) = text.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // `verify_slice` takes constant time.
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

/// The length of the name comes first, so that no other pair of name and value has the same input.
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

    fn signing_keys(keys: &[&String]) -> SigningKeys {
        SigningKeys::parse(&keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(",")).unwrap()
    }

    #[test]
    fn verifies_a_signed_text_under_its_name_only() {
        let keys = signing_keys(&[&SigningKeys::generate()]).derive("test");
        for value in ["", "value", "1.5", "a=b"] {
            let text = keys.sign("name", value);
            assert_eq!(keys.verify("name", &text), Some(value));
            assert_eq!(keys.verify("other", &text), None);
            assert_eq!(keys.verify("name", &format!("{text}A")), None);
            assert_eq!(keys.verify("name", &format!("x{text}")), None);
        }
        let text = keys.sign("ab", "c");
        assert_eq!(keys.verify("a", &format!("b{text}")), None, "the length of the name is signed, too");
        for text in ["", ".", "value", "value.", "value.!", "value.AAAA", "\u{e9}.\u{e9}"] {
            assert_eq!(keys.verify("name", text), None, "{text}");
        }
    }

    #[test]
    fn verifies_signatures_of_older_keys() {
        let (old, new) = (SigningKeys::generate(), SigningKeys::generate());
        let signed = signing_keys(&[&old]).derive("test").sign("name", "value");
        let rotated = signing_keys(&[&new, &old]).derive("test");
        assert_eq!(rotated.verify("name", &signed), Some("value"));
        let signed_again = rotated.sign("name", "value");
        assert_eq!(signing_keys(&[&new]).derive("test").verify("name", &signed_again), Some("value"));
        assert_eq!(signing_keys(&[&new]).derive("test").verify("name", &signed), None);
    }

    #[test]
    fn rejects_a_signature_for_another_purpose() {
        let keys = signing_keys(&[&SigningKeys::generate()]);
        let text = keys.derive("one").sign("name", "value");
        assert_eq!(keys.derive("two").verify("name", &text), None);
    }

    #[test]
    fn a_signed_text_is_not_valid_as_a_session_cookie() {
        let keys = signing_keys(&[&SigningKeys::generate()]);
        let id = crate::id::SessionId::random().expose();
        let session = keys.sign(Cookie::new("id", id.clone()));
        let text = keys.derive("test").sign("id", &id);
        let bytes = URL_SAFE_NO_PAD.decode(text.rsplit_once('.').unwrap().1).unwrap();
        // A session cookie has its signature first, so both orders are tried.
        for forged in [text, format!("{}{id}", STANDARD.encode(bytes))] {
            assert_ne!(forged, session.value());
            assert_eq!(keys.verify(&Cookie::new("id", forged)), None);
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_key() {
        assert_eq!(
            format!("{:?}", signing_keys(&[&SigningKeys::generate()]).derive("test")),
            "DerivedKeys { .. }"
        );
    }

    proptest! {
        #[test]
        fn verifies_signed_texts_and_no_others(
            name in "(?s).{0,20}",
            value in "(?s).{0,60}",
            text in "(?s).{0,60}|[a-z.]{0,20}\\.[A-Za-z0-9_-]{43}",
            place: prop::sample::Index,
        ) {
            let keys = signing_keys(&[&SigningKeys::generate()]).derive("test");
            let signed = keys.sign(&name, &value);
            prop_assert_eq!(keys.verify(&name, &signed), Some(value.as_str()));
            prop_assert_eq!(keys.verify(&name, &text), None);
            // Changes or removes one character.
            let (place, char) = signed.char_indices().nth(place.index(signed.chars().count())).unwrap();
            let (before, after) = (&signed[..place], &signed[place + char.len_utf8()..]);
            for changed in [format!("{before}{after}"), format!("{before}{}{after}", if char == 'A' { 'B' } else { 'A' })] {
                prop_assert_eq!(keys.verify(&name, &changed), None, "{}", changed);
            }
        }
    }
}
