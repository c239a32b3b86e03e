//! The protocol as clients see it: the real binary, every verb, compared byte for byte on both outputs and in the exit
//! status, with a fake of AWS that counts who was asked.

mod support;

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use support::fake_aws::{Api, Behaviour, FakeAws, RecordedRequest, password_head};
use support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};

const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const SAME_REGION: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER_REGION: &str = "111122223333.dkr.ecr.us-east-2.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";

const VERSION: &str =
    concat!("docker-credential-ecr-login (docker-credential-ecr-login) ", env!("CARGO_PKG_VERSION"), "\n");

/// Answers that are no credentials, but that clients compare or people read.
const NO_SERVER_URL: &str = "no credentials server URL\n";
const NO_USERNAME: &str = "no credentials username\n";
const TOO_LONG: &str = "the request is longer than 1048576 bytes\n";
const NOT_UTF8: &str = "the request is not valid UTF-8\n";
const NOT_JSON: &str = "the request is not a JSON object with ServerURL, Username and Secret\n";
const NOT_KEPT: &str = "ecr-login stores no passwords, and this is not an ECR registry; name another helper for it in `credHelpers`, or a \
     fallback in the configuration file\n";

/// A sandbox with keys, whose AWS is this fake.
fn sandbox(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys("AKIDPROTOCOL")
}

/// Everything a client can see of an answer.
#[track_caller]
fn assert_answer(reply: &Reply, code: i32, stdout: &str, what: &str) {
    let seen = (reply.code, reply.stdout_text(), reply.stderr.as_str());
    assert_eq!(seen, (Some(code), stdout.to_owned(), ""), "{what}");
}

/// How the clients spell a registry: the Docker CLI, Docker's classic builder, crane, nerdctl, Jib and Testcontainers.
fn spellings(host: &str) -> Vec<String> {
    let mut spellings = vec![
        host.to_owned(),
        host.to_uppercase(),
        format!("{host}/v2/"),
        format!("{host}/repository/path"),
        format!("https://{host}/"),
        format!("https://{host}/v2/"),
        format!("https://{host}/v2/repository/path"),
        format!("HTTPS://{}", host.to_uppercase()),
        format!("{host}:8443"),
    ];
    for scheme in ["", "https://", "http://"] {
        spellings.push(format!("{scheme}{host}:443"));
        spellings.push(format!("{scheme}{host}"));
    }
    spellings
}

/// Every file and directory below a directory.
fn tree(directory: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).expect("the directory is the sandbox's") {
        let path = entry.expect("nobody removes it").path();
        if path.is_dir() {
            paths.extend(tree(&path));
        }
        paths.push(path);
    }
    paths.sort();
    paths
}

// --- the command line ------------------------------------------------------------------------------------------------

#[test]
fn the_version_is_one_line_in_every_spelling() {
    let sandbox = Sandbox::new();
    for word in ["version", "--version", "-v"] {
        assert_answer(&sandbox.run(&[word], b""), 0, VERSION, word);
    }
}

#[test]
fn help_goes_to_stdout_and_names_every_verb() {
    let sandbox = Sandbox::new();
    let usage = sandbox.run(&["help"], b"").stdout_text();
    assert!(usage.contains("\nUsage: docker-credential-ecr-login <COMMAND>\n"), "{usage}");
    assert!(usage.ends_with("man docker-credential-ecr-login\n"), "{usage}");
    for verb in
        ["get", "store", "erase", "list", "kubelet", "version", "configure", "status", "doctor", "token", "completions"]
    {
        assert!(usage.contains(&format!("\n  {verb} ")), "{verb} isn't explained:\n{usage}");
    }
    for word in ["help", "--help", "-h"] {
        assert_answer(&sandbox.run(&[word], b""), 0, &usage, word);
    }
}

