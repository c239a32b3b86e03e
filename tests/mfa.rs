//! Roles that want a code of a multi-factor device: it is asked for on the terminal itself, by one process at a time, and
//! only where neither a token nor a session is left.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files and processes")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

const ROLE: &str = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\n\
                    mfa_serial = arn:aws:iam::111122223333:mfa/dev\nsource_profile = base\n";
const KEYS: &str = "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = made/up/secret/of/the/base/0000\n";

/// Where the AWS CLI keeps the session of [`ROLE`]; `ecr::session_cache` has more of such names.
const SESSION: &str = ".aws/cli/cache/f4ef485cfbc7a3adac3d865d45dec1165d70cd59.json";

const QUESTION: &str = "ecr-login: MFA code for profile `dev` (arn:aws:iam::111122223333:mfa/dev): ";

const NO_TERMINAL: &str = "no terminal to prompt on";

const FAR_AHEAD: &str = "2099-01-01T00:00:00Z";
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

/// Runs a program at a terminal of its own, where somebody answers each question with the next of the answers, and types
/// one more before the first question. Standard streams stay what they are. What was seen on the terminal goes to a file.
/// Ends the program when it takes too long, and never waits for it longer.
const AT_A_TERMINAL: &str = r"
import fcntl, json, os, select, signal, subprocess, sys, termios, time
LIMIT = 40
asked = json.loads(sys.argv[1])
os.setsid()
terminal, end = os.openpty()
fcntl.ioctl(end, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, lambda *_: None)
signal.signal(signal.SIGHUP, lambda *_: None)
os.write(terminal, asked['ahead'].encode())
time.sleep(0.05 if asked['ahead'] else 0)
group = (lambda: os.setpgid(0, 0)) if asked['background'] else None
child = subprocess.Popen(sys.argv[2:], preexec_fn=group)
started = time.monotonic()
answers = [answer.encode() for answer in asked['answers']]
seen, answered, due, code = b'', 0, None, None
try:
    while True:
        code = child.poll()
        now = time.monotonic()
        if now - started > LIMIT:
            break
        if select.select([terminal], [], [], 0 if code is not None else 0.01)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
        elif code is not None:
            break
        if answers and due is None and seen.endswith(b'): ') and len(seen) > answered:
            answered, due = len(seen), now + asked['thinks']
        if due is not None and now >= due:
            due = None
            os.write(terminal, answers.pop(0))
finally:
    if child.poll() is None:
        child.kill()
    code = child.wait()
    with open(asked['seen'], 'wb') as file:
        file.write(seen)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
sys.exit(128 - code if code < 0 else code)
";

/// Runs a program in a session of its own: there is no terminal.
const WITHOUT_TERMINAL: &str = "import os, sys\nos.setsid()\nos.execv(sys.argv[1], sys.argv[1:])\n";

/// Where Python is; nothing without it can be told here.
fn python() -> Option<PathBuf> {
    let mut python = Command::new("python3");
    let probe = "import fcntl, os, select, sys, termios; os.openpty(); print(sys.executable)";
    let found = python.args(["-c", probe]).output();
    match found {
        Ok(output) if output.status.success() => {
            Some(PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim_end()))
        }
        _ => {
            println!("NOT TESTED: `python3`, which makes the terminals of these tests, doesn't work here");
            None
        }
    }
}

/// A home with [`ROLE`], and the means to run the helper there.
struct Scene {
    sandbox: Sandbox,
    python: PathBuf,
}

/// What somebody does at the terminal.
#[derive(Clone, Copy, Default)]
struct Somebody<'a> {
    answers: &'a [&'a str],
    /// How long each answer takes.
    thinks: Duration,
    /// Typed before the program starts.
    ahead: &'a str,
    /// The program runs in the background.
    background: bool,
}

