//! Roles that want a code of a multi-factor device (`mfa_serial`), which the SDK doesn't know.
//!
//! The code is asked for before anything that has a limit is begun, and only where there is no session that lasts. A
//! session is kept where the AWS CLI keeps its own, and in the same form, so that a code typed for one serves the other:
//! `CachedCredentialFetcher` in <https://github.com/boto/botocore/blob/develop/botocore/credentials.py>. Whatever is wrong
//! with a kept session, it counts as none; a session that can't be kept is used all the same.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::types::AssumedRoleUser;
use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fs::{PrivateDir, Unfit};
use crate::scope::{MfaRole, OwnLink, OwnStep, Person};
use crate::secret::Secret;
use crate::terminal;

/// A session that ends within this isn't begun with.
const MARGIN_SECONDS: i64 = 60;

/// A session is some 2 KB.
const LONGEST_SESSION: usize = 64 << 10;

/// As many digits have the codes of every device that IAM knows:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const DIGITS: usize = 6;

/// What is left to do of our links of a chain, now that nobody need be asked any more.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// A session that lasts, and the link that it is of: nothing below has to be done.
    pub(super) kept: Option<(&'a OwnLink, Credentials)>,
    /// The links above it, from the base up.
    pub(super) todo: Vec<Todo<'a>>,
}

/// A link that has to be done.
pub(super) struct Todo<'a> {
    pub(super) link: &'a OwnLink,
    /// The code that a person typed; empty where the link needs none.
    pub(super) code: Secret,
}

/// Whether [`plan`] would ask a person.
pub(super) fn needs_code(own: &[OwnLink], now: Timestamp) -> bool {
    let (_, links) = split(own, now);
    links.iter().any(|link| matches!(link.step, OwnStep::Mfa(_)))
}

/// Looks for a session that lasts, and asks for the codes that it takes without one, in the order in which they are used.
pub(super) fn plan(own: &[OwnLink], now: Timestamp, person: Person) -> Result<Plan<'_>, Failure> {
    let (kept, links) = split(own, now);
    let mut plan = Plan { kept, todo: Vec::with_capacity(links.len()) };
    for link in links {
        let code = match &link.step {
            OwnStep::Process { .. } => Secret::from(""),
            OwnStep::Mfa(role) => ask(&link.profile, &role.serial, person)
                .map_err(|why| Failure::new(FailureKind::MfaNeeded { profile: link.profile.clone() }, why))?,
        };
        plan.todo.push(Todo { link, code });
    }
    Ok(plan)
}

/// The highest link with a session that lasts, and the links above it.
fn split(own: &[OwnLink], now: Timestamp) -> (Option<(&OwnLink, Credentials)>, &[OwnLink]) {
    for (index, link) in own.iter().enumerate().rev() {
        if let OwnStep::Mfa(role) = &link.step
            && let Some(session) = kept_session(role, now)
        {
            return (Some((link, session)), &own[index + 1..]);
        }
    }
    (None, own)
}

fn ask(profile: &str, serial: &str, person: Person) -> Result<Secret, String> {
    match person {
        Person::MayBeAsked => {}
        Person::IsAskedElsewhere => return Err("another process is asking for one".to_owned()),
        Person::IsSpared => return Err("nobody is asked while a cached token is valid".to_owned()),
    }
    let code = terminal::ask_for_code(&format!("ecr-login: MFA code for profile `{profile}` ({serial}): "))
        .map_err(|unanswered| unanswered.to_string())?;
    if code.expose().len() == DIGITS && code.expose().bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(format!("what was typed is no code of {DIGITS} digits"))
    }
}

fn kept_session(role: &MfaRole, now: Timestamp) -> Option<Credentials> {
    let file = role.session_file.as_ref()?;
    let directory = PrivateDir::open_as_it_is(file.parent()?).ok()?;
    let contents = directory.read(file.file_name()?.to_str()?, LONGEST_SESSION).ok()??;
    session(&contents, now)
}

