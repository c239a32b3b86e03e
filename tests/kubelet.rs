//! The kubelet's protocol, as a kubelet sees it: every document whole, decoded as strictly as the kubelet decodes, for
//! requests written from the published types
//! (<https://github.com/kubernetes/kubelet/tree/master/pkg/apis/credentialprovider>).
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are the outside world: they use the real clock, files and processes"
)]

mod support;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::namespace::{is_inside, run_in_namespaces};
use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2";
const GROUP: &str = "credentialprovider.kubelet.k8s.io";
const ROLE: &str = "arn:aws:iam::111122223333:role/pods/pull";
const ANNOTATION: &str = "eks.amazonaws.com/ecr-role-arn";

/// What a strict decoder takes from a response.
#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    cache_for: Duration,
    /// User name and password by key.
    auth: BTreeMap<String, (String, String)>,
}

/// Decodes a response as the kubelet does: every field is known and of its type, names count to the letter, and the
/// version is that of the request.
///
/// # Panics
/// The kubelet would refuse it.
#[track_caller]
fn decode(document: &[u8], version: &str) -> Decoded {
    let document: Value = serde_json::from_slice(document).expect("one JSON document");
    let mut fields = document.as_object().expect("an object").clone();
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(text("kind"), "CredentialProviderResponse");
    assert_eq!(text("apiVersion"), format!("{GROUP}/{version}"));
    assert_eq!(text("cacheKeyType"), "Registry");
    let cache_for = go_duration(&text("cacheDuration"));
    let auth = fields.remove("auth").unwrap_or(Value::Null);
    assert!(fields.is_empty(), "unknown fields: {fields:?}");
    let mut logins = BTreeMap::new();
    for (key, login) in auth.as_object().cloned().unwrap_or_default() {
        let mut login = login.as_object().expect("an AuthConfig").clone();
        let mut text = |name: &str| match login.remove(name) {
            Some(Value::String(text)) => text,
            other => panic!("{name}: {other:?}"),
        };
        let (username, password) = (text("username"), text("password"));
        assert!(login.is_empty(), "unknown fields in `auth`");
        logins.insert(key, (username, password));
    }
    Decoded { cache_for, auth: logins }
}

/// Reads what `time.ParseDuration` of Go reads, as far as whole numbers of hours, minutes and seconds.
#[track_caller]
fn go_duration(text: &str) -> Duration {
    let (mut seconds, mut number) = (0, String::new());
    for character in text.chars() {
        match character {
            '0'..='9' => number.push(character),
            unit => {
                let factor = match unit {
                    'h' => 3_600,
                    'm' => 60,
                    's' => 1,
                    _ => panic!("{text}: the unit {unit}"),
                };
                seconds += factor * number.parse::<u64>().unwrap_or_else(|_| panic!("{text}: no number before {unit}"));
                number.clear();
            }
        }
    }
    assert!(number.is_empty() && !text.is_empty(), "{text}: no unit at its end");
    Duration::from_secs(seconds)
}

/// A request as a kubelet writes it.
fn request(version: &str, image: &str) -> Vec<u8> {
    let request =
        json!({ "kind": "CredentialProviderRequest", "apiVersion": format!("{GROUP}/{version}"), "image": image });
    request.to_string().into_bytes()
}

/// A request of a pod, whose service account has these annotations.
fn pod_request(image: &str, token: &str, annotations: &[(&str, &str)]) -> Vec<u8> {
    let annotations: BTreeMap<_, _> = annotations.iter().copied().collect();
    let mut request: Value = serde_json::from_slice(&request("v1", image)).expect("JSON");
    request["serviceAccountToken"] = json!(token);
    request["serviceAccountAnnotations"] = json!(annotations);
    request.to_string().into_bytes()
}

