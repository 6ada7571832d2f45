//! Sanctions screening, by lists of invented names.

use std::time::Duration;

use kyc::screening::{NotLoaded, Shrinking, files::Ofac, load_ofac, load_uk};
use proto::{
    customer::v1::{Customer, CustomerType, UpdateCustomerRequest},
    kyc::v1::{
        Decision, GetScreeningSettingsRequest, GetVerificationEvidenceRequest, IdType,
        ListVerificationsRequest, ScreeningSettings, UpdateScreeningSettingsRequest, Verification,
        screening_service_client::ScreeningServiceClient,
    },
    r#type::v1::VerificationStatus as Status,
};

use crate::support::{Setup, idle, passport, person, reason, settings, setup};

pub(crate) const UK: &str = include_str!("../lists/uk.csv");

pub(crate) async fn load(setup: &Setup, file: &str) {
    load_uk(&setup.pool, file.as_bytes(), Shrinking::Refused).await.unwrap();
}

/// Somebody on the list, as a form may have it.
pub(crate) fn listed() -> Customer {
    Customer {
        first_name: "Sergey".into(),
        middle_name: "Innokentevich".into(),
        last_name: "Barhatenko".into(),
        date_of_birth: "1974-07-22".into(),
        ..person("")
    }
}

pub(crate) async fn reviews(setup: &mut Setup, customer: &str) -> Vec<Verification> {
    let request = ListVerificationsRequest { customer_id: customer.into(), ..Default::default() };
    let listed = setup.kyc.list_verifications(setup.caller.request(request)).await;
    listed.unwrap().into_inner().verifications
}

/// Waits until everybody has been screened who there is.
pub(crate) async fn screened(setup: &Setup) {
    let screened = async {
        let left = "select count(*) from customer_changes";
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&setup.customer_pool).await.unwrap() > 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let left = "
            select (select sweep_wanted - sweep_done from screening_work)
                + (select coalesce(sum(sweep_wanted - sweep_done), 0) from screening_settings)::bigint";
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&setup.pool).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), screened).await.unwrap();
    setup.settled().await;
}

pub(crate) async fn rename(setup: &mut Setup, customer: &Customer, last_name: &str) {
    let update = UpdateCustomerRequest {
        customer: Some(Customer { last_name: last_name.into(), ..customer.clone() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["last_name".into()] }),
        ..Default::default()
    };
    setup.customers.update_customer(setup.caller.request(update)).await.unwrap();
}

#[tokio::test]
async fn a_new_customer_who_may_be_on_a_list_is_to_be_reviewed() {
    let mut setup = setup().await;
    load(&setup, UK).await;

    let customer = setup.customer(listed()).await;
    setup.person("Bloggs").await;
    screened(&setup).await;

    let reviews = reviews(&mut setup, &customer.customer_id).await;
    assert_eq!(reviews.len(), 1);
    assert_eq!(reviews[0].verification_status(), Status::InReview);
    assert_eq!(
        (reviews[0].provider.as_str(), reviews[0].id_type()),
        ("screening", IdType::Unspecified)
    );
    assert_eq!(reviews[0].reasons, ["SANCTIONS_MATCH"]);
    let evidence = setup.evidence(&reviews[0].verification_id).await;
    let found = &evidence.sanctions_matches[0];
    assert_eq!((found.list.as_str(), found.entry_id.as_str()), ("uk", "TST0003"));
    assert_eq!(found.name, "Sergei Innokentievich BARKHATENKO");
    assert!((800..=1000).contains(&found.score), "{}", found.score);
    assert_eq!(found.differences, ["NAME_SPELLING", "COUNTRY_DIFFERS"]);
    let all = "select count(*) from verifications";
    assert_eq!(sqlx::query_scalar::<_, i64>(all).fetch_one(&setup.pool).await.unwrap(), 1);
}

#[tokio::test]
async fn a_change_of_name_is_screened() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(Customer { last_name: "Bloggs".into(), ..listed() }).await;
    screened(&setup).await;
    assert_eq!(reviews(&mut setup, &customer.customer_id).await, []);

    rename(&mut setup, &customer, "Barkhatenko").await;
    screened(&setup).await;

    assert_eq!(reviews(&mut setup, &customer.customer_id).await[0].details_version, 2);
}

#[tokio::test]
async fn everybody_is_screened_when_a_list_is_loaded() {
    let mut setup = setup().await;
    let customer = setup.customer(listed()).await;
    let company = Customer {
        customer_type: CustomerType::Company.into(),
        first_name: String::new(),
        last_name: String::new(),
        company_name: "Qudsrani Petrochemical Trading Ltd".into(),
        date_of_birth: String::new(),
        ..person("")
    };
    let company = setup.customer(company).await;
    screened(&setup).await;
    assert_eq!(reviews(&mut setup, &customer.customer_id).await, []);

    load(&setup, UK).await;
    screened(&setup).await;

    assert_eq!(reviews(&mut setup, &customer.customer_id).await.len(), 1);
    let review = reviews(&mut setup, &company.customer_id).await;
    let evidence = setup.evidence(&review[0].verification_id).await;
    assert_eq!(evidence.sanctions_matches[0].entry_id, "TST0103");
}

