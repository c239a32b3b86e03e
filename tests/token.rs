//! `token`: the password of a registry for scripts, in every form, and never by mistake on a terminal.
#![cfg(unix)]

mod support;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn token(sandbox: &Sandbox, arguments: &[&str]) -> Reply {
    sandbox.run(&[&["token"], arguments].concat(), b"")
}

/// The text of a success, which has nothing on stderr.
#[track_caller]
fn text(reply: &Reply) -> String {
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{}", reply.stdout_text());
    reply.stdout_text()
}

/// Checks that nothing is on stdout, and returns the line on stderr.
#[track_caller]
fn failure(reply: &Reply, code: i32) -> String {
    assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(code), ""), "{}", reply.stderr);
    reply.stderr.clone()
}

#[test]
fn the_password_is_written_in_the_form_that_is_asked_for() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIASCRIPT");
    let plain = text(&token(&sandbox, &[HOST]));
    let password = plain.strip_suffix('\n').expect("one line end");
    assert_eq!(password_head(password).access_key_id, "AKIASCRIPT");
    let basic = BASE64.encode(format!("AWS:{password}"));
    for (format, expected) in [
        ("password", format!("{password}\n")),
        ("basic", format!("{basic}\n")),
        ("authorization", format!("Basic {basic}\n")),
        ("env", format!("ECR_REGISTRY={HOST}\nECR_USERNAME=AWS\nECR_PASSWORD={password}\n")),
    ] {
        assert_eq!(text(&token(&sandbox, &["--format", format, HOST])), expected);
    }
    let json = text(&token(&sandbox, &[HOST, "--format=json"]));
    let answer: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let expires = answer["expires"].as_str().expect("a time");
    assert_eq!(
        json,
        format!(r#"{{"registry":"{HOST}","username":"AWS","password":"{password}","expires":"{expires}"}}"#) + "\n"
    );
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");
    assert_eq!(sandbox.get(HOST).password(), password, "it is the password of clients");
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[test]
fn a_host_may_be_spelled_as_clients_spell_it_or_named_by_a_rule() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIASCRIPT");
    let rule = format!("[[registry]]\nmatch = 'images.example.com'\nregistry = '{HOST}'\n");
    sandbox.write(".config/ecr-login/config.toml", rule);
    for host in [
        HOST,
        &format!("https://{HOST}/v2/"),
        &format!("{HOST}/team/app"),
        "images.example.com",
        "Images.Example.com:443",
    ] {
        text(&token(&sandbox, &[host]));
    }
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[test]
fn refresh_gets_a_new_password_that_others_then_share() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIASCRIPT");
    let first = text(&token(&sandbox, &[HOST]));
    let second = text(&token(&sandbox, &[HOST, "--refresh"]));
    assert_ne!(first, second);
    assert_eq!(text(&token(&sandbox, &[HOST])), second);
    // One that can't be had is a failure, although an older one is good still.
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "no"));
    assert!(failure(&token(&sandbox, &["--refresh", HOST]), 1).contains("access denied"));
    assert_eq!(text(&token(&sandbox, &[HOST])), second);
}

#[test]
fn a_terminal_gets_no_password_without_force() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIASCRIPT");
    let on_terminal = |arguments: &str| {
        let binary = sandbox.command(&[]).get_program().to_string_lossy().into_owned();
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &format!("{binary} token {arguments}"), "/dev/null"]);
        let environment = sandbox.command(&[]);
        command.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.output().expect("`script` is part of util-linux");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, shown) = on_terminal(HOST);
    assert_eq!(
        (code, shown.as_str()),
        (
            Some(2),
            "ecr-login: the password isn't written to a terminal; pipe it to the program that needs it, or add \
             --force\r\n"
        )
    );
    assert_eq!(aws.requests().len(), 0);
    let (code, shown) = on_terminal(&format!("{HOST} --force"));
    assert_eq!((code, password_head(shown.trim_end()).access_key_id.as_str()), (Some(0), "AKIASCRIPT"));
}

#[test]
fn a_failure_has_its_reason_on_stderr_and_nothing_on_stdout() {
    let sandbox = Sandbox::new();
    let missing = failure(&token(&sandbox, &[HOST]), 1);
    assert!(missing.starts_with(&format!("ecr-login: no password for {HOST}: no AWS credentials found")), "{missing}");
    let public = failure(&token(&sandbox, &["public.ecr.aws"]), 1);
    assert!(public.starts_with("ecr-login: no password for public.ecr.aws: no AWS credentials found"), "{public}");
    for host in ["registry.example.com", "https://registry.example.com/v2/"] {
        assert_eq!(
            failure(&token(&sandbox, &[host]), 1),
            "ecr-login: registry.example.com is not an ECR registry, and no rule makes it a name of one\n"
        );
    }
    assert_eq!(
        failure(&token(&sandbox, &[&format!("https://user:hush@{HOST}")]), 1),
        "ecr-login: this is not an ECR registry, and no rule makes it a name of one\n"
    );
    sandbox.write(".config/ecr-login/config.toml", "[[registry]]\nmatch = 1\n");
    for host in [HOST, "images.example.com"] {
        assert!(failure(&token(&sandbox, &[host]), 1).contains("config.toml:2:"));
    }
    let odd = Sandbox::new().env("AWS_ECR_TIMEOUT", "soon");
    assert!(failure(&token(&odd, &[HOST]), 1).contains("`AWS_ECR_TIMEOUT` must be a number"));
}

#[test]
fn wrong_arguments_end_with_2() {
    let sandbox = Sandbox::new();
    for (arguments, mention) in [
        (&[][..], "<HOST>"),
        (&[HOST, "--format", "yaml"], "password"),
        (&[HOST, "--fromat", "json"], "--format"),
        (&[HOST, HOST], "unexpected argument"),
    ] {
        let line = failure(&token(&sandbox, arguments), 2);
        assert!(line.contains(mention), "{arguments:?}: {line}");
    }
}

#[test]
fn nothing_but_the_password_is_written_however_long_it_takes() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(300)));
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIASCRIPT");
    assert_eq!(text(&token(&sandbox, &[HOST])).lines().count(), 1);
}
