//! A directory in memory, each call of which is a step that a scheduler (the crate shuttle) can put between any two steps
//! of other processes. For unit tests, in which it takes the place of [`PrivateDir`](super::private_dir::PrivateDir), or
//! passes on to it.
//!
//! A process can be stopped at any of its steps, or killed there: its stack is unwound without another step, and what it
//! had open is closed. Lock files are real ones, on a real disk, so that the locks are those of the system: each number of
//! a file here is the name of one there.

mod process;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

pub(crate) use process::{Fate, Killed, Process};

use super::{PathError, UnusableDir, os, private_dir};

/// The real one, or one in memory.
#[derive(Clone, Debug)]
pub(crate) enum PrivateDir {
    OnDisk(private_dir::PrivateDir),
    InMemory(View),
}

/// A directory as one process sees it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    directory: Arc<Directory>,
    process: Arc<Process>,
}

/// The files, and the time, which is the same for all processes.
#[derive(Debug)]
pub(crate) struct Directory {
    entries: Mutex<BTreeMap<String, Entry>>,
    files: AtomicU64,
    /// Where the lock files are.
    locks: PathBuf,
    /// Nanoseconds since 1970.
    now: AtomicU64,
    /// What the scheduler knows of a step.
    turn: shuttle::sync::atomic::AtomicBool,
}

#[derive(Clone, Debug)]
struct Entry {
    contents: Arc<Vec<u8>>,
    modified: Duration,
    /// Its number, as that of an inode.
    file: u64,
}

thread_local! {
    /// The paths under which processes open directories in memory.
    static PLACES: RefCell<HashMap<PathBuf, View>> = RefCell::default();
}

impl Directory {
    /// An empty one, to be made while a scheduler runs. The place for lock files may be used again when none is held.
    pub(crate) fn new(locks: &Path, now: Duration) -> Arc<Self> {
        Arc::new(Self {
            entries: Mutex::default(),
            files: AtomicU64::new(0),
            locks: locks.to_owned(),
            now: AtomicU64::new(nanoseconds(now)),
            turn: shuttle::sync::atomic::AtomicBool::new(false),
        })
    }

    /// Makes the directory known under a path, for one process.
    pub(crate) fn place(self: &Arc<Self>, path: &Path, fate: Fate) -> Arc<Process> {
        let process = Arc::new(Process::new(fate));
        let view = View { directory: Arc::clone(self), process: Arc::clone(&process) };
        PLACES.with_borrow_mut(|places| places.insert(path.to_owned(), view));
        process
    }

    /// The time since 1970.
    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.now.load(Ordering::SeqCst))
    }

    /// Lets time pass, for all processes.
    pub(crate) fn pass(&self, span: Duration) {
        self.now.fetch_add(nanoseconds(span), Ordering::SeqCst);
    }

    /// Damages each file whose name has this ending.
    pub(crate) fn damage(&self, ending: &str) {
        for (_, entry) in self.entries().iter_mut().filter(|(name, _)| name.ends_with(ending)) {
            let mut contents = entry.contents.to_vec();
            if let Some(last) = contents.last_mut() {
                *last ^= 1;
            }
            entry.contents = Arc::new(contents);
        }
    }

    /// The names of the files, without a step.
    pub(crate) fn names(&self) -> Vec<String> {
        self.entries().keys().cloned().collect()
    }

    /// Lets the scheduler choose who takes the next step.
    fn offer_turn(&self) {
        self.turn.load(Ordering::SeqCst);
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        // A failed test must not become another failure.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_file(&self, contents: &[u8]) -> Entry {
        let file = self.files.fetch_add(1, Ordering::SeqCst);
        Entry { contents: Arc::new(contents.to_vec()), modified: self.now(), file }
    }

    fn lock_path(&self, file: u64) -> PathBuf {
        self.locks.join(file.to_string())
    }
}

impl View {
    fn step(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.process.step(&self.directory);
        self.directory.entries()
    }

    fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
        let Some(entry) = self.step().get(name).cloned() else { return Ok(None) };
        if entry.contents.len() > limit {
            return Err(PathError::new("read", Path::new(name), io::Error::other("too long")));
        }
        Ok(Some(entry.contents.to_vec()))
    }

    fn replace(&self, name: &str, contents: &[u8]) -> Result<(), PathError> {
        let gone = || PathError::new("write", Path::new(name), io::ErrorKind::NotFound.into());
        let empty = self.directory.new_file(b"");
        let temporary = format!("tmp-{:06}", empty.file);
        self.step().insert(temporary.clone(), empty);
        self.step().get_mut(&temporary).ok_or_else(gone)?.contents = Arc::new(contents.to_vec());
        let mut entries = self.step();
        let entry = entries.remove(&temporary).ok_or_else(gone)?;
        entries.insert(name.to_owned(), entry);
        Ok(())
    }

    fn open_lock(&self, name: &str) -> Result<File, PathError> {
        let at_path = |error| PathError::new("lock", Path::new(name), error);
        let file = {
            let mut entries = self.step();
            entries.entry(name.to_owned()).or_insert_with(|| self.directory.new_file(b"")).file
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(self.directory.lock_path(file)).map_err(at_path)?;
        // What follows is the call that locks it.
        drop(self.step());
        Ok(file)
    }

    fn still_holds(&self, name: &str, file: &File) -> bool {
        let found = self.step().get(name).map(|entry| entry.file);
        found.is_some_and(|found| os::same_file(file, &self.directory.lock_path(found)))
    }
}

impl PrivateDir {
    /// The view that a process has of a directory in memory, if it is one.
    fn in_memory(path: &Path) -> Option<Self> {
        let view = PLACES.with_borrow(|places| places.get(path).cloned())?;
        drop(view.step());
        Some(Self::InMemory(view))
    }

    pub(crate) fn open(path: &Path) -> Result<Self, UnusableDir> {
        Self::in_memory(path).map_or_else(|| private_dir::PrivateDir::open(path).map(Self::OnDisk), Ok)
    }

    pub(crate) fn open_as_it_is(path: &Path) -> Result<Self, UnusableDir> {
        Self::in_memory(path).map_or_else(|| private_dir::PrivateDir::open_as_it_is(path).map(Self::OnDisk), Ok)
    }

    pub(crate) fn create(path: &Path) -> Result<Self, UnusableDir> {
        private_dir::PrivateDir::create(path).map(Self::OnDisk)
    }

    pub(crate) fn others_may_enter(&self) -> bool {
        match self {
            Self::OnDisk(directory) => directory.others_may_enter(),
            Self::InMemory(_) => false,
        }
    }

    pub(crate) fn tighten(&self) -> Result<(), PathError> {
        match self {
            Self::OnDisk(directory) => directory.tighten(),
            Self::InMemory(_) => Ok(()),
        }
    }

    pub(crate) fn read(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
        match self {
            Self::OnDisk(directory) => directory.read(name, limit),
            Self::InMemory(view) => view.read(name, limit),
        }
    }

    pub(crate) fn read_untrusted(&self, name: &str, limit: usize) -> Result<Option<Vec<u8>>, PathError> {
        match self {
            Self::OnDisk(directory) => directory.read_untrusted(name, limit),
            Self::InMemory(view) => view.read(name, limit),
        }
    }

    pub(crate) fn replace(&self, name: &str, contents: &[u8]) -> Result<(), PathError> {
        match self {
            Self::OnDisk(directory) => directory.replace(name, contents),
            Self::InMemory(view) => view.replace(name, contents),
        }
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), PathError> {
        match self {
            Self::OnDisk(directory) => directory.remove(name),
            Self::InMemory(view) => {
                view.step().remove(name);
                Ok(())
            }
        }
    }

    pub(crate) fn open_lock(&self, name: &str) -> Result<File, PathError> {
        match self {
            Self::OnDisk(directory) => directory.open_lock(name),
            Self::InMemory(view) => view.open_lock(name),
        }
    }

    pub(crate) fn still_holds(&self, name: &str, file: &File) -> bool {
        match self {
            Self::OnDisk(directory) => directory.still_holds(name, file),
            Self::InMemory(view) => view.still_holds(name, file),
        }
    }

    pub(crate) fn names(&self) -> Result<Vec<String>, PathError> {
        match self {
            Self::OnDisk(directory) => directory.names(),
            Self::InMemory(view) => Ok(view.step().keys().cloned().collect()),
        }
    }

    pub(crate) fn length(&self, name: &str) -> Option<u64> {
        match self {
            Self::OnDisk(directory) => directory.length(name),
            Self::InMemory(view) => view.step().get(name).map(|entry| entry.contents.len() as u64),
        }
    }

    pub(crate) fn modified(&self, name: &str) -> Option<SystemTime> {
        match self {
            Self::OnDisk(directory) => directory.modified(name),
            Self::InMemory(view) => Some(SystemTime::UNIX_EPOCH + view.step().get(name)?.modified),
        }
    }
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).expect("not that far from 1970")
}
