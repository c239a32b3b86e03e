//! Roles that need a code of a multi-factor authentication (MFA) device (`mfa_serial`), which the
//! SDK doesn't support.
//!
//! The code is prompted for before the time limit begins, and only without a valid session in the
//! [`session_cache`].

use aws_credential_types::Credentials;

use super::session_cache;
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::MfaPrompt;
use crate::identity::{ChainStep, MfaRole, StepKind};
use crate::secret::Secret;
use crate::terminal;

/// The length of the codes of every kind of device that IAM supports:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const CODE_LENGTH: usize = 6;

/// The name of the provider of MFA sessions that the SDK is told.
pub(super) const PROVIDER: &str = "mfa";

/// The steps of a chain that are left to do, without any further prompt.
#[derive(Default)]
pub(super) struct PreparedSteps<'a> {
    /// The output of the highest step with a valid session, which replaces the steps below it.
    pub(super) session: Option<StepOutput<'a>>,
    /// The steps above it, from the base up.
    pub(super) remaining: Vec<PreparedStep<'a>>,
}

/// The credentials that a step results in.
pub(super) struct StepOutput<'a> {
    /// The profile that uses them; `None` after the last step.
    pub(super) dependent: Option<&'a str>,
    pub(super) credentials: Credentials,
}

/// A step that is left to do.
pub(super) struct PreparedStep<'a> {
    pub(super) profile: &'a str,
    pub(super) dependent: Option<&'a str>,
    pub(super) action: Action<'a>,
}

/// What a step does.
pub(super) enum Action<'a> {
    RunProcess { command: &'a Secret },
    AssumeRole { role: &'a MfaRole, code: Secret },
}

/// Whether [`prepare`] would prompt.
pub(super) fn needs_code(steps: &[ChainStep], now: Timestamp) -> bool {
    let (_, remaining) = split_at_session(steps, now);
    remaining.iter().any(|step| matches!(step.kind, StepKind::Mfa(_)))
}

/// Looks for a valid session, and prompts for the codes of the roles above it, in the order in
/// which they are used.
pub(super) fn prepare(steps: &[ChainStep], now: Timestamp, prompt: MfaPrompt) -> Result<PreparedSteps<'_>, Failure> {
    let (session, steps) = split_at_session(steps, now);
    let mut remaining = Vec::with_capacity(steps.len());
    for ChainStep { profile, dependent, kind } in steps {
        let action = match kind {
            StepKind::Process { command } => Action::RunProcess { command },
            StepKind::Mfa(role) => {
                let code = prompt_for_code(profile, &role.serial, prompt)
                    .map_err(|reason| Failure::new(FailureKind::MfaRequired { profile: profile.clone() }, reason))?;
                Action::AssumeRole { role, code }
            }
        };
        remaining.push(PreparedStep { profile, dependent: dependent.as_deref(), action });
    }
    Ok(PreparedSteps { session, remaining })
}

/// The output of the highest step with a valid session, and the steps above it.
fn split_at_session(steps: &[ChainStep], now: Timestamp) -> (Option<StepOutput<'_>>, &[ChainStep]) {
    for (index, step) in steps.iter().enumerate().rev() {
        if let StepKind::Mfa(role) = &step.kind
            && let Some(credentials) = session_cache::load(role, now)
        {
            let session = StepOutput { dependent: step.dependent.as_deref(), credentials };
            return (Some(session), &steps[index + 1..]);
        }
    }
    (None, steps)
}

fn prompt_for_code(profile: &str, serial: &str, prompt: MfaPrompt) -> Result<Secret, String> {
    match prompt {
        MfaPrompt::Allowed => {}
        MfaPrompt::InOtherProcess => return Err("another process is already asking for one".to_owned()),
        MfaPrompt::Suppressed => return Err("no prompt while a cached token is valid".to_owned()),
    }
    let code = terminal::prompt_for_code(&format!("ecr-login: MFA code for profile `{profile}` ({serial}): "))
        .map_err(|error| error.to_string())?;
    if code.expose().len() == CODE_LENGTH && code.expose().bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(format!("the input is not a code of {CODE_LENGTH} digits"))
    }
}
