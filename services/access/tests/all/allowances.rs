use std::time::Duration;

use kit::caller::{Call, Caller};
use proto::access::v1::{DrawAllowanceRequest, allowance_service_client::AllowanceServiceClient};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Setup, setup};

async fn draw(setup: &Setup, subject: Uuid, per_s: i32, asked: i32) -> (i32, Option<Duration>) {
    let call = Call::begin(None, Duration::from_secs(20));
    let caller = Caller::new(call, setup.tenant, None, Vec::new());
    let message = DrawAllowanceRequest {
        subject_id: subject.to_string(),
        requests_per_second: per_s,
        requests: asked,
    };
    let mut client = AllowanceServiceClient::new(setup.channel.clone());
    let drawn = client.draw_allowance(caller.request(message)).await.unwrap().into_inner();
    (drawn.requests, drawn.more_after.map(|after| after.try_into().unwrap()))
}

#[tokio::test]
async fn gateways_that_draw_at_once_share_one_allowance() {
    let setup = setup().await;
    let subject = Uuid::now_v7();

    let mut gateways = JoinSet::new();
    for _ in 0..20 {
        let setup = setup.clone();
        gateways.spawn(async move { draw(&setup, subject, 10, 1).await.0 });
    }
    let start = std::time::Instant::now();
    let given: i32 = gateways.join_all().await.into_iter().sum();

    let most = 11 + i32::try_from(start.elapsed().as_millis() / 100).unwrap();
    assert!((10..=most).contains(&given), "{given}");
}

#[tokio::test]
async fn who_is_refused_is_told_when_there_is_more_and_others_are_not_concerned() {
    let setup = setup().await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());

    assert_eq!(draw(&setup, first, 1, 1).await, (1, None));
    let (none, after) = draw(&setup, first, 1, 1).await;

    assert_eq!(none, 0);
    let after = after.unwrap();
    assert!(after > Duration::from_millis(500) && after <= Duration::from_secs(1), "{after:?}");
    assert_eq!(draw(&setup, second, 1, 1).await, (1, None));
}
