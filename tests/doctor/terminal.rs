//! What a person sees at a terminal: colours, and a sign that something is under way.

use std::fs;
use std::process::Command;

use crate::machine::{HOST, PROGRAM, machine, steady};
use crate::support::fake_aws::FakeAws;
use crate::support::sandbox::{Running, Sandbox};

/// Runs a program whose outputs are a terminal of its own, and writes what was seen there.
const AT_A_TERMINAL: &str = "\
import fcntl, os, select, struct, subprocess, sys, termios
ours, theirs = os.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('HHHH', 50, int(sys.argv[1]), 0, 0))
program = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
seen, ended = b'', False
while True:
    if select.select([ours], [], [], 0 if ended else 0.05)[0]:
        seen += os.read(ours, 4096)
    elif ended:
        break
    else:
        ended = program.poll() is not None
sys.stdout.buffer.write(seen)
sys.exit(program.returncode)
";

/// What is seen, and the exit status; `None` if there is no Python.
fn seen(sandbox: &Sandbox, columns: &str, arguments: &[&str]) -> Option<(String, Option<i32>)> {
    let python = Command::new("python3").args(["-c", "import fcntl, os, termios; os.openpty()"]).status();
    if !python.is_ok_and(|status| status.success()) {
        println!("NOT TESTED: `python3`, which makes the terminals of these tests, doesn't work here");
        return None;
    }
    let program = sandbox.command(&[&["doctor"], arguments].concat());
    let mut command = Command::new("python3");
    command.args(["-c", AT_A_TERMINAL, columns]).arg(program.get_program()).args(program.get_args());
    command.env_clear().current_dir(sandbox.home());
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let reply = Running::start(command).wait();
    assert_eq!(reply.stderr, "");
    Some((steady(sandbox, &reply.stdout_text()), reply.code))
}

#[test]
fn what_takes_longer_than_a_second_shows_that_it_is_under_way() {
    let aws = FakeAws::start();
    let sandbox = machine(&aws);
    // Not through the link.
    fs::remove_file(sandbox.path().join("bin").join(PROGRAM)).expect("removed");
    sandbox.program(PROGRAM, "#!/bin/sh\nsleep 60\n");
    let Some((text, code)) = seen(&sandbox, "80", &[HOST]) else { return };
    assert!(text.starts_with("\r| checking\u{2026}\r/ checking\u{2026}\r- checking\u{2026}"), "{text:?}");
    let (_, after) = text.split_once("\r\u{1b}[K").expect("the line is cleared");
    assert!(after.starts_with("\u{1b}[31m\u{2717}\u{1b}[0m program: ") && !after.contains("checking"), "{after:?}");
    assert_eq!(code, Some(1));
}

#[test]
fn colours_symbols_and_width_are_those_of_the_terminal() {
    let aws = FakeAws::start();
    let Some((text, code)) = seen(&machine(&aws), "100", &[HOST]) else { return };
    assert_eq!(code, Some(0), "{text}");
    let good = "\u{1b}[32m\u{2713}\u{1b}[0m";
    let said = format!(
        "\r\n\u{1b}[1m{HOST}\u{1b}[0m\r\n{good} identity: the key pair of `AWS_ACCESS_KEY_ID`\r\n\
         {good} API: http://127.0.0.1:PORT answers (N ms)\r\n{good} clock: as AWS's\r\n\
         {good} token: AWS gives one (N ms), valid until TIME\r\n\r\nAll is well.\r\n"
    );
    assert!(text.ends_with(&said), "{text:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let Some((text, _)) = seen(&machine(&aws).env(name, value), "100", &[HOST]) else { return };
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert_eq!(text.contains('\u{2713}'), name == "NO_COLOR", "{text:?}");
    }
    let Some((text, _)) = seen(&machine(&aws).env("LC_ALL", "C"), "100", &[HOST]) else { return };
    assert!(text.is_ascii() && text.contains("ok\u{1b}[0m identity: "), "{text:?}");
    let narrow = machine(&aws).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let Some((text, _)) = seen(&narrow, "40", &[HOST]) else { return };
    let plain: String = text.split('\u{1b}').map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect();
    assert!(plain.contains("\r\n    Check the network, the endpoint URL\r\n    if you have set one\r\n"), "{plain}");
}
