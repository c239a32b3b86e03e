//! A test that needs a network or a file system of its own: this executable runs that one test again, in namespaces
//! (<https://man7.org/linux/man-pages/man7/namespaces.7.html>) where it may change both, and nobody else sees it.

use std::process::{Command, Stdio};

use super::sandbox::Running;

/// Set where such a test is to do something.
const INSIDE: &str = "ECR_LOGIN_TEST_IN_NAMESPACES";

/// The ways to get there: as root, and as root of a user namespace, where anybody may make one.
const WAYS: [&[&str]; 2] = [&["--net", "--mount"], &["--net", "--mount", "--map-root-user"]];

/// Runs a test, which is to be marked `#[ignore]`, after a shell has prepared its world; there is no network but what
/// that makes. Where no namespaces can be had it says so, and that is all.
///
/// # Panics
/// The test fails.
#[track_caller]
pub fn run_in_namespaces(test: &str, prepare: &str) {
    let within = |way: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(way).args(["--", "sh", "-c", &format!("set -e\n{prepare}\nexec \"$@\""), "sh"]);
        command
    };
    let works = |way: &&&[&str]| {
        let mut command = within(way);
        command.arg("true").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let Some(way) = WAYS.iter().find(works) else {
        return println!("NOT TESTED: no namespace here in which this works: {prepare}");
    };
    let mut command = within(way);
    command.arg(std::env::current_exe().expect("a test knows its executable"));
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(INSIDE, "1");
    let mut running = Running::start(command);
    running.write_all_and_close(b"");
    let reply = running.wait();
    let has_run = reply.stdout_text().contains(RAN);
    assert!(reply.code == Some(0) && has_run, "{test}: {}\n{}", reply.stdout_text(), reply.stderr);
}

/// Whether a test runs in such namespaces; to be asked first by each, as people run ignored tests by hand.
pub fn is_inside() -> bool {
    let inside = std::env::var_os(INSIDE).is_some();
    if inside {
        println!("\n{RAN}");
    }
    inside
}

/// Proves that the name of the test was one.
const RAN: &str = "running inside of namespaces";