fn types<'a>(answers: &'a [&'a str]) -> Somebody<'a> {
    Somebody { answers, ..Somebody::default() }
}

impl Scene {
    fn new(aws: &FakeAws) -> Option<Self> {
        let sandbox = Sandbox::new().with_aws(aws).env("AWS_PROFILE", "dev");
        sandbox.write(".aws/config", ROLE);
        sandbox.write(".aws/credentials", KEYS);
        for code in ["123456", "654321"] {
            sandbox.secret(code);
        }
        Some(Self { sandbox, python: python()? })
    }

    fn env(self, name: &str, value: &str) -> Self {
        Self { sandbox: self.sandbox.env(name, value), ..self }
    }

    fn session(&self) -> PathBuf {
        self.sandbox.home().join(SESSION)
    }

    /// Leaves a session as the AWS CLI does.
    fn with_session(&self, access_key_id: &str, expiration: &str) {
        let session = json!({
            "Credentials": {
                "AccessKeyId": access_key_id,
                "SecretAccessKey": "made/up/secret/of/the/session/0000",
                "SessionToken": "made/up/session/token/of/a/session/0000",
                "Expiration": expiration,
                "AccountId": "111122223333",
            },
            "AssumedRoleUser": { "AssumedRoleId": "AROAEXAMPLE:me", "Arn": "arn:aws:sts::111122223333:assumed-role/x/me" },
            "ResponseMetadata": { "HTTPStatusCode": 200, "RetryAttempts": 0 },
        });
        self.sandbox.secret("made/up/secret/of/the/session/0000");
        self.sandbox.secret("made/up/session/token/of/a/session/0000");
        self.sandbox.write(SESSION, session.to_string());
    }

    fn start(&self, script: &str, args: &[&str], program: &Command) -> Running {
        let mut command = Command::new(&self.python);
        command.args(["-c", script]).args(args).arg(program.get_program()).args(program.get_args());
        command.env_clear().current_dir(self.sandbox.home());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Running::start(command)
    }

    /// Runs a program with somebody at its terminal; and what was seen there.
    fn at_a_terminal(&self, somebody: Somebody<'_>, program: &Command, stdin: &[u8]) -> (Reply, String) {
        let seen = self.sandbox.path().join("seen");
        fs::remove_file(&seen).ok();
        let Somebody { answers, thinks, ahead, background } = somebody;
        let asked = json!({
            "answers": answers, "thinks": thinks.as_secs_f64(), "ahead": ahead, "background": background, "seen": seen,
        });
        let mut running = self.start(AT_A_TERMINAL, &[&asked.to_string()], program);
        running.write_all_and_close(stdin);
        let reply = running.wait();
        self.sandbox.assert_no_secret_in(&reply);
        (reply, fs::read_to_string(seen).expect("the terminal was there"))
    }

    fn get(&self, somebody: Somebody<'_>) -> (Reply, String) {
        self.at_a_terminal(somebody, &self.sandbox.command(&["get"]), HOST.as_bytes())
    }

    fn get_without_terminal(&self) -> Reply {
        let mut running = self.start(WITHOUT_TERMINAL, &[], &self.sandbox.command(&["get"]));
        running.write_all_and_close(HOST.as_bytes());
        let reply = running.wait();
        self.sandbox.assert_no_secret_in(&reply);
        reply
    }
}

/// Whose keys asked for the token.
#[track_caller]
fn signer(reply: &Reply) -> String {
    password_head(&reply.password()).access_key_id
}

/// Checks that there is no password for this reason, byte for byte.
#[track_caller]
fn assert_refused(reply: &Reply, reason: &str) {
    reply.assert_not_found();
    assert_eq!(reply.stderr, format!("ecr-login: no password for {HOST}: {reason}\n"));
}

/// The sentence for a code that there isn't.
fn needed(why: &str) -> String {
    format!(
        "profile `dev` needs an MFA code ({why}); try again in a terminal, or run `aws sts get-caller-identity --profile \
         dev` there"
    )
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").permissions().mode() & 0o777
}

// --- one person, one process -----------------------------------------------------------------------------------------

#[test]
fn a_code_is_asked_for_on_the_terminal_and_its_session_serves_until_it_ends() {
    let aws = FakeAws::start();
    // Nothing cached, so that each run needs credentials. The limit of one second isn't the person's.
    let Some(scene) = Scene::new(&aws) else { return };
    let scene = scene.env("AWS_ECR_DISABLE_CACHE", "1").env("AWS_ECR_TIMEOUT", "1");
    let (reply, seen) = scene.get(Somebody { thinks: Duration::from_millis(1_500), ..types(&["123456\n"]) });
    assert_eq!(signer(&reply), "ASIA-pull-assumed-1");
    assert_eq!(seen, format!("{QUESTION}123456\r\n"));

    let asked = &aws.requests_to(Api::AssumeRole)[0];
    assert_eq!(asked.access_key_id.as_deref(), Some("AKIABASE"));
    assert_eq!(asked.region.as_deref(), Some("eu-west-1"));
    let form = |name| asked.form(name);
    assert_eq!(form("RoleArn").as_deref(), Some("arn:aws:iam::111122223333:role/pull"));
    assert_eq!(form("SerialNumber").as_deref(), Some("arn:aws:iam::111122223333:mfa/dev"));
    assert_eq!(form("TokenCode").as_deref(), Some("123456"));
    assert!(form("RoleSessionName").is_some_and(|name| name.starts_with("ecr-login-")));
    assert_eq!((form("ExternalId"), form("DurationSeconds")), (None, None));

    let (reply, seen) = scene.get(types(&[]));
    assert_eq!((signer(&reply).as_str(), seen.as_str()), ("ASIA-pull-assumed-1", ""));
    assert_eq!(signer(&scene.get_without_terminal()), "ASIA-pull-assumed-1");
    assert_eq!(aws.calls(Api::AssumeRole), 1);

    let text = fs::read_to_string(scene.session()).expect("it was kept");
    let mut session: Value = serde_json::from_str(&text).expect("JSON");
    session["Credentials"]["Expiration"] = LONG_AGO.into();
    scene.sandbox.write(SESSION, session.to_string());
    let (reply, seen) = scene.get(types(&["654321\n"]));
    assert_eq!((signer(&reply), seen), ("ASIA-pull-assumed-2".to_owned(), format!("{QUESTION}654321\r\n")));
}

#[test]
fn a_session_is_kept_as_the_aws_cli_keeps_it_and_for_its_owner_alone() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let (reply, _) = scene.get(types(&["123456\n"]));
    reply.password();
    let session = scene.session();
    assert_eq!(mode(&session), 0o600);
    for directory in [".aws/cli/cache", ".aws/cli"] {
        assert_eq!(mode(&scene.sandbox.home().join(directory)), 0o700, "{directory}");
    }
    let names: Vec<_> = fs::read_dir(session.parent().expect("its directory")).expect("readable").collect();
    assert_eq!(names.len(), 1, "{names:?}");

    let issued = &aws.issued()[0];
    let text = fs::read_to_string(&session).expect("it was kept");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    let expiration = kept["Credentials"]["Expiration"].as_str().expect("a time");
    assert!(expiration.starts_with("20") && expiration.len() == 20 && expiration.ends_with('Z'), "{expiration}");
    let name = aws.requests_to(Api::AssumeRole)[0].form("RoleSessionName").expect("it has a name");
    assert_eq!(
        kept,
        json!({
            "Credentials": {
                "AccessKeyId": issued.access_key_id,
                "SecretAccessKey": issued.secret_access_key,
                "SessionToken": issued.session_token,
                "Expiration": expiration,
                "AccountId": "111122223333",
            },
            "AssumedRoleUser": {
                "AssumedRoleId": format!("AROAEXAMPLE:{name}"),
                "Arn": format!("arn:aws:sts::111122223333:assumed-role/pull/{name}"),
            },
        })
    );
}

