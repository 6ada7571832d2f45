use std::collections::{BTreeMap, BTreeSet};

use access::SCOPES;
use axum::body::Body;
use http::Method;
use serde_json::Value;

use crate::{
    promised::{PLAYED, PROMISED},
    stack::{Client, JSON, Stack},
};

/// A route with an id where it has a place for one.
fn request(route: &str) -> (Method, String) {
    let (method, path) = route.split_once(' ').unwrap();
    let nil = uuid::Uuid::nil().to_string();
    let part = |part: &str| if part.starts_with('{') { nil.clone() } else { part.into() };
    (method.parse().unwrap(), path.split('/').map(part).collect::<Vec<_>>().join("/"))
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

    let mut needed = BTreeSet::new();
    for (route, scope, _) in PROMISED.into_iter().chain(PLAYED) {
        let (method, path) = request(route);
        if scope.is_empty() {
            let nobody = stack.client_who_may(&[]).await;
            assert_ne!(status(&nobody, &method, &path).await.0, 403, "{route}");
            continue;
        }
        let (with, without) = &clients[scope];
        let refused = status(without, &method, &path).await;
        assert_eq!(refused, (403, Value::from(scope)), "{route}");
        assert_ne!(status(with, &method, &path).await.0, 403, "{route}");
        needed.insert(scope);
    }

    // Documents are read back over rpc alone.
    needed.insert("documents:read");
    assert_eq!(needed, SCOPES.into(), "a scope that allows nothing");
}
