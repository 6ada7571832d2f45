use proto::{
    customer::v1::{Customer, UpdateCustomerRequest},
    kyc::v1::{CreateVerificationRequest, Document, DocumentSide, IdType},
    r#type::v1::VerificationStatus,
};
use tonic::Code;

use crate::{
    documents::{ALL, JPEG, PDF, PNG, bmp_of, document, png},
    support::{Setup, bad_fields, idle, passport, reason, settings, setup, violations},
};

const MAX: usize = 4 * 1024 * 1024;
/// Well-formed, and nobody's.
const NOBODY: &str = "0192f0c1-2d3e-7f40-8a51-6b7c8d9e0f10";

/// What is wrong with a request that is right but for its front.
async fn refused_front(setup: &mut Setup, front: Document) -> Vec<(String, String)> {
    let request = CreateVerificationRequest { front: Some(front), ..passport(NOBODY) };
    violations(&setup.create(request).await.unwrap_err())
}

fn violation(field: &str, clause: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), clause.to_owned())]
}

#[tokio::test]
async fn a_verification_begins_pending_and_the_customer_shows_it_at_once() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await;

    let created = setup.create(passport(&customer.customer_id)).await.unwrap();

    assert_eq!(created.verification_status(), VerificationStatus::Pending);
    assert_eq!(created.customer_id, customer.customer_id);
    assert_eq!(created.provider, "gb_group");
    assert_eq!(created.id_type(), IdType::Passport);
    assert_eq!(created.details_version, customer.details_version);
    assert_eq!(created.create_time, created.update_time);
    assert_eq!(setup.get(&created.verification_id).await.unwrap(), created);
    let customer = setup.get_customer(&customer.customer_id).await;
    assert_eq!(customer.verification_status(), VerificationStatus::Pending);
}

#[tokio::test]
async fn documents_are_read_back_as_they_were_sent() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await;

    let request = CreateVerificationRequest {
        id_type: IdType::IdCard.into(),
        back: Some(document("image/jpeg", JPEG)),
        additional_data: Some(document("application/pdf", PDF)),
        ..passport(&customer.customer_id)
    };
    let id = setup.create(request).await.unwrap().verification_id;

    let sent = [
        (DocumentSide::Front, document("image/png", PNG)),
        (DocumentSide::Back, document("image/jpeg", JPEG)),
        (DocumentSide::AdditionalData, document("application/pdf", PDF)),
    ];
    for (side, document) in sent {
        assert_eq!(setup.read(&id, side).await.unwrap(), document);
    }
}

#[tokio::test]
async fn every_bad_field_is_told_at_once() {
    let mut setup = idle().await;

    let empty = setup.create(CreateVerificationRequest::default()).await.unwrap_err();
    let wrong = CreateVerificationRequest {
        request_id: "a b".into(),
        customer_id: "joe".into(),
        provider: "nobody".into(),
        id_type: IdType::IdCard.into(),
        front: Some(Document::default()),
        additional_data: Some(document("image/gif", PNG)),
        ..Default::default()
    };
    let wrong = setup.create(wrong).await.unwrap_err();

    assert_eq!(empty.code(), Code::InvalidArgument);
    assert_eq!(reason(&empty), "INVALID_FIELDS");
    assert_eq!(bad_fields(&empty), ["customer_id", "front", "id_type", "provider"]);
    assert_eq!(
        bad_fields(&wrong),
        [
            "additional_data.mime_type",
            "back",
            "customer_id",
            "front.content",
            "front.mime_type",
            "provider",
            "request_id"
        ]
    );
}

#[tokio::test]
async fn an_unknown_kind_of_document_is_refused() {
    let mut setup = idle().await;

    let request = CreateVerificationRequest { id_type: 99, ..passport(NOBODY) };
    let refused = setup.create(request).await.unwrap_err();

    let clause = "must be one of passport, driving_license, id_card";
    assert_eq!(violations(&refused), violation("id_type", clause));
}

#[tokio::test]
async fn a_back_is_required_unless_it_is_a_passport() {
    let mut setup = idle().await;

    for id_type in [IdType::DrivingLicense, IdType::IdCard] {
        let request = CreateVerificationRequest { id_type: id_type.into(), ..passport(NOBODY) };
        let refused = setup.create(request).await.unwrap_err();

        assert_eq!(violations(&refused), violation("back", "is required"));
    }
    let not_missed = setup.create(passport(NOBODY)).await.unwrap_err();
    assert_eq!(reason(&not_missed), "CUSTOMER_NOT_FOUND");
}

#[tokio::test]
async fn every_kind_of_file_is_taken_as_what_it_is_and_as_nothing_else() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await.customer_id;

    for (is, content) in ALL {
        for (claimed, _) in ALL {
            let request = CreateVerificationRequest {
                front: Some(document(claimed, content)),
                validate_only: true,
                ..passport(&customer)
            };
            let answer = setup.create(request).await;

            let clause = "must be what the mime_type says, by its first bytes";
            let wrong = answer.map_err(|refused| violations(&refused)).err();
            let expected = (claimed != is).then(|| violation("front.content", clause));
            assert_eq!(wrong, expected, "{is} as {claimed}");
        }
    }
}

