//! Rpcs that read what was moved.

use kit::{
    errors::Violations,
    page,
    time::{from_timestamp, timestamp},
};
use proto::ledger::v1::{self as pb, query_transactions_response::Answer};
use time::OffsetDateTime;
use tonic::{Request, Response};
use types::{LedgerId, Side, TransactionId};

use super::{money, open, valid};
use crate::{
    domain::{
        transaction::{Counterparty, Direction, Filter, Transaction},
        transfer::{ResponseCode, TransferType},
    },
    error::Error,
    transactions::{Found, Named, Page, Transactions, Wanted},
};

pub(super) async fn list(
    transactions: &Transactions,
    request: Request<pb::ListTransactionsRequest>,
) -> Result<Response<pb::ListTransactionsResponse>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let id = bad.required("ledger_id", &message.ledger_id, LedgerId::parse);
    let filter = message.filter.unwrap_or_default();
    let wanted = wanted(message.page_size, &message.page_token, &filter, &mut bad);
    let id = valid(bad, id)?;
    Ok(Response::new(render_page(&transactions.list(&caller, id, &wanted).await?)))
}

pub(super) async fn get(
    transactions: &Transactions,
    request: Request<pb::GetTransactionRequest>,
) -> Result<Response<pb::Transaction>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let id = bad.required("transaction_id", &message.transaction_id, TransactionId::parse);
    let id = valid(bad, id)?;
    Ok(Response::new(render(&transactions.get(&caller, id).await?)))
}

pub(super) async fn query(
    transactions: &Transactions,
    request: Request<pb::QueryTransactionsRequest>,
) -> Result<Response<pb::QueryTransactionsResponse>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let id = bad.required("id", &message.id, LedgerId::parse);
    let filter = message.filter.unwrap_or_default();
    let wanted = wanted(message.page_size, &message.page_token, &filter, &mut bad);
    let id = valid(bad, id)?;
    let answer = match transactions.query(&caller, id, &wanted).await? {
        Found::Page(page) => Answer::Page(render_page(&page)),
        Found::Transaction(named) => Answer::Transaction(render(&named)),
    };
    Ok(Response::new(pb::QueryTransactionsResponse { answer: Some(answer) }))
}

fn wanted(
    page_size: Option<i32>,
    page_token: &str,
    filter: &pb::TransactionFilter,
    bad: &mut Violations,
) -> Wanted {
    let from = filter.create_time_from.as_ref();
    let before = filter.create_time_before.as_ref();
    let create_time_from = time("filter.create_time_from", from, bad);
    let create_time_before = time("filter.create_time_before", before, bad);
    let kind = transfer_type(filter.r#type, bad);
    let direction = direction(filter.direction, bad);
    let before = page::place("page_token", page_token, bad);
    if before.is_some_and(|sequence: i64| sequence <= 0) {
        bad.add("page_token", "is not one that an earlier page gave");
    }
    Wanted {
        filter: Filter { create_time_from, create_time_before, kind, direction },
        before,
        size: page::size("page_size", page_size, bad),
    }
}

fn time(
    field: &str,
    given: Option<&prost_types::Timestamp>,
    bad: &mut Violations,
) -> Option<OffsetDateTime> {
    let time = from_timestamp(given?);
    bad.take(field, time.ok_or("must be a time between the years 1 and 9999"))
}

fn transfer_type(given: i32, bad: &mut Violations) -> Option<TransferType> {
    match pb::TransactionType::try_from(given) {
        Ok(pb::TransactionType::Unspecified) => None,
        Ok(pb::TransactionType::InternalTransfer) => Some(TransferType::InternalTransfer),
        Ok(pb::TransactionType::FasterPayment) => Some(TransferType::FasterPayment),
        Ok(pb::TransactionType::SepaCredit) => Some(TransferType::SepaCredit),
        Ok(pb::TransactionType::SwiftCredit) => Some(TransferType::SwiftCredit),
        Err(_) => {
            let known = "internal_transfer, faster_payment, sepa_credit, swift_credit";
            bad.add("filter.type", format_args!("must be one of {known}"));
            None
        }
    }
}

fn direction(given: i32, bad: &mut Violations) -> Option<Direction> {
    match pb::Direction::try_from(given) {
        Ok(pb::Direction::Unspecified) => None,
        Ok(pb::Direction::In) => Some(Direction::In),
        Ok(pb::Direction::Out) => Some(Direction::Out),
        Err(_) => {
            bad.add("filter.direction", "must be one of in, out");
            None
        }
    }
}

fn render_page(page: &Page) -> pb::ListTransactionsResponse {
    pb::ListTransactionsResponse {
        transactions: page.transactions.iter().map(render).collect(),
        next_page_token: page.next.as_ref().map(page::token).unwrap_or_default(),
        total_size: page.total,
    }
}

fn render(named: &Named) -> pb::Transaction {
    let Named { transaction, counterparty_name } = named;
    let Transaction { transfer_id, amount, .. } = transaction;
    let (side, direction) = match transaction.direction {
        Direction::In => (Side::Credit, pb::Direction::In),
        Direction::Out => (Side::Debit, pb::Direction::Out),
    };
    let (account, inside) = match &transaction.counterparty {
        Counterparty::Ledger { account, .. } => (account, true),
        Counterparty::Outside(party) => (&party.account, false),
    };
    let linked = inside && transaction.response_code == ResponseCode::Success;
    let linked = linked.then(|| transfer_id.transaction(side.other()).to_string());
    pb::Transaction {
        transaction_id: transfer_id.transaction(side).to_string(),
        ledger_id: transaction.ledger_id.to_string(),
        transfer_id: transfer_id.to_string(),
        linked_transaction_id: linked.unwrap_or_default(),
        counterparty_name: counterparty_name.clone(),
        counterparty: Some(money::render_details(account)),
        reference: transaction.reference.as_str().to_owned(),
        amount: Some(money::render(amount.minor(), amount.currency())),
        direction: direction.into(),
        r#type: money::render_type(transaction.kind).into(),
        response_code: money::render_code(transaction.response_code).into(),
        balance_after: Some(money::render(transaction.balance_after_minor, amount.currency())),
        create_time: Some(timestamp(transaction.create_time)),
        metadata: money::render_metadata(&transaction.metadata),
        reverses_transfer_id: money::render_id(transaction.reverses),
        payment_id: money::render_id(transaction.payment),
        user_id: money::render_id(transaction.initiator.map(|it| it.user)),
        api_key_id: money::render_id(transaction.initiator.and_then(|it| it.key)),
    }
}
