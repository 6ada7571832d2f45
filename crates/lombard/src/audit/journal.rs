//! A directory with where the chains ended at each look: `2026-01-31T04:10:00Z.heads` and so on.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The file of the latest look; none when there was none yet.
pub(super) fn newest(directory: &Path) -> anyhow::Result<Option<PathBuf>> {
    let cannot = || format!("cannot read {}", directory.display());
    let mut newest = None;
    for entry in fs::read_dir(directory).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.extension().is_some_and(|extension| extension == "heads") {
            newest = newest.max(Some(path));
        }
    }
    Ok(newest)
}

/// Adds what was seen now. It is there whole or not at all.
pub(super) fn add(directory: &Path, heads: &str) -> anyhow::Result<()> {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0)?.format(&Rfc3339)?;
    let (unfinished, file) =
        (directory.join(format!("{now}.new")), directory.join(format!("{now}.heads")));
    let write = || {
        let mut new = File::create(&unfinished)?;
        new.write_all(heads.as_bytes())?;
        new.sync_all()?;
        fs::rename(&unfinished, &file)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
