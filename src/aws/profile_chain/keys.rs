//! The key pair of a profile.

use crate::aws::profile_file::{Profile, Section};
use crate::error::Failure;
use crate::identity::Keys;

/// The key pair of a profile, which the credentials file has rather than the config file.
/// Error: half of a pair, which the Go SDK refuses, or a part that can't be sent.
pub(super) fn own_keys(name: &str, profile: &Profile<'_>) -> Result<Option<Keys>, Failure> {
    match keys_in(&profile.credentials, name)? {
        None if profile.credentials.get("aws_secret_access_key").is_some() => Err(Failure::misconfigured(format!(
            "profile `{name}` has an `aws_secret_access_key` without `aws_access_key_id` in the credentials file"
        ))),
        None => keys_in(&profile.config, name),
        found => Ok(found),
    }
}

/// The key pair in a section. A secret without its ID is passed over, as in the AWS CLI.
/// Error: an ID without its secret, which both the AWS CLI and the Go SDK refuse, or a part that can't be sent.
pub(super) fn keys_in(section: &Section<'_>, profile: &str) -> Result<Option<Keys>, Failure> {
    let Some(id) = section.get("aws_access_key_id") else { return Ok(None) };
    let Some(secret) = section.get("aws_secret_access_key") else {
        let problem = "an `aws_access_key_id` without `aws_secret_access_key` in the same file";
        return Err(Failure::misconfigured(format!("profile `{profile}` has {problem}")));
    };
    let token = section.get("aws_security_token").or_else(|| section.get("aws_session_token"));
    let keys = Keys::new(id, secret, token);
    keys.map(Some).map_err(|invalid| Failure::misconfigured(format!("{invalid}, in profile `{profile}`")))
}
