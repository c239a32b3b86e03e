//! A cache hit uses no network, starts no process and reads no certificate, whatever the source of
//! the credentials. Nor does `status`, which moreover changes no file.
//!
//! Checked in two ways: by the requests that reach the fake AWS and the marks that a
//! `credential_process` leaves; and, on Linux where `strace` works, by every system call.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests use real files and processes")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::fake_aws::{FakeAws, password_head};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The limit on the system calls of a hit in a static build, from the start of the process to its end.
const MOST_CALLS: usize = 45;

/// The file to which each run of a `credential_process` adds a line, below the home directory.
const MARK: &str = "process-was-run";

/// System calls that use the network or start a process. The first `execve` starts the helper itself.
const FORBIDDEN: [&str; 17] = [
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recvfrom",
    "recvmsg",
    "clone",
    "clone3",
    "fork",
    "vfork",
    "execveat",
];

/// System calls that change files.
const CHANGES: [&str; 11] = [
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "chmod",
    "fchmod",
    "fchmodat",
    "flock",
];

/// Parts of paths that are opened only to use the network.
const FORBIDDEN_PATHS: [&str; 9] = [
    "/etc/ssl",
    "/etc/pki",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    ".pem\"",
    ".crt\"",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
];

/// A source of credentials: its name, a function that sets up a home with it, and how the access key
/// ID begins.
type Source = (&'static str, fn(&FakeAws) -> Sandbox, &'static str);

const SOURCES: [Source; 11] = [
    ("static keys in the environment", |aws| Sandbox::new().with_aws(aws).with_keys("AKIAENV"), "AKIAENV"),
    ("static keys of a profile", with_static_profile, "AKIASTATIC"),
    ("a role assumed from another profile", with_source_profile, "ASIA-pull-assumed"),
    ("a role that requires an MFA code", with_mfa_session, "ASIASESSION"),
    ("a credential process", with_credential_process, "AKIAPROCESS"),
    ("an SSO session", with_sso, "ASIA-reader-sso"),
    ("a session of `aws login`", with_login, "ASIALOGIN"),
    ("a web identity in the environment", with_web_identity, "ASIA-pull-web"),
    ("a web identity of a profile", with_web_identity_profile, "ASIA-pull-web"),
    ("a container", |aws| Sandbox::new().with_aws(aws).with_container(aws), "ASIA-task-role-container"),
    (
        "the instance metadata service",
        |aws| Sandbox::new().with_aws(aws).with_metadata(aws),
        "ASIA-instance-role-metadata",
    ),
];

fn with_static_profile(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    sandbox.write(
        ".aws/credentials",
        "[dev]\naws_access_key_id = AKIASTATIC\naws_secret_access_key = a-secret-key-of-the-profile\n",
    );
    sandbox
}

fn with_source_profile(aws: &FakeAws) -> Sandbox {
    let sandbox = with_static_profile(aws).env("AWS_PROFILE", "pull");
    sandbox.write(
        ".aws/config",
        "[profile pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = dev\nregion = eu-west-1\n",
    );
    sandbox
}

fn with_mfa_session(aws: &FakeAws) -> Sandbox {
    let sandbox = with_source_profile(aws);
    sandbox.write(
        ".aws/config",
        "[profile pull]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = dev\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/dev\n",
    );
    // As the AWS CLI names the file, and writes it.
    sandbox.write(
        ".aws/cli/cache/f4ef485cfbc7a3adac3d865d45dec1165d70cd59.json",
        r#"{"Credentials":{"AccessKeyId":"ASIASESSION","SecretAccessKey":"a-secret-key-of-the-session","SessionToken":"a-token-of-the-session","Expiration":"2099-01-01T00:00:00UTC"}}"#,
    );
    sandbox.secret("a-secret-key-of-the-session");
    sandbox.secret("a-token-of-the-session");
    sandbox
}

fn with_credential_process(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    let program = sandbox.program(
        "issue-credentials",
        &format!(
            "#!/bin/sh\necho run >>\"$HOME/{MARK}\"\n\
             echo '{{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"a-secret-key-of-the-process\"}}'\n"
        ),
    );
    sandbox.secret("a-secret-key-of-the-process");
    sandbox.write(".aws/config", format!("[profile dev]\ncredential_process = {}\n", program.display()));
    sandbox
}

