//! Who PostgreSQL runs as: ourselves, unless we are root, which it refuses.

use std::{
    ffi::OsStr,
    fmt, fs, io,
    os::unix::{
        fs::{MetadataExt as _, lchown},
        process::CommandExt as _,
    },
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use rustix::process::geteuid;

const USERS: &str = "/etc/passwd";

/// Whom root runs PostgreSQL as: the first that exists.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// The user whom PostgreSQL runs as.
#[derive(Debug)]
pub(crate) enum User {
    /// The one that this process runs as.
    Ourselves,
    /// Another one, because we are root.
    StandIn(Account),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

impl User {
    /// For a new cluster.
    pub(crate) fn for_new() -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let users = fs::read_to_string(USERS).with_context(|| format!("cannot read {USERS}"))?;
        let found = STAND_INS.iter().find_map(|name| parse(&users).find(|user| user.name == *name));
        found.map(Self::StandIn).with_context(|| {
            format!(
                "PostgreSQL does not run as root, and {USERS} has no user {}",
                STAND_INS.join(" or ")
            )
        })
    }

    /// For the cluster whose files are in `data`: root runs it as their owner.
    pub(crate) fn for_existing(data: &Path) -> Result<Self> {
        if !geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let owner =
            fs::metadata(data).with_context(|| format!("cannot read {}", data.display()))?;
        let users = fs::read_to_string(USERS).unwrap_or_default();
        let name = parse(&users).find(|user| user.uid == owner.uid()).map(|user| user.name);
        Ok(Self::StandIn(Account {
            name: name.unwrap_or_else(|| owner.uid().to_string()),
            uid: owner.uid(),
            gid: owner.gid(),
        }))
    }

    /// A command that runs as this user: in a process group of its own, so that Ctrl-C in a terminal
    /// does not reach it, and away from a working directory that the user may not enter.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null()).process_group(0);
        if let Self::StandIn(account) = self {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    /// Hands over a file that we made. A link is not followed.
    pub(crate) fn give(&self, path: &Path) -> io::Result<()> {
        match self {
            Self::Ourselves => Ok(()),
            Self::StandIn(account) => lchown(path, Some(account.uid), Some(account.gid)),
        }
    }

    /// Whether the user can enter `directory`. We ask by trying: modes are not all there is to it.
    pub(crate) fn can_enter(&self, directory: &Path) -> bool {
        self.tests("-x", directory)
    }

    /// Whether the user can make files in `directory`.
    pub(crate) fn can_write(&self, directory: &Path) -> bool {
        self.tests("-w", directory) && self.tests("-x", directory)
    }

    /// Whether the user is the one with this number.
    pub(crate) fn is(&self, uid: u32) -> bool {
        match self {
            Self::Ourselves => geteuid().as_raw() == uid,
            Self::StandIn(account) => account.uid == uid,
        }
    }

    fn tests(&self, flag: &str, path: &Path) -> bool {
        let status = self.command("test").arg(flag).arg(path).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ourselves => f.write_str("this user"),
            Self::StandIn(account) => write!(f, "user {}", account.name),
        }
    }
}

/// The accounts of a `passwd` file. A line that is none is skipped.
fn parse(users: &str) -> impl Iterator<Item = Account> {
    users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let _password = fields.next()?;
        let uid = fields.next()?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { name, uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_and_other_lines_are_skipped() {
        let users = "# local\nroot:x:0:0:root:/root:/bin/sh\n+nis\npostgres:x:101:104::/:/bin/sh\n";

        let found: Vec<_> = parse(users).collect();

        let account = |name: &str, uid, gid| Account { name: name.to_owned(), uid, gid };
        assert_eq!(found, [account("root", 0, 0), account("postgres", 101, 104)]);
    }
}
