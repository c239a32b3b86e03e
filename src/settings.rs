//! What the environment and the files of the user say, read without network.
//!
//! [`Options`] are our own variables; they are cheap, and all that a foreign host ever needs. [`AwsSettings`] are the
//! settings of the AWS SDKs: read once, as one snapshot that both the cache key and the SDK are given, so that no token
//! can be cached under an identity that a file had a moment earlier. This adapter decides nothing about caching or
//! fetching; it knows neither the SDK nor the cache.

pub mod profile_file;

mod directories;
mod endpoint;
mod identity;
mod mfa;
mod partition;
mod proxies;
mod route;
mod rules_file;
mod selected;
mod subject;

use std::path::PathBuf;
use std::time::Duration;

use crate::env::{Env, names};
use crate::error::{Failure, FailureKind, Strictness};
use crate::fetch::Access;
use crate::fs::read_bounded;
use crate::identity::{CredentialPlan, CredentialSource};
use crate::registry::{Registry, Service};
use crate::rules::Target;
use crate::scope::Scope;
use crate::secret::Redactor;
use profile_file::Profiles;
pub use rules_file::RulesFile;
use selected::ActiveProfile;

/// The limit of a whole `get` where `AWS_ECR_TIMEOUT` says nothing else.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest profile file that is read: some ten thousand profiles.
const LONGEST_PROFILE_FILE: usize = 4 << 20;

/// Our own variables that a `get` needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where tokens are cached; `None` when they aren't.
    pub cache_directory: Option<PathBuf>,
    /// The limit of a whole `get`.
    pub timeout: Duration,
}

impl Options {
    /// Reads them.
    ///
    /// # Errors
    /// A value that means nothing.
    pub fn read(env: &Env) -> Result<Self, Failure> {
        let timeout = match env.text(names::TIMEOUT) {
            None => DEFAULT_TIMEOUT,
            Some(text) => match text.trim().parse() {
                Ok(seconds @ 1..=3_600) => Duration::from_secs(seconds),
                _ => return Err(wrong(format!("`{}` is a number of seconds from 1 to 3600", names::TIMEOUT))),
            },
        };
        Ok(Self { cache_directory: cache_directory(env), timeout })
    }
}

/// Where tokens are cached; `None` when they aren't: `AWS_ECR_DISABLE_CACHE`, or no home at all.
#[must_use]
pub fn cache_directory(env: &Env) -> Option<PathBuf> {
    if env.is_set(names::DISABLE_CACHE) { None } else { directories::cache(env) }
}

/// Where the reason of a failure goes, by `AWS_ECR_STRICT`.
#[must_use]
pub fn strictness(env: &Env) -> Strictness {
    if env.is_on(names::STRICT) { Strictness::Strict } else { Strictness::Lenient }
}

/// A mistake in the user's settings.
fn wrong(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Misconfigured, detail)
}

/// The contents of the shared configuration files, as they were at one moment; empty where a file is missing.
#[derive(Clone, Default)]
pub struct ProfileTexts {
    /// `~/.aws/config`.
    pub config: String,
    /// `~/.aws/credentials`.
    pub credentials: String,
}

impl std::fmt::Debug for ProfileTexts {
    /// They hold keys.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProfileTexts(..)")
    }
}

/// The settings of the AWS SDKs.
#[derive(Debug)]
pub struct AwsSettings<'a> {
    env: &'a Env,
    texts: ProfileTexts,
    /// A profile file that can't be used; fatal only to who needs a profile.
    broken: Option<Failure>,
}

impl<'a> AwsSettings<'a> {
    /// Reads the profile files.
    #[must_use]
    pub fn read(env: &'a Env) -> Self {
        let read = |path: Option<PathBuf>| match path {
            Some(path) => read_profile_file(&path),
            None => Ok(String::new()),
        };
        let texts = read(directories::config_file(env)).and_then(|config| {
            let credentials = read(directories::credentials_file(env))?;
            Ok(ProfileTexts { config, credentials })
        });
        match texts {
            Ok(texts) => Self { env, texts, broken: None },
            Err(failure) => Self { env, texts: ProfileTexts::default(), broken: Some(failure) },
        }
    }

