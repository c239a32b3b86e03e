//! What doesn't depend on the clock: instructions, system calls, memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::clock::{self, Run, Sample};
use crate::stage::{HOST, Home};

/// Whether a tool is installed and may do here what it is for.
fn works(tool: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(tool);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The instructions of one `get` in user mode, its loader's included; `None` where `valgrind` isn't installed or breaks
/// down.
pub fn instructions(home: &Home, program: &Path) -> Option<f64> {
    if !works("valgrind", &["--version"]) {
        return None;
    }
    let out = home.scratch("callgrind.out");
    let mut command = home.command("valgrind", &["--tool=callgrind"]);
    // Valgrind doesn't survive the signals that Go interrupts its own threads with.
    command.env("GODEBUG", "asyncpreemptoff=1");
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program).arg("get");
    clock::run(command, HOST.as_bytes());
    let profile = fs::read_to_string(&out).ok()?;
    fs::remove_file(&out).expect("the directory is ours");
    let total = profile.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    total?.trim().parse().ok()
}

/// The system calls of one `get` in all its threads and children, start and end included; `None` where `strace` isn't
/// installed or may not trace.
pub fn system_calls(home: &Home, program: &Path) -> Option<f64> {
    if !works("strace", &["-o", "/dev/null", "true"]) {
        return None;
    }
    let log = home.scratch("strace.out");
    let mut command = home.command("strace", &[]);
    command.args(["-f", "-qq", "-o"]).arg(&log).arg(program).arg("get");
    check(&clock::run(command, HOST.as_bytes()));
    let lines = fs::read_to_string(&log).expect("strace has written its log");
    // `PID name(…) = …`; lines about signals, ends and the second halves of calls have something else for a name.
    let calls = lines.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start());
    Some(count(calls.filter(|call| !call.starts_with(['-', '+', '<'])).count()))
}

/// The greatest resident size of a program with these arguments, in bytes. Linux counts it in steps of some pages for each
/// processor, so that it is right to some hundred KB, and may be nothing for the smallest programs.
pub fn peak_memory(home: &Home, peak: &Path, program: &Path, arguments: &[&str]) -> f64 {
    let mut command = home.command(peak, &[]);
    command.arg(program).args(arguments);
    let run = clock::run(command, HOST.as_bytes());
    check(&run);
    run.stderr.trim().parse::<f64>().unwrap_or_else(|_| panic!("no size: {}", run.stderr)) * 1_024.0
}

/// Several times the same, which may differ a little from one time to the next.
pub fn repeated(times: usize, mut value: impl FnMut() -> f64) -> Sample {
    Sample::of((0..times).map(|_| value()).collect())
}

/// A count as a number to calculate with.
pub fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("nothing here is counted in billions"))
}

fn check(run: &Run) {
    assert!(run.status.success(), "it failed: {}", run.stderr);
}