#[test]
fn arguments_that_make_no_sense_get_the_usage_and_ask_nobody() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let usage = sandbox.run(&["help"], b"").stdout_text();
    for arguments in [
        &[][..],
        &["get", "get"],
        &["get", PRIVATE],
        &["get", ""],
        &["list", "--all"],
        &["version", "x"],
        &["-v", "-v"],
    ] {
        assert_answer(&sandbox.run(arguments, PRIVATE.as_bytes()), 1, &usage, &format!("{arguments:?}"));
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn an_unknown_action_is_named_on_one_line() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for (argument, shown, meant) in [
        (&b"login"[..], "login", ""),
        (b"GET", "GET", ""),
        (b"get ", "get ", "get"),
        (b"", "", ""),
        (b"--get", "--get", "get"),
        (b"two\nlines\x1b[31m", "two\\nlines\\u{1b}[31m", ""),
        #[cfg(unix)]
        (b"g\xffet", "g\u{fffd}et", "get"),
        (b"confgure", "confgure", "configure"),
        (b"docter", "docter", "doctor"),
        (b"stauts", "stauts", "status"),
    ] {
        let mut command = sandbox.command(&[]);
        #[cfg(unix)]
        command.arg(OsStr::from_bytes(argument));
        #[cfg(windows)]
        command.arg(str::from_utf8(argument).expect("text"));
        if argument == b"stauts" {
            // Whatever follows.
            command.args([PRIVATE, "--json"]);
        }
        let meant = if meant.is_empty() { String::new() } else { format!("did you mean `{meant}`? ") };
        let expected = format!(
            "docker-credential-ecr-login: unknown action `{shown}`; {meant}try `docker-credential-ecr-login help`\n"
        );
        let mut running = Running::start(command);
        running.write_all_and_close(PRIVATE.as_bytes());
        assert_answer(&running.wait(), 1, &expected, shown);
    }
    assert_eq!(aws.requests().len(), 0);
}

// --- get -------------------------------------------------------------------------------------------------------------

#[test]
fn get_answers_every_spelling_with_the_server_url_as_given() {
    for (host, api, region, service) in
        [(PRIVATE, Api::EcrToken, "eu-west-1", "ecr"), (PUBLIC, Api::EcrPublicToken, "us-east-1", "ecr-public")]
    {
        let aws = FakeAws::start();
        let sandbox = sandbox(&aws).env("AWS_ECR_DISABLE_CACHE", "1");
        for (calls, spelling) in spellings(host).iter().enumerate() {
            let reply = sandbox.get(spelling);
            let password = reply.password();
            let answer = format!("{{\"ServerURL\":\"{spelling}\",\"Username\":\"AWS\",\"Secret\":\"{password}\"}}\n");
            assert_answer(&reply, 0, &answer, spelling);
            assert_eq!(aws.requests().len(), calls + 1, "{spelling}");
            let RecordedRequest { api: asked, access_key_id, region: of, service: by, .. } =
                aws.requests().pop().expect("there was one");
            assert_eq!(asked, api, "{spelling}");
            assert_eq!(
                (access_key_id.as_deref(), of.as_deref(), by.as_deref()),
                (Some("AKIDPROTOCOL"), Some(region), Some(service)),
                "{spelling}"
            );
            let head = password_head(&password);
            assert_eq!((head.serial, head.region.as_str()), (calls + 1, region), "{spelling}");
        }
    }
}

