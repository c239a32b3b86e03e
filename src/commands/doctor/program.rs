//! Whether clients find this program: they start `docker-credential-ecr-login` from the first directory of their `PATH`
//! that has it. Docker Desktop and Rancher Desktop bring a program of that name with them.
//!
//! Leaves out: the `PATH` of programs that aren't started from this shell, which nobody else can see.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::check::{Check, Remedy};
use super::text::{Kind, Text};
use crate::child::{self, Running};
use crate::clock::{Clock as _, SystemClock};
use crate::env::{Env, names};
use crate::fs;

const NAME: &str = "program";

/// The name that clients start.
const PROGRAM: &str = "docker-credential-ecr-login";

/// How our version begins.
const OUR_VERSION: &str = concat!("docker-credential-ecr-login (", env!("CARGO_PKG_NAME"), ") ");

/// How long another program may take to tell its version, and the longest answer.
const VERSION_LIMIT: Duration = Duration::from_secs(2);
const LONGEST_VERSION: usize = 4 << 10;

/// What a client finds.
pub(super) fn check(env: &Env, own: Option<&Path>) -> Check {
    let path = env.path(names::PATH);
    let path = path.as_deref().map(Path::as_os_str);
    let found = child::find_all(PROGRAM, path);
    let Some((first, others)) = found.split_first() else { return not_found(env, own) };
    if own.is_some_and(|own| is_same(own, first)) {
        return Check::good(NAME, hiding(Text::new("").path(first), others));
    }
    let version = version_of(first);
    let ours_behind = own.and_then(|own| others.iter().find(|other| is_same(own, other)));
    let remedy = match (ours_behind, own) {
        (Some(ours), _) => first_on_path(ours),
        (None, Some(own)) => replace(first, own),
        (None, None) => Remedy::advice("Remove the other program, or put this one before it on the `PATH`"),
    };
    match version.as_deref().and_then(|version| version.strip_prefix(OUR_VERSION)) {
        Some(env!("CARGO_PKG_VERSION")) => {
            let what = Text::new("").path(first).then(", another copy of this version");
            Check::good(NAME, hiding(what, others))
        }
        Some(version) => {
            let version = version.chars().filter(char::is_ascii_graphic).take(20).collect::<String>();
            let what = Text::new("clients find version ").then(version).then(" of this program: ").path(first);
            Check::warning(NAME, what, remedy)
        }
        None => {
            let what = Text::new("clients find another program of this name: ").path(first);
            let what = what.then(maker(first).map(|maker| format!(", from {maker}")).unwrap_or_default());
            Check::bad(NAME, what, remedy)
        }
    }
}

/// Whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn hiding(what: Text, others: &[PathBuf]) -> Text {
    match others {
        [] => what,
        [other] => what.then(", which comes before ").path(other),
        [other, rest @ ..] => what.then(", which comes before ").path(other).then(format!(" and {} more", rest.len())),
    }
}

fn not_found(env: &Env, own: Option<&Path>) -> Check {
    let path = env.path(names::PATH).unwrap_or_default();
    if let Some(file) = child::find(PROGRAM, Some(path.as_os_str())) {
        let what = Text::new("").path(&file).then(" can't be run");
        return Check::bad(NAME, what, Remedy::run(Text::new("chmod +x ").path_argument(&file)));
    }
    let what = Text::new("clients don't find ").quoted(Kind::Path, PROGRAM).then(" on the `PATH`");
    let Some(own) = own else { return Check::bad(NAME, what, Remedy::advice("Put this program on the `PATH`")) };
    let remedy = if std::env::consts::FAMILY == "windows" {
        let directory = own.parent().unwrap_or(own);
        Remedy::advice(Text::new("Add ").path(directory).then(" to the `PATH` of your account"))
    } else {
        let directories = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
        let writable = directories.into_iter().find(|directory| directory.is_dir() && fs::may_write(directory));
        let (sudo, directory) = writable.map_or(("sudo ", "/usr/local/bin".into()), |directory| ("", directory));
        link(sudo, own, &directory.join(PROGRAM))
    };
    Check::bad(NAME, what, remedy)
}

/// Puts the directory of our program before all others.
fn first_on_path(ours: &Path) -> Remedy {
    let directory = ours.parent().unwrap_or(ours);
    Remedy::run(Text::new("export PATH=").path_argument(directory).then(":\"$PATH\""))
}

/// Moves another program away, and puts a link to ours there.
fn replace(other: &Path, own: &Path) -> Remedy {
    let mut moved = other.as_os_str().to_owned();
    moved.push(".other");
    let sudo = if other.parent().is_some_and(fs::may_write) { "" } else { "sudo " };
    let moving = Text::new(format!("{sudo}mv ")).path_argument(other).then(" ").path_argument(Path::new(&moved));
    match link(sudo, own, other) {
        Remedy::Run(linking) => Remedy::Run(moving.then(" && ").text(linking)),
        advice @ Remedy::Advice(_) => advice,
    }
}

fn link(sudo: &str, own: &Path, place: &Path) -> Remedy {
    Remedy::run(Text::new(format!("{sudo}ln -s ")).path_argument(own).then(" ").path_argument(place))
}

/// Who brings a program of this name along, by its place.
fn maker(program: &Path) -> Option<&'static str> {
    let place = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let is_in = |part: &str| [program, &place].iter().any(|path| path.to_string_lossy().contains(part));
    [
        ("Docker.app", "Docker Desktop"),
        ("Docker\\Docker", "Docker Desktop"),
        ("/docker-desktop/", "Docker Desktop"),
        ("Rancher Desktop", "Rancher Desktop"),
        ("/.rd/", "Rancher Desktop"),
        ("rancher-desktop", "Rancher Desktop"),
    ]
    .into_iter()
    .find(|(part, _)| is_in(part))
    .map(|(_, maker)| maker)
}

/// What a program says its version is.
fn version_of(program: &Path) -> Option<String> {
    let mut command = std::process::Command::new(program);
    let mut process = Running::start(command.arg("version").stderr(Stdio::null()), LONGEST_VERSION).ok()?;
    let clock = SystemClock::start();
    while process.look().ok()?.is_none() {
        if clock.elapsed() >= VERSION_LIMIT {
            return None;
        }
        clock.sleep(process.pause());
    }
    let output = process.take_stdout();
    Some(String::from_utf8_lossy(&output).trim().to_owned())
}
