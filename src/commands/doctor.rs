//! `doctor`: finds out why a client gets no password, from its own configuration to the registry's answer, and says how to
//! put it right.
//!
//! A check is a value ([`Check`]); one file looks at one thing. Each check has a limit, and all of them together end
//! within 15 seconds. What is only looked at on this machine comes first; the servers are then asked all at the same time.
//! Nothing is changed, and nobody is asked for anything. The token is one that AWS gives at that moment, by the same code
//! as that of a client, and it isn't kept.
//!
//! Remedies are commands that can be pasted as they are, where a command can put something right.

mod aws_files;
mod cache_dir;
mod check;
mod clients;
mod configuration;
mod hosts;
mod identity;
mod limit;
mod network;
mod program;
mod registries;
mod remedy;
mod render;
#[cfg(test)]
mod tests;
mod text;
mod token;

use std::time::Duration;

use self::check::{Check, Remedy};
use self::limit::within;
use self::render::{Names, Results};
use self::text::Mask;
use super::output::Style;
use super::{Done, server_of};
use crate::cache;
use crate::clock::Deadline;
use crate::config;
use crate::env::{Env, names};
use crate::options::Options;
use crate::process::own_executable;
use crate::terminal::Spinner;
use crate::world::{Status, World};

/// All checks together. The rest of 15 seconds is for writing.
const WHOLE: Duration = Duration::from_secs(14);

/// A check that looks at files or runs a program.
const LOCAL: Duration = Duration::from_secs(3);

/// The arguments of `doctor`.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 if all is well; 1 if there is a problem or a warning")]
pub(super) struct Arguments {
    /// The registry to look at, instead of all that are configured
    host: Option<String>,
    /// Ask the registry itself too, with the token
    #[arg(long)]
    registry: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write a text for a public issue, with all names masked
    #[arg(long)]
    report: bool,
}

/// Variables that a reader of a report wants to know of.
const REPORTED: [&str; 23] = [
    names::CACHE_DIR,
    names::CACHE_ENCRYPTION,
    names::DISABLE_CACHE,
    names::CONFIG,
    names::TIMEOUT,
    names::PROFILE,
    names::DEFAULT_PROFILE,
    names::ACCESS_KEY_ID,
    names::SESSION_TOKEN,
    names::CONFIG_FILE,
    names::SHARED_CREDENTIALS_FILE,
    names::WEB_IDENTITY_TOKEN_FILE,
    names::CONTAINER_RELATIVE_URI,
    names::CONTAINER_FULL_URI,
    names::METADATA_DISABLED,
    names::ENDPOINT_URL,
    names::ENDPOINT_URL_ECR,
    names::HTTPS_PROXY,
    names::https_proxy,
    names::NO_PROXY,
    names::no_proxy,
    names::CA_BUNDLE,
    names::SSL_CERT_FILE,
];

#[cold]
pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Done {
    let host = match &arguments.host {
        None => None,
        Some(host) => match server_of(host, world) {
            Some(server_url) => Some(server_url.host().to_owned()),
            None => return Ok(Status::WrongUsage),
        },
    };
    let screen = (world.screen)();
    let spinner = screen.stderr.then(|| Spinner::start("checking"));
    let checks = checks(host.as_deref(), arguments.registry, world);
    drop(spinner);
    let variables = REPORTED.into_iter().filter(|name| world.env.is_set(name)).collect();
    let results = Results { checks, variables };
    let home = world.env.path(names::HOME).or_else(|| world.env.path(names::USERPROFILE));
    let mask = Mask::new(home.as_deref());
    let names = if arguments.report { Names::Masked(&mask) } else { Names::Shown };
    let text = if arguments.json {
        format!("{:#}\n", results.json(&names))
    } else if arguments.report {
        results.report(&mask)
    } else {
        results.text(Style::of_stdout(world.env, screen), &names)
    };
    world.stdout.write_all(text.as_bytes())?;
    world.stdout.flush()?;
    Ok(if results.is_healthy() { Status::Success } else { Status::Failure })
}

fn checks(asked: Option<&str>, registry: bool, world: &mut World<'_>) -> Vec<Check> {
    let deadline = Deadline::within(world.clock, WHOLE);
    let env = world.env;
    let left = |world: &World<'_>, most: Duration| most.min(deadline.left(world.clock));
    let mut checks = Vec::new();

    checks.extend(local(left(world, LOCAL), env, "program", |env| {
        vec![program::check(env, own_executable().as_deref())]
    }));
    let in_file = within(left(world, LOCAL), {
        let env = env.clone();
        move || config::read(&env).ok().map(|rules| rules.options).unwrap_or_default()
    });
    let options = Options::read(env, &in_file.unwrap_or_default());
    checks.extend(configuration::variables(&options));
    let on_thread = asked.map(str::to_owned);
    let clients = within(left(world, LOCAL), {
        let env = env.clone();
        move || clients::look(&env, on_thread.as_deref())
    });
    let late = || clients::Clients { checks: vec![took_too_long("clients")], hosts: Vec::new() };
    let clients::Clients { checks: of_clients, hosts } = clients.unwrap_or_else(late);
    checks.extend(of_clients);
    checks.extend(local(left(world, LOCAL), env, "configuration file", configuration::file));
    checks.extend(local(left(world, LOCAL), env, "AWS files", aws_files::look));
    checks.extend(cache_check(left(world, LOCAL), env, &options));
    // What can't be read in time is not read again.
    if checks.iter().any(|check| check.what == late_text()) {
        return checks;
    }
    let (targets, of_names) = hosts::targets(env, asked, &hosts);
    checks.extend(of_names);
    checks.extend(registries::checks(registry, world, &options, deadline, &targets));
    checks
}

/// Checks that look at this machine alone.
fn local(
    limit: Duration,
    env: &Env,
    name: &'static str,
    look: impl FnOnce(&Env) -> Vec<Check> + Send + 'static,
) -> Vec<Check> {
    let env = env.clone();
    within(limit, move || look(&env)).unwrap_or_else(|| vec![took_too_long(name)])
}

fn took_too_long(name: &'static str) -> Check {
    Check::bad(name, late_text(), Remedy::advice("Check the disks and network file systems that hold these files"))
}

fn late_text() -> text::Text {
    "this takes too long to read".into()
}

fn cache_check(limit: Duration, env: &Env, options: &Options) -> Vec<Check> {
    let Some(path) = options.cache_dir.clone() else { return vec![cache_dir::off(env.is_set(names::DISABLE_CACHE))] };
    let encryption = options.cache_encryption;
    local(limit, env, "cache", move |_| vec![cache_dir::check(&path, &cache::inspect(&path, encryption))])
}
