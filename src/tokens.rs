//! The policy that gets one authorization token for one registry: cached, fetched once, and refreshed in time.
//!
//! It knows no protocol, so that each of them can ask it: target → settings → scope → cache → (lock → AWS → cache) → token.
//! A process that needs a token that another process is fetching waits for it, with a limit; if it has a stale token, it
//! serves that one at once. Where a role needs an MFA code, one process at a time asks for it, if no token is left at all.

mod cached;
mod circumstances;
mod context;
mod exchange;
mod outcome;
mod outlook;
#[cfg(test)]
mod tests;
mod turn;

use std::time::Duration;

pub(crate) use self::cached::{erase, known_hosts, target_of};
pub(crate) use self::context::{Attendance, Context, Served, Wanted};
pub(crate) use self::exchange::exchange;
pub(crate) use self::outlook::{Next, outlook};
use self::turn::FetchTurn;
use crate::aws::{AwsSettings, RegistrySettings};
use crate::cache::{Cache, LockGuard, TokenRecord, TryLock};
use crate::clock::{Deadline, Timestamp};
use crate::error::{Failure, FailureKind};
use crate::fetch::{FetchedToken, MfaPrompt, OnInterrupt, TokenRequest};
use crate::identity::{CachePolicy, CredentialPlan};
use crate::rules::Target;
use crate::scope::{CacheKey, Scope};
use crate::token::{AuthorizationToken, Freshness, Lifetime};

/// The limit of a fetch while a stale token can be served.
const REFRESH_LIMIT: Duration = Duration::from_secs(5);

/// How long to wait, from our start, while another process asks a person for an MFA code.
const PROMPT_LIMIT: Duration = Duration::from_mins(2);

/// Gets the token of a registry.
/// Error: there is no token; the failure says why and what to do.
pub(crate) fn token(context: &mut Context<'_>, target: &Target) -> Result<Served, Failure> {
    let deadline = Deadline::within(context.clock, context.options.timeout);
    let settings = AwsSettings::read(context.env);
    let settings = settings.for_target(target)?;
    let (scope, plan) = settings.resolve()?;
    for note in &plan.notes {
        context.log.warn(format_args!("{note}"));
    }
    TokenLookup::new(context, target, &settings, &scope, &plan, deadline).token()
}

/// One token being looked up.
struct TokenLookup<'l, 'w> {
    context: &'l mut Context<'w>,
    target: &'l Target,
    settings: &'l RegistrySettings<'l>,
    scope: &'l Scope,
    plan: &'l CredentialPlan,
    key: CacheKey,
    cache: Cache,
    /// What a failure depends on besides the key, once it was needed.
    circumstances: Option<u64>,
    /// How long to wait for another process's fetch: half of the limit, so that there is time for one of our own.
    max_wait: Duration,
    /// When all of it must have ended, without the time that a person takes to type.
    deadline: Deadline,
    /// When to stop waiting for a code that another process asks for.
    prompt_deadline: Deadline,
    /// When the request came.
    started: Timestamp,
}

impl<'l, 'w> TokenLookup<'l, 'w> {
    fn new(
        context: &'l mut Context<'w>,
        target: &'l Target,
        settings: &'l RegistrySettings<'l>,
        scope: &'l Scope,
        plan: &'l CredentialPlan,
        deadline: Deadline,
    ) -> Self {
        let timeout = context.options.timeout;
        let prompt_deadline = Deadline::within(context.clock, PROMPT_LIMIT);
        let directory = match scope.identity.cache_policy {
            CachePolicy::Cached(_) => context.options.cache_dir.as_deref(),
            CachePolicy::Never => None,
        };
        let (cache, unusable) = Cache::open(directory, context.options.cache_encryption);
        if let Some(unusable) = unusable {
            context.log.warn(format_args!("the cache is not used: {unusable}"));
        }
        for rule in target.rules() {
            let (place, registry) = (target.location_of(rule), target.registry().host());
            context.log.debug(format_args!("the rule at {place} applies; the registry is {registry}"));
        }
        let (key, max_wait, started) = (scope.key(), timeout / 2, context.clock.now());
        Self {
            context,
            target,
            settings,
            scope,
            plan,
            key,
            cache,
            circumstances: None,
            max_wait,
            deadline,
            prompt_deadline,
            started,
        }
    }

    fn token(mut self) -> Result<Served, Failure> {
        let stale = match self.cached() {
            Some((record, Freshness::Fresh)) => return Ok(self.hit(record)),
            Some((record, Freshness::Stale)) => Some(record),
            Some((_, Freshness::Expired)) | None => None,
        };
        self.fetched(stale)
    }

