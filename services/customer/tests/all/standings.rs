use std::time::{Duration, Instant};

use kit::caller::Caller;
use proto::customer::v1::{
    BatchGetCustomerStandingsRequest, BatchGetCustomerStandingsResponse, Customer,
    UpdateCustomerRequest,
};
use tonic::Status;
use types::CustomerId;

use crate::support::{Setup, acme, bad_fields, joe, setup};

/// Longer than the lease that is given.
const WAIT: Duration = Duration::from_millis(250);

async fn standings(
    setup: &Setup,
    caller: &Caller,
    customer_ids: &[&str],
) -> Result<BatchGetCustomerStandingsResponse, Status> {
    let customer_ids = customer_ids.iter().map(|&id| id.to_owned()).collect();
    let request = caller.request(BatchGetCustomerStandingsRequest { customer_ids });
    Ok(setup.client.clone().batch_get_customer_standings(request).await?.into_inner())
}

fn change(customer: Customer, path: &str) -> UpdateCustomerRequest {
    UpdateCustomerRequest {
        customer: Some(customer),
        update_mask: Some(prost_types::FieldMask { paths: vec![path.into()] }),
        ..Default::default()
    }
}

fn set_active(customer_id: &str, active: bool) -> UpdateCustomerRequest {
    change(Customer { customer_id: customer_id.into(), active, ..Default::default() }, "active")
}

/// Makes the change and tells how long its answer took.
async fn timed(setup: &Setup, request: UpdateCustomerRequest) -> Duration {
    let begin = Instant::now();
    setup.client.clone().update_customer(setup.caller.request(request)).await.unwrap();
    begin.elapsed()
}

#[tokio::test]
async fn the_active_among_those_asked_for_are_told_with_a_lease() {
    let mut setup = setup().await;
    let (joe, acme) = (setup.create(joe()).await.unwrap(), setup.create(acme()).await.unwrap());
    let nobody = CustomerId::new().to_string();
    timed(&setup, set_active(&acme.customer_id, false)).await;

    let asked = [joe.customer_id.as_str(), &acme.customer_id, &nobody, &joe.customer_id];
    let told = standings(&setup, &setup.caller, &asked).await.unwrap();

    assert_eq!(told.active_customer_ids, [joe.customer_id]);
    let valid_for = Duration::try_from(told.valid_for.unwrap()).unwrap();
    assert_eq!(valid_for, Duration::from_millis(200));
}

#[tokio::test]
async fn the_version_goes_up_with_every_real_change_of_active_and_nothing_else() {
    let mut setup = setup().await;
    let joe = setup.create(joe()).await.unwrap();
    let id = joe.customer_id.as_str();
    let renamed = Customer { last_name: "Blogs".into(), ..joe.clone() };
    let changes = [
        (set_active(id, true), 0),
        (set_active(id, false), 1),
        (set_active(id, false), 1),
        (change(renamed, "last_name"), 1),
        (set_active(id, true), 2),
        (UpdateCustomerRequest { validate_only: true, ..set_active(id, false) }, 2),
    ];

    for (change, version) in changes {
        timed(&setup, change.clone()).await;
        let told = standings(&setup, &setup.caller, &[]).await.unwrap();

        assert_eq!(told.version, version, "{change:?}");
        assert!(told.active_customer_ids.is_empty());
    }
}

#[tokio::test]
async fn what_names_active_is_answered_after_the_lease_and_nothing_else_waits() {
    let mut setup = setup().await;
    let joe = setup.create(joe()).await.unwrap();
    let id = joe.customer_id.as_str();
    let keyed = UpdateCustomerRequest { request_id: "disable".into(), ..set_active(id, false) };
    let checked = UpdateCustomerRequest { validate_only: true, ..set_active(id, true) };

    assert!(timed(&setup, keyed.clone()).await >= WAIT);
    assert!(timed(&setup, keyed).await >= WAIT, "a replay");
    assert!(timed(&setup, set_active(id, false)).await >= WAIT, "nothing changed");
    assert!(timed(&setup, set_active(id, true)).await >= WAIT);
    let renamed = Customer { last_name: "Blogs".into(), ..joe.clone() };
    for quick in [checked, change(renamed, "last_name")] {
        // A busy machine may make some of them slow.
        let mut fastest = WAIT;
        for _ in 0..10 {
            fastest = fastest.min(timed(&setup, quick.clone()).await);
        }
        assert!(fastest < WAIT, "{quick:?}");
    }
}

#[tokio::test]
async fn changes_of_many_customers_at_once_are_all_counted() {
    let mut setup = setup().await;
    let mut changing = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let id = setup.create(acme()).await.unwrap().customer_id;
        let setup = Setup {
            client: setup.client.clone(),
            caller: setup.caller.clone(),
            pool: setup.pool.clone(),
        };
        changing.spawn(async move { timed(&setup, set_active(&id, false)).await });
    }

    changing.join_all().await;

    assert_eq!(standings(&setup, &setup.caller, &[]).await.unwrap().version, 20);
}

#[tokio::test]
async fn another_tenants_customers_and_changes_are_not_told() {
    let mut setup = setup().await;
    let joe = setup.create(joe()).await.unwrap();
    let acme = setup.create(acme()).await.unwrap();
    timed(&setup, set_active(&acme.customer_id, false)).await;

    let told = standings(&setup, &testkit::caller(), &[&joe.customer_id]).await.unwrap();

    assert_eq!(told.version, 0);
    assert!(told.active_customer_ids.is_empty());
}

#[tokio::test]
async fn malformed_ids_and_more_than_a_thousand_are_bad_fields() {
    let setup = setup().await;
    let id = CustomerId::new().to_string();

    let malformed = standings(&setup, &setup.caller, &[&id, "x"]).await.unwrap_err();
    let most = standings(&setup, &setup.caller, &vec![id.as_str(); 1_000]).await;
    let too_many = standings(&setup, &setup.caller, &vec![id.as_str(); 1_001]).await.unwrap_err();

    assert_eq!(bad_fields(&malformed), ["customer_ids[1]"]);
    assert!(most.is_ok());
    assert_eq!(bad_fields(&too_many), ["customer_ids"]);
}
