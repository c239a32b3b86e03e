//! Files that people, other programs or attackers have written.

use docker_credential_ecr_login::Env;
use docker_credential_ecr_login::readers::{self, Configuration};
use docker_credential_ecr_login::unstable::{Profiles, Registry};

use super::{assert_is_one_quiet_line, parts};

const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn registry(host: &str) -> Registry {
    Registry::parse(host).expect("an ECR host")
}

/// Our configuration file: a mistake is one line that names the place; a comment changes nothing; a host of ECR's is never
/// handed to another helper, and a helper is a plain name.
pub fn config_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let configuration = match Configuration::parse(text) {
        Ok(configuration) => configuration,
        Err(failure) => {
            assert_is_one_quiet_line(&readers::line_of(&failure));
            let place = failure.detail.strip_prefix("config.toml:").expect("the name of the file");
            let line: usize = place.split(':').next().expect("a line").parse().expect("a number");
            assert!((1..=text.split('\n').count()).contains(&line), "{}", failure.detail);
            return;
        }
    };
    let commented = format!("{text}\n# more\n");
    assert_eq!(Configuration::parse(&commented).as_ref(), Ok(&configuration));
    for host in [PRIVATE, "public.ecr.aws", "docker.example.com", "index.docker.io", "", "not a host"] {
        match configuration.destination(host) {
            Some(Ok(registry)) => assert!(host.contains('.'), "{registry:?} for {host:?}"),
            Some(Err(helper)) => {
                assert!(Registry::parse(host).is_none(), "{helper:?} for {host:?}");
                assert!(helper.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/' && byte != b'\\'));
            }
            None => assert!(Registry::parse(host).is_none(), "nothing for {host:?}"),
        }
    }
}

/// The two files of the AWS CLI: values are never empty and never more than their line; what a profile is doesn't depend on
/// line ends or comments; and the identity of a registry depends on nothing else.
pub fn aws_files(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let [config, credentials] = parts(&text);
    let profiles = Profiles::parse(config, credentials);
    let names: Vec<String> = profiles.profile_names().map(str::to_owned).collect();
    for name in &names {
        let profile = profiles.profile(name).expect("a profile of that name");
        for key in ["region", "role_arn", "aws_access_key_id", "credential_process", "a"] {
            let value = profile.get(key).or_else(|| profile.whole(key));
            assert!(value.is_none_or(|value| !value.is_empty() && !value.contains(['\n', '\r'])), "{key} of {name:?}");
        }
    }
    let commented = |text: &str| format!("# a comment\n{text}\n# another\n").replace('\r', "\n").replace('\n', "\r\n");
    let settings = |config: &str, credentials: &str, profile: &str| {
        // No place of the machine is read.
        let env = Env::fixed([("HOME", "/dev/null"), ("AWS_PROFILE", profile)]);
        let found = readers::aws_settings(&env, config, credentials, &registry(PRIVATE));
        if let Err(failure) = &found {
            assert_is_one_quiet_line(&readers::line_of(failure));
        }
        found.ok().map(|(scope, _)| scope.key())
    };
    // A file that it names is read, and may change meanwhile.
    if text.contains("token_file") || text.contains('\u{feff}') {
        return;
    }
    for name in ["default"].into_iter().chain(names.iter().map(String::as_str)).take(4) {
        let one = settings(config, credentials, name);
        assert_eq!(one, settings(&commented(config), &commented(credentials), name), "{name:?}");
    }
}

/// An entry of the cache: what is read of one is written to the same entry, a token is never a failure, and an entry of
/// another key is not read.
pub fn cache_entry(data: &[u8]) {
    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    for contents in [data, &readers::with_checksum(KEY, data)] {
        let read = readers::cache_entry(KEY, contents);
        assert!(read[0].is_none() || read[1].is_none(), "a token that is a failure");
        for (kind, entry) in read.into_iter().enumerate() {
            let Some(entry) = entry else { continue };
            assert_eq!(readers::cache_entry(KEY, &entry)[kind].as_ref(), Some(&entry));
            assert!(readers::cache_entry(&KEY.replace('0', "1"), &entry).iter().all(Option::is_none), "another's");
            if kind > 0 {
                continue;
            }
            let text = String::from_utf8(entry).expect("a text");
            let (_, json) = text.split_once('\n').expect("two lines");
            let entry: serde_json::Value = serde_json::from_str(json).expect("an object");
            assert_ne!((&entry["username"], &entry["password"]), (&"".into(), &"".into()));
            assert!(entry["expires"].as_u64() <= entry["token_expires"].as_u64(), "it ends when the token ends");
        }
    }
}

