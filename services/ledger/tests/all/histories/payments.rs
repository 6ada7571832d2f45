//! Random histories with payments, one step after the other, so that a model of a few lines knows every
//! answer beforehand. The rail does nothing until it is let: workers run for a step, and what the rail
//! plays later waits until a step says that the time has come.

mod model;

use std::time::Duration;

use ledger::PaymentSettings;
use proto::ledger::v1::{Ledger, PaymentStatus as Status};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use self::model::{Account, Paid, To, carried};
use crate::{
    books::assert_sound,
    paying::{Working, creditor, eventually, faster, hurried},
    payments_inbound::suspense,
    support::{Setup, inbound, is_posted, reason, setup, transfer},
};

const LEDGERS: usize = 4;
const STEPS: usize = 120;

struct History {
    setup: Setup,
    dice: StdRng,
    ledgers: Vec<Ledger>,
    accounts: Vec<Account>,
    other: Setup,
    others_ledger: Ledger,
    others: Account,
    suspense: i64,
    paid: Vec<Paid>,
}

impl History {
    async fn new(seed: u64) -> Self {
        let setup = setup().await;
        let other = setup.other_tenant();
        let mut ledgers = Vec::new();
        for _ in 0..LEDGERS {
            ledgers.push(setup.ledger("gbp").await);
        }
        Self {
            dice: StdRng::seed_from_u64(seed),
            ledgers,
            accounts: vec![Account::default(); LEDGERS],
            others_ledger: other.ledger("gbp").await,
            other,
            setup,
            others: Account::default(),
            suspense: 0,
            paid: Vec::new(),
        }
    }

    async fn step(&mut self) {
        let at = self.dice.random_range(0..LEDGERS);
        let other = (at + self.dice.random_range(1..LEDGERS)) % LEDGERS;
        let minor = self.dice.random_range(1..400);
        match self.dice.random_range(0..24) {
            0..4 => self.pay_in(at, minor).await,
            4..7 => self.transfer(at, other, minor).await,
            7..14 => self.pay(at, other, minor).await,
            14..18 => self.cancel().await,
            18 => self.toggle(at).await,
            19 => self.toggle_others().await,
            20 => self.set_overdraft(at, minor).await,
            21..23 => self.work().await,
            _ => self.let_time_pass().await,
        }
        for (ledger, account) in self.ledgers.iter().zip(&self.accounts) {
            let money = self.setup.money(ledger).await;
            assert_eq!(money, (account.balance, account.available()), "{account:?}");
        }
    }

    async fn pay_in(&mut self, at: usize, minor: i64) {
        let told = self.setup.inbound(inbound(&self.ledgers[at], &decimal(minor))).await;
        if self.accounts[at].is_disabled {
            assert_eq!(reason(&told.unwrap_err()), "LEDGER_DISABLED");
            self.suspense += minor;
        } else {
            assert!(is_posted(&told.unwrap()));
            self.accounts[at].balance += minor;
        }
    }

    async fn transfer(&mut self, from: usize, to: usize, minor: i64) {
        let (payer, payee) = (&self.ledgers[from], &self.ledgers[to]);
        let told = self.setup.transfer(transfer(payer, payee, &decimal(minor))).await;
        if self.accounts[from].is_disabled || self.accounts[to].is_disabled {
            assert_eq!(reason(&told.unwrap_err()), "LEDGER_DISABLED");
        } else {
            let has_moved = self.accounts[from].has(minor);
            assert_eq!(is_posted(&told.unwrap()), has_moved, "{:?}", self.accounts[from]);
            if has_moved {
                self.accounts[from].balance -= minor;
                self.accounts[to].balance += minor;
            }
        }
    }

    async fn pay(&mut self, from: usize, own: usize, minor: i64) {
        let to = match self.dice.random_range(0..8) {
            0 => To::Own(own),
            1 => To::OtherTenant,
            2 => To::Rail("00000001"),
            3 => To::Rail("00000002"),
            4 => To::Rail("00000003"),
            5 => To::Rail("00000004"),
            _ => To::Rail("12345678"),
        };
        let mut order = faster(&self.ledgers[from], "", &decimal(minor));
        match to {
            To::Rail(number) => order.creditor.as_mut().unwrap().account_number = number.into(),
            To::Own(own) => order.creditor = Some(creditor(&self.ledgers[own])),
            To::OtherTenant => order.creditor = Some(creditor(&self.others_ledger)),
        }
        let told = self.setup.pay(order).await;
        let is_own_disabled = matches!(to, To::Own(own) if self.accounts[own].is_disabled);
        if self.accounts[from].is_disabled || is_own_disabled {
            assert_eq!(reason(&told.unwrap_err()), "LEDGER_DISABLED");
            return;
        }
        let status = match to {
            _ if !self.accounts[from].has(minor) => Status::Rejected,
            To::Own(own) => {
                self.accounts[from].balance -= minor;
                self.accounts[own].balance += minor;
                Status::Settled
            }
            To::Rail(_) | To::OtherTenant => {
                self.accounts[from].held += minor;
                Status::Accepted
            }
        };
        let payment = told.unwrap();
        assert_eq!(payment.status(), status, "{:?}", self.accounts[from]);
        let has_returned = None;
        self.paid.push(Paid { payment, from, to, minor, status, has_returned });
    }

