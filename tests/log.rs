//! The operator's log: silent unless asked for, as much as asked for, whole in what it says of a `get`, and without a
//! secret in it.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "the log is a file that a test looks into from outside")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{NOBODY, NOT_FOUND, Reply, Running, Sandbox, secret_key_of};

const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";
const REGISTRIES: [(&str, Api); 2] = [(PRIVATE, Api::EcrToken), (PUBLIC, Api::EcrPublicToken)];

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
const ACCESS_KEY_ID: &str = "AKIDLOG";

/// Longer than this no log file may start a run.
const LONGEST_FILE: usize = 1 << 20;

fn sandbox(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys(ACCESS_KEY_ID)
}

/// The sandbox with a log file, and where that is.
fn with_file(sandbox: Sandbox) -> (Sandbox, PathBuf) {
    let path = sandbox.home().join("ecr-login.log");
    (sandbox.env("AWS_ECR_LOG_FILE", &path), path)
}

fn denied() -> Behaviour {
    Behaviour::error(400, "AccessDeniedException", "not authorized")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One line of a log: `2026-01-31T23:59:59Z warn  [4711] EVENT`.
#[derive(Debug)]
struct Event<'a> {
    level: &'a str,
    text: &'a str,
}

/// Takes a line apart.
fn event(line: &str) -> Option<Event<'_>> {
    let (time, rest) = line.split_at_checked("2026-01-31T23:59:59Z".len())?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let (level, rest) = rest.strip_prefix(' ')?.split_once('[')?;
    let (process, text) = rest.split_once("] ")?;
    let known = LEVELS.contains(&level.trim()) && level.len() == "error ".len();
    (shape == "0000-00-00T00:00:00Z" && digits(process) && known && !text.is_empty())
        .then_some(Event { level: level.trim(), text })
}

/// All lines of a log, each of which must be one.
#[track_caller]
fn events(log: &str) -> Vec<Event<'_>> {
    assert!(log.is_empty() || log.ends_with('\n'), "a torn line: {log:?}");
    log.lines().map(|line| event(line).unwrap_or_else(|| panic!("no line of a log: {line:?}"))).collect()
}

/// The log on stderr, without the line for the person.
fn without_the_sentence(stderr: &str) -> String {
    stderr.split_inclusive('\n').filter(|line| !line.starts_with("ecr-login: ")).collect()
}

#[track_caller]
fn assert_one_sentence(reply: &Reply, host: &str) {
    assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(1), NOT_FOUND));
    let sentences: Vec<&str> = reply.stderr.lines().filter(|line| event(line).is_none()).collect();
    assert_eq!(sentences.len(), 1, "{}", reply.stderr);
    assert!(sentences[0].starts_with(&format!("ecr-login: no password for {host}: ")), "{}", reply.stderr);
}

// --- how much --------------------------------------------------------------------------------------------------------

#[test]
fn the_log_is_off_unless_asked_for() {
    for (what, variables) in [
        ("unset", &[][..]),
        ("empty", &[("AWS_ECR_LOG", ""), ("AWS_ECR_LOG_FILE", "")]),
        ("off", &[("AWS_ECR_LOG", "off")]),
        ("OFF", &[("AWS_ECR_LOG", "OFF"), ("AWS_ECR_LOG_FILE", "ecr-login.log")]),
    ] {
        let aws = FakeAws::start();
        let sandbox = variables.iter().fold(sandbox(&aws), |sandbox, (name, value)| sandbox.env(name, value));
        // `password` checks that stderr is silent.
        sandbox.get(PRIVATE).password();
        sandbox.get(PRIVATE).password();
        aws.set(Api::EcrPublicToken, denied());
        let reply = sandbox.get(PUBLIC);
        assert_one_sentence(&reply, PUBLIC);
        assert_eq!(reply.stderr.lines().count(), 1, "{what}: {}", reply.stderr);
        assert!(!sandbox.home().join("ecr-login.log").exists(), "{what}");
    }
}

