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
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use docker_credential_ecr_login::Env;
use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource, MaxAge, Registry, Scope, resolve};
use serde_json::json;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::sandbox::{Reply, Running, Sandbox};

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

/// The reason for settings that are wrong.
fn misconfigured(detail: &str) -> String {
    format!("the AWS settings are invalid ({detail}); fix them and try again")
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

#[test]
fn keys_with_a_line_break_at_an_end_are_trimmed() {
    let aws = FakeAws::start();
    for end in ["\n", "\r\n", " ", "\u{a0}\n"] {
        let home = home_of(&aws)
            .env("AWS_ACCESS_KEY_ID", format!("AKIATRIMMED{end}"))
            .env("AWS_SECRET_ACCESS_KEY", format!("made/up/secret/with/an/end{end}"))
            .env("AWS_SESSION_TOKEN", format!("made-up-session-token{end}"));
        fetched(&aws, &home, "AKIATRIMMED");
        let asked = aws.requests_to(Api::EcrToken);
        assert_eq!(asked[asked.len() - 1].session_token.as_deref(), Some("made-up-session-token"), "{end:?}");
    }
}

#[test]
fn keys_that_cant_be_sent_are_named_and_not_shown() {
    let aws = FakeAws::start();
    let of_file = |id: &str| {
        let home = home_of(&aws);
        home.write(".aws/credentials", format!("[default]\naws_access_key_id = {id}\n{SECRET}"));
        home
    };
    let of_environment = |id: &str, token: &str| {
        home_of(&aws).with_keys("AKIA").env("AWS_ACCESS_KEY_ID", id).env("AWS_SESSION_TOKEN", token)
    };
    for (home, part, place) in [
        (of_environment("AKIA\nIDENTITY", ""), "access key ID", "the environment"),
        (of_environment("AKIA\u{1}", ""), "access key ID", "the environment"),
        (of_environment("\u{feff}AKIA", ""), "access key ID", "the environment"),
        (of_environment("AKIA", "made-up\rsession-token"), "session token", "the environment"),
        (of_environment("AKIA", "made-up-t\u{f6}ken"), "session token", "the environment"),
        (of_file("AKIA\u{1b}[0m"), "access key ID", "profile `default`"),
        (of_file("AKIA IDENTITY"), "access key ID", "profile `default`"),
    ] {
        let detail = format!(
            "the {part} is empty or contains a blank, a control character or a character outside ASCII, in {place}"
        );
        assert_eq!(reason(&home), misconfigured(&detail));
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn the_older_names_of_the_session_token_count() {
    let aws = FakeAws::start();
    let home = home_of(&aws).with_keys("AKIAENV").env("AWS_SECURITY_TOKEN", "made-up-session-token-1");
    fetched(&aws, &home, "AKIAENV");
    let home = home_of(&aws);
    home.write(
        ".aws/credentials",
        format!("[default]\naws_access_key_id = AKIAPROFILE\n{SECRET}aws_security_token = made-up-session-token-2\n"),
    );
    fetched(&aws, &home, "AKIAPROFILE");
    // The older name comes first, as in the AWS CLI.
    let home = home_of(&aws).with_keys("AKIABOTH").env("AWS_SECURITY_TOKEN", "made-up-session-token-3");
    fetched(&aws, &home.env("AWS_SESSION_TOKEN", "made-up-session-token-4"), "AKIABOTH");
    let tokens: Vec<_> = aws.requests_to(Api::EcrToken).into_iter().map(|request| request.session_token).collect();
    assert_eq!(tokens, [1, 2, 3].map(|number| Some(format!("made-up-session-token-{number}"))));
}

#[test]
fn no_key_is_taken_from_an_indented_line_that_names_another_property() {
    let aws = FakeAws::start();
    let home = home_of(&aws);
    home.write(
        ".aws/credentials",
        format!("[default]\naws_access_key_id = AKIAPROFILE\n\taws_session_token = made-up-session-token\n{SECRET}"),
    );
    fetched(&aws, &home, "AKIAPROFILE");
    assert_eq!(aws.requests_to(Api::EcrToken)[0].session_token.as_deref(), Some("made-up-session-token"));
}

// --- files that change -----------------------------------------------------------------------------------------------

/// Starts a `get` that writes a log of its own, and waits until it has determined its identity.
fn begun(home: &Sandbox, name: &str) -> Running {
    let log = home.home().join(name);
    let mut command = home.command(&["get"]);
    command.env("AWS_ECR_LOG", "debug").env("AWS_ECR_LOG_FILE", &log);
    let mut running = Running::start(command);
    running.write_all_and_close(HOST.as_bytes());
    let has_begun = || fs::read_to_string(&log).is_ok_and(|log| log.contains("no cached token"));
    let waits = (0..1_000).take_while(|_| !has_begun()).inspect(|_| thread::sleep(Duration::from_millis(5))).count();
    assert!(waits < 1_000, "{name} hasn't begun");
    running
}

/// A `get` waits for the lock while the files change: it asks with the identity that they had when it began, and keeps the
/// token for that one.
#[track_caller]
fn keeps_its_identity(
    aws: &FakeAws,
    home: &Sandbox,
    asked_first: Api,
    change: impl Fn(),
    change_back: impl Fn(),
    [before, after]: [&str; 2],
) {
    aws.set(asked_first, Behaviour::FailTimes(1, Box::new(Behaviour::Hang)));
    // This one holds the lock until it is killed.
    let mut first = begun(home, "first");
    aws.wait_for_calls(asked_first, 1, Duration::from_secs(10));
    let second = begun(home, "second");
    change();
    first.kill();
    let password = second.wait().password();
    assert_eq!(password_head(&password).access_key_id, before, "the identity when it began");

    fetched(aws, home, after);
    change_back();
    kept(aws, home, &password, "the files are as they were");
}

#[test]
fn a_profile_that_changes_while_a_get_waits_changes_nothing_for_it() {
    let aws = FakeAws::start();
    let home = home_of(&aws);
    home.write(".aws/credentials", format!("[default]\naws_access_key_id = AKIAONE\n{SECRET}"));
    let change = |from, to| edit(&home, ".aws/credentials", from, to);
    let names = ["AKIAONE", "AKIATWO"];
    let [one, two] = names;
    keeps_its_identity(&aws, &home, Api::EcrToken, || change(one, two), || change(two, one), names);
}

#[test]
fn a_web_identity_token_that_changes_while_a_get_waits_changes_nothing_for_it() {
    let aws = FakeAws::start();
    let home = home_of(&aws).env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Pull");
    let file = home.write("token", jwt("one", 1));
    let home = home.env("AWS_WEB_IDENTITY_TOKEN_FILE", file);
    let change = || drop(home.write("token", jwt("two", 1)));
    let change_back = || drop(home.write("token", jwt("one", 2)));
    let names = ["ASIA-Pull-web-1", "ASIA-Pull-web-2"];
    keeps_its_identity(&aws, &home, Api::AssumeRoleWithWebIdentity, change, change_back, names);
    let sent: Vec<_> = aws
        .requests_to(Api::AssumeRoleWithWebIdentity)
        .iter()
        .map(|request| request.form("WebIdentityToken"))
        .collect();
    assert_eq!(sent, [jwt("one", 1), jwt("one", 1), jwt("two", 1)].map(Some));
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
    let detail = "`credential_source = Environment`, but the environment has no key pair";
    assert_eq!(reason(&without_keys), misconfigured(detail));
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
fn keys_of_a_credential_process_are_used_whatever_their_expiration_says() {
    for expiration in [
        "\"2099-01-01T00:00:00Z\"",
        "\"2099-01-01T00:00:00UTC\"",
        "\"2099-01-01T00:00:00+0000\"",
        "\"2099-01-01 00:00:00+00:00\"",
        "\"2099-01-01\"",
        "\"2001-01-01T00:00:00Z\"",
        "\"never\"",
        "\"\"",
        "4070908800",
        "null",
    ] {
        let aws = FakeAws::start();
        let output = format!(
            "{{\"Version\":1,\"AccessKeyId\":\"AKIAODD\\n\",\"SecretAccessKey\":\"made/up/secret\",\"SessionToken\":\"\",\
             \"Expiration\":{expiration}}}"
        );
        let home = process_of(&aws, &format!("cat <<'END'\n{output}\nEND"));
        fetched(&aws, &home, "AKIAODD");
        assert_eq!(aws.requests_to(Api::EcrToken)[0].session_token, None, "{expiration}");
    }
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
    refreshable(&home);
    fetched(&aws, &home, "ASIA-Dev-sso-1");
    assert_eq!(aws.calls(Api::SsoCreateToken), 1);
}

#[test]
fn an_sso_session_is_used_however_its_end_is_written() {
    for (settings, file) in [(SSO_SESSION, TOKEN_OF_SESSION), (LEGACY_SSO, TOKEN_OF_START_URL)] {
        for expires_at in [
            FAR_AHEAD,
            "2099-01-01T00:00:00UTC",
            "2099-01-01T00:00:00z",
            "2099-01-01T00:00:00.123456Z",
            "2099-01-01T00:00:00+00:00",
            "2099-01-01T02:00:00+0200",
            "2099-01-01T00:00:00",
            "2099-01-01 00:00:00",
            "2099-01-01 00:00:00 UTC",
            // The portal decides.
            "Thu, 01 Jan 2099 00:00:00 GMT",
            "4070908800",
            "later",
        ] {
            let aws = FakeAws::start();
            let home = profile_of(&aws, settings);
            logged_in(&home, file, expires_at);
            fetched(&aws, &home, "ASIA-Dev-sso-1");
            assert_eq!(aws.calls(Api::SsoCreateToken), 0, "{expires_at}");
        }
    }
}

#[test]
fn an_sso_session_that_has_ended_is_not_used_however_its_end_is_written() {
    for expires_at in [LONG_AGO, "2020-01-01T00:00:00UTC", "2020-01-01 00:00:00", "2020-01-01T00:00:00+0200"] {
        let aws = FakeAws::start();
        let home = profile_of(&aws, SSO_SESSION);
        logged_in(&home, TOKEN_OF_SESSION, expires_at);
        assert_eq!(
            reason(&home),
            "the SSO session of profile `dev` has expired or was never started (the token of the session has expired); \
             run `aws sso login --profile dev`",
            "{expires_at}"
        );
        assert_eq!(aws.requests().len(), 0, "{expires_at}");
    }
}

#[test]
fn an_sso_session_that_cant_be_read_counts_as_never_started() {
    for contents in ["", "not JSON", "[]", "{}", r#"{"accessToken":""}"#, r#"{"accessToken":"made-up-access-token"}"#] {
        let aws = FakeAws::start();
        let home = profile_of(&aws, SSO_SESSION);
        home.write(TOKEN_OF_SESSION, contents);
        assert_eq!(
            reason(&home),
            "the SSO session of profile `dev` has expired or was never started (there is no token of the session); run \
             `aws sso login --profile dev`",
            "{contents}"
        );
    }
}

/// A moment as the AWS CLI writes it.
fn in_seconds(seconds: u64) -> String {
    let moment = aws_smithy_types::DateTime::from(SystemTime::now() + Duration::from_secs(seconds));
    moment.fmt(aws_smithy_types::date_time::Format::DateTime).expect("a date of this century")
}

/// Leaves behind a session that has ended and can be refreshed.
fn refreshable(home: &Sandbox) {
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
}

#[test]
fn a_refreshed_sso_session_is_saved_for_the_aws_cli_and_used_again() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, SSO_SESSION).env("AWS_ECR_DISABLE_CACHE", "1");
    refreshable(&home);
    for number in 1..=2 {
        let password = home.get(HOST).password();
        assert_eq!(password_head(&password).access_key_id, format!("ASIA-Dev-sso-{number}"));
    }
    assert_eq!(aws.calls(Api::SsoCreateToken), 1, "refreshed once");
    let asked = aws.requests_to(Api::SsoRoleCredentials);
    let bearer = asked[0].header("x-amz-sso_bearer_token");
    assert_eq!(bearer, asked[1].header("x-amz-sso_bearer_token"));
    let saved = fs::read_to_string(home.home().join(TOKEN_OF_SESSION)).expect("the session");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    assert_eq!(saved["accessToken"].as_str(), bearer);
    assert_ne!(saved["refreshToken"], "made-up-refresh-token-0123");
    assert_ne!(saved["expiresAt"], LONG_AGO);
    for (name, value) in [
        ("startUrl", "https://example.awsapps.com/start"),
        ("region", "eu-west-1"),
        ("clientId", "made-up-client"),
        ("clientSecret", "made-up-client-secret-0123"),
        ("registrationExpiresAt", FAR_AHEAD),
    ] {
        assert_eq!(saved[name], value, "{name}");
    }
}

#[test]
fn a_refreshed_sso_session_serves_even_where_it_cant_be_saved() {
    let aws = FakeAws::start();
    let home = profile_of(&aws, SSO_SESSION);
    let log = home.home().join("log");
    let home = home.env("AWS_ECR_LOG", "warn").env("AWS_ECR_LOG_FILE", &log);
    refreshable(&home);
    let file = home.home().join(TOKEN_OF_SESSION);
    let directory = file.parent().expect("a directory");
    fs::set_permissions(directory, fs::Permissions::from_mode(0o555)).expect("it is ours");
    if std::os::unix::fs::chown(directory, Some(65_534), None).is_err() {
        println!("not root, so the mode alone makes it read-only");
    }
    let before = fs::read(&file).expect("the session");
    fetched(&aws, &home, "ASIA-Dev-sso-1");
    assert_eq!(aws.calls(Api::SsoCreateToken), 1);
    assert_eq!(fs::read(&file).expect("the session"), before);
    let log = fs::read_to_string(log).expect("a log");
    assert!(log.contains(" warn  ["), "{log}");
    assert!(log.contains(&format!("] get {HOST}: the refreshed SSO token was not saved: ")), "{log}");
    home.assert_no_secret_in_text("the log", log.as_bytes());
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[test]
fn an_sso_session_that_cant_be_refreshed_serves_until_it_ends() {
    let soon = in_seconds(600);
    let aws = FakeAws::start();
    aws.set(Api::SsoCreateToken, Behaviour::error(400, "InvalidGrantException", "no more"));
    let home = profile_of(&aws, SSO_SESSION);
    refreshable(&home);
    edit(&home, TOKEN_OF_SESSION, LONG_AGO, &soon);
    fetched(&aws, &home, "ASIA-Dev-sso-1");
    assert_eq!(
        aws.requests_to(Api::SsoRoleCredentials)[0].header("x-amz-sso_bearer_token"),
        Some("made-up-old-access-token")
    );
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
        assert_eq!(
            reason(&home),
            "could not get credentials from profile `dev` (no credentials in the response of the SSO portal); try `aws \
             sts get-caller-identity` with the same settings"
        );
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
    let file = home.home().join("token");
    fs::remove_file(&file).expect("it is there");
    assert_eq!(reason(&home), misconfigured(&format!("the token file `{}` does not exist", file.display())));
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
        let settings = |setting: &str| home.write(".aws/config", format!("[default]\n{profile}{setting}"));
        settings(&services(&sts));
        let calls = sts.calls(api);
        let token = fetched(&ecr, &home, &format!("ASIA-Pull-{}", source_of(api, sts.issued().len() + 1)));
        assert_eq!(sts.calls(api), calls + 1, "{api:?}");
        config(&home, &sts.url(), &other.url());
        let calls = (sts.calls(api), other.calls(api));
        let another = home.get(HOST).password();
        assert_ne!(another, token, "{api:?}: another STS may see another identity");
        assert_eq!((sts.calls(api), other.calls(api)), (calls.0, calls.1 + 1), "{api:?}");

        settings(&format!("endpoint_url = {}\n", sts.url()));
        if api == Api::AssumeRoleWithWebIdentity {
            // A role of the environment, so the profile says nothing but the URL, wherever it stands.
            kept(&ecr, &home, &token, "the same URL in another place");
        } else {
            fetched(&ecr, &home, &format!("ASIA-Pull-{}", source_of(api, sts.issued().len() + 1)));
        }
        settings(&format!("endpoint_url = {}\n", other.url()));
        let calls = other.calls(api);
        assert_ne!(home.get(HOST).password(), token, "{api:?}: another STS may see another identity");
        // The web identity has a token of this STS already.
        assert_eq!(other.calls(api), calls + usize::from(api == Api::AssumeRole), "{api:?}");
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
fn an_empty_endpoint_variable_counts_as_unset() {
    let aws = FakeAws::start();
    let keys = format!("aws_access_key_id = AKIABASE\n{SECRET}");
    let role = format!(
        "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = base\nENDPOINT\n\
         [profile base]\n{keys}"
    );
    let sso = "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Pull\nENDPOINT\n\
               [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
    let static_keys = format!("[profile dev]\n{keys}ENDPOINT\n");
    let variables = ["STS", "SSO", "SSO_OIDC", "SIGNIN", "ECR"].map(|service| format!("AWS_ENDPOINT_URL_{service}"));
    let services = ["sts", "sso", "ecr"].map(|service| format!("{service} =\n  endpoint_url = {}\n", aws.url()));
    let services = format!("[services local]\n{}", services.concat());
    for settings in [role.as_str(), sso, &static_keys] {
        for (endpoint, more) in [
            (format!("endpoint_url = {}", aws.url()), ""),
            ("services = local".to_owned(), services.as_str()),
            (format!("endpoint_url =\nendpoint_url = {}", aws.url()), ""),
            ("services = local\nendpoint_url =".to_owned(), services.as_str()),
        ] {
            let home = profile_of(&aws, &format!("{}{more}", settings.replace("ENDPOINT", &endpoint)));
            let home = variables.iter().fold(home.env("AWS_ENDPOINT_URL", ""), |home, variable| home.env(variable, ""));
            logged_in(&home, TOKEN_OF_SESSION, FAR_AHEAD);
            home.get(HOST).password();
        }
    }
    // A general variable counts where that of the service is empty.
    let home = profile_of(&aws, &role.replace("ENDPOINT", "")).env("AWS_ENDPOINT_URL_STS", "");
    home.get(HOST).password();
}

#[test]
fn an_endpoint_that_is_no_url_is_named_before_anybody_is_asked() {
    let aws = FakeAws::start();
    let role = format!(
        "role_arn = arn:aws:iam::111122223333:role/Pull\nsource_profile = base\n[profile base]\naws_access_key_id = \
         AKIABASE\n{SECRET}"
    );
    let services =
        |url: &str| format!("[services local]\nsts =\n  endpoint_url = {url}\n[profile dev]\nservices = local\n{role}");
    for settings in [format!("[profile dev]\nendpoint_url = nonsense\n{role}"), services("nonsense")] {
        let home = profile_of(&aws, &settings).without("AWS_ENDPOINT_URL").env("AWS_ENDPOINT_URL_ECR", aws.url());
        let detail = "the endpoint URL is not an `http://` or `https://` URL";
        assert_eq!(reason(&home), misconfigured(detail), "{settings}");
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
fn credentials_of_a_container_are_used_whatever_their_expiration_says() {
    for expiration in [
        "\"2099-01-01T00:00:00Z\"",
        "\"2099-01-01T00:00:00UTC\"",
        "\"2099-01-01 00:00:00\"",
        "\"2001-01-01T00:00:00Z\"",
        "\"\"",
        "\"never\"",
        "4070908800",
        "4070908800.5",
        "null",
        "{}",
    ] {
        let aws = FakeAws::start();
        let body = format!(
            "{{\"AccessKeyId\":\"AKIAODD\",\"SecretAccessKey\":\"made/up/secret\",\"Token\":\"made/up/token\",\
             \"Expiration\":{expiration}}}"
        );
        aws.set(Api::ContainerCredentials, Behaviour::Garbage(body.into_bytes()));
        fetched(&aws, &home_of(&aws).with_container(&aws), "AKIAODD");
        assert_eq!(aws.requests_to(Api::EcrToken)[0].session_token.as_deref(), Some("made/up/token"), "{expiration}");
    }
}

#[test]
fn a_container_without_credentials_is_named_with_what_its_response_lacks() {
    for (body, problem) in [
        ("", "the response is not a JSON object"),
        ("{}", "the response has no `AccessKeyId`"),
        (r#"{"AccessKeyId":"AKIAODD"}"#, "the response has no `SecretAccessKey`"),
        (
            r#"{"AccessKeyId":"AKIA\nODD","SecretAccessKey":"made/up/secret"}"#,
            "the response is invalid: the access key ID is empty or contains a blank, a control character or a character \
             outside ASCII",
        ),
    ] {
        let aws = FakeAws::start();
        aws.set(Api::ContainerCredentials, Behaviour::Garbage(body.into()));
        let home = home_of(&aws).with_container(&aws);
        assert_eq!(
            reason(&home),
            format!(
                "could not get credentials from the container credentials endpoint ({problem}); try `aws sts \
                 get-caller-identity` with the same settings"
            )
        );
    }
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
