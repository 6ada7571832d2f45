//! Each part of knowing customers, over REST and over gRPC, on `lombard dev` as an operator starts it.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    caller::{Call, Caller},
    client,
};
use proto::{
    customer::v1::{ErasePersonalDataRequest, retention_service_client::RetentionServiceClient},
    kyc::v1::{
        CreateVerificationRequest, DecideVerificationRequest, Decision, Document, DocumentSide,
        GetDocumentRequest, GetProviderRequest, GetVerificationEvidenceRequest,
        GetVerificationHistoryRequest, GetVerificationRequest, IdType,
        document_service_client::DocumentServiceClient, kyc_service_client::KycServiceClient,
        provider_service_client::ProviderServiceClient, review_service_client::ReviewServiceClient,
        screening_service_client::ScreeningServiceClient,
    },
    r#type::v1::VerificationStatus,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;
use tonic::transport::Channel;
use types::{TenantId, UserId};

use crate::{
    answers::{AUTHENTICATE, CREATE, data, refusal},
    outside::{Manner, Outside},
    program::{Dev, directory},
    stack::{Client, login_as, send},
};

const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                    L898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// What `lombard dev` serves, and for whom.
struct Served {
    rest: Client,
    kyc: Channel,
    customer: Channel,
    caller: Caller,
}

impl Served {
    async fn by(dev: &mut Dev) -> Self {
        let said = dev.until_ready().await;
        let named = |name: &str| {
            said.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
        };
        let channel = |name| client::channel(format!("http://{}", named(name))).unwrap();
        let tenant = TenantId::parse(&named("tenant sandbox")).unwrap();
        let scopes = ["documents:read", "admin", "customers:erase"].map(str::to_owned).to_vec();
        let call = Call::begin(None, Duration::from_mins(5));
        Self {
            rest: login_as(&named("ready"), "sandbox@lombard.test", "sandbox-password").await,
            kyc: channel("grpc kyc"),
            customer: channel("grpc customer"),
            caller: Caller::new(call, tenant, Some(UserId::new()), scopes),
        }
    }

    async fn person(&self, first: &str, last: &str, born: &str) -> String {
        let person = json!({
            "customer_type": "individual", "first_name": first, "last_name": last, "dob": born,
            "address": {"iso_country": "GB"},
        });
        let answer = self.rest.post(CREATE, &person).await;
        data(&answer)["customer_id"].as_str().unwrap().to_owned()
    }

    async fn authenticate(&self, customer: &str, provider: &str, zone: &str) -> String {
        let front = json!({
            "image": BASE64_STANDARD.encode(testkit::files::JPEG), "mime_type": "image/jpeg",
            "mrz": zone,
        });
        let body = json!({
            "customer_id": customer, "third_party": provider, "id_type": "passport", "front": front,
        });
        let answer = self.rest.post(AUTHENTICATE, &body).await;
        data(&answer)["verification_id"].as_str().unwrap().to_owned()
    }

    /// The customer's newest verification, once it has that status.
    async fn once(&self, customer: &str, status: &str) -> String {
        let path = format!("/accounts/customers/{customer}/verifications");
        let wait = async {
            loop {
                let answer = self.rest.get(&path).await;
                let latest = &data(&answer)["list"][0];
                if latest["verification_status"] == status {
                    return latest["verification_id"].as_str().unwrap().to_owned();
                }
                sleep(Duration::from_millis(100)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_mins(1), wait).await;
        found.unwrap_or_else(|_| panic!("{customer} is never {status}"))
    }

    async fn evidence(&self, verification: &str) -> Value {
        let path = format!("/accounts/verifications/{verification}/evidence");
        data(&self.rest.get(&path).await).clone()
    }
}

/// A program that reads a zone in every image, as `tesseract` would.
fn reader(directory: &Path) -> String {
    let program = directory.join("tesseract");
    let script =
        format!("#!/bin/sh\nPATH=/usr/bin:/bin\ncat >/dev/null\ncat <<'END'\n{ZONE}\nEND\n");
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

#[tokio::test]
async fn each_part_works_over_rest_and_grpc() {
    let (directory, outside) = (directory(), Outside::start(Manner::Accepts).await);
    let (go, token, program) =
        (outside.url("/go"), outside.url("/token"), reader(directory.path()));
    let lists = concat!(env!("CARGO_MANIFEST_DIR"), "/../../services/kyc/tests/lists");
    let (uk, ofac) = (format!("{lists}/uk.csv"), format!("{lists}/ofac"));
    let arguments = [
        ["--listen", "127.0.0.1:0", "--gbg-go-url", &go, "--gbg-go-token-url", &token].as_slice(),
        &["--ocr-program", &program, "--uk-list", &uk, "--ofac-list", &ofac],
    ]
    .concat();
    let mut dev = Dev::start_with(&directory.path().join("data"), &arguments);
    let served = Served::by(&mut dev).await;

    documents_at_rest(&served, &directory.path().join("data/documents")).await;
    the_worker(&served).await;
    providers(&served, &outside).await;
    decisions_and_zones(&served).await;
    screening(&served).await;
    retention(&served).await;

    assert_eq!(dev.terminate().await.code(), Some(0));
}

/// Part 1.
async fn documents_at_rest(served: &Served, objects: &Path) {
    let customer = served.person("Anna", "Eriksson", "1974-08-12").await;
    let verification = served.authenticate(&customer, "gb_group", "").await;

    let request =
        GetDocumentRequest { verification_id: verification, side: DocumentSide::Front.into() };
    let mut documents = DocumentServiceClient::new(served.kyc.clone());
    let read = documents.get_document(served.caller.request(request)).await.unwrap().into_inner();

    assert_eq!(read.content, testkit::files::JPEG);
    let tenants = fs::read_dir(objects).unwrap().map(|tenant| tenant.unwrap().path());
    let stored = tenants.flat_map(|tenant| fs::read_dir(tenant).unwrap());
    let stored: Vec<_> = stored.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!stored.is_empty() && !stored.iter().any(|one| one.starts_with(b"\xFF\xD8\xFF")));
}

/// Part 2: an outage that passes, asked for over gRPC.
async fn the_worker(served: &Served) {
    let customer = served.person("Joe", "Outage", "1988-10-03").await;
    let front = Document {
        mime_type: "image/png".to_owned(),
        content: testkit::files::PNG.to_vec().into(),
        ..Document::default()
    };
    let request = CreateVerificationRequest {
        customer_id: customer.clone(),
        provider: "gb_group".to_owned(),
        id_type: IdType::Passport.into(),
        front: Some(front),
        ..CreateVerificationRequest::default()
    };
    let mut kyc = KycServiceClient::new(served.kyc.clone());
    kyc.create_verification(served.caller.request(request)).await.unwrap();

    // What the program reads says somebody else's name.
    let verification_id = served.once(&customer, "in_review").await;
    let request = GetVerificationRequest { verification_id };
    let found = kyc.get_verification(served.caller.request(request)).await.unwrap().into_inner();
    assert_eq!(found.reasons, ["MRZ_MISMATCH"]);
}

/// Part 3.
async fn providers(served: &Served, outside: &Outside) {
    let account = json!({"account_name": "client", "secret": "horse", "profile_id": "d1546e85"});
    data(&served.rest.put("/kyc/providers/gbg_go", &account).await);
    let not_offered = served.rest.put("/kyc/providers/gbg_id3global", &account).await;
    let request = GetProviderRequest { provider: "gbg_go".to_owned() };
    let mut client = ProviderServiceClient::new(served.kyc.clone());
    let told = client.get_provider(served.caller.request(request)).await.unwrap().into_inner();
    let customer = served.person("Anna Maria", "Eriksson", "1974-08-12").await;
    served.authenticate(&customer, "gbg_go", "").await;
    // The specimen's passport has expired.
    let verification = served.once(&customer, "in_review").await;

    assert_eq!(refusal(&not_offered), (409, "PROVIDER_NOT_OFFERED"));
    assert!(told.account_name == "client" && !format!("{told:?}").contains("horse"));
    assert_eq!(outside.asked(), 2, "a start and a state");
    assert_eq!(served.evidence(&verification).await["mrz_findings"][0]["expiry"], "mismatch");
    let path = "/kyc/providers/gbg_go";
    assert_eq!(send(served.rest.request(Method::DELETE, path)).await.0, 200);
}

/// Parts 4 and 6: a zone that a caller has read, and one that the program has.
async fn decisions_and_zones(served: &Served) {
    let customer = served.person("Somebody", "Else", "1974-08-12").await;
    served.authenticate(&customer, "gb_group", ZONE).await;
    let review = served.once(&customer, "in_review").await;
    let evidence = served.evidence(&review).await;
    let finding = &evidence["mrz_findings"][0];
    assert_eq!((&finding["source"], &finding["name"]), (&json!("caller"), &json!("mismatch")));

    let listed = served.rest.get("/accounts/verifications?status=in_review").await;
    let listed = data(&listed)["list"].as_array().unwrap();
    assert!(listed.iter().any(|one| one["verification_id"] == review.as_str()));
    let path = format!("/accounts/verifications/{review}/decision");
    let mut decision = json!({
        "decision": "resubmission", "reason": "WRONG_PASSPORT", "evidence_version": 1,
        "note": "It is her sister's.",
    });
    assert_eq!(refusal(&served.rest.post(&path, &decision).await), (409, "EVIDENCE_CHANGED"));
    decision["evidence_version"] = evidence["evidence_version"].clone();
    let decided = served.rest.post(&path, &decision).await;
    assert_eq!(data(&decided)["verification_status"], "resubmission_required");
    let request = GetVerificationHistoryRequest { verification_id: review };
    let mut reviews = ReviewServiceClient::new(served.kyc.clone());
    let history = reviews.get_verification_history(served.caller.request(request)).await.unwrap();
    assert_eq!(history.get_ref().decisions[0].note, "It is her sister's.");

    served.authenticate(&customer, "gb_group", "").await;
    let review = served.once(&customer, "in_review").await;
    assert_eq!(served.evidence(&review).await["mrz_findings"][0]["source"], "ocr");
    let path = format!("/sandbox/verifications/{review}/decide");
    let played = served.rest.post(&path, &json!({"decision": "reject", "reason": "FORGED"})).await;
    assert_eq!(data(&played)["verification_status"], "rejected");
}

/// Part 5: a match is cleared over gRPC, and asks again when the customer changes.
async fn screening(served: &Served) {
    let customer = served.person("Sergey", "Barkhatenko", "1974-07-22").await;
    let review = served.once(&customer, "in_review").await;
    let request = GetVerificationEvidenceRequest { verification_id: review.clone() };
    let mut screening = ScreeningServiceClient::new(served.kyc.clone());
    let evidence = screening.get_verification_evidence(served.caller.request(request)).await;
    let evidence = evidence.unwrap().into_inner();
    assert_eq!(evidence.sanctions_matches[0].entry_id, "TST0003");
    assert_eq!(served.evidence(&review).await["sanctions_matches"][0]["entry_id"], "TST0003");
    let request = DecideVerificationRequest {
        verification_id: review.clone(),
        decision: Decision::Approve.into(),
        reason: "OTHER_PERSON".to_owned(),
        evidence_version: evidence.evidence_version,
        ..DecideVerificationRequest::default()
    };
    let mut reviews = ReviewServiceClient::new(served.kyc.clone());
    let decided = reviews.decide_verification(served.caller.request(request)).await.unwrap();
    let decided = decided.into_inner().verification.unwrap();
    assert_eq!(decided.verification_status(), VerificationStatus::Verified);

    let path = format!("/accounts/customers/{customer}");
    data(&served.rest.put(&path, &json!({"email": "sergey@example.com"})).await);
    // Everybody is screened again, and this one is not asked about.
    data(&served.rest.put("/kyc/screening", &json!({"threshold": 790})).await);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(served.once(&customer, "verified").await, review);
    data(&served.rest.put(&path, &json!({"last_name": "Barhatenko"})).await);
    let second = served.once(&customer, "in_review").await;
    assert_ne!(second, review);
    let decision = json!({
        "decision": "approve", "reason": "OTHER_PERSON",
        "evidence_version": served.evidence(&second).await["evidence_version"],
    });
    let path = format!("/accounts/verifications/{second}/decision");
    let cleared = served.rest.post(&path, &decision).await;
    assert_eq!(data(&cleared)["verification_status"], "verified");
}

/// Part 7.
async fn retention(served: &Served) {
    let customer = served.person("Joe", "Bloggs", "1988-10-03").await;
    let path = format!("/accounts/customers/{customer}");
    data(&served.rest.put(&path, &json!({"active": false})).await);
    let ended = json!({"legal_hold": true});
    data(&served.rest.put(&format!("{path}/retention"), &ended).await);
    let erase = served.rest.request(Method::DELETE, &format!("{path}/personal_data"));
    let refused = send(erase).await;
    let request = ErasePersonalDataRequest { customer_id: customer };
    let mut client = RetentionServiceClient::new(served.customer.clone());
    let over_rpc = client.erase_personal_data(served.caller.request(request)).await.unwrap_err();

    assert_eq!(refused.0, 409, "{}", refused.2);
    assert_eq!(over_rpc.code(), tonic::Code::FailedPrecondition);
}
