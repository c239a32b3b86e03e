//! Many `get`s at once over a few keys of one cache, while everything around them goes wrong.
//!
//! Processes are killed, interrupted, stopped and continued; the API is slow, refuses, fails, answers garbage or nothing,
//! drops connections or hangs; files of the cache are damaged, cut, removed, made unreadable or writable for others. Tokens
//! live for seconds, so that all the time some are fresh, some are stale and some have expired. Everything is drawn from one
//! seed; what the scheduler of the system does isn't.
//!
//! Checked: every answer with exit status 0 is a whole password of the right identity and region, issued by this fake, that
//! has not expired; every other answer is the not-found sentence with one line of reason, in time; the number of passwords
//! issued and of calls stays below a bound; afterwards a quiet `get` of each key works, and nothing is left.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use crate::support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};

/// The identities and the regions: each pair is a key.
const IDENTITIES: [&str; 4] = ["AKIAONE", "AKIATWO", "AKIATHREE", "AKIAFOUR"];
const REGIONS: [&str; 4] = ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2"];
const KEYS: usize = IDENTITIES.len() * REGIONS.len();

/// The accounts, which share a token.
const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];

/// The limit of one `get`, in seconds.
const LIMIT: u64 = 4;

/// What a loaded machine may add to it.
const SLACK: Duration = Duration::from_secs(6);

/// How long a token lives, and after how long it is refreshed at the earliest.
const LIFE: Duration = Duration::from_secs(10);
const EARLIEST_REFRESH: Duration = Duration::from_millis(4_500);

/// The SDK's attempts for one call.
const ATTEMPTS: usize = 3;

/// How large a storm is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The number of `get`s.
    pub gets: usize,
    /// How many of them run at the same time.
    pub at_once: usize,
    /// What everything is drawn from.
    pub seed: u64,
}

/// What has happened.
#[derive(Debug, Default)]
pub struct Figures {
    served: usize,
    /// The failures, by their reason.
    failed: BTreeMap<String, usize>,
    killed: usize,
    interrupted: usize,
    stopped: usize,
    /// Damaged, cut, removed, made unreadable or writable for others.
    files: usize,
    erased: usize,
    calls: usize,
    passwords: usize,
    most_passwords: usize,
    most_calls: usize,
    took: Duration,
    slowest: Duration,
    /// What was wrong.
    faults: Vec<String>,
}

/// xorshift64*: the same numbers in every run of a seed.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.wrapping_add(1).wrapping_mul(0xd1b5_4a32_d192_ed03) | 1,
        );
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }

    fn milliseconds(&mut self, limit: usize) -> Duration {
        Duration::from_millis(self.below(limit) as u64)
    }

    fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// What happens to a process.
enum Fate {
    Ends,
    IsKilled(Duration),
    IsInterrupted(Duration),
    IsStopped(Duration, Duration),
}

impl Fate {
    fn drawn(dice: &mut Dice) -> Self {
        match dice.below(100) {
            0..5 => Self::IsKilled(dice.milliseconds(60)),
            5..8 => Self::IsInterrupted(dice.milliseconds(100)),
            8..11 => Self::IsStopped(dice.milliseconds(40), dice.milliseconds(600)),
            // Longer than the others wait.
            11 => Self::IsStopped(dice.milliseconds(40), Duration::from_millis(500 * LIMIT + 500)),
            _ => Self::Ends,
        }
    }
}

/// Everything that the threads share.
struct Sky {
    size: Size,
    aws: FakeAws,
    homes: Vec<Sandbox>,
    cache: PathBuf,
    started: AtomicUsize,
    is_over: AtomicBool,
    figures: Mutex<Figures>,
}

/// Runs a storm to its end.
pub fn run(size: Size) -> Figures {
    let aws = FakeAws::start();
    aws.token_lifetime(LIFE);
    let place = Sandbox::new();
    let cache = place.home().join("cache");
    let home = |key: &&str| {
        let home = Sandbox::new().with_aws(&aws).with_keys(key);
        home.env("AWS_ECR_CACHE_DIR", &cache).env("AWS_ECR_TIMEOUT", LIMIT.to_string())
    };
    let homes = IDENTITIES.iter().map(home).collect();
    let sky = Sky {
        size,
        aws,
        homes,
        cache: cache.clone(),
        started: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        figures: Mutex::default(),
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let others =
            [scope.spawn(|| sky.change_weather()), scope.spawn(|| sky.vandalise()), scope.spawn(|| sky.erase())];
        let workers: Vec<_> = (0..size.at_once).map(|_| scope.spawn(|| sky.work())).collect();
        for worker in workers {
            worker.join().expect("it doesn't panic");
        }
        sky.is_over.store(true, Ordering::SeqCst);
        for other in others {
            other.join().expect("it doesn't panic");
        }
    });
    sky.finish(began.elapsed())
}

