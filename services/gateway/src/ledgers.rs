//! Customers' ledgers: issued, read, listed and changed.

use axum::extract::State;
use proto::ledger::v1::{CreateLedgerRequest, GetLedgerRequest, Ledger, ListLedgersRequest};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::LedgerView;
use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Page, Success},
    failure::Failure,
    openapi::Refusals,
    outgoing::Outgoing,
    path::PathId,
    peers::Peers,
    query::{Nothing, Paging, Query},
    scope::needs,
    text,
};

mod balance;
pub(crate) mod changes;
mod view;

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads = needs(
        "ledgers:read",
        OpenApiRouter::new()
            .routes(routes!(details))
            .routes(routes!(list))
            .routes(routes!(balance::read)),
    );
    let writes = needs(
        "ledgers:write",
        OpenApiRouter::new().routes(routes!(create)).routes(routes!(changes::update)),
    );
    reads.merge(writes)
}

/// A ledger to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "customer_id": "859f4eef-6a53-4110-8757-371844df8e8c",
    "currency": "gbp",
    "primary_use": ["payments", "settlement"],
    "owner": "me"
}))]
pub(crate) struct NewLedger {
    /// An active customer.
    #[schema(value_type = String)]
    customer_id: Option<String>,
    /// ISO 4217, in any case; one that the platform is configured for.
    #[schema(value_type = String)]
    currency: Option<String>,
    /// At least one.
    #[schema(schema_with = view::primary_use)]
    primary_use: Vec<i32>,
    /// 2-5 of `a-z A-Z , . - _`.
    #[schema(value_type = String)]
    owner: Option<String>,
}

impl Parse for NewLedger {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            customer_id: object.text("customer_id"),
            currency: object.text("currency"),
            primary_use: object.choices("primary_use", &text::PRIMARY_USES),
            owner: object.text("owner"),
        }
    }
}

impl NewLedger {
    fn into_request(self, outgoing: &Outgoing) -> CreateLedgerRequest {
        let ledger = Ledger {
            customer_id: self.customer_id.unwrap_or_default(),
            currency: self.currency.unwrap_or_default(),
            primary_use: self.primary_use,
            owner: self.owner.unwrap_or_default(),
            ..Ledger::default()
        };
        CreateLedgerRequest {
            request_id: outgoing.key(),
            ledger: Some(ledger),
            validate_only: outgoing.validate_only(),
        }
    }
}

/// Issues a customer with a ledger that has an account number of its own.
#[utoipa::path(
    post,
    path = "/accounts/customers/create_ledger",
    operation_id = "create_ledger",
    tag = "Ledgers",
    request_body = NewLedger,
    responses((status = 200, description = "Issued", body = Success<LedgerView>), Refusals),
)]
async fn create(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewLedger>,
) -> Result<Answer<Success<LedgerView>>, Failure> {
    let message = new.into_request(&outgoing);
    let created = outgoing
        .send(peers.ledger, message, |peer, request| Box::pin(peer.create_ledger(request)))
        .await?;
    created.view(|ledger| Ok(Success::of(ledger.try_into()?)))
}

/// Tells a ledger's details and its balance.
#[utoipa::path(
    get,
    path = "/accounts/customers/ledgers/{ledger_id}",
    operation_id = "get_ledger",
    tag = "Ledgers",
    params(("ledger_id" = String, Path, description = "The ledger")),
    responses((status = 200, description = "The details", body = Success<LedgerView>), Refusals),
)]
async fn details(
    State(peers): State<Peers>,
    PathId(ledger_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<LedgerView>>, Failure> {
    let message = GetLedgerRequest { ledger_id };
    let found = outgoing
        .send(peers.ledger, message, |peer, request| Box::pin(peer.get_ledger(request)))
        .await?;
    found.view(|ledger| Ok(Success::of(ledger.try_into()?)))
}

/// Lists a customer's ledgers, newest first.
#[utoipa::path(
    get,
    path = "/accounts/customers/{customer_id}/ledgers",
    operation_id = "list_ledgers",
    tag = "Ledgers",
    params(("customer_id" = String, Path, description = "The customer"), Paging),
    responses((status = 200, description = "A page", body = Success<Page<LedgerView>>), Refusals),
)]
async fn list(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Query(paging, outgoing): Query<Paging>,
) -> Result<Answer<Success<Page<LedgerView>>>, Failure> {
    let page_token = paging.cursor.unwrap_or_default();
    let message = ListLedgersRequest { page_size: paging.limit, page_token, customer_id };
    outgoing
        .send(peers.ledger, message, |peer, request| Box::pin(peer.list_ledgers(request)))
        .await?
        .view(|page| {
            let rows = page.ledgers;
            let page = Page::of(page.total_size, rows, page.next_page_token, TryInto::try_into)?;
            Ok(Success::of(page))
        })
}
