//! Many processes at the same time.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::clock::milliseconds;
use crate::counts::count;
use crate::stage::{HOST, Home, Stage};

/// How many are in flight where the number isn't said.
const IN_FLIGHT: usize = 32;

/// What became of processes that all needed one token that nobody had.
pub struct Rush {
    /// The calls to the API.
    pub calls: f64,
    /// From the first start to the last end, without the time that the API takes for one answer; in milliseconds.
    pub last: f64,
}

/// Starts so many processes for one cold registry, as fast as they can be started.
pub fn rush(stage: &Stage, home: &Home, program: &Path, processes: usize, api: Duration) -> Rush {
    home.empty();
    stage.delay(api);
    let calls = stage.calls();
    let answer = |number: usize| home.scratch(&format!("answer-{number}"));
    let started = Instant::now();
    let running: Vec<Child> = (0..processes).map(|number| start(home, program, &answer(number))).collect();
    let ends = running.into_iter().map(|mut child| child.wait().expect("the child is ours"));
    let failed = ends.filter(|status| !status.success()).count();
    let took = started.elapsed();
    stage.delay(Duration::ZERO);
    assert_eq!(failed, 0, "of {processes} processes at once");
    for number in 0..processes {
        let answer = fs::read(answer(number)).expect("it was just written");
        assert!(answer.starts_with(b"{\"ServerURL\":"), "answer {number}: {}", String::from_utf8_lossy(&answer));
    }
    Rush { calls: count(stage.calls() - calls), last: milliseconds(took.saturating_sub(api)) }
}

/// Starts a `get` whose answer goes to a file, so that hundreds of them need no file descriptors here.
fn start(home: &Home, program: &Path, answer: &Path) -> Child {
    let (input, mut feed) = io::pipe().expect("a pipe");
    feed.write_all(HOST.as_bytes()).expect("the pipe has room");
    let mut command = home.command(program, &["get"]);
    command.stdin(Stdio::from(input)).stdout(File::create(answer).expect("the directory is ours"));
    command.stderr(Stdio::null()).spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// How many processes end in a second when 32 run at any time. Their input is a file and their output is thrown away, so
/// that little of the time is the harness's own.
pub fn per_second(home: &Home, program: &Path, arguments: &[&str], time: Duration) -> f64 {
    let input = home.scratch("input");
    fs::write(&input, HOST).expect("the directory is ours");
    let done = AtomicUsize::new(0);
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..IN_FLIGHT {
            scope.spawn(|| {
                while started.elapsed() < time {
                    let mut command = home.command(program, arguments);
                    command.stdin(File::open(&input).expect("it was just written"));
                    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
                    assert!(status.is_ok_and(|status| status.success()), "{}", program.display());
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    count(done.into_inner()) / started.elapsed().as_secs_f64()
}
