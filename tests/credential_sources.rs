//! Every source of credentials, by the real binary: whose keys sign the request for the token, and what the cached token
//! survives.
//!
//! A token survives what can't change who we are: a rotated web identity token, an SSO session that is over, an edit of
//! another profile. It doesn't survive what may: an edit of the own profile, another role, another subject. The order of
//! the sources, and the identities of all settings, are in `identities`; that a hit touches no network, whatever the
//! source, in `hit_is_offline`; how long a token of an opaque source lasts, in `token`.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files")]

mod support;

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use docker_credential_ecr_login::Env;
use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource, MaxAge, Registry, Scope, resolve};
use serde_json::json;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// A secret key for a profile; [`Sandbox::write`] knows it as such.
const SECRET: &str = "aws_secret_access_key = made/up/secret/of/a/profile/0123456789\n";

fn home_of(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws)
}

/// A home that uses the profile `dev` of this configuration.
fn profile_of(aws: &FakeAws, config: &str) -> Sandbox {
    let home = home_of(aws).env("AWS_PROFILE", "dev");
    home.write(".aws/config", config);
    home
}

/// Replaces a part of a file below the home directory.
#[track_caller]
fn edit(home: &Sandbox, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(home.home().join(file)).expect("a text");
    assert!(text.contains(from), "`{from}` isn't in {file}, so replacing it changes nothing");
    home.write(file, text.replace(from, to));
}

fn config(home: &Sandbox, from: &str, to: &str) {
    edit(home, ".aws/config", from, to);
}

/// Gets a password that isn't cached, checks that these keys asked for it, and that the next `get` has it from the cache.
#[track_caller]
fn fetched(aws: &FakeAws, home: &Sandbox, access_key_id: &str) -> String {
    let calls = aws.calls(Api::EcrToken);
    let password = home.get(HOST).password();
    assert_eq!(password_head(&password).access_key_id, access_key_id);
    assert_eq!(aws.calls(Api::EcrToken), calls + 1, "one call for the token");
    kept(aws, home, &password, "nothing happened");
    password
}

/// Checks that the cached token is served, and nobody asked.
#[track_caller]
fn kept(aws: &FakeAws, home: &Sandbox, password: &str, what: &str) {
    let requests = aws.requests().len();
    assert_eq!(home.get(HOST).password(), password, "{what}: another token");
    assert_eq!(aws.requests().len(), requests, "{what}: AWS was asked");
}

/// Why there is no password.
#[track_caller]
fn reason(home: &Sandbox) -> String {
    let reply: Reply = home.get(HOST);
    reply.assert_not_found();
    home.assert_no_secret_in(&reply);
    let line = reply.stderr.strip_suffix('\n').expect("a whole line");
    let reason = line.strip_prefix(&format!("ecr-login: no password for {HOST}: "));
    reason.unwrap_or_else(|| panic!("another beginning: {line}")).to_owned()
}

