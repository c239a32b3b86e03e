//! A `credential_process`: run with a limit, ended with it, and heard when it fails.
//!
//! The SDK's own provider waits for the process as long as it likes and leaves it running when nobody waits any more. The
//! rules are those of <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>; the command goes
//! to the shell, as with every SDK. It has no stdin: ours was the request. It stays in our process group, so that it may
//! ask a person on the terminal; on Linux those that it started are ended with it, one by one.

#[cfg(unix)]
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_types::date_time::{DateTime, Format};
#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::classify;
use crate::error::{Failure, FailureKind};
#[cfg(unix)]
use crate::fs::read_bounded;
use crate::identity::{CredentialSource, ProfileBase};
use crate::secret::{Redactor, Secret};

/// What is kept of the limit, to end the process and say so.
const ENDING: Duration = Duration::from_millis(200);

/// Credentials are some 2 KB; what comes after this is not read.
const LONGEST_OUTPUT: u64 = 256 << 10;

/// A process that has started more than this isn't followed further.
#[cfg(unix)]
const MOST_DESCENDANTS: usize = 1_000;

/// Of so many children a few hundred are read.
#[cfg(unix)]
const LONGEST_CHILDREN: usize = 64 << 10;

/// Runs the command of a profile, and ends it when it has given nothing within the limit.
pub(super) async fn run(
    profile: &str,
    command: &Secret,
    limit: Duration,
    redactor: &mut Redactor,
) -> Result<Credentials, Failure> {
    let mut child = shell(command.expose())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Running)
        .map_err(|error| failure(profile, redactor, &format!("can't be run: {error}"), ""))?;
    let Running(process) = &mut child;
    let (mut stdout, mut stderr) = (listen(process.stdout.take()), listen(process.stderr.take()));
    let ended = timeout(limit.saturating_sub(ENDING), async {
        let status = process.wait().await;
        (status, heard(&mut stdout).await, heard(&mut stderr).await)
    });
    let Ok((status, stdout, said)) = ended.await else {
        // It has ended meanwhile, or is ended now; either way it is waited for.
        child.end();
        timeout(ENDING / 4, child.0.wait()).await.ok();
        let said = timeout(ENDING / 4, heard(&mut stderr)).await.unwrap_or_default();
        let seconds = limit.as_secs_f32().round();
        return Err(failure(profile, redactor, &format!("gave nothing in {seconds} s"), &said));
    };
    let stdout = Secret::new(stdout);
    let answer = parse(&stdout);
    if let Ok(credentials) = &answer {
        redactor.learn(credentials.secret_access_key());
        redactor.learn(credentials.session_token().unwrap_or_default());
    }
    match (status, answer) {
        (Ok(status), answer) if status.success() => {
            answer.map_err(|reason| failure(profile, redactor, &format!("gave an answer {reason}"), &said))
        }
        (Ok(status), _) => Err(failure(profile, redactor, &format!("ended with {}", status_of(status)), &said)),
        (Err(error), _) => Err(failure(profile, redactor, &format!("can't be waited for: {error}"), &said)),
    }
}

/// A process that doesn't outlive this value, nor do those that it has started, unless it ends before them.
struct Running(Child);