#[tokio::test]
async fn a_provider_that_verifies_does_not_pass_over_a_match() {
    let mut setup = setup().await;
    let customer = setup.customer(listed()).await;
    screened(&setup).await;
    // Nobody screens but the worker: the change is known, and the sweep would wait.
    load(&setup, UK).await;

    let created = setup.create(passport(&customer.customer_id)).await;
    let decided = match created {
        Ok(created) => setup.decided(&created.verification_id).await,
        // The sweep was faster.
        Err(_) => reviews(&mut setup, &customer.customer_id).await.remove(0),
    };

    assert_eq!(decided.verification_status(), Status::InReview);
    assert_eq!(decided.reasons, ["SANCTIONS_MATCH"]);
    assert_eq!(setup.evidence(&decided.verification_id).await.sanctions_matches.len(), 1);
}

#[tokio::test]
async fn a_match_that_was_cleared_asks_again_only_when_either_side_changes() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await;
    screened(&setup).await;
    let first = reviews(&mut setup, &customer.customer_id).await.remove(0);

    setup.decide(&first.verification_id, Decision::Approve).await;
    load(&setup, UK).await;
    screened(&setup).await;
    assert_eq!(reviews(&mut setup, &customer.customer_id).await.len(), 1);

    load(&setup, &UK.replace("22/07/1974", "22/07/1975")).await;
    screened(&setup).await;
    let second = reviews(&mut setup, &customer.customer_id).await.remove(0);
    assert_ne!(second.verification_id, first.verification_id);

    setup.decide(&second.verification_id, Decision::Approve).await;
    rename(&mut setup, &customer, "Barkhatenko").await;
    screened(&setup).await;
    assert_eq!(reviews(&mut setup, &customer.customer_id).await.len(), 3);
}

#[tokio::test]
async fn a_cleared_match_does_not_keep_a_customer_from_being_verified() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await;
    screened(&setup).await;
    let refused = setup.create(passport(&customer.customer_id)).await.unwrap_err();
    let review = reviews(&mut setup, &customer.customer_id).await.remove(0);

    setup.decide(&review.verification_id, Decision::Approve).await;
    let cleared = setup.get_customer(&customer.customer_id).await.verification_status();
    let created = setup.create(passport(&customer.customer_id)).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(reason(&refused), "VERIFICATION_IN_PROGRESS");
    assert_eq!(cleared, Status::Unverified, "to clear a match establishes no identity");
    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!(setup.settled_status(&customer.customer_id).await, Status::Verified);
}

#[tokio::test]
async fn a_verified_customer_is_in_review_until_the_match_is_cleared() {
    let mut setup = setup().await;
    let customer = setup.customer(listed()).await;
    let created = setup.create(passport(&customer.customer_id)).await.unwrap();
    setup.decided(&created.verification_id).await;
    screened(&setup).await;

    load(&setup, UK).await;
    screened(&setup).await;
    let under_review = setup.settled_status(&customer.customer_id).await;
    let review = reviews(&mut setup, &customer.customer_id).await.remove(0);
    setup.decide(&review.verification_id, Decision::Approve).await;

    assert_eq!(under_review, Status::InReview);
    assert_eq!(setup.settled_status(&customer.customer_id).await, Status::Verified);
}

#[tokio::test]
async fn a_true_match_rejects_a_customer_and_does_not_ask_again() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await;
    screened(&setup).await;
    let review = reviews(&mut setup, &customer.customer_id).await.remove(0);

    setup.decide(&review.verification_id, Decision::Reject).await;
    load(&setup, UK).await;
    screened(&setup).await;
    let again = setup.create(passport(&customer.customer_id)).await.unwrap();
    let again = setup.decided(&again.verification_id).await;

    assert_eq!(again.verification_status(), Status::InReview);
    assert_eq!(reviews(&mut setup, &customer.customer_id).await.len(), 2);
}

#[tokio::test]
async fn a_review_under_way_takes_up_a_match_that_is_found_meanwhile() {
    let mut setup = setup().await;
    let refer = Customer { last_name: "Refer".into(), ..listed() };
    let customer = setup.customer(refer).await;
    let created = setup.create(passport(&customer.customer_id)).await.unwrap();
    setup.decided(&created.verification_id).await;
    screened(&setup).await;

    load(&setup, &UK.replace("BARKHATENKO", "REFER")).await;
    screened(&setup).await;

    let review = setup.get(&created.verification_id).await.unwrap();
    assert_eq!(review.reasons, ["REFERRED", "SANCTIONS_MATCH"]);
    assert_eq!(setup.evidence(&review.verification_id).await.sanctions_matches.len(), 1);
}

