//! Every way in which a `get` can fail: what the client, the person and the operator are told, that no secret is among
//! it, and that what can be mended is mended first.
#![cfg(unix)]

mod support;

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{NOBODY, NOT_FOUND, Reply, Running, Sandbox, secret_key_of};
use support::tls::TestCa;

const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";

/// Each registry with the API that gives its tokens and what a policy must allow for that.
const REGISTRIES: [(&str, Api, &str); 2] = [
    (PRIVATE, Api::EcrToken, "`ecr:GetAuthorizationToken`"),
    (PUBLIC, Api::EcrPublicToken, "`ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`"),
];

const NO_CREDENTIALS: &str = "no AWS credentials found; set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and \
                              `AWS_SECRET_ACCESS_KEY`, or run `aws configure`";
const CHECK_NETWORK: &str = "; check the network, DNS, VPC endpoints and proxy variables";
const CHECK_ENDPOINT: &str = "; check the endpoint URL and any proxy in between";
const CHECK_IDENTITY: &str = "; try `aws sts get-caller-identity` with the same settings";

const ACCESS_KEY_ID: &str = "AKIDFAILURES";
const SESSION_TOKEN: &str = "made/up/session/token/that/nobody/may/see/0123456789";

/// A sandbox that logs everything it can into a file.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let log = sandbox.home().join("log");
    sandbox.env("AWS_ECR_LOG", "trace").env("AWS_ECR_LOG_FILE", log)
}

/// A sandbox with temporary keys, whose AWS is this fake.
fn keys_for(aws: &FakeAws) -> Sandbox {
    sandbox().with_aws(aws).with_keys(ACCESS_KEY_ID).env("AWS_SESSION_TOKEN", SESSION_TOKEN)
}

/// A sandbox that uses the profile `dev` of this configuration.
fn profile_for(aws: &FakeAws, config: &str) -> Sandbox {
    let sandbox = sandbox().with_aws(aws).env("AWS_PROFILE", "dev");
    sandbox.write(".aws/config", config);
    sandbox
}

/// Why there is no password, as the person is told: one line that names the registry, after checking all that must hold
/// for every failure.
#[track_caller]
fn reason(sandbox: &Sandbox, host: &str) -> String {
    reason_in(sandbox, host, &sandbox.get(host))
}

#[track_caller]
fn reason_in(sandbox: &Sandbox, host: &str, reply: &Reply) -> String {
    reply.assert_not_found();
    let reason = one_line(host, &reply.stderr);
    assert_no_secret(sandbox, reply);
    reason
}

/// The reason in a line such as `ecr-login: no password for HOST: REASON`.
#[track_caller]
fn one_line(host: &str, text: &str) -> String {
    let line = text.strip_suffix('\n').unwrap_or_else(|| panic!("not a whole line: {text:?}"));
    assert!(!line.contains(|c: char| c.is_control()), "more than one line: {text:?}");
    let reason = line.strip_prefix(&format!("ecr-login: no password for {host}: "));
    reason.unwrap_or_else(|| panic!("another beginning: {text:?}")).to_owned()
}

/// Nothing secret is in what was said and logged; and the log did note the failure.
#[track_caller]
fn assert_no_secret(sandbox: &Sandbox, reply: &Reply) {
    sandbox.assert_no_secret_in(reply);
    #[expect(clippy::disallowed_methods, reason = "the log of the sandbox")]
    let log = std::fs::read_to_string(sandbox.home().join("log")).expect("a failure is logged");
    assert!(log.contains(" error ["), "the failure isn't in the log: {log}");
    sandbox.assert_no_secret_in_text("the log", log.as_bytes());
}

/// All cases side by side: most of their time is spent waiting.
fn at_once<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            let check = &check;
            scope.spawn(move || check(case));
        }
    });
}

// --- AWS says no -----------------------------------------------------------------------------------------------------

#[test]
fn an_error_of_the_api_is_named_with_cause_and_remedy() {
    const DENIED: &str = "User: arn:aws:iam::111122223333:user/dev is not authorized to perform this action";
    let rows = [
        ("AccessDeniedException", 400, DENIED, 1, "access denied", "allow POLICY in a policy of this identity"),
        (
            "ExpiredTokenException",
            400,
            "The security token included in the request is expired",
            1,
            "the AWS credentials have expired",
            "get new ones and try again",
        ),
        (
            "UnrecognizedClientException",
            400,
            "The security token included in the request is invalid.",
            1,
            "AWS rejected the credentials",
            "check the keys with `aws sts get-caller-identity`, and this machine's clock",
        ),
        (
            "InvalidSignatureException",
            400,
            "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z",
            1,
            "AWS rejected the credentials",
            "check the keys with `aws sts get-caller-identity`, and this machine's clock",
        ),
        (
            "ThrottlingException",
            400,
            "Rate exceeded",
            3,
            "AWS is throttling requests from this account",
            "try again in a minute",
        ),
        (
            "ServerException",
            500,
            "Service is having trouble",
            3,
            "ECR returned a server error",
            "try again; if it keeps failing, see the AWS Health Dashboard",
        ),
        (
            "UnsupportedCommandException",
            400,
            "This command is not supported in this region",
            1,
            "not supported in this region or for this account",
            "check the account and region in the registry's name",
        ),
        (
            "InvalidParameterException",
            400,
            "Invalid parameter",
            1,
            "not supported in this region or for this account",
            "check the account and region in the registry's name",
        ),
        (
            "UnheardOfException",
            400,
            "Something new",
            1,
            "unexpected response from the AWS API",
            "check the endpoint URL and any proxy in between",
        ),
    ];
    let cases = rows.iter().flat_map(|row| REGISTRIES.map(|registry| (row, registry)));
    at_once(cases, |(&(code, status, message, calls, what, remedy), (host, api, policy))| {
        let aws = FakeAws::start();
        aws.set(api, Behaviour::error(status, code, message));
        let expected = format!("{what} ({code}: {message}); {}", remedy.replace("POLICY", policy));
        assert_eq!(reason(&keys_for(&aws), host), expected);
        assert_eq!(
            aws.calls(api),
            calls,
            "{host} {code}: retried what can't be mended, or more often than the SDK does"
        );
        assert_eq!(aws.requests().len(), calls, "{host} {code}");
    });
}

