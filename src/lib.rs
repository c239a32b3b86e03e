//! A Docker credential helper for Amazon ECR and ECR Public.
//!
//! A registry client (Docker, Podman, Skopeo, BuildKit, Helm, …) starts the program with one verb, writes a registry's
//! name to its stdin, and reads user name and password from its stdout. This crate is that program; `main` only hands over
//! the process's own streams, environment and clock.
//!
//! # The house
//!
//! Each room uses only what is below it, and rooms on one floor don't know each other, but for those of the domain;
//! `tests/layers.rs` checks it.
//!
//! | floor | rooms | what happens there |
//! | --- | --- | --- |
//! | edge | `main`, [`cli`] | arguments and streams come in, the exit status goes out |
//! | policy | [`helper`] | what each verb means for ECR: who asks AWS, when a cached token will do, what is said to whom |
//! | adapters | [`cache`], [`ecr`], [`settings`], [`fallback`], [`log`] | the disk, AWS, the user's settings, other helpers, the operator's log |
//! | domain | [`protocol`], [`registry`], [`rules`], [`identity`], [`scope`], [`fetch`], [`network`], [`token`], [`error`] | the wire, ECR's hosts, the rules, identities and cache keys, network settings, tokens, errors; no I/O |
//! | leaves | [`secret`], [`env`](mod@env), [`fs`], [`streams`], [`clock`], [`terminal`] | text that doesn't print, variables, files, standard streams, time, a person |
//!
//! Each dependency has one home: the AWS SDK and tokio in `ecr`, fs4 in `cache`'s lock, `dirs` in `settings`.
//!
//! # The life of one `get`
//!
//! 1. [`protocol`] reads the server URL; [`rules`], with [`registry`], say which registry its host stands for. One that
//!    isn't ECR's is told "not found" here, or handed over to [`fallback`]; of files, only the configuration file has been
//!    looked for.
//! 2. [`settings`] reads our variables and the AWS profile files, once, and finds out without network who AWS will think
//!    we are. The result is a [`scope::Scope`]: service, partition, region, endpoint and identity. Its SHA-256 names the
//!    cached token.
//! 3. [`cache`] reads one small file. A fresh token is the answer: no lock, no network, no thread, no AWS code.
//! 4. Otherwise [`helper`] takes the lock of that key, or waits for whoever holds it and takes what they come back with.
//!    Having it, it looks again, and then asks [`ecr`]: credentials from the one source that the scope names, one
//!    `GetAuthorizationToken`. Only now are the settings of the [`network`] read. Where a role wants a code, the person at the
//!    [`terminal`] is asked first, by one process at a time. The token is kept, with its end and an earlier moment from
//!    which on a newer one is wanted.
//! 5. When there is no token to be had, a stale one that is still valid will do. Else [`error`] turns the failure into a
//!    fixed sentence for the client, one line for the person, and the whole chain for the log.

pub mod cache;
pub mod cli;
pub mod clock;
pub mod ecr;
pub mod env;
pub mod error;
pub mod fallback;
pub mod fetch;
pub mod fs;
pub mod helper;
pub mod identity;
pub mod log;
pub mod network;
pub mod protocol;
pub mod registry;
pub mod rules;
pub mod scope;
pub mod secret;
pub mod settings;
pub mod streams;
pub mod terminal;
pub mod token;
