//! The programs that are measured: our release binary, the Go helper if there is one, and a program
//! that does nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// Where Debian's package `amazon-ecr-credential-helper` installs the Go helper, and our own package ours.
const INSTALLED: &str = "/usr/bin/docker-credential-ecr-login";

/// The command that builds the release binary.
const BUILD: &str = "cargo build --release --target x86_64-unknown-linux-musl";

/// The programs of one run.
pub struct Programs {
    /// Our static release binary.
    pub ours: PathBuf,
    /// The Go helper.
    pub go: Option<GoHelper>,
    /// A static program that does nothing.
    pub noop: PathBuf,
    /// Runs another program and prints its peak memory.
    pub peak_memory: PathBuf,
}

/// The Go helper.
pub struct GoHelper {
    /// The program.
    pub program: PathBuf,
    /// Its own version.
    pub version: String,
}

impl Programs {
    /// Finds the helpers and compiles the C programs into `work`. Also returns notes for the user.
    ///
    /// # Errors
    /// Our binary is missing or isn't the static release, the given Go helper is missing, or there is
    /// no C compiler. The error says what to do.
    pub fn find(
        ours: Option<PathBuf>,
        go: Option<PathBuf>,
        target: &Path,
        work: &Path,
    ) -> Result<(Self, Vec<String>), String> {
        let mut notes = Vec::new();
        let built = target.join("x86_64-unknown-linux-musl/release/docker-credential-ecr-login");
        let ours = ours.unwrap_or(built);
        check_release(&ours)?;
        if is_older_than_source(&ours) {
            notes.push(format!("warning: {} is older than the source; rebuild it: {BUILD}", ours.display()));
        }
        let (name, _) = version_of(&ours).ok_or_else(|| format!("{} doesn't run here", ours.display()))?;
        let is_given = go.is_some();
        let program = go.unwrap_or_else(|| INSTALLED.into());
        // Our own package installs our program at the same path.
        let go = match version_of(&program) {
            Some((theirs, version)) if theirs != name => Some(GoHelper { program, version }),
            _ if is_given => return Err(format!("{} is not another credential helper", program.display())),
            _ => None,
        };
        notes.push(match &go {
            Some(go) => format!("Go helper: {}, version {}", go.program.display(), go.version),
            None => "no Go helper: name one with --go-helper PATH (see benches/README.md)".to_owned(),
        });
        fs::create_dir_all(work).map_err(|error| format!("{}: {error}", work.display()))?;
        let noop = compile(work, "noop", include_str!("noop.c"))?;
        let peak_memory = compile(work, "peak_memory", include_str!("peak_memory.c"))?;
        Ok((Self { ours, go, noop, peak_memory }, notes))
    }
}

/// Checks that a program is the static release, because figures of another build would mislead.
fn check_release(program: &Path) -> Result<(), String> {
    let name = program.display();
    let file = fs::read(program).map_err(|error| format!("{name}: {error}; build it: {BUILD}"))?;
    let contains = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
    if contains(b"ld-linux") || contains(b"ld-musl") {
        return Err(format!("{name} isn't static; build the static binary: {BUILD}"));
    }
    if contains(b"\0.debug_info\0") {
        return Err(format!("{name} has debug information; build the release: {BUILD}"));
    }
    Ok(())
}

fn is_older_than_source(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut latest = [root.join("Cargo.toml"), root.join("Cargo.lock")].iter().filter_map(|path| changed(path)).max();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                latest = latest.max(changed(&entry.path()));
            }
        }
    }
    changed(program).unwrap_or(SystemTime::UNIX_EPOCH) < latest.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A helper's name and version. The command `version` of early Go helpers prints only the version of
/// the library they are made with; `-v` prints their own.
fn version_of(program: &Path) -> Option<(String, String)> {
    let output = |argument: &str| {
        let run = Command::new(program).arg(argument).env_clear().stdin(Stdio::null()).output().ok()?;
        run.status.success().then(|| String::from_utf8_lossy(&run.stdout).trim().to_owned())
    };
    let short = output("version")?;
    let (name, version) = short.rsplit_once(' ').unwrap_or(("", &short));
    let long = output("-v").unwrap_or_default();
    let own = long.lines().find_map(|line| line.strip_prefix("Version:")).map(str::trim);
    Some((name.to_owned(), own.unwrap_or(version).to_owned()))
}

/// Compiles a static C program: with musl, like ours, or else with the system's C library.
fn compile(work: &Path, name: &str, source: &str) -> Result<PathBuf, String> {
    let (code, program) = (work.join(format!("{name}.c")), work.join(name));
    fs::write(&code, source).map_err(|error| format!("{}: {error}", code.display()))?;
    let compiles = |compiler: &&str| {
        let mut command = Command::new(compiler);
        command.args(["-static", "-Os", "-o"]).arg(&program).arg(&code).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let is_done = ["musl-gcc", "cc"].iter().any(compiles);
    is_done.then_some(program).ok_or_else(|| "no C compiler for static programs: install `musl-tools`".to_owned())
}
