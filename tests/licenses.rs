//! The licences of the crates that the program contains, on whatever platform, as packages ship them:
//! `packaging/THIRD-PARTY-LICENSES` is what the crates say. `UPDATE_LICENSES=1` writes it anew. Which licences may be among
//! them is in `deny.toml`.

#![expect(clippy::disallowed_methods, reason = "the test reads the crates' files and runs cargo")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const FILE: &str = "packaging/THIRD-PARTY-LICENSES";

const HEAD: &str = "docker-credential-ecr-login contains the crates below, each under the licence that is named. Where a crate\n\
                    may be used under one of several licences, the texts that come with it are all given.\n";

/// What begins the names of files with licences.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "copyright"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo(args: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).current_dir(root()).args(args).output().expect("cargo has started this test");
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The crates that are linked on any platform: `NAME vVERSION`.
fn linked() -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "--locked",
        "--all-features",
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--target",
        "all",
        "--format",
        "{p}",
    ]);
    let crates = tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    crates.filter(|name| !name.is_empty() && !name.starts_with("docker-credential-ecr-login ")).collect()
}

/// The texts of the licences in a crate's directory, by their names.
fn texts(directory: &Path) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("the crate's source").map(|entry| entry.expect("an entry")) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_licence = NAMES.iter().any(|known| name.to_ascii_lowercase().starts_with(known));
        if is_licence
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && entry.path().extension().is_none_or(|ending| ending != "rs")
        {
            let text = String::from_utf8_lossy(&fs::read(entry.path()).expect("a text")).into_owned();
            let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
            texts.insert(name, lines.join("\n").trim_matches('\n').to_owned());
        }
    }
    texts
}

/// The whole file.
fn file() -> String {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--locked", "--all-features", "--format-version", "1"]))
            .expect("JSON");
    let linked = linked();
    let mut crates = Vec::new();
    let mut users: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
        let name = format!("{} v{}", text("name"), text("version"));
        if !linked.contains(&name) {
            continue;
        }
        let manifest = text("manifest_path");
        let directory = Path::new(&manifest).parent().expect("a manifest is in a directory");
        let expression = text("license");
        assert!(!expression.is_empty(), "{name} names no licence");
        crates.push(format!("{name}: {expression}"));
        let found = texts(directory);
        // A crate without a text of its own: that of the licence that it names is below, for others.
        if found.is_empty() {
            let authors = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let authors = authors.collect::<Vec<_>>().join(", ");
            let by = if authors.is_empty() { text("repository") } else { authors };
            crates.push(format!("    without the text in its source; by {by}"));
        }
        for text in found.into_values() {
            // The same words, however they are broken into lines.
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let (_, of_text) = users.entry(words).or_insert_with(|| (text, BTreeSet::new()));
            of_text.insert(name.clone());
        }
    }
    assert_eq!(crates.iter().filter(|line| !line.starts_with(' ')).count(), linked.len());
    let mut sections: Vec<_> = users.into_values().map(|(text, users)| (users, text)).collect();
    sections.sort();
    let mut file = format!("{HEAD}\n{}\n", crates.join("\n"));
    for (users, text) in sections {
        let users: Vec<_> = users.into_iter().collect();
        file.extend(["\n", &"-".repeat(80), "\n", &users.join(", "), "\n\n", &text, "\n"]);
    }
    file
}

#[test]
fn the_licences_that_packages_ship_are_those_of_the_crates() {
    let path = root().join(FILE);
    let expected = file();
    if std::env::var_os("UPDATE_LICENSES").is_some() {
        fs::write(&path, &expected).expect("written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{FILE} is out of date: UPDATE_LICENSES=1 cargo test --test licenses");
}
