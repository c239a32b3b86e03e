//! For every system call of a cold `get`, a hit, a hit that notes a new host, `erase` and `list`: the process is killed
//! there, the call fails, or it takes its time while another process runs. Afterwards a quiet `get` works, and nothing is
//! torn, lost or left.
//!
//! `strace` knows the calls of each and injects the faults. All of them are tried with the binary that `ECR_LOGIN_BINARY`
//! names, and some of them with the debug build, which makes more calls and is slower.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]
#![expect(clippy::collapsible_match, reason = "a row says what it is about, and its body what is checked")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use support::fake_aws::{Api, FakeAws, password_head};
use support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const KEY_ID: &str = "AKIAONE";

/// No fault is worth more than this.
const BOUND: Duration = Duration::from_secs(10);

/// How long a delayed call takes.
const DELAY: Duration = Duration::from_millis(150);

/// Of the debug build, one in so many faults is tried.
const SHARE_OF_DEBUG_BUILD: usize = 12;

/// How many faults are tried at the same time, each of these in a home of its own.
const AT_ONCE: usize = 4;

/// Calls that can't fail, or not so that a program could go on: its start, its end, and memory, of which `limits.rs` takes
/// more and more away.
const UNFAILING: [&str; 11] = [
    "execve",
    "exit_group",
    "exit",
    "arch_prctl",
    "set_tid_address",
    "rt_sigreturn",
    "brk",
    "mmap",
    "mremap",
    "mprotect",
    "munmap",
];

/// What `strace` makes a call fail with.
const ERRORS: [&str; 5] = ["EIO", "ENOSPC", "EACCES", "EMFILE", "EINTR"];

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    ColdGet,
    Hit,
    /// A hit that writes, since the host isn't noted yet.
    HitOfNewHost,
    Erase,
    List,
}

const ACTIONS: [Action; 5] = [Action::ColdGet, Action::Hit, Action::HitOfNewHost, Action::Erase, Action::List];

/// A call of a program: its name, and how many of that name came before and with it.
#[derive(Clone, Debug)]
struct Call {
    name: String,
    number: usize,
    /// Whether the program proper has begun: before that, a fault is the C library's or the runtime's to answer.
    is_ours: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Killed,
    Fails(&'static str),
    /// While another process runs.
    TakesItsTime,
}

/// A home of its own, in which the token of [`HOST`] is cached.
struct World {
    aws: FakeAws,
    home: Sandbox,
    number: usize,
    /// Counts the keys and hosts that were used up.
    used: AtomicUsize,
}

impl World {
    fn new(number: usize) -> Self {
        let aws = FakeAws::start();
        let home = Sandbox::new().with_aws(&aws).with_keys(KEY_ID).env("AWS_MAX_ATTEMPTS", "2");
        home.get(HOST).password();
        Self { aws, home, number, used: AtomicUsize::new(0) }
    }

    fn calls(&self) -> usize {
        self.aws.calls(Api::EcrToken)
    }

    /// A host for an action: in a region of its own, or of an account of its own, where that makes the difference.
    fn host(&self, action: Action) -> String {
        let used = self.used.fetch_add(1, Ordering::SeqCst);
        match action {
            Action::ColdGet => {
                format!("111122223333.dkr.ecr.eu-{}-{used}.amazonaws.com", ["a", "b", "c", "d"][self.number])
            }
            Action::HitOfNewHost => format!("{:012}.dkr.ecr.eu-west-1.amazonaws.com", used + 1),
            Action::Hit | Action::Erase | Action::List => HOST.to_owned(),
        }
    }

    /// The program, run by `strace` with these options.
    fn strace(&self, action: Action, host: &str, options: &[&str]) -> Running {
        let verb = match action {
            Action::ColdGet | Action::Hit | Action::HitOfNewHost => "get",
            Action::Erase => "erase",
            Action::List => "list",
        };
        let helper = self.home.command(&[verb]);
        let mut command = Command::new("strace");
        command.args(["-f", "-qq"]).args(options).arg(helper.get_program()).args(helper.get_args());
        command.env_clear().current_dir(self.home.home());
        command.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        let mut running = Running::start(command);
        running.write_all_and_close(host.as_bytes());
        running
    }

