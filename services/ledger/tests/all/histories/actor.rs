//! Somebody who does one thing after the other, at random, and writes down what was told.

#![expect(clippy::indexing_slicing, reason = "a wrong place fails the test")]

use std::sync::Arc;

use proto::ledger::v1::{CreateTransferRequest, ReverseTransferRequest, Transfer};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tonic::Status;

use super::Stage;
use crate::{
    several::{item, keyed, referenced, reversal},
    support::{Setup, inbound, is_posted, reason, transfer},
};

/// What was asked for and can be asked for again.
#[derive(Default)]
pub(super) struct Past {
    keyed: Vec<CreateTransferRequest>,
    reversals: Vec<ReverseTransferRequest>,
    posted: Vec<Transfer>,
}

/// The answer of a payment that went back to its sender.
pub(super) const RETURNED: &str = "RETURNED";

/// One answer. Each content that is asked for has a reference of its own.
pub(super) struct Told {
    pub(super) reference: String,
    /// Empty without.
    pub(super) key: String,
    pub(super) answer: Result<Transfer, String>,
}

struct Actor {
    stage: Arc<Stage>,
    dice: StdRng,
    number: u64,
    references: usize,
    told: Vec<Told>,
}

pub(super) async fn act(stage: Arc<Stage>, seed: u64, actions: usize) -> Vec<Told> {
    let number = seed % 1_000;
    let dice = StdRng::seed_from_u64(seed);
    let mut actor = Actor { stage, dice, number, references: 0, told: Vec::new() };
    for _ in 0..actions {
        actor.step().await;
    }
    actor.told
}

impl Actor {
    async fn step(&mut self) {
        let service = self.stage.services[self.dice.random_range(0..2)].clone();
        match self.dice.random_range(0..20) {
            0..8 => {
                let request = self.new_transfer();
                self.send(&service, request).await;
            }
            8..11 => {
                if let Some(request) = self.earlier() {
                    self.send(&service, request).await;
                }
            }
            11..14 => self.batch(&service).await,
            14..17 => self.reverse(&service).await,
            17..19 => self.toggle(&service).await,
            _ => self.pay_in(&service).await,
        }
    }

    /// A content that nobody has asked for yet; now and then with the key of another.
    fn new_transfer(&mut self) -> CreateTransferRequest {
        let count = self.stage.ledgers.len();
        let from = self.dice.random_range(0..count);
        let to = (from + self.dice.random_range(1..count)) % count;
        let minor = self.dice.random_range(1..900);
        let decimal = format!("{}.{:02}", minor / 100, minor % 100);
        let request = transfer(&self.stage.ledgers[from], &self.stage.ledgers[to], &decimal);
        let reference = self.reference();
        let request = referenced(&reference, request);
        match self.dice.random_range(0..10) {
            0..5 => request,
            5 => match self.earlier() {
                Some(other) => keyed(&other.request_id, request),
                None => request,
            },
            _ => {
                let request = keyed(&format!("key {reference}").replace(' ', "-"), request);
                self.stage.past.lock().unwrap().keyed.push(request.clone());
                request
            }
        }
    }

    fn reference(&mut self) -> String {
        self.references += 1;
        format!("a{} n{}", self.number, self.references)
    }

    /// A request with a key that somebody has made, or is making just now.
    fn earlier(&mut self) -> Option<CreateTransferRequest> {
        let past = self.stage.past.lock().unwrap();
        // The latest: it may be under way.
        let back = self.dice.random_range(1..10);
        let at = past.keyed.len().checked_sub(back)?;
        past.keyed.get(at).cloned()
    }

    async fn send(&mut self, service: &Setup, request: CreateTransferRequest) {
        let (reference, key) = (request.reference.clone(), request.request_id.clone());
        let answer = service.transfer(request).await;
        self.tell(reference, key, answer.map_err(|status| reason(&status)));
    }

    async fn batch(&mut self, service: &Setup) {
        let count = self.dice.random_range(1..12);
        let mut batch = Vec::new();
        for _ in 0..count {
            let again = self.dice.random_range(0..4) == 0;
            let earlier = if again { self.earlier() } else { None };
            batch.push(earlier.unwrap_or_else(|| self.new_transfer()));
        }
        let outcomes = service.batch(batch.clone()).await.unwrap();
        assert_eq!(outcomes.len(), batch.len());
        for (asked, outcome) in batch.into_iter().zip(&outcomes) {
            let answer = item(outcome).cloned().map_err(ToOwned::to_owned);
            self.tell(asked.reference, asked.request_id, answer);
        }
    }

    /// Undoes one of the latest, which somebody else may be about to undo.
    async fn reverse(&mut self, service: &Setup) {
        let again = self.dice.random_range(0..4) == 0;
        let back = self.dice.random_range(1..6);
        let reference = self.reference();
        let asked = {
            let mut past = self.stage.past.lock().unwrap();
            let latest = |count: usize| count.checked_sub(back);
            let earlier = latest(past.reversals.len()).map(|at| past.reversals[at].clone());
            let original = latest(past.posted.len()).map(|at| past.posted[at].clone());
            match (earlier, original) {
                (Some(earlier), _) if again => earlier,
                (_, Some(original)) => {
                    let key = format!("key-{reference}").replace(' ', "-");
                    let request_id = if back.is_multiple_of(2) { key } else { String::new() };
                    let asked =
                        ReverseTransferRequest { reference, request_id, ..reversal(&original) };
                    if !asked.request_id.is_empty() {
                        past.reversals.push(asked.clone());
                    }
                    asked
                }
                _ => return,
            }
        };
        let (reference, key) = (asked.reference.clone(), asked.request_id.clone());
        let answer: Result<Transfer, Status> = service.reverse(asked).await;
        let key = if key.is_empty() { key } else { format!("reversal {key}") };
        self.tell(reference, key, answer.map_err(|status| reason(&status)));
    }

    /// Disables a ledger, and soon enables it again.
    async fn toggle(&mut self, service: &Setup) {
        let at = self.dice.random_range(0..self.stage.ledgers.len());
        let ledger_id = &self.stage.ledgers[at].ledger_id;
        service.set_active(ledger_id, false).await.unwrap();
        let other = &self.stage.services[self.dice.random_range(0..2)];
        other.set_active(ledger_id, true).await.unwrap();
    }

    async fn pay_in(&mut self, service: &Setup) {
        let at = self.dice.random_range(0..self.stage.ledgers.len());
        let reference = self.reference();
        let request = inbound(&self.stage.ledgers[at], "2.50");
        let request = proto::ledger::v1::CreateInboundPaymentRequest {
            reference: reference.clone(),
            ..request
        };
        let answer = service.inbound(request).await.map_err(|status| match reason(&status) {
            // What a disabled ledger cannot take is recorded, on its way back.
            disabled if disabled == "LEDGER_DISABLED" => RETURNED.to_owned(),
            other => other,
        });
        self.tell(reference, String::new(), answer);
    }

    fn tell(&mut self, reference: String, key: String, answer: Result<Transfer, String>) {
        if let Ok(made) = &answer
            && is_posted(made)
        {
            self.stage.past.lock().unwrap().posted.push(made.clone());
        }
        self.told.push(Told { reference, key, answer });
    }
}