fn with_sso(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    sandbox.write(
        ".aws/config",
        "[profile dev]\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = reader\nregion = eu-west-1\n\
         [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    // The SHA-1 of `work`, as the AWS CLI names the file.
    sandbox.write(
        ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json",
        r#"{"accessToken":"an-access-token-of-the-session","expiresAt":"2099-01-01T00:00:00Z","region":"eu-west-1","startUrl":"https://example.awsapps.com/start"}"#,
    );
    sandbox.secret("an-access-token-of-the-session");
    sandbox
}

fn with_login(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    sandbox.with_login_session("dev", "2099-01-01T00:00:00Z");
    sandbox
}

fn with_web_identity(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws);
    let token = sandbox.write("token", "an-opaque-web-identity-token");
    sandbox.secret("an-opaque-web-identity-token");
    sandbox.env("AWS_WEB_IDENTITY_TOKEN_FILE", token).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull")
}

fn with_web_identity_profile(aws: &FakeAws) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
    let token = sandbox.write("token", "an-opaque-web-identity-token");
    sandbox.secret("an-opaque-web-identity-token");
    let token = token.display();
    sandbox.write(
        ".aws/config",
        format!(
            "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nweb_identity_token_file = {token}\n\
             region = eu-west-1\n"
        ),
    );
    sandbox
}

/// The sources whose identity can be determined without network on this system.
fn sources() -> impl Iterator<Item = Source> {
    let cached = |source: &Source| {
        // Only Linux has a file that identifies the machine.
        let cached = cfg!(target_os = "linux") || source.0 != "the instance metadata service";
        if !cached {
            println!("NOT TESTED: tokens of {} aren't cached on this system", source.0);
        }
        cached
    };
    SOURCES.into_iter().filter(cached)
}

/// How often the `credential_process` ran.
fn marks(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.home().join(MARK)).map_or(0, |marks| marks.lines().count())
}

/// Fetches a token into the cache, and checks which credentials were used.
fn warm(aws: &FakeAws, sandbox: &Sandbox, source: &str, access_key_id: &str) -> String {
    let cold = sandbox.get(HOST);
    assert_eq!(cold.code, Some(0), "{source}: {}", cold.stderr);
    let password = cold.password();
    let head = password_head(&password);
    assert!(head.access_key_id.starts_with(access_key_id), "{source}: {head:?}");
    assert!(!aws.requests().is_empty(), "{source}: the cold get was seen");
    password
}

#[test]
fn a_hit_sends_no_request_and_runs_no_process() {
    for (source, home, access_key_id) in sources() {
        let aws = FakeAws::start();
        let sandbox = home(&aws);
        let password = warm(&aws, &sandbox, source, access_key_id);
        let (requests, marks_before) = (aws.requests().len(), marks(&sandbox));
        assert_eq!(marks_before, usize::from(source == "a credential process"), "{source}");
        for _ in 0..3 {
            assert_eq!(sandbox.get(HOST).password(), password, "{source}");
        }
        assert_eq!(aws.requests().len(), requests, "{source}");
        assert_eq!(marks(&sandbox), marks_before, "{source}");
    }
}

#[test]
fn a_hit_works_while_the_api_is_down() {
    for (source, home, access_key_id) in sources() {
        let aws = FakeAws::start();
        let sandbox = home(&aws);
        let password = warm(&aws, &sandbox, source, access_key_id);
        // Its port is closed now.
        drop(aws);
        assert_eq!(sandbox.get(HOST).password(), password, "{source}");
    }
}

#[test]
fn a_hit_makes_few_system_calls_and_none_that_uses_the_network() {
    if !strace_works() {
        return;
    }
    for (source, home, access_key_id) in sources() {
        let aws = FakeAws::start();
        let sandbox = home(&aws);
        let password = warm(&aws, &sandbox, source, access_key_id);
        let requests = aws.requests().len();
        let calls = trace(&sandbox, &password);
        assert_eq!(aws.requests().len(), requests, "{source}");
        assert_is_offline(&calls, source);

        let is_static = is_static(Path::new(sandbox.command(&[]).get_program()));
        println!("{source}: {} system calls, {}", calls.len(), if is_static { "static" } else { "dynamic" });
        if is_static {
            assert!(calls.len() <= MOST_CALLS, "{source}: {} system calls:\n{}", calls.len(), calls.join("\n"));
        }
    }
}

