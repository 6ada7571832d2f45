//! Whether an answer has the documented fields in the documented types. Fields beyond those are
//! extensions and not looked at.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

/// A documented field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// A field of every answer.
pub(super) const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// A field that is left out where there is nothing to say.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// The status of an answer that is none of a failure.
    Success,
    /// A number without a point, not negative.
    Count,
    /// `true` or `false`, not in quotes.
    Bool,
    /// Text of this many characters.
    Text(usize, usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of any of these words.
    Words(&'static [&'static str]),
    /// This many digits, as text.
    Digits(usize),
    /// An id.
    Uuid,
    /// A number; its digits are looked at where the amount is known.
    Number,
    /// Text: pounds, a point, pence.
    Amount,
    /// Text of this shape, where `0` stands for any digit.
    Like(&'static str),
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of objects with these fields, at least one.
    List(&'static [Field]),
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => write!(f, "1"),
            Self::Count => write!(f, "a number without a point"),
            Self::Bool => write!(f, "true or false"),
            Self::Text(least, most) => write!(f, "text of {least} to {most} characters"),
            Self::Word(words) => write!(f, "one of {words:?}"),
            Self::Words(words) => write!(f, "a list of {words:?}"),
            Self::Digits(count) => write!(f, "{count} digits in quotes"),
            Self::Uuid => write!(f, "a UUID"),
            Self::Number => write!(f, "a number"),
            Self::Amount => write!(f, "an amount with two decimals in quotes"),
            Self::Like(shape) => write!(f, "of the form {shape}"),
            Self::Object(_) => write!(f, "an object"),
            Self::List(_) => write!(f, "a list with something in it"),
        }
    }
}

/// What is not as documented, each with the path of the field.
pub(super) fn deviations(fields: &[Field], answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    object(fields, answer, "", &mut found);
    found
}

fn object(fields: &[Field], value: &Value, path: &str, found: &mut Vec<String>) {
    for Field { name, kind, required } in fields {
        let path = format!("{path}{name}");
        match value.get(name) {
            Some(value) => check(*kind, value, &path, found),
            None if *required => found.push(format!("{path} is missing")),
            None => {}
        }
    }
}

fn check(kind: Kind, value: &Value, path: &str, found: &mut Vec<String>) {
    if !holds(kind, value) {
        found.push(format!("{path} is not {kind}"));
    } else if let Kind::Object(fields) = kind {
        object(fields, value, &format!("{path}."), found);
    } else if let (Kind::List(fields), Some(items)) = (kind, value.as_array()) {
        for (index, item) in items.iter().enumerate() {
            object(fields, item, &format!("{path}.{index}."), found);
        }
    }
}

fn holds(kind: Kind, value: &Value) -> bool {
    let text = value.as_str();
    match kind {
        Kind::Success => value.as_i64() == Some(1),
        Kind::Count => value.is_u64(),
        Kind::Bool => value.is_boolean(),
        Kind::Number => value.is_number(),
        Kind::Text(least, most) => {
            text.is_some_and(|text| (least..=most).contains(&text.chars().count()))
        }
        Kind::Word(words) => text.is_some_and(|text| words.contains(&text)),
        Kind::Words(words) => value.as_array().is_some_and(|list| {
            list.iter().all(|item| item.as_str().is_some_and(|text| words.contains(&text)))
        }),
        Kind::Digits(count) => text.is_some_and(|text| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        }),
        Kind::Uuid => {
            text.is_some_and(|text| text.len() == 36 && text.parse::<uuid::Uuid>().is_ok())
        }
        Kind::Amount => text.and_then(|text| text.split_once('.')).is_some_and(|(whole, pence)| {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            (1..=8).contains(&whole.len()) && pence.len() == 2 && digits(whole) && digits(pence)
        }),
        Kind::Like(shape) => text.is_some_and(|text| like(text, shape)),
        Kind::Object(_) => value.is_object(),
        Kind::List(_) => value.as_array().is_some_and(|list| !list.is_empty()),
    }
}

fn like(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, expected)| match expected {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANSWER: &[Field] = &[
        field("status", Kind::Success),
        field(
            "data",
            Kind::Object(&[
                field("id", Kind::Uuid),
                optional("region", Kind::Text(1, 3)),
                field("list", Kind::List(&[field("amount", Kind::Amount)])),
                field("created", Kind::Like("0000-00-00 00:00:00")),
            ]),
        ),
    ];

    #[test]
    fn an_answer_as_documented_has_no_deviation() {
        let answer = json!({"status": 1, "more": null, "data": {
            "id": "0198f1a0-0000-7000-8000-000000000000",
            "list": [{"amount": "200.00"}],
            "created": "2020-04-24 08:34:35",
        }});

        assert_eq!(deviations(ANSWER, &answer), Vec::<String>::new());
    }

    #[test]
    fn every_deviation_is_told_with_its_path() {
        let answer = json!({"status": "1", "data": {
            "region": "", "list": [{"amount": 200}], "created": "2020/04/24 08:34:35",
        }});

        let found = deviations(ANSWER, &answer);

        let paths: Vec<_> = found.iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(
            paths,
            ["status", "data.id", "data.region", "data.list.0.amount", "data.created"]
        );
    }
}
