//! What a newcomer runs first: the demo, and the walk-through that `lombard dev` prints.

use std::process::{Output, Stdio};

use lombard::{stack::SANDBOX, walkthrough};
use tokio::process::Command;

use crate::stack::{Platform, platform};

async fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lombard"));
    command.arg("demo").args(arguments).kill_on_drop(true).output().await.unwrap()
}

/// A platform on which the documented user can log in.
async fn with_sandbox() -> &'static Platform {
    let platform = platform();
    platform.run(async move { platform.stack.seed(&SANDBOX).await.unwrap() }).await;
    platform
}

#[tokio::test]
async fn the_demo_finds_every_answer_as_documented() {
    let output = demo(&[]).await;

    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}\n{complaint}");
    assert!(said.ends_with("Every answer is as documented.\n"), "{said}");
}

#[tokio::test]
async fn the_demo_walks_on_a_running_platform_and_shows_no_secret() {
    let platform = with_sandbox().await;

    let output = demo(&["--url", &platform.url]).await;

    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}\n{complaint}");
    assert!(!said.contains(SANDBOX.password), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 120), "{said}");
}

#[tokio::test]
async fn the_demo_names_what_is_not_as_documented() {
    let platform = with_sandbox().await;

    let output = demo(&["--url", &platform.url, "--password", "wrong"]).await;

    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("NOT AS DOCUMENTED: HTTP 401"), "{said}");
}

#[tokio::test]
async fn the_walk_through_works_when_pasted() {
    let platform = with_sandbox().await;

    let mut shell = Command::new("sh");
    shell.arg("-c").arg(walkthrough::text(&platform.url)).stdin(Stdio::null());
    let output = shell.output().await.unwrap();

    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("\"Transaction Success\""), "{said}\n{complaint}");
    assert!(said.contains("\"total\":1") || said.contains("\"total\": 1"), "{said}\n{complaint}");
}
