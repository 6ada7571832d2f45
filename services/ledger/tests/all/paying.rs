//! Workers on a test's payments, and what tests of payments say again and again. Not a test by itself.

use std::time::{Duration, Instant};

use ledger::{PaymentSettings, Settings};
use proto::ledger::v1::{
    BankDetails, CancelPaymentRequest, CreatePaymentRequest, GetPaymentRequest, Ledger,
    ListPaymentsRequest, ListPaymentsResponse, Payment, PaymentStatus, TransactionType,
    UpdateLedgerRequest, create_payment_request::Amount,
    ledger_service_client::LedgerServiceClient, payment_service_client::PaymentServiceClient,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use types::{AccountNumber, BankCode, Iban, SortCode};

use crate::support::{Setup, settings};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something to be there.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "it does not come to that");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The pace of tests.
pub(crate) fn hurried() -> PaymentSettings {
    PaymentSettings {
        poll_interval: Duration::from_millis(20),
        lease: Duration::from_secs(5),
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(50),
        shortest_poll: Duration::from_millis(10),
        sandbox_delay: Duration::from_millis(300),
        ..PaymentSettings::default()
    }
}

/// A worker, until it is stopped or dropped.
pub(crate) struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    pub(crate) fn on(setup: &Setup) -> Self {
        Self::at(setup, hurried())
    }

    pub(crate) fn at(setup: &Setup, payments: PaymentSettings) -> Self {
        Self::with(setup, Settings { payments, ..settings() })
    }

    pub(crate) fn with(setup: &Setup, settings: Settings) -> Self {
        let stop = CancellationToken::new();
        let (pool, customers) = (setup.pool.clone(), setup.customer_channel.clone());
        let work = ledger::work(settings, pool, customers, Duration::from_secs(5), stop.clone());
        #[expect(clippy::disallowed_methods, reason = "it is stopped and waited for, or aborted")]
        let task = tokio::spawn(work);
        Self { stop, task }
    }

    /// Lets it end what is under way.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        (&mut self.task).await.unwrap();
    }

    /// Ends it wherever it is.
    pub(crate) async fn kill(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An order to pay somebody elsewhere in pounds.
pub(crate) fn faster(from: &Ledger, account_number: &str, decimal: &str) -> CreatePaymentRequest {
    CreatePaymentRequest {
        r#type: TransactionType::FasterPayment.into(),
        from_ledger_id: from.ledger_id.clone(),
        creditor_name: "Carol Creditor".into(),
        creditor: Some(BankDetails {
            sort_code: "200000".into(),
            account_number: account_number.into(),
            ..Default::default()
        }),
        amount: Some(Amount::Decimal(decimal.into())),
        reference: "invoice 7".into(),
        ..Default::default()
    }
}

/// An order to pay somebody elsewhere in euros.
pub(crate) fn sepa(from: &Ledger, iban: &str, decimal: &str) -> CreatePaymentRequest {
    CreatePaymentRequest {
        r#type: TransactionType::SepaCredit.into(),
        creditor: Some(BankDetails { iban: iban.into(), ..Default::default() }),
        ..faster(from, "", decimal)
    }
}

/// A ledger's own address in pounds.
pub(crate) fn creditor(ledger: &Ledger) -> BankDetails {
    let BankDetails { sort_code, account_number, .. } = ledger.bank_details.clone().unwrap();
    BankDetails { sort_code, account_number, ..Default::default() }
}

/// A valid IBAN that ends in an account number.
pub(crate) fn sepa_iban(account_number: &str) -> String {
    let code = BankCode::parse("BARC").unwrap();
    let sort_code = SortCode::parse("200000").unwrap();
    let number = AccountNumber::parse(account_number).unwrap();
    Iban::of_uk_account(&code, &sort_code, &number).as_str().to_owned()
}

impl Setup {
    /// The same services, but for a ledger service that has no rail.
    pub(crate) async fn without_sandbox(&self) -> Self {
        let settings = Settings { sandbox: false, ..settings() };
        let (service, _) =
            ledger::service(settings, self.pool.clone(), self.customer_channel.clone());
        let channel = testkit::serve(service).await;
        Self {
            ledger: LedgerServiceClient::new(channel.clone()),
            payment: PaymentServiceClient::new(channel),
            ..self.clone()
        }
    }

    pub(crate) async fn pay(&self, payment: CreatePaymentRequest) -> Result<Payment, Status> {
        Ok(self.payment.clone().create_payment(self.request(payment)).await?.into_inner())
    }

    pub(crate) async fn get_payment(&self, payment_id: &str) -> Result<Payment, Status> {
        let request = self.request(GetPaymentRequest { payment_id: payment_id.into() });
        Ok(self.payment.clone().get_payment(request).await?.into_inner())
    }

    pub(crate) async fn cancel(&self, payment: &Payment) -> Result<Payment, Status> {
        let payment_id = payment.payment_id.clone();
        let request = self.request(CancelPaymentRequest { payment_id, ..Default::default() });
        Ok(self.payment.clone().cancel_payment(request).await?.into_inner())
    }

    pub(crate) async fn list_payments(
        &self,
        page_size: Option<i32>,
        page_token: &str,
        from: Option<&Ledger>,
        status: PaymentStatus,
    ) -> Result<ListPaymentsResponse, Status> {
        let request = self.request(ListPaymentsRequest {
            page_size,
            page_token: page_token.into(),
            from_ledger_id: from.map(|ledger| ledger.ledger_id.clone()).unwrap_or_default(),
            status: status.into(),
        });
        Ok(self.payment.clone().list_payments(request).await?.into_inner())
    }

    /// The payment, once it has come so far.
    pub(crate) async fn wait_for(&self, payment: &Payment, status: PaymentStatus) -> Payment {
        let begin = Instant::now();
        loop {
            let found = self.get_payment(&payment.payment_id).await.unwrap();
            if found.status() == status {
                return found;
            }
            assert!(begin.elapsed() < PATIENCE, "{found:?} does not become {status:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What is on a ledger, and that without what is held.
    pub(crate) async fn money(&self, ledger: &Ledger) -> (i64, i64) {
        let found = self.get_ledger(&ledger.ledger_id).await.unwrap();
        let minor = |money: Option<proto::r#type::v1::Money>| money.unwrap().minor_units;
        (minor(found.balance), minor(found.available))
    }

    pub(crate) async fn set_overdraft(
        &self,
        ledger: &Ledger,
        minor_units: i64,
    ) -> Result<Ledger, Status> {
        let limit = proto::r#type::v1::Money { currency: "GBP".into(), minor_units };
        let request = UpdateLedgerRequest {
            ledger: Some(Ledger {
                ledger_id: ledger.ledger_id.clone(),
                overdraft_limit: Some(limit),
                ..Default::default()
            }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["overdraft_limit".into()] }),
            ..Default::default()
        };
        Ok(self.ledger.clone().update_ledger(self.request(request)).await?.into_inner())
    }

    /// How often the rail was given a payment that it has taken.
    pub(crate) async fn times_submitted(&self, payment: &Payment) -> i32 {
        sqlx::query_scalar(
            "select times_submitted from sandbox_rail_payments where payment_id = $1::uuid and taken",
        )
        .bind(&payment.payment_id)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }
}
