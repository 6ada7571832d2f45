//! Images of documents that providers are given: those that were sent in, and no others.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use proto::{
    kyc::v1::{CreateVerificationRequest, DocumentSide, IdType, Verification},
    r#type::v1::VerificationStatus as Status,
};
use serde_json::Value;

use crate::{
    documents::{JPEG, PDF, PNG, document},
    gbg::{Gbg, IMAGES, SOAP, START, Say},
    providers::{GO, ID3GLOBAL, account, outside, with_account},
    support::{Setup, idle_with, passport},
};

fn licence(customer: &str) -> CreateVerificationRequest {
    CreateVerificationRequest {
        id_type: IdType::DrivingLicense.into(),
        front: Some(document("image/jpeg", JPEG)),
        back: Some(document("image/png", PNG)),
        additional_data: Some(document("application/pdf", PDF)),
        ..passport(customer)
    }
}

async fn submit(setup: &mut Setup, request: fn(&str) -> CreateVerificationRequest) -> Verification {
    let customer = setup.person("Bloggs").await.customer_id;
    setup.create(request(&customer)).await.unwrap()
}

/// The text of an element that is there once.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once('<').unwrap().0
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).unwrap()
}

#[tokio::test]
async fn a_journey_is_given_the_images_that_were_sent_in() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(GO, outside(&gbg)).await;

    let created = submit(&mut setup, licence).await;
    setup.hasten(&created.verification_id).await;
    setup.decided(&created.verification_id).await;

    let asked: Value = serde_json::from_str(&gbg.asked(START)[0].body).unwrap();
    let documents = asked["context"]["subject"]["documents"].as_array().unwrap();
    let [given] = &documents[..] else { panic!("one document: {documents:?}") };
    assert_eq!((&given["type"], given.as_object().unwrap().len()), (&"Primary".into(), 3));
    for (side, given) in
        [(DocumentSide::Front, &given["side1Image"]), (DocumentSide::Back, &given["side2Image"])]
    {
        let kept = setup.read(&created.verification_id, side).await.unwrap().content;
        assert_eq!(decoded(given.as_str().unwrap()), kept, "{side:?}");
    }
}

#[tokio::test]
async fn id3global_is_given_the_images_before_it_is_asked_about_them() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;

    let created = submit(&mut setup, licence).await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    let uploads = gbg.asked(IMAGES);
    let given: Vec<_> =
        uploads.iter().map(|asked| decoded(element(&asked.body, "DocImage"))).collect();
    assert_eq!(given, [JPEG, PNG]);
    assert!(uploads.iter().all(|asked| element(&asked.body, "o:Username") == "joe"));
    let asked = &gbg.asked(SOAP)[0].body;
    let (_, images) = asked.split_once("<InputData><Images>").unwrap();
    assert!(images.starts_with(
        "<GlobalImage><AuthenticationID>image-1</AuthenticationID></GlobalImage>\
         <GlobalImage><AuthenticationID>image-2</AuthenticationID></GlobalImage></Images>"
    ));
}

#[tokio::test]
async fn where_no_address_takes_images_id3global_is_asked_without() {
    let gbg = Gbg::start().await;
    let mut settings = outside(&gbg);
    settings.hosts.id3global_images = None;
    let mut setup = with_account(ID3GLOBAL, settings).await;

    let created = submit(&mut setup, licence).await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    assert!(gbg.asked(IMAGES).is_empty() && !gbg.asked(SOAP)[0].body.contains("Images"));
}

#[tokio::test]
async fn a_journey_without_a_place_for_images_is_given_none() {
    let gbg = Gbg::start().await;
    let mut settings = outside(&gbg);
    settings.hosts.go_without_images = true;
    let mut setup = with_account(GO, settings).await;

    let created = submit(&mut setup, licence).await;
    setup.hasten(&created.verification_id).await;
    setup.decided(&created.verification_id).await;

    assert!(!gbg.asked(START)[0].body.contains("documents"));
}

#[tokio::test]
async fn a_file_that_is_no_image_is_not_given_as_one() {
    let gbg = Gbg::start().await;
    let pdf = |customer: &str| CreateVerificationRequest {
        front: Some(document("application/pdf", PDF)),
        ..passport(customer)
    };
    let mut go = with_account(GO, outside(&gbg)).await;
    let mut id3global = with_account(ID3GLOBAL, outside(&gbg)).await;

    let created = submit(&mut go, pdf).await;
    go.hasten(&created.verification_id).await;
    go.decided(&created.verification_id).await;
    let created = submit(&mut id3global, pdf).await;
    id3global.decided(&created.verification_id).await;

    assert!(!gbg.asked(START)[0].body.contains("documents"));
    assert!(gbg.asked(IMAGES).is_empty() && gbg.asked(SOAP).len() == 1);
}

#[tokio::test]
async fn an_image_that_is_not_taken_is_given_again() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;
    gbg.says_first(IMAGES, Say::Status(500, None));
    gbg.says_first(IMAGES, Say::Body("<html>".to_owned()));

    let created = submit(&mut setup, passport).await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!((gbg.asked(IMAGES).len(), gbg.asked(SOAP).len()), (3, 1));
}

#[tokio::test]
async fn a_provider_is_not_asked_without_an_image_that_is_lost() {
    let gbg = Gbg::start().await;
    let settings = outside(&gbg);
    let mut setup = idle_with(&settings).await;
    setup.set_provider(account(GO)).await.unwrap();
    let created = submit(&mut setup, licence).await;
    let lost = "update documents d set object_id = gen_random_uuid() where side = 'back'
        returning (select object_id from documents o where o.verification_id = d.verification_id
            and o.side = d.side)";
    let object: uuid::Uuid = sqlx::query_scalar(lost).fetch_one(&setup.pool).await.unwrap();

    setup.start_worker(settings, setup.customer_channel.clone());
    tokio::time::sleep(Duration::from_millis(400)).await;
    let asked = gbg.asked(START).len();
    sqlx::query("update documents set object_id = $1 where side = 'back'")
        .bind(object)
        .execute(&setup.pool)
        .await
        .unwrap();
    setup.hasten(&created.verification_id).await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(asked, 0);
    assert_eq!(decided.verification_status(), Status::Verified);
    let asked: Value = serde_json::from_str(&gbg.asked(START)[0].body).unwrap();
    assert!(asked["context"]["subject"]["documents"][0]["side2Image"].is_string());
}
