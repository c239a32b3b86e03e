//! `cargo benchmark`: the helper beside the Go helper and a program that does nothing.
//!
//! Whole processes, started in turns within one run, so that whatever else the machine does hits all alike: the ratios
//! mean something where the times don't. Prints a table and draws a plot. Fails if something was missed that no clock
//! decides (`goals.rs`); `--short` measures little else, for CI. Nothing but loopback is contacted.
//!
//! The files: `contenders.rs` finds the programs, `stage.rs` is where they run, `clock.rs`, `counts.rs` and `crowd.rs` measure
//! one thing each, `measures.rs` says what is measured, `report.rs` and `plot.rs` show it.
#![expect(clippy::disallowed_methods, reason = "a benchmark is the outside world")]
#![expect(unreachable_pub, reason = "a program has no public interface")]

#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../svg.rs"]
mod svg;

mod clock;
mod contenders;
mod counts;
mod crowd;
mod goals;
mod measures;
mod plot;
mod report;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use contenders::Contenders;
use measures::Effort;

const USAGE: &str = "\
usage: cargo benchmark [--short] [--runs N] [--helper PATH] [--peer PATH] [--plot PATH]
  --short   only what no clock decides, with a few times beside it; needs valgrind and strace
  --runs    how often each of those that take turns has one, 300 if not told; slow ones have fewer
  --helper  our static release; target/x86_64-unknown-linux-musl/release/docker-credential-ecr-login if not told
  --peer    the Go helper; /usr/bin/docker-credential-ecr-login if not told and not ours
  --plot    where the plot goes; target/benchmark/compare.svg if not told";

/// What was asked for.
struct Options {
    effort: Effort,
    helper: Option<PathBuf>,
    peer: Option<PathBuf>,
    plot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match benchmark(options) {
        Ok(misses) if misses.is_empty() => ExitCode::SUCCESS,
        Ok(misses) => {
            eprintln!("missed, and no clock is to blame:");
            for miss in misses {
                eprintln!("  {miss}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn benchmark(options: Options) -> Result<Vec<String>, String> {
    let Options { effort, helper, peer, plot } = options;
    let target = target();
    let work = target.join("benchmark");
    let (contenders, notes) = Contenders::find(helper, peer, &target, &work)?;
    println!("ours: {}", contenders.ours.display());
    for note in notes {
        println!("{note}");
    }
    let started = Instant::now();
    let rows = measures::all(&contenders, effort);
    println!("\nMedian of {} turns, fewer where one takes long; in brackets the least.\n", effort.runs);
    print!("{}", report::table(&rows));
    if !effort.is_short {
        let plot = plot.unwrap_or_else(|| work.join("compare.svg"));
        let peer = contenders.peer.as_ref().map(|peer| peer.version.as_str());
        fs::write(&plot, plot::draw(&rows, peer)).map_err(|error| format!("{}: {error}", plot.display()))?;
        println!("\nplot: {}", plot.display());
    }
    println!("took {:.0} s", started.elapsed().as_secs_f64());
    Ok(report::hard_misses(&rows))
}

fn options(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let effort = Effort { runs: 300, is_short: false };
    let mut options = Options { effort, helper: None, peer: None, plot: None };
    // `cargo bench` adds one of its own.
    let mut arguments = arguments.filter(|argument| argument != "--bench");
    let mut runs = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => options.effort.is_short = true,
            "--runs" => runs = Some(arguments.next()?.parse().ok().filter(|&runs| runs > 0)?),
            "--helper" => options.helper = Some(arguments.next()?.into()),
            "--peer" => options.peer = Some(arguments.next()?.into()),
            "--plot" => options.plot = Some(arguments.next()?.into()),
            _ => return None,
        }
    }
    options.effort.runs = runs.unwrap_or(if options.effort.is_short { 30 } else { options.effort.runs });
    Some(options)
}

/// Cargo's target directory: the one that the helper of this build is in.
fn target() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_docker-credential-ecr-login"));
    built.ancestors().nth(2).expect("it is in the directory of a profile").to_owned()
}
