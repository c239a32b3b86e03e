//! `status`: what is cached, whose it is and how long it lasts; for a host, what a `get` would do now and why.
//!
//! It runs no process, opens no connection, takes no lock and changes no file; it shows no secret. A cache that can't be
//! used and a configuration file with a mistake are part of the answer. `docs/commands.md` describes the fields of the
//! JSON, whose names stay.

mod get;
mod host;
mod overview;
mod report;
#[cfg(test)]
mod tests;
mod text;

use serde::Serialize;

use super::output::Style;
use super::{Done, server_of};
use crate::world::{Status, World};

/// The arguments of `status`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The registry to explain, instead of a list of what is cached
    host: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[cold]
pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Done {
    let style = Style::of_stdout(world.env, (world.screen)());
    let text = match &arguments.host {
        None => {
            let overview = overview::look(world);
            if arguments.json { json(&overview)? } else { text::overview(&overview, style) }
        }
        Some(host) => {
            let Some(server_url) = server_of(host, world) else { return Ok(Status::WrongUsage) };
            let report = host::look(world, server_url.host());
            if arguments.json { json(&report)? } else { text::host(&report, style) }
        }
    };
    world.stdout.write_all(text.as_bytes())?;
    world.stdout.flush()?;
    Ok(Status::Success)
}

fn json(report: &impl Serialize) -> serde_json::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(report)?))
}
