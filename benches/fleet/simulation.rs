//! Simulates one day of a fleet, second by second.

use std::fmt;
use std::time::Duration;

use docker_credential_ecr_login::unstable::Timestamp;
use docker_credential_ecr_login::unstable::{Freshness, Lifetime, MaxAge, Spread};

/// The calls per second that AWS accepts from an account in a region
/// (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html>).
pub const QUOTA: u32 = 500;
/// Seconds from one pull of a machine to its next.
pub const PULL: u64 = 10;
/// Seconds in which all machines start, by default.
pub const START: u64 = 60;
/// The validity of a token.
const TOKEN: Duration = Duration::from_hours(12);
/// The attempts of a call, unless `AWS_MAX_ATTEMPTS` is set.
pub const ATTEMPTS: u32 = 3;
/// The longest wait between two attempts, in milliseconds.
pub const LONGEST_WAIT: u32 = 20_000;
/// Seconds until a `get` times out, unless `AWS_ECR_TIMEOUT` is set.
const LIMIT: u64 = 30;
/// Seconds for which a machine with a stale token doesn't try again after a failed refresh.
const PAUSE: u64 = 60;
/// The seconds that are simulated.
pub const DAY: u64 = 86_400;
/// The second that ends the start: every machine has got its first token, and none has refreshed it yet.
pub const LATER: u64 = 1_200;

/// The share of the time until a refresh by which the refresh may come early.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// That of the real code.
    Real,
    /// Another one, in thousandths.
    OfThousand(u32),
}

impl Width {
    fn thousandths(self) -> u32 {
        match self {
            Self::Real => Spread::MAX,
            Self::OfThousand(thousandths) => thousandths,
        }
    }

    /// The lifetime of a new token. Everything except the width is computed by the real code.
    fn starting(self, now: Timestamp, max_age: MaxAge, random: u32) -> Lifetime {
        let starting = |spread| Lifetime::starting(now, now.after(TOKEN), max_age, spread);
        match self {
            Self::Real => starting(Spread::from_random(random)),
            Self::OfThousand(most) => {
                let unspread = starting(Spread::from_random(0));
                let fresh = unspread.refresh.since(now);
                let refresh = now.after(fresh / 1_000 * (1_000 - random % (most + 1)));
                Lifetime { refresh, ..unspread }
            }
        }
    }
}

impl fmt::Display for Width {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.thousandths() {
            0 => formatter.write_str("none"),
            thousandths => write!(formatter, "{} %", thousandths / 10),
        }
    }
}

/// The fleet to simulate.
pub struct Fleet {
    /// The number of machines.
    pub machines: usize,
    /// How long they keep a token.
    pub max_age: MaxAge,
    /// How far their refreshes are spread.
    pub width: Width,
    /// Seconds in which they start.
    pub start: u64,
    /// The attempts of each call.
    pub attempts: u32,
}

/// A part of a day.
#[derive(Default)]
pub struct Part {
    /// The calls in its busiest second, including refused ones.
    pub peak: u32,
    /// The calls per second.
    pub mean: f64,
    /// The seconds with more calls than the quota.
    pub over: u32,
    /// The pulls without a password.
    pub failed: u64,
}

/// The result of a simulation.
pub struct Day {
    /// The calls of each second, including refused ones.
    pub calls: Vec<u32>,
    /// The second in which the last machine got its first token.
    pub all_by: u64,
    /// The time until all machines have a token.
    pub start: Part,
    /// The rest.
    pub later: Part,
}

/// The state of a machine.
#[derive(Clone, Copy)]
struct Machine {
    /// Its token.
    token: Option<Lifetime>,
    /// The attempts of its current call so far.
    tried: u32,
    /// The second of the pull that needs the call.
    pulled: u64,
    /// The second of its first pull; the others follow at equal intervals.
    first_pull: u64,
}

impl Machine {
    /// Starts a new call with the first pull at or after a moment; returns the second of that pull.
    fn begin(&mut self, moment: u64) -> u64 {
        self.tried = 0;
        self.pulled = self.first_pull + moment.saturating_sub(self.first_pull).div_ceil(PULL) * PULL;
        self.pulled
    }
}

