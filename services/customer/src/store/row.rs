//! Customers as rows. A row that breaks the rules of a customer is a fault of ours, and said to be one.

use kit::{
    audit::{Digest, DigestKey, Form},
    errors::{self, Violations},
    keys::{IndexKey, Sealed, WrappedKey},
};
use time::{Date, OffsetDateTime};
use types::{Country, CustomerId, DateOfBirth, Email, Phone, Text, VerificationId};
use uuid::Uuid;

use crate::{
    domain::{Customer, CustomerType, Details, Draft, Retention, Verification, VerificationStatus},
    error::Error,
    personal::{Fields, Safe},
};

/// A row of `customers` as it is written, but for the tenant and the key of the name.
pub(super) struct Row {
    pub(super) customer_id: Uuid,
    pub(super) customer_type: &'static str,
    pub(super) first_name: Option<String>,
    pub(super) middle_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) company_name: Option<String>,
    pub(super) address_iso_country: String,
    pub(super) personal: Option<Vec<u8>>,
    pub(super) personal_key: Option<Vec<u8>>,
    pub(super) personal_key_version: Option<i32>,
    pub(super) email_index: Option<Vec<u8>>,
    pub(super) active: bool,
    pub(super) verification_status: &'static str,
    pub(super) details_version: i64,
    pub(super) verification_id: Option<Uuid>,
    pub(super) verification_version: Option<i64>,
    pub(super) relationship_ended_at: Option<OffsetDateTime>,
    pub(super) legal_hold: bool,
    pub(super) erased_at: Option<OffsetDateTime>,
    pub(super) create_time: OffsetDateTime,
    pub(super) update_time: OffsetDateTime,
}

/// A row of `customers` as it is read. What is sealed may stand in clear in a row of an earlier release.
pub(super) struct ReadRow {
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
    pub(super) phone: Option<String>,
    pub(super) phone_e164: Option<String>,
    pub(super) personal: Option<Vec<u8>>,
    pub(super) personal_key: Option<Vec<u8>>,
    pub(super) personal_key_version: Option<i32>,
    pub(super) active: bool,
    pub(super) verification_status: String,
    pub(super) details_version: i64,
    pub(super) verification_id: Option<Uuid>,
    pub(super) verification_version: Option<i64>,
    pub(super) relationship_ended_at: Option<OffsetDateTime>,
    pub(super) legal_hold: bool,
    pub(super) erased_at: Option<OffsetDateTime>,
    pub(super) create_time: OffsetDateTime,
    pub(super) update_time: OffsetDateTime,
}

/// What the audit log is told of a customer's state: a keyed digest, because there is personal data in it.
pub(crate) fn state(customer: &Customer) -> Digest {
    let (details, sealed) = (customer.details.fields(), Fields::from(customer));
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
    let latest = customer.verification.latest;
    let form = Form::of("customer").text(customer.id.to_string());
    let form = form.text(customer.details.customer_type().as_str());
    let form = form.maybe(text(&details.first_name)).maybe(text(&details.middle_name));
    let form = form.maybe(text(&details.last_name)).maybe(text(&details.company_name));
    let form = form.maybe(sealed.number).maybe(sealed.refinement).maybe(sealed.street);
    let form = form.maybe(sealed.region).maybe(sealed.city).maybe(sealed.postal_code);
    let form = form.text(customer.details.iso_country().to_string());
    let form = form.maybe_number(sealed.date_of_birth).maybe(sealed.email);
    let form = form.maybe(sealed.phone).maybe(sealed.phone_e164).flag(customer.active);
    let form = form.text(customer.verification.status.as_str()).number(customer.details_version);
    let form = form.maybe(latest.map(|(id, _)| id.to_string()));
    let form = form.maybe_number(latest.map(|(_, version)| version));
    let retention = customer.retention;
    let form = form.time(retention.relationship_ended_at).flag(retention.legal_hold);
    let form = form.time(retention.erased_at).time(Some(customer.create_time));
    form.time(Some(customer.update_time)).keyed(&customer.audit_key)
}

