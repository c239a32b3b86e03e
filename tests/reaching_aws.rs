//! The way to AWS: whom to trust.
//!
//! All on loopback, against the fake of AWS behind certificates of an authority that only the test knows.
#![cfg(unix)]

mod support;

use std::path::Path;

use support::fake_aws::{Api, FakeAws, password_head};
use support::sandbox::Sandbox;
use support::tls::TestCa;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const ACCESS_KEY_ID: &str = "AKIDREACHING";

/// Why there is no password for a host, as the person is told.
#[track_caller]
fn reason(sandbox: &Sandbox, host: &str) -> String {
    let reply = sandbox.get(host);
    reply.assert_not_found();
    sandbox.assert_no_secret_in(&reply);
    let reason = reply.stderr.strip_prefix(&format!("ecr-login: no password for {host}: "));
    reason.unwrap_or_else(|| panic!("another beginning: {:?}", reply.stderr)).trim_end().to_owned()
}

#[track_caller]
fn assert_served(sandbox: &Sandbox, host: &str, what: &str) {
    let password = sandbox.get(host).password();
    assert!(password_head(&password).access_key_id.starts_with('A'), "{what}");
}

fn misconfigured(detail: &str) -> String {
    format!("the AWS settings are wrong ({detail}); correct them and try again")
}

// --- certificates ----------------------------------------------------------------------------------------------------

fn keys_for(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys(ACCESS_KEY_ID)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Each setting that names a file, and a sandbox in which it does.
fn bundles(aws: &FakeAws, path: &Path) -> [(&'static str, Sandbox); 3] {
    let of_profile = keys_for(aws);
    of_profile.write(".aws/config", format!("[default]\nca_bundle = {}\n", text(path)));
    [
        ("AWS_CA_BUNDLE", keys_for(aws).env("AWS_CA_BUNDLE", path)),
        ("ca_bundle", of_profile),
        ("SSL_CERT_FILE", keys_for(aws).env("SSL_CERT_FILE", path)),
    ]
}

#[test]
fn an_authority_of_one_s_own_is_trusted_whichever_setting_names_it() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let aws = FakeAws::start_tls(&ca, &[]);
    let home = Sandbox::new();
    // What people put into such files: text around the certificates, and more than one of them.
    let contents = format!("# of our proxy\n{}\nsubject=CN = test authority\n{}", other.pem(), ca.pem());
    let file = home.write("authorities/ca.pem", contents);
    let directory = file.parent().expect("it is in a directory");
    for (setting, sandbox) in bundles(&aws, &file) {
        assert_served(&sandbox, HOST, setting);
    }
    let directories = format!("/nonexistent:{}", text(directory));
    assert_served(&keys_for(&aws).env("SSL_CERT_DIR", directories), HOST, "SSL_CERT_DIR");
    let of_home = keys_for(&aws).env("AWS_CA_BUNDLE", "~/ca.pem");
    of_home.write("ca.pem", ca.pem());
    assert_served(&of_home, HOST, "~");
    assert!(reason(&keys_for(&aws), HOST).starts_with("the certificate of the AWS API isn't trusted ("));
}

#[test]
fn the_apis_that_give_credentials_are_trusted_by_the_same_certificates() {
    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &[]);
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
    let file = sandbox.write("ca.pem", ca.pem());
    sandbox.write(
        ".aws/config",
        format!(
            "[profile dev]\nca_bundle = {}\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n\
             [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = made/up/secret/of/the/base/0000\n",
            text(&file)
        ),
    );
    assert_served(&sandbox, HOST, "a role");
    assert_eq!((aws.calls(Api::AssumeRole), aws.calls(Api::EcrToken)), (1, 1));
}

