//! What a request for a token would do now. It asks the same questions in the same order as the request, but takes no
//! lock, changes no file, and asks neither AWS nor a person.

use super::{Context, TokenLookup};
use crate::aws::RegistrySettings;
use crate::cache::RememberedFailure;
use crate::clock::Deadline;
use crate::error::{Failure, FailureKind};
use crate::identity::{Base, CachePolicy, CredentialPlan};
use crate::rules::Target;
use crate::scope::Scope;
use crate::token::{Freshness, Lifetime};

/// The state of a token, and what a request for it would do.
#[derive(Debug)]
pub(crate) struct Outlook {
    /// The cached token.
    pub(crate) token: Option<(Lifetime, Freshness)>,
    /// The failure that is remembered and counts for this process.
    pub(crate) failure: Option<RememberedFailure>,
    /// Whether the result of a fetch may be cached.
    pub(crate) is_cached: bool,
    pub(crate) next: Next,
}

/// What a request would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It serves the cached token, which is fresh.
    Serve,
    /// It fetches a token, and serves the stale one if that fails or another process is at it.
    Refresh,
    /// It fetches a token.
    Fetch,
    /// It fetches a token, and asks a person for an MFA code.
    AskAndFetch,
    /// It serves the stale token, since a fetch would fail for this reason.
    ServeStale(Failure),
    /// It fails.
    Fail(Failure),
}

/// Looks ahead. The log of the context should be off.
pub(crate) fn outlook(
    context: &mut Context<'_>,
    target: &Target,
    settings: &RegistrySettings<'_>,
    scope: &Scope,
    plan: &CredentialPlan,
) -> Outlook {
    let deadline = Deadline::within(context.clock, context.options.timeout);
    TokenLookup::new(context, target, settings, scope, plan, deadline).outlook()
}

impl TokenLookup<'_, '_> {
    fn outlook(mut self) -> Outlook {
        let now = self.context.clock.now();
        let token = self.cached().map(|(record, freshness)| (record.lifetime, freshness));
        let known = self.cache.failure(&self.key);
        let known = known.filter(|failure| failure.circumstances == self.circumstances());
        let is_stale = matches!(token, Some((_, Freshness::Stale)));
        let counting = |failure: RememberedFailure| {
            if is_stale { failure.counting_at(now) } else { failure.counting_without_token_at(now) }
        };
        let failure = known.filter(|failure| counting(failure.clone()).is_some());
        let next = match token {
            Some((_, Freshness::Fresh)) => Next::Serve,
            Some((_, Freshness::Stale)) => match self.obstacle(failure.as_ref()) {
                Some(obstacle) => Next::ServeStale(obstacle),
                None => self.code_required().map_or(Next::Refresh, Next::ServeStale),
            },
            Some((_, Freshness::Expired)) | None => match self.obstacle(failure.as_ref()) {
                Some(obstacle) => Next::Fail(obstacle),
                None => self.code_required().map_or(Next::Fetch, |_| Next::AskAndFetch),
            },
        };
        let is_cached =
            self.context.options.cache_dir.is_some() && self.scope.identity.cache_policy != CachePolicy::Never;
        Outlook { token, failure, is_cached, next }
    }

    /// Why a fetch would fail before AWS is asked.
    fn obstacle(&self, remembered: Option<&RememberedFailure>) -> Option<Failure> {
        let nothing = matches!(self.plan.base, Base::Nothing);
        remembered
            .map(|remembered| remembered.failure.clone())
            .or_else(|| self.settings.access().err())
            .or_else(|| self.context.source.ended_session(self.plan, self.context.clock.now()))
            .or_else(|| nothing.then(|| Failure::new(FailureKind::NoCredentials, self.plan.notes.join("; "))))
    }

    /// Whether a person would have to type a code, as the failure if nobody does.
    fn code_required(&self) -> Option<Failure> {
        let is_required = self.context.source.needs_mfa_code(self.plan, self.context.clock.now());
        let role = self.plan.roles.iter().rev().find(|role| role.mfa.is_some()).filter(|_| is_required)?;
        Some(Failure::new(FailureKind::MfaRequired { profile: role.name().to_owned() }, ""))
    }
}
