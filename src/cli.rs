//! The command line: a verb of Docker's protocol, or a question about this program.

use std::ffi::OsString;

use crate::commands;
use crate::docker;
use crate::panics;
use crate::process;
use crate::protocol::Action;
use crate::redact::{one_line, shorten};
use crate::world::{Status, World};

/// The name that clients start this program by.
const NAME: &str = "docker-credential-ecr-login";

/// The longest unknown action that is repeated.
const LONGEST_ACTION: usize = 100;

/// One line, as every credential helper answers: name, package, version.
const VERSION: &str = concat!("docker-credential-ecr-login (", env!("CARGO_PKG_NAME"), ") ", env!("CARGO_PKG_VERSION"));

/// Shown when asked for, and when the arguments aren't valid.
const USAGE: &str = "\
Usage: docker-credential-ecr-login <get|store|erase|list|version>

A credential helper for Amazon ECR and ECR Public. Docker and other registry
clients run it if ~/.docker/config.json names it:

  { \"credHelpers\": { \"123456789012.dkr.ecr.eu-west-1.amazonaws.com\": \"ecr-login\" } }

  get      read a server URL from stdin, write its credentials to stdout
  store    accept credentials for ECR without storing them
  erase    read a server URL from stdin, remove its cached tokens
  list     write the registries with a cached token
  version  write the version

Try it:  echo 123456789012.dkr.ecr.eu-west-1.amazonaws.com | docker-credential-ecr-login get
Variables, files and exit status: man docker-credential-ecr-login
";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Act(Action),
    Version,
    Help,
    /// The arguments aren't valid; the unknown action, if there is a single one.
    Unknown(Option<String>),
}

impl Command {
    fn parse(arguments: &[OsString]) -> Self {
        let [word] = arguments else { return Self::Unknown(None) };
        match word.to_str() {
            Some("version" | "--version" | "-v") => Self::Version,
            Some("help" | "--help" | "-h") => Self::Help,
            name => {
                let unknown = || Self::Unknown(Some(word.to_string_lossy().into_owned()));
                name.and_then(Action::parse).map_or_else(unknown, Self::Act)
            }
        }
    }
}

/// Runs the program, with its arguments (without its own name) and its world.
pub fn run(arguments: &[OsString], world: &mut World<'_>) -> Status {
    panics::silence();
    if let Some(first) = arguments.first().and_then(|first| first.to_str())
        && commands::is_command(first)
        && arguments != ["help"]
    {
        process::hide_memory();
        return commands::run(arguments, world);
    }
    let (text, status) = match Command::parse(arguments) {
        Command::Act(action) => {
            process::hide_memory();
            process::survive_size_limit();
            return docker::run(action, world);
        }
        Command::Version => (format!("{VERSION}\n"), Status::Success),
        Command::Help => (USAGE.to_owned(), Status::Success),
        Command::Unknown(None) => (USAGE.to_owned(), Status::Failure),
        Command::Unknown(Some(action)) => (
            format!(
                "{NAME}: unknown action `{}`; try `{NAME} help`\n",
                one_line(&shorten(&action.escape_debug().to_string(), LONGEST_ACTION))
            ),
            Status::Failure,
        ),
    };
    match world.stdout.write_all(text.as_bytes()).and_then(|()| world.stdout.flush()) {
        Ok(()) => status,
        Err(error) => world.fail_to_answer(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Command {
        Command::parse(&arguments.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn one_word_is_one_command() {
        for (words, expected) in [
            (&["get"][..], Command::Act(Action::Get)),
            (&["store"], Command::Act(Action::Store)),
            (&["erase"], Command::Act(Action::Erase)),
            (&["list"], Command::Act(Action::List)),
            (&["version"], Command::Version),
            (&["--version"], Command::Version),
            (&["-v"], Command::Version),
            (&["help"], Command::Help),
            (&["--help"], Command::Help),
            (&["-h"], Command::Help),
            (&["GET"], Command::Unknown(Some("GET".to_owned()))),
            (&[""], Command::Unknown(Some(String::new()))),
            (&[], Command::Unknown(None)),
            (&["get", "get"], Command::Unknown(None)),
            (&["version", "x"], Command::Unknown(None)),
        ] {
            assert_eq!(parse(words), expected, "{words:?}");
        }
    }
}
