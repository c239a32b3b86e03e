//! The files of registry clients, each read by its client's own rules: whether they name this helper for a registry, and
//! what else in them decides which password a client sends.
//!
//! Clients that aren't installed, or aren't set up, are no fault as long as one is. Leaves out: how the files are read
//! (`crate::clients`) and written (`configure`).

mod file;
mod services;

use std::path::PathBuf;

use super::check::{Check, Remedy};
use super::text::{Kind, Text};
use crate::aws::AwsSettings;
use crate::clients::{self, ClientFile, files_read, registries_conf};
use crate::config;
use crate::env::{Env, names};
use crate::rules::{Destination, Rules};

const NAME: &str = "clients";

/// What the files of the clients say.
pub(super) struct Clients {
    pub(super) checks: Vec<Check>,
    /// The ECR hosts that they name this helper for.
    pub(super) hosts: Vec<String>,
}

/// What was found so far.
struct Found<'a> {
    env: &'a Env,
    /// Those of the configuration file, which may give a registry another name.
    rules: Rules,
    /// Whether the person asks about one registry, so that others don't matter.
    is_one: bool,
    /// The registries that are asked about: one, or those of the configuration file.
    wanted: Vec<String>,
    checks: Vec<Check>,
    /// Each host that this helper is named for, and the file.
    hosts: Vec<(String, PathBuf)>,
    /// Hosts that a remedy gives an entry to.
    renamed: Vec<String>,
    /// Whether a file can't be used, which may have an entry.
    has_unusable: bool,
    /// The file that names it for all hosts.
    all_hosts: Option<PathBuf>,
}

/// Looks at the files of all clients. `asked` is the registry that is asked about.
pub(super) fn look(env: &Env, asked: Option<&str>) -> Clients {
    // What is wrong with the configuration file has a check of its own.
    let rules = config::read(env).unwrap_or_default();
    let wanted = match asked {
        Some(host) => vec![host.to_owned()],
        None => rules.named_hosts().collect(),
    };
    let mut found = Found {
        env,
        rules,
        is_one: asked.is_some(),
        wanted,
        checks: Vec::new(),
        hosts: Vec::new(),
        renamed: Vec::new(),
        has_unusable: false,
        all_hosts: None,
    };
    let mut seen = Vec::new();
    for kind in ClientFile::ALL {
        for path in files_read(env, kind) {
            // Several clients read Docker's file.
            if path.exists() && !seen.contains(&path) {
                found.file(&path, kind);
                seen.push(path);
            }
        }
    }
    found.variable();
    found.helpers_of_all_hosts();
    found.checks.extend(services::look(env));
    found.conclude(asked);
    let Found { checks, hosts, .. } = found;
    Clients { checks, hosts: hosts.into_iter().map(|(host, _)| host).collect() }
}

