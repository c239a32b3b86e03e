//! Roles that want a code of a multi-factor device, and where their sessions are kept:
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html#cli-configure-role-mfa>.
//!
//! A session lies where the AWS CLI keeps its own, under the same name, so that a code typed for one serves the other:
//! `AssumeRoleCredentialFetcher` in <https://github.com/boto/botocore/blob/develop/botocore/credentials.py>.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use sha1::{Digest, Sha1};

use super::{directories, endpoint, wrong};
use crate::env::Env;
use crate::error::Failure;
use crate::scope::{MfaBase, MfaRole};
use crate::secret::Secret;
use crate::settings::profile_file::{Profiles, Section};

/// The role of a profile that has a `role_arn`, if it wants a code.
///
/// # Errors
/// It could never be assumed, or not with the code: it's never tried without.
pub(super) fn role(
    env: &Env,
    profiles: &Profiles<'_>,
    name: &str,
    profile: &Section<'_>,
) -> Result<Option<MfaRole>, Failure> {
    let (Some(role_arn), Some(serial)) = (profile.get("role_arn"), profile.get("mfa_serial")) else { return Ok(None) };
    if serial.trim().is_empty() {
        return Err(wrong(format!("`mfa_serial` of profile `{name}` is empty")));
    }
    let base = match (profile.get("source_profile"), profile.get("credential_source")) {
        // The device must be one of the user who calls, and these are no users.
        (None, Some(_)) => {
            return Err(wrong(format!(
                "profile `{name}` has an `mfa_serial` and a `credential_source`: name the profile of the user whose MFA \
                 device it is as `source_profile`"
            )));
        }
        // As for the AWS CLI: only keys can stand beside the role.
        (Some(own), None) if own == name => own_keys(profile).ok_or_else(|| {
            wrong(format!("profile `{name}` has an `mfa_serial` and names itself as `source_profile`, but has no keys"))
        })?,
        (Some(other), None) => MfaBase::Profile(other.to_owned()),
        // A mistake of every role, which the caller names.
        (None, None) | (Some(_), Some(_)) => return Ok(None),
    };
    let duration_seconds = match profile.get("duration_seconds").map(|text| (text, text.trim().parse())) {
        None => None,
        Some((_, Ok(seconds @ 1..))) => Some(seconds),
        Some((text, _)) => {
            return Err(wrong(format!("`duration_seconds = {text}` of profile `{name}` is no number of seconds")));
        }
    };
    let owned = |key: &str| profile.get(key).map(str::to_owned);
    let role = MfaRole {
        role_arn: role_arn.to_owned(),
        serial: serial.to_owned(),
        external_id: owned("external_id"),
        session_name: owned("role_session_name").filter(|name| !name.is_empty()),
        duration_seconds,
        base,
        endpoint_url: endpoint::url_of_sts(env, profiles)?,
        session_file: None,
    };
    Ok(Some(MfaRole { session_file: session_file(env, &role), ..role }))
}

fn own_keys(profile: &Section<'_>) -> Option<MfaBase> {
    Some(MfaBase::Keys {
        access_key_id: profile.get("aws_access_key_id")?.to_owned(),
        secret_access_key: Secret::from(profile.get("aws_secret_access_key")?),
        session_token: profile.get("aws_session_token").map(Secret::from),
    })
}

fn session_file(env: &Env, role: &MfaRole) -> Option<PathBuf> {
    Some(directories::cli_cache(env)?.join(session_file_name(role)))
}

