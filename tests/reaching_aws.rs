//! The way to AWS: whom to trust, through which proxy, and how often to try.
//!
//! All on loopback, against the fake of AWS behind certificates of an authority that only the test knows, and proxies
//! that record what they are asked for and never look a name up.
#![cfg(unix)]

mod support;

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::proxy::{Forward, Proxy};
use support::sandbox::{NOBODY, Sandbox};
use support::socks::SocksProxy;
use support::tls::{IsCa, TestCa};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const ACCESS_KEY_ID: &str = "AKIDREACHING";

/// A profile whose role STS gives.
const ROLE: &str = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n\
    [profile base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = made/up/secret/of/the/base/0000\n";

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
    format!("the AWS settings are invalid ({detail}); fix them and try again")
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
    assert!(reason(&keys_for(&aws), HOST).starts_with("the AWS API's certificate isn't trusted ("));
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
        assert!(reason.starts_with("the AWS API's certificate isn't trusted ("), "{what}: {reason}");
        assert!(reason.ends_with("or to the `AWS_CA_BUNDLE` file"), "{what}: {reason}");
    }
}

#[test]
fn a_bundle_that_is_none_is_named_before_anything_is_sent() {
    // Over HTTP nobody would need certificates, so whatever arrived would show.
    let aws = FakeAws::start();
    let home = Sandbox::new();
    let pem = |inside: &str| format!("-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n");
    for (what, path, why) in [
        ("missing", home.path().join("missing.pem"), "is not a file"),
        ("a directory", home.home(), "is not a file"),
        ("empty", home.write("empty.pem", ""), "contains no certificate in PEM form"),
        ("something else", home.write("text.pem", "see our wiki"), "contains no certificate in PEM form"),
        ("binary", home.write("binary.pem", [0xff, 0x30, 0x82, 0x00]), "contains no certificate in PEM form"),
        ("no certificate", home.write("hello.pem", pem("aGVsbG8=")), "contains no certificate in PEM form"),
        ("garbled", home.write("garbled.pem", pem("MIIB*!")), "is not valid PEM: "),
        ("cut off", home.write("half.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"), "is not valid PEM: "),
        (
            "good and garbled",
            home.write("both.pem", format!("{}{}", TestCa::new().pem(), pem("MIIB*!"))),
            "is not valid PEM: ",
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
    let expected = misconfigured("no certificates in the directories that `SSL_CERT_DIR` names");
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
fn an_authority_whose_signatures_ring_doesnt_know_is_trusted() {
    for hash in
        ["P-256 and SHA-512", "P-384 and SHA-512", "P-521 and SHA-256", "P-521 and SHA-384", "P-521 and SHA-512"]
    {
        let ca = TestCa::on_curve(hash);
        let aws = FakeAws::start_tls(&ca, &[]);
        let sandbox = keys_for(&aws);
        let file = sandbox.write("ca.pem", ca.pem());
        assert_served(&sandbox.env("AWS_CA_BUNDLE", file), HOST, hash);
        assert!(reason(&keys_for(&aws), HOST).starts_with("the AWS API's certificate isn't trusted ("), "{hash}");
    }
}

/// The reason when a server with a certificate is asked, and a bundle has these certificates.
#[track_caller]
fn reason_with(server: &TestCa, bundle: &str) -> String {
    let aws = FakeAws::start_tls(server, &[]);
    let sandbox = keys_for(&aws);
    let file = sandbox.write("ca.pem", bundle);
    let reason = reason(&sandbox.env("AWS_CA_BUNDLE", file), HOST);
    assert_eq!(aws.requests().len(), 0, "something was sent");
    reason
}

#[test]
fn a_server_s_own_certificate_is_trusted_if_it_is_in_the_bundle() {
    use support::tls::IsCa::{Ca, ExplicitNoCa, NoCa};
    const HERE: [&str; 2] = ["127.0.0.1", "localhost"];
    let unlimited = || Ca(rcgen::BasicConstraints::Unconstrained);
    let other = TestCa::new();
    for (what, is_ca) in [("a CA", unlimited as fn() -> IsCa), ("no CA", || ExplicitNoCa), ("neither", || NoCa)] {
        let server = TestCa::self_signed(&HERE, is_ca(), 4096);
        let aws = FakeAws::start_tls(&server, &[]);
        for bundle in [server.pem().to_owned(), format!("{}{}", other.pem(), server.pem())] {
            let sandbox = keys_for(&aws);
            let file = sandbox.write("ca.pem", bundle);
            let directory = file.parent().expect("it is in a directory").to_owned();
            let sandbox = sandbox.env("AWS_CA_BUNDLE", &file);
            assert_served(&sandbox, HOST, what);
            assert_served(&keys_for(&aws).env("SSL_CERT_DIR", directory), HOST, what);
        }
        // Another certificate with the same names, and the same with another host or time.
        let twin = TestCa::self_signed(&HERE, is_ca(), 4096);
        let reason = reason_with(&server, twin.pem());
        assert!(reason.starts_with("the AWS API's certificate isn't trusted ("), "{what}: {reason}");
        let server = TestCa::self_signed(&["other.example"], is_ca(), 4096);
        assert_eq!(
            reason_with(&server, server.pem()),
            "the AWS API's certificate is for another host (it is for other.example, not for 127.0.0.1); check the \
             endpoint URL, DNS and any proxy in between",
            "{what}"
        );
        let server = TestCa::self_signed(&HERE, is_ca(), 2020);
        let reason = reason_with(&server, server.pem());
        let start = "the AWS API's certificate has expired (it was valid until 2020-01-01T00:00:00Z; ";
        assert!(reason.starts_with(start), "{what}: {reason}");
    }
}

#[test]
fn a_certificate_of_a_trusted_authority_has_to_be_for_the_host_and_for_today() {
    let other_host = TestCa::for_hosts(&["api.ecr.example", "*.internal.example", "10.1.2.3"]);
    assert_eq!(
        reason_with(&other_host, other_host.pem()),
        "the AWS API's certificate is for another host (it is for api.ecr.example, *.internal.example, 10.1.2.3, not for \
         127.0.0.1); check the endpoint URL, DNS and any proxy in between"
    );
    for (from, until, start, end) in [
        (
            2000,
            2020,
            "the AWS API's certificate has expired (it was valid until 2020-01-01T00:00:00Z; this machine's clock says 2",
            "Z); check this machine's clock; if it is right, the server needs a new certificate",
        ),
        (
            3000,
            4000,
            "the AWS API's certificate isn't valid yet (it is valid from 3000-01-01T00:00:00Z; this machine's clock says 2",
            "Z); check this machine's clock",
        ),
    ] {
        let ca = TestCa::with_years(from, until);
        let reason = reason_with(&ca, ca.pem());
        assert!(reason.starts_with(start) && reason.ends_with(end), "{reason}");
    }
    // The proxy's own certificate.
    let expired = TestCa::with_years(2000, 2020);
    let proxy = Proxy::start_tls(&expired, &[], Forward::Refuse);
    let reason = reason(&asking_aws(&expired).env("https_proxy", proxy.url()), HOST);
    let start = format!(
        "the proxy's certificate has expired (through the proxy {}: it was valid until 2020-01-01T00:00:00Z; ",
        proxy.url()
    );
    assert!(reason.starts_with(&start), "{reason}");
    assert_eq!(proxy.requests(), []);
}

#[test]
fn a_bundle_with_two_certificates_on_one_line_is_named() {
    let (ca, other, third) = (TestCa::new(), TestCa::new(), TestCa::new());
    let aws = FakeAws::start_tls(&ca, &[]);
    for contents in [
        format!("{}{}", other.pem().trim_end(), ca.pem()),
        format!("{}{}", ca.pem().trim_end(), other.pem()),
        format!("{}{}{}", ca.pem(), other.pem().trim_end(), third.pem()),
        format!("{}{}", ca.pem(), format!("{}{}", other.pem().trim_end(), third.pem()).replace('\n', "\r\n")),
    ] {
        let home = Sandbox::new();
        let path = home.write("ca.pem", contents);
        for (setting, sandbox) in bundles(&aws, &path) {
            let detail = format!(
                "`{setting}` names `{}`, which has two certificates on one line: a line must end after `END \
                 CERTIFICATE-----`",
                path.display()
            );
            assert_eq!(reason(&sandbox, HOST), misconfigured(&detail));
        }
    }
    assert_eq!(aws.requests().len(), 0);
}

#[test]
fn a_bundle_with_something_unreadable_is_named_when_an_issuer_is_unknown() {
    let (ca, other) = (TestCa::new(), TestCa::new());
    let odd = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    let reason = reason_with(&ca, &format!("{odd}{}", other.pem()));
    let said = "ca.pem`, in which some certificates can't be read); add your proxy's CA";
    assert!(reason.starts_with("the AWS API's certificate isn't trusted (") && reason.contains(said), "{reason}");
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

/// Every place where a distribution of Linux keeps certificates, empty.
#[cfg(target_os = "linux")]
const NO_CERTIFICATES: &str = "for place in /etc/ssl /etc/pki /etc/security/certificates /opt/etc/ssl /usr/lib/ssl \
                               /usr/share/ca-certificates /usr/local/share/ca-certificates; do \
                               if test -d $place; then mount -t tmpfs none $place; fi; done; ip link set lo up";

#[test]
#[cfg(target_os = "linux")]
fn without_any_certificates_of_the_system_mozilla_s_serve() {
    support::namespace::run_in_namespaces("without_certificates", NO_CERTIFICATES);
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "run by the test above, where the system has no certificates"]
fn without_certificates() {
    if !support::namespace::is_inside() {
        return;
    }
    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &[]);
    let sandbox = keys_for(&aws);
    let reason_without = reason(&sandbox, HOST);
    let end = "; the system has no certificates, so the built-in Mozilla roots are used); add your proxy's CA to the system's \
               certificates or to the `AWS_CA_BUNDLE` file";
    assert!(
        reason_without.starts_with("the AWS API's certificate isn't trusted (invalid peer certificate: ")
            && reason_without.ends_with(end),
        "{reason_without}"
    );
    let file = sandbox.write("ca.pem", ca.pem());
    assert_served(&sandbox.env("AWS_CA_BUNDLE", file), HOST, "a bundle of one's own");
    // With a certificate of the system's, whichever it is, Mozilla's no longer count.
    #[expect(clippy::disallowed_methods, reason = "the system is the test's own here")]
    let written = std::fs::create_dir_all("/etc/ssl/certs")
        .and_then(|()| std::fs::write("/etc/ssl/certs/ca-certificates.crt", TestCa::new().pem()));
    written.expect("it can be written");
    assert!(!reason(&keys_for(&aws), HOST).contains("Mozilla"));
}

// --- proxies ---------------------------------------------------------------------------------------------------------

/// What a proxy is asked for when a token for [`HOST`] is fetched.
const API: &str = "api.ecr.eu-west-1.amazonaws.com:443";

const PROXY_PASSWORD: &str = "p@ss word/#1";

/// The fake behind the names of AWS, and a proxy that leads there.
fn aws_behind_proxy() -> (TestCa, FakeAws, Proxy) {
    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &["api.ecr.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"]);
    let proxy = Proxy::start(Forward::To(aws.port()));
    (ca, aws, proxy)
}

/// A sandbox that trusts an authority and asks AWS by its own name, logging all it can. Only a proxy can lead it there.
fn asking_aws(ca: &TestCa) -> Sandbox {
    let sandbox = Sandbox::new().without("AWS_ENDPOINT_URL").with_keys(ACCESS_KEY_ID);
    let file = sandbox.write("ca.pem", ca.pem());
    let log = sandbox.home().join("log");
    sandbox.env("AWS_CA_BUNDLE", file).env("AWS_ECR_LOG", "trace").env("AWS_ECR_LOG_FILE", log)
}

#[track_caller]
fn assert_no_secret_in_log(sandbox: &Sandbox) {
    #[expect(clippy::disallowed_methods, reason = "the log of the sandbox")]
    let log = std::fs::read_to_string(sandbox.home().join("log")).expect("everything is logged");
    assert!(log.contains(HOST), "the log has gone blind: {log}");
    sandbox.assert_no_secret_in_text("the log", log.as_bytes());
}

#[test]
fn each_proxy_variable_leads_to_aws_through_a_tunnel() {
    for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        let (ca, aws, proxy) = aws_behind_proxy();
        let bare = proxy.url().trim_start_matches("http://").to_owned();
        for (count, url) in [proxy.url(), format!("{}/", proxy.url()), bare].iter().enumerate() {
            assert_served(&asking_aws(&ca).env(variable, url), HOST, variable);
            assert_eq!((proxy.targets(), aws.calls(Api::EcrToken)), (vec![API.to_owned(); count + 1], count + 1));
        }
        assert!(proxy.requests().iter().all(|request| request.method == "CONNECT"), "{variable}");
    }
}

#[test]
fn the_proxy_in_lower_case_wins_and_that_of_the_scheme_wins_over_all() {
    let wrong = Proxy::start(Forward::Refuse);
    for (right, others) in [
        ("https_proxy", &["HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"][..]),
        ("HTTPS_PROXY", &["all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"]),
        ("all_proxy", &["ALL_PROXY", "http_proxy", "HTTP_PROXY"]),
    ] {
        let (ca, _aws, proxy) = aws_behind_proxy();
        let sandbox = others.iter().fold(asking_aws(&ca), |sandbox, other| sandbox.env(other, wrong.url()));
        assert_served(&sandbox.env(right, proxy.url()), HOST, right);
        assert_eq!(proxy.targets(), [API], "{right}");
    }
    assert_eq!(wrong.requests(), []);
}

#[test]
fn an_api_without_tls_is_asked_through_the_proxy_for_http() {
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::To(aws.port()));
    for (count, variable) in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter().enumerate() {
        let sandbox =
            Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", "http://ecr.internal.example:8080");
        assert_served(&sandbox.env(variable, proxy.url()), HOST, variable);
        assert_eq!(proxy.targets(), vec!["http://ecr.internal.example:8080/"; count + 1], "{variable}");
    }
}

