//! Every transfer says on whose request it was made.

use std::time::Duration;

use kit::caller::{Call, Caller};
use proto::ledger::v1::{
    BatchCreateTransfersRequest, CreatePaymentRequest, Ledger, ListTransactionsRequest,
    ReverseTransferRequest, Transfer, transfer_outcome::Outcome,
};
use tonic::Request;
use types::{ApiKeyId, UserId};

use crate::{
    paying::{creditor, faster},
    support::{Setup, setup, transfer},
};

/// A user with a key.
struct User {
    id: UserId,
    key: Option<ApiKeyId>,
}

impl User {
    fn with_key() -> Self {
        Self { id: UserId::new(), key: Some(ApiKeyId::new()) }
    }

    fn request<M>(&self, setup: &Setup, message: M) -> Request<M> {
        let call = Call::begin(None, Duration::from_secs(20));
        let caller = Caller::new(call, setup.tenant, Some(self.id), Vec::new());
        caller.with_key(self.key).request(message)
    }

    fn told(&self) -> (String, String) {
        (self.id.to_string(), self.key.map(|key| key.to_string()).unwrap_or_default())
    }
}

/// The user and the key of each of a ledger's transactions, newest first.
async fn initiators(setup: &Setup, ledger: &Ledger) -> Vec<(String, String)> {
    let request =
        ListTransactionsRequest { ledger_id: ledger.ledger_id.clone(), ..Default::default() };
    let page = setup.ledger.clone().list_transactions(setup.request(request)).await.unwrap();
    let transactions = page.into_inner().transactions;
    transactions.into_iter().map(|one| (one.user_id, one.api_key_id)).collect()
}

fn told(transfer: &Transfer) -> (String, String) {
    (transfer.user_id.clone(), transfer.api_key_id.clone())
}

#[tokio::test]
async fn a_transfer_says_which_user_and_which_key_asked_for_it() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let (user, after_login) = (User::with_key(), User { id: UserId::new(), key: None });
    let mut client = setup.ledger.clone();

    let one = user.request(&setup, transfer(&alice, &bob, "1"));
    let one = client.create_transfer(one).await.unwrap().into_inner();
    let declined = after_login.request(&setup, transfer(&alice, &bob, "99"));
    let declined = client.create_transfer(declined).await.unwrap().into_inner();
    let back =
        ReverseTransferRequest { transfer_id: one.transfer_id.clone(), ..Default::default() };
    let back = after_login.request(&setup, back);
    let back = client.reverse_transfer(back).await.unwrap().into_inner();
    let batch = BatchCreateTransfersRequest { transfers: vec![transfer(&alice, &bob, "2")] };
    let batch = client.batch_create_transfers(user.request(&setup, batch)).await.unwrap();
    let service = setup.transfer(transfer(&alice, &bob, "3")).await.unwrap();

    assert_eq!(told(&one), user.told());
    assert_eq!(told(&declined), after_login.told());
    assert_eq!(told(&back), after_login.told());
    let outcome = batch.into_inner().outcomes.remove(0).outcome;
    assert!(matches!(outcome, Some(Outcome::Transfer(two)) if told(&two) == user.told()));
    assert_eq!(told(&service), (String::new(), String::new()));
    let (user, after_login) = (user.told(), after_login.told());
    let nobody = (String::new(), String::new());
    assert_eq!(
        initiators(&setup, &alice).await,
        [nobody.clone(), user.clone(), after_login.clone(), after_login, user, nobody]
    );
}

#[tokio::test]
async fn a_retry_by_somebody_else_leaves_the_transfer_to_who_asked_first() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let (first, second) = (User::with_key(), User::with_key());
    let mut asked = transfer(&alice, &bob, "1");
    asked.request_id = "one-intent".to_owned();
    let mut client = setup.ledger.clone();

    let made = client.create_transfer(first.request(&setup, asked.clone())).await.unwrap();
    let again = client.create_transfer(second.request(&setup, asked)).await.unwrap();

    assert_eq!(again.into_inner(), made.into_inner());
    assert_eq!(initiators(&setup, &bob).await, [first.told()]);
}

#[tokio::test]
async fn a_payment_that_is_made_at_once_says_it_too() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let user = User::with_key();
    let pay = CreatePaymentRequest { creditor: Some(creditor(&bob)), ..faster(&alice, "", "4") };

    setup.payment.clone().create_payment(user.request(&setup, pay)).await.unwrap();

    assert_eq!(initiators(&setup, &bob).await, [user.told()]);
}
