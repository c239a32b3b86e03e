//! A rule while its lines come in, and what these may be together.
//!
//! What can be seen to contradict itself in the file alone is a mistake here; what depends on the host that a glob is
//! matched with, when that host is asked for.

use std::borrow::Cow;

use super::document::Mistake;
use crate::registry::Registry;
use crate::rules::{Fallback, Pattern, Patterns, Position, Role, Rule, partition_of_role};
use crate::settings::endpoint::is_http_url;

/// What follows `docker-credential-` in our own name.
const OURSELVES: &str = "ecr-login";

/// A value and the byte that it begins at.
pub(super) struct At<T> {
    pub(super) at: usize,
    pub(super) value: T,
}

type Text<'a> = Option<At<Cow<'a, str>>>;

/// A `[[registry]]`.
pub(super) struct RuleDraft<'a> {
    at: usize,
    position: Position,
    pub(super) patterns: Option<At<Patterns<'a>>>,
    registry: Option<At<Box<Registry>>>,
    profile: Text<'a>,
    role_arn: Text<'a>,
    external_id: Text<'a>,
    session_name: Text<'a>,
    region: Text<'a>,
    endpoint_url: Text<'a>,
    fips: Option<At<bool>>,
    dual_stack: Option<At<bool>>,
}

impl<'a> RuleDraft<'a> {
    pub(super) fn new(at: usize, position: Position) -> Self {
        Self {
            at,
            position,
            patterns: None,
            registry: None,
            profile: None,
            role_arn: None,
            external_id: None,
            session_name: None,
            region: None,
            endpoint_url: None,
            fips: None,
            dual_stack: None,
        }
    }

    /// Whether a key has its value already.
    pub(super) fn has(&self, key: &str) -> bool {
        match key {
            "match" => self.patterns.is_some(),
            "registry" => self.registry.is_some(),
            "fips" => self.fips.is_some(),
            "dualstack" => self.dual_stack.is_some(),
            _ => self.text(key).is_some(),
        }
    }

    pub(super) fn set_flag(&mut self, key: &str, flag: At<bool>) {
        match key {
            "fips" => self.fips = Some(flag),
            _ => self.dual_stack = Some(flag),
        }
    }

    pub(super) fn set_text(&mut self, key: &str, text: At<Cow<'a, str>>) -> Result<(), Mistake> {
        let At { at, value } = &text;
        let problem = match key {
            "registry" => match Registry::parse(value) {
                Some(registry) => {
                    self.registry = Some(At { at: *at, value: Box::new(registry) });
                    return Ok(());
                }
                None => Some("is not the host of an ECR registry"),
            },
            "role_arn" if partition_of_role(value).is_none() => {
                Some("is not the ARN of a role, `arn:aws:iam::123456789012:role/NAME`")
            }
            "endpoint_url" if !is_http_url(value) => Some("is not an `http://` or `https://` URL"),
            "region" if !is_region(value) => Some("is not the name of a region"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(Mistake::new(*at, format!("`{value}` {problem}")));
        }
        match key {
            "profile" => self.profile = Some(text),
            "role_arn" => self.role_arn = Some(text),
            "external_id" => self.external_id = Some(text),
            "session_name" => self.session_name = Some(text),
            "region" => self.region = Some(text),
            _ => self.endpoint_url = Some(text),
        }
        Ok(())
    }

    fn text(&self, key: &str) -> &Text<'a> {
        match key {
            "profile" => &self.profile,
            "role_arn" => &self.role_arn,
            "external_id" => &self.external_id,
            "session_name" => &self.session_name,
            "region" => &self.region,
            _ => &self.endpoint_url,
        }
    }