#[test]
fn the_apis_that_give_credentials_are_asked_through_the_same_proxy() {
    let (ca, aws, proxy) = aws_behind_proxy();
    let sandbox =
        asking_aws(&ca).without("AWS_ACCESS_KEY_ID").env("AWS_PROFILE", "dev").env("https_proxy", proxy.url());
    sandbox.write(".aws/config", ROLE);
    assert_served(&sandbox, HOST, "a role");
    assert_eq!(sorted(proxy.targets()), [API, "sts.eu-west-1.amazonaws.com:443"]);
    assert_eq!((aws.calls(Api::AssumeRole), aws.calls(Api::EcrToken)), (1, 1));
}

fn sorted(mut targets: Vec<String>) -> Vec<String> {
    targets.sort();
    targets
}

#[test]
fn what_no_proxy_names_is_asked_directly() {
    // The address of any interface: it leads to this machine, and isn't one of loopback's, which are always direct.
    let aws = FakeAws::start();
    let endpoint = format!("http://0.0.0.0:{}", aws.port());
    for (no_proxy, direct) in [
        (("no_proxy", "0.0.0.0/8"), true),
        (("NO_PROXY", "example.com, 0.0.0.0"), true),
        (("NO_PROXY", "*"), true),
        (("NO_PROXY", &format!("0.0.0.0:{}", aws.port())), true),
        (("NO_PROXY", "0.0.0.0:443"), false),
        (("NO_PROXY", "10.0.0.0/8,example.com"), false),
        (("NO_PROXY", ""), false),
    ] {
        let proxy = Proxy::start(Forward::To(aws.port()));
        let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", &endpoint);
        assert_served(&sandbox.env("http_proxy", proxy.url()).env(no_proxy.0, no_proxy.1), HOST, no_proxy.1);
        assert_eq!(proxy.requests().is_empty(), direct, "{no_proxy:?}: {:?}", proxy.requests());
    }
    let (listed, ignored) = (("no_proxy", "example.com"), ("NO_PROXY", "0.0.0.0"));
    let proxy = Proxy::start(Forward::To(aws.port()));
    let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", &endpoint);
    let sandbox = sandbox.env(listed.0, listed.1).env(ignored.0, ignored.1).env("http_proxy", proxy.url());
    assert_served(&sandbox, HOST, "lower case wins");
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn metadata_and_container_services_are_never_asked_through_a_proxy() {
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::Refuse);
    let proxied = |sandbox: Sandbox| sandbox.env("http_proxy", proxy.url()).env("https_proxy", proxy.url());
    let elsewhere = format!("http://0.0.0.0:{}", aws.port());
    for (what, sandbox) in [
        ("the metadata service on loopback", Sandbox::new().with_aws(&aws).with_metadata(&aws)),
        (
            "the metadata service elsewhere",
            Sandbox::new().with_aws(&aws).with_metadata(&aws).env("AWS_EC2_METADATA_SERVICE_ENDPOINT", &elsewhere),
        ),
        ("the container credentials endpoint", Sandbox::new().with_aws(&aws).with_container(&aws)),
    ] {
        assert_served(&proxied(sandbox), HOST, what);
        assert_eq!(proxy.requests(), [], "{what}");
    }
}

