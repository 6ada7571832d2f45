//! Rpcs about ledgers themselves.

use kit::{errors::Violations, idempotency::Key, page, time::timestamp};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::{Currency, CustomerId, Id, LedgerId, Owner};
use uuid::Uuid;

use super::{changes, money, open, valid};
use crate::{
    domain::ledger::{Ledger, NewLedger, PrimaryUse, Summary},
    error::Error,
    ledgers::{Held, Ledgers, Named},
};

pub(super) async fn create(
    ledgers: &Ledgers,
    currencies: &[Currency],
    request: Request<pb::CreateLedgerRequest>,
) -> Result<Response<pb::Ledger>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let key = Key::of(&caller, "CreateLedger", &message.request_id, &message, &mut bad);
    let ledger = message.ledger.unwrap_or_default();
    let new = parse(&ledger, currencies, &mut bad);
    if !bad.is_empty() && !message.validate_only {
        // It may have been right when it was first made: settings change.
        let customer = CustomerId::parse(&ledger.customer_id).ok();
        if let Some(customer) = customer
            && let Ok(Some(named)) = ledgers.replay(&caller, key.as_ref(), customer).await
        {
            return Ok(respond(named));
        }
    }
    let new = valid(bad, new)?;
    if message.validate_only {
        return Ok(Response::new(pb::Ledger::default()));
    }
    Ok(respond(ledgers.create(&caller, key, new, render_unnamed).await?))
}

pub(super) async fn get(
    ledgers: &Ledgers,
    request: Request<pb::GetLedgerRequest>,
) -> Result<Response<pb::Ledger>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let id = bad.required("ledger_id", &message.ledger_id, LedgerId::parse);
    let id = valid(bad, id)?;
    Ok(Response::new(render(&ledgers.get(&caller, id).await?)))
}

pub(super) async fn batch_get(
    ledgers: &Ledgers,
    request: Request<pb::BatchGetLedgersRequest>,
) -> Result<Response<pb::BatchGetLedgersResponse>, Error> {
    let (caller, message) = open(request)?;
    let ids = batch("ledger_ids", &message.ledger_ids)?;
    let ledgers = ledgers.batch_get(&caller, &ids).await?.iter().map(render).collect();
    Ok(Response::new(pb::BatchGetLedgersResponse { ledgers }))
}

pub(super) async fn list(
    ledgers: &Ledgers,
    request: Request<pb::ListLedgersRequest>,
) -> Result<Response<pb::ListLedgersResponse>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let customer = bad.required("customer_id", &message.customer_id, CustomerId::parse);
    let size = page::size("page_size", message.page_size, &mut bad);
    let before = page::place::<Uuid>("page_token", &message.page_token, &mut bad);
    let customer = valid(bad, customer)?;
    let page = ledgers.list(&caller, customer, before.map(LedgerId::from_uuid), size).await?;
    Ok(Response::new(pb::ListLedgersResponse {
        ledgers: page.ledgers.iter().map(render).collect(),
        next_page_token: page.next.as_ref().map(page::token).unwrap_or_default(),
        total_size: page.total,
    }))
}

pub(super) async fn summaries(
    ledgers: &Ledgers,
    request: Request<pb::BatchGetLedgerSummariesRequest>,
) -> Result<Response<pb::BatchGetLedgerSummariesResponse>, Error> {
    let (caller, message) = open(request)?;
    let customers = batch("customer_ids", &message.customer_ids)?;
    let summaries = ledgers.summaries(&caller, &customers).await?;
    let summaries = summaries.iter().map(render_summary).collect();
    Ok(Response::new(pb::BatchGetLedgerSummariesResponse { summaries }))
}

pub(super) async fn update(
    ledgers: &Ledgers,
    request: Request<pb::UpdateLedgerRequest>,
) -> Result<Response<pb::Ledger>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let key = Key::of(&caller, "UpdateLedger", &message.request_id, &message, &mut bad);
    let validate_only = message.validate_only;
    let (id, change) = changes::parse(&message, &mut bad);
    if validate_only || !bad.is_empty() {
        changes::check(ledgers, &caller, id, change, &mut bad).await?;
    }
    let (id, change) = valid(bad, id.zip(change))?;
    if validate_only {
        return Ok(Response::new(pb::Ledger::default()));
    }
    Ok(respond(ledgers.update(&caller, key, id, change, render_unnamed).await?))
}

/// The ids of a batch. Each malformed one is named by its place.
fn batch<Kind>(field: &str, texts: &[String]) -> Result<Vec<Id<Kind>>, Error> {
    let mut bad = Violations::new();
    page::check_batch(field, texts.len(), &mut bad);
    // A batch that is too long is not read: the answer would be as long.
    let read = if bad.is_empty() { texts } else { &[] };
    let parsed = read
        .iter()
        .enumerate()
        .filter_map(|(place, text)| bad.take(&format!("{field}[{place}]"), Id::parse(text)))
        .collect();
    valid(bad, Some(parsed))
}

