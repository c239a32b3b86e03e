//! What fuzzing checks, on the inputs that it has been given and has found: `fuzz/corpus/TARGET/*`. `fuzz/README.md` says
//! how more are found.
#![cfg(all(unix, not(target_os = "macos")))]
#![expect(clippy::disallowed_methods, reason = "the test reads the corpora")]

// These files have the rules of the package in `fuzz/`.
#[expect(unreachable_pub, clippy::pedantic, reason = "the package in `fuzz/` has rules of its own")]
#[path = "../fuzz/src/lib.rs"]
mod properties;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use properties::TARGETS;

/// The most inputs of a target: a corpus is there to be read.
const MOST_INPUTS: usize = 400;

#[test]
fn what_fuzzing_checks_holds_for_every_input_of_the_corpora() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut failed = Vec::new();
    for &(target, holds) in TARGETS {
        let entries = fs::read_dir(corpora.join(target)).unwrap_or_else(|error| panic!("{target}: {error}"));
        let inputs: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        assert!((3..=MOST_INPUTS).contains(&inputs.len()), "{target}: {} inputs", inputs.len());
        for input in inputs {
            let data = fs::read(&input).unwrap_or_else(|error| panic!("{}: {error}", input.display()));
            if catch_unwind(|| holds(&data)).is_err() {
                failed.push(input);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_target_has_its_file_its_corpus_and_its_place_in_the_manifest() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(fuzz.join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
        names.map(|name| name.trim_end_matches(".rs").to_owned()).collect()
    };
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!((&names("fuzz_targets"), &names("corpus")), (&targets, &targets));
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).expect("the manifest");
    for target in targets {
        assert!(manifest.contains(&format!("name = \"{target}\"\npath = \"fuzz_targets/{target}.rs\"")), "{target}");
        let file = fs::read_to_string(fuzz.join("fuzz_targets").join(format!("{target}.rs"))).expect("the target");
        assert!(file.contains(&format!("ecr_login_fuzz::{target}(")), "{target}");
    }
}
