//! Machine-readable zones of documents, by ICAO's specimen.

use std::{fs, os::unix::fs::PermissionsExt};

use kyc::Settings;
use proto::{
    customer::v1::Customer,
    kyc::v1::{
        CreateVerificationRequest, GetVerificationEvidenceRequest, MrzFindings,
        screening_service_client::ScreeningServiceClient,
    },
    r#type::v1::VerificationStatus as Status,
};

use crate::support::{Setup, bad_fields, passport, person, settings, setup, setup_with};

/// ICAO's specimen, with an expiry to come and the digits that go with it.
const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                    L898902C36UTO7408122F9912315ZE184226B<<<<<16";

fn anna() -> Customer {
    Customer {
        first_name: "Anna".into(),
        middle_name: "Maria".into(),
        date_of_birth: "1974-08-12".into(),
        ..person("Eriksson")
    }
}

async fn with_zone(setup: &mut Setup, customer: Customer, zone: &str) -> CreateVerificationRequest {
    let customer = setup.customer(customer).await;
    let mut request = passport(&customer.customer_id);
    request.front.as_mut().unwrap().mrz = zone.into();
    request
}

/// How it ends, why, and what was found.
async fn outcome(
    setup: &mut Setup,
    request: CreateVerificationRequest,
) -> (Status, Vec<String>, Vec<MrzFindings>) {
    let created = setup.create(request).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;
    let mut client = ScreeningServiceClient::new(setup.kyc_channel.clone());
    let request = GetVerificationEvidenceRequest { verification_id: created.verification_id };
    let evidence = client.get_verification_evidence(setup.caller.request(request)).await.unwrap();
    (decided.verification_status(), decided.reasons, evidence.into_inner().mrz_findings)
}

#[tokio::test]
async fn a_zone_that_agrees_stands_with_the_verification() {
    let mut setup = setup().await;
    let request = with_zone(&mut setup, anna(), ZONE).await;

    let (status, _, findings) = outcome(&mut setup, request).await;

    assert_eq!(status, Status::Verified);
    let expected = MrzFindings {
        side: "front".into(),
        source: "caller".into(),
        format: "td3".into(),
        check_digits: "match".into(),
        name: "match".into(),
        date_of_birth: "match".into(),
        expiry: "match".into(),
        country: "unknown".into(),
    };
    assert_eq!(findings, [expected]);
}

#[tokio::test]
async fn a_zone_that_does_not_agree_is_for_a_person_to_look_at() {
    let mut setup = setup().await;
    let expired = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                   L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let wrong_digit = ZONE.replace("L898902C36", "L898902C37");

    for (customer, zone, reason) in [
        (Customer { last_name: "Svensson".into(), ..anna() }, ZONE, "MRZ_MISMATCH"),
        (anna(), expired, "MRZ_MISMATCH"),
        (anna(), &wrong_digit, "MRZ_MISMATCH"),
        (anna(), "nothing of the kind", "MRZ_UNREADABLE"),
    ] {
        let request = with_zone(&mut setup, customer, zone).await;

        let (status, reasons, findings) = outcome(&mut setup, request).await;

        assert_eq!((status, reasons), (Status::InReview, vec![reason.to_owned()]), "{zone}");
        assert_eq!(findings.len(), 1);
    }
}

#[tokio::test]
async fn nothing_that_a_zone_says_is_kept() {
    let mut setup = setup().await;
    let request = with_zone(&mut setup, anna(), ZONE).await;
    outcome(&mut setup, request).await;

    let tables = ["mrz_findings", "verifications", "requests"];
    for table in tables {
        let rows = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let rows: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&setup.pool).await.unwrap();
        for canary in ["ERIKSSON", "L898902C3", "740812", "ZE184226B"] {
            assert!(!rows.contains(canary), "{table}: {canary}");
        }
    }
}

#[tokio::test]
async fn a_zone_that_is_too_long_or_of_no_document_is_a_bad_field() {
    let mut setup = setup().await;
    let mut request = with_zone(&mut setup, anna(), &"<".repeat(501)).await;
    request.additional_data = request.front.clone();

    let refused = setup.create(request).await.unwrap_err();

    assert_eq!(bad_fields(&refused), ["additional_data.mrz", "front.mrz"]);
}

/// A program that reads this from any image.
fn reading(text: &str) -> (tempfile::TempDir, Settings) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tesseract");
    let script =
        format!("#!/bin/sh\nPATH=/usr/bin:/bin\ncat >/dev/null\ncat <<'END'\n{text}\nEND\n");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let settings = Settings { ocr_program: Some(path), ..settings() };
    (dir, settings)
}

#[tokio::test]
async fn a_zone_that_a_program_reads_from_the_image_is_compared_too() {
    let (_dir, settings) = reading(&format!("UTOPIA PASSPORT\n{ZONE}"));
    let mut setup = setup_with(settings).await;
    let request = with_zone(&mut setup, person("Svensson"), "").await;

    let (status, reasons, findings) = outcome(&mut setup, request).await;

    assert_eq!((status, reasons), (Status::InReview, vec!["MRZ_MISMATCH".to_owned()]));
    assert_eq!((findings[0].source.as_str(), findings[0].name.as_str()), ("ocr", "mismatch"));
}

#[tokio::test]
async fn an_image_without_a_zone_and_an_absent_program_are_no_error() {
    let (_dir, reads_nothing) = reading("a cat on a mat");
    let absent = Settings { ocr_program: Some("/no/such/program".into()), ..settings() };

    for settings in [reads_nothing, absent] {
        let mut setup = setup_with(settings).await;
        let request = with_zone(&mut setup, anna(), "").await;

        let (status, _, findings) = outcome(&mut setup, request).await;

        assert_eq!((status, findings), (Status::Verified, Vec::new()));
    }
}
