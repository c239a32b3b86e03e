//! Ctrl-C and SIGTERM end a `get` at once, whatever it is waiting for, and stand in nobody's way afterwards: no lock that
//! is held, no temporary file, nothing remembered.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are the outside world: they use the real clock, files, processes"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
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

/// What Ctrl-C and a service manager send. Who starts the tests in the background of a shell that has no job control lets
/// all of them ignore Ctrl-C.
fn signals() -> Vec<&'static str> {
    const SIGINT: u64 = 1 << (2 - 1);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).expect("a mask of signals"));
    if ignored & SIGINT == 0 {
        vec!["INT", "TERM"]
    } else {
        println!("NOT TESTED: SIGINT is ignored here");
        vec!["TERM"]
    }
}

/// Sends the signal, and checks that the process ended by it, at once and without a word.
#[track_caller]
fn end(process: Running, signal: &str, what: &str) {
    let sent = Instant::now();
    let status = Command::new("kill").arg(format!("-{signal}")).arg(process.id().to_string()).status();
    assert!(status.expect("`kill` is part of every Unix").success());
    let reply = process.wait();
    assert!(sent.elapsed() < AT_ONCE, "SIG{signal} while {what}: ended after {:?}", sent.elapsed());
    assert_eq!(reply.code, None, "SIG{signal} while {what}: ended by itself");
    assert_eq!((reply.stdout_text(), reply.stderr), (String::new(), String::new()), "SIG{signal} while {what}");
}

/// Checks that nothing is left but lock files, which nobody holds: the next `get` doesn't wait.
#[track_caller]
fn nothing_is_left(home: &Sandbox, what: &str) {
    let extensions = |directory| {
        let entries = fs::read_dir(directory).expect("the cache was made").map(|entry| entry.expect("an entry").path());
        let extension = |path: PathBuf| path.extension().unwrap_or_default().to_string_lossy().into_owned();
        entries.map(extension).collect::<BTreeSet<_>>()
    };
    assert_eq!(extensions(home.cache_dir()), BTreeSet::from(["lock".to_owned()]), "{what}");
    let next = home.get(HOST);
    next.password();
    assert!(next.elapsed < AT_ONCE, "{what}: the next get took {:?}", next.elapsed);
    let expected = BTreeSet::from(["lock".to_owned(), "token".to_owned()]);
    assert_eq!(extensions(home.cache_dir()), expected, "{what}, after the next get");
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
        end(fetching, signal, "fetching");
        nothing_is_left(&home, "both were interrupted");
    }
}

#[test]
fn a_credential_process_that_lives_on_holds_no_lock() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
    home.write(".aws/config", "[profile dev]\ncredential_process = give-keys\n");
    home.program("give-keys", "#!/bin/sh\n: >\"$HOME/started\"\nexec sleep 5\n");
    let fetching = start(&home);
    let (started, since) = (home.home().join("started"), Instant::now());
    while !started.exists() {
        assert!(since.elapsed() < SOON, "the program wasn't started");
        thread::sleep(Duration::from_millis(5));
    }
    end(fetching, "TERM", "a credential_process runs");
    home.program(
        "give-keys",
        "#!/bin/sh\nprintf '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"made/up/secret\"}'\n",
    );
    nothing_is_left(&home, "a credential_process lives on");
}
