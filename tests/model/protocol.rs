//! One key of the cache: its files, and the programs of the processes that meet there.

use super::search::System;

/// A place in the program of a process: what it does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum At {
    // `get`
    Look,
    Known,
    Open,
    Lock,
    Compare,
    LookAgain,
    FailureAgain,
    Wait,
    ReadTrace,
    Prompt,
    PromptLock,
    SessionAgain,
    Ask,
    Call,
    WriteLock,
    CheckTrace,
    Rename,
    CheckTraceAgain,
    TakeBack,
    ForgetFailure,
    RecordFailure,
    DiscardCompare,
    DiscardRemove,
    ReadForNote,
    // the sweep in the write of another key
    List,
    Judge,
    JudgeAgain,
    SweepToken,
    SweepFailure,
    // `erase`
    EraseLock,
    LeaveTrace,
    ListEntries,
    EraseEntries,
    LeaveTraceAgain,
    /// The guard is dropped, and the process ends.
    Release,
    #[default]
    Ended,
}

/// The code of each step: its file, and a line of it.
pub(crate) const STEPS: [(At, &str, &str); 35] = [
    (At::Look, "src/tokens.rs", "let stale = match self.cached() {"),
    (At::Known, "src/tokens.rs", "let known = self.cache.failure(&self.key);"),
    (At::Open, "src/cache/lock.rs", "directory.open_lock(name)"),
    (At::Lock, "src/cache/lock.rs", "fs4::FileExt::try_lock(&file)"),
    (At::Compare, "src/cache/lock.rs", "Ok(()) if directory.still_holds(name, &file)"),
    (At::LookAgain, "src/tokens/turn.rs", "if let Some(record) = self.cache.token(&self.key)"),
    (At::FailureAgain, "src/tokens/turn.rs", "if let Some(failure) = self.cache.failure(&self.key)"),
    (At::Wait, "src/tokens/turn.rs", "self.context.clock.sleep(poll.min(left));"),
    (At::ReadTrace, "src/tokens.rs", "let erasure = self.cache.last_erasure(&self.scope.api);"),
    (At::Prompt, "src/tokens/turn.rs", "while self.needs_mfa_code() {"),
    (At::PromptLock, "src/tokens/turn.rs", "match self.cache.try_lock_prompt() {"),
    (At::SessionAgain, "src/tokens/turn.rs", "TryLock::Held(guard) if self.needs_mfa_code()"),
    (At::Ask, "src/ecr/mfa.rs", "MfaPrompt"),
    (At::Call, "src/tokens.rs", "self.context.source.fetch(TokenRequest {"),
    (At::WriteLock, "src/cache.rs", "let _lock = erasure::lock_to_write(directory, clock);"),
    (At::CheckTrace, "src/cache.rs", "if !is_erased()"),
    (At::Rename, "src/fs/private_dir.rs", "os::patiently(|| std::fs::rename(&temporary, &path))"),
    (At::CheckTraceAgain, "src/cache.rs", "if is_erased() {"),
    (At::TakeBack, "src/cache.rs", "directory.remove(&token)?;"),
    (At::ForgetFailure, "src/cache.rs", "directory.remove(&format!(\"{key}{FAILURE}\"))"),
    (At::RecordFailure, "src/cache.rs", "directory.replace(&format!(\"{key}{FAILURE}\"), &encoded)"),
    (At::DiscardCompare, "src/cache/lock.rs", "if self.directory.still_holds(&self.name, &self.file)"),
    (At::DiscardRemove, "src/cache/lock.rs", "let _ = self.directory.remove(&self.name);"),
    (At::ReadForNote, "src/tokens.rs", "&& let Some(mut latest) = self.cache.token(&self.key)"),
    (At::List, "src/cache/sweep.rs", "let names = directory.names().unwrap_or_default();"),
    (At::Judge, "src/cache/sweep.rs", "present.any(|entry| verdict(directory, sealing, entry, now) == Verdict::Goes)"),
    (At::JudgeAgain, "src/cache/sweep.rs", "left |= match verdict(directory, sealing, entry, now) {"),
    (At::SweepToken, "src/cache/sweep.rs", "Verdict::Goes => directory.remove(entry).is_err(),"),
    (At::SweepFailure, "src/cache/sweep.rs", "Verdict::Goes => directory.remove(entry).is_err(),"),
    (At::EraseLock, "src/cache.rs", "let _lock = erasure::lock_to_erase(directory, clock);"),
    (At::LeaveTrace, "src/cache.rs", "let traced = erasure::leave(directory, api, serial, clock.now());"),
    (At::ListEntries, "src/cache.rs", "for name in directory.names().map_err(EraseError::NotRemoved)? {"),
    (At::EraseEntries, "src/cache.rs", "removed = removed.and(directory.remove(&name));"),
    (
        At::LeaveTraceAgain,
        "src/cache.rs",
        "let traced = traced.and(erasure::leave(directory, api, serial.wrapping_add(1), clock.now()));",
    ),
    (At::Release, "src/cache/lock.rs", "Closing the file releases the lock, however the process ends."),
];