#[test]
fn a_level_shows_its_events_and_those_that_matter_more() {
    for (rank, level) in LEVELS.iter().enumerate() {
        for spelling in [(*level).to_owned(), level.to_uppercase()] {
            let aws = FakeAws::start();
            aws.set(Api::EcrPublicToken, denied());
            let sandbox = sandbox(&aws).env("AWS_ECR_LOG", &spelling);
            let (cold, cached, failed) = (sandbox.get(PRIVATE), sandbox.get(PRIVATE), sandbox.get(PUBLIC));
            assert_eq!((cold.code, cached.code), (Some(0), Some(0)));
            assert_one_sentence(&failed, PUBLIC);
            let failed = without_the_sentence(&failed.stderr);
            for (what, log) in [("cold", &cold.stderr), ("cached", &cached.stderr), ("failed", &failed)] {
                for Event { level: shown, text } in events(log) {
                    let allowed = &LEVELS[..=rank];
                    assert!(allowed.contains(&shown), "{what} at {level}: {shown}: {text}");
                    let host = if what == "failed" { PUBLIC } else { PRIVATE };
                    assert!(text.starts_with(&format!("get {host}: ")), "{text}");
                }
            }
            let shows = |log: &str, level: &str, words: &str| {
                events(log).iter().any(|event| event.level == level && event.text.contains(words))
            };
            assert!(shows(&failed, "error", "AccessDenied"), "{level}: {failed}");
            for (at, log, words) in [
                ("info", &cold.stderr, "fetched in "),
                ("info", &cached.stderr, "served from the cache"),
                ("debug", &cold.stderr, "no cached token"),
                ("debug", &cached.stderr, "cached"),
            ] {
                let wanted = LEVELS.iter().position(|level| *level == at).expect("one of them") <= rank;
                assert_eq!(shows(log, at, words), wanted, "{words:?} at {level}: {log}");
            }
        }
    }
}

#[test]
fn a_level_that_is_none_is_named_where_somebody_reads_it() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws).env("AWS_ECR_LOG", "loud");
    for host in [PRIVATE, PUBLIC] {
        let reply = sandbox.get(host);
        reply.assert_not_found();
        assert_eq!(
            reply.stderr,
            format!(
                "ecr-login: no password for {host}: the AWS settings are invalid (`AWS_ECR_LOG` must be off, error, \
                 warn, info, debug or trace); fix them and try again\n"
            )
        );
    }
    assert_eq!(aws.requests().len(), 0);
    for (verb, code, stdout) in [("erase", 0, ""), ("list", 0, "{}\n"), ("version", 0, "docker-")] {
        let reply = sandbox.run(&[verb], PRIVATE.as_bytes());
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(code), ""), "{verb}");
        assert!(reply.stdout_text().starts_with(stdout), "{verb}");
    }
}

#[test]
fn a_foreign_host_leaves_no_trace_in_the_log() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws).env("AWS_ECR_LOG", "trace"));
    let reply = sandbox.get("registry.example");
    assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr.as_str()), (Some(1), NOT_FOUND, ""));
    assert!(!path.exists());
}

// --- the file --------------------------------------------------------------------------------------------------------

#[test]
fn a_log_file_takes_the_log_from_stderr_and_grows_from_run_to_run() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws).env("AWS_ECR_LOG", "debug"));
    sandbox.get(PRIVATE).password();
    let first = read(&path);
    assert!(!events(&first).is_empty());
    aws.set(Api::EcrPublicToken, denied());
    let reply = sandbox.get(PUBLIC);
    assert_one_sentence(&reply, PUBLIC);
    assert_eq!(reply.stderr.lines().count(), 1, "{}", reply.stderr);
    let both = read(&path);
    assert!(both.starts_with(&first) && both.len() > first.len(), "{both}");
    assert!(events(&both).iter().any(|event| event.level == "error"), "{both}");
    let erased = sandbox.run(&["erase"], PRIVATE.as_bytes());
    assert_eq!((erased.code, erased.stdout.as_slice(), erased.stderr.as_str()), (Some(0), &b""[..], ""));
    assert!(events(&read(&path)).iter().any(|event| event.text == format!("erase {PRIVATE}: done")));
}

#[test]
fn a_log_file_without_a_level_logs_what_was_done() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws));
    sandbox.get(PRIVATE).password();
    let log = read(&path);
    let levels: Vec<&str> = events(&log).iter().map(|event| event.level).collect();
    assert_eq!(levels, ["info"], "{log}");
}

#[test]
fn a_log_file_is_its_owner_s_whatever_the_umask() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws));
    let helper = sandbox.command(&["get"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("umask 000; echo {PRIVATE} | \"$0\" get")]).arg(helper.get_program()).env_clear();
    shell.envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(sandbox.home());
    assert!(shell.output().expect("a shell").status.success());
    let mode = fs::metadata(&path).expect("the log").permissions().mode() & 0o7777;
    assert_eq!(mode, 0o600, "{mode:o}");
}

