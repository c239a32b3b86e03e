//! The stand-ins of `tests/support`, held against the real AWS SDK: it must understand every answer and every error.
//!
//! ECR and ECR Public are asked with their clients. The services that give out AWS credentials are asked by the SDK's
//! default provider chain; since that reads its process's environment, it runs in a process of its own, inside a sandbox
//! (see [`the_default_chain`]). What the SDK has no client for here is asked in plain HTTP. Nothing leaves loopback.

#![expect(
    clippy::disallowed_methods,
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "tests use the real clock and processes, hand the SDK's own results on, and end where they fail"
)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_ecr::operation::RequestId as _;
use aws_sdk_ecr::operation::get_authorization_token::{GetAuthorizationTokenError, GetAuthorizationTokenOutput};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use support::fake_aws::{Api, Behaviour, FakeAws, PasswordHead, password_head};
use support::proxy::{Forward, Proxy};
use support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};
use support::tls::TestCa;

// --- ECR and ECR Public ----------------------------------------------------------------------------------------------

#[test]
fn the_sdk_reads_an_ecr_token_and_its_password_names_the_signer() {
    let aws = FakeAws::start();
    let data = ecr_token(&aws).unwrap().authorization_data.unwrap().remove(0);
    assert_eq!(data.proxy_endpoint(), Some("https://000000000000.dkr.ecr.eu-west-1.amazonaws.com"));
    let password = password_of(data.authorization_token().unwrap());
    assert_eq!(password.len(), 2_500);
    assert_eq!(password_head(&password), head("AKIDEXAMPLE", "eu-west-1", "ecr", 1));

    let again = ecr_token(&aws).unwrap().authorization_data.unwrap().remove(0);
    assert_eq!(password_head(&password_of(again.authorization_token().unwrap())).serial, 2, "each password is new");

    let [request, _] = <[_; 2]>::try_from(aws.requests()).unwrap();
    assert_eq!((request.api, request.method.as_str(), request.path.as_str()), (Api::EcrToken, "POST", "/"));
    assert_eq!(request.host, format!("127.0.0.1:{}", aws.port()));
    assert_eq!(request.header("X-AMZ-TARGET"), Some("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"));
    assert_eq!((request.body.as_slice(), request.session_token.as_deref()), (&b"{}"[..], None));
    assert_eq!((request.region.as_deref(), request.service.as_deref()), (Some("eu-west-1"), Some("ecr")));
}

#[test]
fn the_sdk_reads_an_ecr_public_token() {
    let aws = FakeAws::start();
    let output = ecr_public_token(&aws).unwrap();
    let data = output.authorization_data.unwrap();
    let password = password_of(data.authorization_token().unwrap());
    assert_eq!(password_head(&password), head("AKIDEXAMPLE", "us-east-1", "ecr-public", 1));
    assert!(lifetime_of(data.expires_at().unwrap()).abs_diff(Duration::from_hours(12)) < Duration::from_secs(10));
    assert_eq!((aws.calls(Api::EcrPublicToken), aws.calls(Api::EcrToken)), (1, 0));
}

#[test]
fn a_token_ends_when_the_test_says_so() {
    let aws = FakeAws::start();
    let end = || *ecr_token(&aws).unwrap().authorization_data.unwrap()[0].expires_at().unwrap();
    assert!(lifetime_of(&end()).abs_diff(Duration::from_hours(12)) < Duration::from_secs(10));
    aws.token_lifetime(Duration::from_secs(90));
    assert!(lifetime_of(&end()).abs_diff(Duration::from_secs(90)) < Duration::from_secs(10));
    let past = SystemTime::UNIX_EPOCH + Duration::from_millis(1_448_878_779_809);
    aws.expires_at(past);
    assert_eq!(end().to_millis().unwrap(), 1_448_878_779_809);
}

#[test]
fn an_error_reaches_the_sdk_with_status_code_message_and_request_id() {
    let cases = [
        (400, "AccessDeniedException", "User: … is not authorized to perform: ecr:GetAuthorizationToken"),
        (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
        (400, "ExpiredTokenException", "The security token included in the request is expired"),
        (400, "ThrottlingException", "Rate exceeded"),
        (400, "InvalidParameterException", "a \"quoted\" word\nand a second line"),
        (500, "ServerException", "internal"),
    ];
    for (status, code, message) in cases {
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, Behaviour::error(status, code, message));
        aws.set(Api::EcrPublicToken, Behaviour::error(status, code, message));
        let error = ecr_token(&aws).unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.request_id(), Some(aws.requests()[0].request_id.as_str()));
        let error = ecr_public_token(&aws).unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        assert_eq!(error.request_id(), Some(aws.requests()[1].request_id.as_str()));
    }
}