/// A token of an identity provider, without a signature: nobody here checks one.
fn jwt(subject: &str, serial: u32) -> String {
    let claims = json!({ "iss": "https://issuer.example", "sub": subject, "jti": serial });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

// --- keys ------------------------------------------------------------------------------------------------------------

#[test]
fn keys_in_the_environment_until_the_access_key_is_another() {
    let aws = FakeAws::start();
    let home = home_of(&aws).with_keys("AKIAONE").env("AWS_SESSION_TOKEN", "made-up-session-token");
    let token = fetched(&aws, &home, "AKIAONE");
    assert_eq!(aws.requests_to(Api::EcrToken)[0].session_token.as_deref(), Some("made-up-session-token"));

    let home = home.env("AWS_SESSION_TOKEN", "made-up-refreshed-session-token");
    kept(&aws, &home, &token, "another session token of the same key");
    home.write(".aws/credentials", format!("[default]\naws_access_key_id = AKIAPROFILE\n{SECRET}"));
    kept(&aws, &home, &token, "a profile, which keys in the environment come before");

    let home = home.with_keys("AKIATWO");
    fetched(&aws, &home, "AKIATWO");
    kept(&aws, &home.with_keys("AKIAONE"), &token, "the first key again");
}

#[test]
fn keys_of_a_profile_until_it_is_edited() {
    for file in [".aws/credentials", ".aws/config"] {
        let aws = FakeAws::start();
        let home = home_of(&aws);
        let contents = format!("[default]\naws_access_key_id = AKIAONE\n{SECRET}[profile other]\nregion = eu-west-1\n");
        home.write(file, contents);
        let token = fetched(&aws, &home, "AKIAONE");

        edit(&home, file, "region = eu-west-1", "region = eu-west-2");
        kept(&aws, &home, &token, "another profile was edited");
        edit(&home, file, "[default]", "# mine\n[default]");
        kept(&aws, &home, &token, "a comment");

        edit(&home, file, "AKIAONE", "AKIATWO");
        fetched(&aws, &home, "AKIATWO");
        edit(&home, file, "0123456789", "9876543210");
        fetched(&aws, &home, "AKIATWO");
        edit(&home, file, "# mine\n[default]", "[default]\noutput = json");
        fetched(&aws, &home, "AKIATWO");
    }
}

// --- roles -----------------------------------------------------------------------------------------------------------

#[test]
fn a_chain_of_three_profiles_until_any_of_them_is_edited() {
    let aws = FakeAws::start();
    let home = profile_of(
        &aws,
        &format!(
            "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = middle\n\
             external_id = blue\nrole_session_name = me\n\
             [profile middle]\nrole_arn = arn:aws:iam::444455556666:role/Middle\nsource_profile = base\n\
             [profile base]\naws_access_key_id = AKIABASE\n{SECRET}[profile other]\nregion = eu-west-1\n"
        ),
    );
    let token = fetched(&aws, &home, "ASIA-Pull-assumed-2");
    let assumed: Vec<_> = aws
        .requests_to(Api::AssumeRole)
        .iter()
        .map(|request| {
            let form = |name| request.form(name).unwrap_or_default();
            (request.access_key_id.clone().unwrap_or_default(), form("RoleArn"), form("ExternalId"))
        })
        .collect();
    let step = |key: &str, arn: &str, id: &str| (key.to_owned(), arn.to_owned(), id.to_owned());
    assert_eq!(
        assumed,
        [
            step("AKIABASE", "arn:aws:iam::444455556666:role/Middle", ""),
            step("ASIA-Middle-assumed-1", "arn:aws:iam::111122223333:role/Pull", "blue"),
        ]
    );
    assert_eq!(aws.requests_to(Api::AssumeRole)[1].form("RoleSessionName").as_deref(), Some("me"));

    config(&home, "region = eu-west-1", "region = eu-west-2");
    kept(&aws, &home, &token, "another profile was edited");

    config(&home, "role/Pull", "role/Push");
    fetched(&aws, &home, "ASIA-Push-assumed-4");
    config(&home, "role/Middle", "role/Center");
    fetched(&aws, &home, "ASIA-Push-assumed-6");
    config(&home, "AKIABASE", "AKIAOTHER");
    fetched(&aws, &home, "ASIA-Push-assumed-8");
}

#[test]
fn a_role_that_wants_a_code_even_when_its_session_is_over() {
    // As the AWS CLI names the files, for one device and for another.
    let name = |hash| format!(".aws/cli/cache/{hash}.json");
    let (file, others) =
        (name("fac8b53a2c3c345e147e0b9f94fed69646f7d9b4"), name("d31677b2bc4b6801333aa4099298a016f97154a6"));
    let aws = FakeAws::start();
    let home = profile_of(
        &aws,
        &format!(
            "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = base\n\
             mfa_serial = arn:aws:iam::111122223333:mfa/dev\n\
             [profile base]\naws_access_key_id = AKIABASE\n{SECRET}[profile other]\nregion = eu-west-1\n"
        ),
    );
    let session = |file: &str, access_key_id: &str, expiration: &str| {
        let credentials = json!({
            "AccessKeyId": access_key_id,
            "SecretAccessKey": "made/up/secret/of/a/session",
            "SessionToken": "made/up/token/of/a/session",
            "Expiration": expiration,
        });
        home.write(file, json!({ "Credentials": credentials }).to_string());
    };
    home.secret("made/up/secret/of/a/session");
    home.secret("made/up/token/of/a/session");
    session(&file, "ASIASESSION", FAR_AHEAD);
    let token = fetched(&aws, &home, "ASIASESSION");

    session(&file, "ASIASESSION", LONG_AGO);
    kept(&aws, &home, &token, "the session expired");
    fs::remove_file(home.home().join(&file)).expect("it is there");
    kept(&aws, &home, &token, "the session was removed");
    config(&home, "region = eu-west-1", "region = eu-west-2");
    kept(&aws, &home, &token, "another profile was edited");
    session(&file, "ASIANEWER", FAR_AHEAD);
    kept(&aws, &home, &token, "another session was begun");

    session(&others, "ASIAOTHER", FAR_AHEAD);
    config(&home, "mfa/dev", "mfa/other");
    fetched(&aws, &home, "ASIAOTHER");
    config(&home, "AKIABASE", "AKIASECOND");
    fetched(&aws, &home, "ASIAOTHER");
}

/// The profile `dev`: a role on a credential source.
fn role_on(source: &str) -> String {
    format!("[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\ncredential_source = {source}\n")
}

#[test]
fn a_role_on_the_environment_gives_way_to_the_keys_it_is_built_on() {
    // Keys in the environment come before any profile that `AWS_PROFILE` names, for the SDKs and the AWS CLI too.
    let aws = FakeAws::start();
    let home = profile_of(&aws, &role_on("Environment")).with_keys("AKIAENV");
    let token = fetched(&aws, &home, "AKIAENV");
    config(&home, "role/Pull", "role/Push");
    kept(&aws, &home, &token, "the profile that isn't used was edited");

    let without_keys = home.without("AWS_ACCESS_KEY_ID");
    let reason = reason(&without_keys);
    assert!(reason.starts_with("could not get credentials from profile `dev` ("), "{reason}");
    assert_eq!(aws.calls(Api::AssumeRole), 0);
}

#[test]
fn a_role_on_the_instance_whatever_the_instance_becomes_within_the_hour() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, &role_on("Ec2InstanceMetadata")).with_metadata(&aws);
    let token = fetched(&aws, &home, "ASIA-Pull-assumed-2");
    let assumed = aws.requests_to(Api::AssumeRole);
    assert_eq!(assumed[0].access_key_id.as_deref(), Some("ASIA-instance-role-metadata-1"));

    aws.instance_role("another-role");
    aws.set(Api::MetadataToken, Behaviour::Status(500));
    kept(&aws, &home, &token, "the instance got another role, and its metadata service failed");

    aws.set(Api::MetadataToken, Behaviour::Answer);
    config(&home, "role/Pull", "role/Push");
    fetched(&aws, &home, "ASIA-Push-assumed-4");
}

