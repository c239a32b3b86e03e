//! All that is cached.

use serde::Serialize;

use super::report::{ApiName, ConfigurationFile, FailureReport, TokenTimes};
use crate::aws::AwsSettings;
use crate::cache::{CachedFailure, CachedToken, Inventory, UnusableCache};
use crate::env::{Env, names};
use crate::fs::UnusableDir;
use crate::options::Options;
use crate::paths;
use crate::rules::Rules;
use crate::tokens::target_of;
use crate::world::World;

#[derive(Debug, Serialize)]
pub(super) struct Overview {
    /// The time to which the seconds in here relate.
    pub(super) now: String,
    pub(super) tokens: Vec<TokenReport>,
    pub(super) failures: Vec<FailureOfIdentity>,
    pub(super) cache: CacheReport,
    pub(super) configuration_file: ConfigurationFile,
}

#[derive(Debug, Serialize)]
pub(super) struct TokenReport {
    #[serde(flatten)]
    pub(super) api: ApiName,
    /// The identity that asked for it; `null` if an older version didn't note it.
    pub(super) identity: Option<String>,
    /// Whether the settings select this token for one of its registries now; `null` if that can't be told.
    pub(super) is_current: Option<bool>,
    /// The hosts that were asked for with it in the last 30 days.
    pub(super) registries: Vec<String>,
    #[serde(flatten)]
    pub(super) times: TokenTimes,
}

#[derive(Debug, Serialize)]
pub(super) struct FailureOfIdentity {
    #[serde(flatten)]
    pub(super) api: ApiName,
    pub(super) identity: Option<String>,
    #[serde(flatten)]
    pub(super) failure: FailureReport,
}

/// The directory of the cache.
#[derive(Debug, Serialize)]
pub(super) struct CacheReport {
    /// `null` if the cache is off, or there is no place for it.
    pub(super) directory: Option<String>,
    /// Why it isn't used.
    pub(super) problem: Option<String>,
    pub(super) tokens: usize,
    pub(super) failures: usize,
    /// Entries that are damaged, of another version, of another user, or writable by others.
    pub(super) unusable_entries: usize,
    pub(super) bytes: u64,
    #[serde(skip)]
    pub(super) shown: String,
}

impl CacheReport {
    /// Looks at the directory, and returns what it holds.
    pub(super) fn look(world: &World<'_>, options: &Options) -> (Inventory, Self) {
        let (env, directory) = (world.env, options.cache_dir.as_deref());
        let (inventory, problem) =
            match directory.map(|path| Inventory::read(path, options.cache_encryption, world.clock.now())) {
                Some(Ok(inventory)) => (inventory, None),
                Some(Err(UnusableCache::Directory(UnusableDir::Io(error)))) => {
                    (Inventory::default(), Some(format!("{error}: {}", error.source)))
                }
                Some(Err(unusable)) => (Inventory::default(), Some(unusable.to_string())),
                None => (Inventory::default(), None),
            };
        let report = Self {
            directory: directory.map(|path| path.display().to_string()),
            problem,
            tokens: inventory.tokens.len(),
            failures: inventory.failures.len(),
            unusable_entries: inventory.unusable,
            bytes: inventory.bytes,
            shown: directory.map_or_else(|| without(env), |path| paths::with_tilde(env, path)),
        };
        (inventory, report)
    }
}

fn without(env: &Env) -> String {
    if env.is_set(names::DISABLE_CACHE) {
        format!("turned off by `{}`", names::DISABLE_CACHE)
    } else {
        "turned off, or no home directory".to_owned()
    }
}

pub(super) fn look(world: &World<'_>) -> Overview {
    let now = world.clock.now();
    let (rules, configuration_file) = ConfigurationFile::read(world.env);
    let in_file = rules.as_ref().map(|rules| rules.options.clone()).unwrap_or_default();
    let options = Options::read(world.env, &in_file).without_log();
    let (inventory, cache) = CacheReport::look(world, &options);
    let settings = AwsSettings::read(world.env);
    let token = |token: CachedToken| {
        let (is_current, name) = current(&settings, rules.as_ref(), &token);
        let CachedToken { key: _, api, lifetime, hosts, identity } = token;
        TokenReport {
            api: ApiName::of(&api),
            identity: identity.or(name),
            is_current,
            registries: hosts,
            times: TokenTimes::of(lifetime, world.clock),
        }
    };
    let failure = |CachedFailure { api, at, until, failure, identity }| FailureOfIdentity {
        api: ApiName::of(&api),
        identity,
        failure: FailureReport::of(&failure, at, until, now),
    };
    Overview {
        now: now.to_string(),
        tokens: inventory.tokens.into_iter().map(token).collect(),
        failures: inventory.failures.into_iter().map(failure).collect(),
        cache,
        configuration_file,
    }
}

/// Whether the settings select a token for one of its hosts now, and then the name of the identity.
fn current(settings: &AwsSettings<'_>, rules: Option<&Rules>, token: &CachedToken) -> (Option<bool>, Option<String>) {
    let Some(rules) = rules.filter(|_| !token.hosts.is_empty()) else { return (None, None) };
    let name = token.hosts.iter().find_map(|host| {
        let target = target_of(rules, host)?;
        let (scope, plan) = settings.for_target(&target).and_then(|settings| settings.resolve()).ok()?;
        (scope.key().to_string() == token.key).then(|| plan.identity_name())
    });
    (Some(name.is_some()), name)
}
