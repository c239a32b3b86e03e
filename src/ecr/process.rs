//! A `credential_process`: run within the limit and killed at its end; its stderr becomes part of
//! the error.
//!
//! The SDK's own provider has no limit, and leaves the process running when its result is no longer
//! needed. The rules are those of
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>; the shell
//! runs the command, as in every SDK. The process gets no stdin, because ours was the request. It
//! stays in our process group, so that it may prompt on the terminal. On Linux the processes that
//! it started are killed with it.

#[cfg_attr(unix, path = "process/unix.rs")]
#[cfg_attr(windows, path = "process/windows.rs")]
mod os;

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::classify::shorten;
use crate::error::{Failure, FailureKind};
use crate::identity::{CredentialSource, ProfileBase};
use crate::redact::Redactor;
use crate::secret::Secret;

/// The part of the limit that is reserved for killing the process and reporting that.
const KILL_TIME: Duration = Duration::from_millis(200);

/// Credentials have about 2 KB; output beyond this isn't read.
const LONGEST_OUTPUT: u64 = 256 << 10;

/// Runs the command of a profile, and kills it if it doesn't end within the limit.
pub(super) async fn run(
    profile: &str,
    command: &Secret,
    limit: Duration,
    redactor: &mut Redactor,
) -> Result<Credentials, Failure> {
    let mut child = os::shell(command.expose())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(KillOnDrop)
        .map_err(|error| {
            failure(profile, redactor, &format!("`credential_process` could not be started: {error}"), "")
        })?;
    let KillOnDrop(process) = &mut child;
    let (mut stdout, mut stderr) = (read_all(process.stdout.take()), read_all(process.stderr.take()));
    let ended = timeout(limit.saturating_sub(KILL_TIME), async {
        let status = process.wait().await;
        (status, text_of(&mut stdout).await, text_of(&mut stderr).await)
    });
    let Ok((status, stdout, stderr)) = ended.await else {
        os::kill(&mut child.0);
        timeout(KILL_TIME / 4, child.0.wait()).await.ok();
        let stderr = timeout(KILL_TIME / 4, text_of(&mut stderr)).await.unwrap_or_default();
        let seconds = limit.as_secs_f32().round();
        return Err(failure(profile, redactor, &format!("`credential_process` timed out after {seconds} s"), &stderr));
    };
    let credentials = parse(&Secret::new(stdout));
    if let Ok(credentials) = &credentials {
        redactor.learn(credentials.secret_access_key());
        redactor.learn(credentials.session_token().unwrap_or_default());
    }
    let problem = match (status, credentials) {
        (Ok(status), Ok(credentials)) if status.success() => return Ok(credentials),
        (Ok(status), Err(problem)) if status.success() => format!("the output of `credential_process` {problem}"),
        (Ok(status), _) => format!("`credential_process` exited with {}", describe(status)),
        (Err(error), _) => format!("could not wait for `credential_process`: {error}"),
    };
    Err(failure(profile, redactor, &problem, &stderr))
}

/// A process that is killed together with those that it started, unless it ends first.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        os::kill(&mut self.0);
    }
}

fn read_all(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error counts.
            pipe.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await.ok();
        }
        bytes
    })
}

async fn text_of(output: &mut JoinHandle<Vec<u8>>) -> String {
    String::from_utf8_lossy(&output.await.unwrap_or_default()).into_owned()
}

fn describe(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("status {code}"),
        None => status.to_string(),
    }
}

/// The problem, followed by what the process wrote to stderr, on one line.
fn failure(profile: &str, redactor: &Redactor, problem: &str, stderr: &str) -> Failure {
    let source = CredentialSource::Profile { name: profile.to_owned(), base: ProfileBase::Process }.to_string();
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let colon = if lines.is_empty() { "" } else { ": " };
    let text = format!("{problem}{colon}{}", lines.join(" "));
    Failure::new(FailureKind::CredentialSource { source }, shorten(redactor, &text))
}

/// Reads the output. The case of keys doesn't matter, as in the SDKs. The error completes "the
/// output …", and shows nothing of the output.
fn parse(output: &Secret) -> Result<Credentials, String> {
    let object: Map<String, Value> =
        serde_json::from_str(output.expose()).map_err(|_| "is not a JSON object".to_owned())?;
    let value = |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| value(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    if value("Version").and_then(Value::as_u64) != Some(1) {
        return Err("does not have `Version` 1".to_owned());
    }
    let required = |name: &str| text(name).ok_or_else(|| format!("has no `{name}`"));
    // Only the form is checked: whether the credentials have expired is decided by the clock of
    // AWS.
    if text("Expiration").is_some_and(|time| DateTime::from_str(&time, Format::DateTimeWithOffset).is_err()) {
        return Err("has an invalid `Expiration`".to_owned());
    }
    Ok(Credentials::new(
        required("AccessKeyId")?,
        required("SecretAccessKey")?,
        text("SessionToken"),
        None,
        "credential_process",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_keys_does_not_matter() {
        let output = r#"{"version":1,"accessKeyId":"AKIA","SECRETACCESSKEY":"hush","SessionToken":"",
                         "Expiration":"2030-01-01T00:00:00+02:00","Other":[]}"#;
        let credentials = parse(&Secret::from(output)).expect("credentials");
        assert_eq!((credentials.access_key_id(), credentials.secret_access_key()), ("AKIA", "hush"));
        assert_eq!(credentials.session_token(), None);
    }

    #[test]
    fn invalid_output_is_named_and_not_shown() {
        for (output, reason) in [
            ("", "is not a JSON object"),
            ("[\"hush\"]", "is not a JSON object"),
            (r#"{"AccessKeyId":"AKIA","SecretAccessKey":"hush"}"#, "does not have `Version` 1"),
            (r#"{"Version":2,"AccessKeyId":"AKIA","SecretAccessKey":"hush"}"#, "does not have `Version` 1"),
            (r#"{"Version":1,"SecretAccessKey":"hush"}"#, "has no `AccessKeyId`"),
            (r#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":7}"#, "has no `SecretAccessKey`"),
            (
                r#"{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"hush","Expiration":"never"}"#,
                "has an invalid `Expiration`",
            ),
        ] {
            assert_eq!(parse(&Secret::from(output)).expect_err(output), reason);
        }
    }
}
