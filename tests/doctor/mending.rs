//! A machine with many faults at once becomes one that works, by nothing but the remedies that `doctor` prints.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use serde_json::{Value, json};

use crate::machine::{HOST, PROGRAM, json, machine, set_mode};
use crate::support::fake_aws::FakeAws;
use crate::support::namespace::{is_inside, run_in_namespaces};
use crate::support::sandbox::Sandbox;

/// Where the AWS CLI keeps the token of the SSO session `corp`.
const SSO_TOKEN: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

/// Each round shows what the faults before it hid.
const MOST_ROUNDS: usize = 6;

#[test]
fn a_broken_machine_is_mended_by_the_remedies_alone() {
    // A network of its own: the proxy must not be for this machine, which needs none.
    let world = "ip link set lo up; mount -t tmpfs none /etc; echo '127.0.0.1 ecr.example' >/etc/hosts";
    run_in_namespaces("mending::twelve_faults", world);
}

#[test]
#[ignore = "run by the test before it, in a network of its own"]
fn twelve_faults() {
    if !is_inside() {
        return;
    }
    let aws = FakeAws::start();
    let (mut sandbox, faults) = broken(&aws);
    assert!(faults.len() >= 12, "{faults:?}");
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let results = json(&sandbox, &[HOST]);
        if results["healthy"] == true {
            for (name, remedy) in &faults {
                let found = seen.iter().any(|command| command.contains(remedy));
                assert!(found, "{name}: no remedy has {remedy}: {seen:#?}");
            }
            assert!(sandbox.get(HOST).password().starts_with(""));
            return;
        }
        let commands = remedies(&results);
        assert!(!commands.is_empty(), "{results:#}");
        sandbox = run(sandbox, &commands);
        seen.extend(commands);
        // The clock of this machine can't be set by a test; that of AWS can.
        if sandbox.home().join("clock-is-set").exists() {
            aws.clock_is_ahead(0);
        }
    }
    panic!("still not healthy: {:#}", json(&sandbox, &[HOST]));
}

