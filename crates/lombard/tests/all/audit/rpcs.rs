//! What each rpc leaves on record. A new one has no case here, and the test says so.

use std::collections::BTreeSet;

use prost_types::FileDescriptorSet;

/// Rpcs that change something, or show something that whoever sees it is to be known for; and what they leave.
pub(super) const RECORDED: [(&str, &str); 28] = [
    ("access.v1.AccessService/Login", "login"),
    ("access.v1.AccessService/Logout", "logout"),
    ("access.v1.AdminService/CreateTenant", "tenant.create"),
    ("access.v1.AdminService/UpdateTenant", "tenant.update"),
    ("access.v1.AdminService/CreateUser", "user.create"),
    ("access.v1.AdminService/ListUsers", "users.read"),
    ("access.v1.AdminService/UpdateUser", "user.update"),
    ("access.v1.ApiKeyService/CreateApiKey", "api_key.create"),
    ("access.v1.ApiKeyService/UpdateApiKey", "api_key.update"),
    ("access.v1.ApiKeyService/RotateApiKey", "api_key.rotate"),
    ("access.v1.ApiKeyService/RevokeApiKey", "api_key.revoke"),
    ("audit.v1.AuditService/ListAuditRecords", "audit.read"),
    ("customer.v1.CustomerService/CreateCustomer", "customer.create"),
    ("customer.v1.CustomerService/UpdateCustomer", "customer.update"),
    ("customer.v1.CustomerService/RecordVerification", "customer.record_verification"),
    ("customer.v1.RetentionService/UpdateRetention", "retention.update"),
    ("customer.v1.RetentionService/ErasePersonalData", "customer.erase"),
    ("kyc.v1.DocumentService/GetDocument", "document.read"),
    ("kyc.v1.KycService/CreateVerification", "verification.create"),
    ("kyc.v1.ReviewService/DecideVerification", "decision.approve"),
    ("kyc.v1.ReviewService/GetVerificationHistory", "history.read"),
    ("kyc.v1.ReviewService/SetReviewPolicy", "review_policy.set"),
    ("kyc.v1.SandboxService/PlayDecision", "verification.reject"),
    ("kyc.v1.ScreeningService/GetVerificationEvidence", "evidence.read"),
    ("kyc.v1.ScreeningService/UpdateScreeningSettings", "screening_settings.set"),
    ("ledger.v1.LedgerService/CreateLedger", "ledger.create"),
    ("ledger.v1.LedgerService/UpdateLedger", "ledger.disable"),
    ("ledger.v1.PaymentService/CreatePayment", "payment.create"),
];

/// Those that need more than this platform has. Their records are tested elsewhere: a rail that is slower than
/// we are (here, apart), and a provider's account (services/kyc/tests/all/accounts.rs).
const APART: [&str; 3] = [
    "ledger.v1.PaymentService/CancelPayment",
    "kyc.v1.ProviderService/SetProvider",
    "kyc.v1.ProviderService/DeleteProvider",
];

/// Those that leave transfers and entries, which are on record themselves, and sealed.
const TRANSFERS: [&str; 4] = [
    "ledger.v1.LedgerService/CreateTransfer",
    "ledger.v1.LedgerService/BatchCreateTransfers",
    "ledger.v1.LedgerService/ReverseTransfer",
    "ledger.v1.SandboxService/CreateInboundPayment",
];

/// Those that change nothing of anybody's: they read, or take something off a list of work.
const NOTHING: [&str; 31] = [
    "access.v1.AccessService/LookUpToken",
    "access.v1.AdminService/ListTenants",
    "access.v1.AllowanceService/DrawAllowance",
    "access.v1.ApiKeyService/ListApiKeys",
    "customer.v1.CustomerService/GetCustomer",
    "customer.v1.CustomerService/BatchGetCustomers",
    "customer.v1.CustomerService/BatchGetCustomerStandings",
    "customer.v1.CustomerService/ListCustomers",
    "customer.v1.CustomerService/ListCustomerChanges",
    "customer.v1.CustomerService/AcknowledgeCustomerChanges",
    "customer.v1.CustomerService/ListEveryCustomer",
    "customer.v1.RetentionService/GetRetention",
    "customer.v1.RetentionService/ListErasures",
    "customer.v1.RetentionService/AcknowledgeErasures",
    "kyc.v1.KycService/GetVerification",
    "kyc.v1.KycService/ListVerifications",
    "kyc.v1.KycService/BatchGetLatestVerifications",
    "kyc.v1.ProviderService/GetProvider",
    "kyc.v1.ProviderService/ListProviders",
    "kyc.v1.ProviderService/ReceiveCallback",
    "kyc.v1.ReviewService/GetReviewPolicy",
    "kyc.v1.ScreeningService/GetScreeningSettings",
    "ledger.v1.LedgerService/GetLedger",
    "ledger.v1.LedgerService/BatchGetLedgers",
    "ledger.v1.LedgerService/ListLedgers",
    "ledger.v1.LedgerService/BatchGetLedgerSummaries",
    "ledger.v1.LedgerService/GetTransfer",
    "ledger.v1.LedgerService/GetBalance",
    "ledger.v1.LedgerService/ListTransactions",
    "ledger.v1.LedgerService/GetTransaction",
    "ledger.v1.LedgerService/QueryTransactions",
];

const PAYMENTS: [&str; 3] = [
    "ledger.v1.PaymentService/GetPayment",
    "ledger.v1.PaymentService/ListPayments",
    "ledger.v1.PaymentService/ConfirmPayee",
];

#[test]
fn of_every_rpc_it_is_said_what_it_leaves_on_record() {
    let described: FileDescriptorSet = prost::Message::decode(proto::DESCRIPTORS).unwrap();
    let mut rpcs = BTreeSet::new();
    for file in &described.file {
        let package = file.package().strip_prefix("lombard.").unwrap_or_default();
        for service in &file.service {
            for rpc in &service.method {
                rpcs.insert(format!("{package}.{}/{}", service.name(), rpc.name()));
            }
        }
    }
    let recorded = RECORDED.map(|(rpc, _)| rpc);
    let known: Vec<&str> = [&recorded[..], &APART, &TRANSFERS, &NOTHING, &PAYMENTS].concat();

    assert_eq!(known.len(), rpcs.len());
    assert_eq!(known.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), rpcs);
}
