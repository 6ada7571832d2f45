//! Money that goes to somebody elsewhere, and money that comes back: extensions of the documents.

use std::{io::Write, time::Duration};

use serde_json::json;

use super::{
    samples, shapes,
    steps::{get, post, until},
    walk::{Answer, Walk},
};

/// One payment that arrives, and one that is returned.
pub(super) async fn out_and_back<W: Write>(
    walk: &mut Walk<'_, W>,
    ledger: &str,
) -> anyhow::Result<()> {
    let (title, path) = ("Confirm the payee", "/accounts/confirm_payee");
    let answer = walk.take(post(title, path, samples::payee(), shapes::PAYEE)).await?;
    let matches = answer.value("/data/match") == Some(&json!("match"));
    walk.expect(title, matches, "the name does not match")?;

    let gone = order(walk, "Pay by Faster Payment", samples::payment(ledger)).await?;
    let answer = watch(walk, "The payment has settled", &gone, has_settled).await?;
    walk.expect("The payment has settled", has_settled(&answer), "it has not settled")?;

    let back = order(walk, "Pay an account that is closed", samples::returned(ledger)).await?;
    let answer = watch(walk, "The payment has come back", &back, has_returned).await?;
    walk.expect("The payment has come back", has_returned(&answer), "it has not come back")?;

    let (title, path) = ("Ledger details", format!("/accounts/customers/ledgers/{ledger}"));
    let answer = walk.take(get(title, &path, shapes::LEDGER)).await?;
    walk.expect(title, answer.balance() == Some("75.00"), "the balance is not 75.00")
}

async fn order<W: Write>(
    walk: &mut Walk<'_, W>,
    title: &str,
    body: serde_json::Value,
) -> anyhow::Result<String> {
    let answer = walk.take(post(title, "/accounts/faster_payment", body, shapes::PAID)).await?;
    answer.text("/data/payment_id")
}

async fn watch<W: Write>(
    walk: &mut Walk<'_, W>,
    title: &str,
    payment: &str,
    is_there: fn(&Answer) -> bool,
) -> anyhow::Result<Answer> {
    let path = format!("/accounts/payments/{payment}");
    let step = get(title, &path, shapes::PAYMENT);
    let answer = until(walk, &step, is_there).await?;
    walk.report(&step, &answer)?;
    Ok(answer)
}

fn has_settled(payment: &Answer) -> bool {
    payment.value("/data/payment_status") == Some(&json!("settled"))
}

fn has_returned(payment: &Answer) -> bool {
    has_settled(payment) && payment.value("/data/return_transaction_id").is_some()
}

/// The transfer undone; the balance of before is still told.
pub(super) async fn undo<W: Write>(
    walk: &mut Walk<'_, W>,
    ledger: &str,
    transaction: &str,
) -> anyhow::Result<()> {
    let now = format!("/accounts/customers/ledgers/{ledger}/balance");
    let answer = walk.take(get("The balance now", &now, shapes::BALANCE)).await?;
    let at = answer.text("/data/at")?;
    // A second counts as a whole.
    tokio::time::sleep(Duration::from_millis(1100)).await;

    let path = "/accounts/reverse_transfer";
    let body = json!({"transaction_id": transaction, "reference": "sent twice"});
    walk.take(post("Reverse the transfer", path, body, shapes::MOVED)).await?;

    let then = format!("{now}?at={}", at.replace(' ', "T") + "Z");
    for (title, path, expected) in
        [("The balance now", &now, "175.00"), ("The balance then", &then, "75.00")]
    {
        let answer = walk.take(get(title, path, shapes::BALANCE)).await?;
        let rule = format!("the balance is not {expected}");
        walk.expect(title, answer.balance() == Some(expected), &rule)?;
    }
    Ok(())
}
