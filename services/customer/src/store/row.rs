//! Customers as rows. A row that breaks the rules of a customer is a fault of ours, and said to be one.

use kit::{
    audit::{Digest, DigestKey, Form},
    errors::{self, Violations},
};
use time::{Date, OffsetDateTime};
use types::{Country, CustomerId, DateOfBirth, Email, Phone, Text, VerificationId};
use uuid::Uuid;

use crate::{
    domain::{Customer, CustomerType, Details, Draft, Retention, Verification, VerificationStatus},
    error::Error,
};

/// A row of `customers`, but for the tenant and the key of the name.
pub(super) struct Row {
    pub(super) customer_id: Uuid,
    pub(super) customer_type: String,
    pub(super) first_name: Option<String>,
    pub(super) middle_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) company_name: Option<String>,
    pub(super) address_number: Option<String>,
    pub(super) address_refinement: Option<String>,
    pub(super) address_street: Option<String>,
    pub(super) address_region: Option<String>,
    pub(super) address_city: Option<String>,
    pub(super) address_postal_code: Option<String>,
    pub(super) address_iso_country: String,
    pub(super) date_of_birth: Option<Date>,
    pub(super) email: Option<String>,
    pub(super) email_key: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) phone_e164: Option<String>,
    pub(super) active: bool,
    pub(super) verification_status: String,
    pub(super) details_version: i64,
    pub(super) verification_id: Option<Uuid>,
    pub(super) verification_version: Option<i64>,
    pub(super) relationship_ended_at: Option<OffsetDateTime>,
    pub(super) legal_hold: bool,
    pub(super) erased_at: Option<OffsetDateTime>,
    pub(super) audit_key: Vec<u8>,
    pub(super) create_time: OffsetDateTime,
    pub(super) update_time: OffsetDateTime,
}

/// What the audit log is told of a customer's state: a keyed digest, because there is personal data in it.
pub(crate) fn state(customer: &Customer) -> Digest {
    let row = Row::from(customer);
    let form = Form::of("customer").text(row.customer_id.to_string()).text(row.customer_type);
    let form = form.maybe(row.first_name).maybe(row.middle_name).maybe(row.last_name);
    let form = form.maybe(row.company_name).maybe(row.address_number).maybe(row.address_refinement);
    let form = form.maybe(row.address_street).maybe(row.address_region).maybe(row.address_city);
    let form = form.maybe(row.address_postal_code).text(row.address_iso_country);
    let form = form.maybe(row.date_of_birth.map(|date| date.to_string()));
    let form = form.maybe(row.email).maybe(row.phone).maybe(row.phone_e164).flag(row.active);
    let form = form.text(row.verification_status).number(row.details_version);
    let form = form.maybe(row.verification_id.map(|id| id.to_string()));
    let form = form.maybe_number(row.verification_version).time(row.relationship_ended_at);
    let form = form.flag(row.legal_hold).time(row.erased_at);
    form.time(Some(row.create_time)).time(Some(row.update_time)).keyed(&customer.audit_key)
}

/// What names are searched by.
pub(crate) fn key(name: &str) -> String {
    name.to_lowercase()
}

impl From<&Customer> for Row {
    fn from(customer: &Customer) -> Self {
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
        let fields = customer.details.fields();
        let latest = customer.verification.latest;
        Self {
            customer_id: customer.id.uuid(),
            customer_type: customer.details.customer_type().as_str().to_owned(),
            first_name: text(&fields.first_name),
            middle_name: text(&fields.middle_name),
            last_name: text(&fields.last_name),
            company_name: text(&fields.company_name),
            address_number: text(&fields.number),
            address_refinement: text(&fields.refinement),
            address_street: text(&fields.street),
            address_region: text(&fields.region),
            address_city: text(&fields.city),
            address_postal_code: text(&fields.postal_code),
            address_iso_country: customer.details.iso_country().to_string(),
            date_of_birth: fields.date_of_birth.map(DateOfBirth::date),
            email: fields.email.as_ref().map(|email| email.as_str().to_owned()),
            email_key: fields.email.as_ref().map(Email::normal),
            phone: fields.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            phone_e164: fields.phone.as_ref().map(|phone| phone.e164().to_owned()),
            active: customer.active,
            verification_status: customer.verification.status.as_str().to_owned(),
            details_version: customer.details_version,
            verification_id: latest.map(|(id, _)| id.uuid()),
            verification_version: latest.map(|(_, version)| version),
            relationship_ended_at: customer.retention.relationship_ended_at,
            legal_hold: customer.retention.legal_hold,
            erased_at: customer.retention.erased_at,
            audit_key: customer.audit_key.reveal().to_vec(),
            create_time: customer.create_time,
            update_time: customer.update_time,
        }
    }
}

impl TryFrom<Row> for Customer {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = CustomerId::from_uuid(row.customer_id);
        row.read().ok_or_else(|| {
            Error::Kit(errors::Error::Internal(format!(
                "customer {id} breaks the rules of its row"
            )))
        })
    }
}

impl Row {
    fn read(self) -> Option<Customer> {
        let customer_type = CustomerType::parse(&self.customer_type)?;
        let status = VerificationStatus::parse(&self.verification_status)?;
        let audit_key = DigestKey::from_kept(&self.audit_key)?;
        let latest = self.verification_id.map(VerificationId::from_uuid);
        let (customer_id, details_version) = (self.customer_id, self.details_version);
        let (active, version) = (self.active, self.verification_version);
        let (create_time, update_time) = (self.create_time, self.update_time);
        let (relationship_ended_at, legal_hold) = (self.relationship_ended_at, self.legal_hold);
        let retention = Retention { relationship_ended_at, legal_hold, erased_at: self.erased_at };
        let details = if retention.erased_at.is_some() {
            let country = Country::parse(&self.address_iso_country).ok()?;
            Details::without_fields(customer_type, country)
        } else {
            self.draft()?.complete(Some(customer_type), &mut Violations::new())?
        };
        Some(Customer {
            id: CustomerId::from_uuid(customer_id),
            details,
            details_version,
            active,
            verification: Verification { status, latest: latest.zip(version) },
            retention,
            audit_key,
            create_time,
            update_time,
        })
    }

    fn draft(self) -> Option<Draft> {
        let phone = match (self.phone, self.phone_e164) {
            (Some(phone), Some(e164)) => Some(Phone::from_parsed(&phone, &e164).ok()?),
            _ => None,
        };
        Some(Draft {
            first_name: text(self.first_name)?,
            middle_name: text(self.middle_name)?,
            last_name: text(self.last_name)?,
            company_name: text(self.company_name)?,
            number: text(self.address_number)?,
            refinement: text(self.address_refinement)?,
            street: text(self.address_street)?,
            region: text(self.address_region)?,
            city: text(self.address_city)?,
            postal_code: text(self.address_postal_code)?,
            iso_country: Some(Country::parse(&self.address_iso_country).ok()?),
            date_of_birth: self.date_of_birth.map(DateOfBirth::from_date),
            email: match self.email {
                Some(email) => Some(Email::parse(&email).ok()?),
                None => None,
            },
            phone,
        })
    }
}

/// The outer `None`: there is a text, but not one that could have been stored.
#[expect(clippy::option_option, reason = "bad, absent and present are three things")]
fn text(stored: Option<String>) -> Option<Option<Text>> {
    match stored {
        Some(stored) => Text::parse(&stored, 1..=100).ok().map(Some),
        None => Some(None),
    }
}
