//! The documents say what the code does: the README, the pages in `docs/`, the manual and the changelogs.
//!
//! Every variable is documented, and no other; every message in a troubleshooting table exists; commands and links work.
//! That every failure is on the troubleshooting page is a test of `src/error.rs`.

#![expect(clippy::disallowed_methods, reason = "the test reads the documents")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Variables that the crate `dirs` reads, so they aren't in `src/env.rs`.
const READ_BY_DIRS: [&str; 2] = ["XDG_CACHE_HOME", "AWS_LOGIN_CACHE_DIRECTORY"];

/// The README is read to its end only if it is short.
const LONGEST_README: usize = 200;

/// The width of prose, in characters.
const LONGEST_LINE: usize = 100;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect(name)
}

/// The names of the pages in `docs/`.
fn pages() -> Vec<String> {
    let files = fs::read_dir(root().join("docs")).expect("docs/");
    let names = files.map(|file| file.expect("an entry").file_name().into_string().expect("a name"));
    let mut pages: Vec<String> = names.map(|name| format!("docs/{name}")).collect();
    pages.sort();
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

/// The README and all pages.
fn readme_and_pages() -> Vec<String> {
    [vec!["README.md".to_owned()], pages()].concat()
}

/// The names in `src/env.rs`, as the values of its constants.
fn variables_read() -> BTreeSet<String> {
    let source = document("src/env.rs");
    let constants =
        source.lines().map(str::trim_start).filter(|line| line.starts_with("pub") && line.contains("const "));
    let names: BTreeSet<_> = constants
        .filter_map(|line| line.split('"').nth(1))
        .map(str::to_owned)
        .chain(READ_BY_DIRS.map(str::to_owned))
        .collect();
    assert!(names.len() > 25, "only {} names found: the test doesn't see them any more", names.len());
    names
}

/// All source files of a directory, one after the other.
fn source_below(directory: &Path) -> String {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let texts = entries.map(|path| {
        if path.is_dir() { source_below(&path) } else { fs::read_to_string(&path).expect("a source file") }
    });
    texts.collect()
}

/// A page from a heading to the next one of its level.
fn section(page: &str, heading: &str) -> String {
    let text = document(page);
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).expect(heading);
    section.split("\n## ").next().expect("a section").to_owned()
}

/// The first cells of the table rows that begin with a back-tick.
fn first_cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")).filter(|row| row.starts_with('`'));
    rows.map(|row| row.split(" |").next().expect("a cell")).collect()
}

/// The names in back-ticks in the first column of the tables.
fn names_in_first_cells(text: &str) -> BTreeSet<String> {
    let names = first_cells(text).into_iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

#[test]
fn every_variable_is_documented_and_no_other() {
    assert_eq!(names_in_first_cells(&document("docs/environment.md")), variables_read());
}

#[test]
fn the_readme_has_the_variables_of_our_own() {
    let ours: BTreeSet<String> = variables_read().into_iter().filter(|name| name.starts_with("AWS_ECR_")).collect();
    assert!(ours.len() > 8, "{ours:?}");
    assert_eq!(names_in_first_cells(&section("README.md", "Variables")), ours);
}

#[test]
fn no_page_names_a_variable_that_isnt_read() {
    let read = variables_read();
    let mut found = 0;
    for page in readme_and_pages() {
        let text = document(&page);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.starts_with("AWS_")) {
            assert!(read.contains(name), "{page}: {name} isn't read");
            found += 1;
        }
    }
    assert!(found > 50, "only {found} found: the test doesn't see them any more");
}

#[test]
fn the_manual_has_every_variable() {
    let manual = document("packaging/man/docker-credential-ecr-login.1");
    for name in variables_read() {
        assert!(manual.contains(&format!("Ev {name}")), "the manual lacks {name}");
    }
}

/// Rows of the troubleshooting tables that aren't causes of a failed `get`: what a client shows, with what the helper
/// contributes to it.
const OF_CLIENTS: [(&str, &str); 3] = [
    ("`no basic auth credentials` or `403 Forbidden` and no line of ours", ""),
    ("`error getting credentials - err: exec: \"docker-credential-ecr-login\": executable file not found`", ""),
    ("`error storing credentials … ecr-login stores no passwords`", "ecr-login stores no passwords"),
];

/// What a code span shows: its delimiters are one or two back-ticks, and a blank next to them isn't part of it.
fn without_back_ticks(span: &str) -> &str {
    let delimiter = if span.starts_with("``") { "``" } else { "`" };
    let inner = span.strip_prefix(delimiter).and_then(|span| span.strip_suffix(delimiter));
    inner.expect("a code span").trim_matches(' ')
}

