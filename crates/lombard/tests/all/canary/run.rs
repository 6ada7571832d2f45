//! A whole run: what a tenant does with customers, identities and money, well and badly.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::sleep;

use crate::{
    answers::{AUTHENTICATE, CREATE, CREATE_LEDGER, LIST, data, send_text},
    outside::{Outside, TOKEN},
    stack::{Client, login_as},
};

/// What is looked for afterwards.
pub(super) struct Canaries {
    /// In clear where its owner keeps it, and nowhere else.
    pub(super) personal: Vec<String>,
    /// In clear nowhere.
    pub(super) hidden: Vec<String>,
}

const FIRST: &str = "Qvxalphafirst";
const MIDDLE: &str = "Innokentevichqvx";
const LAST: &str = "Qvxcharlielast";
const COMPANY: &str = "Qvxdelta Holdings";
const EMAIL: &str = "qvxecho@canary.example";
const PHONE: &str = "+447700900123";
const STREET: &str = "Qvxfoxtrot Street";
const CITY: &str = "Qvxgolfcity";
const BORN: &str = "1961-04-23";
const PAYEE: &str = "Qvxhotel Payee";
const REFERENCE: &str = "qvxindiaref";
const ZONE: &str = "P<GBRQVXCHARLIELAST<<QVXALPHAFIRST<<<<<<<<<<\n\
                    QVX98902C36GBR6104230M3204159<<<<<<<<<<<<<<<<";
const NOTE: &str = "Qvxjuliett said so at the counter";
const SECRET: &str = "qvxkilo secret of the provider";
const CALLBACK_SECRET: &str = "qvxlima-callback-secret";
const WRONG: &str = "qvxmike-wrong-password";
const BAD: &str = "Qvxnovember";
const DOCUMENT: &str = "qvxoscar-in-a-document";

/// Canaries that are wrong wherever they are.
fn bad() -> String {
    format!("{BAD}<>")
}

fn person(last_name: &str) -> Value {
    json!({
        "customer_type": "individual", "first_name": FIRST, "middle_name": MIDDLE,
        "last_name": last_name, "dob": BORN, "email": EMAIL, "phone": PHONE,
        "address": {
            "number": "4711", "street": STREET, "city": CITY, "postal_code": "W1U7AL",
            "iso_country": "GB",
        },
    })
}

/// An image with a canary behind its end, where decoders do not look.
fn image(side: &str) -> Vec<u8> {
    [testkit::files::PNG, format!("{DOCUMENT}-{side}").repeat(8).as_bytes()].concat()
}

fn documents(customer: &str, provider: &str) -> Value {
    let part = |content: &[u8]| BASE64_STANDARD.encode(content);
    let pdf = [testkit::files::PDF, format!("{DOCUMENT}-more").repeat(8).as_bytes()].concat();
    json!({
        "customer_id": customer, "third_party": provider, "id_type": "driving_license",
        "front": {"image": part(&image("front")), "mime_type": "image/png", "mrz": ZONE},
        "back": {"image": part(&image("back")), "mime_type": "image/png"},
        "additional_data": {"image": part(&pdf), "mime_type": "application/pdf"},
    })
}

fn id<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

async fn create(client: &Client, customer: &Value) -> String {
    id(data(&client.post(CREATE, customer).await), "customer_id").to_owned()
}

/// Waits until something is so.
async fn until<T>(mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait).await.unwrap()
}

async fn in_review(client: &Client, customer: &str) -> String {
    let path = format!("/accounts/customers/{customer}/verifications");
    until(async || {
        let answer = client.get(&path).await;
        let latest = &data(&answer)["list"][0];
        let in_review = latest["verification_status"] == "in_review";
        in_review.then(|| id(latest, "verification_id").to_owned())
    })
    .await
}

/// Does all of it, and says what to look for.
pub(super) async fn everything(url: &str, server: &PgConnectOptions, echo: &Outside) -> Canaries {
    let client = login_as(url, "sandbox@lombard.test", "sandbox-password").await;
    let other = login_as(url, "other@lombard.test", "other-password").await;
    let mut hidden: Vec<String> = [
        ZONE.lines().next().unwrap(),
        ZONE.lines().nth(1).unwrap(),
        NOTE,
        SECRET,
        CALLBACK_SECRET,
        WRONG,
        BAD,
        DOCUMENT,
        TOKEN,
        "sandbox-password",
        "other-password",
        &client.token,
        &other.token,
    ]
    .map(str::to_owned)
    .to_vec();
    // Of the image's end, whatever place in a group of three bytes it begins at.
    let encoded = BASE64_STANDARD.encode(image("front"));
    let (_, end) = encoded.split_at(encoded.len().saturating_sub(200));
    hidden.push(end.chars().take(100).collect());

    customers(&client).await;
    hidden.push(keys(&client).await);
    identities(&client).await;
    review(&client, server).await;
    providers(&other, echo).await;
    money(&client).await;
    errors(&client, url).await;
    let personal = [
        FIRST,
        MIDDLE,
        LAST,
        COMPANY,
        EMAIL,
        PHONE,
        STREET,
        CITY,
        BORN,
        PAYEE,
        REFERENCE,
        "sandbox@lombard.test",
    ];
    Canaries { personal: personal.map(str::to_owned).to_vec(), hidden }
}

