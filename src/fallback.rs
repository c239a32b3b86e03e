//! Other credential helpers, run as processes: `docker-credential-NAME` from the `PATH`.
//!
//! A request is passed on byte for byte. The helper writes to the stdout and stderr of this
//! process, and its exit status is returned. There is no time limit, since a helper may ask a
//! person for a password; `list` asks nobody, so its time and its length have limits. An
//! environment variable lists the helpers that were started before, so a helper that starts this
//! program again causes an error instead of an endless loop.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::child::{self, Running, exit_code};
use crate::clock::{Clock as _, SystemClock};
use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::protocol::{Action, Helpers, Request, parse_list};

/// The longest list that is read: some thousands of servers.
const LONGEST_LIST: usize = 1 << 20;

/// The helpers on the `PATH`.
#[derive(Debug)]
pub struct Programs;

impl Helpers for Programs {
    fn pass_on(&self, env: &Env, helper: &str, action: Action, request: &Request) -> Result<u8, Failure> {
        let failed = |error: io::Error| failed(helper, error.to_string());
        let mut child = child::spawn(command(env, helper, action)?.stdin(Stdio::piped())).map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A helper that doesn't read its request reports its reason in its status.
            stdin.write_all(request.expose().as_bytes()).ok();
        }
        child.wait().map(exit_code).map_err(failed)
    }

    fn list(&self, env: &Env, helper: &str, limit: Duration) -> Result<BTreeMap<String, String>, Failure> {
        if limit.is_zero() {
            return Err(failed(helper, "the helpers before it took all the time"));
        }
        let clock = SystemClock::start();
        let failed_to_wait = |error: io::Error| failed(helper, error.to_string());
        let mut process =
            Running::start(&mut command(env, helper, Action::List)?, LONGEST_LIST).map_err(failed_to_wait)?;
        let status = loop {
            let ended = process.look().map_err(failed_to_wait)?;
            if process.is_too_long() {
                return Err(failed(helper, format!("the output of `list` is longer than {} MiB", LONGEST_LIST >> 20)));
            }
            if let Some(status) = ended {
                break status;
            }
            if clock.elapsed() >= limit {
                return Err(failed(helper, format!("`list` timed out after {} s", limit.as_secs_f32().round())));
            }
            clock.sleep(process.pause());
        };
        if !status.success() {
            return Err(failed(helper, format!("`list` exited with status {}", exit_code(status))));
        }
        parse_list(&process.take_stdout())
            .ok_or_else(|| failed(helper, "the output of `list` is not a JSON object of names"))
    }
}

/// The command that starts a helper, unless it is one of those that led to this process.
fn command(env: &Env, helper: &str, action: Action) -> Result<Command, Failure> {
    let chain = env.text(names::FALLBACK_CHAIN).unwrap_or_default();
    if chain.split(',').any(|started| started == helper) {
        return Err(Failure::new(FailureKind::FallbackLoop { helper: helper.to_owned() }, ""));
    }
    let chain = if chain.is_empty() { helper.to_owned() } else { format!("{chain},{helper}") };
    let path = env.path(names::PATH);
    let program = child::find(&format!("docker-credential-{helper}"), path.as_deref().map(Path::as_os_str));
    let missing = || Failure::new(FailureKind::FallbackMissing { helper: helper.to_owned() }, "");
    let mut command = Command::new(program.ok_or_else(missing)?);
    command.arg(action.as_str()).env(names::FALLBACK_CHAIN, chain);
    Ok(command)
}

fn failed(helper: &str, detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::FallbackFailed { helper: helper.to_owned() }, detail)
}
