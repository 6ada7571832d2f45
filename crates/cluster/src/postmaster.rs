//! The server's main process, as `postmaster.pid` names it: it may be no child of ours.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, test_kill_process};

use crate::server;

/// The process that serves `data`, if one does.
pub(crate) fn running(data: &Path) -> Option<Pid> {
    named(&pid_file(data)).filter(|pid| serves(*pid, data))
}

/// Whether the process is alive and a server of `data`, not another one that got its number.
pub(crate) fn serves(pid: Pid, data: &Path) -> bool {
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(arguments) => arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == data.as_os_str().as_bytes()),
        Err(_) if Path::new("/proc/self/cmdline").exists() => false,
        // A system without /proc.
        Err(_) => test_kill_process(pid).is_ok(),
    }
}

/// Deletes the server's lock files, in `data` and beside its socket, where their number belongs to a
/// process that is no server of `data`: one that took the number, or one that has ended and is not
/// waited for.
///
/// PostgreSQL only sees that there is such a process, and would refuse to start. Where there is none the
/// files stay, and PostgreSQL deals with them.
pub(crate) fn forget_stale(data: &Path, sockets: &Path) -> io::Result<()> {
    for lock in [pid_file(data), server::socket_lock(sockets)] {
        if let Some(pid) = named(&lock)
            && test_kill_process(pid).is_ok()
            && !serves(pid, data)
        {
            fs::remove_file(lock)?;
        }
    }
    Ok(())
}

/// The process that a lock file names.
fn named(lock: &Path) -> Option<Pid> {
    let text = fs::read_to_string(lock).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

fn pid_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}
