//! Whatever has happened to the cache, `get` answers in bounded time with a right password, and repairs what it may.
//!
//! A damaged entry is a miss, something that isn't ours is left alone, and what can't be written isn't kept. Clocks that
//! jump are tested in the helper's unit tests, on a clock that can.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]

mod support;

use std::fs::{self, File, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use support::fake_aws::{Api, Behaviour, FakeAws, PasswordHead, password_head};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const ELSEWHERE: &str = "111122223333.dkr.ecr.eu-west-2.amazonaws.com";
const KEY_ID: &str = "AKIAONE";

/// No fault of the cache is worth more than this, the call included.
const BOUND: Duration = Duration::from_secs(5);

/// A user who isn't the one that runs the tests: `nobody` on most systems, and no harm where it's somebody.
const SOMEBODY_ELSE: u32 = 65_534;

/// Runs a program as the owner of a user namespace, who may mount in a mount namespace that ends with it.
const NAMESPACE: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

/// Runs a program as a user whom the system's user database doesn't know.
const UNKNOWN_USER: [&str; 3] = ["unshare", "--user", "--map-user=54321"];

/// A home in which one token is cached, and the fake it came from.
struct Cached {
    aws: FakeAws,
    sandbox: Sandbox,
    password: String,
}

impl Cached {
    fn new() -> Self {
        let aws = FakeAws::start();
        let sandbox = home_of(&aws);
        let password = password(&sandbox.get(HOST), "eu-west-1");
        Self { aws, sandbox, password }
    }

    fn directory(&self) -> PathBuf {
        self.sandbox.cache_dir()
    }

    /// The file with the token.
    fn entry(&self) -> PathBuf {
        self.file(".token")
    }

    /// The file that is locked while the token is fetched.
    fn lock(&self) -> PathBuf {
        self.file(".lock")
    }

    fn file(&self, suffix: &str) -> PathBuf {
        let names = names(&self.directory());
        let found: Vec<&String> = names.iter().filter(|name| name.ends_with(suffix)).collect();
        let [name] = found[..] else { panic!("one file ends in {suffix}, not these: {names:?}") };
        self.directory().join(name)
    }

    fn calls(&self) -> usize {
        self.aws.calls(Api::EcrToken)
    }

    /// A `get` that makes so many calls; its password.
    #[track_caller]
    fn get_with_calls(&self, expected: usize, what: &str) -> String {
        let before = self.calls();
        let password = password(&self.sandbox.get(HOST), "eu-west-1");
        assert_eq!(self.calls() - before, expected, "calls, {what}");
        password
    }

    /// The next `get` asks, keeps what it got, and the one after it is a hit again.
    #[track_caller]
    fn assert_repaired(&mut self, what: &str) {
        let newer = self.get_with_calls(1, what);
        assert_ne!(newer, self.password, "{what}");
        assert_eq!(self.get_with_calls(0, &format!("{what}, repaired")), newer);
        assert_eq!(mode(&self.entry()), 0o600, "{what}");
        assert_eq!(temporaries(&self.directory()), [""; 0], "{what}");
        self.password = newer;
    }

    /// Every `get` asks: the cache isn't used, and that is all.
    #[track_caller]
    fn assert_unused(&self, what: &str) {
        let first = self.get_with_calls(1, what);
        assert_ne!(first, self.password, "{what}");
        assert_ne!(self.get_with_calls(1, what), first);
    }
}

fn home_of(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys(KEY_ID)
}

/// The password of an answer that came in time, after checking whose it is.
#[track_caller]
fn password(reply: &Reply, expected_region: &str) -> String {
    let password = reply.password();
    assert!(reply.elapsed < BOUND, "answered after {:?}", reply.elapsed);
    assert_whose(&password, expected_region);
    password
}

#[track_caller]
fn assert_whose(password: &str, expected_region: &str) {
    let PasswordHead { access_key_id, region, service, serial: _ } = password_head(password);
    assert_eq!((access_key_id.as_str(), region.as_str(), service.as_str()), (KEY_ID, expected_region, "ecr"));
    assert_eq!(password.len(), 2_500, "the password is whole");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8")).collect()
}

fn temporaries(directory: &Path) -> Vec<String> {
    names(directory).into_iter().filter(|name| name.starts_with("tmp-")).collect()
}

/// Makes files look as if they had been written long ago.
fn age(directory: &Path, names: &[String]) {
    for name in names {
        let file = File::options().write(true).open(directory.join(name)).expect("it is ours");
        file.set_modified(SystemTime::now() - Duration::from_mins(2)).expect("it is ours");
    }
}

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// Whether a program that takes no arguments of its own ends well, run this way.
fn works(wrapper: &[&str]) -> bool {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg("true").stdout(Stdio::null()).stderr(Stdio::null());
    let works = command.status().is_ok_and(|status| status.success());
    if !works {
        println!("NOT TESTED: `{}` doesn't work here", wrapper.join(" "));
    }
    works
}

/// Whether these tests run as root, who alone can give files away.
fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("`id` is part of every Unix");
    let root = output.stdout.trim_ascii() == b"0";
    if !root {
        println!("NOT TESTED: only root can give files to somebody else");
    }
    root
}