/// A change of the protocol that must break something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Mutant {
    NoSecondLook,
    FailuresAreNotShared,
    NoIdentityComparison,
    SweepWithoutLock,
    SweepWithoutSecondVerdict,
    UnlockBeforeUnlink,
    DiscardWithoutComparison,
    DiscardAfterUnlock,
    WriteInPlace,
    NoChecksum,
    StaleWithoutSecondLookAtTheClock,
    NoCheckOfTheTrace,
    NoLockOfTheErase,
    OneTraceIsEnough,
    TheLockOutlivesItsHolder,
    PromptBeforeLockOfTheKey,
    NoSecondLookAtTheSession,
}

const MORE_CALLS: &str = "more calls than needed";
const NOT_SHARED: &str = "a call was made again that had just failed";
const TWO_HOLDERS: &str = "two processes hold the lock";
const LOST: &str = "a token was lost";
const NOT_SERVABLE: &str = "a token was served that isn't one";
const EXPIRED: &str = "an expired token was served";
const ERASED: &str = "an erased token is back";
const TWO_CODES: &str = "a code was asked for twice";

/// Each mutant, a scenario that finds it, and the invariant that it breaks.
pub(crate) const MUTANTS: [(Mutant, &str, &str); 17] = [
    (Mutant::NoSecondLook, "cold, one is killed", MORE_CALLS),
    (Mutant::FailuresAreNotShared, "cold, a call fails", NOT_SHARED),
    (Mutant::NoIdentityComparison, "cold, one is killed", TWO_HOLDERS),
    (Mutant::SweepWithoutLock, "a sweep, cold", TWO_HOLDERS),
    (Mutant::SweepWithoutSecondVerdict, "a sweep of what has expired", LOST),
    (Mutant::UnlockBeforeUnlink, "a sweep, cold", TWO_HOLDERS),
    (Mutant::DiscardWithoutComparison, "the files are removed", TWO_HOLDERS),
    (Mutant::DiscardAfterUnlock, "cold, one is killed", TWO_HOLDERS),
    (Mutant::WriteInPlace, "stale, one is killed", LOST),
    (Mutant::NoChecksum, "a file is damaged", NOT_SERVABLE),
    (Mutant::StaleWithoutSecondLookAtTheClock, "stale, a call fails", EXPIRED),
    (Mutant::NoCheckOfTheTrace, "an erase", ERASED),
    (Mutant::NoLockOfTheErase, "an erase", ERASED),
    (Mutant::OneTraceIsEnough, "a new host and an erase", ERASED),
    (Mutant::TheLockOutlivesItsHolder, "cold, one is killed", "no end can be reached"),
    (Mutant::PromptBeforeLockOfTheKey, "a code is needed", "no end can be reached"),
    (Mutant::NoSecondLookAtTheSession, "a code is needed for two keys", TWO_CODES),
];

/// What a process was started for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Get,
    /// A `get` for a host that isn't noted yet: a hit writes the entry again.
    GetNewHost,
    /// A fetch of another key, which sweeps this one and shares the prompt with it.
    OtherKey,
    Erase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Contents {
    Token,
    /// Damaged, or copied from another key: the checksum is wrong.
    Damaged,
}

/// The contents of `KEY.token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Entry {
    contents: Contents,
    /// When it was issued: fresh until the next tick, stale until the one after it.
    born: u8,
    /// The erasures before its fetch.
    epoch: u8,
}

/// The contents of `KEY.failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Failure {
    serial: u8,
    born: u8,
    /// Whether later processes take it, too: that of a refresh.
    counts: bool,
}