impl Running {
    /// Ends it, if it hasn't ended yet.
    fn end(&mut self) {
        let started = self.0.id().map(descendants).unwrap_or_default();
        self.0.start_kill().ok();
        started.into_iter().for_each(end);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(not(windows))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

/// `cmd.exe` unquotes by rules of its own: the command is handed over as it is, in one more pair of quotes.
#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

/// The processes that a process has started, and those that they have
/// (<https://man7.org/linux/man-pages/man5/proc_tid_children.5.html>): a shell often waits for the program that counts.
/// None where the system doesn't say.
#[cfg(unix)]
fn descendants(process: u32) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut parents = vec![process];
    while let Some(parent) = parents.pop().filter(|_| found.len() < MOST_DESCENDANTS) {
        let path = format!("/proc/{parent}/task/{parent}/children");
        let children = read_bounded(Path::new(&path), LONGEST_CHILDREN).ok().flatten().unwrap_or_default();
        for child in String::from_utf8_lossy(&children).split_ascii_whitespace() {
            if let (Ok(child), Some(id)) = (child.parse(), child.parse().ok().and_then(Pid::from_raw)) {
                parents.push(child);
                found.push(id);
            }
        }
    }
    found
}

/// Kills a process.
#[cfg(unix)]
fn end(process: Pid) {
    // It may have ended by itself.
    kill_process(process, Signal::KILL).ok();
}

#[cfg(windows)]
fn descendants(_: u32) -> Vec<u32> {
    Vec::new()
}

#[cfg(windows)]
fn end(_: u32) {}

fn listen(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What came before an error is all there is.
            pipe.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await.ok();
        }
        bytes
    })
}

async fn heard(pipe: &mut JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&pipe.await.unwrap_or_default()).into_owned()
}

fn status_of(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("status {code}"),
        None => status.to_string(),
    }
}

/// What happened, and what the process said on stderr about it.
fn failure(profile: &str, redactor: &Redactor, what: &str, stderr: &str) -> Failure {
    let source = CredentialSource::Profile { name: profile.to_owned(), base: ProfileBase::Process }.to_string();
    let said: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let colon = if said.is_empty() { "" } else { ": " };
    let text = format!("its `credential_process` {what}{colon}{}", said.join(" "));
    Failure::new(FailureKind::CredentialSource { source }, classify::detail(redactor, &text))
}

/// Reads the answer; keys without regard to case, as the SDKs do. The error completes "gave an answer …", and shows
/// nothing of the answer.
fn parse(answer: &Secret) -> Result<Credentials, String> {
    let object: Map<String, Value> =
        serde_json::from_str(answer.expose()).map_err(|_| "that is no JSON object".to_owned())?;
    let value = |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| value(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    if value("Version").and_then(Value::as_u64) != Some(1) {
        return Err("whose `Version` isn't 1".to_owned());
    }
    let needed = |name: &str| text(name).ok_or_else(|| format!("without `{name}`"));
    // When it ends is checked by AWS, whose clock counts.
    if text("Expiration").is_some_and(|time| DateTime::from_str(&time, Format::DateTimeWithOffset).is_err()) {
        return Err("whose `Expiration` is no time".to_owned());
    }
    Ok(Credentials::new(
        needed("AccessKeyId")?,
        needed("SecretAccessKey")?,
        text("SessionToken"),
        None,
        "credential_process",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_without_regard_to_the_case_of_its_keys() {
        let answer = r#"{"version":1,"accessKeyId":"AKIA","SECRETACCESSKEY":"hush","SessionToken":"",
                         "Expiration":"2030-01-01T00:00:00+02:00","Other":[]}"#;
        let credentials = parse(&Secret::from(answer)).expect("an answer");
        assert_eq!((credentials.access_key_id(), credentials.secret_access_key()), ("AKIA", "hush"));
        assert_eq!(credentials.session_token(), None);
    }

    #[test]
    fn an_answer_that_is_none_is_named_and_not_shown() {
        for (answer, reason) in [
            ("", "that is no JSON object"),
            ("[\"hush\"]", "that is no JSON object"),
            (r#"{"AccessKeyId":"AKIA","SecretAccessKey":"hush"}"#, "whose `Version` isn't 1"),
            (r#"{"Version":2,"AccessKeyId":"AKIA","SecretAccessKey":"hush"}"#, "whose `Version` isn't 1"),
            (r#"{"Version":1,"SecretAccessKey":"hush"}"#, "without `AccessKeyId`"),
            (r#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":7}"#, "without `SecretAccessKey`"),
            (
                r#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"hush","Expiration":"never"}"#,
                "whose `Expiration` is no time",
            ),
        ] {
            assert_eq!(parse(&Secret::from(answer)).expect_err(answer), reason);
        }
    }
}