/// A service account token, as the API server signs it; the number makes it another one of the same account.
fn token_of(account: &str, number: u32) -> String {
    let claims = json!({
        "iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE",
        "sub": format!("system:serviceaccount:default:{account}"),
        "aud": ["sts.amazonaws.com"],
        "exp": 1_900_000_000_u32 + number,
        "jti": format!("made-up-{number}"),
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(&claims.to_string()), part(&"made up signature ".repeat(9)))
}

fn node(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys("AKIANODE")
}

fn ask(sandbox: &Sandbox, request: &[u8]) -> Reply {
    sandbox.run(&["kubelet"], request)
}

/// The login that an answer must have, for its only key, and for how long it is kept.
#[track_caller]
fn login(reply: &Reply, key: &str) -> (String, Duration) {
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{}", reply.stdout_text());
    let Decoded { cache_for, auth } = decode(&reply.stdout, "v1");
    assert_eq!(auth.keys().collect::<Vec<_>>(), [key]);
    assert_eq!(auth[key].0, "AWS");
    (auth[key].1.clone(), cache_for)
}

/// Checks that an answer lets the kubelet pull anonymously for a short time.
#[track_caller]
fn is_anonymous(reply: &Reply) {
    let expected = format!(
        "{{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"{GROUP}/v1\",\"cacheKeyType\":\"Registry\",\
         \"cacheDuration\":\"15m0s\",\"auth\":{{}}}}\n"
    );
    assert_eq!((reply.code, reply.stdout_text(), reply.stderr.as_str()), (Some(0), expected, ""));
    assert_eq!(decode(&reply.stdout, "v1").auth, BTreeMap::new());
}

#[test]
fn each_version_is_answered_in_kind_with_exactly_its_fields() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    let mut passwords = Vec::new();
    for version in ["v1", "v1beta1", "v1alpha1"] {
        let reply = ask(&sandbox, &request(version, IMAGE));
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
        let (username, password) = decode(&reply.stdout, version).auth[HOST].clone();
        assert_eq!((username.as_str(), password_head(&password).access_key_id.as_str()), ("AWS", "AKIANODE"));
        // A token just received has twelve hours left, or a second less by the time of the answer.
        let document = |duration: &str| {
            format!(
                "{{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"{GROUP}/{version}\",\"cacheKeyType\":\
                 \"Registry\",\"cacheDuration\":\"{duration}\",\"auth\":{{\"{HOST}\":{{\"username\":\"AWS\",\
                 \"password\":\"{password}\"}}}}}}\n"
            )
        };
        let stdout = reply.stdout_text();
        assert!(["6h0m0s", "5h59m59s", "5h59m58s"].iter().any(|duration| stdout == document(duration)), "{stdout}");
        passwords.push(password);
    }
    passwords.dedup();
    assert_eq!((passwords.len(), aws.calls(Api::EcrToken)), (1, 1));
}

#[test]
fn an_image_may_have_a_tag_a_digest_and_a_port_and_the_key_is_its_host_as_written() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    let upper = HOST.replace("dkr", "DKR");
    let digest = format!("sha256:{}", "0".repeat(64));
    for (image, key) in [
        (format!("{HOST}/app"), HOST),
        (format!("{HOST}/a/b/c:tag"), HOST),
        (format!("{HOST}/app@{digest}"), HOST),
        (format!("{HOST}/app:tag@{digest}"), HOST),
        (format!("{HOST}:443/app:tag"), HOST),
        (format!("{upper}/app"), &upper),
    ] {
        login(&ask(&sandbox, &request("v1", &image)), key);
    }
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[test]
fn half_of_what_is_left_is_kept_and_never_more_than_is_left() {
    for (left, least, most) in [(43_200, 21_590, 21_600), (3_600, 1_790, 1_800), (60, 20, 30), (1, 0, 0), (0, 0, 0)] {
        let aws = FakeAws::start();
        aws.token_lifetime(Duration::from_secs(left));
        let sandbox = node(&aws);
        let (_, cache_for) = login(&ask(&sandbox, &request("v1", IMAGE)), HOST);
        assert!((least..=most).contains(&cache_for.as_secs()), "{left}: {cache_for:?}");
    }
    // The metadata service may change its role at any time: we ask again after an hour, and the password still lives.
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    let (_, cache_for) = login(&ask(&sandbox, &request("v1", IMAGE)), HOST);
    assert!((21_590..=21_600).contains(&cache_for.as_secs()), "{cache_for:?}");
}