#[test]
fn a_proxy_that_wants_a_password_gets_the_one_in_its_url() {
    for url_password in ["p%40ss%20word%2F%231", "p%40ss%20word%2f%231"] {
        let (ca, aws, proxy) = aws_behind_proxy();
        proxy.require("me", PROXY_PASSWORD);
        let sandbox = asking_aws(&ca).env("HTTPS_PROXY", proxy.url_of("me", url_password));
        for secret in [PROXY_PASSWORD, url_password] {
            sandbox.secret(secret);
        }
        assert_served(&sandbox, HOST, url_password);
        assert_eq!((proxy.requests().len(), aws.calls(Api::EcrToken)), (1, 1));
        assert_no_secret_in_log(&sandbox);
    }
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::To(aws.port()));
    proxy.require("me", "plain-password");
    let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", "http://ecr.internal.example");
    assert_served(&sandbox.env("http_proxy", proxy.url_of("me", "plain-password")), HOST, "without TLS");
}

#[test]
fn a_proxy_that_fails_is_named_and_its_password_isn_t() {
    const REMEDY: &str = "check the network, DNS, VPC endpoints and proxy variables";
    const UNREACHABLE: &str = "the AWS API can't be reached";
    let ca = TestCa::new();
    let refusing = Proxy::start(Forward::Refuse);
    let guarded = Proxy::start(Forward::Refuse);
    guarded.require("me", PROXY_PASSWORD);
    let into_nowhere = Proxy::start(Forward::To(9));
    let nobody = |password: &str| NOBODY.replace("://", &format!("://me:{password}@"));
    for (what, url, said, requests) in [
        ("refuses", refusing.url_of("me", "wrong-password"), "it refused the connection", None),
        (
            "wants another password",
            guarded.url_of("me", "wrong-password"),
            "it requires a user name and a password, or rejected the ones given",
            Some(&guarded),
        ),
        ("isn't there", nobody("wrong-password"), "Connection refused (os error 111)", None),
        ("hangs up", into_nowhere.url_of("me", "wrong-password"), "", None),
    ] {
        let sandbox = asking_aws(&ca).env("https_proxy", &url);
        sandbox.secret("wrong-password");
        let reason = reason(&sandbox, HOST);
        let proxy = url.replace("me:wrong-password@", "");
        let start = format!("{UNREACHABLE} (through the proxy {proxy}: {said}");
        assert!(reason.starts_with(&start) && reason.ends_with(&format!("); {REMEDY}")), "{what}: {reason}");
        assert_no_secret_in_log(&sandbox);
        if let Some(proxy) = requests {
            assert_eq!(proxy.requests().len(), 1, "{what}: tried again, and some proxies lock accounts");
        }
    }
    assert!(!refusing.requests().is_empty());
    // A proxy that reads the request answers in the API's place.
    let asking_plain =
        || Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", "http://ecr.internal.example");
    for (proxy, status) in [(&guarded, 407), (&refusing, 403)] {
        let sandbox = asking_plain().env("http_proxy", proxy.url());
        assert_eq!(reason(&sandbox, HOST), format!("{UNREACHABLE} (HTTP status {status}, not from AWS); {REMEDY}"));
    }
}