#[test]
fn what_the_profile_says_of_the_session_is_said_to_sts() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let more = "external_id = blue\nrole_session_name = me@example.com\nduration_seconds = 7200\n";
    scene.sandbox.write(".aws/config", format!("{ROLE}{more}"));
    let (reply, _) = scene.get(types(&["123456\n"]));
    reply.password();
    let asked = &aws.requests_to(Api::AssumeRole)[0];
    for (name, value) in [("ExternalId", "blue"), ("RoleSessionName", "me@example.com"), ("DurationSeconds", "7200")] {
        assert_eq!(asked.form(name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn sts_is_asked_where_the_settings_say() {
    let (aws, sts) = (FakeAws::start(), FakeAws::start());
    let Some(scene) = Scene::new(&aws) else { return };
    let services = format!("services = local\n[services local]\nsts =\n  endpoint_url = {}\n", sts.url());
    scene.sandbox.write(".aws/config", format!("{ROLE}{services}"));
    let scene = Scene { sandbox: scene.sandbox.without("AWS_ENDPOINT_URL"), ..scene };
    let scene = scene.env("AWS_ENDPOINT_URL_ECR", &aws.url());
    scene.get(types(&["123456\n"]));
    assert_eq!((sts.calls(Api::AssumeRole), aws.calls(Api::AssumeRole)), (1, 0));
}

#[test]
fn keys_beside_the_role_assume_it() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    scene.sandbox.write(".aws/config", ROLE.replace("source_profile = base", "source_profile = dev"));
    scene.sandbox.write(".aws/credentials", KEYS.replace("[base]", "[dev]"));
    let (reply, seen) = scene.get(types(&["123456\n"]));
    assert_eq!(signer(&reply), "ASIA-pull-assumed-1");
    assert_eq!(seen, format!("{QUESTION}123456\r\n"));
    assert_eq!(aws.requests_to(Api::AssumeRole)[0].access_key_id.as_deref(), Some("AKIABASE"));
}

#[test]
fn blanks_in_a_code_and_what_was_typed_before_the_question_are_no_part_of_it() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let (reply, _) = scene.get(Somebody { ahead: "999999\n", ..types(&[" 123 456 \n"]) });
    reply.password();
    let codes: Vec<_> = aws.requests_to(Api::AssumeRole).iter().map(|request| request.form("TokenCode")).collect();
    assert_eq!(codes, [Some("123456".to_owned())]);
}

#[test]
fn without_a_terminal_the_person_is_told_what_to_do() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    assert_refused(&scene.get_without_terminal(), &needed(NO_TERMINAL));
    // Reading from the terminal would stop it until it gets to the foreground.
    let (reply, seen) = scene.get(Somebody { background: true, ..types(&["123456\n"]) });
    assert_refused(&reply, &needed("cannot prompt from a background job"));
    assert_eq!(seen, "");
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn an_answer_that_is_no_code_is_told_from_no_terminal() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    for (typed, why, echoed) in [
        ("\n", "no code was entered", "\r\n"),
        ("  \n", "no code was entered", "  \r\n"),
        ("\u{4}", "no code was entered", "\r\n"),
        ("12345\n", "the input is not a code of 6 digits", "12345\r\n"),
        ("1234567\n", "the input is not a code of 6 digits", "1234567\r\n"),
        ("abcdef\n", "the input is not a code of 6 digits", "abcdef\r\n"),
    ] {
        let (reply, seen) = scene.get(types(&[typed]));
        assert_refused(&reply, &needed(why));
        assert_eq!(seen, format!("{QUESTION}{echoed}"), "{typed:?}");
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_code_that_is_refused_is_told_from_a_role_that_is() {
    let refused = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
    let unknown =
        "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number.";
    let next = "; try again with the next code from the device that `mfa_serial` names";
    for (code, message, reason) in [
        (
            "AccessDenied",
            refused,
            format!("AWS rejected the MFA code for profile `dev` (AccessDenied: {refused}){next}"),
        ),
        (
            "AccessDenied",
            unknown,
            format!("AWS rejected the MFA code for profile `dev` (AccessDenied: {unknown}){next}"),
        ),
        (
            "AccessDenied",
            "User: dev is not authorized to perform: sts:AssumeRole",
            "could not get credentials from profile `dev` (AccessDenied: User: dev is not authorized to perform: \
             sts:AssumeRole); try `aws sts get-caller-identity` with the same settings"
                .to_owned(),
        ),
        (
            "ValidationError",
            "Value '123456' at 'tokenCode' is wrong",
            "could not get credentials from profile `dev` (ValidationError: Value '***' at 'tokenCode' is wrong); try \
             `aws sts get-caller-identity` with the same settings"
                .to_owned(),
        ),
    ] {
        let aws = FakeAws::start();
        aws.set(Api::AssumeRole, Behaviour::error(403, code, message));
        let Some(scene) = Scene::new(&aws) else { return };
        let log = scene.sandbox.home().join("log");
        let scene = scene.env("AWS_ECR_LOG", "debug").env("AWS_ECR_LOG_FILE", log.to_str().expect("UTF-8"));
        let (reply, _) = scene.get(types(&["123456\n"]));
        assert_refused(&reply, &reason);
        scene.sandbox.assert_no_secret_in_text("the log", &fs::read(log).expect("it was asked for"));
        assert!(!scene.session().exists(), "{message}");
        assert_eq!((aws.calls(Api::AssumeRole), aws.requests().len()), (1, 1), "{message}");
    }
}

// --- sessions --------------------------------------------------------------------------------------------------------

#[test]
fn a_session_of_the_aws_cli_is_used_however_it_writes_the_time() {
    for end in ["Z", "UTC", "+00:00", "+02:00", ".123456+00:00"] {
        let aws = FakeAws::start();
        let Some(scene) = Scene::new(&aws) else { return };
        scene.with_session("ASIACLI", &format!("2099-01-01T00:00:00{end}"));
        assert_eq!(signer(&scene.get_without_terminal()), "ASIACLI", "{end}");
        assert_eq!(aws.calls(Api::AssumeRole), 0);
    }
}

#[test]
fn a_session_that_is_none_counts_as_none() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let check = |what: &str| {
        let reply = scene.get_without_terminal();
        assert_eq!(reply.stderr, format!("ecr-login: no password for {HOST}: {}\n", needed(NO_TERMINAL)), "{what}");
    };
    scene.with_session("ASIACLI", LONG_AGO);
    check("over");
    scene.with_session("ASIACLI", "some day");
    check("without an end");
    let whole = json!({"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T", "Expiration": FAR_AHEAD});
    for part in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        for value in [Value::Null, json!(""), json!(7)] {
            let mut credentials = whole.clone();
            credentials[part] = value;
            scene.sandbox.write(SESSION, json!({ "Credentials": credentials }).to_string());
            check(part);
        }
    }
    for contents in ["", "{", "[]", "null", "\"\"", "{\"Credentials\":[]}", "\u{0}"] {
        scene.sandbox.write(SESSION, contents);
        check(contents);
    }
    scene.sandbox.write(SESSION, " ".repeat(1 << 20));
    check("too long");

    scene.with_session("ASIACLI", FAR_AHEAD);
    fs::set_permissions(scene.session(), fs::Permissions::from_mode(0o666)).expect("it is ours");
    check("writable by everybody");
    scene.with_session("ASIACLI", FAR_AHEAD);
    let elsewhere = scene.sandbox.home().join("elsewhere.json");
    fs::rename(scene.session(), &elsewhere).expect("it is ours");
    symlink(&elsewhere, scene.session()).expect("the place is free");
    check("a link");
    fs::remove_file(scene.session()).expect("it is ours");
    fs::create_dir(scene.session()).expect("the place is free");
    check("a directory");
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_broken_session_is_replaced() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let scene = scene.env("AWS_ECR_DISABLE_CACHE", "1");
    scene.sandbox.write(SESSION, "{");
    scene.get(types(&["123456\n"])).0.password();
    assert_eq!(signer(&scene.get_without_terminal()), "ASIA-pull-assumed-1");
}

