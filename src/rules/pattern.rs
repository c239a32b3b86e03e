//! The entries of a `match`: which hosts a rule or a fallback is for.
//!
//! A pattern is an account ID, a host, or a glob. Its characters alone tell which.

use crate::arn::AccountId;
use crate::registry::Registry;

/// One entry of a `match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Every private registry of an account.
    Account(AccountId),
    /// One host, without regard to case.
    Host(String),
    /// The hosts that a glob matches, without regard to case: `*` stands for any characters,
    /// including dots, and `?` for one character.
    Glob(String),
}

impl Pattern {
    /// Parses one entry.
    /// Error: what is wrong with it, to follow the entry in a message.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return AccountId::parse(text).map(Self::Account).ok_or("is not a valid account ID, which has 12 digits");
        }
        let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let of_url = |byte: u8| matches!(byte, b':' | b'/');
        let wildcard = |byte: u8| matches!(byte, b'*' | b'?');
        if !text.bytes().all(|byte| of_host(byte) || of_url(byte) || wildcard(byte)) {
            return Err("is not a valid host, glob (`*`, `?`) or account ID");
        }
        if text.bytes().any(of_url) {
            return Err("is not a valid host: remove the scheme, port and path");
        }
        if text.contains("**") {
            return Err("contains `**`; a single `*` already matches any characters, including dots");
        }
        let is_glob = text.bytes().any(wildcard);
        Ok(if is_glob { Self::Glob(text.to_owned()) } else { Self::Host(text.to_owned()) })
    }

    /// Whether all hosts that it matches are in one domain of at least two labels, which belongs to somebody: `*.com` has
    /// hosts of anybody.
    pub(crate) fn is_in_one_domain(&self) -> bool {
        let Self::Glob(glob) = self else { return true };
        let mut labels = glob.rsplit('.');
        let is_literal = |label: &str| !label.is_empty() && !label.contains(['*', '?']);
        // An address begins with its network, a name ends with its domain.
        let ends_name = |label: &str| label.bytes().any(|byte| !byte.is_ascii_digit());
        let top = labels.next().is_some_and(|label| is_literal(label) && ends_name(label));
        top && labels.next().is_some_and(is_literal)
    }

    /// Whether it matches every host that another pattern matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Account(account), Self::Account(other)) => account == other,
            (_, Self::Host(host)) => self.matches(host, Registry::parse(host).as_ref()),
            // A `*` matches a `*` of the other glob and whatever that stands for; a `?` doesn't.
            (Self::Glob(glob), Self::Glob(other)) => {
                glob.eq_ignore_ascii_case(other)
                    || !glob.contains('?') && glob_matches(glob.as_bytes(), other.as_bytes())
            }
            (Self::Account(_) | Self::Host(_), Self::Glob(_)) | (Self::Host(_) | Self::Glob(_), Self::Account(_)) => {
                false
            }
        }
    }

    /// Whether it matches a host, which belongs to this registry if to any.
    pub(crate) fn matches(&self, host: &str, registry: Option<&Registry>) -> bool {
        match self {
            Self::Account(account) => registry.and_then(|registry| registry.account.as_ref()) == Some(account),
            Self::Host(name) => name.eq_ignore_ascii_case(host),
            Self::Glob(glob) => glob_matches(glob.as_bytes(), host.as_bytes()),
        }
    }
}

