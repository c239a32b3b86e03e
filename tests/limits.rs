//! Whatever limits, signal settings and refusals the helper is started with, it ends with an answer: the token if there is
//! one, else the not-found sentence with the reason on stderr; never by a signal, and never with a library's words.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "tests use real files and processes")]

mod support;

use std::fs;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};
use support::fake_aws::{Api, FakeAws};
use support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_HOST: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";

/// Starts a program with limits, an ignored signal, closed descriptors, system calls that fail (by a filter,
/// <https://man7.org/linux/man-pages/man2/seccomp.2.html>), and as another user.
const LAUNCHER: &str = r"
import ctypes, json, os, platform, resource, signal, struct, sys
asked = json.loads(sys.argv[1])
# Python ignores them.
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if 'ignored' in asked:
    signal.signal(getattr(signal, asked['ignored']), signal.SIG_IGN)
if 'user' in asked:
    os.setgroups([]); os.setgid(asked['user']); os.setuid(asked['user'])
for descriptor in asked.get('closed', []):
    os.close(descriptor)
for name, limit in asked.get('limits', {}).items():
    resource.setrlimit(getattr(resource, 'RLIMIT_' + name), (limit, limit))
if 'refused' in asked:
    EPERM = 0x00050001
    code = [struct.pack('HBBI', 0x20, 0, 0, 0)]
    for number in asked['refused']:
        code += [struct.pack('HBBI', 0x15, 0, 1, number), struct.pack('HBBI', 6, 0, 0, EPERM)]
    if 'refused_signals' in asked:
        signals = asked['refused_signals']
        code += [struct.pack('HBBI', 0x15, 0, 1 + 2 * len(signals), 13), struct.pack('HBBI', 0x20, 0, 0, 16)]
        for number in signals:
            code += [struct.pack('HBBI', 0x15, 0, 1, number), struct.pack('HBBI', 6, 0, 0, EPERM)]
    code = b''.join(code + [struct.pack('HBBI', 6, 0, 0, 0x7fff0000)])
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack('HxxxxxxQ', len(code) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.create_string_buffer(program)):
        sys.exit('no filter: ' + os.strerror(ctypes.get_errno()))
os.execve(sys.argv[2], sys.argv[2:], dict(os.environ))
";

