//! Paths that play the outside world, where the gateway is told to have them.

use axum::extract::State;
use proto::{
    kyc::v1::PlayDecisionRequest,
    ledger::v1::{
        BankDetails, CreateInboundPaymentRequest, create_inbound_payment_request::Amount,
    },
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Both, Success},
    failure::Failure,
    openapi::Refusals,
    outcome::Outcome,
    outgoing::Outgoing,
    path::PathId,
    peers::Peers,
    scope::needs,
    text, transfers,
    verifications::OwnedView,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let payments = needs("payments:write", OpenApiRouter::new().routes(routes!(inbound)));
    payments.merge(needs("kyc:write", OpenApiRouter::new().routes(routes!(decide))))
}

/// A payment that comes in. Its sender's account is a sort code and an account number, or an IBAN and
/// a BIC.
#[derive(ToSchema)]
#[schema(example = json!({
    "amount": "200.00",
    "reference": "testing",
    "name": "Dave Bloggs",
    "sort_code": "400052",
    "account_number": "12345678"
}))]
pub(crate) struct Inbound {
    /// Greater than 0, at most 11 characters; a number is taken too.
    #[schema(value_type = String)]
    amount: Option<String>,
    /// 1-18 characters: letters, digits, space, `_ - . / &`.
    #[schema(value_type = String)]
    reference: Option<String>,
    /// The sender's, 1-100 characters.
    #[schema(value_type = String)]
    name: Option<String>,
    sort_code: Option<String>,
    account_number: Option<String>,
    iban: Option<String>,
    bic_swift: Option<String>,
    /// The rail's own name for the payment, 1-64 visible ASCII characters. One that has come in
    /// before is the same payment, and is answered as it was then.
    rail_reference: Option<String>,
}

impl Parse for Inbound {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            amount: object.amount("amount"),
            reference: object.text("reference"),
            name: object.text("name"),
            sort_code: object.text("sort_code"),
            account_number: object.text("account_number"),
            iban: object.text("iban"),
            bic_swift: object.text("bic_swift"),
            rail_reference: object.text("rail_reference"),
        }
    }
}

impl Inbound {
    fn into_request(self, ledger_id: String, outgoing: &Outgoing) -> CreateInboundPaymentRequest {
        let sender = BankDetails {
            sort_code: self.sort_code.unwrap_or_default(),
            account_number: self.account_number.unwrap_or_default(),
            iban: self.iban.unwrap_or_default(),
            bic_swift: self.bic_swift.unwrap_or_default(),
        };
        CreateInboundPaymentRequest {
            request_id: outgoing.key(),
            ledger_id,
            amount: self.amount.map(Amount::Decimal),
            reference: self.reference.unwrap_or_default(),
            name: self.name.unwrap_or_default(),
            sender: Some(sender),
            validate_only: outgoing.validate_only(),
            rail_reference: self.rail_reference.unwrap_or_default(),
        }
    }
}

/// What somebody decides who plays.
#[derive(ToSchema)]
#[schema(example = json!({"decision": "reject", "reason": "DOCUMENT_FORGED"}))]
pub(crate) struct PlayedDecision {
    #[schema(schema_with = text::decision)]
    decision: i32,
    /// Why: an `UPPER_SNAKE` code of 1-64 characters.
    reason: Option<String>,
}

impl Parse for PlayedDecision {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            decision: object.choice("decision", &text::DECISIONS),
            reason: object.text("reason"),
        }
    }
}

/// Ends a verification that is pending or in review, as its provider or an operator might.
#[utoipa::path(
    post,
    path = "/sandbox/verifications/{verification_id}/decide",
    operation_id = "play_decision",
    tag = "Sandbox",
    params(("verification_id" = String, Path, description = "Ends")),
    request_body = PlayedDecision,
    responses(
        (status = 200, description = "Decided", body = Success<OwnedView>),
        Refusals,
    ),
)]
async fn decide(
    State(peers): State<Peers>,
    PathId(verification_id): PathId,
    Body(decision, outgoing): Body<PlayedDecision>,
) -> Result<Answer<Success<OwnedView>>, Failure> {
    let message = PlayDecisionRequest {
        request_id: outgoing.key(),
        verification_id,
        decision: decision.decision,
        reason: decision.reason.unwrap_or_default(),
        validate_only: outgoing.validate_only(),
    };
    outgoing
        .send(peers.kyc_sandbox, message, |peer, request| Box::pin(peer.play_decision(request)))
        .await?
        .view(|played| {
            let verification = played.verification.unwrap_or_default();
            Ok(Success::of(verification.try_into()?))
        })
}

/// Makes a payment come in from outside.
#[utoipa::path(
    post,
    path = "/sandbox/ledgers/{ledger_id}/inbound",
    operation_id = "create_inbound_payment",
    tag = "Sandbox",
    params(("ledger_id" = String, Path, description = "Receives")),
    request_body = Inbound,
    responses((status = 200, description = "Received", body = Both<Outcome>), Refusals),
)]
async fn inbound(
    State(peers): State<Peers>,
    PathId(ledger_id): PathId,
    Body(payment, outgoing): Body<Inbound>,
) -> Result<Answer<Both<Outcome>>, Failure> {
    let message = payment.into_request(ledger_id, &outgoing);
    transfers::told(
        outgoing
            .send(peers.sandbox, message, |peer, request| {
                Box::pin(peer.create_inbound_payment(request))
            })
            .await?,
        |transfer| transfer.to_transaction_id,
    )
}