#[test]
fn a_role_on_the_container_whatever_the_container_gives_within_the_hour() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, &role_on("EcsContainer")).with_container(&aws);
    let token = fetched(&aws, &home, "ASIA-Pull-assumed-2");
    let assumed = aws.requests_to(Api::AssumeRole);
    assert_eq!(assumed[0].access_key_id.as_deref(), Some("ASIA-task-role-container-1"));

    aws.set(Api::ContainerCredentials, Behaviour::Status(500));
    kept(&aws, &home, &token, "the container service failed");

    aws.set(Api::ContainerCredentials, Behaviour::Answer);
    config(&home, "role/Pull", "role/Push");
    fetched(&aws, &home, "ASIA-Push-assumed-4");
}

// --- credential_process ----------------------------------------------------------------------------------------------

/// A home whose credentials come from the program `give-keys`.
fn process_of(aws: &FakeAws, script: &str) -> Sandbox {
    let home = profile_of(aws, "[profile dev]\ncredential_process = give-keys --for ecr\n");
    home.program("give-keys", &format!("#!/bin/sh\n{script}\n"));
    home
}

fn keys_as_json(access_key_id: &str) -> String {
    format!(
        "printf '{{\"Version\":1,\"AccessKeyId\":\"{access_key_id}\",\"SecretAccessKey\":\"made/up/secret/of/a/process\"}}'"
    )
}

#[test]
fn a_credential_process_whatever_it_would_say_within_the_hour() {
    let aws = FakeAws::start();
    let home = process_of(&aws, &keys_as_json("AKIAPROCESS"));
    home.secret("made/up/secret/of/a/process");
    let token = fetched(&aws, &home, "AKIAPROCESS");

    home.program("give-keys", "#!/bin/sh\nexit 1\n");
    kept(&aws, &home, &token, "the program fails");

    home.program("give-keys", &format!("#!/bin/sh\n{}\n", keys_as_json("AKIAOTHER")));
    config(&home, "--for ecr", "--for all");
    fetched(&aws, &home, "AKIAOTHER");
}

