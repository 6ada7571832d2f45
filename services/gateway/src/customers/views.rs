//! What clients are told of customers.

use std::collections::HashMap;

use proto::{
    customer::v1::{Customer, CustomerType},
    ledger::v1::{BatchGetLedgerSummariesResponse, LedgerSummary},
    r#type::v1::VerificationStatus,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::address::Address;
use crate::{clock, failure::Failure, text};

/// Which customer it was.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"customer_id": "859f4eef-6a53-4110-8757-371844df8e8c"}))]
pub(crate) struct CustomerIdView {
    customer_id: String,
}

impl From<Customer> for CustomerIdView {
    fn from(customer: Customer) -> Self {
        Self { customer_id: customer.customer_id }
    }
}

/// A customer's details. What is not known is left out.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "customer_id": "5e865d53-669c-4bbe-be49-09494cffc19d",
    "active": true,
    "customer_type": "individual",
    "name": "Joe Bloggs",
    "first_name": "Joe",
    "last_name": "Bloggs",
    "address": {
        "number": "5",
        "refinement": "Flat 2B",
        "street": "St John’s Place",
        "region": "London",
        "city": "London",
        "postal_code": "W1U 7AL",
        "iso_country": "GB"
    },
    "dob": "1988-03-10",
    "email": "testing@test.com",
    "phone": "+44(0)7763270200",
    "created": "2020-04-02 21:46:59",
    "last_update": "2020-04-23 10:32:17",
    "verified": true,
    "verification_status": "verified"
}))]
pub(crate) struct CustomerView {
    customer_id: String,
    active: bool,
    #[schema(schema_with = customer_type)]
    customer_type: &'static str,
    /// First, middle and last name, or the company's.
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    first_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    middle_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    last_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    company_name: String,
    address: Address,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    dob: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    phone: String,
    /// UTC.
    created: String,
    /// UTC.
    last_update: String,
    verified: bool,
    #[schema(schema_with = verification_status)]
    verification_status: &'static str,
}

fn customer_type() -> utoipa::openapi::Object {
    text::CUSTOMER_TYPES.schema()
}

fn verification_status() -> utoipa::openapi::Object {
    text::VERIFICATION_STATUSES.schema()
}

impl TryFrom<Customer> for CustomerView {
    type Error = Failure;

    fn try_from(customer: Customer) -> Result<Self, Failure> {
        let (customer_type, status) = (customer.customer_type(), customer.verification_status());
        Ok(Self {
            customer_id: customer.customer_id,
            active: customer.active,
            customer_type: text::CUSTOMER_TYPES.word(customer_type)?,
            name: customer.name,
            first_name: customer.first_name,
            middle_name: customer.middle_name,
            last_name: customer.last_name,
            company_name: customer.company_name,
            address: customer.address.unwrap_or_default().into(),
            dob: customer.date_of_birth,
            email: customer.email,
            phone: customer.phone,
            created: clock::print(customer.create_time.as_ref())?,
            last_update: clock::print(customer.update_time.as_ref())?,
            verified: status == VerificationStatus::Verified,
            verification_status: text::VERIFICATION_STATUSES.word(status)?,
        })
    }
}

/// A customer in the list.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "customer_id": "5b068bd4-ba1c-4b56-a23c-78e0ad2509c9",
    "first_name": "Joe",
    "middle_name": "",
    "last_name": "Bloggs",
    "customer_type": "individual",
    "ledger_count": 2,
    "primary_use": ["payments", "settlement"],
    "verified": true,
    "active": true
}))]
pub(crate) struct CustomerRow {
    customer_id: String,
    first_name: String,
    middle_name: String,
    last_name: String,
    #[schema(schema_with = customer_type)]
    customer_type: &'static str,
    ledger_count: i64,
    /// What its ledgers are for.
    #[schema(schema_with = primary_use)]
    primary_use: Vec<&'static str>,
    verified: bool,
    active: bool,
    /// Of companies only.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<String>,
}

fn primary_use() -> utoipa::openapi::Array {
    utoipa::openapi::Array::new(text::PRIMARY_USES.schema())
}

impl CustomerRow {
    pub(super) fn new(customer: Customer, summaries: &mut Summaries) -> Result<Self, Failure> {
        let summary = summaries.of(&customer.customer_id);
        let uses = summary.primary_use().map(|value| text::PRIMARY_USES.word(value));
        let customer_type = customer.customer_type();
        let verified = customer.verification_status() == VerificationStatus::Verified;
        let is_company = customer_type == CustomerType::Company;
        Ok(Self {
            customer_id: customer.customer_id,
            first_name: customer.first_name,
            middle_name: customer.middle_name,
            last_name: customer.last_name,
            customer_type: text::CUSTOMER_TYPES.word(customer_type)?,
            ledger_count: summary.ledger_count,
            primary_use: uses.collect::<Result<_, _>>()?,
            verified,
            active: customer.active,
            company_name: is_company.then_some(customer.company_name),
        })
    }
}

/// The ledgers of the customers on a page, summed up.
pub(super) struct Summaries(HashMap<String, LedgerSummary>);

impl From<BatchGetLedgerSummariesResponse> for Summaries {
    fn from(response: BatchGetLedgerSummariesResponse) -> Self {
        let of = |summary: LedgerSummary| (summary.customer_id.clone(), summary);
        Self(response.summaries.into_iter().map(of).collect())
    }
}

impl Summaries {
    /// Customers without ledgers have no summary.
    fn of(&mut self, customer_id: &str) -> LedgerSummary {
        self.0.remove(customer_id).unwrap_or_default()
    }
}
