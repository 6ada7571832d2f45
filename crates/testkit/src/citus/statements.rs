//! What Citus documents that it refuses in statements, as far as their text tells. One that writes or locks is to
//! be of one tenant, which is its first value.

use std::{fs, path::Path};

/// A crate's statements as they were prepared, each on one line.
///
/// # Panics
///
/// When there are none.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub fn prepared(crate_directory: &str) -> Vec<String> {
    let files = fs::read_dir(Path::new(crate_directory).join(".sqlx")).expect("statements");
    let statements = files.map(|file| {
        let json = fs::read_to_string(file.expect("a file").path()).expect("a file");
        let prepared: serde_json::Value = serde_json::from_str(&json).expect("json");
        let query = prepared.get("query").and_then(serde_json::Value::as_str).expect("a query");
        query.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    let statements: Vec<String> = statements.collect();
    assert!(statements.len() > 30, "{}", statements.len());
    statements
}

/// Holds statements to the rules, but for those with one of these parts in them, each of which says why. A part
/// that nothing needs is too much.
///
/// # Panics
///
/// When Citus would refuse one.
pub fn assert_accepted(statements: &[String], excepted: &[(&str, &str)]) {
    let mut unused: Vec<&str> = excepted.iter().map(|(part, _)| *part).collect();
    let mut refused = Vec::new();
    for statement in statements {
        let Some(why) = fault(statement) else { continue };
        match excepted.iter().find(|(part, _)| statement.contains(part)) {
            Some((part, _)) => unused.retain(|other| other != part),
            None => refused.push(format!("{why}: {statement}")),
        }
    }
    assert_eq!(refused, [""; 0]);
    assert_eq!(unused, [""; 0], "exceptions that nothing needs any more");
}

/// Why Citus refuses a statement on what is distributed by tenant.
fn fault(statement: &str) -> Option<&'static str> {
    let locks = ["for update", "for no key update", "for share"];
    let is_of_one = statement.contains("tenant_id = $1");
    if locks.iter().any(|lock| statement.contains(lock)) && !is_of_one {
        return Some("rows are locked on one server only");
    }
    let updates = updates(statement);
    let inserts = statement.contains("insert into ");
    let writes = updates || inserts || statement.contains("delete from ");
    if !writes {
        return None;
    }
    let dice = ["clock_timestamp(", "random(", "gen_random_uuid(", "nextval(", "timeofday("];
    if dice.iter().any(|function| statement.contains(function)) {
        return Some("each server would roll its own dice");
    }
    if updates && lazily(statement).any(reads_clock) {
        return Some("no clock is read in a `case` or a `coalesce`");
    }
    let returned = statement.rsplit_once(" returning ").map_or("", |(_, returned)| returned);
    if reads_clock(returned) || returned.contains("select") {
        return Some("neither a clock nor a select is returned");
    }
    let is_values = inserts && statement.contains(" values (");
    let is_of_what_it_says = is_of_one || is_values || statement.contains(" select $1, ");
    (!is_of_what_it_says).then_some("what writes names its tenant")
}

/// Whether there is an `update` of rows: `for update` and `do update` are none.
fn updates(statement: &str) -> bool {
    statement.match_indices("update ").any(|(at, _)| {
        let before = statement.get(..at).unwrap_or_default();
        let is_other = ["for ", "key ", "do "].iter().any(|word| before.ends_with(word));
        !is_other && statement.get(at..).is_some_and(|rest| rest.contains(" set "))
    })
}

fn reads_clock(part: &str) -> bool {
    // To add an interval to a time depends on the session's zone, and counts as one.
    ["now()", "_timestamp()", "interval '"].iter().any(|clock| part.contains(clock))
}

/// What is in each `case` and `coalesce`.
fn lazily(statement: &str) -> impl Iterator<Item = &str> {
    let cases = statement.match_indices("case when ").filter_map(|(at, _)| {
        let rest = statement.get(at..)?;
        rest.get(..rest.find(" end")?)
    });
    let coalesces = statement.match_indices("coalesce(").filter_map(|(at, word)| {
        let rest = statement.get(at.checked_add(word.len())?..)?;
        let mut depth = 1_u32;
        let end = rest.char_indices().find_map(|(at, found)| {
            depth = match found {
                '(' => depth.saturating_add(1),
                ')' => depth.saturating_sub(1),
                _ => depth,
            };
            (depth == 0).then_some(at)
        });
        rest.get(..end?)
    });
    cases.chain(coalesces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_citus_refuses_is_told_from_what_it_takes() {
        for taken in [
            "select a from t where b < now() order by a limit $1",
            "select coalesce(extract(epoch from now() - min(a)), 0) from t",
            "select a from t where tenant_id = $1 for no key update",
            "insert into t (tenant_id, a) values ($1, now()) on conflict do nothing",
            "insert into t (tenant_id, a) values ($1, $2) on conflict do update set a = excluded.a",
            "update t set a = now(), b = coalesce(b, $2) where tenant_id = $1 returning a",
            "delete from t using unnest($2::uuid[]) as k (a) where t.tenant_id = $1 and t.a = k.a",
        ] {
            assert_eq!(fault(taken), None, "{taken}");
        }
        for refused in [
            "select a from t for update skip locked",
            "delete from t where a < now()",
            "update t set a = coalesce(a, now()) where tenant_id = $1",
            "update t set a = case when b then now() else a end where tenant_id = $1",
            "update t set a = clock_timestamp() where tenant_id = $1",
            "update t set a = $2 where tenant_id = $1 returning now()",
            "insert into t (tenant_id, a) values ($1, $2) returning (select b from t limit 1)",
            "insert into t (tenant_id) select tenant_id from unnest($1::uuid[]) as k (tenant_id)",
        ] {
            assert!(fault(refused).is_some(), "{refused}");
        }
    }
}