#[test]
fn the_ordered_failures_come_first_and_then_it_answers() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::FailTimes(2, Box::new(Behaviour::error(500, "ServerException", "try again"))));
    let retry = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
    let client = ecr(&aws.url(), plain(), &keys()).retry_config(retry);
    run(aws_sdk_ecr::Client::from_conf(client.build()).get_authorization_token().send()).unwrap();
    assert_eq!(aws.calls(Api::EcrToken), 3);
    aws.set(Api::EcrToken, Behaviour::FailTimes(1, Box::new(Behaviour::Status(503))));
    assert_eq!(ecr_token(&aws).unwrap_err().raw_response().unwrap().status().as_u16(), 503);
    ecr_token(&aws).unwrap();
}

#[test]
fn broken_answers_reach_the_sdk_as_they_are() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Garbage(b"<html>no JSON</html>".to_vec()));
    let error = ecr_token(&aws).unwrap_err();
    assert_eq!(error.raw_response().unwrap().body().bytes(), Some(&b"<html>no JSON</html>"[..]));
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 200);
    aws.set(Api::EcrToken, Behaviour::Empty);
    assert_eq!(ecr_token(&aws).unwrap().authorization_data, None);
    aws.set(Api::EcrToken, Behaviour::Status(502));
    let error = ecr_token(&aws).unwrap_err();
    let response = error.raw_response().unwrap();
    assert_eq!((response.status().as_u16(), response.body().bytes()), (502, Some(&b""[..])));
    aws.set(Api::EcrToken, Behaviour::Close);
    assert!(matches!(ecr_token(&aws), Err(SdkError::DispatchFailure(_))));
    assert_eq!(aws.calls(Api::EcrToken), 4);
}

#[test]
fn a_delay_delays_and_a_hang_lasts_until_the_fake_is_dropped() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(100)));
    let started = Instant::now();
    ecr_token(&aws).unwrap();
    assert!(started.elapsed() >= Duration::from_millis(100));

    aws.set(Api::EcrToken, Behaviour::Hang);
    let limit = TimeoutConfig::builder().operation_timeout(Duration::from_millis(200)).build();
    let client = aws_sdk_ecr::Client::from_conf(ecr(&aws.url(), plain(), &keys()).timeout_config(limit).build());
    assert!(matches!(run(client.get_authorization_token().send()), Err(SdkError::TimeoutError(_))));

    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_hours(1)));
    let mut waiting = connection(aws.port());
    waiting.write_all(&signed_request("ecr")).unwrap();
    aws.wait_for_calls(Api::EcrToken, 3, Duration::from_secs(5));
    let mut idle = connection(aws.port());
    idle.write_all(b"GET /nothing HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(answer(&mut idle).0, 404);
    let dropping = Instant::now();
    drop(aws);
    assert!(dropping.elapsed() < Duration::from_secs(1), "no hung, delayed or idle connection holds the drop up");
    assert_eq!(idle.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert_eq!(waiting.read_to_end(&mut Vec::new()).unwrap(), 0, "its connection was closed without an answer");
}

#[test]
fn requests_in_flight_at_one_moment_are_counted() {
    let aws = FakeAws::start();
    ecr_token(&aws).unwrap();
    ecr_token(&aws).unwrap();
    assert_eq!(aws.max_in_flight(Api::EcrToken), 1);
    aws.set(Api::EcrToken, Behaviour::Delay(Duration::from_millis(300)));
    std::thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| ecr_token(&aws).unwrap());
        }
        aws.wait_for_calls(Api::EcrToken, 7, Duration::from_secs(5));
    });
    assert_eq!((aws.max_in_flight(Api::EcrToken), aws.max_in_flight(Api::EcrPublicToken)), (5, 0));
}

#[test]
fn waiting_for_a_call_that_never_comes_fails() {
    let aws = FakeAws::start();
    fails(|| aws.wait_for_calls(Api::EcrToken, 1, Duration::from_millis(10)));
}

#[test]
fn hundreds_of_connections_at_once_are_answered_and_each_is_kept_alive() {
    const CONNECTIONS: usize = 300;
    let aws = FakeAws::start();
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| connection(aws.port())).collect();
    for _ in 0..2 {
        for connection in &mut connections {
            connection.write_all(&signed_request("ecr")).unwrap();
        }
        for connection in &mut connections {
            assert_eq!(answer(connection).0, 200);
        }
    }
    let mut numbers: Vec<_> = aws.requests().into_iter().map(|request| request.connection).collect();
    assert_eq!(numbers.len(), 2 * CONNECTIONS);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), CONNECTIONS);
}

