//! How the static Linux binary is linked.
//!
//! A position-independent program moves some twelve thousand pointers when it starts. In the packed form (RELR) their list
//! takes 4 KB in place of 288, and `packaging/start.c` goes through it faster than the C library does. Linkers that
//! don't know the form say so and go on. `packaging/hit.ld` puts the code of a hit side by side.
//!
//! Only here, not in the flags of a configuration file: those give way to a `RUSTFLAGS` of the environment.

#![expect(clippy::disallowed_methods, reason = "cargo tells a build script by variables what is built")]

fn main() {
    for part in ["build.rs", "hit.ld", "start.c"] {
        println!("cargo::rerun-if-changed=packaging/{part}");
    }
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let set = |name: &str| std::env::var(name).unwrap_or_default();
    if set("CARGO_CFG_TARGET_OS") != "linux" || set("CARGO_CFG_TARGET_ENV") != "musl" || !is_c_compiler() {
        return;
    }
    link_with("-Wl,-z,pack-relative-relocs");
    // One by one: in `-Wl,…` a comma in the path would end it.
    for option in ["-T", &format!("{}/packaging/hit.ld", set("CARGO_MANIFEST_DIR"))] {
        link_with("-Xlinker");
        link_with(option);
    }
    // Elsewhere Rust links a static program to a fixed address.
    if set("CARGO_CFG_TARGET_ARCH") == "x86_64" {
        let objects = cc::Build::new()
            .file("packaging/start.c")
            .opt_level(2)
            .pic(true)
            // It runs before everything that these would call or read.
            .flag("-ffreestanding")
            .flag("-fno-stack-protector")
            .cargo_metadata(false)
            .compile_intermediates();
        for object in objects {
            link_with(&object.display().to_string());
        }
        link_with("-Wl,-e,ecr_login_start");
    }
}

/// Gives an option to the linker of the binary, not to that of the tests.
fn link_with(option: &str) {
    println!("cargo::rustc-link-arg-bins={option}");
}

/// Whether the linker is called by way of a C compiler, which is given the options of the linker behind `-Wl`; others are
/// left alone.
fn is_c_compiler() -> bool {
    let linker = std::env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    ["cc", "gcc"].iter().any(|name| linker.ends_with(name)) && !linker.contains("zig")
}
