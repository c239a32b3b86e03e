//! `cargo storm`: thousands of `get`s at once over a few keys, while processes are killed, the API fails and files are
//! damaged. `storm.rs` says what is checked.
//!
//! Prints the figures. Fails if any check does.
#![expect(clippy::disallowed_methods, reason = "a benchmark uses real files and the real clock")]
#![expect(unreachable_pub, reason = "a program has no public interface")]

#[cfg(unix)]
mod storm;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo storm [--gets NUMBER] [--at-once NUMBER] [--seed NUMBER]
  --gets     the number of `get`s; default: 10000
  --at-once  how many run at the same time; default: 64
  --seed     what everything is drawn from; default: 1
The variable ECR_LOGIN_BINARY names the binary; default: the debug build.";

#[cfg(unix)]
fn main() -> ExitCode {
    let mut size = storm::Size { gets: 10_000, at_once: 64, seed: 1 };
    // `cargo bench` adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(name) = arguments.next() {
        let Some(number) = arguments.next().and_then(|number| number.parse::<u32>().ok()) else {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        };
        match name.as_str() {
            "--gets" => size.gets = number as usize,
            "--at-once" => size.at_once = number.max(1) as usize,
            "--seed" => size.seed = u64::from(number),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{} gets, {} at once, seed {}\n", size.gets, size.at_once, size.seed);
    let figures = storm::run(size);
    println!("{figures}");
    if figures.faults().is_empty() && figures.served() > size.gets / 2 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("there are no storms on this system: it has no signals");
    ExitCode::FAILURE
}
