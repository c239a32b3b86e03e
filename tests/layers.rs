//! The house of `src/lib.rs`, checked: each room uses only what is below it, and each dependency stays in its home.
//!
//! Reads the source as text. Unit tests inside a file may use whatever they like and are left out.

#![expect(clippy::disallowed_methods, reason = "the test reads the source")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors from top to bottom. Rooms of the domain and the leaves may know others of their floor.
const FLOORS: [(&str, &[&str]); 5] = [
    ("edge", &["main", "cli"]),
    ("policy", &["helper"]),
    ("adapters", &["cache", "ecr", "settings", "fallback", "log"]),
    ("domain", &["protocol", "registry", "rules", "identity", "scope", "fetch", "network", "token", "error"]),
    ("leaves", &["secret", "env", "fs", "streams", "clock", "terminal"]),
];

/// Crates and the only files that may name them.
const HOMES: [(&str, &[&str]); 26] = [
    ("aws_config", &["src/ecr/"]),
    ("aws_sdk_ecr", &["src/ecr/"]),
    ("aws_sdk_ecrpublic", &["src/ecr/"]),
    ("aws_sdk_sts", &["src/ecr/"]),
    ("aws_sdk_sso", &["src/ecr/"]),
    ("aws_sdk_signin", &["src/ecr/"]),
    ("aws_smithy", &["src/ecr/"]),
    ("rustls", &["src/ecr/trust.rs", "src/ecr/http.rs"]),
    ("tokio_rustls", &["src/ecr/http.rs"]),
    ("tower_service", &["src/ecr/http.rs"]),
    ("rustls_native_certs", &["src/ecr/trust.rs"]),
    ("webpki_root_certs", &["src/ecr/trust.rs"]),
    ("openssl_probe", &["src/ecr/trust.rs"]),
    ("hyper", &["src/ecr/proxy.rs", "src/ecr/http.rs"]),
    ("percent_encoding", &["src/settings/proxies.rs"]),
    ("tokio", &["src/ecr.rs", "src/ecr/"]),
    ("signal_hook", &["src/ecr/interruption.rs"]),
    ("fs4", &["src/cache/lock.rs"]),
    ("dlmalloc", &["src/main.rs"]),
    ("dirs", &["src/settings/directories.rs"]),
    ("rustix", &["src/fs/unix.rs", "src/streams.rs", "src/ecr/process.rs", "src/terminal.rs"]),
    ("strsim", &["src/settings/rules_file/document.rs"]),
    ("toml_parser", &["src/settings/rules_file/document.rs"]),
    ("sha1", &["src/ecr/mfa/kept.rs"]),
    ("sha2", &["src/scope.rs"]),
    ("tempfile", &["src/fs.rs"]),
];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the source");
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            files.extend(source_files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Each source file by its path from the package's root, without its unit tests and comments.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = BTreeMap::new();
    for path in source_files(&root.join("src")) {
        let name = path.strip_prefix(root).expect("below the root").to_str().expect("UTF-8").replace('\\', "/");
        if name.ends_with("/tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("source text");
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = code.split("\n#[cfg(all(test, unix))]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        sources.insert(name, lines.collect::<Vec<_>>().join("\n"));
    }
    sources
}

/// The room that a file belongs to: `src/cache/lock.rs` and `src/cache.rs` are `cache`.
fn room_of(file: &str) -> &str {
    let file = file.strip_prefix("src/").expect("a source file");
    file.split(['/', '.']).next().expect("a name")
}

fn floor_of(room: &str) -> usize {
    let floor = FLOORS.iter().position(|(_, rooms)| rooms.contains(&room));
    floor.unwrap_or_else(|| panic!("`{room}` has no floor: give it one here and in the map of src/lib.rs"))
}

/// The rooms that a file names, whichever way the crate is spelled.
fn rooms_used(code: &str) -> BTreeSet<&str> {
    let mut rooms = BTreeSet::new();
    for prefix in ["crate::", "docker_credential_ecr_login::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
            rooms.insert(&rest[..end.unwrap_or(rest.len())]);
        }
    }
    rooms
}

#[test]
fn each_room_uses_only_what_is_below_it() {
    let sources = sources();
    let mut edges = 0;
    for (file, code) in &sources {
        let room = room_of(file);
        if room == "lib" {
            continue;
        }
        for used in rooms_used(code).into_iter().filter(|used| *used != room) {
            let (above, below) = (floor_of(room), floor_of(used));
            let within = above == below && matches!(FLOORS[above].0, "edge" | "domain" | "leaves");
            assert!(
                above < below || within,
                "{file}: `{room}` ({}) uses `{used}` ({})",
                FLOORS[above].0,
                FLOORS[below].0
            );
            edges += 1;
        }
    }
    assert!(edges > 30, "only {edges} uses found: the test has gone blind");
}

#[test]
fn every_room_exists_and_is_on_the_map() {
    let map = &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("the map");
    let names: BTreeSet<_> = sources().keys().map(|file| room_of(file).to_owned()).collect();
    let on_floors: BTreeSet<_> = FLOORS
        .iter()
        .flat_map(|(_, rooms)| rooms.iter().map(|&room| room.to_owned()))
        .chain(["lib".to_owned()])
        .collect();
    assert_eq!(names, on_floors);
    for (floor, rooms) in FLOORS {
        let row = map.lines().find(|line| line.starts_with(&format!("//! | {floor} |"))).expect(floor);
        for room in rooms {
            assert!(row.contains(&format!("`{room}`")), "`{room}` is missing in the row of the {floor}: {row}");
        }
    }
}

#[test]
fn each_dependency_stays_in_its_home() {
    let sources = sources();
    for (dependency, homes) in HOMES {
        let mut seen = false;
        for (file, code) in &sources {
            let at_home = homes.iter().any(|home| file.starts_with(home));
            let named = code.match_indices(dependency).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                let after = &code[at + dependency.len()..];
                before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ':')
                    && after.starts_with([':', '_', ','])
            });
            assert!(at_home || !named, "{file} names `{dependency}`, whose home is {homes:?}");
            seen |= named;
        }
        assert!(seen, "nobody names `{dependency}`: is it still a dependency?");
    }
}

#[test]
fn one_http_and_tls_stack_is_in_the_lock_file() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).expect("the lock file");
    let count = |name: &str| lock.matches(&format!("name = \"{name}\"\n")).count();
    for name in ["hyper", "rustls", "h2", "http", "tokio", "ring", "hyper-rustls", "tokio-rustls"] {
        assert_eq!(count(name), 1, "{name}");
    }
    for name in
        ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "hyper-tls", "s2n-tls", "regex-automata"]
    {
        let expected = usize::from(name == "regex-automata"); // of the tests alone
        assert_eq!(count(name), expected, "{name}");
    }
}
