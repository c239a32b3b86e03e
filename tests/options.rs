//! The `[options]` of the configuration file: each says what a variable says, a variable wins, and a mistake is an error.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files")]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use support::fake_aws::{Api, Behaviour, FakeAws};
use support::sandbox::{NOT_FOUND, Reply, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const FOREIGN: &str = "ghcr.io";

/// A home with static keys and these options.
fn home(aws: &FakeAws, options: &str) -> Sandbox {
    let sandbox = Sandbox::new().with_aws(aws).with_keys("AKIDEXAMPLE");
    sandbox.write(".config/ecr-login/config.toml", format!("[options]\n{options}\n"));
    sandbox
}

/// How many tokens a directory has; none if it doesn't exist.
fn tokens(directory: &Path) -> usize {
    let names = fs::read_dir(directory).map(|entries| entries.flatten().map(|entry| entry.file_name()));
    names.map_or(0, |names| names.filter(|name| name.to_string_lossy().ends_with(".token")).count())
}

#[test]
fn the_cache_is_where_the_file_says_and_erase_and_list_find_it_there() {
    let aws = FakeAws::start();
    for place in ["~/tokens", "/"] {
        let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIDEXAMPLE");
        let directory = sandbox.home().join("tokens");
        let written = if place == "/" { directory.display().to_string() } else { place.to_owned() };
        sandbox.write(".config/ecr-login/config.toml", format!("[options]\ncache_dir = '{written}'\n"));
        let before = aws.calls(Api::EcrToken);
        assert_eq!(sandbox.get(HOST).password(), sandbox.get(HOST).password());
        assert_eq!((aws.calls(Api::EcrToken), tokens(&directory)), (before + 1, 1), "{place}");
        assert!(!sandbox.cache_dir().exists());
        let listed = sandbox.run(&["list"], b"");
        assert_eq!(listed.stdout_text(), format!("{{\"https://{HOST}\":\"AWS\"}}\n"));
        assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
        assert_eq!(tokens(&directory), 0);
        // A variable wins; an empty one is none.
        let elsewhere = sandbox.home().join("elsewhere");
        let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", "~/elsewhere");
        sandbox.get(HOST).password();
        assert_eq!((tokens(&directory), tokens(&elsewhere)), (0, 1));
        let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", "");
        sandbox.get(HOST).password();
        assert_eq!((tokens(&directory), tokens(&elsewhere)), (1, 1));
    }
}

#[test]
fn the_cache_is_off_when_the_file_or_the_variable_says_so() {
    for (option, variable, calls) in [
        ("cache = true", "", 1),
        ("cache = false", "", 2),
        ("cache = true", "1", 2),
        ("cache = false\ncache_dir = '~/tokens'", "", 2),
    ] {
        let aws = FakeAws::start();
        let sandbox = home(&aws, option).env("AWS_ECR_DISABLE_CACHE", variable);
        for _ in 0..2 {
            sandbox.get(HOST).password();
        }
        assert_eq!(aws.calls(Api::EcrToken), calls, "{option} {variable}");
    }
}

#[test]
fn the_time_limit_is_that_of_the_file_unless_a_variable_has_another() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Hang);
    for (option, variable, limit) in [("timeout = 1", "", 1), ("timeout = 60", "2", 2)] {
        let reply = home(&aws, option).env("AWS_ECR_TIMEOUT", variable).get(HOST);
        reply.assert_not_found();
        assert!(reply.stderr.contains(&format!("gave up after {limit} s")), "{}", reply.stderr);
        let expected = Duration::from_secs(limit);
        assert!(reply.elapsed >= expected && reply.elapsed < expected + Duration::from_secs(5), "{:?}", reply.elapsed);
    }
}

#[test]
fn a_failure_is_as_strict_as_the_file_says_unless_a_variable_says_otherwise() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "not authorized"));
    for (option, variable, is_strict) in [
        ("", "", false),
        ("strict = true", "", true),
        ("strict = false", "", false),
        ("strict = true", "false", false),
        ("strict = true", "0", false),
        ("strict = false", "true", true),
    ] {
        let reply = home(&aws, option).env("AWS_ECR_STRICT", variable).get(HOST);
        assert_eq!(reply.code, Some(1));
        let expected = if is_strict { &reply.stderr } else { NOT_FOUND };
        assert_eq!(reply.stdout_text(), expected, "{option} {variable}");
        assert!(reply.stderr.starts_with(&format!("ecr-login: no password for {HOST}: ")), "{}", reply.stderr);
    }
}