#[test]
fn an_error_without_a_word_is_named_by_its_status() {
    let rows = [
        (403, 1, "access denied (HTTP status 403); allow POLICY in a policy of this identity"),
        (
            404,
            1,
            "unexpected response from the AWS API (HTTP status 404); check the endpoint URL and any proxy in between",
        ),
        (429, 3, "AWS is throttling requests from this account (HTTP status 429); try again in a minute"),
        (
            503,
            3,
            "ECR returned a server error (HTTP status 503); try again; if it keeps failing, see the AWS Health \
             Dashboard",
        ),
    ];
    let cases = rows.iter().flat_map(|row| REGISTRIES.map(|registry| (row, registry)));
    at_once(cases, |(&(status, calls, expected), (host, api, policy))| {
        let aws = FakeAws::start();
        aws.set(api, Behaviour::Status(status));
        assert_eq!(reason(&keys_for(&aws), host), expected.replace("POLICY", policy));
        assert!((1..=calls).contains(&aws.calls(api)), "{host} {status}: {} calls", aws.calls(api));
    });
}

#[test]
fn what_a_retry_mends_is_no_failure() {
    let rows = [
        (1, Behaviour::error(500, "ServerException", "Service is having trouble")),
        (2, Behaviour::Status(503)),
        (1, Behaviour::error(400, "ThrottlingException", "Rate exceeded")),
        (1, Behaviour::Close),
    ];
    let cases = rows.iter().flat_map(|row| REGISTRIES.map(|registry| (row, registry)));
    at_once(cases, |((failures, behaviour), (host, api, _))| {
        let aws = FakeAws::start();
        aws.set(api, Behaviour::FailTimes(*failures, Box::new(behaviour.clone())));
        let sandbox = sandbox().with_aws(&aws).with_keys(ACCESS_KEY_ID);
        assert_eq!(password_head(&sandbox.get(host).password()).access_key_id, ACCESS_KEY_ID, "{behaviour:?}");
        assert_eq!(aws.calls(api), failures + 1, "{host} {behaviour:?}");
    });
}

// --- no credentials, or none that work -------------------------------------------------------------------------------

