//! The cache directory as an attacker's place: whatever lies there under the names of the cache, and whatever changes between
//! a look and its use, `get` answers in time with a right password, and nothing outside is read, written or removed.
//!
//! The attacker has the same user's rights, or root's for what takes them (devices); `cache_faults` has entries that are
//! damaged, and files of other users.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]

mod support;

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use support::fake_aws::{Api, FakeAws, password_head};
use support::sandbox::Sandbox;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_HOST: &str = "111122223333.dkr.ecr.eu-west-2.amazonaws.com";

/// No trap is worth more than this.
const BOUND: Duration = Duration::from_secs(10);

/// A file that isn't the cache's.
const TREASURE: &[u8] = b"something that must stay as it is\n";

/// A home with a cached token, and a place beside the cache.
struct Place {
    aws: FakeAws,
    sandbox: Sandbox,
    outside: PathBuf,
}

impl Place {
    fn new() -> Self {
        let aws = FakeAws::start();
        let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIAONE");
        let outside = sandbox.path().join("outside");
        fs::create_dir(&outside).expect("the name is free");
        let place = Self { aws, sandbox, outside };
        place.get();
        place.set_treasure();
        place
    }

    fn treasure(&self) -> PathBuf {
        self.outside.join("treasure")
    }

    fn set_treasure(&self) {
        fs::remove_file(self.treasure()).ok();
        fs::write(self.treasure(), TREASURE).expect("written");
        fs::set_permissions(self.treasure(), Permissions::from_mode(0o640)).expect("ours");
    }

    /// A `get` that answers in time, with a password of this region and key.
    #[track_caller]
    fn get(&self) -> String {
        let reply = self.sandbox.get(HOST);
        assert!(reply.elapsed < BOUND, "{:?}", reply.elapsed);
        let password = reply.password();
        let head = password_head(&password);
        assert_eq!((&*head.access_key_id, &*head.region), ("AKIAONE", "eu-west-1"));
        password
    }

    /// Every verb that uses the cache.
    #[track_caller]
    fn use_it(&self, what: &str) {
        for verb in ["list", "get", "get", "erase", "get", "list"] {
            if verb == "get" {
                self.get();
                continue;
            }
            let reply = self.sandbox.run(&[verb], HOST.as_bytes());
            assert!(reply.elapsed < BOUND, "{what}: {verb} {:?}", reply.elapsed);
            // Something that can't be removed is told.
            assert!(reply.code == Some(0) || verb == "erase", "{what}: {verb} {reply:?}");
        }
    }

    /// Nothing outside was written, removed, or made readable by others, and no password is there.
    #[track_caller]
    fn assert_untouched(&self, what: &str) {
        assert_eq!(fs::read(self.treasure()).expect("it is still there"), TREASURE, "{what}");
        let metadata = fs::metadata(self.treasure()).expect("it is still there");
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o640, "{what}");
        assert_eq!(names(&self.outside), ["treasure"], "{what}");
    }

    /// The names that a cache has or may have.
    fn names_of_the_cache(&self) -> Vec<String> {
        let mut found = names(&self.sandbox.cache_dir());
        let key = found.iter().find_map(|name| name.strip_suffix(".token")).expect("a token").to_owned();
        for ending in ["token", "lock", "hosts", "failure"] {
            found.push(format!("{key}.{ending}"));
            found.push(format!("{}.{ending}", "0".repeat(key.len())));
        }
        found.extend(["prompt.lock", "ecr.aws.eu-west-1.erased", "tmp-abc123", "CACHEDIR.TAG"].map(str::to_owned));
        found.sort();
        found.dedup();
        found
    }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

/// Whether a name is that of a cached token.
fn is_token(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "token")
}

/// Whatever has this name.
fn remove(path: &Path) {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).expect("ours"),
        Ok(_) => fs::remove_file(path).expect("ours"),
        Err(_) => {}
    }
}

