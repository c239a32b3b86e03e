//! The keys of the configuration file, and what they mean together.
//!
//! Each table has an enum with its keys, and each enum one `match` without a wildcard, so that a
//! new key doesn't compile before its value is read. A rule that contradicts itself is a mistake
//! here. One that contradicts a host which a glob matches is found when that host is asked for
//! ([`Rule::conflict_with`]).

use std::path::Path;
use std::slice;

use super::ConfigError;
use super::options::options;
use super::toml::{DeTable, DeValue, Key, Lines, Problem, Spanned, Value, entries, flag, keys, parsed, string};
use crate::arn::RoleArn;
use crate::registry::{Region, Registry};
use crate::rules::{Fallback, PartitionConflict, Pattern, Role, Rule, Rules};
use crate::server_url::is_http_url;

/// This program's own name after `docker-credential-`.
const OWN_NAME: &str = "ecr-login";

keys! {
    /// At the top of the file.
    FileKey {
        AutoProfile = "auto_profile",
        Registry = "registry",
        Fallback = "fallback",
        Options = "options",
    }
}

keys! {
    /// In a `[[registry]]`.
    RuleKey {
        Match = "match",
        Registry = "registry",
        Profile = "profile",
        RoleArn = "role_arn",
        ExternalId = "external_id",
        SessionName = "session_name",
        Region = "region",
        EndpointUrl = "endpoint_url",
        Fips = "fips",
        DualStack = "dualstack",
    }
}

keys! {
    /// In a `[fallback]` or `[[fallback]]`.
    FallbackKey {
        Match = "match",
        Helper = "helper",
    }
}

/// Reads the text of a file.
/// Error: the first mistake in the syntax, else the first one in a table.
pub(crate) fn parse(text: &str, file: &Path) -> Result<Rules, ConfigError> {
    let lines = Lines::of(text);
    let rules = DeTable::parse(text)
        .map_err(|error| Problem::of_syntax(&error, text))
        .and_then(|document| rules(document.get_ref(), &lines));
    match rules {
        Ok(rules) => Ok(Rules { file: file.to_owned(), ..rules }),
        Err(Problem { at, what, correction }) => Err(ConfigError::Invalid {
            file: file.to_owned(),
            position: lines.position(at),
            // A quoted value may contain line ends, and characters that change a terminal.
            problem: what.replace(char::is_control, "\u{fffd}"),
            correction,
        }),
    }
}

fn rules(document: &DeTable<'_>, lines: &Lines<'_>) -> Result<Rules, Problem> {
    let mut rules = Rules::default();
    for entry in entries(document) {
        let (key, value) = entry?;
        match key {
            FileKey::AutoProfile => rules.auto_profile = flag(key, value)?.into_inner(),
            FileKey::Registry => {
                let problem = "`registry` must be an array of tables; write `[[registry]]`";
                let DeValue::Array(tables) = value.get_ref() else { return Err(Problem::at(value, problem)) };
                for value in tables {
                    let DeValue::Table(table) = value.get_ref() else { return Err(Problem::at(value, problem)) };
                    rules.registries.push(rule(table, value.span().start, lines)?);
                }
            }
            FileKey::Fallback => {
                let tables = value.get_ref().as_array().map_or(slice::from_ref(value), |tables| tables);
                for value in tables {
                    let DeValue::Table(table) = value.get_ref() else {
                        let problem = "`fallback` must be a table; write `[fallback]` or `[[fallback]]`";
                        return Err(Problem::at(value, problem));
                    };
                    let fallback = fallback(table, value.span().start, &rules.fallbacks)?;
                    rules.fallbacks.push(fallback);
                }
            }
            FileKey::Options => rules.options = options(value)?,
        }
    }
    Ok(rules)
}

