use axum::body::Body as HttpBody;
use http::{HeaderValue, Request};

use super::*;
use crate::text::{CUSTOMER_TYPES, PRIMARY_USES};
use crate::{limits::Limits, load::Load};

fn object(body: &str) -> Object<'_> {
    Object::of(body).unwrap()
}

#[test]
fn fields_are_read_by_name() {
    let mut object = object(
        r#"{"text": "a\u00e9", "number": 44, "line": "2a", "yes": "true", "no": false,
            "type": "company", "uses": ["fee", "float"], "image": "iVBORw", "inner": {"a": "b"}}"#,
    );

    assert_eq!(object.text("text").as_deref(), Some("aé"));
    assert_eq!(object.text_or_integer("number").as_deref(), Some("44"));
    assert_eq!(object.text_or_integer("line").as_deref(), Some("2a"));
    assert_eq!(object.boolean("yes"), Some(true));
    assert_eq!(object.boolean("no"), Some(false));
    assert_eq!(object.choice("type", &CUSTOMER_TYPES), 2);
    assert_eq!(object.choices("uses", &PRIMARY_USES), [6, 5]);
    assert_eq!(object.base64("image").unwrap(), b"\x89PNG");
    assert_eq!(object.object("inner", |inner| inner.text("a")).flatten().as_deref(), Some("b"));
    assert!(object.finish().is_empty());
}

#[test]
fn null_and_the_empty_text_are_absent() {
    let mut object = object(
        r#"{"a": null, "b": "", "c": null, "d": "", "e": null, "f": "", "g": null, "h": "",
            "i": "", "j": " \n", "k": " ", "l": " "}"#,
    );

    assert_eq!((object.text("a"), object.text("b")), (None, None));
    assert_eq!((object.text("j"), object.text_or_integer("k")), (None, None));
    assert_eq!(object.verbatim("l").as_deref(), Some(" "));
    assert_eq!((object.boolean("c"), object.boolean("d")), (None, None));
    assert_eq!((object.amount("e"), object.amount("f")), (None, None));
    assert!(object.object("g", |_| ()).is_none() && object.object("i", |_| ()).is_none());
    assert_eq!(object.choice("h", &CUSTOMER_TYPES), 0);
    assert!(object.finish().is_empty());
}

#[test]
fn every_wrong_repeated_and_unknown_field_is_named() {
    let mut object = object(
        r#"{"a": 1, "b": "yes", "c": 5, "d": [1], "e": "x", "f": ["fee", "fun"], "g": {"city": 7,
            "zip": "1", "city": "x"}, "h": "£", "twice": "1", "twice": "2", "oops": 1, "i": 1.5,
            "j": "\ud800", "k": true}"#,
    );

    assert_eq!(object.text("a"), None);
    assert_eq!(object.boolean("b"), None);
    assert_eq!(object.object("c", |_| ()), None);
    assert_eq!(object.choices("d", &PRIMARY_USES), [] as [i32; 0]);
    assert_eq!(object.choice("e", &CUSTOMER_TYPES), 0);
    assert_eq!(object.choices("f", &PRIMARY_USES), [] as [i32; 0]);
    assert_eq!(object.object("g", |inner| inner.text("city")), Some(None));
    assert_eq!(object.base64("h"), None);
    assert_eq!(object.text_or_integer("i"), None);
    assert_eq!(object.text("j"), None);
    assert_eq!(object.amount("k"), None);
    object.text("twice");

    let names = object.finish().names();
    let expected =
        ["twice", "a", "b", "c", "d", "e", "f", "g.city", "g.zip", "h", "i", "j", "k", "oops"];
    assert_eq!(names, expected);
}

#[test]
fn texts_are_read_whatever_their_names_are() {
    let mut object = object(
        r#"{"good": {"a": "1", "b c": " ", "none": null, "empty": ""}, "absent": "", "list": [],
            "bad": {"a": 1, "b": "2", "b": "3", "c": {}, "d": "4"}}"#,
    );
    let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());

    assert_eq!(object.texts("good"), [pair("a", "1"), pair("b c", " ")].into());
    assert!(object.texts("absent").is_empty() && object.texts("missing").is_empty());
    assert!(object.texts("list").is_empty());
    assert_eq!(object.texts("bad"), [pair("b", "2"), pair("d", "4")].into());
    assert_eq!(object.finish().names(), ["list", "bad.b", "bad.a", "bad.c"]);
}