#[test]
fn the_host_decides_the_region_and_the_service() {
    let hosts = [
        (PRIVATE, "eu-west-1", "ecr"),
        ("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "ecr"),
        ("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", "ecr"),
        ("111122223333.dkr-ecr.ap-southeast-2.on.aws", "ap-southeast-2", "ecr"),
        ("111122223333.dkr-ecr-fips.us-west-2.on.aws", "us-west-2", "ecr"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "ecr"),
        ("111122223333.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn", "cn-northwest-1", "ecr"),
        ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "ecr"),
        ("111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "ecr"),
        ("111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "ecr"),
        ("111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", "ecr"),
        ("111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", "ecr"),
        (PUBLIC, "us-east-1", "ecr-public"),
        ("ecr-public.aws.com", "us-east-1", "ecr-public"),
    ];
    for (host, region, service) in hosts {
        let aws = FakeAws::start();
        let password = sandbox(&aws).env("AWS_REGION", "sa-east-1").get(host).password();
        let head = password_head(&password);
        assert_eq!((head.region.as_str(), head.service.as_str()), (region, service), "{host}");
        assert_eq!(aws.requests().len(), 1, "{host}");
    }
}

#[test]
fn get_reads_a_line_with_any_end_and_white_space_around_it() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let password = sandbox.get(PRIVATE).password();
    let answer = format!("{{\"ServerURL\":\"{PRIVATE}\",\"Username\":\"AWS\",\"Secret\":\"{password}\"}}\n");
    for request in [
        PRIVATE.to_owned(),
        format!("{PRIVATE}\n"),
        format!("{PRIVATE}\r\n"),
        format!("{PRIVATE}\n\n\n"),
        format!("\n{PRIVATE}\n"),
        format!(" \t{PRIVATE} \r\n"),
        PRIVATE.replace(".ecr.", ".\necr."),
        PRIVATE.replace(".ecr.", ".\r\necr."),
    ] {
        assert_answer(&sandbox.get(&request), 0, &answer, &format!("{request:?}"));
    }
    assert_eq!(aws.requests().len(), 1);
}

#[test]
fn one_token_serves_every_account_of_a_region() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let password = sandbox.get(PRIVATE).password();
    assert_eq!(sandbox.get(SAME_REGION).password(), password);
    assert_eq!(aws.requests().len(), 1);
}

/// Requests that name no server, each with the answer to `get` and `erase`.
fn broken_requests() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    vec![
        ("nothing", Vec::new(), NO_SERVER_URL),
        ("a line end", b"\n".to_vec(), NO_SERVER_URL),
        ("white space", b" \r\n\t \n".to_vec(), NO_SERVER_URL),
        ("2 MiB of text", vec![b'a'; 2 << 20], TOO_LONG),
        ("2 MiB of line ends behind a host", [PRIVATE.as_bytes(), &vec![b'\n'; 2 << 20]].concat(), TOO_LONG),
        ("2 MiB of zeros", vec![0; 2 << 20], TOO_LONG),
        ("every byte there is", (0..=255).collect(), NOT_UTF8),
        ("a host with a broken character", [PRIVATE.as_bytes(), b"\xc3"].concat(), NOT_UTF8),
        ("UTF-16", PRIVATE.encode_utf16().flat_map(u16::to_le_bytes).chain([0xff, 0xfe]).collect(), NOT_UTF8),
    ]
}

#[test]
fn a_get_that_names_no_server_is_answered_without_asking_aws() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for (what, request, answer) in broken_requests() {
        assert_answer(&sandbox.run(&["get"], &request), 1, answer, what);
    }
    assert_eq!(aws.requests().len(), 0);
}

