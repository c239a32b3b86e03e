//! Facts about the source tree that the compiler doesn't check: which crates the program needs, where
//! platforms are told apart, how long files are, and that all code of the package is safe Rust.

#![expect(clippy::disallowed_methods, reason = "the test reads the source and runs cargo")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The packages that are compiled into the release for x86-64 musl Linux with all features, this one included. Raise it
/// only together with a line in `Cargo.toml` that says why the new dependency is needed.
const MOST_PACKAGES: usize = 201;

/// The platforms whose packages may have reasons of their own.
const TARGETS: [&str; 3] = [RELEASE, "aarch64-pc-windows-msvc", "aarch64-apple-darwin"];

/// The platform of the release that is measured.
const RELEASE: &str = "x86_64-unknown-linux-musl";

/// The most lines of a source file before its tests.
const MOST_LINES: usize = 300;

/// The most lines of README.md.
const MOST_README_LINES: usize = 200;

/// What distinguishes platforms in a `cfg`.
const PLATFORM_CFGS: [&str; 5] = ["unix", "windows", "target_os", "target_family", "target_vendor"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Rust files below a folder, by their path from the package's root.
fn rust_files(folder: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
                files.insert(name, read(&path));
            }
        }
    }
    files
}

/// The lines before the tests of a file.
fn lines_before_tests(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests = |lines: &[&str]| {
        lines[0].starts_with("#[cfg(") && lines[0].contains("test") && lines[1].ends_with("mod tests {")
    };
    let end = lines.windows(2).position(begins_tests).unwrap_or(lines.len());
    lines[..end].to_vec()
}

/// The lines of a file that tell platforms apart, except declarations of modules and test code: each
/// with its number.
fn platform_cfgs(text: &str) -> Vec<(usize, &str)> {
    let lines = lines_before_tests(text);
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let is_cfg = ["cfg(", "cfg!(", "cfg_attr("].iter().any(|cfg| code.contains(cfg));
        let mut words = code.split(|character: char| !character.is_alphanumeric() && character != '_');
        if !is_cfg || !words.any(|word| PLATFORM_CFGS.contains(&word)) {
            continue;
        }
        // The item the attribute belongs to, which may be on the same line.
        let rest = code.rsplit_once(']').map_or("", |(_, rest)| rest.trim());
        let following = lines[index + 1..].iter().map(|line| line.trim());
        let item = std::iter::once(rest).chain(following).find(|line| !line.is_empty() && !line.starts_with("#["));
        let is_attribute = code.trim_start().starts_with("#[");
        if !(is_attribute && item.is_some_and(is_module_declaration)) {
            found.push((index + 1, *line));
        }
    }
    found
}

/// Whether a line declares a module in another file: `mod os;`, `pub(crate) mod unix;`.
fn is_module_declaration(line: &str) -> bool {
    let declaration = line.split_once("mod ").filter(|(visibility, _)| {
        visibility.is_empty() || (visibility.starts_with("pub") && visibility.ends_with(' '))
    });
    declaration.is_some_and(|(_, name)| name.ends_with(';'))
}

/// The packages of the release for a platform: `NAME vVERSION`.
fn packages(target: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--locked", "--all-features", "--edges", "normal", "--prefix", "none"]);
    cargo.args(["--target", target, "--format", "{p}"]);
    let output = cargo.output().expect("cargo has started this test");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let packages = lines.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    packages.filter(|package| !package.is_empty()).collect()
}

#[test]
fn the_release_needs_no_more_packages_than_agreed() {
    let packages = packages(RELEASE);
    assert!(packages.contains(concat!("docker-credential-ecr-login v", env!("CARGO_PKG_VERSION"))), "{packages:?}");
    let count = packages.len();
    assert!(count <= MOST_PACKAGES, "the release needs {count} packages, at most {MOST_PACKAGES} are agreed");
    assert!(count == MOST_PACKAGES, "the release needs only {count} packages: lower MOST_PACKAGES to that");
}

/// The crates that `deny.toml` lets be there in two versions, each with its reason.
fn reasons() -> BTreeMap<String, String> {
    let text = read(&root().join("deny.toml"));
    let deny = toml::de::DeTable::parse(&text).expect("TOML").into_inner();
    let bans = deny["bans"].get_ref().as_table().expect("a table");
    let skipped = bans.get("skip").expect("the crates in two versions");
    let skipped = skipped.get_ref().as_array().expect("an array").iter().map(|skip| {
        let text = |key: &str| skip.get_ref().as_table()?.get(key)?.get_ref().as_str().map(str::to_owned);
        let name = text("crate").expect("a crate").split('@').next().unwrap_or_default().to_owned();
        (name, text("reason").expect("a reason"))
    });
    skipped.collect()
}

