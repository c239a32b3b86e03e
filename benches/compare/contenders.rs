//! Who is measured: our release binary, the Go helper where there is one, and a program that does nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// Where Debian's package `amazon-ecr-credential-helper` puts the Go helper, and our own package ours.
const INSTALLED: &str = "/usr/bin/docker-credential-ecr-login";

/// How the release is made.
const BUILD: &str = "cargo build --release --target x86_64-unknown-linux-musl";

/// The programs of one run.
pub struct Contenders {
    /// Ours, the static release.
    pub ours: PathBuf,
    /// The Go helper.
    pub peer: Option<Peer>,
    /// The static program that does nothing.
    pub floor: PathBuf,
    /// Runs a program and tells its greatest resident size.
    pub peak: PathBuf,
}

/// The Go helper.
pub struct Peer {
    /// The program.
    pub program: PathBuf,
    /// What it says its version is.
    pub version: String,
}

impl Peer {
    /// Whether it is one of the versions up to 0.6, whose hits are shorter.
    pub fn is_early(&self) -> bool {
        self.version.starts_with("0.") && self.version[2..].starts_with(['3', '4', '5', '6'])
    }
}

impl Contenders {
    /// Finds the helpers and compiles the rest into `work`.
    ///
    /// # Errors
    /// Ours isn't there or isn't the static release, a peer that was named isn't there, or there is no C compiler: what
    /// to do about it.
    pub fn find(
        ours: Option<PathBuf>,
        peer: Option<PathBuf>,
        target: &Path,
        work: &Path,
    ) -> Result<(Self, Vec<String>), String> {
        let mut notes = Vec::new();
        let built = target.join("x86_64-unknown-linux-musl/release/docker-credential-ecr-login");
        let ours = ours.unwrap_or(built);
        check_release(&ours)?;
        if is_older_than_source(&ours) {
            notes.push(format!("{} is older than the source; anew: {BUILD}", ours.display()));
        }
        let (name, _) = version_of(&ours).ok_or_else(|| format!("{} doesn't run here", ours.display()))?;
        let named = peer.is_some();
        let program = peer.unwrap_or_else(|| INSTALLED.into());
        // Our own package puts ours where Debian's puts the Go helper.
        let peer = match version_of(&program) {
            Some((theirs, version)) if theirs != name => Some(Peer { program, version }),
            _ if named => return Err(format!("{} is no other credential helper", program.display())),
            _ => None,
        };
        notes.push(match &peer {
            Some(peer) => format!("peer: {}, version {}", peer.program.display(), peer.version),
            None => "no peer: name the Go helper with --peer PATH; README.md says where to get it".to_owned(),
        });
        fs::create_dir_all(work).map_err(|error| format!("{}: {error}", work.display()))?;
        let floor = compile(work, "floor", include_str!("floor.c"))?;
        let peak = compile(work, "peak", include_str!("peak.c"))?;
        Ok((Self { ours, peer, floor, peak }, notes))
    }
}

/// Whether this is the static release: measuring another build by mistake would waste everybody's time.
fn check_release(program: &Path) -> Result<(), String> {
    let name = program.display();
    let file = fs::read(program).map_err(|error| format!("{name}: {error}; build it: {BUILD}"))?;
    let holds = |text: &[u8]| file.windows(text.len()).any(|window| window == text);
    if holds(b"ld-linux") || holds(b"ld-musl") {
        return Err(format!("{name} isn't static; build the static one: {BUILD}"));
    }
    if holds(b"\0.debug_info\0") {
        return Err(format!("{name} was built for debugging; build the release: {BUILD}"));
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

/// What a helper says it is, and its version. To `version` early Go helpers say the version of the library that they are
/// made with, and nothing else; theirs is behind `-v`.
fn version_of(program: &Path) -> Option<(String, String)> {
    let say = |argument: &str| {
        let run = Command::new(program).arg(argument).env_clear().stdin(Stdio::null()).output().ok()?;
        run.status.success().then(|| String::from_utf8_lossy(&run.stdout).trim().to_owned())
    };
    let said = say("version")?;
    let (name, version) = said.rsplit_once(' ').unwrap_or(("", &said));
    let at_length = say("-v").unwrap_or_default();
    let own = at_length.lines().find_map(|line| line.strip_prefix("Version:")).map(str::trim);
    Some((name.to_owned(), own.unwrap_or(version).to_owned()))
}

/// Compiles a C program to a static one: with musl, as ours is, or else with what the system has.
fn compile(work: &Path, name: &str, source: &str) -> Result<PathBuf, String> {
    let (code, program) = (work.join(format!("{name}.c")), work.join(name));
    fs::write(&code, source).map_err(|error| format!("{}: {error}", code.display()))?;
    let compile_with = |compiler: &&str| {
        let mut command = Command::new(compiler);
        command.args(["-static", "-Os", "-o"]).arg(&program).arg(&code).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let done = ["musl-gcc", "cc"].iter().any(compile_with);
    done.then_some(program).ok_or_else(|| "no C compiler makes static programs: install `musl-tools`".to_owned())
}
