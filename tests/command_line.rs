//! The command line of the commands for people: its help, its messages, and what is made from its definition (man pages
//! and completions), which is committed.
//!
//! After a change of the definition, `UPDATE_COMMAND_LINE=1 cargo test --test command_line` writes those files again.

#![expect(clippy::disallowed_methods, reason = "the test reads and writes the committed files")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use docker_credential_ecr_login::unstable::command_line;

use support::sandbox::Sandbox;

mod support;

const NAME: &str = "docker-credential-ecr-login";

/// The widest line of help: a terminal's usual width.
const COLUMNS: usize = 80;

/// In the manual, the list of commands stands between these lines.
const LIST_BEGINS: &str = ".\\\" The commands: made from the command line's definition.\n";
const LIST_ENDS: &str = ".\\\" The end of the commands.\n";

fn packaging(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(name)
}

/// The commands that are described by a page of their own.
fn commands_for_people() -> Vec<Command> {
    let mut all = command_line();
    all.build();
    let has_arguments = |command: &&Command| command.get_name() != "help" && command.get_arguments().count() > 1;
    all.get_subcommands().filter(has_arguments).cloned().collect()
}

/// Compares a committed file with what it is made from, or writes it again.
fn check(name: &str, made: &str) {
    let path = packaging(name);
    if std::env::var_os("UPDATE_COMMAND_LINE").is_some() {
        fs::write(&path, made).expect("a writable source tree");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "packaging/{name} isn't up to date; run UPDATE_COMMAND_LINE=1 cargo test");
}

#[test]
fn each_command_has_a_man_page_of_its_own() {
    let commands = commands_for_people();
    // `configure kubelet` is described on a page of its own, too.
    let below = commands.iter().flat_map(Command::get_subcommands).cloned();
    for command in commands.iter().cloned().chain(below) {
        let name = command.get_display_name().expect("a name of parent and child").to_owned();
        let page = Man::new(command)
            .title(name.to_uppercase())
            .date("2026-11-27")
            .source(format!("{NAME} {}", env!("CARGO_PKG_VERSION")))
            .manual("General Commands Manual");
        let mut text = Vec::new();
        page.render(&mut text).expect("bytes in memory");
        check(&format!("man/{name}.1"), &without_empty_lines(&String::from_utf8(text).expect("UTF-8")));
    }
}

/// The page without blanks at the ends of lines, and without the empty lines and breaks that only mean a paragraph.
fn without_empty_lines(page: &str) -> String {
    let mut lines = page.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != ".br").peekable();
    let (mut text, mut is_tag) = (String::new(), false);
    while let Some(line) = lines.next() {
        text += line;
        text.push('\n');
        let is_text = |line: &str| !line.starts_with('.');
        // Two lines of text were two paragraphs, unless the first one is the tag of the second.
        if is_text(line) && !is_tag && lines.peek().is_some_and(|next| is_text(next)) {
            text += ".PP\n";
        }
        is_tag = line == ".TP";
    }
    text
}

#[test]
fn the_manual_lists_every_command() {
    let name = format!("man/{NAME}.1");
    let manual = fs::read_to_string(packaging(&name)).expect("the manual");
    let (before, rest) = manual.split_once(LIST_BEGINS).expect("a list of commands");
    let (_, after) = rest.split_once(LIST_ENDS).expect("the end of the list");
    let items = commands_for_people().into_iter().map(|command| {
        let about = command.get_about().expect("a description").to_string();
        let name = command.get_name();
        format!(".It Cm {name}\n{about}:\n{NAME}-{name}(1).\n")
    });
    let list = items.collect::<String>();
    check(&name, &format!("{before}{LIST_BEGINS}{list}{LIST_ENDS}{after}"));
}

#[test]
fn each_shell_has_completions() {
    for (shell, file) in [
        (Shell::Bash, format!("{NAME}.bash")),
        (Shell::Zsh, format!("_{NAME}")),
        (Shell::Fish, format!("{NAME}.fish")),
        (Shell::PowerShell, format!("_{NAME}.ps1")),
    ] {
        let mut script = Vec::new();
        generate(shell, &mut command_line(), NAME, &mut script);
        check(&format!("completions/{file}"), &String::from_utf8(script).expect("UTF-8"));
    }
}

#[test]
fn completions_are_written_for_each_shell_and_no_other() {
    let sandbox = Sandbox::new();
    for (shell, file) in [
        ("bash", format!("{NAME}.bash")),
        ("zsh", format!("_{NAME}")),
        ("fish", format!("{NAME}.fish")),
        ("powershell", format!("_{NAME}.ps1")),
    ] {
        let output = sandbox.run(&["completions", shell], b"");
        let committed = fs::read_to_string(packaging(&format!("completions/{file}"))).expect("a script");
        assert_eq!((output.code, output.stdout_text(), output.stderr), (Some(0), committed, String::new()), "{shell}");
    }
}

#[test]
fn wrong_usage_shows_the_nearest_valid_form_on_stderr_and_exits_with_2() {
    let sandbox = Sandbox::new();
    for (arguments, message) in [
        (
            &["completions", "bsh"][..],
            "\
error: invalid value 'bsh' for '<SHELL>'
  [possible values: bash, zsh, fish, powershell]

  tip: a similar value exists: 'bash'

For more information, try '--help'.
",
        ),
        (
            &["completions"],
            "\
error: the following required arguments were not provided:
  <SHELL>

Usage: docker-credential-ecr-login completions <SHELL>

For more information, try '--help'.
",
        ),
    ] {
        let output = sandbox.run(arguments, b"");
        assert_eq!(
            (output.code, output.stdout_text(), output.stderr),
            (Some(2), String::new(), message.to_owned()),
            "{arguments:?}"
        );
    }
}

#[test]
fn help_fits_a_usual_terminal() {
    let sandbox = Sandbox::new();
    let mut all = vec![vec!["--help".to_owned()]];
    for command in commands_for_people() {
        let name = command.get_name().to_owned();
        let help = sandbox.run(&[&name, "--help"], b"");
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{name}");
        // `help NAME` has its own help, with nothing but another end.
        assert_eq!(sandbox.run(&["help", &name], b"").stdout_text(), help.stdout_text(), "{name}");
        all.push(vec![name, "--help".to_owned()]);
    }
    for arguments in all {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let help = sandbox.run(&words, b"").stdout_text();
        assert!(help.contains("Usage: docker-credential-ecr-login"), "{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= COLUMNS, "{arguments:?}: too wide: {line}");
        }
    }
}