/// Whether the launcher works here.
fn can_launch() -> bool {
    let mut python = Command::new("python3");
    python.args(["-c", LAUNCHER, r#"{"refused": []}"#, "/bin/true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let works = cfg!(target_arch = "x86_64") && python.status().is_ok_and(|status| status.success());
    if !works {
        println!("NOT TESTED: `python3` can't set limits and filters here");
    }
    works
}

/// Runs the helper in a sandbox, started as asked.
fn run(home: &Sandbox, asked: &Value, action: &str, stdin: &[u8]) -> Reply {
    let helper = home.command(&[action]);
    let mut command = Command::new("/usr/bin/env");
    command.arg("-i").args(helper.get_envs().filter_map(|(name, value)| {
        let mut variable = name.to_owned();
        variable.push("=");
        variable.push(value?);
        Some(variable)
    }));
    command.args([python(), "-c", LAUNCHER, &asked.to_string()]).arg(helper.get_program()).arg(action);
    command.current_dir(home.home());
    let mut running = Running::start(command);
    running.write_all_and_close(stdin);
    running.wait()
}

/// The path of the program, which is more than a name where it is a script that selects one.
fn python() -> &'static str {
    static PYTHON: LazyLock<String> = LazyLock::new(|| {
        let mut python = Command::new("python3");
        let output = python.args(["-c", "import sys; print(sys.executable)"]).output().expect("python3");
        String::from_utf8(output.stdout).expect("a path").trim_end().to_owned()
    });
    &PYTHON
}

/// Checks that a `get` ended with an answer, and says whether that is a password.
#[track_caller]
fn is_answered(reply: &Reply, what: &str) -> bool {
    if reply.code == Some(0) {
        assert!(reply.stdout_text().contains(r#""Username":"AWS","Secret":""#), "{what}: {reply:?}");
        return true;
    }
    assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(1), NOT_FOUND), "{what}: {}", reply.stderr);
    // A log that can't be written to its file goes to stderr, too.
    let lines: Vec<&str> = reply.stderr.lines().filter(|line| !line.starts_with("20")).collect();
    let is_one_line = matches!(lines[..], [line] if line.starts_with("ecr-login: no password for "));
    assert!(is_one_line && reply.stderr.ends_with('\n'), "{what}: {:?}", reply.stderr);
    for word in ["panicked", "RUST_BACKTRACE", "Os {", "Err("] {
        assert!(!reply.stderr.contains(word), "{what}: {}", reply.stderr);
    }
    false
}

/// Limits and refusals of many kinds.
fn worlds() -> Vec<Value> {
    // SOCKETPAIR, CLONE, CLONE3, EPOLL_CREATE1, EVENTFD2, PIDFD_OPEN, PRCTL, GETRANDOM, SOCKET, FLOCK, RENAME, FCNTL, and
    // SYSINFO with CLOCK_GETTIME.
    let refused = [vec![53], vec![56, 435, 57, 58], vec![291], vec![290], vec![434], vec![157], vec![318], vec![41]];
    let refused =
        refused.into_iter().chain([vec![73], vec![82, 264, 316], vec![72], vec![131], vec![28], vec![99, 228]]);
    let mut worlds: Vec<Value> = refused.map(|calls| json!({ "refused": calls })).collect();
    worlds.push(json!({ "refused": [], "refused_signals": [1, 2, 15, 17, 25] }));
    worlds.extend((3..=12).chain([20]).map(|limit| json!({ "limits": { "NOFILE": limit } })));
    worlds.extend([0, 1, 100, 4096].map(|limit| json!({ "limits": { "FSIZE": limit } })));
    worlds.push(json!({ "limits": { "NPROC": 0 }, "user": 65_534 }));
    worlds.extend([65_536, 524_288].map(|limit| json!({ "limits": { "STACK": limit } })));
    worlds.extend([1, 4, 16].map(|limit| json!({ "limits": { "DATA": limit << 20 } })));
    worlds.push(json!({ "ignored": "SIGCHLD" }));
    worlds.push(json!({ "ignored": "SIGPIPE" }));
    worlds
}

/// The worlds in which a program of this kind starts at all: a dynamic one opens files before it runs.
fn worlds_to_start_in() -> Vec<Value> {
    let home = Sandbox::new();
    open_to_all(&home);
    let mut worlds = worlds();
    worlds.retain(|world| run(&home, world, "version", b"").code == Some(0));
    assert!(worlds.len() > 30, "the helper starts only in {worlds:?}");
    worlds
}

fn home_with_keys(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys("AKIAENV")
}

/// Lets every user in: the sandbox is this user's own.
fn open_to_all(home: &Sandbox) {
    let opened = Command::new("chmod").args(["-R", "a+rwX"]).arg(home.path()).status();
    assert!(opened.expect("chmod").success());
    let config = home.home().join(".config");
    if config.exists() {
        // A configuration file that others may write isn't read.
        let kept = Command::new("chmod").args(["-R", "go-w"]).arg(config).status();
        assert!(kept.expect("chmod").success());
    }
}

#[test]
fn a_fetch_ends_with_an_answer_whatever_the_system_refuses() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    for world in worlds_to_start_in() {
        let home = home_with_keys(&aws);
        open_to_all(&home);
        let password = is_answered(&run(&home, &world, "get", HOST.as_bytes()), &world.to_string());
        println!("{world}: {}", if password { "a password" } else { "a reason" });
        // A log file, which is written too.
        let home = home_with_keys(&aws).env("AWS_ECR_LOG", "debug").env("AWS_ECR_LOG_FILE", home.home().join("log"));
        open_to_all(&home);
        is_answered(&run(&home, &world, "get", HOST.as_bytes()), &format!("{world} with a log"));
    }
}

