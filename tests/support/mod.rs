//! What the tests share: stand-ins for everything a helper process talks to, all of them on loopback.
//!
//! - [`fake_aws`]: the AWS APIs a fetch can need, with faults to order;
//! - `namespace`: a network and a mount table of a test's own, on Linux;
//! - `name_server`: a name server that answers by a table, on Linux;
//! - [`proxy`]: an HTTP forward proxy that remembers who was asked for;
//! - [`socks`]: a SOCKS proxy that does the same;
//! - [`sandbox`]: a home directory of its own and the helper run inside it.
//!
//! Test crates take it with `mod support;`, benchmarks with `#[path]`. It knows the product only by its binary: nothing
//! here uses the library, so that a test can't agree with the code it tests by sharing a mistake.
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test crate uses a part, and none of them has a public interface"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are the outside world: they use the real clock, files and processes"
)]

pub mod fake_aws;
mod http;
mod loopback;
#[cfg(target_os = "linux")]
pub mod name_server;
#[cfg(target_os = "linux")]
pub mod namespace;
pub mod proxy;
pub mod sandbox;
pub mod socks;
pub mod tls;