#[test]
fn an_amount_keeps_every_digit_it_was_sent_with() {
    for (written, read) in [
        ("200", "200"),
        ("200.00", "200.00"),
        ("0.1", "0.1"),
        ("99999999999999999999.99", "99999999999999999999.99"),
        ("1e3", "1e3"),
        ("-5", "-5"),
        (r#""200.00""#, "200.00"),
        (r#"" 5""#, " 5"),
    ] {
        let body = format!(r#"{{"amount": {written} }}"#);
        assert_eq!(object(&body).amount("amount").as_deref(), Some(read));
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for body in ["{", "[]", "null", "\"a\"", "{} {}", "{\"a\": 01}", "{'a': 1}", " ", "\u{feff}{}"]
    {
        let failure = Object::of(body).unwrap_err();
        assert_eq!(failure.code(), "INVALID_JSON", "{body}");
    }
    assert!(Object::of("").unwrap().finish().is_empty());
}

#[test]
fn depth_is_no_danger() {
    let deep = format!(r#"{{"a": {}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));

    assert!(Object::of(&deep).is_err());
}

#[test]
fn an_object_of_countless_fields_is_refused() {
    for name in ["\"a\":0", "\"a#\":0"] {
        let fields: Vec<_> = (0..1001).map(|at| name.replace('#', &at.to_string())).collect();
        assert!(Object::of(&format!("{{{}}}", fields.join(","))).is_err());
    }
}

#[test]
fn an_idempotency_key_is_one_visible_word() {
    let key = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_str(value).unwrap());
        }
        let mut bad = Violations::default();
        (key(&headers, &mut bad), bad.names())
    };
    let (long, too_long) = ("k".repeat(255), "k".repeat(256));

    assert_eq!(key(&[]), (String::new(), vec![]));
    assert_eq!(key(&["k-1"]), ("k-1".to_owned(), vec![]));
    assert_eq!(key(&[&long]), (long.clone(), vec![]));
    for bad in [&["a b"][..], &[""], &[&too_long], &["é"], &["a", "a"]] {
        assert_eq!(key(bad), (String::new(), vec!["Idempotency-Key".to_owned()]), "{bad:?}");
    }
}

#[test]
fn only_json_without_a_coding_is_taken() {
    let taken = |media: &str, coding: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(media).unwrap());
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
        }
        is_json(&headers)
    };

    assert!(taken("application/json", None));
    assert!(taken("Application/JSON; charset=utf-8", Some("identity")));
    assert!(!taken("application/json", Some("gzip")));
    assert!(!taken("text/json", None));
    assert!(!taken("application/jsonx", None));
    assert!(!is_json(&HeaderMap::new()));
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    let read = async |bytes: usize| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let gate = Load::new(&Limits::default()).gate("/", false);
        read(&headers, HttpBody::from(vec![b' '; bytes]), 10, &gate).await.map(|bytes| bytes.len())
    };

    assert_eq!(read(0).await.unwrap(), 0);
    assert_eq!(read(10).await.unwrap(), 10);
    assert_eq!(read(11).await.unwrap_err().code(), "PAYLOAD_TOO_LARGE");
}

#[test]
fn requests_are_the_same_when_method_path_and_body_are() {
    let hash = |method: &str, path: &str, body: &[u8]| {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        hash(&request.into_parts().0, body)
    };
    let first = hash("POST", "/a", b"{}");

    assert_eq!(first.len(), 64);
    assert_eq!(first, hash("POST", "/a", b"{}"));
    for other in [hash("PUT", "/a", b"{}"), hash("POST", "/b", b"{}"), hash("POST", "/a", b"{ }")] {
        assert_ne!(first, other);
    }
}
