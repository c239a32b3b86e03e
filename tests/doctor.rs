//! `doctor`: what it says of each fault and of a machine that is well, that its remedies work, that it ends in time, and
//! that a report names nobody.
//!
//! `tests/doctor/checks.txt` has what is said, in text and in JSON. After a change,
//! `UPDATE_DOCTOR=1 cargo test --test doctor` writes it again; read the difference.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the tests make the machines that are looked at")]

mod support;

#[path = "doctor/checks.rs"]
mod checks;
#[path = "doctor/machine.rs"]
mod machine;
#[cfg(target_os = "linux")]
#[path = "doctor/mending.rs"]
mod mending;
#[cfg(target_os = "linux")]
#[path = "doctor/offline.rs"]
mod offline;
#[path = "doctor/readme.rs"]
mod readme;
#[path = "doctor/report.rs"]
mod report;
#[path = "doctor/terminal.rs"]
mod terminal;