#[test]
fn a_proxy_that_is_spoken_to_over_tls_is_trusted_by_the_same_certificates() {
    let (ca, aws, plain) = aws_behind_proxy();
    drop(plain);
    let proxy = Proxy::start_tls(&ca, &[], Forward::To(aws.port()));
    proxy.require("me", PROXY_PASSWORD);
    for (count, host) in ["127.0.0.1", "localhost"].into_iter().enumerate() {
        let url = proxy.url_of("me", "p%40ss%20word%2F%231").replace("127.0.0.1", host);
        let sandbox = asking_aws(&ca).env("HTTPS_PROXY", url);
        for secret in [PROXY_PASSWORD, "p%40ss%20word%2F%231"] {
            sandbox.secret(secret);
        }
        assert_served(&sandbox, HOST, host);
        assert_eq!((proxy.targets(), aws.calls(Api::EcrToken)), (vec![API.to_owned(); count + 1], count + 1));
        assert_no_secret_in_log(&sandbox);
    }
    // An API without TLS behind a proxy with it.
    let aws = FakeAws::start();
    let proxy = Proxy::start_tls(&ca, &[], Forward::To(aws.port()));
    proxy.require("me", "plain-password");
    let sandbox = asking_aws(&ca).env("AWS_ENDPOINT_URL", "http://ecr.internal.example:8080");
    assert_served(&sandbox.env("http_proxy", proxy.url_of("me", "plain-password")), HOST, "without TLS");
    assert_eq!(proxy.targets(), ["http://ecr.internal.example:8080/"]);
}

