//! Three processes at one cache, in orders that a scheduler chooses: the real policy, cache and locks over a directory in
//! memory, each call of which is a step.
//!
//! Each schedule is made of its seed alone: which processes there are (`get` of one of two identities, or `erase`), what
//! the cache holds, how AWS answers, who is killed or stopped at which step, and who takes which step next. A schedule that
//! fails prints its seed; `ECR_LOGIN_SCHEDULES=SEED..=SEED cargo test --lib schedules` runs it again.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shuttle::rand::{Rng as _, RngCore as _, thread_rng};
use shuttle::scheduler::RandomScheduler;

use super::{Attendance, Context, Wanted, erase, token};
use crate::clock::{BootId, Clock, Timestamp};
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fetch::{ExchangeRequest, FetchedToken, RegistryToken, TokenRequest, TokenSource};
use crate::fs::in_memory::{Directory, Fate, Killed, Process};
use crate::log::Log;
use crate::options::{FileOptions, Options};
use crate::registry::Registry;
use crate::rules::Target;
use crate::secret::Secret;
use crate::token::AuthorizationToken;

const HOSTS: [&str; 2] =
    ["111122223333.dkr.ecr.eu-west-1.amazonaws.com", "444455556666.dkr.ecr.eu-west-1.amazonaws.com"];
const KEYS: [&str; 2] = ["AKIDONE", "AKIDTWO"];
const START: Duration = Duration::from_secs(1_000_000);
const LIFE: Duration = Duration::from_hours(12);

/// The limit of a `get` here, in seconds; half of it is spent waiting for another process at most.
const LIMIT: &str = "2";

/// Longer than anybody waits.
const TOO_LONG: Duration = Duration::from_secs(3);

/// How many schedules there are unless `ECR_LOGIN_SCHEDULES` says which; `.ci/run` asks for 100,000. Each of two tests runs
/// a half.
const SCHEDULES: u64 = 3_000;

/// What all processes of a schedule share, and none of them can see.
struct Stage {
    directory: Arc<Directory>,
    issued: Mutex<Vec<Issued>>,
    erasures: Mutex<Vec<[u64; 2]>>,
    /// Numbers all events in their order.
    events: AtomicU64,
    /// How many calls are still to fail.
    failing: AtomicU64,
    /// Whose calls have failed, and when.
    failures: Mutex<Vec<(&'static str, u64)>>,
    /// The calls that a process made although it had waited for one that failed.
    repeated: AtomicU64,
}

/// A token that AWS gave out.
#[derive(Clone, Copy)]
struct Issued {
    key: &'static str,
    /// The event of the call.
    called: u64,
    expires: Timestamp,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Get { key: &'static str, host: &'static str },
    Erase,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Served {
        fetched: bool,
    },
    Failed,
    Erased,
    /// Before it could serve what it had fetched, if it had.
    Killed {
        fetched: bool,
    },
}

/// A process of the operating system.
struct Actor<'s> {
    stage: &'s Stage,
    process: Arc<Process>,
    place: PathBuf,
    key: &'static str,
    fetched: Cell<bool>,
    slept: Cell<Duration>,
    /// The event when it began to wait.
    waits_since: Cell<Option<u64>>,
}

impl Clock for Actor<'_> {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.stage.directory.now().as_secs())
    }

    fn elapsed(&self) -> Duration {
        self.stage.directory.now()
    }

    fn uptime(&self) -> Option<Duration> {
        Some(self.stage.directory.now())
    }

    fn boot_id(&self) -> Option<BootId> {
        Some(BootId::from_number(1))
    }

    fn sleep(&self, span: Duration) {
        self.slept.set(self.slept.get() + span);
        self.waits_since.set(self.waits_since.get().or_else(|| Some(self.stage.event())));
        self.stage.directory.pass(span);
        shuttle::thread::yield_now();
        self.process.step(&self.stage.directory);
    }
}

impl TokenSource for Actor<'_> {
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        let called = self.stage.event();
        for _ in 0..thread_rng().gen_range(0..4) {
            self.process.step(&self.stage.directory);
        }
        if thread_rng().gen_ratio(1, 30) {
            // A signal ends it.
            request.on_interrupt.run();
            std::panic::resume_unwind(Box::new(Killed));
        }
        self.fetched.set(true);
        let has_waited_for = |failure: u64| self.waits_since.get().is_some_and(|since| since < failure);
        let mut failures = self.stage.failures.lock().expect("no holder panics");
        if failures.iter().any(|(key, failure)| *key == self.key && has_waited_for(*failure)) {
            self.stage.repeated.fetch_add(1, Ordering::SeqCst);
        }
        if self.stage.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            failures.push((self.key, self.stage.event()));
            return Err(Failure::new(FailureKind::ServerError, "not now"));
        }
        let expires = self.now().after(LIFE);
        let mut issued = self.stage.issued.lock().expect("no holder panics");
        issued.push(Issued { key: self.key, called, expires });
        let password = Secret::new(format!("password-{}", issued.len() - 1));
        let token = AuthorizationToken::new("AWS".to_owned(), password, expires).expect("two full parts");
        Ok(FetchedToken { token, access_key_id: self.key.to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, _: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        unreachable!("no process here asks for it")
    }
}