#[test]
fn every_crate_in_two_versions_has_a_reason() {
    let reasons = reasons();
    let mut in_two = BTreeSet::new();
    for target in TARGETS {
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for package in packages(target) {
            let (name, version) = package.split_once(' ').expect("a name and a version");
            versions.entry(name.to_owned()).or_default().insert(version.to_owned());
        }
        versions.retain(|_, versions| versions.len() > 1);
        for (name, versions) in versions {
            let has_reason = reasons.get(&name).is_some_and(|reason| !reason.is_empty());
            assert!(
                has_reason,
                "{target} has `{name}` in the versions {versions:?}: avoid that, or say why in deny.toml"
            );
            in_two.insert(name);
        }
    }
    for name in reasons.keys() {
        assert!(in_two.contains(name), "`{name}` is in one version only: remove it from deny.toml");
    }
}

#[test]
fn all_code_of_the_package_is_safe_rust() {
    // `forbid` in `[lints]` holds for tests and benches too, and can't be lifted by an attribute.
    let manifest = read(&root().join("Cargo.toml"));
    let lints = manifest.split("\n[lints.rust]\n").nth(1).expect("the table of lints").split("\n[").next();
    assert!(lints.is_some_and(|lints| lints.lines().any(|line| line == "unsafe_code = \"forbid\"")));
    assert!(!manifest.contains("\nbuild = ") && !root().join("build.rs").exists(), "a build script runs at each build");
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

#[test]
fn platforms_are_told_apart_only_in_module_declarations() {
    let mut found = Vec::new();
    for (name, text) in rust_files("src").iter().filter(|(name, _)| !name.ends_with("/tests.rs")) {
        found.extend(platform_cfgs(text).iter().map(|(line, code)| format!("{name}:{line}: {}", code.trim())));
    }
    let count = found.len();
    assert!(found.is_empty(), "move these {count} into files of the platforms:\n{}", found.join("\n"));
}

#[test]
fn the_search_for_platforms_sees_every_form() {
    let allowed = [
        "#[cfg(unix)]\nmod unix;",
        "#[cfg(windows)] pub(super) mod windows;",
        "#[cfg_attr(unix, path = \"fs/unix.rs\")]\n#[cfg_attr(windows, path = \"fs/windows.rs\")]\nmod os;",
        "fn portable() {}\n\n#[cfg(all(test, unix))]\nmod tests {\n    #[cfg(target_os = \"linux\")]\n    fn on_linux() {}\n}",
        "// cfg(unix) in a comment",
        "#[cfg(test)]\nfn helper() {}",
        "#[cfg(target_env = \"musl\")]\n#[global_allocator]\nstatic ALLOCATOR: A = A;",
    ];
    for text in allowed {
        assert_eq!(platform_cfgs(text), [], "{text}");
    }
    let forbidden = [
        "#[cfg(unix)]\nuse std::os::unix::fs::PermissionsExt;",
        "#[cfg(unix)] fn mode() {}",
        "#[cfg(not(windows))]\nmod inline {\n}",
        "if cfg!(windows) {\n}",
        "#[cfg(target_os = \"macos\")]\n#[must_use]\nfn caches() {}",
        "#[cfg_attr(windows, allow(dead_code))]\nfn mode() {}",
        "#![cfg(unix)]\nmod unix;",
        "let path = if cfg!(unix) { \"/etc\" } else { \"\" };\nmod unix;",
    ];
    for text in forbidden {
        assert_eq!(platform_cfgs(text).len(), 1, "{text}");
    }
}

#[test]
fn files_are_short_before_their_tests() {
    let files = rust_files("src");
    assert!(files.len() > 20, "only {} files found", files.len());
    let lengths = files.iter().filter(|(name, _)| !name.ends_with("/tests.rs"));
    let lengths = lengths.map(|(name, text)| (lines_before_tests(text).len(), name));
    let long: Vec<_> =
        lengths.filter(|(lines, _)| *lines > MOST_LINES).map(|(lines, name)| format!("{name}: {lines}")).collect();
    assert!(long.is_empty(), "files of more than {MOST_LINES} lines before their tests:\n{}", long.join("\n"));
}

#[test]
fn the_readme_is_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= MOST_README_LINES, "README.md has {lines} lines, more than {MOST_README_LINES}: use `docs/`");
}