/// What names are searched by.
pub(crate) fn key(name: &str) -> String {
    name.to_lowercase()
}

impl Row {
    pub(super) fn seal(
        customer: &Customer,
        safe: &Safe,
        index_key: &IndexKey,
    ) -> Result<Self, Error> {
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
        let fields = customer.details.fields();
        // A company's are its contact's, whom nobody is searched by: they are sealed.
        let in_row = |name: &Option<Text>| match customer.details.customer_type() {
            CustomerType::Individual => text(name),
            CustomerType::Company => None,
        };
        let latest = customer.verification.latest;
        let sealed = safe.seal(customer.id, &Fields::from(customer))?;
        let (personal, key) = sealed.map(|sealed| (sealed.ciphertext, sealed.key)).unzip();
        let (version, key) = key.map(|key| (key.version, key.bytes)).unzip();
        Ok(Self {
            customer_id: customer.id.uuid(),
            customer_type: customer.details.customer_type().as_str(),
            first_name: in_row(&fields.first_name),
            middle_name: in_row(&fields.middle_name),
            last_name: in_row(&fields.last_name),
            company_name: text(&fields.company_name),
            address_iso_country: customer.details.iso_country().to_string(),
            personal,
            personal_key: key,
            personal_key_version: version,
            email_index: fields
                .email
                .as_ref()
                .map(|email| index_key.index(email.normal().as_bytes())),
            active: customer.active,
            verification_status: customer.verification.status.as_str(),
            details_version: customer.details_version,
            verification_id: latest.map(|(id, _)| id.uuid()),
            verification_version: latest.map(|(_, version)| version),
            relationship_ended_at: customer.retention.relationship_ended_at,
            legal_hold: customer.retention.legal_hold,
            erased_at: customer.retention.erased_at,
            create_time: customer.create_time,
            update_time: customer.update_time,
        })
    }
}

impl From<&Customer> for Fields {
    fn from(customer: &Customer) -> Self {
        if customer.is_erased() {
            return Self::default();
        }
        let details = customer.details.fields();
        let text = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
        let of_contact = |name: &Option<Text>| match customer.details.customer_type() {
            CustomerType::Individual => None,
            CustomerType::Company => text(name),
        };
        Self {
            number: text(&details.number),
            refinement: text(&details.refinement),
            street: text(&details.street),
            region: text(&details.region),
            city: text(&details.city),
            postal_code: text(&details.postal_code),
            date_of_birth: details.date_of_birth.map(|born| born.date().to_julian_day()),
            email: details.email.as_ref().map(|email| email.as_str().to_owned()),
            phone: details.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            phone_e164: details.phone.as_ref().map(|phone| phone.e164().to_owned()),
            audit_key: Some(customer.audit_key.reveal().to_vec()),
            first_name: of_contact(&details.first_name),
            middle_name: of_contact(&details.middle_name),
            last_name: of_contact(&details.last_name),
        }
    }
}

impl ReadRow {
    pub(super) fn open(mut self, safe: &Safe) -> Result<Customer, Error> {
        let id = CustomerId::from_uuid(self.customer_id);
        let fields = match self.sealed() {
            Some(sealed) => safe.open(id, &sealed)?,
            None => self.in_clear(),
        };
        self.read(fields).ok_or_else(|| broken(id))
    }

    /// The customer as if the personal data were erased already.
    pub(super) fn without_personal(&self) -> Result<Customer, Error> {
        let nameless = self.nameless(DigestKey::generate());
        nameless.ok_or_else(|| broken(CustomerId::from_uuid(self.customer_id)))
    }

    fn sealed(&mut self) -> Option<Sealed> {
        let key =
            WrappedKey { version: self.personal_key_version?, bytes: self.personal_key.take()? };
        Some(Sealed { key, ciphertext: self.personal.take()? })
    }