#[test]
fn without_credentials_a_private_registry_says_how_to_get_some() {
    assert_eq!(reason(&sandbox(), PRIVATE), NO_CREDENTIALS);
    let half = "found (the environment has half of a key pair only, which is not used);";
    for (name, value) in
        [("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID), ("AWS_SECRET_ACCESS_KEY", "made/up/secret/of/half/a/key/pair")]
    {
        assert_eq!(reason(&sandbox().env(name, value), PRIVATE), NO_CREDENTIALS.replace("found;", half), "{name}");
    }
    let half_in_file = sandbox();
    half_in_file.write(".aws/credentials", format!("[default]\naws_access_key_id = {ACCESS_KEY_ID}\n"));
    let half = "profile `default` has an `aws_access_key_id` without `aws_secret_access_key` in the same file";
    assert_eq!(reason(&half_in_file, PRIVATE), misconfigured(half));
    let other_half = sandbox();
    other_half.write(".aws/credentials", "[default]\naws_secret_access_key = made/up/secret/of/half/a/key/pair\n");
    let half = "found (profile `default` has half of a key pair only, which is not used);";
    assert_eq!(reason(&other_half, PRIVATE), NO_CREDENTIALS.replace("found;", half));
    let no_files = sandbox().env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials").env("AWS_CONFIG_FILE", "");
    let missing = "found (`/nonexistent/credentials`, which `AWS_SHARED_CREDENTIALS_FILE` names, does not exist);";
    assert_eq!(reason(&no_files, PRIVATE), NO_CREDENTIALS.replace("found;", missing));
    let empty = sandbox().env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").env("AWS_PROFILE", "");
    assert_eq!(reason(&empty, PRIVATE), NO_CREDENTIALS);
}

#[test]
fn an_unreachable_metadata_service_is_named() {
    let sandbox = sandbox().without("AWS_EC2_METADATA_DISABLED");
    let reason = reason(&sandbox, PRIVATE);
    assert!(
        reason.starts_with("no AWS credentials found, and the EC2 instance metadata service can't be reached ("),
        "{reason}"
    );
    assert!(
        reason.ends_with(
            "); set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run `aws configure`; in a \
             container on EC2, raise the metadata hop limit to 2"
        ),
        "{reason}"
    );
}

#[test]
fn an_instance_without_a_role_has_no_credentials() {
    let aws = FakeAws::start();
    aws.set(Api::MetadataRole, Behaviour::Status(404));
    let sandbox = sandbox().with_metadata(&aws);
    let expected = NO_CREDENTIALS.replace("found;", "found (this instance has no IAM role attached);");
    assert_eq!(reason(&sandbox, PRIVATE), expected);
}

#[test]
fn without_credentials_ecr_public_is_silent_even_when_strict() {
    let no_metadata = || sandbox().without("AWS_EC2_METADATA_DISABLED");
    for strict in ["", "true"] {
        for (what, sandbox) in [("nothing", sandbox()), ("no metadata service", no_metadata())] {
            let sandbox = sandbox.env("AWS_ECR_STRICT", strict);
            let reply = sandbox.get(PUBLIC);
            let seen = (reply.code, reply.stdout_text(), reply.stderr.as_str());
            assert_eq!(seen, (Some(1), NOT_FOUND.to_owned(), ""), "{what}, strict: {strict:?}");
            assert_no_secret(&sandbox, &reply);
        }
    }
}

#[test]
fn ecr_public_with_refused_credentials_names_both_permissions() {
    let aws = FakeAws::start();
    aws.set(
        Api::EcrPublicToken,
        Behaviour::error(400, "AccessDeniedException", "not authorized to perform: sts:GetServiceBearerToken"),
    );
    assert_eq!(
        reason(&keys_for(&aws), PUBLIC),
        "access denied (AccessDeniedException: not authorized to perform: sts:GetServiceBearerToken); allow \
         `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken` in a policy of this identity"
    );
}

#[test]
fn outside_the_commercial_partition_ecr_public_is_not_asked() {
    let aws = FakeAws::start();
    for (variable, value, partition) in [
        ("AWS_REGION", "cn-north-1", "aws-cn"),
        ("AWS_DEFAULT_REGION", "us-gov-west-1", "aws-us-gov"),
        ("AWS_REGION", "eusc-de-east-1", "aws-eusc"),
    ] {
        let sandbox = keys_for(&aws).env(variable, value);
        assert_eq!(
            reason(&sandbox, PUBLIC),
            format!(
                "ECR Public doesn't accept identities from partition `{partition}`; public images can be pulled \
                 anonymously"
            )
        );
        sandbox.get(PRIVATE).password();
    }
    assert_eq!(aws.calls(Api::EcrPublicToken), 0);
    assert_eq!(aws.calls(Api::EcrToken), 3);
    keys_for(&aws).env("AWS_REGION", "eu-west-1").get(PUBLIC).password();
}

const SSO_PROFILE: &str = "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = pull\n\
                           [sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n";

/// Where the AWS CLI keeps the session `corp`: the SHA-1 of its name.
const SSO_CACHE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

/// The session of [`SSO_PROFILE`], as `aws sso login` leaves it.
fn sso_session(sandbox: &Sandbox, access_token: &str, expires_at: &str) {
    sandbox.secret(access_token);
    let session = json!({
        "accessToken": access_token,
        "expiresAt": expires_at,
        "region": "eu-west-1",
        "startUrl": "https://corp.example/start",
    });
    sandbox.write(SSO_CACHE, session.to_string());
}

#[test]
fn an_sso_session_that_is_over_is_named_with_the_command_that_starts_one() {
    const OVER: &str = "the SSO session of profile `dev` has expired or was never started";
    const LOGIN: &str = "; run `aws sso login --profile dev`";
    let aws = FakeAws::start();
    let never = profile_for(&aws, SSO_PROFILE);
    let expired = profile_for(&aws, SSO_PROFILE);
    sso_session(&expired, "made/up/access/token/of/an/old/session", "2020-01-01T00:00:00Z");
    let ended = profile_for(&aws, SSO_PROFILE);
    sso_session(&ended, "made/up/access/token/of/an/ended/session", "2099-01-01T00:00:00Z");
    aws.set(
        Api::SsoRoleCredentials,
        Behaviour::error(401, "UnauthorizedException", "Session token not found or invalid"),
    );
    for (what, sandbox) in [("never started", never), ("expired", expired), ("ended elsewhere", ended)] {
        for host in [PRIVATE, PUBLIC] {
            let reason = reason(&sandbox, host);
            assert!(reason.starts_with(OVER) && reason.ends_with(LOGIN), "{what}: {reason}");
        }
    }
    assert!(aws.calls(Api::SsoRoleCredentials) >= 1, "the session that ended elsewhere wasn't tried");
}

#[test]
fn a_source_of_credentials_that_fails_is_named() {
    const ROLE: &str = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n\
                        [profile base]\naws_access_key_id = AKIDBASE\n\
                        aws_secret_access_key = made/up/secret/of/the/base/profile/0000\n";
    const DENIED: &str = "User is not authorized to perform: sts:AssumeRole on resource: role/pull";
    let aws = FakeAws::start();
    aws.set(Api::AssumeRole, Behaviour::error(403, "AccessDenied", DENIED));
    aws.set(
        Api::AssumeRoleWithWebIdentity,
        Behaviour::error(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account"),
    );
    aws.set(Api::ContainerCredentials, Behaviour::error(404, "NotFound", "no such task"));

    let role = profile_for(&aws, ROLE);
    let web = sandbox().with_aws(&aws).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
    let token = web.write("token", "header.payload.signature");
    let web = web.env("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    let process = |script: &str| {
        let sandbox = profile_for(&aws, "");
        let program = sandbox.program("source", &format!("#!/bin/sh\n{script}\n"));
        sandbox.write(".aws/config", format!("[profile dev]\ncredential_process = {}\n", program.display()));
        sandbox
    };
    let broken = process("echo '{\"Version\":1,\"AccessKeyId\":\"AKIDPROCESS\",\"SecretAccessKey\":'");
    let half = process(
        "echo '{\"Version\":1,\"AccessKeyId\":\"AKIDPROCESS\",\"SecretKey\":\"made/up/secret/of/a/process\",\
         \"Expiration\":\"never\"}'",
    );
    half.secret("made/up/secret/of/a/process");
    for (what, sandbox, start) in [
        ("role", role, format!("could not get credentials from profile `dev` (AccessDenied: {DENIED}")),
        (
            "web identity",
            web,
            "could not get credentials from the web identity token (InvalidIdentityToken: No OpenIDConnect provider"
                .to_owned(),
        ),
        (
            "container",
            sandbox().with_container(&aws),
            "could not get credentials from the container credentials endpoint (".to_owned(),
        ),
        (
            "process that fails",
            process("echo no luck >&2; exit 3"),
            "could not get credentials from profile `dev` (`credential_process` exited with status 3: no luck);".to_owned(),
        ),
        (
            "process with broken output",
            broken,
            "could not get credentials from profile `dev` (the output of `credential_process` is not a JSON object);".to_owned(),
        ),
        (
            "process with half an output",
            half,
            "could not get credentials from profile `dev` (the output of `credential_process` has no `SecretAccessKey`);"
                .to_owned(),
        ),
    ] {
        for host in [PRIVATE, PUBLIC] {
            let reason = reason(&sandbox, host);
            assert!(reason.starts_with(&start) && reason.ends_with(CHECK_IDENTITY), "{what}: {reason}");
        }
    }
    assert_eq!(aws.calls(Api::EcrToken) + aws.calls(Api::EcrPublicToken), 0);
}

#[test]
fn what_a_failing_credential_process_says_is_one_line_and_no_secret() {
    const SECRET: &str = "made/up/secret/of/a/process/0000";
    let aws = FakeAws::start();
    let sandbox = profile_for(&aws, "[profile dev]\ncredential_process = source\n");
    sandbox.secret(SECRET);
    sandbox.program(
        "source",
        &format!(
            "#!/bin/sh\necho '{{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"{SECRET}\"}}'\n\
             printf 'first\\n\\n  then {SECRET}\\r\\n' >&2; exit 7\n"
        ),
    );
    let reason = reason(&sandbox, PRIVATE);
    let said = format!(
        "could not get credentials from profile `dev` (`credential_process` exited with status 7: first then ***)\
         {CHECK_IDENTITY}"
    );
    assert_eq!(reason, said);
}

/// Checks that a process ends within two seconds: the system needs a moment for one that was killed.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the system tells, and not at once")]
fn assert_ends(id: &str) {
    if !std::path::Path::new("/proc/self/task").is_dir() {
        println!("skipped: only Linux tells");
        return;
    }
    // One that has ended, and that nobody has waited for, has the state Z.
    let runs = || std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let deadline = Instant::now() + Duration::from_secs(2);
    while runs() {
        assert!(Instant::now() < deadline, "process {id} was left running");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_credential_process_that_hangs_is_ended_with_the_limit_and_its_profile_named() {
    let base = "credential_process = source\n";
    let role = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n[profile base]\n";
    at_once([("dev", format!("[profile dev]\n{base}")), ("base", format!("{role}{base}"))], |(profile, config)| {
        let aws = FakeAws::start();
        let sandbox = profile_for(&aws, &config).env("AWS_ECR_TIMEOUT", "1");
        sandbox.program("source", "#!/bin/sh\necho $$ >process-id; echo thinking >&2; exec sleep 60\n");
        let reply = sandbox.get(PRIVATE);
        #[expect(clippy::disallowed_methods, reason = "what the process left behind")]
        let id = std::fs::read_to_string(sandbox.home().join("process-id")).expect("the process was run");
        assert_ends(id.trim());
        let reason = reason_in(&sandbox, PRIVATE, &reply);
        let said = format!(
            "could not get credentials from profile `{profile}` (`credential_process` timed out after 1 s: thinking)\
             {CHECK_IDENTITY}"
        );
        assert_eq!(reason, said);
        assert!(reply.elapsed >= Duration::from_millis(700), "gave up after {:?}", reply.elapsed);
        assert!(reply.elapsed < Duration::from_millis(1_500), "took {:?}", reply.elapsed);
        assert_eq!(aws.requests().len(), 0);
    });
}

// --- the network -----------------------------------------------------------------------------------------------------

#[test]
fn an_api_that_cant_be_reached_is_named_as_the_network_s_fault() {
    let broken = FakeAws::start();
    broken.set(Api::EcrToken, Behaviour::Close);
    broken.set(Api::EcrPublicToken, Behaviour::Close);
    let urls = [
        NOBODY.to_owned(),
        broken.url(),
        broken.url().replace("http://", "https://"),
        NOBODY.replace("://", "://user:made-up-password@"),
        NOBODY.replace("http://", "https://user:made-up-password@"),
    ];
    at_once(urls.iter().flat_map(|url| [(url, PRIVATE), (url, PUBLIC)]), |(url, host)| {
        let sandbox = sandbox().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", url);
        sandbox.secret("made-up-password");
        let reason = reason(&sandbox, host);
        assert!(reason.starts_with("the AWS API can't be reached ("), "{url}: {reason}");
        assert!(reason.ends_with(&format!("){CHECK_NETWORK}")), "{url}: {reason}");
    });
}

#[test]
fn an_untrusted_certificate_is_named_and_not_tried_again() {
    for (host, api, _) in REGISTRIES {
        let ca = TestCa::new();
        let aws = FakeAws::start_tls(&ca, &[]);
        let sandbox = keys_for(&aws);
        let ca_file = sandbox.write("ca.pem", ca.pem());
        let reason = reason(&sandbox, host);
        assert!(reason.starts_with("the AWS API's certificate isn't trusted (invalid peer certificate: "), "{reason}");
        assert!(
            reason.ends_with("); add your proxy's CA to the system's certificates or to the `AWS_CA_BUNDLE` file"),
            "{reason}"
        );

        // The remedy is one; and the number of its connection is the number of those that failed.
        sandbox.without("AWS_ECR_LOG").without("AWS_ECR_LOG_FILE").env("SSL_CERT_FILE", ca_file).get(host).password();
        let connections: Vec<usize> = aws.requests_to(api).iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1], "{host}: the handshake was tried more than once");
    }
}

#[test]
fn an_api_that_never_answers_ends_with_the_limit() {
    at_once(REGISTRIES, |(host, api, _)| {
        let aws = FakeAws::start();
        aws.set(api, Behaviour::Hang);
        let sandbox = keys_for(&aws).env("AWS_ECR_TIMEOUT", "2");
        let reply = sandbox.get(host);
        let reason = reason_in(&sandbox, host, &reply);
        assert!(reason.starts_with("the AWS API didn't respond in time ("), "{reason}");
        assert!(reason.ends_with("; check the network, or raise `AWS_ECR_TIMEOUT` (seconds)"), "{reason}");
        assert!(reply.elapsed >= Duration::from_millis(1_900), "gave up after {:?}", reply.elapsed);
        assert!(reply.elapsed < Duration::from_secs(3), "took {:?}", reply.elapsed);
        assert_eq!(aws.calls(api), 1);
    });
}

#[test]
fn a_source_of_credentials_that_never_answers_ends_with_the_limit_and_is_named() {
    let aws = FakeAws::start();
    aws.set(Api::ContainerCredentials, Behaviour::Hang);
    let process = profile_for(&aws, "[profile dev]\ncredential_process = /bin/sleep 6\n");
    let container = sandbox().with_aws(&aws).with_container(&aws);
    at_once([("profile `dev`", process), ("the container credentials endpoint", container)], |(source, sandbox)| {
        let sandbox = sandbox.env("AWS_ECR_TIMEOUT", "2");
        let reply = sandbox.get(PRIVATE);
        let reason = reason_in(&sandbox, PRIVATE, &reply);
        assert!(reply.elapsed < Duration::from_secs(3), "took {:?}", reply.elapsed);
        assert!(reason.contains(source), "another cause: {reason}");
    });
}

// --- answers that are none -------------------------------------------------------------------------------------------

/// An answer with this token, in the shape of the API.
fn answer(api: Api, token: &serde_json::Value, expires_at: &serde_json::Value) -> Behaviour {
    let data = json!({ "authorizationToken": token, "expiresAt": expires_at });
    let data = if api == Api::EcrToken { json!([data]) } else { data };
    Behaviour::Garbage(json!({ "authorizationData": data }).to_string().into_bytes())
}

#[test]
fn an_answer_that_is_none_is_named_and_not_asked_for_again() {
    let rows = [
        ("empty", Behaviour::Empty),
        ("not JSON", Behaviour::Garbage(b"<html><body>Please log in to the network</body></html>".to_vec())),
        (
            "half of it",
            Behaviour::Garbage(b"{\"authorizationData\":[{\"authorizationToken\":\"QVdTOnBhc3N3b3Jk".to_vec()),
        ),
        ("binary", Behaviour::Garbage((0..=255).collect())),
        ("another object", Behaviour::Garbage(b"{\"message\":\"hello\"}".to_vec())),
        ("a list", Behaviour::Garbage(b"[1, 2, 3]".to_vec())),
        ("null", Behaviour::Garbage(b"{\"authorizationData\":null}".to_vec())),
    ];
    let cases = rows.iter().flat_map(|row| REGISTRIES.map(|registry| (row, registry)));
    at_once(cases, |((what, behaviour), (host, api, _))| {
        let aws = FakeAws::start();
        aws.set(api, behaviour.clone());
        let reason = reason(&keys_for(&aws), host);
        assert!(reason.starts_with("unexpected response from the AWS API ("), "{what}: {reason}");
        assert!(reason.ends_with(&format!("){CHECK_ENDPOINT}")), "{what}: {reason}");
        assert!(!reason.contains("status 200"), "{what}: that all went well is no cause: {reason}");
        assert!(!reason.contains(" { "), "{what}: the words of a program: {reason}");
        assert_eq!(aws.calls(api), 1, "{host} {what}");
    });
}

#[test]
fn a_token_that_is_no_user_and_password_is_never_served() {
    const NOT_BASE64: &str = "the authorization token is not base64 of text";
    const NOT_A_PAIR: &str = "the authorization token is not USER:PASSWORD";
    const EMPTY: &str = "the authorization token has an empty or reserved part";
    const NONE: &str = "no authorization token in the response";
    let rows = [
        (json!("not base64, and made up to be secret"), NOT_BASE64),
        (json!(BASE64.encode(b"AWS:made up to be secret \xff\xfe")), NOT_BASE64),
        (json!(BASE64.encode("made up to be secret, without a colon")), NOT_A_PAIR),
        (json!(BASE64.encode("<token>:made up to be secret")), EMPTY),
        (json!(BASE64.encode("AWS:")), EMPTY),
        (json!(BASE64.encode(":made up to be secret")), EMPTY),
        (json!(""), NOT_A_PAIR),
        (json!(null), NONE),
    ];
    let cases = rows.iter().flat_map(|row| REGISTRIES.map(|registry| (row, registry)));
    at_once(cases, |((token, cause), (host, api, _))| {
        let aws = FakeAws::start();
        aws.set(api, answer(api, token, &json!(4_102_444_800_u64)));
        let sandbox = keys_for(&aws);
        sandbox.secret("made up to be secret");
        sandbox.secret(token.as_str().unwrap_or_default());
        let expected = format!("unexpected response from the AWS API ({cause}){CHECK_ENDPOINT}");
        assert_eq!(reason(&sandbox, host), expected, "{token}");
        assert_eq!(reason(&sandbox, host), expected, "{token}: the second time");
        assert_eq!(aws.calls(api), 2, "{token}");
    });
}

#[test]
fn a_token_that_claims_to_have_ended_is_served_and_not_kept() {
    for (host, api, _) in REGISTRIES {
        let aws = FakeAws::start();
        aws.expires_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_430_000_000));
        let sandbox = sandbox().with_aws(&aws).with_keys(ACCESS_KEY_ID);
        for serial in 1..=3 {
            assert_eq!(password_head(&sandbox.get(host).password()).serial, serial);
            assert_eq!(aws.calls(api), serial);
        }
    }
}

#[test]
fn a_token_with_an_impossible_end_is_served() {
    let token = json!(BASE64.encode("AWS:made up to be secret"));
    for end in [json!(null), json!(0), json!(-1), json!(-1e18), json!(1e12), json!(1e15), json!(1e18), json!(0.5)] {
        for (host, api, _) in REGISTRIES {
            let aws = FakeAws::start();
            aws.set(api, answer(api, &token, &end));
            let sandbox = sandbox().with_aws(&aws).with_keys(ACCESS_KEY_ID);
            for time in ["first", "second"] {
                assert_eq!(sandbox.get(host).password(), "made up to be secret", "{end}, the {time} time");
            }
        }
    }
}

// --- the user's own settings -----------------------------------------------------------------------------------------

fn misconfigured(detail: &str) -> String {
    format!("the AWS settings are invalid ({detail}); fix them and try again")
}

#[test]
fn a_mistake_in_the_profiles_is_named_with_its_place() {
    const HALF_A_ROLE: &str = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\n";
    let aws = FakeAws::start();
    for (what, config, detail) in [
        ("no profiles at all", "", "profile `dev` is not in the shared configuration files"),
        ("others", "[profile prod]\nregion = x\n", "profile `dev` is not in the shared configuration files"),
        (
            "no source",
            HALF_A_ROLE,
            "profile `dev` has a `role_arn` but neither `source_profile` nor `credential_source`",
        ),
        (
            "a source that isn't there",
            &format!("{HALF_A_ROLE}source_profile = base\n"),
            "profile `dev` names the source profile `base`, which does not exist",
        ),
        (
            "a circle",
            &format!("{HALF_A_ROLE}source_profile = b\n[profile b]\nrole_arn = x\nsource_profile = dev\n"),
            "profile `dev` leads back to the source profile `dev`",
        ),
        (
            "an unknown source",
            &format!("{HALF_A_ROLE}credential_source = Magic\n"),
            "`credential_source = Magic` is not Environment, EcsContainer or Ec2InstanceMetadata",
        ),
    ] {
        let sandbox = profile_for(&aws, config);
        for host in [PRIVATE, PUBLIC] {
            assert_eq!(reason(&sandbox, host), misconfigured(detail), "{what}");
        }
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn an_odd_line_never_voids_a_profile_file() {
    let aws = FakeAws::start();
    let keys = "aws_access_key_id = AKIDEV\naws_secret_access_key = made/up/secret/in/an/odd/file/00\n";
    for (file, contents) in [
        ("config", format!("[profile dev]\n{keys}[profile\n")),
        ("config", format!("[default\nregion = x\n[profile dev]\nan odd line\n{keys}")),
        ("config", format!("<<<<<<< ours\n[profile dev]\n{keys}=======\n>>>>>>> theirs\n")),
        ("credentials", format!("[dev]\n{keys}[default\n")),
        ("credentials", format!("[dev]\n{}", keys.replace(" =", ":"))),
        ("credentials", format!("export AWS_PROFILE=dev\n[dev]\n= x\n{keys}")),
        ("credentials", format!("\u{feff}[dev]\n\u{0}\u{1b}\n{keys}")),
    ] {
        let sandbox = profile_for(&aws, "");
        sandbox.write(&format!(".aws/{file}"), &contents);
        let head = password_head(&sandbox.get(PRIVATE).password());
        assert_eq!(head.access_key_id, "AKIDEV", "{contents}");
    }
    let sandbox = profile_for(&aws, "");
    sandbox.write(".aws/config", [b"[profile dev]\nregion = \xff\n", keys.as_bytes()].concat());
    assert_eq!(password_head(&sandbox.get(PRIVATE).password()).access_key_id, "AKIDEV");
}

#[test]
fn a_profile_file_that_cant_be_read_counts_as_missing_and_is_named() {
    let aws = FakeAws::start();
    let keys = "aws_access_key_id = AKIDEV\naws_secret_access_key = made/up/secret/of/a/profile/00\n";
    let too_large = |section: &str| format!("[{section}]\n{keys}{}", "# filler\n".repeat(600_000));
    for (file, other, section) in [("config", "credentials", "profile dev"), ("credentials", "config", "dev")] {
        let sandbox = profile_for(&aws, "");
        let path = sandbox.write(&format!(".aws/{file}"), too_large(section));
        let unreadable = format!("`{}` can't be read: longer than 4194304 bytes", path.display());
        let expected = misconfigured(&format!("profile `dev` is not in the shared configuration files; {unreadable}"));
        for host in [PRIVATE, PUBLIC] {
            assert_eq!(reason(&sandbox, host), expected, "{file}");
        }
        // Without a name for the profile, none of the two files has to be there.
        let nothing_named = sandbox.without("AWS_PROFILE");
        let found = NO_CREDENTIALS.replace("found;", &format!("found ({unreadable});"));
        assert_eq!(reason(&nothing_named, PRIVATE), found, "{file}");

        // The other file serves.
        let sandbox = nothing_named.env("AWS_PROFILE", "dev");
        let section = if other == "config" { "profile dev" } else { "dev" };
        sandbox.write(&format!(".aws/{other}"), format!("[{section}]\n{keys}"));
        assert_eq!(password_head(&sandbox.get(PRIVATE).password()).access_key_id, "AKIDEV", "{file}");
        #[expect(clippy::disallowed_methods, reason = "the log of the sandbox")]
        let log = std::fs::read_to_string(sandbox.home().join("log")).expect("a log");
        assert!(log.contains(&unreadable), "{log}");
    }
}

#[test]
fn an_odd_profile_file_doesnt_matter_to_keys_in_the_environment() {
    let aws = FakeAws::start();
    let sandbox = sandbox().with_aws(&aws).with_keys(ACCESS_KEY_ID);
    sandbox.write(".aws/config", "[profile\n");
    sandbox.get(PRIVATE).password();
}

#[test]
fn a_limit_that_is_no_number_of_seconds_is_named() {
    let aws = FakeAws::start();
    for value in ["nonsense", "0", "-1", "1.5", "3601", "10s", "99999999999999999999", "\u{661}"] {
        let sandbox = keys_for(&aws).env("AWS_ECR_TIMEOUT", value);
        for host in [PRIVATE, PUBLIC] {
            let expected = misconfigured("`AWS_ECR_TIMEOUT` must be a number of seconds from 1 to 3600");
            assert_eq!(reason(&sandbox, host), expected, "{value}");
        }
    }
    assert_eq!(aws.requests().len(), 0);
    for value in ["1", "3600", " 20 ", ""] {
        keys_for(&aws).env("AWS_ECR_TIMEOUT", value).get(PRIVATE).password();
    }
}

#[test]
fn an_endpoint_url_that_is_none_is_named_and_not_repeated() {
    let expected = misconfigured("the endpoint URL is not an `http://` or `https://` URL");
    for url in [
        "nonsense",
        "localhost:4566",
        "ftp://user:made-up-password@host",
        "http://",
        "http:///path",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:port",
        "http://user:made-up-password@",
        "http://a b",
    ] {
        let sandbox = sandbox().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", url);
        sandbox.secret("made-up-password");
        for host in [PRIVATE, PUBLIC] {
            assert_eq!(reason(&sandbox, host), expected, "{url}");
        }
    }
}

// --- strict ----------------------------------------------------------------------------------------------------------

#[test]
fn when_strict_the_reason_goes_to_stdout_too() {
    let aws = FakeAws::start();
    let denied = || Behaviour::error(400, "AccessDeniedException", "no");
    for (_, api, _) in REGISTRIES {
        aws.set(api, denied());
    }
    for (host, _, policy) in REGISTRIES {
        for (what, sandbox, reason) in [
            (
                "denied",
                keys_for(&aws),
                format!("access denied (AccessDeniedException: no); allow {policy} in a policy of this identity"),
            ),
            (
                "no such profile",
                profile_for(&aws, ""),
                misconfigured("profile `dev` is not in the shared configuration files"),
            ),
            (
                "no limit",
                keys_for(&aws).env("AWS_ECR_TIMEOUT", "x"),
                misconfigured("`AWS_ECR_TIMEOUT` must be a number of seconds from 1 to 3600"),
            ),
        ] {
            for (strict, is_strict) in
                [("true", true), ("1", true), ("T", true), ("false", false), ("0", false), ("", false)]
            {
                let reply = get_strictly(&sandbox, host, strict);
                let line = format!("ecr-login: no password for {host}: {reason}\n");
                let stdout = if is_strict { line.clone() } else { NOT_FOUND.to_owned() };
                let seen = (reply.code, reply.stdout_text(), reply.stderr);
                assert_eq!(seen, (Some(1), stdout, line), "{what}, AWS_ECR_STRICT={strict}");
            }
            assert_no_secret(&sandbox, &sandbox.get(host));
        }
    }
    assert_eq!(
        get_strictly(&sandbox(), PRIVATE, "1").stdout_text(),
        format!("ecr-login: no password for {PRIVATE}: {NO_CREDENTIALS}\n")
    );
}

/// An endpoint that takes a proxy to reach.
const ELSEWHERE: &str = "https://ecr.test";

/// Line ends, controls of terminals, and what turns text around.
const MOVES: &str = "a\nb\rc\u{1b}[2Jd\u{7}e\u{85}f\u{9b}g\u{2028}h\u{2029}i\u{202e}j\u{2066}k\u{feff}l";

#[test]
fn nothing_from_outside_ends_or_moves_a_line() {
    let aws = FakeAws::start();
    let rules = Sandbox::new().with_aws(&aws);
    rules.write(".config/ecr-login/config.toml", format!("[[registry]]\nmatch = '''{MOVES}'''\n"));
    let process = profile_for(&aws, "[profile dev]\ncredential_process = source\n");
    process.program("source", &format!("#!/bin/sh\nprintf '%s' '{MOVES}' >&2\nexit 3\n"));
    let echoing = FakeAws::start();
    for api in [Api::EcrToken, Api::AssumeRole, Api::SsoRoleCredentials] {
        echoing.set(api, Behaviour::error(400, "AccessDeniedException", MOVES));
    }
    let refusal = serde_json::json!({ "Code": MOVES, "Message": MOVES }).to_string();
    for api in [Api::ContainerCredentials, Api::MetadataCredentials] {
        echoing.set(api, Behaviour::Garbage(refusal.clone().into_bytes()));
    }
    let with_role = profile_for(
        &echoing,
        "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n[profile base]\n\
         aws_access_key_id = AKIDBASE\naws_secret_access_key = made/up/secret/of/the/base/0000\n",
    );
    let with_sso = profile_for(
        &echoing,
        "[profile dev]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n\
         sso_account_id = 111122223333\nsso_role_name = Dev\n",
    );
    // The SHA-1 of the start URL.
    with_sso.write(
        ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json",
        r#"{"accessToken":"made-up-access-token","expiresAt":"2099-01-01T00:00:00Z"}"#,
    );
    let token_file = Sandbox::new().with_aws(&aws).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
    let token_file = token_file.env("AWS_WEB_IDENTITY_TOKEN_FILE", format!("/nonexistent/{MOVES}"));
    let in_a_line: String = MOVES.chars().filter(|character| !matches!(character, '\n' | '\r')).collect();
    let endpoint = profile_for(&aws, &format!("[profile dev]\nendpoint_url = {in_a_line}\n")).with_keys("AKIDMOVES");
    let endpoint = endpoint.without("AWS_ENDPOINT_URL");
    let role = "role_arn = arn:aws:iam::111122223333:role/pull";
    let source = profile_for(&aws, &format!("[profile dev]\n{role}\nsource_profile = {in_a_line}\n"));
    for (what, home) in [
        ("profile", Sandbox::new().with_aws(&aws).env("AWS_PROFILE", MOVES)),
        ("settings", Sandbox::new().with_aws(&aws).env("AWS_ECR_CONFIG", format!("/nonexistent/{MOVES}"))),
        ("proxy", keys_for(&aws).env("AWS_ENDPOINT_URL", ELSEWHERE).env("HTTPS_PROXY", format!("ftp://{MOVES}"))),
        ("certificates", keys_for(&aws).env("AWS_CA_BUNDLE", format!("/nonexistent/{MOVES}"))),
        ("endpoint", keys_for(&aws).env("AWS_ENDPOINT_URL_ECR", MOVES)),
        ("rules", rules),
        ("process", process),
        ("service", keys_for(&echoing)),
        ("role", with_role),
        ("portal", with_sso),
        ("container", Sandbox::new().with_aws(&echoing).with_container(&echoing)),
        ("instance", Sandbox::new().with_aws(&echoing).with_metadata(&echoing)),
        ("token file", token_file),
        ("limit", keys_for(&aws).env("AWS_ECR_TIMEOUT", MOVES)),
        ("attempts", keys_for(&aws).env("AWS_MAX_ATTEMPTS", MOVES)),
        ("endpoint of a profile", endpoint),
        ("source profile", source),
    ] {
        let home = home.env("AWS_ECR_STRICT", "1").env("AWS_ECR_LOG", "debug");
        let reply = home.get(PRIVATE);
        assert_eq!(reply.code, Some(1), "{what}");
        let lines: Vec<&str> = reply.stderr.lines().collect();
        let (log, sentence) = lines.split_at(lines.len() - 1);
        assert!(sentence[0].starts_with("ecr-login: no password for "), "{what}: {:?}", reply.stderr);
        assert_eq!(reply.stdout_text(), format!("{}\n", sentence[0]), "{what}");
        assert!(log.iter().all(|line| line.starts_with("20")), "{what}: {:?}", reply.stderr);
        assert!(lines.iter().all(|line| line.chars().count() < 1_000), "{what}");
        let is_one = |character: &char| MOVES.contains(*character) && !character.is_ascii_graphic();
        let moved = reply.stderr.replace('\n', "").chars().find(is_one);
        assert_eq!(moved, None, "{what}: {:?}", reply.stderr);
    }
}

#[test]
fn an_access_key_that_cant_be_sent_is_a_reason() {
    let aws = FakeAws::start();
    for key in ["AKIA\nEXAMPLE", "AKIA\u{7f}EXAMPLE", "AKIA\u{1}EXAMPLE\u{1}X", "AKIA\rEXAMPLE"] {
        let environment = keys_for(&aws).env("AWS_ACCESS_KEY_ID", key);
        let process = profile_for(&aws, "[profile dev]\ncredential_process = source\n");
        let escaped = key.replace('\n', "\\n").replace('\r', "\\r").replace('\u{1}', "\\u0001");
        let answer =
            format!(r#"{{"Version":1,"AccessKeyId":"{escaped}","SecretAccessKey":"made/up/secret/of/a/process"}}"#);
        process.program("source", &format!("#!/bin/sh\nprintf '%s\\n' '{answer}'\n"));
        process.secret("made/up/secret/of/a/process");
        for (what, home) in [("environment", environment), ("process", process)] {
            for host in [PRIVATE, PUBLIC] {
                let reply = home.get(host);
                assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(1), NOT_FOUND), "{what} {key:?}");
                let is_one_line = reply.stderr.matches('\n').count() == 1 && !reply.stderr.contains("panicked");
                let start = format!("ecr-login: no password for {host}: ");
                assert!(is_one_line && reply.stderr.starts_with(&start), "{what} {key:?}: {:?}", reply.stderr);
                println!("{key:?}: {}", reply.stderr.trim_end());
                home.assert_no_secret_in(&reply);
            }
        }
    }
}

#[test]
fn user_info_without_a_scheme_is_masked() {
    let aws = FakeAws::start();
    for (variable, value) in [
        ("HTTPS_PROXY", "someone:made-up-password@proxy:3128:1"),
        ("HTTPS_PROXY", "ftp://someone:made-up-password@proxy"),
        ("AWS_ENDPOINT_URL_ECR", "someone:made-up-password@vpce"),
        ("AWS_ECR_CONFIG", "/nonexistent/someone:made-up-password@host"),
    ] {
        let home = keys_for(&aws).env("AWS_ENDPOINT_URL", ELSEWHERE).env("AWS_ECR_LOG", "debug").env(variable, value);
        let reply = home.get(PRIVATE);
        assert_eq!(reply.code, Some(1), "{value}");
        assert!(!reply.stderr.contains("made-up-password"), "{value}: {}", reply.stderr);
    }
}

/// A `get` with this value of `AWS_ECR_STRICT`.
fn get_strictly(sandbox: &Sandbox, host: &str, strict: &str) -> Reply {
    let mut command = sandbox.command(&["get"]);
    command.env("AWS_ECR_STRICT", strict);
    let mut running = Running::start(command);
    running.write_all_and_close(host.as_bytes());
    running.wait()
}

#[test]
fn strictness_changes_nothing_about_a_success_or_a_foreign_host() {
    let aws = FakeAws::start();
    let sandbox = keys_for(&aws).env("AWS_ECR_STRICT", "true");
    sandbox.get(PRIVATE).password();
    let reply = sandbox.get("registry.example");
    assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr.as_str()), (Some(1), NOT_FOUND, ""));
}

