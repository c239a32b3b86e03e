//! `cargo benchmark`: compares the helper with the Go helper and with a program that does nothing.
//!
//! Measures whole processes. The programs run alternately within one run, so that other load on the
//! machine affects all of them: the ratios are meaningful even where the times aren't. Prints a table
//! and draws a plot; fails if a limit of `goals.rs` is exceeded. Only loopback is contacted.
//!
//! `programs.rs` finds the programs; `fixture.rs` and `home.rs` set up what they run in; `timing.rs`,
//! `counts.rs` and `concurrency.rs` measure; `measures.rs` lists the measures; `report.rs` and
//! `plot.rs` print them. `benches/README.md` explains the use.
#![expect(clippy::disallowed_methods, reason = "a benchmark uses real files, processes and clocks")]
#![expect(unreachable_pub, reason = "a program has no public interface")]

#[path = "../../tests/support/mod.rs"]
mod support;
#[path = "../svg.rs"]
mod svg;

mod concurrency;
mod counts;
mod fixture;
mod goals;
mod home;
mod measures;
mod plot;
mod programs;
mod report;
mod timing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use measures::Effort;
use programs::Programs;
use report::LimitKind;

const USAGE: &str = "\
usage: cargo benchmark [--short] [--runs N] [--helper PATH] [--go-helper PATH] [--plot PATH]
  --short      only what doesn't depend on the clock, and a few times; needs valgrind and strace
  --runs       runs of each program, 300 by default; slow ones run less often
  --helper     our static release; default: target/x86_64-unknown-linux-musl/release/docker-credential-ecr-login
  --go-helper  the Go helper; default: /usr/bin/docker-credential-ecr-login, unless that is ours
  --plot       the file of the plot; default: target/benchmark/compare.svg";

/// The arguments.
struct Options {
    effort: Effort,
    helper: Option<PathBuf>,
    go_helper: Option<PathBuf>,
    plot: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match benchmark(options) {
        Ok(exceeded) if exceeded.is_empty() => ExitCode::SUCCESS,
        Ok(exceeded) => {
            eprintln!("limits exceeded:");
            for line in exceeded {
                eprintln!("  {line}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and reports; returns the limits that fail the run.
fn benchmark(options: Options) -> Result<Vec<String>, String> {
    let Options { effort, helper, go_helper, plot } = options;
    let target = target();
    let work = target.join("benchmark");
    let (programs, notes) = Programs::find(helper, go_helper, &target, &work)?;
    println!("ours: {}", programs.ours.display());
    for note in notes {
        println!("{note}");
    }
    let started = Instant::now();
    let rows = measures::all(&programs, effort);
    println!("\nMedians of {} runs, fewer for slow programs; smallest value in parentheses.\n", effort.runs);
    print!("{}", report::table(&rows));
    if !effort.is_short {
        let plot = plot.unwrap_or_else(|| work.join("compare.svg"));
        let go = programs.go.as_ref().map(|go| go.version.as_str());
        fs::write(&plot, plot::draw(&rows, go)).map_err(|error| format!("{}: {error}", plot.display()))?;
        println!("\nplot: {}", plot.display());
    }
    println!("took {:.0} s", started.elapsed().as_secs_f64());
    let kinds: &[LimitKind] =
        if effort.is_short { &[LimitKind::Counted] } else { &[LimitKind::Counted, LimitKind::Timed] };
    Ok(report::exceeded(&rows, kinds))
}

fn options(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let effort = Effort { runs: 300, is_short: false };
    let mut options = Options { effort, helper: None, go_helper: None, plot: None };
    // `cargo bench` adds this argument.
    let mut arguments = arguments.filter(|argument| argument != "--bench");
    let mut runs = None;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => options.effort.is_short = true,
            "--runs" => runs = Some(arguments.next()?.parse().ok().filter(|&runs| runs > 0)?),
            "--helper" => options.helper = Some(arguments.next()?.into()),
            "--go-helper" => options.go_helper = Some(arguments.next()?.into()),
            "--plot" => options.plot = Some(arguments.next()?.into()),
            _ => return None,
        }
    }
    options.effort.runs = runs.unwrap_or(if options.effort.is_short { 30 } else { options.effort.runs });
    Some(options)
}

/// Cargo's target directory, found from the helper that cargo built for this benchmark.
fn target() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_docker-credential-ecr-login"));
    built.ancestors().nth(2).expect("it is in the directory of a profile").to_owned()
}