impl Stage {
    fn event(&self) -> u64 {
        self.events.fetch_add(1, Ordering::SeqCst)
    }

    fn calls(&self) -> usize {
        self.issued.lock().expect("no holder panics").len()
    }

    fn actor(&self, place: &str, key: &'static str, fate: Fate) -> Actor<'_> {
        let place = PathBuf::from(place);
        let process = self.directory.place(&place, fate);
        Actor {
            stage: self,
            process,
            place,
            key,
            fetched: Cell::default(),
            slept: Cell::default(),
            waits_since: Cell::default(),
        }
    }
}

impl Actor<'_> {
    /// Runs the process to its end, and checks what it served.
    fn run(&self, task: Task) -> End {
        let ended = catch_unwind(AssertUnwindSafe(|| match task {
            Task::Get { host, .. } => self.get(host),
            Task::Erase => self.erase(),
        }));
        ended.unwrap_or_else(|cause| {
            let is_killed = cause.is::<Killed>();
            if is_killed { End::Killed { fetched: self.fetched.get() } } else { std::panic::resume_unwind(cause) }
        })
    }

    fn with_context<T>(&self, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let env = Env::fixed([
            ("AWS_ECR_CACHE_DIR", self.place.to_str().expect("UTF-8")),
            ("AWS_ECR_TIMEOUT", LIMIT),
            ("AWS_ACCESS_KEY_ID", self.key),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_CONFIG_FILE", "/nowhere/config"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials"),
        ]);
        let (options, mut stderr) = (Options::read(&env, &FileOptions::default()), Vec::new());
        let log = Log::open(&options, &mut stderr, self, String::new());
        let random = || thread_rng().next_u64();
        let (attendance, wanted) = (Attendance::Attended, Wanted::Any);
        act(&mut Context { env: &env, clock: self, source: self, random, options: &options, log, attendance, wanted })
    }

    fn get(&self, host: &str) -> End {
        let started = self.stage.event();
        let target = Target::of(Registry::parse(host).expect("an ECR host"));
        let Ok(served) = self.with_context(|context| token(context, &target)) else { return End::Failed };
        let serial = served.token.password().expose().strip_prefix("password-").expect("one of ours");
        let serial: usize = serial.parse().expect("a number");
        let Issued { key, called, expires } = self.stage.issued.lock().expect("no holder panics")[serial];
        assert_eq!(key, self.key, "the token is another identity's");
        assert!(self.now() < expires.after(3 * TOO_LONG), "the token has expired");
        for [began, ended] in &*self.stage.erasures.lock().expect("no holder panics") {
            assert!(*ended > started || called > *began, "the token was erased");
        }
        End::Served { fetched: self.fetched.get() }
    }

    fn erase(&self) -> End {
        let began = self.stage.event();
        let api = Registry::parse(HOSTS[0]).expect("an ECR host").api;
        self.with_context(|context| erase(context, &api)).expect("the directory in memory removes what it is told to");
        let ended = self.stage.event();
        self.stage.erasures.lock().expect("no holder panics").push([began, ended]);
        End::Erased
    }
}

fn task() -> Task {
    if thread_rng().gen_ratio(1, 6) {
        return Task::Erase;
    }
    let other = usize::from(thread_rng().gen_ratio(1, 4));
    Task::Get { key: KEYS[other], host: HOSTS[usize::from(thread_rng().gen_ratio(1, 4))] }
}

/// Some process is killed or stopped in two of three schedules. One that an `erase` meets isn't stopped: where a process is
/// stopped while it holds the lock, the others go on without it, and that is another promise.
fn fate(with_erase: bool) -> Fate {
    let step = thread_rng().gen_range(1..60);
    match thread_rng().gen_range(0..10) {
        0 | 1 => Fate::IsKilled(step),
        2 if !with_erase => Fate::IsStopped(step, TOO_LONG),
        _ => Fate::Ends,
    }
}

