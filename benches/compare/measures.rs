//! What is measured, in the order of the table. Cache hits here; `cold.rs` has the calls that fetch a
//! token, `counted.rs` what doesn't depend on the clock.

mod cold;
mod counted;

use std::path::Path;
use std::time::Duration;

use crate::concurrency;
use crate::fixture::{FOREIGN, Fixture, HOST};
use crate::goals;
use crate::home::{Home, has_password};
use crate::programs::Programs;
use crate::report::{Row, Unit};
use crate::timing::{Run, Task, alternate, milliseconds};

/// The numbers of cached tokens.
const TOKENS: [usize; 3] = [1, 100, 1_000];

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// The runs of each program where one takes about a millisecond.
    pub runs: usize,
    /// Whether only what doesn't depend on the clock is measured, and a few times.
    pub is_short: bool,
}

impl Effort {
    /// The runs where one takes tens of milliseconds.
    fn fewer(self) -> usize {
        (self.runs / 5).max(3)
    }

    /// The runs where one takes a tenth of a second or more.
    fn few(self) -> usize {
        (self.runs / 20).max(3)
    }
}

/// Measures everything and prints the progress.
pub fn all(programs: &Programs, effort: Effort) -> Vec<Row> {
    let fixture = Fixture::start();
    let go = programs.go.as_ref().map(|go| go.program.as_path()).filter(|_| !effort.is_short);
    let bench = Bench { programs, go, effort, fixture };
    let sizes = if effort.is_short { vec![1, 1_000] } else { TOKENS.to_vec() };
    let filled: Vec<(usize, Home)> = sizes.into_iter().map(|tokens| (tokens, bench.filled(tokens))).collect();
    let one = &filled[0].1;
    let mut rows = Vec::new();
    println!("hits …");
    rows.extend(filled.iter().map(|(tokens, home)| bench.hit(*tokens, home)));
    if !effort.is_short {
        rows.extend(bench.sources());
        rows.push(bench.rules());
        println!("many hits at once …");
        rows.push(bench.throughput(one));
    }
    rows.push(bench.foreign(one));
    if !effort.is_short {
        println!("cold calls …");
        rows.extend(bench.cold());
    }
    println!("many cold calls at once …");
    rows.extend(bench.bursts());
    println!("instructions, system calls, memory …");
    rows.extend(bench.counts(one, &filled[filled.len() - 1].1));
    rows.push(bench.size());
    rows
}

struct Bench<'a> {
    programs: &'a Programs,
    go: Option<&'a Path>,
    effort: Effort,
    fixture: Fixture,
}

