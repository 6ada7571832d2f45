//! How often tenants, users and keys may ask. The count is the access service's, one for all gateways;
//! a gateway draws a tenth of a second's worth at a time and spends it without asking again, so that a
//! request costs a call only now and then, and who is refused costs none until there is more.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kit::{caller::Caller, client};
use moka::sync::Cache;
use proto::access::v1::{DrawAllowanceRequest, allowance_service_client::AllowanceServiceClient};
use tokio::sync::Mutex;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::failure::Failure;

/// How long what was drawn may be spent.
const KEPT: Duration = Duration::from_secs(1);
/// Who has asked within this time is remembered.
const REMEMBERED: Duration = Duration::from_mins(1);
/// As many are.
const MOST: u64 = 100_000;

/// What has been drawn and not been spent, by who may spend it.
#[derive(Debug, Clone)]
pub(crate) struct Allowances {
    access: AllowanceServiceClient<Channel>,
    drawn: Cache<Uuid, Arc<Mutex<Drawn>>>,
}

#[derive(Debug)]
struct Drawn {
    left: i32,
    until: Instant,
    /// There is nothing to draw before.
    none_before: Instant,
}

/// Who is counted, and how many requests they may make each second; 0: without limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) id: Uuid,
    pub(crate) per_s: i32,
}

impl Allowances {
    pub(crate) fn new(access: AllowanceServiceClient<Channel>) -> Self {
        let drawn = Cache::builder().max_capacity(MOST).time_to_idle(REMEMBERED).build();
        Self { access, drawn }
    }

    /// Spends one request of the subject's.
    pub(crate) async fn spend(&self, caller: &Caller, subject: Subject) -> Result<(), Failure> {
        if subject.per_s == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let drawn = self.drawn.get_with(subject.id, || {
            Arc::new(Mutex::new(Drawn { left: 0, until: now, none_before: now }))
        });
        // One draws; the others wait for what it gets.
        let mut drawn = drawn.lock().await;
        let now = Instant::now();
        if drawn.left <= 0 || now >= drawn.until {
            if now < drawn.none_before {
                let wait = drawn.none_before.duration_since(now);
                return Err(Failure::too_often(subject.per_s, wait));
            }
            let (left, more_after) = self.draw(caller, subject).await?;
            *drawn = Drawn { left, until: later(now, KEPT), none_before: now };
            if left <= 0 {
                drawn.none_before = later(now, more_after.min(KEPT));
                return Err(Failure::too_often(subject.per_s, more_after));
            }
        }
        drawn.left = drawn.left.saturating_sub(1);
        Ok(())
    }

    async fn draw(&self, caller: &Caller, subject: Subject) -> Result<(i32, Duration), Failure> {
        let (mut access, caller) = (self.access.clone(), caller.clone());
        let message = DrawAllowanceRequest {
            subject_id: subject.id.to_string(),
            requests_per_second: subject.per_s,
            requests: subject.per_s.checked_div(10).unwrap_or(1).max(1),
        };
        // A second try after a first that was not answered draws twice, which costs a moment's worth.
        let answer = client::retry(async move || {
            access.draw_allowance(caller.request(message.clone())).await
        });
        let drawn = answer.await?.into_inner();
        let more_after = drawn.more_after.and_then(|after| after.try_into().ok());
        Ok((drawn.requests, more_after.unwrap_or(KEPT)))
    }
}

fn later(now: Instant, after: Duration) -> Instant {
    now.checked_add(after).unwrap_or(now)
}
