//! An ECR registry that a client asks for, with the rules that apply to it.

use std::path::{Path, PathBuf};

use super::Rule;
use crate::arn::AccountId;
use crate::identity::ServiceAccount;
use crate::registry::{Api, Registry, Service};

/// A host, the registry that it is a name of, and the rules that apply to both.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(super) host: String,
    pub(super) registry: Registry,
    /// The rule for the host.
    pub(super) rule: Option<Rule>,
    /// If the host is another name of the registry, the rule for the registry's own name: it has
    /// what `rule` leaves out.
    pub(super) registry_rule: Option<Rule>,
    /// The file with the rules.
    pub(super) file: PathBuf,
    pub(super) auto_profile: bool,
    /// The service account that the request speaks for; `None` if the settings name the identity.
    pub(super) service_account: Option<ServiceAccount>,
}

impl Target {
    /// A registry by its own name, without a rule.
    pub(crate) fn of(registry: Registry) -> Self {
        Self {
            host: registry.host().to_owned(),
            registry,
            rule: None,
            registry_rule: None,
            file: PathBuf::new(),
            auto_profile: false,
            service_account: None,
        }
    }

    /// The same registry, asked on behalf of a service account: its role replaces the identity that the settings name.
    pub(crate) fn on_behalf_of(self, service_account: ServiceAccount) -> Self {
        Self { service_account: Some(service_account), ..self }
    }

    /// The service account that the request speaks for.
    pub(crate) fn service_account(&self) -> Option<&ServiceAccount> {
        self.service_account.as_ref()
    }

    /// The host that the client named, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The registry that it is a name of.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The rules that apply, the more specific one first.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rule.iter().chain(&self.registry_rule)
    }

    /// A setting of the rules: the first that is set.
    pub(crate) fn setting<'t, T>(&'t self, of: impl FnMut(&'t Rule) -> Option<T>) -> Option<T> {
        self.rules().find_map(of)
    }

    /// The rule that selects the identity: a profile, a role or both.
    pub(crate) fn identity_rule(&self) -> Option<&Rule> {
        self.rules().find(|rule| rule.selects_identity())
    }

    /// The file with the rules.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The file, line and column of a rule, for messages.
    pub(crate) fn location_of(&self, rule: &Rule) -> String {
        format!("{}:{}", self.file.display(), rule.position)
    }

    /// The account whose profile is to be used; `None` unless `auto_profile` applies.
    pub(crate) fn auto_profile_account(&self) -> Option<&AccountId> {
        self.registry.account.as_ref().filter(|_| self.auto_profile)
    }

    /// The API that gives the tokens.
    pub(crate) fn api(&self) -> Api {
        let api = self.registry.api.clone();
        match self.setting(|rule| rule.region.clone()) {
            Some(region) => Api { region, ..api },
            None => api,
        }
    }

    /// The service of that API.
    pub(crate) fn service(&self) -> Service {
        self.registry.api.service
    }
}
