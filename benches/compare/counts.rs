//! What doesn't depend on the clock: instructions, system calls, memory.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fixture::HOST;
use crate::home::Home;
use crate::timing::{self, Run, Sample};

/// Whether a tool is installed and permitted to work here.
fn works(tool: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(tool);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The user-mode instructions of one `get`, including its loader's; `None` if `valgrind` isn't
/// installed or crashes.
pub fn instructions(home: &Home, program: &Path) -> Option<f64> {
    if !works("valgrind", &["--version"]) {
        return None;
    }
    let out = home.scratch("callgrind.out");
    let mut command = home.command("valgrind", &["--tool=callgrind"]);
    // Valgrind crashes on the signals with which Go preempts its own threads.
    command.env("GODEBUG", "asyncpreemptoff=1");
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program).arg("get");
    timing::run(command, HOST.as_bytes());
    let profile = fs::read_to_string(&out).ok()?;
    fs::remove_file(&out).expect("it was just read");
    let total = profile.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    total?.trim().parse().ok()
}

/// The system calls of one `get` in all its threads and children, from start to end; `None` if
/// `strace` isn't installed or isn't permitted to trace.
pub fn system_calls(home: &Home, program: &Path) -> Option<f64> {
    if !works("strace", &["-o", "/dev/null", "true"]) {
        return None;
    }
    let log = home.scratch("strace.out");
    let mut command = home.command("strace", &[]);
    command.args(["-f", "-qq", "-o"]).arg(&log).arg(program).arg("get");
    check(&timing::run(command, HOST.as_bytes()));
    let lines = fs::read_to_string(&log).expect("strace has written its log");
    // `PID name(…) = …`; lines about signals, exits and resumed calls begin with another character.
    let calls = lines.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start());
    Some(count(calls.filter(|call| !call.starts_with(['-', '+', '<'])).count()))
}

/// The peak resident memory of a program with these arguments, in bytes. Linux counts it in batches
/// of pages per processor: the figure is accurate to some hundred KB, and can be 0 for tiny programs.
pub fn peak_memory(home: &Home, peak_memory: &Path, program: &Path, arguments: &[&str]) -> f64 {
    let mut command = home.command(peak_memory, &[]);
    command.arg(program).args(arguments);
    let run = timing::run(command, HOST.as_bytes());
    check(&run);
    run.stderr.trim().parse::<f64>().unwrap_or_else(|_| panic!("not a size: {}", run.stderr)) * 1_024.0
}

/// Repeats a measurement that varies a little.
pub fn repeated(times: usize, mut value: impl FnMut() -> f64) -> Sample {
    Sample::of((0..times).map(|_| value()).collect())
}

/// A count as a number to calculate with.
pub fn count(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("counts here are below 2^32"))
}

fn check(run: &Run) {
    assert!(run.status.success(), "it failed: {}", run.stderr);
}
