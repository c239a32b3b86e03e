//! README and manual say what the code does: every variable is in the table, and every variable in the table is read.

#![expect(clippy::disallowed_methods, reason = "the test reads the documents")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Read by what we are built on, not by `src/env.rs`: the crate `dirs`, and the TLS roots.
const READ_BELOW: [&str; 3] = ["XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"];

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

/// The names in back-ticks in the first column of the table of variables.
fn variables_in_readme() -> BTreeSet<String> {
    let readme = document("README.md");
    let (_, section) = readme.split_once("\n## Variables\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("it isn't the last");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let names = rows.flat_map(|row| row.split('|').nth(1).expect("a column").split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

#[test]
fn the_readme_has_every_variable_and_no_other() {
    assert_eq!(variables_in_readme(), variables_read());
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
    assert!(readme.contains("\ncargo demo ") && readme.contains("\ncargo test "));
    assert!(document(".cargo/config.toml").contains("\ndemo = \"bench "));
}
