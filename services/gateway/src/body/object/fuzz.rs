//! Bodies, whatever they are: read or refused, and what is read is what stands there.

#![expect(clippy::missing_panics_doc, reason = "that a rule is broken is told by a panic")]

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::Object;
use crate::{body::image, text::CUSTOMER_TYPES};

/// A body that is an object for anybody is one here, and every text in it is read as it stands.
pub fn bodies(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let value: Option<Value> = serde_json::from_str(text).ok();
    let names: Vec<String> = match Object::of(text) {
        Ok(object) => object.fields.iter().map(|(name, _)| name.clone()).collect(),
        Err(failure) => return assert_eq!(failure.code(), "INVALID_JSON", "{text}"),
    };
    for read in READERS {
        let Ok(mut object) = Object::of(text) else { return };
        for name in &names {
            read(&mut object, name);
        }
        let violations = object.finish();
        let is_bad = !violations.is_empty();
        assert_eq!(is_bad, violations.into_result().is_err());
    }
    let Some(Value::Object(fields)) = value else { return };
    let Ok(mut object) = Object::of(text) else { return };
    let repeated = !object.bad.is_empty();
    for name in names {
        let read = object.verbatim(&name);
        let stands = fields.get(&name).and_then(Value::as_str).filter(|text| !text.is_empty());
        assert!(repeated || read.as_deref() == stands, "{name}");
    }
}

/// Every way in which a field is read.
const READERS: [fn(&mut Object<'_>, &str); 12] = [
    |object, name| drop(object.text(name)),
    |object, name| drop(object.text_or_integer(name)),
    |object, name| drop(object.amount(name)),
    |object, name| drop(object.list(name)),
    |object, name| _ = object.integer(name),
    |object, name| _ = object.boolean(name),
    |object, name| _ = object.moment(name),
    |object, name| drop(object.base64(name)),
    |object, name| _ = object.choice(name, &CUSTOMER_TYPES),
    |object, name| drop(object.choices(name, &CUSTOMER_TYPES)),
    |object, name| drop(object.texts(name)),
    |object, name| drop(object.choices_by_name(name, &CUSTOMER_TYPES)),
];

/// A file is the same after it is written in base64 again, however it was written.
pub fn base64(data: &[u8]) {
    let written = STANDARD.encode(data);
    assert_eq!(image::decode(&written).as_deref(), Some(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(file) = image::decode(text) {
        let digits = |text: &str| {
            let kept = |letter: &char| !letter.is_ascii_whitespace() && *letter != '=';
            text.chars().filter(kept).collect::<String>()
        };
        let is_url = text.trim_start().starts_with("data:");
        let encoded = if is_url { text.split_once(',').map_or("", |(_, it)| it) } else { text };
        assert_eq!(digits(encoded), digits(&STANDARD.encode(file)), "{text:?}");
    }
}