/// How often each event may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Budget {
    pub(crate) kills: u8,
    pub(crate) failures: u8,
    pub(crate) timeouts: u8,
    pub(crate) ticks: u8,
    pub(crate) damages: u8,
    /// A person removes all files.
    pub(crate) clears: u8,
}

/// A world to start in.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) kinds: [Kind; 3],
    /// The age of the token that is there, in ticks.
    pub(crate) token: Option<u8>,
    pub(crate) budget: Budget,
    /// Whether a person has to type a code before a call.
    pub(crate) mfa: bool,
    /// Whether the file system has locks.
    pub(crate) locks: bool,
}

/// What a process takes the lock for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Purpose {
    Fetch,
    Note,
    Sweep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that a process may have")]
struct Process {
    kind: Kind,
    at: At,
    purpose: Purpose,
    /// The file that it has opened for locking; 0 is none.
    file: u8,
    /// It has locked that file.
    locked: bool,
    /// It takes itself for the holder of the key's lock.
    holds: bool,
    /// A person has removed the file that it holds.
    outlived: bool,
    /// It holds the lock of the prompt.
    prompts: bool,
    stale: Option<Entry>,
    known: u8,
    epoch: u8,
    /// The token to be written.
    fetched: Option<Entry>,
    /// It holds the lock of those that write tokens, with others, or of those that erase them, alone.
    writes: bool,
    erases: bool,
    /// The names that it has listed: token, failure, lock.
    listed: [bool; 3],
}

impl Process {
    const fn at(kind: Kind, at: At) -> Self {
        Self {
            kind,
            at,
            purpose: Purpose::Fetch,
            file: 0,
            locked: false,
            holds: false,
            outlived: false,
            prompts: false,
            stale: None,
            known: 0,
            epoch: 0,
            fetched: None,
            writes: false,
            erases: false,
            listed: [false; 3],
        }
    }
}

/// The files of the key, and the processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    processes: [Process; 3],
    now: u8,
    /// The file with the name `KEY.lock`; 0 is none.
    lock: u8,
    token: Option<Entry>,
    failure: Option<Failure>,
    failures: u8,
    /// The number in `API.erased`.
    trace: u8,
    /// Whether the code was typed.
    session: bool,
    budget: Budget,
    locks_work: bool,
    mutant: Option<Mutant>,
    // What the processes can't see.
    /// The calls that are still called for.
    calls_left: u8,
    /// The token that must be there.
    kept: Option<Entry>,
    /// The erasures that have ended.
    erased: u8,
    broken: Option<&'static str>,
}

/// The first moment, so that a token can be older.
const START: u8 = 2;

/// No bound on calls.
const UNBOUNDED: u8 = 100;

impl Scenario {
    pub(crate) fn start(&self, mutant: Option<Mutant>) -> Key {
        let token = self.token.map(|age| Entry { contents: Contents::Token, born: START - age, epoch: 0 });
        let first = |kind| match kind {
            Kind::Get | Kind::GetNewHost => At::Look,
            Kind::OtherKey => At::Prompt,
            Kind::Erase => At::EraseLock,
        };
        let mut key = Key {
            processes: self.kinds.map(|kind| Process::at(kind, first(kind))),
            now: START,
            lock: u8::from(token.is_some()),
            token,
            failure: None,
            failures: 0,
            trace: 0,
            session: !self.mfa,
            budget: self.budget,
            locks_work: self.locks,
            mutant,
            calls_left: if self.locks { u8::from(self.token != Some(0)) } else { UNBOUNDED },
            kept: token,
            erased: 0,
            broken: None,
        };
        if mutant == Some(Mutant::PromptBeforeLockOfTheKey) && self.mfa {
            key.processes[0].at = At::Prompt;
        }
        key
    }
}

impl Key {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn break_if(&mut self, is_broken: bool, invariant: &'static str) {
        if is_broken && self.broken.is_none() {
            self.broken = Some(invariant);
        }
    }

    /// A token in the cache that can be read, and its age.
    fn readable(&self) -> Option<(Entry, u8)> {
        let entry = self.token?;
        let is_whole = entry.contents == Contents::Token || self.is(Mutant::NoChecksum);
        is_whole.then(|| (entry, self.now - entry.born))
    }

