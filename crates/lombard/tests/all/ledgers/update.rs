//! Ledgers enabled, disabled and let be overdrawn, and those that are not there.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{NOBODY, Scene, ledger_path, with};

#[tokio::test]
async fn a_ledger_is_disabled_and_enabled_again() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let id = scene.ledger_of(&customer, "gbp").await;
    let ids = json!({"customer_id": customer, "ledger_id": id});

    for (given, active, status) in [
        (json!(false), false, "disabled"),
        (json!(false), false, "disabled"),
        (json!(true), true, "ready"),
        (json!(true), true, "ready"),
        (json!("false"), false, "disabled"),
        (json!("true"), true, "ready"),
    ] {
        let reply = scene.put(&ledger_path(&id), &json!({"active": given})).await;

        assert_eq!(reply.data(), &ids);
        assert_eq!(
            (&reply.body["customer_id"], &reply.body["ledger_id"]),
            (&json!(customer), &json!(id))
        );
        let found = scene.details(&id).await;
        assert_eq!((&found["active"], &found["status"]), (&json!(active), &json!(status)));
    }
}

#[tokio::test]
async fn only_active_and_the_overdraft_limit_can_be_changed_and_one_must_be_given() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;

    for (body, bad) in [
        (json!({}), vec!["body"]),
        (json!({"active": null}), vec!["body"]),
        (json!({"active": ""}), vec!["body"]),
        (json!({"active": "", "overdraft_limit": null}), vec!["body"]),
        (json!({"active": 0}), vec!["active"]),
        (json!({"active": "yes"}), vec!["active"]),
        (json!({"active": "False"}), vec!["active"]),
        (json!({"active": [false]}), vec!["active"]),
        (json!({"active": false, "owner": "me"}), vec!["owner"]),
        (json!({"owner": "me", "status": "closed"}), vec!["owner", "status"]),
    ] {
        let here = scene.put(&ledger_path(&id), &body).await;
        let nowhere = scene.put(&ledger_path(NOBODY), &body).await;

        assert_eq!(here.bad(), bad, "{body}");
        assert_eq!(nowhere.bad(), bad, "bad parameters before missing things: {body}");
    }
    assert_eq!(scene.details(&id).await["active"], true);
}

#[tokio::test]
async fn a_ledger_that_is_not_the_tenants_does_not_exist() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let id = scene.ledger("gbp").await;
    let transaction = scene.fund(&id, "1").await;
    let mut answers = HashSet::new();

    for (who, id) in [
        (&stranger, id.as_str()),
        (&scene, NOBODY),
        (&scene, "not-an-id"),
        (&scene, &Uuid::now_v7().to_string()),
        (&scene, &transaction),
    ] {
        let read = who.get(&ledger_path(id)).await;
        let changed = who.put(&ledger_path(id), &json!({"active": false})).await;

        for reply in [read, changed] {
            assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"), "{id}");
            answers.insert(with(reply.body, "request_id", &Value::Null).to_string());
        }
    }
    assert_eq!(answers.len(), 1, "they tell more than that there is none: {answers:?}");
    assert_eq!(scene.details(&id).await["active"], true);
    assert_eq!(scene.get(&format!("{}?verbose=1", ledger_path(&id))).await.bad(), ["verbose"]);
}