#[cfg(unix)]
#[test]
fn input_without_end_is_read_up_to_a_limit() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for verb in ["get", "store", "erase"] {
        let zeros = OpenOptions::new().read(true).open("/dev/zero").expect("every Unix has it");
        let ended = sandbox.command(&[verb]).stdin(zeros).output().expect("the helper runs");
        let seen = (ended.status.code(), ended.stdout.as_slice(), ended.stderr.as_slice());
        assert_eq!(seen, (Some(1), TOO_LONG.as_bytes(), &b""[..]), "{verb}");
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_server_url_with_more_than_a_host_port_and_path_is_not_found() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for host in [PRIVATE, PUBLIC] {
        for request in [
            format!("user:hunter2@{host}"),
            format!("https://user:hunter2@{host}"),
            format!("https://user@{host}/v2/"),
            format!("https://@{host}"),
            format!("https://{host}@evil.example"),
            format!("ftp://{host}"),
            format!("oci://{host}"),
            format!("docker://{host}/repository"),
            format!("//{host}"),
            format!("https:///{host}"),
            format!("https://https://{host}"),
            format!("{host}?query"),
            format!("https://{host}/v2/?query=1"),
            format!("{host}#fragment"),
            format!("https://{host}/#fragment"),
            format!("{host}:"),
            format!("{host}:0"),
            format!("{host}:65536"),
            format!("{host}:443:443"),
            format!("{host}:port"),
            format!("{host}\\@evil.example"),
            format!("{host} {host}"),
            format!("{host}\0"),
            format!("{host}."),
            format!(".{host}"),
        ] {
            assert_answer(&sandbox.get(&request), 1, NOT_FOUND, &format!("{request:?}"));
        }
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_foreign_host_is_not_found_whatever_state_the_settings_are_in() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws)
        .env("AWS_ECR_TIMEOUT", "nonsense")
        .env("AWS_ECR_STRICT", "true")
        .env("AWS_PROFILE", "missing")
        .env("AWS_ENDPOINT_URL_ECR", "nonsense");
    sandbox.write(".aws/config", "[profile\nnonsense");
    let before = tree(sandbox.path());
    for request in [
        "docker.io",
        "https://index.docker.io/v1/",
        "ghcr.io",
        "localhost:5000",
        "127.0.0.1:5000",
        "[::1]:5000",
        "registry.example/path",
        "amazonaws.com",
        "ecr.eu-west-1.amazonaws.com",
        "dkr.ecr.eu-west-1.amazonaws.com",
        "11112222333.dkr.ecr.eu-west-1.amazonaws.com",
        "1111222233334.dkr.ecr.eu-west-1.amazonaws.com",
        "\u{661}11122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
        "evil.example/111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "111122223333xdkr.ecr.eu-west-1.amazonaws.com",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.org",
        "public.ecr.aws.evil.example",
        "notpublic.ecr.aws",
    ] {
        assert_answer(&sandbox.get(request), 1, NOT_FOUND, request);
    }
    assert_eq!(aws.requests().len(), 0);
    assert_eq!(tree(sandbox.path()), before, "a file was made");
}

/// Testcontainers asks for an invented host and takes the answer for what "not found" looks like.
#[test]
fn not_found_is_the_same_for_an_unreachable_registry_and_an_invented_host() {
    let unreachable = Sandbox::new().with_keys("AKIDPROTOCOL");
    let without_credentials = Sandbox::new();
    let invented = unreachable.get("https://not-a-real-registry-host-name.example");
    assert_answer(&invented, 1, NOT_FOUND, "an invented host");
    for reply in [unreachable.get(PRIVATE), without_credentials.get(PRIVATE), without_credentials.get(PUBLIC)] {
        assert_eq!((reply.code, reply.stdout), (invented.code, invented.stdout.clone()), "{}", reply.stderr);
    }
}

// --- store -----------------------------------------------------------------------------------------------------------

fn credentials(server_url: &str) -> Vec<u8> {
    format!(r#"{{"ServerURL":"{server_url}","Username":"AWS","Secret":"hunter2"}}"#).into_bytes()
}

#[test]
fn store_for_ecr_succeeds_and_keeps_nothing() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let before = tree(sandbox.path());
    for host in [PRIVATE, PUBLIC] {
        for spelling in spellings(host) {
            assert_answer(&sandbox.run(&["store"], &credentials(&spelling)), 0, "", &spelling);
        }
        let with_more =
            format!("\n{{\"Secret\":\"\",\"Other\":[1],\"Username\":\"u\",\"ServerURL\":\" {host}\\n\"}}\n");
        assert_answer(&sandbox.run(&["store"], with_more.as_bytes()), 0, "", host);
    }
    assert_eq!(tree(sandbox.path()), before, "something was kept");
    assert_eq!(aws.requests().len(), 0);
    assert_eq!(password_head(&sandbox.get(PRIVATE).password()).serial, 1, "the token is fetched, not what was stored");
}