#[test]
fn a_client_that_asks_for_it_gets_its_connection_closed_after_the_answer() {
    let aws = FakeAws::start();
    let mut connection = connection(aws.port());
    connection.write_all(b"GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 404 ") && text.ends_with("the fake knows no GET /nothing"), "{text}");
    assert_eq!(aws.calls(Api::Unknown), 1);
}

// --- who may ask -----------------------------------------------------------------------------------------------------

#[test]
fn a_request_that_nobody_signed_or_for_another_service_is_refused() {
    let aws = FakeAws::start();
    let unsigned =
        b"POST / HTTP/1.1\r\nX-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken\r\n\r\n";
    let cases = [
        (unsigned.to_vec(), 403, "MissingAuthenticationTokenException"),
        (signed_request("ecr-public"), 400, "InvalidSignatureException"),
        (signed_form("ecr", "Action=GetCallerIdentity"), 403, "<Code>SignatureDoesNotMatch</Code>"),
        (form("Action=GetCallerIdentity"), 403, "<Code>MissingAuthenticationToken</Code>"),
        (form("Action=AssumeRole&RoleArn=r&RoleSessionName=s"), 403, "<Code>MissingAuthenticationToken</Code>"),
        (form("Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s"), 400, "<Code>ValidationError</Code>"),
        (form("Action=DeleteEverything"), 404, "the fake knows no POST /"),
        (
            b"GET /federation/credentials?account_id=1&role_name=r HTTP/1.1\r\n\r\n".to_vec(),
            401,
            "UnauthorizedException",
        ),
        (b"GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n\r\n".to_vec(), 401, "Unauthorized"),
        (b"PUT /latest/api/token HTTP/1.1\r\n\r\n".to_vec(), 400, "Bad Request"),
    ];
    for (request, status, needle) in cases {
        let mut connection = connection(aws.port());
        connection.write_all(&request).unwrap();
        let (found, text) = answer(&mut connection);
        assert!(found == status && text.contains(needle), "expected {status} {needle}: {text}");
    }
}

#[test]
fn the_sdk_reads_who_it_is_or_why_it_may_not_know() {
    let aws = FakeAws::start();
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(aws_sdk_sts::config::Region::new("eu-west-1"))
        .endpoint_url(aws.url())
        .http_client(plain())
        .credentials_provider(keys())
        .retry_config(RetryConfig::disabled());
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let identity = run(client.get_caller_identity().send()).unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::000000000000:user/AKIDEXAMPLE"));
    assert_eq!((identity.account(), identity.user_id()), (Some("000000000000"), Some("AKIDEXAMPLE")));
    aws.set(Api::CallerIdentity, Behaviour::error(403, "AccessDenied", "may not <ask> & hear"));
    let error = run(client.get_caller_identity().send()).unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("AccessDenied"), Some("may not <ask> & hear")));
    assert_eq!(aws.calls(Api::CallerIdentity), 2);
}