/// One `[[registry]]`, which begins at a byte of the text.
fn rule(table: &DeTable<'_>, at: usize, lines: &Lines<'_>) -> Result<Rule, Problem> {
    let (mut patterns, mut registry, mut profile) = (None, None, None);
    let (mut role_arn, mut external_id, mut session_name) = (None, None, None);
    let (mut region, mut endpoint_url, mut fips, mut dual_stack) = (None, None, None, None);
    for entry in entries(table) {
        let (key, value) = entry?;
        match key {
            RuleKey::Match => patterns = Some(pattern_list(key, value)?),
            RuleKey::Registry => registry = Some(parsed(&string(key, value)?, parse_registry)?),
            RuleKey::Profile => profile = Some(string(key, value)?),
            RuleKey::RoleArn => role_arn = Some(parsed(&string(key, value)?, parse_role_arn)?),
            RuleKey::ExternalId => external_id = Some(string(key, value)?),
            RuleKey::SessionName => session_name = Some(string(key, value)?),
            RuleKey::Region => region = Some(parsed(&string(key, value)?, parse_region)?),
            RuleKey::EndpointUrl => endpoint_url = Some(url(key, value)?),
            RuleKey::Fips => fips = Some(flag(key, value)?),
            RuleKey::DualStack => dual_stack = Some(flag(key, value)?),
        }
    }
    let patterns = patterns.ok_or_else(|| Problem::new(at, "a rule needs a `match`: hosts, globs or account IDs"))?;
    check_patterns(&patterns, registry.as_ref())?;
    for (key, text) in [(RuleKey::ExternalId, &external_id), (RuleKey::SessionName, &session_name)] {
        if let (Some(text), None) = (text, &role_arn) {
            return Err(Problem::at(text, format!("`{}` requires a `role_arn`", key.name())));
        }
    }
    for (key, flag) in [(RuleKey::Fips, &fips), (RuleKey::DualStack, &dual_stack)] {
        if let (Some(flag), Some(_)) = (flag, &endpoint_url) {
            let problem = format!("`{}` and `endpoint_url` can't be combined; remove one", key.name());
            return Err(Problem::at(flag, problem));
        }
    }
    let role_at = role_arn.as_ref().map(|arn| arn.span().start);
    let region_at = region.as_ref().map(|region| region.span().start);
    let owned = |text: Spanned<&str>| text.into_inner().to_owned();
    let (external_id, session_name) = (external_id.map(owned), session_name.map(owned));
    let rule = Rule {
        patterns: patterns.into_iter().map(Spanned::into_inner).collect(),
        registry: registry.map(Spanned::into_inner),
        profile: profile.map(owned),
        role: role_arn.map(|arn| Role { arn: arn.into_inner(), external_id, session_name }),
        region: region.map(Spanned::into_inner),
        endpoint_url: endpoint_url.map(owned),
        fips: fips.map(Spanned::into_inner),
        dual_stack: dual_stack.map(Spanned::into_inner),
        position: lines.position(at),
    };
    let Some(conflict) = rule.registries().iter().find_map(|registry| rule.conflict_with(registry)) else {
        return Ok(rule);
    };
    let conflict_at = match conflict {
        PartitionConflict::Role { .. } => role_at,
        PartitionConflict::Region { .. } => region_at,
    };
    Err(Problem::new(conflict_at.unwrap_or(at), conflict.to_string()))
}

/// Hosts that aren't ECR's need a `registry`; an account can't be another name of one, nor can the
/// hosts of anybody.
fn check_patterns(patterns: &[Spanned<Pattern>], registry: Option<&Spanned<Registry>>) -> Result<(), Problem> {
    for pattern in patterns {
        match (pattern.get_ref(), registry) {
            (Pattern::Host(host), None) if Registry::parse(host).is_none() => {
                let problem =
                    format!("`{host}` is not the host of an ECR registry; add the `registry` that it stands for");
                return Err(Problem::at(pattern, problem));
            }
            (Pattern::Account(account), Some(registry)) => {
                let problem = format!("the registries of account `{account}` can't be other names of one `registry`");
                return Err(Problem::at(registry, problem));
            }
            (Pattern::Glob(glob), Some(_)) if !pattern.get_ref().is_in_one_domain() => {
                let problem = format!(
                    "`{glob}` matches hosts of anybody, who would get the password of the `registry`; end it with a \
                     domain, as in `*.example.com`"
                );
                return Err(Problem::at(pattern, problem));
            }
            (Pattern::Host(_) | Pattern::Account(_) | Pattern::Glob(_), _) => {}
        }
    }
    Ok(())
}

