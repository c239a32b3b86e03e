//! The settings of the AWS SDKs and the AWS CLI, read from variables and the shared files without network.
//!
//! [`AwsSettings`] are read once, as one snapshot that both the cache key and the fetch use, so that no token can be cached
//! under an identity that a file had a moment earlier.  [`RegistrySettings`] are these settings for one registry: the active
//! profile is known, and a lookup is [`RegistrySettings::setting`]: the variable, else the profile's property, and an empty
//! value counts as unset. This adapter knows neither the SDK nor the cache.

pub(crate) mod profile_file;

mod active_profile;
mod endpoint;
mod facts;
mod identity;
mod jwt;
pub(crate) mod lenient;
mod network;
mod own_registry;
mod partition;
mod problems;
mod profile_chain;
mod profile_registries;
pub(crate) mod provenance;
mod proxies;
mod redactor;

use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fetch::Access;
use crate::fs::read_bounded;
use crate::identity::{CredentialPlan, CredentialSource, RoleOrigin, ServiceAccount};
use crate::paths::{self, FilePlace};
use crate::registry::Service;
use crate::rules::Target;
use crate::scope::Scope;
use active_profile::ActiveProfile;
use endpoint::AwsService;
pub(crate) use problems::{HALF_PAIR, MissingProfile};
use profile_file::{Profile, Profiles};
pub(crate) use proxies::host_and_port as proxy;

/// The longest profile file that is read: some ten thousand profiles.
const MAX_PROFILE_FILE_SIZE: usize = 4 << 20;

/// The settings of the AWS SDKs: the variables, and the contents of the shared files at one moment.
pub(crate) struct AwsSettings<'a> {
    env: &'a Env,
    /// `~/.aws/config`; empty if there is no such file, or it can't be read.
    config: String,
    /// `~/.aws/credentials`; the same.
    credentials: String,
    /// Files that were passed over.
    notes: Vec<String>,
}

impl<'a> AwsSettings<'a> {
    /// Reads the profile files. Like the AWS CLI, it takes one that can't be read for a missing one.
    pub(crate) fn read(env: &'a Env) -> Self {
        let mut notes = Vec::new();
        let mut read =
            |file: Option<FilePlace>| file.map_or_else(String::new, |file| read_profile_file(file, &mut notes));
        let [config, credentials] = paths::profile_files(env).map(&mut read);
        Self { env, config, credentials, notes }
    }

    /// The same with the texts of the files.
    pub(crate) fn of_texts(env: &'a Env, config: String, credentials: String) -> Self {
        Self { env, config, credentials, notes: Vec::new() }
    }

    /// These settings for one registry. Where the AWS CLI finds no credentials, sections count that only the Go SDK reads.
    /// Error: several profiles could be meant.
    pub(crate) fn for_target<'s>(&'s self, target: &'s Target) -> Result<RegistrySettings<'s>, Failure> {
        let profiles = Profiles::parse(&self.config, &self.credentials);
        let as_go = profiles.as_go();
        let settings = self.with_profiles(profiles, target)?;
        let Some(as_go) = as_go.filter(|_| !settings.has_credentials()) else { return Ok(settings) };
        let as_go = self.with_profiles(as_go, target)?;
        Ok(if as_go.has_credentials() { as_go } else { settings })
    }

    fn with_profiles<'s>(
        &'s self,
        profiles: Profiles<'s>,
        target: &'s Target,
    ) -> Result<RegistrySettings<'s>, Failure> {
        let active = ActiveProfile::for_target(self.env, &profiles, target)?;
        let profile = profiles.profile(&active.name);
        Ok(RegistrySettings { env: self.env, settings: self, profiles, active, profile, target })
    }
}

/// The settings for one registry.
pub(crate) struct RegistrySettings<'s> {
    env: &'s Env,
    settings: &'s AwsSettings<'s>,
    profiles: Profiles<'s>,
    active: ActiveProfile,
    /// The active profile, if it exists.
    profile: Option<Profile<'s>>,
    target: &'s Target,
}