    /// The process has what it came for, and ends.
    fn end(&mut self, who: usize) {
        let Process { kind, file, locked, .. } = self.processes[who];
        self.processes[who] = Process::at(kind, At::Ended);
        if self.is(Mutant::TheLockOutlivesItsHolder) && locked && file != 0 {
            // It ended without a word.
            self.processes[who].file = file;
            self.processes[who].locked = true;
        }
    }

    /// Ends after the guard was dropped.
    fn release(&mut self, who: usize) {
        self.processes[who].locked = false;
        self.end(who);
    }

    fn serve(&mut self, who: usize, entry: Entry) {
        self.break_if(entry.contents != Contents::Token, NOT_SERVABLE);
        self.break_if(self.now - entry.born >= 2, EXPIRED);
        let process = &mut self.processes[who];
        if process.kind == Kind::GetNewHost && !process.locked {
            *process = Process { purpose: Purpose::Note, at: At::Open, ..Process::at(process.kind, At::Open) };
        } else {
            process.at = At::Release;
        }
    }

    /// Serves the stale token if there is one and it is still valid; else the failure is the answer.
    fn serve_stale(&mut self, who: usize) {
        match self.processes[who].stale {
            Some(stale) if self.now - stale.born < 2 || self.is(Mutant::StaleWithoutSecondLookAtTheClock) => {
                self.break_if(self.now - stale.born >= 2, EXPIRED);
                self.processes[who].at = At::Release;
            }
            _ => self.processes[who].at = At::Release,
        }
    }

    fn is_locked_by_another(&self, who: usize, file: u8) -> bool {
        let others = self.processes.iter().enumerate().filter(|(other, _)| *other != who);
        others.into_iter().any(|(_, other)| other.file == file && other.locked)
    }

    /// A number that no file has: the smallest, as a file system may give one again.
    fn new_file(&self) -> u8 {
        let is_used = |file: &u8| self.lock == *file || self.processes.iter().any(|process| process.file == *file);
        (1..=u8::MAX).find(|file| !is_used(file)).expect("few files")
    }

    /// What follows when the process has the lock.
    fn held(&mut self, who: usize) {
        let process = &mut self.processes[who];
        process.holds = true;
        process.at = match process.purpose {
            Purpose::Fetch if self.mutant == Some(Mutant::NoSecondLook) => At::ReadTrace,
            Purpose::Fetch => At::LookAgain,
            Purpose::Note => At::ReadTrace,
            Purpose::Sweep => At::JudgeAgain,
        };
    }

    /// What follows when another process has the lock.
    fn busy(&mut self, who: usize) {
        let process = &mut self.processes[who];
        process.file = 0;
        match process.purpose {
            Purpose::Fetch if self.mutant == Some(Mutant::NoSecondLook) => process.at = At::Wait,
            Purpose::Fetch => process.at = At::LookAgain,
            Purpose::Note | Purpose::Sweep => self.end(who),
        }
    }