#[test]
fn a_proxy_that_is_spoken_to_over_tls_is_named_when_it_isnt_trusted() {
    let (ca, aws, plain) = aws_behind_proxy();
    drop(plain);
    let other = TestCa::new();
    let proxy = Proxy::start_tls(&other, &[], Forward::To(aws.port()));
    let url = proxy.url_of("me", "proxy-password");
    let through = |sandbox: Sandbox| {
        sandbox.secret("proxy-password");
        sandbox.env("all_proxy", &url)
    };
    let plain_api = || asking_aws(&ca).env("AWS_ENDPOINT_URL", "http://ecr.internal.example:8080");
    for (what, sandbox) in [("a tunnel", asking_aws(&ca)), ("without one", plain_api())] {
        let sandbox = through(sandbox);
        let reason = reason(&sandbox, HOST);
        let start = format!(
            "the proxy's certificate isn't trusted (through the proxy {}: invalid peer certificate: ",
            proxy.url()
        );
        let end = "); add its CA to the system's certificates or to the `AWS_CA_BUNDLE` file";
        assert!(reason.starts_with(&start) && reason.ends_with(end), "{what}: {reason}");
        assert_no_secret_in_log(&sandbox);
    }
    assert_eq!((proxy.requests(), aws.requests().len()), (vec![], 0), "something was sent to who isn't trusted");
    // The proxy is trusted, and what is behind it isn't.
    let reason = reason(&through(asking_aws(&other)), HOST);
    assert!(reason.starts_with("the AWS API's certificate isn't trusted (through the proxy "), "{reason}");
}

#[test]
fn a_proxy_over_tls_is_spoken_to_in_http_1() {
    let (ca, aws, plain) = aws_behind_proxy();
    drop(plain);
    let through = |protocols: &[&str]| {
        let proxy = Proxy::start_tls(&ca, protocols, Forward::To(aws.port()));
        let sandbox = asking_aws(&ca).env("https_proxy", proxy.url());
        (proxy, sandbox)
    };
    for protocols in [&["http/1.1", "h2"][..], &["h2", "http/1.1"], &["http/1.1"], &[]] {
        let (proxy, sandbox) = through(protocols);
        assert_served(&sandbox, HOST, &format!("a proxy that would rather speak the first of {protocols:?}"));
        assert_eq!(proxy.targets().len(), 1, "{protocols:?}");
    }
    let (proxy, sandbox) = through(&["h2"]);
    let reason = reason(&sandbox, HOST);
    let beginning = format!("the AWS API can't be reached (through the proxy {}: ", proxy.url());
    assert!(reason.starts_with(&beginning), "{reason}");
}

/// What can't be used as a proxy, and how a variable with it is described.
const UNUSABLE: [(&str, &str); 6] = [
    ("http://http://127.0.0.1:7890/", "is not the URL of a proxy"),
    ("http://me:made-up-password@", "is not the URL of a proxy"),
    ("http://127.0.0.1:proxy", "is not the URL of a proxy"),
    ("http://127.0.0.1:123456", "is not the URL of a proxy"),
    ("no proxy", "is not the URL of a proxy"),
    (
        "ftp://me:made-up-password@127.0.0.1:21",
        "names a proxy of an unsupported kind, `ftp`; HTTP and SOCKS proxies are supported",
    ),
];

#[test]
fn a_proxy_that_cant_be_used_fails_only_the_requests_that_it_is_for() {
    let (ca, tls_aws, tls_proxy) = aws_behind_proxy();
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::To(aws.port()));
    let plain = || Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", "http://ecr.internal.example");
    for (url, problem) in UNUSABLE {
        for (variable, sandbox) in [
            ("https_proxy", asking_aws(&ca)),
            ("HTTPS_PROXY", asking_aws(&ca)),
            ("http_proxy", plain()),
            ("HTTP_PROXY", plain()),
        ] {
            let sandbox = sandbox.env(variable, url);
            sandbox.secret("made-up-password");
            assert_eq!(reason(&sandbox, HOST), misconfigured(&format!("`{variable}` {problem}")), "{url}");
        }
        // For requests of the other scheme, and beside one that applies.
        for other in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            let sandbox = asking_aws(&ca).env("HTTPS_PROXY", tls_proxy.url()).env(other, url);
            assert_served(&sandbox, HOST, &format!("{other}={url}"));
        }
        for other in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            let sandbox = plain().env("HTTP_PROXY", proxy.url()).env(other, url);
            assert_served(&sandbox, HOST, &format!("{other}={url}"));
        }
        // For a host that is reached without a proxy.
        let elsewhere = format!("http://0.0.0.0:{}", aws.port());
        for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"] {
            let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env(variable, url);
            assert_served(&sandbox.with_aws(&aws), HOST, "this machine");
            let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env(variable, url).env("NO_PROXY", "0.0.0.0");
            assert_served(&sandbox.env("AWS_ENDPOINT_URL", &elsewhere), HOST, "a host of NO_PROXY");
        }
        // `ALL_PROXY`, which others don't read.
        let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", &elsewhere);
        assert_served(&sandbox.env("ALL_PROXY", url), HOST, url);
    }
    assert!(tls_aws.calls(Api::EcrToken) > 0 && !proxy.requests().is_empty());
}

