//! Requests of the kubelet and of Bazel, answered as a whole.

use std::collections::BTreeMap;

use docker_credential_ecr_login::readers::{self, PASSWORD, Written};
use docker_credential_ecr_login::unstable::Registry;
use serde_json::{Value, json};

use super::assert_is_one_quiet_line;

/// A failure has nothing on stdout and one line on stderr; a success has one object on stdout, and nothing on stderr.
#[track_caller]
fn object_of((is_success, stdout, stderr): Written) -> Option<BTreeMap<String, Value>> {
    let stderr = String::from_utf8(stderr).expect("text");
    if is_success {
        assert_eq!(stderr, "");
        let line = stdout.strip_suffix(b"\n").expect("a line");
        assert!(!line.contains(&b'\n'));
        return Some(serde_json::from_slice(line).expect("an object"));
    }
    assert!(stdout.is_empty());
    let line = stderr.strip_suffix('\n').expect("a line");
    assert_is_one_quiet_line(line);
    assert!(line.starts_with("ecr-login: ") && !line.contains("internal error"), "{line}");
    None
}

/// The kubelet gets exactly the fields of the type, and a password for a registry of ECR alone, under the host as it is
/// written in the image.
pub fn kubelet_request(data: &[u8]) {
    let Some(object) = object_of(readers::kubelet_answer(data)) else { return };
    let fields: Vec<&str> = object.keys().map(String::as_str).collect();
    assert_eq!(fields, ["apiVersion", "auth", "cacheDuration", "cacheKeyType", "kind"]);
    assert_eq!(object["kind"], "CredentialProviderResponse");
    assert_eq!(object["cacheKeyType"], "Registry");
    let request: Value = serde_json::from_slice(data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)).expect("a request");
    assert_eq!(object["apiVersion"], request["apiVersion"]);
    let auth = object["auth"].as_object().expect("an object");
    assert!(auth.len() <= 1);
    for (host, login) in auth {
        assert!(Registry::parse(host).is_some(), "a password for {host:?}");
        assert!(request["image"].as_str().expect("an image").contains(host.as_str()));
        assert_eq!(*login, json!({ "username": "AWS", "password": PASSWORD }));
    }
}

/// Bazel gets headers for a registry of ECR over https alone, and nothing for all other texts.
pub fn bazel_request(data: &[u8]) {
    let Some(object) = readers::bazel_answer(data).and_then(object_of) else { return };
    if object.is_empty() {
        return;
    }
    assert_eq!(object.keys().map(String::as_str).collect::<Vec<_>>(), ["expires", "headers"]);
    let text = String::from_utf8_lossy(data);
    let request: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).expect("a request");
    let uri = request["uri"].as_str().expect("a URI");
    let rest = match uri.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => {
            assert!(scheme.eq_ignore_ascii_case("https"), "a password over {scheme}");
            rest
        }
        _ => uri,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    assert!(Registry::parse(host).is_some(), "a password for {uri:?}");
}