    /// Takes back one of the latest.
    async fn cancel(&mut self) {
        let back = self.dice.random_range(1..4);
        let Some(at) = self.paid.len().checked_sub(back) else { return };
        let paid = &mut self.paid[at];
        let told = self.setup.cancel(&paid.payment).await;
        if paid.status == Status::Accepted {
            self.accounts[paid.from].held -= paid.minor;
            paid.status = Status::Cancelled;
        }
        match told {
            Ok(payment) => {
                assert_eq!([payment.status(), paid.status], [Status::Cancelled; 2]);
            }
            Err(status) => {
                assert_eq!(reason(&status), "PAYMENT_NOT_CANCELLABLE");
                assert_ne!(paid.status, Status::Cancelled);
            }
        }
    }

    async fn toggle(&mut self, at: usize) {
        let account = &mut self.accounts[at];
        account.is_disabled = !account.is_disabled;
        self.setup.set_active(&self.ledgers[at].ledger_id, !account.is_disabled).await.unwrap();
    }

    async fn toggle_others(&mut self) {
        self.others.is_disabled = !self.others.is_disabled;
        let id = &self.others_ledger.ledger_id;
        self.other.set_active(id, !self.others.is_disabled).await.unwrap();
    }

    async fn set_overdraft(&mut self, at: usize, minor: i64) {
        let told = self.setup.set_overdraft(&self.ledgers[at], minor).await;
        let account = &mut self.accounts[at];
        if account.available() < -minor {
            assert_eq!(reason(&told.unwrap_err()), "OVERDRAFT_IN_USE");
        } else {
            told.unwrap();
            account.overdraft = minor;
        }
    }

    /// Workers take up all that is due.
    async fn work(&mut self) {
        let (one, other) = (Working::at(&self.setup, pace()), Working::at(&self.setup, pace()));
        until_nothing_is_due(&self.setup).await;
        one.stop().await;
        other.stop().await;
        self.suspense = 0;
        for paid in &mut self.paid {
            if paid.status == Status::Accepted {
                (paid.status, paid.has_returned) = carried(paid.to, self.others.is_disabled);
                self.accounts[paid.from].end(paid);
                if paid.to == To::OtherTenant && paid.status == Status::Settled {
                    self.others.balance += paid.minor;
                }
            }
        }
        self.compare().await;
    }

    /// What the rail does later, it does now.
    async fn let_time_pass(&mut self) {
        self.work().await;
        for pass in [
            "update sandbox_rail_payments set decision_time = now() where decision_time > now()",
            "update sandbox_rail_incoming set due_time = now() where due_time > now()",
            "update payments set next_attempt_time = now() where next_attempt_time > now()",
        ] {
            sqlx::query(pass).execute(&self.setup.pool).await.unwrap();
        }
        for paid in &mut self.paid {
            if paid.status == Status::Submitted {
                paid.status = Status::Settled;
                self.accounts[paid.from].end(paid);
            }
            if paid.has_returned == Some(false) {
                paid.has_returned = Some(true);
                self.accounts[paid.from].balance += paid.minor;
            }
        }
        self.work().await;
    }

    /// The payments are as the model has them.
    async fn compare(&self) {
        for Paid { payment, to, status, has_returned, .. } in &self.paid {
            let found = self.setup.get_payment(&payment.payment_id).await.unwrap();
            assert_eq!(found.status(), *status, "{to:?} {found:?}");
            let is_back = !found.return_transfer_id.is_empty();
            assert_eq!(is_back, *has_returned == Some(true), "{to:?} {found:?}");
        }
        let money = self.other.money(&self.others_ledger).await;
        assert_eq!(money, (self.others.balance, self.others.balance));
        assert_eq!(suspense(&self.setup).await, self.suspense);
    }
}

fn pace() -> PaymentSettings {
    PaymentSettings {
        // Nothing comes later by itself.
        sandbox_delay: Duration::from_hours(1),
        longest_pause: Duration::from_millis(10),
        ..hurried()
    }
}

async fn until_nothing_is_due(setup: &Setup) {
    eventually(async || {
        let due = "
            select
                (
                    select count(*) from payments p
                    left join sandbox_rail_payments r
                        on r.payment_id = p.payment_id and r.taken and r.decision_time > now()
                    where p.next_attempt_time is not null
                        and (p.taken_time is null or r.payment_id is null)
                ) + (
                    select count(*) from sandbox_rail_incoming
                    where acknowledge_time is null and due_time <= now()
                )";
        let due: i64 = sqlx::query_scalar(due).fetch_one(&setup.pool).await.unwrap();
        (due == 0).then_some(())
    })
    .await;
}

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

async fn play(seed: u64) -> Vec<Status> {
    // Shown when the test fails.
    println!("seed {seed}");
    let mut history = History::new(seed).await;
    for _ in 0..STEPS {
        history.step().await;
    }
    history.let_time_pass().await;

    assert!(history.accounts.iter().all(|account| account.held == 0));
    assert_sound(&history.setup.pool).await;
    history.paid.iter().map(|paid| paid.status).collect()
}

#[tokio::test]
async fn a_random_history_of_payments_is_as_the_model_has_it() {
    let ends = play(1).await;

    for end in [Status::Settled, Status::Rejected, Status::Cancelled] {
        assert!(ends.contains(&end), "none is {end:?}");
    }
}

#[tokio::test]
async fn a_history_of_payments_that_nobody_has_seen_is_as_the_model_has_it() {
    let ends = play(rand::random()).await;

    assert!(!ends.iter().any(|end| [Status::Accepted, Status::Submitted].contains(end)));
}
