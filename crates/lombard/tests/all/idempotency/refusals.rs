//! Refusals leave a key free, and replays need no state.

use serde_json::json;

use super::{AUTHENTICATE, Asked, passport};
use crate::scene::{
    CREATE_LEDGER, NOBODY, Scene, TRANSFER, inbound, inbound_path, ledger, transfer,
};

#[tokio::test]
async fn what_is_refused_leaves_its_key_free() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let good = Asked::post(TRANSFER, transfer(&from, &to, "1"));
    let bad = Asked::post(TRANSFER, transfer(&from, &to, "-1"));
    let too_fine = Asked::post(TRANSFER, transfer(&from, &to, "0.001"));
    let missing = Asked::post(TRANSFER, transfer(&from, NOBODY, "1"));

    assert_eq!(bad.send(&scene, "k-1").await.bad(), ["amount"]);
    assert_eq!(too_fine.send(&scene, "k-1").await.bad(), ["amount"]);
    assert_eq!(missing.send(&scene, "k-1").await.refusal(), (404, "LEDGER_NOT_FOUND"));
    scene.set_ledger(&to, false).await;
    for _ in 0..2 {
        let disabled = good.send(&scene, "k-1").await;
        assert_eq!(disabled.refusal(), (409, "LEDGER_DISABLED"));
        assert!(!disabled.is_replayed());
    }
    scene.set_ledger(&to, true).await;
    let done = good.send(&scene, "k-1").await;

    done.data();
    assert!(!done.is_replayed());
    assert_eq!(scene.balance(&to).await, "1.00");
}

#[tokio::test]
async fn what_other_operations_refuse_leaves_its_key_free_too() {
    let scene = Scene::new().await;
    let holder = scene.customer("Bloggs").await;
    scene.set_customer(&holder, false).await;
    let refused = [
        (Asked::post(CREATE_LEDGER, ledger(&holder, "gbp")), "CUSTOMER_DISABLED"),
        (Asked::post(AUTHENTICATE, passport(&holder)), "CUSTOMER_DISABLED"),
    ];
    for (asked, code) in &refused {
        assert_eq!(asked.send(&scene, "k-1").await.refusal(), (409, *code));
    }
    let nobody = Asked::put(&format!("/accounts/customers/{NOBODY}"), json!({"active": true}));
    assert_eq!(nobody.send(&scene, "k-2").await.refusal(), (404, "CUSTOMER_NOT_FOUND"));
    let enable = Asked::put(&format!("/accounts/customers/{holder}"), json!({"active": true}));
    assert!(!enable.send(&scene, "k-2").await.is_replayed());

    for (asked, _) in refused {
        let done = asked.send(&scene, "k-1").await;
        done.data();
        assert!(!done.is_replayed(), "{asked:?}");
    }
}

#[tokio::test]
async fn a_replay_needs_no_state_that_would_let_it_happen_today() {
    let scene = Scene::new().await;
    let holder = scene.customer("Bloggs").await;
    let [from, to] = scene.pair("10").await;
    let asked = [
        Asked::post(CREATE_LEDGER, ledger(&holder, "gbp")),
        Asked::post(TRANSFER, transfer(&from, &to, "10")),
        Asked::post(&inbound_path(&to), inbound("1")),
        Asked::post(AUTHENTICATE, passport(&holder)),
    ];
    let mut first = Vec::new();
    for asked in &asked {
        first.push(asked.send(&scene, "k-1").await);
    }
    scene.set_ledger(&from, false).await;
    scene.set_ledger(&to, false).await;
    scene.set_customer(&holder, false).await;

    for (asked, first) in asked.iter().zip(first) {
        let again = asked.send(&scene, "k-1").await;
        assert_eq!((again.status, again.is_replayed()), (200, true), "{asked:?}");
        assert_eq!(again.text, first.text);
    }
}