/// The helper, run by another program: `PROGRAM ARGUMENTS… HELPER get`.
fn through(program: &[&str], sandbox: &Sandbox) -> Command {
    through_with(program, sandbox, "get")
}

fn through_with(program: &[&str], sandbox: &Sandbox, verb: &str) -> Command {
    let helper = sandbox.command(&[verb]);
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg(helper.get_program()).args(helper.get_args());
    command.env_clear().current_dir(sandbox.home());
    command.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    command
}

fn run(command: Command, stdin: &[u8]) -> Reply {
    let mut running = Running::start(command);
    running.write_all_and_close(stdin);
    running.wait()
}

/// The part of what a script wrote into a file that matters: the password.
fn password_in(path: &Path) -> String {
    let stdout = fs::read(path).expect("the script wrote it");
    let reply: serde_json::Value = serde_json::from_slice(&stdout).expect("an answer in JSON");
    reply["Secret"].as_str().expect("a password").to_owned()
}

#[test]
fn an_entry_with_any_byte_changed_is_a_miss_and_is_repaired() {
    let mut cached = Cached::new();
    let length = fs::read(cached.entry()).expect("an entry").len();
    // All of the first line, then all over the rest.
    let positions = (0..22).chain((1..=18).map(|step| 22 + (length - 23) * step / 18));
    for position in positions {
        let mut contents = fs::read(cached.entry()).expect("an entry");
        contents[position] ^= 1;
        fs::write(cached.entry(), contents).expect("it is ours");
        cached.assert_repaired(&format!("byte {position} of {length} changed"));
    }
}

#[test]
fn an_entry_of_any_other_length_is_a_miss_and_is_repaired() {
    let mut cached = Cached::new();
    let length = fs::read(cached.entry()).expect("an entry").len();
    let short =
        [0, 1, 11, 12, 19, 20, 21, 22, 23].into_iter().chain((0..=10).map(|step| (length - 1) * (step + 2) / 12));
    for left in short {
        let mut contents = fs::read(cached.entry()).expect("an entry");
        contents.truncate(left);
        fs::write(cached.entry(), contents).expect("it is ours");
        cached.assert_repaired(&format!("{left} of {length} bytes left"));
    }
    for more in [&b"\n"[..], b"\0", b"}", b" and more"] {
        let contents = fs::read(cached.entry()).expect("an entry");
        fs::write(cached.entry(), [&contents[..], more].concat()).expect("it is ours");
        cached.assert_repaired(&format!("{more:?} added"));
    }
}