#[test]
fn the_program_s_name_is_enough_and_arguments_are_ignored() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    for name in ["ecr-credential-provider", "ecr-credential-provider-pods", "ecr-credential-provider.exe"] {
        let link = link(&sandbox, name);
        for arguments in [&[][..], &["get-credentials"], &["get"], &["-v=4", "--x", "list"], &["kubelet"], &["help"]] {
            let mut command = sandbox.command(arguments);
            let mut command = renamed(&mut command, &link);
            command.args(arguments);
            login(&run(command, &request("v1", IMAGE)), HOST);
        }
    }
    login(&sandbox.run(&["kubelet", "get-credentials"], &request("v1", IMAGE)), HOST);
}

/// A link to the program below the sandbox.
fn link(sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let link = sandbox.path().join("bin").join(name);
    symlink(sandbox.command(&[]).get_program(), &link).expect("a link");
    link
}

/// The same environment for a program at another path.
fn renamed(command: &mut Command, program: &Path) -> Command {
    let mut renamed = Command::new(program);
    let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    renamed.env_clear().envs(set).current_dir(command.get_current_dir().expect("the home directory"));
    renamed
}

fn run(command: Command, stdin: &[u8]) -> Reply {
    let mut running = Running::start(command);
    running.write_all_and_close(stdin);
    running.wait()
}

#[test]
fn hosts_that_rules_name_get_the_password_of_their_registry() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    sandbox.write(
        ".config/ecr-login/config.toml",
        format!("[[registry]]\nmatch = 'images.example.com'\nregistry = '{HOST}'\n[fallback]\nhelper = 'nobody'\n"),
    );
    let (password, _) = login(&ask(&sandbox, &request("v1", "images.example.com:5000/app:1")), "images.example.com");
    assert_eq!(password_head(&password).region, "eu-west-1");
    let (own, _) = login(&ask(&sandbox, &request("v1", IMAGE)), HOST);
    assert_eq!((own, aws.calls(Api::EcrToken)), (password, 1));
    for image in ["registry.example.com/app", "docker.io/library/busybox:latest", "busybox", "busybox:1", "user@h/app"]
    {
        is_anonymous(&ask(&sandbox, &request("v1", image)));
    }
    assert_eq!(aws.requests().len(), 1);
}

#[test]
fn a_failure_is_one_line_on_stderr_and_nothing_on_stdout_however_strict() {
    for strict in ["", "true"] {
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "no"));
        let sandbox = node(&aws).env("AWS_ECR_STRICT", strict);
        let reply = ask(&sandbox, &request("v1", IMAGE));
        assert_eq!(
            reply.failure(),
            format!(
                "ecr-login: no password for {HOST}: access denied (AccessDeniedException: no); allow \
                 `ecr:GetAuthorizationToken` in a policy of this identity"
            )
        );
        sandbox.assert_no_secret_in(&reply);
    }
    let sandbox = Sandbox::new();
    assert!(ask(&sandbox, &request("v1", IMAGE)).failure().contains("no AWS credentials found"));
    sandbox.write(".config/ecr-login/config.toml", "[[registry]]\nmatch = 1\n");
    for image in [IMAGE, "images.example.com/app", "public.ecr.aws/app"] {
        let line = ask(&sandbox, &request("v1", image)).failure();
        assert!(line.contains("the configuration file is invalid") && line.contains("config.toml:2:"), "{line}");
    }
    let sandbox = Sandbox::new().with_keys("AKIANODE").env("AWS_ECR_TIMEOUT", "soon");
    assert!(ask(&sandbox, &request("v1", IMAGE)).failure().contains("`AWS_ECR_TIMEOUT` must be a number of seconds"));
}

