//! A typed value in the session: the key it is kept under and the version of its shape.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::SessionError;

/// A type that is kept in the session, under a key of its own.
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
///     // Version 1 was one text.
///     fn migrate(version: u16, stored: serde_json::Value) -> Option<Self> {
///         let (first, last) = stored.as_str().filter(|_| version == 1)?.split_once(' ')?;
///         Some(Self { first: first.into(), last: last.into() })
///     }
/// }
/// ```
pub trait SessionValue: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The key; no two types of one app share it.
    const KEY: &'static str;

    /// The version of the shape. Raise it when old values no longer decode, and write [`migrate`](Self::migrate).
    const VERSION: u16 = 1;

    /// Turns a value that an older `version` of the app stored into today's shape; `None` drops it.
    #[must_use]
    fn migrate(version: u16, stored: Value) -> Option<Self> {
        let _ = (version, stored);
        None
    }
}

/// How a value lies in the store.
#[derive(Serialize)]
struct Envelope<V> {
    #[serde(rename = "v")]
    version: u16,
    #[serde(rename = "d")]
    data: V,
}

impl<'a> Envelope<&'a Value> {
    /// What lies in the store, as it lies there: values are read far more often than they change.
    fn parse(stored: &'a Value) -> Option<Self> {
        let version = u16::try_from(stored.get("v")?.as_u64()?).ok()?;
        Some(Self { version, data: stored.get("d")? })
    }
}

/// Encodes a value with its version.
pub(crate) fn encode<T: SessionValue>(value: &T) -> Result<Value, SessionError> {
    serde_json::to_value(Envelope { version: T::VERSION, data: value })
        .map_err(|source| SessionError::Encode { key: T::KEY, source })
}

/// A stored value without what we have put around it.
pub(crate) fn data(stored: &Value) -> Value {
    Envelope::parse(stored).map_or(stored, |envelope| envelope.data).clone()
}

/// What `data` takes in memory, in bytes, roughly: many times its JSON where that is a list of small numbers.
pub(crate) fn memory(data: &Map<String, Value>) -> usize {
    fn of(value: &Value) -> usize {
        size_of::<Value>()
            + match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(fields) => memory(fields),
                _ => 0,
            }
    }
    data.iter().map(|(key, value)| size_of::<String>() + key.len() + of(value)).sum()
}

/// What `stored` takes as JSON, in bytes.
pub(crate) fn size<T: Serialize + ?Sized>(stored: &T) -> usize {
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
    // Neither a counter nor JSON in memory fails.
    let _ = serde_json::to_writer(&mut counter, stored);
    counter.0
}

/// Decodes a stored value. One that does not decode is dropped alone, with a log line that holds no part of it.
pub(crate) fn decode<T: SessionValue>(stored: &Value) -> Option<T> {
    let decoded = Envelope::<&Value>::parse(stored).and_then(|Envelope { version, data }| {
        if version == T::VERSION { T::deserialize(data).ok() } else { T::migrate(version, data.clone()) }
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
    use serde::Deserialize;
    use serde_json::json;

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
    fn a_value_comes_back_as_it_was() {
        let name = Name { first: "Ada".into() };
        assert_eq!(decode::<Name>(&encode(&name).unwrap()), Some(name));
    }

    #[test]
    fn an_older_version_is_migrated() {
        assert_eq!(decode::<Name>(&json!({ "v": 1, "d": "Ada" })), Some(Name { first: "Ada".into() }));
    }

    #[test]
    fn a_value_that_does_not_decode_is_dropped() {
        for stored in [json!({ "v": 2, "d": 7 }), json!({ "v": 9, "d": "Ada" }), json!("Ada"), json!(null)] {
            assert_eq!(decode::<Name>(&stored), None);
        }
    }

    #[test]
    fn a_list_of_small_numbers_takes_many_times_its_json() {
        let Value::Object(data) = json!({ "list": vec![0; 1_000] }) else { unreachable!() };
        assert!(memory(&data) >= 1_000 * size_of::<Value>() && memory(&data) > 10 * size(&data));
    }

    proptest! {
        /// Whatever stands in the store: it is a value, or it is dropped.
        #[test]
        fn any_stored_value_is_decoded_or_dropped(
            version in prop_oneof![(0..4_u64).prop_map(Value::from), any::<u64>().prop_map(Value::from), any::<String>().prop_map(Value::from)],
            data in prop_oneof![any::<String>().prop_map(Value::from), any::<String>().prop_map(|first| json!({ "first": first })), Just(Value::Null)],
            bare: bool,
        ) {
            let stored = if bare { data.clone() } else { json!({ "v": version.clone(), "d": data.clone() }) };
            let fine = !bare && version == json!(2) && data.get("first").is_some();
            match decode::<Name>(&stored) {
                Some(name) if fine => prop_assert_eq!(encode(&name).unwrap(), stored),
                decoded => prop_assert!(!fine && (decoded.is_none() || version == json!(1))),
            }
        }
    }
}