#[test]
fn an_entry_that_says_something_else_is_a_miss_and_is_repaired() {
    type Change = fn(&str, &str) -> Vec<u8>;
    let changes: [(&str, Change); 10] = [
        ("of an older version", |line, json| format!("{}\n{json}", line.replace("ecr-login 3", "ecr-login 2")).into()),
        ("of a newer version", |line, json| format!("{}\n{json}", line.replace("ecr-login 3", "ecr-login 4")).into()),
        ("of a much newer version", |line, json| {
            format!("{}\n{json}", line.replace("ecr-login 3", "ecr-login 30")).into()
        }),
        ("whose password was edited", |line, json| {
            format!("{line}\n{}", json.replace("pw.AKIAONE", "pw.AKIATWO")).into()
        }),
        ("whose end was edited", |line, json| {
            format!("{line}\n{}", json.replace("\"expires\":", "\"expires\":9")).into()
        }),
        ("without its first line", |_, json| json.into()),
        ("of two entries", |line, json| format!("{line}\n{json}{line}\n{json}").into()),
        ("of zeros, as a crash leaves it", |line, json| vec![0; line.len() + json.len() + 1]),
        ("of 10 MB", |line, json| format!("{line}\n{json}{}", " ".repeat(10 << 20)).into()),
        ("of 10 MB and not UTF-8", |_, _| vec![0xff; 10 << 20]),
    ];
    let mut cached = Cached::new();
    for (what, change) in changes {
        let contents = fs::read_to_string(cached.entry()).expect("an entry");
        let (line, json) = contents.split_once('\n').expect("a first line");
        let written = change(line, json);
        assert_ne!(written, contents.as_bytes(), "{what}: the test still fits the format");
        fs::write(cached.entry(), written).expect("it is ours");
        cached.assert_repaired(&format!("an entry {what}"));
    }
}

#[test]
fn damage_to_one_entry_costs_no_other() {
    let cached = Cached::new();
    let damaged = cached.entry();
    let elsewhere = password(&cached.sandbox.get(ELSEWHERE), "eu-west-2");
    fs::write(damaged, "garbage").expect("it is ours");
    let calls = cached.calls();
    cached.get_with_calls(1, "damaged");
    assert_eq!(password(&cached.sandbox.get(ELSEWHERE), "eu-west-2"), elsewhere);
    assert_eq!(cached.calls(), calls + 1);
}

#[test]
fn a_directory_in_place_of_an_entry_is_left_alone() {
    let cached = Cached::new();
    let entry = cached.entry();
    fs::remove_file(&entry).expect("it is ours");
    fs::create_dir(&entry).expect("the name is free");
    fs::write(entry.join("theirs"), "theirs").expect("written");
    cached.assert_unused("a directory in place of the entry");
    assert_eq!(fs::read(entry.join("theirs")).expect("it is still there"), b"theirs");
    assert_eq!(temporaries(&cached.directory()), [""; 0]);
}

#[test]
fn a_link_in_place_of_an_entry_is_neither_read_nor_written_through() {
    let mut cached = Cached::new();
    let outside = cached.sandbox.home().join("outside");
    let (entry, contents) = (cached.entry(), fs::read(cached.entry()).expect("an entry"));
    fs::rename(&entry, &outside).expect("renamed");
    symlink(&outside, &entry).expect("the name is free");
    cached.assert_repaired("a link to a valid entry");
    assert_eq!(fs::read(&outside).expect("it is still there"), contents);
    assert!(entry.symlink_metadata().expect("an entry").is_file(), "a file stands in place of the link");

    let missing = cached.sandbox.home().join("missing");
    fs::remove_file(&entry).expect("it is ours");
    symlink(&missing, &entry).expect("the name is free");
    cached.assert_repaired("a link to nothing");
    assert!(!missing.exists(), "nothing was made where the link led");
}

#[test]
fn a_pipe_in_place_of_an_entry_or_a_lock_keeps_nobody_waiting() {
    let mut cached = Cached::new();
    let pipe = |path: &Path| {
        fs::remove_file(path).expect("it is ours");
        let made = Command::new("mkfifo").args(["-m", "600"]).arg(path).status();
        assert!(made.expect("`mkfifo` is part of every Unix").success());
    };
    pipe(&cached.entry());
    cached.assert_repaired("a pipe in place of the entry");
    fs::remove_file(cached.entry()).expect("it is ours");
    pipe(&cached.lock());
    cached.assert_repaired("a pipe in place of the lock");
}

#[test]
fn an_entry_that_others_may_write_is_a_miss_and_is_repaired() {
    let mut cached = Cached::new();
    for loose in [0o620, 0o602, 0o660, 0o666, 0o777] {
        set_mode(&cached.entry(), loose);
        cached.assert_repaired(&format!("mode {loose:o}"));
    }
}

