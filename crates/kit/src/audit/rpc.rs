//! The contract of those who read the log.

use proto::audit::v1::{
    self as pb,
    audit_service_server::{AuditService, AuditServiceServer, SERVICE_NAME},
};
use tonic::{Code, Request, Response, Status};
use types::UserId;
use uuid::Uuid;

use super::{
    Act, record,
    store::{self, Listed, Wanted},
};
use crate::{
    caller::Caller,
    errors::{self, Error, Violations},
    page::{self, cut, token},
    peers::{GATEWAY, Group},
    postgres::Database,
    time::{from_timestamp, timestamp},
};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.audit.v1";

/// Who may call it, of peers.
pub const GROUP: Group =
    Group { service: SERVICE_NAME, rpcs: &["ListAuditRecords"], callers: &[GATEWAY] };

/// What a token must allow.
const SCOPE: &str = "admin";
/// Of an action or an object, in bytes.
const LONGEST: usize = 200;

/// The contract, on a service's database.
#[must_use]
pub fn server(database: Database) -> AuditServiceServer<impl AuditService> {
    AuditServiceServer::new(Rpc { database })
}

struct Rpc {
    database: Database,
}

#[tonic::async_trait]
impl AuditService for Rpc {
    async fn list_audit_records(
        &self,
        request: Request<pb::ListAuditRecordsRequest>,
    ) -> Result<Response<pb::ListAuditRecordsResponse>, Status> {
        let refused = |error: Error| error.into_status(DOMAIN);
        let caller = Caller::of(&request).map_err(refused)?;
        let may = caller.user().is_none() || caller.scopes().iter().any(|scope| scope == SCOPE);
        if !may {
            let message = format!("the scope {SCOPE} is missing");
            let code = Code::PermissionDenied;
            return Err(errors::status(code, DOMAIN, "PERMISSION_DENIED", &message));
        }
        let (wanted, size) = parse(&request.into_inner()).map_err(refused)?;
        let found = self.list(&caller, &wanted, size.saturating_add(1)).await;
        let (found, more) = cut(found.map_err(|error| refused(error.into()))?, size);
        let last = found.last().filter(|_| more);
        let next_page_token = last.map_or_else(String::new, |last| token(&last.audit_record_id));
        let audit_records = found.into_iter().map(render).collect();
        Ok(Response::new(pb::ListAuditRecordsResponse { audit_records, next_page_token }))
    }
}

impl Rpc {
    async fn list(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        limit: i64,
    ) -> Result<Vec<Listed>, sqlx::Error> {
        let mut tx = self.database.begin(caller.tenant()).await?;
        let found = store::list(&mut tx, caller.tenant(), wanted, limit).await?;
        record(&mut tx, caller, &Act::new("audit.read", "audit")).await?;
        tx.commit().await?;
        Ok(found)
    }
}

fn parse(message: &pb::ListAuditRecordsRequest) -> Result<(Wanted, i64), Error> {
    let mut bad = Violations::new();
    let size = page::size("page_size", message.page_size, &mut bad);
    let before = page::place::<Uuid>("page_token", &message.page_token, &mut bad);
    let user = bad.optional("user_id", &message.user_id, UserId::parse).flatten();
    let word = |text: &str| {
        let is_fit = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_fit {
            Ok(text.to_owned())
        } else {
            Err("must be visible ASCII characters, at most 200")
        }
    };
    let action = bad.optional("action", &message.action, word).flatten();
    let object = bad.optional("object", &message.object, word).flatten();
    let mut time = |field, at: Option<prost_types::Timestamp>| {
        let read = at.map(|at| from_timestamp(&at).ok_or("must be a time"));
        read.and_then(|read| bad.take(field, read))
    };
    let (from, to) = (time("from_time", message.from_time), time("to_time", message.to_time));
    bad.into_result()?;
    Ok((Wanted { before, user, action, object, from, to }, size))
}

fn render(found: Listed) -> pb::AuditRecord {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    pb::AuditRecord {
        audit_record_id: found.audit_record_id.to_string(),
        create_time: Some(timestamp(found.create_time)),
        user_id: id(found.user_id),
        api_key_id: id(found.api_key_id),
        service: found.service.unwrap_or_default(),
        action: found.action,
        object: found.object,
        before_digest: found.before_digest.unwrap_or_default(),
        after_digest: found.after_digest.unwrap_or_default(),
        request_id: found.request_id,
        sequence: found.sequence.unwrap_or_default(),
        hash: found.hash.unwrap_or_default(),
    }
}