    /// Knows the secrets that stand in the environment, in the profile files and in the token files that they name.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        for name in
            [names::SECRET_ACCESS_KEY, names::SECRET_ACCESS_KEY_SHORT, names::SESSION_TOKEN, names::CONTAINER_TOKEN]
        {
            redactor.learn(&self.env.text(name).unwrap_or_default());
        }
        proxies::learn_passwords(self.env, &mut redactor);
        let ProfileTexts { config, credentials } = &self.texts;
        let mut token_files: Vec<PathBuf> = [names::WEB_IDENTITY_TOKEN_FILE, names::CONTAINER_TOKEN_FILE]
            .into_iter()
            .filter_map(|name| self.env.path(name))
            .collect();
        for (key, value) in config.lines().chain(credentials.lines()).filter_map(|line| line.split_once('=')) {
            match key.trim() {
                "aws_secret_access_key" | "aws_session_token" => redactor.learn(value),
                "web_identity_token_file" => token_files.push(value.trim().into()),
                _ => {}
            }
        }
        for file in token_files {
            let contents = read_bounded(&file, LONGEST_PROFILE_FILE).ok().flatten().unwrap_or_default();
            redactor.learn(&String::from_utf8_lossy(&contents));
        }
        redactor
    }

    /// Whose token a registry needs where no rule says anything.
    ///
    /// # Errors
    /// The settings contradict themselves or name something that isn't there.
    pub fn scope(&self, registry: &Registry) -> Result<(Scope, CredentialPlan), Failure> {
        self.view(&Target::of(registry.clone()))?.scope()
    }

    /// These settings as one registry is asked with them.
    ///
    /// # Errors
    /// It can't be told which profile is meant.
    pub fn view<'s>(&'s self, target: &'s Target<'s>) -> Result<RegistrySettings<'s>, Failure> {
        let (profiles, broken) = match Profiles::parse(&self.texts.config, &self.texts.credentials) {
            Ok(profiles) => (profiles, self.broken.clone()),
            Err(error) => (Profiles::default(), Some(wrong(directories::locate(self.env, &error)))),
        };
        let selected = ActiveProfile::for_target(self.env, &profiles, broken.as_ref(), target)?;
        Ok(RegistrySettings { settings: self, profiles, broken, selected, target })
    }
}

/// The settings that hold for one registry: the profile is chosen, and the rule is at hand.
#[derive(Debug)]
pub struct RegistrySettings<'s> {
    settings: &'s AwsSettings<'s>,
    profiles: Profiles<'s>,
    broken: Option<Failure>,
    selected: ActiveProfile,
    target: &'s Target<'s>,
}

impl<'s> RegistrySettings<'s> {
    /// What a fetch needs besides the scope.
    ///
    /// # Errors
    /// A value that isn't valid.
    pub fn access(&self) -> Result<Access<'s>, Failure> {
        // Profile files that can't be read have been a failure already, if a profile is needed.
        let network = route::resolve(self.settings.env, &self.profiles, &self.selected, self.target)?;
        let ProfileTexts { config, credentials } = &self.settings.texts;
        Ok(Access { config, credentials, network, redactor: self.settings.redactor() })
    }

    /// Whose token the registry needs, and where it comes from.
    ///
    /// # Errors
    /// The settings contradict themselves or name something that isn't there.
    pub fn scope(&self) -> Result<(Scope, CredentialPlan), Failure> {
        let Self { settings: AwsSettings { env, .. }, profiles, broken, selected, target } = self;
        for rule in target.rules() {
            if let Some(contradiction) = rule.contradiction(target.registry()) {
                return Err(Failure::new(
                    FailureKind::ConfigFile,
                    format!("{}: {contradiction}", target.place_of(rule)),
                ));
            }
        }
        let assumed = target.rule_of_identity().and_then(|rule| rule.role.as_deref());
        let (identity, plan) = identity::identify(env, profiles, selected, assumed, broken.clone())?;
        if target.service() == Service::EcrPublic
            && plan.source != CredentialSource::Nothing
            && plan.role.is_none()
            && let Some(partition) = partition::of_credentials(env, profiles, selected)
            && partition != target.partition()
        {
            let partition = partition.as_str().to_owned();
            return Err(Failure::new(FailureKind::WrongPartition { partition }, ""));
        }
        let endpoint = endpoint::resolve(env, profiles, selected, target)?;
        let scope = Scope { api: target.api(), variant: endpoint.variant, endpoint_url: endpoint.url, identity };
        Ok((scope, plan))
    }
}

fn read_profile_file(path: &std::path::Path) -> Result<String, Failure> {
    match read_bounded(path, LONGEST_PROFILE_FILE) {
        Ok(contents) => String::from_utf8(contents.unwrap_or_default())
            .map_err(|_| wrong(format!("`{}` is not valid UTF-8", path.display()))),
        Err(error) => Err(wrong(format!("{error}: {}", error.source))),
    }
}