// --- secrets ---------------------------------------------------------------------------------------------------------

#[test]
fn a_secret_that_aws_echoes_is_masked() {
    let echo = format!(
        "key {}, token {SESSION_TOKEN}\r\nat http://user:made-up-password@proxy.example:8080/x \u{1b}[31m",
        secret_key_of(ACCESS_KEY_ID)
    );
    let masked = "key ***, token ***  at http://***@proxy.example:8080/x  [31m";
    let rows = [
        (403, "AccessDeniedException", "access denied (ECHO); allow POLICY in a policy of this identity"),
        (400, "ExpiredTokenException", "the AWS credentials have expired (ECHO); get new ones and try again"),
        (
            400,
            "UnheardOfException",
            "unexpected response from the AWS API (ECHO); check the endpoint URL and any proxy in between",
        ),
    ];
    let cases = rows.iter().flat_map(|row| REGISTRIES.map(|registry| (row, registry)));
    at_once(cases, |(&(status, code, expected), (host, api, policy))| {
        let aws = FakeAws::start();
        aws.set(api, Behaviour::error(status, code, &echo));
        let sandbox = keys_for(&aws);
        sandbox.secret("made-up-password");
        let expected = expected.replace("ECHO", &format!("{code}: {masked}")).replace("POLICY", policy);
        assert_eq!(reason(&sandbox, host), expected);
        let strict = get_strictly(&sandbox, host, "true");
        assert_eq!(one_line(host, &strict.stdout_text()), expected);
        assert_no_secret(&sandbox, &strict);
    });
}

