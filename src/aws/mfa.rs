//! Roles that need a code from an MFA device, as profiles configure them:
//! <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html#cli-configure-role-mfa>.

use super::RegistrySettings;
use super::endpoint::AwsService;
use super::profile_file::Section;
use crate::error::Failure;
use crate::identity::{MfaBase, MfaRole};
use crate::paths;
use crate::secret::Secret;

/// The role of a profile that has a `role_arn`, if it needs a code.
/// Error: it could never be assumed, or not with the code: it is never tried without.
pub(super) fn role(
    settings: &RegistrySettings<'_>,
    name: &str,
    profile: &Section<'_>,
) -> Result<Option<MfaRole>, Failure> {
    let (Some(role_arn), Some(serial)) = (profile.get("role_arn"), profile.get("mfa_serial")) else { return Ok(None) };
    if serial.trim().is_empty() {
        return Err(Failure::misconfigured(format!("`mfa_serial` of profile `{name}` is empty")));
    }
    let base = match (profile.get("source_profile"), profile.get("credential_source")) {
        // The device must belong to the user who calls, and these sources aren't users.
        (None, Some(_)) => {
            return Err(Failure::misconfigured(format!(
                "profile `{name}` has an `mfa_serial` and a `credential_source`; instead, name the profile of the user \
                 with that MFA device as `source_profile`"
            )));
        }
        // As in the AWS CLI, only keys can stand beside the role.
        (Some(source), None) if source == name => own_keys(profile).ok_or_else(|| {
            Failure::misconfigured(format!(
                "profile `{name}` has an `mfa_serial` and names itself as `source_profile`, but has no keys"
            ))
        })?,
        (Some(source), None) => MfaBase::Profile(source.to_owned()),
        // The caller reports this mistake, which every role can have.
        (None, None) | (Some(_), Some(_)) => return Ok(None),
    };
    let duration_seconds = match profile.get("duration_seconds").map(|text| (text, text.trim().parse())) {
        None => None,
        Some((_, Ok(seconds @ 1..))) => Some(seconds),
        Some((text, _)) => {
            return Err(Failure::misconfigured(format!(
                "`duration_seconds = {text}` of profile `{name}` is not a number of seconds"
            )));
        }
    };
    let owned = |key: &str| profile.get(key).map(str::to_owned);
    Ok(Some(MfaRole {
        role_arn: role_arn.to_owned(),
        serial: serial.to_owned(),
        external_id: owned("external_id"),
        session_name: owned("role_session_name").filter(|name| !name.is_empty()),
        duration_seconds,
        base,
        endpoint_url: settings.url(AwsService::Sts)?,
        sessions: paths::aws_session_cache(settings.env),
    }))
}

fn own_keys(profile: &Section<'_>) -> Option<MfaBase> {
    Some(MfaBase::Keys {
        access_key_id: profile.get("aws_access_key_id")?.to_owned(),
        secret_access_key: Secret::from(profile.get("aws_secret_access_key")?),
        session_token: profile.get("aws_session_token").map(Secret::from),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::aws::fixture::with_settings;
    use crate::error::FailureKind;

    const ROLE: &str =
        "role_arn = arn:aws:iam::111122223333:role/pull\nmfa_serial = arn:aws:iam::111122223333:mfa/dev\n";

    fn of(settings: &str) -> Result<Option<MfaRole>, Failure> {
        let config = format!("[profile dev]\n{settings}");
        with_settings("public.ecr.aws", &[("HOME", "/home/me"), ("AWS_PROFILE", "dev")], &config, |settings| {
            role(settings, "dev", settings.profile.as_ref().expect("it is there"))
        })
    }

    #[test]
    fn a_role_has_what_the_profile_says_of_it() {
        let more = "external_id = blue\nrole_session_name = me\nduration_seconds = 03600\nsource_profile = base\n";
        let role = of(&format!("{ROLE}{more}")).expect(more).expect("a role");
        assert_eq!((role.external_id.as_deref(), role.session_name.as_deref()), (Some("blue"), Some("me")));
        assert_eq!(role.duration_seconds, Some(3_600));
        assert_eq!(role.sessions.as_deref(), Some(Path::new("/home/me/.aws/cli/cache")));

        // As in the AWS CLI, an empty name counts as missing, and an empty ID doesn't.
        let role = of(&format!("{ROLE}external_id =\nrole_session_name =\nsource_profile = base\n"));
        let role = role.expect("good settings").expect("a role");
        assert_eq!((role.external_id.as_deref(), role.session_name), (Some(""), None));
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
                "profile `dev` has an `mfa_serial` and a `credential_source`; instead, name the profile of the user \
                 with that MFA device as `source_profile`"
                    .to_owned(),
            ),
            (
                &format!("{ROLE}source_profile = dev\naws_access_key_id = AKIA\n"),
                "profile `dev` has an `mfa_serial` and names itself as `source_profile`, but has no keys".to_owned(),
            ),
            (
                &format!("{ROLE}source_profile = base\nduration_seconds = 1h\n"),
                "`duration_seconds = 1h` of profile `dev` is not a number of seconds".to_owned(),
            ),
            (
                &format!("{ROLE}source_profile = base\nduration_seconds = 0\n"),
                "`duration_seconds = 0` of profile `dev` is not a number of seconds".to_owned(),
            ),
        ] {
            let failure = of(settings).expect_err(settings);
            assert_eq!((failure.kind, failure.detail), (FailureKind::Misconfigured, message), "{settings}");
        }
    }
}
