//! The rules, and where SQL breaks them. It is read as text: enough of a reader for migrations as this
//! project writes them, not for all SQL.

use std::collections::BTreeSet;

use regex::Regex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Trigger,
    Program,
    Extension,
    Type,
    Sequence,
    Float,
    Range,
    Session,
    KeyThatFollows,
    OutsideTransaction,
    Kind,
    Deferred,
    ColumnRewritten,
    NoPrimaryKey,
    UnnamedKey,
    KeyNotLedByTenant,
}

impl Rule {
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Trigger => {
                "no triggers: Citus refuses them on distributed tables, CockroachDB and people overlook them"
            }
            Self::Program => {
                "no functions, procedures or rules: what is decided is decided in the service, and \
                 distributed databases run few of them where the rows are"
            }
            Self::Extension => {
                "no extensions: not every database has them, and owners may not make them"
            }
            Self::Type => {
                "no enums, domains or other types of our own: a text with a named check can be widened \
                 while an old version runs"
            }
            Self::Sequence => {
                "no sequences: ids are UUIDv7 made by the service; a sequence is one server's, or has gaps"
            }
            Self::Float => "no floats and no money type: money is bigint minor units",
            Self::Range => {
                "no ranges and no exclusion constraints: distributed databases refuse them"
            }
            Self::Session => {
                "no listen, notify or advisory locks: they are one server's, and die with a connection"
            }
            Self::KeyThatFollows => {
                "no foreign key that changes rows by itself but `on delete cascade`: a row cannot follow \
                 what decides on which server it is"
            }
            Self::OutsideTransaction => {
                "nothing concurrently: a migration is one transaction, all or nothing"
            }
            Self::Kind => "no unlogged and no inherited tables: what is acknowledged stays",
            Self::Deferred => "no deferred constraints: a statement is right or refused",
            Self::ColumnRewritten => {
                "no change of a column's type: it rewrites the table under a lock, while an old version runs"
            }
            Self::NoPrimaryKey => {
                "every table has a named primary key: what has none cannot be moved between servers"
            }
            Self::UnnamedKey => "keys are named constraints: errors are told by those names",
            Self::KeyNotLedByTenant => {
                "tenant_id leads every key: it is the isolation, the prefix of the index, and what decides \
                 on which server a row is"
            }
        }
    }
}

/// Where a rule is broken.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) what: String,
}

/// Words that are refused wherever they stand.
const WORDS: [(Rule, &str); 13] = [
    (Rule::Trigger, r"\bcreate( or replace)?( constraint| event)? trigger\b"),
    (Rule::Program, r"\bcreate( or replace)? (function|procedure|aggregate|rule)\b"),
    (Rule::Extension, r"\bcreate extension\b"),
    (Rule::Type, r"\bcreate (type|domain)\b"),
    (
        Rule::Sequence,
        r"\b(create sequence|nextval|(small|big)?serial|generated (always|by default) as identity)\b",
    ),
    (Rule::Float, r"\b(real|double precision|float[48]?|money)\b"),
    (Rule::Range, r"\b((int[48]|num|ts|tstz|date)(multi)?range|exclude using)\b"),
    (Rule::Session, r"\b(listen|notify|pg_notify|pg_(try_)?advisory\w+)\b"),
    (
        Rule::KeyThatFollows,
        r"\balter table (?P<a>\w+)[^;]*on (update (cascade|set \w+)|delete set \w+)|create table (?P<b>\w+)[^;]*on (update (cascade|set \w+)|delete set \w+)",
    ),
    (Rule::OutsideTransaction, r"\b(index|refresh materialized view) concurrently\b"),
    (Rule::Kind, r"\b(create unlogged|inherits \()"),
    (Rule::Deferred, r"\b(deferrable|initially deferred)\b"),
    (Rule::ColumnRewritten, r"\balter (column )?\w+ (set data )?type\b"),
];

/// Where the migrations of one service, in their order, break a rule.
pub(super) fn faults(migrations: &str) -> Vec<Fault> {
    let sql = plain(migrations);
    let mut found = Vec::new();
    for (rule, words) in WORDS {
        let hits = Regex::new(words).unwrap();
        found.extend(hits.find_iter(&sql).map(|hit| Fault { rule, what: hit.as_str().to_owned() }));
    }
    let mut of_tenants = BTreeSet::new();
    for statement in sql.split(';').map(str::trim) {
        if let Some((table, items)) = table(statement) {
            if items.iter().any(|item| item.starts_with("tenant_id ")) {
                of_tenants.insert(table);
            }
            found.extend(in_items(table, &items));
        }
        found.extend(not_led(statement, &of_tenants));
    }
    found
}

