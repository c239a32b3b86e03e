//! `cargo fleet`: the calls of a whole fleet to `GetAuthorizationToken`, beside the quota.
//!
//! Machines start within one minute and pull all day. When a token is refreshed is decided by the code that ships
//! (`token::Lifetime`); the rest is a model: AWS takes as many calls a second as the quota says and refuses the others, a
//! refused call is tried again as the SDK does it, and a machine that has no token asks again with its next pull. Runs
//! that differ only in the spread get the same random numbers, the same each time. Prints a table and draws a plot; fails when the spread that ships doesn't keep the largest fleet below the
//! quota.
#![expect(clippy::disallowed_methods, reason = "a benchmark is the outside world")]
#![expect(unreachable_pub, reason = "a program has no public interface")]

#[path = "../svg.rs"]
mod svg;

mod plot;
mod simulation;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use docker_credential_ecr_login::token::{MaxAge, Spread};
use simulation::{ATTEMPTS, Day, Fleet, LATER, QUOTA, START, Width};

/// The sizes of fleets.
const SIZES: [usize; 3] = [1_000, 10_000, LARGEST];
const LARGEST: usize = 100_000;

/// The spreads to choose from, in thousandths of the fresh time.
const SPREADS: [Width; 5] =
    [Width::OfThousand(0), Width::OfThousand(50), Width::Shipped, Width::OfThousand(250), Width::OfThousand(500)];

/// The two kinds of identities.
const IDENTITIES: [(MaxAge, &str); 2] =
    [(MaxAge::UntilExpiry, "keys, SSO, roles: token of 12 hours"), (MaxAge::OneHour, "instances, containers: 1 hour")];

/// Ways to start: in how many seconds, and how often a call is tried.
const STARTS: [(&str, u64, u32); 4] = [
    ("as above", START, ATTEMPTS),
    ("AWS_MAX_ATTEMPTS=10", START, 10),
    ("within 3 minutes", 180, ATTEMPTS),
    ("within 5 minutes", 300, ATTEMPTS),
];

const USAGE: &str = "\
usage: cargo fleet [--short] [--plot PATH]
  --short  only the spread that ships and the largest fleet, without a plot
  --plot   where the plot goes; target/benchmark/fleet.svg if not told";

fn main() -> ExitCode {
    let Some(Options { is_short, plot }) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    println!(
        "Machines that start within a minute and pull every {} s for a day; quota {QUOTA} calls/s.\n\
         The spread that ships is {} %.\n",
        simulation::PULL,
        Spread::MAX / 10
    );
    let (sizes, widths): (&[usize], &[Width]) =
        if is_short { (&[LARGEST], &[Width::Shipped]) } else { (&SIZES, &SPREADS) };
    let days = days(sizes, widths);
    println!(
        "start: calls in the busiest of the first {} minutes' seconds, when the last machine had its token, and pulls \
         that failed.\nlater: the rest of the day; `over` are the seconds with more calls than the quota, `failed` the \
         pulls without a valid token.",
        LATER / 60
    );
    if !is_short {
        println!("\nwhat helps the largest at its start\n{}", heads());
        for (what, start, attempts) in STARTS {
            let fleet = Fleet { machines: LARGEST, reuse: MaxAge::OneHour, width: Width::Shipped, start, attempts };
            println!("{}   {what}", line(&fleet, &fleet.day()));
        }
        if let Err(error) = write(&plot, &plot::draw(&days)) {
            eprintln!("{}: {error}", plot.display());
            return ExitCode::FAILURE;
        }
        println!("\nplot: {}", plot.display());
    }
    let is_too_narrow = |(_, width, day): &(MaxAge, Width, Day)| {
        *width == Width::Shipped && (day.later.over, day.later.failed) != (0, 0)
    };
    if days.iter().any(is_too_narrow) {
        eprintln!("the spread that ships doesn't keep the largest fleet below the quota");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What was asked for.
struct Options {
    is_short: bool,
    plot: PathBuf,
}

fn options(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { is_short: false, plot: target().join("benchmark/fleet.svg") };
    // `cargo bench` adds one of its own.
    let mut arguments = arguments.filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => options.is_short = true,
            "--plot" => options.plot = arguments.next()?.into(),
            _ => return None,
        }
    }
    Some(options)
}

/// Simulates and prints them all; returns those of the largest fleet.
fn days(sizes: &[usize], widths: &[Width]) -> Vec<(MaxAge, Width, Day)> {
    let mut largest = Vec::new();
    for (reuse, identity) in IDENTITIES {
        println!("{identity}\n{}", heads());
        for &machines in sizes {
            for &width in widths {
                let fleet = Fleet { machines, reuse, width, start: START, attempts: ATTEMPTS };
                let day = fleet.day();
                println!("{}", line(&fleet, &day));
                if machines == LARGEST {
                    largest.push((reuse, width, day));
                }
            }
        }
        println!();
    }
    largest
}

fn write(path: &Path, contents: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, contents)
}

fn heads() -> String {
    format!(
        "{:>9} {:>7} │ {:>10} {:>9} {:>9} │ {:>11} {:>10} {:>8} {:>10}",
        "machines", "spread", "start peak", "all by", "failed", "later peak", "mean", "over", "failed"
    )
}

fn line(fleet: &Fleet, day: &Day) -> String {
    let (Fleet { machines, width, .. }, Day { start, later, .. }) = (fleet, day);
    format!(
        "{machines:>9} {:>7} │ {:>8}/s {:>7} s {:>9} │ {:>9}/s {:>8.1}/s {:>6} s {:>10}",
        width.to_string(),
        start.peak,
        day.all_by,
        start.failed,
        later.peak,
        later.mean,
        later.over,
        later.failed
    )
}

/// Cargo's target directory: the one that the helper of this build is in.
fn target() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_docker-credential-ecr-login"));
    built.ancestors().nth(2).expect("it is in the directory of a profile").to_owned()
}
