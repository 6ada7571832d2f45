//! Every operation with its texts, as the API's own description has them, and requests that are valid but
//! for one text.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{
    authenticate::JPEG,
    scene::{self, Reply, Scene},
};

/// An operation that can be asked for.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// With ids of things that are there, as far as they are known.
    pub(super) path: String,
    /// The names of the texts in its body: `address.city`.
    pub(super) fields: Vec<String>,
    /// The names of what may be in its query.
    pub(super) parameters: Vec<String>,
    body: Value,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) operations: Vec<Operation>,
}

/// What would change who may ask.
const LEFT_OUT: [&str; 1] = ["/logout"];

impl Surface {
    /// Reads the description; what the requests are about is made.
    pub(super) async fn read(scene: &Scene) -> Self {
        let customer = scene.customer("Bloggs").await;
        let [from, to] = scene.pair("100").await;
        let description = scene.get("/openapi.json").await.body;
        let mut operations = Vec::new();
        for (path, item) in description["paths"].as_object().unwrap() {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
                let Some(operation) = item.get(method.as_str().to_lowercase()) else { continue };
                if LEFT_OUT.contains(&path.as_str()) {
                    continue;
                }
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                let mut fields = Vec::new();
                texts(&description, schema, "", &mut fields);
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let parameters = parameters.filter(|parameter| parameter["in"] == "query");
                operations.push(Operation {
                    path: path
                        .replace("{customer_id}", &customer)
                        .replace("{ledger_id}", &from)
                        .replace("{provider}", "gbg_go")
                        .split('/')
                        .map(|part| if part.starts_with('{') { scene::NOBODY } else { part })
                        .collect::<Vec<_>>()
                        .join("/"),
                    fields,
                    parameters: parameters.map(|it| it["name"].as_str().unwrap().into()).collect(),
                    body: body(&method, path, &customer, &from, &to),
                    method,
                });
            }
        }
        Self { operations }
    }

    /// Reads it again, where it can be.
    pub(super) async fn check_kept(
        &self,
        scene: &Scene,
        operation: &Operation,
        field: &str,
        text: &str,
        reply: &Reply,
    ) {
        let id = reply.body["data"]["customer_id"].as_str();
        let path = match id {
            Some(id) => format!("/accounts/customers/{id}"),
            None if operation.method == Method::PUT => operation.path.clone(),
            None => return,
        };
        let again = scene.get(&path).await;
        if again.status != 200 {
            return;
        }
        let told = field.split('.').fold(&again.body["data"], |value, name| &value[name]);
        assert!(!told.is_string() || told == text, "{path} {field} {text:?}: {told}");
    }
}

impl Operation {
    /// The body with this text in this field.
    pub(super) fn body_with(&self, field: &str, text: &str) -> Value {
        let mut body = self.body.clone();
        let (place, name) = field.rsplit_once('.').unwrap_or(("", field));
        let mut inner = &mut body;
        for part in place.split('.').filter(|part| !part.is_empty()) {
            if !inner[part].is_object() {
                inner[part] = Value::Object(Map::new());
            }
            inner = &mut inner[part];
        }
        inner[name] = json!(text);
        body
    }
}

fn texts(description: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = description.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return texts(description, schema, place, found);
    }
    for kind in ["allOf", "oneOf", "anyOf"] {
        for part in schema[kind].as_array().into_iter().flatten() {
            texts(description, part, place, found);
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let name = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        texts(description, field, &name, found);
    }
    let is_text = schema["type"] == "string"
        || schema["type"].as_array().is_some_and(|types| types.contains(&json!("string")));
    if is_text && !place.is_empty() && !found.iter().any(|known| known == place) {
        found.push(place.to_owned());
    }
}

/// What would be done if all texts were right.
fn body(method: &Method, path: &str, customer: &str, from: &str, to: &str) -> Value {
    let image = json!({"image": JPEG, "mime_type": "image/jpeg"});
    match (method.as_str(), path) {
        ("POST", scene::CREATE_CUSTOMER) => scene::customer("Bloggs"),
        ("POST", scene::CREATE_LEDGER) => scene::ledger(customer, "gbp"),
        ("POST", scene::TRANSFER) => scene::transfer(from, to, "0.01"),
        ("POST", scene::FASTER_PAYMENT) => scene::faster_payment(from, "0.01"),
        ("POST", scene::SEPA_CREDIT) => scene::sepa_credit(from, "0.01"),
        ("POST", "/sandbox/ledgers/{ledger_id}/inbound") => scene::inbound("0.01"),
        ("POST", "/accounts/customers/authenticate") => json!({
            "customer_id": customer, "third_party": "gb_group", "id_type": "passport", "front": image,
        }),
        ("POST", "/access/keys") => json!({"name": "till", "scopes": ["customers:read"]}),
        _ => json!({}),
    }
}
