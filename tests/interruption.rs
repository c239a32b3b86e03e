//! Ctrl-C, SIGTERM and SIGHUP end a `get` at once, whatever it is waiting for, and leave nothing of it behind: no lock, no
//! temporary file, nothing remembered, no process that it started.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are the outside world: they use the real clock, files, processes"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::fake_aws::{Api, Behaviour, FakeAws};
use support::sandbox::{Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const AT_ONCE: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_secs(10);

fn start(home: &Sandbox) -> Running {
    home.spawn(&["get"], HOST.as_bytes())
}

/// What Ctrl-C, a service manager and a terminal that is closed send. Who starts the tests in the background of a shell
/// that has no job control lets all of them ignore Ctrl-C, and `nohup` the end of a terminal.
fn signals() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).expect("a mask of signals"));
    let numbered: [(&str, u32); 3] = [("HUP", 1), ("INT", 2), ("TERM", 15)];
    let (caught, ignored): (Vec<_>, Vec<_>) =
        numbered.into_iter().partition(|(_, number)| ignored & 1 << (number - 1) == 0);
    for (signal, _) in ignored {
        println!("NOT TESTED: SIG{signal} is ignored here");
    }
    caught.into_iter().map(|(signal, _)| signal).collect()
}

fn send(signal: &str, process: &str) {
    let status = Command::new("kill").args([&format!("-{signal}"), process]).status();
    assert!(status.expect("`kill` is part of every Unix").success());
}

/// Sends the signal, and checks that the process ended by it, at once and without a word.
#[track_caller]
fn end(process: Running, signal: &str, what: &str) {
    let sent = Instant::now();
    send(signal, &process.id().to_string());
    let reply = process.wait();
    assert!(sent.elapsed() < AT_ONCE, "SIG{signal} while {what}: ended after {:?}", sent.elapsed());
    assert_eq!(reply.code, None, "SIG{signal} while {what}: ended by itself");
    assert_eq!((reply.stdout_text(), reply.stderr), (String::new(), String::new()), "SIG{signal} while {what}");
}

/// What the names of the files in the cache end in, without those that outlive every token: the directory's tag, the lock
/// of `erase`, and the hosts that were asked for.
fn extensions(home: &Sandbox) -> BTreeSet<String> {
    let entries =
        fs::read_dir(home.cache_dir()).expect("the cache was made").map(|entry| entry.expect("an entry").path());
    let extension = |path: PathBuf| path.extension().unwrap_or_default().to_string_lossy().into_owned();
    let is_of_a_token =
        |path: &PathBuf| !["TAG", "hosts"].contains(&&*extension(path.clone())) && !path.ends_with("erase-lock");
    entries.filter(is_of_a_token).map(extension).collect()
}

/// Checks that nothing of a fetch is left, and that the next `get` doesn't wait.
#[track_caller]
fn nothing_is_left(home: &Sandbox, what: &str) {
    assert_eq!(extensions(home), BTreeSet::new(), "{what}");
    let next = home.get(HOST);
    next.password();
    assert!(next.elapsed < AT_ONCE, "{what}: the next get took {:?}", next.elapsed);
    let expected = BTreeSet::from(["lock".to_owned(), "token".to_owned()]);
    assert_eq!(extensions(home), expected, "{what}, after the next get");
}

