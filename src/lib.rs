//! A Docker credential helper for Amazon ECR and ECR Public.
//!
//! A registry client (Docker, Podman, Skopeo, BuildKit, Helm, …) starts the program with one verb, writes the name of a
//! registry to its stdin, and reads a user name and a password from its stdout. This crate is that program; `main` only
//! hands over the process's own streams, environment and clock.
//!
//! # Layers
//!
//! A module uses only modules of the layers below its own. Modules of one layer don't use each other, except in the domain
//! and the leaves. `tests/layers.rs` checks that.
//!
//! | layer | modules | task |
//! | --- | --- | --- |
//! | edge | `main`, `cli`, `readers` | arguments and streams come in, the exit status goes out; what reads input, for fuzzing |
//! | protocols | `docker`, `kubelet`, `bazel`, `commands` | what clients, the kubelet, Bazel and people ask for, and how they are answered |
//! | policy | `tokens` | one token for one registry: cached, fetched by one process, refreshed in time |
//! | adapters | `cache`, `ecr`, `aws`, `config`, `clients`, `fallback`, `log` | the disk, AWS, the AWS settings, our configuration file, the files of registry clients, other credential helpers, the operator's log |
//! | domain | `protocol`, `server_url`, `registry`, `arn`, `rules`, `identity`, `scope`, `fetch`, `network`, `token`, `error`, `probe`, `world` | the wire, ECR's hosts, rules, identities, cache keys, network settings, tokens, errors, what `doctor` asks of the network; no I/O |
//! | leaves | `options`, `paths`, `env`, `fs`, `secret`, `os_key`, `redact`, `clock`, `terminal`, `process`, `panics`, `child` | our own options, places of files, variables, files, secrets, the system's key for the cache, time, a person, this process and others |
//!
//! Each dependency has one home: the AWS SDK and tokio in `ecr`, fs4 in `cache`'s lock, `toml` in `config`, `dirs` in
//! `paths`.
//! What differs between platforms is in pairs of files, such as `fs/unix.rs` and `fs/windows.rs`.
//!
//! # The life of one `get`
//!
//! 1. `protocol` reads the server URL. `config` and `rules` decide what the host is: an ECR registry, a host for a fallback
//!    helper, or neither. A host that isn't ECR's is answered here; the only file touched is the configuration file.
//! 2. `aws` reads the AWS variables and profile files, once, and determines without network which identity AWS will see and
//!    how to get its credentials. The result is a `Scope` (API, endpoint and identity), whose SHA-256 names the cached
//!    token, and a `CredentialPlan`.
//! 3. `cache` reads one small file. If the token is fresh, it is the answer: no lock, no network, no thread, no AWS code.
//! 4. Otherwise `tokens` takes the lock of that key, or waits for the process that holds it and takes its result. With the
//!    lock, it looks again, and then asks `ecr`: credentials by the plan, one `GetAuthorizationToken`. Only now are the
//!    network settings read. If a role needs an MFA code, one process at a time asks the person at the `terminal` first.
//!    The token is stored with its expiry and an earlier time from which on it is to be refreshed.
//! 5. If there is no new token, a stale one that is still valid is served. Otherwise `error` turns the failure into a fixed
//!    sentence for the client, one line for the person, and the chain of causes for the log.
//!
//! # Where to add what
//!
//! | to add | touch |
//! | --- | --- |
//! | a key of the configuration file | `config/schema.rs`: a variant of `RuleKey`; the compiler names the rest. `rules.rs`: the field of `Rule`. `docs/configuration.md` |
//! | a partition | `registry/partition.rs`: a variant and its row |
//! | a source of credentials | `identity.rs`: a variant of `Base`, and of `CredentialSource` or `ProfileBase` for messages; `aws/identity.rs` or `aws/profile_chain.rs`: when it applies and what its key is made of; `ecr/credentials.rs`: how it is asked |
//! | a registry client | `clients.rs`: a variant of `Client`; the compiler names the rest. `docs/clients.md` |
//! | a protocol | a module beside `docker` that calls `tokens::token`, and how it is recognised in `cli.rs` |
//! | an `AWS_ECR_*` variable | `env.rs`: its name; `options.rs`: its meaning; `config/options.rs`: its key in the configuration file; `docs/environment.md`, `docs/configuration.md` |
//! | a kind of failure | `error.rs`: a variant of `FailureKind`; the compiler names the rest. `docs/troubleshooting.md` |

mod arn;
mod aws;
mod bazel;
mod cache;
mod child;
mod cli;
mod clients;
mod clock;
mod commands;
mod config;
mod docker;
mod ecr;
mod env;
mod error;
mod fallback;
mod fetch;
mod fs;
mod identity;
mod kubelet;
mod log;
mod network;
mod options;
mod os_key;
mod panics;
mod paths;
mod probe;
mod process;
mod protocol;
#[doc(hidden)]
pub mod readers;
mod redact;
mod registry;
mod rules;
mod scope;
mod secret;
mod server_url;
mod terminal;
mod token;
mod tokens;
mod world;

pub use cli::run;
pub use clock::SystemClock;

pub use ecr::Ecr;
pub use env::Env;
pub use fallback::Programs;
pub use terminal::Screen;
pub use world::{Status, World};

#[doc(hidden)]
pub mod unstable {
    //! What the tests and benchmarks of this package use. It may change or go with every version.

    pub use crate::arn::AccountId;
    pub use crate::aws::profile_file::{Profile, Profiles, Section};
    pub use crate::clock::Timestamp;
    pub use crate::commands::command_line;
    pub use crate::error::Failure;
    pub use crate::identity::{CachePolicy, CredentialPlan, CredentialSource, ProfileBase};
    pub use crate::registry::{EndpointVariant, Partition, Registry, image_globs};
    pub use crate::scope::{CacheKey, Scope};
    pub use crate::token::{Freshness, Lifetime, MaxAge, Spread};

    /// What a token of a registry depends on and how its credentials are obtained, without rules.
    /// Error: the AWS settings are invalid.
    pub fn resolve(env: &crate::Env, registry: &Registry) -> Result<(Scope, CredentialPlan), Failure> {
        let target = crate::rules::Target::of(registry.clone());
        crate::aws::AwsSettings::read(env).for_target(&target)?.resolve()
    }
}
