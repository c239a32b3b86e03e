//! `completions`: the script that completes our command line in a shell.
//!
//! The scripts are made from the definition of the command line and committed; `tests/command_line.rs` keeps them equal.

use clap::ValueEnum;

use super::Done;
use crate::world::{Status, World};

/// The arguments of `completions`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

#[cold]
pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Done {
    let script = match arguments.shell {
        Shell::Bash => include_str!("../../packaging/completions/docker-credential-ecr-login.bash"),
        Shell::Zsh => include_str!("../../packaging/completions/_docker-credential-ecr-login"),
        Shell::Fish => include_str!("../../packaging/completions/docker-credential-ecr-login.fish"),
        Shell::Powershell => include_str!("../../packaging/completions/_docker-credential-ecr-login.ps1"),
    };
    world.stdout.write_all(script.as_bytes())?;
    world.stdout.flush()?;
    Ok(Status::Success)
}
