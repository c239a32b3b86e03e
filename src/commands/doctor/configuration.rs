//! Our own settings: the variables, and the configuration file with its syntax, owner, modes and rules.

use std::path::Path;

use super::check::{Check, Remedy};
use super::remedy::edit;
use super::text::{Kind, Text};
use crate::config::{self, ConfigError};
use crate::env::{Env, names};
use crate::fs::{OWNED_BY_ANOTHER, WRITABLE_BY_OTHERS};
use crate::options::Options;
use crate::paths;
use crate::rules::Rules;

const FILE: &str = "configuration file";

/// The variables whose value isn't valid; nothing if all are.
pub(super) fn variables(options: &Options) -> Option<Check> {
    let invalid = options.check().err()?;
    let remedy = Remedy::run(format!("unset {}", invalid.variable()));
    Some(Check::bad("variables", invalid.to_string(), remedy))
}

/// The configuration file.
pub(super) fn file(env: &Env) -> Vec<Check> {
    match config::read(env) {
        Ok(rules) => match paths::config_file(env) {
            _ if env.is_empty(names::CONFIG) => {
                vec![Check::good(FILE, format!("turned off by `{}`", names::CONFIG))]
            }
            Some(path) if path.exists() => rules_of(&rules, &path),
            Some(_) | None => vec![Check::good(FILE, "there is none, and none is needed")],
        },
        Err(error) => vec![Check::bad(FILE, what(&error), remedy(&error))],
    }
}

fn what(error: &ConfigError) -> Text {
    match error {
        ConfigError::Unreadable(error) => {
            let source = error.source.to_string();
            // The remedy is shown on its own.
            let source = source.split("; run `").next().unwrap_or_default().to_owned();
            Text::new("cannot ").then(error.action).then(" ").path(&error.path).then(": ").then(source)
        }
        ConfigError::Missing(path) => {
            Text::new("").path(path).then(format!(", which `{}` names, does not exist", names::CONFIG))
        }
        ConfigError::NotUtf8(path) => Text::new("").path(path).then(" is not valid UTF-8"),
        ConfigError::Invalid { file, position, problem, correction: _ } => {
            let place = Text::new("").name(Kind::Path, file.display().to_string()).then(format!(":{position}: "));
            place.either(problem.clone(), "a mistake")
        }
    }
}

fn remedy(error: &ConfigError) -> Remedy {
    match error {
        ConfigError::Unreadable(error) => {
            let path = &error.path;
            let source = error.source.to_string();
            if source == WRITABLE_BY_OTHERS {
                Remedy::run(Text::new("chmod go-w ").path_argument(path))
            } else if source == OWNED_BY_ANOTHER {
                Remedy::run(Text::new("sudo chown \"$(id -un)\" ").path_argument(path))
            } else if path.is_dir() {
                Remedy::run(Text::new("rmdir ").path_argument(path))
            } else {
                Remedy::run(Text::new("chmod u+r ").path_argument(path))
            }
        }
        ConfigError::Missing(_) => Remedy::run(format!("unset {}", names::CONFIG)),
        ConfigError::NotUtf8(path) => edit(path, 1),
        ConfigError::Invalid { file, position, problem: _, correction: Some(correction) }
            if correction.written.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) =>
        {
            let line = position.line;
            let script = format!("'{line}s/{}/{}/' ", correction.written, correction.meant);
            Remedy::run(
                Text::new("sed -i.bak ")
                    .either(script, format!("'{line}s/…/{}/' ", correction.meant))
                    .path_argument(file),
            )
        }
        ConfigError::Invalid { file, position, .. } => edit(file, position.line),
    }
}

/// A file that is valid.
fn rules_of(rules: &Rules, path: &Path) -> Vec<Check> {
    let hidden = rules.hidden_rules();
    if hidden.is_empty() {
        let count = match rules.registries.len() {
            1 => "1 rule".to_owned(),
            count => format!("{count} rules"),
        };
        return vec![Check::good(FILE, Text::new("").path(path).then(format!(", {count}")))];
    }
    let checks = hidden.into_iter().map(|(rule, before)| {
        let place = Text::new("").name(Kind::Path, path.display().to_string()).then(format!(":{}: ", rule.position));
        let what = place.then(format!("this rule never applies: the one in line {} has its hosts", before.line));
        Check::warning(FILE, what, edit(path, rule.position.line))
    });
    checks.collect()
}
