//! The commands for people: setting clients up, seeing what is there, and finding out what is wrong.
//!
//! One definition of the command line gives `--help`, the man pages and the completions. It is built only after `cli`
//! has seen that the first word isn't a verb of a client's protocol, so those pay nothing for it. Wrong arguments exit
//! with 2 and write nothing to stdout.
//!
//! The functions that `cli` and this file call are `#[cold]`: the linker puts their code apart from that of a hit, which
//! then needs fewer pages of the program.
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

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::server_url::ServerUrl;
use crate::world::{Status, World};

/// The name that clients start this program by.
const NAME: &str = "docker-credential-ecr-login";

/// The beginning of the help.
const ABOUT: &str = "\
A credential helper for Amazon ECR and ECR Public

Docker and other registry clients run it to get the password of a registry.
`configure` makes them do so, and `doctor` finds out what is wrong if they get
no password.";

/// The end of the help.
const MORE: &str = "\
Begin with:  docker-credential-ecr-login configure --help
Variables, files and exit status: man docker-credential-ecr-login";

/// The most letters in which a misspelled word may differ.
const MOST_TYPOS: usize = 2;

/// All of it.
#[derive(Parser)]
#[command(name = NAME, about = ABOUT, disable_version_flag = true, after_help = MORE)]
struct CommandLine {
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

/// The verbs of clients, which `cli` recognises: here they only have help.
const VERBS: [(&str, &str); 6] = [
    ("get", "For clients: read a server URL, write its credentials"),
    ("store", "For clients: accept credentials for ECR without storing them"),
    ("erase", "For clients: read a server URL, remove its cached tokens"),
    ("list", "For clients: write the registries that have a password"),
    ("kubelet", "For the kubelet: read a request, write credentials"),
    ("version", "Write the version"),
];

/// The definition of the command line, for `--help`, the man pages and the completions.
pub fn command_line() -> clap::Command {
    let verbs = VERBS.map(|(name, about)| clap::Command::new(name).about(about));
    CommandLine::command().subcommands(verbs)
}

/// Whether a first argument begins a command for people.
#[cold]
pub(crate) fn is_command(first: &str) -> bool {
    first == "help" || CommandLine::command().find_subcommand(first).is_some()
}

/// The verb or command that a word is nearly. A verb itself, with arguments that it doesn't take, isn't.
pub(crate) fn nearest(word: &str) -> Option<String> {
    let line = command_line();
    let typos = |name: &&str| strsim::damerau_levenshtein(name, word);
    let nearest = line.get_subcommands().map(clap::Command::get_name).min_by_key(typos)?;
    (1..=MOST_TYPOS).contains(&typos(&nearest)).then(|| nearest.to_owned())
}

/// What `--help` shows.
#[cold]
pub(crate) fn help() -> String {
    command_line().render_help().to_string()
}

/// Runs a command, with the arguments of the process without its own name.
#[cold]
pub(crate) fn run(arguments: &[OsString], world: &mut World<'_>) -> Status {
    let words = [OsString::from(NAME)].into_iter().chain(arguments.iter().cloned());
    let parsed = command_line().try_get_matches_from(words);
    let command = match parsed.and_then(|matches| CommandLine::from_arg_matches(&matches)) {
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

/// The server that an argument HOST names. Says so if it names none, without repeating it: it may have a password in it.
fn server_of(host: &str, world: &mut World<'_>) -> Option<ServerUrl> {
    let server_url = ServerUrl::parse(host);
    if server_url.is_none() {
        world.complain(
            "error: HOST must be the host of a registry, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`",
        );
    }
    server_url
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

/// What the README shows of a command.
#[cfg(test)]
fn transcript(command: &str) -> String {
    let readme = include_str!("../README.md");
    let (_, shown) = readme.split_once(&format!("$ {NAME} {command}\n")).expect("the README shows it");
    shown.split_once("```").expect("a block ends").0.to_owned()
}
