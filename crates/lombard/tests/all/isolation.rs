//! Tenants apart, in the databases themselves: whatever a statement forgets, nobody sees or writes what
//! is another tenant's. Walks the catalogue, so that a table that is added without it fails here.

use kit::postgres::Database;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, migrate::Migrator};
use uuid::Uuid;

mod grants;
mod keys;

/// A service's database, and the role that the service has in it.
struct Service {
    name: &'static str,
    migrations: &'static Migrator,
    role: &'static str,
}

const SERVICES: [Service; 4] = [
    Service { name: "access", migrations: &access::MIGRATIONS, role: access::ROLE },
    Service { name: "customer", migrations: &customer::MIGRATIONS, role: customer::ROLE },
    Service { name: "kyc", migrations: &kyc::MIGRATIONS, role: kyc::ROLE },
    Service { name: "ledger", migrations: &ledger::MIGRATIONS, role: ledger::ROLE },
];

/// Tables that hold nothing of a tenant's, and why.
const OF_NO_TENANT: [(&str, &str); 9] = [
    ("_sqlx_migrations", "which migrations there are"),
    (
        "account_number_counters",
        "account numbers are the platform's: banks elsewhere know no tenants",
    ),
    ("login_attempts", "hashes of what a try was counted by, before it is known whose it is"),
    ("sandbox_rail_incoming", "plays somebody else's database, which knows no tenants"),
    ("sandbox_rail_payments", "plays somebody else's database, which knows no tenants"),
    ("sanctions_entries", "published lists, the same for all"),
    ("sanctions_loads", "when lists were loaded, the same for all"),
    ("screening_work", "whose turn it is to screen everybody"),
    ("upkeep_work", "whose turn it is to look after documents"),
];

/// What every policy says.
const POLICY: &str = "((tenant_id = ANY (( SELECT (string_to_array(\
    NULLIF(current_setting('lombard.tenants'::text, true), '*'::text), ','::text))::uuid[] AS \
    string_to_array)::uuid[])) OR (( SELECT current_setting('lombard.tenants'::text, true) AS \
    current_setting) = '*'::text))";

async fn owner(service: &Service) -> PgPool {
    testkit::database(service.name, service.migrations).await
}

/// The first column of each row.
async fn texts(pool: &PgPool, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

async fn tenant_tables(pool: &PgPool) -> Vec<String> {
    texts(
        pool,
        "
        select c.relname::text
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
            and a.attname = 'tenant_id' and not a.attisdropped
        order by 1
        ",
    )
    .await
}

#[tokio::test]
async fn every_table_is_a_tenant_s_or_says_why_not() {
    for service in &SERVICES {
        let others = texts(
            &owner(service).await,
            "
            select c.relname::text
            from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
                and not exists (
                    select from pg_attribute a
                    where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
                )
            ",
        )
        .await;

        for table in others {
            let known = OF_NO_TENANT.iter().any(|(known, _)| *known == table);
            assert!(known, "{}: {table} has no tenant_id", service.name);
        }
    }
}

#[tokio::test]
async fn every_table_of_a_tenant_s_is_under_the_policy_and_no_other() {
    for service in &SERVICES {
        let pool = owner(service).await;
        let guarded = texts(
            &pool,
            "
            select c.relname || ': ' || pg_get_expr(p.polqual, c.oid)
            from pg_class c join pg_policy p on p.polrelid = c.oid
            where c.relrowsecurity and c.relforcerowsecurity
                and p.polpermissive and p.polcmd = '*' and p.polroles = '{0}'
                and p.polwithcheck is null
            order by c.relname
            ",
        )
        .await;
        let policies: i64 =
            sqlx::query_scalar("select count(*) from pg_policy").fetch_one(&pool).await.unwrap();

        let tables = tenant_tables(&pool).await;
        let wanted: Vec<_> = tables.iter().map(|table| format!("{table}: {POLICY}")).collect();
        assert_eq!(guarded, wanted, "{}", service.name);
        assert_eq!(policies, i64::try_from(tables.len()).unwrap(), "{}", service.name);
    }
}

/// Lets a row hold nothing but whose it is, in every table, and puts one there for each tenant.
async fn fill(owner: &PgPool, tables: &[String], tenants: [Uuid; 2]) {
    let unbind = "
        do $$
        declare
            one record;
        begin
            for one in
                select conrelid::regclass as of, conname from pg_constraint
                where connamespace = 'public'::regnamespace and conrelid <> 0
                order by contype = 'f' desc
            loop
                execute format('alter table %s drop constraint %I', one.of, one.conname);
            end loop;
            for one in
                select attrelid::regclass as of, attname from pg_attribute a
                join pg_class c on c.oid = a.attrelid
                where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and attnotnull
                    and attnum > 0
            loop
                execute format('alter table %s alter %I drop not null', one.of, one.attname);
            end loop;
            for one in
                select indexrelid::regclass as of from pg_index i
                join pg_class c on c.oid = i.indrelid
                where c.relnamespace = 'public'::regnamespace
            loop
                execute format('drop index %s', one.of);
            end loop;
        end
        $$";
    sqlx::raw_sql(unbind).execute(owner).await.unwrap();
    for table in tables {
        let insert = format!("insert into {table} (tenant_id) values ($1), ($2)");
        let [a, b] = tenants;
        sqlx::query(AssertSqlSafe(insert)).bind(a).bind(b).execute(owner).await.unwrap();
    }
}

async fn whose(conn: &mut PgConnection, table: &str) -> Vec<Uuid> {
    let all = format!("select tenant_id from {table}");
    sqlx::query_scalar(AssertSqlSafe(all)).fetch_all(conn).await.unwrap()
}

#[tokio::test]
async fn a_statement_that_forgets_the_tenant_sees_and_writes_no_other_s_in_any_table() {
    for service in &SERVICES {
        let owner = owner(service).await;
        let tables = tenant_tables(&owner).await;
        let [a, b] = [testkit::caller().tenant(), testkit::caller().tenant()];
        fill(&owner, &tables, [a.uuid(), b.uuid()]).await;
        let database = Database::new(&owner, service.role);

        for table in &tables {
            let mut conn = database.of(a).await.unwrap();
            assert_eq!(whose(&mut conn, table).await, [a.uuid()], "{table}");
            let forged = format!("insert into {table} (tenant_id) values ($1)");
            let forged = sqlx::query(AssertSqlSafe(forged)).bind(b.uuid()).execute(&mut *conn);
            let forged = forged.await.unwrap_err().to_string();
            assert!(forged.contains("row-level security"), "{table}: {forged}");
            let deleted = format!("delete from {table} where tenant_id <> $1");
            let deleted = sqlx::query(AssertSqlSafe(deleted)).bind(a.uuid()).execute(&mut *conn);
            // Where it may delete at all.
            assert!(deleted.await.map_or(0, |done| done.rows_affected()) == 0, "{table}");
            let mut conn = database.of_each([]).await.unwrap();
            assert_eq!(whose(&mut conn, table).await, [] as [Uuid; 0], "{table}");
        }
        for table in &tables {
            assert_eq!(whose(&mut owner.acquire().await.unwrap(), table).await.len(), 2, "{table}");
        }
    }
}
