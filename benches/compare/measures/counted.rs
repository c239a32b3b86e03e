//! Instructions, system calls, memory and size: the same in every run.

use std::fs;
use std::path::Path;

use super::Bench;
use crate::counts::{self, count};
use crate::fixture::Roots;
use crate::goals;
use crate::home::Home;
use crate::report::{LimitKind, Row, Unit};
use crate::timing::Sample;

impl Bench<'_> {
    pub fn counts(&self, one: &Home, thousand: &Home) -> Vec<Row> {
        let instructions = |home: &Home, program: &Path| counts::instructions(home, program).map(Sample::exact);
        let with_one = instructions(one, self.ours());
        let noop = instructions(one, &self.programs.noop);
        let with_rules = instructions(&self.with_rules(), self.ours());
        let added = with_rules.zip(with_one).map(|(rules, one)| Sample::exact(rules.median - one.median));
        let go = |home: &Home| instructions(home, self.go_in(home)?);
        let calls = |home: &Home, program: &Path| counts::system_calls(home, program).map(Sample::exact);
        let memory = |home: &Home, program: &Path| {
            counts::repeated(7, || counts::peak_memory(home, &self.programs.peak_memory, program, &["get"]))
        };
        let tls = self.fixture.over_tls(Roots::One);
        let cold = |program: &Path| {
            counts::repeated(5, || {
                tls.clear_caches();
                counts::peak_memory(&tls, &self.programs.peak_memory, program, &["get"])
            })
        };
        vec![
            Row::new("instructions of a hit, 1 token", Unit::Count, with_one)
                .against_go(go(one), None)
                .with_noop(noop)
                .at_most(goals::HIT_INSTRUCTIONS, LimitKind::Counted),
            Row::new("instructions added by 200 rules", Unit::Count, added),
            Row::new("instructions of a hit, 1,000 tokens", Unit::Count, instructions(thousand, self.ours()))
                .against_go(go(thousand), None)
                .same_as("1 token", with_one, goals::HIT_INSTRUCTIONS_SPREAD),
            Row::new("system calls of a hit", Unit::Count, calls(one, self.ours()))
                .against_go(self.go_in(one).and_then(|go| calls(one, go)), None)
                .with_noop(calls(one, &self.programs.noop))
                .at_most(goals::HIT_SYSTEM_CALLS, LimitKind::Counted),
            Row::new("peak memory of a hit", Unit::Bytes, Some(memory(one, self.ours())))
                .against_go(self.go_in(one).map(|go| memory(one, go)), None)
                .at_most(goals::HIT_MEMORY, LimitKind::Counted),
            Row::new("peak memory, cold, TLS", Unit::Bytes, Some(cold(self.ours())))
                .against_go(self.go.map(cold), None)
                .at_most(goals::COLD_TLS_MEMORY, LimitKind::Counted),
        ]
    }

    pub fn size(&self) -> Row {
        let size = |path: &Path| {
            let length = fs::metadata(path).expect("it was just run").len();
            Sample::exact(count(usize::try_from(length).expect("programs fit into memory")))
        };
        Row::new("size of the binary", Unit::Bytes, Some(size(self.ours())))
            .against_go(self.go.map(size), None)
            .with_noop(Some(size(&self.programs.noop)))
            .at_most(goals::BINARY_SIZE, LimitKind::Counted)
    }
}
