//! Payments: money that goes to somebody elsewhere over a rail, what has become of it, and whose an
//! account is.

use axum::extract::State;
use proto::ledger::v1::{CancelPaymentRequest, GetPaymentRequest, ListPaymentsRequest};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::PaymentView;
use crate::{
    body::{self, Body},
    envelope::{Answer, Page, Success},
    failure::Failure,
    openapi::Refusals,
    path::PathId,
    peers::Peers,
    query::{Nothing, Paging, Parameters, Parse, Query},
    scope::needs,
    text,
    unknown::Unknown,
};

pub(crate) mod new;
pub(crate) mod payee;
mod view;

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads =
        needs("ledgers:read", OpenApiRouter::new().routes(routes!(details)).routes(routes!(list)));
    let writes = needs(
        "payments:write",
        OpenApiRouter::new()
            .routes(routes!(new::faster_payment))
            .routes(routes!(new::sepa_credit))
            .routes(routes!(cancel))
            .routes(routes!(payee::confirm)),
    );
    reads.merge(writes)
}

/// Tells what has become of a payment.
#[utoipa::path(
    get,
    path = "/accounts/payments/{payment_id}",
    operation_id = "get_payment",
    tag = "Payments",
    params(("payment_id" = String, Path, description = "The payment")),
    responses((status = 200, description = "The details", body = Success<PaymentView>), Refusals),
)]
async fn details(
    State(peers): State<Peers>,
    PathId(payment_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<PaymentView>>, Failure> {
    let message = GetPaymentRequest { payment_id };
    outgoing
        .send(peers.payments, message, |peer, request| Box::pin(peer.get_payment(request)))
        .await?
        .view(|payment| Ok(Success::of(PaymentView::of(payment, Unknown::LeftOut)?)))
}

/// Which payments are listed. Parameters that are given must all hold.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only those that this ledger pays.
    ledger_id: Option<String>,
    /// Only those in this status.
    #[param(schema_with = text::payment_status, required = false)]
    status: i32,
}

impl Parse for (Filter, Paging) {
    fn parse(query: &mut Parameters) -> Self {
        let filter = Filter {
            ledger_id: query.id("ledger_id"),
            status: query.choice("status", &text::PAYMENT_STATUSES),
        };
        (filter, Paging::parse(query))
    }
}

/// Lists payments, newest first.
#[utoipa::path(
    get,
    path = "/accounts/payments",
    operation_id = "list_payments",
    tag = "Payments",
    params(Filter, Paging),
    responses((status = 200, description = "A page", body = Success<Page<PaymentView>>), Refusals),
)]
async fn list(
    State(peers): State<Peers>,
    Query((filter, paging), outgoing): Query<(Filter, Paging)>,
) -> Result<Answer<Success<Page<PaymentView>>>, Failure> {
    let message = ListPaymentsRequest {
        page_size: paging.limit,
        page_token: paging.cursor.unwrap_or_default(),
        from_ledger_id: filter.ledger_id.unwrap_or_default(),
        status: filter.status,
    };
    outgoing
        .send(peers.payments, message, |peer, request| Box::pin(peer.list_payments(request)))
        .await?
        .view(|page| {
            let (rows, row) = (page.payments, |payment| PaymentView::of(payment, Unknown::Empty));
            Ok(Success::of(Page::of(page.total_size, rows, page.next_page_token, row)?))
        })
}

/// Takes back a payment that has not gone to the rail yet, and lets go of what is held for it.
#[utoipa::path(
    post,
    path = "/accounts/payments/{payment_id}/cancel",
    operation_id = "cancel_payment",
    tag = "Payments",
    params(("payment_id" = String, Path, description = "The payment")),
    responses((status = 200, description = "Cancelled", body = Success<PaymentView>), Refusals),
)]
async fn cancel(
    State(peers): State<Peers>,
    PathId(payment_id): PathId,
    Body(body::Nothing, outgoing): Body<body::Nothing>,
) -> Result<Answer<Success<PaymentView>>, Failure> {
    outgoing.check()?;
    let message = CancelPaymentRequest { request_id: outgoing.key(), payment_id };
    outgoing
        .send(peers.payments, message, |peer, request| Box::pin(peer.cancel_payment(request)))
        .await?
        .view(|payment| Ok(Success::of(PaymentView::of(payment, Unknown::LeftOut)?)))
}
