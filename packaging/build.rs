//! Passes an option to the linker of the static binary for musl Linux.
//!
//! `-z pack-relative-relocs`: a position-independent program of this size moves about 12,000 pointers
//! when it starts. Packed (RELR), their list takes 3 KB instead of 288 KB:
//! <https://groups.google.com/g/generic-abi/c/bX460iggiKg>.
//!
//! Dynamic builds get neither: there the system's loader moves the pointers, and musl's applies
//! packed relocations only from version 1.2.4 on. Linkers that aren't run by a C compiler get
//! neither, because they don't accept `-Wl,`.
//!
//! A configuration file of cargo is no home for these options: `RUSTFLAGS` in the environment
//! replaces the flags that are set there.

#![expect(clippy::disallowed_methods, reason = "cargo describes the build in variables")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const OPTIONS: [&str; 1] = ["-Wl,-z,pack-relative-relocs"];

fn main() {
    println!("cargo::rerun-if-changed=packaging/build.rs");
    watch_linker();
    let is_musl = variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "musl";
    if is_musl && is_static() && is_c_compiler(&linker()) {
        for option in OPTIONS {
            // Only for the program: tests are linked as usual.
            println!("cargo::rustc-link-arg-bins={option}");
        }
    }
}

/// Has cargo run this script again when another linker is configured. It does so by itself only
/// for changes of `RUSTFLAGS`; `RUSTC_LINKER` is computed by cargo and can't be watched.
fn watch_linker() {
    let target = variable("TARGET").to_uppercase().replace(['-', '.'], "_");
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_{target}_LINKER");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let folders = root.ancestors().map(|folder| folder.join(".cargo"));
    for folder in folders.chain([PathBuf::from(variable("CARGO_HOME"))]) {
        for name in ["config.toml", "config"] {
            let file = folder.join(name);
            // A file that doesn't exist would always count as changed.
            if file.is_file() {
                println!("cargo::rerun-if-changed={}", file.display());
            }
        }
    }
}

/// Whether the C library is linked statically. The compiler is asked, because cargo leaves
/// `crt-static` out of `CARGO_CFG_TARGET_FEATURE` where it is the default of the target.
fn is_static() -> bool {
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--print", "cfg", "--target", &variable("TARGET")]).args(rust_flags());
    let output = rustc.output().expect("cargo has just run this compiler");
    String::from_utf8_lossy(&output.stdout).lines().any(|line| line == "target_feature=\"crt-static\"")
}

/// The linker: the last one that the flags name, else the configured one, else rustc's default.
fn linker() -> PathBuf {
    // `-Clinker=NAME`, or two arguments.
    let linker_of = |flag: &String| flag.trim_start_matches("-C").strip_prefix("linker=").map(PathBuf::from);
    let named = rust_flags().iter().filter_map(linker_of).next_back();
    let configured = env::var_os("RUSTC_LINKER").map(PathBuf::from);
    named.or(configured).unwrap_or_else(|| PathBuf::from("cc"))
}

/// Whether a linker is GCC or Clang under one of their usual names, such as `musl-gcc`.
fn is_c_compiler(linker: &Path) -> bool {
    let name = linker.file_stem().unwrap_or_default().to_string_lossy();
    ["cc", "gcc", "clang"].iter().any(|compiler| name.ends_with(compiler)) && !name.contains("zig")
}

fn rust_flags() -> Vec<String> {
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    flags.split('\u{1f}').filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
