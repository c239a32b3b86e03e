//! `get`: the password of a registry, from the cache if it will do, else from AWS.
//!
//! One way through: request → registry → scope → cache → (lock → AWS → cache) → answer. Whoever needs a token that somebody
//! else is fetching waits for it, with a limit; whoever has a stale one meanwhile serves it. Where a role wants a code, one
//! process at a time asks the person for it, and only without any token left.

use std::fmt;
use std::io;
use std::time::Duration;

use super::{Status, World, destination, foreign};
use crate::cache::{Cache, LockGuard, RememberedFailure, TokenRecord, TryLock};
use crate::clock::Deadline;
use crate::error::{Failure, FailureKind, Reply};
use crate::fetch::{FetchedToken, MfaPrompt, OnInterrupt, TokenRequest};
use crate::identity::{CachePolicy, CredentialPlan};
use crate::log::{Level, Log};
use crate::protocol::{Action, Request, Sentence, write_credentials};
use crate::rules::{Destination, Target};
use crate::scope::{CacheKey, Scope};
use crate::settings::{self, AwsSettings, Options, RegistrySettings, RulesFile};
use crate::token::{AuthorizationToken, Freshness, Lifetime, Spread};

/// With a stale token in hand nobody has to wait long for a newer one.
const REFRESH_LIMIT: Duration = Duration::from_secs(5);

/// How long a failed refresh keeps the next ones from trying, while the stale token is served.
const REFRESH_PAUSE: Duration = Duration::from_mins(1);

/// How long a person whom another process asks for a code is waited for, from the start of ours.
const LONGEST_ANSWER: Duration = Duration::from_mins(2);

/// How often a waiting process looks whether it still has to: soon at first, then at this interval.
const LONGEST_POLL: Duration = Duration::from_millis(20);

pub(super) fn get(world: &mut World<'_>) -> io::Result<Status> {
    let asked = Request::read(world.stdin).and_then(|request| Ok((request.server_url()?, request)));
    let (server_url, request) = match asked {
        Ok(asked) => asked,
        Err(bad) => return world.refuse(&bad),
    };
    let file = RulesFile::read(world.env);
    let rules = file.rules();
    let target = match (destination(&rules, &server_url), &rules) {
        (Destination::Ecr(target), _) => target,
        (Destination::Helper(helper), _) => {
            return foreign::pass_on(world, helper, Action::Get, &server_url, &request);
        }
        (Destination::Nowhere, Ok(_)) => return world.say(Sentence::NotFound),
        (Destination::Nowhere, Err(failure)) => return foreign::not_found(world, &server_url, failure),
    };
    match password(world, &target, rules.as_ref().err()) {
        Ok(token) => {
            let answered = write_credentials(world.stdout, &server_url, token.username(), token.password());
            // The process ends here, and the system wipes its memory before anybody else gets it.
            std::mem::forget(token);
            answered.map(|()| Status::Success)
        }
        Err(failure) => {
            let strictness = settings::strictness(world.env);
            world.tell(&Reply::to(&failure, target.host(), target.service(), strictness))
        }
    }
}

/// `mistake` is one in the rules: what they say of this registry isn't known then.
fn password(
    world: &mut World<'_>,
    target: &Target<'_>,
    mistake: Option<&Failure>,
) -> Result<AuthorizationToken, Failure> {
    let mut log = Log::open(world.env)?;
    let token = mistake.map_or(Ok(()), |mistake| Err(mistake.clone())).and_then(|()| {
        let switches = Options::read(world.env)?;
        let settings = AwsSettings::read(world.env);
        let view = settings.view(target)?;
        let (scope, plan) = view.scope()?;
        Get::new(world, &mut log, target, &scope, &plan, &switches).token(&view)
    });
    if let Err(failure) = &token {
        let event = format_args!("get {}: {}", target.host(), whole(failure));
        log.write(world.stderr, world.clock, Level::Error, event);
    }
    token
}