#[test]
fn a_name_in_the_hosts_file_is_looked_up_where_there_are_no_threads() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    let url = aws.url().replace("127.0.0.1", "localhost");
    let home = home_with_keys(&aws).env("AWS_ENDPOINT_URL", url);
    let world = json!({ "refused": [56, 435, 57, 58] });
    assert!(is_answered(&run(&home, &world, "get", HOST.as_bytes()), "no threads"));
}

#[test]
fn a_cached_token_is_served_whatever_the_system_refuses() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    for world in worlds_to_start_in() {
        let home = home_with_keys(&aws);
        let password = home.get(HOST).password();
        let user_reads = !world["user"].is_number();
        // Three descriptors are the standard streams, and without another no file is read.
        let can_read = user_reads && world["limits"]["NOFILE"] != 3;
        for host in [HOST, OTHER_HOST] {
            let reply = run(&home, &world, "get", host.as_bytes());
            if can_read {
                assert_eq!(reply.password(), password, "{world}: {host}");
            } else {
                is_answered(&reply, &world.to_string());
            }
        }
        if user_reads {
            let logged = home.env("AWS_ECR_LOG_FILE", "log");
            is_answered(&run(&logged, &world, "get", HOST.as_bytes()), &world.to_string());
        }
    }
}

#[test]
fn a_stale_token_is_served_where_a_fetch_is_refused() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    aws.token_lifetime(Duration::from_secs(20));
    let homes: Vec<_> = [json!({ "limits": { "NOFILE": 7 } }), json!({ "refused": [53] })]
        .into_iter()
        .map(|world| {
            let home = home_with_keys(&aws);
            let password = home.get(HOST).password();
            (world, home, password)
        })
        .collect();
    std::thread::sleep(Duration::from_millis(10_500));
    for (world, home, stale) in homes {
        let reply = run(&home, &world, "get", HOST.as_bytes());
        assert_eq!(reply.password(), stale, "{world}");
        assert_eq!(aws.calls(Api::EcrToken), 2, "{world}");
    }
}

#[test]
fn little_memory_is_a_reason() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    let helper = Sandbox::new().command(&[]).get_program().to_owned();
    let size = fs::metadata(helper).expect("the helper").len();
    let mut answered = 0;
    for step in 0..60 {
        let limit = size + step * (512 << 10);
        let home = home_with_keys(&aws);
        let world = json!({ "limits": { "AS": limit } });
        // So little that it doesn't even start isn't its own fault.
        if run(&home, &world, "version", b"").code != Some(0) {
            continue;
        }
        is_answered(&run(&home, &world, "get", HOST.as_bytes()), &world.to_string());
        answered += 1;
    }
    assert!(answered > 10, "only {answered} limits let the helper start");
}

/// A fallback helper that answers with a password, and one that refuses.
fn home_with_fallback() -> Sandbox {
    let home = Sandbox::new();
    home.write(".config/ecr-login/config.toml", "[fallback]\nhelper = 'file'\n");
    home.program(
        "docker-credential-file",
        "#!/bin/sh\nread -r host\ncase $1$host in\nlist) echo '{\"ghcr.io\":\"me\"}';;\n\
         getghcr.io) echo the-answer;;\n*) echo refused; exit 3;;\nesac\n",
    );
    home
}

#[test]
fn a_fallback_is_waited_for_though_its_end_is_to_be_ignored() {
    if !can_launch() {
        return;
    }
    let home = home_with_fallback();
    for world in [json!({ "ignored": "SIGCHLD" }), json!({})] {
        for (action, stdin, stdout, code) in [
            ("get", "ghcr.io", "the-answer\n", 0),
            ("get", "quay.io", "refused\n", 3),
            ("erase", "ghcr.io", "refused\n", 3),
            ("list", "", "{\"ghcr.io\":\"me\"}\n", 0),
        ] {
            let reply = run(&home, &world, action, stdin.as_bytes());
            assert_eq!(
                (reply.stdout_text().as_str(), &*reply.stderr, reply.code),
                (stdout, "", Some(code)),
                "{world} {action}"
            );
        }
    }
}