#[test]
fn an_entry_of_somebody_elses_is_a_miss_and_is_repaired() {
    if !is_root() {
        return;
    }
    let mut cached = Cached::new();
    chown(cached.entry(), Some(SOMEBODY_ELSE), None).expect("root may");
    cached.assert_repaired("somebody else's entry");
}

#[test]
fn a_directory_of_somebody_elses_is_not_used() {
    if !is_root() {
        return;
    }
    let cached = Cached::new();
    let before = fs::read(cached.entry()).expect("an entry");
    chown(cached.directory(), Some(SOMEBODY_ELSE), None).expect("root may");
    for loose in [0o700, 0o777] {
        set_mode(&cached.directory(), loose);
        cached.assert_unused("somebody else's directory");
        assert_eq!(mode(&cached.directory()), loose, "it isn't ours to tighten");
    }
    assert_eq!(fs::read(cached.entry()).expect("an entry"), before);
    chown(cached.directory(), Some(0), None).expect("root may");
    assert_eq!(cached.get_with_calls(0, "ours again"), cached.password);
}

#[test]
fn root_with_the_home_of_a_user_leaves_nothing_there() {
    if !is_root() {
        return;
    }
    let below = |directory: &Path| {
        let output = Command::new("find").arg(directory).args(["-mindepth", "1"]).output().expect("`find`");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    for (made_before, place) in [
        ("", ".cache/ecr-login"),
        (".cache", ".cache/ecr-login"),
        (".cache/ecr-login", ".cache/ecr-login"),
        ("", "deep/er/tokens"),
    ] {
        let aws = FakeAws::start();
        let sandbox = home_of(&aws);
        fs::create_dir_all(sandbox.home().join(made_before)).expect("made");
        let owner = format!("{SOMEBODY_ELSE}:{SOMEBODY_ELSE}");
        assert!(Command::new("chown").args(["-R", &owner]).arg(sandbox.home()).status().expect("`chown`").success());
        let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", format!("~/{place}"));
        let before = below(&sandbox.home());
        for calls in [1, 2] {
            password(&sandbox.get(HOST), "eu-west-1");
            assert_eq!(aws.calls(Api::EcrToken), calls, "nothing is kept");
        }
        for verb in ["erase", "list"] {
            assert_eq!(sandbox.run(&[verb], HOST.as_bytes()).code, Some(0), "{verb}");
        }
        assert_eq!(below(&sandbox.home()), before, "{made_before}");

        // Root's own places are used, also in a directory that users share.
        let shared = sandbox.path().join("shared");
        fs::create_dir(&shared).expect("made");
        set_mode(&shared, 0o1777);
        chown(&shared, Some(SOMEBODY_ELSE), None).expect("root may");
        let own = sandbox.env("AWS_ECR_CACHE_DIR", shared.join("of-root"));
        let kept = password(&own.get(HOST), "eu-west-1");
        assert_eq!(password(&own.get(HOST), "eu-west-1"), kept);
    }
}

#[test]
fn a_lock_of_somebody_elses_or_that_is_no_file_costs_no_login() {
    let mut cached = Cached::new();
    let (lock, entry) = (cached.lock(), cached.entry());
    let outside = cached.sandbox.write("outside", "theirs");

    fs::remove_file(&lock).expect("it is ours");
    fs::create_dir(&lock).expect("the name is free");
    fs::remove_file(&entry).expect("it is ours");
    cached.assert_repaired("a directory in place of the lock");

    fs::remove_dir(&lock).expect("it is still a directory, and empty");
    symlink(&outside, &lock).expect("the name is free");
    fs::remove_file(&entry).expect("it is ours");
    cached.assert_repaired("a link in place of the lock");
    assert_eq!(fs::read(&outside).expect("it is still there"), b"theirs");

    let missing = cached.sandbox.home().join("missing");
    fs::remove_file(&lock).expect("it is ours");
    symlink(&missing, &lock).expect("the name is free");
    fs::remove_file(&entry).expect("it is ours");
    cached.assert_repaired("a link to nothing in place of the lock");
    assert!(!missing.exists(), "nothing was made where the link led");

    if is_root() {
        fs::remove_file(&lock).expect("it is ours");
        fs::write(&lock, "").expect("the name is free");
        chown(&lock, Some(SOMEBODY_ELSE), None).expect("root may");
        fs::remove_file(&entry).expect("it is ours");
        cached.assert_repaired("somebody else's lock");
    }
}

#[test]
fn a_place_where_no_directory_can_be_is_not_used() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let file = sandbox.write("file", "theirs");
    let elsewhere = sandbox.home().join("elsewhere");
    fs::create_dir(&elsewhere).expect("the name is free");
    let link = sandbox.home().join("link");
    symlink(&elsewhere, &link).expect("the name is free");
    let dangling = sandbox.home().join("dangling");
    symlink(sandbox.home().join("missing"), &dangling).expect("the name is free");
    let too_long = sandbox.home().join("x".repeat(300));
    let places =
        [file.clone(), file.join("under"), link, dangling, too_long, "/dev/null".into(), "/proc/none/x".into()];
    let mut sandbox = sandbox;
    for place in places {
        sandbox = sandbox.env("AWS_ECR_CACHE_DIR", &place);
        let before = aws.calls(Api::EcrToken);
        for _ in 0..2 {
            password(&sandbox.get(HOST), "eu-west-1");
        }
        assert_eq!(aws.calls(Api::EcrToken), before + 2, "{}", place.display());
        for verb in ["erase", "list"] {
            assert_eq!(sandbox.run(&[verb], HOST.as_bytes()).code, Some(0), "{verb} {}", place.display());
        }
    }
    assert_eq!(fs::read(file).expect("it is still there"), b"theirs");
    assert_eq!(names(&elsewhere), [""; 0], "nothing was written where the link led");
    assert!(!sandbox.home().join("missing").exists());
}

