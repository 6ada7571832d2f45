//! What the services' roles may do: what their statements need, and nothing beyond.

use std::collections::BTreeSet;

use sqlx::PgPool;

use super::{SERVICES, Service, owner, texts};

/// What each role may do with each table; an update of some columns names them. What is not here must
/// not be granted, and what is must be: what is only ever added to has neither update nor delete.
const GRANTS: &[(&str, &[(&str, &str)])] = &[
    (
        "access",
        &[
            ("_sqlx_migrations", "select"),
            ("allowances", "insert, select, update (spent_until_us)"),
            ("api_key_secrets", "delete, insert, select, update (expire_time)"),
            ("api_keys", "insert, select, update"),
            ("api_users", "insert, select, update"),
            ("audit_links", "insert, select"),
            ("audit_records", "insert, select"),
            ("login_attempts", "delete, insert, select, update (wrong)"),
            ("tenants", "insert, select, update"),
            ("tokens", "delete, insert, select, update (revoke_time)"),
        ],
    ),
    (
        "customer",
        &[
            ("_sqlx_migrations", "select"),
            ("audit_links", "insert, select"),
            ("audit_records", "insert, select"),
            ("customer_changes", "delete, insert, select, update"),
            ("customer_counts", "insert, select, update"),
            ("customer_erasures", "delete, insert, select"),
            ("customer_standings", "insert, select, update"),
            ("customers", "insert, select, update"),
            ("index_keys", "insert, select, update (key, key_version)"),
            ("requests", "delete, insert, select, update (response)"),
        ],
    ),
    (
        "kyc",
        &[
            ("_sqlx_migrations", "select"),
            ("audit_links", "insert, select"),
            ("audit_records", "insert, select"),
            ("decision_notes", "delete, insert, select, update (note_key, note_key_version)"),
            ("documents", "insert, select, update"),
            ("erased_customers", "insert, select"),
            ("mrz_findings", "delete, insert, select"),
            ("provider_account_changes", "insert, select"),
            ("provider_accounts", "delete, insert, select, update"),
            ("requests", "delete, insert, select, update (response)"),
            ("review_policies", "insert, select, update"),
            ("sanctions_entries", "delete, insert, select"),
            ("sanctions_loads", "insert, select"),
            ("screening_left", "delete, insert, select, update"),
            ("screening_matches", "delete, insert, select, update"),
            ("screening_settings", "insert, select, update"),
            ("screening_work", "select, update"),
            ("upkeep_work", "select, update"),
            ("verification_decisions", "insert, select"),
            ("verification_transitions", "insert, select"),
            ("verifications", "insert, select, update"),
        ],
    ),
    (
        "ledger",
        &[
            ("_sqlx_migrations", "select"),
            ("account_number_counters", "insert, select, update"),
            (
                "accounts",
                "insert, select, update (active, balance_minor, entry_count, floor_minor, \
                 held_minor, last_entry_time, version)",
            ),
            ("audit_links", "insert, select"),
            ("audit_records", "insert, select"),
            ("entries", "insert, select"),
            ("inbound_payments", "insert, select, update (outcome, return_payment_id)"),
            ("ledger_addresses", "insert, select"),
            ("ledgers", "insert, select, update (update_time)"),
            ("payment_ids", "insert, select"),
            ("payments", "insert, select, update"),
            ("requests", "insert, select, update (response)"),
            ("sandbox_rail_incoming", "insert, select, update"),
            ("sandbox_rail_payments", "insert, select, update"),
            ("seals", "insert, select"),
            ("transfers", "insert, select"),
        ],
    ),
];

#[tokio::test]
async fn each_role_may_do_what_is_listed_and_nothing_else() {
    for service in &SERVICES {
        let (_, listed) = GRANTS.iter().find(|(name, _)| *name == service.name).unwrap();
        let listed: BTreeSet<_> = listed
            .iter()
            .map(|(table, what)| format!("{} {table}: {what}", service.role))
            .collect();

        let granted: BTreeSet<_> = granted(&owner(service).await).await.into_iter().collect();

        let (more, less): (Vec<_>, Vec<_>) =
            (granted.difference(&listed).collect(), listed.difference(&granted).collect());
        assert!(more.is_empty() && less.is_empty(), "not listed: {more:?}, not there: {less:?}");
    }
}

/// What anybody but a table's owner may do with it.
async fn granted(pool: &PgPool) -> Vec<String> {
    texts(
        pool,
        "
        with grants as (
            select c.relname, g.grantee, lower(g.privilege_type) as privilege, null as attname
            from pg_class c, aclexplode(c.relacl) g
            where c.relnamespace = 'public'::regnamespace and g.grantee <> c.relowner
            union all
            select c.relname, g.grantee, lower(g.privilege_type), a.attname
            from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g
            where c.relnamespace = 'public'::regnamespace and g.grantee <> c.relowner
        ),
        by_privilege as (
            select relname, grantee, privilege || coalesce(
                ' (' || string_agg(attname, ', ' order by attname) || ')', '') as privilege
            from grants
            group by relname, grantee, privilege
        )
        select grantee::regrole || ' ' || relname || ': ' || string_agg(privilege, ', ' order by privilege)
        from by_privilege
        group by relname, grantee
        ",
    )
    .await
}

#[tokio::test]
async fn no_role_owns_anything_or_can_get_around_the_policies() {
    for service in &SERVICES {
        let pool = owner(service).await;
        for (what, sql) in [
            (
                "may more than connect",
                "
                select 1 from pg_roles where rolname = $1 and (
                    rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                    or rolcanlogin
                )
                ",
            ),
            (
                "is a member of another role",
                "select 1 from pg_auth_members where member = $1::regrole",
            ),
            (
                "owns something",
                "
                select 1 from pg_shdepend
                where refclassid = 'pg_authid'::regclass and refobjid = $1::regrole
                    and deptype = 'o'
                ",
            ),
            (
                "may create something",
                "
                select 1 where has_schema_privilege($1, 'public', 'create')
                    or has_database_privilege($1, current_database(), 'create')
                ",
            ),
            (
                "can use what acts with more than its own rights",
                "
                select 1 from pg_proc
                where prosecdef and has_function_privilege($1, oid, 'execute')
                    and pronamespace = 'public'::regnamespace
                ",
            ),
        ] {
            let found: Option<i32> =
                sqlx::query_scalar(sql).bind(service.role).fetch_optional(&pool).await.unwrap();
            assert!(found.is_none(), "{} {what}", service.role);
        }
        assert!(has_role(&pool, service).await);
    }
}

async fn has_role(pool: &PgPool, service: &Service) -> bool {
    let exists = "select exists (select from pg_roles where rolname = $1)";
    sqlx::query_scalar(exists).bind(service.role).fetch_one(pool).await.unwrap()
}
