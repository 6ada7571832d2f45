//! Where a durable cluster's files are, and its socket.

use std::{
    fmt, fs,
    io::ErrorKind,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};

use crate::{server, user::User};

/// Where root puts the clusters that cannot be where they were wanted.
const ELSEWHERE: &str = "/var/lib/lombard";

/// A cluster's directory, and the user whom PostgreSQL runs as there.
///
/// The directory is ours. Only `data` in it, and the directory of the socket, are that user's.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) user: User,
    pub(crate) moved: Option<Moved>,
}

/// Says that a cluster is not where it was wanted, and why.
#[derive(Clone, Debug)]
pub struct Moved {
    wanted: PathBuf,
    directory: PathBuf,
    user: String,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, directory, user } = self;
        let (wanted, directory) = (wanted.display(), directory.display());
        write!(
            f,
            "PostgreSQL's files are in {directory}: it does not run as root, and {user} cannot reach {wanted}"
        )
    }
}

impl Place {
    /// The place for a cluster that is wanted in `wanted`. Makes the directory.
    ///
    /// A cluster stays where it once was made, whatever has become of the permissions on the way
    /// there: a start never shows an empty cluster in place of a full one.
    pub(crate) fn find(wanted: &Path) -> Result<Self> {
        let wanted = resolve(wanted)?;
        let place = if wanted.join("data").exists() {
            let user = User::for_existing(&wanted.join("data"))?;
            if !reaches(&user, &wanted) {
                bail!("{} holds a cluster, but {user} can no longer reach it", wanted.display());
            }
            Self { directory: wanted, user, moved: None }
        } else if geteuid().is_root() {
            Self::for_root(wanted)?
        } else {
            Self { directory: wanted, user: User::for_new()?, moved: None }
        };
        make_enterable(&place.directory)?;
        Ok(place)
    }

    /// The place of the cluster that was wanted in `wanted`, if it was made. Makes nothing.
    pub(crate) fn existing(wanted: &Path) -> Result<Option<Self>> {
        let parent = std::path::absolute(wanted)?.parent().is_some_and(Path::is_dir);
        if !parent {
            return Ok(None);
        }
        let resolved = resolve(wanted)?;
        let made = resolved.join("data").exists()
            || (geteuid().is_root() && elsewhere(&resolved).join("data").exists());
        if made { Self::find(wanted).map(Some) } else { Ok(None) }
    }

    fn for_root(wanted: PathBuf) -> Result<Self> {
        let elsewhere = elsewhere(&wanted);
        let user = if elsewhere.join("data").exists() {
            User::for_existing(&elsewhere.join("data"))?
        } else {
            let user = User::for_new()?;
            if reaches(&user, &wanted) {
                return Ok(Self { directory: wanted, user, moved: None });
            }
            user
        };
        make_enterable(Path::new(ELSEWHERE))?;
        let moved = Moved { wanted, directory: elsewhere.clone(), user: user.to_string() };
        Ok(Self { directory: elsewhere, user, moved: Some(moved) })
    }

    /// The directory for the server's socket, which only its user and root can enter. Makes it.
    ///
    /// It is in the cluster's own directory, or in the directory for temporary files where the path
    /// would be too long for a socket.
    pub(crate) fn sockets(&self) -> Result<PathBuf> {
        let mut sockets = self.directory.join("run");
        if !server::fits_socket(&sockets) {
            sockets = Path::new("/tmp").join(format!("lombard-{}", digest(&self.directory)));
        }
        make_private(&sockets, &self.user)?;
        Ok(sockets)
    }
}

/// The path without links, so that one cluster has one name.
fn resolve(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        bail!("{} is no place for a cluster", path.display());
    };
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let path = parent.canonicalize()?.join(name);
    Ok(path.canonicalize().unwrap_or(path))
}

/// Where root puts the cluster that cannot be in `wanted`.
fn elsewhere(wanted: &Path) -> PathBuf {
    Path::new(ELSEWHERE).join(format!("postgres-{}", digest(wanted)))
}

/// Whether the user can enter `directory`, or could if it were there.
fn reaches(user: &User, directory: &Path) -> bool {
    if directory.exists() {
        user.can_enter(directory)
    } else {
        directory.parent().is_some_and(|parent| user.can_enter(parent))
    }
}

/// A name of sixteen characters for a path, the same at every start.
fn digest(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

/// Makes a directory of ours, if it is not there, that others can pass through but not list.
fn make_enterable(path: &Path) -> Result<()> {
    match fs::create_dir(path) {
        // Not left to the umask, which may keep the server's user out.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o711)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .with_context(|| format!("cannot make {}", path.display()))
}

/// Makes a directory that only `user` and root can enter.
///
/// One that is there already must be such a one: anybody can make any name in `/tmp`.
pub(crate) fn make_private(path: &Path, user: &User) -> Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("cannot make {}", path.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(path)?;
    let ours = geteuid().as_raw() == found.uid();
    ensure!(
        found.is_dir() && found.mode() & 0o777 == 0o700 && (ours || user.is(found.uid())),
        "{} must be a directory of {user} that nobody else can enter",
        path.display()
    );
    if ours {
        user.give(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_others_can_enter_is_not_private() {
        let parent = tempfile::tempdir().unwrap();
        let open = parent.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();

        let refused = make_private(&open, &User::Ourselves);

        assert!(refused.unwrap_err().to_string().contains("nobody else can enter"));
    }

    #[test]
    fn a_path_keeps_its_name() {
        assert_eq!(digest(Path::new("/srv/lombard")), digest(Path::new("/srv/lombard")));
        assert_ne!(digest(Path::new("/srv/lombard")), digest(Path::new("/srv/lombard2")));
    }
}
