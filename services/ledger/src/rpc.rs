//! The contract's rpcs: messages to and from what the use cases speak. Every bad field is named here;
//! nothing is decided.

mod addresses;
mod amounts;
mod balances;
mod batches;
mod changes;
mod ledgers;
mod money;
mod payees;
mod payments;
mod reversals;
mod sandbox;
mod transactions;
mod transfers;

use std::sync::Arc;

use kit::{caller::Caller, errors::Violations, postgres::Database};
use proto::ledger::v1::{
    self as pb, ledger_service_server::LedgerServiceServer,
    payment_service_server::PaymentServiceServer, sandbox_service_server::SandboxServiceServer,
};
use tokio::sync::Notify;
use tonic::{Request, Response, Status, async_trait, service::Routes, transport::Channel};
use types::Currency;

use crate::{
    config::Settings,
    error::Error,
    inbound::Inbound,
    ledgers::{Bank, Ledgers},
    payees::{self as directory, Directory, Payees},
    payments::Payments,
    peers::Customers,
    queue::Queue,
    standings::Standings,
    transactions::Transactions,
    transfers::Transfers,
};

/// All rpcs; those of the sandbox only where it is switched on.
pub(crate) fn routes(
    settings: Settings,
    database: Database,
    customer: Channel,
    queue: Queue,
    wake: Arc<Notify>,
) -> Routes {
    let Settings { currencies, bank_code: code, sort_code, bic, sandbox, .. } = settings;
    let customers = Customers::new(customer);
    let bank = Bank { code, sort_code, bic };
    let standings = Standings::new(customers.clone());
    let transfers = Transfers::new(database.clone(), standings.clone(), queue);
    let inbound = Inbound::new(database.clone(), Arc::clone(&wake));
    let mut payees: Vec<Arc<dyn Payees>> =
        vec![Arc::new(directory::Ours::new(database.clone(), customers.clone()))];
    if sandbox {
        payees.push(Arc::new(directory::Sandbox));
    }
    let payments = PaymentRpcs {
        payments: Payments::new(database.clone(), standings, sandbox, wake),
        payees: Directory::new(payees),
        transfers: transfers.clone(),
    };
    let ledger = LedgerRpcs {
        ledgers: Ledgers::new(database.clone(), customers.clone(), bank),
        transfers: transfers.clone(),
        transactions: Transactions::new(database, customers),
        currencies,
    };
    let routes = Routes::new(LedgerServiceServer::new(ledger))
        .add_service(PaymentServiceServer::new(payments));
    if sandbox {
        routes.add_service(SandboxServiceServer::new(SandboxRpcs { transfers, inbound }))
    } else {
        routes
    }
}

struct LedgerRpcs {
    ledgers: Ledgers,
    transfers: Transfers,
    transactions: Transactions,
    /// Those that ledgers may be issued in.
    currencies: Vec<Currency>,
}

struct PaymentRpcs {
    payments: Payments,
    payees: Directory,
    transfers: Transfers,
}

struct SandboxRpcs {
    transfers: Transfers,
    inbound: Inbound,
}

type Answered<M> = Result<Response<M>, Status>;

#[async_trait]
impl pb::ledger_service_server::LedgerService for LedgerRpcs {
    async fn create_ledger(
        &self,
        request: Request<pb::CreateLedgerRequest>,
    ) -> Answered<pb::Ledger> {
        Ok(ledgers::create(&self.ledgers, &self.currencies, request).await?)
    }

    async fn get_ledger(&self, request: Request<pb::GetLedgerRequest>) -> Answered<pb::Ledger> {
        Ok(ledgers::get(&self.ledgers, request).await?)
    }

    async fn batch_get_ledgers(
        &self,
        request: Request<pb::BatchGetLedgersRequest>,
    ) -> Answered<pb::BatchGetLedgersResponse> {
        Ok(ledgers::batch_get(&self.ledgers, request).await?)
    }

    async fn list_ledgers(
        &self,
        request: Request<pb::ListLedgersRequest>,
    ) -> Answered<pb::ListLedgersResponse> {
        Ok(ledgers::list(&self.ledgers, request).await?)
    }

