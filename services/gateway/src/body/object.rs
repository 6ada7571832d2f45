//! One JSON object, read field by field.

use std::collections::HashMap;

use prost_types::Timestamp;
use serde_json::value::RawValue;

use super::{depth, image, members::Members};
use crate::{
    clock,
    failure::{Failure, Violations},
    text::Words,
};

#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;

/// The fields that have not been read yet, and what was wrong with those that have. A bad field is as
/// if it were absent; so are `null`, the empty text and one of white space.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    /// What the names of the fields begin with: "address.".
    prefix: String,
    fields: Vec<(String, &'a RawValue)>,
    bad: Violations,
    #[cfg(test)]
    asked: Vec<String>,
}

impl<'a> Object<'a> {
    /// The object that a body is; a body that is not there has no fields.
    pub(crate) fn of(body: &'a str) -> Result<Self, Failure> {
        let none = Members { fields: Vec::new(), repeated: Vec::new() };
        if body.is_empty() {
            return Ok(Self::new(String::new(), none));
        }
        if depth::is_over(body) {
            let most = depth::MOST;
            return Err(Failure::not_json(format!("The body is nested more than {most} deep")));
        }
        let value: &RawValue = serde_json::from_str(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::not_json(format!("The body is not JSON: line {line}, column {column}"))
        })?;
        if !value.get().starts_with('{') {
            return Err(Failure::not_json("The body must be a JSON object"));
        }
        let members = serde_json::from_str(value.get()).map_err(|_| {
            Failure::not_json("The body has too many fields, or a name that is no text")
        })?;
        Ok(Self::new(String::new(), members))
    }

    fn new(prefix: String, members: Members<'a>) -> Self {
        let mut object = Self {
            prefix,
            fields: members.fields,
            bad: Violations::default(),
            #[cfg(test)]
            asked: Vec::new(),
        };
        for name in members.repeated {
            object.wrong(&name, "must not be repeated");
        }
        object
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.verbatim(name).filter(|text| !is_blank(text))
    }

    /// A text of which white space is a part like any other.
    pub(crate) fn verbatim(&mut self, name: &str) -> Option<String> {
        let text = self.read(name, "must be a text", |raw| serde_json::from_str(raw).ok());
        text.filter(|text: &String| !text.is_empty())
    }

    /// A text, or a whole number as one.
    pub(crate) fn text_or_integer(&mut self, name: &str) -> Option<String> {
        let text = self.read(name, "must be a text or a whole number", |raw| {
            let is_whole = raw.bytes().all(|byte| byte.is_ascii_digit());
            if is_whole { Some(raw.to_owned()) } else { serde_json::from_str(raw).ok() }
        });
        text.filter(|text: &String| !is_blank(text))
    }

    /// An amount as it is written, in a text or as a number: digit by digit, never through a float.
    pub(crate) fn amount(&mut self, name: &str) -> Option<String> {
        let text = self.read(name, "must be a decimal number, as text or number", |raw| {
            let is_number = raw.starts_with(|first: char| first == '-' || first.is_ascii_digit());
            if is_number { Some(raw.to_owned()) } else { serde_json::from_str(raw).ok() }
        });
        text.filter(|text: &String| !is_blank(text))
    }

    /// A list of texts.
    pub(crate) fn list(&mut self, name: &str) -> Option<Vec<String>> {
        self.read(name, "must be a list of texts", |raw| serde_json::from_str(raw).ok())
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i32> {
        self.read(name, "must be a whole number", |raw| serde_json::from_str(raw).ok())
    }

    /// `true`, `false`, or either as a text.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        let read = |raw: &str| match raw {
            "true" | r#""true""# => Some(Some(true)),
            "false" | r#""false""# => Some(Some(false)),
            r#""""# => Some(None),
            _ => None,
        };
        self.read(name, "must be true or false", read).flatten()
    }

    /// The first moment of what is named: a second or a day.
    pub(crate) fn moment(&mut self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let moment = clock::first_moment(&text);
        if moment.is_none() {
            self.wrong(name, clock::MUST_BE);
        }
        moment.map(kit::time::timestamp)
    }

    /// A file in base64.
    pub(crate) fn base64(&mut self, name: &str) -> Option<Vec<u8>> {
        let text = self.text(name)?;
        let decoded = image::decode(&text);
        if decoded.is_none() {
            self.wrong(name, "must be base64");
        }
        decoded
    }

    /// One of some words, as the number that messages have for it; 0 when absent.
    pub(crate) fn choice<T>(&mut self, name: &str, words: &Words<T>) -> i32
    where
        T: Copy + PartialEq + Into<i32>,
    {
        let Some(text) = self.text(name) else { return 0 };
        self.chosen(name, &[text], words).first().copied().unwrap_or(0)
    }

    /// Some of some words, as the numbers that messages have for them.
    pub(crate) fn choices<T>(&mut self, name: &str, words: &Words<T>) -> Vec<i32>
    where
        T: Copy + PartialEq + Into<i32>,
    {
        let texts = self.list(name).unwrap_or_default();
        self.chosen(name, &texts, words)
    }

    /// An object inside this one.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Object<'_>) -> T,
    ) -> Option<T> {
        let read_members = |raw: &'a str| match raw {
            r#""""# => Some(None),
            raw => serde_json::from_str(raw).ok().map(Some),
        };
        let members = self.read(name, "must be an object", read_members).flatten()?;
        let mut inner = Object::new(format!("{}{name}.", self.prefix), members);
        let value = read(&mut inner);
        self.bad.append(inner.finish());
        Some(value)
    }

    /// An object of texts, whatever their names are.
    pub(crate) fn texts(&mut self, name: &str) -> HashMap<String, String> {
        let read = |inner: &mut Object<'_>| {
            let names: Vec<_> = inner.fields.iter().map(|(name, _)| name.clone()).collect();
            let pair = |name: String| inner.verbatim(&name).map(|text| (name, text));
            names.into_iter().filter_map(pair).collect()
        };
        self.object(name, read).unwrap_or_default()
    }

    /// An object whose values are each one of some words, as the numbers that messages have for them.
    pub(crate) fn choices_by_name<T>(&mut self, name: &str, words: &Words<T>) -> Vec<(String, i32)>
    where
        T: Copy + PartialEq + Into<i32>,
    {
        let read = |inner: &mut Object<'_>| {
            let names: Vec<_> = inner.fields.iter().map(|(name, _)| name.clone()).collect();
            let pair = |name: String| match inner.choice(&name, words) {
                0 => None,
                number => Some((name, number)),
            };
            names.into_iter().filter_map(pair).collect()
        };
        self.object(name, read).unwrap_or_default()
    }

    /// Everything that is wrong, with what nobody has asked for.
    pub(crate) fn finish(mut self) -> Violations {
        for (name, _) in std::mem::take(&mut self.fields) {
            self.wrong(&name, "is not a field of this request");
        }
        self.bad
    }

    /// The names of the fields that were asked for.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> &[String] {
        &self.asked
    }

    fn chosen<T>(&mut self, name: &str, texts: &[String], words: &Words<T>) -> Vec<i32>
    where
        T: Copy + PartialEq + Into<i32>,
    {
        let values: Option<Vec<i32>> =
            texts.iter().map(|text| words.value(text).map(Into::into)).collect();
        if values.is_none() {
            self.wrong(name, &words.must_be());
        }
        values.unwrap_or_default()
    }

    fn read<T>(
        &mut self,
        name: &str,
        wrong: &str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Option<T> {
        #[cfg(test)]
        self.asked.push(name.to_owned());
        let at = self.fields.iter().position(|(known, _)| known == name)?;
        let raw = self.fields.remove(at).1.get();
        if raw == "null" {
            return None;
        }
        let value = read(raw);
        if value.is_none() {
            self.wrong(name, wrong);
        }
        value
    }

    fn wrong(&mut self, name: &str, reason: &str) {
        self.bad.add(&format!("{}{name}", self.prefix), reason);
    }
}

/// Whether a text says nothing.
fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