fn parse(ledger: &pb::Ledger, currencies: &[Currency], bad: &mut Violations) -> Option<NewLedger> {
    let customer_id = bad.required("ledger.customer_id", &ledger.customer_id, CustomerId::parse);
    let currency = bad.required("ledger.currency", &ledger.currency, |code| {
        let known = Currency::parse(code).ok().filter(|known| currencies.contains(known));
        known.ok_or_else(|| {
            let names: Vec<String> = currencies.iter().map(|offered| offered.lower()).collect();
            format!("must be one of {}", names.join(", "))
        })
    });
    let primary_use = parse_uses(&ledger.primary_use, bad);
    let owner = bad.required("ledger.owner", &ledger.owner, Owner::parse);
    Some(NewLedger {
        customer_id: customer_id?,
        currency: currency?,
        primary_use: primary_use?,
        owner: owner?,
    })
}

/// Each use once, in the order given.
fn parse_uses(given: &[i32], bad: &mut Violations) -> Option<Vec<PrimaryUse>> {
    if given.is_empty() {
        bad.add("ledger.primary_use", "is required");
        return None;
    }
    let mut uses = Vec::new();
    for number in given {
        let Some(known) = parse_use(*number) else {
            let names = PrimaryUse::ALL.map(PrimaryUse::word).join(", ");
            bad.add("ledger.primary_use", format_args!("must hold only {names}"));
            return None;
        };
        if !uses.contains(&known) {
            uses.push(known);
        }
    }
    Some(uses)
}

fn parse_use(number: i32) -> Option<PrimaryUse> {
    match pb::PrimaryUse::try_from(number).ok()? {
        pb::PrimaryUse::Unspecified => None,
        pb::PrimaryUse::Investment => Some(PrimaryUse::Investment),
        pb::PrimaryUse::Deposit => Some(PrimaryUse::Deposit),
        pb::PrimaryUse::Payments => Some(PrimaryUse::Payments),
        pb::PrimaryUse::Settlement => Some(PrimaryUse::Settlement),
        pb::PrimaryUse::Float => Some(PrimaryUse::Float),
        pb::PrimaryUse::Fee => Some(PrimaryUse::Fee),
        pb::PrimaryUse::Collateral => Some(PrimaryUse::Collateral),
        pb::PrimaryUse::Escrow => Some(PrimaryUse::Escrow),
    }
}

fn render_use(used: PrimaryUse) -> pb::PrimaryUse {
    match used {
        PrimaryUse::Investment => pb::PrimaryUse::Investment,
        PrimaryUse::Deposit => pb::PrimaryUse::Deposit,
        PrimaryUse::Payments => pb::PrimaryUse::Payments,
        PrimaryUse::Settlement => pb::PrimaryUse::Settlement,
        PrimaryUse::Float => pb::PrimaryUse::Float,
        PrimaryUse::Fee => pb::PrimaryUse::Fee,
        PrimaryUse::Collateral => pb::PrimaryUse::Collateral,
        PrimaryUse::Escrow => pb::PrimaryUse::Escrow,
    }
}

fn render_uses(uses: &[PrimaryUse]) -> Vec<i32> {
    uses.iter().map(|used| render_use(*used).into()).collect()
}

fn respond(named: Named<pb::Ledger>) -> Response<pb::Ledger> {
    let Named { mut answer, holder_name } = named;
    answer.message.holder_name = holder_name;
    answer.into_response()
}

fn render(held: &Held) -> pb::Ledger {
    let Held { ledger, holder_name } = held;
    pb::Ledger { holder_name: holder_name.clone(), ..render_unnamed(ledger) }
}

/// A ledger as it may be kept: without the name of a person.
fn render_unnamed(ledger: &Ledger) -> pb::Ledger {
    let status = if ledger.active { pb::LedgerStatus::Ready } else { pb::LedgerStatus::Disabled };
    let available_minor = ledger.balance_minor.saturating_sub(ledger.held_minor);
    pb::Ledger {
        ledger_id: ledger.id.to_string(),
        customer_id: ledger.customer_id.to_string(),
        currency: ledger.currency.code().to_owned(),
        primary_use: render_uses(&ledger.primary_use),
        owner: ledger.owner.to_string(),
        active: ledger.active,
        status: status.into(),
        holder_name: String::new(),
        balance: Some(money::render(ledger.balance_minor, ledger.currency)),
        available: Some(money::render(available_minor, ledger.currency)),
        bank_details: Some(money::render_details(&ledger.bank_details)),
        create_time: Some(timestamp(ledger.create_time)),
        update_time: Some(timestamp(ledger.update_time)),
        overdraft_limit: Some(money::render(ledger.overdraft_limit_minor, ledger.currency)),
    }
}

fn render_summary(summary: &Summary) -> pb::LedgerSummary {
    pb::LedgerSummary {
        customer_id: summary.customer_id.to_string(),
        ledger_count: summary.ledger_count,
        primary_use: render_uses(&summary.primary_use),
    }
}
