//! The layers of `src/lib.rs`, checked: each module uses only the layers below its own, and each dependency stays in its
//! home.
//!
//! Reads the source as text. Unit tests inside a file may use whatever they like and are left out.

#![expect(clippy::disallowed_methods, reason = "the test reads the source")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from top to bottom. Modules of the edge, the domain and the leaves may use others of their layer.
const LAYERS: [(&str, &[&str]); 6] = [
    ("edge", &["main", "cli", "readers"]),
    ("protocols", &["docker", "kubelet", "bazel", "commands"]),
    ("policy", &["tokens"]),
    ("adapters", &["cache", "ecr", "aws", "config", "clients", "fallback", "log"]),
    (
        "domain",
        &[
            "protocol",
            "server_url",
            "registry",
            "arn",
            "rules",
            "identity",
            "scope",
            "fetch",
            "network",
            "token",
            "error",
            "probe",
            "world",
        ],
    ),
    (
        "leaves",
        &[
            "options", "paths", "env", "fs", "secret", "os_key", "redact", "clock", "terminal", "process", "panics",
            "child",
        ],
    ),
];

/// Crates and the only files that may name them. With `::` behind it, a name isn't the beginning of others.
const HOMES: &[(&str, &[&str])] = &[
    ("aws_config", &["src/ecr/"]),
    ("aws_sdk_ecr", &["src/ecr/"]),
    ("aws_sdk_ecrpublic", &["src/ecr/"]),
    ("aws_sdk_sts", &["src/ecr/"]),
    ("aws_sdk_sso", &["src/ecr/"]),
    ("aws_sdk_signin", &["src/ecr/"]),
    ("aws_smithy", &["src/ecr/"]),
    ("rustls", &["src/ecr/trust.rs", "src/ecr/trust/", "src/ecr/connect.rs"]),
    ("tokio_rustls", &["src/ecr/connect.rs"]),
    ("tower_service", &["src/ecr/connect.rs", "src/ecr/connect/", "src/ecr/names.rs"]),
    ("rustls_native_certs", &["src/ecr/trust.rs", "src/ecr/trust/"]),
    ("p256", &["src/ecr/trust/algorithms.rs"]),
    ("p384", &["src/ecr/trust/algorithms.rs"]),
    ("p521", &["src/ecr/trust/algorithms.rs"]),
    ("webpki", &["src/ecr/trust.rs", "src/ecr/trust/"]),
    ("webpki_root_certs", &["src/ecr/trust.rs", "src/ecr/trust/windows.rs"]),
    ("openssl_probe", &["src/ecr/trust/files.rs"]),
    ("hyper", &["src/ecr/proxy.rs", "src/ecr/http.rs", "src/ecr/connect.rs", "src/ecr/connect/", "src/ecr/names.rs"]),
    ("http_body_util", &["src/ecr/http.rs"]),
    ("percent_encoding", &["src/aws/proxies.rs"]),
    ("tokio", &["src/ecr.rs", "src/ecr/"]),
    ("signal_hook", &["src/ecr/signals/unix.rs", "src/process/unix.rs"]),
    ("fs4", &["src/cache/lock.rs"]),
    ("ring::aead::", &["src/cache/seal.rs"]),
    ("ring::rand::", &["src/cache/seal.rs", "src/os_key.rs"]),
    ("linux_keyutils", &["src/os_key/linux.rs"]),
    ("security_framework", &["src/os_key/macos.rs"]),
    ("keyring_core", &["src/os_key/windows.rs"]),
    ("windows_native_keyring_store", &["src/os_key/windows.rs"]),
    ("dlmalloc", &["src/main.rs"]),
    ("dirs", &["src/paths.rs"]),
    (
        "rustix",
        &[
            "src/fs/unix.rs",
            "src/fs/volume/",
            "src/child/unix.rs",
            "src/clock/linux.rs",
            "src/process/unix.rs",
            "src/process/unix/",
            "src/terminal/unix.rs",
        ],
    ),
    ("process_wrap", &["src/child/windows.rs"]),
    ("same_file", &["src/fs/windows.rs"]),
    ("clap", &["src/commands.rs", "src/commands/"]),
    ("toml", &["src/config/toml.rs", "src/clients/registries_conf.rs"]),
    ("jsonc_parser", &["src/clients/syntax.rs"]),
    ("similar", &["src/commands/configure/"]),
    ("strsim", &["src/config/toml.rs", "src/commands.rs", "src/commands/doctor/identity.rs"]),
    ("aws_sdk_ssooidc", &["src/ecr/"]),
    ("shlex", &["src/aws/profile_file.rs", "src/commands/doctor/"]),
    ("sha1", &["src/ecr/times.rs"]),
    ("sha2", &["src/scope.rs", "src/ecr/trust/algorithms.rs"]),
    ("resolv_conf", &["src/ecr/names/files.rs"]),
    ("simple_dns", &["src/ecr/names/dns.rs"]),
    ("tempfile", &["src/fs/private_dir.rs", "src/fs/user_file.rs"]),
    ("time::", &["src/clock.rs"]),
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

/// The module that a file belongs to: `src/cache/lock.rs` and `src/cache.rs` are `cache`.
fn module_of(file: &str) -> &str {
    let file = file.strip_prefix("src/").expect("a source file");
    file.split(['/', '.']).next().expect("a name")
}

fn layer_of(module: &str) -> usize {
    let layer = LAYERS.iter().position(|(_, modules)| modules.contains(&module));
    layer.unwrap_or_else(|| panic!("`{module}` has no layer: add it here and to the table in src/lib.rs"))
}

/// The modules that a file names, whichever way the crate is spelled.
fn modules_used(code: &str) -> BTreeSet<&str> {
    let mut modules = BTreeSet::new();
    for prefix in ["crate::", "docker_credential_ecr_login::"] {
        for (at, _) in code.match_indices(prefix) {
            let rest = &code[at + prefix.len()..];
            let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
            let end = end.unwrap_or(rest.len());
            // A list in braces: only what the library exports.
            if end > 0 {
                modules.insert(&rest[..end]);
            }
        }
    }
    modules
}

#[test]
fn each_module_uses_only_what_is_below_it() {
    let sources = sources();
    let mut edges = 0;
    for (file, code) in &sources {
        let module = module_of(file);
        if module == "lib" {
            continue;
        }
        for used in modules_used(code).into_iter().filter(|used| *used != module) {
            let (above, below) = (layer_of(module), layer_of(used));
            let within = above == below && matches!(LAYERS[above].0, "edge" | "domain" | "leaves");
            assert!(
                above < below || within,
                "{file}: `{module}` ({}) uses `{used}` ({})",
                LAYERS[above].0,
                LAYERS[below].0
            );
            edges += 1;
        }
    }
    assert!(edges > 30, "only {edges} uses found: the test has gone blind");
}

#[test]
fn every_module_exists_and_is_on_the_map() {
    let map = &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("the map");
    let names: BTreeSet<_> = sources().keys().map(|file| module_of(file).to_owned()).collect();
    let on_layers: BTreeSet<_> = LAYERS
        .iter()
        .flat_map(|(_, modules)| modules.iter().map(|&module| module.to_owned()))
        .chain(["lib".to_owned()])
        .collect();
    assert_eq!(names, on_layers);
    for (layer, modules) in LAYERS {
        let row = map.lines().find(|line| line.starts_with(&format!("//! | {layer} |"))).expect(layer);
        for module in modules {
            assert!(
                row.contains(&format!("`{module}`")),
                "`{module}` is missing in the row of the layer {layer}: {row}"
            );
        }
    }
}

#[test]
fn each_dependency_stays_in_its_home() {
    let sources = sources();
    for &(dependency, homes) in HOMES {
        let mut seen = false;
        for (file, code) in &sources {
            let at_home = homes.iter().any(|home| file.starts_with(home));
            let named = code.match_indices(dependency).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                let after = &code[at + dependency.len()..];
                before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ':')
                    && (dependency.ends_with("::") || after.starts_with([':', '_', ',']))
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
