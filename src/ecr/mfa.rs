//! Roles that want a code of a multi-factor device (`mfa_serial`), which the SDK doesn't know.
//!
//! The code is asked for before anything that has a limit is begun, and only where there is no session that lasts; see
//! [`kept`].

mod kept;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;

use super::client::{self, Session};
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::MfaPrompt;
use crate::identity::{ChainStep, MfaRole, StepKind};
use crate::secret::Secret;
use crate::terminal;
pub(super) use kept::keep;

/// As many digits have the codes of every device that IAM knows:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const DIGITS: usize = 6;

/// What is left to do of our links of a chain, now that nobody need be asked any more.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// A session that lasts, and the link that it is of: nothing below has to be done.
    pub(super) kept: Option<(&'a ChainStep, Credentials)>,
    /// The links above it, from the base up.
    pub(super) todo: Vec<Todo<'a>>,
}

/// A link that has to be done.
pub(super) struct Todo<'a> {
    pub(super) link: &'a ChainStep,
    /// The code that a person typed; empty where the link needs none.
    pub(super) code: Secret,
}

/// Whether [`plan`] would ask a person.
pub(super) fn needs_code(own: &[ChainStep], now: Timestamp) -> bool {
    let (_, links) = split(own, now);
    links.iter().any(|link| matches!(link.kind, StepKind::Mfa(_)))
}

/// Looks for a session that lasts, and asks for the codes that it takes without one, in the order in which they are used.
pub(super) fn plan(own: &[ChainStep], now: Timestamp, prompt: MfaPrompt) -> Result<Plan<'_>, Failure> {
    let (kept, links) = split(own, now);
    let mut plan = Plan { kept, todo: Vec::with_capacity(links.len()) };
    for link in links {
        let code = match &link.kind {
            StepKind::Process { .. } => Secret::from(""),
            StepKind::Mfa(role) => ask(&link.profile, &role.serial, prompt)
                .map_err(|why| Failure::new(FailureKind::MfaNeeded { profile: link.profile.clone() }, why))?,
        };
        plan.todo.push(Todo { link, code });
    }
    Ok(plan)
}

/// The highest link with a session that lasts, and the links above it.
fn split(own: &[ChainStep], now: Timestamp) -> (Option<(&ChainStep, Credentials)>, &[ChainStep]) {
    for (index, link) in own.iter().enumerate().rev() {
        if let StepKind::Mfa(role) = &link.kind
            && let Some(session) = kept::session(role, now)
        {
            return (Some((link, session)), &own[index + 1..]);
        }
    }
    (None, own)
}

fn ask(profile: &str, serial: &str, prompt: MfaPrompt) -> Result<Secret, String> {
    match prompt {
        MfaPrompt::Allowed => {}
        MfaPrompt::InOtherProcess => return Err("another process is asking for one".to_owned()),
        MfaPrompt::Suppressed => return Err("nobody is asked while a cached token is valid".to_owned()),
    }
    let code = terminal::ask_for_code(&format!("ecr-login: MFA code for profile `{profile}` ({serial}): "))
        .map_err(|unanswered| unanswered.to_string())?;
    if code.expose().len() == DIGITS && code.expose().bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(format!("what was typed is no code of {DIGITS} digits"))
    }
}

/// Who the SDK is told has given the credentials.
pub(super) const PROVIDER: &str = "mfa";

/// Assumes the role.
pub(super) async fn assume(
    role: &MfaRole,
    code: &Secret,
    now: Timestamp,
    sts: &aws_sdk_sts::Client,
) -> Result<Session, CredentialsError> {
    let MfaRole { role_arn, serial, external_id, session_name, duration_seconds, .. } = role;
    let request = sts
        .assume_role()
        .role_arn(role_arn)
        .serial_number(serial)
        .token_code(code.expose())
        .role_session_name(session_name.clone().unwrap_or_else(|| format!("ecr-login-{}", now.seconds())))
        .set_external_id(external_id.clone())
        .set_duration_seconds(*duration_seconds);
    client::assume(request).await
}
