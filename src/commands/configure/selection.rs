//! Which registries are meant: named, of accounts and regions, of profiles, or of rules.
//!
//! Clients compare the key of a helper with the whole host of an image, so each registry is named in full: a glob or a
//! URL would never match.

use super::{Arguments, EXAMPLE, Stop, ask};
use crate::arn::AccountId;
use crate::aws::AwsSettings;
use crate::config;
use crate::env::Env;
use crate::redact::one_line;
use crate::registry::{Region, Registry};
use crate::rules::Destination;
use crate::server_url::ServerUrl;
use crate::world::World;

/// ECR Public.
const PUBLIC: &str = "public.ecr.aws";

/// The hosts that the arguments mean, each once, in lower case.
/// Error: one of them isn't valid, or there is nobody to choose.
pub(super) fn hosts(arguments: &Arguments, world: &mut World<'_>) -> Result<Vec<String>, Stop> {
    let named = arguments.hosts.iter().map(|text| host(text, world.env)).collect::<Result<_, _>>()?;
    with_others(named, arguments, world)
}

/// The hosts to forget; none for all of them. One that isn't ECR's may have been another name for one.
/// Error: as [`hosts`].
pub(super) fn hosts_to_undo(arguments: &Arguments, world: &mut World<'_>) -> Result<Vec<String>, Stop> {
    let named = arguments.hosts.iter().map(|text| bare_host(text)).collect::<Result<_, _>>()?;
    with_others(named, arguments, world)
}

/// These hosts and those that options stand for.
fn with_others(mut hosts: Vec<String>, arguments: &Arguments, world: &mut World<'_>) -> Result<Vec<String>, Stop> {
    hosts.extend(arguments.public.then(|| PUBLIC.to_owned()));
    hosts.extend(of_accounts(&arguments.accounts, &arguments.regions)?);
    if arguments.all_hosts {
        hosts.extend(of_rules(world.env)?);
    }
    if arguments.from_aws_config {
        hosts.extend(of_profiles(arguments, world)?);
    }
    let mut once: Vec<String> = Vec::new();
    for host in hosts {
        if !once.contains(&host) {
            once.push(host);
        }
    }
    Ok(once)
}

/// The host of a registry of ECR, or another name for one.
fn host(text: &str, env: &Env) -> Result<String, Stop> {
    let is_ecr = |host: &str| -> Result<bool, Stop> {
        // By a rule, it may be another name for a registry.
        Ok(Registry::parse(host).is_some() || matches!(config::read(env)?.destination(host), Destination::Ecr(_)))
    };
    let named = ServerUrl::parse(text);
    if let Some(url) = named.filter(|_| !text.contains(['*', '?', '[']))
        && !is_ecr(url.host())?
    {
        let remedy = "for a name of your own in front of ECR, add a rule with its `registry` to the configuration file";
        let problem = format!("`{}` is not the host of an ECR registry; {remedy}", one_line(text));
        return Err(Stop::Usage(problem, EXAMPLE));
    }
    bare_host(text)
}

/// A host alone, in lower case.
fn bare_host(text: &str) -> Result<String, Stop> {
    let shown = one_line(text);
    let wrong = |problem: String| Err(Stop::Usage(problem, EXAMPLE));
    if text.contains(['*', '?', '[']) {
        return wrong(format!(
            "`{shown}` is a glob; clients compare whole hosts, so name each registry, or use --store"
        ));
    }
    match ServerUrl::parse(text) {
        Some(url) if text.eq_ignore_ascii_case(url.host()) => Ok(url.host().to_owned()),
        Some(url) => {
            wrong(format!("`{shown}` is not a host alone; clients compare whole hosts; write `{}`", url.host()))
        }
        // It may hold a password.
        None if text.contains('@') => wrong("a registry is a host, without a user name".to_owned()),
        None => wrong(format!("`{shown}` is not the host of a registry")),
    }
}

/// The registry of each account in each region.
fn of_accounts(accounts: &[String], regions: &[String]) -> Result<Vec<String>, Stop> {
    let wrong = |problem: String| Stop::Usage(problem, "configure --account 123456789012 --region eu-west-1");
    let mut hosts = Vec::new();
    for account in accounts {
        let id = AccountId::parse(account)
            .ok_or_else(|| wrong(format!("`{}` is not a valid account ID, which has 12 digits", one_line(account))))?;
        for region in regions {
            let registry = Region::parse(region).and_then(|region| Registry::of(id.as_str(), &region));
            let registry = registry.ok_or_else(|| {
                wrong(format!("`{}` is not the name of a region, such as eu-west-1", one_line(region)))
            })?;
            hosts.push(registry.host().to_owned());
        }
    }
    Ok(hosts)
}

/// The hosts that rules of the configuration file name without a glob.
fn of_rules(env: &Env) -> Result<Vec<String>, Stop> {
    let hosts: Vec<_> = config::read(env)?.named_hosts().collect();
    if hosts.is_empty() {
        return Err(Stop::Refused("no rule of the configuration file names a whole host".to_owned()));
    }
    Ok(hosts)
}

/// The registries of the profiles that a person chooses; all of them if nobody is asked.
fn of_profiles(arguments: &Arguments, world: &mut World<'_>) -> Result<Vec<String>, Stop> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for entry in AwsSettings::read(world.env).profile_registries() {
        let Some(registry) = entry.registry else { continue };
        match found.iter_mut().find(|(host, _)| host == registry.host()) {
            Some((_, profiles)) => profiles.push(entry.profile),
            None => found.push((registry.host().to_owned(), vec![entry.profile])),
        }
    }
    if found.is_empty() {
        return Err(Stop::Refused(
            "no AWS profile shows both its account and its region; name the registry, or use --account and --region"
                .to_owned(),
        ));
    }
    if arguments.yes || arguments.dry_run {
        return Ok(found.into_iter().map(|(host, _)| host).collect());
    }
    ask::check(arguments, world)?;
    let choices: Vec<_> =
        found.iter().map(|(host, profiles)| format!("{host}  {}", one_line(&profiles.join(", ")))).collect();
    let chosen = ask::choose(world, &choices)?;
    if chosen.is_empty() {
        return Err(Stop::Refused("no registry was chosen; nothing was changed".to_owned()));
    }
    Ok(chosen.into_iter().map(|index| found[index].0.clone()).collect())
}
