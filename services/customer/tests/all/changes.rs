use kit::caller::{Call, Caller};
use proto::customer::v1::{
    AcknowledgeCustomerChangesRequest, Customer, CustomerChange, ListCustomerChangesRequest,
    ListEveryCustomerRequest, TenantCustomer, UpdateCustomerRequest,
};
use tonic::Code;
use types::TenantId;

use crate::support::{Setup, acme, joe, reason, setup};

pub(crate) fn platform() -> Caller {
    let call = Call::begin(None, std::time::Duration::from_secs(10));
    Caller::new(call, TenantId::from_uuid(uuid::Uuid::nil()), None, Vec::new())
}

pub(crate) async fn changes(setup: &mut Setup) -> Vec<TenantCustomer> {
    let request = platform().request(ListCustomerChangesRequest::default());
    setup.client.list_customer_changes(request).await.unwrap().into_inner().customers
}

pub(crate) async fn acknowledge(setup: &mut Setup, seen: &[TenantCustomer]) {
    let changes = seen
        .iter()
        .map(|seen| {
            let customer = seen.customer.clone().unwrap_or_default();
            CustomerChange {
                tenant_id: seen.tenant_id.clone(),
                customer_id: customer.customer_id,
                details_version: customer.details_version,
            }
        })
        .collect();
    let request = platform().request(AcknowledgeCustomerChangesRequest { changes });
    setup.client.acknowledge_customer_changes(request).await.unwrap();
}

async fn set(setup: &mut Setup, path: &str, customer: Customer) {
    let update = UpdateCustomerRequest {
        customer: Some(customer),
        update_mask: Some(prost_types::FieldMask { paths: vec![path.to_owned()] }),
        ..Default::default()
    };
    setup.client.update_customer(setup.caller.request(update)).await.unwrap();
}

#[tokio::test]
async fn a_new_customer_is_on_the_list_until_it_is_acknowledged() {
    let mut setup = setup().await;
    let created = setup.create(joe()).await.unwrap();

    let listed = changes(&mut setup).await;
    let again = changes(&mut setup).await;
    acknowledge(&mut setup, &listed).await;

    assert_eq!(listed, again);
    assert_eq!(listed[0].tenant_id, setup.caller.tenant().to_string());
    assert_eq!(listed[0].customer, Some(created));
    assert_eq!(changes(&mut setup).await, []);
}

#[tokio::test]
async fn a_change_of_the_name_is_listed_and_one_of_the_address_line_is_not() {
    let mut setup = setup().await;
    let created = setup.create(joe()).await.unwrap();
    let listed = changes(&mut setup).await;
    acknowledge(&mut setup, &listed).await;

    set(&mut setup, "email", Customer { email: "a@b.example".into(), ..created.clone() }).await;
    let after_the_address = changes(&mut setup).await;
    set(&mut setup, "last_name", Customer { last_name: "Smith".into(), ..created }).await;

    assert_eq!(after_the_address, []);
    assert_eq!(changes(&mut setup).await[0].customer.as_ref().unwrap().last_name, "Smith");
}

#[tokio::test]
async fn an_acknowledgement_of_what_was_before_leaves_the_change_on_the_list() {
    let mut setup = setup().await;
    let created = setup.create(joe()).await.unwrap();
    let seen = changes(&mut setup).await;

    set(&mut setup, "last_name", Customer { last_name: "Smith".into(), ..created }).await;
    acknowledge(&mut setup, &seen).await;

    assert_eq!(changes(&mut setup).await[0].customer.as_ref().unwrap().details_version, 2);
}

#[tokio::test]
async fn everybody_is_listed_page_by_page_whoever_s_they_are() {
    let mut setup = setup().await;
    let mut made = Vec::new();
    for customer in [joe(), acme(), joe()] {
        setup.caller = testkit::caller();
        made.push(setup.create(customer).await.unwrap().customer_id);
    }

    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let tenant_id = String::new();
        let request = ListEveryCustomerRequest { page_size: Some(2), page_token, tenant_id };
        let page = setup.client.list_every_customer(platform().request(request)).await;
        let page = page.unwrap().into_inner();
        found.extend(page.customers.into_iter().map(|one| one.customer.unwrap().customer_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }

    found.sort();
    made.sort();
    assert_eq!(found, made);
}

#[tokio::test]
async fn one_tenant_s_are_listed_page_by_page_and_nobody_else_s() {
    let mut setup = setup().await;
    let mut made = Vec::new();
    for customer in [joe(), acme(), joe()] {
        made.push(setup.create(customer).await.unwrap().customer_id);
    }
    let of = setup.caller.tenant().to_string();
    for _ in 0..2 {
        setup.caller = testkit::caller();
        setup.create(joe()).await.unwrap();
    }

    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let (page_size, tenant_id) = (Some(2), of.clone());
        let request = ListEveryCustomerRequest { page_size, page_token, tenant_id };
        let page = setup.client.list_every_customer(platform().request(request)).await;
        let page = page.unwrap().into_inner();
        found.extend(page.customers.into_iter().map(|one| one.customer.unwrap().customer_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }

    made.sort();
    assert_eq!(found, made);
}

#[tokio::test]
async fn who_cannot_be_read_is_passed_over_and_stays_on_the_list() {
    passes_over(setup().await).await;
}

/// Of whom it cannot read.
#[expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
pub(crate) async fn passes_over(mut setup: Setup) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(setup.create(joe()).await.unwrap().customer_id);
    }
    ids.sort();
    let listed = changes(&mut setup).await;
    acknowledge(&mut setup, &listed[..1]).await;
    // Those who are read first, one of whom is not on the list.
    sqlx::query("update customers set personal = '?' where customer_id = any ($1::text[]::uuid[])")
        .bind(&ids[..3])
        .execute(&setup.pool)
        .await
        .unwrap();

    let request = platform().request(ListEveryCustomerRequest::default());
    let everyone = setup.client.list_every_customer(request).await.unwrap().into_inner().customers;
    let mut told = Vec::new();
    for _ in 0..4 {
        let request = ListCustomerChangesRequest { page_size: Some(1) };
        let page = setup.client.list_customer_changes(platform().request(request)).await;
        told.extend(page.unwrap().into_inner().customers);
    }
    acknowledge(&mut setup, &told).await;

    let id = |one: &TenantCustomer| one.customer.clone().unwrap().customer_id;
    assert_eq!(everyone.iter().map(id).collect::<Vec<_>>(), ids[3..]);
    assert_eq!(told.iter().map(id).collect::<Vec<_>>(), ids[3..]);
    let left = "select customer_id::text from customer_changes order by customer_id";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&setup.pool).await.unwrap();
    assert_eq!(left, ids[..3], "they are told of when they can be read");
}

#[tokio::test]
async fn a_tenant_may_not_ask_what_is_the_platform_s() {
    let mut setup = setup().await;
    let caller = setup.caller.clone();

    let listed =
        setup.client.list_customer_changes(caller.request(ListCustomerChangesRequest::default()));
    let listed = listed.await.unwrap_err();
    let everyone =
        setup.client.list_every_customer(caller.request(ListEveryCustomerRequest::default()));
    let everyone = everyone.await.unwrap_err();
    let request = caller.request(AcknowledgeCustomerChangesRequest::default());
    let acknowledged = setup.client.acknowledge_customer_changes(request).await.unwrap_err();

    for refused in [listed, everyone, acknowledged] {
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert_eq!(reason(&refused), "PLATFORM_ONLY");
    }
}