/// One schedule.
fn run(locks: &Path) {
    let stage = Arc::new(Stage {
        directory: Directory::new(locks, START),
        issued: Mutex::default(),
        erasures: Mutex::default(),
        events: AtomicU64::new(0),
        failing: AtomicU64::new(0),
        failures: Mutex::default(),
        repeated: AtomicU64::new(0),
    });
    // What is there: nothing, or a token that is fresh, stale, expired or damaged.
    let before = thread_rng().gen_range(0..5);
    if before > 0 {
        let first = stage.actor("/in-memory/before", KEYS[0], Fate::Ends);
        first.run(Task::Get { key: KEYS[0], host: HOSTS[0] });
        let hours = [0, 0, 7, 13, 0][before];
        stage.directory.pass(Duration::from_hours(hours));
        if before == 4 {
            stage.directory.damage(".token");
        }
    }
    stage.failing.store(thread_rng().gen_range(0_u64..6).saturating_sub(3), Ordering::SeqCst);
    let tasks = [task(), task(), task()];
    let with_erase = tasks.contains(&Task::Erase);
    let fates = [(); 3].map(|()| fate(with_erase));
    let calls_before = stage.calls();
    let failing = stage.failing.load(Ordering::SeqCst);
    let threads = [0, 1, 2].map(|number| {
        let (stage, task, fate) = (Arc::clone(&stage), tasks[number], fates[number]);
        shuttle::thread::spawn(move || {
            let key = if let Task::Get { key, .. } = task { key } else { KEYS[0] };
            let actor = stage.actor(["/in-memory/1", "/in-memory/2", "/in-memory/3"][number], key, fate);
            actor.run(task)
        })
    });
    let ends = threads.map(|thread| thread.join().expect("it ended"));
    let calls = stage.calls() - calls_before;
    let was_stopped = fates.iter().any(|fate| matches!(fate, Fate::IsStopped(..)));
    let was_killed = ends.iter().any(|end| matches!(end, End::Killed { .. }));
    if !was_stopped && !with_erase {
        let keys: BTreeSet<_> =
            tasks.iter().filter_map(|task| if let Task::Get { key, .. } = task { Some(*key) } else { None }).collect();
        let lost = ends.iter().filter(|end| matches!(end, End::Killed { fetched: true })).count();
        assert!(calls <= keys.len() + lost, "{calls} calls for {keys:?}: {ends:?}");
        let repeated = stage.repeated.load(Ordering::SeqCst);
        assert!(was_killed || repeated == 0, "{repeated} calls were made again that had just failed");
    }
    if failing == 0 && !with_erase {
        let has_failed = ends.contains(&End::Failed);
        assert!(!has_failed, "a get failed although AWS answered: {ends:?}");
    }

    // Whatever has happened, a `get` is served at once.
    stage.failing.store(0, Ordering::SeqCst);
    for (key, place) in [(KEYS[0], "/in-memory/4"), (KEYS[1], "/in-memory/5")] {
        let calls = stage.calls();
        let last = stage.actor(place, key, Fate::Ends);
        let mut end = last.run(Task::Get { key, host: HOSTS[0] });
        if matches!(end, End::Killed { .. }) {
            // A signal ended it.
            end = last.run(Task::Get { key, host: HOSTS[0] });
        }
        let is_remembered = end == End::Failed && failing > 0;
        let was_interrupted = matches!(end, End::Killed { .. });
        assert!(matches!(end, End::Served { .. }) || is_remembered || was_interrupted, "{end:?}");
        assert_eq!(last.slept.get(), Duration::ZERO, "it waited for nobody");
        let was_fetched = ends.iter().zip(tasks).any(|(end, task)| {
            *end == End::Served { fetched: true } && matches!(task, Task::Get { key: of, .. } if of == key)
        });
        if was_fetched && !with_erase && !was_stopped && failing == 0 {
            assert_eq!(stage.calls(), calls, "a token was lost");
        }
    }
    let known = [".token", ".hosts", ".lock", ".failure", ".erased", "erase-lock"];
    for name in stage.directory.names() {
        let is_orphan = name.starts_with("tmp-") && was_killed;
        assert!(is_orphan || known.iter().any(|ending| name.ends_with(ending)), "{name} is left");
    }
}

/// Runs these schedules.
fn run_all(seeds: impl Iterator<Item = u64>) {
    let locks = tempfile::tempdir().expect("a temporary directory");
    for seed in seeds {
        let mut config = shuttle::Config::new();
        config.stack_size = 1 << 20;
        config.failure_persistence = shuttle::FailurePersistence::None;
        config.silence_warnings = true;
        let place = locks.path().to_owned();
        let runner = shuttle::Runner::new(RandomScheduler::new_from_seed(seed, 1), config);
        let outcome = catch_unwind(AssertUnwindSafe(|| runner.run(move || run(&place))));
        if let Err(cause) = outcome {
            println!("schedule {seed}: ECR_LOGIN_SCHEDULES={seed}..={seed} runs it again");
            std::panic::resume_unwind(cause);
        }
    }
}

/// Which schedules to run.
#[expect(clippy::disallowed_methods, reason = "a person asks a test for a schedule")]
fn seeds() -> RangeInclusive<u64> {
    let asked = std::env::var("ECR_LOGIN_SCHEDULES").ok();
    let range = asked.map(|asked| {
        let (first, last) = asked.split_once("..=").expect("FIRST..=LAST");
        first.parse().expect("a number")..=last.parse().expect("a number")
    });
    range.unwrap_or(0..=SCHEDULES - 1)
}

#[test]
fn no_schedule_with_an_even_seed_breaks_a_promise() {
    run_all(seeds().filter(|seed| seed % 2 == 0));
}

#[test]
fn no_schedule_with_an_odd_seed_breaks_a_promise() {
    run_all(seeds().filter(|seed| seed % 2 == 1));
}
