//! Times of whole processes, taken alternately.

use std::io::{self, Read as _, Write as _};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// One run of a program.
pub struct Run {
    /// From before the process started until after it ended.
    pub took: Duration,
    /// The exit status.
    pub status: ExitStatus,
    /// The output.
    pub stdout: Vec<u8>,
    /// The error output.
    pub stderr: String,
}

/// Runs a program with these bytes on stdin. Its output must fit into a pipe: it is read after the
/// process has ended, so that the time doesn't include the reader's.
pub fn run(mut command: Command, stdin: &[u8]) -> Run {
    let (input, mut feed) = io::pipe().expect("a pipe");
    let (mut output, out) = io::pipe().expect("a pipe");
    let (mut errors, err) = io::pipe().expect("a pipe");
    feed.write_all(stdin).expect("the pipe has room");
    drop(feed);
    command.stdin(Stdio::from(input)).stdout(Stdio::from(out)).stderr(Stdio::from(err));
    let started = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let status = child.wait().expect("the child was just started");
    let took = started.elapsed();
    // The command holds the write ends; reading would never reach the end of the pipes.
    drop(command);
    let (mut stdout, mut stderr) = (Vec::new(), String::new());
    output.read_to_end(&mut stdout).expect("the pipe is open");
    errors.read_to_string(&mut stderr).expect("errors are text");
    Run { took, status, stdout, stderr }
}

/// The result of several measurements.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The median.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
}

impl Sample {
    /// The sample of at least one value.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        let median =
            if values.len().is_multiple_of(2) { f64::midpoint(values[half - 1], values[half]) } else { values[half] };
        Self { median, min: values[0] }
    }

    /// The sample of a value that doesn't vary.
    pub fn exact(value: f64) -> Self {
        Self { median: value, min: value }
    }
}

/// Runs one of the programs that are compared and returns its value.
pub type Task<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// Runs the tasks alternately, `rounds` times after one that doesn't count, so that other load on the
/// machine affects all of them alike. Every second round runs backwards, so that no task always
/// follows the same other one.
pub fn alternate(rounds: usize, mut tasks: Vec<Task<'_>>) -> Vec<Sample> {
    let mut values = vec![Vec::with_capacity(rounds); tasks.len()];
    for round in 0..=rounds {
        let count = tasks.len();
        for position in 0..count {
            let index = if round % 2 == 0 { position } else { count - 1 - position };
            let value = tasks[index]();
            if round > 0 {
                values[index].push(value);
            }
        }
    }
    values.into_iter().map(Sample::of).collect()
}

/// A duration in milliseconds.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
