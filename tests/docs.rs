//! README and manual say what the code does: every variable and every failure that they name is one, and of variables the
//! other way round too. That every failure is in the README is a test of `src/error.rs`.

#![expect(clippy::disallowed_methods, reason = "the test reads the documents")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Read by what we are built on, not by `src/env.rs`: the crate `dirs`.
const READ_BELOW: [&str; 2] = ["XDG_CACHE_HOME", "XDG_CONFIG_HOME"];

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect(name)
}

/// The names in `src/env.rs`, as the values of its constants.
fn variables_read() -> BTreeSet<String> {
    let source = document("src/env.rs");
    let constants = source.lines().filter(|line| line.trim_start().starts_with("pub const "));
    let names: BTreeSet<_> = constants
        .filter_map(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .chain(READ_BELOW.map(str::to_owned))
        .collect();
    assert!(names.len() > 25, "only {} names found: the test has gone blind", names.len());
    names
}

/// What stands in the README below a heading, up to the next one.
fn section(heading: &str) -> String {
    let readme = document("README.md");
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).expect(heading);
    let (section, _) = section.split_once("\n## ").expect("it isn't the last");
    section.to_owned()
}

/// The first cells of the rows of a table that begin with a back-tick.
fn first_cells(section: &str) -> Vec<&str> {
    section.lines().filter_map(|line| line.strip_prefix("| ")).filter(|row| row.starts_with('`')).map(cell).collect()
}

fn cell(row: &str) -> &str {
    row.split(" |").next().expect("a cell")
}

/// The names in back-ticks in the first column of the table of variables.
fn variables_in_readme() -> BTreeSet<String> {
    let section = section("Variables");
    let names = first_cells(&section).into_iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// Rows of the troubleshooting table that are no sentence of a failed `get`: what Docker says itself, with what we may say
/// within it.
const OF_DOCKER: [(&str, &str); 3] = [
    ("`no basic auth credentials` or `403 Forbidden` and no line of ours", ""),
    ("`error getting credentials - err: exec: \"docker-credential-ecr-login\": executable file not found`", ""),
    ("`error storing credentials … ecr-login keeps no passwords`", "ecr-login keeps no passwords"),
];

#[test]
fn the_readme_has_every_variable_and_no_other() {
    assert_eq!(variables_in_readme(), variables_read());
}

#[test]
fn the_page_on_credentials_names_no_variable_that_isnt_read() {
    let (section, read) = (section("Credentials"), variables_read());
    let words = section.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names: BTreeSet<&str> = words.filter(|word| word.starts_with("AWS_")).collect();
    assert!(names.len() > 4, "only {names:?}: the test has gone blind");
    for name in names {
        assert!(read.contains(name), "{name} isn't read");
    }
}

#[test]
fn the_troubleshooting_table_has_no_failure_that_there_isnt() {
    let (source, store) = (document("src/error.rs"), document("src/helper/store.rs"));
    let (source, _tests) = source.split_once("#[cfg(test)]").expect("it has tests");
    // A failure's detail, with a row of its own.
    let process = document("src/ecr/process.rs");
    let section = section("When it doesn't work");
    let (ours, theirs): (Vec<_>, Vec<_>) =
        first_cells(&section).into_iter().partition(|cell| !OF_DOCKER.iter().any(|(row, _)| row == cell));
    assert!(ours.len() > 10 && theirs.len() == OF_DOCKER.len(), "{ours:?} {theirs:?}");
    for cell in ours {
        let sentence = cell.trim_matches('`').trim_matches(' ');
        // Names stand in the source as what they are taken from.
        let spellings = [
            sentence.replace("profile `NAME` gave", "{source} gave"),
            sentence.replace("NAME", "{profile}"),
            sentence.replace("NAME", "{partition}"),
            sentence.replace("NUMBER", "{account}").replace("`NAME`, `NAME`", "{profiles}"),
            sentence.replace("NAME", "{helper}"),
        ];
        let detail = sentence.replace("its `credential_process` ", "").replace(" N ", " {seconds} ");
        let is_said = spellings.iter().any(|spelling| source.contains(&format!("\"{spelling}\"")))
            || process.contains(&format!("\"{detail}\""));
        assert!(is_said, "no failure says: {sentence}");
    }
    for (_, said) in OF_DOCKER {
        assert!(store.contains(said), "`store` doesn't say: {said}");
    }
}

#[test]
fn the_manual_has_every_variable() {
    let manual = document("packaging/docker-credential-ecr-login.1");
    for name in variables_read() {
        assert!(manual.contains(&format!("Ev {name}")), "the manual lacks {name}");
    }
}

#[test]
fn the_changelogs_know_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(document("packaging/changelog").starts_with(&format!("docker-credential-ecr-login ({version}-1) ")));
    let changelog = document("CHANGELOG.md");
    assert!(changelog.contains("## [Unreleased]") || changelog.contains(&format!("## [{version}]")));
}

#[test]
fn the_commands_of_the_readme_exist() {
    let readme = document("README.md");
    let aliases = document(".cargo/config.toml");
    for alias in ["demo", "benchmark", "fleet"] {
        assert!(readme.contains(&format!("\ncargo {alias}")), "the README doesn't say `cargo {alias}`");
        assert!(aliases.contains(&format!("\n{alias} = \"bench ")), "`cargo {alias}` doesn't exist");
    }
    assert!(readme.contains("\ncargo test "));
}