#[test]
fn the_directory_of_the_aws_cli_keeps_its_modes() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    scene.with_session("ASIACLI", LONG_AGO);
    let directory = scene.sandbox.home().join(".aws/cli/cache");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o775)).expect("it is ours");
    scene.get(types(&["123456\n"])).0.password();
    assert_eq!((mode(&directory), mode(&scene.session())), (0o775, 0o600));
}

#[test]
fn a_session_that_cannot_be_kept_serves_all_the_same_and_the_log_says_so() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    scene.sandbox.write(".aws/cli/cache", "a file");
    let log = scene.sandbox.home().join("log");
    let scene = scene.env("AWS_ECR_LOG", "warn").env("AWS_ECR_LOG_FILE", log.to_str().expect("UTF-8"));
    assert_eq!(signer(&scene.get(types(&["123456\n"])).0), "ASIA-pull-assumed-1");
    let log = fs::read_to_string(log).expect("it was asked for");
    let directory = scene.sandbox.home().join(".aws/cli/cache");
    let remark = format!(" get {HOST}: the MFA session was not saved: `{}` is not a directory\n", directory.display());
    assert!(log.lines().count() == 1 && log.ends_with(&remark), "{log}");
    scene.sandbox.assert_no_secret_in_text("the log", log.as_bytes());
}