#[test]
#[cfg(target_os = "linux")]
fn the_images_of_a_node_without_credentials_look_for_the_metadata_service_once() {
    let aws = FakeAws::start();
    aws.set(Api::MetadataToken, Behaviour::Hang);
    let sandbox = Sandbox::new().with_aws(&aws).with_metadata(&aws);
    let first = ask(&sandbox, &request("v1", IMAGE)).failure();
    assert!(first.contains("the EC2 instance metadata service can't be reached"), "{first}");
    let requests = aws.requests().len();
    for image in [IMAGE, &format!("{HOST}/other:2")] {
        assert_eq!(ask(&sandbox, &request("v1", image)).failure(), first);
    }
    // Docker's protocol remembers it with the kubelet's.
    assert!(sandbox.get(HOST).stderr.contains("the EC2 instance metadata service can't be reached"));
    assert_eq!(aws.requests().len(), requests, "it was asked again");
}

#[test]
fn what_is_not_a_request_is_refused_without_repeating_it() {
    let sandbox = Sandbox::new();
    for (stdin, problem) in [
        (Vec::new(), "it is not a JSON object of the type `CredentialProviderRequest`"),
        (b"hush".to_vec(), "it is not a JSON object of the type `CredentialProviderRequest`"),
        (HOST.into(), "it is not a JSON object of the type `CredentialProviderRequest`"),
        (br#"{"uri":"hush"}"#.to_vec(), "it is not a JSON object of the type `CredentialProviderRequest`"),
        (
            request("v2", IMAGE),
            "its `apiVersion` is not v1, v1beta1 or v1alpha1 of `credentialprovider.kubelet.k8s.io`",
        ),
        (request("v1", ""), "its `image` is empty"),
        (vec![0xff], "the request is not valid UTF-8"),
        (vec![b'{'; (1 << 20) + 1], "the request is longer than 1048576 bytes"),
    ] {
        let line = ask(&sandbox, &stdin).failure();
        assert_eq!(line, format!("ecr-login: unusable request from the kubelet: {problem}"));
    }
}

#[test]
fn public_images_are_pulled_anonymously_without_permission_and_in_silence() {
    for host in ["public.ecr.aws", "ecr-public.aws.com"] {
        let image = format!("{host}/docker/library/busybox:1");
        let aws = FakeAws::start();
        is_anonymous(&ask(&Sandbox::new().with_aws(&aws), &request("v1", &image)));
        is_anonymous(&ask(&node(&aws).env("AWS_REGION", "cn-north-1"), &request("v1", &image)));
        assert_eq!(aws.requests().len(), 0);
        aws.set(Api::EcrPublicToken, Behaviour::error(400, "AccessDeniedException", "no"));
        is_anonymous(&ask(&node(&aws), &request("v1", &image)));
        // What may pass is no reason to go without for a while.
        aws.set(Api::EcrPublicToken, Behaviour::Status(500));
        let line = ask(&node(&aws).env("AWS_MAX_ATTEMPTS", "1"), &request("v1", &image)).failure();
        assert!(line.contains("ECR returned a server error"), "{line}");
        aws.set(Api::EcrPublicToken, Behaviour::Answer);
        let (password, _) = login(&ask(&node(&aws), &request("v1", &image)), host);
        assert_eq!(password_head(&password).service, "ecr-public");
    }
}

#[test]
fn a_service_account_assumes_its_role_with_the_token_of_the_request() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    let token = token_of("web", 1);
    sandbox.secret(&token);
    let (password, _) = login(&ask(&sandbox, &pod_request(IMAGE, &token, &[(ANNOTATION, ROLE)])), HOST);
    assert_eq!(password_head(&password).access_key_id, "ASIA-pull-web-1");
    let [call] = &aws.requests_to(Api::AssumeRoleWithWebIdentity)[..] else { panic!("one call") };
    let form = |name: &str| call.form(name).unwrap_or_default();
    assert_eq!(
        (form("RoleArn"), form("RoleSessionName"), form("WebIdentityToken")),
        (ROLE.to_owned(), "ecr-credential-provider".to_owned(), token.clone())
    );
    assert_eq!(call.access_key_id, None, "the call isn't signed by the node");

    // The next token of the same account is the same identity; the node and another account aren't.
    let rotated = token_of("web", 2);
    let again = login(&ask(&sandbox, &pod_request(IMAGE, &rotated, &[(ANNOTATION, ROLE)])), HOST).0;
    assert_eq!((again, aws.calls(Api::EcrToken)), (password.clone(), 1));
    let of_node = login(&ask(&sandbox, &request("v1", IMAGE)), HOST).0;
    assert_eq!(password_head(&of_node).access_key_id, "AKIANODE");
    let of_other = login(&ask(&sandbox, &pod_request(IMAGE, &token_of("job", 1), &[(ANNOTATION, ROLE)])), HOST).0;
    assert_eq!(password_head(&of_other).access_key_id, "ASIA-pull-web-2");
    let other_role = ROLE.replace("pull", "other");
    let of_role = login(&ask(&sandbox, &pod_request(IMAGE, &rotated, &[(ANNOTATION, &other_role)])), HOST).0;
    assert_eq!(password_head(&of_role).access_key_id, "ASIA-other-web-3");
    assert_eq!(aws.calls(Api::EcrToken), 4);
    assert_no_token_on_disk(&sandbox);
}

