//! How many transfers a second `cala-ledger` posts, its fastest way.
//!
//! `DATABASE_URL=… bench-cala SECONDS` makes what it needs in that database, which must be empty, and
//! prints one line of JSON. The template is the least that a transfer needs: two entries in one
//! currency, on accounts without a velocity control and in no account set, in a journal without
//! effective balances. `post_transactions` is what cala offers for many at once: one database
//! transaction with as many round trips as one posting has. How many a batch and how many tasks at a
//! time are fastest is found out first.

use std::time::{Duration, Instant};

use anyhow::Context;
use cala_ledger::{
    AccountId, CalaLedger, CalaLedgerConfig, JournalId, TransactionId,
    account::NewAccount,
    job::{JobSvcConfig, Jobs},
    journal::NewJournal,
    posting::PostingInput,
    tx_template::{
        NewParamDefinition, NewTxTemplate, NewTxTemplateEntry, NewTxTemplateTransaction,
        ParamDataType, Params,
    },
};
use rand::Rng;
use rust_decimal::Decimal;
use sqlx::postgres::PgPoolOptions;
use tokio::task::JoinSet;
use uuid::Uuid;

const ACCOUNTS: usize = 10_000;
const TEMPLATE: &str = "TRANSFER";
/// Tasks at a time, and transfers in one database transaction. A batch may touch 1,000 balances.
const WAYS: [Way; 10] = [
    Way { tasks: 1, batch: 1 },
    Way { tasks: 8, batch: 1 },
    Way { tasks: 32, batch: 1 },
    Way { tasks: 1, batch: 100 },
    Way { tasks: 2, batch: 100 },
    Way { tasks: 8, batch: 100 },
    Way { tasks: 1, batch: 500 },
    Way { tasks: 2, batch: 500 },
    Way { tasks: 4, batch: 500 },
    Way { tasks: 8, batch: 500 },
];
/// How long each way is tried.
const TRIAL: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Way {
    tasks: usize,
    batch: usize,
}

/// A ledger to post in.
#[derive(Clone)]
struct Books {
    cala: CalaLedger,
    journal: JournalId,
    accounts: std::sync::Arc<[AccountId]>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let usage = "usage: DATABASE_URL=... bench-cala SECONDS";
    let url = std::env::var("DATABASE_URL").context(usage)?;
    let seconds = Duration::from_secs(std::env::args().nth(1).context(usage)?.parse()?);

    let books = Books::make(&url).await?;
    let mut fastest = (0.0, WAYS[0]);
    for way in WAYS {
        let per_second = books.measure(way, TRIAL).await?;
        eprintln!("{} tasks, batches of {}: {per_second:.0}/s", way.tasks, way.batch);
        if per_second > fastest.0 {
            fastest = (per_second, way);
        }
    }
    let (in_trial, way) = fastest;
    // In cala's favour where the machine is noisy: its best second counts if it is better.
    let per_second = books.measure(way, seconds).await?.max(in_trial);
    // Each task waits for one batch at a time.
    let mean_ms = (way.tasks * way.batch) as f64 / per_second * 1000.0;
    let line = serde_json::json!({
        "transfers_per_second": per_second, "mean_ms": mean_ms, "tasks": way.tasks, "batch": way.batch,
    });
    println!("{line}");
    Ok(())
}

impl Books {
    async fn make(url: &str) -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new().max_connections(40).connect(url).await?;
        // It insists on its jobs. They are not polled: they keep account sets, of which there are none.
        let mut jobs = Jobs::init(JobSvcConfig::builder().pool(pool.clone()).build()?).await?;
        let config =
            CalaLedgerConfig::builder().pool(pool.clone()).exec_migrations(true).build()?;
        let cala = CalaLedger::init(config, &mut jobs).await?;
        let journal = NewJournal::builder().id(JournalId::new()).name("bench").build();
        let journal = cala.journals().create(journal).await?.id();
        cala.tx_templates().create(template()?).await?;
        let mut accounts = Vec::with_capacity(ACCOUNTS);
        for chunk in 0..ACCOUNTS / 1000 {
            let new = (0..1000).map(|n| {
                let code = format!("account {chunk} {n}");
                let id = AccountId::from(Uuid::now_v7());
                NewAccount::builder().id(id).name(code.clone()).code(code).build()
            });
            let made = cala.accounts().create_all(new.collect()).await?;
            accounts.extend(made.iter().map(|account| account.id()));
        }
        // An operator's database would have statistics.
        sqlx::query("vacuum analyze").execute(&pool).await?;
        Ok(Self { cala, journal, accounts: accounts.into() })
    }

    /// Transfers a second.
    async fn measure(&self, way: Way, lasts: Duration) -> anyhow::Result<f64> {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..way.tasks {
            let books = self.clone();
            tasks.spawn(async move {
                let mut posted = 0_u32;
                while began.elapsed() < lasts {
                    posted += books.post(way.batch).await?;
                }
                anyhow::Ok(posted)
            });
        }
        let mut posted = 0;
        while let Some(ended) = tasks.join_next().await {
            posted += ended??;
        }
        // All that was posted, over all the time it took.
        Ok(f64::from(posted) / began.elapsed().as_secs_f64())
    }

    async fn post(&self, batch: usize) -> anyhow::Result<u32> {
        let inputs: Vec<_> = (0..batch).map(|_| self.transfer()).collect();
        if let [one] = &inputs[..] {
            let PostingInput { tx_id, params, .. } = one.clone();
            self.cala.post_transaction(tx_id, TEMPLATE, params).await?;
        } else {
            self.cala.post_transactions(inputs).await?;
        }
        Ok(u32::try_from(batch)?)
    }

    /// From one account to another, picked at random.
    fn transfer(&self) -> PostingInput {
        let mut random = rand::rng();
        let sender = random.random_range(0..self.accounts.len());
        let recipient = random.random_range(0..self.accounts.len() - 1);
        let recipient = if recipient < sender { recipient } else { recipient + 1 };
        let mut params = Params::new();
        params.insert("journal_id", self.journal);
        params.insert("sender", self.accounts[sender]);
        params.insert("recipient", self.accounts[recipient]);
        params.insert("amount", Decimal::new(1, 2));
        PostingInput::new(TransactionId::new(), TEMPLATE, params)
    }
}

/// A debit and an equal credit.
fn template() -> anyhow::Result<NewTxTemplate> {
    let parameter = |name: &str, kind: ParamDataType| {
        NewParamDefinition::builder().name(name).r#type(kind).build()
    };
    let entry = |kind: &str, account: &str, direction: &str| {
        NewTxTemplateEntry::builder()
            .entry_type(kind)
            .account_id(account)
            .layer("SETTLED")
            .direction(direction)
            .units("params.amount")
            .currency("'GBP'")
            .build()
    };
    let transaction = NewTxTemplateTransaction::builder()
        .effective("date()")
        .journal_id("params.journal_id")
        .build()?;
    Ok(NewTxTemplate::builder()
        .id(Uuid::now_v7())
        .code(TEMPLATE)
        .params(vec![
            parameter("journal_id", ParamDataType::Uuid)?,
            parameter("sender", ParamDataType::Uuid)?,
            parameter("recipient", ParamDataType::Uuid)?,
            parameter("amount", ParamDataType::Decimal)?,
        ])
        .transaction(transaction)
        .entries(vec![
            entry("'TRANSFER_DR'", "params.sender", "DEBIT")?,
            entry("'TRANSFER_CR'", "params.recipient", "CREDIT")?,
        ])
        .build())
}