fn run(program: &str, args: &[&str], path: &Path) -> bool {
    Command::new(program)
        .args(args)
        .arg(path)
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// What an attacker can leave under a name; false if that isn't possible here.
type Trap = fn(&Place, &Path) -> bool;

const TRAPS: &[(&str, Trap)] = &[
    ("a link to a file", |place, path| symlink(place.treasure(), path).is_ok()),
    ("a link to a directory", |place, path| symlink(&place.outside, path).is_ok()),
    ("a link to a new name", |place, path| symlink(place.outside.join("new"), path).is_ok()),
    ("a link to itself", |_, path| symlink(path, path).is_ok()),
    ("a link to a device", |_, path| symlink("/dev/zero", path).is_ok()),
    ("a link to a terminal", |_, path| symlink("/dev/tty", path).is_ok()),
    ("a hard link", |place, path| fs::hard_link(place.treasure(), path).is_ok()),
    ("a pipe", |_, path| Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success())),
    ("a socket", |_, path| {
        // A path of a socket is short.
        let short = tempfile::tempdir().expect("a directory");
        let socket = short.path().join("s");
        UnixListener::bind(&socket).is_ok() && fs::rename(&socket, path).is_ok()
    }),
    ("an endless device", |_, path| {
        Command::new("mknod")
            .arg(path)
            .args(["c", "1", "5"])
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }),
    ("a block device", |_, path| {
        Command::new("mknod")
            .arg(path)
            .args(["b", "7", "200"])
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }),
    ("a directory", |_, path| fs::create_dir(path).is_ok()),
    ("a full directory", |_, path| fs::create_dir_all(path.join("x/y")).is_ok()),
    ("a hole of 1 TiB", |_, path| File::create(path).and_then(|file| file.set_len(1 << 40)).is_ok()),
    ("a file of 64 MiB", |_, path| fs::write(path, vec![b'x'; 64 << 20]).is_ok()),
    ("a file without permissions", |_, path| {
        fs::write(path, "x").is_ok() && fs::set_permissions(path, Permissions::from_mode(0o000)).is_ok()
    }),
    ("a file for everyone", |_, path| {
        fs::write(path, "x").is_ok() && fs::set_permissions(path, Permissions::from_mode(0o666)).is_ok()
    }),
    ("a file that grows", |_, path| run("sh", &["-c", "printf 'ecr-login 2 00000000\\n{' >\"$0\""], path)),
];

#[test]
fn whatever_lies_under_the_names_of_the_cache_nothing_outside_is_touched() {
    let place = Place::new();
    let directory = place.sandbox.cache_dir();
    let mut set = 0;
    for (what, trap) in TRAPS {
        // Under all names, and under that of the token or the lock alone.
        let all = place.names_of_the_cache();
        let of_key = |ending: &str| -> Vec<String> {
            let is_of_key = |name: &&String| name.ends_with(ending) && !name.starts_with("000");
            all.iter().filter(is_of_key).cloned().collect()
        };
        for chosen in [all.clone(), of_key(".token"), of_key(".lock"), of_key(".hosts")] {
            assert!(!chosen.is_empty());
            let mut possible = true;
            for name in &chosen {
                remove(&directory.join(name));
                possible &= trap(&place, &directory.join(name));
            }
            if !possible {
                println!("NOT TESTED: {what} can't be made here");
            }
            set += usize::from(possible);
            place.use_it(what);
            place.assert_untouched(what);
            for name in names(&directory) {
                remove(&directory.join(name));
            }
            place.get();
        }
        place.set_treasure();
    }
    assert!(set > 40, "only {set} traps were set");
}

#[test]
fn a_hole_is_not_read_to_its_end() {
    let place = Place::new();
    for name in place.names_of_the_cache() {
        let path = place.sandbox.cache_dir().join(name);
        remove(&path);
        File::create(&path).and_then(|file| file.set_len(1 << 40)).expect("a file system with holes");
    }
    // A process that read only some of it would need more memory than that.
    for verb in ["get", "list", "erase"] {
        let helper = place.sandbox.command(&[verb]);
        let mut command = Command::new("sh");
        command.env_clear().envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.args(["-c", "ulimit -v 300000; exec \"$0\" \"$@\""]).arg(helper.get_program()).arg(verb);
        let mut running = support::sandbox::Running::start(command);
        running.write_all_and_close(HOST.as_bytes());
        let reply = running.wait();
        assert_eq!(reply.code, Some(0), "{verb}: {reply:?}");
        assert!(reply.elapsed < BOUND, "{verb}: {:?}", reply.elapsed);
    }
}