impl RegistrySettings<'_> {
    /// What the token depends on, and how to get the credentials for it.
    /// Error: the settings contradict each other or name something that doesn't exist.
    pub(crate) fn resolve(&self) -> Result<(Scope, CredentialPlan), Failure> {
        let target = self.target;
        for rule in target.rules() {
            if let Some(conflict) = rule.conflict_with(target.registry()) {
                let detail = format!("{}: {conflict}", target.location_of(rule));
                return Err(Failure::new(FailureKind::ConfigFile, detail));
            }
        }
        let (identity, plan) = identity::identify(self)?;
        let api = target.api();
        if let Some(ServiceAccount { role, .. }) = target.service_account()
            && api.service == Service::Ecr
            && role.partition != api.partition
        {
            let (role_partition, partition) = (role.partition.as_str(), api.partition.as_str());
            let role = role.as_str();
            return Err(Failure::misconfigured(format!(
                "the role `{role}` is in partition `{role_partition}`, and the registry in `{partition}`"
            )));
        }
        if api.service == Service::EcrPublic
            && plan.source != CredentialSource::Nothing
            && !plan.roles.iter().any(|role| role.origin == RoleOrigin::Rule)
            && let Some(partition) = partition::of_credentials(self)
            && partition != api.partition
        {
            let partition = partition.as_str().to_owned();
            return Err(Failure::new(FailureKind::WrongPartition { partition }, ""));
        }
        let (variant, endpoint_url) = (endpoint::variant(self), endpoint::of_registry(self)?);
        Ok((Scope { api, variant, endpoint_url, identity }, plan))
    }

    /// Whether a source of credentials is configured.
    fn has_credentials(&self) -> bool {
        identity::identify(self).is_ok_and(|(_, plan)| plan.source != CredentialSource::Nothing)
    }

    /// What a fetch needs besides the scope; read only on a miss.
    /// Error: a value that isn't valid.
    pub(crate) fn access(&self) -> Result<Access, Failure> {
        Ok(Access { network: network::resolve(self)?, redactor: redactor::of(self) })
    }

    /// The variable, else the property of the active profile.
    fn setting(&self, variable: &str, key: &str) -> Option<String> {
        self.env.text(variable).or_else(|| self.property(key).map(str::to_owned))
    }

    /// Whether the variable, else the property of the active profile, is `true`.
    fn flag(&self, variable: &str, key: &str) -> bool {
        self.setting(variable, key).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The URL that is configured for a service instead of its own.
    fn url(&self, service: AwsService) -> Result<Option<String>, Failure> {
        endpoint::configured_url(self, service)
    }

    /// A property of the active profile.
    fn property(&self, key: &str) -> Option<&str> {
        self.profile.as_ref()?.get(key)
    }
}

/// Reads a profile file. What can't be read is noted.
fn read_profile_file(FilePlace { path, named_by }: FilePlace, notes: &mut Vec<String>) -> String {
    let display = path.display();
    match read_bounded(&path, MAX_PROFILE_FILE_SIZE) {
        Ok(Some(contents)) => String::from_utf8_lossy(&contents).into_owned(),
        Ok(None) => {
            notes.extend(named_by.map(|variable| format!("`{display}`, which `{variable}` names, does not exist")));
            String::new()
        }
        Err(error) => {
            notes.push(format!("`{display}` can't be read: {}", error.source));
            String::new()
        }
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    //! Settings from a table of variables and the text of a config file.

    use super::*;
    use crate::registry::Registry;

    /// Calls `then` with the settings for a registry host.
    pub(crate) fn with_settings<T>(
        host: &str,
        variables: &[(&str, &str)],
        config: &str,
        then: impl FnOnce(&RegistrySettings<'_>) -> T,
    ) -> T {
        let env = Env::fixed(variables.iter().copied());
        let settings = AwsSettings::of_texts(&env, config.to_owned(), String::new());
        let target = Target::of(Registry::parse(host).expect("an ECR host"));
        then(&settings.for_target(&target).expect("one profile is meant"))
    }
}
