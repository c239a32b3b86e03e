//! A `credential_process`: run within the limit and killed at its end; its stderr becomes part of
//! the error.
//!
//! The SDK's own provider has no limit, and leaves the process running when its result is no longer
//! needed. The rules are those of
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>; the shell
//! runs the command, as in every SDK. The process gets no stdin, because ours was the request. It
//! stays in our process group, so that it may prompt on the terminal; if our stderr is a terminal,
//! it is also the process's, whose prompts a person sees there. Its answer counts once it has
//! ended.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use aws_credential_types::Credentials;
use serde_json::{Map, Value};
use tokio::time::{sleep, timeout};

use super::classify::shorten;
use crate::child::{Running, shell};
use crate::error::{Failure, FailureKind};
use crate::identity::{CredentialSource, ProfileBase};
use crate::redact::Redactor;
use crate::secret::Secret;
use crate::terminal;

/// The part of the limit that is reserved for killing the process and reporting that.
const KILL_TIME: Duration = Duration::from_millis(200);

/// Credentials have about 2 KB; output beyond this isn't read.
const LONGEST_OUTPUT: usize = 256 << 10;

/// Runs the command of a profile, and kills it if it doesn't end within the limit.
pub(super) async fn run(
    profile: &str,
    command: &Secret,
    limit: Duration,
    redactor: &mut Redactor,
) -> Result<Credentials, Failure> {
    // A value that is continued on the next line is one command.
    let command = Secret::new(command.expose().replace(['\r', '\n'], " "));
    let mut shell = shell(command.expose());
    shell.stderr(if terminal::is_stderr() { Stdio::inherit() } else { Stdio::piped() });
    let failure = |redactor: &Redactor, problem: &str, stderr: &str| {
        let mut redactor = redactor.clone();
        learn_arguments(&mut redactor, &command);
        failure(profile, &redactor, problem, stderr)
    };
    let mut process = Running::start(&mut shell, LONGEST_OUTPUT)
        .map_err(|error| failure(redactor, &format!("`credential_process` could not be started: {error}"), ""))?;
    let ended = timeout(limit.saturating_sub(KILL_TIME), end_of(&mut process)).await;
    let stderr = String::from_utf8_lossy(&process.take_stderr()).into_owned();
    let Ok(status) = ended else {
        process.kill();
        let seconds = limit.as_secs_f32().round();
        return Err(failure(redactor, &format!("`credential_process` timed out after {seconds} s"), &stderr));
    };
    let stdout = process.take_stdout();
    let stdout =
        String::from_utf8(stdout).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
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
    Err(failure(redactor, &problem, &stderr))
}

async fn end_of(process: &mut Running) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = process.look()? {
            return Ok(status);
        }
        sleep(process.pause()).await;
    }
}

/// Masks the words of a command, which may be passwords, except the program and the names of
/// options.
fn learn_arguments(redactor: &mut Redactor, command: &Secret) {
    let words = command.expose().split_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let mut is_before_program = true;
    for word in words {
        match word.split_once('=') {
            Some((_, value)) => redactor.learn(value.trim_matches(['"', '\''])),
            None if is_before_program => is_before_program = false,
            None if word.starts_with('-') => {}
            None => redactor.learn(word),
        }
    }
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
pub(super) fn parse(output: &Secret) -> Result<Credentials, String> {
    let object: Map<String, Value> =
        serde_json::from_str(output.expose()).map_err(|_| "is not a JSON object".to_owned())?;
    let value = |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| value(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    if value("Version").and_then(Value::as_u64) != Some(1) {
        return Err("does not have `Version` 1".to_owned());
    }
    let required = |name: &str| text(name).ok_or_else(|| format!("has no `{name}`"));
    // `Expiration` isn't used, so it doesn't matter how it is written: AWS decides whether the
    // credentials have expired, by its own clock.
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
    fn a_time_that_is_not_used_is_not_read() {
        for time in
            [r#""never""#, r#""2030-01-01 00:00:00UTC""#, "1893456000", "1893456000000.5", "null", "[{}]", r#""""#]
        {
            let output =
                format!(r#"{{"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"hush","Expiration":{time}}}"#);
            assert_eq!(parse(&Secret::new(output)).expect(time).expiry(), None);
        }
    }

    #[test]
    fn the_arguments_of_a_command_are_masked_and_its_program_and_options_stay() {
        let mut redactor = Redactor::default();
        let command =
            "ENV_SECRET=from-the-environment /opt/issue-credentials --password 'hunter2-hunter2' --key=other-secret -v";
        learn_arguments(&mut redactor, &Secret::from(command));
        assert_eq!(redactor.clean(command), "ENV_SECRET=*** /opt/issue-credentials --password '***' --key=*** -v");
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
        ] {
            assert_eq!(parse(&Secret::from(output)).expect_err(output), reason);
        }
    }
}
