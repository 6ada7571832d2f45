//! How personal data is kept: sealed, but for names and countries.

use std::time::Duration;

use kit::keys::Keyring;
use proto::customer::v1::{
    Customer, GetCustomerRequest, ListCustomersRequest,
    customer_service_client::CustomerServiceClient,
};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

use crate::support::{Setup, acme, joe, setup};

/// What must not be read in the database: of `joe`, all that is sealed.
const SEALED: [&str; 8] = [
    "Suite 2, 4th Floor",
    "Baker Street",
    "London",
    "W1U7AL",
    "1988-10-03",
    "acquired",
    "203 982 6580",
    "+442039826580",
];

async fn rows(pool: &PgPool) -> String {
    let rows = "
        select string_agg(to_jsonb(c)::text, ' ') from (
            select to_jsonb(customers) from customers
            union all select to_jsonb(customer_changes) from customer_changes
            union all select to_jsonb(requests) from requests
            union all select to_jsonb(index_keys) from index_keys
        ) c
    ";
    sqlx::query_scalar(rows).fetch_one(pool).await.unwrap()
}

async fn get(setup: &mut Setup, id: &str) -> Result<Customer, Status> {
    let request = GetCustomerRequest { customer_id: id.into() };
    let answer = setup.client.get_customer(setup.caller.request(request)).await?;
    Ok(answer.into_inner())
}

async fn found_by(setup: &mut Setup, email: &str) -> Vec<String> {
    let request = ListCustomersRequest { email: email.into(), ..Default::default() };
    let request = setup.caller.request(request);
    let page = setup.client.list_customers(request).await.unwrap().into_inner();
    assert_eq!(usize::try_from(page.total_size).unwrap(), page.customers.len());
    page.customers.into_iter().map(|customer| customer.customer_id).collect()
}