#[test]
fn a_read_only_directory_still_serves_what_it_holds() {
    let cached = Cached::new();
    if is_root() {
        if !works(&NAMESPACE) {
            return;
        }
        let script = "mount --bind \"$AWS_ECR_CACHE_DIR\" \"$AWS_ECR_CACHE_DIR\" && \
                      mount -o remount,bind,ro \"$AWS_ECR_CACHE_DIR\" && ! touch \"$AWS_ECR_CACHE_DIR/x\" 2>/dev/null && \
                      exec \"$0\" \"$@\"";
        let wrapper: Vec<&str> = NAMESPACE.into_iter().chain(["sh", "-c", script]).collect();
        let ask = |verb: &str, host: &str| {
            let mut command = through_with(&wrapper, &cached.sandbox, verb);
            command.env("AWS_ECR_CACHE_DIR", cached.directory());
            run(command, host.as_bytes())
        };
        assert_reads_only(&cached, ask, "Read-only file system (os error 30)");
    } else {
        set_mode(&cached.directory(), 0o500);
        assert_reads_only(
            &cached,
            |verb, host| cached.sandbox.run(&[verb], host.as_bytes()),
            "Permission denied (os error 13)",
        );
        set_mode(&cached.directory(), 0o700);
    }
}

/// Checks that what is cached is served, that what isn't is fetched each time, that `erase` says why it removed nothing,
/// and that no file comes or goes.
fn assert_reads_only(cached: &Cached, ask: impl Fn(&str, &str) -> Reply, reason: &str) {
    let get = |host| ask("get", host);
    let before = names(&cached.directory());
    assert_eq!(password(&get(HOST), "eu-west-1"), cached.password, "a hit");
    assert_eq!(cached.calls(), 1);
    for calls in [2, 3] {
        password(&get(ELSEWHERE), "eu-west-2");
        assert_eq!(cached.calls(), calls, "nothing can be kept");
    }
    let erased = ask("erase", HOST);
    assert_eq!((erased.code, erased.stdout_text()), (Some(0), String::new()), "logging out never fails");
    let told = format!(
        "ecr-login: a password of {HOST} may still be cached: cannot remove `{}`: {reason}; remove the file, or the \
         cache directory\n",
        cached.entry().display()
    );
    assert_eq!(erased.stderr, told);
    assert_eq!(password(&get(HOST), "eu-west-1"), cached.password, "still a hit");
    assert_eq!(names(&cached.directory()), before);
}