    /// The calls of an action, in their order.
    fn calls_of(&self, action: Action) -> Vec<Call> {
        let path = self.home.path().join("trace");
        let host = self.host(action);
        let reply = self.strace(action, &host, &["-o", path.to_str().expect("UTF-8")]).wait();
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{action:?}");
        let text = fs::read_to_string(path).expect("strace wrote it");
        let mut numbers = BTreeMap::<String, usize>::new();
        let mut is_ours = false;
        let lines = text.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('));
        let calls: Vec<Call> = lines
            .map(|(name, rest)| {
                let number = numbers.entry(name.to_owned()).or_default();
                *number += 1;
                // The first thing that it does for itself.
                is_ours |= name == "prctl" && rest.starts_with("PR_SET_DUMPABLE");
                Call { name: name.to_owned(), number: *number, is_ours }
            })
            .collect();
        assert!(calls.len() > 20 && is_ours, "{action:?}: {} calls", calls.len());
        if action == Action::Erase {
            self.home.get(HOST).password();
        }
        calls
    }

    /// Tries one fault.
    fn meets(&self, action: Action, call: &Call, fault: Fault) -> Result<(), String> {
        let host = self.host(action);
        let Call { name, number, .. } = call;
        let what = match fault {
            Fault::Killed => "signal=KILL".to_owned(),
            Fault::Fails(error) => format!("error={error}"),
            Fault::TakesItsTime => format!("delay_enter={}", DELAY.as_micros()),
        };
        let (trace, inject) = (format!("trace={name}"), format!("inject={name}:{what}:when={number}"));
        let before = self.calls();
        let kept = if action == Action::ColdGet { None } else { Some(self.home.get(HOST).password()) };
        let began = SystemTime::now();
        let running = self.strace(action, &host, &["-o", "/dev/null", "-e", &trace, "-e", &inject]);
        if fault == Fault::TakesItsTime {
            self.run_another(action, &host, before)?;
        }
        let reply = running.wait();
        if reply.elapsed > BOUND {
            return Err(format!("it took {:?}", reply.elapsed));
        }
        self.judge(action, &host, fault, &reply)?;

        // The quiet `get`, and the one after it.
        let calls = self.calls();
        let quiet = self.check(&host, &self.home.get(&host))?;
        let made = self.calls() - calls;
        let again = self.check(&host, &self.home.get(&host))?;
        if again != quiet || self.calls() - calls != made {
            return Err("the token of the quiet get isn't kept".to_owned());
        }
        match (action, fault) {
            (Action::Hit | Action::HitOfNewHost | Action::List, Fault::Killed | Fault::TakesItsTime)
                if !(action == Action::HitOfNewHost && fault == Fault::TakesItsTime) =>
            {
                if Some(quiet) != kept || made != 0 {
                    return Err("the token that was there is lost".to_owned());
                }
            }
            (Action::ColdGet, Fault::TakesItsTime) if self.calls() != before + 1 => {
                return Err(format!("{} calls for one key", self.calls() - before));
            }
            (Action::HitOfNewHost | Action::Erase, Fault::TakesItsTime) => {
                if self.aws.issued_at(&quiet).is_none_or(|issued| issued < began) {
                    return Err("an erased token is back".to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Runs another process while a call takes its time.
    fn run_another(&self, action: Action, host: &str, before: usize) -> Result<(), String> {
        match action {
            // It waits for the first one, or is faster and leaves it the token.
            Action::ColdGet => {
                thread::sleep(Duration::from_millis(30));
                self.check(host, &self.home.get(host))?;
                if self.calls() > before + 1 {
                    return Err("both called".to_owned());
                }
            }
            Action::HitOfNewHost => {
                thread::sleep(Duration::from_millis(30));
                let reply = self.home.run(&["erase"], host.as_bytes());
                if (reply.code, reply.stderr.as_str()) != (Some(0), "") {
                    return Err(format!("erase: {reply:?}"));
                }
            }
            Action::Erase => {
                thread::sleep(Duration::from_millis(30));
                let new = self.host(Action::HitOfNewHost);
                self.check(&new, &self.home.get(&new))?;
            }
            Action::Hit | Action::List => {
                self.check(host, &self.home.get(host))?;
            }
        }
        Ok(())
    }

    /// Checks how an action ended.
    fn judge(&self, action: Action, host: &str, fault: Fault, reply: &Reply) -> Result<(), String> {
        let Some(code) = reply.code else {
            return if fault == Fault::Killed { Ok(()) } else { Err(format!("ended by a signal: {reply:?}")) };
        };
        if fault == Fault::Killed && code > 128 {
            return Ok(());
        }
        let is_get = matches!(action, Action::ColdGet | Action::Hit | Action::HitOfNewHost);
        match code {
            0 if is_get => self.check(host, reply).map(drop),
            0 => Ok(()),
            1 if fault == Fault::TakesItsTime => Err(format!("failed for a delay: {reply:?}")),
            // What it wrote may not have arrived: that was what failed.
            1 => {
                let sentences = ["", NOT_FOUND, "cannot read the request\n"];
                let stdout_is_known = sentences.contains(&reply.stdout_text().as_str());
                let lines: Vec<&str> = reply.stderr.lines().collect();
                let is_a_reason = matches!(lines[..], [] | [_]) && !reply.stderr.contains("panicked");
                if is_a_reason && (stdout_is_known || !is_get) { Ok(()) } else { Err(format!("{reply:?}")) }
            }
            _ => Err(format!("{reply:?}")),
        }
    }

    /// Checks a password.
    fn check(&self, host: &str, reply: &Reply) -> Result<String, String> {
        if (reply.code, reply.stderr.as_str()) != (Some(0), "") {
            return Err(format!("no password: {reply:?}"));
        }
        let answer: serde_json::Value = serde_json::from_slice(&reply.stdout).map_err(|error| error.to_string())?;
        let password = answer["Secret"].as_str().unwrap_or_default();
        if self.aws.issued_at(password).is_none() {
            return Err(format!("torn: {password:.80}"));
        }
        let (head, region) = (password_head(password), host.split('.').nth(3).expect("a region"));
        if (head.access_key_id.as_str(), head.region.as_str()) == (KEY_ID, region) {
            Ok(password.to_owned())
        } else {
            Err(format!("another one's: {head:?}"))
        }
    }

    /// Checks that nothing is left that the next write doesn't remove; how many temporary files there were.
    fn finish(&self) -> Result<usize, String> {
        let directory = self.home.cache_dir();
        let old = SystemTime::now() - Duration::from_mins(2);
        let orphans: Vec<PathBuf> =
            names(&directory).filter(|name| name.starts_with("tmp-")).map(|name| directory.join(name)).collect();
        for orphan in &orphans {
            let file = File::options().write(true).open(orphan).map_err(|error| error.to_string())?;
            file.set_modified(old).map_err(|error| error.to_string())?;
        }
        self.home.get(&self.host(Action::ColdGet)).password();
        let left: Vec<String> = names(&directory).collect();
        for name in &left {
            let is_known = match name.rsplit_once('.') {
                Some((key, "lock")) => {
                    left.contains(&format!("{key}.token")) || left.contains(&format!("{key}.failure"))
                }
                Some((_, "token" | "hosts" | "failure" | "erased" | "TAG")) => true,
                _ => name == "erase-lock",
            };
            if !is_known {
                return Err(format!("{name} is left in {}", directory.display()));
            }
        }
        Ok(orphans.len())
    }
}

fn names(directory: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(directory).expect("the cache");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
}

/// Tries a fault at each call of each action.
fn try_all(faults: &[Fault], is_met: impl Fn(Action, &Call) -> bool) {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).stdout(Stdio::null()).status();
    if !tried.is_ok_and(|status| status.success()) {
        return println!("NOT TESTED: `strace` isn't installed or may not trace here");
    }
    let every = if std::env::var_os("ECR_LOGIN_BINARY").is_some() { 1 } else { SHARE_OF_DEBUG_BUILD };
    let first = World::new(0);
    let mut cases = Vec::new();
    for action in ACTIONS {
        for call in first.calls_of(action).into_iter().filter(|call| is_met(action, call)) {
            cases.extend(faults.iter().map(|&fault| (action, call.clone(), fault)));
        }
    }
    let cases: Vec<_> = cases.into_iter().step_by(every).collect();
    let (next, orphans) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed: Vec<String> = thread::scope(|scope| {
        let work = |number| {
            let (cases, next, orphans) = (&cases, &next, &orphans);
            move || {
                let world = World::new(number);
                let mut failed = Vec::new();
                while let Some((action, call, fault)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(error) = world.meets(*action, call, *fault) {
                        failed.push(format!("{action:?}, {} {}, {fault:?}: {error}", call.name, call.number));
                    }
                }
                match world.finish() {
                    Ok(left) => orphans.fetch_add(left, Ordering::SeqCst),
                    Err(left) => {
                        failed.push(left);
                        0
                    }
                };
                failed
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|number| scope.spawn(work(number))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("it doesn't panic")).collect()
    });
    let orphans = orphans.into_inner();
    println!("{} faults tried; {orphans} temporary files were left, and swept out by the next write", cases.len());
    let is_killed_anywhere = every == 1 && faults == [Fault::Killed];
    assert!(orphans > 0 || !is_killed_anywhere, "nobody was killed between the making of a file and its renaming");
    assert!(failed.is_empty(), "{} of {} faults:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

#[test]
fn a_process_may_be_killed_at_any_system_call() {
    try_all(&[Fault::Killed], |_, call| call.name != "execve");
}

#[test]
fn any_system_call_may_fail() {
    let faults = ERRORS.map(Fault::Fails);
    try_all(&faults, |_, call| call.is_ours && !UNFAILING.contains(&call.name.as_str()));
}

#[test]
fn any_system_call_may_take_its_time_while_another_process_runs() {
    try_all(&[Fault::TakesItsTime], |_, call| call.is_ours);
}
