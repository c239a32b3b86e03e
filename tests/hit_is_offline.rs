//! A hit touches no network, starts nothing and reads no certificate, whatever the credentials come from.
//!
//! Shown twice: by what arrives at the fake of AWS and by what a `credential_process` leaves behind; and, on Linux where
//! `strace` works, by every system call.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files and processes")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::fake_aws::{FakeAws, password_head};
use support::sandbox::{Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The most system calls of a hit in a static build, its start and end included.
const MOST_CALLS: usize = 45;

/// What a `credential_process` of these tests leaves behind, below the home directory.
const MARK: &str = "process-was-run";

/// System calls that reach out or start something. The first `execve` is the helper's own.
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

/// Parts of paths that only who is about to use the network opens.
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

/// A way to come by credentials: its name, what makes a home that has them, and how the access key ID begins.
type Source = (&'static str, fn(&FakeAws) -> Sandbox, &'static str);

const SOURCES: [Source; 11] = [
    ("static keys in the environment", |aws| Sandbox::new().with_aws(aws).with_keys("AKIAENV"), "AKIAENV"),
    ("static keys of a profile", with_static_profile, "AKIASTATIC"),
    ("a role assumed from another profile", with_source_profile, "ASIA-pull-assumed"),
    ("a role that wants an MFA code", with_mfa_session, "ASIASESSION"),
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

/// The sources whose identity can be told without network on this system.
fn sources() -> impl Iterator<Item = Source> {
    let cached = |source: &Source| {
        // Only Linux tells one machine from another by a file.
        let cached = cfg!(target_os = "linux") || source.0 != "the instance metadata service";
        if !cached {
            println!("NOT TESTED: tokens of {} aren't kept on this system", source.0);
        }
        cached
    };
    SOURCES.into_iter().filter(cached)
}

/// How often the `credential_process` was run.
fn marks(sandbox: &Sandbox) -> usize {
    fs::read_to_string(sandbox.home().join(MARK)).map_or(0, |marks| marks.lines().count())
}

/// Fetches a token, after checking with whose credentials.
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
fn a_hit_needs_no_api_that_answers() {
    for (source, home, access_key_id) in sources() {
        let aws = FakeAws::start();
        let sandbox = home(&aws);
        let password = warm(&aws, &sandbox, source, access_key_id);
        // Nobody listens at its port any more.
        drop(aws);
        assert_eq!(sandbox.get(HOST).password(), password, "{source}");
    }
}

#[test]
fn a_hit_makes_no_system_call_that_reaches_out_and_few_at_all() {
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
        assert_reaches_nowhere(&calls, source);

        let is_static = is_static(Path::new(sandbox.command(&[]).get_program()));
        println!("{source}: {} system calls, {}", calls.len(), if is_static { "static" } else { "dynamic" });
        if is_static {
            assert!(calls.len() <= MOST_CALLS, "{source}: {} system calls:\n{}", calls.len(), calls.join("\n"));
        }
    }
}

#[test]
fn without_a_configuration_file_a_hit_costs_one_failed_open_and_with_one_a_few_calls() {
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
    assert_reaches_nowhere(&with_file, "with a configuration file");
    assert!(with_file.len() <= none.len() + 6, "{} and {}", with_file.len(), none.len());
}

/// Systems before Linux 5.14 and some sandboxes don't know the advice with which the static program asks for its memory:
/// <https://man7.org/linux/man-pages/man2/madvise.2.html>.
#[test]
fn a_hit_is_served_where_the_system_takes_no_advice_on_memory() {
    if !strace_works() {
        return;
    }
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    let password = warm(&aws, &sandbox, "static keys", "AKIAENV");
    for error in ["EINVAL", "ENOSYS", "EPERM"] {
        let calls = traced(&sandbox, &password, &["-e", &format!("inject=madvise:error={error}")]);
        let refused = calls.iter().filter(|call| name(call) == "madvise" && call.contains(error)).count();
        if moves_its_own_pointers(Path::new(sandbox.command(&[]).get_program())) {
            assert_eq!(refused, 1, "{error}: {}", calls.join("\n"));
        }
    }
}

#[test]
fn the_watch_over_system_calls_sees_a_fetch() {
    if !strace_works() {
        return;
    }
    // A test that can't fail is a defect: what is forbidden to a hit is what a miss does.
    let aws = FakeAws::start();
    let sandbox = with_credential_process(&aws);
    let log = sandbox.path().join("strace");
    let calls = calls_of(&sandbox, &log, &[]);
    for expected in ["socket", "connect", "execve"] {
        assert!(calls.iter().filter(|call| name(call) == expected).count() >= 1, "{expected} in a miss");
    }
    assert!(calls.iter().filter(|call| name(call) == "execve").count() > 1, "the credential process was run");
}

fn assert_reaches_nowhere(calls: &[String], source: &str) {
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
        println!("NOT TESTED: `strace` isn't installed or may not trace here");
    }
    works
}

/// The system calls of a hit, one a line.
fn trace(sandbox: &Sandbox, password: &str) -> Vec<String> {
    traced(sandbox, password, &[])
}

/// The same, with options for strace.
fn traced(sandbox: &Sandbox, password: &str, options: &[&str]) -> Vec<String> {
    let log = sandbox.path().join("strace");
    let calls = calls_of(sandbox, &log, options);
    let stdout = fs::read_to_string(log.with_extension("stdout")).expect("it was just written");
    assert!(stdout.contains(password), "the hit was answered under strace");
    calls
}

/// Runs `get` under strace; the calls, one a line, of all its processes.
fn calls_of(sandbox: &Sandbox, log: &Path, options: &[&str]) -> Vec<String> {
    let helper = sandbox.command(&["get"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-s", "256"]).args(options).arg("-o").arg(log).arg(helper.get_program()).args(helper.get_args());
    strace.env_clear().current_dir(sandbox.home());
    strace.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut running = Running::start(strace);
    running.write_all_and_close(HOST.as_bytes());
    let reply = running.wait();
    reply.password();
    fs::write(log.with_extension("stdout"), &reply.stdout).expect("the directory is ours");
    let lines = fs::read_to_string(log).expect("strace wrote it");
    // `PID name(…) = …`; lines about signals and ends have `---` and `+++` in place of the name.
    let calls = lines.lines().filter_map(|line| line.split_once(' ')).map(|(_, call)| call.trim_start());
    let calls: Vec<String> = calls.filter(|call| !call.starts_with(['-', '+', '<'])).map(str::to_owned).collect();
    assert!(calls.iter().any(|call| name(call) == "execve"), "the log is understood: {lines}");
    calls
}

/// The name of a call.
fn name(call: &str) -> &str {
    call.split_once('(').map_or(call, |(name, _)| name)
}

/// Whether a program is the static one that `packaging/start.c` is part of: at no fixed address (`ET_DYN`), and for x86-64.
fn moves_its_own_pointers(program: &Path) -> bool {
    const ET_DYN: u8 = 3;
    const EM_X86_64: u8 = 62;
    let file = fs::read(program).expect("the helper was just run");
    is_static(program) && (file[16], file[18]) == (ET_DYN, EM_X86_64)
}

/// Whether a program needs no loader: an ELF file (<https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html>) of
/// 64 bits, least significant byte first, without a `PT_INTERP` segment.
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
