//! `get`: the password of a registry, from the cache if it will do, else from AWS.
//!
//! One way through: request → registry → scope → cache → (lock → AWS → cache) → answer. Whoever needs a token that somebody
//! else is fetching waits for it, with a limit; whoever has a stale one meanwhile serves it.

use std::fmt;
use std::io;
use std::time::Duration;

use super::{Status, World, registry_of};
use crate::cache::{Attempt, Cache, Guard, Place, RememberedFailure, TokenRecord};
use crate::clock::Deadline;
use crate::error::{Failure, FailureKind, Reply};
use crate::log::{Level, Log};
use crate::protocol::{Sentence, read_server_url, write_credentials};
use crate::registry::Registry;
use crate::scope::{CacheKey, Cleanup, Fetched, Keeping, Scope, TokenRequest};
use crate::settings::{self, AwsSettings, Switches};
use crate::token::{AuthorizationToken, Freshness, Lifetime, Spread};

/// With a stale token in hand nobody has to wait long for a newer one.
const REFRESH_LIMIT: Duration = Duration::from_secs(5);

/// How long a failed refresh keeps the next ones from trying, while the stale token is served.
const REFRESH_PAUSE: Duration = Duration::from_mins(1);

/// How often a waiting process looks whether it still has to: soon at first, then at this interval.
const LONGEST_POLL: Duration = Duration::from_millis(20);

pub(super) fn get(world: &mut World<'_>) -> io::Result<Status> {
    let server_url = match read_server_url(world.stdin) {
        Ok(server_url) => server_url,
        Err(bad) => return world.refuse(&bad),
    };
    let Some(registry) = registry_of(&server_url) else {
        return world.say(Sentence::NotFound);
    };
    match password(world, &registry) {
        Ok(token) => {
            write_credentials(world.stdout, &server_url, token.username(), token.password())?;
            Ok(Status::Success)
        }
        Err(failure) => {
            let Reply { stdout, stderr } = Reply::to(&failure, &registry, settings::strictness(world.env));
            if let Some(sentence) = stderr {
                // One write, and no matter of the client's: a closed stderr keeps no answer from it.
                let _ = world.stderr.write_all(format!("{sentence}\n").as_bytes());
            }
            match stdout {
                Some(sentence) => writeln!(world.stdout, "{sentence}")?,
                None => writeln!(world.stdout, "{}", Sentence::NotFound)?,
            }
            Ok(Status::Failure)
        }
    }
}

fn password(world: &mut World<'_>, registry: &Registry) -> Result<AuthorizationToken, Failure> {
    let mut log = Log::open(world.env)?;
    let token = Switches::read(world.env).and_then(|switches| {
        let settings = AwsSettings::read(world.env);
        let scope = settings.scope(registry)?;
        Get::new(world, &mut log, registry, &scope, &switches).token(&settings)
    });
    if let Err(failure) = &token {
        let event = format_args!("get {}: {}", registry.host(), whole(failure));
        log.write(world.stderr, world.clock, Level::Error, event);
    }
    token
}

/// One `get` under way.
struct Get<'a, 'w> {
    world: &'a mut World<'w>,
    log: &'a mut Log,
    registry: &'a Registry,
    scope: &'a Scope,
    key: CacheKey,
    cache: Cache,
    /// How long to wait for somebody else's fetch: half of the whole, so that there is time for one of our own.
    patience: Duration,
    /// When the whole of it must have ended.
    end: Deadline,
}