#[test]
fn an_entry_that_changes_between_a_look_and_its_use_never_becomes_an_answer() {
    let place = Place::new();
    let directory = place.sandbox.cache_dir();
    let reply = place.sandbox.get(OTHER_HOST);
    let foreign = reply.password();
    let is_of = |name: &String, password: &str| {
        let contents = fs::read_to_string(directory.join(name)).unwrap_or_default();
        is_token(name) && contents.contains(password)
    };
    let all = names(&directory);
    let other = all.iter().find(|name| is_of(name, &foreign)).expect("the entry of the other region");
    let own = all.iter().find(|name| is_token(name) && *name != other).expect("the entry of this region");
    let (own, other) = (directory.join(own), directory.join(other));
    let kept = place.outside.join("kept");
    fs::create_dir(&kept).expect("the name is free");
    let (whole, theirs) = (kept.join("whole"), kept.join("theirs"));
    fs::copy(&own, &whole).expect("copied");
    fs::copy(&other, &theirs).expect("copied");
    let treasure = fs::metadata(place.treasure()).expect("it is there").ino();
    let stop = AtomicBool::new(false);
    let mut passwords = 0;
    thread::scope(|scope| {
        let attacker = scope.spawn(|| {
            let next = kept.join("next");
            let mut rounds = 0_usize;
            while !stop.load(Ordering::SeqCst) {
                rounds += 1;
                remove(&next);
                let made = match rounds % 7 {
                    0 => fs::copy(&whole, &next).is_ok(),
                    1 => symlink(place.treasure(), &next).is_ok(),
                    2 => symlink(&theirs, &next).is_ok(),
                    3 => fs::copy(&theirs, &next).is_ok(),
                    4 => fs::hard_link(place.treasure(), &next).is_ok(),
                    5 => fs::write(&next, "ecr-login 2 00000000\n{").is_ok(),
                    _ => symlink("/dev/zero", &next).is_ok(),
                };
                // Whole: a reader sees the one or the other.
                assert!(made && fs::rename(&next, &own).is_ok());
                if rounds.is_multiple_of(3) {
                    // And torn: written into while it is read.
                    let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).expect("a flag");
                    let open = OpenOptions::new().write(true).custom_flags(no_link).open(&own);
                    if let Ok(file) = open
                        && file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.ino() != treasure)
                    {
                        file.set_len(40).ok();
                    }
                }
            }
            rounds
        });
        for _ in 0..150 {
            place.get();
            passwords += 1;
        }
        stop.store(true, Ordering::SeqCst);
        let rounds = attacker.join().expect("the attacker doesn't panic");
        println!(
            "{passwords} answers while the entry was replaced {rounds} times, {} calls",
            place.aws.calls(Api::EcrToken)
        );
    });
    fs::remove_dir_all(kept).expect("ours");
    place.assert_untouched("a changing entry");
}

#[test]
fn a_directory_that_becomes_a_link_meanwhile_gets_no_password_that_others_can_read() {
    let place = Place::new();
    let directory = place.sandbox.cache_dir();
    let (away, theirs) = (directory.with_extension("away"), place.sandbox.path().join("theirs"));
    fs::create_dir(&theirs).expect("the name is free");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let attacker = scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                if fs::rename(&directory, &away).is_ok() {
                    let linked = symlink(&theirs, &directory).is_ok();
                    thread::sleep(Duration::from_micros(300));
                    if linked {
                        remove(&directory);
                    } else {
                        // The helper has made a new one.
                        fs::remove_dir_all(&directory).ok();
                    }
                    fs::rename(&away, &directory).ok();
                }
                thread::sleep(Duration::from_micros(300));
            }
        });
        for round in 0..60 {
            place.get();
            if round % 3 == 0 {
                let reply = place.sandbox.run(&["erase"], HOST.as_bytes());
                assert!(reply.elapsed < BOUND, "{reply:?}");
            }
        }
        stop.store(true, Ordering::SeqCst);
        attacker.join().expect("the attacker doesn't panic");
    });
    for name in names(&theirs) {
        let metadata = theirs.join(&name).symlink_metadata().expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o077, 0, "{name}");
    }
    place.assert_untouched("a changing directory");
}