#[test]
fn a_credential_process_that_fails_is_quoted() {
    let aws = FakeAws::start();
    let home = process_of(&aws, "echo 'vault is sealed: ask the team' >&2; exit 3");
    let reason = reason(&home);
    assert!(reason.starts_with("could not get credentials from profile `dev` ("), "{reason}");
    assert!(reason.contains("vault is sealed: ask the team") && reason.contains('3'), "{reason}");
    assert!(reason.ends_with("; try `aws sts get-caller-identity` with the same settings"), "{reason}");
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_credential_process_that_never_ends_is_given_up() {
    let aws = FakeAws::start();
    let home = process_of(&aws, "exec sleep 5").env("AWS_ECR_TIMEOUT", "1");
    let reply = home.get(HOST);
    reply.assert_not_found();
    assert!(
        reply
            .stderr
            .contains("could not get credentials from profile `dev` (`credential_process` timed out after 1 s)"),
        "{}",
        reply.stderr
    );
    assert!(reply.elapsed < Duration::from_secs(3), "{:?}", reply.elapsed);
}

// --- SSO -------------------------------------------------------------------------------------------------------------

const SSO_SESSION: &str = "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
     [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n\
     [profile other]\nregion = eu-west-1\n";
const LEGACY_SSO: &str = "[profile dev]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n\
     sso_account_id = 111122223333\nsso_role_name = Dev\n[profile other]\nregion = eu-west-1\n";

/// Where the AWS CLI keeps the session: the SHA-1 of `corp`, and of the start URL where sessions have no name.
const TOKEN_OF_SESSION: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
const TOKEN_OF_START_URL: &str = ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json";

const LONG_AGO: &str = "2020-01-01T00:00:00Z";
const FAR_AHEAD: &str = "2099-01-01T00:00:00Z";

/// Leaves behind what `aws sso login` does.
fn logged_in(home: &Sandbox, file: &str, expires_at: &str) {
    home.secret("made-up-access-token-of-a-session");
    let session = json!({
        "accessToken": "made-up-access-token-of-a-session",
        "expiresAt": expires_at,
        "region": "eu-west-1",
        "startUrl": "https://example.awsapps.com/start",
    });
    home.write(file, session.to_string());
}

/// What the portal says to a session that was ended elsewhere.
fn session_ended() -> Behaviour {
    Behaviour::error(401, "UnauthorizedException", "Session token not found or invalid")
}

#[test]
fn an_sso_session_even_when_it_is_over() {
    for (what, settings, file) in
        [("a session", SSO_SESSION, TOKEN_OF_SESSION), ("without a session", LEGACY_SSO, TOKEN_OF_START_URL)]
    {
        let aws = FakeAws::start();
        let home = profile_of(&aws, settings);
        logged_in(&home, file, FAR_AHEAD);
        let token = fetched(&aws, &home, "ASIA-Dev-sso-1");
        let asked = &aws.requests_to(Api::SsoRoleCredentials)[0];
        assert_eq!(asked.header("x-amz-sso_bearer_token"), Some("made-up-access-token-of-a-session"), "{what}");
        assert!(asked.path.contains("account_id=111122223333") && asked.path.contains("role_name=Dev"), "{what}");

        aws.set(Api::SsoRoleCredentials, session_ended());
        kept(&aws, &home, &token, "the session was ended elsewhere");
        logged_in(&home, file, LONG_AGO);
        kept(&aws, &home, &token, "the session expired");
        fs::remove_file(home.home().join(file)).expect("it is there");
        kept(&aws, &home, &token, "the session was removed");
        config(&home, "[profile other]\nregion = eu-west-1", "[profile other]\nregion = eu-west-2");
        kept(&aws, &home, &token, "another profile was edited");

        config(&home, "sso_role_name = Dev", "sso_role_name = Admin");
        assert!(reason(&home).ends_with("; run `aws sso login --profile dev`"), "{what}");
        aws.set(Api::SsoRoleCredentials, Behaviour::Answer);
        logged_in(&home, file, FAR_AHEAD);
        fetched(&aws, &home, "ASIA-Admin-sso-2");
    }
}

#[test]
fn an_expired_sso_session_that_can_be_refreshed_is_refreshed() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, SSO_SESSION);
    let secrets = ["made-up-old-access-token", "made-up-client-secret-0123", "made-up-refresh-token-0123"];
    for secret in secrets {
        home.secret(secret);
    }
    let session = json!({
        "accessToken": secrets[0],
        "expiresAt": LONG_AGO,
        "region": "eu-west-1",
        "startUrl": "https://example.awsapps.com/start",
        "clientId": "made-up-client",
        "clientSecret": secrets[1],
        "refreshToken": secrets[2],
        "registrationExpiresAt": FAR_AHEAD,
    });
    home.write(TOKEN_OF_SESSION, session.to_string());
    fetched(&aws, &home, "ASIA-Dev-sso-1");
    assert_eq!(aws.calls(Api::SsoCreateToken), 1);
}

