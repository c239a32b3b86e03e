//! The command line: a verb of Docker's protocol, a question about this program, or a command for people.

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

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Act(Action),
    Version,
    Help,
    /// One of the commands for people, which reads the arguments itself.
    ForPeople,
    /// The arguments aren't valid; the unknown action, if there is a single one.
    Unknown(Option<String>),
}

impl Command {
    /// The verbs of clients come first: nothing else is built for them.
    fn parse(arguments: &[OsString]) -> Self {
        let first = arguments.first().and_then(|word| word.to_str());
        if let (Some(action), [_]) = (first.and_then(Action::parse), arguments) {
            return Self::Act(action);
        }
        match (first, arguments) {
            (Some("version" | "--version" | "-v"), [_]) => Self::Version,
            (Some("help" | "--help" | "-h"), [_]) => Self::Help,
            (Some(name), _) if commands::is_command(name) => Self::ForPeople,
            (_, [word]) => Self::Unknown(Some(word.to_string_lossy().into_owned())),
            (_, [] | [_, _, ..]) => Self::Unknown(None),
        }
    }
}

/// Runs the program, with its arguments (without its own name) and its world.
pub fn run(arguments: &[OsString], world: &mut World<'_>) -> Status {
    panics::silence();
    let (text, status) = match Command::parse(arguments) {
        Command::Act(action) => {
            process::hide_memory();
            process::survive_size_limit();
            return docker::run(action, world);
        }
        Command::ForPeople => {
            process::hide_memory();
            process::survive_size_limit();
            return commands::run(arguments, world);
        }
        Command::Version => (format!("{VERSION}\n"), Status::Success),
        Command::Help => (commands::help(), Status::Success),
        Command::Unknown(None) => (commands::help(), Status::Failure),
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
            (&["get", "--help"], Command::Unknown(None)),
            (&["configure"], Command::ForPeople),
            (&["status", "HOST"], Command::ForPeople),
            (&["doctor", "--json"], Command::ForPeople),
            (&["help", "doctor"], Command::ForPeople),
            (&["Status"], Command::Unknown(Some("Status".to_owned()))),
        ] {
            assert_eq!(parse(words), expected, "{words:?}");
        }
    }
}
