//! The credentials of a profile: its own, or those of a role that is assumed with the credentials of its `source_profile`,
//! and so on.
//!
//! The order of a profile's own sources is the AWS CLI's; where that refuses the files, it is the Go SDK's. The chain:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html>.

mod command;
mod keys;
mod order;
mod sso;

use command::as_started;
use keys::{keys_in, own_keys};
use order::{has_other_source, has_role_alone, has_sourced_role, has_web_identity_variable};

use super::RegistrySettings;
use super::endpoint::AwsService;
use super::facts::Facts;
use super::identity::{Found, machine, named_source, token_file_of, web_identity};
use super::profile_file::{COMMAND, Profile, Section};
use crate::error::Failure;
use crate::identity::{Base, CredentialSource, MfaDevice, ProfileBase, RoleOrigin, RoleStep};
use crate::paths;
use crate::secret::Secret;

/// Finds the credentials of the active profile, and the web identity of the environment, which comes after a role of the
/// profile and before all else in it. `None` if neither has any.
pub(super) fn follow(settings: &RegistrySettings<'_>, facts: &mut Facts<'_>) -> Result<Option<Found>, Failure> {
    let Some(profile) = &settings.profile else { return web_identity(settings, facts) };
    let name = &settings.active.name;
    let mut chain = Chain { settings, facts, visited: vec![name.clone()], roles: Vec::new(), is_as_go: false };
    let (base, first) = if has_sourced_role(profile) {
        let found = chain.role(name, profile);
        let is_refused = match &found {
            Ok((base, _)) => chain.is_as_go || chain.leads_back(base),
            Err(_) => profile.get("credential_source").is_some() && !has_other_source(profile),
        };
        // What the AWS CLI refuses: the Go SDK has asked the environment first.
        if is_refused && has_web_identity_variable(settings) {
            return web_identity(settings, chain.facts);
        }
        found?
    } else if chain.has_keys_before_web_identity(name, profile) {
        chain.role_without_source(name, profile)?
    } else if let Some(found) = web_identity(settings, chain.facts)? {
        return Ok(Some(found));
    } else if profile.get("role_arn").is_some() {
        chain.role_without_source(name, profile)?
    } else {
        let Some(own) = chain.own_source(name, profile)? else { return Ok(None) };
        own
    };
    let mut roles = chain.roles;
    roles.reverse();
    chain.facts.add("source", "profile");
    Ok(Some((CredentialSource::Profile { name: name.clone(), base }, first, roles)))
}

/// The chain as far as it has been followed.
struct Chain<'c, 'a> {
    settings: &'c RegistrySettings<'c>,
    facts: &'c mut Facts<'a>,
    /// The names of the profiles, from the active one down.
    visited: Vec<String>,
    /// Their roles, in the same order.
    roles: Vec<RoleStep>,
    /// Whether the Go SDK's order of sources counts, because the AWS CLI refuses one of these profiles.
    is_as_go: bool,
}

