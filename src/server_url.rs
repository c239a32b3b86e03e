//! The server URL in which a client names a registry.
//!
//! [`ServerUrl`] takes the host out of the text that a client sends. A text that isn't a server URL
//! names no registry, and a message must not repeat it: it may contain a password. [`is_http_url`]
//! checks the URLs that a user configures.
//!
//! Leaves out: which hosts belong to ECR (`registry`), and the port and the path, which no answer
//! depends on.

use std::num::NonZeroU16;

use crate::registry::strip_prefix_ignore_case;

/// The host that a client named, in lower case, without scheme, port and path.
///
/// Accepted are `HOST` and `HOST:PORT`, either with `http://` or `https://` before it and with a
/// path after it. A host is a DNS name, an IPv4 address or an IPv6 address in brackets. Nothing is
/// trimmed. User names, other schemes, queries and fragments are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUrl(String);

impl ServerUrl {
    /// Parses the text of a client; `None` if it isn't a server URL.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::host_in(text).map(|host| Self(host.to_ascii_lowercase()))
    }

    /// The host as it is written in such a text.
    pub(crate) fn host_in(text: &str) -> Option<&str> {
        // Browsers take a backslash for a slash, other programs don't: they would see two hosts.
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\')) {
            return None;
        }
        let scheme = |scheme| strip_prefix_ignore_case(text, scheme);
        let rest = scheme("https://").or_else(|| scheme("http://")).unwrap_or(text);
        // Behind any other scheme (`ftp://HOST`) this is `ftp:`, whose port isn't a number.
        let authority = rest.split('/').next()?;
        host_of_authority(authority)
    }

    /// The host in lower case, without the port; an IPv6 address keeps its brackets.
    pub(crate) fn host(&self) -> &str {
        &self.0
    }
}

/// Whether a text is an `http://` or `https://` URL with a host. User name, password, port, path
/// and query are allowed.
pub(crate) fn is_http_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split('/').next());
    let host = authority.map(|authority| authority.rsplit_once('@').map_or(authority, |(_user_info, host)| host));
    host.is_some_and(|host| ServerUrl::parse(host).is_some()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The host of `HOST` or `HOST:PORT`.
fn host_of_authority(authority: &str) -> Option<&str> {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let of_address = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let (host, rest) = authority.split_at(match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    });
    let is_valid = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => !address.is_empty() && address.bytes().all(of_address),
        None => !host.is_empty() && host.bytes().all(of_name),
    };
    // The number would be parsed with a leading `+` too.
    let is_port = |port: &str| !port.starts_with('+') && port.parse::<NonZeroU16>().is_ok();
    (is_valid && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_that_clients_send_names_the_same_host() {
        let host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
        for (before, behind) in [
            ("", ""),
            ("", "/"),
            ("", ":443"),
            ("", ":443/"),
            ("", "/repo/path"),
            ("", "/repo@sha256:00"),
            ("", ":5000/repo:tag"),
            ("http://", ""),
            ("https://", ""),
            ("https://", "/"),
            ("https://", "/v2/"),
            ("https://", ":443"),
            ("http://", ":80/v2/"),
            ("HTTPS://", ":65535"),
            ("hTTp://", ":1"),
        ] {
            for host_sent in [host.to_owned(), host.to_uppercase()] {
                let text = format!("{before}{host_sent}{behind}");
                assert_eq!(ServerUrl::parse(&text).expect(&text).host(), host, "{text}");
            }
        }
    }

    #[test]
    fn foreign_hosts_are_parsed_too() {
        for (text, host) in [
            ("https://index.docker.io/v1/", "index.docker.io"),
            ("localhost:5000", "localhost"),
            ("my_registry", "my_registry"),
            ("[::1]:5000/x", "[::1]"),
            ("https://[2001:DB8::192.0.2.1]", "[2001:db8::192.0.2.1]"),
            ("public.ecr.aws.", "public.ecr.aws."),
        ] {
            assert_eq!(ServerUrl::parse(text).expect(text).host(), host, "{text}");
        }
    }

    #[test]
    fn a_text_that_does_not_name_a_registry_is_refused() {
        for text in [
            "",
            "/",
            "//public.ecr.aws",
            ":443",
            "https://",
            "https:///v2/",
            "https://:443",
            "public%2eecr.aws",
            "public,ecr,aws",
            "[::1",
            "[]",
            "[::1]x",
            "[fe80::1%25eth0]",
            "ftp://public.ecr.aws",
            "oci://public.ecr.aws",
            "https://https://public.ecr.aws",
            "AWS@public.ecr.aws",
            "https://AWS:secret@public.ecr.aws/",
            "https://@public.ecr.aws",
            "public.ecr.aws?x",
            "https://public.ecr.aws/v2/#x",
            "evil.example#public.ecr.aws",
            " public.ecr.aws",
            "public.ecr.aws\n",
            "public.ecr.aws\r",
            "public.ecr\t.aws",
            "public.ecr.aws/a b",
            "public.ecr.aws\0",
            "public.ecr.aws\u{7f}",
            "evil.example\\.public.ecr.aws",
            "public.ecr.aws/a\\b",
            "p\u{fc}blic.ecr.aws",
            "public.ecr.aws:",
            "public.ecr.aws:0",
            "public.ecr.aws:65536",
            "public.ecr.aws:+443",
            "public.ecr.aws:44x",
            "public.ecr.aws:443:443",
            "https:public.ecr.aws",
            "[::1]:",
        ] {
            assert_eq!(ServerUrl::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_http_url_has_a_scheme_and_a_host() {
        for (text, valid) in [
            ("http://localhost:4566", true),
            ("https://user:secret@vpce.example.com/path?query", true),
            ("https://[::1]:1", true),
            ("localhost:4566", false),
            ("ftp://host", false),
            ("HTTP://host", false),
            ("http://", false),
            ("https://@", false),
            ("http://ho st", false),
            ("http://host/\u{e9}", false),
            ("", false),
        ] {
            assert_eq!(is_http_url(text), valid, "{text:?}");
        }
    }
}