// --- chains ----------------------------------------------------------------------------------------------------------

/// The roles assumed so far: by whom, and with which code.
fn assumed(aws: &FakeAws) -> Vec<(String, String, Option<String>)> {
    let requests = aws.requests_to(Api::AssumeRole).into_iter();
    let role = |arn: String| arn.rsplit('/').next().expect("a name").to_owned();
    requests
        .map(|request| {
            let arn = request.form("RoleArn").expect("a role");
            (request.access_key_id.clone().unwrap_or_default(), role(arn), request.form("TokenCode"))
        })
        .collect()
}

fn step(user: &str, role: &str, code: Option<&str>) -> (String, String, Option<String>) {
    (user.to_owned(), role.to_owned(), code.map(str::to_owned))
}

const TOP: &str = "[profile top]\nrole_arn = arn:aws:iam::111122223333:role/top\nsource_profile = dev\n";

#[test]
fn a_role_stands_on_a_session_and_a_session_on_a_credential_process() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let program = scene.sandbox.program(
        "source",
        "#!/bin/sh\necho run >>\"$HOME/runs\"\n\
         echo '{\"Version\":1,\"AccessKeyId\":\"AKIAPROCESS\",\"SecretAccessKey\":\"made/up/secret\"}'\n",
    );
    scene.sandbox.secret("made/up/secret");
    let base = format!("[profile base]\ncredential_process = {}\n", program.display());
    scene.sandbox.write(".aws/config", format!("{TOP}{ROLE}{base}"));
    scene.sandbox.write(".aws/credentials", "");
    let scene = scene.env("AWS_PROFILE", "top").env("AWS_ECR_DISABLE_CACHE", "1");
    let (reply, seen) = scene.get(types(&["123456\n"]));
    assert_eq!((signer(&reply), seen), ("ASIA-top-assumed-2".to_owned(), format!("{QUESTION}123456\r\n")));
    let first = [step("AKIAPROCESS", "pull", Some("123456")), step("ASIA-pull-assumed-1", "top", None)];
    assert_eq!(assumed(&aws), first);

    // With a session, nothing below it is needed.
    assert_eq!(signer(&scene.get_without_terminal()), "ASIA-top-assumed-3");
    assert_eq!(assumed(&aws)[2..], [step("ASIA-pull-assumed-1", "top", None)]);
    assert_eq!(fs::read_to_string(scene.sandbox.home().join("runs")).expect("it was run"), "run\n");
}

