//! Images and files in a request.

use serde_json::{Value, json};
use testkit::files;

use super::{
    JPEG, PDF, authenticate, base64, customer, details, passport, passport_on, verifications,
};
use crate::{
    answers::{bad, data, refusal, send_text, with},
    stack::login,
};

/// One of each kind, in each form that it has.
const KINDS: [(&str, &[u8]); 6] = [
    ("image/jpeg", files::JPEG),
    ("image/bmp", files::BMP),
    ("image/png", files::PNG),
    ("application/pdf", files::PDF),
    ("image/tiff", files::TIFF),
    ("image/tiff", files::TIFF_BIG_ENDIAN),
];

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn an_image_is_taken_as_real_clients_write_it() {
    let client = login().await;
    let padded = base64(&[files::JPEG, b"\0"].concat());
    let bare = padded.trim_end_matches('=');
    for image in [
        padded.clone(),
        bare.to_owned(),
        format!("data:image/jpeg;base64,{padded}"),
        format!("data:image/jpeg;base64,{bare}"),
        format!(" {}\r\n{}\t\n ", &bare[..3], &bare[3..]),
    ] {
        let id = customer(&client, "Bloggs").await;
        let answer = authenticate(&client, &passport_on(&id, &image, "image/jpeg")).await;
        assert_eq!(data(&answer)["verification_status"], "pending", "{image}");
    }
}

#[tokio::test]
async fn every_kind_is_taken_as_itself_and_as_no_other() {
    let client = login().await;
    let lonely = customer(&client, "Bloggs").await;
    for (kind, content) in KINDS {
        for (claimed, _) in KINDS {
            let body = passport_on(&lonely, &base64(content), claimed);
            if claimed == kind {
                let id = customer(&client, "Bloggs").await;
                let body = with(body, "/customer_id", json!(id));
                data(&authenticate(&client, &body).await);
            } else {
                let answer = authenticate(&client, &body).await;
                assert_eq!(bad(&answer), ["front.image"], "{kind} as {claimed}");
            }
        }
    }
    assert_eq!(verifications(&client, &lonely).await["total"], 0);
}

#[tokio::test]
async fn what_is_no_image_is_refused_and_nothing_is_stored() {
    let client = login().await;
    let id = customer(&client, "Bloggs").await;
    for image in [
        json!(""),
        Value::Null,
        json!(" "),
        json!("="),
        json!("data:image/jpeg;base64,"),
        json!("data:image/jpeg,/9j/4AAQ"),
        json!("64BITFORMAT"),
        json!("_9j_4AAQ"),
        json!("/9j/4AAQ====="),
        json!("/9j/=4AAQ"),
        json!("https://example.com/front.jpg"),
        json!(5),
        json!([JPEG]),
        json!({"data": JPEG}),
        json!(PDF),
    ] {
        let sides = json!({"image": image, "mime_type": "image/jpeg"});
        let mut body = passport(&id);
        for side in ["front", "back", "additional_data"] {
            body[side] = sides.clone();
        }
        let answer = authenticate(&client, &body).await;
        let all = ["additional_data.image", "back.image", "front.image"];
        assert_eq!(bad(&answer), all, "{image}");
    }
    for mime_type in ["image/gif", "jpeg", "image", "image/svg+xml", "*/*"] {
        let answer = authenticate(&client, &passport_on(&id, JPEG, mime_type)).await;
        assert_eq!(bad(&answer), ["front.mime_type"], "{mime_type}");
    }

    assert_eq!(verifications(&client, &id).await["total"], 0);
    assert_eq!(details(&client, &id).await["verification_status"], "unverified");
}

#[tokio::test]
async fn four_mebibytes_decoded_are_the_most_for_each_of_three() {
    let client = login().await;
    let id = customer(&client, "Bloggs").await;
    let image = |bytes: usize| {
        let mut content = files::JPEG.to_vec();
        content.resize(bytes, 0);
        json!({"image": base64(&content), "mime_type": "image/jpeg"})
    };
    let (greatest, too_large) = (image(4 * MIB), image(4 * MIB + 1));
    let sides = |front: &Value, others: &Value| {
        let body = with(passport(&id), "/front", front.clone());
        let body = with(body, "/back", others.clone());
        with(body, "/additional_data", others.clone())
    };

    let refused = authenticate(&client, &sides(&too_large, &greatest)).await;
    assert_eq!(bad(&refused), ["front.image"]);
    let refused = authenticate(&client, &sides(&greatest, &too_large)).await;
    assert_eq!(bad(&refused), ["additional_data.image", "back.image"]);

    data(&authenticate(&client, &sides(&greatest, &greatest)).await);
}

#[tokio::test]
async fn a_back_is_required_of_all_but_passports() {
    let client = login().await;
    for id_type in ["driving_license", "driving_licence", "driving_licesce", "id_card", "passport"]
    {
        let id = customer(&client, "Bloggs").await;
        let bare = with(passport(&id), "/id_type", json!(id_type));
        let front = bare["front"].clone();
        if id_type != "passport" {
            for nothing in [Value::Null, json!("")] {
                let mut body = bare.clone();
                body["back"] = nothing;
                assert_eq!(bad(&authenticate(&client, &body).await), ["back"], "{body}");
            }
            assert_eq!(bad(&authenticate(&client, &bare).await), ["back"], "{id_type}");
        }
        let with_back = |back: Value| with(bare.clone(), "/back", back);
        let answer = authenticate(&client, &with_back(json!({}))).await;
        assert_eq!(bad(&answer), ["back.image", "back.mime_type"], "{id_type}");
        let answer = authenticate(&client, &with_back(json!(JPEG))).await;
        assert_eq!(bad(&answer), ["back"], "{id_type}");

        data(&authenticate(&client, &with_back(front)).await);
        let list = verifications(&client, &id).await;
        let told = if id_type.starts_with("driving") { "driving_license" } else { id_type };
        assert_eq!(list["list"][0]["id_type"], told);
    }
}

#[tokio::test]
async fn what_is_optional_may_be_null_or_empty() {
    let client = login().await;
    for nothing in [Value::Null, json!("")] {
        let mut body = passport(&customer(&client, "Bloggs").await);
        body["back"] = nothing.clone();
        body["additional_data"] = nothing;

        data(&authenticate(&client, &body).await);
    }
}

#[tokio::test]
async fn eighteen_mebibytes_are_the_most_for_the_whole_body() {
    let client = login().await;
    let id = customer(&client, "Bloggs").await;
    let mut body = passport(&id).to_string();
    body.push_str(&" ".repeat(18 * MIB + 1 - body.len()));

    let refused = send_text(&client, reqwest::Method::POST, super::AUTHENTICATE, &body).await;
    assert_eq!(refusal(&refused), (413, "PAYLOAD_TOO_LARGE"));

    body.pop();
    data(&send_text(&client, reqwest::Method::POST, super::AUTHENTICATE, &body).await);
}
