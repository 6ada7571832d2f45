//! Accounts with providers, and the calls of providers.

use kit::{caller::Caller, errors::Violations, time::timestamp};
use proto::{
    kyc::v1::{self as pb, provider_service_server::ProviderService},
    r#type::v1::VerificationStatus,
};
use tonic::{Request, Response, Status};

use crate::{
    accounts::{Accounts, NewAccount},
    callbacks::{About, Callbacks},
    error::Error,
    providers::account::{Account, Adapter, Secret, Verdict, Verdicts},
    store::provider_accounts::Stored,
};

/// Words that a tenant gives a meaning at most.
const WORDS: usize = 64;
/// A callback's size at most.
const CALLBACK: usize = 64 * 1024;

pub(super) struct Rpc {
    pub(super) accounts: Accounts,
    pub(super) callbacks: Callbacks,
}

#[tonic::async_trait]
impl ProviderService for Rpc {
    async fn set_provider(
        &self,
        request: Request<pb::SetProviderRequest>,
    ) -> Result<Response<pb::Provider>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let message = request.into_inner();
        let validate_only = message.validate_only;
        let new = parse(message)?;
        self.accounts.keys(new.account.adapter)?;
        if validate_only {
            return Ok(Response::new(pb::Provider::default()));
        }
        let set = self.accounts.set(&caller, &new).await?;
        let set = set.ok_or_else(|| {
            let mut bad = Violations::new();
            bad.add("secret", "is required");
            Error::from(bad)
        })?;
        Ok(Response::new(render(&set)))
    }

    async fn get_provider(
        &self,
        request: Request<pb::GetProviderRequest>,
    ) -> Result<Response<pb::Provider>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let adapter = named(&request.get_ref().provider)?;
        Ok(Response::new(render(&self.accounts.find(caller.tenant(), adapter).await?)))
    }

    async fn list_providers(
        &self,
        request: Request<pb::ListProvidersRequest>,
    ) -> Result<Response<pb::ListProvidersResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let found = self.accounts.list(caller.tenant()).await?;
        let providers = found.iter().map(render).collect();
        Ok(Response::new(pb::ListProvidersResponse { providers }))
    }

    async fn delete_provider(
        &self,
        request: Request<pb::DeleteProviderRequest>,
    ) -> Result<Response<pb::DeleteProviderResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let adapter = named(&request.get_ref().provider)?;
        self.accounts.delete(&caller, adapter).await?;
        Ok(Response::new(pb::DeleteProviderResponse {}))
    }

    async fn receive_callback(
        &self,
        request: Request<pb::ReceiveCallbackRequest>,
    ) -> Result<Response<pb::ReceiveCallbackResponse>, Status> {
        let pb::ReceiveCallbackRequest { provider, body, signature } = request.into_inner();
        // Only this one has anything to call about.
        let adapter = Adapter::parse(&provider).filter(|adapter| *adapter == Adapter::Go);
        let adapter = adapter.ok_or(Error::CallbackRefused)?;
        let about = about(&body)?;
        self.callbacks.receive(adapter, &about.instance_id, &body, &signature).await?;
        Ok(Response::new(pb::ReceiveCallbackResponse {}))
    }
}

/// A provider by its name; one that there is not is one that the tenant does not have.
fn named(name: &str) -> Result<Adapter, Error> {
    Adapter::parse(name).ok_or(Error::ProviderNotFound)
}

fn about(body: &[u8]) -> Result<About, Error> {
    let mut bad = Violations::new();
    if body.len() > CALLBACK {
        bad.add("body", "must be 64 KiB at most");
        return Err(bad.into());
    }
    let about = serde_json::from_slice::<About>(body).map_err(|_| "must be JSON with instanceId");
    bad.take("body", about).ok_or_else(|| bad.into())
}

