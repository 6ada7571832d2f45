//! What an object consists of, before anything is known of its fields.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Fields of an object at most: many more than any request has.
const MOST: usize = 1000;

/// An object's fields in their order, each once; and the names that came again.
pub(super) struct Members<'a> {
    pub(super) fields: Vec<(String, &'a RawValue)>,
    pub(super) repeated: Vec<String>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members { fields: Vec::new(), repeated: Vec::new() };
                let mut names = HashSet::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if members.fields.len().saturating_add(members.repeated.len()) == MOST {
                        return Err(A::Error::custom("too many fields"));
                    }
                    if names.insert(name.clone()) {
                        members.fields.push((name, value));
                    } else {
                        members.repeated.push(name);
                    }
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}