/// Checks that no file below the sandbox has a part of a service account token in it.
#[track_caller]
fn assert_no_token_on_disk(sandbox: &Sandbox) {
    let mut folders = vec![sandbox.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            if entry.file_type().expect("a type").is_dir() {
                folders.push(entry.path());
            } else if entry.file_type().expect("a type").is_file() {
                files += 1;
                let contents = fs::read(entry.path()).expect("a file");
                sandbox.assert_no_secret_in_text(&entry.path().display().to_string(), &without_passwords(&contents));
            }
        }
    }
    assert!(files > 0, "nothing is cached");
}

/// The contents of a cached token, whose password is meant to be there.
fn without_passwords(contents: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(contents);
    let at = text.find("pw.").unwrap_or(text.len());
    text[..at].bytes().chain(text[at..].bytes().skip(2_500)).collect()
}

#[test]
fn the_role_is_the_annotation_s_else_the_other_annotation_s_else_the_variable_s() {
    let other = "eks.amazonaws.com/role-arn";
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let (own, irsa, all) = (role("own"), role("irsa"), role("all"));
    let both = [(ANNOTATION, &*own), (other, &*irsa)];
    for (annotations, option, variable, expected) in [
        (&both[..], other, &*all, "ASIA-own-web-1"),
        (&both[1..], other, &all, "ASIA-irsa-web-1"),
        (&both[1..], "", &all, "ASIA-all-web-1"),
        (&[], "", &all, "ASIA-all-web-1"),
        (&[], "", "", "AKIANODE"),
        (&both[1..], "", "", "AKIANODE"),
    ] {
        let aws = FakeAws::start();
        let sandbox = node(&aws).env("AWS_ECR_ROLE_ANNOTATION", option).env("AWS_ECR_ROLE_ARN", variable);
        let (password, _) = login(&ask(&sandbox, &pod_request(IMAGE, &token_of("web", 1), annotations)), HOST);
        assert_eq!(password_head(&password).access_key_id, expected, "{annotations:?} {option} {variable}");
    }
}