impl Found<'_> {
    /// Whether a registry is one of those that matter.
    fn matters(&self, host: &str) -> bool {
        !self.is_one || self.wanted.iter().any(|wanted| wanted == host)
    }

    /// The ECR host that a key stands for, by its own name or by a rule.
    fn ecr_host(&self, key: &str) -> Option<String> {
        match self.rules.destination(key) {
            Destination::Ecr(target) => Some(target.host().to_owned()),
            Destination::Fallback(_) | Destination::NotFound | Destination::Misconfigured { .. } => None,
        }
    }

    /// `DOCKER_AUTH_CONFIG`, which Docker reads before its file.
    fn variable(&mut self) {
        let Some(text) = self.env.text(names::DOCKER_AUTH_CONFIG) else { return };
        let what = match clients::parse(text.as_bytes()) {
            Err(malformed) => Text::new("can't be used: ").either(malformed.to_string(), "it is malformed"),
            Ok(document) if document.has_helpers() => Text::new("has `credHelpers`, which Docker refuses there"),
            Ok(document) => {
                let logins = document.logins();
                let login = logins.iter().find(|login| login.has_secret && login.is_of_ecr());
                let Some(host) = login.and_then(|login| login.host.clone()) else { return };
                Text::new("has a password for ")
                    .name(Kind::Host, host)
                    .then(", which Docker uses instead of the helper")
            }
        };
        let variable = names::DOCKER_AUTH_CONFIG;
        let what = Text::new(format!("`{variable}` ")).text(what);
        self.checks.push(Check::warning(NAME, what, Remedy::run(format!("unset {variable}"))));
    }

    /// `credential-helpers` of Podman and its relatives.
    fn helpers_of_all_hosts(&mut self) {
        match registries_conf::of_user(self.env) {
            Ok(helpers) if helpers.has_us() => self.all_hosts = self.all_hosts.take().or(helpers.file),
            Ok(_) => {}
            Err(registries_conf::RegistriesConfError::Unreadable(error)) => {
                let what = Text::new("cannot ").then(error.action).then(" ").path(&error.path);
                let what = what.then(format!(": {}", error.source));
                let remedy = Remedy::run(Text::new("sudo chmod a+r ").path_argument(&error.path));
                self.checks.push(Check::warning(NAME, what, remedy));
            }
            Err(registries_conf::RegistriesConfError::Malformed { path, problem }) => {
                let what = Text::new("").path(&path).then(" can't be used: ").either(problem, "it is malformed");
                self.checks.push(Check::warning(NAME, what, super::remedy::edit(&path, 1)));
            }
        }
    }

    /// Whether a client is set up for what is asked about.
    fn conclude(&mut self, asked: Option<&str>) {
        for host in self.wanted.clone() {
            let named = self.hosts.iter().find(|(named, _)| *named == host).map(|(_, file)| file);
            if let Some(file) = named.or(self.all_hosts.as_ref()) {
                let what = Text::new("").path(file).then(" names this helper for ").name(Kind::Host, host);
                self.checks.push(Check::good(NAME, what));
            } else if self.renamed.contains(&host) {
                // What is wrong has been said.
            } else if self.has_unusable {
                self.checks.push(Check::skipped(NAME, "a file can't be used, which may name this helper"));
            } else if asked.is_none() || self.ecr_host(&host).is_some() {
                let what = Text::new("no client is set up to use this helper for ").name(Kind::Host, &host);
                self.checks.push(Check::bad(NAME, what, configure(Some(&host), None, "")));
            }
        }
        if !self.wanted.is_empty() {
            return;
        }
        let files = self.hosts.iter().map(|(_, file)| file).chain(&self.all_hosts);
        let file = files.last();
        self.checks.push(match (file, self.hosts.len()) {
            (Some(file), 0) => {
                Check::good(NAME, Text::new("").path(file).then(" names this helper for all registries"))
            }
            (Some(file), 1) => Check::good(NAME, Text::new("").path(file).then(" names this helper for 1 registry")),
            (Some(file), count) => {
                Check::good(NAME, Text::new("").path(file).then(format!(" names this helper for {count} registries")))
            }
            (None, _) if self.has_unusable => Check::skipped(NAME, "a file can't be used, which may name this helper"),
            (None, _) => {
                let own = AwsSettings::read(self.env).own_registry(|registry| {
                    match self.rules.destination(registry.host()) {
                        Destination::Ecr(target) => Some(target),
                        Destination::Fallback(_) | Destination::NotFound | Destination::Misconfigured { .. } => None,
                    }
                });
                let own = own.map(|registry| registry.host().to_owned());
                Check::bad(NAME, "no client is set up to use this helper", configure(own.as_deref(), None, ""))
            }
        });
    }
}

/// Sets a client up for a registry.
fn configure(host: Option<&str>, client: Option<&str>, more: &str) -> Remedy {
    let Some(host) = host else {
        return Remedy::advice("Run `docker-credential-ecr-login configure HOST`, with the host of your registry");
    };
    let client = client.map(|client| format!(" --client {client}")).unwrap_or_default();
    let command = Text::new("docker-credential-ecr-login configure ").argument(Kind::Host, host);
    Remedy::run(command.then(format!("{client}{more} --yes")))
}
