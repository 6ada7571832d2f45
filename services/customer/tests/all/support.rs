//! A running service, a caller, and what tests say again and again.

use kit::{caller::Caller, postgres::citus::Layout};
use proto::customer::v1::{
    Address, CreateCustomerRequest, Customer, CustomerType,
    customer_service_client::CustomerServiceClient,
};
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt;

/// A service on a database of its own, and one tenant.
pub(crate) struct Setup {
    pub(crate) client: CustomerServiceClient<Channel>,
    pub(crate) caller: Caller,
    pub(crate) pool: sqlx::PgPool,
}

pub(crate) async fn setup() -> Setup {
    setup_laid_out(testkit::citus::layout()).await
}

/// By the statements for one server or for several, on tables as they are on one.
pub(crate) async fn setup_laid_out(layout: Layout) -> Setup {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    testkit::citus::pretend(&pool, layout, "customers").await;
    let service = customer::service_laid_out(layout, pool.clone(), testkit::keys());
    let channel = testkit::serve(service).await;
    Setup { client: CustomerServiceClient::new(channel), caller: testkit::caller(), pool }
}

impl Setup {
    pub(crate) async fn create(&mut self, customer: Customer) -> Result<Customer, Status> {
        let request = CreateCustomerRequest { customer: Some(customer), ..Default::default() };
        let response = self.client.create_customer(self.caller.request(request)).await?;
        Ok(response.into_inner())
    }
}

/// The documents' own sample.
pub(crate) fn joe() -> Customer {
    Customer {
        customer_type: CustomerType::Individual.into(),
        first_name: "Joe".into(),
        last_name: "Bloggs".into(),
        address: Some(Address {
            number: "44".into(),
            refinement: "Suite 2, 4th Floor".into(),
            street: "Baker Street".into(),
            city: "London".into(),
            postal_code: "W1U7AL".into(),
            iso_country: "gb".into(),
            ..Default::default()
        }),
        date_of_birth: "1988-10-03".into(),
        email: "Support@acquired.com".into(),
        phone: "+44(0)203 982 6580".into(),
        ..Default::default()
    }
}

pub(crate) fn acme() -> Customer {
    Customer {
        customer_type: CustomerType::Company.into(),
        company_name: "Acme & Sons".into(),
        address: Some(Address { iso_country: "GB".into(), ..Default::default() }),
        ..Default::default()
    }
}

/// The fields that a status complains about, in order.
pub(crate) fn bad_fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone());
    let mut fields: Vec<_> =
        violations.unwrap_or_default().into_iter().map(|violation| violation.field).collect();
    fields.sort();
    fields
}

/// The reason that programs go by.
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}