#[test]
fn issued_credentials_work_with_their_session_token_until_they_expire() {
    let aws = FakeAws::start();
    let mut connection = connection(aws.port());
    let mut issue = |lifetime| {
        aws.credentials_lifetime(lifetime);
        connection.write_all(b"GET /container/credentials HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(answer(&mut connection).0, 200);
        aws.issued().pop().unwrap()
    };
    let (alive, dead) = (issue(Duration::from_hours(1)), issue(Duration::ZERO));
    let ask = |access_key_id: &str, session_token: Option<&str>| {
        let token = session_token.map(str::to_owned);
        let credentials = Credentials::new(access_key_id, "any", token, None, "test");
        let client = aws_sdk_ecr::Client::from_conf(ecr(&aws.url(), plain(), &credentials).build());
        run(client.get_authorization_token().send()).map_err(|error| error.code().unwrap_or_default().to_owned())
    };
    ask(&alive.access_key_id, Some(&alive.session_token)).unwrap();
    let last = aws.requests().pop().unwrap();
    assert_eq!(last.session_token.as_ref(), Some(&alive.session_token));
    let refused = |code: &str| Err(code.to_owned());
    assert_eq!(ask(&alive.access_key_id, None), refused("UnrecognizedClientException"));
    assert_eq!(ask(&alive.access_key_id, Some(&dead.session_token)), refused("UnrecognizedClientException"));
    assert_eq!(ask(&dead.access_key_id, Some(&dead.session_token)), refused("ExpiredTokenException"));
}

#[test]
fn every_date_is_written_as_the_sdk_would() {
    let aws = FakeAws::start();
    let mut connection = connection(aws.port());
    // Long enough for every day of a year and a leap day, in steps that also move hours, minutes and seconds.
    for step in 0..500 {
        aws.credentials_lifetime(Duration::from_secs(step * 262_741));
        connection.write_all(b"GET /container/credentials HTTP/1.1\r\n\r\n").unwrap();
        let (_, text) = answer(&mut connection);
        let expiration = DateTime::from_secs(DateTime::from(aws.issued().pop().unwrap().expires_at).secs());
        let expiration = expiration.fmt(Format::DateTime).unwrap();
        assert!(text.contains(&format!("\"Expiration\":\"{expiration}\"")), "expected {expiration}: {text}");
        let now = DateTime::from(SystemTime::now()).secs();
        let date = |second| DateTime::from_secs(second).fmt(Format::HttpDate).unwrap();
        let dates = [date(now), date(now - 1)];
        assert!(dates.iter().any(|date| text.contains(&format!("Date: {date}\r\n"))), "expected {dates:?}: {text}");
    }
}

// --- where AWS credentials come from ---------------------------------------------------------------------------------

/// A profile with static keys, and a role to be assumed from it.
const PROFILES: &str = "[profile base]
region = eu-west-1
aws_access_key_id = AKIDBASE
aws_secret_access_key = base/secret/base/secret/base/secret/base
[profile pull]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/ci/pull
source_profile = base
external_id = a b&c
[profile chained]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/last
source_profile = pull
[profile sso]
region = eu-west-1
sso_session = team
sso_account_id = 111122223333
sso_role_name = Developer
[sso-session team]
sso_region = eu-west-1
sso_start_url = https://team.awsapps.com/start
";

#[test]
fn the_sdk_assumes_a_role_and_a_role_from_that_role() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "chained");
    sandbox.write(".aws/config", PROFILES);
    assert_eq!(default_chain(&sandbox), Ok("ASIA-last-assumed-2".to_owned()));
    let [first, second] = <[_; 2]>::try_from(aws.requests_to(Api::AssumeRole)).unwrap();
    assert_eq!(first.access_key_id.as_deref(), Some("AKIDBASE"));
    assert_eq!(first.form("RoleArn").as_deref(), Some("arn:aws:iam::111122223333:role/ci/pull"));
    assert_eq!(first.form("ExternalId").as_deref(), Some("a b&c"));
    assert_eq!(second.access_key_id.as_deref(), Some("ASIA-pull-assumed-1"));
}

#[test]
fn a_test_chooses_the_access_key_id_that_is_issued() {
    let aws = FakeAws::start();
    aws.issue_as(Api::AssumeRole, "ASIACHOSEN");
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "pull");
    sandbox.write(".aws/config", PROFILES);
    assert_eq!(default_chain(&sandbox), Ok("ASIACHOSEN".to_owned()));
}

#[test]
fn the_sdk_hears_why_sts_refuses() {
    let aws = FakeAws::start();
    aws.set(Api::AssumeRole, Behaviour::error(403, "AccessDenied", "AKIDBASE may not assume pull"));
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "pull");
    sandbox.write(".aws/config", PROFILES);
    let error = default_chain(&sandbox).unwrap_err();
    assert!(error.contains("AccessDenied") && error.contains("AKIDBASE may not assume pull"), "{error}");
    assert!(error.contains(&aws.requests()[0].request_id), "{error}");
}

#[test]
fn the_sdk_trades_a_web_identity_token_for_credentials() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws);
    let token = sandbox.write("web-identity-token", "header.claims.signature");
    let sandbox = sandbox
        .env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/deploy")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", token)
        .env("AWS_REGION", "eu-west-1");
    assert_eq!(default_chain(&sandbox), Ok("ASIA-deploy-web-1".to_owned()));
    let [request] = <[_; 1]>::try_from(aws.requests()).unwrap();
    assert_eq!((request.api, request.access_key_id.as_deref()), (Api::AssumeRoleWithWebIdentity, None));
    assert_eq!(request.form("WebIdentityToken").as_deref(), Some("header.claims.signature"));
}

#[test]
fn the_sdk_uses_an_sso_session_and_renews_one_that_has_expired() {
    // The name of the file is the SHA-1 of the session's name, `team`.
    const TOKEN_FILE: &str = ".aws/sso/cache/d25187dc137f35c88bc80ec8c3ffbdb17b5eb873.json";
    let token = |expires_at: &str| {
        format!(
            r#"{{"accessToken": "old-token", "expiresAt": "{expires_at}", "region": "eu-west-1", "clientId": "client",
            "startUrl": "https://team.awsapps.com/start", "clientSecret": "client-secret", "refreshToken": "refresh",
            "registrationExpiresAt": "2999-01-01T00:00:00Z"}}"#
        )
    };
    for (expires_at, renewals) in [("2999-01-01T00:00:00Z", 0), ("2001-01-01T00:00:00Z", 1)] {
        let aws = FakeAws::start();
        let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "sso");
        sandbox.write(".aws/config", PROFILES);
        sandbox.write(TOKEN_FILE, token(expires_at));
        assert_eq!(default_chain(&sandbox), Ok("ASIA-Developer-sso-1".to_owned()));
        assert_eq!(aws.calls(Api::SsoCreateToken), renewals);
        let bearer = aws.requests_to(Api::SsoRoleCredentials)[0].header("x-amz-sso_bearer_token").unwrap().to_owned();
        assert_eq!(bearer == "old-token", renewals == 0);
    }
}

