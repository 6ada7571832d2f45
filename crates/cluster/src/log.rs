//! The server's own log.

use std::{fs::File, os::unix::fs::FileExt as _};

/// How much of its end an error shows.
const TAIL_LINES: usize = 20;
const TAIL_BYTES: usize = 8 * 1024;

/// The last lines, to be shown in an error. Moves no file position: the server shares it.
pub(crate) fn tail(log: &File) -> String {
    let length = log.metadata().map_or(0, |metadata| metadata.len());
    let mut end = vec![0; TAIL_BYTES];
    let start = length.saturating_sub(TAIL_BYTES as u64);
    let read = log.read_at(&mut end, start).unwrap_or(0);
    end.truncate(read);
    let text = String::from_utf8_lossy(&end);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(TAIL_LINES);
    lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_tail_is_the_last_lines() {
        let mut log = tempfile::tempfile().unwrap();
        for number in 0..5000 {
            writeln!(log, "line {number}").unwrap();
        }

        let tail = tail(&log);

        assert!(tail.starts_with("line 4980\n") && tail.ends_with("\nline 4999"), "{tail}");
    }
}
