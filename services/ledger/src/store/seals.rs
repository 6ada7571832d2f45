//! Seals, and what they are made from.

use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio_stream::Stream;
use uuid::Uuid;

use crate::domain::seal::{Hash, Sealed, Span, Version};

/// Has the rest of the transaction find its rows by key, also in tables that have no statistics yet.
pub(crate) async fn find_by_key(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        select
            set_config('enable_seqscan', 'off', true) as a,
            set_config('enable_hashjoin', 'off', true) as b,
            set_config('enable_mergejoin', 'off', true) as c
        "
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// The database's clock.
pub(crate) async fn now(conn: &mut PgConnection) -> Result<OffsetDateTime, sqlx::Error> {
    sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(conn).await
}

/// An account on the walk over all of them.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) tenant_id: Uuid,
    pub(crate) account_id: Uuid,
    /// Whether it has entries that are not sealed.
    pub(crate) due: bool,
    /// The last one that is; 0 when none is.
    pub(crate) sealed_to: i64,
    /// The root of its last seal.
    pub(crate) root: Option<Vec<u8>>,
}

/// The next `limit` accounts in the order of their keys: those that are due, and the last one. Those
/// without an entry from `since` on are passed without a look at their seals.
pub(crate) async fn pass(
    conn: &mut PgConnection,
    (tenant, account): (Uuid, Uuid),
    since: Option<OffsetDateTime>,
    limit: i64,
) -> Result<Vec<Passed>, sqlx::Error> {
    sqlx::query_as!(
        Passed,
        r#"
        with page as materialized (
            select
                tenant_id, account_id, entry_count,
                last_entry_time >= coalesce($3::timestamptz, '-infinity') as is_new
            from accounts
            where (tenant_id, account_id) > ($1, $2)
            order by tenant_id, account_id
            limit $4
        ),
        looked as (
            select
                p.tenant_id, p.account_id, coalesce(s.to_sequence, 0) as sealed_to, s.root,
                p.is_new and p.entry_count > coalesce(s.to_sequence, 0) as due,
                row_number() over (order by p.tenant_id desc, p.account_id desc) = 1 as is_last
            from page p
            left join lateral (
                select to_sequence, root
                from seals
                where p.is_new and tenant_id = p.tenant_id and account_id = p.account_id
                order by tenant_id desc, account_id desc, from_sequence desc
                limit 1
            ) s on true
        )
        select
            tenant_id, account_id, coalesce(due, false) as "due!", sealed_to as "sealed_to!",
            root as "root?"
        from looked
        where due or is_last
        order by tenant_id, account_id
        "#,
        tenant,
        account,
        since,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The entries of spans with their transfers, span by span, in order; only those before a time.
pub(crate) fn entries(
    conn: &mut PgConnection,
    spans: &[Span],
    before: Option<OffsetDateTime>,
) -> impl Stream<Item = Result<Row, sqlx::Error>> {
    let tenants: Vec<Uuid> = spans.iter().map(|span| span.tenant).collect();
    let accounts: Vec<Uuid> = spans.iter().map(|span| span.account).collect();
    let froms: Vec<i64> = spans.iter().map(|span| span.from).collect();
    let tos: Vec<i64> = spans.iter().map(|span| span.to).collect();
    sqlx::query_as!(
        Row,
        r#"
        select
            k.place as "place!", e.tenant_id, e.account_id, e.sequence, e.transfer_id,
            e.type as entry_type, e.direction, e.amount_minor as entry_amount_minor,
            e.balance_after_minor, e.create_time as entry_time, t.type as "transfer_type?",
            t.response_code as "response_code?", t.debit_account_id as "debit_account_id?",
            t.credit_account_id as "credit_account_id?", t.amount_minor as "amount_minor?",
            t.currency as "currency?", t.reference as "reference?",
            t.debit_sequence as "debit_sequence?", t.credit_sequence as "credit_sequence?",
            t.request_id as "request_id?", t.request_hash as "request_hash?",
            t.user_id as "user_id?", t.api_key_id as "api_key_id?",
            t.reverses as "reverses?", t.payment_id as "payment_id?",
            t.metadata::text as "metadata?", t.outside_side as "outside_side?",
            t.outside_name as "outside_name?", t.outside_sort_code as "outside_sort_code?",
            t.outside_account_number as "outside_account_number?",
            t.outside_iban as "outside_iban?", t.outside_bic_swift as "outside_bic_swift?",
            t.create_time as "transfer_time?"
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) with ordinality
            as k (tenant_id, account_id, from_sequence, to_sequence, place)
        join entries e
            on e.tenant_id = k.tenant_id and e.account_id = k.account_id
            and e.sequence between k.from_sequence and k.to_sequence
        left join transfers t on t.tenant_id = e.tenant_id and t.transfer_id = e.transfer_id
        where e.create_time < coalesce($5::timestamptz, 'infinity')
        order by k.place, e.sequence
        "#,
        &tenants,
        &accounts,
        &froms,
        &tos,
        before,
    )
    .fetch(conn)
}

/// A seal that is to be kept.
#[derive(Debug)]
pub(crate) struct Seal {
    pub(crate) span: Span,
    pub(crate) root: Hash,
}

/// Keeps seals, but for those that somebody else has been faster with. Answers which were kept.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    seals: &[Seal],
) -> Result<Vec<(Uuid, Uuid)>, sqlx::Error> {
    let tenants: Vec<Uuid> = seals.iter().map(|seal| seal.span.tenant).collect();
    let accounts: Vec<Uuid> = seals.iter().map(|seal| seal.span.account).collect();
    let froms: Vec<i64> = seals.iter().map(|seal| seal.span.from).collect();
    let tos: Vec<i64> = seals.iter().map(|seal| seal.span.to).collect();
    let roots: Vec<&[u8]> = seals.iter().map(|seal| seal.root.as_slice()).collect();
    let kept = sqlx::query!(
        "
        insert into seals (tenant_id, account_id, from_sequence, to_sequence, root, version)
        select tenant_id, account_id, from_sequence, to_sequence, root, $6
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[])
            as s (tenant_id, account_id, from_sequence, to_sequence, root)
        on conflict on constraint seals_pkey do nothing
        returning tenant_id, account_id
        ",
        &tenants,
        &accounts,
        &froms,
        &tos,
        &roots as _,
        Version::NOW.number(),
    )
    .fetch_all(conn)
    .await?;
    Ok(kept.into_iter().map(|row| (row.tenant_id, row.account_id)).collect())
}