#[test]
fn what_a_session_is_made_of_is_shown_to_nobody() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    scene.sandbox.write(".aws/config", format!("{TOP}{ROLE}"));
    scene.with_session("ASIACLI", FAR_AHEAD);
    let scene = scene.env("AWS_PROFILE", "top");
    let echo = "made/up/secret/of/the/session/0000 and made/up/session/token/of/a/session/0000 aren't liked";
    aws.set(Api::AssumeRole, Behaviour::error(403, "AccessDenied", echo));
    let reply = scene.get_without_terminal();
    assert_refused(
        &reply,
        "could not get credentials from profile `top` (AccessDenied: *** and *** aren't liked); try `aws sts \
         get-caller-identity` with the same settings",
    );
}

#[test]
fn a_session_stands_on_roles_that_need_no_code() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let middle = "[profile middle]\nrole_arn = arn:aws:iam::111122223333:role/middle\nsource_profile = base\n";
    scene.sandbox.write(".aws/config", format!("{TOP}{}{middle}", ROLE.replace("= base", "= middle")));
    let scene = scene.env("AWS_PROFILE", "top");
    assert_eq!(signer(&scene.get(types(&["123456\n"])).0), "ASIA-top-assumed-3");
    let chain = [
        step("AKIABASE", "middle", None),
        step("ASIA-middle-assumed-1", "pull", Some("123456")),
        step("ASIA-pull-assumed-2", "top", None),
    ];
    assert_eq!(assumed(&aws), chain);
}

