//! The same operations, asked of the services themselves.

use std::net::SocketAddr;

use kit::client;
use proto::{
    access::v1::{
        LoginRequest, LogoutRequest, LookUpTokenRequest, access_service_client::AccessServiceClient,
    },
    customer::v1::{
        Address, CreateCustomerRequest, Customer, CustomerType, ListCustomersRequest,
        customer_service_client::CustomerServiceClient,
    },
    kyc::v1::{
        CreateVerificationRequest, ListVerificationsRequest, kyc_service_client::KycServiceClient,
    },
    ledger::v1::{
        BankDetails, CancelPaymentRequest, ConfirmPayeeRequest, CreateInboundPaymentRequest,
        CreateLedgerRequest, CreatePaymentRequest, CreateTransferRequest, GetBalanceRequest,
        GetLedgerRequest, GetPaymentRequest, Ledger, ListPaymentsRequest, PrimaryUse,
        QueryTransactionsRequest, ReverseTransferRequest, Transfer, create_inbound_payment_request,
        ledger_service_client::LedgerServiceClient, payment_service_client::PaymentServiceClient,
        sandbox_service_client::SandboxServiceClient,
    },
};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{
    scene::Scene,
    stack::{login, platform},
};

mod customers;
mod ledgers;
mod mutations;
mod payments;

const SERVICES: [(&str, &[&str]); 4] = [
    ("access", &["lombard.access.v1.AccessService"]),
    ("customer", &["lombard.customer.v1.CustomerService"]),
    (
        "kyc",
        &[
            "lombard.kyc.v1.KycService",
            "lombard.kyc.v1.ProviderService",
            "lombard.kyc.v1.ReviewService",
            "lombard.kyc.v1.SandboxService",
        ],
    ),
    (
        "ledger",
        &[
            "lombard.ledger.v1.LedgerService",
            "lombard.ledger.v1.PaymentService",
            "lombard.ledger.v1.SandboxService",
        ],
    ),
];

fn address(service: &str) -> SocketAddr {
    platform().stack.grpc(service).unwrap()
}

