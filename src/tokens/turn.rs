//! Which process fetches a token, and which one asks a person for an MFA code.

use std::time::Duration;

use super::{Attendance, TokenLookup};
use crate::cache::{LockGuard, TokenRecord, TryLock};
use crate::clock::Deadline;
use crate::error::Failure;
use crate::fetch::MfaPrompt;
use crate::token::Freshness;

/// How often a waiting process looks again: soon at first, then at this interval.
const MAX_POLL: Duration = Duration::from_millis(20);

/// The outcome of trying to become the process that fetches.
pub(super) enum FetchTurn {
    /// This process fetches; it holds the lock, unless there are no locks here.
    Ours(Option<LockGuard>),
    /// Another process is still fetching, and the time to wait is over.
    InOtherProcess,
    /// Another process fetched this token.
    Served(TokenRecord),
    /// Another process tried under the same circumstances, and failed.
    Failed(Failure),
}

impl TokenLookup<'_, '_> {
    /// Takes the lock, or waits for the result of its holder. `known_serial` is that of the failure remembered before: a
    /// different one happened while we waited, and is our result too if it happened under the same circumstances.
    pub(super) fn fetch_turn(&mut self, known_serial: Option<u64>, max_wait: Duration) -> FetchTurn {
        let mut until = Deadline::within(self.context.clock, max_wait);
        let mut poll = Duration::from_millis(1);
        loop {
            let attempt = self.cache.try_lock(&self.key);
            if let TryLock::Unavailable(error) = attempt {
                if let Some(error) = error {
                    self.context.log.warn(format_args!("fetching without a lock: {error}: {}", error.source));
                }
                return FetchTurn::Ours(None);
            }
            // Whether we have the lock or another process still does: the fetch that we would repeat may have just ended.
            let clock = self.context.clock;
            if let Some(record) = self.cache.token(&self.key)
                && record.lifetime.by(clock).freshness(clock.now()) == Freshness::Fresh
                && self.is_wanted(&record)
            {
                return FetchTurn::Served(record);
            }
            if let Some(failure) = self.cache.failure(&self.key)
                && Some(failure.serial) != known_serial
                && failure.circumstances == self.circumstances()
            {
                return FetchTurn::Failed(failure.failure);
            }
            if let TryLock::Held(guard) = attempt {
                return FetchTurn::Ours(Some(guard));
            }
            // The call of a process that asks a person comes after the answer, and is waited for like any other.
            if !max_wait.is_zero() && self.is_prompt_open() {
                until = Deadline::within(self.context.clock, max_wait);
            }
            let left = until.left(self.context.clock);
            if left.is_zero() {
                return FetchTurn::InOtherProcess;
            }
            self.context.clock.sleep(poll.min(left));
            poll = (poll * 2).min(MAX_POLL);
        }
    }

    /// Takes the right to ask a person, if a code is needed; or waits until another process has asked.
    pub(super) fn prompt_turn(&mut self) -> (MfaPrompt, Option<LockGuard>) {
        if self.context.attendance == Attendance::Unattended {
            return (MfaPrompt::Unattended, None);
        }
        while self.needs_mfa_code() {
            match self.cache.try_lock_prompt() {
                // The code that we would ask for may have been typed just before.
                TryLock::Held(guard) if self.needs_mfa_code() => return (MfaPrompt::Allowed, Some(guard)),
                TryLock::Unavailable(_) => return (MfaPrompt::Allowed, None),
                TryLock::Held(_) | TryLock::Busy => {}
            }
            let left = self.prompt_deadline.left(self.context.clock);
            if left.is_zero() {
                return (MfaPrompt::InOtherProcess, None);
            }
            self.context.clock.sleep(MAX_POLL.min(left));
        }
        (MfaPrompt::Allowed, None)
    }

    /// Whether a code is needed and another process is asking for one, and not for too long yet.
    fn is_prompt_open(&self) -> bool {
        self.context.attendance == Attendance::Attended
            && !self.prompt_deadline.left(self.context.clock).is_zero()
            && self.needs_mfa_code()
            && matches!(self.cache.try_lock_prompt(), TryLock::Busy)
    }

    /// Whether a fetch would have to ask a person.
    pub(super) fn needs_mfa_code(&self) -> bool {
        self.context.source.needs_mfa_code(self.plan, self.context.clock.now())
    }
}
