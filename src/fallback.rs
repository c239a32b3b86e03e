//! Other credential helpers, run as processes: `docker-credential-NAME` from the `PATH`.
//!
//! A request is passed on byte for byte. The helper writes to the stdout and stderr of this
//! process, and its exit status is returned. There is no time limit, since a helper may ask a
//! person for a password. An environment variable lists the helpers that were started before, so a
//! helper that starts this program again causes an error instead of an endless loop.

#[cfg_attr(unix, path = "fallback/unix.rs")]
#[cfg_attr(windows, path = "fallback/windows.rs")]
mod os;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::protocol::{Action, Helpers, Request, parse_list};

/// The helpers on the `PATH`.
#[derive(Debug)]
pub struct Programs;

impl Helpers for Programs {
    fn pass_on(&self, env: &Env, helper: &str, action: Action, request: &Request) -> Result<u8, Failure> {
        let mut child = spawn(env, helper, command(helper, action).stdin(Stdio::piped()))?;
        let stdin = child.stdin.take();
        // The request is written while waiting: a helper may answer before it has read everything.
        let status = thread::scope(|scope| {
            scope.spawn(move || {
                // A helper that doesn't read its request reports its reason in its status.
                stdin.map(|mut stdin| stdin.write_all(request.expose().as_bytes()))
            });
            child.wait()
        });
        status.map(os::exit_code).map_err(|error| failed(helper, error.to_string()))
    }

    fn list(&self, env: &Env, helper: &str) -> Result<BTreeMap<String, String>, Failure> {
        let child = spawn(env, helper, command(helper, Action::List).stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let output = child.wait_with_output().map_err(|error| failed(helper, error.to_string()))?;
        if !output.status.success() {
            return Err(failed(helper, format!("`list` exited with status {}", os::exit_code(output.status))));
        }
        parse_list(&output.stdout).ok_or_else(|| failed(helper, "the output of `list` is not a JSON object of names"))
    }
}

fn command(helper: &str, action: Action) -> Command {
    let mut command = Command::new(format!("docker-credential-{helper}"));
    command.arg(action.as_str());
    command
}

/// Starts a helper, unless it is one of those that led to this process.
fn spawn(env: &Env, helper: &str, command: &mut Command) -> Result<Child, Failure> {
    let chain = env.text(names::FALLBACK_CHAIN).unwrap_or_default();
    if chain.split(',').any(|started| started == helper) {
        return Err(Failure::new(FailureKind::FallbackLoop { helper: helper.to_owned() }, ""));
    }
    let chain = if chain.is_empty() { helper.to_owned() } else { format!("{chain},{helper}") };
    command.env(names::FALLBACK_CHAIN, chain).spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(FailureKind::FallbackMissing { helper: helper.to_owned() }, ""),
        _ => failed(helper, error.to_string()),
    })
}

fn failed(helper: &str, detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::FallbackFailed { helper: helper.to_owned() }, detail)
}