#[test]
fn a_secret_that_aws_echoes_is_masked_wherever_it_came_from() {
    const KEY: &str = "made/up/secret/of/a/profile/that/nobody/may/see";
    const TOKEN: &str = "made-up-token-that-nobody-may-see";
    let denied = |secret: &str| Behaviour::error(403, "AccessDenied", &format!("refused <{secret}>"));
    let keys = format!("aws_access_key_id = AKIDPROFILE\naws_secret_access_key = {KEY}\n");
    let role = "role_arn = arn:aws:iam::111122223333:role/pull\n";

    let aws = FakeAws::start();
    aws.set(Api::EcrToken, denied(KEY));
    let plain = profile_for(&aws, &format!("[profile dev]\n{keys}"));
    reason(&plain, PRIVATE);

    let aws = FakeAws::start();
    aws.set(Api::AssumeRole, denied(KEY));
    let source = profile_for(&aws, &format!("[profile dev]\n{role}source_profile = base\n[profile base]\n{keys}"));
    reason(&source, PRIVATE);
    assert_eq!(aws.calls(Api::AssumeRole), 1);

    let aws = FakeAws::start();
    aws.set(Api::AssumeRoleWithWebIdentity, denied(TOKEN));
    let web = sandbox().with_aws(&aws).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
    let file = web.write("token", TOKEN);
    web.secret(TOKEN);
    reason(&web.env("AWS_WEB_IDENTITY_TOKEN_FILE", file), PRIVATE);
    assert_eq!(aws.calls(Api::AssumeRoleWithWebIdentity), 1);

    let aws = FakeAws::start();
    aws.set(Api::ContainerCredentials, denied(TOKEN));
    let container = sandbox().with_container(&aws);
    let file = container.write("token", TOKEN);
    container.secret(TOKEN);
    let container = container.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
    reason(&container, PRIVATE);
    assert_eq!(aws.requests_to(Api::ContainerCredentials)[0].header("authorization"), Some(TOKEN));

    // Nobody tells the helper this one; it is known by its length.
    let access_token = "aoaAAAAAGd0/1".repeat(30);
    let aws = FakeAws::start();
    aws.set(Api::SsoRoleCredentials, denied(&access_token));
    let sso = profile_for(&aws, SSO_PROFILE);
    sso_session(&sso, &access_token, "2099-01-01T00:00:00Z");
    reason(&sso, PRIVATE);
    assert_eq!(aws.calls(Api::SsoRoleCredentials), 1);
}

