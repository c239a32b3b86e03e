//! A home directory with its environment, in which the programs run.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::fixture::HOST;
use crate::support::sandbox::Sandbox;
use crate::timing::{self, Run};

/// A home directory with its environment.
pub struct Home {
    sandbox: Sandbox,
    /// The variables, prepared once: what the benchmark does for each process is part of every time.
    environment: Vec<(OsString, OsString)>,
    /// Whether the Go helper has a token in its cache here.
    pub go_is_ready: bool,
}

impl Home {
    /// The home of a sandbox.
    pub fn new(sandbox: Sandbox) -> Self {
        let variables = sandbox.command(&[]);
        let variables = variables.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        Self { environment: variables.collect(), sandbox, go_is_ready: false }
    }

    /// The home with a changed sandbox.
    pub fn change(self, change: impl FnOnce(Sandbox) -> Sandbox) -> Self {
        Self::new(change(self.sandbox))
    }

    /// The sandbox that holds the files.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// A command that runs a program here.
    pub fn command(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.sandbox.path());
        command
    }

    /// Runs a helper's `get` for a registry.
    pub fn get(&self, program: &Path, host: &str) -> Run {
        timing::run(self.command(program, &["get"]), host.as_bytes())
    }

    /// A path for a file that no program uses.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.sandbox.path().join(name)
    }

    /// Fills the caches of both helpers with this many tokens: one for [`HOST`], and copies of it under
    /// names that are never requested.
    pub fn fill(&mut self, ours: &Path, go: Option<&Path>, tokens: usize) {
        let run = self.get(ours, HOST);
        assert!(has_password(&run), "ours: {}", run.stderr);
        copy_entry(&self.sandbox.cache_dir(), tokens);
        if let Some(go) = go {
            let run = self.get(go, HOST);
            self.go_is_ready = has_password(&run);
            if self.go_is_ready {
                copy_registry(&self.sandbox.home().join(".ecr/cache.json"), tokens);
            } else {
                println!("  the Go helper gets no password here: {}", run.stderr.trim());
            }
        }
    }

    /// Removes the caches of both helpers.
    pub fn clear_caches(&self) {
        for cache in [self.sandbox.cache_dir(), self.sandbox.home().join(".ecr")] {
            fs::remove_dir_all(cache).ok();
        }
    }
}

/// Whether a `get` returned a password.
pub fn has_password(run: &Run) -> bool {
    run.status.success() && run.stdout.starts_with(b"{\"ServerURL\":")
}

/// Copies the token in our cache, a directory with one file for each token.
fn copy_entry(cache: &Path, entries: usize) {
    let names = fs::read_dir(cache).expect("our helper has created it").map(|entry| entry.expect("an entry").path());
    let token = names.into_iter().find(|path| path.extension() == Some(OsStr::new("token"))).expect("a token");
    for number in 1..entries {
        fs::copy(&token, cache.join(format!("{number:064x}.token"))).expect("the directory is writable");
    }
}

/// Copies the token in the Go helper's cache, one JSON file with all tokens.
fn copy_registry(cache: &Path, entries: usize) {
    let text = fs::read_to_string(cache).expect("the Go helper has just written it");
    let mut json: Value = serde_json::from_str(&text).expect("its cache is JSON");
    let registries = json["Registries"].as_object_mut().expect("a map of registries");
    let (key, entry) = registries.iter().next().map(|(key, entry)| (key.clone(), entry.clone())).expect("an entry");
    for number in 1..entries {
        registries.insert(format!("{key}-{number}"), entry.clone());
    }
    fs::write(cache, serde_json::to_vec(&json).expect("it was JSON")).expect("the directory is writable");
}
