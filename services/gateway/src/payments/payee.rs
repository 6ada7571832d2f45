//! Whose an account is, asked before money is sent there.

use axum::extract::State;
use proto::ledger::v1::{BankDetails, ConfirmPayeeRequest, ConfirmPayeeResponse};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Success},
    failure::Failure,
    openapi::Refusals,
    peers::Peers,
    text,
};

/// Somebody to be paid. The account is a sort code and an account number, or an IBAN.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "Dave Bloggs",
    "sort_code": "400052",
    "account_number": "12345678"
}))]
pub(crate) struct Payee {
    /// 1-100 characters.
    #[schema(value_type = String)]
    name: Option<String>,
    sort_code: Option<String>,
    account_number: Option<String>,
    iban: Option<String>,
}

impl Parse for Payee {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            name: object.text("name"),
            sort_code: object.text("sort_code"),
            account_number: object.text("account_number"),
            iban: object.text("iban"),
        }
    }
}

impl From<Payee> for ConfirmPayeeRequest {
    fn from(payee: Payee) -> Self {
        let account = BankDetails {
            sort_code: payee.sort_code.unwrap_or_default(),
            account_number: payee.account_number.unwrap_or_default(),
            iban: payee.iban.unwrap_or_default(),
            bic_swift: String::new(),
        };
        Self { name: payee.name.unwrap_or_default(), account: Some(account) }
    }
}

/// What the account's bank says.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"match": "close_match", "held_name": "David Bloggs"}))]
pub(crate) struct PayeeView {
    /// How well the name fits the account.
    #[schema(schema_with = text::payee_match)]
    r#match: &'static str,
    /// The name that the account is held in; of a close match only.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_name: Option<String>,
}

impl TryFrom<ConfirmPayeeResponse> for PayeeView {
    type Error = Failure;

    fn try_from(response: ConfirmPayeeResponse) -> Result<Self, Failure> {
        let r#match = text::PAYEE_MATCHES.word(response.r#match())?;
        Ok(Self { r#match, held_name: text::present(response.held_name) })
    }
}

/// Asks whether an account belongs to somebody of this name. Nothing is kept of it.
#[utoipa::path(
    post,
    path = "/accounts/confirm_payee",
    operation_id = "confirm_payee",
    tag = "Payments",
    request_body = Payee,
    responses((status = 200, description = "Answered", body = Success<PayeeView>), Refusals),
)]
pub(super) async fn confirm(
    State(peers): State<Peers>,
    Body(payee, outgoing): Body<Payee>,
) -> Result<Answer<Success<PayeeView>>, Failure> {
    let message = ConfirmPayeeRequest::from(payee);
    outgoing
        .without_effect()
        .send(peers.payments, message, |peer, request| Box::pin(peer.confirm_payee(request)))
        .await?
        .view(|said| Ok(Success::of(said.try_into()?)))
}
