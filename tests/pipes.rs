//! Pipes, devices and an unready stdin in place of files: they are read where they deliver, and keep nobody waiting where they
//! don't.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files and processes")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use support::fake_aws::{FakeAws, password_head};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The limit of one pipe, and some time for the rest.
const BOUND: Duration = Duration::from_secs(9);

const CREDENTIALS: &str = "[default]\naws_access_key_id = AKIAPIPE\naws_secret_access_key = a-secret-key-of-a-pipe\n";

/// A pipe with a name.
fn pipe(path: PathBuf) -> PathBuf {
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    let made = Command::new("mkfifo").args(["-m", "600"]).arg(&path).status();
    assert!(made.expect("`mkfifo` is part of every Unix").success());
    path
}

/// Runs a script of bash that has the helper as `$0`.
fn bash(sandbox: &Sandbox, script: &str) -> Reply {
    let helper = sandbox.command(&[]);
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(helper.get_program()).env_clear().current_dir(sandbox.home());
    command.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut running = Running::start(command);
    running.write_all_and_close(HOST.as_bytes());
    running.wait()
}

fn has_bash() -> bool {
    let found = Path::new("/bin/bash").exists() || Path::new("/usr/bin/bash").exists();
    if !found {
        println!("NOT TESTED: bash isn't installed");
    }
    found
}

#[test]
fn what_a_shell_substitutes_for_a_file_is_read() {
    if !has_bash() {
        return;
    }
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws);
    sandbox.write("credentials", CREDENTIALS);
    sandbox.write("rules", "[[registry]]\nmatch = '111122223333'\nprofile = 'of-rule'\n");
    let of_rule = CREDENTIALS.replace("default", "of-rule").replace("AKIAPIPE", "AKIARULE");
    sandbox.write("more", format!("{CREDENTIALS}{of_rule}"));
    for (script, access_key_id) in [
        ("AWS_SHARED_CREDENTIALS_FILE=<(cat credentials) \"$0\" get", "AKIAPIPE"),
        ("AWS_SHARED_CREDENTIALS_FILE=<(sleep 1; cat credentials) \"$0\" get", "AKIAPIPE"),
        // The writer has ended long before.
        ("AWS_CONFIG_FILE=<(cat credentials) bash -c 'sleep 0.5; exec \"$0\" get' \"$0\"", "AKIAPIPE"),
        ("AWS_ECR_CONFIG=<(cat rules) AWS_SHARED_CREDENTIALS_FILE=<(cat more) \"$0\" get", "AKIARULE"),
        ("AWS_CONFIG_FILE=<(true) AWS_SHARED_CREDENTIALS_FILE=<(cat credentials) \"$0\" get", "AKIAPIPE"),
        ("AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=credentials \"$0\" get", "AKIAPIPE"),
    ] {
        let reply = bash(&sandbox, script);
        assert_eq!(reply.code, Some(0), "{script}: {}", reply.stderr);
        assert_eq!(password_head(&reply.password()).access_key_id, access_key_id, "{script}");
    }
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_a_get_with_the_reason() {
    let aws = FakeAws::start();
    let runs: Vec<_> = [
        ("AWS_CONFIG_FILE", ".aws/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ("AWS_ECR_CONFIG", ".config/ecr-login/config.toml"),
    ]
    .into_iter()
    .flat_map(|(variable, place)| [(variable, place, true), (variable, place, false)])
    .map(|(variable, place, by_variable)| {
        let sandbox = Sandbox::new().with_aws(&aws);
        let path = pipe(sandbox.home().join(if by_variable { "pipe" } else { place }));
        let sandbox = if by_variable { sandbox.env(variable, &path) } else { sandbox };
        let running = sandbox.spawn(&["get"], HOST.as_bytes());
        (sandbox, path, running)
    })
    .collect();
    for (_sandbox, path, running) in runs {
        let reply = running.wait();
        reply.assert_not_found();
        assert!(reply.elapsed < BOUND, "{}: {:?}", path.display(), reply.elapsed);
        for part in [&*path.display().to_string(), "its contents did not end within 5 s"] {
            assert!(reply.stderr.contains(part), "{}", reply.stderr);
        }
    }
}

#[test]
fn a_pipe_in_place_of_what_is_not_needed_costs_its_limit_and_not_the_login() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
    pipe(sandbox.home().join(".aws/config"));
    let reply = sandbox.get(HOST);
    assert_eq!(password_head(&reply.password()).access_key_id, "AKIAONE");
    assert!(reply.elapsed < BOUND, "{:?}", reply.elapsed);
}

#[test]
fn a_stdin_that_does_not_block_is_waited_for() {
    let python = Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|output| output.status.success()) {
        println!("NOT TESTED: python3 isn't installed");
        return;
    }
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
    let script = "import os, sys; os.set_blocking(0, False); os.execv(sys.argv[1], sys.argv[1:])";
    let helper = sandbox.command(&["get"]);
    let mut command = Command::new("python3");
    command.args(["-c", script]).arg(helper.get_program()).arg("get").env_clear().current_dir(sandbox.home());
    command.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut running = Running::start(command);
    thread::sleep(Duration::from_millis(500));
    assert!(!running.has_ended(), "it waits for the server URL");
    running.write_all_and_close(HOST.as_bytes());
    running.wait().password();
}

#[test]
fn a_pipe_in_place_of_a_token_file_keeps_nobody_waiting() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws);
    let path = pipe(sandbox.home().join("token"));
    let sandbox =
        sandbox.env("AWS_WEB_IDENTITY_TOKEN_FILE", &path).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
    let reply = sandbox.get(HOST);
    reply.assert_not_found();
    assert!(reply.elapsed < BOUND, "{:?}", reply.elapsed);
    assert!(reply.stderr.contains(&path.display().to_string()), "{}", reply.stderr);
}
