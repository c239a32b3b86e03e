//! The user's rules: which registry a host stands for, which identity asks for its token, and which
//! helper answers for all other hosts.
//!
//! [`Rules`] are the contents of the configuration file, in its order: the first rule that matches
//! a host applies. They turn the server URL of a client into its [`Destination`]. No I/O: `config`
//! reads the file and refuses rules that contradict themselves, and the policy acts on the
//! destination.

mod pattern;
mod target;

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::arn::RoleArn;
use crate::error::Failure;
use crate::options::FileOptions;
use crate::registry::{Partition, Region, Registry};
use crate::server_url::ServerUrl;
pub(crate) use pattern::Pattern;
pub(crate) use target::Target;

/// The contents of the configuration file. Without a file all of it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The path of the file, for messages.
    pub file: PathBuf,
    /// The rules for registries.
    pub registries: Vec<Rule>,
    /// The helpers for all other hosts.
    pub fallbacks: Vec<Fallback>,
    /// Whether a registry without a rule is asked with the profile of its account.
    pub auto_profile: bool,
    /// What it says of our own options.
    pub options: FileOptions,
}

/// One `[[registry]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The hosts that it applies to.
    pub patterns: Vec<Pattern>,
    /// The registry that these hosts are other names of.
    pub registry: Option<Registry>,
    /// The profile whose credentials are used.
    pub profile: Option<String>,
    /// The role that is assumed with them.
    pub role: Option<Role>,
    /// The region whose API is asked, instead of the region in the registry's name.
    pub region: Option<Region>,
    /// The endpoint that is asked, instead of the API's own.
    pub endpoint_url: Option<String>,
    /// Whether FIPS endpoints are asked; overrides variables and profile.
    pub fips: Option<bool>,
    /// Whether dual-stack endpoints are asked; overrides variables and profile.
    pub dual_stack: Option<bool>,
    /// Where it begins in the file.
    pub position: Position,
}

/// The role of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    /// Its ARN.
    pub arn: RoleArn,
    /// The external ID that its trust policy requires.
    pub external_id: Option<String>,
    /// The name of the session.
    pub session_name: Option<String>,
}

/// The `[fallback]`, or one `[[fallback]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fallback {
    /// The hosts that it applies to; `None` for all hosts that no other fallback matches.
    pub patterns: Option<Vec<Pattern>>,
    /// The part of the helper's program name after `docker-credential-`.
    pub helper: String,
}

/// A place in a text. It prints as `LINE:COLUMN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// What answers for a server URL.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each request")]
pub(crate) enum Destination {
    /// ECR.
    Ecr(Target),
    /// The fallback helper `docker-credential-` and this name.
    Fallback(String),
    /// Nothing: the host isn't ECR's, and no fallback matches it.
    NotFound,
    /// The configuration file is invalid, so its rules are unknown.
    Misconfigured {
        /// The registry, if the host is an ECR registry by its own name.
        registry: Option<Registry>,
        /// What is wrong with the file.
        error: Failure,
    },
}

impl Rules {
    /// What answers for the server URL of a client. Never [`Destination::Misconfigured`].
    pub(crate) fn destination(&self, server_url: &str) -> Destination {
        let Some(server_url) = ServerUrl::parse(server_url) else {
            // It can't be ECR's, but a helper that was given this text by a client may know it
            // again.
            return self.fallback(None);
        };
        let host = server_url.host();
        let own = Registry::parse(host);
        // A rule without a `registry` selects the identity for ECR registries and doesn't apply to
        // other hosts.
        let rule = self
            .registries
            .iter()
            .find(|rule| (own.is_some() || rule.registry.is_some()) && rule.matches(host, own.as_ref()));
        let (registry, registry_rule) = match (rule.and_then(|rule| rule.registry.clone()), own) {
            (Some(registry), _) => {
                let registry_rule = self.registry_rule(&registry);
                (registry, registry_rule)
            }
            (None, Some(registry)) => (registry, None),
            (None, None) => return self.fallback(Some(host)),
        };
        let identity_is_open = rule.is_none_or(|rule| rule.registry.is_some() && !rule.selects_identity());
        Destination::Ecr(Target {
            host: host.to_owned(),
            registry,
            auto_profile: self.auto_profile && identity_is_open && registry_rule.is_none(),
            rule: rule.cloned(),
            registry_rule: registry_rule.cloned(),
            file: self.file.clone(),
            service_account: None,
        })
    }

