//! The API's description, made of the code that answers: every route brings its own.

use std::collections::BTreeMap;

use axum::{Router, body::Bytes, routing::get};
use http::StatusCode;
use utoipa::{
    IntoResponses, Modify, OpenApi,
    openapi::{
        self, Content, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    api_keys, audit, callbacks, customers,
    envelope::json,
    failure::{Failure, FailureView},
    ledgers, login, payments,
    peers::Peers,
    providers, retention, reviews, sandbox, screening, transactions, transfers, verifications,
};

/// What all routes share.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lombard",
        description = "Customers, their identities, and their ledgers with real account numbers.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(FailureView<'static>)),
    security(("token" = []), ("bearer" = [])),
    modifiers(&Proofs),
    tags(
        (name = "Access", description = "Tokens and API keys"),
        (name = "Customers", description = "Persons and companies, and their identities"),
        (name = "Verifications", description = "What becomes of verifications, and who decides"),
        (name = "Providers", description = "Accounts with those who establish identities"),
        (name = "Ledgers", description = "Customers' ledgers and what happened on them"),
        (name = "Transfers", description = "Money moving between ledgers"),
        (name = "Payments", description = "Money to somebody elsewhere, over a rail"),
        (name = "Sandbox", description = "The outside world, played"),
    ),
)]
struct Lombard;

/// The routes with their description.
pub(crate) fn routes(sandbox: bool) -> OpenApiRouter<Peers> {
    let mut router = OpenApiRouter::with_openapi(Lombard::openapi())
        .merge(login::routes())
        .merge(api_keys::routes())
        .merge(customers::routes())
        .merge(retention::routes())
        .merge(verifications::routes())
        .merge(screening::routes())
        .merge(reviews::routes())
        .merge(providers::routes())
        .merge(callbacks::routes())
        .merge(ledgers::routes())
        .merge(transactions::routes())
        .merge(transfers::routes())
        .merge(payments::routes())
        .merge(audit::routes());
    if sandbox {
        router = router.merge(sandbox::routes());
    }
    describe_headers(router.get_openapi_mut());
    router
}

/// The description, and pages that make it readable.
pub(crate) fn pages(description: &openapi::OpenApi) -> Router {
    const PATH: &str = "/openapi.json";
    let pages: Router = SwaggerUi::new("/docs").config(Config::from(PATH)).into();
    let description = match description.to_json() {
        Ok(text) => Ok(Bytes::from(text)),
        Err(_) => Err(Failure::internal("a description that is no JSON")),
    };
    // Anybody may ask for it, and take their time: all get the same bytes.
    let described = async move || description.map(|text| json(StatusCode::OK, text.into(), false));
    pages.route(PATH, get(described))
}

/// How a caller is proved.
struct Proofs;

impl Modify for Proofs {
    fn modify(&self, openapi: &mut openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let about = "`token`, a space, and the token that /login gave";
        let token = ApiKey::Header(ApiKeyValue::with_description("Authorization", about));
        components.add_security_scheme("token", SecurityScheme::ApiKey(token));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// Every answer but a success.
pub(crate) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusals = [
            ("400", "Bad parameters, all of them"),
            ("401", "No valid token, or a wrong e-mail address or password"),
            ("403", "The token does not allow this: `missing_scope` says what it would need"),
            ("404", "Not there, or somebody else's"),
            ("409", "Against the present state, another request, or declined"),
            ("413", "The body is too large"),
            ("414", "Path and query are too long"),
            ("415", "The body is not application/json"),
            ("429", "Too often; `Retry-After` says how long, of `RATE_LIMITED` `RateLimit-…` too"),
            ("500", "Not the client's fault"),
            ("503", "Unavailable or too busy for the moment; `Retry-After`"),
            ("504", "Not finished in time"),
        ];
        let describe = |(status, about): (&str, &str)| {
            let content = Content::new(Some(Ref::from_schema_name("Failure")));
            let response =
                ResponseBuilder::new().description(about).content("application/json", content);
            (status.to_owned(), response.build().into())
        };
        refusals.into_iter().map(describe).collect()
    }
}

/// Paths that have no effect, or one that is the same the second time, or whose answer is not kept because it is a
/// secret.
const UNKEYED: [&str; 9] = [
    "/login",
    "/logout",
    "/accounts/confirm_payee",
    "/access/keys",
    "/access/keys/{api_key_id}",
    "/access/keys/{api_key_id}/revoke",
    "/callbacks/kyc/{provider}",
    "/kyc/providers/{provider}",
    "/kyc/review_policy",
];

/// What an `Idempotency-Key` may be.
const KEY: &str = "^[!-~]{1,255}$";

/// Adds the headers that the layer and the extractors know to every operation.
fn describe_headers(openapi: &mut openapi::OpenApi) {
    for (path, item) in &mut openapi.paths.paths {
        let PathItem { get, put, post, delete, .. } = item;
        for operation in [get, put, post, delete].into_iter().flatten() {
            let about = "Names the request; 1-128 visible ASCII characters, or it is replaced.";
            take(operation, "X-Request-Id", about, text());
            give(operation, "X-Request-Id", "Names the request, in the log as well.", |_| true);
        }
        let PathItem { put, post, .. } = item;
        for operation in
            [put, post].into_iter().flatten().filter(|_| !UNKEYED.contains(&path.as_str()))
        {
            let key = "One for each intent, 1-255 visible ASCII characters. The same request with \
                       the same key has its effect once, and gets the same answer again.";
            let visible = ObjectBuilder::new().schema_type(Type::String).pattern(Some(KEY)).build();
            take(operation, "Idempotency-Key", key, visible);
            let replayed = "`true` when the answer is that of an earlier request.";
            // Declines are kept as successes are.
            let has = |status: &str| matches!(status, "200" | "409");
            give(operation, "Idempotent-Replayed", replayed, has);
        }
    }
}

/// A header that an operation understands.
fn take(operation: &mut Operation, name: &str, about: &str, schema: openapi::Object) {
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema));
    operation.parameters.get_or_insert_default().push(header.build().into());
}

/// A header of those of an operation's answers that `has` names by their status.
fn give(operation: &mut Operation, name: &str, about: &str, has: fn(&str) -> bool) {
    for (status, answer) in &mut operation.responses.responses {
        if let RefOr::T(answer) = answer
            && has(status)
        {
            let header = HeaderBuilder::new().schema(Some(text())).description(Some(about)).build();
            answer.headers.insert(name.to_owned(), header.into());
        }
    }
}

fn text() -> openapi::Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

#[cfg(test)]
mod tests;