/// One `get` under way.
struct Get<'a, 'w> {
    world: &'a mut World<'w>,
    log: &'a mut Log,
    target: &'a Target<'a>,
    scope: &'a Scope,
    plan: &'a CredentialPlan,
    key: CacheKey,
    cache: Cache,
    /// How long to wait for somebody else's fetch: half of the whole, so that there is time for one of our own.
    patience: Duration,
    /// When the whole of it must have ended, but for the time that a person takes.
    end: Deadline,
    /// When a person who is asked by another process has had their time.
    answer: Deadline,
}

/// Who is to fetch.
enum Turn {
    /// We are; with the lock, unless there are no locks here.
    Ours(Option<LockGuard>),
    /// Somebody else is still at it, and our patience has run out.
    Elsewhere,
    /// Somebody else did.
    Served(TokenRecord),
    /// Somebody else tried, and failed.
    Failed(Failure),
}

impl<'a, 'w> Get<'a, 'w> {
    fn new(
        world: &'a mut World<'w>,
        log: &'a mut Log,
        target: &'a Target<'a>,
        scope: &'a Scope,
        plan: &'a CredentialPlan,
        switches: &Options,
    ) -> Self {
        let end = Deadline::within(world.clock, switches.timeout);
        let answer = Deadline::within(world.clock, LONGEST_ANSWER);
        let directory =
            switches.cache_directory.as_deref().filter(|_| scope.identity.cache_policy != CachePolicy::Never);
        let (cache, unfit) = Cache::open(directory);
        let patience = switches.timeout / 2;
        let mut get = Self { world, log, target, scope, plan, key: scope.key(), cache, patience, end, answer };
        if let Some(unfit) = unfit {
            get.log(Level::Warn, format_args!("the cache is not used: {unfit}"));
        }
        for rule in target.rules() {
            let (place, registry) = (target.place_of(rule), target.registry().host());
            get.log(Level::Debug, format_args!("asked for as {registry} by the rule at {place}"));
        }
        get
    }

    fn token(mut self, view: &RegistrySettings<'_>) -> Result<AuthorizationToken, Failure> {
        let cached = self.cached();
        let stale = match cached {
            Some((record, Freshness::Fresh)) => return Ok(self.hit(record)),
            Some((record, Freshness::Stale)) => Some(record),
            Some((_, Freshness::Expired)) | None => None,
        };
        let known = self.cache.failure(&self.key);
        let known_serial = known.as_ref().map(|failure| failure.serial);
        if let Some(failure) = known.and_then(|failure| failure.counting_at(self.world.clock.now())) {
            self.log(Level::Info, format_args!("not asked again so soon after {:?}", failure.kind));
            return self.make_do(stale).ok_or(failure);
        }
        if let Err(unfit) = self.cache.prepare() {
            self.log(Level::Warn, format_args!("the cache is not used: {unfit}"));
        }
        let patience = if stale.is_some() { Duration::ZERO } else { self.patience };
        let guard = match self.take_turn(known_serial, patience) {
            Turn::Served(record) => return Ok(self.hit(record)),
            Turn::Failed(failure) => return self.make_do(stale).ok_or(failure),
            Turn::Ours(guard) => guard,
            Turn::Elsewhere if stale.is_some() => return self.make_do(stale).ok_or_else(too_late),
            Turn::Elsewhere => {
                self.log(Level::Warn, format_args!("waited {patience:?} for another process; asking without the lock"));
                None
            }
        };
        match self.fetch(view, stale.is_some(), guard.as_ref()) {
            Ok(token) => {
                self.keep(&token, stale);
                Ok(token)
            }
            Err(failure) => {
                self.remember(&failure, stale.as_ref());
                self.make_do(stale).ok_or(failure)
            }
        }
    }

    /// What is cached, and what its lifetime says now.
    fn cached(&mut self) -> Option<(TokenRecord, Freshness)> {
        let record = self.cache.token(&self.key);
        let freshness = record.as_ref().map(|record| record.lifetime.freshness(self.world.clock.now()));
        let (key, source) = (self.key, &self.plan.source);
        match &record {
            Some(TokenRecord { lifetime: Lifetime { refresh, end, .. }, .. }) => self.log(
                Level::Debug,
                format_args!("cached {key} for {source}: {freshness:?}, refresh at {refresh}, end at {end}"),
            ),
            None => self.log(Level::Debug, format_args!("nothing cached {key} for {source}")),
        }
        record.zip(freshness)
    }

