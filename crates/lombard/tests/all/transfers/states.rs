//! Ledgers and customers that let no transfer happen.

use uuid::Uuid;

use crate::scene::{NOBODY, Scene, TRANSFER, transfer};

#[tokio::test]
async fn currencies_must_be_the_same() {
    let scene = Scene::new().await;
    let [from, _] = scene.pair("10").await;
    let euros = scene.ledger("eur").await;

    let there = scene.post(TRANSFER, &transfer(&from, &euros, "1")).await;
    let back = scene.post(TRANSFER, &transfer(&euros, &from, "1")).await;

    assert_eq!(there.refusal(), (409, "CURRENCY_MISMATCH"));
    assert_eq!(back.refusal(), (409, "CURRENCY_MISMATCH"));
    assert!(there.body.get("transaction_id").is_none());
    assert_eq!(scene.transactions(&euros, "").await["total"], 0);
    assert_eq!(scene.transactions(&from, "").await["total"], 1);
}

#[tokio::test]
async fn a_disabled_ledger_neither_pays_nor_receives() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    for disabled in [&from, &to] {
        scene.set_ledger(disabled, false).await;
        let reply = scene.post(TRANSFER, &transfer(&from, &to, "1")).await;
        // Want of funds would be recorded; a ledger that is disabled is told first, and is not.
        let poor = scene.post(TRANSFER, &transfer(&from, &to, "99")).await;
        scene.set_ledger(disabled, true).await;

        assert_eq!(reply.refusal(), (409, "LEDGER_DISABLED"));
        assert_eq!(poor.refusal(), (409, "LEDGER_DISABLED"));
        assert!(reply.body.get("transaction_id").is_none());
    }
    assert_eq!(scene.transactions(&from, "").await["total"], 1);
    assert_eq!(scene.transactions(&to, "").await["total"], 0);
    scene.post(TRANSFER, &transfer(&from, &to, "1")).await.data();
}

#[tokio::test]
async fn a_disabled_customer_receives_but_pays_from_none_of_its_ledgers() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let [one, two] =
        [scene.ledger_of(&customer, "gbp").await, scene.ledger_of(&customer, "gbp").await];
    let [from, _] = scene.pair("10").await;
    scene.fund(&one, "5").await;
    scene.fund(&two, "5").await;
    scene.set_customer(&customer, false).await;

    for (own, other) in [(&one, &from), (&two, &from), (&one, &two)] {
        let reply = scene.post(TRANSFER, &transfer(own, other, "1")).await;
        assert_eq!(reply.refusal(), (409, "CUSTOMER_DISABLED"));
        assert!(reply.body.get("transaction_id").is_none());
    }
    scene.post(TRANSFER, &transfer(&from, &one, "1")).await.data();
    scene.fund(&one, "1").await;

    assert_eq!(scene.balance(&one).await, "7.00");
    assert_eq!(scene.transactions(&one, "in_out=out").await["total"], 0);
    scene.set_customer(&customer, true).await;
    scene.post(TRANSFER, &transfer(&one, &two, "1")).await.data();
}

#[tokio::test]
async fn ledgers_that_are_not_the_tenants_do_not_exist() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let [from, to] = scene.pair("10").await;
    let theirs = stranger.ledger("gbp").await;
    let transaction = scene.fund(&from, "1").await;
    let fresh = Uuid::now_v7().to_string();

    for nobody in [theirs.as_str(), NOBODY, &fresh, &transaction] {
        for (from, to) in [(from.as_str(), nobody), (nobody, to.as_str())] {
            let reply = scene.post(TRANSFER, &transfer(from, to, "1")).await;
            assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"));
        }
    }
    let reply = stranger.post(TRANSFER, &transfer(&from, &theirs, "1")).await;
    assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"));
    assert_eq!(scene.balance(&from).await, "11.00");
}
