//! What the server around the rpcs promises, shown by this service: each has the same.

use std::time::{Duration, Instant};

use prost_types::FieldMask;
use proto::customer::v1::{
    Customer, UpdateCustomerRequest, customer_service_client::CustomerServiceClient,
};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::support::{joe, reason, setup};

fn disable(customer_id: String) -> UpdateCustomerRequest {
    UpdateCustomerRequest {
        customer: Some(Customer { customer_id, ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["active".into()] }),
        ..Default::default()
    }
}

/// Keeps every change waiting until dropped.
async fn stuck(pool: &PgPool) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("select 1 from customers for update").execute(&mut *tx).await.unwrap();
    tx
}

#[tokio::test]
async fn a_request_is_given_up_when_its_caller_would_wait_no_longer() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let _stuck = stuck(&setup.pool).await;
    let mut request = setup.caller.request(disable(customer_id));
    // Said in the metadata alone: the client's own timer would say the same.
    request.metadata_mut().insert("grpc-timeout", "200m".parse().unwrap());
    let start = Instant::now();

    let refused = setup.client.update_customer(request).await.unwrap_err();

    assert!(matches!(refused.code(), Code::DeadlineExceeded | Code::Cancelled), "{refused:?}");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_lock_that_is_not_to_be_had_is_a_passing_fault() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let _stuck = stuck(&setup.pool).await;

    let request = setup.caller.request(disable(customer_id));
    let refused = setup.client.update_customer(request).await.unwrap_err();

    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused), "UNAVAILABLE");
}

#[tokio::test]
async fn a_request_that_hangs_does_not_keep_the_server_from_stopping() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let _stuck = stuck(&setup.pool).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut client = CustomerServiceClient::new(kit::client::channel(url).unwrap());
    let (stop, drain) = (CancellationToken::new(), Duration::from_millis(200));
    let serving =
        customer::serve(listener, setup.pool.clone(), testkit::keys(), drain, stop.clone());
    let hanging = async {
        let call = client.update_customer(setup.caller.request(disable(customer_id)));
        tokio::time::timeout(Duration::from_secs(4), call).await
    };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.cancel();
        Instant::now()
    };

    let (served, hung, stopped) =
        tokio::join!(async { (serving.await, Instant::now()) }, hanging, stopping,);

    assert!(served.0.is_ok());
    assert!(served.1.duration_since(stopped) < Duration::from_secs(3));
    assert!(!matches!(hung, Ok(Ok(_))), "it cannot have been answered");
}

#[tokio::test]
async fn the_server_describes_itself_to_anybody() {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    let channel = testkit::serve(customer::service(pool, testkit::keys())).await;
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };

    let answer = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap();

    let Some(MessageResponse::ListServicesResponse(list)) = answer.unwrap().message_response else {
        panic!("no list of services");
    };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    assert!(names.contains(&"lombard.customer.v1.CustomerService".to_owned()), "{names:?}");
}
