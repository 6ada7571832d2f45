//! Addresses, in and out, and which of their lines a change names.

use proto::customer::v1 as pb;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{body::Object, text};

/// A postal address, in and out.
#[derive(Serialize, ToSchema)]
pub(crate) struct Address {
    /// 1-11 characters; a whole number is taken too.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// 1-100 characters: flat, suite, floor, house name.
    #[serde(skip_serializing_if = "Option::is_none")]
    refinement: Option<String>,
    /// 1-100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    /// 1-100 characters: state, province, county, prefecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// 1-100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// 1-100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2, any case in, upper case out. Required of a new customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    iso_country: Option<String>,
}

impl Address {
    pub(super) fn parse(object: &mut Object<'_>) -> Self {
        Self {
            number: object.text_or_integer("number"),
            refinement: object.text("refinement"),
            street: object.text("street"),
            region: object.text("region"),
            city: object.text("city"),
            postal_code: object.text("postal_code"),
            iso_country: object.text("iso_country"),
        }
    }

    pub(super) fn into_message(self, mask: &mut Mask) -> pb::Address {
        pb::Address {
            number: mask.given("address.number", self.number),
            refinement: mask.given("address.refinement", self.refinement),
            street: mask.given("address.street", self.street),
            region: mask.given("address.region", self.region),
            city: mask.given("address.city", self.city),
            postal_code: mask.given("address.postal_code", self.postal_code),
            iso_country: mask.given("address.iso_country", self.iso_country),
        }
    }
}

impl From<pb::Address> for Address {
    fn from(address: pb::Address) -> Self {
        Self {
            number: text::present(address.number),
            refinement: text::present(address.refinement),
            street: text::present(address.street),
            region: text::present(address.region),
            city: text::present(address.city),
            postal_code: text::present(address.postal_code),
            iso_country: text::present(address.iso_country),
        }
    }
}

/// The fields that a request gives.
#[derive(Default)]
pub(super) struct Mask(pub(super) Vec<String>);

impl Mask {
    pub(super) fn given<T: Default>(&mut self, path: &str, value: Option<T>) -> T {
        if value.is_some() {
            self.0.push(path.to_owned());
        }
        value.unwrap_or_default()
    }
}