#[test]
fn the_sdk_hears_that_an_sso_session_is_over() {
    let aws = FakeAws::start();
    aws.set(
        Api::SsoRoleCredentials,
        Behaviour::error(401, "UnauthorizedException", "Session token not found or invalid"),
    );
    aws.set(Api::SsoCreateToken, Behaviour::error(400, "InvalidGrantException", "Invalid refresh token provided"));
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "sso");
    sandbox.write(".aws/config", PROFILES.replace("sso_session = team", "sso_region = eu-west-1\nsso_start_url = x"));
    // The SHA-1 of `x`, since a profile without a session keeps its token under the start URL.
    let token = r#"{"accessToken": "token", "expiresAt": "2999-01-01T00:00:00Z"}"#;
    sandbox.write(".aws/sso/cache/11f6ad8ec52a2984abaafd7c3b516503785c2072.json", token);
    let error = default_chain(&sandbox).unwrap_err();
    assert!(error.contains("UnauthorizedException") && error.contains("Session token not found or invalid"), "{error}");
}

#[test]
fn the_sdk_uses_a_login_session_and_renews_one_that_has_expired() {
    for (expires_at, signer, renewals) in
        [("2999-01-01T00:00:00Z", "ASIALOGIN", 0), ("2001-01-01T00:00:00Z", "ASIA-Dev-login-1", 1)]
    {
        let aws = FakeAws::start();
        let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
        let session = sandbox.with_login_session("dev", expires_at);
        assert_eq!(default_chain(&sandbox), Ok(signer.to_owned()));
        assert_eq!((aws.calls(Api::SigninToken), aws.requests().len()), (renewals, renewals));
        // What it was given is what it keeps.
        let kept = std::fs::read_to_string(session).unwrap();
        assert!(kept.contains(signer), "{kept}");
        for issued in aws.issued() {
            assert!(kept.contains(&issued.secret_access_key) && kept.contains(&issued.session_token), "{kept}");
        }
    }
}

#[test]
fn the_sdk_hears_why_a_login_session_isnt_renewed() {
    for (code, said) in [
        ("AccessDeniedException/TOKEN_EXPIRED", "expired"),
        ("AccessDeniedException/USER_CREDENTIALS_CHANGED", "changed"),
        ("AccessDeniedException/INSUFFICIENT_PERMISSIONS", "insufficient permissions"),
        ("TooManyRequestsError/server_error", "TooManyRequestsError"),
    ] {
        let aws = FakeAws::start();
        aws.set(Api::SigninToken, Behaviour::error(400, code, "no more"));
        let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
        sandbox.with_login_session("dev", "2001-01-01T00:00:00Z");
        let error = default_chain(&sandbox).unwrap_err();
        assert!(error.to_lowercase().contains(&said.to_lowercase()), "{code}: {error}");
    }
}

#[test]
fn the_sdk_finds_role_and_region_of_the_instance() {
    let aws = FakeAws::start();
    aws.instance_role("web-server");
    aws.instance_region("ap-southeast-2");
    let sandbox = Sandbox::new().with_metadata(&aws);
    assert_eq!(default_chain(&sandbox), Ok("ASIA-web-server-metadata-1".to_owned()));
    let apis: Vec<_> = aws.requests().into_iter().map(|request| request.api).collect();
    for api in [Api::MetadataToken, Api::MetadataRole, Api::MetadataCredentials, Api::MetadataRegion] {
        assert!(apis.contains(&api), "{api:?} is missing in {apis:?}");
    }
    aws.set(Api::MetadataRole, Behaviour::Status(404));
    let error = default_chain(&Sandbox::new().with_metadata(&aws)).unwrap_err();
    assert!(error.contains("received 404 from IMDS"), "{error}");
}

#[test]
fn the_sdk_shows_its_token_to_the_container_service() {
    let aws = FakeAws::start();
    aws.require_container_token("right token");
    let sandbox = || Sandbox::new().with_container(&aws).env("AWS_REGION", "eu-west-1");
    let right = sandbox().env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "right token");
    assert_eq!(default_chain(&right), Ok("ASIA-task-role-container-1".to_owned()));
    assert_eq!(aws.requests()[0].header("authorization"), Some("right token"));
    let error = default_chain(&sandbox().env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "wrong token")).unwrap_err();
    assert!(error.contains("401"), "{error}");
    assert_eq!(aws.issued().len(), 1);
}