/// The SHA-1 of what STS is asked, as Python writes it as JSON with its keys in order. The code isn't part of it, nor is the
/// name of a session that has none of its own.
fn session_file_name(role: &MfaRole) -> String {
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
    use std::path::Path;

    use super::*;
    use crate::error::FailureKind;

    const ROLE: &str =
        "role_arn = arn:aws:iam::111122223333:role/pull\nmfa_serial = arn:aws:iam::111122223333:mfa/dev\n";

    fn of(settings: &str) -> Result<Option<MfaRole>, Failure> {
        let config = format!("[profile dev]\n{settings}");
        let profiles = Profiles::parse(&config, "").expect("a good file");
        let profile = profiles.profile("dev").expect("it is there");
        role(&Env::fixed([("HOME", "/home/me")]), &profiles, "dev", &profile)
    }

    /// The names are those that botocore 1.44.5 gives to the same settings.
    #[test]
    fn a_session_is_kept_where_the_aws_cli_looks_for_it() {
        for (settings, name) in [
            ("", "f4ef485cfbc7a3adac3d865d45dec1165d70cd59"),
            ("role_session_name =\n", "f4ef485cfbc7a3adac3d865d45dec1165d70cd59"),
            ("duration_seconds = 03600\n", "8194f20c951e8d18111937b2e3aac52330cca9e3"),
            ("external_id =\n", "6a1995a4b63a0394746444831aebc88757e1f5c2"),
            ("external_id = blå 😀\u{7f}\n", "91d88445b41cffc0d4ab2e9bc10951e99a6d2ee1"),
            (
                "external_id = a \"b\"\\\nrole_session_name = me@example.com\nduration_seconds = 3600\n",
                "14e88f9e0d939f184e241bfeb7afab29f85a5634",
            ),
        ] {
            let role = of(&format!("{ROLE}source_profile = base\n{settings}")).expect(settings).expect(settings);
            let expected = Path::new("/home/me/.aws/cli/cache").join(format!("{name}.json"));
            assert_eq!(role.session_file, Some(expected), "{settings}");
        }
    }

    #[test]
    fn a_role_without_a_device_or_a_device_without_a_role_asks_for_no_code() {
        for settings in ["role_arn = r\nsource_profile = base\n", "mfa_serial = s\naws_access_key_id = x\n"] {
            assert!(of(settings).expect(settings).is_none(), "{settings}");
        }
    }

    #[test]
    fn the_keys_beside_a_role_that_names_itself_assume_it() {
        let keys = "aws_access_key_id = AKIA\naws_secret_access_key = hush\naws_session_token = token\n";
        let role = of(&format!("{ROLE}source_profile = dev\n{keys}")).expect("keys").expect("a role");
        let MfaBase::Keys { access_key_id, secret_access_key, session_token } = role.base else { panic!("keys") };
        assert_eq!((access_key_id.as_str(), secret_access_key.expose()), ("AKIA", "hush"));
        assert_eq!(session_token, Some(Secret::from("token")));
    }

    #[test]
    fn a_role_that_cannot_be_assumed_with_a_code_is_named_and_never_tried_without() {
        for (settings, message) in [
            (
                "role_arn = r\nmfa_serial =\nsource_profile = base\n",
                "`mfa_serial` of profile `dev` is empty".to_owned(),
            ),
            (
                &*format!("{ROLE}credential_source = Ec2InstanceMetadata\n"),
                "profile `dev` has an `mfa_serial` and a `credential_source`: name the profile of the user whose MFA \
                 device it is as `source_profile`"
                    .to_owned(),
            ),
            (
                &format!("{ROLE}source_profile = dev\naws_access_key_id = AKIA\n"),
                "profile `dev` has an `mfa_serial` and names itself as `source_profile`, but has no keys".to_owned(),
            ),
            (
                &format!("{ROLE}source_profile = base\nduration_seconds = 1h\n"),
                "`duration_seconds = 1h` of profile `dev` is no number of seconds".to_owned(),
            ),
            (
                &format!("{ROLE}source_profile = base\nduration_seconds = 0\n"),
                "`duration_seconds = 0` of profile `dev` is no number of seconds".to_owned(),
            ),
        ] {
            let failure = of(settings).expect_err(settings);
            assert_eq!((failure.kind, failure.detail), (FailureKind::Misconfigured, message), "{settings}");
        }
    }
}
