//! What to do about a failure to get a token: a command, if one can put it right.

use std::path::Path;

use super::check::Remedy;
use super::text::{Kind, Text};
use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::registry::Service;

/// The remedy of a failure.
pub(super) fn of(failure: &Failure, service: Service) -> Remedy {
    let for_profile = |command: &str, profile: &str| {
        Remedy::run(Text::new(format!("{command} --profile ")).argument(Kind::Profile, profile))
    };
    match &failure.kind {
        FailureKind::SsoExpired { profile } => for_profile("aws sso login", profile),
        FailureKind::LoginExpired { profile } => for_profile("aws login", profile),
        FailureKind::MfaRequired { profile } => for_profile("aws sts get-caller-identity", profile),
        FailureKind::NoCredentials | FailureKind::ImdsUnreachable => Remedy::run("aws configure"),
        kind => {
            let hint = kind.hint(service).into_owned();
            let mut letters = hint.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            Remedy::advice(format!("{first}{}", letters.as_str()))
        }
    }
}

/// The variables that a message about an invalid setting may be about.
const SETTINGS: [&str; 17] = [
    names::MAX_ATTEMPTS,
    names::RETRY_MODE,
    names::METADATA_ENDPOINT,
    names::METADATA_ENDPOINT_MODE,
    names::CONTAINER_FULL_URI,
    names::CONTAINER_TOKEN_FILE,
    names::WEB_IDENTITY_TOKEN_FILE,
    names::ENDPOINT_URL_ECR,
    names::ENDPOINT_URL_ECR_PUBLIC,
    names::ENDPOINT_URL_STS,
    names::ENDPOINT_URL_SSO,
    names::ENDPOINT_URL,
    names::CA_BUNDLE,
    names::SSL_CERT_FILE,
    names::SSL_CERT_DIR,
    names::CONFIG_FILE,
    names::SHARED_CREDENTIALS_FILE,
];

/// The variable that a message about an invalid setting names, by its name or by its value, if it is set.
pub(super) fn variable_in(env: &Env, message: &str) -> Option<&'static str> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let is_meant = |name: &&str| {
        let value = env.text(name);
        value.is_some_and(|value| quoted.contains(name) || quoted.contains(&value.as_str()))
    };
    SETTINGS.into_iter().find(is_meant)
}

/// Opens a file at a line in the user's editor.
pub(super) fn edit(file: &Path, line: usize) -> Remedy {
    let at = if line > 1 { format!("+{line} ") } else { String::new() };
    Remedy::run(Text::new(format!("${{EDITOR:-vi}} {at}")).path_argument(file))
}