#[test]
fn root_makes_no_log_file_among_the_files_of_a_user() {
    if fs::metadata("/proc/self").map_or(1, |metadata| metadata.uid()) != 0 {
        println!("NOT TESTED: only root can give directories to somebody else");
        return;
    }
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws));
    let of_root = sandbox.home().join("of-root");
    fs::create_dir(&of_root).expect("made");
    let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", of_root.join("cache"));
    chown(sandbox.home(), Some(65_534), Some(65_534)).expect("root may");
    let reply = sandbox.get(PRIVATE);
    assert_eq!((reply.code, path.exists()), (Some(0), false));
    assert_eq!(events(&reply.stderr).len(), 1, "what can't go to the file goes where somebody may see it");
    // One that the user has made isn't root's to write; and root's own places are used.
    fs::write(&path, "").expect("root may");
    chown(&path, Some(65_534), Some(65_534)).expect("root may");
    assert_eq!(events(&sandbox.get(PRIVATE).stderr).len(), 1);
    assert_eq!(read(&path), "");
    let own = of_root.join("log");
    let sandbox = sandbox.env("AWS_ECR_LOG_FILE", &own);
    sandbox.get(PRIVATE).password();
    assert_eq!(events(&read(&own)).len(), 1);
}

#[test]
fn a_log_file_that_has_grown_too_long_moves_aside() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws));
    let aside = path.with_extension("log.old");
    for fill in ["a", "b"] {
        let full = fill.repeat(LONGEST_FILE);
        fs::write(&path, &full).expect("a file at home");
        sandbox.get(PRIVATE).password();
        assert!(read(&aside) == full, "what was there isn't aside");
        let log = read(&path);
        assert_eq!(events(&log).len(), 1, "{log:.400}");
        let mode = fs::metadata(&path).expect("the log").permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{mode:o}");
    }
    let short = "c".repeat(LONGEST_FILE - 1);
    fs::write(&path, &short).expect("a file at home");
    sandbox.get(PRIVATE).password();
    assert!(read(&path).starts_with(&short), "a file that may still grow was moved");
    let logs = fs::read_dir(sandbox.home()).expect("the home").filter_map(Result::ok);
    let logs = logs.filter(|entry| entry.file_name().to_string_lossy().contains(".log")).count();
    assert_eq!(logs, 2, "more than the file and the one before");
}

#[test]
fn a_log_that_cant_be_written_costs_no_password() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let (target, link) = (sandbox.write("target", "untouched"), sandbox.home().join("link"));
    symlink(&target, &link).expect("a link at home");
    let pipe = sandbox.home().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let missing = sandbox.home().join("missing/log");
    for path in [sandbox.home(), link, pipe, missing, PathBuf::from("/proc/none/log")] {
        let mut command = sandbox.command(&["get"]);
        command.env("AWS_ECR_LOG_FILE", &path);
        let mut running = Running::start(command);
        running.write_all_and_close(PRIVATE.as_bytes());
        let reply = running.wait();
        assert_eq!(reply.code, Some(0), "{}: {}", path.display(), reply.stderr);
        assert!(reply.stdout_text().starts_with("{\"ServerURL\":"), "{}", path.display());
        // What can't go to the file goes where somebody may see it.
        assert!(!events(&reply.stderr).is_empty(), "{}", path.display());
        sandbox.assert_no_secret_in(&reply);
    }
    assert_eq!(read(&target), "untouched");
}

#[test]
fn a_log_to_a_device_goes_there_and_nowhere_else() {
    let aws = FakeAws::start();
    let home = sandbox(&aws).env("AWS_ECR_LOG", "trace");
    for device in ["/dev/null", "/dev/full"] {
        let home = self::sandbox(&aws).env("AWS_ECR_LOG_FILE", device);
        home.get(PRIVATE).password();
    }
    // These are links to the streams of this process.
    for stream in ["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", "/dev/stdout", "/dev/fd/1"] {
        let reply = {
            let mut command = home.command(&["get"]);
            command.env("AWS_ECR_LOG_FILE", stream);
            let mut running = Running::start(command);
            running.write_all_and_close(PRIVATE.as_bytes());
            running.wait()
        };
        assert_eq!((reply.code, reply.stdout_text().lines().count()), (Some(0), 1), "{stream}");
        assert!(!events(&reply.stderr).is_empty(), "{stream}");
    }
}