#[tokio::test]
async fn changes_that_no_process_had_screened_are_screened_by_the_next() {
    let mut setup = idle().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await;
    assert_eq!(reviews(&mut setup, &customer.customer_id).await, []);

    for _ in 0..2 {
        setup.start_worker(settings(), setup.customer_channel.clone());
    }
    screened(&setup).await;

    assert_eq!(reviews(&mut setup, &customer.customer_id).await.len(), 1);
}

#[tokio::test]
async fn a_tenant_chooses_from_which_score_on_a_match_is_reviewed() {
    goes_by_the_tenant_s_score(setup().await).await;
}

/// What is reviewed.
pub(crate) async fn goes_by_the_tenant_s_score(mut setup: Setup) {
    load(&setup, UK).await;
    let mut client = ScreeningServiceClient::new(setup.channel.clone());
    let set = |threshold| UpdateScreeningSettingsRequest {
        settings: Some(ScreeningSettings { threshold }),
        request_id: String::new(),
    };
    // Born in another year, and with no middle name.
    let far = Customer {
        middle_name: String::new(),
        last_name: "Barkhatenko".into(),
        date_of_birth: "1999-01-01".into(),
        ..listed()
    };
    let customer = setup.customer(far).await;
    screened(&setup).await;
    assert_eq!(reviews(&mut setup, &customer.customer_id).await, []);

    let bad = client.update_screening_settings(setup.caller.request(set(400))).await.unwrap_err();
    let other = testkit::caller();
    client.update_screening_settings(other.request(set(1000))).await.unwrap();
    client.update_screening_settings(setup.caller.request(set(600))).await.unwrap();
    screened(&setup).await;

    let read = GetScreeningSettingsRequest {};
    let read = client.get_screening_settings(setup.caller.request(read)).await.unwrap();
    assert_eq!(read.into_inner().threshold, 600);
    assert_eq!(reason(&bad), "INVALID_FIELDS");
    assert_eq!(reviews(&mut setup, &customer.customer_id).await.len(), 1);
}

#[tokio::test]
async fn another_tenant_reads_no_evidence() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await;
    screened(&setup).await;
    let review = reviews(&mut setup, &customer.customer_id).await.remove(0);

    let mut client = ScreeningServiceClient::new(setup.channel.clone());
    let request = GetVerificationEvidenceRequest { verification_id: review.verification_id };
    let read = client.get_verification_evidence(testkit::caller().request(request)).await;

    assert_eq!(reason(&read.unwrap_err()), "VERIFICATION_NOT_FOUND");
}

#[tokio::test]
async fn a_list_is_loaded_whole_or_not_at_all() {
    let setup = idle().await;
    load(&setup, UK).await;
    let entries = async || {
        let entries = "select count(*) from sanctions_entries";
        sqlx::query_scalar::<_, i64>(entries).fetch_one(&setup.pool).await.unwrap()
    };
    let before = entries().await;
    let cut: String = UK.lines().take(20).flat_map(|line| [line, "\n"]).collect();
    let bad = UK.replacen("TST0007", "", 1);

    let unreadable = load_uk(&setup.pool, bad.as_bytes(), Shrinking::Refused).await.unwrap_err();
    let shrunk = load_uk(&setup.pool, cut.as_bytes(), Shrinking::Refused).await.unwrap_err();
    let after = entries().await;
    load_uk(&setup.pool, cut.as_bytes(), Shrinking::Allowed).await.unwrap();

    assert!(unreadable.to_string().contains("uk line 10: has no Unique ID"), "{unreadable}");
    assert!(matches!(shrunk, NotLoaded::Shrunk { .. }));
    assert_eq!(after, before);
    assert!(entries().await < before);
}

#[tokio::test]
async fn each_list_is_replaced_without_the_other() {
    let mut setup = setup().await;
    let ofac = Ofac {
        sdn: include_bytes!("../lists/ofac/sdn.csv").to_vec(),
        alt: include_bytes!("../lists/ofac/alt.csv").to_vec(),
        add: include_bytes!("../lists/ofac/add.csv").to_vec(),
    };
    let on_ofac_s = Customer {
        first_name: "Zainab".into(),
        last_name: "Mashadani".into(),
        date_of_birth: "1978-01-01".into(),
        ..person("")
    };
    let (one, other) = (setup.customer(listed()).await, setup.customer(on_ofac_s).await);

    load_ofac(&setup.pool, &ofac, Shrinking::Refused).await.unwrap();
    load(&setup, UK).await;
    load_ofac(&setup.pool, &ofac, Shrinking::Refused).await.unwrap();
    screened(&setup).await;

    assert_eq!(reviews(&mut setup, &one.customer_id).await.len(), 1);
    let review = reviews(&mut setup, &other.customer_id).await.remove(0);
    let evidence = setup.evidence(&review.verification_id).await;
    assert_eq!(evidence.sanctions_matches[0].list, "ofac");
    assert_eq!(evidence.sanctions_matches[0].name, "MASHADANI, Zainab");
}