    /// Serves a cached token, and sees to it that `list` knows this host.
    fn hit(&mut self, mut record: TokenRecord) -> AuthorizationToken {
        self.log(Level::Info, format_args!("served from the cache"));
        if record.note_host(self.target.host())
            && let TryLock::Held(_guard) = self.cache.try_lock(&self.key)
            && let Some(mut latest) = self.cache.token(&self.key)
            && latest.note_host(self.target.host())
            && let Err(error) = self.cache.amend(&self.key, &latest)
        {
            self.log(Level::Debug, format_args!("{error}: {}", error.source));
        }
        record.token
    }

    /// Serves a stale token, unless it ended meanwhile.
    fn make_do(&mut self, stale: Option<TokenRecord>) -> Option<AuthorizationToken> {
        let record = stale.filter(|record| record.lifetime.freshness(self.world.clock.now()) != Freshness::Expired)?;
        self.log(Level::Warn, format_args!("served a stale token, valid until {}", record.lifetime.end));
        Some(record.token)
    }

    /// Takes the lock, or waits for what its holder comes back with. `known_serial` is that of the failure remembered
    /// before: another one happened while we waited and is ours too.
    fn take_turn(&mut self, known_serial: Option<u64>, patience: Duration) -> Turn {
        let mut until = Deadline::within(self.world.clock, patience);
        let mut poll = Duration::from_millis(1);
        loop {
            let attempt = self.cache.try_lock(&self.key);
            if let TryLock::Unavailable(error) = attempt {
                if let Some(error) = error {
                    self.log(Level::Warn, format_args!("asking without a lock: {error}: {}", error.source));
                }
                return Turn::Ours(None);
            }
            // Whether it's ours now or still somebody's: the fetch that we would repeat may just have ended.
            let now = self.world.clock.now();
            if let Some(record) = self.cache.token(&self.key)
                && record.lifetime.freshness(now) == Freshness::Fresh
            {
                return Turn::Served(record);
            }
            if let Some(failure) = self.cache.failure(&self.key)
                && Some(failure.serial) != known_serial
            {
                return Turn::Failed(failure.failure);
            }
            if let TryLock::Held(guard) = attempt {
                return Turn::Ours(Some(guard));
            }
            // The call of whoever asks a person comes after the answer, and is waited for as any other.
            if !patience.is_zero() && self.somebody_is_asked() {
                until = Deadline::within(self.world.clock, patience);
            }
            let left = until.left(self.world.clock);
            if left.is_zero() {
                return Turn::Elsewhere;
            }
            self.world.clock.sleep(poll.min(left));
            poll = (poll * 2).min(LONGEST_POLL);
        }
    }

    /// Whether we need a code, and another process is asking for one, and hasn't been for too long.
    fn somebody_is_asked(&self) -> bool {
        !self.answer.left(self.world.clock).is_zero()
            && self.needs_code()
            && matches!(self.cache.try_lock_question(), TryLock::Busy)
    }

    fn needs_code(&self) -> bool {
        self.world.source.needs_mfa_code(self.plan, self.world.clock.now())
    }

    /// Takes the right to ask a person, if that is needed; or waits for what another process gets to hear.
    fn person(&mut self) -> (MfaPrompt, Option<LockGuard>) {
        while self.needs_code() {
            match self.cache.try_lock_question() {
                // The code that we would ask for may have been typed just before.
                TryLock::Held(guard) if self.needs_code() => return (MfaPrompt::Allowed, Some(guard)),
                TryLock::Unavailable(_) => return (MfaPrompt::Allowed, None),
                TryLock::Held(_) | TryLock::Busy => {}
            }
            let left = self.answer.left(self.world.clock);
            if left.is_zero() {
                return (MfaPrompt::InOtherProcess, None);
            }
            self.world.clock.sleep(LONGEST_POLL.min(left));
        }
        (MfaPrompt::Allowed, None)
    }