fn parse(message: pb::SetProviderRequest) -> Result<NewAccount, Error> {
    let pb::SetProviderRequest { provider, secret, callback_secret, .. } = message;
    let provider = provider.unwrap_or_default();
    let mut bad = Violations::new();
    let called = bad.required("provider.provider", &provider.provider, |name| {
        Ok::<_, std::convert::Infallible>(Adapter::parse(name))
    });
    let adapter = called.flatten();
    let name =
        bad.required("provider.account_name", &provider.account_name, |text| fits(text, 1, 255));
    let profile = bad.required("provider.profile_id", &provider.profile_id, visible);
    let secret = bad.optional("secret", &secret, |text| fits(text, 1, 1000));
    let callback_secret =
        bad.optional("callback_secret", &callback_secret, |text| fits(text, 16, 1000));
    let said = verdicts(&provider.verdicts, &mut bad);
    let version =
        adapter.map(|adapter| Account::check_version(adapter, &provider.profile_version, &mut bad));
    let new = (|| {
        let adapter = adapter?;
        Some(NewAccount {
            account: Account {
                adapter,
                name: name?,
                profile: profile?,
                profile_version: version?,
                verdicts: Verdicts::of(adapter, said),
            },
            is_default: provider.is_default,
            secret: secret?.map(Secret::new),
            callback_secret: callback_secret?.map(Secret::new),
        })
    })();
    match new {
        Some(new) if bad.is_empty() => Ok(new),
        None if bad.is_empty() => Err(Error::ProviderNotFound),
        _ => Err(bad.into()),
    }
}

/// A text of so many characters, none of which controls anything.
fn fits(text: &str, least: usize, most: usize) -> Result<String, String> {
    let fits =
        (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("must be {least}-{most} characters"))
}

fn visible(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let is_fit = text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_fit { Ok(text.to_owned()) } else { Err("must be 1-128 visible ASCII characters") }
}

fn verdicts(messages: &[pb::Verdict], bad: &mut Violations) -> Vec<(String, Verdict)> {
    if messages.len() > WORDS {
        bad.add("provider.verdicts", "must be 64 at most");
        return Vec::new();
    }
    let mut verdicts = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        let field = format!("provider.verdicts[{index}]");
        let word = bad.required(&format!("{field}.word"), &message.word, |word| fits(word, 1, 100));
        let verdict = match message.verification_status() {
            VerificationStatus::Verified => Some(Verdict::Verified),
            VerificationStatus::InReview => Some(Verdict::InReview),
            VerificationStatus::ResubmissionRequired => Some(Verdict::ResubmissionRequired),
            VerificationStatus::Rejected => Some(Verdict::Rejected),
            VerificationStatus::Unspecified
            | VerificationStatus::Unverified
            | VerificationStatus::Pending
            | VerificationStatus::Expired
            | VerificationStatus::Error => {
                let allowed = "must be verified, in_review, resubmission_required or rejected";
                bad.add(format!("{field}.verification_status"), allowed);
                None
            }
        };
        verdicts.extend(word.zip(verdict));
    }
    verdicts
}

fn render(stored: &Stored) -> pb::Provider {
    let account = &stored.account;
    let verdicts = account.verdicts.iter().map(|(word, verdict)| {
        let status = match verdict {
            Verdict::Verified => VerificationStatus::Verified,
            Verdict::InReview => VerificationStatus::InReview,
            Verdict::ResubmissionRequired => VerificationStatus::ResubmissionRequired,
            Verdict::Rejected => VerificationStatus::Rejected,
        };
        pb::Verdict { word: word.to_owned(), verification_status: status.into() }
    });
    pb::Provider {
        provider: account.adapter.as_str().to_owned(),
        account_name: account.name.clone(),
        profile_id: account.profile.clone(),
        profile_version: account.profile_version.clone(),
        verdicts: verdicts.collect(),
        is_default: stored.is_default,
        has_callback_secret: stored.callback_secret.is_some(),
        create_time: Some(timestamp(stored.create_time)),
        update_time: Some(timestamp(stored.update_time)),
    }
}
