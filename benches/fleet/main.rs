//! `cargo fleet`: the calls of a whole fleet to `GetAuthorizationToken`, beside the quota.
//!
//! Machines start within one minute and pull all day. When a token is refreshed is decided by the code that ships
//! (`token::Lifetime`); the rest is a model: AWS takes as many calls a second as the quota says and refuses the others, a
//! refused call is tried again as the SDK does it, and a machine that has no token asks again with its next pull. Runs
//! that differ only in the spread get the same random numbers, the same each time. Prints a table and draws a plot.
#![expect(clippy::disallowed_methods, reason = "a benchmark is the outside world")]
#![expect(unreachable_pub, reason = "a program has no public interface")]

#[path = "../svg.rs"]
mod svg;

mod plot;
mod simulation;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use docker_credential_ecr_login::token::{Reuse, Spread};
use simulation::{ATTEMPTS, Day, Fleet, LATER, QUOTA, START, Width};

/// The sizes of fleets.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// The spreads to choose from, in thousandths of the fresh time.
const SPREADS: [Width; 5] =
    [Width::OfThousand(0), Width::OfThousand(50), Width::Shipped, Width::OfThousand(250), Width::OfThousand(500)];

/// The two kinds of identities.
const IDENTITIES: [(Reuse, &str); 2] =
    [(Reuse::UntilExpiry, "keys, SSO, roles: token of 12 hours"), (Reuse::Opaque, "instances, containers: 1 hour")];

/// Ways to start: in how many seconds, and how often a call is tried.
const STARTS: [(&str, u64, u32); 4] = [
    ("as above", START, ATTEMPTS),
    ("AWS_MAX_ATTEMPTS=10", START, 10),
    ("within 3 minutes", 180, ATTEMPTS),
    ("within 5 minutes", 300, ATTEMPTS),
];

fn main() -> ExitCode {
    let plot = match std::env::args().skip(1).filter(|argument| argument != "--bench").collect::<Vec<_>>().as_slice() {
        [] => target().join("benchmark/fleet.svg"),
        [option, path] if option == "--plot" => path.into(),
        _ => {
            eprintln!("usage: cargo fleet [--plot PATH]");
            return ExitCode::FAILURE;
        }
    };
    println!(
        "Machines that start within a minute and pull every {} s for a day; quota {QUOTA} calls/s.\n\
         The spread that ships is {} %.\n",
        simulation::PULL,
        Spread::MAX / 10
    );
    let mut largest = Vec::new();
    for (reuse, identity) in IDENTITIES {
        println!("{identity}\n{}", heads());
        for machines in SIZES {
            for width in SPREADS {
                let day = Fleet { machines, reuse, width, start: START, attempts: ATTEMPTS }.day();
                println!("{}", line(machines, width, &day));
                if machines == SIZES[SIZES.len() - 1] {
                    largest.push((reuse, width, day));
                }
            }
        }
        println!();
    }
    println!("what helps the largest at its start\n{}", heads());
    let machines = SIZES[SIZES.len() - 1];
    for (what, start, attempts) in STARTS {
        let day = Fleet { machines, reuse: Reuse::Opaque, width: Width::Shipped, start, attempts }.day();
        println!("{}   {what}", line(machines, Width::Shipped, &day));
    }
    println!(
        "\nstart: calls in the busiest of the first {} minutes' seconds, when the last machine had its token, and pulls \
         that failed.\nlater: the rest of the day; `over` are the seconds with more calls than the quota, `failed` the \
         pulls without a valid token.",
        LATER / 60
    );
    let written =
        plot.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&plot, plot::draw(&largest)));
    match written {
        Ok(()) => println!("\nplot: {}", plot.display()),
        Err(error) => {
            eprintln!("{}: {error}", plot.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn heads() -> String {
    format!(
        "{:>9} {:>7} │ {:>10} {:>9} {:>9} │ {:>11} {:>10} {:>8} {:>10}",
        "machines", "spread", "start peak", "all by", "failed", "later peak", "mean", "over", "failed"
    )
}

fn line(machines: usize, width: Width, day: &Day) -> String {
    let Day { start, later, .. } = day;
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
