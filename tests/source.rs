//! Facts about the source tree that the compiler doesn't check: which crates the program needs, and
//! that all code of the package is safe Rust.

#![expect(clippy::disallowed_methods, reason = "the test reads the source and runs cargo")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The packages that are compiled into the release for x86-64 musl Linux, this one included. Raise it
/// only together with a line in `Cargo.toml` that says why the new dependency is needed.
const MOST_PACKAGES: usize = 184;

/// The crates that the release contains in two versions, and why.
const DUPLICATES: [(&str, &str); 9] = [
    ("block-buffer", "follows `digest`"),
    ("const-oid", "follows `digest`; `der` of `p256` also needs the old one"),
    ("cpufeatures", "follows `sha2`"),
    ("crypto-common", "follows `digest`"),
    ("digest", "the old one for `sha1`, `sha2` 0.10 and `p256`, the new one for `sha2` 0.11"),
    ("getrandom", "`ring` and `p256` need 0.2, `uuid` of the SDK needs 0.4"),
    ("hmac", "`p256`, through `rfc6979`, needs 0.12, `aws-sigv4` needs 0.13"),
    ("sha2", "`aws-config`, `p256` and we need 0.10, which has an option not to probe the CPU; `aws-sigv4` needs 0.11"),
    ("syn", "parses code for derive macros; not part of the program"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The packages of the release for x86-64 musl Linux: `NAME vVERSION`.
fn packages() -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--locked", "--edges", "normal", "--prefix", "none"]);
    cargo.args(["--target", "x86_64-unknown-linux-musl", "--format", "{p}"]);
    let output = cargo.output().expect("cargo has started this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let packages = lines.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    packages.filter(|package| !package.is_empty()).collect()
}

#[test]
fn the_release_needs_no_more_packages_than_agreed() {
    let packages = packages();
    assert!(packages.contains(concat!("docker-credential-ecr-login v", env!("CARGO_PKG_VERSION"))), "{packages:?}");
    let count = packages.len();
    assert!(count <= MOST_PACKAGES, "the release needs {count} packages, at most {MOST_PACKAGES} are agreed");
    assert!(count == MOST_PACKAGES, "the release needs only {count} packages: lower MOST_PACKAGES to that");
}

#[test]
fn every_crate_in_two_versions_has_a_reason() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in packages() {
        let (name, version) = package.split_once(' ').expect("a name and a version");
        versions.entry(name.to_owned()).or_default().insert(version.to_owned());
    }
    versions.retain(|_, versions| versions.len() > 1);
    for (name, versions) in &versions {
        let has_reason = DUPLICATES.iter().any(|(known, _)| known == name);
        assert!(has_reason, "`{name}` is in the release in the versions {versions:?}: avoid that, or say why");
    }
    for (name, _) in DUPLICATES {
        assert!(versions.contains_key(name), "`{name}` is in one version only: remove it from DUPLICATES");
    }
}

#[test]
fn all_code_of_the_package_is_safe_rust() {
    // `forbid` in `[lints]` holds for the build script, tests and benches too, and can't be lifted by an attribute.
    let manifest = read(&root().join("Cargo.toml"));
    let lints = manifest.split("\n[lints.rust]\n").nth(1).expect("the table of lints").split("\n[").next();
    assert!(lints.is_some_and(|lints| lints.lines().any(|line| line == "unsafe_code = \"forbid\"")));
    assert!(!manifest.contains("[build-dependencies]"), "the build script needs nothing but the standard library");
    for folder in ["src", "packaging"] {
        let mut folders = vec![root().join(folder)];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
                assert!(
                    !["c", "h", "s", "S", "ld", "o", "a"].contains(&extension),
                    "{}: not Rust, so no lint checks it",
                    path.display()
                );
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
    }
}
