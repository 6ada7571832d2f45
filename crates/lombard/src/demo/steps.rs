//! The documents' own flow, in their order.

use std::{io::Write, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    check::Field,
    pay, samples, shapes,
    walk::{Answer, Step, Walk},
};

/// How long a customer may take to be verified, and a payment to end.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn get<'a>(title: &'a str, path: &'a str, answer: &'static [Field]) -> Step<'a> {
    Step { title, method: Method::GET, path, body: None, answer }
}

pub(super) fn post<'a>(
    title: &'a str,
    path: &'a str,
    body: Value,
    answer: &'static [Field],
) -> Step<'a> {
    Step { title, method: Method::POST, path, body: Some(body), answer }
}

fn put<'a>(title: &'a str, path: &'a str, body: Value, answer: &'static [Field]) -> Step<'a> {
    Step { title, method: Method::PUT, path, body: Some(body), answer }
}

/// Walks all of it.
pub(super) async fn all<W: Write>(
    walk: &mut Walk<'_, W>,
    email: &str,
    password: &str,
) -> anyhow::Result<()> {
    log_in(walk, email, password).await?;
    let customer = create_customer(walk).await?;
    authenticate(walk, &customer).await?;
    change_customer(walk, &customer).await?;
    let ledger = create_ledger(walk, &customer, "me").await?;
    let other = create_ledger(walk, &customer, "other").await?;
    let transaction = move_money(walk, &ledger, &other).await?;
    look_at_ledger(walk, &ledger, &transaction).await?;
    pay::out_and_back(walk, &ledger).await?;
    pay::undo(walk, &ledger, &transaction).await?;
    switch_ledger(walk, &ledger).await?;
    let step = post("Log out", "/logout", json!({}), shapes::SUCCESS);
    walk.take(Step { body: None, ..step }).await?;
    Ok(())
}

async fn log_in<W: Write>(
    walk: &mut Walk<'_, W>,
    email: &str,
    password: &str,
) -> anyhow::Result<()> {
    let body = json!({"email": email, "password": password});
    let answer = walk.take(post("Log in", "/login", body, shapes::LOGIN)).await?;
    walk.speak_as(answer.text("/data/token")?);
    Ok(())
}

async fn create_customer<W: Write>(walk: &mut Walk<'_, W>) -> anyhow::Result<String> {
    let body = serde_json::from_str(samples::CREATE_CUSTOMER)?;
    let path = "/accounts/create_customer";
    let answer = walk.take(post("Create a customer", path, body, shapes::CUSTOMER)).await?;
    answer.text("/data/customer_id")
}

async fn authenticate<W: Write>(walk: &mut Walk<'_, W>, customer: &str) -> anyhow::Result<()> {
    let body = samples::authenticate(customer)?;
    let path = "/accounts/customers/authenticate";
    walk.take(post("Authenticate the customer", path, body, shapes::SUCCESS)).await?;

    let (title, path) = ("Customer details", format!("/accounts/customers/{customer}"));
    let step = get(title, &path, shapes::CUSTOMER_DETAILS);
    let answer = until(walk, &step, is_verified).await?;
    walk.report(&step, &answer)?;
    let verified = is_verified(&answer);
    walk.expect(title, verified, "the customer is not verified")
}

/// What is answered once it is as it should be, or once patience is at its end.
pub(super) async fn until<W: Write>(
    walk: &Walk<'_, W>,
    step: &Step<'_>,
    is_there: fn(&Answer) -> bool,
) -> anyhow::Result<Answer> {
    let start = Instant::now();
    loop {
        let answer = walk.ask(step).await?;
        if is_there(&answer) || start.elapsed() > PATIENCE {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_verified(details: &Answer) -> bool {
    details.value("/data/verified") == Some(&json!(true))
}

async fn change_customer<W: Write>(walk: &mut Walk<'_, W>, customer: &str) -> anyhow::Result<()> {
    let path = format!("/accounts/customers/{customer}");
    let update = serde_json::from_str(samples::UPDATE_CUSTOMER)?;
    let disable = serde_json::from_str(samples::DISABLE)?;
    walk.take(put("Update the customer", &path, update, shapes::CUSTOMER)).await?;
    walk.take(put("Disable the customer", &path, disable, shapes::CUSTOMER)).await?;
    let enable = json!({"active": true});
    walk.take(put("Enable the customer", &path, enable, shapes::CUSTOMER)).await?;
    let path = "/accounts/customers/list";
    walk.take(get("Get a list of customers", path, shapes::CUSTOMERS)).await?;
    Ok(())
}

async fn create_ledger<W: Write>(
    walk: &mut Walk<'_, W>,
    customer: &str,
    owner: &str,
) -> anyhow::Result<String> {
    let (title, path) = ("Issue a ledger", "/accounts/customers/create_ledger");
    let body = samples::create_ledger(customer, owner)?;
    let answer = walk.take(post(title, path, body, shapes::LEDGER)).await?;
    walk.expect(title, answer.balance() == Some("0.00"), "the balance is not 0.00")?;
    answer.text("/data/ledger_id")
}

async fn move_money<W: Write>(
    walk: &mut Walk<'_, W>,
    ledger: &str,
    other: &str,
) -> anyhow::Result<String> {
    let path = format!("/sandbox/ledgers/{ledger}/inbound");
    walk.take(post("A payment comes in", &path, samples::inbound(), shapes::MOVED)).await?;
    let (path, body) = ("/accounts/internal_transfer", samples::transfer(ledger, other));
    let answer = walk.take(post("Transfer to the other ledger", path, body, shapes::MOVED)).await?;
    answer.text("/transaction_id")
}

async fn look_at_ledger<W: Write>(
    walk: &mut Walk<'_, W>,
    ledger: &str,
    transaction: &str,
) -> anyhow::Result<()> {
    let (title, path) = ("Ledger details", format!("/accounts/customers/ledgers/{ledger}"));
    let answer = walk.take(get(title, &path, shapes::LEDGER)).await?;
    walk.expect(title, answer.balance() == Some("100.00"), "the balance is not 100.00")?;

    let title = "Transaction list";
    for folder in ["/accounts/customers/ledgers/transactions", "/accounts/customers/transactions"] {
        let path = format!("{folder}/{ledger}?from_date=&to_date=");
        let answer = walk.take(get(title, &path, shapes::TRANSACTIONS)).await?;
        let total = answer.value("/data/total") == Some(&json!(2));
        walk.expect(title, total, "data.total is not 2")?;
    }

    let path = format!("/accounts/customers/ledgers/transactions/{transaction}");
    walk.take(get("Query a transaction", &path, shapes::TRANSACTION)).await?;
    Ok(())
}

async fn switch_ledger<W: Write>(walk: &mut Walk<'_, W>, ledger: &str) -> anyhow::Result<()> {
    let path = format!("/accounts/customers/ledgers/{ledger}");
    let disable = serde_json::from_str(samples::DISABLE)?;
    walk.take(put("Disable the ledger", &path, disable, shapes::LEDGER_CHANGED)).await?;
    let enable = json!({"active": true});
    walk.take(put("Enable the ledger", &path, enable, shapes::LEDGER_CHANGED)).await?;
    Ok(())
}
