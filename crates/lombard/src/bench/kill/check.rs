//! What is there when the dying is over.

use std::collections::HashMap;

use anyhow::Context;
use kit::client;
use proto::ledger::v1::{GetTransferRequest, ledger_service_client::LedgerServiceClient};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::task::JoinSet;
use tonic::{Code, Extensions, Request};
use uuid::Uuid;

use super::{
    super::{data::Fill, grpc, site::Size},
    Verdict,
    client::Attempts,
};

/// How many transfers are asked for at a time.
const READERS: usize = 64;

/// Looks for every transfer, in the database and through the service.
pub(super) async fn check(
    server: &PgConnectOptions,
    url: &str,
    fill: Fill,
    attempts: &Attempts,
) -> anyhow::Result<Verdict> {
    let database = format!("{}ledger", Size::Small.prefix());
    let mut conn = PgConnection::connect_with(&server.clone().database(&database)).await?;
    kit::postgres::see_everybody(&mut conn).await?;
    let kept = kept(&mut conn, fill.tenant).await?;
    let unbalanced = unbalanced(&mut conn).await.context("cannot check the balances")?;
    conn.close().await?;
    let mut lost = 0_usize;
    for (reference, id) in &attempts.acknowledged {
        let is_kept = kept.get(reference).is_some_and(|ids| ids.iter().any(|kept| kept == id));
        if !is_kept {
            lost = lost.saturating_add(1);
        }
    }
    let ids = attempts.acknowledged.values().cloned().collect();
    lost = lost.max(untold(url, fill.tenant, ids).await?);
    Ok(Verdict {
        acknowledged: attempts.acknowledged.len(),
        unknown: attempts.unknown.len(),
        lost,
        doubled: kept.values().filter(|ids| ids.len() > 1).count(),
        unbalanced,
        is_postgres_killed: false,
    })
}

/// The ids of the transfers of each reference.
async fn kept(conn: &mut PgConnection, tenant: Uuid) -> sqlx::Result<HashMap<String, Vec<String>>> {
    let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
        "
        select reference, array_agg(transfer_id::text)
        from transfers
        where tenant_id = $1 and reference like 'kill %' and response_code = 1
        group by reference
        ",
    )
    .bind(tenant)
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

/// How many accounts are not as their entries say, and whether money was made.
async fn unbalanced(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "
        select count(*) from (
            select 1
            from accounts as a
            left join (
                select
                    tenant_id, account_id, sum(amount_minor) as amount_minor, count(*) as entries,
                    max(sequence) as last
                from entries
                group by tenant_id, account_id
            ) as e on e.tenant_id = a.tenant_id and e.account_id = a.account_id
            where
                a.balance_minor <> coalesce(e.amount_minor, 0)
                or a.entry_count <> coalesce(e.entries, 0)
                or a.entry_count <> coalesce(e.last, 0)
            union all
            select 1
            from transfers as t
            left join entries as e on
                e.tenant_id = t.tenant_id and e.transfer_id = t.transfer_id
                and e.account_id in (t.debit_account_id, t.credit_account_id)
            where t.response_code = 1
            group by t.tenant_id, t.transfer_id
            having count(e.transfer_id) <> 2 or sum(e.amount_minor) <> 0
            union all
            select 1 from accounts group by currency having sum(balance_minor) <> 0
        ) as wrong
        ",
    )
    .fetch_one(conn)
    .await
}

/// How many transfers the service does not know.
async fn untold(url: &str, tenant: Uuid, ids: Vec<String>) -> anyhow::Result<usize> {
    let service = LedgerServiceClient::new(client::channel(url.to_owned())?);
    let metadata = grpc::metadata(tenant)?;
    let mut readers = JoinSet::new();
    for ids in ids.chunks(ids.len().div_ceil(READERS).max(1)) {
        let (mut service, metadata, ids) = (service.clone(), metadata.clone(), ids.to_vec());
        readers.spawn(async move {
            let mut missing = 0_usize;
            for transfer_id in ids {
                let message = GetTransferRequest { transfer_id };
                let request = Request::from_parts(metadata.clone(), Extensions::new(), message);
                match service.get_transfer(request).await {
                    Ok(_) => {}
                    Err(status) if status.code() == Code::NotFound => {
                        missing = missing.saturating_add(1);
                    }
                    Err(status) => return Err(status),
                }
            }
            Ok(missing)
        });
    }
    let mut missing = 0_usize;
    while let Some(counted) = readers.join_next().await {
        missing = missing.saturating_add(counted??);
    }
    Ok(missing)
}
