use proto::customer::v1::{
    BatchGetCustomersRequest, CreateCustomerRequest, Customer, CustomerType, ListCustomersRequest,
    ListCustomersResponse,
};

use crate::support::{Setup, acme, bad_fields, joe, setup};

async fn list(setup: &mut Setup, request: ListCustomersRequest) -> ListCustomersResponse {
    setup.client.list_customers(setup.caller.request(request)).await.unwrap().into_inner()
}

fn named(first_name: &str) -> Customer {
    Customer { first_name: first_name.into(), ..joe() }
}

fn first_names(page: &ListCustomersResponse) -> Vec<&str> {
    page.customers.iter().map(|customer| customer.first_name.as_str()).collect()
}

#[tokio::test]
async fn pages_are_newest_first_and_do_not_shift_under_inserts() {
    let mut setup = setup().await;
    for name in ["A", "B", "C", "D", "E"] {
        setup.create(named(name)).await.unwrap();
    }
    let page_size = Some(2);

    let first = list(&mut setup, ListCustomersRequest { page_size, ..Default::default() }).await;
    setup.create(named("F")).await.unwrap();
    let page_token = first.next_page_token.clone();
    let next = ListCustomersRequest { page_size, page_token, ..Default::default() };
    let second = list(&mut setup, next).await;
    let page_token = second.next_page_token.clone();
    let next = ListCustomersRequest { page_size, page_token, ..Default::default() };
    let third = list(&mut setup, next).await;

    assert_eq!(first_names(&first), ["E", "D"]);
    assert_eq!(first.total_size, 5);
    assert_eq!(first_names(&second), ["C", "B"]);
    assert_eq!(first_names(&third), ["A"]);
    assert_eq!(third.next_page_token, "");
    assert_eq!(third.total_size, 6);
}

#[tokio::test]
async fn each_filter_lets_through_whom_it_names() {
    let mut setup = setup().await;
    setup.create(named("Zoë")).await.unwrap();
    setup.create(acme()).await.unwrap();
    setup.create(Customer { email: "other@example.com".into(), ..named("zo_") }).await.unwrap();

    let company = CustomerType::Company.into();
    let of = |request| request;
    for (expected, request) in [
        (1, of(ListCustomersRequest { customer_type: company, ..Default::default() })),
        (3, of(ListCustomersRequest { active: Some(true), ..Default::default() })),
        (0, of(ListCustomersRequest { active: Some(false), ..Default::default() })),
        (0, of(ListCustomersRequest { verified: Some(true), ..Default::default() })),
        (3, of(ListCustomersRequest { verified: Some(false), ..Default::default() })),
        (
            1,
            of(ListCustomersRequest { email: "SUPPORT@ACQUIRED.com".into(), ..Default::default() }),
        ),
        (1, of(ListCustomersRequest { name_prefix: "ZOË B".into(), ..Default::default() })),
        (1, of(ListCustomersRequest { name_prefix: "zo_".into(), ..Default::default() })),
        (2, of(ListCustomersRequest { name_prefix: "z".into(), ..Default::default() })),
        (1, of(ListCustomersRequest { name_prefix: "acme &".into(), ..Default::default() })),
        (0, of(ListCustomersRequest { name_prefix: "bloggs".into(), ..Default::default() })),
    ] {
        let page = list(&mut setup, request.clone()).await;
        assert_eq!(page.total_size, expected, "{request:?}");
        assert_eq!(i64::try_from(page.customers.len()).unwrap(), expected, "{request:?}");
    }
}

#[tokio::test]
async fn creation_times_bound_a_list_from_inclusive_to_exclusive() {
    let mut setup = setup().await;
    let first = setup.create(named("A")).await.unwrap();
    let second = setup.create(named("B")).await.unwrap();

    let from = ListCustomersRequest { create_time_from: second.create_time, ..Default::default() };
    let before =
        ListCustomersRequest { create_time_before: second.create_time, ..Default::default() };

    assert_eq!(list(&mut setup, from).await.customers, [second]);
    assert_eq!(list(&mut setup, before).await.customers, [first]);
}

#[tokio::test]
async fn a_bad_page_and_bad_filters_are_all_named() {
    let mut setup = setup().await;
    let request = ListCustomersRequest {
        page_size: Some(0),
        page_token: "?".into(),
        customer_type: 9,
        email: "nobody".into(),
        name_prefix: "<".into(),
        ..Default::default()
    };

    let refused = setup.client.list_customers(setup.caller.request(request)).await.unwrap_err();

    assert_eq!(
        bad_fields(&refused),
        ["customer_type", "email", "name_prefix", "page_size", "page_token"]
    );
}

#[tokio::test]
async fn a_total_without_filters_is_kept_and_not_counted_out() {
    let mut setup = setup().await;
    for _ in 0..20 {
        setup.create(joe()).await.unwrap();
    }
    let other = testkit::caller();
    let nothing = setup.client.list_customers(other.request(ListCustomersRequest::default()));
    let nothing = nothing.await.unwrap().into_inner();

    let total = list(&mut setup, ListCustomersRequest::default()).await.total_size;
    sqlx::query("update customer_counts set customers = 1000").execute(&setup.pool).await.unwrap();
    let kept = list(&mut setup, ListCustomersRequest::default()).await.total_size;

    assert_eq!((total, nothing.total_size), (20, 0));
    assert_eq!(kept % 1000, 0);
}

#[tokio::test]
async fn customers_created_at_once_are_all_counted() {
    let mut setup = setup().await;
    let creations = (0..40).map(|_| {
        let (mut client, caller) = (setup.client.clone(), setup.caller.clone());
        async move {
            let customer = Some(joe());
            let request = CreateCustomerRequest { customer, ..Default::default() };
            client.create_customer(caller.request(request)).await.unwrap();
        }
    });
    let creations: tokio::task::JoinSet<()> = creations.collect();
    creations.join_all().await;

    assert_eq!(list(&mut setup, ListCustomersRequest::default()).await.total_size, 40);
}

#[tokio::test]
async fn the_ids_of_a_batch_that_is_too_long_are_not_read() {
    let mut setup = setup().await;
    let request = BatchGetCustomersRequest { customer_ids: vec!["x".into(); 1001] };

    let refused =
        setup.client.batch_get_customers(setup.caller.request(request)).await.unwrap_err();

    assert_eq!(bad_fields(&refused), ["customer_ids"]);
}
