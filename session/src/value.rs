//! Session values: their keys, their versions and how they are stored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::SessionError;

/// The values by key, as JSON text, because a parsed list of small objects takes 100 times the memory.
pub(crate) type Data = BTreeMap<String, Box<RawValue>>;

/// A type that is stored in the session under its own key.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use session::SessionValue;
///
/// #[derive(Default, Deserialize, Serialize)]
/// struct Name { first: String, last: String }
///
/// impl SessionValue for Name {
///     const KEY: &'static str = "name";
///     const VERSION: u16 = 2;
///
///     // Version 1 was a single string.
///     fn migrate(version: u16, stored: serde_json::Value) -> Option<Self> {
///         let (first, last) = stored.as_str().filter(|_| version == 1)?.split_once(' ')?;
///         Some(Self { first: first.into(), last: last.into() })
///     }
/// }
/// ```
pub trait SessionValue: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The key. It must be unique within the app.
    const KEY: &'static str;

    /// The version of the format. Increase it when old values no longer decode, and write
    /// [`migrate`](Self::migrate).
    const VERSION: u16 = 1;

    /// Converts a value that was stored with an older `version`. `None` drops the value.
    #[must_use]
    fn migrate(version: u16, stored: Value) -> Option<Self> {
        let _ = (version, stored);
        None
    }
}

/// A stored value with its version.
#[derive(Deserialize, Serialize)]
struct Envelope<D> {
    #[serde(rename = "v")]
    version: u16,
    #[serde(rename = "d")]
    data: D,
}

impl<'a> Envelope<&'a RawValue> {
    fn parse(stored: &'a RawValue) -> Option<Self> {
        serde_json::from_str(stored.get()).ok()
    }
}

pub(crate) fn encode<T: SessionValue>(value: &T) -> Result<Box<RawValue>, SessionError> {
    to_raw_value(&Envelope { version: T::VERSION, data: value })
        .map_err(|source| SessionError::Encode { key: T::KEY, source })
}

/// The stored value without its envelope.
pub(crate) fn payload(stored: &RawValue) -> &RawValue {
    Envelope::parse(stored).map_or(stored, |envelope| envelope.data)
}

pub(crate) fn is_current<T: SessionValue>(stored: &RawValue) -> bool {
    Envelope::parse(stored).is_some_and(|envelope| envelope.version == T::VERSION)
}

/// Decodes one value from the JSON text of a session. The others are skipped, not copied.
pub(crate) fn extract<T: SessionValue>(session: &str) -> Option<T> {
    let values: BTreeMap<String, &RawValue> = serde_json::from_str(session).ok()?;
    values.get(T::KEY).and_then(|stored| decode(stored))
}

/// The approximate memory that `data` takes, in bytes.
pub(crate) fn memory_size(data: &Data) -> usize {
    data.iter().map(|(key, stored)| 100 + key.len() + stored.get().len()).sum()
}

/// The size of `stored` as JSON, in bytes.
pub(crate) fn json_size<T: Serialize + ?Sized>(stored: &T) -> usize {
    struct Counter(usize);

    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // Writing valid JSON to a counter cannot fail.
    let _ = serde_json::to_writer(&mut counter, stored);
    counter.0
}

/// Decodes a stored value. A value that does not decode is dropped, and its key is logged.
pub(crate) fn decode<T: SessionValue>(stored: &RawValue) -> Option<T> {
    let decoded = Envelope::parse(stored).and_then(|Envelope { version, data }| {
        if version == T::VERSION {
            serde_json::from_str(data.get()).ok()
        } else {
            T::migrate(version, serde_json::from_str(data.get()).ok()?)
        }
    });
    if decoded.is_none() {
        tracing::warn!(key = T::KEY, "dropped a session value that does not decode");
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use serde_json::json;

    fn raw(value: &Value) -> Box<RawValue> {
        to_raw_value(value).unwrap()
    }

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Name {
        first: String,
    }

    impl SessionValue for Name {
        const KEY: &'static str = "name";
        const VERSION: u16 = 2;

        fn migrate(version: u16, stored: Value) -> Option<Self> {
            (version == 1).then(|| Name { first: stored.as_str().unwrap_or_default().into() })
        }
    }

    #[test]
    fn memory_size_counts_keys_texts_and_a_constant_per_entry() {
        let objects = vec![BTreeMap::from([("", 0)]); 1_000];
        let data = Data::from([("objects".to_owned(), to_raw_value(&objects).unwrap())]);
        assert_eq!(memory_size(&data), 100 + "objects".len() + 2 + 1_000 * "{\"\":0},".len() - 1);
    }

    #[test]
    fn a_value_survives_a_round_trip() {
        let name = Name { first: "Ada".into() };
        assert_eq!(decode::<Name>(&encode(&name).unwrap()), Some(name));
    }

    #[test]
    fn migrates_an_older_version() {
        assert_eq!(decode::<Name>(&raw(&json!({ "v": 1, "d": "Ada" }))), Some(Name { first: "Ada".into() }));
    }

    #[test]
    fn drops_a_value_that_does_not_decode() {
        for stored in [json!({ "v": 2, "d": 7 }), json!({ "v": 9, "d": "Ada" }), json!("Ada"), json!(null)] {
            assert_eq!(decode::<Name>(&raw(&stored)), None);
        }
    }

    #[test]
    fn extracts_one_value_from_a_session() {
        let session = r#"{"a\"":{"v":9,"d":[{"":0}]},"name":{"v":2,"d":{"first":"Ada"}}}"#;
        assert_eq!(extract::<Name>(session), Some(Name { first: "Ada".into() }));
        for session in ["{}", "", "[]", r#"{"name":7}"#, r#"{"name":{"v":2,"d":{"first":"Ada"}}"#] {
            assert_eq!(extract::<Name>(session), None, "{session}");
        }
    }

    proptest! {
        #[test]
        fn decodes_or_drops_any_stored_value(
            version in prop_oneof![(0..4_u64).prop_map(Value::from), any::<u64>().prop_map(Value::from), any::<String>().prop_map(Value::from)],
            data in prop_oneof![any::<String>().prop_map(Value::from), any::<String>().prop_map(|first| json!({ "first": first })), Just(Value::Null)],
            bare: bool,
        ) {
            let stored = if bare { data.clone() } else { json!({ "v": version.clone(), "d": data.clone() }) };
            let fine = !bare && version == json!(2) && data.get("first").is_some();
            match decode::<Name>(&raw(&stored)) {
                Some(name) if fine => prop_assert_eq!(serde_json::from_str::<Value>(encode(&name).unwrap().get()).unwrap(), stored),
                decoded => prop_assert!(!fine && (decoded.is_none() || version == json!(1))),
            }
        }
    }
}
