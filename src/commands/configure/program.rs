//! Whether clients find this program: they look for it on their `PATH`, by its name alone.
//!
//! Docker Desktop and Rancher Desktop ship a helper of the same name. The program that is found is asked for its version,
//! which says whose it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{PROGRAM, Stop};
use crate::child::{self, Running};
use crate::clock::{Clock, Deadline};
use crate::env::names;
use crate::world::World;

/// How long the program that is found may take to say its version.
const LIMIT: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const LONGEST_ANSWER: usize = 1000;

/// What the answer begins with if the program is this one, in any version.
const OURS: &str = concat!("docker-credential-ecr-login (", env!("CARGO_PKG_NAME"), ") ");

/// The first program of our name on the `PATH` must be this one.
/// Error: there is none, or another.
pub(super) fn check(world: &World<'_>) -> Result<(), Stop> {
    let path = world.env.path(names::PATH);
    let Some(program) = child::find(PROGRAM, path.as_deref().map(Path::as_os_str)) else {
        return Err(Stop::Refused(format!(
            "clients would not find `{PROGRAM}`; put it in a directory of the PATH, such as /usr/local/bin"
        )));
    };
    match version(&program, world.clock) {
        Some(version) if version.starts_with(OURS) => Ok(()),
        version => Err(Stop::Refused(other(&program, version.as_deref()))),
    }
}

fn other(program: &Path, version: Option<&str>) -> String {
    let said = version.and_then(|version| version.lines().next()).filter(|line| !line.is_empty());
    let says = said.map_or_else(|| "does not tell its version".to_owned(), |line| format!("says `{line}`"));
    format!(
        "clients would run `{}`, which is another program: it {says}; put this one before it on the PATH",
        program.display()
    )
}

/// What a program answers to `version`; `None` if it fails, or takes too long.
fn version(program: &PathBuf, clock: &dyn Clock) -> Option<String> {
    let deadline = Deadline::within(clock, LIMIT);
    let mut command = Command::new(program);
    let mut process = Running::start(command.arg("version").stderr(Stdio::null()), LONGEST_ANSWER).ok()?;
    loop {
        match process.look().ok()? {
            Some(status) if status.success() => {
                return Some(String::from_utf8_lossy(&process.take_stdout()).into_owned());
            }
            Some(_) => return None,
            None if deadline.left(clock).is_zero() => return None,
            None => clock.sleep(process.pause()),
        }
    }
}
