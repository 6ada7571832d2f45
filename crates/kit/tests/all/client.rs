use std::sync::atomic::{AtomicU32, Ordering};

use kit::client;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test]
async fn a_service_that_is_not_there_is_tried_three_times() {
    let channel = client::channel("http://127.0.0.1:1".into()).unwrap();
    let (tries, client) = (AtomicU32::new(0), HealthClient::new(channel));

    let refused = client::retry(async || {
        tries.fetch_add(1, Ordering::Relaxed);
        client.clone().check(HealthCheckRequest::default()).await
    })
    .await
    .unwrap_err();

    assert!(client::is_broken_transport(&refused), "{refused:?}");
    assert_eq!(tries.into_inner(), 3);
}

#[tokio::test]
async fn what_a_service_answers_is_not_asked_again() {
    let tries = AtomicU32::new(0);

    let refused = client::retry(async || {
        tries.fetch_add(1, Ordering::Relaxed);
        Err::<(), _>(Status::unavailable("come back in a second"))
    })
    .await
    .unwrap_err();

    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(tries.into_inner(), 1);
}