/// Not a test by itself: [`default_chain`] runs it in a process of its own, whose environment decides what it finds.
#[test]
#[ignore = "run by the tests of credential sources, each with an environment of its own"]
fn the_default_chain() {
    run(async {
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(plain()).load().await;
        match config.credentials_provider().expect("the default chain is on").provide_credentials().await {
            Ok(credentials) => println!("\nfound: {} :end", credentials.access_key_id()),
            Err(error) => println!("\nfailed: {} :end", DisplayErrorContext(&error)),
        }
    });
}

/// The access key ID that the SDK's default chain finds in this sandbox, or why it finds none.
fn default_chain(sandbox: &Sandbox) -> Result<String, String> {
    let helper = sandbox.command(&[]);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_default_chain", "--ignored", "--nocapture"]).env_clear();
    command.envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let text = Running::start(command).wait().stdout_text();
    let between = |begin| Some(text.split_once(begin)?.1.split_once(" :end")?.0.to_owned());
    match (between("\nfound: "), between("\nfailed: ")) {
        (Some(found), None) => Ok(found),
        (None, Some(failed)) => Err(failed),
        _ => panic!("the chain said neither: {text}"),
    }
}

// --- TLS and the proxy -----------------------------------------------------------------------------------------------

#[test]
fn over_tls_only_who_trusts_the_authority_gets_an_answer() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let aws = FakeAws::start_tls(&ca, &[]);
    assert_eq!(aws.url(), format!("https://127.0.0.1:{}", aws.port()));
    let ask = |url: &str, trusted: &TestCa| {
        let client = ecr(url, Builder::new().tls_provider(RING).tls_context(trust(trusted)).build_https(), &keys());
        run(aws_sdk_ecr::Client::from_conf(client.build()).get_authorization_token().send())
    };
    ask(&aws.url(), &ca).unwrap();
    ask(&format!("https://localhost:{}", aws.port()), &ca).unwrap();
    assert!(matches!(ask(&aws.url(), &other), Err(SdkError::DispatchFailure(_))));
    assert_eq!(aws.calls(Api::EcrToken), 2);
}

#[test]
fn through_the_proxy_any_host_name_ends_at_the_fake() {
    const HOST: &str = "api.ecr.eu-west-1.invalid";
    let ca = TestCa::new();
    let (named, unnamed) = (FakeAws::start_tls(&ca, &[HOST]), FakeAws::start_tls(&ca, &[]));
    for (aws, certified) in [(&named, true), (&unnamed, false)] {
        let proxy = Proxy::start(Forward::To(aws.port()));
        let answer = ask_through(ProxyConfig::all(proxy.url()).unwrap(), Some(&ca), &format!("https://{HOST}"));
        assert_eq!(answer.is_ok(), certified, "the certificate decides");
        assert_eq!(proxy.targets(), [format!("{HOST}:443")]);
        assert_eq!(proxy.requests()[0].method, "CONNECT");
        assert_eq!(
            aws.requests().iter().map(|request| request.host.as_str()).collect::<Vec<_>>(),
            &[HOST][..answer.iter().len()]
        );
    }
}

#[test]
fn the_proxy_forwards_plain_requests_and_checks_who_asks() {
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::To(aws.port()));
    proxy.require("me", "secret");
    let stranger = ProxyConfig::all(proxy.url()).unwrap();
    let error = ask_through(stranger.clone(), None, "http://ecr.invalid").unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 407);
    assert_eq!(aws.requests().len(), 0);
    ask_through(stranger.with_basic_auth("me", "secret"), None, "http://ecr.invalid").unwrap();
    let request = aws.requests().remove(0);
    assert_eq!((request.host.as_str(), request.path.as_str()), ("ecr.invalid", "/"));
    assert_eq!(request.header("proxy-authorization"), None, "that was for the proxy alone");
    assert_eq!(proxy.targets(), ["http://ecr.invalid/", "http://ecr.invalid/"]);
    assert_eq!(proxy.requests()[1].authorization.as_deref(), Some("Basic bWU6c2VjcmV0"));
    assert_eq!(proxy.url_of("me", "x"), proxy.url().replace("//", "//me:x@"));
}

#[test]
fn a_refusing_proxy_refuses_tunnels_and_plain_requests() {
    let ca = TestCa::new();
    let proxy = Proxy::start(Forward::Refuse);
    let config = ProxyConfig::all(proxy.url()).unwrap();
    let tunnel = ask_through(config.clone(), Some(&ca), "https://ecr.invalid");
    assert!(matches!(tunnel, Err(SdkError::DispatchFailure(_))));
    let plain = ask_through(config, None, "http://ecr.invalid").unwrap_err();
    assert_eq!(plain.raw_response().unwrap().status().as_u16(), 403);
    assert_eq!(proxy.targets(), ["ecr.invalid:443", "http://ecr.invalid/"]);
}

