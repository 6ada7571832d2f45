//! The audit log, for the administrators of a tenant: what four services have on record, as one list.

use axum::extract::State;
use kit::{hex::hex, page};
use proto::audit::v1::{AuditRecord, ListAuditRecordsRequest, ListAuditRecordsResponse};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    clock,
    envelope::{Answer, Success},
    failure::Failure,
    openapi::Refusals,
    outgoing::Outgoing,
    peers::{Auditor, Peers},
    query::{Parameters, Parse, Query},
    scope::needs,
    text,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    needs("admin", OpenApiRouter::new().routes(routes!(list)))
}

/// What somebody did: ids and digests, no personal data. It never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRecordView {
    audit_record_id: String,
    /// By the database's clock, UTC.
    created: String,
    /// The API user who did it; absent where a service did.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// The API key that the call was made with; absent where it was made after a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
    /// The service that did it on its own account, or "operator"; absent where an API user did.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// What was done.
    #[schema(example = "customer.update")]
    action: String,
    /// To what.
    #[schema(example = "customers/859f4eef-6a53-4110-8757-371844df8e8c")]
    object: String,
    /// Of what it was before, in hexadecimal; absent where it was not there, or nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_digest: Option<String>,
    /// Of what it is since, in hexadecimal; absent where it is gone, or nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_digest: Option<String>,
    /// Names the request in every log.
    request_id: String,
    /// Whose log it is in: each service keeps a chain of its own.
    #[schema(example = "customer")]
    log: &'static str,
    /// The record's place in that chain; absent in the seconds until it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<i64>,
    /// What the chain is there, in hexadecimal; absent as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

impl AuditRecordView {
    fn new(log: &'static str, record: AuditRecord) -> Result<Self, Failure> {
        Ok(Self {
            audit_record_id: record.audit_record_id,
            created: clock::print(record.create_time.as_ref())?,
            user_id: text::present(record.user_id),
            api_key_id: text::present(record.api_key_id),
            service: text::present(record.service),
            action: record.action,
            object: record.object,
            before_digest: text::present(hex(&record.before_digest)),
            after_digest: text::present(hex(&record.after_digest)),
            request_id: record.request_id,
            log,
            sequence: Some(record.sequence).filter(|place| *place > 0),
            hash: text::present(hex(&record.hash)),
        })
    }
}

/// Records, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    list: Vec<AuditRecordView>,
    /// There when more follow: the `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which records are listed. Parameters that are given must all hold.
#[derive(Debug, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditFilter {
    /// 1-1000, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// What this API user did.
    user_id: Option<String>,
    /// As `customer.update`.
    action: Option<String>,
    /// As `customers/859f4eef-6a53-4110-8757-371844df8e8c`.
    object: Option<String>,
    /// Done at this time or later: `YYYY-MM-DD HH:MM:SS` UTC, a date, or RFC 3339.
    #[param(value_type = Option<String>)]
    from: Option<prost_types::Timestamp>,
    /// Done at this time or earlier; a date includes its whole day.
    #[param(value_type = Option<String>)]
    to: Option<prost_types::Timestamp>,
}

impl Parse for AuditFilter {
    fn parse(query: &mut Parameters) -> Self {
        Self {
            limit: query.integer("limit"),
            cursor: query.text("cursor"),
            user_id: query.id("user_id"),
            action: query.text("action"),
            object: query.text("object"),
            from: query.from("from"),
            to: query.to("to"),
        }
    }
}

impl From<AuditFilter> for ListAuditRecordsRequest {
    fn from(filter: AuditFilter) -> Self {
        Self {
            page_size: filter.limit,
            page_token: filter.cursor.unwrap_or_default(),
            user_id: filter.user_id.unwrap_or_default(),
            action: filter.action.unwrap_or_default(),
            object: filter.object.unwrap_or_default(),
            from_time: filter.from,
            to_time: filter.to,
        }
    }
}