#[test]
fn an_sso_session_that_is_over_names_the_profile_to_log_in() {
    let role = |source: &str| {
        format!("[profile {source}-role]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = {source}\n")
    };
    for (settings, file) in [(SSO_SESSION, TOKEN_OF_SESSION), (LEGACY_SSO, TOKEN_OF_START_URL)] {
        // `aws sso login` wants the profile with the SSO settings (https://github.com/aws/aws-cli/issues/7632).
        for (name, log_in) in [("dev", "dev"), ("dev-role", "dev"), ("dev-role-role", "dev")] {
            let aws = FakeAws::start();
            let settings = format!("{settings}{}{}", role("dev"), role("dev-role"));
            let home = profile_of(&aws, &settings).env("AWS_PROFILE", name);
            aws.set(Api::SsoRoleCredentials, session_ended());
            let expected = format!(
                "the SSO session of profile `{log_in}` has expired or was never started (CAUSE); run `aws sso login \
                 --profile {log_in}`"
            );
            let (start, end) = expected.split_once("CAUSE").expect("a place for the cause");
            let check = |what: &str| {
                let reason = reason(&home);
                assert!(reason.starts_with(start) && reason.ends_with(end), "{name}, {what}: {reason}");
            };
            check("nobody has logged in");
            logged_in(&home, file, LONG_AGO);
            check("expired");
            logged_in(&home, file, FAR_AHEAD);
            check("ended elsewhere");

            // The session is well; the role is not.
            aws.set(Api::SsoRoleCredentials, Behaviour::Answer);
            aws.set(Api::AssumeRole, Behaviour::error(403, "AccessDenied", "not authorized to assume it"));
            if name != log_in {
                let start = format!(
                    "could not get credentials from profile `{name}` (AccessDenied: not authorized to assume it)"
                );
                assert!(reason(&home).starts_with(&start), "{}", reason(&home));
            }
        }
    }
}

#[test]
fn an_sso_role_that_isnt_assigned_isnt_mended_by_a_login() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, SSO_SESSION);
    logged_in(&home, TOKEN_OF_SESSION, FAR_AHEAD);
    aws.set(Api::SsoRoleCredentials, Behaviour::error(403, "ForbiddenException", "No access"));
    let reason = reason(&home);
    assert!(
        reason.starts_with("could not get credentials from profile `dev` (ForbiddenException: No access)"),
        "{reason}"
    );
}

#[test]
fn an_sso_portal_that_answers_with_nothing_isnt_mended_by_a_login() {
    for answer in [Behaviour::Empty, Behaviour::Garbage(b"{}".to_vec())] {
        let aws = FakeAws::start();
        let home = profile_of(&aws, SSO_SESSION);
        logged_in(&home, TOKEN_OF_SESSION, FAR_AHEAD);
        aws.set(Api::SsoRoleCredentials, answer);
        let reason = reason(&home);
        assert!(reason.starts_with("unexpected response from the AWS API (SSO did not return "), "{reason}");
    }
}

// --- web identity ----------------------------------------------------------------------------------------------------

#[test]
fn a_web_identity_of_the_environment_until_role_or_subject_is_another() {
    let aws = FakeAws::start();
    let home = home_of(&aws).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Pull");
    let file = home.write("token", jwt("repo:app:ref:main", 1));
    let home = home.env("AWS_WEB_IDENTITY_TOKEN_FILE", file).env("AWS_ROLE_SESSION_NAME", "build-1");
    let token = fetched(&aws, &home, "ASIA-Pull-web-1");
    let assumed = &aws.requests_to(Api::AssumeRoleWithWebIdentity)[0];
    assert_eq!(assumed.form("WebIdentityToken"), Some(jwt("repo:app:ref:main", 1)));
    assert_eq!(assumed.form("RoleSessionName").as_deref(), Some("build-1"));
    assert_eq!(assumed.access_key_id, None, "the token is all that is needed");

    home.write("token", jwt("repo:app:ref:main", 2));
    kept(&aws, &home, &token, "the token was rotated");

    home.write("token", jwt("repo:app:ref:other", 1));
    fetched(&aws, &home, "ASIA-Pull-web-2");
    let home = home.env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Push");
    fetched(&aws, &home, "ASIA-Push-web-3");
    let home = home.env("AWS_ROLE_SESSION_NAME", "build-2");
    fetched(&aws, &home, "ASIA-Push-web-4");
    fs::remove_file(home.home().join("token")).expect("it is there");
    assert!(reason(&home).starts_with("could not get credentials from the web identity token ("), "{}", reason(&home));
}

