//! What fuzzing has found worth keeping: `fuzz/corpus`, a directory for each target.

use std::{fs, path::Path};

/// Gives every input that was kept for a fuzz target to what it checks, which panics when a rule is broken.
///
/// # Panics
///
/// When there is none, or it cannot be read.
#[expect(clippy::unwrap_used, reason = "a test without its corpus has failed")]
pub fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0_u32;
    for input in fs::read_dir(corpus).unwrap() {
        check(&fs::read(input.unwrap().path()).unwrap());
        count = count.saturating_add(1);
    }
    assert!(count > 0, "{target} has no corpus");
}
