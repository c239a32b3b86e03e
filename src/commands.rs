//! The commands for people: setting clients up, seeing what is there, and finding out what is wrong.
//!
//! One definition of the command line gives `--help`, the man pages and the completions. It is built only after `cli`
//! has seen that the first word isn't a verb of a client's protocol, so those pay nothing for it. Wrong arguments exit
//! with 2 and write nothing to stdout.
//!
//! Leaves out: how a token is got (`tokens`), and the files of clients (`clients`).

mod completions;
mod configure;
mod doctor;
mod output;
mod status;
mod token;

use std::ffi::OsString;
use std::io;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::world::{Status, World};

/// A credential helper for Amazon ECR and ECR Public.
///
/// Docker and other registry clients run it to get the password of a registry. The commands below are for people.
#[derive(Parser)]
#[command(name = "docker-credential-ecr-login", version, disable_help_subcommand = false, max_term_width = 80)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make registry clients use this helper
    Configure(configure::Arguments),
    /// Show what is cached, and what a client would get
    Status(status::Arguments),
    /// Find out what is wrong, and how to fix it
    Doctor(doctor::Arguments),
    /// Write the password of a registry to stdout
    Token(token::Arguments),
    /// Write a completion script for a shell
    Completions(completions::Arguments),
}

/// The words that begin a command.
const COMMANDS: [&str; 6] = ["configure", "status", "doctor", "token", "completions", "help"];

/// Whether the arguments are those of a command for people.
pub(crate) fn is_command(first: &str) -> bool {
    COMMANDS.contains(&first)
}

/// The definition of the command line, for `--help`, the man pages and the completions.
pub fn command_line() -> clap::Command {
    CommandLine::command()
}

/// Runs a command, with the arguments of the process without its own name.
pub(crate) fn run(arguments: &[OsString], world: &mut World<'_>) -> Status {
    let name = OsString::from("docker-credential-ecr-login");
    let command = match CommandLine::try_parse_from([name].iter().chain(arguments)) {
        Ok(CommandLine { command }) => command,
        Err(error) => return answer(&error, world),
    };
    let done = match command {
        Command::Configure(arguments) => configure::run(&arguments, world),
        Command::Status(arguments) => status::run(&arguments, world),
        Command::Doctor(arguments) => doctor::run(&arguments, world),
        Command::Token(arguments) => token::run(&arguments, world),
        Command::Completions(arguments) => completions::run(&arguments, world),
    };
    done.unwrap_or_else(|error| world.fail_to_answer(&error))
}

/// Shows help on stdout, or what is wrong with the arguments on stderr.
fn answer(error: &clap::Error, world: &mut World<'_>) -> Status {
    let text = error.render().to_string();
    if error.use_stderr() {
        let _ = world.stderr.write_all(text.as_bytes());
        return Status::WrongUsage;
    }
    match world.stdout.write_all(text.as_bytes()).and_then(|()| world.stdout.flush()) {
        Ok(()) => Status::Success,
        Err(error) => world.fail_to_answer(&error),
    }
}

/// What a command ends with.
type Done = io::Result<Status>;
