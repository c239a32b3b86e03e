//! Text for people that knows which of its parts are our own words and which are names from outside.
//!
//! So a report can mask every name, whatever it is called: it shows our words, and a placeholder for each name. Equal
//! names have equal placeholders, so that a reader still sees which of them belong together.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use crate::error::Failure;
use crate::redact::clean_line;
use crate::registry::{Partition, Registry};

/// A text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Our own words, or something that says nothing about anybody: a version, a time, a number.
    Ours(String),
    /// A name from outside.
    Name(Kind, String),
    /// A name from outside, as a word of a shell command.
    Argument(Kind, String),
    /// One text for the person, and another one for a report.
    Either { shown: String, reported: String },
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Path,
    Host,
    Profile,
    Account,
    /// Anything else: a role, a key of a file, what a program wrote.
    Other,
}

impl Text {
    /// Begins with our own words.
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self(vec![Piece::Ours(words.into())])
    }

    /// Our own words.
    pub(super) fn then(self, words: impl Into<String>) -> Self {
        self.with(Piece::Ours(words.into()))
    }

    /// Another text.
    pub(super) fn text(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A path, in back-ticks.
    pub(super) fn path(self, path: &Path) -> Self {
        self.then("`").with(Piece::Name(Kind::Path, path.display().to_string())).then("`")
    }

    /// A name, without quotes.
    pub(super) fn name(self, kind: Kind, name: impl Into<String>) -> Self {
        self.with(Piece::Name(kind, name.into()))
    }

    /// A name, in back-ticks.
    pub(super) fn quoted(self, kind: Kind, name: impl Into<String>) -> Self {
        self.then("`").name(kind, name).then("`")
    }

    /// A path as a word of a shell command.
    pub(super) fn path_argument(self, path: &Path) -> Self {
        self.argument(Kind::Path, path.display().to_string())
    }

    /// A name as a word of a shell command.
    pub(super) fn argument(self, kind: Kind, name: impl Into<String>) -> Self {
        self.with(Piece::Argument(kind, name.into()))
    }

    /// What AWS, a file or the system says; a report has only the kind of the failure.
    pub(super) fn failure(self, failure: &Failure) -> Self {
        self.either(failure.to_string(), failure.kind.name())
    }

    /// One text for the person, and another one for a report.
    pub(super) fn either(self, shown: impl Into<String>, reported: impl Into<String>) -> Self {
        self.with(Piece::Either { shown: shown.into(), reported: reported.into() })
    }

    fn with(mut self, piece: Piece) -> Self {
        self.0.push(piece);
        self
    }

    /// The text for the person, on one line.
    pub(super) fn shown(&self) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Ours(text) | Piece::Name(_, text) | Piece::Either { shown: text, .. } => text.clone(),
            Piece::Argument(_, text) => shell_word(text),
        });
        clean_line(&pieces.collect::<String>())
    }

    /// The text for a report, on one line.
    pub(super) fn reported(&self, mask: &Mask) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Ours(text) => text.clone(),
            Piece::Name(kind, text) | Piece::Argument(kind, text) => mask.name(*kind, text),
            Piece::Either { reported, .. } => reported.clone(),
        });
        mask.numbers(&clean_line(&pieces.collect::<String>()))
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::new(words)
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self::new(words)
    }
}

/// A text as one word of a shell.
fn shell_word(text: &str) -> String {
    // A NUL can't be in a word; nor is it shown.
    shlex::try_quote(&text.replace('\0', "")).map_or_else(|_| String::new(), Cow::into_owned)
}

/// The placeholders of a report.
#[derive(Debug, Default)]
pub(super) struct Mask {
    home: Option<String>,
    numbers: RefCell<BTreeMap<(Kind, String), usize>>,
}

/// The parts of paths that are the same on every machine.
const COMMON: [&str; 34] = [
    "bin",
    "sbin",
    "usr",
    "local",
    "opt",
    "etc",
    "var",
    "tmp",
    "private",
    "Applications",
    "homebrew",
    "snap",
    ".aws",
    ".cache",
    ".config",
    ".docker",
    ".local",
    "Library",
    "Caches",
    "containers",
    "ecr-login",
    "config",
    "credentials",
    "config.toml",
    "config.json",
    "auth.json",
    "registries.conf",
    "docker-credential-ecr-login",
    "helm",
    "registry",
    "sso",
    "cli",
    "cache",
    "~",
];

impl Mask {
    pub(super) fn new(home: Option<&Path>) -> Self {
        let home = home.map(|home| home.display().to_string()).filter(|home| home.len() > 1);
        Self { home, numbers: RefCell::default() }
    }

    fn name(&self, kind: Kind, name: &str) -> String {
        match kind {
            Kind::Path => self.path(name),
            Kind::Host => self.host(name),
            Kind::Profile if name == "default" => name.to_owned(),
            Kind::Profile | Kind::Account | Kind::Other => self.placeholder(kind, name),
        }
    }

    fn placeholder(&self, kind: Kind, name: &str) -> String {
        let word = match kind {
            Kind::Path => "path",
            Kind::Host => "host",
            Kind::Profile => "profile",
            Kind::Account => "account",
            Kind::Other => "name",
        };
        let mut numbers = self.numbers.borrow_mut();
        let next = numbers.keys().filter(|(of, _)| *of == kind).count() + 1;
        let number = *numbers.entry((kind, name.to_owned())).or_insert(next);
        format!("<{word} {number}>")
    }

