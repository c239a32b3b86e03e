//! A sandbox on Windows.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use super::Sandbox;

/// Where programs are, after those of the sandbox.
pub(super) const PROGRAMS: [&str; 2] = [r"C:\Windows\System32", r"C:\Windows"];

/// The cache lies in the user's profile whatever the home directory is, so the sandbox names its own. Sockets need to know
/// where the system is.
pub(super) fn with_system(sandbox: Sandbox, cache: &Path) -> Sandbox {
    let passed_on = ["SystemRoot", "USERNAME", "USERDOMAIN"];
    let values = passed_on.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    values.fold(sandbox.env("AWS_ECR_CACHE_DIR", cache), |sandbox, (name, value)| sandbox.env(name, value))
}

/// New files have the access list of their directory.
pub(super) fn owner_only(_: &mut OpenOptions) {}

pub(super) fn write_program(sandbox: &Sandbox, name: &str, script: &str) -> PathBuf {
    let path = sandbox.path().join("bin").join(format!("{name}.cmd"));
    sandbox.put(&path, script.replace('\n', "\r\n").as_bytes())
}
