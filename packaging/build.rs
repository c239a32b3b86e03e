//! How the static Linux binary is linked.
//!
//! A position-independent program moves some twelve thousand pointers when it starts. In the packed form (RELR) their list
//! takes 4 KB in place of 288. Linkers that don't know it say so and go on. `packaging/hit.ld` puts the code of a
//! hit side by side.
//!
//! Only here, not in the flags of a configuration file: those give way to a `RUSTFLAGS` of the environment.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script by variables what is built")]

fn main() {
    println!("cargo::rerun-if-changed=packaging/build.rs");
    println!("cargo::rerun-if-changed=packaging/hit.ld");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if set("CARGO_CFG_TARGET_OS") == "linux" && set("CARGO_CFG_TARGET_ENV") == "musl" && is_c_compiler() {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        // One by one: in `-Wl,…` a comma in the path would end it.
        for option in ["-T".to_owned(), format!("{}/packaging/hit.ld", set("CARGO_MANIFEST_DIR"))] {
            println!("cargo::rustc-link-arg-bins=-Xlinker");
            println!("cargo::rustc-link-arg-bins={option}");
        }
    }
}

/// Whether the linker is called by way of a C compiler, which is given the options of the linker behind `-Wl`; others are
/// left alone.
fn is_c_compiler() -> bool {
    let linker = std::env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    ["cc", "gcc"].iter().any(|name| linker.ends_with(name)) && !linker.contains("zig")
}