/// The contents of a file, once it has a whole line.
fn line_of(path: &Path) -> String {
    let since = Instant::now();
    loop {
        let line = fs::read_to_string(path).unwrap_or_default();
        if line.ends_with('\n') {
            return line;
        }
        assert!(since.elapsed() < SOON, "{} wasn't written", path.display());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_fetch_that_is_interrupted_ends_at_once() {
    for signal in signals() {
        for (what, api) in
            [("waiting for the token", Api::EcrToken), ("waiting for credentials", Api::ContainerCredentials)]
        {
            let aws = FakeAws::start();
            aws.set(api, Behaviour::FailTimes(1, Box::new(Behaviour::Hang)));
            let home = Sandbox::new().with_aws(&aws).with_container(&aws);
            let fetching = start(&home);
            aws.wait_for_calls(api, 1, SOON);
            end(fetching, signal, what);
            nothing_is_left(&home, what);
        }
    }
}

#[test]
fn whoever_waits_for_another_process_can_be_interrupted_too() {
    for signal in signals() {
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, Behaviour::FailTimes(1, Box::new(Behaviour::Hang)));
        let home = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
        let fetching = start(&home);
        aws.wait_for_calls(Api::EcrToken, 1, SOON);
        let mut waiting = start(&home);
        thread::sleep(Duration::from_millis(300));
        assert!(!waiting.has_ended(), "it waits");
        assert_eq!(aws.calls(Api::EcrToken), 1, "and doesn't ask");
        end(waiting, signal, "waiting for another process");
        assert_eq!(extensions(&home), BTreeSet::from(["lock".to_owned()]), "the lock is the other one's");
        end(fetching, signal, "fetching");
        nothing_is_left(&home, "both were interrupted");
    }
}

#[test]
fn a_stale_token_stays_when_its_refresh_is_interrupted() {
    let aws = FakeAws::start();
    aws.token_lifetime(Duration::from_secs(10));
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
    let stale = home.get(HOST).password();
    thread::sleep(Duration::from_millis(5_500));
    aws.set(Api::EcrToken, Behaviour::Hang);
    let refreshing = start(&home);
    aws.wait_for_calls(Api::EcrToken, 2, SOON);
    end(refreshing, "TERM", "refreshing");
    assert_eq!(extensions(&home), BTreeSet::from(["token".to_owned()]));
    let refreshing = start(&home);
    aws.wait_for_calls(Api::EcrToken, 3, SOON);
    assert_eq!(home.get(HOST).password(), stale, "it is served while another process refreshes it");
    end(refreshing, "TERM", "refreshing");
}

#[test]
#[cfg(target_os = "linux")]
fn a_credential_process_ends_with_all_that_it_started() {
    for signal in signals() {
        let aws = FakeAws::start();
        let home = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
        home.write(".aws/config", "[profile dev]\ncredential_process = give-keys\n");
        home.program("give-keys", "#!/bin/sh\nsleep 60 &\necho $$ $! >\"$HOME/started\"\nwait\n");
        let fetching = start(&home);
        let started = line_of(&home.home().join("started"));
        end(fetching, signal, "a credential_process runs");
        for process in started.split_whitespace() {
            let since = Instant::now();
            while is_alive(process) {
                assert!(since.elapsed() < AT_ONCE, "SIG{signal}: process {process} of {started} lives on");
                thread::sleep(Duration::from_millis(5));
            }
        }
        home.program(
            "give-keys",
            "#!/bin/sh\nprintf '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"made/up/secret\"}'\n",
        );
        nothing_is_left(&home, "a credential_process was interrupted");
    }
}

/// Whether a process does anything yet. One that has ended may wait for somebody to take notice.
fn is_alive(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_that_is_ignored_stays_ignored() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_secs(1)));
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
    let helper = home.command(&["get"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP INT; exec \"$0\" get"]).arg(helper.get_program()).env_clear();
    shell.current_dir(home.home()).envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut fetching = Running::start(shell);
    fetching.write_all_and_close(HOST.as_bytes());
    aws.wait_for_calls(Api::EcrToken, 1, SOON);
    for signal in ["HUP", "INT"] {
        send(signal, &fetching.id().to_string());
    }
    fetching.wait().password();
}

#[test]
#[cfg(target_os = "linux")]
fn a_token_that_has_come_is_kept_whole() {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !tried.is_ok_and(|status| status.success()) {
        return println!("NOT TESTED: `strace` isn't installed or may not trace here");
    }
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
    // The temporary file is there, and takes a second to become the token's.
    let helper = home.command(&["get"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=?rename,?renameat"]);
    strace.args(["-e", "inject=?rename,?renameat:delay_enter=1000000"]);
    strace.arg(helper.get_program()).args(helper.get_args()).env_clear().current_dir(home.home());
    strace.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut fetching = Running::start(strace);
    fetching.write_all_and_close(HOST.as_bytes());
    aws.wait_for_calls(Api::EcrToken, 1, SOON);
    let since = Instant::now();
    while extensions(&home) != BTreeSet::from([String::new(), "lock".to_owned()]) {
        assert!(since.elapsed() < SOON, "no temporary file was made");
        thread::sleep(Duration::from_millis(5));
    }
    let tracer = fetching.id();
    let children = fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).expect("it runs");
    send("TERM", children.trim());
    fetching.wait().password();
    assert_eq!(extensions(&home), BTreeSet::from(["lock".to_owned(), "token".to_owned()]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_second_signal_doesn_t_wait_for_a_client_that_doesn_t_read() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
    let (reader, mut full) = std::io::pipe().expect("a pipe");
    full.write_all(&vec![b' '; 64 << 10]).expect("so much fits into a pipe");
    let mut command = home.command(&["get"]);
    let mut helper = command.stdin(Stdio::piped()).stdout(full).spawn().expect("it can be run");
    helper.stdin.take().expect("it is piped").write_all(HOST.as_bytes()).expect("it reads");
    aws.wait_for_calls(Api::EcrToken, 1, SOON);
    let since = Instant::now();
    while extensions(&home) != BTreeSet::from(["lock".to_owned(), "token".to_owned()]) {
        assert!(since.elapsed() < SOON, "the token wasn't kept");
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(100));
    for signal in 1..=2 {
        assert_eq!(helper.try_wait().expect("it is ours"), None, "before signal {signal}");
        send("TERM", &helper.id().to_string());
        thread::sleep(Duration::from_millis(100));
    }
    let ended = helper.try_wait().expect("it is ours");
    helper.kill().ok();
    assert_eq!(ended.and_then(|status| status.signal()), Some(15));
    drop(reader);
}