#[test]
fn the_node_s_identity_serves_without_a_role_unless_one_is_required() {
    let aws = FakeAws::start();
    let without_role = pod_request(IMAGE, &token_of("web", 1), &[]);
    let static_pod = request("v1", IMAGE);
    for request in [&without_role, &static_pod] {
        let (password, _) = login(&ask(&node(&aws), request), HOST);
        assert_eq!(password_head(&password).access_key_id, "AKIANODE");
    }
    let calls = aws.requests().len();
    let strict = node(&aws).env("AWS_ECR_REQUIRE_ROLE", "true");
    for (request, problem) in [
        (&without_role, "neither the annotation `eks.amazonaws.com/ecr-role-arn` nor `AWS_ECR_ROLE_ARN` names a role"),
        (&static_pod, "the request has no service account token"),
    ] {
        for reply in [ask(&strict, request), node(&aws).run(&["kubelet", "get-credentials", "--require-role"], request)]
        {
            let line = reply.failure();
            assert!(line.contains(problem) && line.contains("and a role is required"), "{line}");
        }
    }
    is_anonymous(&ask(&strict, &request_for("registry.example.com/app")));
    assert_eq!(aws.requests().len(), calls);
}

fn request_for(image: &str) -> Vec<u8> {
    request("v1", image)
}

#[test]
fn a_role_that_sts_refuses_never_becomes_the_node_s_identity() {
    let aws = FakeAws::start();
    let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    aws.set(Api::AssumeRoleWithWebIdentity, Behaviour::error(403, "AccessDenied", message));
    let sandbox = node(&aws);
    for host in [HOST, "public.ecr.aws"] {
        let token = token_of("web", 1);
        sandbox.secret(&token);
        let reply = ask(&sandbox, &pod_request(&format!("{host}/app"), &token, &[(ANNOTATION, ROLE)]));
        let line = reply.failure();
        let problem = format!(
            "no password for {host}: AWS rejected the service account for the role `{ROLE}` (AccessDenied: {message}); check the trust policy"
        );
        assert!(line.contains(&problem), "{line}");
        sandbox.assert_no_secret_in(&reply);
    }
    // Nor does one that echoes the token, one that isn't there, or one of another partition.
    let token = token_of("web", 1);
    aws.set(Api::AssumeRoleWithWebIdentity, Behaviour::error(400, "InvalidIdentityToken", &format!("{token} is bad")));
    let reply = ask(&sandbox, &pod_request(IMAGE, &token, &[(ANNOTATION, ROLE)]));
    let line = reply.failure();
    assert!(
        line.contains("AWS rejected the service account for the role") && line.contains("InvalidIdentityToken"),
        "{line}"
    );
    sandbox.assert_no_secret_in(&reply);
    let sts_calls = aws.calls(Api::AssumeRoleWithWebIdentity);
    for (role, problem) in [
        ("pull", "the annotation `eks.amazonaws.com/ecr-role-arn` is `pull`, which is not the ARN of a role"),
        ("arn:aws-cn:iam::111122223333:role/pull", "is in partition `aws-cn`, and the registry in `aws`"),
    ] {
        let line = ask(&sandbox, &pod_request(IMAGE, &token, &[(ANNOTATION, role)])).failure();
        assert!(line.contains(problem), "{line}");
    }
    assert_eq!((aws.calls(Api::AssumeRoleWithWebIdentity), aws.calls(Api::EcrToken)), (sts_calls, 0));
}

#[test]
fn a_token_that_is_not_a_jwt_is_never_shared() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    sandbox.secret("opaque-token-of-somebody-0123456789");
    for calls in 1..=3 {
        let request = pod_request(IMAGE, "opaque-token-of-somebody-0123456789", &[(ANNOTATION, ROLE)]);
        login(&ask(&sandbox, &request), HOST);
        assert_eq!((aws.calls(Api::AssumeRoleWithWebIdentity), aws.calls(Api::EcrToken)), (calls, calls));
    }
    assert!(!sandbox.cache_dir().exists(), "nothing is cached");
}

