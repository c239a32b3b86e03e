//! One registry: what it is, which identity asks for its token, and what a `get` would do.

use serde::Serialize;

use super::get::{Answer, Get};
use super::overview::CacheReport;
use super::report::{ApiName, ConfigurationFile, FailureReport, PlaceReport, SettingReport, TokenTimes, shown};
use crate::aws::provenance::Place;
use crate::aws::{AwsSettings, RegistrySettings};
use crate::cache::RememberedFailure;
use crate::config;
use crate::ecr::api_url;
use crate::error::Failure;
use crate::identity::CredentialPlan;
use crate::options::Options;
use crate::redact::clean_line;
use crate::registry::{Registry, Service};
use crate::rules::{Destination, Target};
use crate::scope::Scope;
use crate::tokens::{self, Context};
use crate::world::World;

#[derive(Debug, Serialize)]
pub(super) struct HostReport {
    /// The time to which the seconds in here relate.
    pub(super) now: String,
    pub(super) host: String,
    /// `ecr`, `fallback` or `foreign`.
    pub(super) kind: &'static str,
    pub(super) registry: Option<RegistryReport>,
    pub(super) api: Option<ApiReport>,
    /// Where the rules that apply begin.
    pub(super) rules: Vec<PlaceReport>,
    pub(super) identity: Option<IdentityReport>,
    pub(super) token: Option<TokenTimes>,
    pub(super) failure: Option<FailureReport>,
    pub(super) get: Get,
    pub(super) cache: CacheReport,
    pub(super) configuration_file: ConfigurationFile,
}

#[derive(Debug, Serialize)]
pub(super) struct RegistryReport {
    /// Its own name, which differs from `host` if that is an alias.
    pub(super) host: String,
    /// `null` for ECR Public.
    pub(super) account: Option<String>,
    #[serde(flatten)]
    pub(super) api: ApiName,
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct ApiReport {
    /// `null` if the settings are invalid, or AWS has no such endpoint.
    pub(super) url: Option<String>,
    /// What decides it.
    pub(super) settings: Vec<SettingReport>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct IdentityReport {
    /// Such as `profile prod`; `null` if the settings are invalid.
    pub(super) name: Option<String>,
    /// What decides it.
    pub(super) settings: Vec<SettingReport>,
    /// Settings that were passed over.
    pub(super) notes: Vec<String>,
    /// Why the settings are invalid.
    pub(super) problem: Option<String>,
}

pub(super) fn look(world: &mut World<'_>, host: &str) -> HostReport {
    let (destination, options) = config::destination(world.env, host);
    let options = options.without_log();
    let (_, cache) = CacheReport::look(world, &options);
    let (_, configuration_file) = ConfigurationFile::read(world.env);
    let report = HostReport {
        now: world.clock.now().to_string(),
        host: host.to_owned(),
        kind: "foreign",
        registry: None,
        api: None,
        rules: Vec::new(),
        identity: None,
        token: None,
        failure: None,
        get: Get::not_found(),
        cache,
        configuration_file,
    };
    match destination {
        Destination::Ecr(target) => report.of_target(world, &options, &target),
        Destination::Misconfigured { registry: Some(registry), error } => HostReport {
            kind: "ecr",
            get: Get::failing(&error, registry.host(), registry.api.service, &options),
            registry: Some(RegistryReport::of(&registry)),
            ..report
        },
        // As `docker::other_hosts` answers.
        Destination::Misconfigured { registry: None, error } => {
            let message = error.sentence(format_args!("no password for {host}"), Service::Ecr);
            HostReport { get: Get { message: Some(message), ..Get::not_found() }, ..report }
        }
        Destination::Fallback(helper) => HostReport { kind: "fallback", get: Get::passing_on(&helper), ..report },
        Destination::NotFound => report,
    }
}

impl HostReport {
    fn of_target(mut self, world: &mut World<'_>, options: &Options, target: &Target) -> Self {
        let env = world.env;
        self.kind = "ecr";
        self.registry = Some(RegistryReport::of(target.registry()));
        let place = |rule: &crate::rules::Rule| Place::Rule { path: target.file().to_owned(), position: rule.position };
        self.rules = target.rules().map(|rule| PlaceReport::of(env, &place(rule))).collect();
        let failing = |failure: &Failure| Get::failing(failure, target.host(), target.service(), options);
        let settings = AwsSettings::read(env);
        let settings = match settings.for_target(target) {
            Ok(settings) => settings,
            Err(failure) => {
                let problem = Some(shown(&failure));
                self.identity = Some(IdentityReport { problem, ..IdentityReport::default() });
                self.get = failing(&failure);
                return self;
            }
        };
        let api_settings = SettingReport::all(env, settings.api_settings());
        let resolved = settings.resolve();
        let plan = resolved.as_ref().map(|(_, plan)| plan);
        self.identity = Some(IdentityReport {
            name: plan.map(CredentialPlan::identity_name).ok(),
            settings: SettingReport::all(env, settings.identity_settings(plan.ok())),
            notes: plan.map_or_else(|_| Vec::new(), |plan| plan.notes.iter().map(|note| clean_line(note)).collect()),
            problem: plan.err().map(shown),
        });
        let url = resolved.as_ref().ok().and_then(|(scope, _)| api_url(scope)).map(|url| clean_line(&url));
        self.api = Some(ApiReport { url, settings: api_settings });
        match resolved {
            Err(failure) => self.get = failing(&failure),
            Ok((scope, plan)) => self.look_ahead(world, options, target, &settings, &scope, &plan),
        }
        if let Err(invalid) = options.check() {
            // What a `get` looks at first.
            self.get = failing(&Failure::misconfigured(invalid.to_string()));
        }
        self
    }

    fn look_ahead(
        &mut self,
        world: &mut World<'_>,
        options: &Options,
        target: &Target,
        settings: &RegistrySettings<'_>,
        scope: &Scope,
        plan: &CredentialPlan,
    ) {
        let clock = world.clock;
        let now = clock.now();
        let needs_code = world.source.needs_mfa_code(plan, now);
        let mut context = Context::new(world, options, String::new());
        let outlook = tokens::outlook(&mut context, target, settings, scope, plan);
        self.token = outlook.token.map(|(lifetime, _)| TokenTimes::of(lifetime, clock));
        self.failure = outlook.failure.map(|remembered| {
            let RememberedFailure { at, until, failure, .. } = remembered;
            FailureReport::of(&failure, at, until, now)
        });
        let url = self.api.as_ref().and_then(|api| api.url.as_deref());
        let answer = Answer { target, options, plan, url, needs_code, is_cached: outlook.is_cached };
        self.get = answer.to(&outlook.next);
    }
}

impl RegistryReport {
    fn of(registry: &Registry) -> Self {
        Self {
            host: registry.host().to_owned(),
            account: registry.account.as_ref().map(|account| account.as_str().to_owned()),
            api: ApiName::of(&registry.api),
            fips: registry.endpoint_variant.fips,
            dual_stack: registry.endpoint_variant.dual_stack,
        }
    }
}
