//! What is measured, in the order of the table.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::clock::{Run, Sample, Turn, in_turns, milliseconds};
use crate::contenders::Contenders;
use crate::counts::{self, count};
use crate::crowd::{self, Rush};
use crate::goals;
use crate::report::{Row, Unit};
use crate::stage::{FOREIGN, HOST, Home, Roots, Stage, has_password, system_roots};

/// How long the API takes when many ask it at once: as long as a real one, more or less.
const API: Duration = Duration::from_millis(100);

/// The sizes of the cache.
const TOKENS: [usize; 3] = [1, 100, 1_000];

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How often everybody has a turn where a turn takes about a millisecond.
    pub runs: usize,
    /// Whether only what no clock decides is measured, with a few times for the eye.
    pub is_short: bool,
}

impl Effort {
    /// How often where a turn takes tens of milliseconds.
    fn fewer(self) -> usize {
        (self.runs / 5).max(3)
    }

    /// How often where a turn takes a tenth of a second or more.
    fn few(self) -> usize {
        (self.runs / 20).max(3)
    }
}

/// Measures everything, telling how far it is.
pub fn all(contenders: &Contenders, effort: Effort) -> Vec<Row> {
    let stage = Stage::start();
    let peer = contenders.peer.as_ref().map(|peer| peer.program.as_path()).filter(|_| !effort.is_short);
    let bench = Bench { contenders, peer, effort, stage };
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
    rows.extend(bench.crowds());
    println!("instructions, system calls, memory …");
    rows.extend(bench.counts(one, &filled[filled.len() - 1].1));
    rows.push(bench.size());
    rows
}

struct Bench<'a> {
    contenders: &'a Contenders,
    peer: Option<&'a Path>,
    effort: Effort,
    stage: Stage,
}