#[test]
fn a_proxy_url_is_read_as_others_read_it() {
    for (before, between, after) in [
        ("HTTP://", "", ""),
        ("http://", "", "/"),
        ("http://", "", "/some/path?query"),
        ("//", "", ""),
        ("", "", ""),
        (" http://", "", " "),
        ("", "me:p@ss word/#1@", "/"),
        ("http://", "me:p@ss word/#1@", ""),
        ("http://", "me:p%40ss word/#1@", ""),
        ("http://", "me:p%40ss%20word%2F%231@", ""),
    ] {
        let (ca, _aws, proxy) = aws_behind_proxy();
        if !between.is_empty() {
            proxy.require("me", PROXY_PASSWORD);
        }
        let url = format!("{before}{between}127.0.0.1:{}{after}", proxy.port());
        let sandbox = asking_aws(&ca).env("HTTPS_PROXY", &url);
        sandbox.secret(PROXY_PASSWORD);
        assert_served(&sandbox, HOST, &url);
        assert_eq!(proxy.targets(), [API], "{url}");
        assert_no_secret_in_log(&sandbox);
    }
    let (ca, _aws, proxy) = aws_behind_proxy();
    proxy.require("api-key", "");
    let url = proxy.url().replace("://", "://api-key@");
    assert_served(&asking_aws(&ca).env("HTTPS_PROXY", url), HOST, "a user without a password");
}

#[test]
fn socks_proxies_are_used_and_look_names_up_themselves() {
    for (scheme, variable, version) in [
        ("socks5h", "https_proxy", 5),
        ("socks5", "HTTPS_PROXY", 5),
        ("socks", "all_proxy", 5),
        ("SOCKS5H", "ALL_PROXY", 5),
        ("socks4a", "https_proxy", 4),
    ] {
        let (ca, aws, proxy) = aws_behind_proxy();
        drop(proxy);
        let socks = SocksProxy::start(aws.port(), None);
        let url = format!("{scheme}://127.0.0.1:{}/", socks.port());
        assert_served(&asking_aws(&ca).env(variable, &url), HOST, &url);
        assert_eq!(socks.asked(), [format!("{version} {API}")], "{url}");
        assert_eq!(aws.calls(Api::EcrToken), 1, "{url}");
    }
    // Without TLS, too.
    for (scheme, host, asked) in [
        ("socks5", "ecr.internal.example", "5 ecr.internal.example:80"),
        ("socks5", "10.1.2.3:8080", "5 10.1.2.3:8080"),
        ("socks4a", "ecr.internal.example:8080", "4 ecr.internal.example:8080"),
        ("socks4", "10.1.2.3", "4 10.1.2.3:80"),
    ] {
        let aws = FakeAws::start();
        let socks = SocksProxy::start(aws.port(), None);
        let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", format!("http://{host}"));
        let sandbox = sandbox.env("http_proxy", format!("{scheme}://127.0.0.1:{}", socks.port()));
        assert_served(&sandbox, HOST, asked);
        assert_eq!(socks.asked(), [asked]);
    }
}

#[test]
fn a_socks_proxy_gets_its_password_and_a_wrong_one_once() {
    const UNREACHABLE: &str = "the AWS API can't be reached";
    let (ca, aws, proxy) = aws_behind_proxy();
    drop(proxy);
    let socks = SocksProxy::start(aws.port(), Some(("me", PROXY_PASSWORD)));
    let address = format!("127.0.0.1:{}", socks.port());
    let sandbox = asking_aws(&ca).env("HTTPS_PROXY", format!("socks5h://me:p%40ss%20word%2F%231@{address}"));
    sandbox.secret(PROXY_PASSWORD);
    assert_served(&sandbox, HOST, "a password");
    assert_no_secret_in_log(&sandbox);
    let sandbox = asking_aws(&ca).env("HTTPS_PROXY", format!("socks5h://me:wrong-password@{address}"));
    sandbox.secret("wrong-password");
    let expected = format!(
        "{UNREACHABLE} (through the proxy socks5h://{address}: it requires a user name and a password, or rejected the \
         ones given); check the network, DNS, VPC endpoints and proxy variables"
    );
    assert_eq!(reason(&sandbox, HOST), expected);
    assert_eq!(socks.asked(), [&format!("5 {API}"), "5 login"]);
    assert_no_secret_in_log(&sandbox);
}

