//! A machine that is well, and what `doctor` says of one.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::fake_aws::FakeAws;
use crate::support::sandbox::{Reply, Sandbox};

pub(crate) const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
pub(crate) const PROGRAM: &str = "docker-credential-ecr-login";

/// The file of the helper that is tested.
pub(crate) fn binary() -> PathBuf {
    let binary = std::env::var_os("ECR_LOGIN_BINARY");
    let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_docker-credential-ecr-login").into());
    Path::new(&binary).canonicalize().expect("the helper is there")
}

/// The helper on the `PATH`, Docker set up to use it, keys in the environment, and AWS.
pub(crate) fn machine(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).with_keys("AKIDDOCTOR");
    symlink(binary(), sandbox.path().join("bin").join(PROGRAM)).expect("a link");
    sandbox.write(".docker/config.json", format!("{{\n\t\"credHelpers\": {{\n\t\t\"{HOST}\": \"ecr-login\"\n\t}}\n}}"));
    sandbox
}

/// Sets the mode of a file or directory.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is there");
}

/// Runs `doctor`, whose output must have no secret.
#[track_caller]
pub(crate) fn doctor(sandbox: &Sandbox, arguments: &[&str]) -> Reply {
    let reply = sandbox.run(&[&["doctor"], arguments].concat(), b"");
    assert_eq!(reply.stderr, "", "{arguments:?}: {}", reply.stdout_text());
    sandbox.assert_no_secret_in_text("stdout", &reply.stdout);
    reply
}

/// The results of `doctor --json`.
#[track_caller]
pub(crate) fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let reply = doctor(sandbox, &[arguments, &["--json"]].concat());
    let results: Value = serde_json::from_slice(&reply.stdout).expect("JSON");
    assert_eq!(reply.code, Some(i32::from(results["healthy"] != true)), "{results:#}");
    results
}

/// A text with nothing that differs from one run to the next.
pub(crate) fn steady(sandbox: &Sandbox, text: &str) -> String {
    let text = text.replace(&binary().display().to_string(), "BINARY");
    let mut text = text.replace(&sandbox.path().display().to_string(), "SANDBOX");
    for (before, after, name) in
        [("127.0.0.1:", "", "PORT"), ("ecr.example:", "", "PORT"), ("(", " ms)", "N"), ("valid until ", "", "TIME")]
    {
        let mut parts = text.split(before);
        let mut steady = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let of_value = |c: char| c.is_ascii_digit() || name == "TIME" && matches!(c, 'T' | ':' | '-' | 'Z');
            let rest = part.trim_start_matches(of_value);
            let is_value = rest.len() < part.len() && rest.starts_with(after);
            steady += before;
            if is_value {
                steady.extend([name, rest]);
            } else {
                steady += part;
            }
        }
        text = steady;
    }
    text
}