/// Whether a glob matches the whole of a host. It goes back to the last `*` only, so its time is at
/// most the product of both lengths.
fn glob_matches(glob: &[u8], host: &[u8]) -> bool {
    let (mut at_glob, mut at_host) = (0, 0);
    let mut last_star = None;
    while at_host < host.len() {
        match glob.get(at_glob) {
            Some(b'*') => {
                last_star = Some((at_glob, at_host));
                at_glob += 1;
            }
            Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&host[at_host]) => {
                at_glob += 1;
                at_host += 1;
            }
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    at_glob = star + 1;
                    at_host = from + 1;
                }
                None => return false,
            },
        }
    }
    glob[at_glob..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_covers_another_if_no_host_is_left_for_that_one() {
        const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for (one, other, covers) in [
            ("111122223333", "111122223333", true),
            ("111122223333", HOST, true),
            ("111122223333", "444455556666.dkr.ecr.eu-west-1.amazonaws.com", false),
            ("111122223333", "111122223333.dkr.ecr.*.amazonaws.com", false),
            (HOST, HOST, true),
            (HOST, "111122223333.dkr.ecr.*.amazonaws.com", false),
            ("*.amazonaws.com", HOST, true),
            ("*.amazonaws.com", "111122223333.dkr.ecr.*.AMAZONAWS.com", true),
            ("*.amazonaws.com", "111122223333.dkr.ecr.*", false),
            ("*.amazonaws.com", "111122223333", false),
            ("*.Amazonaws.com", "*.amazonaws.com", true),
            ("node?.example.com", "node?.example.com", true),
            ("node?.example.com", "node*.example.com", false),
            ("?.example.com", "*.example.com", false),
            ("*.example.com", "?.example.com", true),
        ] {
            let [one, other] = [one, other].map(|text| Pattern::parse(text).expect(text));
            assert_eq!(one.covers(&other), covers, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_pattern_is_an_account_a_host_or_a_glob() {
        const URL: &str = "is not a valid host: remove the scheme, port and path";
        const STRANGE: &str = "is not a valid host, glob (`*`, `?`) or account ID";
        let account = |text| Ok(Pattern::Account(AccountId::parse(text).expect("twelve digits")));
        for (text, pattern) in [
            ("111122223333", account("111122223333")),
            ("docker.example.com", Ok(Pattern::Host("docker.example.com".to_owned()))),
            ("my_registry", Ok(Pattern::Host("my_registry".to_owned()))),
            ("*.Example.com", Ok(Pattern::Glob("*.Example.com".to_owned()))),
            ("node?", Ok(Pattern::Glob("node?".to_owned()))),
            ("1111*", Ok(Pattern::Glob("1111*".to_owned()))),
            ("", Err("is empty")),
            ("11112222333", Err("is not a valid account ID, which has 12 digits")),
            ("1111222233334", Err("is not a valid account ID, which has 12 digits")),
            ("https://docker.example.com", Err(URL)),
            ("docker.example.com:5000", Err(URL)),
            ("docker.example.com/app", Err(URL)),
            ("*.example.com:443", Err(URL)),
            ("node[0-9]", Err(STRANGE)),
            ("a b", Err(STRANGE)),
            ("https://a b", Err(STRANGE)),
            ("d\u{f6}cker.example.com", Err(STRANGE)),
            ("**.example.com", Err("contains `**`; a single `*` already matches any characters, including dots")),
        ] {
            assert_eq!(Pattern::parse(text), pattern, "{text}");
        }
    }

    #[test]
    fn a_glob_matches_the_whole_host_without_regard_to_case() {
        for (glob, host, matches) in [
            ("*", "anything.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.EXAMPLE.com", "a.example.com", true),
            ("docker.*", "docker.example.com", true),
            ("docker.*", "docker", false),
            ("node?.local", "node1.local", true),
            ("node?.local", "node12.local", false),
            ("*a*b", "xaxaxb", true),
            ("*a*b", "xaxaxbx", false),
            ("1111*.dkr.ecr.*.amazonaws.com", "111122223333.dkr.ecr.eu-west-1.amazonaws.com", true),
        ] {
            let pattern = Pattern::parse(glob).expect(glob);
            assert_eq!(pattern.matches(host, None), matches, "{glob} {host}");
        }
    }

    #[test]
    fn a_glob_is_in_one_domain_if_its_last_two_labels_are_literal() {
        for (text, is_in_one_domain) in [
            ("*.example.com", true),
            ("docker.*.example.com", true),
            ("docker-?.example.com", true),
            ("*docker.example.com", true),
            ("*.co.uk", true),
            ("docker.example.com", true),
            ("localhost", true),
            ("111122223333", true),
            ("*", false),
            ("?", false),
            ("*.com", false),
            ("docker.*", false),
            ("docker.example.*", false),
            ("*.co?", false),
            ("*example.com", false),
            ("?xample.com", false),
            ("docker.e*.com", false),
            ("node?.local", false),
            ("*.example.com.", false),
            ("*..com", false),
            ("*.example.", false),
            ("10.0.*.1", false),
            ("*.0.1", false),
            ("10.0.0.?", false),
        ] {
            let pattern = Pattern::parse(text).expect(text);
            assert_eq!(pattern.is_in_one_domain(), is_in_one_domain, "{text}");
        }
    }

    #[test]
    fn an_account_matches_its_registries_and_a_host_itself() {
        const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let registry = Registry::parse(HOST).expect(HOST);
        for (text, matches) in [
            ("111122223333", true),
            ("444455556666", false),
            ("111122223333.DKR.ecr.eu-west-1.amazonaws.com", true),
            ("111122223333.dkr.ecr.eu-west-2.amazonaws.com", false),
        ] {
            assert_eq!(Pattern::parse(text).expect(text).matches(HOST, Some(&registry)), matches, "{text}");
        }
        let public = Registry::parse("public.ecr.aws").expect("a registry");
        assert!(!Pattern::parse("111122223333").expect("an account").matches("public.ecr.aws", Some(&public)));
    }

    proptest! {
        #[test]
        fn a_host_matches_itself_and_a_glob_made_of_it(host in "[a-z0-9.-]{1,30}", at in 0_usize..30, to in 0_usize..30) {
            let (at, to) = (at.min(host.len()), to.min(host.len()));
            let (at, to) = (at.min(to), at.max(to));
            prop_assert!(glob_matches(host.as_bytes(), host.as_bytes()));
            let glob = format!("{}*{}", &host[..at], &host[to..]);
            prop_assert!(glob_matches(glob.as_bytes(), host.as_bytes()));
            let longer = format!("{host}x");
            prop_assert!(!glob_matches(host.as_bytes(), longer.as_bytes()));
        }
    }
}
