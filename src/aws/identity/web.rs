//! Web identities: a token, and the role that it is for.

use std::path::PathBuf;

use super::Found;
use crate::aws::RegistrySettings;
use crate::aws::endpoint::AwsService;
use crate::aws::facts::Facts;
use crate::aws::profile_file::Profile;
use crate::env::names;
use crate::error::Failure;
use crate::identity::{Base, CredentialSource, ProfileBase, RoleOrigin, RoleStep};
use crate::paths;

/// The profile whose settings make up for missing variables: the active one, unless it has a role without a token file. That
/// role wants another source.
pub(in crate::aws) fn profile_of<'s>(settings: &'s RegistrySettings<'_>) -> Option<&'s Profile<'s>> {
    let is_meant = |profile: &&Profile<'_>| {
        profile.whole("web_identity_token_file").is_some() || profile.get("role_arn").is_none()
    };
    settings.profile.as_ref().filter(is_meant)
}

/// A web identity: each setting of the environment, else of the profile; of the profile alone where that was named.
pub(in crate::aws) fn web_identity(
    settings: &RegistrySettings<'_>,
    facts: &mut Facts<'_>,
) -> Result<Option<Found>, Failure> {
    let (active, env) = (&settings.active, settings.env);
    let from_env = |name| env.text(name).filter(|_| !active.overrides_keys());
    let profile = profile_of(settings);
    let from_profile = |key: &str| profile.and_then(|profile| profile.get(key)).map(str::to_owned);
    let variable = env.path(names::WEB_IDENTITY_TOKEN_FILE).filter(|_| !active.overrides_keys());
    let file = variable.as_ref().map(|file| paths::expand_tilde(env, file));
    let Some(file) = file.or_else(|| token_file_of(settings, profile?)) else { return Ok(None) };
    let Some(arn) = from_env(names::ROLE_ARN).or_else(|| from_profile("role_arn")) else {
        return Err(Failure::misconfigured(match variable {
            Some(_) => format!("`{}` is set, but `{}` is not", names::WEB_IDENTITY_TOKEN_FILE, names::ROLE_ARN),
            None => format!("{} has a `web_identity_token_file` but no `role_arn`", active.described()),
        }));
    };
    let name = active.name.clone();
    let (source, origin) = if variable.is_some() {
        (CredentialSource::WebIdentity, RoleOrigin::Environment)
    } else {
        let base = ProfileBase::WebIdentity;
        (CredentialSource::Profile { name: name.clone(), base }, RoleOrigin::Profile(name))
    };
    facts.add("source", "web identity");
    let session_name = from_env(names::ROLE_SESSION_NAME).or_else(|| from_profile("role_session_name"));
    let endpoint_url = facts.endpoint(AwsService::Sts)?;
    let (external_id, duration_seconds, mfa) = (None, None, None);
    let role = RoleStep { origin, arn, external_id, session_name, duration_seconds, mfa, endpoint_url };
    facts.add_role(&role);
    let token = facts.token_file(&file)?;
    Ok(Some((source, Base::WebIdentity { role, token }, Vec::new())))
}

/// The path that a profile's `web_identity_token_file` means.
pub(in crate::aws) fn token_file_of(settings: &RegistrySettings<'_>, profile: &Profile<'_>) -> Option<PathBuf> {
    let mut paths =
        profile.spellings("web_identity_token_file").map(|path| paths::expand_tilde(settings.env, path.as_ref()));
    let (whole, plain) = (paths.next()?, paths.next());
    Some(plain.filter(|plain| plain.exists() && !whole.exists()).unwrap_or(whole))
}
