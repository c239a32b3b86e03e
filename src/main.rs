//! The process: hands its arguments, streams, environment and clock to the library, and exits with its status.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;

use docker_credential_ecr_login::clock::SystemClock;
use docker_credential_ecr_login::ecr::Ecr;
use docker_credential_ecr_login::env::Env;
use docker_credential_ecr_login::fallback::Programs;
use docker_credential_ecr_login::helper::{Status, World};
use docker_credential_ecr_login::streams;

/// Grows by 64 KB at a time, where musl's own asks the system for a page or two, forty times in a fetch.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[expect(clippy::disallowed_methods, reason = "this is the edge where the process's own world comes in")]
fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let mut world = World {
        env: &Env::process(),
        clock: &SystemClock::start(),
        source: &Ecr,
        helpers: &Programs,
        // The seeds of the standard hasher are random; one step makes them a number.
        random: || RandomState::new().build_hasher().finish(),
        stdin: &mut streams::stdin(),
        stdout: &mut streams::stdout(),
        stderr: &mut streams::stderr(),
    };
    match docker_credential_ecr_login::cli::run(&arguments, &mut world) {
        Status::Success => ExitCode::SUCCESS,
        Status::Failure => ExitCode::FAILURE,
        Status::OfHelper(status) => ExitCode::from(status),
    }
}