#[test]
fn a_bundle_takes_the_place_of_all_other_certificates() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let aws = FakeAws::start_tls(&ca, &[]);
    let home = Sandbox::new();
    let (right, wrong) = (home.write("right.pem", ca.pem()), home.write("wrong.pem", other.pem()));
    let with_profile = |path: &Path| {
        let sandbox = keys_for(&aws);
        sandbox.write(".aws/config", format!("[default]\nca_bundle = {}\n", text(path)));
        sandbox
    };
    assert_served(&with_profile(&wrong).env("AWS_CA_BUNDLE", &right), HOST, "the environment wins");
    assert_served(&with_profile(&right).env("SSL_CERT_FILE", &wrong), HOST, "AWS's own setting wins");
    for (what, sandbox) in [
        ("the environment", with_profile(&right).env("AWS_CA_BUNDLE", &wrong)),
        ("the profile", with_profile(&wrong).env("SSL_CERT_FILE", &right)),
        ("OpenSSL's file", keys_for(&aws).env("SSL_CERT_FILE", &wrong)),
    ] {
        let reason = reason(&sandbox, HOST);
        assert!(reason.starts_with("the certificate of the AWS API isn't trusted ("), "{what}: {reason}");
        assert!(reason.ends_with("or name it in `AWS_CA_BUNDLE`"), "{what}: {reason}");
    }
}

#[test]
fn a_bundle_that_is_none_is_named_before_anything_is_sent() {
    // Over HTTP nobody would need certificates, so whatever arrived would show.
    let aws = FakeAws::start();
    let home = Sandbox::new();
    let pem = |inside: &str| format!("-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n");
    for (what, path, why) in [
        ("missing", home.path().join("missing.pem"), "is no file"),
        ("a directory", home.home(), "is no file"),
        ("empty", home.write("empty.pem", ""), "has no certificate in PEM form"),
        ("something else", home.write("text.pem", "see our wiki"), "has no certificate in PEM form"),
        ("binary", home.write("binary.pem", [0xff, 0x30, 0x82, 0x00]), "has no certificate in PEM form"),
        ("no certificate", home.write("hello.pem", pem("aGVsbG8=")), "has no certificate in PEM form"),
        ("garbled", home.write("garbled.pem", pem("MIIB*!")), "isn't in PEM form: "),
        ("cut off", home.write("half.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"), "isn't in PEM form: "),
        (
            "good and garbled",
            home.write("both.pem", format!("{}{}", TestCa::new().pem(), pem("MIIB*!"))),
            "isn't in PEM form: ",
        ),
    ] {
        for (setting, sandbox) in bundles(&aws, &path) {
            let detail = format!("`{setting}` names `{}`, which {why}", path.display());
            let reason = reason(&sandbox, HOST);
            if why.ends_with(": ") {
                assert!(
                    reason.starts_with(misconfigured(&detail).split(')').next().expect("text")),
                    "{what}: {reason}"
                );
            } else {
                assert_eq!(reason, misconfigured(&detail), "{what}");
            }
        }
    }
    let nowhere = keys_for(&aws).env("SSL_CERT_DIR", "/nonexistent");
    let expected = misconfigured("no certificate is in the directories that `SSL_CERT_DIR` names");
    assert_eq!(reason(&nowhere, HOST), expected);
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_certificate_that_cant_be_used_spoils_no_other() {
    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &[]);
    let sandbox = keys_for(&aws);
    let odd = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let file = sandbox.write("ca.pem", format!("{odd}{}", ca.pem()));
    assert_served(&sandbox.env("AWS_CA_BUNDLE", file), HOST, "the other one");
}

#[test]
fn whom_to_trust_is_no_part_of_who_we_are() {
    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &[]);
    let sandbox = keys_for(&aws);
    let file = sandbox.write("ca.pem", ca.pem());
    let sandbox = sandbox.env("AWS_CA_BUNDLE", file);
    let password = sandbox.get(HOST).password();
    let sandbox = sandbox.env("AWS_CA_BUNDLE", "/nonexistent");
    assert_eq!(sandbox.get(HOST).password(), password, "the token was cached");
    assert_eq!(aws.calls(Api::EcrToken), 1);
}
