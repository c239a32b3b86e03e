//! What is of Windows alone: many processes over one cache whose files are open, programs through `cmd.exe`, and the
//! places of files.
#![cfg(windows)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
/// What other programs may do with an open file.
const SHARE_NOTHING: u32 = 0;
const SHARE_READ: u32 = 1;
const KEYS: &str = r#"{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"a-secret-key-of-the-process"}"#;

fn home_of(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys("AKIAWINDOWS")
}

/// A profile with this value of `credential_process`.
fn home_of_process(aws: &FakeAws, command: &str) -> Sandbox {
    let home = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    home.write(".aws/config", format!("[profile dev]\ncredential_process = {command}\n"));
    home.secret("a-secret-key-of-the-process");
    home
}

fn all_at_once(sandbox: &Sandbox, processes: usize) -> Vec<Reply> {
    let running: Vec<Running> = (0..processes).map(|_| sandbox.spawn(&["get"], HOST.as_bytes())).collect();
    running.into_iter().map(Running::wait).collect()
}

/// The names in a directory with this ending.
fn names(directory: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8"));
    names.filter(|name| name.ends_with(ending)).collect()
}

#[test]
fn processes_that_read_an_expired_token_while_it_is_replaced_make_one_call() {
    const PROCESSES: usize = 32;
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    for round in 1..=3 {
        aws.set(Api::EcrToken, Behaviour::Delay(Duration::ZERO));
        sandbox.get(HOST).password();
        sandbox.age_tokens(Duration::from_hours(13));
        aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(500)));
        let before = aws.calls(Api::EcrToken);
        let passwords: BTreeSet<String> = all_at_once(&sandbox, PROCESSES).iter().map(Reply::password).collect();
        assert_eq!((aws.calls(Api::EcrToken) - before, passwords.len()), (1, 1), "round {round}");
        assert_eq!(names(&sandbox.cache_dir(), ".token").len(), 1);
        // The next round begins without a token.
        assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    }
}

#[test]
fn an_erase_that_succeeds_leaves_no_token_whoever_reads_it() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    for round in 0..5 {
        let first = sandbox.get(HOST).password();
        let readers: Vec<Running> = (0..8).map(|_| sandbox.spawn(&["get"], HOST.as_bytes())).collect();
        let erased = sandbox.run(&["erase"], HOST.as_bytes());
        let seen = (erased.code, erased.stdout_text(), erased.stderr);
        assert_eq!(seen, (Some(0), String::new(), String::new()), "round {round}");
        for reader in readers {
            reader.wait().password();
        }
        assert_ne!(sandbox.get(HOST).password(), first, "round {round}: the erased token came back");
        sandbox.run(&["erase"], HOST.as_bytes());
    }
}

#[test]
fn an_erase_waits_for_a_program_that_has_the_token_open_and_says_so_when_it_keeps_it() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let opened =
        |token: &Path, shared| OpenOptions::new().read(true).share_mode(shared).open(token).expect("it is there");
    for shared in [SHARE_NOTHING, SHARE_READ] {
        sandbox.get(HOST).password();
        let token = sandbox.cache_dir().join(&names(&sandbox.cache_dir(), ".token")[0]);
        let open_file = opened(&token, shared);
        let reply = sandbox.run(&["erase"], HOST.as_bytes());
        assert_eq!((reply.code, reply.stdout_text()), (Some(0), String::new()), "logging out never fails");
        let beginning =
            format!("ecr-login: a password of {HOST} may still be cached: cannot remove `{}`: ", token.display());
        assert!(reply.stderr.starts_with(&beginning), "{}", reply.stderr);
        assert!(reply.stderr.ends_with("; remove the file, or the cache directory\n"), "{}", reply.stderr);
        assert_eq!(reply.stderr.lines().count(), 1);
        drop(open_file);

        let open_file = opened(&token, shared);
        let closing = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            drop(open_file);
        });
        let reply = sandbox.run(&["erase"], HOST.as_bytes());
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
        assert!(!token.exists());
        closing.join().expect("it ended");
    }
}