    fn in_clear(&mut self) -> Fields {
        Fields {
            number: self.address_number.take(),
            refinement: self.address_refinement.take(),
            street: self.address_street.take(),
            region: self.address_region.take(),
            city: self.address_city.take(),
            postal_code: self.address_postal_code.take(),
            date_of_birth: self.date_of_birth.map(Date::to_julian_day),
            email: self.email.take(),
            phone: self.phone.take(),
            phone_e164: self.phone_e164.take(),
            audit_key: None,
            first_name: self.first_name.take(),
            middle_name: self.middle_name.take(),
            last_name: self.last_name.take(),
        }
    }

    fn read(self, fields: Fields) -> Option<Customer> {
        let audit_key = match &fields.audit_key {
            Some(kept) => DigestKey::from_kept(kept)?,
            // Of an earlier release, which is given one with its next change; or erased.
            None => DigestKey::generate(),
        };
        let nameless = self.nameless(audit_key)?;
        if nameless.is_erased() {
            return Some(nameless);
        }
        let customer_type = nameless.details.customer_type();
        let details = self.draft(fields)?.complete(Some(customer_type), &mut Violations::new())?;
        Some(Customer { details, ..nameless })
    }

    /// All but the personal data.
    fn nameless(&self, audit_key: DigestKey) -> Option<Customer> {
        let customer_type = CustomerType::parse(&self.customer_type)?;
        let country = Country::parse(&self.address_iso_country).ok()?;
        let latest = self.verification_id.map(VerificationId::from_uuid);
        Some(Customer {
            id: CustomerId::from_uuid(self.customer_id),
            details: Details::without_fields(customer_type, country),
            details_version: self.details_version,
            active: self.active,
            verification: Verification {
                status: VerificationStatus::parse(&self.verification_status)?,
                latest: latest.zip(self.verification_version),
            },
            retention: Retention {
                relationship_ended_at: self.relationship_ended_at,
                legal_hold: self.legal_hold,
                erased_at: self.erased_at,
            },
            audit_key,
            create_time: self.create_time,
            update_time: self.update_time,
        })
    }

    fn draft(self, fields: Fields) -> Option<Draft> {
        let phone = match (fields.phone, fields.phone_e164) {
            (Some(phone), Some(e164)) => Some(Phone::from_parsed(&phone, &e164).ok()?),
            _ => None,
        };
        Some(Draft {
            // Those of a company's contact stand in the row when an earlier release wrote it.
            first_name: text(self.first_name.or(fields.first_name))?,
            middle_name: text(self.middle_name.or(fields.middle_name))?,
            last_name: text(self.last_name.or(fields.last_name))?,
            company_name: text(self.company_name)?,
            number: text(fields.number)?,
            refinement: text(fields.refinement)?,
            street: text(fields.street)?,
            region: text(fields.region)?,
            city: text(fields.city)?,
            postal_code: text(fields.postal_code)?,
            iso_country: Some(Country::parse(&self.address_iso_country).ok()?),
            date_of_birth: match fields.date_of_birth {
                Some(day) => Some(DateOfBirth::from_date(Date::from_julian_day(day).ok()?)),
                None => None,
            },
            email: match fields.email {
                Some(email) => Some(Email::parse(&email).ok()?),
                None => None,
            },
            phone,
        })
    }
}

fn broken(id: CustomerId) -> Error {
    Error::Kit(errors::Error::Internal(format!("customer {id} breaks the rules of its row")))
}

/// The outer `None`: there is a text, but not one that could have been stored.
#[expect(clippy::option_option, reason = "bad, absent and present are three things")]
fn text(stored: Option<String>) -> Option<Option<Text>> {
    match stored {
        Some(stored) => Text::parse(&stored, 1..=100).ok().map(Some),
        None => Some(None),
    }
}