#[test]
fn a_web_identity_of_a_profile_until_role_or_subject_is_another() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, "");
    let file = home.write("token", jwt("system:serviceaccount:ci:builder", 1));
    home.write(
        ".aws/config",
        format!(
            "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nweb_identity_token_file = {}\n\
             [profile other]\nregion = eu-west-1\n",
            file.display()
        ),
    );
    let token = fetched(&aws, &home, "ASIA-Pull-web-1");

    home.write("token", jwt("system:serviceaccount:ci:builder", 2));
    kept(&aws, &home, &token, "the token was rotated");
    config(&home, "eu-west-1", "eu-west-2");
    kept(&aws, &home, &token, "another profile was edited");

    home.write("token", jwt("system:serviceaccount:ci:deployer", 1));
    fetched(&aws, &home, "ASIA-Pull-web-2");
    config(&home, "role/Pull", "role/Push");
    fetched(&aws, &home, "ASIA-Push-web-3");
}

/// A section that names the fake as STS, and an API for tokens that is another one.
fn services(aws: &FakeAws) -> String {
    format!("services = local\n[services local]\nsts =\n  endpoint_url = {}\n", aws.url())
}

#[test]
fn the_profile_says_where_sts_is_until_it_says_something_else() {
    let (sts, other, ecr) = (FakeAws::start(), FakeAws::start(), FakeAws::start());
    let web_identity = || {
        let home = home_of(&ecr).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Pull");
        let file = home.write("token", jwt("repo:app:ref:main", 1));
        (home.env("AWS_WEB_IDENTITY_TOKEN_FILE", file), String::new(), Api::AssumeRoleWithWebIdentity)
    };
    let role = || {
        let base = format!("[base]\naws_access_key_id = AKIABASE\n{SECRET}");
        let home = home_of(&ecr);
        home.write(".aws/credentials", base);
        let role = "role_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = base\n";
        (home, role.to_owned(), Api::AssumeRole)
    };
    for (home, profile, api) in [web_identity(), role()] {
        // ECR alone has an endpoint in the environment.
        let home = home.without("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_ECR", ecr.url());
        for (number, setting) in [services(&sts), format!("endpoint_url = {}\n", sts.url())].iter().enumerate() {
            home.write(".aws/config", format!("[default]\n{profile}{setting}"));
            let calls = sts.calls(api);
            let token = fetched(&ecr, &home, &format!("ASIA-Pull-{}", source_of(api, sts.issued().len() + 1)));
            assert_eq!(sts.calls(api), calls + 1, "{api:?} {number}");
            config(&home, &sts.url(), &other.url());
            let calls = (sts.calls(api), other.calls(api));
            let another = home.get(HOST).password();
            assert_ne!(another, token, "{api:?} {number}: another STS may think that we are somebody else");
            assert_eq!((sts.calls(api), other.calls(api)), (calls.0, calls.1 + 1), "{api:?} {number}");
        }
    }
}

/// Gets both passwords with a role on top of an SSO session: SSO, STS, ECR and ECR Public each have their own requests.
#[track_caller]
fn each_is_asked_for_its_own(home: &Sandbox, [sso, sts, ecr, public]: [&FakeAws; 4]) {
    assert_eq!(password_head(&home.get(HOST).password()).access_key_id, "ASIA-Pull-assumed-1");
    assert_eq!(password_head(&home.get("public.ecr.aws").password()).access_key_id, "ASIA-Pull-assumed-2");
    for (service, asked, times) in [
        (sso, Api::SsoRoleCredentials, 2),
        (sts, Api::AssumeRole, 2),
        (ecr, Api::EcrToken, 1),
        (public, Api::EcrPublicToken, 1),
    ] {
        assert_eq!((service.calls(asked), service.requests().len()), (times, times), "{asked:?}");
    }
}

#[test]
fn each_service_has_an_endpoint_variable_of_its_own() {
    let (sso, sts, ecr, public) = (FakeAws::start(), FakeAws::start(), FakeAws::start(), FakeAws::start());
    // Where the general one leads, nobody listens.
    let home = Sandbox::new()
        .env("AWS_PROFILE", "role")
        .env("AWS_ENDPOINT_URL_SSO", sso.url())
        .env("AWS_ENDPOINT_URL_STS", sts.url())
        .env("AWS_ENDPOINT_URL_ECR", ecr.url())
        .env("AWS_ENDPOINT_URL_ECR_PUBLIC", public.url());
    let role = "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = dev\n";
    home.write(".aws/config", format!("{SSO_SESSION}{role}"));
    logged_in(&home, TOKEN_OF_SESSION, FAR_AHEAD);
    each_is_asked_for_its_own(&home, [&sso, &sts, &ecr, &public]);
}

