//! Two running services, a tenant, and what tests say again and again.

use std::time::Duration;

use kit::caller::{Call, Caller};
use ledger::{PaymentSettings, Settings};
use proto::{
    customer::v1::{
        Address, CreateCustomerRequest, Customer, CustomerType, UpdateCustomerRequest,
        customer_service_client::CustomerServiceClient,
    },
    ledger::v1::{
        BankDetails, CreateInboundPaymentRequest, CreateLedgerRequest, CreateTransferRequest,
        GetLedgerRequest, Ledger, ListTransactionsRequest, ListTransactionsResponse, PrimaryUse,
        ResponseCode, Transfer, UpdateLedgerRequest, create_inbound_payment_request,
        create_transfer_request, ledger_service_client::LedgerServiceClient,
        payment_service_client::PaymentServiceClient, sandbox_service_client::SandboxServiceClient,
    },
};
use sqlx::PgPool;
use tonic::{Request, Status, transport::Channel};
use tonic_types::StatusExt;
use types::{BankCode, Bic, Currency, SortCode, TenantId};

/// The services on databases of their own, and one tenant.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) ledger: LedgerServiceClient<Channel>,
    pub(crate) payment: PaymentServiceClient<Channel>,
    pub(crate) sandbox: SandboxServiceClient<Channel>,
    pub(crate) customer: CustomerServiceClient<Channel>,
    pub(crate) customer_channel: Channel,
    /// The customer service's database.
    pub(crate) customer_pool: PgPool,
    /// The ledger service's database.
    pub(crate) pool: PgPool,
    pub(crate) tenant: TenantId,
}

pub(crate) fn settings() -> Settings {
    Settings {
        currencies: ["GBP", "EUR", "USD", "JPY"].map(|code| Currency::parse(code).unwrap()).into(),
        bank_code: BankCode::parse("PAYR").unwrap(),
        sort_code: SortCode::parse("040052").unwrap(),
        bic: Bic::parse("PAYRGB20XXX").unwrap(),
        sandbox: true,
        payments: PaymentSettings::default(),
        seal_interval_s: 0,
        layout: testkit::citus::layout(),
    }
}

pub(crate) async fn setup() -> Setup {
    setup_with(settings()).await
}

pub(crate) async fn setup_with(settings: Settings) -> Setup {
    let customer_pool = testkit::database("customer", &customer::MIGRATIONS).await;
    let customers = testkit::serve(customer::service(customer_pool.clone(), testkit::keys())).await;
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let (service, _) = ledger::service(settings, pool.clone(), customers.clone());
    let channel = testkit::serve(service).await;
    Setup {
        ledger: LedgerServiceClient::new(channel.clone()),
        payment: PaymentServiceClient::new(channel.clone()),
        sandbox: SandboxServiceClient::new(channel),
        customer: CustomerServiceClient::new(customers.clone()),
        customer_channel: customers,
        customer_pool,
        pool,
        tenant: TenantId::new(),
    }
}

impl Setup {
    /// The same services for another tenant.
    pub(crate) fn other_tenant(&self) -> Self {
        Self { tenant: TenantId::new(), ..self.clone() }
    }

    /// A request of the tenant, with a deadline that begins now.
    pub(crate) fn request<M>(&self, message: M) -> Request<M> {
        let call = Call::begin(None, Duration::from_secs(20));
        Caller::new(call, self.tenant, None, Vec::new()).request(message)
    }

    /// A new customer's id.
    pub(crate) async fn customer(&self, last_name: &str) -> String {
        let customer = Customer {
            customer_type: CustomerType::Individual.into(),
            first_name: "Joe".into(),
            last_name: last_name.into(),
            date_of_birth: "1988-10-03".into(),
            address: Some(Address { iso_country: "GB".into(), ..Default::default() }),
            ..Default::default()
        };
        let request = CreateCustomerRequest { customer: Some(customer), ..Default::default() };
        let request = self.request(request);
        self.customer.clone().create_customer(request).await.unwrap().into_inner().customer_id
    }

    pub(crate) async fn set_customer_active(&self, customer_id: &str, active: bool) {
        let customer = Customer { customer_id: customer_id.into(), active, ..Default::default() };
        let request = UpdateCustomerRequest {
            customer: Some(customer),
            update_mask: Some(prost_types::FieldMask { paths: vec!["active".into()] }),
            ..Default::default()
        };
        self.customer.clone().update_customer(self.request(request)).await.unwrap();
    }