#[test]
fn a_password_for_another_registry_is_dropped_if_the_file_says_so_unless_a_variable_says_otherwise() {
    let aws = FakeAws::start();
    for (option, variable, code) in [
        ("", "", 1),
        ("ignore_creds_storage = true", "", 0),
        ("ignore_creds_storage = true", "false", 1),
        ("ignore_creds_storage = false", "true", 0),
    ] {
        let login = format!(r#"{{"ServerURL":"{FOREIGN}","Username":"me","Secret":"made-up"}}"#);
        let sandbox = home(&aws, option).env("AWS_ECR_IGNORE_CREDS_STORAGE", variable);
        let reply = sandbox.run(&["store"], login.as_bytes());
        assert_eq!((reply.code, reply.stdout.is_empty()), (Some(code), code == 0), "{option} {variable}");
    }
}

/// The levels of a log, one a line.
fn levels(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.split_whitespace().nth(1)).collect()
}

#[test]
fn the_log_goes_where_the_file_says_with_its_level_unless_variables_say_otherwise() {
    let aws = FakeAws::start();
    let get = |options: &str, variables: &[(&str, &str)]| {
        let sandbox = variables.iter().fold(home(&aws, options), |sandbox, (name, value)| sandbox.env(name, value));
        let reply: Reply = sandbox.get(HOST);
        assert_eq!(reply.code, Some(0), "{}", reply.stderr);
        let log = |name| fs::read_to_string(sandbox.home().join(name)).ok();
        (reply.stderr, log("in-file.log"), log("in-variable.log"))
    };
    let (stderr, ..) = get("log = 'debug'", &[]);
    assert_eq!(levels(&stderr), ["debug", "info"]);
    let (stderr, ..) = get("log = 'debug'", &[("AWS_ECR_LOG", "info")]);
    assert_eq!(levels(&stderr), ["info"]);
    assert_eq!(get("log = 'debug'", &[("AWS_ECR_LOG", "off")]), (String::new(), None, None));
    assert_eq!(get("log = 'off'\nlog_file = '~/in-file.log'", &[]), (String::new(), None, None));

    let (stderr, in_file, in_variable) = get("log_file = '~/in-file.log'", &[]);
    assert_eq!((&*stderr, levels(&in_file.expect("a log")), in_variable), ("", vec!["info"], None));
    let (stderr, in_file, in_variable) =
        get("log = 'debug'\nlog_file = '~/in-file.log'", &[("AWS_ECR_LOG_FILE", "~/in-variable.log")]);
    assert_eq!((&*stderr, in_file, levels(&in_variable.expect("a log"))), ("", None, vec!["debug", "info"]));
}

#[test]
fn the_log_has_what_is_handed_to_a_fallback_too() {
    let aws = FakeAws::start();
    let sandbox = home(&aws, "log_file = '~/log'\n[fallback]\nhelper = 'other'");
    sandbox.program("docker-credential-other", "#!/bin/sh\necho '{}'\n");
    assert_eq!(sandbox.run(&["get"], FOREIGN.as_bytes()).code, Some(0));
    let log = fs::read_to_string(sandbox.home().join("log")).expect("a log");
    assert!(log.ends_with(&format!("] get {FOREIGN}: passed on to docker-credential-other\n")), "{log}");
}

#[test]
fn a_mistake_in_an_option_stops_ecr_with_its_place_and_costs_other_registries_nothing() {
    let aws = FakeAws::start();
    for (option, problem) in [
        ("timeout = 0", "2:11: `timeout` must be a number of seconds from 1 to 3600"),
        ("strict = 'yes'", "2:10: `strict` must be `true` or `false`"),
        ("cache_dir = 'tokens'", "2:13: `tokens` is not an absolute path, nor one that begins with `~/`"),
        ("cache_encryption = 'aes'", "2:20: `aes` is not a form of encryption: os or off"),
        ("log = 'loud'", "2:7: `loud` is not a log level: off, error, warn, info, debug or trace"),
        ("chache = false", "2:1: unknown key `chache`; did you mean `cache`?"),
    ] {
        // The variable would win, and the file is wrong all the same.
        let sandbox = home(&aws, option).env("AWS_ECR_TIMEOUT", "7");
        let file = sandbox.home().join(".config/ecr-login/config.toml");
        let reply = sandbox.get(HOST);
        reply.assert_not_found();
        let reason = format!("ecr-login: no password for {HOST}: ");
        assert!(reply.stderr.starts_with(&reason), "{}", reply.stderr);
        assert!(reply.stderr.contains(&format!("{}:{problem}", file.display())), "{}", reply.stderr);
        let foreign = sandbox.get(FOREIGN);
        foreign.assert_not_found();
        assert!(foreign.stderr.contains(problem), "{}", foreign.stderr);
        assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    }
    assert_eq!(aws.requests().len(), 0);
}
