//! Which registries are looked at: the one that is asked about, else those that clients and the configuration file name,
//! else the caller's own.

use super::check::{Check, Remedy};
use super::text::{Kind, Text};
use crate::aws::AwsSettings;
use crate::config;
use crate::env::Env;
use crate::rules::{Destination, Rules, Target};

const NAME: &str = "registry";

/// More registries than this take too long.
const MOST: usize = 8;

/// The registries, and what is wrong with their names.
pub(super) fn targets(env: &Env, asked: Option<&str>, named_by_clients: &[String]) -> (Vec<Target>, Vec<Check>) {
    // What is wrong with the file has a check of its own; its rules are unknown then.
    let read = config::read(env);
    let is_valid = read.is_ok();
    let rules = read.unwrap_or_default();
    if let Some(host) = asked {
        return match rules.destination(host) {
            Destination::Ecr(target) => (vec![target], Vec::new()),
            _ if !is_valid => (Vec::new(), Vec::new()),
            other => (Vec::new(), vec![not_ecr(host, &other)]),
        };
    }
    let mut targets: Vec<Target> = Vec::new();
    for host in named_by_clients.iter().cloned().chain(rules.named_hosts()) {
        if let Some(target) = target_of(&rules, &host)
            && !targets.iter().any(|known| known.host() == target.host())
        {
            targets.push(target);
        }
    }
    if targets.is_empty() {
        let own = AwsSettings::read(env).own_registry(|registry| target_of(&rules, registry.host()));
        targets.extend(own.and_then(|own| target_of(&rules, own.host())));
    }
    let mut checks = Vec::new();
    if targets.is_empty() {
        let what = "no client names one, and your own isn't known without a region and an account";
        let remedy = Remedy::advice("Name one: `docker-credential-ecr-login doctor HOST`");
        checks.push(Check::warning(NAME, what, remedy));
    }
    if targets.len() > MOST {
        let what = format!("{} more are named, and not looked at", targets.len() - MOST);
        checks.push(Check::skipped(NAME, what));
        targets.truncate(MOST);
    }
    (targets, checks)
}

fn target_of(rules: &Rules, host: &str) -> Option<Target> {
    match rules.destination(host) {
        Destination::Ecr(target) => Some(target),
        Destination::Misconfigured { .. } | Destination::Fallback(_) | Destination::NotFound => None,
    }
}

fn not_ecr(host: &str, destination: &Destination) -> Check {
    let what = Text::new("").quoted(Kind::Host, host).then(" is not the host of an ECR registry");
    let what = match destination {
        Destination::Fallback(helper) => {
            what.then("; the fallback ").quoted(Kind::Other, helper).then(" answers for it")
        }
        Destination::Ecr(_) | Destination::NotFound | Destination::Misconfigured { .. } => what,
    };
    let remedy = "Name one, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`, or add a rule for this name";
    Check::bad(NAME, what, Remedy::advice(remedy))
}