    fn fetch(
        &mut self,
        view: &RegistrySettings<'_>,
        stale_in_hand: bool,
        guard: Option<&LockGuard>,
    ) -> Result<AuthorizationToken, Failure> {
        // Another process has had half of it, at most; a person is given what they need.
        let left = self.end.left(self.world.clock).max(self.patience);
        let access = view.access()?;
        let (prompt, _turn) = if stale_in_hand { (MfaPrompt::Suppressed, None) } else { self.person() };
        let started = self.world.clock.elapsed();
        let fetched = self.world.source.fetch(TokenRequest {
            scope: self.scope,
            plan: self.plan,
            access,
            prompt,
            now: self.world.clock.now(),
            limit: if stale_in_hand { left.min(REFRESH_LIMIT) } else { left },
            on_interrupt: OnInterrupt::new(&|| guard.into_iter().for_each(LockGuard::discard)),
        });
        let took = self.world.clock.elapsed().saturating_sub(started).as_millis();
        match fetched {
            Ok(FetchedToken { token, access_key_id, request_id, warning }) => {
                if let Some(warning) = warning {
                    self.log(Level::Warn, format_args!("{warning}"));
                }
                let (source, request_id) = (&self.plan.source, request_id.as_deref().unwrap_or("none"));
                self.log(
                    Level::Info,
                    format_args!(
                        "fetched in {took} ms with {access_key_id} of {source}, valid until {} (request ID {request_id})",
                        token.expires_at()
                    ),
                );
                Ok(token)
            }
            Err(failure) => {
                self.log(Level::Warn, format_args!("failed after {took} ms: {}", whole(&failure)));
                Err(failure)
            }
        }
    }

    /// Keeps a token just received, if there is time left to use it again.
    fn keep(&mut self, token: &AuthorizationToken, former: Option<TokenRecord>) {
        let CachePolicy::Cached(reuse) = self.scope.identity.cache_policy else { return };
        let now = self.world.clock.now();
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a random number are random")]
        let spread = Spread::from_random((self.world.random)() as u32);
        let lifetime = Lifetime::starting(now, token.expires_at(), reuse, spread);
        if lifetime.end <= now {
            self.log(Level::Warn, format_args!("not kept: by this clock the token ended at {}", lifetime.end));
            return;
        }
        let mut record = TokenRecord {
            place: self.scope.api.clone(),
            hosts: former.map(|former| former.hosts).unwrap_or_default(),
            lifetime,
            token: token.clone(),
        };
        record.note_host(self.target.host());
        if let Err(error) = self.cache.keep(&self.key, &record, now) {
            self.log(Level::Warn, format_args!("not kept: {error}: {}", error.source));
        }
    }

    /// Leaves a failure to those who wait for this fetch; and, where it counts longer, to those who come next.
    fn remember(&mut self, failure: &Failure, stale: Option<&TokenRecord>) {
        let at = self.world.clock.now();
        let until = match stale {
            Some(record) => at.after(failure.remembered_for().max(REFRESH_PAUSE)).min(record.lifetime.end),
            None => at.after(failure.remembered_for()),
        };
        let place = self.scope.api.clone();
        let remembered =
            RememberedFailure { place, serial: (self.world.random)(), at, until, failure: failure.clone() };
        if let Err(error) = self.cache.remember(&self.key, &remembered) {
            self.log(Level::Debug, format_args!("{error}: {}", error.source));
        }
    }

    fn log(&mut self, level: Level, event: fmt::Arguments<'_>) {
        let host = self.target.host();
        self.log.write(self.world.stderr, self.world.clock, level, format_args!("get {host}: {event}"));
    }
}

/// A failure as the operator wants to see it.
fn whole(failure: &Failure) -> String {
    let Failure { kind, detail, chain, request_id } = failure;
    let said = if chain.is_empty() { detail } else { chain };
    format!("{kind:?}: {said} (request ID {})", request_id.as_deref().unwrap_or("none"))
}

/// The stale token ended in the moment between looking at it and serving it.
fn too_late() -> Failure {
    Failure::new(FailureKind::TimedOut, "another process is fetching the token; try again")
}