#[test]
fn credentials_that_were_issued_on_the_way_are_masked_too() {
    let container = |aws: &FakeAws| sandbox().with_aws(aws).with_container(aws);
    let aws = FakeAws::start();
    container(&aws).get(PRIVATE).password();
    let first = aws.issued()[0].clone();

    // Every fake issues the same secrets in the same order.
    let aws = FakeAws::start();
    let echo = format!("refused {} and {}", first.secret_access_key, first.session_token);
    aws.set(Api::EcrToken, Behaviour::error(400, "UnrecognizedClientException", &echo));
    assert_eq!(
        reason(&container(&aws), PRIVATE),
        "AWS rejected the credentials (UnrecognizedClientException: refused *** and ***); check the keys with `aws \
         sts get-caller-identity`, and this machine's clock"
    );
    assert_eq!(aws.issued()[0].secret_access_key, first.secret_access_key, "the fake no longer repeats itself");
}

#[test]
fn an_endless_message_is_cut_short() {
    let aws = FakeAws::start();
    let message = format!("{} {} end", "word ".repeat(20_000), secret_key_of(ACCESS_KEY_ID));
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", &message));
    let reason = reason(&keys_for(&aws), PRIVATE);
    assert!(reason.chars().count() < 600, "{} characters", reason.chars().count());
    assert!(reason.ends_with("…); allow `ecr:GetAuthorizationToken` in a policy of this identity"), "{reason}");
}

#[test]
fn blanks_for_a_secret_leave_messages_readable() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "no"));
    let sandbox =
        sandbox().with_aws(&aws).with_keys(ACCESS_KEY_ID).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", " ".repeat(9));
    assert_eq!(
        sandbox.get(PRIVATE).stderr,
        format!(
            "ecr-login: no password for {PRIVATE}: access denied (AccessDeniedException: no); allow \
             `ecr:GetAuthorizationToken` in a policy of this identity\n"
        )
    );
}
