//! Other credential helpers, as processes: `docker-credential-NAME` from the `PATH`.
//!
//! A request is handed over byte for byte; stdout and stderr are the client's own, and the exit status is handed back. There
//! is no time limit: such a helper may ask a person for a password. Each one started is told by a variable which helpers
//! came before it, so that one that leads back here, by whatever name, is found out instead of starting us for ever.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::protocol::{Action, Helpers, Request, parse_list};

/// The helpers on the `PATH`.
#[derive(Debug)]
pub struct Programs;

impl Helpers for Programs {
    fn pass_on(&self, env: &Env, helper: &str, action: Action, request: &Request) -> Result<u8, Failure> {
        let mut child = start(env, helper, command(helper, action).stdin(Stdio::piped()))?;
        let stdin = child.stdin.take();
        // Beside waiting: a helper that answers before it has read everything must not stop both of us.
        let status = thread::scope(|scope| {
            scope.spawn(move || {
                // One that doesn't read its request has its reasons, and says so by its status.
                stdin.map(|mut stdin| stdin.write_all(request.expose().as_bytes()))
            });
            child.wait()
        });
        status.map(status_of).map_err(|error| failed(helper, &error))
    }

    fn list(&self, env: &Env, helper: &str) -> Result<BTreeMap<String, String>, Failure> {
        let child = start(env, helper, command(helper, Action::List).stdin(Stdio::null()).stdout(Stdio::piped()))?;
        let output = child.wait_with_output().map_err(|error| failed(helper, &error))?;
        if !output.status.success() {
            let kind = FailureKind::FallbackFailed { helper: helper.to_owned() };
            return Err(Failure::new(kind, format!("`list` ended with status {}", status_of(output.status))));
        }
        parse_list(&output.stdout).ok_or_else(|| {
            let kind = FailureKind::FallbackFailed { helper: helper.to_owned() };
            Failure::new(kind, "the answer to `list` is not a JSON object of names")
        })
    }
}

fn command(helper: &str, action: Action) -> Command {
    let mut command = Command::new(format!("docker-credential-{helper}"));
    command.arg(action.as_str());
    command
}

/// Starts a helper, unless it has been started on our way here.
fn start(env: &Env, helper: &str, command: &mut Command) -> Result<Child, Failure> {
    let chain = env.text(names::FALLBACK_CHAIN).unwrap_or_default();
    if chain.split(',').any(|before| before == helper) {
        return Err(Failure::new(FailureKind::FallbackLoop { helper: helper.to_owned() }, ""));
    }
    let chain = if chain.is_empty() { helper.to_owned() } else { format!("{chain},{helper}") };
    command.env(names::FALLBACK_CHAIN, chain).spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::new(FailureKind::FallbackMissing { helper: helper.to_owned() }, ""),
        _ => failed(helper, &error),
    })
}

fn failed(helper: &str, error: &io::Error) -> Failure {
    Failure::new(FailureKind::FallbackFailed { helper: helper.to_owned() }, error.to_string())
}

/// The status as a shell has it: 128 and the number of the signal, if one ended it.
#[cfg(unix)]
fn status_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;

    let status = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(status).unwrap_or(1)
}

#[cfg(windows)]
fn status_of(status: ExitStatus) -> u8 {
    status.code().map_or(1, |status| u8::try_from(status).unwrap_or(1))
}