/// Who is to fetch.
enum Turn {
    /// We are; with the lock, unless there are no locks here.
    Ours(Option<Guard>),
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
        registry: &'a Registry,
        scope: &'a Scope,
        switches: &Switches,
    ) -> Self {
        let end = Deadline::within(world.clock, switches.timeout);
        let directory = switches.cache_directory.as_deref().filter(|_| scope.identity.keeping != Keeping::Never);
        let (cache, unfit) = Cache::open(directory);
        let patience = switches.timeout / 2;
        let mut get = Self { world, log, registry, scope, key: scope.key(), cache, patience, end };
        if let Some(unfit) = unfit {
            get.log(Level::Warn, format_args!("the cache is not used: {unfit}"));
        }
        get
    }

    fn token(mut self, settings: &AwsSettings<'_>) -> Result<AuthorizationToken, Failure> {
        let cached = self.cached();
        let stale = match cached {
            Some((record, Freshness::Fresh)) => return Ok(self.hit(record)),
            Some((record, Freshness::Stale)) => Some(record),
            Some((_, Freshness::Over)) | None => None,
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
        match self.fetch(settings, stale.is_some(), guard.as_ref()) {
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
        let (key, source) = (self.key, &self.scope.identity.source);
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
        if record.note_host(self.registry.host())
            && let Attempt::Held(_guard) = self.cache.try_lock(&self.key)
            && let Some(mut latest) = self.cache.token(&self.key)
            && latest.note_host(self.registry.host())
            && let Err(error) = self.cache.amend(&self.key, &latest)
        {
            self.log(Level::Debug, format_args!("{error}: {}", error.source));
        }
        record.token
    }

    /// Serves a stale token, unless it ended meanwhile.
    fn make_do(&mut self, stale: Option<TokenRecord>) -> Option<AuthorizationToken> {
        let record = stale.filter(|record| record.lifetime.freshness(self.world.clock.now()) != Freshness::Over)?;
        self.log(Level::Warn, format_args!("served a stale token, valid until {}", record.lifetime.end));
        Some(record.token)
    }

    /// Takes the lock, or waits for what its holder comes back with. `known_serial` is that of the failure remembered
    /// before: another one happened while we waited and is ours too.
    fn take_turn(&mut self, known_serial: Option<u64>, patience: Duration) -> Turn {
        let patience = Deadline::within(self.world.clock, patience);
        let mut poll = Duration::from_millis(1);
        loop {
            let attempt = self.cache.try_lock(&self.key);
            if let Attempt::Unavailable(error) = attempt {
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
            if let Attempt::Held(guard) = attempt {
                return Turn::Ours(Some(guard));
            }
            let left = patience.left(self.world.clock);
            if left.is_zero() {
                return Turn::Elsewhere;
            }
            self.world.clock.sleep(poll.min(left));
            poll = (poll * 2).min(LONGEST_POLL);
        }
    }

    fn fetch(
        &mut self,
        settings: &AwsSettings<'_>,
        stale_in_hand: bool,
        guard: Option<&Guard>,
    ) -> Result<AuthorizationToken, Failure> {
        let left = self.end.left(self.world.clock);
        let texts = settings.profile_texts();
        let route = settings.route()?;
        let started = self.world.clock.elapsed();
        let fetched = self.world.source.fetch(TokenRequest {
            scope: self.scope,
            config: &texts.config,
            credentials: &texts.credentials,
            route: &route,
            limit: if stale_in_hand { left.min(REFRESH_LIMIT) } else { left },
            redactor: settings.redactor(),
            cleanup: Cleanup::new(&|| guard.into_iter().for_each(Guard::discard)),
        });
        let took = self.world.clock.elapsed().saturating_sub(started).as_millis();
        match fetched {
            Ok(Fetched { token, access_key_id, request_id }) => {
                let (source, request_id) = (&self.scope.identity.source, request_id.as_deref().unwrap_or("none"));
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
        let Keeping::Cached(reuse) = self.scope.identity.keeping else { return };
        let now = self.world.clock.now();
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a random number are random")]
        let spread = Spread::from_random((self.world.random)() as u32);
        let lifetime = Lifetime::starting(now, token.expires_at(), reuse, spread);
        if lifetime.end <= now {
            self.log(Level::Warn, format_args!("not kept: by this clock the token ended at {}", lifetime.end));
            return;
        }
        let mut record = TokenRecord {
            place: Place::of(self.scope),
            hosts: former.map(|former| former.hosts).unwrap_or_default(),
            lifetime,
            token: token.clone(),
        };
        record.note_host(self.registry.host());
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
        let place = Place::of(self.scope);
        let remembered =
            RememberedFailure { place, serial: (self.world.random)(), at, until, failure: failure.clone() };
        if let Err(error) = self.cache.remember(&self.key, &remembered) {
            self.log(Level::Debug, format_args!("{error}: {}", error.source));
        }
    }

    fn log(&mut self, level: Level, event: fmt::Arguments<'_>) {
        let host = self.registry.host();
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
