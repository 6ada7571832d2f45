//! Customers: put on record, read, changed and listed.

use axum::extract::State;
use proto::{
    customer::v1::{GetCustomerRequest, ListCustomersRequest},
    ledger::v1::BatchGetLedgerSummariesRequest,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::requests::{CustomerChanges, NewCustomer};
use self::views::{CustomerIdView, CustomerRow, CustomerView, Summaries};
use crate::{
    body::Body,
    envelope::{Answer, Page, Success},
    failure::Failure,
    openapi::Refusals,
    path::PathId,
    peers::Peers,
    query::{Nothing, Parameters, Parse, Query},
    scope::needs,
    text,
};

mod address;
mod requests;
mod views;

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads = needs(
        "customers:read",
        OpenApiRouter::new().routes(routes!(list)).routes(routes!(details)),
    );
    let writes = needs(
        "customers:write",
        OpenApiRouter::new().routes(routes!(create)).routes(routes!(update)),
    );
    reads.merge(writes)
}

/// Creates a customer, who is active and unverified.
#[utoipa::path(
    post,
    path = "/accounts/create_customer",
    operation_id = "create_customer",
    tag = "Customers",
    request_body = NewCustomer,
    responses((status = 200, description = "Created", body = Success<CustomerIdView>), Refusals),
)]
async fn create(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewCustomer>,
) -> Result<Answer<Success<CustomerIdView>>, Failure> {
    let message = new.into_request(&outgoing);
    let created = outgoing
        .send(peers.customer, message, |peer, request| Box::pin(peer.create_customer(request)))
        .await?;
    created.view(|customer| Ok(Success::of(customer.into())))
}

/// Tells a customer's details.
#[utoipa::path(
    get,
    path = "/accounts/customers/{customer_id}",
    operation_id = "get_customer",
    tag = "Customers",
    params(("customer_id" = String, Path, description = "The customer")),
    responses((status = 200, description = "The details", body = Success<CustomerView>), Refusals),
)]
async fn details(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<CustomerView>>, Failure> {
    let message = GetCustomerRequest { customer_id };
    let found = outgoing
        .send(peers.customer, message, |peer, request| Box::pin(peer.get_customer(request)))
        .await?;
    found.view(|customer| Ok(Success::of(customer.try_into()?)))
}

/// Changes a customer's details, or enables or disables it.
///
/// Fields that are not given stay as they are. A change of a name, the date of birth or the country
/// makes a verified customer unverified. A disabled customer opens no ledgers and sends no money.
#[utoipa::path(
    put,
    path = "/accounts/customers/{customer_id}",
    operation_id = "update_customer",
    tag = "Customers",
    params(("customer_id" = String, Path, description = "The customer")),
    request_body = CustomerChanges,
    responses((status = 200, description = "Changed", body = Success<CustomerIdView>), Refusals),
)]
async fn update(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Body(changes, outgoing): Body<CustomerChanges>,
) -> Result<Answer<Success<CustomerIdView>>, Failure> {
    let message = changes.into_request(customer_id, &outgoing);
    let updated = outgoing
        .send(peers.customer, message, |peer, request| Box::pin(peer.update_customer(request)))
        .await?;
    updated.view(|customer| Ok(Success::of(customer.into())))
}

/// Which customers are listed. Parameters that are given must all hold.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct CustomerFilter {
    /// 1-1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    #[param(schema_with = customer_type, required = false)]
    customer_type: i32,
    active: Option<bool>,
    verified: Option<bool>,
    /// The whole address, in any case.
    email: Option<String>,
    /// What the name begins with, in any case.
    name: Option<String>,
    /// Created at this time or later: `YYYY-MM-DD HH:MM:SS` UTC, a date, or RFC 3339.
    #[param(value_type = Option<String>)]
    created_from: Option<prost_types::Timestamp>,
    /// Created at this time or earlier; a date includes its whole day.
    #[param(value_type = Option<String>)]
    created_to: Option<prost_types::Timestamp>,
}

fn customer_type() -> utoipa::openapi::Object {
    text::CUSTOMER_TYPES.schema()
}

impl Parse for CustomerFilter {
    fn parse(query: &mut Parameters) -> Self {
        Self {
            limit: query.integer("limit"),
            cursor: query.text("cursor"),
            customer_type: query.choice("customer_type", &text::CUSTOMER_TYPES),
            active: query.boolean("active"),
            verified: query.boolean("verified"),
            email: query.text("email"),
            name: query.text("name"),
            created_from: query.from("created_from"),
            created_to: query.to("created_to"),
        }
    }
}

impl From<CustomerFilter> for ListCustomersRequest {
    fn from(filter: CustomerFilter) -> Self {
        Self {
            page_size: filter.limit,
            page_token: filter.cursor.unwrap_or_default(),
            customer_type: filter.customer_type,
            active: filter.active,
            verified: filter.verified,
            email: filter.email.unwrap_or_default(),
            name_prefix: filter.name.unwrap_or_default(),
            create_time_from: filter.created_from,
            create_time_before: filter.created_to,
        }
    }
}

/// Lists customers, newest first.
#[utoipa::path(
    get,
    path = "/accounts/customers/list",
    operation_id = "list_customers",
    tag = "Customers",
    params(CustomerFilter),
    responses((status = 200, description = "A page", body = Success<Page<CustomerRow>>), Refusals),
)]
async fn list(
    State(peers): State<Peers>,
    Query(filter, outgoing): Query<CustomerFilter>,
) -> Result<Answer<Success<Page<CustomerRow>>>, Failure> {
    let page = outgoing
        .send(peers.customer, ListCustomersRequest::from(filter), |peer, request| {
            Box::pin(peer.list_customers(request))
        })
        .await?
        .body;
    let customer_ids = page.customers.iter().map(|row| row.customer_id.clone()).collect();
    let message = BatchGetLedgerSummariesRequest { customer_ids };
    let mut summaries = Summaries::from(
        outgoing
            .send(peers.ledger, message, |peer, request| {
                Box::pin(peer.batch_get_ledger_summaries(request))
            })
            .await?
            .body,
    );
    let view = |customer| CustomerRow::new(customer, &mut summaries);
    let page = Page::of(page.total_size, page.customers, page.next_page_token, view)?;
    Ok(Answer { body: Success::of(page), replayed: false })
}
