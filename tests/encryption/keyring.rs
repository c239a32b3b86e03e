//! With the feature: the kernel's own keyring, and what happens where the kernel refuses it.
//!
//! Each test has user namespaces of its own, whose keyrings are new, so that the user's own keyring isn't touched.
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::fake_aws::{Api, FakeAws};
use crate::support::sandbox::{Reply, Running, Sandbox};
use crate::{HOST, call_of, home, tokens};

/// Runs a shell script in a new user namespace; `$get` is what runs `get`. `None` if the kernel refuses.
fn in_new_keyring(sandbox: &Sandbox, script: &str) -> Option<Reply> {
    let mut tried = Command::new("unshare");
    // Without access to keys there is nothing to test.
    tried.args(["--user", "--map-root-user", "grep", "-q", "keyring", "/proc/keys"]).stderr(Stdio::null());
    if !tried.status().is_ok_and(|status| status.success()) {
        println!("NOT TESTED: `unshare` isn't installed, or no user namespace or keyring may be made here");
        return None;
    }
    let helper = sandbox.command(&[]);
    let mut shell = Command::new("unshare");
    let script = format!("set -e; helper=$0; get() {{ printf {HOST} | $before \"$helper\" get; }}\n{script}");
    shell.args(["--user", "--map-root-user", "sh", "-c", &script]).arg(helper.get_program());
    shell.env_clear().current_dir(sandbox.home());
    shell.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    Some(Running::start(shell).wait())
}

/// Which call to AWS gave each password of a script that wrote nothing else.
#[track_caller]
fn calls(reply: &Reply) -> Vec<usize> {
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{}", reply.stdout_text());
    let answers = serde_json::Deserializer::from_slice(&reply.stdout).into_iter::<serde_json::Value>();
    answers.map(|answer| call_of(answer.expect("JSON")["Secret"].as_str().expect("a password"))).collect()
}

