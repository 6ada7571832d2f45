//! What a token allows: each route needs one scope, and its description says which.

use axum::{
    Extension,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use kit::caller::Caller;
use utoipa::openapi::{path::PathItem, security::SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;

use crate::{failure::Failure, peers::Peers};

/// Routes for callers whose token has `scope`.
pub(crate) fn needs(scope: &'static str, routes: OpenApiRouter<Peers>) -> OpenApiRouter<Peers> {
    let mut routes = routes.route_layer(middleware::from_fn_with_state(scope, check));
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        let PathItem { get, put, post, delete, .. } = item;
        for operation in [get, put, post, delete].into_iter().flatten() {
            let proofs = ["token", "bearer"].map(|name| SecurityRequirement::new(name, [scope]));
            operation.security = Some(proofs.into());
        }
    }
    routes
}

async fn check(
    State(scope): State<&'static str>,
    caller: Option<Extension<Caller>>,
    request: Request,
    next: Next,
) -> Response {
    let has_scope = |caller: Extension<Caller>| caller.scopes().iter().any(|known| known == scope);
    if caller.is_some_and(has_scope) {
        return next.run(request).await;
    }
    Failure::forbidden(scope).into_response()
}
