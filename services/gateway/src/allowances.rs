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
    /// When and how a draw failed: those who waited for it do not each try again.
    failed: Option<(Instant, Failure)>,
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
            Arc::new(Mutex::new(Drawn { left: 0, until: now, none_before: now, failed: None }))
        });
        let asked = now;
        // One draws; the others wait for what it gets.
        let mut drawn = drawn.lock().await;
        let now = Instant::now();
        if let Some((at, failure)) = &drawn.failed
            && *at >= asked
        {
            return Err(failure.clone());
        }
        if drawn.left <= 0 || now >= drawn.until {
            if now < drawn.none_before {
                let wait = drawn.none_before.duration_since(now);
                return Err(Failure::too_often(subject.per_s, wait));
            }
            let (left, more_after) = match self.draw(caller, subject).await {
                Ok(got) => got,
                Err(failure) => {
                    drawn.failed = Some((Instant::now(), failure.clone()));
                    return Err(failure);
                }
            };
            *drawn = Drawn { left, until: later(now, KEPT), none_before: now, failed: None };
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

#[cfg(test)]
mod tests {
    use kit::caller::Call;
    use tokio::time::timeout;
    use types::TenantId;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_for_a_draw_that_fails_do_not_wait_for_one_after_the_other() {
        // Each try to reach it takes more than an eighth of a second.
        let nobody = client::channel("http://127.0.0.1:9".to_owned()).unwrap();
        let allowances = Allowances::new(AllowanceServiceClient::new(nobody));
        let call = Call::begin(None, Duration::from_secs(20));
        let caller = Caller::new(call, TenantId::new(), None, Vec::new());
        let subject = Subject { id: Uuid::now_v7(), per_s: 5 };

        let mut crowd = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (allowances, caller) = (allowances.clone(), caller.clone());
            crowd.spawn(async move { allowances.spend(&caller, subject).await });
        }
        let outcomes = timeout(Duration::from_secs(4), crowd.join_all()).await.unwrap();

        assert!(outcomes.iter().all(Result::is_err));
    }
}
