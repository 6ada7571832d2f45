//! A tenant's own accounts with those who establish identities. Secrets go in and never come out.

use std::collections::BTreeMap;

use axum::extract::State;
use proto::kyc::v1::{
    DeleteProviderRequest, GetProviderRequest, ListProvidersRequest, Provider, SetProviderRequest,
    Verdict,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body::{Body, Object, Parse},
    clock,
    envelope::{Answer, Page, Success},
    failure::Failure,
    login::Empty,
    openapi::Refusals,
    path::PathName,
    peers::Peers,
    query::{Nothing, Query},
    scope::needs,
    text,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    needs("admin", OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, set, delete)))
}

/// An account with a provider.
#[derive(ToSchema)]
#[schema(example = json!({
    "account_name": "api@example.com",
    "secret": "correct horse battery staple",
    "profile_id": "d1546e85-9241-4674-a6ff-6bde0b7b89c8",
    "profile_version": "0",
    "verdicts": {"ALERT": "in_review"},
    "is_default": true,
    "callback_secret": "0123456789abcdef0123456789abcdef"
}))]
pub(crate) struct NewProvider {
    /// The user name (`gbg_id3global`), the client's id (`gbg_go`).
    #[schema(value_type = String)]
    account_name: Option<String>,
    /// The password, the client's secret. Never told again; absent: as it was.
    secret: Option<String>,
    /// The profile (`gbg_id3global`), the journey's resource (`gbg_go`).
    #[schema(value_type = String)]
    profile_id: Option<String>,
    /// Absent: the newest.
    profile_version: Option<String>,
    /// What the provider's words mean: `verified`, `in_review`, `resubmission_required` or
    /// `rejected`. Words that are not here mean what they usually do.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    verdicts: Vec<(String, i32)>,
    /// Whether `gb_group` means this one; a tenant's first always is it.
    is_default: Option<bool>,
    /// What callbacks are signed with, 16-1000 characters. Absent: as it was.
    callback_secret: Option<String>,
}

impl Parse for NewProvider {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            account_name: object.text("account_name"),
            secret: object.verbatim("secret"),
            profile_id: object.text("profile_id"),
            profile_version: object.text("profile_version"),
            verdicts: object.choices_by_name("verdicts", &text::VERIFICATION_STATUSES),
            is_default: object.boolean("is_default"),
            callback_secret: object.verbatim("callback_secret"),
        }
    }
}

impl NewProvider {
    fn into_request(self, provider: String, validate_only: bool) -> SetProviderRequest {
        let verdict = |(word, verification_status)| Verdict { word, verification_status };
        SetProviderRequest {
            provider: Some(Provider {
                provider,
                account_name: self.account_name.unwrap_or_default(),
                profile_id: self.profile_id.unwrap_or_default(),
                profile_version: self.profile_version.unwrap_or_default(),
                verdicts: self.verdicts.into_iter().map(verdict).collect(),
                is_default: self.is_default.unwrap_or_default(),
                ..Provider::default()
            }),
            secret: self.secret.unwrap_or_default(),
            callback_secret: self.callback_secret.unwrap_or_default(),
            validate_only,
        }
    }
}

/// An account with a provider, without its secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderView {
    provider: String,
    account_name: String,
    profile_id: String,
    profile_version: String,
    /// What the provider's words mean.
    verdicts: BTreeMap<String, &'static str>,
    is_default: bool,
    has_callback_secret: bool,
    /// UTC.
    created: String,
    /// UTC.
    last_update: String,
}

impl TryFrom<Provider> for ProviderView {
    type Error = Failure;

    fn try_from(provider: Provider) -> Result<Self, Failure> {
        let verdicts = provider.verdicts.into_iter().map(|verdict| {
            let word = text::VERIFICATION_STATUSES.word(verdict.verification_status())?;
            Ok((verdict.word, word))
        });
        Ok(Self {
            verdicts: verdicts.collect::<Result<_, Failure>>()?,
            created: clock::print(provider.create_time.as_ref())?,
            last_update: clock::print(provider.update_time.as_ref())?,
            provider: provider.provider,
            account_name: provider.account_name,
            profile_id: provider.profile_id,
            profile_version: provider.profile_version,
            is_default: provider.is_default,
            has_callback_secret: provider.has_callback_secret,
        })
    }
}

/// Lists the tenant's accounts with providers.
#[utoipa::path(
    get,
    path = "/kyc/providers",
    operation_id = "list_providers",
    tag = "Providers",
    responses((status = 200, description = "All", body = Success<Page<ProviderView>>), Refusals),
)]
async fn list(
    State(peers): State<Peers>,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<Page<ProviderView>>>, Failure> {
    outgoing.check()?;
    outgoing
        .send(peers.providers, ListProvidersRequest {}, |peer, request| {
            Box::pin(peer.list_providers(request))
        })
        .await?
        .view(|found| {
            let total = i64::try_from(found.providers.len()).unwrap_or(i64::MAX);
            let page = Page::of(total, found.providers, String::new(), TryInto::try_into)?;
            Ok(Success::of(page))
        })
}

/// Tells the tenant's account with a provider.
#[utoipa::path(
    get,
    path = "/kyc/providers/{provider}",
    operation_id = "get_provider",
    tag = "Providers",
    params(("provider" = String, Path, description = "gbg_id3global or gbg_go")),
    responses((status = 200, description = "The account", body = Success<ProviderView>), Refusals),
)]
async fn get(
    State(peers): State<Peers>,
    PathName(provider): PathName,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<ProviderView>>, Failure> {
    outgoing.check()?;
    outgoing
        .send(peers.providers, GetProviderRequest { provider }, |peer, request| {
            Box::pin(peer.get_provider(request))
        })
        .await?
        .view(|found| Ok(Success::of(found.try_into()?)))
}

/// Makes or replaces the tenant's account with a provider.
#[utoipa::path(
    put,
    path = "/kyc/providers/{provider}",
    operation_id = "set_provider",
    tag = "Providers",
    params(("provider" = String, Path, description = "gbg_id3global or gbg_go")),
    request_body = NewProvider,
    responses((status = 200, description = "The account", body = Success<ProviderView>), Refusals),
)]
async fn set(
    State(peers): State<Peers>,
    PathName(provider): PathName,
    Body(new, outgoing): Body<NewProvider>,
) -> Result<Answer<Success<ProviderView>>, Failure> {
    let outgoing = outgoing.without_effect();
    let message = new.into_request(provider, outgoing.validate_only());
    outgoing
        .send(peers.providers, message, |peer, request| Box::pin(peer.set_provider(request)))
        .await?
        .view(|set| Ok(Success::of(set.try_into()?)))
}

/// Forgets the tenant's account with a provider, and its secrets.
#[utoipa::path(
    delete,
    path = "/kyc/providers/{provider}",
    operation_id = "delete_provider",
    tag = "Providers",
    params(("provider" = String, Path, description = "gbg_id3global or gbg_go")),
    responses((status = 200, description = "Forgotten", body = Success<Empty>), Refusals),
)]
async fn delete(
    State(peers): State<Peers>,
    PathName(provider): PathName,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<Empty>>, Failure> {
    outgoing.check()?;
    outgoing
        .send(peers.providers, DeleteProviderRequest { provider }, |peer, request| {
            Box::pin(peer.delete_provider(request))
        })
        .await?
        .view(|_| Ok(Success::of(Empty {})))
}