/// Every file below a directory, with its contents and the time of its last change.
fn listing(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory of the sandbox").flatten() {
        let (path, metadata) = (entry.path(), entry.metadata().expect("it is ours"));
        lines.push(format!("{} {:?} {:?}", path.display(), metadata.modified().ok(), metadata.permissions()));
        if metadata.is_dir() { lines.extend(listing(&path)) } else { lines.push(format!("{:?}", fs::read(&path).ok())) }
    }
    lines.sort();
    lines
}

#[test]
fn status_tells_of_every_source_without_a_request_a_process_a_change_or_a_secret() {
    for (source, home, access_key_id) in sources() {
        let aws = FakeAws::start();
        let log = "status.log";
        let sandbox = home(&aws).env("AWS_ECR_LOG", "debug").env("AWS_ECR_LOG_FILE", log);
        // Before the first `get` too: then there is no directory, and no log file, to be made.
        for is_warm in [false, true] {
            if is_warm {
                sandbox.secret(&warm(&aws, &sandbox, source, access_key_id));
            }
            let (requests, marks_before, files) = (aws.requests().len(), marks(&sandbox), listing(sandbox.path()));
            for arguments in [&["status"][..], &["status", "--json"], &["status", HOST], &["status", "--json", HOST]] {
                let reply = sandbox.run(arguments, b"");
                assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{source} {arguments:?}");
                let state = if is_warm { "fresh" } else { "no" };
                let text = reply.stdout_text();
                assert!(text.contains(state) && text.contains("fresh") == is_warm, "{source} {arguments:?}: {text}");
                sandbox.assert_no_secret_in_text("stdout", &reply.stdout);
            }
            assert_eq!(aws.requests().len(), requests, "{source}");
            assert_eq!((marks(&sandbox), listing(sandbox.path())), (marks_before, files), "{source}");
        }
    }
}

#[test]
fn status_makes_no_system_call_that_uses_the_network_starts_a_process_or_changes_a_file() {
    if !strace_works() {
        return;
    }
    for (source, home, access_key_id) in sources() {
        let aws = FakeAws::start();
        let sandbox = home(&aws);
        warm(&aws, &sandbox, source, access_key_id);
        for arguments in [&["status"][..], &["status", HOST]] {
            let calls = calls_of(&sandbox, &sandbox.path().join("strace"), arguments, |reply| {
                assert_eq!(reply.code, Some(0), "{source}: {}", reply.stderr);
            });
            assert_is_offline(&calls, source);
            for call in &calls {
                let changes = CHANGES.contains(&name(call)) || call.contains("O_CREAT") || call.contains("O_WRONLY");
                assert!(!changes, "{source}: {call}");
            }
        }
    }
}

#[test]
fn a_missing_configuration_file_costs_one_failed_open_and_an_existing_one_a_few_calls() {
    if !strace_works() {
        return;
    }
    let aws = FakeAws::start();
    let calls = |sandbox: Sandbox| {
        let password = warm(&aws, &sandbox, "static keys", "AKIAENV");
        trace(&sandbox, &password)
    };
    let home = || Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    let names = |calls: &[String]| calls.iter().map(|call| name(call).to_owned()).collect::<Vec<_>>();
    let is_about_it = |call: &&String| call.contains("/ecr-login/config.toml");

    let none = calls(home().env("AWS_ECR_CONFIG", ""));
    assert_eq!(none.iter().filter(is_about_it).count(), 0);
    let missing = calls(home());
    let about_it: Vec<_> = missing.iter().filter(is_about_it).collect();
    let [failed] = &about_it[..] else { panic!("{about_it:?}") };
    assert!(name(failed).starts_with("open") && failed.contains("ENOENT"), "{failed}");
    let mut others = names(&missing);
    others.remove(missing.iter().position(|call| call == *failed).expect("it is one of them"));
    assert_eq!(others, names(&none));

    let sandbox = home();
    sandbox.write(".config/ecr-login/config.toml", "[[registry]]\nmatch = '444455556666'\nprofile = 'prod'\n");
    let with_file = calls(sandbox);
    assert_is_offline(&with_file, "with a configuration file");
    assert!(with_file.len() <= none.len() + 6, "{} and {}", with_file.len(), none.len());
}