#[test]
fn a_services_section_has_an_endpoint_for_each_service() {
    let (sso, sts, ecr, public) = (FakeAws::start(), FakeAws::start(), FakeAws::start(), FakeAws::start());
    let home = Sandbox::new().without("AWS_ENDPOINT_URL").env("AWS_PROFILE", "role");
    let section = |name: &str, aws: &FakeAws| format!("{name} =\n  endpoint_url = {}\n", aws.url());
    let services = [section("sso", &sso), section("sts", &sts), section("ecr", &ecr), section("ecr_public", &public)];
    let services = format!("[services local]\n{}", services.concat());
    let role =
        "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = dev\nservices = local\n";
    home.write(".aws/config", format!("{SSO_SESSION}{role}{services}"));
    logged_in(&home, TOKEN_OF_SESSION, FAR_AHEAD);
    each_is_asked_for_its_own(&home, [&sso, &sts, &ecr, &public]);
}

fn source_of(api: Api, serial: usize) -> String {
    format!("{}-{serial}", if api == Api::AssumeRole { "assumed" } else { "web" })
}

#[test]
fn an_empty_endpoint_variable_is_named_where_it_would_count() {
    let aws = FakeAws::start();
    let unset = |variable: &str| {
        format!(
            "the AWS settings are invalid (`{variable}` is set to the empty string; unset it); fix them and try again"
        )
    };
    let keys = format!("aws_access_key_id = AKIABASE\n{SECRET}");
    let role = format!(
        "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = base\n[profile base]\n{keys}"
    );
    let sso = "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Pull\n\
               [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
    let login = "[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/Dev\n";
    let web = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nweb_identity_token_file = /token\n";
    for (settings, variable) in [
        (role.as_str(), "AWS_ENDPOINT_URL_STS"),
        (sso, "AWS_ENDPOINT_URL_SSO"),
        (sso, "AWS_ENDPOINT_URL_SSO_OIDC"),
        (login, "AWS_ENDPOINT_URL_SIGNIN"),
        (web, "AWS_ENDPOINT_URL_STS"),
    ] {
        let home = profile_of(&aws, settings);
        assert_eq!(reason(&home.env(variable, "")), unset(variable), "{settings}");
        let home = profile_of(&aws, settings).env("AWS_ENDPOINT_URL", "").env("AWS_ENDPOINT_URL_ECR", aws.url());
        assert_eq!(reason(&home), unset("AWS_ENDPOINT_URL"), "{settings}");
    }
    let of_environment = home_of(&aws).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Pull");
    let file = of_environment.write("token", jwt("repo:app:ref:main", 1));
    let of_environment = of_environment.env("AWS_WEB_IDENTITY_TOKEN_FILE", file);
    assert_eq!(reason(&of_environment.env("AWS_ENDPOINT_URL_STS", "")), unset("AWS_ENDPOINT_URL_STS"));
    assert_eq!(aws.requests().len(), 0);

    // Nobody asks STS here, and there it has one of its own.
    let home = profile_of(&aws, &format!("[profile dev]\n{keys}"));
    fetched(&aws, &home.env("AWS_ENDPOINT_URL_STS", "").env("AWS_ENDPOINT_URL_SSO", ""), "AKIABASE");
    let home = profile_of(&aws, &role).env("AWS_ENDPOINT_URL", "").env("AWS_ENDPOINT_URL_ECR", aws.url());
    fetched(&aws, &home.env("AWS_ENDPOINT_URL_STS", aws.url()), "ASIA-Pull-assumed-1");
}

#[test]
fn an_endpoint_that_is_no_url_is_named_before_anybody_is_asked() {
    let aws = FakeAws::start();
    let role = format!(
        "role_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = base\n[profile base]\naws_access_key_id = \
         AKIABASE\n{SECRET}"
    );
    let services =
        |url: &str| format!("[services local]\nsts =\n  endpoint_url ={url}\n[profile dev]\nservices = local\n{role}");
    for settings in [
        format!("[profile dev]\nendpoint_url =\n{role}"),
        format!("[profile dev]\nendpoint_url = nonsense\n{role}"),
        services(""),
        services(" nonsense"),
    ] {
        let home = profile_of(&aws, &settings).without("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_ECR", aws.url());
        assert_eq!(
            reason(&home),
            "the AWS settings are invalid (the endpoint URL is not an `http://` or `https://` URL); fix them and try \
             again",
            "{settings}"
        );
    }
    assert_eq!(aws.requests().len(), 0);
}

