//! How often tenants, users and keys may ask. The count is the access service's, one for all gateways;
//! a gateway draws a tenth of a second's worth at a time and spends it without asking again, so that a
//! request costs a call only now and then, and who is refused costs none until there is more.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use kit::{caller::Caller, client};
use moka::sync::Cache;
use proto::access::v1::{DrawAllowanceRequest, allowance_service_client::AllowanceServiceClient};
use tokio::sync::Notify;
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
    purses: Cache<Uuid, Arc<Purse>>,
}

/// Who is counted, and how many requests they may make each second; 0: without limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) id: Uuid,
    pub(crate) per_s: i32,
}

/// What one may spend here. Nobody waits for another who spends, only for who draws: a lock that is handed from
/// one to the next would have a crowd go through it one by one.
#[derive(Debug)]
struct Purse {
    drawn: Mutex<Drawn>,
    /// Somebody has drawn, or tried to.
    news: Notify,
}

#[derive(Debug)]
struct Drawn {
    left: i32,
    until: Instant,
    /// There is nothing to draw before.
    none_before: Instant,
    /// When and how a draw failed: those who waited for it do not each try again.
    failed: Option<(Instant, Failure)>,
    is_drawing: bool,
}

/// What is left to do for one who asks.
#[derive(Debug)]
enum Next {
    Nothing,
    Draw(Drawing),
    Wait,
}

/// The one who draws, until it is dropped.
#[derive(Debug)]
struct Drawing(Arc<Purse>);

impl Purse {
    fn new() -> Self {
        let now = Instant::now();
        let drawn =
            Drawn { left: 0, until: now, none_before: now, failed: None, is_drawing: false };
        Self { drawn: Mutex::new(drawn), news: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spends one, or tells what there is to do first. `since` is when it was first asked for.
    fn take(self: &Arc<Self>, per_s: i32, since: Instant) -> Result<Next, Failure> {
        let mut drawn = self.lock();
        let now = Instant::now();
        if let Some((at, failure)) = &drawn.failed
            && *at >= since
        {
            return Err(failure.clone());
        }
        if drawn.left > 0 && now < drawn.until {
            drawn.left = drawn.left.saturating_sub(1);
            return Ok(Next::Nothing);
        }
        if now < drawn.none_before {
            return Err(Failure::too_often(per_s, drawn.none_before.duration_since(now)));
        }
        if drawn.is_drawing {
            return Ok(Next::Wait);
        }
        drawn.is_drawing = true;
        Ok(Next::Draw(Drawing(Arc::clone(self))))
    }
}

impl Drawing {
    /// Keeps what was drawn, less the one that is spent at once.
    fn end(self, per_s: i32, got: Result<(i32, Duration), Failure>) -> Result<(), Failure> {
        let mut drawn = self.0.lock();
        let now = Instant::now();
        match got {
            Ok((got, more_after)) => {
                drawn.left = got.saturating_sub(1);
                drawn.until = later(now, KEPT);
                drawn.failed = None;
                if got > 0 {
                    return Ok(());
                }
                drawn.none_before = later(now, more_after.min(KEPT));
                Err(Failure::too_often(per_s, more_after))
            }
            Err(failure) => {
                drawn.failed = Some((now, failure.clone()));
                Err(failure)
            }
        }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.0.lock().is_drawing = false;
        self.0.news.notify_waiters();
    }
}

impl Allowances {
    pub(crate) fn new(access: AllowanceServiceClient<Channel>) -> Self {
        let purses = Cache::builder().max_capacity(MOST).time_to_idle(REMEMBERED).build();
        Self { access, purses }
    }

    /// Spends one request of the subject's.
    pub(crate) async fn spend(&self, caller: &Caller, subject: Subject) -> Result<(), Failure> {
        if subject.per_s == 0 {
            return Ok(());
        }
        let purse = self.purses.get_with(subject.id, || Arc::new(Purse::new()));
        let since = Instant::now();
        loop {
            let mut news = pin!(purse.news.notified());
            news.as_mut().enable();
            match purse.take(subject.per_s, since)? {
                Next::Nothing => return Ok(()),
                Next::Wait => news.await,
                Next::Draw(drawing) => {
                    let got = self.draw(caller, subject).await;
                    return drawing.end(subject.per_s, got);
                }
            }
        }
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

    #[tokio::test]
    async fn who_goes_away_while_drawing_leaves_it_to_the_next() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let allowances =
            Allowances::new(AllowanceServiceClient::new(client::channel(url).unwrap()));
        let call = Call::begin(None, Duration::from_millis(300));
        let caller = Caller::new(call, TenantId::new(), None, Vec::new());
        let subject = Subject { id: Uuid::now_v7(), per_s: 5 };

        let gone = timeout(Duration::from_millis(50), allowances.spend(&caller, subject)).await;
        let next = timeout(Duration::from_secs(4), allowances.spend(&caller, subject)).await;

        assert!(gone.is_err(), "it was still drawing");
        assert!(next.unwrap().is_err(), "nobody answers");
    }

    #[test]
    fn what_was_drawn_is_spent_without_waiting_while_another_draws() {
        let purse = Arc::new(Purse::new());
        let since = Instant::now();
        let Ok(Next::Draw(drawing)) = purse.take(5, since) else { panic!("nothing was drawn") };

        assert!(matches!(purse.take(5, since), Ok(Next::Wait)));
        drawing.end(5, Ok((2, Duration::ZERO))).unwrap();
        assert!(matches!(purse.take(5, since), Ok(Next::Nothing)));
        let Ok(Next::Draw(drawing)) = purse.take(5, since) else { panic!("all was spent") };
        assert!(drawing.end(5, Ok((0, Duration::from_secs(1)))).is_err());
        assert!(purse.take(5, since).is_err(), "there is nothing to draw before");
    }
}
