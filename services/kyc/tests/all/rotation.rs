//! Key-encryption keys that are exchanged while documents are read.

use std::fs;

use kit::{keys::Keyring, postgres::citus::Layout};
use kyc::{Settings, rotate_keys};
use proto::kyc::v1::{
    DecideVerificationRequest, Decision, DocumentSide, GetVerificationHistoryRequest,
    review_service_client::ReviewServiceClient,
};
use tonic::Code;

use crate::{
    at_rest::AtRest,
    documents::PNG,
    support::{documents_client, reader},
};

/// Keys of 32 equal bytes each.
const OLD: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn keyring(lines: &[&str]) -> Keyring {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), lines.join("\n")).unwrap();
    Keyring::from_file(file.path()).unwrap()
}

/// The same service with other keys.
async fn serve_with(at_rest: &mut AtRest, keys: Keyring) {
    let settings = Settings { keys, ..at_rest.settings.clone() };
    let (pool, customer) = (at_rest.setup.pool.clone(), at_rest.setup.customer_channel.clone());
    let channel = testkit::serve(kyc::service(&settings, pool, customer)).await;
    at_rest.setup.documents = documents_client(channel);
}

#[tokio::test]
async fn keys_rotate_while_documents_are_read_and_the_old_key_is_not_needed_any_more() {
    rotates_documents(testkit::citus::layout()).await;
}

/// While they are read.
#[expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
pub(crate) async fn rotates_documents(layout: Layout) {
    let mut at_rest = AtRest::laid_out(layout, keyring(&[OLD])).await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(at_rest.setup.verification_of("Bloggs").await.verification_id);
    }
    let objects: Vec<_> = at_rest.files().iter().map(|file| fs::read(file).unwrap()).collect();
    serve_with(&mut at_rest, keyring(&[OLD, NEW])).await;

    let (pool, store) = (at_rest.setup.pool.clone(), at_rest.settings.objects.clone());
    let rotation = rotate_keys(&pool, keyring(&[OLD, NEW]), store.clone());
    let reading = async {
        for id in ids.iter().cycle().take(40) {
            let read = at_rest.setup.read(id, DocumentSide::Front).await.unwrap();
            assert_eq!(read.content, PNG);
        }
    };
    let (rotated, ()) = tokio::join!(rotation, reading);
    let rotated = rotated.unwrap();
    let again = rotate_keys(&pool, keyring(&[OLD, NEW]), store).await.unwrap();

    assert_eq!((rotated.version, rotated.rewrapped, rotated.failed), (2, 8, 0));
    assert_eq!((again.rewrapped, again.failed), (0, 0));
    let after: Vec<_> = at_rest.files().iter().map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(after, objects);
    serve_with(&mut at_rest, keyring(&[NEW])).await;
    for id in &ids {
        assert_eq!(at_rest.setup.read(id, DocumentSide::Front).await.unwrap().content, PNG);
    }
    serve_with(&mut at_rest, keyring(&[OLD])).await;
    let too_old = at_rest.setup.read(&ids[0], DocumentSide::Front).await.unwrap_err();
    assert_eq!(too_old.code(), Code::Internal);
}

#[tokio::test]
async fn a_rotation_says_what_it_cannot_open_and_rotates_the_rest() {
    let mut at_rest = AtRest::with_keys(keyring(&[OLD])).await;
    let lost = at_rest.setup.verification_of("Bloggs").await.verification_id;
    let good = at_rest.setup.verification_of("Bloggs").await.verification_id;
    let pool = at_rest.setup.pool.clone();
    sqlx::query("update documents set wrapped_key = $1 where verification_id = $2::uuid")
        .bind(vec![0_u8; 60])
        .bind(&lost)
        .execute(&pool)
        .await
        .unwrap();

    let store = at_rest.settings.objects.clone();
    let rotated = rotate_keys(&pool, keyring(&[OLD, NEW]), store).await.unwrap();

    assert_eq!((rotated.rewrapped, rotated.failed), (1, 1));
    serve_with(&mut at_rest, keyring(&[NEW])).await;
    let tenant = reader(at_rest.setup.caller.tenant());
    let read = at_rest.setup.read_as(&tenant, &good, DocumentSide::Front).await.unwrap();
    assert_eq!(read.content, PNG);
}

#[tokio::test]
async fn notes_are_rotated_too() {
    rotates_notes(testkit::citus::layout()).await;
}

/// And documents.
#[expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
pub(crate) async fn rotates_notes(layout: Layout) {
    let mut at_rest = AtRest::laid_out(layout, keyring(&[OLD])).await;
    let review = at_rest.setup.verification_of("Refer").await.verification_id;
    at_rest.setup.start_worker(at_rest.settings.clone(), at_rest.setup.customer_channel.clone());
    at_rest.setup.decided(&review).await;
    let request = DecideVerificationRequest {
        verification_id: review.clone(),
        decision: Decision::Reject.into(),
        reason: "FORGED".to_owned(),
        evidence_version: at_rest.setup.evidence(&review).await.evidence_version,
        note: "The photograph was replaced".to_owned(),
        ..DecideVerificationRequest::default()
    };
    let mut reviews = ReviewServiceClient::new(at_rest.setup.channel.clone());
    reviews.decide_verification(at_rest.setup.caller.request(request)).await.unwrap();

    let (pool, store) = (at_rest.setup.pool.clone(), at_rest.settings.objects.clone());
    let rotated = rotate_keys(&pool, keyring(&[OLD, NEW]), store.clone()).await.unwrap();
    let again = rotate_keys(&pool, keyring(&[OLD, NEW]), store).await.unwrap();

    assert_eq!((rotated.rewrapped, rotated.failed), (2, 0), "a document and a note");
    assert_eq!((again.rewrapped, again.failed), (0, 0));
    let settings = Settings { keys: keyring(&[NEW]), ..at_rest.settings.clone() };
    let service = kyc::service(&settings, pool, at_rest.setup.customer_channel.clone());
    let mut reviews = ReviewServiceClient::new(testkit::serve(service).await);
    let request = GetVerificationHistoryRequest { verification_id: review };
    let history = reviews.get_verification_history(at_rest.setup.caller.request(request)).await;
    assert_eq!(history.unwrap().get_ref().decisions[0].note, "The photograph was replaced");
}
