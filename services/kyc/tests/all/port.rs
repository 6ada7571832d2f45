//! How providers are asked: by adapters that behave as the sandbox does not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kyc::{
    Settings,
    providers::{Answer, Progress, Provider, ProviderError, Submission},
};
use proto::r#type::v1::VerificationStatus as Status;
use tokio_util::sync::CancellationToken;

use crate::{
    scripted::{Scripted, VERIFIED},
    support::{idle, setup_with, with_provider},
};

#[tokio::test]
async fn a_new_attempt_does_not_wait_for_the_next_look() {
    let provider = Scripted::new(Duration::ZERO, VERIFIED);
    let settings = Settings { poll_interval: Duration::from_hours(1), ..with_provider(provider) };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
}

#[tokio::test]
async fn a_provider_that_keeps_failing_ends_the_attempt_in_error() {
    let down = Scripted::new(Duration::ZERO, |_| Err(ProviderError::Transient("down".into())));
    let settings = Settings { max_attempts: 3, ..with_provider(down.clone()) };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Error);
    assert_eq!(decided.reasons, ["PROVIDER_UNAVAILABLE"]);
    assert_eq!(down.seen()[0].submissions, 3);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Error);
}

#[tokio::test]
async fn a_provider_that_is_down_is_left_alone_and_then_tried_by_one() {
    let down = Scripted::new(Duration::ZERO, |_| Err(ProviderError::Transient("down".into())));
    let settings = Settings {
        circuit_failures: 3,
        circuit_pause: Duration::from_hours(1),
        provider_concurrency: 1,
        first_pause: Duration::from_millis(1),
        ..with_provider(down.clone())
    };
    let mut setup = setup_with(settings).await;
    for _ in 0..5 {
        setup.verification_of("Bloggs").await;
    }

    tokio::time::sleep(Duration::from_secs(1)).await;

    let submissions: usize = down.seen().iter().map(|seen| seen.submissions).sum();
    assert_eq!(submissions, 3);
}

#[tokio::test]
async fn a_provider_is_asked_by_so_many_at_a_time() {
    let slow = Scripted::new(Duration::from_millis(100), VERIFIED);
    let settings =
        Settings { provider_concurrency: 2, concurrency: 8, ..with_provider(slow.clone()) };
    let mut setup = idle().await;
    for _ in 0..6 {
        setup.verification_of("Bloggs").await;
    }

    setup.start_worker(settings, setup.customer_channel.clone());
    setup.settled().await;

    assert!(slow.most_at_once() <= 2);
    assert_eq!(slow.seen().len(), 6);
}

#[tokio::test]
async fn a_provider_that_refuses_is_not_asked_again() {
    let refuses = Scripted::new(Duration::ZERO, |_| Err(ProviderError::Permanent("no".into())));
    let mut setup = setup_with(with_provider(refuses.clone())).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Error);
    assert_eq!(decided.reasons, ["PROVIDER_REFUSED"]);
    assert_eq!(refuses.seen()[0].submissions, 1);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_in_time_has_failed() {
    let hangs = Scripted::new(Duration::from_hours(1), VERIFIED);
    let settings = Settings {
        provider_timeout: Duration::from_millis(30),
        max_attempts: 2,
        ..with_provider(hangs)
    };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.reasons, ["PROVIDER_UNAVAILABLE"]);
}

#[tokio::test]
async fn work_that_panics_is_taken_up_again_when_its_lease_ends() {
    let breaks = Scripted::new(Duration::ZERO, |number| match number {
        1 => panic!("a fault in an adapter"),
        _ => VERIFIED(number),
    });
    let settings = Settings { lease: Duration::from_millis(500), ..with_provider(breaks) };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
}

#[tokio::test]
async fn work_that_panics_every_time_ends_the_attempt_in_error() {
    let breaks = Scripted::new(Duration::ZERO, |_| panic!("a fault in an adapter"));
    let lease = Duration::from_millis(300);
    let settings = Settings { lease, max_overruns: 2, ..with_provider(breaks.clone()) };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Error);
    assert_eq!(decided.reasons, ["WORK_BROKE_OFF"]);
    assert_eq!(breaks.seen()[0].submissions, 2);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Error);
}

/// Works on every attempt for ever, and wants to be asked again at once.
#[derive(Default)]
struct Endless {
    asked: AtomicUsize,
}

impl Endless {
    fn pending(&self) -> Answer<'_> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let progress = Progress::Pending { reference: "one".into(), poll_after: Duration::ZERO };
        Box::pin(async { Ok(progress) })
    }
}

impl Provider for Endless {
    fn submit<'a>(&'a self, _submission: &'a Submission) -> Answer<'a> {
        self.pending()
    }

    fn fetch<'a>(&'a self, _reference: &'a str) -> Answer<'a> {
        self.pending()
    }
}

#[tokio::test]
async fn a_provider_that_never_decides_is_asked_at_leisure_until_the_attempt_expires() {
    let endless = Arc::new(Endless::default());
    let settings = Settings {
        shortest_poll: Duration::from_millis(200),
        max_age: Duration::from_secs(1),
        ..with_provider(endless.clone())
    };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Expired);
    assert_eq!(decided.reasons, ["OUT_OF_TIME"]);
    assert!(endless.asked.load(Ordering::Relaxed) <= 6);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Expired);
}

#[tokio::test]
async fn a_worker_that_waits_for_a_connection_stops_at_once() {
    let setup = idle().await;
    let mut held = Vec::new();
    while let Some(conn) = setup.pool.try_acquire() {
        held.push(conn);
    }
    while held.len() < usize::try_from(setup.pool.options().get_max_connections()).unwrap() {
        held.push(setup.pool.acquire().await.unwrap());
    }
    let stop = CancellationToken::new();
    let (pool, customer) = (setup.pool.clone(), setup.customer_channel.clone());
    let settings = with_provider(Scripted::new(Duration::ZERO, VERIFIED));
    let work = Box::pin(kyc::work(settings, pool, customer, Duration::ZERO, stop.clone()));
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.cancel();
    };

    let stopped = tokio::time::timeout(Duration::from_secs(1), async {
        tokio::join!(work, stopping);
    });

    assert!(stopped.await.is_ok());
}

#[tokio::test]
async fn an_attempt_that_the_provider_has_taken_is_fetched_and_not_submitted_again() {
    let slow = Scripted::new(Duration::ZERO, |_| {
        let poll_after = Duration::from_millis(30);
        Ok(Progress::Pending { reference: "one".into(), poll_after })
    });
    let mut setup = setup_with(with_provider(slow.clone())).await;
    let created = setup.verification_of("Bloggs").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!(slow.seen()[0].submissions, 1);
}

#[tokio::test]
async fn two_workers_never_drive_one_attempt_twice() {
    let provider = Scripted::new(Duration::from_millis(20), VERIFIED);
    let mut setup = idle().await;
    let mut made = Vec::new();
    for _ in 0..20 {
        made.push(setup.verification_of("Bloggs").await.verification_id);
    }

    for _ in 0..2 {
        setup.start_worker(with_provider(provider.clone()), setup.customer_channel.clone());
    }
    setup.settled().await;

    for id in &made {
        assert_eq!(setup.get(id).await.unwrap().verification_status(), Status::Verified);
    }
    assert_eq!(provider.seen().len(), made.len());
    for seen in provider.seen() {
        assert_eq!((seen.submissions, seen.at_once), (1, 1));
    }
}