async fn customers(client: &Client) {
    let customer = create(client, &person(LAST)).await;
    let company = json!({
        "customer_type": "company", "company_name": COMPANY,
        "address": {"iso_country": "GB"}, "email": EMAIL,
    });
    create(client, &company).await;
    let path = format!("/accounts/customers/{customer}");
    data(&client.get(&path).await);
    data(&client.put(&path, &json!({"last_name": format!("{LAST}two"), "phone": PHONE})).await);
    for query in [format!("name={FIRST}"), format!("email={EMAIL}"), "limit=5".to_owned()] {
        data(&client.get(&format!("{LIST}?{query}")).await);
    }
}

/// The secret of a key that was used.
async fn keys(client: &Client) -> String {
    let key = json!({"name": "till", "scopes": ["customers:read"]});
    let answer = client.post("/access/keys", &key).await;
    let secret = id(data(&answer), "secret").to_owned();
    let user = client.with_token(&secret);
    data(&user.get(LIST).await);
    secret
}

/// Every outcome of the sandbox, with documents.
async fn identities(client: &Client) {
    let mut under_way = Vec::new();
    for last in ["Refer", "Reject", "Resubmit", "Expire", "Slow", "Outage", "Sanction", LAST] {
        let customer = create(client, &person(last)).await;
        let answer = client.post(AUTHENTICATE, &documents(&customer, "gb_group")).await;
        under_way.push((last, id(data(&answer), "verification_id").to_owned()));
    }
    for (last, verification) in under_way {
        let path = format!("/accounts/verifications/{verification}/history");
        until(async || {
            let answer = client.get(&path).await;
            let transitions = data(&answer)["transitions"].as_array().unwrap();
            (last == "Slow" || transitions.len() > 1).then_some(())
        })
        .await;
    }
}

/// A match with a list, a decision with a note, and what follows when the time is over.
async fn review(client: &Client, server: &PgConnectOptions) {
    let mut listed = person("Barhatenko");
    listed["first_name"] = "Sergey".into();
    listed["middle_name"] = "Innokentevich".into();
    listed["dob"] = "1974-07-22".into();
    let customer = create(client, &listed).await;
    let review = in_review(client, &customer).await;
    let path = format!("/accounts/verifications/{review}");
    let answer = client.get(&format!("{path}/evidence")).await;
    let evidence = data(&answer);
    assert_eq!(evidence["sanctions_matches"][0]["list"], "uk", "{evidence}");
    let mut decision = json!({
        "decision": "reject", "reason": "SAME_PERSON", "evidence_version": 99, "note": NOTE,
    });
    let stale = client.post(&format!("{path}/decision"), &decision).await;
    assert_eq!(stale.2["code"], "EVIDENCE_CHANGED");
    decision["evidence_version"] = evidence["evidence_version"].clone();
    data(&client.post(&format!("{path}/decision"), &decision).await);
    let history = client.get(&format!("{path}/history")).await;
    assert_eq!(data(&history)["decisions"][0]["note"], NOTE);

    let erased = create(client, &person(&format!("{LAST}three"))).await;
    let path = format!("/accounts/customers/{erased}");
    data(&client.put(&path, &json!({"active": false})).await);
    let early = client.request(Method::DELETE, &format!("{path}/personal_data"));
    assert_eq!(early.send().await.unwrap().status(), 409);
    let customers = server.clone().database("lombard_customer");
    let mut connection = PgConnection::connect_with(&customers).await.unwrap();
    let ended = "update customers set relationship_ended_at = now() - interval '6 years'
                 where customer_id = $1::uuid";
    sqlx::query(ended).bind(&erased).execute(&mut connection).await.unwrap();
    let erase = client.request(Method::DELETE, &format!("{path}/personal_data"));
    assert_eq!(erase.send().await.unwrap().status(), 200);
    assert_ne!(data(&client.get(&path).await)["last_name"], format!("{LAST}three"));
}