#[test]
fn a_session_stands_on_sso_and_names_the_profile_to_log_in() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let base = "[profile base]\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = reader\n\
                [sso-session work]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
    scene.sandbox.write(".aws/config", format!("{ROLE}{base}"));
    scene.sandbox.write(".aws/credentials", "");
    let (reply, _) = scene.get(types(&["123456\n"]));
    reply.assert_not_found();
    assert!(reply.stderr.ends_with("; run `aws sso login --profile base`\n"), "{}", reply.stderr);

    // The SHA-1 of `work`, as the AWS CLI names the file.
    scene.sandbox.write(
        ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json",
        r#"{"accessToken":"an-access-token-of-the-session","expiresAt":"2099-01-01T00:00:00Z","region":"eu-west-1","startUrl":"https://example.awsapps.com/start"}"#,
    );
    scene.sandbox.secret("an-access-token-of-the-session");
    assert_eq!(signer(&scene.get(types(&["654321\n"])).0), "ASIA-pull-assumed-2");
    assert_eq!(assumed(&aws), [step("ASIA-reader-sso-1", "pull", Some("654321"))]);
}

#[test]
fn of_two_roles_that_want_a_code_both_ask_from_the_base_up() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    scene.sandbox.write(".aws/config", format!("{TOP}mfa_serial = arn:aws:iam::111122223333:mfa/top\n{ROLE}"));
    let scene = scene.env("AWS_PROFILE", "top").env("AWS_ECR_DISABLE_CACHE", "1");
    let (reply, seen) = scene.get(types(&["123456\n", "654321\n"]));
    assert_eq!(signer(&reply), "ASIA-top-assumed-2");
    let second = "ecr-login: MFA code for profile `top` (arn:aws:iam::111122223333:mfa/top): ";
    assert_eq!(seen, format!("{QUESTION}123456\r\n{second}654321\r\n"));
    let both = [step("AKIABASE", "pull", Some("123456")), step("ASIA-pull-assumed-1", "top", Some("654321"))];
    assert_eq!(assumed(&aws), both);

    // The session of the upper one will do; and without it, that of the lower one, and one code.
    fs::remove_file(scene.session()).expect("it was kept");
    assert_eq!(signer(&scene.get_without_terminal()), "ASIA-top-assumed-2");
    let upper = fs::read_dir(scene.sandbox.home().join(".aws/cli/cache")).expect("it was made");
    let upper: Vec<_> = upper.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(upper.len(), 1);
    fs::remove_file(&upper[0]).expect("it was kept");
    scene.with_session("ASIALOWER", FAR_AHEAD);
    let (_, seen) = scene.get(types(&["123456\n"]));
    assert_eq!(seen, format!("{second}123456\r\n"));
    assert_eq!(assumed(&aws)[2..], [step("ASIALOWER", "top", Some("123456"))]);
}

// --- many processes --------------------------------------------------------------------------------------------------

/// Starts one `get` for each host in one terminal, and waits for all of them. Their answers go to `out.N` and `err.N`.
fn at_once(scene: &Scene, hosts: &[&str], somebody: Somebody<'_>) -> (Vec<Result<String, String>>, String) {
    let start = |number, host| format!("echo {host} | \"$0\" get >out.{number} 2>err.{number} &\n");
    let script: Vec<_> = hosts.iter().enumerate().map(|(number, host)| start(number, host)).collect();
    let helper = scene.sandbox.command(&["get"]);
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("{}wait", script.concat())).arg(helper.get_program());
    shell.env_clear().envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let (reply, seen) = scene.at_a_terminal(somebody, &shell, b"");
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
    let replies = (0..hosts.len()).map(|number| {
        let read = |stream| fs::read_to_string(scene.sandbox.home().join(format!("{stream}.{number}")));
        let (stdout, stderr) = (read("out").expect("its stdout"), read("err").expect("its stderr"));
        scene.sandbox.assert_no_secret_in_text("stderr", stderr.as_bytes());
        match serde_json::from_str::<Value>(&stdout) {
            Ok(answer) if stderr.is_empty() => Ok(answer["Secret"].as_str().expect("a password").to_owned()),
            _ => Err(stderr),
        }
    });
    (replies.collect(), seen)
}