#[cfg(feature = "os-encryption")]
#[test]
fn an_encrypted_token_is_served_again_and_its_file_does_not_hold_it() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws).env("AWS_ECR_CACHE_ENCRYPTION", "os");
    let password = sandbox.get(HOST).password();
    assert_eq!(sandbox.get(HOST).password(), password);
    assert_eq!(aws.calls(Api::EcrToken), 1);
    let entry = fs::read(sandbox.cache_dir().join(&names(&sandbox.cache_dir(), ".token")[0])).expect("an entry");
    assert!(!entry.windows(16).any(|part| password.as_bytes().windows(16).any(|secret| secret == part)));
    // Without the key of this user it is of no use.
    let plain = sandbox.env("AWS_ECR_CACHE_ENCRYPTION", "off");
    assert_ne!(plain.get(HOST).password(), password);
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn the_locks_of_tokens_that_have_expired_are_swept_away() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    for region in ["eu-west-1", "eu-west-2", "eu-west-3"] {
        sandbox.get(&format!("111122223333.dkr.ecr.{region}.amazonaws.com")).password();
    }
    sandbox.age_tokens(Duration::from_hours(13));
    sandbox.get("111122223333.dkr.ecr.us-east-1.amazonaws.com").password();
    let left = [".token", ".lock"].map(|ending| names(&sandbox.cache_dir(), ending).len());
    assert_eq!(left, [1, 1], "tokens and locks");
}

#[test]
fn a_credential_process_runs_through_cmd_with_its_quotes() {
    let aws = FakeAws::start();
    for command in
        ["answer one \"two three\"", "\"answer.cmd\" one \"two three\"", "cmd.exe /C answer one \"two three\""]
    {
        let home = home_of_process(&aws, command);
        let script = format!("@if \"%~1%~2\"==\"onetwo three\" echo {KEYS}\n");
        home.program("answer", &script);
        assert_eq!(password_head(&home.get(HOST).password()).access_key_id, "AKIAPROCESS", "{command}");
    }
    let home = home_of_process(&aws, "answer");
    home.program("answer", "@echo no luck 1>&2\n@exit /b 4\n");
    let reply = home.get(HOST);
    assert!(reply.stderr.contains("`credential_process` exited with status 4: no luck"), "{}", reply.stderr);
    home.assert_no_secret_in(&reply);
}

#[test]
fn a_credential_process_that_hangs_is_ended_at_the_limit_with_the_processes_that_it_started() {
    let aws = FakeAws::start();
    let home = home_of_process(&aws, "answer").env("AWS_ECR_TIMEOUT", "2");
    // The program of the batch file would hold the client's pipes, and write a file after five seconds.
    let late = home.home().join("late");
    let answer = format!("@cmd /c \"ping -n 6 127.0.0.1 >nul & echo late>\"{}\"\"\n", late.display());
    home.program("answer", &answer);
    let started = Instant::now();
    let reply = home.get(HOST);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    assert!(reply.stderr.contains("`credential_process` timed out after 2 s"), "{}", reply.stderr);
    thread::sleep(Duration::from_secs(8).saturating_sub(started.elapsed()));
    assert!(!late.exists());
}

#[test]
fn without_variables_the_cache_lies_in_the_user_s_local_application_data() {
    let local = std::env::var_os("LOCALAPPDATA").map(PathBuf::from).expect("Windows sets it");
    let directory = local.join("ecr-login");
    let aws = FakeAws::start();
    let sandbox = home_of(&aws).without("AWS_ECR_CACHE_DIR");
    let before = if directory.exists() { names(&directory, ".token").len() } else { 0 };
    let first = sandbox.get(HOST).password();
    assert_eq!(names(&directory, ".token").len(), before + 1);
    assert_eq!(sandbox.get(HOST).password(), first);
    assert_eq!(aws.calls(Api::EcrToken), 1);
    assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    assert_eq!(names(&directory, ".token").len(), 0, "of this API");
}
