//! What a fetch leaves in the cache: a token, or a failure for those who would only fail again.

use std::time::Duration;

use super::TokenLookup;
use crate::cache::{LastErasure, RememberedFailure, TokenRecord};
use crate::error::{Failure, FailureKind};
use crate::identity::CachePolicy;
use crate::token::{AuthorizationToken, Lifetime, MaxAge, Spread};

/// After a failed refresh, the stale token is served for this long before the next attempt.
const REFRESH_PAUSE: Duration = Duration::from_mins(1);

impl TokenLookup<'_, '_> {
    /// How long a token just received may be used.
    pub(super) fn lifetime_of(&self, token: &AuthorizationToken) -> Lifetime {
        let max_age = match self.scope.identity.cache_policy {
            CachePolicy::Cached(max_age) => max_age,
            // Nothing is cached here; a client that caches must not do so for longer than we would.
            CachePolicy::Never => MaxAge::OneHour,
        };
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a random number are random")]
        let spread = Spread::from_random((self.context.random)() as u32);
        let clock = self.context.clock;
        Lifetime::starting(clock.now(), token.expires_at(), max_age, spread).noted_by(clock)
    }

    /// Caches a token just received, if any of its life is left.
    pub(super) fn store(&mut self, token: &AuthorizationToken, lifetime: Lifetime, erasure: LastErasure) {
        if self.scope.identity.cache_policy == CachePolicy::Never {
            return;
        }
        let now = self.context.clock.now();
        if lifetime.expires <= now {
            let expired = format_args!("not cached: by this clock the token expired at {}", lifetime.expires);
            self.context.log.warn(expired);
            return;
        }
        let mut hosts = self.cache.hosts(&self.key);
        hosts.note(self.target.host(), now);
        let record = TokenRecord { api: self.scope.api.clone(), hosts, lifetime, token: token.clone() };
        if let Err(error) =
            self.cache.store(&self.key, &record, &self.plan.identity_name(), erasure, self.context.clock)
        {
            self.context.log.warn(format_args!("not cached: {error}: {}", error.source));
        }
    }

    /// Leaves a failure to the processes that wait for this fetch and, if it counts longer, to later ones.
    pub(super) fn record_failure(&mut self, failure: &Failure, stale: Option<&TokenRecord>, erasure: LastErasure) {
        // A limit of this process says nothing about the others.
        if failure.kind == FailureKind::Refused {
            return;
        }
        let at = self.context.clock.now();
        let until = match stale {
            _ if self.cache.last_erasure(&self.scope.api).is_after(erasure) => at,
            Some(record) => at
                .after(failure.remembered_for().max(REFRESH_PAUSE))
                .min(record.lifetime.by(self.context.clock).expires),
            None => at.after(failure.remembered_for()),
        };
        let circumstances = self.circumstances();
        let (api, serial, failure) = (self.scope.api.clone(), (self.context.random)(), failure.clone());
        let identity = Some(self.plan.identity_name());
        let remembered = RememberedFailure { api, serial, circumstances, at, until, identity, failure };
        if let Err(error) = self.cache.record_failure(&self.key, &remembered) {
            self.context.log.debug(format_args!("{error}: {}", error.source));
        }
    }
}
