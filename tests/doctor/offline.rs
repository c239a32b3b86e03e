//! Networks that are slow, silent or not there: `doctor` ends in time, and names the part of the way that is broken.

use std::time::Duration;

use serde_json::Value;

use crate::checks::Golden;
use crate::machine::{HOST, doctor, json, machine};
use crate::support::fake_aws::FakeAws;
use crate::support::name_server::Answer::{Failure, NoSuchName};
use crate::support::name_server::NameServer;
use crate::support::namespace::{is_inside, run_in_namespaces};
use crate::support::sandbox::Sandbox;

/// The longest that all of it may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Only this machine, and an `/etc` of the test's own.
const LOOPBACK: &str = "ip link set lo up; mount -t tmpfs none /etc";

/// A network that takes every packet and answers none: they are for a machine that isn't there.
const SILENT: &str = "ip link set lo up; mount -t tmpfs none /etc; ip link add out0 type veth peer name out1; \
    ip addr add 10.9.9.1/24 dev out0; ip link set out0 up; ip link set out1 up; \
    ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:02 dev out0; ip route add default via 10.9.9.2; \
    ip neigh add 10.9.9.7 lladdr 02:00:00:00:00:07 dev out0; ip neigh add 10.9.9.8 lladdr 02:00:00:00:00:08 dev out0; \
    echo 'nameserver 10.9.9.2' >/etc/resolv.conf";

fn write(path: &str, contents: &str) {
    std::fs::write(path, contents).expect("the file system is the test's own");
}