#[test]
fn a_full_disk_costs_no_login_and_no_token_that_was_kept() {
    if !works(&NAMESPACE) {
        return;
    }
    // The first token fits; then the disk is filled, with bytes or with files.
    let script = r#"
        set -eu
        mount -t tmpfs -o "$OPTIONS" none "$AWS_ECR_CACHE_DIR"
        printf %s "$KEPT" | "$0" get >"$OUT/kept"
        if [ "$FILL" = bytes ]
        then dd if=/dev/zero of="$AWS_ECR_CACHE_DIR/filler" bs=512 2>/dev/null && exit 3 || true
        else i=0; while (: >"$AWS_ECR_CACHE_DIR/filler-$i") 2>/dev/null; do i=$((i + 1)); done
        fi
        printf %s "$NEW" | "$0" get >"$OUT/new"
        printf %s "$NEW" | "$0" get >"$OUT/again"
        printf %s "$KEPT" | "$0" get >"$OUT/hit"
        printf %s "$NEW" | "$0" erase
        ls "$AWS_ECR_CACHE_DIR" >"$OUT/names"
    "#;
    for (fill, options) in [("bytes", "mode=700,size=64k"), ("files", "mode=700,size=1m,nr_inodes=8")] {
        let aws = FakeAws::start();
        let sandbox = home_of(&aws);
        let directory = sandbox.home().join("disk");
        fs::create_dir(&directory).expect("the name is free");
        let wrapper: Vec<&str> = NAMESPACE.into_iter().chain(["sh", "-c", script]).collect();
        let mut command = through(&wrapper, &sandbox);
        command.env("AWS_ECR_CACHE_DIR", &directory).env("OUT", sandbox.path()).env("KEPT", HOST).env("NEW", ELSEWHERE);
        command.env("OPTIONS", options).env("FILL", fill);
        let reply = run(command, b"");
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{fill}");
        assert!(reply.elapsed < 2 * BOUND, "{fill}: {:?}", reply.elapsed);

        let answer = |name: &str| password_in(&sandbox.path().join(name));
        assert_whose(&answer("kept"), "eu-west-1");
        assert_whose(&answer("new"), "eu-west-2");
        assert_whose(&answer("again"), "eu-west-2");
        assert_eq!(answer("hit"), answer("kept"), "{fill}: what was kept is still served");
        assert_ne!(answer("again"), answer("new"), "{fill}: the disk was full");
        assert_eq!(aws.calls(Api::EcrToken), 3, "{fill}");
        let left = fs::read_to_string(sandbox.path().join("names")).expect("the script wrote it");
        assert!(!left.contains("tmp-"), "{fill}: {left}");
    }
}

#[test]
fn a_full_disk_does_not_cost_the_token_that_is_to_be_replaced() {
    if !works(&NAMESPACE) {
        return;
    }
    // The script takes the file away to have the API taken down.
    let script = r#"
        set -eu
        mount -t tmpfs -o mode=700,size=64k none "$AWS_ECR_CACHE_DIR"
        printf %s "$HOST" | "$0" get >"$OUT/first"
        dd if=/dev/zero of="$AWS_ECR_CACHE_DIR/filler" bs=512 2>/dev/null && exit 3 || true
        sleep 2.1
        printf %s "$HOST" | "$0" get >"$OUT/refreshed"
        rm "$OUT/api-is-up"
        while [ ! -e "$OUT/api-is-down" ]; do sleep 0.01; done
        printf %s "$HOST" | "$0" get >"$OUT/last"
    "#;
    let aws = FakeAws::start();
    aws.token_lifetime(Duration::from_secs(4));
    let sandbox = home_of(&aws);
    let directory = sandbox.home().join("disk");
    fs::create_dir(&directory).expect("the name is free");
    let up = sandbox.path().join("api-is-up");
    fs::write(&up, "").expect("written");
    let wrapper: Vec<&str> = NAMESPACE.into_iter().chain(["sh", "-c", script]).collect();
    let mut command = through(&wrapper, &sandbox);
    command.env("AWS_ECR_CACHE_DIR", &directory).env("OUT", sandbox.path()).env("HOST", HOST);
    let mut running = Running::start(command);
    running.write_all_and_close(b"");
    let started = Instant::now();
    while up.exists() && started.elapsed() < BOUND {
        thread::sleep(Duration::from_millis(5));
    }
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "not today"));
    fs::write(sandbox.path().join("api-is-down"), "").expect("written");
    let reply = running.wait();
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
    let answer = |name: &str| password_in(&sandbox.path().join(name));
    assert_ne!(answer("refreshed"), answer("first"), "the stale token was refreshed");
    assert_eq!(answer("last"), answer("first"), "what could not be replaced is still there");
}

