//! The SSO session of a profile.

use super::Chain;
use crate::aws::endpoint::AwsService;
use crate::aws::profile_file::Profile;
use crate::error::Failure;
use crate::identity::SsoSession;
use crate::paths;

impl Chain<'_, '_> {
    /// The SSO session of a profile that has an account or a role for it.
    /// Error: a part is missing, or profile and session contradict each other.
    pub(super) fn sso(&mut self, name: &str, profile: &Profile<'_>) -> Result<Option<SsoSession>, Failure> {
        if ["sso_account_id", "sso_role_name"].iter().all(|key| profile.get(key).is_none()) {
            return Ok(None);
        }
        let session_name = profile.whole("sso_session");
        let session = match session_name {
            None => None,
            Some(session) => Some(self.settings.profiles.sso_session(session).ok_or_else(|| {
                Failure::misconfigured(format!(
                    "profile `{name}` names the SSO session `{session}`, which does not exist"
                ))
            })?),
        };
        if let Some(session) = &session {
            self.facts.add_section("sso-session", session);
        }
        let part = |key: &str| {
            let (own, shared) = (profile.get(key), session.as_ref().and_then(|session| session.get(key)));
            match (own, shared) {
                (Some(own), Some(shared)) if own != shared => Err(Failure::misconfigured(format!(
                    "`{key}` of profile `{name}` differs from that of its SSO session"
                ))),
                (None, None) => Err(Failure::misconfigured(format!("profile `{name}` lacks `{key}` for SSO"))),
                (own, shared) => Ok(shared.or(own).unwrap_or_default().to_owned()),
            }
        };
        let start_url = part("sso_start_url")?;
        Ok(Some(SsoSession {
            profile: name.to_owned(),
            account_id: part("sso_account_id")?,
            role_name: part("sso_role_name")?,
            region: part("sso_region")?,
            token_dir: paths::sso_token_cache(self.settings.env),
            token_key: session_name.map_or(start_url, str::to_owned),
            is_refreshable: session_name.is_some(),
            portal_url: self.facts.endpoint(AwsService::Sso)?,
            oidc_url: self.facts.endpoint(AwsService::SsoOidc)?,
        }))
    }
}