#[test]
fn the_troubleshooting_page_has_no_failure_that_doesnt_exist() {
    let page = document("docs/troubleshooting.md");
    let (of_clients, ours): (Vec<_>, Vec<_>) =
        first_cells(&page).into_iter().partition(|cell| OF_CLIENTS.iter().any(|(row, _)| row == cell));
    assert!(ours.len() > 20 && of_clients.len() == OF_CLIENTS.len(), "{ours:?} {of_clients:?}");
    let source = document("src/error.rs");
    let (source, _tests) = source.split_once("#[cfg(test)]").expect("tests at the end");
    // A detail of a failure can have a row of its own.
    let everything = source_below(&root().join("src"));
    for cell in ours {
        let message = without_back_ticks(cell);
        // The source has the names of fields where the page has placeholders.
        let spellings = [
            message.replace("from profile `NAME`", "from {source}"),
            message.replace("NAME", "{profile}"),
            message.replace("NAME", "{partition}"),
            message.replace("NUMBER", "{account}").replace("`NAME`, `NAME`", "{profiles}"),
            message.replace("NAME", "{helper}"),
            message.replace("arn:aws:iam::NUMBER:role/pull", "{role}"),
            message.replace("the AWS API's certificate", "{server}'s certificate"),
        ];
        let detail = message.replace(" N ", " {seconds} ");
        let exists = spellings.iter().any(|spelling| source.contains(&format!("\"{spelling}\"")))
            || everything.contains(&format!("\"{detail}\""));
        assert!(exists, "no failure says: {message}");
    }
    for (_, said) in OF_CLIENTS {
        assert!(everything.contains(said), "the helper doesn't say: {said}");
    }
}

#[test]
fn the_readme_repeats_messages_of_the_troubleshooting_page() {
    let (section, page) = (section("README.md", "When it doesn't work"), document("docs/troubleshooting.md"));
    let (few, all) = (first_cells(&section), first_cells(&page));
    assert!(few.len() > 4 && few.iter().all(|cell| all.contains(cell)), "{few:?}");
}

#[test]
fn the_changelogs_know_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(document("packaging/changelog").starts_with(&format!("docker-credential-ecr-login ({version}-1) ")));
    let changelog = document("CHANGELOG.md");
    assert!(changelog.contains("## [Unreleased]") || changelog.contains(&format!("## [{version}]")));
}

#[test]
fn the_commands_of_the_documents_exist() {
    let readme = document("README.md");
    assert!(readme.contains("\ncargo demo ") && readme.contains("\ncargo test "), "what a newcomer runs");
    let config = document(".cargo/config.toml");
    let aliases: Vec<&str> =
        config.lines().filter_map(|line| line.split_once(" = \"bench ")).map(|(name, _)| name).collect();
    assert_eq!(aliases, ["demo", "benchmark", "fleet", "storm"]);
    let of_cargo = ["build", "deb", "doc", "install", "test"];
    for page in readme_and_pages() {
        let text = document(&page);
        for (_, command) in text.match_indices("cargo ").map(|(at, cargo)| text.split_at(at + cargo.len())) {
            let command = command.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().expect("a word");
            let exists = aliases.contains(&command) || of_cargo.contains(&command);
            assert!(exists || command.is_empty(), "{page}: `cargo {command}` doesn't exist");
        }
    }
    for script in [".ci/run", "packaging/check", "tests/e2e/run"] {
        assert!(readme.contains(&format!("`{script}`")) && root().join(script).is_file(), "{script}");
    }
}

/// The text without its code blocks, where brackets aren't links and lines may be long.
fn without_code(text: &str) -> String {
    let (mut plain, mut in_code) = (String::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = without_code(&fs::read_to_string(page).expect("a page"));
    let headings =
        text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |heading: &str| heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c)).collect();
    headings.map(kept).map(|heading: String| heading.to_lowercase().replace(' ', "-")).collect()
}

/// The targets of the links of a page, but for those on the web.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut found = 0;
    for page in [readme_and_pages(), vec!["CHANGELOG.md".to_owned()]].concat() {
        let path = root().join(&page);
        for link in links(&without_code(&document(&page))) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target: PathBuf = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(target.exists(), "{page} links to {file}, which doesn't exist");
            assert!(anchor.is_empty() || anchors(&target).contains(anchor), "{page} links to {link}: no such heading");
            found += 1;
        }
    }
    assert!(found > 50, "only {found} found: the test doesn't see them any more");
}

#[test]
fn the_readme_links_every_page_and_is_short() {
    let readme = document("README.md");
    let links = links(&readme);
    for page in pages() {
        assert!(links.contains(&page), "the README doesn't link {page}");
    }
    assert!(readme.lines().count() <= LONGEST_README, "{} lines", readme.lines().count());
}

#[test]
fn prose_fits_its_width() {
    for page in [readme_and_pages(), vec!["CHANGELOG.md".to_owned()]].concat() {
        let text = without_code(&document(&page));
        let is_prose = |line: &&str| !line.starts_with('|') && line.contains(' ');
        for line in text.lines().filter(is_prose) {
            assert!(line.chars().count() <= LONGEST_LINE, "{page}: {line}");
        }
    }
}