    /// The next step of a process. `false` when it waits for another one.
    #[expect(clippy::too_many_lines, reason = "a table of steps")]
    fn step(&mut self, who: usize) -> bool {
        let now = self.now;
        let process = self.processes[who];
        let next = |key: &mut Self, at| key.processes[who].at = at;
        match process.at {
            At::Look => match self.readable() {
                Some((entry, 0)) => self.serve(who, entry),
                Some((entry, 1)) => {
                    self.processes[who].stale = Some(entry);
                    next(self, At::Known);
                }
                _ => next(self, At::Known),
            },
            At::Known => {
                self.processes[who].known = self.failure.map_or(0, |failure| failure.serial);
                if self.failure.is_some_and(|failure| failure.counts && failure.born == now) {
                    self.serve_stale(who);
                } else {
                    next(self, At::Open);
                }
            }
            At::Open => {
                if self.lock == 0 {
                    self.lock = self.new_file();
                }
                self.processes[who].file = self.lock;
                next(self, At::Lock);
            }
            At::Lock if !self.locks_work => {
                self.processes[who].file = 0;
                match process.purpose {
                    Purpose::Fetch => next(self, At::ReadTrace),
                    Purpose::Note | Purpose::Sweep => self.end(who),
                }
            }
            At::Lock if self.is_locked_by_another(who, process.file) => self.busy(who),
            At::Lock => {
                self.processes[who].locked = true;
                if self.is(Mutant::NoIdentityComparison) {
                    self.held(who);
                } else {
                    next(self, At::Compare);
                }
            }
            At::Compare if self.lock == process.file => self.held(who),
            At::Compare => {
                self.processes[who].locked = false;
                self.processes[who].file = 0;
                next(self, At::Open);
            }
            At::LookAgain => match self.readable() {
                Some((entry, 0)) => self.serve(who, entry),
                _ => next(self, At::FailureAgain),
            },
            At::FailureAgain => {
                let is_new = self.failure.is_some_and(|failure| failure.serial != process.known);
                if is_new && !self.is(Mutant::FailuresAreNotShared) {
                    self.serve_stale(who);
                } else if process.holds {
                    next(self, At::ReadTrace);
                } else if process.stale.is_some() {
                    self.serve_stale(who);
                } else {
                    next(self, At::Wait);
                }
            }
            At::Wait => next(self, At::Open),
            At::ReadTrace => {
                self.processes[who].epoch = self.trace;
                next(self, if process.purpose == Purpose::Note { At::ReadForNote } else { At::Prompt });
            }
            At::ReadForNote => match self.readable() {
                Some((entry, _)) => {
                    self.processes[who].fetched = Some(entry);
                    next(self, At::WriteLock);
                }
                None => next(self, At::Release),
            },
            At::Prompt | At::PromptLock | At::SessionAgain | At::Ask => self.step_to_code(who),
            At::Call => {
                self.processes[who].prompts = false;
                if process.kind == Kind::OtherKey {
                    next(self, At::List);
                } else {
                    let is_new = self.failure.is_some_and(|failure| failure.serial != process.known);
                    self.break_if(process.holds && is_new, NOT_SHARED);
                    self.break_if(self.calls_left == 0, MORE_CALLS);
                    self.calls_left = self.calls_left.saturating_sub(1);
                    let token = Entry { contents: Contents::Token, born: now, epoch: process.epoch };
                    self.processes[who].fetched = Some(token);
                    next(self, At::WriteLock);
                }
            }
            At::RecordFailure => {
                self.failures += 1;
                let counts = process.stale.is_some();
                self.failure = Some(Failure { serial: self.failures, born: now, counts });
                self.serve_stale(who);
            }
            At::WriteLock | At::EraseLock => return self.step_to_exclude(who),
            At::CheckTrace | At::Rename | At::CheckTraceAgain | At::TakeBack | At::ForgetFailure => {
                self.step_to_store(who);
            }
            At::DiscardCompare if self.lock == process.file => next(self, At::DiscardRemove),
            At::DiscardRemove => {
                self.lock = 0;
                self.release(who);
            }
            At::DiscardCompare | At::Release => self.release(who),
            At::Ended => return false,
            _ => self.step_to_remove(who),
        }
        true
    }

    /// The lock of the prompt, and the person.
    fn step_to_code(&mut self, who: usize) {
        let process = self.processes[who];
        let comes_too_early = self.is(Mutant::PromptBeforeLockOfTheKey) && process.kind == Kind::Get && !process.holds;
        let at = match process.at {
            At::Prompt if self.session && comes_too_early => At::Look,
            At::Prompt if self.session => At::Call,
            At::Prompt if process.prompts => At::Ask,
            At::Prompt => At::PromptLock,
            At::PromptLock if self.locks_work && self.processes.iter().any(|other| other.prompts) => At::Prompt,
            At::PromptLock => {
                self.processes[who].prompts = true;
                if self.is(Mutant::NoSecondLookAtTheSession) { At::Ask } else { At::SessionAgain }
            }
            At::SessionAgain if self.session => {
                self.processes[who].prompts = false;
                At::Prompt
            }
            At::SessionAgain if comes_too_early => At::Look,
            At::SessionAgain => At::Ask,
            _ => {
                self.break_if(self.session && self.locks_work, TWO_CODES);
                self.session = true;
                At::Call
            }
        };
        self.processes[who].at = at;
    }

