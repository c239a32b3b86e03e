//! The process: hands its arguments, streams, environment and clock to the library, and exits with its status.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::process::ExitCode;

use docker_credential_ecr_login::{Ecr, Env, Programs, Screen, Status, SystemClock, World, run};

/// Grows by 64 KB at a time; musl's own allocator asks the system for a page or two, forty times in a fetch.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[expect(clippy::disallowed_methods, reason = "this is the edge where the process's own world comes in")]
fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let mut world = World {
        env: &Env::process(),
        clock: &SystemClock::start(),
        source: &Ecr,
        helpers: &Programs,
        // The seeds of the standard hasher are random; one step makes them a number.
        random: || RandomState::new().build_hasher().finish(),
        screen: Screen::of_process,
        stdin: &mut std::io::stdin().lock(),
        stdout: &mut std::io::stdout().lock(),
        stderr: &mut std::io::stderr().lock(),
    };
    match run(&arguments, &mut world) {
        Status::Success => ExitCode::SUCCESS,
        Status::Failure => ExitCode::FAILURE,
        Status::WrongUsage => ExitCode::from(2),
        Status::OfHelper(status) => ExitCode::from(status),
    }
}