impl Bench<'_> {
    fn ours(&self) -> &Path {
        &self.programs.ours
    }

    /// A home with static keys and this many cached tokens.
    fn filled(&self, tokens: usize) -> Home {
        let mut home = self.fixture.static_keys();
        home.fill(self.ours(), self.go, tokens);
        home
    }

    /// A home with static keys, 200 rules for other registries, and a cached token.
    fn with_rules(&self) -> Home {
        let mut home = self.fixture.rules(200);
        home.fill(self.ours(), None, 1);
        home
    }

    /// The Go helper, if it has a token in its cache in this home.
    fn go_in(&self, home: &Home) -> Option<&Path> {
        self.go.filter(|_| home.go_is_ready)
    }

    fn hit(&self, tokens: usize, home: &Home) -> Row {
        let calls = self.fixture.calls();
        let mut tasks =
            vec![timed(home, self.ours(), HOST, has_password), timed(home, &self.programs.noop, HOST, has_succeeded)];
        tasks.extend(self.go_in(home).map(|go| timed(home, go, HOST, has_password)));
        let samples = alternate(self.effort.runs, tasks);
        assert_eq!(self.fixture.calls(), calls, "all were hits");
        let go = samples.get(2).copied();
        let (against_go, against_noop) =
            if tokens == 1 { (Some(goals::HIT_AGAINST_GO), Some(goals::HIT_AGAINST_NOOP)) } else { (None, None) };
        let name = if tokens == 1 { "hit, 1 cached token".to_owned() } else { format!("hit, {tokens} cached tokens") };
        Row::new(name, Unit::Milliseconds, Some(samples[0]))
            .against_go(go, against_go)
            .against_noop(Some(samples[1]), against_noop)
    }

    /// Hits with each source of credentials. Ours run alternately, then the Go helper's, which take longer.
    fn sources(&self) -> Vec<Row> {
        let mut homes = [
            ("static keys", self.fixture.static_keys()),
            ("a slow `credential_process`", self.fixture.credential_process()),
            ("SSO", self.fixture.sso()),
            ("instance metadata", self.fixture.metadata()),
        ];
        for (_, home) in &mut homes {
            home.fill(self.ours(), self.go, 1);
        }
        let calls = self.fixture.calls();
        let tasks = homes.iter().map(|(_, home)| timed(home, self.ours(), HOST, has_password)).collect();
        let ours = alternate(self.effort.runs, tasks);
        let ready = homes.iter().filter_map(|(_, home)| Some((home, self.go_in(home)?)));
        let tasks = ready.map(|(home, go)| timed(home, go, HOST, has_password)).collect::<Vec<_>>();
        let mut go = alternate(self.effort.few(), tasks).into_iter();
        assert_eq!(self.fixture.calls(), calls, "all were hits");
        let rows = homes.iter().zip(&ours).map(|((source, home), sample)| {
            let row = Row::new(format!("hit with {source}"), Unit::Milliseconds, Some(*sample));
            let row = row.against_go(self.go_in(home).and_then(|_| go.next()), None);
            if *source == homes[0].0 { row } else { row.against("static keys", Some(ours[0])) }
        });
        rows.collect()
    }

    fn rules(&self) -> Row {
        let (none, rules) = (self.filled(1), self.with_rules());
        let tasks = vec![timed(&rules, self.ours(), HOST, has_password), timed(&none, self.ours(), HOST, has_password)];
        let samples = alternate(self.effort.runs, tasks);
        Row::new("hit with 200 rules", Unit::Milliseconds, Some(samples[0])).against("no rules", Some(samples[1]))
    }

    fn throughput(&self, home: &Home) -> Row {
        const TIME: Duration = Duration::from_secs(1);
        let mut tasks: Vec<Task<'_>> = vec![
            Box::new(|| concurrency::per_second(home, self.ours(), &["get"], TIME)),
            Box::new(|| concurrency::per_second(home, &self.programs.noop, &[], TIME)),
        ];
        if let Some(go) = self.go_in(home) {
            tasks.push(Box::new(move || concurrency::per_second(home, go, &["get"], TIME)));
        }
        let samples = alternate(5, tasks);
        Row::new("hits per second, 32 in flight", Unit::PerSecond, Some(samples[0]))
            .above_go(samples.get(2).copied(), goals::THROUGHPUT_AGAINST_GO)
            .with_noop(Some(samples[1]))
    }

    /// A registry other than ECR, for which the helper has no password.
    fn foreign(&self, home: &Home) -> Row {
        let is_refused = |run: &Run| run.status.code() == Some(1);
        let mut tasks = vec![
            timed(home, self.ours(), FOREIGN, is_refused),
            timed(home, &self.programs.noop, FOREIGN, has_succeeded),
        ];
        tasks.extend(self.go.map(|go| timed(home, go, FOREIGN, is_refused)));
        let samples = alternate(self.effort.fewer(), tasks);
        Row::new("registry other than ECR", Unit::Milliseconds, Some(samples[0]))
            .against_go(samples.get(2).copied(), None)
            .against_noop(Some(samples[1]), None)
    }
}

/// Times a program's `get` for a host, and checks its answer.
fn timed<'a>(home: &'a Home, program: &'a Path, host: &'a str, expected: impl Fn(&Run) -> bool + 'a) -> Task<'a> {
    Box::new(move || {
        let run = home.get(program, host);
        assert!(expected(&run), "{}: {:?} {}", program.display(), run.status, run.stderr);
        milliseconds(run.took)
    })
}

fn has_succeeded(run: &Run) -> bool {
    run.status.success()
}