/// `/etc/hosts`: an address is found only if it is in the file on a line with the name.
pub fn hosts_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (host, text) = text.split_once('\n').unwrap_or(("localhost", &text));
    for address in readers::names::hosts_file(text, host) {
        let has_it = |line: &str| {
            let before_comment = line.split('#').next().unwrap_or_default().to_ascii_lowercase();
            let mut words = before_comment.split_whitespace();
            words.next().and_then(|word| word.parse().ok()) == Some(address)
                && before_comment.contains(&host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
        };
        assert!(text.lines().any(has_it), "{address} for {host:?}");
    }
}

/// `/etc/resolv.conf`: at most three servers at the port of the protocol; the name itself is always among those asked for.
pub fn resolv_conf(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for host in ["api.ecr.eu-west-1.amazonaws.com", "api", "a.test."] {
        let (servers, names) = readers::names::resolv_conf(&text, host);
        assert!(servers.len() <= 3 && servers.iter().all(|server| server.port() == 53), "{servers:?}");
        let name = host.trim_end_matches('.');
        assert!(names.iter().any(|asked| asked == name), "{names:?}");
        assert!(names.iter().all(|asked| asked.starts_with(name)), "{names:?}");
        assert!(host != "api.ecr.eu-west-1.amazonaws.com" || names[0] == host, "{names:?}");
    }
}

/// A bundle of certificates: those that are read can be trusted, and are those of a bundle made of them.
pub fn pem_bundle(data: &[u8]) {
    let Ok((certificates, unusable)) = readers::bundle(data) else { return };
    assert!(unusable < certificates.len(), "none can be used");
    let mut text = String::new();
    for certificate in &certificates {
        text += &format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(certificate));
    }
    assert_eq!(readers::bundle(text.as_bytes()), Ok((certificates.clone(), unusable)));
    assert!(readers::can_be_trusted(certificates));
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * position) & 63) as usize];
            text.push(if position <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Files that the AWS CLI keeps: sessions of roles, and times in their spellings.
pub fn session_file(data: &[u8]) {
    if let Some([id, secret, token]) = readers::session_file(data) {
        assert!(!secret.is_empty());
        for part in [id, token] {
            assert!(!part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic()), "{part:?}");
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let time = readers::time(text);
    assert_eq!(readers::time(&format!(" {} ", text.trim())), time);
}

/// The file of a registry client: with our helper it says so, and without it again what it said before.
pub fn client_file(data: &[u8]) {
    use serde_json::{Map, Value};
    fn object(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("an object")
    }
    let Some([with, without]) = readers::configured(data, PRIVATE) else { return };
    // Numbers of any size are JSON, but this decoder has limits.
    if serde_json::from_str::<Value>(&with).is_err() {
        return;
    }
    let is_helpers = |key: &str| key.eq_ignore_ascii_case("credHelpers");
    let object_with = object(&with);
    let mut helpers = object_with.iter().filter(|(key, _)| is_helpers(key)).map(|(_, helpers)| helpers);
    assert!(helpers.any(|helpers| helpers[PRIVATE] == "ecr-login"), "{with}");
    let before = String::from_utf8_lossy(data);
    let before = before.trim_start_matches('\u{feff}');
    let others = |text: &str| {
        let mut object = object(text);
        object.retain(|key, _| !is_helpers(key));
        object
    };
    if !before.trim().is_empty() {
        assert_eq!(others(&without), others(before));
        assert_eq!(others(&with), others(before));
    }
}
