//! The command line: a request of a client, a question about this program, or a command for people.
//!
//! Whose request it is, is told by the name that the program was started by (the kubelet's), the first argument (Docker's
//! verbs), and for `get` by the first character of the request (Bazel's is a JSON object).

use std::ffi::OsString;
use std::path::Path;

use crate::bazel;
use crate::commands;
use crate::docker;
use crate::kubelet;
use crate::panics;
use crate::process;
use crate::protocol::{Action, Request};
use crate::redact::{one_line, shorten};
use crate::registry::strip_prefix_ignore_case;
use crate::world::{Status, World};

/// The name that clients start this program by.
const NAME: &str = "docker-credential-ecr-login";

/// How the names begin that the kubelet starts this program by. What follows distinguishes two entries of its
/// configuration, or is `.exe`.
const KUBELET_NAME: &str = "ecr-credential-provider";

/// The first argument that means the same.
const KUBELET_WORD: &str = "kubelet";

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
    /// The arguments aren't valid; the unknown action, if it is the only argument or nearly a known one.
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
            (Some(word), _) if commands::nearest(word).is_some() => Self::Unknown(Some(word.to_owned())),
            (_, [word]) => Self::Unknown(Some(word.to_string_lossy().into_owned())),
            (_, [] | [_, _, ..]) => Self::Unknown(None),
        }
    }
}

/// Runs the program, with its arguments, of which the first is its own name, and its world.
pub fn run(arguments: &[OsString], world: &mut World<'_>) -> Status {
    panics::silence();
    let (name, arguments) = arguments.split_first().map_or((None, arguments), |(name, rest)| (Some(name), rest));
    if is_for_kubelet(name, arguments) {
        process::hide_memory();
        process::survive_size_limit();
        return kubelet::run(arguments, world);
    }
    let (text, status) = match Command::parse(arguments) {
        Command::Act(action) => {
            process::hide_memory();
            process::survive_size_limit();
            return act(action, world);
        }
        Command::ForPeople => {
            process::hide_memory();
            process::survive_size_limit();
            return commands::run(arguments, world);
        }
        Command::Version => (format!("{VERSION}\n"), Status::Success),
        Command::Help => (commands::help(), Status::Success),
        Command::Unknown(None) => (commands::help(), Status::Failure),
        Command::Unknown(Some(action)) => {
            let shown = one_line(&shorten(&action.escape_debug().to_string(), LONGEST_ACTION));
            let meant = commands::nearest(&action).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
            (format!("{NAME}: unknown action `{shown}`; {meant}try `{NAME} help`\n"), Status::Failure)
        }
    };
    match world.stdout.write_all(text.as_bytes()).and_then(|()| world.stdout.flush()) {
        Ok(()) => status,
        Err(error) => world.fail_to_answer(&error),
    }
}

/// Answers a client of Docker's protocol or of Bazel's, which have one verb in common.
fn act(action: Action, world: &mut World<'_>) -> Status {
    if action != Action::Get {
        return docker::run(action, world);
    }
    match Request::read(world.stdin, world.clock) {
        Ok(request) if request.is_json_object() => bazel::get(&request, world),
        request => docker::get(request, world),
    }
}

/// Whether the kubelet started this program, or somebody who asks as it does.
fn is_for_kubelet(name: Option<&OsString>, arguments: &[OsString]) -> bool {
    let file = name.and_then(|name| Path::new(name).file_name()).and_then(|file| file.to_str());
    file.is_some_and(|file| strip_prefix_ignore_case(file, KUBELET_NAME).is_some())
        || arguments.first().is_some_and(|first| first == KUBELET_WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubelet_is_known_by_the_program_s_name_or_the_first_argument() {
        let is = |name: &str, arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            is_for_kubelet(Some(&name.into()), &arguments)
        };
        for name in [
            "ecr-credential-provider",
            "/opt/bin/ecr-credential-provider",
            "./ecr-credential-provider-pods",
            "ecr-credential-provider.exe",
            "ecr-credential-provider-linux-amd64",
            "ECR-Credential-Provider.EXE",
        ] {
            for arguments in [&[][..], &["get-credentials"], &["get"], &["--version"]] {
                assert!(is(name, arguments), "{name} {arguments:?}");
            }
        }
        for name in ["docker-credential-ecr-login", "my-ecr-credential-provider", "/ecr-credential-provider/x", ""] {
            assert!(!is(name, &["get"]) && !is(name, &[]), "{name}");
            assert!(is(name, &["kubelet"]) && is(name, &["kubelet", "get-credentials"]), "{name}");
        }
        assert!(!is_for_kubelet(None, &[]));
    }

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
