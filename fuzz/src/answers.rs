//! Answers of AWS, of other services, of processes and of name servers.

use std::collections::BTreeMap;

use docker_credential_ecr_login::readers::{self, Answer, OUR_SECRET};
use docker_credential_ecr_login::unstable::Failure;

use super::{assert_is_one_quiet_line, parts};

/// An HTTP response as text: the status, the headers, an empty line, the body.
fn answer(data: &[u8]) -> Answer {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((data, &[][..]), |end| (&data[..end], &data[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|status| status.trim().parse().ok()).unwrap_or(200);
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_vec() }
}

/// A failure that a person may read: its line is quiet, and our own secret isn't in it, whatever the answer quotes.
#[track_caller]
fn assert_is_presentable(failure: &Failure) {
    assert_is_one_quiet_line(&readers::line_of(failure));
    assert!(failure.detail.chars().count() <= 401, "{} characters", failure.detail.chars().count());
    for text in [&failure.detail, &failure.chain, failure.request_id.as_ref().unwrap_or(&String::new())] {
        assert!(!text.contains(OUR_SECRET), "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}

/// Credentials can be put into the headers of a request.
#[track_caller]
fn assert_is_sendable([id, secret, token]: &[String; 3]) {
    assert!(!id.is_empty() && !secret.is_empty());
    assert!(id.bytes().all(|byte| byte.is_ascii_graphic()), "{id:?}");
    // The secret only signs.
    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "{token:?}");
}

/// `GetAuthorizationToken` of both services.
pub fn api_answer(data: &[u8]) {
    for is_public in [false, true] {
        match readers::token_answer(is_public, &answer(data)) {
            Ok(token) => {
                let (username, password) = (token.username(), token.password().expose());
                assert!(!username.is_empty() && username != "<token>" && !password.is_empty());
                assert!(!username.contains(':'), "{username:?}");
                assert!(!username.chars().chain(password.chars()).any(char::is_control));
                assert!(username.len() + password.len() <= 32 << 10);
            }
            Err(failure) => assert_is_presentable(&failure),
        }
    }
}

/// Roles.
pub fn sts_answer(data: &[u8]) {
    for is_of_web_identity in [false, true] {
        match readers::sts_answer(is_of_web_identity, &answer(data)) {
            Ok(keys) => assert_is_sendable(&keys),
            Err(failure) => assert_is_presentable(&failure),
        }
    }
}

/// The SSO portal; and the refresh of a token, whose file is the other part of the input.
pub fn sso_answer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let [response, token_file] = parts(&text);
    match readers::sso_answer(&answer(response.as_bytes())) {
        Ok(keys) => assert_is_sendable(&keys),
        Err(failure) => assert_is_presentable(&failure),
    }
    match readers::sso_refresh_answer(token_file.as_bytes(), &answer(response.as_bytes())) {
        Some(Ok(stored)) if !stored.is_empty() => {
            // All that the file had is still there.
            let [before, after] = [token_file, &*stored]
                .map(|text| serde_json::from_str::<BTreeMap<String, serde_json::Value>>(text).expect("an object"));
            assert!(before.keys().all(|key| after.contains_key(key)) && after.contains_key("accessToken"));
        }
        Some(Ok(_)) | None => {}
        Some(Err(failure)) => assert_is_presentable(&failure),
    }
}

/// The metadata service, containers and processes.
pub fn machine_answer(data: &[u8]) {
    if let Ok(keys) = readers::machine_answer(data) {
        assert_is_sendable(&keys);
    }
    let text = String::from_utf8_lossy(data);
    match readers::process_output(&text) {
        Ok(keys) => assert_is_sendable(&keys),
        // It shows nothing of the output.
        Err(problem) => assert!(problem.len() < 200, "{problem:?}"),
    }
}

/// Another helper's `list`: what is passed on is read as the same.
pub fn list_answer(data: &[u8]) {
    let Some(list) = readers::docker_list(data) else { return };
    assert_eq!(readers::docker_list(&list), Some(list));
}

/// A name server: an answer that counts belongs to the question, and addresses are in its bytes.
pub fn dns_answer(data: &[u8]) {
    const NAME: &str = "api.ecr.eu-west-1.amazonaws.com";
    let (addresses, belongs) = readers::names::dns_answer(data, 0x1234, NAME);
    let Ok(addresses) = addresses else { return };
    assert!(belongs && data.starts_with(&[0x12, 0x34]));
    for address in addresses {
        let bytes = match address {
            std::net::IpAddr::V4(address) => address.octets().to_vec(),
            std::net::IpAddr::V6(address) => address.octets().to_vec(),
        };
        assert!(data.windows(bytes.len()).any(|window| window == bytes), "{address}");
    }
}