#[test]
fn a_sealed_token_is_served_to_other_processes_and_is_lost_with_the_key() {
    let aws = FakeAws::start();
    let sandbox = home(&aws);
    let Some(reply) = in_new_keyring(&sandbox, "get; get; get") else { return };
    assert_eq!(calls(&reply), [1; 3]);
    let [token] = &tokens(&sandbox)[..] else { panic!("one token") };
    let first = fs::read(token).expect("readable");
    assert!(first.starts_with(b"ecr-login sealed 1\n"));
    for file in fs::read_dir(sandbox.cache_dir()).expect("a directory").map(|entry| entry.expect("an entry").path()) {
        let contents = fs::read(&file).expect("readable");
        assert!(!contents.windows(14).any(|part| part == b"pw.AKIDEXAMPLE"), "{}", file.display());
    }
    // Another key, as after a restart.
    let reply = in_new_keyring(&sandbox, "get; get").expect("as before");
    assert_eq!(calls(&reply), [2; 2]);
    assert_ne!(fs::read(token).expect("readable"), first);
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn plain_and_sealed_tokens_replace_each_other_and_neither_is_served_as_the_other() {
    let aws = FakeAws::start();
    let sandbox = home(&aws);
    let script = "export AWS_ECR_CACHE_ENCRYPTION=off; get; get; export AWS_ECR_CACHE_ENCRYPTION=; get; get
                  export AWS_ECR_CACHE_ENCRYPTION=off; get; get; export AWS_ECR_CACHE_ENCRYPTION=OS; get";
    let Some(reply) = in_new_keyring(&sandbox, script) else { return };
    assert_eq!(calls(&reply), [1, 1, 2, 2, 3, 3, 4]);
    assert!(fs::read(&tokens(&sandbox)[0]).expect("readable").starts_with(b"ecr-login sealed 1\n"));
}

#[test]
fn erase_status_and_doctor_know_sealed_tokens() {
    let aws = FakeAws::start();
    let sandbox = home(&aws);
    let other = HOST.replace("eu-west-1", "us-east-1");
    let script = format!(
        "get >/dev/null; \"$helper\" status --json; \"$helper\" doctor | grep cache:
         printf {other} | \"$helper\" erase; get >/dev/null; echo kept
         printf {HOST} | \"$helper\" erase; ls .cache/ecr-login/*.token || echo erased; get >/dev/null"
    );
    let Some(reply) = in_new_keyring(&sandbox, &script) else { return };
    let said = reply.stdout_text();
    assert!(said.contains("ecr-login`, encrypted\n") && said.contains("\nkept\nerased\n"), "{said} {}", reply.stderr);
    assert!(said.contains("\"tokens\":1") || said.contains("\"tokens\": 1"), "{said}");
    assert_eq!((aws.calls(Api::EcrToken), tokens(&sandbox).len()), (2, 1));
    // One that can't be read might be of any API.
    let script = format!("printf {other} | \"$helper\" erase");
    in_new_keyring(&sandbox, &script).expect("as before");
    assert_eq!(tokens(&sandbox), Vec::<PathBuf>::new());
}

#[test]
fn processes_that_need_the_first_key_at_once_share_it() {
    let aws = FakeAws::start();
    let sandbox = home(&aws);
    let round = "for number in 1 2 3 4 5 6 7 8; do AWS_ACCESS_KEY_ID=AKIDEXAMPLE$number get >/dev/null & done; wait\n";
    let Some(reply) = in_new_keyring(&sandbox, &round.repeat(3)) else { return };
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
    assert_eq!((aws.calls(Api::EcrToken), tokens(&sandbox).len()), (8, 8));
}

/// Runs a program in a new session keyring without a link to that of the user, as `su` and system services have it.
const IN_NEW_SESSION: &str = "import ctypes, os, platform, sys
keyctl = {'x86_64': 250, 'aarch64': 219}[platform.machine()]
assert ctypes.CDLL(None).syscall(keyctl, 1, None) > 0
os.execvp(sys.argv[1], sys.argv[1:])";

#[test]
fn every_session_of_the_user_finds_the_key() {
    let aws = FakeAws::start();
    let sandbox = home(&aws);
    let session = sandbox.program("in-new-session", &format!("#!/usr/bin/env python3\n{IN_NEW_SESSION}\n"));
    let script =
        format!("before={session}; get; get; before=; get; before={session}; get", session = session.display());
    let Some(reply) = in_new_keyring(&sandbox, &script) else { return };
    assert_eq!(calls(&reply), [1; 4]);
}

#[test]
fn where_the_kernel_refuses_nothing_is_cached_and_the_reason_is_said() {
    for (refused, reason) in [
        ("keyctl:error=EPERM", "it is forbidden here"),
        ("keyctl:error=ENOSYS", "Function not implemented (os error 38)"),
        ("add_key:error=EPERM", "it is forbidden here"),
        ("add_key:error=EDQUOT", "the user's quota is used up"),
        ("keyctl:error=EDQUOT:when=3", "the user's quota is used up"),
        ("keyctl:error=EACCES", "permission denied"),
    ] {
        let aws = FakeAws::start();
        let sandbox = home(&aws);
        let strace = format!("before='strace -f -qq -o /dev/null -e inject={refused}'");
        // A plain token that isn't served, and the same twice.
        let script =
            format!("AWS_ECR_CACHE_ENCRYPTION=off get; {strace}; get; get; export AWS_ECR_LOG=warn; get 2>log");
        let Some(reply) = in_new_keyring(&sandbox, &script) else { return };
        if reply.stderr.contains("strace") {
            println!("NOT TESTED: `strace` isn't installed or may not trace here");
            return;
        }
        assert_eq!(calls(&reply), [1, 2, 3, 4], "{refused}");
        let log = fs::read_to_string(sandbox.home().join("log")).expect("a log");
        let expected = format!(
            "] get {HOST}: the cache is not used: tokens can't be encrypted: the kernel's keyring can't be used: {reason}\n"
        );
        assert!(log.ends_with(&expected) && log.lines().count() == 1, "{refused}: {log}");
        let plain = tokens(&sandbox);
        assert!(plain.len() == 1 && fs::read(&plain[0]).expect("readable").starts_with(b"ecr-login 3 "), "{refused}");
    }
}
