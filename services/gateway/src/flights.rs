//! One asks for all who want to know the same at the same time.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::failure::Failure;

/// What is told of a question: nothing yet, or its answer.
type Told<T> = Option<Result<T, Failure>>;

/// Questions under way, by what they are about.
#[derive(Debug)]
pub(crate) struct Flights<K, T> {
    under_way: Mutex<HashMap<K, UnderWay<T>>>,
    joined_for: Duration,
}

#[derive(Debug)]
struct UnderWay<T> {
    since: Instant,
    told: watch::Receiver<Told<T>>,
}

impl<K: Copy + Eq + Hash, T: Clone> Flights<K, T> {
    /// Questions that others join for so long: who comes later wants an answer that is not of before.
    pub(crate) fn new(joined_for: Duration) -> Self {
        Self { under_way: Mutex::default(), joined_for }
    }

    /// The answer to `ask`, or to that of somebody who has just asked about the same and has not been
    /// answered yet. Who goes away before the answer leaves it to the others to ask.
    pub(crate) async fn join(
        &self,
        about: K,
        ask: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let flight = loop {
            let mut told = match self.begin(about) {
                Begun::Ours(flight) => break flight,
                Begun::Others(told) => told,
            };
            if let Ok(answer) = told.wait_for(Option::is_some).await
                && let Some(answer) = answer.clone()
            {
                return answer;
            }
        };
        let answer = ask.await;
        flight.tell.send_replace(Some(answer.clone()));
        answer
    }

    fn begin(&self, about: K) -> Begun<'_, K, T> {
        let mut under_way = self.lock();
        if let Some(other) = under_way.get(&about)
            && other.since.elapsed() < self.joined_for
        {
            return Begun::Others(other.told.clone());
        }
        let (tell, told) = watch::channel(None);
        under_way.insert(about, UnderWay { since: Instant::now(), told });
        Begun::Ours(Flight { among: self, about, tell })
    }
}

impl<K, T> Flights<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, UnderWay<T>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Begun<'a, K: Eq + Hash, T> {
    Ours(Flight<'a, K, T>),
    Others(watch::Receiver<Told<T>>),
}

/// A question of ours, which is under way until this is dropped.
struct Flight<'a, K: Eq + Hash, T> {
    among: &'a Flights<K, T>,
    about: K,
    tell: watch::Sender<Told<T>>,
}

impl<K: Eq + Hash, T> Drop for Flight<'_, K, T> {
    fn drop(&mut self) {
        let ours = self.tell.subscribe();
        let mut under_way = self.among.lock();
        // A later one may be there by now.
        if under_way.get(&self.about).is_some_and(|known| known.told.same_channel(&ours)) {
            under_way.remove(&self.about);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use tokio::{task::JoinSet, time::sleep};

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    /// Answers after a moment with how often it was asked before.
    async fn answer(asked: &AtomicUsize) -> Result<usize, Failure> {
        let count = asked.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(100)).await;
        Ok(count)
    }

    #[tokio::test]
    async fn who_asks_the_same_at_the_same_time_is_answered_together() {
        let (flights, asked) = (Arc::new(Flights::new(LONG)), Arc::new(AtomicUsize::new(0)));
        let mut crowd = JoinSet::new();
        for _ in 0..200 {
            let (flights, asked) = (Arc::clone(&flights), Arc::clone(&asked));
            crowd.spawn(async move { flights.join(7, answer(&asked)).await });
        }

        let answers = crowd.join_all().await;
        let other = flights.join(8, answer(&asked)).await;
        let later = flights.join(7, answer(&asked)).await;

        assert!(answers.into_iter().all(|answer| answer.unwrap() == 0));
        assert_eq!((other.unwrap(), later.unwrap()), (1, 2));
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_waited_for_it() {
        let flights = Flights::<_, usize>::new(LONG);
        let fail = async {
            sleep(Duration::from_millis(50)).await;
            Err(Failure::overloaded())
        };

        let both = tokio::join!(flights.join(7, fail), flights.join(7, async { Ok(1) }));

        assert_eq!(both.0.unwrap_err().code(), "OVERLOADED");
        assert_eq!(both.1.unwrap_err().code(), "OVERLOADED");
    }

    #[tokio::test]
    async fn who_comes_late_is_not_told_what_was_asked_before() {
        let flights = Flights::new(Duration::from_millis(20));
        let slow = async {
            sleep(Duration::from_millis(200)).await;
            Ok(1)
        };
        let late = async {
            sleep(Duration::from_millis(60)).await;
            flights.join(7, async { Ok(2) }).await
        };

        let (slow, late) = tokio::join!(flights.join(7, slow), late);

        assert_eq!((slow.unwrap(), late.unwrap()), (1, 2));
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn who_goes_away_leaves_it_to_the_others_to_ask() {
        let flights = Flights::new(LONG);
        let forever = flights.join(7, std::future::pending());
        let other = flights.join(7, async { Ok(1) });

        let gone = tokio::time::timeout(Duration::from_millis(50), forever);
        let (gone, other) = tokio::join!(gone, other);

        assert!(gone.is_err());
        assert_eq!(other.unwrap(), 1);
    }
}
