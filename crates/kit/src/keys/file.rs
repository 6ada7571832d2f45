//! Where key-encryption keys come from.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt, fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{KEY, Key, Keyring, Keys, fresh};

/// The keys that data keys are wrapped with: one of the two must be given.
#[derive(Debug, Clone, Args)]
pub struct KeysConfig {
    /// A file with a key-encryption key on each line, `version:base64` of 32 random bytes. The greatest
    /// version encrypts, all decrypt.
    #[arg(long, env = "KEYS_FILE", value_name = "FILE", required_unless_present = "keys")]
    keys_file: Option<PathBuf>,
    /// The same lines themselves, which a comma may separate too. Better from the environment.
    #[arg(long, env = "KEYS", hide_env_values = true, conflicts_with = "keys_file")]
    keys: Option<KeyLines>,
}

impl KeysConfig {
    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or a line is no key; the line is named, and not shown.
    pub fn keyring(&self) -> anyhow::Result<Keyring> {
        match (&self.keys_file, &self.keys) {
            (Some(file), _) => Keyring::from_file(file),
            (None, Some(lines)) => Keyring::parse(&lines.0).context("KEYS cannot be used"),
            (None, None) => bail!("there are no keys: set KEYS_FILE or KEYS"),
        }
    }
}

/// Keys from the command line or the environment: never printed.
#[derive(Clone)]
struct KeyLines(Arc<Zeroizing<String>>);

impl FromStr for KeyLines {
    type Err = Infallible;

    fn from_str(lines: &str) -> Result<Self, Infallible> {
        Ok(Self(Arc::new(Zeroizing::new(lines.to_owned()))))
    }
}

impl fmt::Debug for KeyLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLines(..)")
    }
}

impl Keyring {
    /// Reads a file of keys.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or a line is no key.
    pub fn from_file(file: &Path) -> anyhow::Result<Self> {
        Ok(Self::of(Some(file.to_owned()), Keys::read(file)?))
    }

    pub(super) fn parse(lines: &str) -> anyhow::Result<Self> {
        Ok(Self::of(None, Keys::parse(lines)?))
    }
}

impl Keys {
    pub(super) fn read(file: &Path) -> anyhow::Result<Self> {
        let lines = fs::read_to_string(file).map(Zeroizing::new);
        let lines = lines.with_context(|| format!("cannot read the keys in {}", file.display()))?;
        Self::parse(&lines)
            .with_context(|| format!("the keys in {} cannot be used", file.display()))
    }

    fn parse(lines: &str) -> anyhow::Result<Self> {
        let mut by_version = BTreeMap::new();
        for (index, line) in lines.split(['\n', ',']).map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index.saturating_add(1);
            let (version, key) = key(line)
                .with_context(|| format!("line {number} is not version:base64 of {KEY} bytes"))?;
            ensure!(by_version.insert(version, key).is_none(), "version {version} is there twice");
        }
        let newest = by_version.last_key_value().map(|(version, _)| *version);
        let newest = newest.context("there is no key")?;
        Ok(Self { by_version, newest })
    }
}

/// Makes a file with one new key, for its owner alone, unless it is there.
///
/// # Errors
///
/// When the file cannot be written, or the system has no randomness.
pub fn ensure_file(file: &Path) -> anyhow::Result<()> {
    if file.try_exists()? {
        return Ok(());
    }
    let directory = file.parent().context("a file of keys has a directory")?;
    fs::create_dir_all(directory)?;
    // Nobody finds half a file: it gets its name when it is whole, and durable.
    let draft = directory.join(format!(".keys-{}", Uuid::now_v7()));
    let made = write(&draft).and_then(|()| match fs::hard_link(&draft, file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => Ok(linked?),
    });
    fs::remove_file(&draft).ok();
    made.with_context(|| format!("cannot make a key in {}", file.display()))?;
    fs::File::open(directory)?.sync_all()?;
    Ok(())
}

fn write(draft: &Path) -> anyhow::Result<()> {
    let line = Zeroizing::new(format!("1:{}\n", BASE64_STANDARD.encode(fresh()?.as_slice())));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    Ok(())
}

fn key(line: &str) -> Option<(i32, Key)> {
    let (version, key) = line.split_once(':')?;
    let version: i32 = version.trim().parse().ok().filter(|version| *version > 0)?;
    let key = BASE64_STANDARD.decode(key.trim()).map(Zeroizing::new).ok()?;
    Some((version, Zeroizing::new(<[u8; KEY]>::try_from(key.as_slice()).ok()?)))
}