impl Bench<'_> {
    fn ours(&self) -> &Path {
        &self.contenders.ours
    }

    /// A home with static keys and so many tokens in the caches.
    fn filled(&self, tokens: usize) -> Home {
        let mut home = self.stage.static_keys();
        home.fill(self.ours(), self.peer, tokens);
        home
    }

    /// The peer, where it has what it takes.
    fn peer_in(&self, home: &Home) -> Option<&Path> {
        self.peer.filter(|_| home.peer_is_ready)
    }

    /// Hits in turns: ours, the peer and the do-nothing program.
    fn hit(&self, tokens: usize, home: &Home) -> Row {
        let calls = self.stage.calls();
        let mut turns =
            vec![timed(home, self.ours(), HOST, has_password), timed(home, &self.contenders.floor, HOST, ended)];
        turns.extend(self.peer_in(home).map(|peer| timed(home, peer, HOST, has_password)));
        let samples = in_turns(self.effort.runs, turns);
        assert_eq!(self.stage.calls(), calls, "every one of them was a hit");
        let peer = samples.get(2).copied();
        let (against_peer, against_floor) =
            if tokens == 1 { (Some(self.hit_goal()), Some(goals::HIT_AGAINST_FLOOR)) } else { (None, None) };
        let name = if tokens == 1 { "hit, 1 cached token".to_owned() } else { format!("hit, {tokens} cached tokens") };
        Row::new(name, Unit::Milliseconds, Some(samples[0]))
            .beside_peer(peer, against_peer)
            .beside_floor(Some(samples[1]), against_floor)
    }

    fn hit_goal(&self) -> f64 {
        let is_early = self.contenders.peer.as_ref().is_none_or(crate::contenders::Peer::is_early);
        if is_early { goals::HIT_AGAINST_PEER } else { goals::HIT_AGAINST_NEWER_PEER }
    }

    /// Hits with each source of credentials in turns, for ours; then for the peer, which takes longer.
    fn sources(&self) -> Vec<Row> {
        let mut homes = [
            ("static keys", self.stage.static_keys()),
            ("a slow `credential_process`", self.stage.credential_process()),
            ("SSO", self.stage.sso()),
            ("instance metadata", self.stage.metadata()),
        ];
        for (_, home) in &mut homes {
            home.fill(self.ours(), self.peer, 1);
        }
        let calls = self.stage.calls();
        let turns = homes.iter().map(|(_, home)| timed(home, self.ours(), HOST, has_password)).collect();
        let ours = in_turns(self.effort.runs, turns);
        let ready = homes.iter().filter_map(|(_, home)| Some((home, self.peer_in(home)?)));
        let turns = ready.map(|(home, peer)| timed(home, peer, HOST, has_password)).collect::<Vec<_>>();
        let mut peer = in_turns(self.effort.few(), turns).into_iter();
        assert_eq!(self.stage.calls(), calls, "every one of them was a hit");
        let rows = homes.iter().zip(&ours).map(|((source, home), sample)| {
            let row = Row::new(format!("hit with {source}"), Unit::Milliseconds, Some(*sample));
            let row = row.beside_peer(self.peer_in(home).and_then(|_| peer.next()), None);
            if *source == homes[0].0 {
                row
            } else {
                row.beside("static keys", Some(ours[0]), goals::HIT_AGAINST_STATIC_KEYS)
            }
        });
        rows.collect()
    }

    /// A home with static keys, 200 rules for other registries, and a cached token.
    fn with_rules(&self) -> Home {
        let mut home = self.stage.rules(200);
        home.fill(self.ours(), None, 1);
        home
    }

    /// Hits with a configuration file and without in turns.
    fn rules(&self) -> Row {
        let (none, rules) = (self.filled(1), self.with_rules());
        let turns = vec![timed(&rules, self.ours(), HOST, has_password), timed(&none, self.ours(), HOST, has_password)];
        let samples = in_turns(self.effort.runs, turns);
        let row = Row::new("hit with 200 rules", Unit::Milliseconds, Some(samples[0]));
        row.beside("without a file", Some(samples[1]), goals::HIT_WITH_RULES)
    }

    fn throughput(&self, home: &Home) -> Row {
        const TIME: Duration = Duration::from_secs(1);
        let mut turns: Vec<Turn<'_>> = vec![
            Box::new(|| crowd::per_second(home, self.ours(), &["get"], TIME)),
            Box::new(|| crowd::per_second(home, &self.contenders.floor, &[], TIME)),
        ];
        if let Some(peer) = self.peer_in(home) {
            turns.push(Box::new(move || crowd::per_second(home, peer, &["get"], TIME)));
        }
        let samples = in_turns(5, turns);
        Row::new("hits per second, 32 in flight", Unit::PerSecond, Some(samples[0]))
            .ahead_of_peer(samples.get(2).copied(), goals::THROUGHPUT_AGAINST_PEER)
            .with_floor(Some(samples[1]))
    }

    fn foreign(&self, home: &Home) -> Row {
        let refused = |run: &Run| run.status.code() == Some(1);
        let mut turns =
            vec![timed(home, self.ours(), FOREIGN, refused), timed(home, &self.contenders.floor, FOREIGN, ended)];
        turns.extend(self.peer.map(|peer| timed(home, peer, FOREIGN, refused)));
        let samples = in_turns(self.effort.fewer(), turns);
        Row::new("a host that isn't ECR's", Unit::Milliseconds, Some(samples[0]))
            .beside_peer(samples.get(2).copied(), None)
            .beside_floor(Some(samples[1]), None)
    }

    /// Cold calls over HTTP, over TLS, and over TLS with many roots to read.
    fn cold(&self) -> Vec<Row> {
        let mut ways = vec![
            ("HTTP", self.stage.static_keys(), [0, 20, 100].as_slice(), goals::COLD_HTTP_AGAINST_PEER),
            ("TLS, 1 root", self.stage.over_tls(Roots::One), &[0, 20, 100], goals::COLD_TLS_AGAINST_PEER),
        ];
        let many = system_roots().map(|roots| format!("TLS, {} roots", roots.matches("BEGIN CERT").count() + 1));
        if let Some(many) = &many {
            ways.push((many, self.stage.over_tls(Roots::System), &[0], goals::COLD_TLS_AGAINST_PEER));
        }
        let mut rows = Vec::new();
        for (way, home, latencies, goal) in ways {
            // A peer that can't be told an endpoint makes its calls over TLS, whatever ours does.
            let peer = self.peer.filter(|peer| way != "HTTP" || self.takes_endpoint(&home, peer));
            for &latency in latencies {
                self.stage.delay(Duration::from_millis(latency));
                let mut turns = vec![self.cold_turn(&home, self.ours())];
                turns.extend(peer.map(|peer| self.cold_turn(&home, peer)));
                let samples = in_turns(self.effort.fewer(), turns);
                let name = format!("cold, {way}, API {latency} ms");
                let row = Row::new(name, Unit::Milliseconds, Some(samples[0]));
                rows.push(row.beside_peer(samples.get(1).copied(), (latency == 0).then_some(goal)));
            }
        }
        self.stage.delay(Duration::ZERO);
        let stand_in = in_turns(self.effort.fewer(), vec![Box::new(|| milliseconds(self.stage.ask()))]);
        rows.push(Row::new("the API itself, HTTP, 0 ms", Unit::Milliseconds, None).with_floor(Some(stand_in[0])));
        rows
    }

    fn cold_turn<'a>(&'a self, home: &'a Home, program: &'a Path) -> Turn<'a> {
        Box::new(move || {
            home.empty();
            let calls = self.stage.calls();
            let run = home.get(program, HOST);
            assert!(has_password(&run), "{}: {}", program.display(), run.stderr);
            assert_eq!(self.stage.calls(), calls + 1, "it was cold");
            milliseconds(run.took)
        })
    }

    /// Whether a program asks the endpoint that a variable names.
    fn takes_endpoint(&self, home: &Home, program: &Path) -> bool {
        home.empty();
        let calls = self.stage.http.requests().len();
        home.get(program, HOST);
        self.stage.http.requests().len() > calls
    }

    fn crowds(&self) -> Vec<Row> {
        let home = self.stage.static_keys();
        let rush = |program: &Path, processes| crowd::rush(&self.stage, &home, program, processes, API);
        let crowds: &[usize] = if self.effort.is_short { &[256] } else { &[32, 256] };
        let mut rows = Vec::new();
        for &processes in crowds {
            let mut ours: Vec<Rush> = (0..3).map(|_| rush(self.ours(), processes)).collect();
            let theirs = self.peer.map(|peer| rush(peer, processes));
            let most = ours.iter().map(|rush| rush.calls).fold(0.0, f64::max);
            let calls =
                Row::new(format!("API calls, {processes} at once, cold"), Unit::Count, Some(Sample::exact(most)));
            let row = calls.beside_peer(theirs.as_ref().map(|rush| Sample::exact(rush.calls)), None);
            rows.push(row.at_most(goals::CALLS_AT_ONCE, true));
            let last = Sample::of(ours.drain(..).map(|rush| rush.last).collect());
            let row = Row::new(format!("last of {processes}, less the API's time"), Unit::Milliseconds, Some(last));
            let row = row.beside_peer(theirs.map(|rush| Sample::exact(rush.last)), None);
            rows.push(if processes == 256 { row.at_most(goals::LAST_OF_256, false) } else { row });
        }
        rows
    }

    fn counts(&self, one: &Home, thousand: &Home) -> Vec<Row> {
        let instructions = |home: &Home, program: &Path| counts::instructions(home, program).map(Sample::exact);
        let with_one = instructions(one, self.ours());
        let floor = instructions(one, &self.contenders.floor);
        let with_rules = instructions(&self.with_rules(), self.ours());
        let added = with_rules.zip(with_one).map(|(rules, one)| Sample::exact(rules.median - one.median));
        let theirs = |home: &Home| instructions(home, self.peer_in(home)?);
        let calls = |home: &Home, program: &Path| counts::system_calls(home, program).map(Sample::exact);
        let memory = |home: &Home, program: &Path, arguments: &[&str]| {
            counts::repeated(7, || counts::peak_memory(home, &self.contenders.peak, program, arguments))
        };
        let tls = self.stage.over_tls(Roots::One);
        let cold = |program: &Path| {
            counts::repeated(5, || {
                tls.empty();
                counts::peak_memory(&tls, &self.contenders.peak, program, &["get"])
            })
        };
        vec![
            Row::new("instructions of a hit, 1 token", Unit::Count, with_one)
                .beside_peer(theirs(one), None)
                .with_floor(floor)
                .at_most(goals::HIT_INSTRUCTIONS, true),
            Row::new("what 200 rules add to them", Unit::Count, added).at_most(goals::RULES_INSTRUCTIONS_HELD, true),
            Row::new("the same with 1,000 tokens", Unit::Count, instructions(thousand, self.ours()))
                .beside_peer(theirs(thousand), None)
                .same_as("with 1", with_one, goals::HIT_INSTRUCTIONS_SPREAD),
            Row::new("system calls of a hit", Unit::Count, calls(one, self.ours()))
                .beside_peer(self.peer_in(one).and_then(|peer| calls(one, peer)), None)
                .with_floor(calls(one, &self.contenders.floor))
                .at_most(goals::HIT_SYSTEM_CALLS, true),
            Row::new("peak memory of a hit", Unit::Bytes, Some(memory(one, self.ours(), &["get"])))
                .beside_peer(self.peer_in(one).map(|peer| memory(one, peer, &["get"])), None)
                .at_most(goals::HIT_MEMORY, true),
            Row::new("peak memory, cold, TLS", Unit::Bytes, Some(cold(self.ours())))
                .beside_peer(self.peer.map(cold), None)
                .at_most(goals::COLD_TLS_MEMORY, true),
        ]
    }

    fn size(&self) -> Row {
        let size = |path: &Path| {
            let length = fs::metadata(path).expect("it was just run").len();
            Sample::exact(count(usize::try_from(length).expect("files fit into the address space")))
        };
        Row::new("size of the binary", Unit::Bytes, Some(size(self.ours())))
            .beside_peer(self.peer.map(size), None)
            .with_floor(Some(size(&self.contenders.floor)))
            .at_most(goals::BINARY_SIZE, true)
    }
}

/// The turn of a program that is asked for a host, and must answer as expected.
fn timed<'a>(home: &'a Home, program: &'a Path, host: &'a str, expected: impl Fn(&Run) -> bool + 'a) -> Turn<'a> {
    Box::new(move || {
        let run = home.get(program, host);
        assert!(expected(&run), "{}: {:?} {}", program.display(), run.status, run.stderr);
        milliseconds(run.took)
    })
}

fn ended(run: &Run) -> bool {
    run.status.success()
}