/// A tenant with accounts of its own, with a provider that repeats everything.
async fn providers(client: &Client, echo: &Outside) {
    for provider in ["gbg_go", "gbg_id3global"] {
        let account = json!({
            "account_name": "client", "secret": SECRET, "profile_id": "d1546e85",
            "callback_secret": CALLBACK_SECRET,
        });
        data(&client.put(&format!("/kyc/providers/{provider}"), &account).await);
        let before = echo.asked();
        let customer = create(client, &person(LAST)).await;
        data(&client.post(AUTHENTICATE, &documents(&customer, provider)).await);
        until(async || (echo.asked() > before).then_some(())).await;
    }
    let call = client.request(Method::POST, "/callbacks/kyc/gbg_go");
    let call =
        call.header("X-Signature", format!("t=1,v1={BAD}")).body(format!("{{\"{BAD}\": 1}}"));
    assert!(call.send().await.unwrap().status().is_client_error());
}

async fn money(client: &Client) {
    let customer = create(client, &person(LAST)).await;
    let ledger = json!({
        "customer_id": customer, "currency": "gbp", "primary_use": ["payments"], "owner": "me",
    });
    let answer = client.post(CREATE_LEDGER, &ledger).await;
    let ledger = id(data(&answer), "ledger_id").to_owned();
    let inbound = json!({
        "amount": "200.00", "reference": REFERENCE, "name": PAYEE, "sort_code": "400052",
        "account_number": "12345678",
    });
    let received = client.post(&format!("/sandbox/ledgers/{ledger}/inbound"), &inbound).await;
    assert_eq!(received.0, 200, "{}", received.2);
    let payment = json!({
        "from_ledger_id": ledger, "name": PAYEE, "sort_code": "400052",
        "account_number": "12345678", "amount": "1.00", "reference": REFERENCE,
    });
    let paid = client.post("/accounts/faster_payment", &payment).await;
    assert_eq!(paid.0, 200, "{}", paid.2);
    let path = format!("/accounts/customers/ledgers/transactions/{ledger}");
    assert_eq!(client.get(&path).await.0, 200);
}

/// Canaries in every field that is wrong, in names of fields, in texts that are no JSON, in queries, in
/// paths and in headers.
async fn errors(client: &Client, url: &str) {
    let wrong = bad();
    let paths = [
        CREATE,
        AUTHENTICATE,
        CREATE_LEDGER,
        "/access/keys",
        "/accounts/internal_transfer",
        "/accounts/reverse_transfer",
        "/accounts/faster_payment",
        "/accounts/sepa_credit",
        "/accounts/confirm_payee",
        "/login",
        "/accounts/verifications/0190a0b0-0000-7000-8000-000000000000/decision",
    ];
    let mut fields = json!({"address": {}, "front": {}, &wrong: &wrong});
    for field in [
        "customer_type",
        "first_name",
        "middle_name",
        "last_name",
        "company_name",
        "dob",
        "email",
        "phone",
        "customer_id",
        "third_party",
        "id_type",
        "currency",
        "primary_use",
        "owner",
        "amount",
        "reference",
        "from_ledger_id",
        "to_ledger_id",
        "name",
        "sort_code",
        "account_number",
        "iban",
        "bic_swift",
        "decision",
        "reason",
        "evidence_version",
        "note",
        "password",
        "scopes",
        "expires",
        "transaction_id",
    ] {
        fields[field] = json!(wrong);
    }
    for line in ["number", "refinement", "street", "region", "city", "postal_code", "iso_country"] {
        fields["address"][line] = json!(wrong);
    }
    for part in ["image", "mime_type", "mrz"] {
        fields["front"][part] = json!(wrong);
    }
    for path in paths {
        for body in [
            fields.to_string(),
            format!("{{\"first_name\": \"{BAD}"),
            format!("[\"{BAD}\"]"),
            BAD.to_owned(),
        ] {
            let (status, ..) = send_text(client, Method::POST, path, &body).await;
            assert!(status.is_client_error(), "{path} {status}");
        }
        let (status, ..) = client.get(&format!("{path}?{BAD}={BAD}")).await;
        assert!(status.is_client_error(), "{path} {status}");
    }
    for path in [
        format!("{LIST}?name={BAD}%3C&{BAD}=1&email={BAD}"),
        format!("/accounts/customers/{BAD}"),
        format!("/kyc/providers/{BAD}"),
        format!("/{BAD}/{BAD}?{BAD}={BAD}"),
    ] {
        let (status, ..) = client.get(&path).await;
        assert!(status.is_client_error(), "{path} {status}");
    }
    let stranger = client.with_token(BAD);
    assert_eq!(stranger.get(LIST).await.0, 401);
    let login = json!({"email": EMAIL, "password": WRONG});
    let nobody = client.with_token("");
    assert_eq!(nobody.post("/login", &login).await.0, 401);
    let odd = reqwest::Client::new().post(format!("{url}{CREATE}"));
    let odd = odd.header("Idempotency-Key", format!("{BAD} x")).body(vec![0xFF; 64]);
    assert!(odd.send().await.unwrap().status().is_client_error());
}
