//! A request on its way to a service: for whom, under which key, and what is known to be wrong with
//! it. A request that is known to be bad goes out too, but only to be checked, so that its sender
//! learns everything that is wrong at once.

use std::{error::Error, pin::Pin};

use kit::{
    caller::{Caller, REPLAYED},
    client,
};
use tonic::{Code, ConnectError, Request, Response, Status};
use tonic_types::StatusExt;

use crate::{
    envelope::Answer,
    failure::{Failure, Violations},
};

/// A call under way.
pub(crate) type Rpc<'a, R> = Pin<Box<dyn Future<Output = Result<Response<R>, Status>> + Send + 'a>>;

/// What of an HTTP request goes with every message that is made of it.
#[derive(Debug)]
pub(crate) struct Outgoing {
    caller: Caller,
    key: String,
    bad: Violations,
    repeatable: bool,
}

impl Outgoing {
    /// A request that changes nothing.
    pub(crate) fn reading(caller: Caller, bad: Violations) -> Self {
        Self { caller, key: String::new(), bad, repeatable: true }
    }

    /// A request with an effect; an empty key is none.
    pub(crate) fn writing(caller: Caller, key: String, bad: Violations) -> Self {
        let repeatable = !key.is_empty();
        Self { caller, key, bad, repeatable }
    }

    /// The same for a message that has no effect, whatever its method is.
    pub(crate) fn without_effect(self) -> Self {
        Self { repeatable: true, ..self }
    }

    /// The same for a message with an effect that no key makes repeatable.
    pub(crate) fn once(self) -> Self {
        Self { repeatable: false, ..self }
    }

    /// Something is wrong where what is required is not there: for fields of which the message cannot
    /// say so.
    pub(crate) fn requiring(mut self, parameter: &str, is_there: bool) -> Self {
        if !is_there {
            self.bad.add(parameter, "is required");
        }
        self
    }

    /// The `request_id` of the message.
    pub(crate) fn key(&self) -> String {
        self.key.clone()
    }

    /// Whether the message is only to be checked.
    pub(crate) fn validate_only(&self) -> bool {
        !self.bad.is_empty()
    }

    /// Ends here when something is wrong: for calls that cannot be made only to be checked.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.bad.clone().into_result()
    }

    /// Asks a service. The call is made again while the service is unavailable if it has no effect,
    /// or none the second time.
    pub(crate) async fn send<C, M: Clone, R>(
        &self,
        mut peer: C,
        message: M,
        rpc: impl for<'a> Fn(&'a mut C, Request<M>) -> Rpc<'a, R>,
    ) -> Result<Answer<R>, Failure> {
        let caller = self.caller.clone();
        let answered = if self.repeatable || self.validate_only() {
            // Everything is moved in: of what is borrowed the compiler cannot tell that it is `Send`.
            client::retry(async move || rpc(&mut peer, caller.request(message.clone())).await).await
        } else {
            rpc(&mut peer, caller.request(message)).await.map_err(unless_not_known)
        };
        let response = checked(&self.bad, answered)?;
        let replayed = response.metadata().get(REPLAYED).is_some_and(|value| value == "true");
        Ok(Answer { body: response.into_inner(), replayed })
    }
}

/// The status of a call that may be made only once. When the connection broke after the request may
/// have been sent, nobody knows whether it had an effect: to come again could have it twice.
fn unless_not_known(status: Status) -> Status {
    let mut sources = std::iter::successors(status.source(), |error| (*error).source());
    let never_sent = sources.any(<dyn Error>::is::<ConnectError>);
    let answered = status.get_details_error_info().is_some();
    let lost = client::is_broken_transport(&status) || status.code() == Code::Unavailable;
    if never_sent || answered || !lost {
        return status;
    }
    tracing::warn!(error = status.message(), "a connection broke: the outcome is not known");
    Status::deadline_exceeded("the outcome is not known")
}

/// What a service answered; if something was known to be wrong with the request, so that it was only
/// checked, that with what the service says is wrong, or the service's trouble if it could not say all.
pub(crate) fn checked<R>(
    bad: &Violations,
    answered: Result<Response<R>, Status>,
) -> Result<Response<R>, Failure> {
    let answered = answered.map_err(Failure::from);
    if bad.is_empty() {
        return answered;
    }
    Err(match answered {
        Err(failure) if failure.is_ours() => failure,
        Err(failure) => Failure::invalid(bad.clone().join(failure.into_violations())),
        Ok(_) => Failure::invalid(bad.clone()),
    })
}