/// As an earlier release wrote it.
async fn write_in_clear(setup: &Setup, id: &str) {
    sqlx::query(
        "
        update customers set
            personal = null, personal_key = null, personal_key_version = null, email_index = null,
            address_number = '44', address_refinement = 'Suite 2, 4th Floor',
            address_street = 'Baker Street', address_city = 'London',
            address_postal_code = 'W1U7AL', date_of_birth = '1988-10-03',
            email = 'Support@acquired.com', email_key = 'support@acquired.com',
            phone = '+44(0)203 982 6580', phone_e164 = '+442039826580'
        where customer_id = $1::uuid
        ",
    )
    .bind(id)
    .execute(&setup.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn what_is_not_searched_by_its_beginning_is_not_to_be_read_in_the_database() {
    let mut setup = setup().await;

    let made = setup.create(joe()).await.unwrap();

    let kept = rows(&setup.pool).await;
    assert!(kept.contains("Bloggs"), "names are searched");
    for text in SEALED {
        assert!(!kept.to_lowercase().contains(&text.to_lowercase()), "{text}: {kept}");
    }
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
}

#[tokio::test]
async fn an_address_is_found_however_it_is_written_and_by_its_own_tenant() {
    let mut setup = setup().await;
    let made = setup.create(joe()).await.unwrap();
    setup.create(Customer { email: "other@example.com".into(), ..joe() }).await.unwrap();
    let mut elsewhere =
        Setup { client: setup.client.clone(), caller: testkit::caller(), pool: setup.pool.clone() };
    elsewhere.create(joe()).await.unwrap();

    assert_eq!(found_by(&mut setup, "SUPPORT@ACQUIRED.com").await, [made.customer_id]);

    let indexes: Vec<Vec<u8>> = sqlx::query_scalar(
        "select distinct email_index from customers where email_index is not null",
    )
    .fetch_all(&setup.pool)
    .await
    .unwrap();
    assert_eq!(indexes.len(), 3, "equal addresses of two tenants do not look equal");
}

#[tokio::test]
async fn sealed_data_opens_at_its_own_customer_alone() {
    let mut setup = setup().await;
    let one = setup.create(joe()).await.unwrap().customer_id;
    let other =
        setup.create(Customer { email: "other@example.com".into(), ..joe() }).await.unwrap();
    sqlx::query(
        "
        update customers c set personal = o.personal, personal_key = o.personal_key
        from customers o
        where c.customer_id = $1::uuid and o.customer_id = $2::uuid
        ",
    )
    .bind(&one)
    .bind(&other.customer_id)
    .execute(&setup.pool)
    .await
    .unwrap();

    let refused = get(&mut setup, &one).await.unwrap_err();

    assert_eq!(refused.code(), Code::Internal);
    assert_eq!(get(&mut setup, &other.customer_id).await.unwrap(), other);
}

#[tokio::test]
async fn what_an_earlier_release_wrote_is_read_and_found_and_is_soon_sealed() {
    seals(setup().await).await;
}

/// What an earlier release wrote.
pub(crate) async fn seals(mut setup: Setup) {
    let made = setup.create(joe()).await.unwrap();
    write_in_clear(&setup, &made.customer_id).await;
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
    let found = found_by(&mut setup, "support@acquired.com").await;
    assert_eq!(found, std::slice::from_ref(&made.customer_id));

    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (pool, keys) = (setup.pool.clone(), testkit::keys());
    let serving = customer::serve(listener, pool, keys, Duration::ZERO, stop.clone());
    let sealed = async {
        while rows(&setup.pool).await.contains("Baker") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let both = async { tokio::join!(Box::pin(serving), sealed) };
    let (served, ()) = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    served.unwrap();

    let kept = rows(&setup.pool).await;
    for text in SEALED {
        assert!(!kept.to_lowercase().contains(&text.to_lowercase()), "{text}");
    }
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
    assert_eq!(found_by(&mut setup, "support@acquired.com").await, [made.customer_id]);
}

/// Serves, which seals what is in clear, until a statement counts none.
async fn seal_until_none(setup: &Setup, count: &'static str) {
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (pool, keys) = (setup.pool.clone(), testkit::keys());
    let serving = customer::serve(listener, pool, keys, Duration::ZERO, stop.clone());
    let sealed = async {
        while sqlx::query_scalar::<_, i64>(count).fetch_one(&setup.pool).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let both = async { tokio::join!(Box::pin(serving), sealed) };
    let (served, ()) = tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    served.unwrap();
}

#[tokio::test]
async fn a_company_s_contact_is_not_to_be_read_in_the_database() {
    let mut setup = setup().await;
    let with_contact = Customer {
        first_name: "Zebulon".into(),
        middle_name: "Quentin".into(),
        last_name: "Xavierson".into(),
        ..acme()
    };

    let made = setup.create(with_contact).await.unwrap();
    let kept = rows(&setup.pool).await;
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
    assert!(kept.contains("Acme"), "companies are searched by their names");
    for name in ["Zebulon", "Quentin", "Xavierson"] {
        assert!(!kept.contains(name), "{name}: {kept}");
    }

    // As an earlier release wrote it.
    let in_clear = "update customers set first_name = 'Zebulon', middle_name = 'Quentin',
        last_name = 'Xavierson'";
    sqlx::query(in_clear).execute(&setup.pool).await.unwrap();
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
    seal_until_none(&setup, "select count(*) from customers where last_name is not null").await;
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
}

#[tokio::test]
async fn many_that_cannot_be_sealed_hold_up_no_other() {
    let mut setup = setup().await;
    let made = setup.create(joe()).await.unwrap();
    write_in_clear(&setup, &made.customer_id).await;
    // More than are looked up at a time, all before it, and none with a country that there is.
    let broken = "
        insert into customers
            (tenant_id, customer_id, customer_type, first_name, last_name, name_key,
             address_iso_country, date_of_birth, active, verification_status, details_version,
             create_time, update_time)
        select tenant_id, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
               customer_type, first_name, last_name, name_key, 'XX', date_of_birth, active,
               verification_status, details_version, create_time, update_time
        from customers, generate_series(1, 120) as n";
    sqlx::query(broken).execute(&setup.pool).await.unwrap();

    let left =
        "select count(*) from customers where address_iso_country = 'GB' and personal is null";
    seal_until_none(&setup, left).await;

    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
}

#[tokio::test]
async fn keys_are_wrapped_anew_and_the_old_one_is_not_needed_any_more() {
    rotates(setup().await).await;
}

/// Keys, on a service that nobody has asked yet.
pub(crate) async fn rotates(mut setup: Setup) {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("keys");
    kit::keys::ensure_file(&file).unwrap();
    let old = Keyring::from_file(&file).unwrap();
    let channel = testkit::serve(customer::service(setup.pool.clone(), old)).await;
    setup.client = CustomerServiceClient::new(channel);
    let made = setup.create(joe()).await.unwrap();
    let untouched: Vec<u8> =
        sqlx::query_scalar("select personal from customers").fetch_one(&setup.pool).await.unwrap();
    let first = std::fs::read_to_string(&file).unwrap();
    let second = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    std::fs::write(&file, format!("{first}\n{second}\n")).unwrap();

    let both = Keyring::from_file(&file).unwrap();
    let rotated = customer::rotate_keys(&setup.pool, &both).await.unwrap();

    assert_eq!(rotated, customer::Rotated { version: 2, rewrapped: 2, failed: 0 });
    assert_eq!(customer::rotate_keys(&setup.pool, &both).await.unwrap().rewrapped, 0);
    std::fs::write(&file, second).unwrap();
    let new = Keyring::from_file(&file).unwrap();
    let channel = testkit::serve(customer::service(setup.pool.clone(), new)).await;
    setup.client = CustomerServiceClient::new(channel);
    assert_eq!(get(&mut setup, &made.customer_id).await.unwrap(), made);
    assert_eq!(found_by(&mut setup, "support@acquired.com").await, [made.customer_id]);
    let kept: Vec<u8> =
        sqlx::query_scalar("select personal from customers").fetch_one(&setup.pool).await.unwrap();
    assert_eq!(kept, untouched);
}
