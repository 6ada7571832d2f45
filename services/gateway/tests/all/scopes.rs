use std::collections::BTreeMap;

use access::SCOPES;
use axum::body::Body;
use http::Method;
use serde_json::Value;

use crate::stack::{Client, JSON, Stack};

/// Every operation of the description, and the scope that it needs.
async fn operations(stack: &Stack) -> Vec<(Method, String, Option<String>)> {
    let described = stack.stranger().get("/openapi.json").await.body;
    let mut found = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let nil = uuid::Uuid::nil().to_string();
            let part = |part: &str| if part.starts_with('{') { nil.clone() } else { part.into() };
            let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
            let scope = operation["security"][0]["token"][0].as_str().map(str::to_owned);
            found.push((method, path, scope));
        }
    }
    found
}

async fn status(client: &Client, method: &Method, path: &str) -> (u16, Value) {
    let reply = client.send(method.clone(), path, &[JSON], Body::from("{}")).await;
    let scope = format!("scope=\"{}\"", reply.body["missing_scope"].as_str().unwrap_or_default());
    if reply.status == 403 {
        let told = reply.headers["www-authenticate"].to_str().unwrap();
        assert!(told.contains("insufficient_scope") && told.contains(&scope), "{told}");
    }
    (reply.status.as_u16(), reply.body["missing_scope"].clone())
}

#[tokio::test]
async fn every_route_refuses_who_has_all_scopes_but_its_own_and_names_it() {
    let stack = Stack::start().await;
    let mut clients = BTreeMap::new();
    for scope in SCOPES {
        let others: Vec<_> = SCOPES.into_iter().filter(|other| *other != scope).collect();
        let without = stack.client_who_may(&others).await;
        clients.insert(scope, (stack.client_who_may(&[scope]).await, without));
    }

    let mut needed = std::collections::BTreeSet::new();
    for (method, path, scope) in operations(&stack).await {
        let Some(scope) = scope else {
            let is_open = matches!(&*path, "/login" | "/logout") || path.starts_with("/callbacks/");
            assert!(is_open, "{method} {path} needs no scope");
            continue;
        };
        let (with, without) = &clients[scope.as_str()];
        let refused = status(without, &method, &path).await;
        assert_eq!(refused, (403, Value::from(scope.as_str())), "{method} {path}");
        assert_ne!(status(with, &method, &path).await.0, 403, "{method} {path}");
        needed.insert(scope);
    }

    // Documents are read back over rpc alone.
    needed.insert("documents:read".to_owned());
    assert_eq!(needed, SCOPES.map(str::to_owned).into(), "a scope that allows nothing");
}