/// Lists who did what to what, newest first. That it is read is on record, too.
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "list_audit_records",
    tag = "Access",
    params(AuditFilter),
    responses((status = 200, description = "A page", body = Success<AuditPage>), Refusals),
)]
async fn list(
    State(peers): State<Peers>,
    Query(filter, outgoing): Query<AuditFilter>,
) -> Result<Answer<Success<AuditPage>>, Failure> {
    let message = ListAuditRecordsRequest::from(filter);
    let size = message.page_size.unwrap_or(page::DEFAULT_SIZE);
    let [access, customer, kyc, ledger] = peers.audits;
    let pages = tokio::try_join!(
        ask(&outgoing, access, &message),
        ask(&outgoing, customer, &message),
        ask(&outgoing, kyc, &message),
        ask(&outgoing, ledger, &message),
    )?;
    let pages = [("access", pages.0), ("customer", pages.1), ("kyc", pages.2), ("ledger", pages.3)];
    Ok(Answer { body: Success::of(merge(pages, size)?), replayed: false })
}

async fn ask(
    outgoing: &Outgoing,
    service: Auditor,
    message: &ListAuditRecordsRequest,
) -> Result<ListAuditRecordsResponse, Failure> {
    let asked = outgoing
        .send(service, message.clone(), |peer, request| Box::pin(peer.list_audit_records(request)));
    Ok(asked.await?.body)
}

/// One page of several, by the order of ids, which is that of time. Each has as many records as the page at
/// most, so none is missed that belongs on it; a service goes on from any record's id, its own or not.
fn merge(
    pages: [(&'static str, ListAuditRecordsResponse); 4],
    size: i32,
) -> Result<AuditPage, Failure> {
    let mut more = false;
    let mut list = Vec::new();
    for (log, page) in pages {
        more |= !page.next_page_token.is_empty();
        for record in page.audit_records {
            list.push(AuditRecordView::new(log, record)?);
        }
    }
    // As texts, UUIDs have the order that they have.
    list.sort_by(|one, other| other.audit_record_id.cmp(&one.audit_record_id));
    let size = usize::try_from(size).unwrap_or_default();
    more |= list.len() > size;
    list.truncate(size);
    let last = list.last().filter(|_| more);
    let next_cursor = last.map(|last| page::token(&last.audit_record_id));
    Ok(AuditPage { list, next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: &[&str], next_page_token: &str) -> ListAuditRecordsResponse {
        let record = |id: &&str| AuditRecord {
            audit_record_id: (*id).to_owned(),
            create_time: Some(prost_types::Timestamp::default()),
            ..AuditRecord::default()
        };
        let audit_records = ids.iter().map(record).collect();
        ListAuditRecordsResponse { audit_records, next_page_token: next_page_token.to_owned() }
    }

    #[test]
    fn pages_become_one_by_time_and_go_on_after_its_last_record() {
        let pages = |next| {
            let pages =
                [page(&["9", "5"], ""), page(&["7"], ""), page(&["8", "6"], next), page(&[], "")];
            let [a, b, c, d] = pages;
            [("access", a), ("customer", b), ("kyc", c), ("ledger", d)]
        };
        let ids = |page: &AuditPage| {
            let ids = page.list.iter().map(|record| (record.audit_record_id.clone(), record.log));
            ids.collect::<Vec<_>>()
        };
        let said = |text: &str, log| (text.to_owned(), log);

        let first = merge(pages(""), 2).unwrap();
        let whole = merge(pages(""), 5).unwrap();
        let cut = merge(pages("more"), 5).unwrap();

        assert_eq!(ids(&first), [said("9", "access"), said("8", "kyc")]);
        assert_eq!(first.next_cursor, Some(page::token(&"8")));
        assert_eq!((whole.list.len(), whole.next_cursor), (5, None));
        assert_eq!(cut.next_cursor, Some(page::token(&"5")));
    }
}