fn channel(service: &str) -> Channel {
    client::channel(format!("http://{}", address(service))).unwrap()
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields that are bad.
fn fields(status: &Status) -> Vec<String> {
    assert_eq!((status.code(), reason(status).as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    let bad = status.get_details_bad_request().unwrap();
    bad.field_violations.into_iter().map(|bad| bad.field).collect()
}

/// A tenant, by the metadata that says so.
#[derive(Clone)]
struct Tenant {
    id: String,
    user: String,
    customers: CustomerServiceClient<Channel>,
    kyc: KycServiceClient<Channel>,
    ledgers: LedgerServiceClient<Channel>,
    payments: PaymentServiceClient<Channel>,
    sandbox: SandboxServiceClient<Channel>,
}

impl Tenant {
    fn new() -> Self {
        Self {
            id: Uuid::now_v7().to_string(),
            user: Uuid::now_v7().to_string(),
            customers: CustomerServiceClient::new(channel("customer")),
            kyc: KycServiceClient::new(channel("kyc")),
            ledgers: LedgerServiceClient::new(channel("ledger")),
            payments: PaymentServiceClient::new(channel("ledger")),
            sandbox: SandboxServiceClient::new(channel("ledger")),
        }
    }

    fn ask<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("x-lombard-tenant", self.id.parse().unwrap());
        metadata.insert("x-lombard-user", self.user.parse().unwrap());
        metadata.insert("x-lombard-scopes", "ledgers:read".parse().unwrap());
        metadata.insert("x-request-id", "grpc-test".parse().unwrap());
        request
    }

    async fn customer(&self, last_name: &str) -> Customer {
        let request = CreateCustomerRequest {
            customer: Some(new_customer(last_name)),
            ..CreateCustomerRequest::default()
        };
        self.customers.clone().create_customer(self.ask(request)).await.unwrap().into_inner()
    }

    async fn ledger(&self, currency: &str) -> Ledger {
        let customer_id = self.customer("Bloggs").await.customer_id;
        let request = create_ledger("", &customer_id, currency);
        self.ledgers.clone().create_ledger(self.ask(request)).await.unwrap().into_inner()
    }

    async fn fund(&self, ledger: &Ledger, decimal: &str) -> Transfer {
        let request = inbound(&ledger.ledger_id, decimal);
        self.sandbox.clone().create_inbound_payment(self.ask(request)).await.unwrap().into_inner()
    }

    async fn balance(&self, ledger: &Ledger) -> i64 {
        let request = self.ask(GetLedgerRequest { ledger_id: ledger.ledger_id.clone() });
        let found = self.ledgers.clone().get_ledger(request).await.unwrap().into_inner();
        found.balance.unwrap().minor_units
    }
}

fn new_customer(last_name: &str) -> Customer {
    Customer {
        customer_type: CustomerType::Individual.into(),
        first_name: "Joe".to_owned(),
        last_name: last_name.to_owned(),
        date_of_birth: "1988-10-03".to_owned(),
        address: Some(Address { iso_country: "gb".to_owned(), ..Address::default() }),
        ..Customer::default()
    }
}

fn create_ledger(request_id: &str, customer_id: &str, currency: &str) -> CreateLedgerRequest {
    let ledger = Ledger {
        customer_id: customer_id.to_owned(),
        currency: currency.to_owned(),
        primary_use: vec![PrimaryUse::Payments.into(), PrimaryUse::Payments.into()],
        owner: "me".to_owned(),
        ..Ledger::default()
    };
    let request_id = request_id.to_owned();
    CreateLedgerRequest { request_id, ledger: Some(ledger), validate_only: false }
}

fn inbound(ledger_id: &str, decimal: &str) -> CreateInboundPaymentRequest {
    let sender = BankDetails {
        sort_code: "400052".to_owned(),
        account_number: "12345678".to_owned(),
        ..BankDetails::default()
    };
    CreateInboundPaymentRequest {
        ledger_id: ledger_id.to_owned(),
        amount: Some(create_inbound_payment_request::Amount::Decimal(decimal.to_owned())),
        reference: "testing".to_owned(),
        name: "Dave Bloggs".to_owned(),
        sender: Some(sender),
        ..CreateInboundPaymentRequest::default()
    }
}

#[tokio::test]
async fn a_token_is_got_looked_up_and_revoked() {
    let rest = login().await;
    let mut access = AccessServiceClient::new(channel("access"));
    let pair = |password: &str| LoginRequest {
        email: rest.email.clone(),
        password: password.to_owned(),
        ..LoginRequest::default()
    };

    let token = access.login(pair(&rest.password)).await.unwrap().into_inner().token;
    let wrong = access.login(pair("wrong")).await.unwrap_err();
    let look_up = || LookUpTokenRequest { token: token.clone() };
    let known = access.look_up_token(look_up()).await.unwrap().into_inner();
    let mut logout = Request::new(LogoutRequest { token: token.clone() });
    logout.metadata_mut().insert("x-lombard-tenant", known.tenant_id.parse().unwrap());
    access.logout(logout).await.unwrap();
    let gone = access.look_up_token(look_up()).await.unwrap_err();

    assert_eq!((token.len(), token.bytes().all(|b| b.is_ascii_hexdigit())), (64, true));
    assert!(Uuid::parse_str(&known.tenant_id).is_ok() && Uuid::parse_str(&known.user_id).is_ok());
    assert!(known.scopes.iter().any(|scope| scope == "ledgers:read"), "{:?}", known.scopes);
    assert_eq!(
        (wrong.code(), reason(&wrong).as_str()),
        (Code::Unauthenticated, "WRONG_CREDENTIALS")
    );
    assert_eq!((gone.code(), reason(&gone).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"));
}

#[tokio::test]
async fn what_is_made_over_rest_belongs_to_the_tenant_of_the_token() {
    let scene = Scene::new().await;
    let ledger_id = scene.ledger("gbp").await;
    scene.fund(&ledger_id, "12.34").await;
    let look_up = LookUpTokenRequest { token: scene.client.token.clone() };
    let mut access = AccessServiceClient::new(channel("access"));
    let id = access.look_up_token(look_up).await.unwrap().into_inner().tenant_id;
    let tenant = Tenant { id, ..Tenant::new() };

    let get = |tenant: &Tenant| tenant.ask(GetLedgerRequest { ledger_id: ledger_id.clone() });
    let found = tenant.ledgers.clone().get_ledger(get(&tenant)).await.unwrap().into_inner();
    let unseen = tenant.ledgers.clone().get_ledger(get(&Tenant::new())).await.unwrap_err();

    assert_eq!(found.ledger_id, ledger_id);
    assert_eq!(found.balance.unwrap().minor_units, 1234);
    assert_eq!(reason(&unseen), "LEDGER_NOT_FOUND");
}

#[tokio::test]
async fn no_service_does_anything_for_nobody() {
    let tenant = Tenant::new();
    let (mut customers, mut kyc) = (tenant.customers.clone(), tenant.kyc.clone());
    let (mut ledgers, mut sandbox) = (tenant.ledgers.clone(), tenant.sandbox.clone());
    let mut payments = tenant.payments.clone();
    let mut access = AccessServiceClient::new(channel("access"));
    let nobody = Uuid::now_v7().to_string();
    let odd = |tenant: &str| {
        let mut request = Request::new(GetLedgerRequest { ledger_id: nobody.clone() });
        request.metadata_mut().insert("x-lombard-tenant", tenant.parse().unwrap());
        request
    };

    let refused = [
        access.logout(LogoutRequest { token: "t".to_owned() }).await.unwrap_err(),
        customers.create_customer(CreateCustomerRequest::default()).await.unwrap_err(),
        customers.list_customers(ListCustomersRequest::default()).await.unwrap_err(),
        kyc.create_verification(CreateVerificationRequest::default()).await.unwrap_err(),
        kyc.list_verifications(ListVerificationsRequest::default()).await.unwrap_err(),
        ledgers.create_ledger(CreateLedgerRequest::default()).await.unwrap_err(),
        ledgers.create_transfer(CreateTransferRequest::default()).await.unwrap_err(),
        ledgers.query_transactions(QueryTransactionsRequest::default()).await.unwrap_err(),
        ledgers.reverse_transfer(ReverseTransferRequest::default()).await.unwrap_err(),
        ledgers.get_balance(GetBalanceRequest::default()).await.unwrap_err(),
        payments.create_payment(CreatePaymentRequest::default()).await.unwrap_err(),
        payments.get_payment(GetPaymentRequest::default()).await.unwrap_err(),
        payments.list_payments(ListPaymentsRequest::default()).await.unwrap_err(),
        payments.cancel_payment(CancelPaymentRequest::default()).await.unwrap_err(),
        payments.confirm_payee(ConfirmPayeeRequest::default()).await.unwrap_err(),
        sandbox.create_inbound_payment(inbound(&nobody, "1")).await.unwrap_err(),
        ledgers.get_ledger(odd("")).await.unwrap_err(),
        ledgers.get_ledger(odd("not-an-id")).await.unwrap_err(),
    ];

    for status in refused {
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::Unauthenticated, "CALLER_REQUIRED")
        );
    }
}

#[tokio::test]
async fn health_is_told_to_anybody() {
    for (service, contracts) in SERVICES {
        let mut health = HealthClient::new(channel(service));
        for name in ["", contracts[0]] {
            let request = HealthCheckRequest { service: name.to_owned() };
            let answer = health.check(request).await.unwrap().into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service} {name}");
        }
        let unknown = HealthCheckRequest { service: "lombard.nothing".to_owned() };
        assert_eq!(health.check(unknown).await.unwrap_err().code(), Code::NotFound);
    }
}

#[tokio::test]
async fn contracts_are_described_to_anybody() {
    for (service, contracts) in SERVICES {
        let mut reflection = ServerReflectionClient::new(channel(service));
        let list = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };

        let mut answers =
            reflection.server_reflection_info(tokio_stream::once(list)).await.unwrap().into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response;

        let Some(MessageResponse::ListServicesResponse(listed)) = answer else {
            panic!("{service}: {answer:?}")
        };
        let listed: Vec<_> = listed.service.into_iter().map(|service| service.name).collect();
        for contract in contracts {
            assert!(listed.iter().any(|name| name == contract), "{service}: {listed:?}");
        }
    }
}