// --- the sandbox -----------------------------------------------------------------------------------------------------

#[test]
fn a_run_sees_the_sandbox_and_nothing_of_the_world_outside() {
    let sandbox = Sandbox::new().with_keys("AKIDEXAMPLE").without("AWS_EC2_METADATA_DISABLED").env("ONE", "1");
    let helper = sandbox.command(&["get"]);
    assert_eq!(helper.get_current_dir(), Some(sandbox.home().as_path()));
    let mut printenv = Command::new("/usr/bin/env");
    printenv.env_clear().envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let seen = Running::start(printenv).wait().stdout_text();
    let names: Vec<_> = seen.lines().map(|line| line.split_once('=').unwrap().0).collect();
    let expected = [
        "AWS_ACCESS_KEY_ID",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        "AWS_ENDPOINT_URL",
        "AWS_SECRET_ACCESS_KEY",
        "HOME",
        "ONE",
        "PATH",
    ];
    assert_eq!(names, expected);
    assert!(seen.contains("AWS_ENDPOINT_URL=http://127.0.0.1:9\n"), "{seen}");
}

#[cfg(unix)]
#[test]
fn files_of_the_sandbox_are_the_owners_alone_and_programs_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let file = sandbox.write(".aws/config", "[default]");
    assert_eq!(file, sandbox.home().join(".aws/config"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    sandbox.write(".aws/config", "[profile replaced]");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[profile replaced]");
    let program =
        sandbox.program("docker-credential-other", "#!/bin/sh\nread -r line\necho \"$line\"\necho no >&2\nexit 3\n");
    let mut running = Running::start(Command::new(&program));
    running.write_all_and_close(b"a line\n");
    let reply = running.wait();
    assert_eq!((reply.stdout_text().as_str(), reply.stderr.as_str(), reply.code), ("a line\n", "no\n", Some(3)));
    let mut running = Running::start(Command::new(&program));
    assert!(!running.has_ended(), "it reads a stdin that stays open");
    running.kill();
    assert_eq!(running.wait().code, None);
    let outside = panic::catch_unwind(AssertUnwindSafe(|| sandbox.write("/etc/motd", "no")));
    assert!(outside.is_err());
    let path = sandbox.path().to_owned();
    drop(sandbox);
    assert!(!path.exists());
}

#[test]
fn a_secret_in_an_output_is_found_even_when_it_was_cut_short() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).with_keys("AKIDEXAMPLE");
    sandbox.write(".aws/credentials", "[default]\naws_secret_access_key = file/secret/file/secret/file\n");
    let token = ecr_token(&aws).unwrap().authorization_data.unwrap().remove(0).authorization_token.unwrap();
    let password = password_of(&token);
    let environment = sandbox.command(&[]);
    let key = environment.get_envs().find(|(name, _)| *name == "AWS_SECRET_ACCESS_KEY").unwrap().1.unwrap();
    for secret in [key.to_str().unwrap(), "file/secret/file/secret/file", &password, &password[..100], &token[..100]] {
        let text = format!("error: `{secret}` was refused\n");
        fails(|| sandbox.assert_no_secret_in(&reply(0, "", &text)));
        fails(|| sandbox.assert_no_secret_in(&reply(1, &text, "")));
        sandbox.assert_no_secret_in(&reply(0, &text, ""));
    }
    sandbox.assert_no_secret_in(&reply(1, NOT_FOUND, "AKIDEXAMPLE has no permission"));
}

