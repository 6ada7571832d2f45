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

/// What the route of a request needs: for those who look at the token again when its body has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needed(&'static str);

impl Needed {
    /// Refuses a caller who has not the scope.
    pub(crate) fn of(self, caller: &Caller) -> Result<(), Failure> {
        let has_scope = caller.scopes().iter().any(|known| known == self.0);
        if has_scope { Ok(()) } else { Err(Failure::forbidden(self.0)) }
    }
}

async fn check(
    State(scope): State<&'static str>,
    caller: Option<Extension<Caller>>,
    mut request: Request,
    next: Next,
) -> Response {
    let needed = Needed(scope);
    match caller.map(|caller| needed.of(&caller)) {
        Some(Ok(())) => {
            request.extensions_mut().insert(needed);
            next.run(request).await
        }
        Some(Err(_)) | None => Failure::forbidden(scope).into_response(),
    }
}