#[test]
fn a_rejected_proxy_password_is_tried_once_whatever_is_asked_for() {
    // STS and ECR are connected to at the same time.
    let (ca, _aws, proxy) = aws_behind_proxy();
    proxy.require("me", PROXY_PASSWORD);
    let sandbox = asking_aws(&ca).without("AWS_ACCESS_KEY_ID").env("AWS_PROFILE", "dev");
    let sandbox = sandbox.env("https_proxy", proxy.url_of("me", "wrong-password"));
    sandbox.write(".aws/config", ROLE);
    let reason_of_role = reason(&sandbox, HOST);
    let said = "it requires a user name and a password, or rejected the ones given); check the network, DNS, VPC \
                endpoints and proxy variables";
    assert!(reason_of_role.ends_with(said), "{reason_of_role}");
    assert_eq!(proxy.requests().len(), 1);
    // A right one is used by both, and a proxy that reads the requests isn't asked again either.
    let sandbox = sandbox.env("https_proxy", proxy.url_of("me", "p%40ss%20word%2F%231"));
    assert_served(&sandbox, HOST, "the right password");
    assert_eq!(proxy.requests().len(), 3);
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::To(aws.port()));
    proxy.require("me", PROXY_PASSWORD);
    let sandbox = Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", "http://ecr.internal.example");
    let reason = reason(&sandbox.env("http_proxy", proxy.url_of("me", "wrong-password")), HOST);
    assert!(reason.contains("HTTP status 407"), "{reason}");
    assert_eq!(proxy.requests().len(), 1);
}

/// A port where a connection is taken, and nothing is ever said.
fn silent_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it listens").port();
    (listener, port)
}

#[test]
fn all_proxy_that_doesnt_work_is_passed_by_as_the_aws_cli_does() {
    let aws = FakeAws::start();
    let refusing = Proxy::start(Forward::Refuse);
    let (_listener, silent) = silent_port();
    let direct = || {
        let endpoint = format!("http://0.0.0.0:{}", aws.port());
        Sandbox::new().with_keys(ACCESS_KEY_ID).env("AWS_ENDPOINT_URL", endpoint)
    };
    for url in [
        "socks://127.0.0.1:9/".to_owned(),
        "socks5h://127.0.0.1:9".to_owned(),
        "socks5://proxy.invalid:1080".to_owned(),
        format!("socks5h://127.0.0.1:{}", refusing.port()),
        format!("socks5h://127.0.0.1:{silent}"),
        NOBODY.to_owned(),
    ] {
        for variable in ["all_proxy", "ALL_PROXY"] {
            assert_served(&direct().env(variable, &url), HOST, &url);
        }
        // The variables that others read too are obeyed.
        let reason = reason(&direct().env("HTTP_PROXY", &url).env("AWS_MAX_ATTEMPTS", "1"), HOST);
        assert!(reason.contains("(through the proxy "), "{url}: {reason}");
    }
    // If there is no other way, the proxy is named.
    let ca = TestCa::new();
    let reason = reason(&asking_aws(&ca).env("ALL_PROXY", "socks5h://127.0.0.1:9"), HOST);
    let expected = "the AWS API can't be reached (through the proxy socks5h://127.0.0.1:9: Connection refused (os error \
                    111)); check the network, DNS, VPC endpoints and proxy variables";
    assert_eq!(reason, expected);
}

#[test]
fn a_cached_token_needs_no_proxy() {
    let (ca, aws, proxy) = aws_behind_proxy();
    let sandbox = asking_aws(&ca).env("https_proxy", proxy.url());
    let password = sandbox.get(HOST).password();
    let sandbox = sandbox.env("https_proxy", "http://no proxy at all").env("all_proxy", NOBODY);
    assert_eq!(sandbox.get(HOST).password(), password, "the way to AWS is part of who we are");
    assert_eq!((proxy.requests().len(), aws.calls(Api::EcrToken)), (1, 1));
}

// --- connecting ahead ------------------------------------------------------------------------------------------------

/// A profile whose role is assumed with keys, and where STS and ECR are.
fn with_role(sts: &FakeAws, ecr: &str) -> Sandbox {
    let sandbox = Sandbox::new()
        .env("AWS_PROFILE", "dev")
        .env("AWS_ENDPOINT_URL_STS", sts.url())
        .env("AWS_ENDPOINT_URL_ECR", ecr);
    sandbox.write(".aws/config", ROLE);
    sandbox
}

/// Leads to a port, but closes the first connections at once; and the count of all.
fn closing_the_first(closed: usize, port: u16) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            if counted.fetch_add(1, Ordering::SeqCst) < closed {
                continue;
            }
            let server = TcpStream::connect(("127.0.0.1", port)).expect("the fake listens");
            let copies = [&client, &server].map(|end| end.try_clone().expect("it is open"));
            let [to_client, to_server] = copies;
            for (mut from, mut to) in [(client, to_server), (server, to_client)] {
                thread::spawn(move || io::copy(&mut from, &mut to).and_then(|_| to.shutdown(Shutdown::Write)));
            }
        }
    });
    (url, count)
}

#[test]
fn ecr_is_connected_to_while_the_credentials_are_asked_for_and_not_asked_before_they_are_there() {
    let (ca, aws, proxy) = aws_behind_proxy();
    aws.set(Api::AssumeRole, Behaviour::Hang);
    let sandbox = asking_aws(&ca).without("AWS_ACCESS_KEY_ID").env("https_proxy", proxy.url());
    let sandbox = sandbox.env("AWS_PROFILE", "dev").env("AWS_ECR_TIMEOUT", "2");
    sandbox.write(".aws/config", ROLE);
    let reason = reason(&sandbox, HOST);
    let (targets, calls) = (sorted(proxy.targets()), aws.calls(Api::EcrToken));
    // Before the proxy, which waits for it.
    drop(aws);
    let sts = "no credentials from AWS STS for the role `arn:aws:iam::111122223333:role/pull` within 2 s";
    assert!(reason.contains(sts), "{reason}");
    assert_eq!(targets, [API, "sts.eu-west-1.amazonaws.com:443"]);
    assert_eq!(calls, 0);
}