/// A machine with these faults; each with a part of the command that mends it.
fn broken(aws: &FakeAws) -> (Sandbox, Vec<(&'static str, &'static str)>) {
    let mut faults = Vec::new();
    let mut fault = |what, remedy| faults.push((what, remedy));
    let sandbox = machine(aws).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let sandbox = sandbox.env("AWS_ENDPOINT_URL", format!("http://ecr.example:{}", aws.port()));

    fault("another helper of that name is first on the PATH", "export PATH=");
    let theirs = sandbox.home().join(".rd/bin");
    fs::create_dir_all(&theirs).expect("made");
    let script =
        "#!/bin/sh\necho 'docker-credential-ecr-login (github.com/awslabs/amazon-ecr-credential-helper) 0.9.1'\n";
    fs::rename(sandbox.program("theirs", script), theirs.join(PROGRAM)).expect("moved");
    let path = format!("{}:{}:/usr/bin:/bin", theirs.display(), sandbox.path().join("bin").display());
    let sandbox = sandbox.env("PATH", path);

    fault("a key of `credHelpers` has a scheme", "s#\"https://");
    fault("a key of `credHelpers` is a pattern", "\\Q*.dkr.ecr.eu-west-1.amazonaws.com\\E");
    fault("an old login is left", "docker-credential-ecr-login configure");
    fault("the program of `credsStore` is gone", "s/\"credsStore\"/");
    let helpers = json!({ format!("https://{HOST}"): "ecr-login", "*.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login" });
    sandbox.secret("b2xkLXBhc3N3b3JkLW9mLWEtbG9naW4=");
    let logins = json!({ HOST: { "auth": "b2xkLXBhc3N3b3JkLW9mLWEtbG9naW4=" }, "docker.example": {} });
    let docker = json!({ "auths": logins, "credHelpers": helpers, "credsStore": "desktop" });
    sandbox.write(".docker/config.json", format!("{docker:#}"));

    fault("a variable of ours isn't valid", "unset AWS_ECR_TIMEOUT");
    let sandbox = sandbox.env("AWS_ECR_TIMEOUT", "soon");
    fault("a variable of the AWS SDKs isn't valid", "unset AWS_MAX_ATTEMPTS");
    let sandbox = sandbox.env("AWS_MAX_ATTEMPTS", "none");

    fault("others may write the configuration file", "chmod go-w");
    fault("a key in it is misspelled", "s/profil/profile/");
    let rule = format!("[[registry]]\nmatch = \"{HOST}\"\nprofil = \"dev\"\n");
    set_mode(&sandbox.write(".config/ecr-login/config.toml", rule), 0o664);

    fault("others may write the cache", ".cache/ecr-login");
    fs::create_dir_all(sandbox.cache_dir()).expect("made");
    set_mode(&sandbox.cache_dir(), 0o777);

    fault("the profile is misspelled", "export AWS_PROFILE=dev");
    let sandbox = sandbox.env("AWS_PROFILE", "dve");
    fault("a value of a profile has quotes", "s/[\\\"']//g");
    fault("half a key pair is set", "unset AWS_ACCESS_KEY_ID");
    let sandbox = sandbox.env("AWS_ACCESS_KEY_ID", "AKIDHALF");
    fault("the SSO session has ended", "aws sso login --profile dev");
    sandbox.write(
        ".aws/config",
        "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = \"Dev\"\n\
         [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    sandbox.secret("made-up-access-token");
    let session = |expires_at| json!({ "accessToken": "made-up-access-token", "expiresAt": expires_at }).to_string();
    let token = sandbox.write(SSO_TOKEN, session("2020-01-01T00:00:00Z"));
    let renewed = sandbox.write("renewed.json", session("2099-01-01T00:00:00Z"));
    let login = format!("[ \"$*\" = 'sso login --profile dev' ] && cp '{}' '{}'", renewed.display(), token.display());
    sandbox.program("aws", &format!("#!/bin/sh\n{login}\n"));

    fault("the file with the CA is missing", "unset AWS_CA_BUNDLE");
    let sandbox = sandbox.env("AWS_CA_BUNDLE", "/nonexistent/ca.pem");
    fault("the proxy is gone", "unset HTTP_PROXY");
    let sandbox = sandbox.env("HTTP_PROXY", "http://127.0.0.1:9");
    fault("the clock is wrong", "timedatectl set-ntp true");
    aws.clock_is_ahead(1_000);
    sandbox.program("sudo", "#!/bin/sh\nexec \"$@\"\n");
    let set = format!("touch '{}'", sandbox.home().join("clock-is-set").display());
    sandbox.program("timedatectl", &format!("#!/bin/sh\n[ \"$*\" = 'set-ntp true' ] && {set}\n"));
    (sandbox, faults)
}

/// The commands of the remedies, each once; what is wrong on this machine has one.
fn remedies(results: &Value) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for check in results["checks"].as_array().expect("checks") {
        if check["outcome"] != "bad" && check["outcome"] != "warning" {
            continue;
        }
        let command = check["run"].as_str().unwrap_or_else(|| panic!("no command: {check:#}")).to_owned();
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    commands
}

/// Runs commands in the shell of the sandbox, one after the other as a person pastes them; what they change in its
/// environment stays.
fn run(mut sandbox: Sandbox, commands: &[String]) -> Sandbox {
    let variables = sandbox.path().join("variables");
    let script = format!("set -e\n{}\nenv -0 >'{}'\n", commands.join("\n"), variables.display());
    let old: Vec<OsString> = sandbox.command(&[]).get_envs().map(|(name, _)| name.to_owned()).collect();
    let mut shell = std::process::Command::new("/bin/sh");
    let command = sandbox.command(&[]);
    shell.arg("-c").arg(&script).env_clear().current_dir(sandbox.home());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().expect("a shell");
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read(&variables).expect("the variables");
    let new: BTreeMap<OsString, OsString> = text
        .split(|byte| *byte == 0)
        .filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            let [name, value] = [&line[..at], &line[at + 1..]].map(|part| OsString::from_vec(part.to_vec()));
            Some((name, value))
        })
        .collect();
    for name in old {
        match new.get(&name) {
            Some(value) => sandbox = sandbox.env(&name, value),
            None => sandbox = sandbox.without(&name.to_string_lossy()),
        }
    }
    sandbox
}
