//! Many processes at the same time.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::counts::count;
use crate::fixture::{Fixture, HOST};
use crate::home::Home;
use crate::timing::milliseconds;

/// The processes that [`per_second`] keeps in flight.
const IN_FLIGHT: usize = 32;

/// The result of a burst of processes that all need the same token, which isn't cached.
pub struct Burst {
    /// The calls to the API.
    pub calls: f64,
    /// From the first start to the last end, without the time of one API call; in milliseconds.
    pub last: f64,
}

/// Starts this many processes for one registry, with an empty cache, as fast as possible.
pub fn burst(fixture: &Fixture, home: &Home, program: &Path, processes: usize, api_time: Duration) -> Burst {
    home.clear_caches();
    fixture.delay(api_time);
    let calls = fixture.calls();
    let answer = |number: usize| home.scratch(&format!("answer-{number}"));
    let started = Instant::now();
    let running: Vec<Child> = (0..processes).map(|number| start(home, program, &answer(number))).collect();
    let ends = running.into_iter().map(|mut child| child.wait().expect("the child was just started"));
    let failed = ends.filter(|status| !status.success()).count();
    let took = started.elapsed();
    fixture.delay(Duration::ZERO);
    assert_eq!(failed, 0, "failures of {processes} processes at once");
    for number in 0..processes {
        let answer = fs::read(answer(number)).expect("the process has written it");
        assert!(answer.starts_with(b"{\"ServerURL\":"), "answer {number}: {}", String::from_utf8_lossy(&answer));
    }
    Burst { calls: count(fixture.calls() - calls), last: milliseconds(took.saturating_sub(api_time)) }
}

/// Starts a `get` that answers into a file, so that hundreds of them need no file descriptors here.
fn start(home: &Home, program: &Path, answer: &Path) -> Child {
    let (input, mut feed) = io::pipe().expect("a pipe");
    feed.write_all(HOST.as_bytes()).expect("the pipe has room");
    let mut command = home.command(program, &["get"]);
    command.stdin(Stdio::from(input)).stdout(File::create(answer).expect("the directory is writable"));
    command.stderr(Stdio::null()).spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// The processes that end per second while 32 are running. Their input is a file and their output is
/// discarded, so that little of the time is spent in the benchmark itself.
pub fn per_second(home: &Home, program: &Path, arguments: &[&str], time: Duration) -> f64 {
    let input = home.scratch("input");
    fs::write(&input, HOST).expect("the directory is writable");
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
