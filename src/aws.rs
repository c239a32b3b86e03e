//! The settings of the AWS SDKs and the AWS CLI, read from variables and the shared files without network.
//!
//! [`AwsSettings`] are read once, as one snapshot that both the cache key and the fetch use, so that no token can be cached
//! under an identity that a file had a moment earlier. [`RegistrySettings`] are these settings for one registry: the active
//! profile is known, and a lookup is [`RegistrySettings::setting`]: the variable, else the profile's property, and an empty
//! value counts as unset. This adapter knows neither the SDK nor the cache.

pub(crate) mod profile_file;

mod active_profile;
mod endpoint;
mod facts;
mod identity;
mod jwt;
mod mfa;
mod network;
mod partition;
mod profile_chain;
mod proxies;
mod redactor;

use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fetch::Access;
use crate::fs::read_bounded;
use crate::identity::{CredentialPlan, CredentialSource};
use crate::paths;
use crate::registry::Service;
use crate::rules::Target;
use crate::scope::Scope;
use active_profile::ActiveProfile;
use endpoint::AwsService;
use profile_file::{ProfileFile, ProfileFileError, Profiles, Section};

/// The longest profile file that is read: some ten thousand profiles.
const MAX_PROFILE_FILE_SIZE: usize = 4 << 20;

/// The contents of the shared files at one moment; empty where a file is missing.
#[derive(Default)]
struct ProfileTexts {
    /// `~/.aws/config`.
    config: String,
    /// `~/.aws/credentials`.
    credentials: String,
}

/// The settings of the AWS SDKs.
pub(crate) struct AwsSettings<'a> {
    env: &'a Env,
    texts: ProfileTexts,
    /// Why the profile files can't be used; an error only for a registry that needs a profile.
    broken: Option<Failure>,
}

impl<'a> AwsSettings<'a> {
    /// Reads the profile files.
    pub(crate) fn read(env: &'a Env) -> Self {
        let read = |path: Option<PathBuf>| path.map_or_else(|| Ok(String::new()), |path| read_profile_file(&path));
        let texts = read(paths::shared_config_file(env)).and_then(|config| {
            let credentials = read(paths::shared_credentials_file(env))?;
            Ok(ProfileTexts { config, credentials })
        });
        match texts {
            Ok(texts) => Self { env, texts, broken: None },
            Err(failure) => Self { env, texts: ProfileTexts::default(), broken: Some(failure) },
        }
    }

    /// These settings for one registry.
    /// Error: several profiles could be meant.
    pub(crate) fn for_target<'s>(&'s self, target: &'s Target) -> Result<RegistrySettings<'s>, Failure> {
        let (profiles, broken) = match Profiles::parse(&self.texts.config, &self.texts.credentials) {
            Ok(profiles) => (profiles, self.broken.clone()),
            Err(error) => (Profiles::default(), Some(Failure::misconfigured(self.locate(&error)))),
        };
        let active = ActiveProfile::for_target(self.env, &profiles, broken.as_ref(), target)?;
        let profile = profiles.profile(&active.name);
        Ok(RegistrySettings { env: self.env, texts: &self.texts, profiles, broken, active, profile, target })
    }

    /// A mistake in a profile file, with the path and line to look at.
    fn locate(&self, error: &ProfileFileError) -> String {
        let path = match error.file {
            ProfileFile::Config => paths::shared_config_file(self.env),
            ProfileFile::Credentials => paths::shared_credentials_file(self.env),
        };
        format!("{}:{}: {}", path.unwrap_or_default().display(), error.line, error.problem)
    }
}

/// The settings for one registry.
pub(crate) struct RegistrySettings<'s> {
    env: &'s Env,
    texts: &'s ProfileTexts,
    profiles: Profiles<'s>,
    /// Why `profiles` is empty, if the files can't be used.
    broken: Option<Failure>,
    active: ActiveProfile,
    /// The active profile, if it exists.
    profile: Option<Section<'s>>,
    target: &'s Target,
}

impl<'s> RegistrySettings<'s> {
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
        if api.service == Service::EcrPublic
            && plan.source != CredentialSource::Nothing
            && plan.role.is_none()
            && let Some(partition) = partition::of_credentials(self)
            && partition != api.partition
        {
            let partition = partition.as_str().to_owned();
            return Err(Failure::new(FailureKind::WrongPartition { partition }, ""));
        }
        let (variant, endpoint_url) = (endpoint::variant(self), endpoint::of_registry(self)?);
        Ok((Scope { api, variant, endpoint_url, identity }, plan))
    }

    /// What a fetch needs besides the scope; read only on a miss.
    /// Error: a value that isn't valid.
    pub(crate) fn access(&self) -> Result<Access<'s>, Failure> {
        let ProfileTexts { config, credentials } = self.texts;
        Ok(Access { config, credentials, network: network::resolve(self)?, redactor: redactor::of(self) })
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
        self.profile.as_ref()?.get(key).filter(|value| !value.is_empty())
    }
}

fn read_profile_file(path: &Path) -> Result<String, Failure> {
    match read_bounded(path, MAX_PROFILE_FILE_SIZE) {
        Ok(contents) => String::from_utf8(contents.unwrap_or_default())
            .map_err(|_| Failure::misconfigured(format!("`{}` is not valid UTF-8", path.display()))),
        Err(error) => Err(Failure::misconfigured(format!("{error}: {}", error.source))),
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
        let texts = ProfileTexts { config: config.to_owned(), credentials: String::new() };
        let settings = AwsSettings { env: &env, texts, broken: None };
        let target = Target::of(Registry::parse(host).expect("an ECR host"));
        then(&settings.for_target(&target).expect("one profile is meant"))
    }
}