    /// The first rule that applies to a registry by its own name.
    fn registry_rule(&self, registry: &Registry) -> Option<&Rule> {
        self.registries.iter().find(|rule| rule.registry.is_none() && rule.matches(registry.host(), Some(registry)))
    }

    /// The first helper whose `match` has the host, else the one without a `match`, wherever that
    /// is in the file.
    fn fallback(&self, host: Option<&str>) -> Destination {
        let matches = |fallback: &&Fallback| match (&fallback.patterns, host) {
            (Some(patterns), Some(host)) => patterns.iter().any(|pattern| pattern.matches(host, None)),
            (Some(_), None) | (None, _) => false,
        };
        let rest = || self.fallbacks.iter().find(|fallback| fallback.patterns.is_none());
        match self.fallbacks.iter().find(matches).or_else(rest) {
            Some(fallback) => Destination::Fallback(fallback.helper.clone()),
            None => Destination::NotFound,
        }
    }

    /// The rules for registries that can't apply to any host, because others before them have all their patterns; each with
    /// the position of one of those.
    pub(crate) fn hidden_rules(&self) -> Vec<(&Rule, Position)> {
        let rules = self.registries.iter().enumerate();
        let hidden = rules.filter_map(|(index, rule)| {
            // A rule without a `registry` doesn't apply to hosts that aren't ECR's, so it hides no rule for such hosts.
            let before = || {
                self.registries[..index].iter().filter(|before| before.registry.is_some() == rule.registry.is_some())
            };
            let hiding =
                |pattern: &Pattern| before().find(|before| before.patterns.iter().any(|other| other.covers(pattern)));
            let hiding: Option<Vec<_>> = rule.patterns.iter().map(hiding).collect();
            Some((rule, hiding?.first()?.position))
        });
        hidden.collect()
    }

    /// The hosts that the rules for registries name without a glob, in lower case.
    pub(crate) fn named_hosts(&self) -> impl Iterator<Item = String> {
        self.registries.iter().flat_map(|rule| &rule.patterns).filter_map(|pattern| match pattern {
            Pattern::Host(host) => Some(host.to_ascii_lowercase()),
            Pattern::Account(_) | Pattern::Glob(_) => None,
        })
    }

    /// The names of the fallback helpers, each once.
    pub(crate) fn helpers(&self) -> Vec<&str> {
        let mut helpers: Vec<&str> = Vec::new();
        for fallback in &self.fallbacks {
            if !helpers.contains(&fallback.helper.as_str()) {
                helpers.push(&fallback.helper);
            }
        }
        helpers
    }
}

impl Rule {
    fn matches(&self, host: &str, registry: Option<&Registry>) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(host, registry))
    }

    /// Whether it selects the identity that asks: a profile, a role or both.
    fn selects_identity(&self) -> bool {
        self.profile.is_some() || self.role.is_some()
    }

    /// The registries that the rule names: its `registry`, else those of its hosts.
    pub(crate) fn registries(&self) -> Vec<Registry> {
        let of_pattern = |pattern: &Pattern| match pattern {
            Pattern::Host(host) => Registry::parse(host),
            Pattern::Account(_) | Pattern::Glob(_) => None,
        };
        match &self.registry {
            Some(registry) => vec![registry.clone()],
            None => self.patterns.iter().filter_map(of_pattern).collect(),
        }
    }

    /// A setting of this rule that can't apply to a registry, because it belongs to another
    /// partition.
    pub(crate) fn conflict_with(&self, registry: &Registry) -> Option<PartitionConflict> {
        let (host, partition) = (registry.host().to_owned(), registry.api.partition);
        if let Some(Role { arn, .. }) = &self.role
            && arn.partition != partition
        {
            return Some(PartitionConflict::Role { arn: arn.clone(), host, partition: partition.as_str() });
        }
        if let Some(region) = &self.region
            && Partition::of_region(region.as_str()) != partition
        {
            return Some(PartitionConflict::Region { region: region.clone(), host, partition: partition.as_str() });
        }
        None
    }
}

