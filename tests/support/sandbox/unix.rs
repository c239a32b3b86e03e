//! A sandbox on Unix.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Sandbox;

/// Where programs are, after those of the sandbox.
pub(super) const PROGRAMS: [&str; 2] = ["/usr/bin", "/bin"];

/// The home directory says where the cache is, and programs need nothing more.
pub(super) fn with_system(sandbox: Sandbox, _cache: &Path) -> Sandbox {
    sandbox
}

/// Makes a new file owner-only.
pub(super) fn owner_only(options: &mut OpenOptions) {
    options.mode(0o600);
}

pub(super) fn write_program(sandbox: &Sandbox, name: &str, script: &str) -> PathBuf {
    let path = sandbox.path().join("bin").join(name);
    // By another process: a file that this one had open for writing could be held open by a child that another thread
    // is just starting, and then can't be run (ETXTBSY).
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "umask 077 && cat >\"$0\" && chmod 700 \"$0\""]).arg(&path).stdin(Stdio::piped());
    let mut shell = shell.spawn().expect("a shell");
    let written = shell.stdin.take().expect("stdin is piped").write_all(script.as_bytes());
    let ended = shell.wait().expect("the shell is ours");
    assert!(written.is_ok() && ended.success(), "{} can't be written", path.display());
    path
}