#[test]
fn a_reply_is_judged_by_every_byte() {
    let good = r#"{"ServerURL":"h","Username":"AWS","Secret":"s"}"#;
    assert_eq!(reply(0, good, "").password(), "s");
    fails(|| drop(reply(0, good, "a word on stderr").password()));
    fails(|| drop(reply(1, good, "").password()));
    fails(|| drop(reply(0, &good.replace("AWS", "<token>"), "").password()));
    fails(|| drop(reply(0, &good.replace(r#""s""#, r#""""#), "").password()));
    reply(1, "credentials not found in native keychain\n", "the reason").assert_not_found();
    fails(|| reply(0, NOT_FOUND, "").assert_not_found());
    fails(|| reply(1, "credentials not found", "").assert_not_found());
}

// --- helpers ---------------------------------------------------------------------------------------------------------

const RING: Provider = Provider::Rustls(CryptoMode::Ring);

type Answer = Result<GetAuthorizationTokenOutput, SdkError<GetAuthorizationTokenError, HttpResponse>>;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn keys() -> Credentials {
    Credentials::new("AKIDEXAMPLE", "secret", None, None, "test")
}

/// An HTTP client without TLS.
fn plain() -> SharedHttpClient {
    Builder::new().build_http()
}

fn ecr(url: &str, http: SharedHttpClient, credentials: &Credentials) -> aws_sdk_ecr::config::Builder {
    aws_sdk_ecr::Config::builder()
        .behavior_version(aws_sdk_ecr::config::BehaviorVersion::latest())
        .region(aws_sdk_ecr::config::Region::new("eu-west-1"))
        .endpoint_url(url)
        .http_client(http)
        .credentials_provider(credentials.clone())
        .retry_config(RetryConfig::disabled())
}

fn ecr_token(aws: &FakeAws) -> Answer {
    let client = aws_sdk_ecr::Client::from_conf(ecr(&aws.url(), plain(), &keys()).build());
    run(client.get_authorization_token().send())
}

fn ecr_public_token(
    aws: &FakeAws,
) -> Result<
    aws_sdk_ecrpublic::operation::get_authorization_token::GetAuthorizationTokenOutput,
    SdkError<aws_sdk_ecrpublic::operation::get_authorization_token::GetAuthorizationTokenError, HttpResponse>,
> {
    let config = aws_sdk_ecrpublic::Config::builder()
        .behavior_version(aws_sdk_ecrpublic::config::BehaviorVersion::latest())
        .region(aws_sdk_ecrpublic::config::Region::new("us-east-1"))
        .endpoint_url(aws.url())
        .http_client(plain())
        .credentials_provider(keys())
        .retry_config(RetryConfig::disabled());
    run(aws_sdk_ecrpublic::Client::from_conf(config.build()).get_authorization_token().send())
}

fn trust(ca: &TestCa) -> TlsContext {
    let store = TrustStore::empty().with_pem_certificate(ca.pem());
    TlsContext::builder().with_trust_store(store).build().unwrap()
}

/// Asks for a token through a proxy; over TLS when there is an authority to trust.
fn ask_through(proxy: ProxyConfig, ca: Option<&TestCa>, url: &str) -> Answer {
    let trusted = ca.map(trust);
    let http = Builder::new().build_with_connector_fn(move |_, _| {
        let connector = Connector::builder().proxy_config(proxy.clone());
        match &trusted {
            Some(trusted) => connector.tls_provider(RING).tls_context(trusted.clone()).build(),
            None => connector.build_http(),
        }
    });
    run(aws_sdk_ecr::Client::from_conf(ecr(url, http, &keys()).build()).get_authorization_token().send())
}

fn head(access_key_id: &str, region: &str, service: &str, serial: usize) -> PasswordHead {
    let [access_key_id, region, service] = [access_key_id, region, service].map(str::to_owned);
    PasswordHead { access_key_id, region, service, serial }
}

fn password_of(token: &str) -> String {
    String::from_utf8(BASE64.decode(token).unwrap()).unwrap().strip_prefix("AWS:").unwrap().to_owned()
}

fn lifetime_of(expires_at: &DateTime) -> Duration {
    SystemTime::try_from(*expires_at).unwrap().duration_since(SystemTime::now()).unwrap()
}

fn reply(code: i32, stdout: &str, stderr: &str) -> Reply {
    Reply { stdout: stdout.into(), stderr: stderr.to_owned(), code: Some(code), elapsed: Duration::ZERO }
}

/// Checks that a check fails.
#[track_caller]
fn fails(check: impl FnOnce()) {
    assert!(panic::catch_unwind(AssertUnwindSafe(check)).is_err(), "the check passed");
}

fn connection(port: u16) -> TcpStream {
    let connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    connection
}

/// A request for an ECR token, signed for this service (the fake doesn't verify the signature itself).
fn signed_request(service: &str) -> Vec<u8> {
    let target = "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    format!("POST / HTTP/1.1\r\n{target}\r\n{}\r\nContent-Length: 2\r\n\r\n{{}}", signature(service)).into_bytes()
}

fn signed_form(service: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\n{}\r\nContent-Length: {}\r\n\r\n{body}", signature(service), body.len()).into_bytes()
}

fn form(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn signature(service: &str) -> String {
    let scope = format!("AKIDEXAMPLE/20260131/eu-west-1/{service}/aws4_request");
    format!("Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00")
}

/// The status and the whole text of the next answer of a connection.
fn answer(connection: &mut TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), text.into_owned());
            }
        }
        let read = match connection.read(&mut buffer) {
            // A read with a time limit isn't resumed by itself after a signal.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read.unwrap(),
        };
        assert!(read > 0, "the connection ended early: {text}");
        bytes.extend_from_slice(&buffer[..read]);
    }
}