#[test]
fn a_connection_ahead_is_used_and_one_that_was_closed_meanwhile_costs_no_attempt() {
    for (closed, connections) in [(0, 1), (1, 2)] {
        let aws = FakeAws::start();
        aws.set(Api::AssumeRole, Behaviour::Delay(Duration::from_millis(300)));
        let (ecr, count) = closing_the_first(closed, aws.port());
        let sandbox = with_role(&aws, &ecr).env("AWS_MAX_ATTEMPTS", "1");
        assert_served(&sandbox, HOST, &format!("{closed} closed"));
        assert_eq!(count.load(Ordering::SeqCst), connections, "{closed} closed");
        assert_eq!(aws.calls(Api::EcrToken), 1, "{closed} closed");
    }
}

#[test]
fn a_connection_that_waited_for_long_isn_t_used() {
    let aws = FakeAws::start();
    aws.set(Api::AssumeRole, Behaviour::Delay(Duration::from_millis(5_200)));
    let (ecr, count) = closing_the_first(0, aws.port());
    assert_served(&with_role(&aws, &ecr), HOST, "late credentials");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

// --- retries ---------------------------------------------------------------------------------------------------------

fn throttling() -> Behaviour {
    Behaviour::error(400, "ThrottlingException", "Rate exceeded")
}

#[test]
fn the_number_of_attempts_is_the_user_s() {
    for (variables, config, attempts) in [
        (&[("AWS_MAX_ATTEMPTS", "1")][..], "", 1),
        (&[("AWS_MAX_ATTEMPTS", "2"), ("AWS_RETRY_MODE", "adaptive")], "", 2),
        (&[], "[default]\nmax_attempts = 2\nretry_mode = legacy\n", 2),
        (&[("AWS_MAX_ATTEMPTS", "1")], "[default]\nmax_attempts = 9\n", 1),
        (&[], "", 3),
    ] {
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, throttling());
        let sandbox = variables.iter().fold(keys_for(&aws), |sandbox, (name, value)| sandbox.env(name, value));
        sandbox.write(".aws/config", config);
        let reason = reason(&sandbox, HOST);
        assert!(
            reason.starts_with("AWS is throttling requests from this account ("),
            "{variables:?} {config:?}: {reason}"
        );
        assert_eq!(aws.calls(Api::EcrToken), attempts, "{variables:?} {config:?}");
    }
}

#[test]
fn throttling_that_ends_is_waited_for() {
    // The SDK's own adaptive mode would need half a minute for this.
    for mode in ["standard", "adaptive"] {
        let aws = FakeAws::start();
        aws.set(Api::EcrToken, Behaviour::FailTimes(3, Box::new(throttling())));
        let sandbox = keys_for(&aws).env("AWS_MAX_ATTEMPTS", "4").env("AWS_RETRY_MODE", mode);
        assert_served(&sandbox, HOST, mode);
        assert_eq!(aws.calls(Api::EcrToken), 4, "{mode}");
    }
}

#[test]
fn throttling_that_doesn_t_end_is_given_up_with_the_limit() {
    let aws = FakeAws::start();
    aws.set(Api::EcrToken, throttling());
    let sandbox = keys_for(&aws).env("AWS_MAX_ATTEMPTS", "1000").env("AWS_ECR_TIMEOUT", "3");
    let reply = sandbox.get(HOST);
    assert!(reply.stderr.contains("the AWS API didn't respond in time (gave up after 3 s)"), "{}", reply.stderr);
    assert!(reply.elapsed < Duration::from_secs(4), "took {:?}", reply.elapsed);
    let calls = aws.calls(Api::EcrToken);
    assert!((2..30).contains(&calls), "{calls} calls in 3 s: no pauses between them");
}

#[test]
fn the_apis_that_give_credentials_are_tried_as_often() {
    let aws = FakeAws::start();
    aws.set(Api::AssumeRole, Behaviour::error(400, "Throttling", "Rate exceeded"));
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev").env("AWS_MAX_ATTEMPTS", "1");
    sandbox.write(".aws/config", ROLE);
    let reason = reason(&sandbox, HOST);
    assert!(reason.starts_with("AWS is throttling requests from this account ("), "{reason}");
    assert_eq!(aws.calls(Api::AssumeRole), 1);
}

#[test]
fn nonsense_about_retries_is_named_before_anything_is_sent() {
    let aws = FakeAws::start();
    for (name, value, detail) in [
        ("AWS_MAX_ATTEMPTS", "0", "`AWS_MAX_ATTEMPTS` must be a number of at least 1"),
        ("AWS_MAX_ATTEMPTS", "many", "`AWS_MAX_ATTEMPTS` must be a number of at least 1"),
        ("AWS_RETRY_MODE", "often", "`AWS_RETRY_MODE` must be `standard`, `adaptive` or `legacy`"),
    ] {
        assert_eq!(reason(&keys_for(&aws).env(name, value), HOST), misconfigured(detail), "{value}");
    }
    for (line, detail) in [
        ("max_attempts = 1.5", "`max_attempts` must be a number of at least 1"),
        ("retry_mode = often", "`retry_mode` must be `standard`, `adaptive` or `legacy`"),
    ] {
        let sandbox = keys_for(&aws);
        sandbox.write(".aws/config", format!("[default]\n{line}\n"));
        assert_eq!(reason(&sandbox, HOST), misconfigured(detail), "{line}");
    }
    assert_eq!(aws.requests().len(), 0);
}