impl Fleet {
    /// Simulates a day.
    pub fn day(&self) -> Day {
        let mut random = Random::new();
        let starting = |_| {
            let first_pull = u64::from(random.next()) % self.start;
            Machine { token: None, tried: 0, pulled: first_pull, first_pull }
        };
        let mut machines: Vec<Machine> = (0..self.machines).map(starting).collect();
        // The machines that call in each second.
        let mut agenda: Vec<Vec<usize>> = (0..DAY).map(|_| Vec::new()).collect();
        for (index, machine) in machines.iter().enumerate() {
            at(&mut agenda, machine.first_pull).push(index);
        }
        let (mut calls, mut failed) = (Vec::new(), vec![0; agenda.len()]);
        let mut all_by = 0;
        for second in 0..DAY {
            let mut calling = std::mem::take(at(&mut agenda, second));
            // AWS serves the first calls of a second, whichever machines have waited longest.
            random.shuffle(&mut calling);
            for (place, &index) in calling.iter().enumerate() {
                let machine = &mut machines[index];
                let had_none = machine.token.is_none();
                let next = if place < QUOTA as usize {
                    self.serve(machine, second, &mut random)
                } else {
                    let Refusal { next, has_failed } = self.refuse(machine, second, &mut random);
                    *at(&mut failed, second) += u64::from(has_failed);
                    next
                };
                if had_none && machine.token.is_some() {
                    all_by = second;
                }
                if next < DAY {
                    at(&mut agenda, next).push(index);
                }
            }
            calls.push(u32::try_from(calling.len()).expect("machines are counted in 32 bits"));
        }
        let (start, later) = calls.split_at(index(LATER));
        let start = part(start, &failed[..index(LATER)]);
        let later = part(later, &failed[index(LATER)..]);
        Day { calls, all_by, start, later }
    }

    /// Gives a machine a token; returns the second of its next call.
    fn serve(&self, machine: &mut Machine, second: u64, random: &mut Random) -> u64 {
        let lifetime = self.width.starting(Timestamp::from_seconds(second), self.max_age, random.next());
        machine.token = Some(lifetime);
        machine.begin(lifetime.refresh.seconds().max(second + 1))
    }

    /// Refuses a machine's call, and retries by the rules of the SDK
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>) and of `get`.
    fn refuse(&self, machine: &mut Machine, second: u64, random: &mut Random) -> Refusal {
        let longest = 1_000_u32.saturating_mul(1 << machine.tried).min(LONGEST_WAIT);
        // In whole seconds, at least one.
        let again = second + u64::from((random.next() % longest + 500) / 1_000).max(1);
        machine.tried += 1;
        if machine.tried < self.attempts && again < machine.pulled + LIMIT {
            return Refusal { next: again, has_failed: false };
        }
        let usable =
            machine.token.filter(|token| token.freshness(Timestamp::from_seconds(second)) != Freshness::Expired);
        // A stale token is served without a call until the pause ends or the token expires.
        let next = usable.map_or(second + 1, |token| (second + PAUSE).min(token.expires.seconds()));
        Refusal { next: machine.begin(next), has_failed: usable.is_none() }
    }
}

/// The consequence of a refused call.
struct Refusal {
    /// The second of the next call.
    next: u64,
    /// Whether the pull got no password.
    has_failed: bool,
}

fn part(calls: &[u32], failed: &[u64]) -> Part {
    let seconds = u32::try_from(calls.len()).expect("a day has few seconds");
    Part {
        peak: calls.iter().copied().max().unwrap_or(0),
        mean: f64::from(calls.iter().sum::<u32>()) / f64::from(seconds),
        over: u32::try_from(calls.iter().filter(|&&calls| calls > QUOTA).count()).expect("a day has few seconds"),
        failed: failed.iter().sum(),
    }
}

fn at<T>(seconds: &mut [T], second: u64) -> &mut T {
    &mut seconds[index(second)]
}

fn index(second: u64) -> usize {
    usize::try_from(second).expect("a day has few seconds")
}

/// Random numbers that are the same in every run: xorshift64*.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(0x2545_f491_4f6c_dd1d)
    }

    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).expect("32 bits are left")
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for length in (2..=list.len()).rev() {
            let other = self.next() as usize % length;
            list.swap(length - 1, other);
        }
    }
}
