//! The command line: one action, or a word about this program.

use std::io;

use crate::helper::{self, Status, World};
use crate::protocol::Action;

/// The name that clients start this program by.
const NAME: &str = "docker-credential-ecr-login";

/// One line, as every credential helper answers: name, package, version.
const VERSION: &str = concat!("docker-credential-ecr-login (", env!("CARGO_PKG_NAME"), ") ", env!("CARGO_PKG_VERSION"));

/// Shown when asked for, and when the arguments make no sense.
const USAGE: &str = "\
Usage: docker-credential-ecr-login <get|store|erase|list|version>

A credential helper for Amazon ECR and ECR Public. Docker and its kin start it;
name it in ~/.docker/config.json:

  { \"credHelpers\": { \"123456789012.dkr.ecr.eu-west-1.amazonaws.com\": \"ecr-login\" } }

  get      read a server URL from stdin, write its credentials to stdout
  store    accept credentials for ECR without cache_policy them
  erase    read a server URL from stdin, drop its cached tokens
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
    /// Arguments that make no sense; the word to complain about, if there is one.
    Unknown(Option<String>),
}

impl Command {
    fn parse(arguments: &[String]) -> Self {
        let [word] = arguments else { return Self::Unknown(None) };
        match word.as_str() {
            "version" | "--version" | "-v" => Self::Version,
            "help" | "--help" | "-h" => Self::Help,
            name => Action::parse(name).map_or_else(|| Self::Unknown(Some(name.to_owned())), Self::Act),
        }
    }
}

/// Runs the program, with its arguments (without its own name) and its world.
#[must_use]
pub fn run(arguments: &[String], world: &mut World<'_>) -> Status {
    let (text, status) = match Command::parse(arguments) {
        Command::Act(action) => return helper::run(action, world),
        Command::Version => (format!("{VERSION}\n"), Status::Success),
        Command::Help => (USAGE.to_owned(), Status::Success),
        Command::Unknown(None) => (USAGE.to_owned(), Status::Failure),
        Command::Unknown(Some(action)) => {
            (format!("{NAME}: unknown action `{}`; try `{NAME} help`\n", action.escape_debug()), Status::Failure)
        }
    };
    match world.stdout.write_all(text.as_bytes()).and_then(|()| world.stdout.flush()) {
        Ok(()) => status,
        Err(io::Error { .. }) => Status::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Command {
        Command::parse(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
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
