//! Transactions: what happened on a ledger. One path reads a list or one of them, as its id is a
//! ledger's or a transaction's; so it is documented, on two paths.

use axum::extract::State;
use prost_types::Timestamp;
use proto::ledger::v1::{
    QueryTransactionsRequest, QueryTransactionsResponse, TransactionFilter,
    query_transactions_response,
};
use serde::Serialize;
use utoipa::{ToSchema, openapi::Object};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::TransactionView;
use crate::{
    envelope::{Answer, Page, Success},
    failure::Failure,
    openapi::Refusals,
    outgoing::Outgoing,
    path::PathId,
    peers::Peers,
    query::{Paging, Parameters, Parse, Query},
    scope::needs,
    text,
    unknown::Unknown,
};

mod view;

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    needs(
        "ledgers:read",
        OpenApiRouter::new().routes(routes!(read)).routes(routes!(read_as_in_sample)),
    )
}

/// Which transactions are listed. Parameters that are given must all hold; for one transaction they
/// must only be valid.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// At this time or later: `YYYY-MM-DD HH:MM:SS` UTC, a date, or RFC 3339.
    #[param(value_type = Option<String>)]
    from_date: Option<Timestamp>,
    /// At this time or earlier; a date includes its whole day.
    #[param(value_type = Option<String>)]
    to_date: Option<Timestamp>,
    /// Only of this type.
    #[param(schema_with = kind, required = false)]
    r#type: i32,
    /// Only in this direction.
    #[param(schema_with = direction, required = false)]
    in_out: i32,
}

/// How the API's description describes what made a transaction.
fn kind() -> Object {
    text::TRANSACTION_TYPES.schema()
}

fn direction() -> Object {
    text::DIRECTIONS.schema()
}

impl Parse for (Filter, Paging) {
    fn parse(query: &mut Parameters) -> Self {
        let filter = Filter {
            from_date: query.from("from_date"),
            to_date: query.to("to_date"),
            r#type: query.choice("type", &text::TRANSACTION_TYPES),
            in_out: query.choice("in_out", &text::DIRECTIONS),
        };
        (filter, Paging::parse(query))
    }
}

impl From<Filter> for TransactionFilter {
    fn from(filter: Filter) -> Self {
        Self {
            create_time_from: filter.from_date,
            create_time_before: filter.to_date,
            r#type: filter.r#type,
            direction: filter.in_out,
        }
    }
}

/// What the id named.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Found {
    /// A ledger's transactions.
    Page(Page<TransactionView>),
    /// One transaction.
    One(Box<TransactionView>),
}

impl TryFrom<QueryTransactionsResponse> for Found {
    type Error = Failure;

    fn try_from(response: QueryTransactionsResponse) -> Result<Self, Failure> {
        match response.answer {
            Some(query_transactions_response::Answer::Page(page)) => {
                let rows = page.transactions;
                let row = |transaction| TransactionView::of(transaction, Unknown::Empty);
                Ok(Self::Page(Page::of(page.total_size, rows, page.next_page_token, row)?))
            }
            Some(query_transactions_response::Answer::Transaction(one)) => {
                Ok(Self::One(Box::new(TransactionView::of(one, Unknown::LeftOut)?)))
            }
            None => Err(Failure::internal("an id that names neither one nor many")),
        }
    }
}

/// Lists a ledger's transactions, newest first, or tells one transaction.
#[utoipa::path(
    get,
    path = "/accounts/customers/ledgers/transactions/{id}",
    operation_id = "list_transactions",
    tag = "Ledgers",
    params(("id" = String, Path, description = "A ledger or a transaction"), Filter, Paging),
    responses((status = 200, description = "A page, or one", body = Success<Found>), Refusals),
)]
async fn read(
    State(peers): State<Peers>,
    PathId(id): PathId,
    Query(query, outgoing): Query<(Filter, Paging)>,
) -> Result<Answer<Success<Found>>, Failure> {
    find(peers, id, query, &outgoing).await
}

/// The same, on the path that a sample of the documents uses.
#[utoipa::path(
    get,
    path = "/accounts/customers/transactions/{id}",
    operation_id = "list_transactions_as_in_sample",
    tag = "Ledgers",
    params(("id" = String, Path, description = "A ledger or a transaction"), Filter, Paging),
    responses((status = 200, description = "A page, or one", body = Success<Found>), Refusals),
)]
async fn read_as_in_sample(
    State(peers): State<Peers>,
    PathId(id): PathId,
    Query(query, outgoing): Query<(Filter, Paging)>,
) -> Result<Answer<Success<Found>>, Failure> {
    find(peers, id, query, &outgoing).await
}

async fn find(
    peers: Peers,
    id: String,
    (filter, paging): (Filter, Paging),
    outgoing: &Outgoing,
) -> Result<Answer<Success<Found>>, Failure> {
    let message = QueryTransactionsRequest {
        id,
        page_size: paging.limit,
        page_token: paging.cursor.unwrap_or_default(),
        filter: Some(filter.into()),
    };
    outgoing
        .send(peers.ledger, message, |peer, request| Box::pin(peer.query_transactions(request)))
        .await?
        .view(|found| Ok(Success::of(found.try_into()?)))
}