impl<'c> Chain<'c, '_> {
    /// Follows the source of a profile's role.
    fn role(&mut self, name: &str, profile: &Profile<'_>) -> Result<(ProfileBase, Base), Failure> {
        self.look_at_role(profile);
        let role = self.role_step(name, profile)?;
        let has_device = role.mfa.is_some();
        self.roles.push(role);
        match (profile.whole("source_profile"), profile.get("credential_source")) {
            (Some(_), Some(_)) => Err(Failure::misconfigured(format!(
                "profile `{name}` has both `source_profile` and `credential_source`"
            ))),
            (None, Some(_)) if has_device => Err(Failure::misconfigured(format!(
                "profile `{name}` has an `mfa_serial` and a `credential_source`; instead, name the profile of the user \
                 with that MFA device as `source_profile`"
            ))),
            (None, Some(source)) => {
                self.facts.add_profile(name, profile);
                if let Some(keys) = self.keys_first(name, profile) {
                    return Ok((ProfileBase::Keys, Base::Keys(keys)));
                }
                named_source(self.settings, self.facts, source).or_else(|nothing| {
                    // The AWS CLI refuses it; the Go SDK has asked the profile's own keys first, unless there is more.
                    if has_other_source(profile) || has_web_identity_variable(self.settings) {
                        return Err(nothing);
                    }
                    let keys = own_keys(name, profile).ok().flatten().ok_or(nothing)?;
                    Ok((ProfileBase::Keys, Base::Keys(keys)))
                })
            }
            (Some(source), None) => self.source_profile(name, profile, source),
            // The caller has seen one of them.
            (None, None) => self.role_without_source(name, profile),
        }
    }

    /// A role without `source_profile` and `credential_source`. The AWS CLI refuses it; the Go SDK assumes it with the
    /// profile's own credentials, else with those of the machine.
    fn role_without_source(&mut self, name: &str, profile: &Profile<'_>) -> Result<(ProfileBase, Base), Failure> {
        let own = self.own_source_as_go(name, profile)?;
        let role = self.role_step(name, profile)?;
        self.roles.push(role);
        if let Some(own) = own {
            return Ok(own);
        }
        let problem = format!("profile `{name}` has a `role_arn` but neither `source_profile` nor `credential_source`");
        if profile.get("aws_secret_access_key").is_some() {
            // Half of a pair, which both refuse.
            return Err(Failure::misconfigured(problem));
        }
        self.facts.notes.push(problem.clone());
        self.facts.add_profile(name, profile);
        match machine(self.settings, self.facts)? {
            (_, base @ Base::Container { .. }) => Ok((ProfileBase::Container, base)),
            (_, base @ Base::InstanceMetadata { .. }) => Ok((ProfileBase::InstanceMetadata, base)),
            _ => Err(Failure::misconfigured(problem)),
        }
    }

    fn source_profile(
        &mut self,
        name: &str,
        profile: &Profile<'_>,
        source: &str,
    ) -> Result<(ProfileBase, Base), Failure> {
        let Some((source, next)) = self.find(profile) else {
            return Err(Failure::misconfigured(format!(
                "profile `{name}` names the source profile `{source}`, which does not exist"
            )));
        };
        // The AWS CLI refuses a chain that comes back; the Go SDK takes the credentials that the profile has without a role.
        let is_back = self.visited.contains(&source);
        if source != name {
            self.facts.add_profile(name, profile);
        }
        self.visited.push(source.clone());
        let has_own_keys = ["aws_access_key_id", "aws_secret_access_key"].iter().any(|key| next.get(key).is_some());
        if has_sourced_role(&next) && !has_own_keys && !is_back {
            return self.role(&source, &next);
        }
        let own = if is_back && source != name {
            self.own_source_as_go(&source, &next)?
        } else {
            self.own_source(&source, &next)?
        };
        let is_assumed =
            if has_own_keys { self.is_as_go && next.get("role_arn").is_some() } else { has_role_alone(&next) };
        if is_assumed && !is_back {
            // The AWS CLI refuses it; the Go SDK assumes the role with the profile's own credentials.
            let role = self.role_step(&source, &next)?;
            self.roles.push(role);
        }
        let first = &self.visited[0];
        own.ok_or_else(|| {
            Failure::misconfigured(match (is_back, source == name) {
                (true, true) => format!("profile `{name}` names itself as `source_profile`, but has no credentials"),
                (true, false) => format!("profile `{first}` leads back to the source profile `{source}`"),
                (false, _) => format!("the source profile `{source}` has no credentials"),
            })
        })
    }

    /// Whether the AWS CLI refuses these profiles because the last one was there before. It accepts one that names itself
    /// and has keys.
    fn leads_back(&self, base: &ProfileBase) -> bool {
        let Some((last, before)) = self.visited.split_last() else { return false };
        let is_itself_with_keys = before.last() == Some(last) && matches!(base, ProfileBase::Keys);
        before.contains(last) && !is_itself_with_keys
    }

    /// The source profile that a profile names.
    fn find(&self, profile: &Profile<'_>) -> Option<(String, Profile<'c>)> {
        let mut names = profile.spellings("source_profile");
        names.find_map(|name| Some((name.to_owned(), self.settings.profiles.profile(name)?)))
    }

    /// The credentials that a profile has without a role. A profile that has none doesn't decide the identity.
    fn own_source(&mut self, name: &str, profile: &Profile<'_>) -> Result<Option<(ProfileBase, Base)>, Failure> {
        self.look_at_own_sources(name, profile);
        let own = match self.keys_first(name, profile) {
            Some(keys) => Some((ProfileBase::Keys, Base::Keys(keys))),
            None => self.find_own_source(name, profile)?,
        };
        if own.is_some() {
            self.facts.add_profile(name, profile);
        }
        Ok(own)
    }

    /// The same where the AWS CLI refuses: the Go SDK takes the profile's keys before all else.
    fn own_source_as_go(&mut self, name: &str, profile: &Profile<'_>) -> Result<Option<(ProfileBase, Base)>, Failure> {
        let Some(keys) = own_keys(name, profile)? else { return self.own_source(name, profile) };
        self.facts.add_profile(name, profile);
        Ok(Some((ProfileBase::Keys, Base::Keys(keys))))
    }

    /// Tries the sources of a profile in the AWS CLI's order.
    fn find_own_source(&mut self, name: &str, profile: &Profile<'_>) -> Result<Option<(ProfileBase, Base)>, Failure> {
        if self.visited.len() > 1 && profile.get("web_identity_token_file").is_some() {
            return self.web_identity_of(name, profile).map(Some);
        }
        let keys = |section: &Section<'_>| keys_in(section, name);
        match self.sso(name, profile) {
            Ok(Some(session)) => {
                let profile = name.to_owned();
                return Ok(Some((ProfileBase::Sso { profile }, Base::Sso(session))));
            }
            Ok(None) => {}
            // The AWS CLI refuses the profile; the Go SDK takes its keys.
            Err(error) => {
                let keys = own_keys(name, profile).ok().flatten().ok_or(error)?;
                self.is_as_go = true;
                return Ok(Some((ProfileBase::Keys, Base::Keys(keys))));
            }
        }
        if let Some(keys) = keys(&profile.credentials)? {
            return Ok(Some((ProfileBase::Keys, Base::Keys(keys))));
        }
        if let Some(login_session) = profile.whole("login_session") {
            self.facts.endpoint(AwsService::Signin)?;
            let (profile_name, region) = (name.to_owned(), profile.get("region").map(str::to_owned));
            let login_session = login_session.to_owned();
            let base = Base::Login { profile: profile_name, login_session, region };
            return Ok(Some((ProfileBase::Login { profile: name.to_owned() }, base)));
        }
        if let Some(command) = profile.whole(COMMAND) {
            self.facts.is_opaque();
            let base = Base::Process { profile: name.to_owned(), command: Secret::from(as_started(command)) };
            return Ok(Some((ProfileBase::Process, base)));
        }
        if let Some(keys) = keys(&profile.config)? {
            return Ok(Some((ProfileBase::Keys, Base::Keys(keys))));
        }
        if profile.get("aws_secret_access_key").is_some() {
            self.facts.notes.push(format!("profile `{name}` has half of a key pair only, which is not used"));
        }
        // A session without account and role gives no credentials. But whoever named one didn't mean the machine's.
        self.session(name, profile).map(|_| None)
    }

    /// The web identity of a source profile.
    fn web_identity_of(&mut self, name: &str, profile: &Profile<'_>) -> Result<(ProfileBase, Base), Failure> {
        let (Some(file), Some(_)) = (token_file_of(self.settings, profile), profile.get("role_arn")) else {
            let problem = format!("profile `{name}` has a `web_identity_token_file` but no `role_arn`");
            return Err(Failure::misconfigured(problem));
        };
        let role = self.role_step(name, profile)?;
        let token = self.facts.token_file(&file)?;
        Ok((ProfileBase::WebIdentity, Base::WebIdentity { role, token }))
    }

    fn role_step(&mut self, name: &str, profile: &Profile<'_>) -> Result<RoleStep, Failure> {
        let mfa = profile.get("mfa_serial").map(|serial| MfaDevice {
            serial: serial.to_owned(),
            sessions: paths::aws_session_cache(self.settings.env),
        });
        let duration_seconds = match profile.get("duration_seconds").map(|text| (text, text.parse())) {
            None => None,
            Some((_, Ok(seconds @ 1..))) => Some(seconds),
            // The AWS CLI passes it over.
            Some((text, _)) => {
                let note = format!("`duration_seconds = {text}` of profile `{name}` is not a number of seconds");
                self.facts.notes.push(note);
                None
            }
        };
        let owned = |key: &str| profile.get(key).map(str::to_owned);
        let role = RoleStep {
            origin: RoleOrigin::Profile(name.to_owned()),
            arn: owned("role_arn").unwrap_or_default(),
            external_id: owned("external_id"),
            session_name: owned("role_session_name"),
            duration_seconds,
            mfa,
            endpoint_url: self.facts.endpoint(AwsService::Sts)?,
        };
        self.facts.add_role(&role);
        Ok(role)
    }
}
