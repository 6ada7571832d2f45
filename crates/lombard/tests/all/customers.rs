//! Customers: what is taken of them, what is shown, what can be changed, and how they are found.

mod create;
mod fields;
mod filters;
mod list;
mod update;

use serde_json::json;
use uuid::Uuid;

use crate::{
    answers::{LIST, count, create, data, individual, path_of, refusal},
    stack::login,
};

#[tokio::test]
async fn an_id_of_nobody_or_of_somebody_else_is_missing() {
    let (client, other) = (login().await, login().await);
    let own = create(&client, &individual()).await;
    let nobody = Uuid::now_v7().to_string();

    let ids =
        [own.as_str(), nobody.as_str(), "x", "921rte4-7a22-5091-3741-37133j8d4s", "%00", "%FF"];
    for id in ids {
        for path in [path_of(id), format!("{}/ledgers", path_of(id))] {
            let answer = other.get(&path).await;
            assert_eq!(refusal(&answer), (404, "CUSTOMER_NOT_FOUND"), "{path}");
        }
        let answer = other.put(&path_of(id), &json!({"active": false})).await;
        assert_eq!(refusal(&answer), (404, "CUSTOMER_NOT_FOUND"), "{id}");
    }
    assert_eq!(count(&other).await, 0);
    assert_eq!(data(&client.get(&path_of(&own)).await)["active"], true);
}

#[tokio::test]
async fn an_id_is_read_in_any_case_and_version() {
    let client = login().await;
    let id = create(&client, &individual()).await;

    let answer = client.get(&path_of(&id.to_uppercase())).await;

    assert_eq!(data(&answer)["customer_id"], id);
    // Version 4, as in the samples: no other kind of answer.
    let answer = client.get(&path_of("859f4eef-6a53-4110-8757-371844df8e8c")).await;
    assert_eq!(refusal(&answer), (404, "CUSTOMER_NOT_FOUND"));
}

#[tokio::test]
async fn the_fixed_words_win_over_an_id() {
    let client = login().await;

    assert_eq!(data(&client.get(LIST).await)["total"], 0);
    for word in ["authenticate", "create_ledger"] {
        let answer = client.get(&path_of(word)).await;
        assert_eq!(refusal(&answer), (405, "METHOD_NOT_ALLOWED"), "{word}");
    }
}
