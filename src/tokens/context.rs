//! What the policy is given with a request, and what it answers with.

use std::time::Duration;

use crate::cache::TokenRecord;
use crate::clock::{Clock, Timestamp};
use crate::env::Env;
use crate::fetch::TokenSource;
use crate::log::Log;
use crate::options::Options;
use crate::token::{AuthorizationToken, Lifetime, MAX_LIFE};
use crate::world::World;

/// What the policy needs from outside.
pub(crate) struct Context<'w> {
    pub(crate) env: &'w Env,
    pub(crate) clock: &'w dyn Clock,
    pub(crate) source: &'w dyn TokenSource,
    /// A random number, to spread refreshes and to distinguish one failure from the next.
    pub(crate) random: fn() -> u64,
    pub(crate) options: &'w Options,
    pub(crate) log: Log<'w>,
    pub(crate) attendance: Attendance,
    pub(crate) wanted: Wanted,
}

/// Whether a person may be asked for an MFA code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attendance {
    /// A person has started the client.
    Attended,
    /// A program asks on its own behalf, such as the kubelet.
    Unattended,
}

/// Which tokens answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Any that is still good.
    Any,
    /// One that was fetched after the request came.
    New,
}

/// A token that answers a request, and how long it may be used.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) token: AuthorizationToken,
    pub(crate) lifetime: Lifetime,
    /// When the registry stops accepting it. We may stop serving it earlier.
    pub(crate) expires_at: Timestamp,
}

impl Served {
    /// A token that has just come.
    pub(super) fn new(token: AuthorizationToken, lifetime: Lifetime) -> Self {
        let expires_at = token.expires_at().min(lifetime.received.after(MAX_LIFE));
        Self { token, lifetime, expires_at }
    }

    /// A cached token, in the times of this clock as it goes now.
    pub(super) fn cached(record: TokenRecord, clock: &dyn Clock) -> Self {
        let TokenRecord { token, lifetime, .. } = record;
        let now = lifetime.by(clock);
        let setback = lifetime.received.since(now.received);
        let expires_at = token.expires_at().before(setback).min(now.received.after(MAX_LIFE));
        Self { token, lifetime: now, expires_at }
    }

    /// How long the registry goes on accepting the token.
    pub(crate) fn time_left(&self, now: Timestamp) -> Duration {
        self.expires_at.since(now).min(MAX_LIFE)
    }
}

impl<'w> Context<'w> {
    /// From the world of a request, with the log that the options ask for and its subject.
    pub(crate) fn new(world: &'w mut World<'_>, options: &'w Options, subject: String) -> Self {
        let log = Log::open(options, world.stderr, world.clock, subject);
        let (attendance, wanted) = (Attendance::Attended, Wanted::Any);
        let (env, clock, source, random) = (world.env, world.clock, world.source, world.random);
        Self { env, clock, source, random, options, log, attendance, wanted }
    }
}