    async fn batch_get_ledger_summaries(
        &self,
        request: Request<pb::BatchGetLedgerSummariesRequest>,
    ) -> Answered<pb::BatchGetLedgerSummariesResponse> {
        Ok(ledgers::summaries(&self.ledgers, request).await?)
    }

    async fn update_ledger(
        &self,
        request: Request<pb::UpdateLedgerRequest>,
    ) -> Answered<pb::Ledger> {
        Ok(ledgers::update(&self.ledgers, request).await?)
    }

    async fn create_transfer(
        &self,
        request: Request<pb::CreateTransferRequest>,
    ) -> Answered<pb::Transfer> {
        Ok(transfers::create(&self.transfers, request).await?)
    }

    async fn batch_create_transfers(
        &self,
        request: Request<pb::BatchCreateTransfersRequest>,
    ) -> Answered<pb::BatchCreateTransfersResponse> {
        Ok(batches::create(&self.transfers, request).await?)
    }

    async fn reverse_transfer(
        &self,
        request: Request<pb::ReverseTransferRequest>,
    ) -> Answered<pb::Transfer> {
        Ok(reversals::create(&self.transfers, request).await?)
    }

    async fn get_balance(&self, request: Request<pb::GetBalanceRequest>) -> Answered<pb::Balance> {
        Ok(balances::get(&self.transactions, request).await?)
    }

    async fn get_transfer(
        &self,
        request: Request<pb::GetTransferRequest>,
    ) -> Answered<pb::Transfer> {
        Ok(transfers::get(&self.transfers, request).await?)
    }

    async fn list_transactions(
        &self,
        request: Request<pb::ListTransactionsRequest>,
    ) -> Answered<pb::ListTransactionsResponse> {
        Ok(transactions::list(&self.transactions, request).await?)
    }

    async fn get_transaction(
        &self,
        request: Request<pb::GetTransactionRequest>,
    ) -> Answered<pb::Transaction> {
        Ok(transactions::get(&self.transactions, request).await?)
    }

    async fn query_transactions(
        &self,
        request: Request<pb::QueryTransactionsRequest>,
    ) -> Answered<pb::QueryTransactionsResponse> {
        Ok(transactions::query(&self.transactions, request).await?)
    }
}

#[async_trait]
impl pb::payment_service_server::PaymentService for PaymentRpcs {
    async fn create_payment(
        &self,
        request: Request<pb::CreatePaymentRequest>,
    ) -> Answered<pb::Payment> {
        Ok(payments::create(&self.payments, &self.transfers, request).await?)
    }

    async fn get_payment(&self, request: Request<pb::GetPaymentRequest>) -> Answered<pb::Payment> {
        Ok(payments::get(&self.payments, request).await?)
    }

    async fn list_payments(
        &self,
        request: Request<pb::ListPaymentsRequest>,
    ) -> Answered<pb::ListPaymentsResponse> {
        Ok(payments::list(&self.payments, request).await?)
    }

    async fn cancel_payment(
        &self,
        request: Request<pb::CancelPaymentRequest>,
    ) -> Answered<pb::Payment> {
        Ok(payments::cancel(&self.payments, request).await?)
    }

    async fn confirm_payee(
        &self,
        request: Request<pb::ConfirmPayeeRequest>,
    ) -> Answered<pb::ConfirmPayeeResponse> {
        Ok(payees::confirm(&self.payees, request).await?)
    }
}

#[async_trait]
impl pb::sandbox_service_server::SandboxService for SandboxRpcs {
    async fn create_inbound_payment(
        &self,
        request: Request<pb::CreateInboundPaymentRequest>,
    ) -> Answered<pb::Transfer> {
        Ok(sandbox::create_inbound(&self.inbound, &self.transfers, request).await?)
    }
}

/// Who asks, and what.
fn open<M>(request: Request<M>) -> Result<(Caller, M), Error> {
    let caller = Caller::of(&request)?;
    Ok((caller, request.into_inner()))
}

/// What was parsed, when nothing was bad.
fn valid<T>(bad: Violations, parsed: Option<T>) -> Result<T, Error> {
    bad.into_result()?;
    parsed.ok_or_else(|| Error::corrupt("a field refused without a word"))
}