    pub(crate) async fn rename_customer(&self, customer_id: &str, last_name: &str) {
        let customer = Customer {
            customer_id: customer_id.into(),
            last_name: last_name.into(),
            ..Default::default()
        };
        let request = UpdateCustomerRequest {
            customer: Some(customer),
            update_mask: Some(prost_types::FieldMask { paths: vec!["last_name".into()] }),
            ..Default::default()
        };
        self.customer.clone().update_customer(self.request(request)).await.unwrap();
    }

    pub(crate) async fn create_ledger(&self, ledger: Ledger) -> Result<Ledger, Status> {
        let request = CreateLedgerRequest { ledger: Some(ledger), ..Default::default() };
        Ok(self.ledger.clone().create_ledger(self.request(request)).await?.into_inner())
    }

    /// A new ledger of a customer of its own.
    pub(crate) async fn ledger(&self, currency: &str) -> Ledger {
        let customer_id = self.customer("Bloggs").await;
        self.create_ledger(new_ledger(&customer_id, currency)).await.unwrap()
    }

    /// A new ledger in pounds, with so many pence on it.
    pub(crate) async fn funded(&self, minor: i64) -> Ledger {
        let ledger = self.ledger("GBP").await;
        if minor > 0 {
            let decimal = format!("{}.{:02}", minor / 100, minor % 100);
            self.inbound(inbound(&ledger, &decimal)).await.unwrap();
        }
        ledger
    }

    pub(crate) async fn inbound(
        &self,
        payment: CreateInboundPaymentRequest,
    ) -> Result<Transfer, Status> {
        let request = self.request(payment);
        Ok(self.sandbox.clone().create_inbound_payment(request).await?.into_inner())
    }

    pub(crate) async fn transfer(
        &self,
        transfer: CreateTransferRequest,
    ) -> Result<Transfer, Status> {
        Ok(self.ledger.clone().create_transfer(self.request(transfer)).await?.into_inner())
    }

    pub(crate) async fn get_ledger(&self, ledger_id: &str) -> Result<Ledger, Status> {
        let request = self.request(GetLedgerRequest { ledger_id: ledger_id.into() });
        Ok(self.ledger.clone().get_ledger(request).await?.into_inner())
    }

    /// What is on a ledger.
    pub(crate) async fn balance(&self, ledger: &Ledger) -> i64 {
        self.get_ledger(&ledger.ledger_id).await.unwrap().balance.unwrap().minor_units
    }

    pub(crate) async fn set_active(&self, ledger_id: &str, active: bool) -> Result<Ledger, Status> {
        let request = UpdateLedgerRequest {
            ledger: Some(Ledger { ledger_id: ledger_id.into(), active, ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["active".into()] }),
            ..Default::default()
        };
        Ok(self.ledger.clone().update_ledger(self.request(request)).await?.into_inner())
    }

    pub(crate) async fn list(
        &self,
        request: ListTransactionsRequest,
    ) -> Result<ListTransactionsResponse, Status> {
        Ok(self.ledger.clone().list_transactions(self.request(request)).await?.into_inner())
    }

    /// All of a ledger's transactions, up to 1,000.
    pub(crate) async fn list_all(&self, ledger: &Ledger) -> ListTransactionsResponse {
        let request = ListTransactionsRequest { page_size: Some(1000), ..list(ledger) };
        self.list(request).await.unwrap()
    }
}

pub(crate) fn new_ledger(customer_id: &str, currency: &str) -> Ledger {
    Ledger {
        customer_id: customer_id.into(),
        currency: currency.into(),
        primary_use: vec![PrimaryUse::Payments.into(), PrimaryUse::Settlement.into()],
        owner: "me".into(),
        ..Default::default()
    }
}

pub(crate) fn list(ledger: &Ledger) -> ListTransactionsRequest {
    ListTransactionsRequest { ledger_id: ledger.ledger_id.clone(), ..Default::default() }
}

pub(crate) fn transfer(from: &Ledger, to: &Ledger, decimal: &str) -> CreateTransferRequest {
    CreateTransferRequest {
        from_ledger_id: from.ledger_id.clone(),
        to_ledger_id: to.ledger_id.clone(),
        amount: Some(create_transfer_request::Amount::Decimal(decimal.into())),
        reference: "testing".into(),
        ..Default::default()
    }
}

pub(crate) fn inbound(to: &Ledger, decimal: &str) -> CreateInboundPaymentRequest {
    CreateInboundPaymentRequest {
        ledger_id: to.ledger_id.clone(),
        amount: Some(create_inbound_payment_request::Amount::Decimal(decimal.into())),
        reference: "salary".into(),
        name: "Dave Bloggs".into(),
        sender: Some(BankDetails {
            sort_code: "40-00-52".into(),
            account_number: "12345678".into(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(crate) fn is_posted(transfer: &Transfer) -> bool {
    transfer.response_code() == ResponseCode::Success
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
