//! What clients say of customers.

use prost_types::FieldMask;
use proto::customer::v1::{self as pb, CreateCustomerRequest, UpdateCustomerRequest};
use utoipa::ToSchema;

use super::address::{Address, Mask};
use crate::{
    body::{Object, Parse},
    outgoing::Outgoing,
    text,
};

/// A customer to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "customer_type": "individual",
    "first_name": "Joe",
    "last_name": "Bloggs",
    "address": {
        "number": "44",
        "refinement": "Suite 2, 4th Floor",
        "street": "Baker Street",
        "city": "London",
        "postal_code": "W1U7AL",
        "iso_country": "GB"
    },
    "dob": "1988-10-03",
    "email": "support@acquired.com",
    "phone": "+44(0)203 982 6580"
}))]
pub(crate) struct NewCustomer {
    #[schema(schema_with = customer_type)]
    customer_type: i32,
    #[schema(value_type = Address)]
    address: Option<Address>,
    #[serde(flatten)]
    details: Details,
}

/// What changes; everything else stays as it is. At least one field.
#[derive(ToSchema)]
#[schema(example = json!({
    "address": {
        "number": "123",
        "refinement": "Flat B",
        "street": "Fulham Road",
        "region": "Middlesex",
        "city": "London",
        "postal_code": "W69ER",
        "iso_country": "GB"
    },
    "dob": "1988-10-03",
    "email": "hello@acquired.com",
    "phone": "44 0 203 982 6580"
}))]
pub(crate) struct CustomerChanges {
    /// Only the given lines change.
    address: Option<Address>,
    /// Whether the customer may open ledgers and send money; "true" and "false" are taken too.
    active: Option<bool>,
    #[serde(flatten)]
    details: Details,
}

/// What is said of a new customer and can be changed later.
#[derive(ToSchema)]
pub(crate) struct Details {
    /// 1-50 characters. An individual must have one.
    first_name: Option<String>,
    /// At most 50 characters.
    middle_name: Option<String>,
    /// 1-50 characters. An individual must have one.
    last_name: Option<String>,
    /// 1-100 characters. A company must have one, and nobody else.
    company_name: Option<String>,
    /// `YYYY-MM-DD`. An individual must have one.
    #[schema(format = Date)]
    dob: Option<String>,
    /// At most 254 characters.
    email: Option<String>,
    /// 7-20 characters: digits, spaces, `( ) + -`.
    phone: Option<String>,
}

fn customer_type() -> utoipa::openapi::Object {
    text::CUSTOMER_TYPES.schema()
}

impl Parse for NewCustomer {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            customer_type: object.choice("customer_type", &text::CUSTOMER_TYPES),
            address: object.object("address", Address::parse),
            details: Details::parse(object),
        }
    }
}

impl Parse for CustomerChanges {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            address: object.object("address", Address::parse),
            active: object.boolean("active"),
            details: Details::parse(object),
        }
    }
}

impl Details {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            first_name: object.text("first_name"),
            middle_name: object.text("middle_name"),
            last_name: object.text("last_name"),
            company_name: object.text("company_name"),
            dob: object.text("dob"),
            email: object.text("email"),
            phone: object.text("phone"),
        }
    }

    fn into_message(self, mask: &mut Mask) -> pb::Customer {
        pb::Customer {
            first_name: mask.given("first_name", self.first_name),
            middle_name: mask.given("middle_name", self.middle_name),
            last_name: mask.given("last_name", self.last_name),
            company_name: mask.given("company_name", self.company_name),
            date_of_birth: mask.given("date_of_birth", self.dob),
            email: mask.given("email", self.email),
            phone: mask.given("phone", self.phone),
            ..pb::Customer::default()
        }
    }
}

impl NewCustomer {
    pub(super) fn into_request(self, outgoing: &Outgoing) -> CreateCustomerRequest {
        let unused = &mut Mask::default();
        let customer = pb::Customer {
            customer_type: self.customer_type,
            address: self.address.map(|address| address.into_message(unused)),
            ..self.details.into_message(unused)
        };
        CreateCustomerRequest {
            request_id: outgoing.key(),
            customer: Some(customer),
            validate_only: outgoing.validate_only(),
        }
    }
}

impl CustomerChanges {
    pub(super) fn into_request(self, id: String, outgoing: &Outgoing) -> UpdateCustomerRequest {
        let mut mask = Mask::default();
        let customer = pb::Customer {
            customer_id: id,
            address: self.address.map(|address| address.into_message(&mut mask)),
            active: mask.given("active", self.active),
            ..self.details.into_message(&mut mask)
        };
        UpdateCustomerRequest {
            request_id: outgoing.key(),
            customer: Some(customer),
            update_mask: Some(FieldMask { paths: mask.0 }),
            validate_only: outgoing.validate_only(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given_is_changed() {
        let body =
            r#"{"address": {"city": "Leeds", "street": ""}, "dob": null, "active": "false"}"#;
        let mut object = Object::of(body).unwrap();
        let changes = CustomerChanges::parse(&mut object);

        let mut mask = Mask::default();
        let address = changes.address.unwrap().into_message(&mut mask);
        let active = mask.given("active", changes.active);
        let customer = changes.details.into_message(&mut mask);

        assert!(object.finish().is_empty());
        assert_eq!(mask.0, ["address.city", "active"]);
        assert_eq!((address.city.as_str(), active), ("Leeds", false));
        assert_eq!(customer, pb::Customer::default());
    }
}