/// A seal as it is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) span: Span,
    pub(crate) root: Vec<u8>,
    pub(crate) version: Version,
    pub(crate) create_time: OffsetDateTime,
}

/// The next `limit` seals after a key, in the order of their keys.
pub(crate) async fn list(
    conn: &mut PgConnection,
    (tenant, account, from): (Uuid, Uuid, i64),
    limit: i64,
) -> Result<Vec<Kept>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, account_id, from_sequence, to_sequence, root, version, create_time
        from seals
        where (tenant_id, account_id, from_sequence) > ($1, $2, $3)
        order by tenant_id, account_id, from_sequence
        limit $4
        ",
        tenant,
        account,
        from,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let kept = rows.into_iter().map(|row| Kept {
        span: Span {
            tenant: row.tenant_id,
            account: row.account_id,
            from: row.from_sequence,
            to: row.to_sequence,
        },
        root: row.root,
        version: Version::of(row.version),
        create_time: row.create_time,
    });
    Ok(kept.collect())
}

/// An entry of a span, with its transfer if there is one.
#[derive(Debug)]
pub(crate) struct Row {
    place: i64,
    tenant_id: Uuid,
    account_id: Uuid,
    sequence: i64,
    transfer_id: Uuid,
    entry_type: String,
    direction: String,
    entry_amount_minor: i64,
    balance_after_minor: i64,
    entry_time: OffsetDateTime,
    transfer_type: Option<String>,
    response_code: Option<i16>,
    debit_account_id: Option<Uuid>,
    credit_account_id: Option<Uuid>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    reference: Option<String>,
    debit_sequence: Option<i64>,
    credit_sequence: Option<i64>,
    request_id: Option<String>,
    request_hash: Option<Vec<u8>>,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    reverses: Option<Uuid>,
    payment_id: Option<Uuid>,
    metadata: Option<String>,
    outside_side: Option<String>,
    outside_name: Option<String>,
    outside_sort_code: Option<String>,
    outside_account_number: Option<String>,
    outside_iban: Option<String>,
    outside_bic_swift: Option<String>,
    transfer_time: Option<OffsetDateTime>,
}

impl Row {
    /// The place of its span among those that were asked for.
    pub(crate) fn at(&self) -> usize {
        usize::try_from(self.place.saturating_sub(1)).unwrap_or(usize::MAX)
    }

    /// The number of the entry.
    pub(crate) fn sequence(&self) -> i64 {
        self.sequence
    }

    /// What is sealed; none when its transfer is missing.
    pub(crate) fn sealed(self) -> Option<Sealed> {
        Some(Sealed {
            tenant_id: self.tenant_id,
            account_id: self.account_id,
            sequence: self.sequence,
            transfer_id: self.transfer_id,
            entry_type: self.entry_type,
            direction: self.direction,
            entry_amount_minor: self.entry_amount_minor,
            balance_after_minor: self.balance_after_minor,
            entry_time: self.entry_time,
            transfer_type: self.transfer_type?,
            response_code: self.response_code?,
            debit_account_id: self.debit_account_id?,
            credit_account_id: self.credit_account_id?,
            amount_minor: self.amount_minor?,
            currency: self.currency?,
            reference: self.reference?,
            debit_sequence: self.debit_sequence?,
            credit_sequence: self.credit_sequence,
            request_id: self.request_id,
            request_hash: self.request_hash,
            user_id: self.user_id,
            api_key_id: self.api_key_id,
            reverses: self.reverses,
            payment_id: self.payment_id,
            metadata: self.metadata,
            outside_side: self.outside_side,
            outside_name: self.outside_name,
            outside_sort_code: self.outside_sort_code,
            outside_account_number: self.outside_account_number,
            outside_iban: self.outside_iban,
            outside_bic_swift: self.outside_bic_swift,
            transfer_time: self.transfer_time?,
        })
    }
}
