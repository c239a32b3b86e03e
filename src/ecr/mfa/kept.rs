//! Sessions, kept where the AWS CLI keeps its own and in the same form, so that a code typed for one serves the other:
//! `CachedCredentialFetcher` and `AssumeRoleCredentialFetcher` in
//! <https://github.com/boto/botocore/blob/develop/botocore/credentials.py>.
//!
//! Whatever is wrong with a kept session, it counts as none; that a session can't be kept is no more than a remark.

use std::fmt::Write as _;

use aws_credential_types::Credentials;
use aws_sdk_sts::types::AssumedRoleUser;
use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::PROVIDER;
use crate::clock::Timestamp;
use crate::ecr::client::Session;
use crate::fs::{PrivateDir, UnusableDir};
use crate::identity::MfaRole;

/// A session that ends within this isn't begun with.
const MARGIN_SECONDS: i64 = 60;

/// A session is some 2 KB.
const LONGEST_SESSION: usize = 64 << 10;

/// The session of a role, if there is one that lasts.
pub(super) fn session(role: &MfaRole, now: Timestamp) -> Option<Credentials> {
    let directory = PrivateDir::open_as_it_is(role.sessions.as_ref()?).ok()?;
    let contents = directory.read(&file_name(role), LONGEST_SESSION).ok()??;
    read(&contents, now)
}

/// Reads a session that lasts.
fn read(contents: &[u8], now: Timestamp) -> Option<Credentials> {
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

/// Keeps a session for the next that needs it. The error is a remark: it's only that a code is asked for sooner.
pub(in crate::ecr) fn keep(role: &MfaRole, session: &Session) -> Result<(), String> {
    let Some(directory) = &role.sessions else {
        return Err("the session isn't kept: there is no home directory".to_owned());
    };
    let opened = match PrivateDir::open_as_it_is(directory) {
        Err(UnusableDir::Missing(_)) => PrivateDir::create(directory),
        opened => opened,
    };
    let written = match opened {
        Ok(directory) => directory.replace(&file_name(role), as_the_aws_cli_writes(session).as_bytes()),
        Err(UnusableDir::Io(error)) => Err(error),
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

/// The SHA-1 of what STS is asked, as Python writes it as JSON with its keys in order. The code isn't part of it, nor is the
/// name of a session that has none of its own.
fn file_name(role: &MfaRole) -> String {
    let MfaRole { role_arn, serial, external_id, session_name, duration_seconds, .. } = role;
    let asked = [
        ("DurationSeconds", duration_seconds.map(|seconds| seconds.to_string())),
        ("ExternalId", external_id.as_deref().map(python_json)),
        ("RoleArn", Some(python_json(role_arn))),
        ("RoleSessionName", session_name.as_deref().map(python_json)),
        ("SerialNumber", Some(python_json(serial))),
    ];
    let asked: Vec<_> = asked.into_iter().filter_map(|(name, value)| Some(format!("\"{name}\": {}", value?))).collect();
    format!("{:x}.json", Sha1::digest(format!("{{{}}}", asked.join(", "))))
}

/// A text as Python writes it as JSON: what isn't printable ASCII is escaped.
fn python_json(text: &str) -> String {
    let mut escaped = String::new();
    for character in Value::from(text).to_string().chars() {
        if matches!(character, ' '..='~') {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a text can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::MfaBase;

    /// The names are those that botocore 1.44.5 gives to the same settings.
    #[test]
    fn a_session_is_kept_where_the_aws_cli_looks_for_it() {
        let plain = MfaRole {
            role_arn: "arn:aws:iam::111122223333:role/pull".to_owned(),
            serial: "arn:aws:iam::111122223333:mfa/dev".to_owned(),
            external_id: None,
            session_name: None,
            duration_seconds: None,
            base: MfaBase::Profile("base".to_owned()),
            endpoint_url: None,
            sessions: None,
        };
        let external = |id: &str| MfaRole { external_id: Some(id.to_owned()), ..plain.clone() };
        for (role, name) in [
            (plain.clone(), "f4ef485cfbc7a3adac3d865d45dec1165d70cd59.json"),
            (
                MfaRole { duration_seconds: Some(3_600), ..plain.clone() },
                "8194f20c951e8d18111937b2e3aac52330cca9e3.json",
            ),
            (external(""), "6a1995a4b63a0394746444831aebc88757e1f5c2.json"),
            (external("blå 😀\u{7f}"), "91d88445b41cffc0d4ab2e9bc10951e99a6d2ee1.json"),
            (
                MfaRole {
                    session_name: Some("me@example.com".to_owned()),
                    duration_seconds: Some(3_600),
                    ..external("a \"b\"\\")
                },
                "14e88f9e0d939f184e241bfeb7afab29f85a5634.json",
            ),
        ] {
            assert_eq!(file_name(&role), name, "{role:?}");
        }
    }
}