#[test]
fn fifty_images_of_one_registry_on_a_cold_node_make_one_call() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(300)));
    let sandbox = node(&aws);
    let link = link(&sandbox, "ecr-credential-provider");
    let replies: Vec<Reply> = (0..50)
        .map(|number| {
            let mut running = Running::start(renamed(&mut sandbox.command(&[]), &link));
            running.write_all_and_close(&request("v1", &format!("{HOST}/app-{number}:1")));
            running
        })
        .collect::<Vec<_>>()
        .into_iter()
        .map(Running::wait)
        .collect();
    let passwords: std::collections::BTreeSet<_> = replies.iter().map(|reply| login(reply, HOST).0).collect();
    assert_eq!((replies.len(), passwords.len(), aws.calls(Api::EcrToken)), (50, 1, 1));
}

/// Runs the program as Go's `exec.Cmd` does with buffers as its streams: it is over when both pipes have ended, whatever
/// process holds them open.
fn as_kubelet(mut command: Command, request: &[u8]) -> (Option<i32>, Vec<u8>, Duration) {
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let (mut stdin, request) = (child.stdin.take().expect("piped"), request.to_owned());
    let writer = thread::spawn(move || std::io::Write::write_all(&mut stdin, &request));
    let output = child.wait_with_output().expect("ended");
    writer.join().expect("no panic").expect("read");
    (output.status.code(), output.stdout, started.elapsed())
}

#[test]
fn a_process_that_a_credential_process_leaves_behind_does_not_hold_the_kubelet() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws);
    let keys = json!({ "Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "made/up/secret/of/a/process" });
    let script = format!("#!/bin/sh\nsleep 30 &\necho $! >\"$HOME/left\"\necho '{keys}'\n");
    let program = sandbox.program("keys", &script);
    sandbox.write(".aws/config", format!("[default]\ncredential_process = {}\n", program.display()));
    let (code, stdout, took) = as_kubelet(sandbox.command(&["kubelet"]), &request("v1", IMAGE));
    let left = fs::read_to_string(sandbox.home().join("left")).expect("it ran");
    Command::new("kill").arg(left.trim()).status().ok();
    assert_eq!(code, Some(0));
    assert_eq!(password_head(&decode(&stdout, "v1").auth[HOST].1).access_key_id, "AKIAPROCESS");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[test]
fn without_a_home_the_cache_lies_where_the_configuration_says() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    let cache = sandbox.path().join("run").join("ecr-login");
    let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", &cache).without("HOME");
    for _ in 0..2 {
        login(&ask(&sandbox, &request("v1", IMAGE)), HOST);
    }
    assert_eq!(aws.calls(Api::EcrToken), 1);
    assert!(fs::read_dir(&cache).expect("the cache").count() > 0);
}

/// The root file system is read-only, but for the places of the sandbox and of the cache.
const READ_ONLY: &str = "ip link set lo up\nmount -t tmpfs tmpfs /mnt\nmkdir /mnt/home /mnt/run\nexport TMPDIR=/mnt/home\n\
                         mount -o remount,bind,ro /\n";

#[test]
fn on_a_read_only_root_the_cache_lies_where_the_configuration_says() {
    run_in_namespaces("read_only_root", READ_ONLY);
}

#[test]
#[ignore = "runs in namespaces of its own"]
fn read_only_root() {
    if !is_inside() {
        return;
    }
    assert!(fs::write("/ecr-login-test", "").is_err(), "the root can be written");
    let aws = FakeAws::start();
    // Without a variable for the cache there is no place for it, and still an answer.
    let sandbox = node(&aws).without("HOME").env("XDG_CACHE_HOME", "/var/cache");
    login(&ask(&sandbox, &request("v1", IMAGE)), HOST);
    let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", "/mnt/run/ecr-login");
    for _ in 0..2 {
        login(&ask(&sandbox, &request("v1", IMAGE)), HOST);
    }
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn the_protocol_s_own_name_counts_and_not_that_of_the_file() {
    let aws = FakeAws::start();
    let sandbox = node(&aws);
    let mut command = sandbox.command(&["get"]);
    command.arg0(OsStr::new("ecr-credential-provider"));
    login(&run(command, &request("v1", IMAGE)), HOST);
}