#[test]
fn without_any_home_nothing_is_kept_and_get_answers() {
    if !works(&UNKNOWN_USER) {
        return;
    }
    let aws = FakeAws::start();
    let sandbox = home_of(&aws).without("HOME");
    for calls in [1, 2] {
        password(&run(through(&UNKNOWN_USER, &sandbox), HOST.as_bytes()), "eu-west-1");
        assert_eq!(aws.calls(Api::EcrToken), calls);
    }
    assert_eq!(names(&sandbox.home()), [""; 0], "nothing was written where it was started");
}

#[test]
fn without_a_home_the_variable_still_says_where_the_cache_is() {
    let cached = Cached::new();
    let directory = cached.directory();
    let missing = cached.sandbox.path().join("missing");
    let sandbox = home_of(&cached.aws)
        .without("HOME")
        .env("AWS_ECR_CACHE_DIR", directory)
        .env("AWS_CONFIG_FILE", &missing)
        .env("AWS_SHARED_CREDENTIALS_FILE", &missing);
    assert_eq!(password(&sandbox.get(HOST), "eu-west-1"), cached.password);
    assert_eq!(cached.calls(), 1);
}

#[test]
fn processes_killed_at_any_moment_leave_nothing_torn_and_nothing_for_good() {
    const ROUNDS: u32 = 60;
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let valid = password(&sandbox.get(ELSEWHERE), "eu-west-2");
    // A life so short that no second of it is fresh: every get fetches and replaces the entry.
    aws.token_lifetime(Duration::from_secs(2));
    let whole = (0..3).map(|_| sandbox.get(HOST).elapsed).max().expect("three runs");
    let random = RandomState::new();
    let mut ended = 0;
    for round in 0..ROUNDS {
        let mut running = sandbox.spawn(&["get"], HOST.as_bytes());
        let share = u32::try_from(random.hash_one(round) % 1_200).expect("a small number");
        thread::sleep(whole * share / 1_000);
        running.kill();
        let reply = running.wait();
        if reply.code.is_some() {
            password(&reply, "eu-west-1");
            ended += 1;
        }
    }
    println!("{ended} of {ROUNDS} ended before they were killed, within {whole:?} at most");
    assert!(ended < ROUNDS, "nobody was killed");

    let directory = sandbox.cache_dir();
    // One at least, should no process have been killed in the middle of its write.
    fs::write(directory.join("tmp-killed"), "ecr-login 3 half a token").expect("written");
    let orphans = temporaries(&directory);
    println!("{} temporary files were left, one of them planted", orphans.len());
    age(&directory, &orphans);

    // Now that token is over, and what the killed ones sent has arrived.
    thread::sleep(Duration::from_millis(2_100));
    aws.token_lifetime(Duration::from_hours(12));
    let calls = aws.calls(Api::EcrToken);
    let fresh = password(&sandbox.get(HOST), "eu-west-1");
    assert_eq!(aws.calls(Api::EcrToken), calls + 1);
    assert_eq!(temporaries(&directory), [""; 0], "the next write sweeps them out");
    assert_eq!(password(&sandbox.get(HOST), "eu-west-1"), fresh);
    assert_eq!(password(&sandbox.get(ELSEWHERE), "eu-west-2"), valid, "the token that was valid all the time");
    assert_eq!(aws.calls(Api::EcrToken), calls + 1, "both are hits");
}
