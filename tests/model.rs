//! The protocol of locks and files of one cache key, as a small model whose every state is visited.
//!
//! Three processes run in every possible order; each step of one is one call of the operating system. Any of them can be
//! stopped (the others go on), killed, or ended by a signal; time passes, calls fail, files are damaged. `STEPS` of
//! `model/protocol.rs` names the code of each step. Checked in each state:
//!
//! - nobody serves a token that has expired, is damaged, or is another identity's;
//! - while a process holds the lock, no other process believes that it does;
//! - there is one call at most, and one more for each event that calls for one (a kill, a failure, a time limit, an
//!   `erase`, a token that has become stale or was damaged);
//! - a token that was kept stays until it expires, is replaced or is erased;
//! - an erased token doesn't come back, not even for a moment after the `erase` has ended;
//! - from each state all processes can still come to their end: nobody waits for a dead process, and the lock of the MFA
//!   prompt can't deadlock with that of the key.
//!
//! Left out: a process that is stopped for seconds while it holds `erase-lock`, after which the others go on without it, and
//! a sweep that comes between a fetch without the lock of its key and a token that has expired. Either may cost a call.
//!
//! The search is a breadth-first one of a hundred lines and not that of a library: stateright, the usual one, brings a web
//! server for the same, and can't tell whether an end can be reached from each state of a graph with cycles.
//! The mutants at the end show that each invariant can fail.

#![expect(clippy::disallowed_methods, reason = "a test reads the source")]

#[path = "model/protocol.rs"]
mod protocol;
#[path = "model/search.rs"]
mod search;

use protocol::{Budget, Kind, Scenario};
use search::explore;

use Kind::{Erase, Get, GetNewHost, OtherKey};

/// The worlds that three processes meet. Together they have every pair of events that can meet in one key.
fn scenarios() -> Vec<Scenario> {
    let none = Budget::default();
    let token = Some::<u8>;
    let mut scenarios = Vec::new();
    let mut add = |name, kinds, token, budget| {
        scenarios.push(Scenario { name, kinds, token, budget, mfa: false, locks: true });
    };
    add("cold, one is killed", [Get, Get, Get], None, Budget { kills: 1, ..none });
    add("cold, two are killed", [Get, Get, Get], None, Budget { kills: 2, ..none });
    add("cold, a call fails", [Get, Get, Get], None, Budget { failures: 1, kills: 1, ..none });
    add("cold, one waits too long", [Get, Get, Get], None, Budget { timeouts: 1, kills: 1, ..none });
    add("fresh, time passes", [Get, Get, Get], token(0), Budget { ticks: 2, ..none });
    add("stale, a call fails", [Get, Get, Get], token(1), Budget { ticks: 1, failures: 1, ..none });
    add("stale, one is killed", [Get, Get, Get], token(1), Budget { ticks: 1, kills: 1, ..none });
    add("a file is damaged", [Get, Get, Get], token(0), Budget { damages: 1, kills: 1, ..none });
    add("the files are removed", [Get, Get, Get], token(1), Budget { clears: 1, kills: 1, ..none });
    add("the files are removed, and a sweep", [Get, GetNewHost, OtherKey], token(2), Budget { clears: 1, ..none });
    add("all at once", [Get, Get, Get], token(1), Budget { kills: 1, ticks: 1, failures: 1, damages: 1, ..none });
    add("a sweep, cold", [Get, Get, OtherKey], None, Budget { kills: 1, ..none });
    add("a sweep of what has expired", [Get, Get, OtherKey], token(2), Budget { kills: 1, ..none });
    add("a sweep while it expires", [Get, Get, OtherKey], token(1), Budget { ticks: 1, failures: 1, ..none });
    add("two sweeps", [Get, OtherKey, OtherKey], token(2), Budget { kills: 1, ticks: 1, ..none });
    add("an erase", [Get, Get, Erase], None, Budget { kills: 1, ..none });
    add("an erase of what is there", [Get, Get, Erase], token(1), Budget { kills: 1, ..none });
    add("two erasures", [Get, Erase, Erase], token(0), Budget { kills: 1, ticks: 1, ..none });
    add("an erase and a sweep", [Get, OtherKey, Erase], token(2), Budget { kills: 1, ..none });
    add("a new host and an erase", [Get, GetNewHost, Erase], token(0), Budget { kills: 1, ..none });
    add("a new host and a sweep", [Get, GetNewHost, OtherKey], token(1), Budget { ticks: 1, kills: 1, ..none });
    let cold = [Get, Get, Get];
    let budget = Budget { kills: 1, failures: 1, ..none };
    for (name, kinds) in [("no locks", cold), ("no locks and an erase", [Get, Get, Erase])] {
        let budget = Budget { kills: u8::from(kinds == cold), ..budget };
        scenarios.push(Scenario { name, kinds, token: None, budget, mfa: false, locks: false });
    }
    for (name, kinds, budget) in [
        ("a code is needed", cold, Budget { kills: 1, ..none }),
        ("a code is needed, one waits too long", cold, Budget { timeouts: 1, ..none }),
        ("a code is needed for two keys", [Get, Get, OtherKey], Budget { kills: 1, ..none }),
    ] {
        scenarios.push(Scenario { name, kinds, token: None, budget, mfa: true, locks: true });
    }
    scenarios
}

#[test]
fn no_order_of_three_processes_breaks_the_protocol() {
    let mut total = 0;
    for scenario in scenarios() {
        match explore(&scenario.start(None)) {
            Ok(states) => {
                println!("{:9} states: {}", states, scenario.name);
                assert!(states > 100, "{}: the model has gone blind", scenario.name);
                total += states;
            }
            Err(trace) => panic!("{}: {trace}", scenario.name),
        }
    }
    println!("{total:9} states in all");
}

#[test]
fn every_step_of_the_model_names_code_that_exists() {
    for (step, file, code) in protocol::STEPS {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(code), "{step:?}: `{code}` isn't in {file} any more: is the model still right?");
    }
}

#[test]
fn each_mutant_of_the_protocol_breaks_an_invariant() {
    let scenarios = scenarios();
    for (mutant, scenario, invariant) in protocol::MUTANTS {
        let scenario = scenarios.iter().find(|known| known.name == scenario).expect("its name");
        let outcome = explore(&scenario.start(Some(mutant)));
        let trace = outcome.expect_err(&format!("{mutant:?} breaks nothing"));
        println!("{mutant:?}: {trace}\n");
        assert!(trace.starts_with(invariant), "{mutant:?} breaks another invariant than expected: {trace}");
    }
}