#[test]
fn the_same_trace_of_a_fetch_shows_the_network_and_the_process() {
    if !strace_works() {
        return;
    }
    // Proves that the tests above can fail: a fetch makes the calls that a hit must not make.
    let aws = FakeAws::start();
    let sandbox = with_credential_process(&aws);
    let log = sandbox.path().join("strace");
    let calls = calls_of_get(&sandbox, &log);
    for expected in ["socket", "connect", "execve"] {
        assert!(calls.iter().filter(|call| name(call) == expected).count() >= 1, "{expected} in a miss");
    }
    assert!(calls.iter().filter(|call| name(call) == "execve").count() > 1, "the credential process was run");
}

fn assert_is_offline(calls: &[String], source: &str) {
    for call in calls {
        assert!(!FORBIDDEN.contains(&name(call)), "{source}: {call}");
        for path in FORBIDDEN_PATHS {
            assert!(!call.contains(path), "{source}: {call}");
        }
    }
    let executed: Vec<&String> = calls.iter().filter(|call| name(call) == "execve").collect();
    assert_eq!(executed.len(), 1, "{source}: {executed:?}");
}

fn strace_works() -> bool {
    let mut command = Command::new("strace");
    command.args(["-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let works = command.status().is_ok_and(|status| status.success());
    if !works {
        println!("NOT TESTED: `strace` isn't installed or isn't permitted to trace");
    }
    works
}

/// The system calls of a hit, one per line.
fn trace(sandbox: &Sandbox, password: &str) -> Vec<String> {
    let log = sandbox.path().join("strace");
    let calls = calls_of_get(sandbox, &log);
    let stdout = fs::read_to_string(log.with_extension("stdout")).expect("it was just written");
    assert!(stdout.contains(password), "the hit was answered under strace");
    calls
}

/// Runs `get` under strace and returns the calls of all its processes, one per line.
fn calls_of_get(sandbox: &Sandbox, log: &Path) -> Vec<String> {
    calls_of(sandbox, log, &["get"], |reply| {
        reply.password();
        fs::write(log.with_extension("stdout"), &reply.stdout).expect("the directory is ours");
    })
}

/// Runs the helper under strace, checks its reply, and returns the calls of all its processes, one per line.
fn calls_of(sandbox: &Sandbox, log: &Path, arguments: &[&str], check: impl FnOnce(&Reply)) -> Vec<String> {
    let helper = sandbox.command(arguments);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-s", "256"]).arg("-o").arg(log).arg(helper.get_program()).args(helper.get_args());
    strace.env_clear().current_dir(sandbox.home());
    strace.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut running = Running::start(strace);
    running.write_all_and_close(HOST.as_bytes());
    check(&running.wait());
    let lines = fs::read_to_string(log).expect("strace wrote it");
    // `PID name(…) = …`; lines about signals and exits have `---` and `+++` instead of the name.
    let calls = lines.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start());
    let calls: Vec<String> = calls.filter(|call| !call.starts_with(['-', '+', '<'])).map(str::to_owned).collect();
    assert!(calls.iter().any(|call| name(call) == "execve"), "the log is understood: {lines}");
    calls
}

/// The name of a call.
fn name(call: &str) -> &str {
    call.split_once('(').map_or(call, |(name, _)| name)
}

/// Whether a program needs no loader: a little-endian 64-bit ELF file without a `PT_INTERP` segment.
/// <https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html>
fn is_static(program: &Path) -> bool {
    const PT_INTERP: u64 = 3;
    let file = fs::read(program).expect("the helper was just run");
    let number = |at: usize, length: usize| {
        let bytes = file.get(at..at + length).expect("the ELF header is whole");
        bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let at = |number: u64| usize::try_from(number).expect("an offset in a file");
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return false;
    }
    let (start, size, count) = (at(number(32, 8)), at(number(54, 2)), at(number(56, 2)));
    (0..count).all(|segment| number(start + segment * size, 4) != PT_INTERP)
}
