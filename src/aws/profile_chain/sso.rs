//! The SSO session of a profile.

use super::Chain;
use crate::aws::endpoint::AwsService;
use crate::aws::profile_file::{Profile, Section};
use crate::error::Failure;
use crate::identity::SsoSession;
use crate::paths;
use crate::registry::Region;

impl<'c> Chain<'c, '_> {
    /// The SSO session of a profile that has an account or a role for it.
    /// Error: a part is missing, or profile and session contradict each other.
    pub(super) fn sso(&mut self, name: &str, profile: &Profile<'_>) -> Result<Option<SsoSession>, Failure> {
        if ["sso_account_id", "sso_role_name"].iter().all(|key| profile.get(key).is_none()) {
            return Ok(None);
        }
        let named = match self.session(name, profile) {
            // A place that the profile has itself makes up for a session that isn't there.
            Err(_) if ["sso_start_url", "sso_region"].iter().all(|key| profile.get(key).is_some()) => None,
            named => named?,
        };
        let (session_name, session) = named.unzip();
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
        let (start_url, region) = (part("sso_start_url")?, part("sso_region")?);
        if Region::parse(&region).is_none() {
            let problem = format!("`sso_region = {region}` of profile `{name}` is not the name of a region");
            return Err(Failure::misconfigured(problem));
        }
        Ok(Some(SsoSession {
            profile: name.to_owned(),
            account_id: part("sso_account_id")?,
            role_name: part("sso_role_name")?,
            region,
            token_dir: paths::sso_token_cache(self.settings.env),
            is_refreshable: session_name.is_some(),
            token_key: session_name.unwrap_or(start_url),
            portal_url: self.facts.endpoint(AwsService::Sso)?,
            oidc_url: self.facts.endpoint(AwsService::SsoOidc)?,
        }))
    }

    /// The session that a profile names.
    /// Error: there is none of that name.
    pub(super) fn session(&self, name: &str, profile: &Profile<'_>) -> Result<Option<(String, Section<'c>)>, Failure> {
        let Some(wanted) = profile.whole("sso_session") else { return Ok(None) };
        let found = self.settings.profiles.session_of(profile).map(|(session, section)| (session.to_owned(), section));
        found.map(Some).ok_or_else(|| {
            Failure::misconfigured(format!("profile `{name}` names the SSO session `{wanted}`, which does not exist"))
        })
    }
}