impl Sky {
    fn note(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn fault(&self, what: String) {
        self.note(|figures| figures.faults.push(what));
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Runs one `get` after another.
    fn work(&self) {
        loop {
            let number = self.started.fetch_add(1, Ordering::SeqCst);
            if number >= self.size.gets {
                return;
            }
            let mut dice = Dice::new(self.size.seed, number as u64);
            let (identity, region) = (dice.below(IDENTITIES.len()), *dice.one_of(&REGIONS));
            let host = format!("{}.dkr.ecr.{region}.amazonaws.com", dice.one_of(&ACCOUNTS));
            let fate = Fate::drawn(&mut dice);
            let began = SystemTime::now();
            let mut running = self.homes[identity].spawn(&["get"], host.as_bytes());
            let stopped = self.fulfil(&fate, &mut running);
            let reply = running.wait();
            let what = format!("get {number} ({} at {host})", IDENTITIES[identity]);
            self.judge(&reply, &what, IDENTITIES[identity], region, began, stopped);
        }
    }

    /// What happens to a process, and for how long it was stopped.
    fn fulfil(&self, fate: &Fate, running: &mut Running) -> Duration {
        let send = |running: &Running, signal| {
            let id = Pid::from_raw(i32::try_from(running.id()).expect("a process ID")).expect("not 0");
            // It may have ended, and waits for us to take notice.
            let _ = kill_process(id, signal);
        };
        match *fate {
            Fate::Ends => return Duration::ZERO,
            Fate::IsKilled(after) => {
                thread::sleep(after);
                send(running, Signal::KILL);
                self.note(|figures| figures.killed += 1);
            }
            Fate::IsInterrupted(after) => {
                thread::sleep(after);
                send(running, Signal::TERM);
                self.note(|figures| figures.interrupted += 1);
            }
            Fate::IsStopped(after, span) => {
                thread::sleep(after);
                send(running, Signal::STOP);
                thread::sleep(span);
                send(running, Signal::CONT);
                self.note(|figures| figures.stopped += 1);
                return span;
            }
        }
        Duration::ZERO
    }

    /// Checks an answer.
    fn judge(&self, reply: &Reply, what: &str, key: &str, region: &str, began: SystemTime, stopped: Duration) {
        let in_time = Duration::from_secs(LIMIT) + SLACK + stopped;
        if reply.elapsed > in_time {
            self.fault(format!("{what} took {:?}", reply.elapsed));
        }
        self.note(|figures| figures.slowest = figures.slowest.max(reply.elapsed.saturating_sub(stopped)));
        match reply.code {
            Some(0) => {
                if let Err(fault) = self.check_password(reply, key, region, began) {
                    self.fault(format!("{what}: {fault}"));
                }
                self.note(|figures| figures.served += 1);
            }
            Some(1) => {
                let reason =
                    reply.stderr.strip_prefix("ecr-login: no password for ").and_then(|rest| rest.split_once(": "));
                let is_one_line = reply.stderr.lines().count() == 1 && reply.stderr.ends_with('\n');
                let Some((_, reason)) = reason.filter(|_| is_one_line && reply.stdout_text() == NOT_FOUND) else {
                    return self.fault(format!("{what}: {reply:?}"));
                };
                let reason = reason.split(['(', ';']).next().unwrap_or_default().trim().to_owned();
                self.note(|figures| *figures.failed.entry(reason).or_default() += 1);
            }
            // By our signal, before or after the answer.
            None if reply.stdout.is_empty() || reply.stdout_text() == NOT_FOUND => {}
            None if self.check_password(reply, key, region, began).is_ok() => {}
            None | Some(_) => self.fault(format!("{what}: {reply:?}")),
        }
    }

    fn check_password(&self, reply: &Reply, key: &str, region: &str, began: SystemTime) -> Result<(), String> {
        if !reply.stderr.is_empty() {
            return Err(format!("stderr: {}", reply.stderr));
        }
        let answer: serde_json::Value = serde_json::from_slice(&reply.stdout).map_err(|error| error.to_string())?;
        let password = answer["Secret"].as_str().unwrap_or_default();
        let Some(issued) = self.aws.issued_at(password) else { return Err(format!("never issued: {password:.80}")) };
        let head = password_head(password);
        if (head.access_key_id.as_str(), head.region.as_str(), head.service.as_str()) != (key, region, "ecr") {
            return Err(format!("it is another identity's or region's: {head:?}"));
        }
        // It was served some time after the process began. The cache counts in whole seconds.
        if issued + LIFE <= began {
            return Err(format!("it has expired {:?} before", began.duration_since(issued + LIFE)));
        }
        Ok(())
    }

    /// How AWS answers.
    fn change_weather(&self) {
        let mut dice = Dice::new(self.size.seed, u64::MAX);
        while !self.is_over() {
            let weather = match dice.below(20) {
                0..8 => Behaviour::Answer,
                8..11 => Behaviour::Delay(dice.milliseconds(300)),
                11 => Behaviour::Delay(Duration::from_millis(1_500)),
                12 => Behaviour::error(400, "ThrottlingException", "Rate exceeded"),
                13 => Behaviour::error(400, "AccessDeniedException", "not today"),
                14 => Behaviour::error(500, "ServerException", "broken"),
                15 => Behaviour::Garbage(b"{\"authorizationData\":[{\"authorizationToken\":\"QVdT".to_vec()),
                16 => Behaviour::Empty,
                17 => Behaviour::Close,
                18 => Behaviour::Status(503),
                _ => Behaviour::FailTimes(3, Box::new(Behaviour::Hang)),
            };
            self.aws.set(Api::EcrToken, weather);
            thread::sleep(Duration::from_millis(50) + dice.milliseconds(250));
        }
    }

    /// What a bad disk and other programs do to the files.
    fn vandalise(&self) {
        let mut dice = Dice::new(self.size.seed, u64::MAX - 1);
        while !self.is_over() {
            thread::sleep(dice.milliseconds(150));
            let names = names(&self.cache);
            if names.is_empty() {
                continue;
            }
            let path = self.cache.join(dice.one_of(&names));
            // Any of these may fail: the file has gone.
            let done = match dice.below(6) {
                0 => fs::read(&path).and_then(|mut contents| {
                    let place = dice.below(contents.len().max(1));
                    if let Some(byte) = contents.get_mut(place) {
                        *byte ^= 1;
                    }
                    overwrite(&path, &contents)
                }),
                1 => File::options().write(true).open(&path).and_then(|file| file.set_len(dice.next() % 2_000)),
                2 => fs::remove_file(&path),
                3 => fs::set_permissions(&path, Permissions::from_mode(0o000)),
                4 => fs::set_permissions(&path, Permissions::from_mode(0o666)),
                _ => overwrite(&path, b"ecr-login 3 00000000\n{}"),
            };
            self.note(|figures| figures.files += usize::from(done.is_ok()));
        }
    }

    /// What `docker logout` and the builders that ask for a list do.
    fn erase(&self) {
        let mut dice = Dice::new(self.size.seed, u64::MAX - 2);
        while !self.is_over() {
            thread::sleep(dice.milliseconds(1_500));
            let host = format!("{}.dkr.ecr.{}.amazonaws.com", ACCOUNTS[0], dice.one_of(&REGIONS));
            let home = dice.one_of(&self.homes);
            for (verb, stdin) in [("erase", host.as_str()), ("list", "")] {
                let reply = home.run(&[verb], stdin.as_bytes());
                if (reply.code, reply.stderr.as_str()) != (Some(0), "") {
                    self.fault(format!("{verb}: {reply:?}"));
                }
            }
            self.note(|figures| figures.erased += 1);
        }
    }

    /// Checks what is left, and the bounds.
    fn finish(self, took: Duration) -> Figures {
        self.aws.set(Api::EcrToken, Behaviour::Answer);
        let (calls, passwords) = (self.aws.calls(Api::EcrToken), self.aws.passwords());
        let mut quiet = Vec::new();
        for (identity, home) in IDENTITIES.iter().zip(&self.homes) {
            for region in REGIONS {
                let began = SystemTime::now();
                let reply = home.get(&format!("{}.dkr.ecr.{region}.amazonaws.com", ACCOUNTS[0]));
                if reply.code != Some(0) || reply.elapsed > SLACK {
                    quiet.push(format!("the quiet get of {identity} at {region}: {reply:?}"));
                } else if let Err(fault) = self.check_password(&reply, identity, region, began) {
                    quiet.push(format!("the quiet get of {identity} at {region}: {fault}"));
                }
            }
        }
        // The next write sweeps out what the killed ones have left, when it is old.
        let old = SystemTime::now() - Duration::from_mins(2);
        for name in names(&self.cache).iter().filter(|name| name.starts_with("tmp-")) {
            let _ = File::options().write(true).open(self.cache.join(name)).and_then(|file| file.set_modified(old));
        }
        thread::sleep(LIFE + Duration::from_secs(1));
        self.homes[0].get(&format!("{}.dkr.ecr.{}.amazonaws.com", ACCOUNTS[0], REGIONS[0]));
        for name in names(&self.cache) {
            let endings = [".token", ".hosts", ".lock", ".failure", ".erased", "erase-lock", "CACHEDIR.TAG"];
            let is_damaged_orphan = name.starts_with("tmp-") && !is_ours(&self.cache.join(&name));
            if !is_damaged_orphan && !endings.iter().any(|ending| name.ends_with(ending)) {
                quiet.push(format!("{name} is left"));
            }
        }
        let mut figures = self.figures.into_inner().unwrap_or_else(PoisonError::into_inner);
        figures.faults.extend(quiet);
        figures.bound(calls, passwords, took);
        figures
    }
}

impl Figures {
    /// How many passwords and calls there may be at most.
    ///
    /// A key is refreshed once in a while, and fetched once more for each process that is killed, interrupted or stopped,
    /// for each file that is damaged, and for each key that is erased. A call that fails is made again by the SDK, and again
    /// for each `get` that failed, for each process that ended before it had its answer, and once in the life of a token
    /// that can still be served.
    fn bound(&mut self, calls: usize, passwords: usize, took: Duration) {
        let periods = usize::try_from(took.as_millis() / EARLIEST_REFRESH.as_millis() + 1).expect("a short time");
        let disturbed =
            self.killed + self.interrupted + 2 * self.stopped + self.files + 2 * self.erased * IDENTITIES.len();
        let failed = self.failed();
        (self.calls, self.passwords, self.took) = (calls, passwords, took);
        self.most_passwords = KEYS * periods + disturbed;
        self.most_calls = ATTEMPTS * (self.most_passwords + failed + KEYS * periods);
        if passwords > self.most_passwords {
            self.faults
                .push(format!("{passwords} passwords were issued, and {} at most were needed", self.most_passwords));
        }
        if calls > self.most_calls {
            self.faults.push(format!("{calls} calls were made, and {} at most were needed", self.most_calls));
        }
    }

    /// What was wrong; nothing, it is to be hoped.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// How many `get`s had a password.
    pub fn served(&self) -> usize {
        self.served
    }

    /// How many `get`s had a reason instead.
    pub fn failed(&self) -> usize {
        self.failed.values().sum()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| what | number |\n| --- | --- |")?;
        writeln!(out, "| served, whole, unexpired, of the right identity | {} |", self.served)?;
        writeln!(out, "| failed with a reason | {} |", self.failed())?;
        writeln!(out, "| killed | {} |", self.killed)?;
        writeln!(out, "| interrupted (SIGTERM) | {} |", self.interrupted)?;
        writeln!(out, "| stopped and continued | {} |", self.stopped)?;
        writeln!(out, "| files damaged, cut, removed or made unreadable | {} |", self.files)?;
        writeln!(out, "| `erase` | {} |", self.erased)?;
        writeln!(out, "| passwords issued (bound) | {} ({}) |", self.passwords, self.most_passwords)?;
        writeln!(out, "| calls (bound) | {} ({}) |", self.calls, self.most_calls)?;
        writeln!(out, "| time | {:.0} s |", self.took.as_secs_f64())?;
        writeln!(out, "| slowest `get`, without the time that it was stopped | {:.1} s |", self.slowest.as_secs_f64())?;
        writeln!(out, "| faults | {} |", self.faults.len())?;
        for (reason, number) in &self.failed {
            writeln!(out, "{number:6} × {reason}")?;
        }
        for fault in self.faults.iter().take(20) {
            writeln!(out, "FAULT: {fault}")?;
        }
        Ok(())
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Whether a file is empty or begins as an entry does.
fn is_ours(path: &Path) -> bool {
    fs::read(path).is_ok_and(|contents| contents.is_empty() || contents.starts_with(b"ecr-login "))
}

/// Writes into a file that is there, as nothing of ours does.
fn overwrite(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    File::options().write(true).truncate(true).open(path)?.write_all(contents)
}
