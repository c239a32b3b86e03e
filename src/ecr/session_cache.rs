//! The session cache of the AWS CLI: sessions of MFA roles, shared with the CLI, so that a code
//! entered for one serves the other. Same directory, names and form: `CachedCredentialFetcher` and
//! `AssumeRoleCredentialFetcher` in
//! <https://github.com/boto/botocore/blob/develop/botocore/credentials.py>.
//!
//! An unreadable session is treated as missing. If a session can't be saved, that is only a
//! warning.

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_sts::types::{AssumedRoleUser, Credentials};
use aws_smithy_types::date_time::Format;
use serde_json::{Value, json};

use super::sts::Session;
use super::times;
use crate::arn;
use crate::clock::Timestamp;
use crate::fs::{PrivateDir, UnusableDir};
use crate::identity::{Keys, MfaDevice, RoleStep};

/// A session that expires within this time isn't used.
const MARGIN: Duration = Duration::from_mins(1);

/// A session has about 2 KB.
const LONGEST_SESSION: usize = 64 << 10;

/// The credentials of a role's session, if it is valid.
pub(super) fn load(role: &RoleStep, device: &MfaDevice, now: Timestamp) -> Option<Keys> {
    let directory = PrivateDir::open_as_it_is(device.sessions.as_ref()?).ok()?;
    let contents = directory.read(&file_name(role, device), LONGEST_SESSION).ok()??;
    parse(&contents, now)
}

/// Saves a session. The error is a warning: the next code is needed sooner.
pub(super) fn save(role: &RoleStep, device: &MfaDevice, session: &Session) -> Result<(), String> {
    try_save(role, device, session).map_err(|reason| format!("the MFA session was not saved: {reason}"))
}

fn try_save(role: &RoleStep, device: &MfaDevice, session: &Session) -> Result<(), String> {
    let path = device.sessions.as_ref().ok_or("there is no home directory")?;
    let directory = match PrivateDir::open_as_it_is(path) {
        Err(UnusableDir::Missing(_)) => PrivateDir::create(path),
        opened => opened,
    };
    let written = match directory {
        Ok(directory) => directory.replace(&file_name(role, device), to_json(session).as_bytes()),
        Err(UnusableDir::Io(error)) => Err(error),
        Err(unusable) => return Err(unusable.to_string()),
    };
    written.map_err(|error| format!("{error}: {}", error.source))
}

pub(super) fn parse(contents: &[u8], now: Timestamp) -> Option<Keys> {
    let session: Value = serde_json::from_slice(contents).ok()?;
    let text = |name: &str| session["Credentials"][name].as_str().filter(|text| !text.is_empty());
    if times::parse(text("Expiration")?)?.since(now) <= MARGIN {
        return None;
    }
    Keys::new(text("AccessKeyId")?, text("SecretAccessKey")?, Some(text("SessionToken")?)).ok()
}

/// The form that the AWS CLI writes.
fn to_json(Session { credentials, user }: &Session) -> String {
    let arn = user.as_ref().map(AssumedRoleUser::arn);
    let credentials = credentials.as_ref();
    json!({
        "Credentials": {
            "AccessKeyId": credentials.map(Credentials::access_key_id),
            "SecretAccessKey": credentials.map(Credentials::secret_access_key),
            "SessionToken": credentials.map(Credentials::session_token),
            "Expiration": credentials.and_then(|credentials| credentials.expiration.fmt(Format::DateTime).ok()),
            "AccountId": arn.and_then(arn::account),
        },
        "AssumedRoleUser": { "AssumedRoleId": user.as_ref().map(AssumedRoleUser::assumed_role_id), "Arn": arn },
    })
    .to_string()
}

/// The SHA-1 of the parameters of `AssumeRole`, as JSON with sorted keys as Python writes it. The
/// code isn't one of them, nor is the name of a session without a configured name.
fn file_name(role: &RoleStep, device: &MfaDevice) -> String {
    let RoleStep { arn, external_id, session_name, duration_seconds, .. } = role;
    let parameters = [
        ("DurationSeconds", duration_seconds.map(|seconds| seconds.to_string())),
        ("ExternalId", external_id.as_deref().map(python_json)),
        ("RoleArn", Some(python_json(arn))),
        ("RoleSessionName", session_name.as_deref().map(python_json)),
        ("SerialNumber", Some(python_json(&device.serial))),
    ];
    let members = parameters.into_iter().filter_map(|(name, value)| Some(format!("\"{name}\": {}", value?)));
    let members: Vec<String> = members.collect();
    times::sha1_json(&format!("{{{}}}", members.join(", ")))
}

/// A JSON string as Python writes it: everything except printable ASCII is escaped.
fn python_json(text: &str) -> String {
    let mut escaped = String::new();
    for character in Value::from(text).to_string().chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::RoleOrigin;

    /// The names are those that botocore 1.44.5 gives to the same settings.
    #[test]
    fn a_session_is_saved_where_the_aws_cli_looks_for_it() {
        let device = MfaDevice { serial: "arn:aws:iam::111122223333:mfa/dev".to_owned(), sessions: None };
        let plain = RoleStep {
            origin: RoleOrigin::Profile("dev".to_owned()),
            arn: "arn:aws:iam::111122223333:role/pull".to_owned(),
            external_id: None,
            session_name: None,
            duration_seconds: None,
            mfa: Some(device.clone()),
            endpoint_url: None,
        };
        let external = |id: &str| RoleStep { external_id: Some(id.to_owned()), ..plain.clone() };
        let named = RoleStep {
            session_name: Some("me@example.com".to_owned()),
            duration_seconds: Some(3_600),
            ..external("a \"b\"\\")
        };
        let an_hour = RoleStep { duration_seconds: Some(3_600), ..plain.clone() };
        for (role, name) in [
            (&plain, "f4ef485cfbc7a3adac3d865d45dec1165d70cd59.json"),
            (&an_hour, "8194f20c951e8d18111937b2e3aac52330cca9e3.json"),
            (&external(""), "6a1995a4b63a0394746444831aebc88757e1f5c2.json"),
            (&external("bl\u{e5} \u{1f600}\u{7f}"), "91d88445b41cffc0d4ab2e9bc10951e99a6d2ee1.json"),
            (&named, "14e88f9e0d939f184e241bfeb7afab29f85a5634.json"),
        ] {
            assert_eq!(file_name(role, &device), name, "{role:?}");
        }
    }
}