    /// The lock that keeps the writers of tokens and an `erase` apart.
    fn step_to_exclude(&mut self, who: usize) -> bool {
        let erases = self.processes[who].at == At::EraseLock;
        let takes_it = self.locks_work && !self.is(Mutant::NoLockOfTheErase);
        if takes_it {
            if self.processes.iter().any(|other| other.erases || erases && other.writes) {
                return false;
            }
            self.processes[who].erases = erases;
            self.processes[who].writes = !erases;
        }
        self.processes[who].at = if erases { At::LeaveTrace } else { At::CheckTrace };
        true
    }

    /// A token on its way into the cache.
    fn step_to_store(&mut self, who: usize) {
        let process = self.processes[who];
        let fetched = process.fetched.expect("a token was fetched");
        let is_erased = self.trace != process.epoch && !self.is(Mutant::NoCheckOfTheTrace);
        let at = match process.at {
            At::CheckTrace if is_erased || self.now - fetched.born >= 2 => At::Release,
            At::CheckTrace if self.is(Mutant::WriteInPlace) => {
                self.token = Some(Entry { contents: Contents::Damaged, ..fetched });
                At::Rename
            }
            At::CheckTrace => At::Rename,
            At::Rename => {
                self.token = Some(fetched);
                self.kept = Some(fetched);
                At::CheckTraceAgain
            }
            At::CheckTraceAgain if is_erased => At::TakeBack,
            At::CheckTraceAgain if process.purpose == Purpose::Note => At::Release,
            At::CheckTraceAgain => At::ForgetFailure,
            At::TakeBack => {
                self.token = None;
                self.kept = None;
                At::Release
            }
            _ => {
                self.failure = None;
                At::Release
            }
        };
        self.processes[who].at = at;
    }

    /// The sweep and the `erase`.
    fn step_to_remove(&mut self, who: usize) {
        let process = self.processes[who];
        let has_expired =
            |key: &Self| key.token.is_some_and(|token| token.contents != Contents::Token || key.now - token.born >= 2);
        let is_old = |key: &Self| key.failure.is_some_and(|failure| failure.born < key.now);
        let at = match process.at {
            At::List => {
                self.processes[who].listed = [self.token.is_some(), self.failure.is_some(), self.lock != 0];
                At::Judge
            }
            At::Judge => {
                let goes = process.listed[0] && has_expired(self) || process.listed[1] && is_old(self);
                if goes || process.listed == [false, false, true] {
                    self.processes[who].purpose = Purpose::Sweep;
                    if self.is(Mutant::SweepWithoutLock) { At::JudgeAgain } else { At::Open }
                } else {
                    At::Release
                }
            }
            At::JudgeAgain if has_expired(self) => At::SweepToken,
            At::JudgeAgain if self.is(Mutant::SweepWithoutSecondVerdict) && process.listed[0] => At::SweepToken,
            At::JudgeAgain if is_old(self) => At::SweepFailure,
            At::JudgeAgain if self.token.is_some() || self.failure.is_some() => At::Release,
            At::JudgeAgain if self.is(Mutant::UnlockBeforeUnlink) || self.is(Mutant::SweepWithoutLock) => {
                self.processes[who].locked = false;
                self.processes[who].holds = false;
                At::DiscardRemove
            }
            At::JudgeAgain => At::DiscardCompare,
            At::SweepToken => {
                self.token = None;
                At::JudgeAgain
            }
            At::SweepFailure => {
                self.failure = None;
                At::JudgeAgain
            }
            At::LeaveTrace => {
                self.trace += 1;
                self.calls_left = self.calls_left.saturating_add(1);
                self.processes[who].epoch = self.trace;
                At::ListEntries
            }
            At::ListEntries => {
                self.processes[who].listed = [self.token.is_some(), self.failure.is_some(), false];
                At::EraseEntries
            }
            At::EraseEntries => {
                if process.listed[0] {
                    self.token = None;
                    self.kept = None;
                }
                if process.listed[1] {
                    self.failure = None;
                }
                At::LeaveTraceAgain
            }
            _ => {
                if !self.is(Mutant::OneTraceIsEnough) {
                    self.trace += 1;
                    self.calls_left = self.calls_left.saturating_add(1);
                }
                self.erased = self.erased.max(process.epoch);
                At::Release
            }
        };
        self.processes[who].at = at;
    }

    /// Whether a process that waits may give up: not while a person is asked.
    fn may_time_out(&self, who: usize) -> bool {
        self.session || !self.processes.iter().enumerate().any(|(other, process)| other != who && process.prompts)
    }
}