/// The check of a name that is bad, and what it says.
#[track_caller]
fn bad(sandbox: &Sandbox, arguments: &[&str], name: &str) -> (String, Option<String>) {
    let results = json(sandbox, arguments);
    let checks = results["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == name && check["outcome"] == "bad");
    let check = check.unwrap_or_else(|| panic!("{name} isn't bad: {results:#}"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (text(&check["what"]).expect("text"), text(&check["run"]).or(text(&check["advice"])))
}

#[track_caller]
fn assert_in_time(sandbox: &Sandbox, arguments: &[&str]) {
    let reply = doctor(sandbox, arguments);
    assert!(reply.elapsed < LIMIT, "{:?}: {}", reply.elapsed, reply.stdout_text());
    assert_eq!(reply.code, Some(1), "{}", reply.stdout_text());
}

#[test]
fn without_a_network_it_ends_in_time() {
    run_in_namespaces("offline::no_network", LOOPBACK);
}

#[test]
#[ignore = "run by the test before it, in a network of its own"]
fn no_network() {
    if !is_inside() {
        return;
    }
    let aws = FakeAws::start();
    let sandbox = machine(&aws).without("AWS_ENDPOINT_URL");
    assert_in_time(&sandbox, &[HOST, "--registry"]);
    let (what, remedy) = bad(&sandbox, &[HOST], "DNS");
    assert!(what.starts_with("https://api.ecr.eu-west-1.amazonaws.com: the AWS API can't be reached ("), "{what}");
    let advice = "Check the network and its name servers; behind a proxy, set `HTTPS_PROXY`";
    assert_eq!(remedy.as_deref(), Some(advice));
    // The metadata service can't be reached either.
    let sandbox = sandbox.without("AWS_ACCESS_KEY_ID").without("AWS_EC2_METADATA_DISABLED");
    assert_in_time(&sandbox.without("AWS_EC2_METADATA_SERVICE_ENDPOINT"), &[HOST]);
}

#[test]
fn in_a_network_without_answers_it_ends_in_time() {
    run_in_namespaces("offline::no_answers", SILENT);
}

#[test]
#[ignore = "run by the test before it, in a network of its own"]
fn no_answers() {
    if !is_inside() {
        return;
    }
    let aws = FakeAws::start();
    let api = || machine(&aws).without("AWS_ENDPOINT_URL");
    assert_in_time(&api(), &[HOST, "--registry"]);
    bad(&api(), &[HOST], "DNS");
    let several = api();
    let rule = |region| format!("[[registry]]\nmatch = \"111122223333.dkr.ecr.{region}.amazonaws.com\"\n");
    several.write(
        ".config/ecr-login/config.toml",
        ["eu-west-1", "eu-west-2", "us-east-1", "us-west-2"].map(rule).concat(),
    );
    assert_in_time(&several, &["--registry"]);
    let address = || api().env("AWS_ENDPOINT_URL", "https://10.9.9.8");
    assert_in_time(&address(), &[HOST]);
    let (what, _) = bad(&address(), &[HOST], "API");
    assert!(what.starts_with("https://10.9.9.8: the AWS API didn't respond in time ("), "{what}");
    let proxy = || api().env("HTTPS_PROXY", "http://10.9.9.7:3128");
    assert_in_time(&proxy(), &[HOST]);
    let (what, remedy) = bad(&proxy(), &[HOST], "proxy");
    assert!(what.contains("through the proxy http://10.9.9.7:3128"), "{what}");
    let advice = "Check that the proxy of `HTTPS_PROXY` runs, and lets this host through";
    assert_eq!(remedy.as_deref(), Some(advice));
    // The credentials are those of an instance that doesn't answer.
    let instance = machine(&aws).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let instance = instance.without("AWS_EC2_METADATA_DISABLED").without("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    assert_in_time(&instance, &[HOST]);
    bad(&instance, &[HOST], "token");
}

#[test]
fn names_and_proxies_are_told_apart() {
    run_in_namespaces("offline::names_and_proxies", LOOPBACK);
}

#[test]
#[ignore = "run by the test before it, in a network of its own"]
fn names_and_proxies() {
    if !is_inside() {
        return;
    }
    let aws = FakeAws::start();
    write("/etc/resolv.conf", "nameserver 127.0.7.10\n");
    let answers = [("*", "gone.example", NoSuchName), ("*", "proxy.example", Failure)];
    let _server = NameServer::start(std::net::Ipv4Addr::new(127, 0, 7, 10), &answers);
    write("/etc/hosts", "127.0.0.1 ecr.example\n");
    let named = || machine(&aws).env("AWS_ENDPOINT_URL", format!("http://ecr.example:{}", aws.port()));
    let results = json(&named(), &[HOST]);
    assert_eq!(results["healthy"], true, "{results:#}");
    let mut golden = Golden(String::new());
    let wanted = &["DNS", "proxy", "API"];
    golden.add("the name has an address", wanted, &named(), &[HOST]);
    let unknown = || machine(&aws).env("AWS_ENDPOINT_URL", "http://gone.example");
    golden.add("there is no such name", wanted, &unknown(), &[HOST]);
    let by_proxy = |proxy: &str| named().env("HTTP_PROXY", proxy);
    golden.add("the proxy isn't there, and isn't needed", wanted, &by_proxy("http://127.0.0.1:9"), &[HOST]);
    golden.add("the proxy's name can't be looked up", wanted, &by_proxy("http://proxy.example:3128"), &[HOST]);
    golden.compare("names.txt");
    let (what, _) = bad(&machine(&aws).env("AWS_ENDPOINT_URL", "http://gone.example"), &[HOST], "DNS");
    assert!(what.starts_with("http://gone.example: "), "{what}");
    // The proxy isn't needed here.
    for proxy in ["http://127.0.0.1:9", "http://me:s3cr3t-of-the-proxy@127.0.0.1:9"] {
        let sandbox = named().env("HTTP_PROXY", proxy);
        sandbox.secret("s3cr3t-of-the-proxy");
        let (what, remedy) = bad(&sandbox, &[HOST], "proxy");
        assert!(what.contains("through the proxy http://127.0.0.1:9: "), "{what}");
        assert_eq!(remedy.as_deref(), Some("unset HTTP_PROXY"));
    }
    let (what, remedy) = bad(&named().env("HTTP_PROXY", "http://proxy.example:3128"), &[HOST], "DNS");
    assert!(what.contains("answered SERVFAIL"), "{what}");
    assert_eq!(remedy.as_deref(), Some("unset HTTP_PROXY"));
}

#[test]
fn files_that_never_end_keep_nobody_waiting() {
    let aws = FakeAws::start();
    let sandbox = machine(&aws);
    for file in [".config/ecr-login/config.toml", ".aws/config", ".docker/config.json"] {
        let path = sandbox.write(file, "");
        std::fs::remove_file(&path).expect("removed");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
    }
    assert_in_time(&sandbox, &[HOST]);
    let (what, _) = bad(&sandbox, &[HOST], "AWS files");
    assert_eq!(what, "this takes too long to read");
}

#[test]
fn services_with_settings_of_their_own_are_looked_at() {
    run_in_namespaces("offline::services", LOOPBACK);
}

#[test]
#[ignore = "run by the test before it, with an /etc of its own"]
fn services() {
    if !is_inside() {
        return;
    }
    let aws = FakeAws::start();
    for directory in ["/etc/gitlab-runner", "/etc/nomad.d"] {
        std::fs::create_dir(directory).expect("the file system is the test's own");
    }
    write("/etc/gitlab-runner/config.toml", "[[runners]]\n  [runners.docker]\n    image = \"alpine\"\n");
    let sandbox = machine(&aws);
    assert_eq!(json(&sandbox, &[HOST])["healthy"], true, "jobs may have no need of it");
    let list = "[[runners]]\n  [runners.docker]\n    allowed_docker_credential_helpers = [\"gcloud\"]\n";
    write("/etc/gitlab-runner/config.toml", list);
    write(
        "/etc/nomad.d/client.hcl",
        "plugin \"docker\" {\n  config {\n    auth {\n      helper = \"ecr-login\"\n    }\n  }\n}\n",
    );
    let results = json(&sandbox, &[HOST]);
    let warnings = results["checks"].as_array().expect("checks").iter().filter(|check| check["outcome"] == "warning");
    let warnings: Vec<_> = warnings.map(|check| (check["what"].as_str(), check["run"].as_str())).collect();
    let gitlab = "`/etc/gitlab-runner/config.toml`: `allowed_docker_credential_helpers` doesn't have `ecr-login`, so jobs \
                  can't name it";
    let nomad = "`/etc/nomad.d/client.hcl`: with this helper as `auth.helper`, Nomad pulls no image from other \
                 registries; use `auth.config` instead";
    let edit = |file| format!("${{EDITOR:-vi}} {file}");
    let edits = [edit("+3 /etc/gitlab-runner/config.toml"), edit("+4 /etc/nomad.d/client.hcl")];
    assert_eq!(warnings, [(Some(gitlab), Some(&*edits[0])), (Some(nomad), Some(&*edits[1]))]);
}
