//! Machines on which something usual is missing: locks, descriptors, `/dev` and `/proc`, the right time, or the cache's
//! directory in the middle of a fetch. `get` answers with a right password on all of them. Full and read-only disks are in
//! `cache_faults.rs`, other limits in `limits.rs`.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::fake_aws::{Api, Behaviour, FakeAws};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const SOON: Duration = Duration::from_secs(5);
const TEN_YEARS: i64 = 10 * 365 * 24 * 3_600;

/// The wall clock of a process, moved by the seconds in a variable.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    const char *moved = getenv("MOVED_BY");
    if (!result && clock == CLOCK_REALTIME && moved) time->tv_sec += atol(moved);
    return result;
}
"#;

fn home_of(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys("AKIAONE")
}

/// The helper, run by another program, which ends in its path and the verb.
fn start(home: &Sandbox, program: &[&str], verb: &str) -> Running {
    let helper = home.command(&[verb]);
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg(helper.get_program()).arg(verb).env_clear().current_dir(home.home());
    command.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut running = Running::start(command);
    running.write_all_and_close(HOST.as_bytes());
    running
}

#[track_caller]
fn password(aws: &FakeAws, reply: &Reply) -> String {
    let password = reply.password();
    assert!(aws.issued_at(&password).is_some(), "not issued: {password:.80}");
    assert!(reply.elapsed < SOON, "{:?}", reply.elapsed);
    password
}

/// Whether a program works here.
fn works(program: &[&str]) -> bool {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg("true").stdout(Stdio::null()).stderr(Stdio::null());
    let works = command.status().is_ok_and(|status| status.success());
    if !works {
        println!("NOT TESTED: `{}` doesn't work here", program.join(" "));
    }
    works
}

#[test]
fn a_file_system_without_locks_costs_calls_and_nothing_else() {
    for error in ["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EIO"] {
        let inject = format!("inject=flock:error={error}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", &inject];
        if !works(&strace) {
            return;
        }
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(300)));
        let home = home_of(&aws);
        let together = [(); 4].map(|()| start(&home, &strace, "get"));
        let passwords = together.map(|running| password(&aws, &running.wait()));
        assert!((1..=4).contains(&aws.calls(Api::EcrToken)), "{error}");
        let calls = aws.calls(Api::EcrToken);
        let kept = password(&aws, &start(&home, &strace, "get").wait());
        assert!(passwords.contains(&kept), "{error}: one of them is kept");
        assert_eq!(aws.calls(Api::EcrToken), calls, "{error}: it is a hit");
        assert_eq!(start(&home, &strace, "erase").wait().code, Some(0), "{error}");
        assert_ne!(password(&aws, &start(&home, &strace, "get").wait()), kept, "{error}: it was erased");
    }
}

#[test]
fn a_directory_that_is_removed_during_a_fetch_costs_the_next_call_and_no_answer() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(300)));
    let home = home_of(&aws);
    let fetching = home.spawn(&["get"], HOST.as_bytes());
    aws.wait_for_calls(Api::EcrToken, 1, SOON);
    fs::remove_dir_all(home.cache_dir()).expect("it was made before the call");
    password(&aws, &fetching.wait());
    assert!(!home.cache_dir().exists(), "it isn't made again behind somebody's back");
    let next = password(&aws, &home.get(HOST));
    assert_eq!(password(&aws, &home.get(HOST)), next);
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn sixteen_descriptors_are_enough() {
    let aws = FakeAws::start();
    let home = home_of(&aws);
    let shell = ["sh", "-c", "ulimit -n 16 && exec \"$0\" \"$@\""];
    let fetched = password(&aws, &start(&home, &shell, "get").wait());
    assert_eq!(password(&aws, &start(&home, &shell, "get").wait()), fetched);
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[test]
fn neither_dev_nor_proc_is_needed() {
    let script = "mount -t tmpfs none /dev && mount -t tmpfs none /proc && exec \"$0\" \"$@\"";
    let ways = [&["unshare", "--mount"][..], &["unshare", "--mount", "--map-root-user"]];
    let way = ways.map(|way| [way, &["sh", "-c", script]].concat()).into_iter().find(|way| works(way));
    let Some(way) = way else { return };
    let aws = FakeAws::start();
    let home = home_of(&aws);
    let fetched = password(&aws, &start(&home, &way, "get").wait());
    assert_eq!(password(&aws, &start(&home, &way, "get").wait()), fetched, "it is kept");
    for verb in ["list", "erase"] {
        let reply = start(&home, &way, verb).wait();
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{verb}");
    }
}

#[test]
fn a_clock_that_is_off_by_ten_years_costs_calls_and_no_password() {
    if std::env::var_os("ECR_LOGIN_BINARY").is_some() {
        return println!("NOT TESTED: a static binary takes no library with another clock");
    }
    let aws = FakeAws::start();
    for moved in [TEN_YEARS, -TEN_YEARS] {
        let home = home_of(&aws);
        let (source, library) = (home.write("clock.c", CLOCK), home.path().join("clock.so"));
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        if !compiled.is_ok_and(|status| status.success()) {
            return println!("NOT TESTED: there is no C compiler");
        }
        let (library, moved_by) = (format!("LD_PRELOAD={}", library.display()), format!("MOVED_BY={moved}"));
        let wrong = ["env", &library, &moved_by];
        let before = aws.calls(Api::EcrToken);
        let right = password(&aws, &home.get(HOST));
        for _ in 0..3 {
            password(&aws, &start(&home, &wrong, "get").wait());
        }
        // By a clock that is ahead, every token has expired when it comes.
        assert!(moved < 0 || aws.calls(Api::EcrToken) == before + 4, "the clock is really another");
        // One that was never right before.
        assert_eq!(start(&home, &wrong, "erase").wait().code, Some(0));
        for _ in 0..3 {
            password(&aws, &start(&home, &wrong, "get").wait());
        }
        assert_eq!(start(&home, &wrong, "list").wait().code, Some(0));
        // It is set right again.
        let calls = aws.calls(Api::EcrToken);
        let now = password(&aws, &home.get(HOST));
        assert_ne!(now, right, "it was erased");
        assert_eq!(password(&aws, &home.get(HOST)), now);
        assert!(aws.calls(Api::EcrToken) <= calls + 1, "what is kept now is used");
    }
}