#[test]
fn processes_that_rename_a_log_file_at_once_lose_nothing() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws));
    sandbox.get(PRIVATE).password();
    for round in 0..5 {
        let full = "a".repeat(LONGEST_FILE) + "\n";
        fs::write(&path, &full).expect("a file at home");
        let running: Vec<_> = (0..16).map(|_| sandbox.spawn(&["get"], PRIVATE.as_bytes())).collect();
        for helper in running {
            helper.wait().password();
        }
        let old = read(&path.with_extension("log.old"));
        let rest = old.strip_prefix(&full).unwrap_or_else(|| panic!("round {round}: the long file was lost"));
        assert_eq!(events(rest).len() + events(&read(&path)).len(), 16, "round {round}");
    }
}

#[test]
fn processes_that_share_a_log_file_tear_no_lines() {
    let aws = FakeAws::start();
    let (sandbox, path) = with_file(sandbox(&aws).env("AWS_ECR_LOG", "trace").env("AWS_ECR_DISABLE_CACHE", "1"));
    let running: Vec<_> = (0..16).map(|_| sandbox.spawn(&["get"], PRIVATE.as_bytes())).collect();
    for helper in running {
        helper.wait().password();
    }
    let log = read(&path);
    let fetched = events(&log).iter().filter(|event| event.text.contains("fetched in ")).count();
    assert_eq!(fetched, 16, "{log}");
}

// --- what it says ----------------------------------------------------------------------------------------------------

#[test]
fn a_fetch_is_logged_with_its_source_its_time_and_its_request_id() {
    for (host, api) in REGISTRIES {
        let aws = FakeAws::start();
        let (sandbox, path) = with_file(sandbox(&aws));
        sandbox.get(host).password();
        let log = read(&path);
        let events = events(&log);
        let [Event { level: "info", text }] = events.as_slice() else { panic!("not one event: {log}") };
        let rest = text.strip_prefix(&format!("get {host}: fetched in ")).unwrap_or_else(|| panic!("{text}"));
        let (milliseconds, rest) = rest.split_once(" ms ").unwrap_or_else(|| panic!("no time: {text}"));
        assert!(milliseconds.parse::<u64>().is_ok_and(|milliseconds| milliseconds < 60_000), "{text}");
        assert!(rest.starts_with(&format!("with {ACCESS_KEY_ID} from the environment, valid until ")), "{text}");
        let request_id = &aws.requests_to(api)[0].request_id;
        assert!(rest.ends_with(&format!(" (request ID {request_id})")), "{text}");
    }
}

#[test]
fn the_source_of_the_credentials_is_named() {
    let aws = FakeAws::start();
    let profile = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
    profile.write(
        ".aws/config",
        "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = made/up/secret/of/a/profile\n",
    );
    let container = Sandbox::new().with_aws(&aws).with_container(&aws);
    let metadata = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    for (source, sandbox) in [
        ("profile `dev`", profile),
        ("the container credentials endpoint", container),
        ("the instance metadata service", metadata),
    ] {
        let (sandbox, path) = with_file(sandbox);
        let signer = password_head(&sandbox.get(PRIVATE).password()).access_key_id;
        let log = read(&path);
        assert!(log.contains(&format!(" with {signer} from {source}, ")), "{log}");
        sandbox.assert_no_secret_in_text("the log", log.as_bytes());
    }
}

#[test]
fn a_failure_is_logged_with_the_request_id_of_the_last_answer() {
    for (host, api) in REGISTRIES {
        for (what, behaviour) in [
            ("an error", denied()),
            ("an error without a word", Behaviour::Status(403)),
            ("an error that is retried", Behaviour::Status(500)),
            ("nothing", Behaviour::Empty),
            ("not JSON", Behaviour::Garbage(b"<html>".to_vec())),
            ("no token", Behaviour::Garbage(b"{}".to_vec())),
        ] {
            let aws = FakeAws::start();
            aws.set(api, behaviour);
            let (sandbox, path) = with_file(sandbox(&aws).env("AWS_ECR_LOG", "error"));
            sandbox.get(host).assert_not_found();
            let log = read(&path);
            let events = events(&log);
            let [Event { level: "error", text }] = events.as_slice() else { panic!("{what}: not one event: {log}") };
            let request_id = aws.requests_to(api).pop().expect("AWS was asked").request_id;
            assert!(text.ends_with(&format!(" (request ID {request_id})")), "{host}, {what}: {text}");
        }
    }
}

