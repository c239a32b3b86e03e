//! One fetch for whoever needs one token, and none of the waiting outlasts its limit.
//!
//! The tests measure time on a machine they share with their own processes, so those that start many run alone.
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and processes")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const KEY_ID: &str = "AKIAONE";

static MACHINE: RwLock<()> = RwLock::new(());

/// The machine for this test alone.
fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// The machine, shared with tests that hardly use it.
fn among_few() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

fn home_of(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys(KEY_ID)
}

fn start(sandbox: &Sandbox, host: &str) -> Running {
    sandbox.spawn(&["get"], host.as_bytes())
}

fn all_at_once(sandbox: &Sandbox, hosts: impl IntoIterator<Item = String>) -> Vec<Reply> {
    let running: Vec<Running> = hosts.into_iter().map(|host| start(sandbox, &host)).collect();
    running.into_iter().map(Running::wait).collect()
}

#[cfg(unix)]
fn signal(process: &Running, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(process.id().to_string()).status();
    assert!(status.expect("`kill` is part of every Unix").success(), "SIG{name}");
}

#[test]
fn a_hundred_processes_and_one_cold_registry_make_one_call() {
    const PROCESSES: usize = 100;
    let _machine = alone();
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(300)));
    let sandbox = home_of(&aws);
    let started = Instant::now();
    let replies = all_at_once(&sandbox, (0..PROCESSES).map(|_| HOST.to_owned()));
    let took = started.elapsed();
    assert_eq!(aws.calls(Api::EcrToken), 1);
    assert_eq!(aws.requests().len(), 1);
    assert_eq!(password_head(&replies[0].password()).serial, 1);
    for reply in &replies {
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
        assert_eq!(reply.stdout, replies[0].stdout);
    }
    println!("{PROCESSES} processes, one of which waited 300 ms for the API: {took:?}");
    assert!(took < Duration::from_secs(10), "the last answer came after {took:?}");
}

#[test]
fn different_tokens_are_fetched_in_parallel_and_all_are_kept() {
    const REGIONS: usize = 32;
    let _machine = alone();
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_secs(3)));
    let sandbox = home_of(&aws);
    let hosts = || (0..REGIONS).map(|region| format!("111122223333.dkr.ecr.eu-test-{region}.amazonaws.com"));
    let started = Instant::now();
    let cold = all_at_once(&sandbox, hosts());
    let took = started.elapsed();
    assert_eq!(aws.calls(Api::EcrToken), REGIONS);
    let in_flight = aws.max_in_flight(Api::EcrToken);
    println!("{REGIONS} regions: {in_flight} calls in flight together, {took:?}");
    assert!(in_flight > 16, "only {in_flight} calls were in flight together");
    for (region, reply) in cold.iter().enumerate() {
        assert_eq!(password_head(&reply.password()).region, format!("eu-test-{region}"));
    }
    let hits = all_at_once(&sandbox, hosts());
    assert_eq!(aws.calls(Api::EcrToken), REGIONS, "every token was kept");
    for (cold, hit) in cold.iter().zip(&hits) {
        assert_eq!(hit.password(), cold.password());
    }
}

#[test]
fn a_token_that_replaces_one_that_is_over_is_not_swept_away_with_it() {
    let _machine = among_few();
    let traces = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !traces.is_ok_and(|status| status.success()) {
        println!("NOT TESTED: `strace` isn't installed or may not trace here");
        return;
    }
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    sandbox.get(HOST).password();
    sandbox.age_tokens(Duration::from_hours(13));

    // A process for another region finds the entry over, and takes its time to remove it.
    let helper = sandbox.command(&["get"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=?unlink,?unlinkat"]);
    strace.args(["-e", "inject=?unlink,?unlinkat:delay_enter=1000000"]);
    strace.arg(helper.get_program()).args(helper.get_args()).env_clear().current_dir(sandbox.home());
    strace.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut sweeping = Running::start(strace);
    sweeping.write_all_and_close(b"111122223333.dkr.ecr.eu-west-2.amazonaws.com");
    aws.wait_for_calls(Api::EcrToken, 2, Duration::from_secs(10));
    thread::sleep(Duration::from_millis(300));
    let newer = sandbox.get(HOST).password();
    sweeping.wait().password();
    assert_eq!(aws.calls(Api::EcrToken), 3);
    let next = sandbox.get(HOST).password();
    assert_eq!(aws.calls(Api::EcrToken), 3, "the new token was swept away as the one that was over");
    assert_eq!(next, newer);
}

#[test]
fn who_waits_for_a_fetch_that_fails_takes_its_failure() {
    let _machine = alone();
    let aws = FakeAws::start();
    // The call is refused, but not before everybody is there.
    aws.set(Api::AssumeRoleWithWebIdentity, Behaviour::Delay(Duration::from_secs(4)));
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "no policy allows it"));
    let sandbox = Sandbox::new().with_aws(&aws);
    let token = sandbox.write("token", "not.a.jwt.but.somebody");
    let sandbox =
        sandbox.env("AWS_WEB_IDENTITY_TOKEN_FILE", token).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/puller");
    let replies = all_at_once(&sandbox, (0..20).map(|_| HOST.to_owned()));
    assert_eq!((aws.calls(Api::AssumeRoleWithWebIdentity), aws.calls(Api::EcrToken)), (1, 1));
    for reply in &replies {
        reply.assert_not_found();
        assert_eq!(reply.stderr, replies[0].stderr, "everybody gives the same reason");
        assert!(reply.stderr.contains("access denied") && reply.stderr.contains("no policy allows it"));
        assert!(reply.elapsed < Duration::from_secs(10), "{:?}", reply.elapsed);
        sandbox.assert_no_secret_in(reply);
    }

    aws.set(Api::EcrToken, Behaviour::Answer);
    aws.set(Api::AssumeRoleWithWebIdentity, Behaviour::Answer);
    sandbox.get(HOST).password();
    assert_eq!(aws.calls(Api::EcrToken), 2, "who comes later tries anew");
}

