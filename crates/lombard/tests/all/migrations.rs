//! The schema as its migrations make it keeps to what Citus, `YugabyteDB` and `CockroachDB` have in common with
//! PostgreSQL (docs/scaling.md), so that the way there stays open. What a rule refuses says why it does.

mod one_server;
mod rules;

use std::{collections::BTreeSet, fs, path::Path};

use self::rules::{Fault, Rule, faults};

const SERVICES: [&str; 4] = ["access", "customer", "kyc", "ledger"];

/// What may be as it is: in which service, which rule, what, and why.
const EXCEPTIONS: [(&str, Rule, &str, &str); 13] = [
    ("access", Rule::KeyNotLedByTenant, "api_users_email_once", "a login names no tenant"),
    ("access", Rule::KeyNotLedByTenant, "tenants_name_once", "what operators call a tenant"),
    ("access", Rule::KeyNotLedByTenant, "tokens_pkey", "a token tells which tenant calls"),
    ("access", Rule::Kind, "create unlogged", "allowances: a second's worth, and access stays"),
    ("kyc", Rule::KeyThatFollows, "mrz_findings", "undone by migration 0070"),
    ("kyc", Rule::KeyThatFollows, "screening_matches", "undone by migration 0070"),
    ("ledger", Rule::KeyNotLedByTenant, "ledgers_account_number_once", "kept by ledger_addresses"),
    ("ledger", Rule::KeyNotLedByTenant, "ledgers_iban_once", "kept by ledger_addresses"),
    ("ledger", Rule::KeyNotLedByTenant, "payments_id_once", "kept by payment_ids"),
    ("ledger", Rule::KeyNotLedByTenant, "inbound_payments_once", "is distributed by this key"),
    ("ledger", Rule::KeyNotLedByTenant, "ledger_addresses_once", "is distributed by this key"),
    ("ledger", Rule::KeyNotLedByTenant, "payment_ids_once", "is distributed by this key"),
    ("ledger", Rule::ColumnRewritten, "alter column request_id type", "before the first release"),
];

/// All of a service's migrations, in their order.
fn migrations(service: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services").join(service);
    let files = fs::read_dir(directory.join("migrations")).unwrap();
    let paths: BTreeSet<_> = files.map(|file| file.unwrap().path()).collect();
    assert!(!paths.is_empty(), "{service} has migrations");
    paths.iter().map(|path| fs::read_to_string(path).unwrap() + "\n;\n").collect()
}

#[test]
fn every_migration_keeps_to_what_distributed_databases_can_do() {
    let mut excepted = BTreeSet::new();
    let mut refused = Vec::new();
    for service in SERVICES {
        for Fault { rule, what } in faults(&migrations(service)) {
            let known = EXCEPTIONS.iter().position(|(of, excused, name, _)| {
                *of == service && *excused == rule && what.contains(name)
            });
            match known {
                Some(at) => _ = excepted.insert(at),
                None => refused.push(format!("{service}: {what}: {}", rule.why())),
            }
        }
    }

    assert_eq!(refused, [""; 0], "see docs/scaling.md, \"Data rules\"");
    let unused: Vec<_> = (0..EXCEPTIONS.len()).filter(|at| !excepted.contains(at)).collect();
    assert_eq!(unused, [0; 0], "exceptions that nothing needs any more");
}

/// A table as it should be, for others to be measured by.
const GOOD: &str = "
    create table things (
        tenant_id uuid not null,
        thing_id uuid not null,
        other_id uuid not null, -- not: create trigger
        name text not null default 'create extension serial',
        constraint things_pkey primary key (tenant_id, thing_id),
        constraint things_of_other foreign key (tenant_id, other_id)
            references others (tenant_id, other_id) on delete cascade,
        constraint things_name_length check (length(name) between 1 and 100)
    );
    create unique index things_name_once on things (tenant_id, name) where name <> '';
    create table words (word text not null, constraint words_pkey primary key (word));
    create unique index words_once on words (lower(word));
    do $$ begin grant select on things to somebody; end $$;";

fn rules(sql: &str) -> Vec<Rule> {
    faults(sql).into_iter().map(|fault| fault.rule).collect()
}

#[test]
fn a_table_as_it_should_be_has_no_fault() {
    assert_eq!(rules(GOOD), []);
}

#[test]
fn each_rule_refuses_what_it_is_about() {
    for (sql, rule) in [
        ("create trigger t after insert on things execute function f()", Rule::Trigger),
        ("create constraint trigger t after insert on things execute function f()", Rule::Trigger),
        ("create or replace function f() returns int language sql as 'select 1'", Rule::Program),
        ("CREATE  PROCEDURE f() language sql as 'select 1'", Rule::Program),
        ("do $$ begin execute 'create function f()'; end $$", Rule::Program),
        ("create rule r as on insert to things do nothing", Rule::Program),
        ("create extension if not exists pgcrypto", Rule::Extension),
        ("create type mood as enum ('good')", Rule::Type),
        ("create domain amount as bigint", Rule::Type),
        ("alter table things add column number bigserial", Rule::Sequence),
        ("create sequence numbers", Rule::Sequence),
        ("alter table things add column n bigint generated by default as identity", Rule::Sequence),
        ("alter table things add column amount double precision", Rule::Float),
        ("alter table things add column amount money", Rule::Float),
        ("alter table things add column during tstzrange", Rule::Range),
        ("alter table things add constraint e exclude using gist (name with =)", Rule::Range),
        ("do $$ begin perform pg_advisory_lock(1); end $$", Rule::Session),
        ("notify others", Rule::Session),
        (
            "alter table things add constraint f foreign key (tenant_id, other_id)
            references others (tenant_id, other_id) on update cascade",
            Rule::KeyThatFollows,
        ),
        (
            "alter table things add constraint f foreign key (tenant_id, other_id)
            references others (tenant_id, other_id) on delete set null",
            Rule::KeyThatFollows,
        ),
        ("create index concurrently i on things (tenant_id, name)", Rule::OutsideTransaction),
        ("create unlogged table u (a uuid, constraint u_pkey primary key (a))", Rule::Kind),
        ("create table u (constraint u_pkey primary key (a)) inherits (things)", Rule::Kind),
        ("alter table things alter column name type varchar", Rule::ColumnRewritten),
        ("alter table things add constraint u unique (tenant_id, name) deferrable", Rule::Deferred),
        ("create table u (tenant_id uuid not null, a uuid)", Rule::NoPrimaryKey),
        ("create table u (a uuid primary key)", Rule::UnnamedKey),
        (
            "create table u (a uuid references things, constraint u_pkey primary key (a))",
            Rule::UnnamedKey,
        ),
        (
            "create table u (tenant_id uuid, a uuid, constraint u_pkey primary key (a, tenant_id))",
            Rule::KeyNotLedByTenant,
        ),
        ("create unique index n on things (name)", Rule::KeyNotLedByTenant),
        ("create unique index n on things using btree (lower(name))", Rule::KeyNotLedByTenant),
        ("alter table things add constraint n unique (name)", Rule::KeyNotLedByTenant),
        (
            "alter table things add constraint f foreign key (other_id)
            references others (other_id)",
            Rule::KeyNotLedByTenant,
        ),
        (
            "alter table things add constraint f foreign key (tenant_id, other_id)
            references others (other_id, tenant_id)",
            Rule::KeyNotLedByTenant,
        ),
    ] {
        assert_eq!(rules(&format!("{GOOD}\n{sql};")), [rule], "{sql}");
        assert!(!rule.why().is_empty());
    }
}