#[tokio::test]
async fn a_document_is_neither_empty_nor_larger_than_4_mib() {
    let mut setup = idle().await;

    let empty = refused_front(&mut setup, document("image/png", b"")).await;
    let large = refused_front(&mut setup, bmp_of(MAX + 1)).await;

    assert_eq!(empty, violation("front.content", "must not be empty"));
    assert_eq!(large, violation("front.content", "must be at most 4 MiB"));
}

#[tokio::test]
async fn three_documents_of_4_mib_are_taken() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await;

    let request = CreateVerificationRequest {
        front: Some(bmp_of(MAX)),
        back: Some(bmp_of(MAX)),
        additional_data: Some(bmp_of(MAX)),
        ..passport(&customer.customer_id)
    };
    let created = setup.create(request).await;

    assert!(created.is_ok(), "{created:?}");
}

#[tokio::test]
async fn asking_what_is_wrong_makes_nothing() {
    let mut setup = idle().await;

    let ask = CreateVerificationRequest { validate_only: true, ..passport(NOBODY) };
    let right = setup.create(ask.clone()).await;
    let wrong = setup.create(CreateVerificationRequest { front: None, ..ask }).await.unwrap_err();

    assert!(right.is_ok(), "{right:?}");
    assert_eq!(bad_fields(&wrong), ["front"]);
    let made = sqlx::query_scalar::<_, i64>("select count(*) from verifications");
    assert_eq!(made.fetch_one(&setup.pool).await.unwrap(), 0);
}

#[tokio::test]
async fn a_customer_must_exist_for_the_tenant() {
    let mut setup = idle().await;
    let theirs = setup.person("Bloggs").await;

    let nobody = setup.create(passport(NOBODY)).await.unwrap_err();
    setup.caller = testkit::caller();
    let anothers = setup.create(passport(&theirs.customer_id)).await.unwrap_err();

    for refused in [nobody, anothers] {
        assert_eq!(refused.code(), Code::NotFound);
        assert_eq!(reason(&refused), "CUSTOMER_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_disabled_customer_is_refused() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await;
    let update = UpdateCustomerRequest {
        customer: Some(Customer { active: false, ..customer.clone() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["active".into()] }),
        ..Default::default()
    };
    setup.customers.update_customer(setup.caller.request(update)).await.unwrap();

    let refused = setup.create(passport(&customer.customer_id)).await.unwrap_err();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused), "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn an_attempt_that_is_pending_or_in_review_keeps_another_from_beginning() {
    let mut setup = idle().await;
    let pending = setup.person("Bloggs").await.customer_id;
    setup.create(passport(&pending)).await.unwrap();
    let refused_pending = setup.create(passport(&pending)).await.unwrap_err();

    setup.start_worker(settings(), setup.customer_channel.clone());
    let in_review = setup.verification_of("Refer").await;
    setup.decided(&in_review.verification_id).await;
    let refused_in_review = setup.create(passport(&in_review.customer_id)).await.unwrap_err();

    for refused in [refused_pending, refused_in_review] {
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), "VERIFICATION_IN_PROGRESS");
    }
}

#[tokio::test]
async fn of_two_attempts_at_once_one_begins() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await.customer_id;
    let (mut one, mut two) = (setup.kyc.clone(), setup.kyc.clone());

    let (first, second) = tokio::join!(
        one.create_verification(setup.caller.request(passport(&customer))),
        two.create_verification(setup.caller.request(passport(&customer))),
    );

    let refused = match (first, second) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(&refused), "VERIFICATION_IN_PROGRESS");
}

#[tokio::test]
async fn a_finished_attempt_allows_another() {
    let mut setup = setup().await;
    let first = setup.verification_of("Resubmit").await;
    setup.decided(&first.verification_id).await;

    let second = setup.create(passport(&first.customer_id)).await.unwrap();

    assert!(second.verification_id > first.verification_id);
    assert_eq!(second.verification_status(), VerificationStatus::Pending);
}

#[tokio::test]
async fn a_call_without_a_tenant_is_refused() {
    let mut setup = idle().await;

    let request = tonic::Request::new(passport(NOBODY));
    let refused = setup.kyc.create_verification(request).await.unwrap_err();

    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(reason(&refused), "CALLER_REQUIRED");
}

#[tokio::test]
async fn a_media_type_is_taken_in_either_case() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await;

    let request = CreateVerificationRequest {
        front: Some(document("IMAGE/PNG", PNG)),
        back: Some(png()),
        ..passport(&customer.customer_id)
    };

    assert!(setup.create(request).await.is_ok());
}
