//! Times of whole processes, taken in turns.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// One run of a program.
pub struct Run {
    /// From before its start to after its end.
    pub took: Duration,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// Runs a program with these bytes on stdin. What it writes must fit into a pipe, as nobody reads before it has ended: the
/// time is that of the process, not of its reader.
pub fn run(mut command: Command, stdin: &[u8]) -> Run {
    let (input, mut feed) = io::pipe().expect("a pipe");
    let (mut output, out) = io::pipe().expect("a pipe");
    let (mut errors, err) = io::pipe().expect("a pipe");
    feed.write_all(stdin).expect("the pipe has room");
    drop(feed);
    command.stdin(Stdio::from(input)).stdout(Stdio::from(out)).stderr(Stdio::from(err));
    let started = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let status = child.wait().expect("the child is ours");
    let took = started.elapsed();
    // Our ends of its outputs, which would keep the reading below from ending.
    drop(command);
    let (mut stdout, mut stderr) = (Vec::new(), String::new());
    output.read_to_end(&mut stdout).expect("the pipe is ours");
    errors.read_to_string(&mut stderr).expect("errors are text");
    Run { took, status, stdout, stderr }
}

/// What was measured several times.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
}

impl Sample {
    /// Of any number of values, at least one.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        let median =
            if values.len().is_multiple_of(2) { f64::midpoint(values[half - 1], values[half]) } else { values[half] };
        Self { median, min: values[0] }
    }

    /// Of something that is the same each time.
    pub fn exact(value: f64) -> Self {
        Self { median: value, min: value }
    }
}

/// One of those that take turns; gives a value each time.
pub type Turn<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// Lets each have a turn, `rounds` times over, after one that doesn't count: whatever the machine does meanwhile hits all
/// alike. Every other round goes backwards, so that nobody always comes after the same other one.
pub fn in_turns(rounds: usize, mut turns: Vec<Turn<'_>>) -> Vec<Sample> {
    let mut values = vec![Vec::with_capacity(rounds); turns.len()];
    for round in 0..=rounds {
        let count = turns.len();
        for place in 0..count {
            let index = if round % 2 == 0 { place } else { count - 1 - place };
            let value = turns[index]();
            if round > 0 {
                values[index].push(value);
            }
        }
    }
    values.into_iter().map(Sample::of).collect()
}

/// A time in milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
