//! A `credential_process`, as people have them: it prompts, it leaves processes behind, it dates its answer as it likes.
#![cfg(unix)]

mod support;

use std::fs;
use std::process::Command;
use std::time::Duration;

use support::fake_aws::{FakeAws, password_head};
use support::sandbox::{NOT_FOUND, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const KEYS: &str = r#"{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"a-secret-key-of-the-process"}"#;

/// A profile with this value of `credential_process`.
fn home_of(aws: &FakeAws, command: &str) -> Sandbox {
    let home = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    home.write(".aws/config", format!("[profile dev]\ncredential_process = {command}\n"));
    home.secret("a-secret-key-of-the-process");
    home
}

fn assert_served(home: &Sandbox, what: &str) {
    let password = home.get(HOST).password();
    assert_eq!(password_head(&password).access_key_id, "AKIAPROCESS", "{what}");
}

#[test]
fn it_has_answered_once_it_has_ended_whoever_holds_its_output_open() {
    let aws = FakeAws::start();
    for left_behind in ["sleep 30 &", "sleep 30 >/dev/null &", "(trap '' HUP; sleep 30) & disown 2>/dev/null"] {
        let home = home_of(&aws, "answer");
        home.program("answer", &format!("#!/bin/sh\n{left_behind}\necho '{KEYS}'\n"));
        let reply = home.get(HOST);
        assert!(reply.elapsed < Duration::from_secs(10), "{left_behind}: {:?}", reply.elapsed);
        reply.password();
    }
    let home = home_of(&aws, "answer");
    home.program("answer", "#!/bin/sh\nsleep 30 &\necho 'no luck' >&2\nexit 4\n");
    let reply = home.get(HOST);
    assert!(reply.elapsed < Duration::from_secs(10), "{:?}", reply.elapsed);
    assert!(reply.stderr.contains("exited with status 4: no luck"), "{}", reply.stderr);
}

#[test]
fn a_time_in_its_answer_is_not_read() {
    let aws = FakeAws::start();
    for time in [
        r#""2099-01-01T00:00:00UTC""#,
        r#""2099-01-01T00:00:00+0000""#,
        r#""2099-01-01 00:00:00""#,
        r#""Thu, 01 Jan 2099 00:00:00 GMT""#,
        r#""2099-13-45""#,
        r#""2001-01-01T00:00:00Z""#,
        r#""never""#,
        "4070908800",
        "-1.5e300",
        "true",
        "{}",
    ] {
        let answer = KEYS.replace('}', &format!(",\"Expiration\":{time}}}"));
        let home = home_of(&aws, "answer");
        home.program("answer", &format!("#!/bin/sh\necho '{answer}'\n"));
        assert_served(&home, time);
    }
}

#[test]
fn a_command_that_is_continued_on_the_next_line_is_one() {
    let aws = FakeAws::start();
    let home = home_of(&aws, "answer one\n    two");
    home.program("answer", &format!("#!/bin/sh\ntest \"$*\" = 'one two' && echo '{KEYS}'\n"));
    home.get(HOST).password();
}

#[test]
fn the_shell_is_the_system_s_and_never_one_of_the_working_directory() {
    let aws = FakeAws::start();
    let home = home_of(
        &aws,
        "/bin/echo '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"a-secret-key-of-the-process\"}'",
    );
    // The working directory is the home directory.
    let trap = home.program("sh", "#!/bin/sh\necho trapped >\"$HOME/trapped\"\n");
    fs::copy(&trap, home.home().join("sh")).expect("copied");
    let home = ["", ".", ":/usr/bin", "./", "bin:."].into_iter().fold(home, |home, path| {
        let home = home.env("PATH", path);
        assert_served(&home, path);
        home.run(&["erase"], HOST.as_bytes());
        home
    });
    let home = home.without("PATH");
    assert_served(&home, "no PATH");
    assert!(!home.home().join("trapped").exists());
}

#[test]
fn a_fallback_is_never_found_in_the_working_directory() {
    let home = Sandbox::new();
    home.write(".config/ecr-login/config.toml", "[fallback]\nhelper = 'file'\n");
    let trap = home.program("docker-credential-file", "#!/bin/sh\necho trapped\n");
    fs::create_dir(home.home().join("bin")).expect("a directory");
    for place in ["docker-credential-file", "bin/docker-credential-file"] {
        fs::copy(&trap, home.home().join(place)).expect("copied");
    }
    let missing = "ecr-login: no password for ghcr.io: the fallback helper `docker-credential-file` isn't on the `PATH`; \
                   install it, or name another helper in the configuration file\n";
    let mut home = home;
    for path in ["", ":", ".", "bin", "./bin", ":/usr/bin:", "/usr/bin::/bin", "../home"] {
        home = home.env("PATH", path);
        for action in ["get", "list"] {
            let reply = home.run(&[action], b"ghcr.io");
            assert!(!reply.stdout_text().contains("trapped"), "{path:?} {action}");
        }
        let reply = home.get("ghcr.io");
        assert_eq!((reply.stdout_text().as_str(), &*reply.stderr), (NOT_FOUND, missing), "{path:?}");
    }
    let home = home.without("PATH");
    assert_eq!(home.get("ghcr.io").stderr, missing);
}

/// Runs a program with a terminal as its stderr, and shows what is written there while it runs: the program goes on when
/// its prompt was seen.
const WITH_TERMINAL: &str = r"
import os, subprocess, sys, time
terminal, end = os.openpty()
child = subprocess.Popen(sys.argv[2:], stderr=end)
os.close(end)
seen, started = b'', time.monotonic()
while b'Touch your key' not in seen and time.monotonic() - started < 20:
    try:
        seen += os.read(terminal, 4096)
    except OSError:
        break
open(sys.argv[1], 'w').close()
code = child.wait()
sys.stderr.write(seen.decode())
sys.exit(code)
";

#[test]
fn a_person_sees_its_prompts_while_it_runs() {
    if !Command::new("python3").args(["-c", "import os; os.openpty()"]).status().is_ok_and(|status| status.success()) {
        println!("NOT TESTED: `python3` makes no terminals here");
        return;
    }
    let aws = FakeAws::start();
    let home = home_of(&aws, "answer").env("AWS_ECR_TIMEOUT", "10");
    home.program(
        "answer",
        &format!(
            "#!/bin/sh\necho 'Touch your key' >&2\nuntil [ -e \"$HOME/touched\" ]; do sleep 0.05; done\necho '{KEYS}'\n"
        ),
    );
    let helper = home.command(&["get"]);
    let mut command = Command::new("python3");
    command.args(["-c", WITH_TERMINAL]).arg(home.home().join("touched")).arg(helper.get_program()).arg("get");
    command.env_clear().envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut running = Running::start(command);
    running.write_all_and_close(HOST.as_bytes());
    let reply = running.wait();
    assert_eq!((reply.code, reply.stderr.trim_end()), (Some(0), "Touch your key"), "{}", reply.stdout_text());
    // Where nobody looks, a success is silent.
    fs::remove_file(home.home().join("touched")).expect("made");
    home.write("touched", "");
    home.run(&["erase"], HOST.as_bytes());
    assert_served(&home, "without a terminal");
}

#[test]
fn the_words_of_its_command_line_are_masked() {
    let aws = FakeAws::start();
    let home = home_of(&aws, "answer --password hunter2-hunter2 'quoted secret-word' KEY=value-of-key");
    home.program("answer", "#!/bin/sh\necho \"usage: $0 $*\" | sed 's|/[^ ]*/||' >&2\nexit 2\n");
    let reply = home.get(HOST);
    let reason = "exited with status 2: usage: answer --password *** quoted *** KEY=***)";
    assert!(reply.stderr.contains(reason), "{}", reply.stderr);
}