#[test]
fn a_failure_before_the_call_is_logged_with_the_request_id_of_who_refused() {
    let aws = FakeAws::start();
    aws.set(Api::AssumeRole, Behaviour::error(403, "AccessDenied", "not authorized to perform: sts:AssumeRole"));
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev").env("AWS_ECR_LOG", "error");
    sandbox.write(
        ".aws/config",
        "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n\
         [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = made/up/secret/of/a/profile\n",
    );
    let (sandbox, path) = with_file(sandbox);
    sandbox.get(PRIVATE).assert_not_found();
    let (log, request_id) = (read(&path), aws.requests_to(Api::AssumeRole)[0].request_id.clone());
    assert!(log.contains("AccessDenied: not authorized to perform: sts:AssumeRole"), "{log}");
    assert!(log.trim_end().ends_with(&format!(" (request ID {request_id})")), "{log}");
}

#[test]
fn the_log_has_the_whole_chain_of_which_the_person_is_told_the_root() {
    let (sandbox, path) = with_file(Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", NOBODY));
    let reply = sandbox.get(PRIVATE);
    assert_one_sentence(&reply, PRIVATE);
    let (_, rest) = reply.stderr.split_once("can't be reached (").expect("the reason");
    let (root, _) = rest.rsplit_once(");").expect("the remedy");
    let log = read(&path);
    let error = events(&log).into_iter().find(|event| event.level == "error").expect("a failure is an error");
    let (before, _) = error.text.split_once(root).unwrap_or_else(|| panic!("the root is missing: {log}"));
    for link in ["unreachable: ", "dispatch failure: ", "tcp connect error: "] {
        assert!(before.contains(link), "{link:?} is missing: {log}");
    }
}

// --- what it never says ----------------------------------------------------------------------------------------------

#[test]
fn no_secret_is_in_the_log_of_a_success_however_much_is_logged() {
    let session = "made/up/session/token/that/nobody/may/see/0123456789";
    let aws = FakeAws::start();
    let keys = sandbox(&aws).env("AWS_SESSION_TOKEN", session);
    let container = Sandbox::new().with_aws(&aws).with_container(&aws);
    for sandbox in [keys, container] {
        let sandbox = sandbox.env("AWS_ECR_LOG", "trace");
        for what in ["cold", "cached", "after erase"] {
            for host in [PRIVATE, PUBLIC] {
                let reply = sandbox.get(host);
                assert_eq!(reply.code, Some(0), "{what}");
                assert!(!events(&reply.stderr).is_empty(), "{what}: nothing was logged");
                sandbox.assert_no_secret_in(&reply);
                if what == "cached" {
                    let erased = sandbox.run(&["erase"], host.as_bytes());
                    sandbox.assert_no_secret_in(&erased);
                }
            }
        }
    }
}

#[test]
fn no_secret_is_in_the_log_of_a_failure_even_when_aws_echoes_it() {
    let session = "made/up/session/token/that/nobody/may/see/0123456789";
    let echo = format!(
        "refused {} with {session}\nby http://user:made-up-password@proxy.example/",
        secret_key_of(ACCESS_KEY_ID)
    );
    for (host, api) in REGISTRIES {
        for (behaviour, said) in [
            (
                Behaviour::error(403, "AccessDeniedException", &echo),
                "refused *** with *** by http://***@proxy.example/",
            ),
            (Behaviour::error(400, "UnheardOfException", &echo), "refused *** with *** by http://***@proxy.example/"),
            (Behaviour::Garbage(echo.clone().into_bytes()), "unexpected-response"),
        ] {
            let aws = FakeAws::start();
            aws.set(api, behaviour);
            let sandbox = sandbox(&aws).env("AWS_SESSION_TOKEN", session).env("AWS_ECR_LOG", "trace");
            sandbox.secret("made-up-password");
            let reply = sandbox.get(host);
            assert_one_sentence(&reply, host);
            sandbox.assert_no_secret_in(&reply);
            let log = without_the_sentence(&reply.stderr);
            assert!(events(&log).iter().any(|event| event.level == "error" && event.text.contains(said)), "{log}");
        }
    }
}
