//! Texts of clients and people: server URLs, requests, URLs of proxies, and what is cleaned before it is shown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use docker_credential_ecr_login::readers;
use docker_credential_ecr_login::unstable::Registry;
use regex::Regex;

use super::assert_is_one_quiet_line;

/// What the Go helper publishes (`ProxyEndpoint` of <https://github.com/awslabs/amazon-ecr-credential-helper>).
static PUBLISHED: LazyLock<Regex> = LazyLock::new(|| {
    let domains = r"amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov";
    let pattern = format!(r"(?i-u)^([0-9]{{12}})\.dkr[\.\-]ecr(\-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.({domains})$");
    Regex::new(&pattern).expect("the pattern compiles")
});

/// A host is one in every spelling, holds nothing that could be taken for another part of a URL, and is ECR's exactly where
/// upstream says so.
pub fn server_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if readers::is_http_url(text) {
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
    let host = readers::host_of_server_url(text);
    let name = host.as_deref().unwrap_or(text);
    let published = PUBLISHED.is_match(name) && !name.ends_with('\n');
    let is_public = ["public.ecr.aws", "ecr-public.aws.com"].iter().any(|public| public.eq_ignore_ascii_case(name));
    match Registry::parse(name) {
        Some(registry) => {
            assert!(published || is_public, "{name:?} is taken for ECR's");
            assert_eq!(registry.host(), name.to_ascii_lowercase());
            assert_eq!(registry.account.is_none(), is_public);
        }
        None => assert!(!published && !is_public, "{name:?} is not taken for ECR's"),
    }
    let Some(host) = host else { return };
    let may_be_there = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'[' | b']' | b':');
    assert!(!host.is_empty() && host.bytes().all(may_be_there), "{host:?}");
    assert!(text.to_ascii_lowercase().contains(&host), "{host:?} of {text:?}");
    for spelling in [host.clone(), format!("https://{host}"), format!("HTTP://{host}:1/v2/?").replace('?', "")] {
        assert_eq!(readers::host_of_server_url(&spelling).as_deref(), Some(&*host), "{spelling:?}");
    }
}

/// A server URL is one line without blanks around it, and what is written for it reads back.
pub fn docker_request(data: &[u8]) {
    let Ok([asked, stored]) = readers::docker_request(data) else { return };
    if let Ok(server_url) = &asked {
        assert!(!server_url.is_empty() && server_url.trim() == server_url && !server_url.contains('\n'));
    }
    for server_url in [asked, stored].into_iter().flatten() {
        let answer = readers::docker_answer(&server_url, "AWS", "made up");
        assert_eq!(answer.iter().position(|byte| *byte == b'\n'), Some(answer.len() - 1), "one line");
        let again = readers::docker_request(&answer).expect("our own answer is a request");
        assert_eq!(again[1].as_ref(), Ok(&server_url.trim().to_owned()));
        let fields: BTreeMap<String, String> = serde_json::from_slice(&answer).expect("an object of texts");
        assert_eq!(fields["ServerURL"], server_url);
        assert_eq!((&*fields["Username"], &*fields["Secret"], fields.len()), ("AWS", "made up", 3));
    }
}

/// A proxy is a host and a port; what is wrong with one that isn't shows nothing of its URL.
pub fn proxy_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match readers::proxy(text) {
        Ok((host, port)) => {
            assert!(port > 0);
            assert_eq!(readers::host_of_server_url(&host).as_deref(), Some(&*host));
        }
        Err(mistake) => {
            // Only a scheme is named: nothing that may be a password.
            let of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
            let scheme = text.trim().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            let unsupported = scheme.filter(|scheme| scheme.bytes().all(of_scheme)).map(|scheme| {
                format!("names a proxy of an unsupported kind, `{scheme}`; HTTP and SOCKS proxies are supported")
            });
            assert!(mistake == "is not the URL of a proxy" || Some(&mistake) == unsupported.as_ref(), "{mistake:?}");
        }
    }
}

/// A known secret is never left, and a line stays a line.
pub fn redaction(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (secret, text) = text.split_once('\n').unwrap_or(("", &text));
    let line = readers::clean_line(text);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let redacted = readers::redacted(secret, text);
    assert!(!redacted.chars().any(char::is_control), "{redacted:?}");
    let secret = secret.trim();
    // A mask may be a part of a secret.
    let may_be_made = secret.len() < 8 || secret.contains('*');
    assert!(may_be_made || !redacted.contains(secret), "{secret:?} in {redacted:?}");
    let shown: String = redacted.chars().take(1_000).collect();
    assert_is_one_quiet_line(&shown);
}