/// Reads a session that lasts.
fn session(contents: &[u8], now: Timestamp) -> Option<Credentials> {
    let session: Value = serde_json::from_slice(contents).ok()?;
    let part = |name: &str| session["Credentials"][name].as_str().filter(|part| !part.is_empty());
    // The AWS CLI has the name of the zone behind it, which is always the same one.
    let end = part("Expiration")?.replace("UTC", "Z");
    let end = DateTime::from_str(&end, Format::DateTimeWithOffset).ok()?.secs();
    if end.checked_sub(i64::try_from(now.seconds()).ok()?)? <= MARGIN_SECONDS {
        return None;
    }
    let token = part("SessionToken")?.to_owned();
    Some(Credentials::new(part("AccessKeyId")?, part("SecretAccessKey")?, Some(token), None, PROVIDER))
}

const PROVIDER: &str = "mfa";

/// What STS has answered.
pub(super) struct Session {
    credentials: aws_sdk_sts::types::Credentials,
    user: Option<AssumedRoleUser>,
}

impl From<Session> for Credentials {
    fn from(Session { credentials, user: _ }: Session) -> Self {
        let aws_sdk_sts::types::Credentials { access_key_id, secret_access_key, session_token, .. } = credentials;
        Self::new(access_key_id, secret_access_key, Some(session_token), None, PROVIDER)
    }
}

/// Assumes the role.
pub(super) async fn assume(
    role: &MfaRole,
    code: &Secret,
    now: Timestamp,
    sts: &aws_sdk_sts::Client,
) -> Result<Session, CredentialsError> {
    let MfaRole { role_arn, serial, external_id, session_name, duration_seconds, .. } = role;
    let output = sts
        .assume_role()
        .role_arn(role_arn)
        .serial_number(serial)
        .token_code(code.expose())
        .role_session_name(session_name.clone().unwrap_or_else(|| format!("ecr-login-{}", now.seconds())))
        .set_external_id(external_id.clone())
        .set_duration_seconds(*duration_seconds)
        .send()
        .await
        .map_err(CredentialsError::provider_error)?;
    match output.credentials {
        Some(credentials) => Ok(Session { credentials, user: output.assumed_role_user }),
        None => Err(CredentialsError::provider_error("no credentials in the answer of AWS STS")),
    }
}

/// Keeps a session for the next that needs it. The error is a remark: it's only that a code is asked for sooner.
pub(super) fn keep(role: &MfaRole, session: &Session) -> Result<(), String> {
    let Some((directory, name)) = role.session_file.as_ref().and_then(|file| file.parent().zip(file.file_name()))
    else {
        return Err("the session isn't kept: there is no home directory".to_owned());
    };
    let opened = match PrivateDir::open_as_it_is(directory) {
        Err(Unfit::Missing(_)) => PrivateDir::create(directory),
        opened => opened,
    };
    let written = match opened {
        Ok(directory) => directory.replace(&name.to_string_lossy(), as_the_aws_cli_writes(session).as_bytes()),
        Err(Unfit::Io(error)) => Err(error),
        Err(unfit) => return Err(format!("the session isn't kept: {unfit}")),
    };
    written.map_err(|error| format!("the session isn't kept: {error}: {}", error.source))
}

fn as_the_aws_cli_writes(Session { credentials, user }: &Session) -> String {
    let arn = user.as_ref().map(AssumedRoleUser::arn);
    json!({
        "Credentials": {
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token,
            "Expiration": credentials.expiration.fmt(Format::DateTime).unwrap_or_default(),
            "AccountId": arn.and_then(|arn| arn.split(':').nth(4)),
        },
        "AssumedRoleUser": { "AssumedRoleId": user.as_ref().map(AssumedRoleUser::assumed_role_id), "Arn": arn },
    })
    .to_string()
}