#[test]
fn store_for_another_registry_fails_so_that_no_password_is_lost() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for server_url in [
        "registry.example",
        "https://index.docker.io/v1/",
        "localhost:5000",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
        "https://user@111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "nonsense \\u0000",
    ] {
        assert_answer(&sandbox.run(&["store"], &credentials(server_url)), 1, NOT_KEPT, server_url);
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn store_can_be_told_to_succeed_for_every_host() {
    for (value, code, stdout) in [
        ("true", 0, ""),
        ("TRUE", 0, ""),
        ("t", 0, ""),
        ("1", 0, ""),
        ("", 1, NOT_KEPT),
        ("0", 1, NOT_KEPT),
        ("false", 1, NOT_KEPT),
    ] {
        let sandbox = Sandbox::new().env("AWS_ECR_IGNORE_CREDS_STORAGE", value);
        let before = tree(sandbox.path());
        assert_answer(&sandbox.run(&["store"], &credentials("registry.example")), code, stdout, value);
        assert_answer(&sandbox.run(&["store"], &credentials(PRIVATE)), 0, "", value);
        assert_eq!(tree(sandbox.path()), before, "{value}: something was kept");
    }
}

#[test]
fn store_says_what_is_wrong_with_a_request_and_repeats_nothing_of_it() {
    for ignored in ["", "true"] {
        let sandbox = Sandbox::new().env("AWS_ECR_IGNORE_CREDS_STORAGE", ignored);
        for (request, answer) in [
            (&b""[..], NOT_JSON),
            (b"hunter2", NOT_JSON),
            (PRIVATE.as_bytes(), NOT_JSON),
            (b"[]", NOT_JSON),
            (b"null", NOT_JSON),
            (br#"["registry.example","AWS","hunter2"]"#, NOT_JSON),
            (br#"{"ServerURL":"registry.example","Username":"AWS","Secret":"hunter2""#, NOT_JSON),
            (br#"{"ServerURL":"registry.example","Username":"AWS","Secret":"hunter2"} more"#, NOT_JSON),
            (br#"{"ServerURL":1,"Username":"AWS","Secret":"hunter2"}"#, NOT_JSON),
            (br#"{"ServerURL":"registry.example","Username":"AWS","Secret":{"hunter2":1}}"#, NOT_JSON),
            (b"{\"ServerURL\":\"\xff\"}", NOT_UTF8),
            (b"{}", NO_SERVER_URL),
            (br#"{"Username":"AWS","Secret":"hunter2"}"#, NO_SERVER_URL),
            (br#"{"ServerURL":"","Username":"AWS","Secret":"hunter2"}"#, NO_SERVER_URL),
            (br#"{"ServerURL":" \n","Username":"AWS","Secret":"hunter2"}"#, NO_SERVER_URL),
            (br#"{"ServerURL":"registry.example","Secret":"hunter2"}"#, NO_USERNAME),
            (br#"{"ServerURL":"public.ecr.aws","Username":"","Secret":"hunter2"}"#, NO_USERNAME),
        ] {
            let what = String::from_utf8_lossy(request);
            assert_answer(&sandbox.run(&["store"], request), 1, answer, &what);
        }
        let deep = [&b"{\"Secret\":"[..], &vec![b'['; 100_000]].concat();
        assert_answer(&sandbox.run(&["store"], &deep), 1, NOT_JSON, "a hundred thousand brackets");
        assert_answer(&sandbox.run(&["store"], &vec![b' '; 2 << 20]), 1, TOO_LONG, "2 MiB");
    }
}

// --- erase -----------------------------------------------------------------------------------------------------------

#[test]
fn erase_drops_the_token_of_a_registry_in_every_spelling() {
    for host in [PRIVATE, PUBLIC] {
        let aws = FakeAws::start();
        let sandbox = sandbox(&aws);
        for (round, spelling) in spellings(host).into_iter().enumerate() {
            assert_eq!(password_head(&sandbox.get(host).password()).serial, round + 1, "{spelling}");
            assert_eq!(password_head(&sandbox.get(host).password()).serial, round + 1, "{spelling}: not kept");
            assert_answer(&sandbox.run(&["erase"], format!("{spelling}\n").as_bytes()), 0, "", &spelling);
            assert_answer(&sandbox.run(&["erase"], spelling.as_bytes()), 0, "", &spelling);
            // `get` serves it still, so `list` names it still.
            let listed = format!("{{\"https://{host}\":\"AWS\"}}\n");
            assert_answer(&sandbox.run(&["list"], b""), 0, &listed, &spelling);
        }
        assert_eq!(aws.requests().len(), spellings(host).len(), "erase asked AWS");
    }
}

#[test]
fn erase_drops_the_tokens_of_every_identity_and_leaves_those_of_other_registries() {
    let aws = FakeAws::start();
    let first = Sandbox::new().with_aws(&aws).with_keys("AKIDFIRST");
    for host in [PRIVATE, OTHER_REGION, PUBLIC] {
        first.get(host).password();
    }
    let second = first.with_keys("AKIDSECOND");
    second.get(PRIVATE).password();
    second.get(PUBLIC).password();
    assert_eq!(aws.requests().len(), 5);

    // Nobody has to be somebody to log out.
    let anonymous = second.without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    assert_answer(&anonymous.run(&["erase"], SAME_REGION.as_bytes()), 0, "", "one token serves both accounts");

    let second = anonymous.with_keys("AKIDSECOND");
    assert_eq!(password_head(&second.get(PRIVATE).password()).serial, 6);
    assert_eq!(password_head(&second.get(PUBLIC).password()).serial, 5);
    let first = second.with_keys("AKIDFIRST");
    assert_eq!(password_head(&first.get(PRIVATE).password()).serial, 7);
    assert_eq!(password_head(&first.get(OTHER_REGION).password()).serial, 2);
    assert_eq!(password_head(&first.get(PUBLIC).password()).serial, 3);
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "it is remembered for the machine, which other systems don't tell apart")]
fn erase_forgets_what_was_remembered_of_failures() {
    let aws = FakeAws::start();
    aws.set(Api::MetadataToken, Behaviour::Close);
    let sandbox = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    sandbox.get(PRIVATE).assert_not_found();
    aws.set(Api::MetadataToken, Behaviour::Answer);
    let asked = aws.requests().len();
    sandbox.get(PRIVATE).assert_not_found();
    assert_eq!(aws.requests().len(), asked, "the failure wasn't remembered");
    assert_answer(&sandbox.run(&["erase"], PRIVATE.as_bytes()), 0, "", "erase");
    sandbox.get(PRIVATE).password();
}

#[test]
fn erase_of_what_is_not_there_is_a_success() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws).env("AWS_ECR_TIMEOUT", "nonsense").env("AWS_PROFILE", "missing");
    sandbox.write(".aws/config", "[profile\nnonsense");
    let before = tree(sandbox.path());
    for request in [PRIVATE, PUBLIC, "docker.io", "https://index.docker.io/v1/", "ftp://x", "user:hunter2@h", "a b"] {
        assert_answer(&sandbox.run(&["erase"], request.as_bytes()), 0, "", request);
    }
    assert_eq!(aws.requests().len(), 0);
    assert_eq!(tree(sandbox.path()), before, "a file was made");
}

#[test]
fn an_erase_that_names_no_server_says_so() {
    let sandbox = Sandbox::new();
    for (what, request, answer) in broken_requests() {
        assert_answer(&sandbox.run(&["erase"], &request), 1, answer, what);
    }
}

// --- list ------------------------------------------------------------------------------------------------------------

#[test]
fn list_never_reads_stdin() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    assert_answer(&sandbox.spawn_with_open_stdin(&["list"]).wait(), 0, "{}\n", "nothing cached");
    sandbox.get(PRIVATE).password();
    let listed = format!("{{\"https://{PRIVATE}\":\"AWS\"}}\n");
    assert_answer(&sandbox.spawn_with_open_stdin(&["list"]).wait(), 0, &listed, "one cached");
    assert_answer(&sandbox.run(&["list"], &vec![0xff; 2 << 20]), 0, &listed, "nonsense on stdin");
}

#[test]
fn list_names_the_hosts_that_were_asked_for() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for request in [PRIVATE, SAME_REGION, OTHER_REGION, &PUBLIC.to_uppercase(), &format!("https://{PRIVATE}:443/v2/")] {
        sandbox.get(request).password();
    }
    sandbox.get("ghcr.io").assert_not_found();
    let calls = aws.requests().len();
    let listed = format!(
        "{{\"https://{PRIVATE}\":\"AWS\",\"https://{OTHER_REGION}\":\"AWS\",\"https://{SAME_REGION}\":\"AWS\",\
         \"https://{PUBLIC}\":\"AWS\"}}\n"
    );
    assert_answer(&sandbox.run(&["list"], b""), 0, &listed, "four hosts");
    // The classic builder asks for each key as listed.
    assert_eq!(password_head(&sandbox.get(&format!("https://{SAME_REGION}")).password()).serial, 1);
    assert_eq!(aws.requests().len(), calls, "`list` asked AWS, or named a host that isn't cached");
}

#[test]
fn list_names_no_host_of_another_identity() {
    let aws = FakeAws::start();
    let first = Sandbox::new().with_aws(&aws).with_keys("AKIDFIRST");
    first.get(PRIVATE).password();
    let second = first.with_keys("AKIDSECOND");
    assert_answer(&second.run(&["list"], b""), 0, "{}\n", "nothing of one's own");
    second.get(PUBLIC).password();
    assert_answer(&second.run(&["list"], b""), 0, &format!("{{\"https://{PUBLIC}\":\"AWS\"}}\n"), "one's own");
    let first = second.with_keys("AKIDFIRST");
    assert_answer(&first.run(&["list"], b""), 0, &format!("{{\"https://{PRIVATE}\":\"AWS\"}}\n"), "the first again");
    let nobody = first.without("AWS_ACCESS_KEY_ID");
    assert_answer(&nobody.run(&["list"], b""), 0, "{}\n", "nobody");
}

#[test]
fn list_names_a_host_whose_token_has_expired() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    sandbox.get(PRIVATE).password();
    let listed = format!("{{\"https://{PRIVATE}\":\"AWS\"}}\n");
    assert_answer(&sandbox.run(&["list"], b""), 0, &listed, "still valid");
    sandbox.age_tokens(Duration::from_hours(13));
    assert_answer(&sandbox.run(&["list"], b""), 0, &listed, "expired");
}

#[test]
fn a_byte_order_mark_before_a_request_is_no_part_of_it() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    let marked = |text: &str| format!("\u{feff}{text}\r\n").into_bytes();
    let answer = sandbox.run(&["get"], &marked(PRIVATE));
    assert_eq!(answer.stdout_text(), sandbox.get(PRIVATE).stdout_text());
    assert_answer(&sandbox.run(&["get"], &marked("docker.io")), 1, NOT_FOUND, "a foreign host");
    let login = format!("{{\"ServerURL\":\"{PRIVATE}\",\"Username\":\"AWS\",\"Secret\":\"x\"}}");
    assert_answer(&sandbox.run(&["store"], &marked(&login)), 0, "", "store");
    assert_answer(&sandbox.run(&["erase"], &marked(PRIVATE)), 0, "", "erase");
    sandbox.get(PRIVATE).password();
    assert_eq!(aws.requests().len(), 2, "it was erased");
}

#[test]
fn list_succeeds_whatever_state_the_settings_are_in() {
    let sandbox = Sandbox::new()
        .env("AWS_ECR_TIMEOUT", "nonsense")
        .env("AWS_ECR_LOG", "nonsense")
        .env("AWS_ECR_STRICT", "true")
        .env("AWS_PROFILE", "missing");
    sandbox.write(".aws/config", "[profile\nnonsense");
    sandbox.write(".cache/ecr-login", "not a directory");
    assert_answer(&sandbox.run(&["list"], b""), 0, "{}\n", "everything broken");
    let homeless = Sandbox::new().without("HOME").env("AWS_ECR_CACHE_DIR", "/nowhere/at/all");
    assert_answer(&homeless.run(&["list"], b""), 0, "{}\n", "no home");
}

// --- streams that break ----------------------------------------------------------------------------------------------

/// Runs with one output that fails at once; returns the exit status and what came out of the other.
fn run_with_broken(output: &str, sandbox: &Sandbox, verb: &str, broken: impl Into<Stdio>) -> (Option<i32>, String) {
    let request = sandbox.home().join("request");
    let stdin = OpenOptions::new().read(true).open(request).expect("the test wrote it");
    let mut command: Command = sandbox.command(&[verb]);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    if output == "stdout" {
        command.stdout(broken)
    } else {
        command.stderr(broken)
    };
    let ended = command.spawn().expect("the helper starts").wait_with_output().expect("the helper ends");
    let other = if output == "stdout" { ended.stderr } else { ended.stdout };
    (ended.status.code(), String::from_utf8(other).expect("text"))
}

/// A pipe whose reader has gone.
fn closed_pipe() -> io::PipeWriter {
    io::pipe().expect("a pipe").1
}

/// A device that is always full.
#[cfg(target_os = "linux")]
fn full_device() -> fs::File {
    OpenOptions::new().write(true).open("/dev/full").expect("Linux has it")
}

fn with_request(sandbox: Sandbox, request: &str) -> Sandbox {
    sandbox.write("request", request);
    sandbox
}

#[test]
fn a_stdout_that_nobody_reads_is_a_failure_and_no_panic() {
    let aws = FakeAws::start();
    let sandbox = with_request(sandbox(&aws), PRIVATE);
    sandbox.get(PRIVATE).password();
    for verb in ["get", "list", "version", "help", "nonsense"] {
        assert_eq!(run_with_broken("stdout", &sandbox, verb, closed_pipe()), (Some(1), String::new()), "{verb}");
        #[cfg(target_os = "linux")]
        {
            let reason = "ecr-login: cannot write the answer: No space left on device (os error 28)\n";
            let expected = (Some(1), reason.to_owned());
            assert_eq!(run_with_broken("stdout", &sandbox, verb, full_device()), expected, "{verb}");
        }
    }
}

#[test]
fn a_stderr_that_nobody_reads_keeps_no_answer_from_the_client() {
    let sandbox = with_request(Sandbox::new(), PRIVATE);
    let expected = (Some(1), NOT_FOUND.to_owned());
    assert_eq!(run_with_broken("stderr", &sandbox, "get", closed_pipe()), expected);
    #[cfg(target_os = "linux")]
    assert_eq!(run_with_broken("stderr", &sandbox, "get", full_device()), expected);
}

#[test]
fn a_successful_get_writes_nothing_to_stderr() {
    let aws = FakeAws::start();
    let sandbox = sandbox(&aws);
    for what in ["cold", "cached"] {
        for host in [PRIVATE, PUBLIC] {
            let reply = sandbox.get(host);
            assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{what} {host}");
        }
    }
    assert_eq!(aws.requests().len(), 2);
}
