//! What is to be reached, all of it in one place. What a clock decides is a ratio to what ran beside ours; what none decides
//! fails the run when it is missed.

// These hold on any machine: missing one of them fails the run.

/// The most instructions of a hit.
pub const HIT_INSTRUCTIONS: f64 = 200_000.0;
/// How far the instructions with one and with a thousand cached tokens may differ, as a share.
pub const HIT_INSTRUCTIONS_SPREAD: f64 = 0.02;
/// The most system calls of a hit, its start and end included.
pub const HIT_SYSTEM_CALLS: f64 = 45.0;
/// The most memory that a hit ever has resident, in bytes.
pub const HIT_MEMORY: f64 = 1_500_000.0;
/// The most memory that a cold call over TLS ever has resident, in bytes.
pub const COLD_TLS_MEMORY: f64 = 5_000_000.0;
/// The calls to the API that any number of processes make for one cold registry.
pub const CALLS_AT_ONCE: f64 = 1.0;
/// The largest binary, in bytes, with all providers.
pub const BINARY_SIZE: f64 = 5_000_000.0;

// These a clock decides, so they are ratios to what ran beside ours, and missing one only shows in the table.

/// The longest hit, as a multiple of the Go helper's 0.6; of the newer one it is [`HIT_AGAINST_NEWER_PEER`].
pub const HIT_AGAINST_PEER: f64 = 0.13;
/// The same for the Go helper from 0.7 on, whose hit takes longer.
pub const HIT_AGAINST_NEWER_PEER: f64 = 0.12;
/// The longest hit, as a multiple of a static program that does nothing.
pub const HIT_AGAINST_FLOOR: f64 = 2.0;
/// How much longer a hit may take with a configuration file of 200 rules than with none, as a multiple.
pub const HIT_WITH_RULES: f64 = 1.3;
/// How many instructions such a file may cost. There is no goal but that of the time; this holds what is reached.
pub const RULES_INSTRUCTIONS_HELD: f64 = 800_000.0;
/// How much longer a hit may take with another source of credentials than with static keys, as a multiple.
pub const HIT_AGAINST_STATIC_KEYS: f64 = 1.05;
/// The fewest hits per second with 32 in flight, as a multiple of the Go helper's.
pub const THROUGHPUT_AGAINST_PEER: f64 = 8.0;
/// The longest cold call over HTTP to an API that answers at once, as a multiple of the Go helper's.
pub const COLD_HTTP_AGAINST_PEER: f64 = 0.55;
/// The longest cold call over TLS to an API that answers at once, as a multiple of the Go helper's.
pub const COLD_TLS_AGAINST_PEER: f64 = 0.5;
/// How long after the API's own time the last of 256 processes may have its answer, in milliseconds.
pub const LAST_OF_256: f64 = 300.0;
