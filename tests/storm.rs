//! A short storm: many `get`s at once, while everything around them goes wrong. `cargo storm` runs the long one.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]

#[path = "../benches/storm/storm.rs"]
#[expect(unreachable_pub, reason = "a test has no public interface")]
mod storm;
mod support;

use storm::Size;

#[test]
fn a_storm_of_gets_breaks_nothing() {
    let figures = storm::run(Size { gets: 600, at_once: 24, seed: 14 });
    println!("{figures}");
    assert!(figures.faults().is_empty(), "{figures}");
    // How many of each depends on when AWS answers in a short run; one without either would show nothing.
    assert!(figures.served() > 0, "some are served: {figures}");
    assert!(figures.failed() > 0, "some fail: {figures}");
}
