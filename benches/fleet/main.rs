//! `cargo fleet`: simulates the calls of many machines to `GetAuthorizationToken`, and compares them
//! with the quota of an account.
//!
//! All machines start within a minute and pull all day. The real code (`token::Lifetime`) decides when
//! a token is refreshed. The rest is a model: AWS accepts as many calls per second as the quota allows
//! and refuses the others; a refused call is retried as the SDK does; a machine without a token calls
//! again with its next pull. The random numbers are the same in every run and for every spread.
//!
//! Then a node pool starts: the calls of its kubelets, with a process that calls for each image and with this program.
//!
//! Prints a table and draws a plot. Fails if the largest fleet exceeds the quota with the real spread.
#![expect(clippy::disallowed_methods, reason = "a benchmark uses real files")]
#![expect(unreachable_pub, reason = "a program has no public interface")]

#[path = "../svg.rs"]
mod svg;

mod node_pool;
mod plot;
mod simulation;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use docker_credential_ecr_login::unstable::{MaxAge, Spread};
use node_pool::{IMAGES, NODES, Outcome, Way};
use simulation::{ATTEMPTS, Day, Fleet, LATER, QUOTA, START, Width};

/// The numbers of machines.
const SIZES: [usize; 3] = [1_000, 10_000, LARGEST];
const LARGEST: usize = 100_000;

/// The spreads to compare, in thousandths of the time until a refresh.
const SPREADS: [Width; 5] =
    [Width::OfThousand(0), Width::OfThousand(50), Width::Real, Width::OfThousand(250), Width::OfThousand(500)];

/// The two kinds of identities, by how long they keep a token.
const IDENTITIES: [(MaxAge, &str); 2] = [
    (MaxAge::UntilExpiry, "keys, SSO, roles: tokens for 12 hours"),
    (MaxAge::OneHour, "instances, containers: tokens for 1 hour"),
];

/// Variants of the start: seconds until all machines have started, and attempts of each call.
const STARTS: [(&str, u64, u32); 4] = [
    ("as above", START, ATTEMPTS),
    ("AWS_MAX_ATTEMPTS=10", START, 10),
    ("within 3 minutes", 180, ATTEMPTS),
    ("within 5 minutes", 300, ATTEMPTS),
];

const USAGE: &str = "\
usage: cargo fleet [--short] [--plot PATH]
  --short  only the real spread and the largest fleet, without a plot
  --plot   the file of the plot; default: target/benchmark/fleet.svg";

fn main() -> ExitCode {
    let Some(Options { is_short, plot }) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    println!(
        "Machines start within a minute and pull every {} s for a day. Quota: {QUOTA} calls/s.\n\
         The real spread is {} %.\n",
        simulation::PULL,
        Spread::MAX / 10
    );
    let (sizes, widths): (&[usize], &[Width]) =
        if is_short { (&[LARGEST], &[Width::Real]) } else { (&SIZES, &SPREADS) };
    let days = days(sizes, widths);
    println!(
        "start: the first {} minutes. `peak` is the busiest second, `all by` the time when the last machine got its \
         token, `failed` the pulls without a valid token.\nlater: the rest of the day. `over` is the number of \
         seconds above the quota.",
        LATER / 60
    );
    if !is_short {
        println!("\nother ways to start the largest fleet\n{}", heads());
        for (what, start, attempts) in STARTS {
            let fleet = Fleet { machines: LARGEST, max_age: MaxAge::OneHour, width: Width::Real, start, attempts };
            println!("{}   {what}", line(&fleet, &fleet.day()));
        }
        if let Err(error) = write(&plot, &plot::draw(&days)) {
            eprintln!("{}: {error}", plot.display());
            return ExitCode::FAILURE;
        }
        println!("\nplot: {}", plot.display());
    }
    let pool = node_pool();
    let exceeds_quota =
        |(_, width, day): &(MaxAge, Width, Day)| *width == Width::Real && (day.later.over, day.later.failed) != (0, 0);
    if days.iter().any(exceeds_quota) {
        eprintln!("the largest fleet exceeds the quota with the real spread");
        return ExitCode::FAILURE;
    }
    if (pool.over, pool.failed) != (0, 0) {
        eprintln!("the node pool exceeds the quota");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Simulates and prints the start of a node pool; returns that with this program.
fn node_pool() -> Outcome {
    println!(
        "\na node pool: {NODES} kubelets start {IMAGES} images of one registry each, within {} s\n\
         {:>9} {:>10} {:>8} {:>10} {:>9}   credential provider",
        node_pool::START,
        "calls",
        "peak",
        "over",
        "failed",
        "all by"
    );
    let [_, shared] = [(Way::Reference, "a call in each process"), (Way::Shared, "this program")].map(|(way, name)| {
        let outcome = node_pool::start(way);
        let Outcome { calls, peak, over, failed, all_by } = &outcome;
        println!("{calls:>9} {peak:>8}/s {over:>6} s {failed:>10} {all_by:>7} s   {name}");
        outcome
    });
    shared
}

/// The arguments.
struct Options {
    is_short: bool,
    plot: PathBuf,
}

fn options(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { is_short: false, plot: target().join("benchmark/fleet.svg") };
    // `cargo bench` adds this argument.
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

/// Simulates and prints all fleets; returns the days of the largest one.
fn days(sizes: &[usize], widths: &[Width]) -> Vec<(MaxAge, Width, Day)> {
    let mut largest = Vec::new();
    for (max_age, identity) in IDENTITIES {
        println!("{identity}\n{}", heads());
        for &machines in sizes {
            for &width in widths {
                let fleet = Fleet { machines, max_age, width, start: START, attempts: ATTEMPTS };
                let day = fleet.day();
                println!("{}", line(&fleet, &day));
                if machines == LARGEST {
                    largest.push((max_age, width, day));
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

/// Cargo's target directory, found from the helper that cargo built for this benchmark.
fn target() -> PathBuf {
    let built = Path::new(env!("CARGO_BIN_EXE_docker-credential-ecr-login"));
    built.ancestors().nth(2).expect("it is in the directory of a profile").to_owned()
}