#[test]
fn processes_that_need_one_token_ask_once_however_long_the_answer_takes() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    // Others are waited for for half a second; a person for longer.
    let scene = scene.env("AWS_ECR_TIMEOUT", "1");
    let thinks = Duration::from_millis(1_800);
    let (replies, seen) = at_once(&scene, &[HOST; 8], Somebody { thinks, ..types(&["123456\n"; 8]) });
    assert_eq!(seen, format!("{QUESTION}123456\r\n"));
    let passwords: Vec<_> = replies.into_iter().map(|reply| reply.expect("a password")).collect();
    assert_eq!(password_head(&passwords[0]).access_key_id, "ASIA-pull-assumed-1");
    assert!(passwords.iter().all(|password| *password == passwords[0]));
    assert_eq!((aws.calls(Api::AssumeRole), aws.calls(Api::EcrToken)), (1, 1));
}

#[test]
fn processes_that_need_tokens_of_several_regions_ask_once() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let scene = scene.env("AWS_ECR_TIMEOUT", "1");
    let hosts: Vec<_> = (1..=5).map(|number| format!("111122223333.dkr.ecr.eu-test-{number}.amazonaws.com")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let thinks = Duration::from_millis(1_800);
    let (replies, seen) = at_once(&scene, &hosts, Somebody { thinks, ..types(&["123456\n"; 5]) });
    assert_eq!(seen, format!("{QUESTION}123456\r\n"));
    for (number, reply) in (1..).zip(replies) {
        let head = password_head(&reply.expect("a password"));
        assert_eq!((head.access_key_id, head.region), ("ASIA-pull-assumed-1".to_owned(), format!("eu-test-{number}")));
    }
    assert_eq!((aws.calls(Api::AssumeRole), aws.calls(Api::EcrToken)), (1, 5));
}

#[test]
fn an_answer_that_fails_is_everybodys_who_waited_for_the_same_token() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let scene = scene.env("AWS_ECR_TIMEOUT", "1");
    let thinks = Duration::from_millis(1_200);
    let (replies, seen) = at_once(&scene, &[HOST; 4], Somebody { thinks, ..types(&["\n"; 4]) });
    assert_eq!(seen, format!("{QUESTION}\r\n"));
    let line = format!("ecr-login: no password for {HOST}: {}\n", needed("no code was entered"));
    assert_eq!(replies, vec![Err(line); 4]);
}

// --- tokens ----------------------------------------------------------------------------------------------------------

#[test]
fn nobody_is_asked_while_a_token_is_valid() {
    let aws = FakeAws::start();
    let life = Duration::from_secs(8);
    aws.token_lifetime(life);
    let Some(scene) = Scene::new(&aws) else { return };
    scene.with_session("ASIACLI", FAR_AHEAD);
    let started = Instant::now();
    let token = scene.get_without_terminal().password();
    fs::remove_file(scene.session()).expect("it was there");
    thread::sleep((started + life * 3 / 5).saturating_duration_since(Instant::now()));
    let log = scene.sandbox.home().join("log");
    let scene = scene.env("AWS_ECR_LOG", "warn").env("AWS_ECR_LOG_FILE", log.to_str().expect("UTF-8"));
    let (reply, seen) = scene.get(types(&["123456\n"]));
    let log = fs::read_to_string(log).expect("it was asked for");
    assert_eq!((reply.password(), seen.as_str()), (token, ""), "stale, and still valid");
    assert!(log.contains("no prompt while a cached token is valid") && log.contains("served a stale token"));
    assert!(started.elapsed() < life, "the machine is too slow for this test");

    thread::sleep((started + life + Duration::from_millis(1_100)).saturating_duration_since(Instant::now()));
    let (reply, seen) = scene.get(types(&["123456\n"]));
    assert_eq!((signer(&reply), seen), ("ASIA-pull-assumed-1".to_owned(), format!("{QUESTION}123456\r\n")));
}

#[test]
fn ctrl_c_ends_the_question_and_leaves_nothing_behind() {
    let aws = FakeAws::start();
    let Some(scene) = Scene::new(&aws) else { return };
    let (reply, seen) = scene.get(types(&["\u{3}"]));
    // The script says 128 and the number of the signal.
    assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr.as_str()), (Some(130), "", ""));
    assert_eq!(seen, format!("{QUESTION}^C"));
    let (reply, _) = scene.get(types(&["123456\n"]));
    reply.password();
    assert!(reply.elapsed < Duration::from_secs(2), "the lock was still held: {:?}", reply.elapsed);
}