    /// The token when none that is cached is fresh. Cold: the linker puts its code apart from that of a hit.
    #[cold]
    fn fetched(mut self, stale: Option<TokenRecord>) -> Result<Served, Failure> {
        let known = self.cache.failure(&self.key);
        let known_serial = known.as_ref().map(|failure| failure.serial);
        let known = known.filter(|failure| failure.circumstances == self.circumstances());
        let now = self.context.clock.now();
        let counting = known.and_then(|failure| match stale {
            Some(_) => failure.counting_at(now),
            None => failure.counting_without_token_at(now),
        });
        if let Some(failure) = counting.filter(|_| self.context.wanted == Wanted::Any) {
            self.context.log.info(format_args!("not retried so soon after {}", failure.kind.name()));
            return self.serve_stale(stale).ok_or(failure);
        }
        if let Err(unusable) = self.cache.prepare() {
            self.context.log.warn(format_args!("the cache is not used: {unusable}"));
        }
        let max_wait = if stale.is_some() { Duration::ZERO } else { self.max_wait };
        let guard = match self.fetch_turn(known_serial, max_wait) {
            FetchTurn::Served(record) => return Ok(self.hit(record)),
            FetchTurn::Failed(failure) => return self.serve_stale(stale).ok_or(failure),
            FetchTurn::Ours(guard) => guard,
            FetchTurn::InOtherProcess if stale.is_some() => {
                return self.serve_stale(stale).ok_or_else(expired_meanwhile);
            }
            FetchTurn::InOtherProcess => {
                let waited = format_args!("waited {max_wait:?} for another process; fetching without the lock");
                self.context.log.warn(waited);
                None
            }
        };
        // From here on an `erase` means the token that we fetch, too.
        let erasure = self.cache.last_erasure(&self.scope.api);
        match self.fetch(stale.is_some(), guard.as_ref()) {
            Ok(token) => {
                let lifetime = self.lifetime_of(&token);
                self.store(&token, lifetime, erasure);
                Ok(Served::new(token, lifetime))
            }
            Err(failure) => {
                self.record_failure(&failure, stale.as_ref(), erasure);
                self.serve_stale(stale).ok_or(failure)
            }
        }
    }

    /// The cached token that may be served, and how fresh it is now.
    fn cached(&mut self) -> Option<(TokenRecord, Freshness)> {
        let (key, source) = (self.key, &self.plan.source);
        if self.context.wanted == Wanted::New {
            self.context.log.debug(format_args!("a new token is wanted for {source}"));
            return None;
        }
        let Some(record) = self.cache.token(&self.key) else {
            self.context.log.debug(format_args!("no cached token {key} for {source}"));
            return None;
        };
        let lifetime = record.lifetime.by(self.context.clock);
        let freshness = lifetime.freshness(self.context.clock.now());
        let Lifetime { refresh, expires, .. } = lifetime;
        self.context.log.debug(format_args!(
            "cached token {key} for {source}: {freshness:?}, refresh at {refresh}, expires at {expires}"
        ));
        Some((record, freshness))
    }

    /// Serves a cached token, and notes this host for `list`, unless it has been noted within a day.
    fn hit(&mut self, mut record: TokenRecord) -> Served {
        self.context.log.info(format_args!("served from the cache"));
        let (host, now) = (self.target.host(), self.context.clock.now());
        if record.hosts.note(host, now)
            && let TryLock::Held(_guard) = self.cache.try_lock(&self.key)
            && let erasure = self.cache.last_erasure(&self.scope.api)
            && let Some(mut latest) = self.cache.token(&self.key)
            && latest.hosts.note(host, now)
            && let Err(error) =
                self.cache.amend(&self.key, &latest, &self.plan.identity_name(), erasure, self.context.clock)
        {
            self.context.log.debug(format_args!("{error}: {}", error.source));
        }
        Served::cached(record, self.context.clock)
    }

    /// Whether a token that another process has just cached answers the request.
    fn is_wanted(&self, record: &TokenRecord) -> bool {
        match self.context.wanted {
            Wanted::Any => true,
            Wanted::New => record.lifetime.received > self.started,
        }
    }

    /// Serves a stale token, unless it has expired meanwhile.
    fn serve_stale(&mut self, stale: Option<TokenRecord>) -> Option<Served> {
        let clock = self.context.clock;
        let served = Served::cached(stale?, clock);
        if served.lifetime.freshness(clock.now()) == Freshness::Expired {
            return None;
        }
        self.context.log.warn(format_args!("served a stale token, valid until {}", served.lifetime.expires));
        Some(served)
    }

    fn fetch(&mut self, has_stale: bool, guard: Option<&LockGuard>) -> Result<AuthorizationToken, Failure> {
        // Another process has had half of the time at most; a person takes what they need.
        let left = self.deadline.left(self.context.clock).max(self.max_wait);
        let access = self.settings.access()?;
        let (prompt, _prompt_lock) = if has_stale { (MfaPrompt::Suppressed, None) } else { self.prompt_turn() };
        let started = self.context.clock.elapsed();
        let fetched = self.context.source.fetch(TokenRequest {
            scope: self.scope,
            plan: self.plan,
            access,
            prompt,
            now: self.context.clock.now(),
            limit: if has_stale { left.min(REFRESH_LIMIT) } else { left },
            on_interrupt: OnInterrupt::new(&|| guard.into_iter().for_each(LockGuard::discard)),
        });
        let took = self.context.clock.elapsed().saturating_sub(started).as_millis();
        let log = &mut self.context.log;
        match fetched {
            Ok(FetchedToken { token, access_key_id, request_id, warning }) => {
                if let Some(warning) = warning {
                    log.warn(format_args!("{warning}"));
                }
                let (source, request_id) = (&self.plan.source, request_id.as_deref().unwrap_or("none"));
                let expires = token.expires_at();
                log.info(format_args!(
                    "fetched in {took} ms with {access_key_id} from {source}, valid until {expires} (request ID \
                     {request_id})"
                ));
                Ok(token)
            }
            Err(failure) => {
                log.warn(format_args!("failed after {took} ms: {}", failure.details()));
                Err(failure)
            }
        }
    }
}

/// The stale token expired between the look at it and its use.
fn expired_meanwhile() -> Failure {
    Failure::new(FailureKind::Timeout, "another process is fetching the token; try again")
}