// --- containers and instances ----------------------------------------------------------------------------------------

#[test]
fn a_container_with_a_token_whatever_it_gives_within_the_hour() {
    let aws = FakeAws::start();
    aws.require_container_token("made-up-container-token");
    let home = home_of(&aws).with_container(&aws).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-container-token");
    let token = fetched(&aws, &home, "ASIA-task-role-container-1");

    aws.set(Api::ContainerCredentials, Behaviour::Status(500));
    kept(&aws, &home, &token, "the container service failed");

    // It isn't a JWT, so nothing tells whose it is but itself.
    aws.set(Api::ContainerCredentials, Behaviour::Answer);
    aws.require_container_token("made-up-container-token-2");
    fetched(
        &aws,
        &home.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-container-token-2"),
        "ASIA-task-role-container-2",
    );
}

#[test]
fn a_container_with_a_token_file_until_its_subject_is_another() {
    let aws = FakeAws::start();
    let home = home_of(&aws).with_container(&aws);
    let file = home.write("token", jwt("system:serviceaccount:shop:web", 1));
    let home = home.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
    aws.require_container_token(&jwt("system:serviceaccount:shop:web", 1));
    let token = fetched(&aws, &home, "ASIA-task-role-container-1");

    home.write("token", jwt("system:serviceaccount:shop:web", 2));
    kept(&aws, &home, &token, "the token was rotated");

    home.write("token", jwt("system:serviceaccount:shop:job", 1));
    aws.require_container_token(&jwt("system:serviceaccount:shop:job", 1));
    fetched(&aws, &home, "ASIA-task-role-container-2");
    let path = format!("{}/container/credentials?another", aws.url());
    fetched(&aws, &home.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", path), "ASIA-task-role-container-3");
}

#[test]
fn a_container_at_localhost_as_cloudshell_has_it() {
    let aws = FakeAws::start();
    aws.require_container_token("made-up-container-token");
    let uri = format!("http://localhost:{}/container/credentials", aws.port());
    let home = home_of(&aws)
        .with_container(&aws)
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-container-token");
    fetched(&aws, &home, "ASIA-task-role-container-1");
}

/// A relative URI is one of 169.254.170.2, where `tests/well_known_addresses.rs` goes; this is what the library makes of it,
/// on every system.
#[test]
fn a_container_with_a_relative_uri_until_it_is_another() {
    let scope = |variables: &[(&str, &str)]| -> (Scope, CredentialSource) {
        let env = Env::fixed([("HOME", "/nonexistent")].iter().chain(variables).copied());
        let registry = Registry::parse(HOST).expect("an ECR host");
        let (scope, plan) = resolve(&env, &registry).expect("good settings");
        (scope, plan.source)
    };
    let relative = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/one");
    let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/credentials");
    let key = |variables: &[(&str, &str)]| scope(variables).0.key();
    let (task, source) = scope(&[relative]);
    assert_eq!(source, CredentialSource::Container);
    assert_eq!(task.identity.cache_policy, CachePolicy::Cached(MaxAge::OneHour));
    assert_eq!(key(&[relative, full]), task.key(), "it wins over a full URI");
    assert_ne!(key(&[full]), task.key());
    let other = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/two");
    assert_ne!(key(&[other]), task.key(), "another task");
}

#[test]
fn the_instance_whatever_its_role_becomes_within_the_hour() {
    let aws = FakeAws::start();
    let home = home_of(&aws).with_metadata(&aws);
    let asked = aws.requests().len();
    let token = if cfg!(target_os = "linux") {
        fetched(&aws, &home, "ASIA-instance-role-metadata-1")
    } else {
        println!("NOT TESTED: tokens of an instance aren't kept on this system");
        return assert!(home.get(HOST).code == Some(0));
    };
    let apis: Vec<Api> = aws.requests()[asked..].iter().map(|request| request.api).collect();
    assert_eq!(apis[0], Api::MetadataToken, "version 2: a session first");
    assert!(!apis.contains(&Api::Unknown), "{apis:?}");

    aws.instance_role("another-role");
    aws.set(Api::MetadataToken, Behaviour::Status(500));
    kept(&aws, &home, &token, "the instance got another role, and its metadata service failed");

    home.write(".aws/credentials", format!("[default]\naws_access_key_id = AKIAPROFILE\n{SECRET}"));
    fetched(&aws, &home, "AKIAPROFILE");
}