impl System for Key {
    type Label = (usize, Kind, &'static str, At);

    fn successors(&self, next: &mut Vec<(Self::Label, Self)>) {
        let mut add = |who: usize, what, change: &dyn Fn(&mut Self)| {
            let Process { kind, at, .. } = self.processes[who];
            let mut key = self.clone();
            change(&mut key);
            // Which of two equal processes is which makes no difference.
            key.processes.sort_unstable();
            next.push(((who, kind, what, at), key));
        };
        for (who, process) in self.processes.iter().enumerate() {
            let mut stepped = self.clone();
            if stepped.step(who) {
                add(who, "steps", &|key| *key = stepped.clone());
            }
            if process.at == At::Ended {
                continue;
            }
            if self.budget.kills > 0 {
                let kill = |key: &mut Self| {
                    key.budget.kills -= 1;
                    key.calls_left = key.calls_left.saturating_add(1);
                };
                add(who, "is killed", &|key| {
                    kill(key);
                    key.end(who);
                });
                if process.at == At::Call && process.holds {
                    add(who, "gets a signal", &|key| {
                        kill(key);
                        key.processes[who].prompts = false;
                        key.processes[who].at = At::DiscardCompare;
                        if key.is(Mutant::DiscardWithoutComparison) {
                            key.processes[who].at = At::DiscardRemove;
                        }
                        if key.is(Mutant::DiscardAfterUnlock) {
                            key.processes[who].locked = false;
                            key.processes[who].holds = false;
                            key.processes[who].at = At::DiscardRemove;
                        }
                    });
                }
            }
            if process.at == At::Call && self.budget.failures > 0 && process.kind != Kind::OtherKey {
                add(who, "fails", &|key| {
                    key.budget.failures -= 1;
                    key.processes[who].prompts = false;
                    key.processes[who].at = At::RecordFailure;
                });
            }
            if process.at == At::Wait && self.budget.timeouts > 0 && self.may_time_out(who) {
                add(who, "waits too long", &|key| {
                    key.budget.timeouts -= 1;
                    key.calls_left = key.calls_left.saturating_add(1);
                    key.processes[who].at = At::ReadTrace;
                });
            }
        }
        if self.budget.ticks > 0 {
            add(0, "while time passes", &|key| {
                key.budget.ticks -= 1;
                key.now += 1;
                key.calls_left = key.calls_left.saturating_add(1);
            });
        }
        // Nobody is so quick as to come between a look and the removal that follows.
        let removes = |process: &Process| matches!(process.at, At::DiscardRemove | At::SweepToken | At::SweepFailure);
        if self.budget.clears > 0 && !self.processes.iter().any(removes) {
            add(0, "while a person removes the files", &|key| {
                key.budget.clears -= 1;
                // The token is fetched again, and a holder doesn't know that it isn't one any more.
                let lost = key.processes.iter().filter(|process| process.locked).count() + 1;
                key.calls_left = key.calls_left.saturating_add(u8::try_from(lost).expect("few processes"));
                (key.lock, key.token, key.failure, key.kept) = (0, None, None, None);
                for process in &mut key.processes {
                    process.outlived = process.holds;
                }
            });
        }
        if self.budget.damages > 0 && self.token.is_some() {
            add(0, "while the token is damaged", &|key| {
                key.budget.damages -= 1;
                key.token.as_mut().expect("it is there").contents = Contents::Damaged;
                key.kept = None;
                key.calls_left = key.calls_left.saturating_add(1);
            });
        }
    }

    fn broken(&self) -> Option<&'static str> {
        let holders = self.processes.iter().filter(|process| process.holds && !process.outlived).count();
        let must_be_there = self.kept.filter(|kept| self.now - kept.born < 2);
        let is_erased = |token: Entry| token.epoch < self.erased;
        if self.broken.is_some() {
            self.broken
        } else if holders > 1 {
            Some(TWO_HOLDERS)
        } else if must_be_there.is_some() && self.token != must_be_there {
            Some(LOST)
        } else if self.token.is_some_and(is_erased) && (self.locks_work || self.has_ended()) {
            Some(ERASED)
        } else {
            None
        }
    }

    fn has_ended(&self) -> bool {
        self.processes.iter().all(|process| process.at == At::Ended)
    }
}
