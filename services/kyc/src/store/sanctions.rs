//! Statements on the tables `sanctions_entries` and `sanctions_loads`: lists are published, and the same
//! for all tenants, so no tenant narrows them.

use sqlx::PgConnection;
use types::Country;

use crate::{
    error::Error,
    screening::{Born, Entry, Kind, List, Name, Naming},
};

/// How many entries a list has.
pub(crate) async fn count(conn: &mut PgConnection, list: List) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from sanctions_entries where list = $1"#,
        list.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Puts these entries in the place of a list's others.
pub(crate) async fn replace(
    conn: &mut PgConnection,
    list: List,
    entries: &[Entry],
) -> Result<(), Error> {
    sqlx::query!("delete from sanctions_entries where list = $1", list.as_str())
        .execute(&mut *conn)
        .await?;
    for some in entries.chunks(1000) {
        insert(conn, list, some).await?;
    }
    Ok(())
}

/// Several texts of an entry are sent as the lines of one.
async fn insert(conn: &mut PgConnection, list: List, entries: &[Entry]) -> Result<(), Error> {
    let column =
        |text: fn(&Entry) -> Vec<String>| entries.iter().map(|one| text(one).join("\n")).collect();
    let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
    let kinds: Vec<String> = entries.iter().map(|entry| entry.kind.as_str().to_owned()).collect();
    let names: Vec<String> = column(|entry| entry.names.iter().map(one_line).collect());
    let weak: Vec<String> =
        column(|entry| entry.names.iter().filter(|name| name.weak).map(one_line).collect());
    let name_types: Vec<String> =
        column(|entry| entry.names.iter().map(|name| name.naming.as_str().to_owned()).collect());
    let births: Vec<String> = column(|entry| entry.births.iter().map(Born::to_string).collect());
    let countries: Vec<String> =
        column(|entry| entry.countries.iter().map(Country::to_string).collect());
    sqlx::query!(
        "
        insert into sanctions_entries
            (list, entry_id, kind, names, weak_names, births, countries, name_types)
        select $1, entry_id, kind, string_to_array(names, E'\\n'),
               string_to_array(weak, E'\\n'), string_to_array(births, E'\\n'),
               string_to_array(countries, E'\\n'), string_to_array(name_types, E'\\n')
        from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                    $8::text[])
            as entries (entry_id, kind, names, weak, births, countries, name_types)
        ",
        list.as_str(),
        &ids,
        &kinds,
        &names,
        &weak,
        &births,
        &countries,
        &name_types,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn one_line(name: &Name) -> String {
    name.text.replace(['\n', '\r'], " ")
}

/// Notes that a list was loaded.
pub(crate) async fn note_load(
    conn: &mut PgConnection,
    version: i64,
    list: List,
    entries: usize,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into sanctions_loads (lists_version, list, entries) values ($1, $2, $3)",
        version,
        list.as_str(),
        i32::try_from(entries).unwrap_or(i32::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// All entries of all lists.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Entry>, Error> {
    let rows = sqlx::query!(
        "
        select list, entry_id, kind, names, weak_names, births, countries, name_types
        from sanctions_entries
        order by list, entry_id
        "
    )
    .fetch_all(conn)
    .await?;
    let entries = rows.into_iter().map(|row| {
        // An earlier release did not store what the list calls its names.
        let unknown = std::iter::repeat(Naming::Primary);
        let namings = row.name_types.iter().map(|naming| Naming::parse(naming));
        let namings = namings.map(|naming| naming.unwrap_or(Naming::Primary)).chain(unknown);
        let named = |(text, naming): (String, Naming)| {
            let weak = row.weak_names.contains(&text);
            Name { text, weak, naming }
        };
        let broken = || Error::broken("sanctions entry", &row.entry_id);
        Ok(Entry {
            list: List::parse(&row.list).ok_or_else(broken)?,
            kind: Kind::parse(&row.kind).ok_or_else(broken)?,
            names: row.names.into_iter().zip(namings).map(named).collect(),
            births: row.births.iter().filter_map(|text| Born::parse(text)).collect(),
            countries: row.countries.iter().filter_map(|code| Country::parse(code).ok()).collect(),
            id: row.entry_id,
        })
    });
    entries.collect()
}