/// A setting of a rule that belongs to another partition than the registry.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum PartitionConflict {
    /// The role.
    #[error("the role `{arn}` is in another partition than `{host}`, which is in `{partition}`")]
    Role { arn: RoleArn, host: String, partition: &'static str },
    /// The region.
    #[error("the region `{}` is in another partition than `{host}`, which is in `{partition}`", region.as_str())]
    Region { region: Region, host: String, partition: &'static str },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::AccountId;

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn rule(patterns: &[&str], registry: Option<&str>) -> Rule {
        Rule {
            patterns: patterns.iter().map(|text| Pattern::parse(text).expect(text)).collect(),
            registry: registry.map(|host| Registry::parse(host).expect(host)),
            ..Rule::default()
        }
    }

    fn fallback(pattern: Option<&str>, helper: &str) -> Fallback {
        let patterns = pattern.map(|text| vec![Pattern::parse(text).expect(text)]);
        Fallback { patterns, helper: helper.to_owned() }
    }

    fn region(name: &str) -> Option<Region> {
        Region::parse(name)
    }

    #[test]
    fn the_first_rule_that_matches_applies_to_every_spelling_of_the_host() {
        let rules = Rules {
            registries: vec![
                rule(&["444455556666", "docker.example.com"], Some("444455556666.dkr.ecr.us-east-1.amazonaws.com")),
                Rule { profile: Some("first".into()), ..rule(&["444455556666", HOST], None) },
                Rule { profile: Some("second".into()), ..rule(&["1111*"], None) },
            ],
            ..Rules::default()
        };
        for (server_url, registry, profile) in [
            (HOST, HOST, Some("first")),
            ("https://111122223333.DKR.ecr.eu-west-1.amazonaws.com:443/v2/", HOST, Some("first")),
            (
                "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                Some("second"),
            ),
            // The registry that it stands for has a rule, by its account.
            ("http://Docker.example.com:5000", "444455556666.dkr.ecr.us-east-1.amazonaws.com", Some("first")),
            ("public.ecr.aws", "public.ecr.aws", None),
        ] {
            let Destination::Ecr(target) = rules.destination(server_url) else { panic!("{server_url}") };
            assert_eq!(target.registry().host(), registry, "{server_url}");
            assert_eq!(target.setting(|rule| rule.profile.as_deref()), profile, "{server_url}");
        }
        let Destination::Ecr(target) = rules.destination("docker.example.com:5000") else { panic!("an alias") };
        assert_eq!((target.host(), target.api().region.as_str()), ("docker.example.com", "us-east-1"));
    }

    #[test]
    fn a_rule_without_a_registry_does_not_apply_to_hosts_that_are_not_ecr_s() {
        let rules = Rules { registries: vec![rule(&["*"], None)], ..Rules::default() };
        assert!(matches!(rules.destination("ghcr.io"), Destination::NotFound));
        assert!(matches!(rules.destination(HOST), Destination::Ecr(_)));
    }

    #[test]
    fn a_fallback_applies_to_its_hosts_and_the_one_without_a_match_to_all_others() {
        let rules = Rules {
            registries: vec![rule(&["docker.example.com"], Some(HOST))],
            fallbacks: vec![fallback(None, "rest"), fallback(Some("ghcr.io"), "one"), fallback(Some("*.io"), "two")],
            ..Rules::default()
        };
        for (server_url, helper) in [
            ("ghcr.io", Some("one")),
            ("https://quay.io/v2/", Some("two")),
            ("https://index.docker.io/v1/", Some("two")),
            ("localhost:5000", Some("rest")),
            ("user@ghcr.io", Some("rest")),
            (HOST, None),
            ("public.ecr.aws", None),
            ("docker.example.com", None),
        ] {
            let destination = rules.destination(server_url);
            let found = if let Destination::Fallback(helper) = destination { Some(helper) } else { None };
            assert_eq!(found.as_deref(), helper, "{server_url}");
        }
        assert_eq!(rules.helpers(), ["rest", "one", "two"]);
        let some = Rules { fallbacks: vec![fallback(Some("ghcr.io"), "one")], ..Rules::default() };
        for server_url in ["quay.io", "user@ghcr.io"] {
            assert!(matches!(some.destination(server_url), Destination::NotFound), "{server_url}");
        }
    }

    #[test]
    fn another_name_of_a_registry_takes_from_the_rule_for_the_registry_what_its_own_rule_leaves_out() {
        const ALIAS: &str = "docker.example.com";
        let profile = |name: &str, rule: Rule| Rule { profile: Some(name.into()), ..rule };
        let alias = || rule(&[ALIAS], Some(HOST));
        let other = || profile("other", rule(&["444455556666"], None));
        let registry_rule =
            || Rule { region: region("eu-west-2"), ..profile("registry", rule(&["111122223333"], None)) };
        for (registries, profile_name, from) in [
            (vec![alias()], None, "eu-west-1"),
            (vec![alias(), other(), registry_rule()], Some("registry"), "eu-west-2"),
            (vec![registry_rule(), alias()], Some("registry"), "eu-west-2"),
            (vec![profile("own", alias()), registry_rule()], Some("own"), "eu-west-2"),
            (vec![Rule { region: region("eu-west-3"), ..alias() }, registry_rule()], Some("registry"), "eu-west-3"),
            // A rule for another name of the same registry isn't a rule for the registry.
            (vec![profile("own", rule(&["*"], Some(HOST))), registry_rule()], Some("own"), "eu-west-2"),
        ] {
            for auto_profile in [false, true] {
                let rules = Rules { registries: registries.clone(), auto_profile, ..Rules::default() };
                let Destination::Ecr(target) = rules.destination(ALIAS) else { panic!("an alias") };
                let found = target.identity_rule().and_then(|rule| rule.profile.as_deref());
                assert_eq!((found, target.api().region.as_str()), (profile_name, from));
                let account = (auto_profile && profile_name.is_none()).then_some("111122223333");
                assert_eq!(target.auto_profile_account().map(AccountId::as_str), account);
            }
        }
    }

    #[test]
    fn auto_profile_applies_only_to_an_account_without_a_rule() {
        let rules = Rules { registries: vec![rule(&["444455556666"], None)], auto_profile: true, ..Rules::default() };
        for (host, account) in [
            (HOST, Some("111122223333")),
            ("444455556666.dkr.ecr.eu-west-1.amazonaws.com", None),
            ("public.ecr.aws", None),
        ] {
            let Destination::Ecr(target) = rules.destination(host) else { panic!("{host}") };
            assert_eq!(target.auto_profile_account().map(AccountId::as_str), account, "{host}");
        }
    }

    #[test]
    fn a_role_or_region_in_another_partition_is_a_conflict() {
        let role = |arn: &str| {
            let arn = RoleArn::parse(arn).expect(arn);
            Some(Role { arn, external_id: None, session_name: None })
        };
        let china = "arn:aws-cn:iam::111122223333:role/pull";
        for (rule, said) in [
            (Rule { role: role("arn:aws:iam::111122223333:role/a/b"), ..Rule::default() }, None),
            (Rule { region: region("us-east-1"), ..Rule::default() }, None),
            (
                Rule { role: role(china), ..Rule::default() },
                Some(format!("the role `{china}` is in another partition than `{HOST}`, which is in `aws`")),
            ),
            (
                Rule { region: region("cn-north-1"), ..Rule::default() },
                Some(format!("the region `cn-north-1` is in another partition than `{HOST}`, which is in `aws`")),
            ),
        ] {
            let conflict = rule.conflict_with(&Registry::parse(HOST).expect(HOST));
            assert_eq!(conflict.map(|conflict| conflict.to_string()), said);
        }
    }
}
