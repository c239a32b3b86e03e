//! What `status` shows, as data. In JSON the fields have these names; what is skipped there is for the text alone.

use serde::Serialize;

use crate::aws::provenance::{Place, Setting};
use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::env::{Env, names};
use crate::error::Failure;
use crate::paths;
use crate::registry::{Api, Service};
use crate::rules::{Position, Rules};
use crate::token::{Freshness, Lifetime};

/// The times of a cached token.
#[derive(Debug, Serialize)]
pub(super) struct TokenTimes {
    /// `fresh`, `stale` or `expired`.
    pub(super) state: &'static str,
    pub(super) received_at: String,
    pub(super) age_seconds: u64,
    pub(super) refresh_at: String,
    pub(super) refresh_in_seconds: u64,
    pub(super) expires_at: String,
    pub(super) expires_in_seconds: u64,
    #[serde(skip)]
    pub(super) freshness: Freshness,
}

impl TokenTimes {
    pub(super) fn of(lifetime: Lifetime, clock: &dyn Clock) -> Self {
        let (now, lifetime) = (clock.now(), lifetime.by(clock));
        let Lifetime { received, refresh, expires, uptime: _ } = lifetime;
        let freshness = lifetime.freshness(now);
        let expires_in_seconds = if freshness == Freshness::Expired { 0 } else { expires.since(now).as_secs() };
        Self {
            state: match freshness {
                Freshness::Fresh => "fresh",
                Freshness::Stale => "stale",
                Freshness::Expired => "expired",
            },
            received_at: received.to_string(),
            age_seconds: now.since(received).as_secs(),
            refresh_at: refresh.to_string(),
            refresh_in_seconds: refresh.since(now).as_secs(),
            expires_at: expires.to_string(),
            expires_in_seconds,
            freshness,
        }
    }
}

/// A remembered failure.
#[derive(Debug, Serialize)]
pub(super) struct FailureReport {
    /// The name of its kind, as in the log.
    pub(super) kind: &'static str,
    pub(super) message: String,
    pub(super) at: String,
    pub(super) age_seconds: u64,
    pub(super) until: String,
    pub(super) counts_for_seconds: u64,
}

impl FailureReport {
    pub(super) fn of(failure: &Failure, at: Timestamp, until: Timestamp, now: Timestamp) -> Self {
        Self {
            kind: failure.kind.name(),
            message: shown(failure),
            at: at.to_string(),
            age_seconds: now.since(at).as_secs(),
            until: until.to_string(),
            counts_for_seconds: until.since(now).as_secs(),
        }
    }
}

/// A failure as a person reads it, on one line.
pub(super) fn shown(failure: &Failure) -> String {
    crate::redact::clean_line(&failure.to_string())
}

/// The API that gives a token.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ApiName {
    /// `ecr` or `ecr-public`.
    pub(super) service: &'static str,
    pub(super) partition: &'static str,
    pub(super) region: String,
}

impl ApiName {
    pub(super) fn of(api: &Api) -> Self {
        let Api { service, partition, region } = api;
        let region = region.as_str().to_owned();
        Self { service: service.as_str(), partition: partition.as_str(), region }
    }

    pub(super) fn is_public(&self) -> bool {
        self.service == Service::EcrPublic.as_str()
    }
}

/// A setting, and where it was found.
#[derive(Debug, Serialize)]
pub(super) struct SettingReport {
    pub(super) name: &'static str,
    /// `null` for a secret.
    pub(super) value: Option<String>,
    pub(super) source: PlaceReport,
}

impl SettingReport {
    pub(super) fn all(env: &Env, settings: Vec<Setting>) -> Vec<Self> {
        let report = |Setting { name, value, found_at }| Self { name, value, source: PlaceReport::of(env, &found_at) };
        settings.into_iter().map(report).collect()
    }
}

/// Where a setting was found.
#[derive(Debug, Serialize)]
pub(super) struct PlaceReport {
    /// `variable`, `profile-file`, `rule`, `auto-profile`, `host` or `default`.
    pub(super) kind: &'static str,
    /// The variable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) variable: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) column: Option<usize>,
    #[serde(skip)]
    pub(super) shown: String,
}

impl PlaceReport {
    pub(super) fn of(env: &Env, place: &Place) -> Self {
        let shown = place.shown(env);
        let none = Self { kind: "default", variable: None, path: None, line: None, column: None, shown };
        match place {
            Place::Variable(name) => Self { kind: "variable", variable: Some(name), ..none },
            Place::ProfileFile { path, line } => {
                Self { kind: "profile-file", path: Some(path.display().to_string()), line: Some(*line), ..none }
            }
            Place::Rule { path, position: Position { line, column } } => {
                let (path, line, column) = (Some(path.display().to_string()), Some(*line), Some(*column));
                Self { kind: "rule", path, line, column, ..none }
            }
            Place::AutoProfile { path } => {
                Self { kind: "auto-profile", path: Some(path.display().to_string()), ..none }
            }
            Place::Host => Self { kind: "host", ..none },
            Place::Default => none,
        }
    }
}

/// The configuration file.
#[derive(Debug, Serialize)]
pub(super) struct ConfigurationFile {
    /// `null` if `AWS_ECR_CONFIG` turns it off, or there is no place for it.
    pub(super) path: Option<String>,
    pub(super) exists: bool,
    /// The mistake in it.
    pub(super) problem: Option<String>,
    /// How many `[[registry]]` it has.
    pub(super) rules: usize,
    #[serde(skip)]
    pub(super) shown: String,
}

impl ConfigurationFile {
    /// Reads it. Without rules if there is a mistake in it.
    pub(super) fn read(env: &Env) -> (Option<Rules>, Self) {
        let (rules, problem) = match config::read(env) {
            Ok(rules) => (Some(rules), None),
            Err(error) => (None, Some(shown(&error.into()))),
        };
        let path = paths::config_file(env);
        let report = Self {
            exists: path.as_ref().is_some_and(|path| path.exists()),
            rules: rules.as_ref().map_or(0, |rules| rules.registries.len()),
            problem,
            shown: match &path {
                Some(path) => paths::with_tilde(env, path),
                None if env.is_empty(names::CONFIG) => format!("turned off by `{}`", names::CONFIG),
                None => "no home directory".to_owned(),
            },
            path: path.map(|path| path.display().to_string()),
        };
        (rules, report)
    }
}