/// The `[fallback]` or one `[[fallback]]`, which begins at a byte of the text, after others.
fn fallback(table: &DeTable<'_>, at: usize, others: &[Fallback]) -> Result<Fallback, Problem> {
    let (mut patterns, mut helper) = (None, None);
    for entry in entries(table) {
        let (key, value) = entry?;
        match key {
            FallbackKey::Match => patterns = Some(pattern_list(key, value)?),
            FallbackKey::Helper => helper = Some(parsed(&string(key, value)?, parse_helper)?),
        }
    }
    let helper = helper.ok_or_else(|| Problem::new(at, "a fallback needs a `helper`"))?.into_inner();
    let Some(patterns) = patterns else {
        return if others.iter().any(|other| other.patterns.is_none()) {
            Err(Problem::new(at, "a second fallback without `match`; only one can apply to all other hosts"))
        } else {
            Ok(Fallback { patterns: None, helper })
        };
    };
    for pattern in &patterns {
        if let Pattern::Account(account) = pattern.get_ref() {
            let problem = format!("`{account}` is an account ID; fallbacks don't apply to ECR registries");
            return Err(Problem::at(pattern, problem));
        }
    }
    Ok(Fallback { patterns: Some(patterns.into_iter().map(Spanned::into_inner).collect()), helper })
}

/// A URL, which a message must not repeat: it may contain a password.
fn url<'v>(key: impl Key, value: &'v Value<'_>) -> Result<Spanned<&'v str>, Problem> {
    let url = string(key, value)?;
    if is_http_url(url.get_ref()) {
        Ok(url)
    } else {
        Err(Problem::at(value, format!("`{}` must be an `http://` or `https://` URL", key.name())))
    }
}

/// A pattern, or an array of at least one.
fn pattern_list(key: impl Key, value: &Value<'_>) -> Result<Vec<Spanned<Pattern>>, Problem> {
    let values = value.get_ref().as_array().map_or(slice::from_ref(value), |values| values);
    if values.is_empty() {
        return Err(Problem::at(value, format!("`{}` is an empty array, which matches no host", key.name())));
    }
    let pattern = |text: &str| Pattern::parse(text).map_err(str::to_owned);
    values.iter().map(|value| parsed(&string(key, value)?, pattern)).collect()
}

fn parse_registry(host: &str) -> Result<Registry, String> {
    Registry::parse(host).ok_or_else(|| "is not the host of an ECR registry".to_owned())
}

fn parse_role_arn(arn: &str) -> Result<RoleArn, String> {
    let problem = "is not the ARN of a role, such as `arn:aws:iam::123456789012:role/NAME`";
    RoleArn::parse(arn).ok_or_else(|| problem.to_owned())
}

fn parse_region(name: &str) -> Result<Region, String> {
    let region = Region::parse(name).filter(|region| region.as_str() == name);
    region.ok_or_else(|| "is not the name of a region, such as `eu-west-1`".to_owned())
}

/// The part of a program's name after `docker-credential-`.
fn parse_helper(name: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let short = name.strip_prefix("docker-credential-");
    if short.unwrap_or(name) == OWN_NAME {
        Err("is this program, which can't be its own fallback".to_owned())
    } else if let Some(short) = short {
        Err(format!("is the full name of the program; write `{short}`"))
    } else if !name.bytes().all(is_plain) {
        Err("is not a valid helper: the part of a program's name after `docker-credential-`".to_owned())
    } else {
        Ok(name.to_owned())
    }
}
