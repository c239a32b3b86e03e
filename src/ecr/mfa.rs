//! Roles that need a code of a multi-factor authentication (MFA) device (`mfa_serial`).
//!
//! The code is prompted for before the time limit begins, and only without a valid session in the [`session_cache`].

use super::session_cache;
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::fetch::MfaPrompt;
use crate::identity::{Keys, RoleStep};
use crate::secret::Secret;
use crate::terminal;

/// The length of the codes of every kind of device that IAM supports:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const CODE_LENGTH: usize = 6;

/// What is left to do of a plan's roles, without any further prompt.
pub(super) struct PreparedRoles {
    /// The credentials of the last role with a valid session, and how many roles they replace.
    pub(super) session: Option<(Keys, usize)>,
    /// For each role after that, the code of its device, if it has one.
    pub(super) codes: Vec<Option<Secret>>,
}

/// Whether [`prepare`] would prompt.
pub(super) fn needs_code(roles: &[RoleStep], now: Timestamp) -> bool {
    let assumed = session(roles, now).map_or(0, |(_, assumed)| assumed);
    roles[assumed..].iter().any(|role| role.mfa.is_some())
}

/// Looks for a valid session, and prompts for the codes of the roles after it, in the order in which they are used.
pub(super) fn prepare(roles: &[RoleStep], now: Timestamp, prompt: MfaPrompt) -> Result<PreparedRoles, Failure> {
    let session = session(roles, now);
    let assumed = session.as_ref().map_or(0, |(_, assumed)| *assumed);
    let codes = roles[assumed..].iter().map(|role| match &role.mfa {
        None => Ok(None),
        Some(device) => {
            let profile = role.name().to_owned();
            prompt_for_code(&profile, &device.serial, prompt)
                .map(Some)
                .map_err(|reason| Failure::new(FailureKind::MfaRequired { profile }, reason))
        }
    });
    Ok(PreparedRoles { codes: codes.collect::<Result<_, _>>()?, session })
}

/// The credentials of the last role with a valid session, and how many roles they replace.
fn session(roles: &[RoleStep], now: Timestamp) -> Option<(Keys, usize)> {
    roles.iter().enumerate().rev().find_map(|(index, role)| {
        let keys = session_cache::load(role, role.mfa.as_ref()?, now)?;
        Some((keys, index + 1))
    })
}

fn prompt_for_code(profile: &str, serial: &str, prompt: MfaPrompt) -> Result<Secret, String> {
    match prompt {
        MfaPrompt::Allowed => {}
        MfaPrompt::InOtherProcess => return Err("another process is already asking for one".to_owned()),
        MfaPrompt::Suppressed => return Err("no prompt while a cached token is valid".to_owned()),
        MfaPrompt::Unattended => return Err("no prompt on behalf of the kubelet or a build".to_owned()),
    }
    let code = terminal::prompt_for_code(&format!("ecr-login: MFA code for profile `{profile}` ({serial}): "))
        .map_err(|error| error.to_string())?;
    if code.expose().len() == CODE_LENGTH && code.expose().bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(code)
    } else {
        Err(format!("the input is not a code of {CODE_LENGTH} digits"))
    }
}