    /// The parts that are the same everywhere stay; the home directory is `~`.
    fn path(&self, path: &str) -> String {
        let below_home = self.home.as_deref().and_then(|home| path.strip_prefix(home));
        let below_home = below_home.filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
        let (start, rest) = below_home.map_or(("", path), |rest| ("~", rest));
        let is_common = |part: &str| part.is_empty() || COMMON.contains(&part);
        let parts = rest.split(['/', '\\']).map(|part| if is_common(part) { part } else { "***" });
        format!("{start}{}", parts.collect::<Vec<_>>().join("/"))
    }

    /// A host, with or without a port. Of a registry, the region stays; addresses of this machine and the endpoints of AWS
    /// are the same for everybody.
    fn host(&self, host: &str) -> String {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let is_loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_loopback || name == "localhost" || is_endpoint_of_aws(name) {
            return host.to_owned();
        }
        match Registry::parse(name).map(|registry| registry.account) {
            Some(None) => host.to_owned(),
            Some(Some(account)) => {
                let rest = host.get(account.as_str().len()..).unwrap_or_default();
                format!("{}{rest}", self.placeholder(Kind::Account, account.as_str()))
            }
            None => self.placeholder(Kind::Host, host),
        }
    }

    /// The numbers of accounts, wherever they are.
    fn numbers(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
            let digits = &rest[start..];
            let end = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
            masked.push_str(&rest[..start]);
            let number = &digits[..end];
            if number.len() == 12 {
                masked.push_str(&self.placeholder(Kind::Account, number));
            } else {
                masked.push_str(number);
            }
            rest = &digits[end..];
        }
        masked + rest
    }
}

/// Whether a host is an endpoint that AWS publishes, which names only a region.
fn is_endpoint_of_aws(host: &str) -> bool {
    let begins = ["api.ecr.", "api.ecr-public.", "ecr.", "ecr-fips.", "ecr-public."];
    let mut domains = Partition::ALL.iter().map(|partition| partition.domain()).chain(["api.aws"]);
    begins.iter().any(|start| host.starts_with(start)) && domains.any(|domain| host.ends_with(&format!(".{domain}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FailureKind;

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    #[test]
    fn a_person_sees_every_name_and_a_report_none() {
        let mask = Mask::new(Some(Path::new("/home/ada")));
        let failure = Failure::new(FailureKind::SsoExpired { profile: "acme".to_owned() }, "by acme");
        for (text, shown, reported) in [
            (
                Text::new("a ").path(Path::new("/home/ada/.aws/config")),
                "a `/home/ada/.aws/config`",
                "a `~/.aws/config`",
            ),
            (Text::new("").path(Path::new("/home/ada/work/acme.toml")), "`/home/ada/work/acme.toml`", "`~/***/***`"),
            (Text::new("").path(Path::new("/home/adam/bin")), "`/home/adam/bin`", "`/***/***/bin`"),
            (Text::new("").quoted(Kind::Profile, "acme"), "`acme`", "`<profile 1>`"),
            (Text::new("").quoted(Kind::Profile, "acme-2"), "`acme-2`", "`<profile 2>`"),
            (Text::new("").quoted(Kind::Profile, "acme"), "`acme`", "`<profile 1>`"),
            (Text::new("").quoted(Kind::Profile, "default"), "`default`", "`default`"),
            (Text::new("").name(Kind::Host, HOST), HOST, "<account 1>.dkr.ecr.eu-west-1.amazonaws.com"),
            (Text::new("").name(Kind::Host, "public.ecr.aws"), "public.ecr.aws", "public.ecr.aws"),
            (Text::new("").name(Kind::Host, "127.0.0.1:80"), "127.0.0.1:80", "127.0.0.1:80"),
            (Text::new("").name(Kind::Host, "10.1.2.3:80"), "10.1.2.3:80", "<host 1>"),
            (Text::new("").name(Kind::Host, "proxy.acme:80"), "proxy.acme:80", "<host 2>"),
            (
                Text::new("").name(Kind::Host, "api.ecr.eu-west-1.amazonaws.com"),
                "api.ecr.eu-west-1.amazonaws.com",
                "api.ecr.eu-west-1.amazonaws.com",
            ),
            (
                Text::new("of 111122223333, 1111222233334"),
                "of 111122223333, 1111222233334",
                "of <account 1>, 1111222233334",
            ),
            (
                Text::new("failed: ").failure(&failure),
                "failed: the SSO session of profile `acme` has expired or was never started (by acme)",
                "failed: sso-expired",
            ),
            (
                Text::new("chmod 700 ").path_argument(Path::new("/home/ada/a b;c")),
                "chmod 700 '/home/ada/a b;c'",
                "chmod 700 ~/***",
            ),
            (Text::new("https://me:secret@h/\nx"), "https://***@h/ x", "https://***@h/ x"),
        ] {
            assert_eq!((text.shown().as_str(), text.reported(&mask).as_str()), (shown, reported));
        }
    }
}