/// Without comments and what stands in quotes, in lower case, with single spaces. The bodies of blocks stay.
fn plain(sql: &str) -> String {
    let comments = Regex::new(r"--[^\n]*|(?s:/\*.*?\*/)").unwrap().replace_all(sql, " ");
    let bodies: Vec<&str> = comments.split("$$").collect();
    let quoted = Regex::new(r"'[^']*'").unwrap();
    let mut whole = String::new();
    for (at, part) in bodies.into_iter().enumerate() {
        // Every second part is the body of a block, where statements stand in quotes.
        if at % 2 == 0 {
            whole.push_str(&quoted.replace_all(part, "''"));
        } else {
            whole.push_str(&part.replace(';', " "));
        }
    }
    Regex::new(r"\s+").unwrap().replace_all(&whole, " ").to_lowercase()
}

/// A statement that makes a table: its name, its columns and constraints.
fn table(statement: &str) -> Option<(&str, Vec<&str>)> {
    let made = Regex::new(r"^create (unlogged )?table (if not exists )?(\w+) \(").unwrap();
    let caught = made.captures(statement)?;
    let body = &statement[caught.get(0)?.end()..];
    let (mut depth, mut from, mut items) = (0_usize, 0, Vec::new());
    for (at, letter) in body.char_indices() {
        match letter {
            '(' => depth = depth.saturating_add(1),
            ')' if depth == 0 => {
                items.push(body[from..at].trim());
                break;
            }
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(body[from..at].trim());
                from = at.saturating_add(1);
            }
            _ => {}
        }
    }
    Some((caught.get(3)?.as_str(), items))
}

fn in_items(table: &str, items: &[&str]) -> Vec<Fault> {
    let mut found = Vec::new();
    let unnamed = Regex::new(r"\b(primary key|unique|references)\b").unwrap();
    for item in items.iter().filter(|item| !item.starts_with("constraint ")) {
        if unnamed.is_match(item) {
            found.push(Fault { rule: Rule::UnnamedKey, what: format!("{table}: {item}") });
        }
    }
    if found.is_empty() && !items.iter().any(|item| item.contains(" primary key")) {
        found.push(Fault { rule: Rule::NoPrimaryKey, what: table.to_owned() });
    }
    found
}

/// Keys of tables of tenants' that the tenant does not lead.
fn not_led(statement: &str, of_tenants: &BTreeSet<&str>) -> Vec<Fault> {
    let of = Regex::new(
        r"^(?:create (?:unlogged )?table(?: if not exists)?|alter table(?: only)?) (\w+)",
    )
    .unwrap();
    let index = Regex::new(
        r"^create unique index (?:if not exists )?(\w+) on (\w+)(?: using \w+)? \(([^,)]*)",
    )
    .unwrap();
    let key =
        Regex::new(r"constraint (\w+) (?:primary key|unique(?: nulls not distinct)?) \(([^,)]*)")
            .unwrap();
    let foreign = Regex::new(
        r"constraint (\w+) foreign key \(([^,)]*)[^)]*\) references \w+(?: \(([^,)]*)[^)]*\))?",
    )
    .unwrap();
    let is_tenants = |name: &str| of_tenants.contains(name);
    let mut names = Vec::new();
    if let Some(caught) = index.captures(statement)
        && is_tenants(&caught[2])
        && &caught[3] != "tenant_id"
    {
        names.push(caught[1].to_owned());
    }
    if of.captures(statement).is_some_and(|caught| is_tenants(&caught[1])) {
        let keys = key.captures_iter(statement).filter(|caught| &caught[2] != "tenant_id");
        names.extend(keys.map(|caught| caught[1].to_owned()));
        let keys = foreign.captures_iter(statement).filter(|caught| {
            &caught[2] != "tenant_id" || caught.get(3).is_none_or(|own| own.as_str() != "tenant_id")
        });
        names.extend(keys.map(|caught| caught[1].to_owned()));
    }
    names.into_iter().map(|what| Fault { rule: Rule::KeyNotLedByTenant, what }).collect()
}