#[test]
fn a_stale_token_is_served_at_once_while_another_process_refreshes_it() {
    let _machine = among_few();
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let stale = sandbox.get(HOST).password();
    sandbox.age_tokens(Duration::from_hours(7));

    aws.set(Api::EcrToken, Behaviour::FailTimes(1, Box::new(Behaviour::Delay(Duration::from_secs(3)))));
    let mut refreshing = start(&sandbox, HOST);
    aws.wait_for_calls(Api::EcrToken, 2, Duration::from_secs(5));
    for _ in 0..5 {
        let reply = sandbox.get(HOST);
        assert_eq!(reply.password(), stale);
        assert!(reply.elapsed < Duration::from_millis(500), "{:?}", reply.elapsed);
    }
    assert!(!refreshing.has_ended(), "the refresh was still under way");
    assert_eq!(aws.calls(Api::EcrToken), 2, "nobody else asked");

    let fresh = refreshing.wait().password();
    assert_ne!(fresh, stale);
    assert_eq!(sandbox.get(HOST).password(), fresh);
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn a_killed_lock_holder_is_succeeded_by_one_of_those_who_wait() {
    let _machine = alone();
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::FailTimes(1, Box::new(Behaviour::Hang)));
    let sandbox = home_of(&aws);
    let mut holder = start(&sandbox, HOST);
    aws.wait_for_calls(Api::EcrToken, 1, Duration::from_secs(10));
    let mut waiting: Vec<Running> = (0..10).map(|_| start(&sandbox, HOST)).collect();
    thread::sleep(Duration::from_millis(700));
    assert!(!waiting.iter_mut().any(Running::has_ended), "they wait");
    assert_eq!(aws.calls(Api::EcrToken), 1, "and don't ask");

    holder.kill();
    let killed = Instant::now();
    let passwords: BTreeSet<String> = waiting.into_iter().map(|process| process.wait().password()).collect();
    assert!(killed.elapsed() < Duration::from_secs(3), "they went on after {:?}", killed.elapsed());
    assert_eq!(aws.calls(Api::EcrToken), 2, "one more call");
    assert_eq!(passwords.len(), 1);
    #[cfg(unix)]
    assert_eq!(holder.wait().code, None);
    assert!(passwords.contains(&sandbox.get(HOST).password()));
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[cfg(unix)]
#[test]
fn nobody_waits_longer_than_half_the_limit_for_a_stopped_lock_holder() {
    let _machine = among_few();
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::FailTimes(1, Box::new(Behaviour::Delay(Duration::from_millis(500)))));
    let sandbox = home_of(&aws).env("AWS_ECR_TIMEOUT", "4");
    let mut holder = start(&sandbox, HOST);
    aws.wait_for_calls(Api::EcrToken, 1, Duration::from_secs(3));
    signal(&holder, "STOP");

    let waited = sandbox.get(HOST);
    let own = waited.password();
    let running_on = !holder.has_ended();
    signal(&holder, "CONT");
    assert!(running_on, "the holder was stopped all the time");
    assert!(waited.elapsed >= Duration::from_millis(1_800), "asked before its patience ran out: {:?}", waited.elapsed);
    assert!(waited.elapsed < Duration::from_secs(3), "waited longer than half the limit: {:?}", waited.elapsed);
    assert_eq!(password_head(&own).serial, 2);

    let late = holder.wait().password();
    assert_ne!(late, own, "each fetched its own");
    let cached = sandbox.get(HOST).password();
    assert!(cached == late || cached == own, "the cache holds one of them, whole");
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn a_waiting_process_does_not_take_over_the_failure_of_a_shorter_limit() {
    let _machine = among_few();
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::FailTimes(1, Box::new(Behaviour::Hang)));
    let hasty = home_of(&aws).env("AWS_ECR_TIMEOUT", "1");
    let patient = home_of(&aws).env("AWS_ECR_CACHE_DIR", hasty.cache_dir());
    let holder = start(&hasty, HOST);
    aws.wait_for_calls(Api::EcrToken, 1, Duration::from_secs(10));
    let waiting = start(&patient, HOST);
    holder.wait().assert_not_found();
    waiting.wait().password();
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn an_erase_during_a_fetch_keeps_its_token_out_of_the_cache() {
    let _machine = among_few();
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(700)));
    let sandbox = home_of(&aws);
    let fetching = start(&sandbox, HOST);
    aws.wait_for_calls(Api::EcrToken, 1, Duration::from_secs(10));
    assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    let erased = fetching.wait().password();
    aws.set(Api::EcrToken, Behaviour::Answer);
    let newer = sandbox.get(HOST).password();
    assert_ne!(newer, erased);
    assert_eq!(sandbox.get(HOST).password(), newer, "a fetch that began after the erase is kept");
    assert_eq!(aws.calls(Api::EcrToken), 2);
}