#[test]
fn a_process_that_cant_be_started_is_a_reason() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    let process = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
    process.write(".aws/config", "[profile dev]\ncredential_process = true\n");
    for (home, host, reason) in [
        (home_with_fallback(), "ghcr.io", "the fallback helper `docker-credential-file` failed ("),
        (process, HOST, "could not get credentials from profile `dev` (`credential_process` could not be started: "),
    ] {
        for (world, error) in [
            (json!({ "refused": [56, 435, 57, 58] }), "Operation not permitted (os error 1))"),
            (json!({ "limits": { "NPROC": 0 }, "user": 65_534 }), "Resource temporarily unavailable (os error 11))"),
        ] {
            open_to_all(&home);
            let reply = run(&home, &world, "get", host.as_bytes());
            assert!(!is_answered(&reply, &world.to_string()), "{world} {host}");
            let expected = format!("ecr-login: no password for {host}: {reason}{error}");
            assert!(reply.stderr.starts_with(&expected), "{world}: {}", reply.stderr);
        }
    }
}

#[test]
fn a_credential_process_is_waited_for_though_its_end_is_to_be_ignored() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    for (code, served) in [(0, true), (3, false)] {
        let home = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
        let key = r#"{"Version":1,"AccessKeyId":"AKIAPROCESS","SecretAccessKey":"a-secret-key-of-the-process"}"#;
        let program = home.program("issue", &format!("#!/bin/sh\necho '{key}'\nexit {code}\n"));
        home.write(".aws/config", format!("[profile dev]\ncredential_process = {}\n", program.display()));
        for world in [json!({ "ignored": "SIGCHLD" }), json!({ "refused": [434] })] {
            assert_eq!(is_answered(&run(&home, &world, "get", HOST.as_bytes()), &world.to_string()), served, "{world}");
        }
    }
}

#[test]
fn an_answer_that_doesnt_fit_into_its_file_is_told() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    let home = home_with_keys(&aws);
    home.get(HOST).password();
    let script = format!("printf %s {HOST} | \"$@\" >answer; echo \"status $?\"; cat answer");
    let helper = home.command(&["get"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &script, "sh", python(), "-c", LAUNCHER, r#"{"limits": {"FSIZE": 0}}"#]);
    shell.arg(helper.get_program()).arg("get").current_dir(home.home()).env_clear();
    shell.envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().expect("a shell");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(stdout, "status 1\n", "{stderr}");
    assert_eq!(stderr, "ecr-login: cannot write the answer: File too large (os error 27)\n");
}

#[test]
fn closed_standard_streams_end_it_with_a_status() {
    if !can_launch() {
        return;
    }
    let aws = FakeAws::start();
    let home = home_with_keys(&aws);
    for closed in [vec![0], vec![1], vec![2], vec![0, 1], vec![1, 2], vec![0, 1, 2]] {
        for action in ["get", "list", "erase", "store", "version", "what"] {
            let reply = run(&home, &json!({ "closed": closed }), action, HOST.as_bytes());
            assert!(matches!(reply.code, Some(0 | 1)), "{closed:?} {action}: {reply:?}");
        }
    }
}

#[test]
fn no_other_process_of_the_user_reads_its_memory_and_no_core_file_has_it() {
    let home = home_with_fallback();
    home.program("docker-credential-file", "#!/bin/sh\nstat -c %u /proc/$PPID/mem\n");
    let own = fs::metadata("/proc/self/environ").map(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata));
    let reply = if own.is_ok_and(|own| own == 0) {
        // The files of root's processes are root's in any case: another user is needed to tell.
        if !can_launch() {
            return;
        }
        open_to_all(&home);
        run(&home, &json!({ "user": 65_534 }), "get", b"ghcr.io")
    } else {
        home.get("ghcr.io")
    };
    assert_eq!((reply.stdout_text().as_str(), reply.code), ("0\n", Some(0)), "{}", reply.stderr);
}