    /// The rule, now that all of its lines are there.
    pub(super) fn finish(self) -> Result<Rule<'a>, Mistake> {
        let Self {
            at,
            position,
            patterns,
            registry,
            profile,
            role_arn,
            external_id,
            session_name,
            region,
            endpoint_url,
            fips,
            dual_stack,
        } = self;
        let Some(patterns) = patterns else {
            return Err(Mistake::new(at, "a rule needs a `match`: hosts, globs or account IDs"));
        };
        if let (Some(text), None) = (external_id.as_ref().or(session_name.as_ref()), &role_arn) {
            let key = if external_id.is_some() { "external_id" } else { "session_name" };
            return Err(Mistake::new(text.at, format!("`{key}` goes with a `role_arn`, and there is none")));
        }
        if let (Some(flag), Some(_)) = (fips.as_ref().or(dual_stack.as_ref()), &endpoint_url) {
            let key = if fips.is_some() { "fips" } else { "dualstack" };
            return Err(Mistake::new(
                flag.at,
                format!("`{key}` says nothing of an `endpoint_url`: leave out one of them"),
            ));
        }
        let places = [&role_arn, &region].map(|text| text.as_ref().map(|text| text.at));
        let value = |text: Text<'a>| text.map(|text| text.value);
        let registry_at = registry.as_ref().map(|registry| registry.at);
        let (external_id, session_name) = (value(external_id), value(session_name));
        let rule = Rule {
            patterns: patterns.value,
            registry: registry.map(|registry| registry.value),
            profile: value(profile),
            role: value(role_arn).map(|arn| Box::new(Role { arn, external_id, session_name })),
            region: value(region),
            endpoint_url: value(endpoint_url),
            fips: fips.map(|flag| flag.value),
            dual_stack: dual_stack.map(|flag| flag.value),
            position,
        };
        check_patterns(&rule, patterns.at, registry_at)?;
        if rule.role.is_some() || rule.region.is_some() {
            let named = rule.patterns.iter().filter_map(|pattern| match pattern {
                Pattern::Host(host) if rule.registry.is_none() => Registry::parse(host),
                Pattern::Host(_) | Pattern::Account(_) | Pattern::Glob(_) => None,
            });
            let registry = rule.registry.as_deref().cloned();
            if let Some(contradiction) = registry.into_iter().chain(named).find_map(|one| rule.contradiction(&one)) {
                // The message names role or region, whichever it is, so either place will do for the eye.
                let [role_at, region_at] = places;
                return Err(Mistake::new(role_at.or(region_at).unwrap_or(at), contradiction));
            }
        }
        Ok(rule)
    }
}

/// Names of a registry need one; an account can't be a name of another.
fn check_patterns(rule: &Rule<'_>, at: usize, registry_at: Option<usize>) -> Result<(), Mistake> {
    for pattern in rule.patterns.iter() {
        match (pattern, registry_at) {
            (Pattern::Host(host), None) if !Registry::is_host(host) => {
                return Err(Mistake::new(
                    at,
                    format!("`{host}` is not the host of an ECR registry; name the one behind it with `registry`"),
                ));
            }
            (Pattern::Account(account), Some(at)) => {
                return Err(Mistake::new(
                    at,
                    format!("all registries of account `{account}` can't be names of one `registry`"),
                ));
            }
            (Pattern::Host(_) | Pattern::Account(_) | Pattern::Glob(_), _) => {}
        }
    }
    Ok(())
}

fn is_region(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A `[fallback]` or `[[fallback]]`.
pub(super) struct FallbackDraft<'a> {
    at: usize,
    pub(super) patterns: Option<At<Patterns<'a>>>,
    helper: Text<'a>,
}

impl<'a> FallbackDraft<'a> {
    pub(super) fn new(at: usize) -> Self {
        Self { at, patterns: None, helper: None }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        if key == "match" { self.patterns.is_some() } else { self.helper.is_some() }
    }

    pub(super) fn set_helper(&mut self, helper: At<Cow<'a, str>>) -> Result<(), Mistake> {
        let At { at, value } = &helper;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let name = value.strip_prefix("docker-credential-");
        let problem = if name.unwrap_or(value) == OURSELVES {
            "is this program, which can't be its own fallback".to_owned()
        } else if let Some(name) = name {
            format!("is the program's whole name; write `{name}`")
        } else if !value.bytes().all(is_plain) {
            "is not what follows `docker-credential-` in the name of a program".to_owned()
        } else {
            self.helper = Some(helper);
            return Ok(());
        };
        Err(Mistake::new(*at, format!("`{value}` {problem}")))
    }

    /// The fallback, now that all of its lines are there, with those before it.
    pub(super) fn finish(self, before: &[Fallback<'a>]) -> Result<Fallback<'a>, Mistake> {
        let Self { at, patterns, helper } = self;
        let Some(helper) = helper else {
            return Err(Mistake::new(at, "a fallback needs a `helper`"));
        };
        if patterns.is_none() && before.iter().any(|fallback| fallback.patterns.is_none()) {
            return Err(Mistake::new(at, "a second fallback without `match`: only one can be for all other hosts"));
        }
        if let Some(At { at, value }) = &patterns
            && let Some(Pattern::Account(account)) = value.iter().find(|pattern| matches!(pattern, Pattern::Account(_)))
        {
            return Err(Mistake::new(
                *at,
                format!("`{account}` is an account, and no fallback is asked for its hosts"),
            ));
        }
        Ok(Fallback { patterns: patterns.map(|patterns| patterns.value), helper: helper.value })
    }
}
