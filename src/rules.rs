//! The user's rules: which registry a host stands for, as whom it is asked, and who answers for all other hosts.
//!
//! [`Rules`] are what the configuration file says, in its order: the first rule that matches a host counts. They turn the
//! text of a client into its [`Destination`]. No I/O here: `settings` reads the file and refuses what contradicts itself,
//! `helper` goes where the destination says.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::registry::{Api, Partition, Region, Registry, ServerUrl, Service};

/// Everything that the configuration file says; the default is no file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rules<'a> {
    /// Where it stands, for messages.
    pub file: PathBuf,
    /// The rules for registries.
    pub registries: Vec<Rule<'a>>,
    /// The helpers for all other hosts.
    pub fallbacks: Vec<Fallback<'a>>,
    /// Whether a registry that no rule is for is asked with the profile of its account.
    pub auto_profile: bool,
}

/// One `[[registry]]`. There may be hundreds for each `get`, so what few have is in a box.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// The hosts that it is for.
    pub patterns: Patterns<'a>,
    /// The registry that these hosts are other names of.
    pub registry: Option<Box<Registry>>,
    /// The profile that is asked.
    pub profile: Option<Cow<'a, str>>,
    /// The role that is assumed from there.
    pub role: Option<Box<Role<'a>>>,
    /// The region whose API is asked, in place of that in the registry's name.
    pub region: Option<Cow<'a, str>>,
    /// The endpoint that is asked, in place of the API's own.
    pub endpoint_url: Option<Cow<'a, str>>,
    /// Whether FIPS endpoints are asked, in place of what variables and profile say.
    pub fips: Option<bool>,
    /// Whether dual-stack endpoints are asked, in place of what variables and profile say.
    pub dual_stack: Option<bool>,
    /// Where its header is.
    pub position: Position,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1.
    pub line: u32,
    /// The character in the line, counted from 1.
    pub column: u32,
}

impl Position {
    /// The place of a character in a line, both counted from 1; a file is too short for them not to fit.
    #[must_use]
    pub fn new(line: usize, column: usize) -> Self {
        let [line, column] = [line, column].map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        Self { line, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// The role of a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Role<'a> {
    /// Its ARN.
    pub arn: Cow<'a, str>,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<Cow<'a, str>>,
    /// The name of the session.
    pub session_name: Option<Cow<'a, str>>,
}

/// One `[[fallback]]`, or the `[fallback]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Fallback<'a> {
    /// The hosts that it is for; without any, all that no other one is for.
    pub patterns: Option<Patterns<'a>>,
    /// What follows `docker-credential-` in the name of the program.
    pub helper: Cow<'a, str>,
}

/// What a `match` says. Most rules have one pattern, which needs no list of its own.
#[derive(Debug, PartialEq, Eq)]
pub enum Patterns<'a> {
    /// One.
    One(Pattern<'a>),
    /// Several, of which one must match.
    Any(Vec<Pattern<'a>>),
}

impl<'a> Patterns<'a> {
    /// Each pattern, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern<'a>> {
        match self {
            Self::One(pattern) => std::slice::from_ref(pattern).iter(),
            Self::Any(patterns) => patterns.iter(),
        }
    }

    fn matches(&self, host: &str, registry: Option<&Registry>) -> bool {
        self.iter().any(|pattern| pattern.matches(host, registry))
    }
}

/// One entry of a `match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// Every registry of an account.
    Account(Cow<'a, str>),
    /// A host, without regard to case.
    Host(Cow<'a, str>),
    /// Hosts: `*` stands for any characters, dots among them, `?` for one.
    Glob(Cow<'a, str>),
}

impl<'a> Pattern<'a> {
    /// Tells by its looks what an entry is.
    ///
    /// # Errors
    /// What is wrong with it, to stand behind the entry.
    pub fn parse(text: Cow<'a, str>) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("is empty");
        }
        let kinds = text.bytes().fold(0, |kinds, byte| kinds | KINDS[usize::from(byte)]);
        if kinds == DIGIT {
            return if text.len() == 12 {
                Ok(Self::Account(text))
            } else {
                Err("is no account ID: those have 12 digits")
            };
        }
        if kinds & STRANGE != 0 {
            return Err("is neither a host, with `*` and `?` or without, nor an account ID");
        }
        if kinds & OF_URL != 0 {
            return Err("is no host: leave out scheme, port and path");
        }
        let wildcards = kinds & WILDCARD != 0;
        if wildcards && text.contains("**") {
            return Err("has `**`, and `*` alone stands for any characters, dots among them");
        }
        Ok(if wildcards { Self::Glob(text) } else { Self::Host(text) })
    }

    fn matches(&self, host: &str, registry: Option<&Registry>) -> bool {
        match self {
            Self::Account(account) => registry.and_then(Registry::account) == Some(account),
            Self::Host(name) => name.eq_ignore_ascii_case(host),
            Self::Glob(glob) => glob_matches(glob.as_bytes(), host.as_bytes()),
        }
    }
}

const DIGIT: u8 = 1;
const OF_HOST: u8 = 1 << 1;
const WILDCARD: u8 = 1 << 2;
const OF_URL: u8 = 1 << 3;
const STRANGE: u8 = 1 << 4;

/// What each byte is in a pattern: all of them together say what it is, in a few instructions a byte.
const KINDS: [u8; 256] = {
    let mut kinds = [STRANGE; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        kinds[byte as usize] = match byte {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' => OF_HOST,
            b'*' | b'?' => WILDCARD,
            b':' | b'/' => OF_URL,
            _ => STRANGE,
        };
        byte += 1;
    }
    kinds
};

/// Whether a glob stands for the whole of a host. It goes back to the last `*` only, so its time is at most the product of
/// both lengths.
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

/// Who answers for what a client named.
#[derive(Debug)]
pub enum Destination<'r> {
    /// We do.
    Ecr(Target<'r>),
    /// The program `docker-credential-` and this name.
    Helper(&'r str),
    /// Nobody.
    Nowhere,
}

impl Destination<'_> {
    /// Who answers for the text of a client when there are no rules.
    #[must_use]
    pub fn by_name(server_url: &str) -> Self {
        let server_url = ServerUrl::parse(server_url).ok();
        let registry = server_url.and_then(|server_url| Registry::parse(server_url.host()));
        registry.map_or(Self::Nowhere, |registry| Self::Ecr(Target::of(registry)))
    }
}

/// A host, the registry that it is a name of, and the rules for them.
#[derive(Clone, Debug)]
pub struct Target<'r> {
    host: String,
    registry: Registry,
    /// The rule for the host.
    rule: Option<&'r Rule<'r>>,
    /// For another name of a registry, the rule for the registry: it says what the one for the name doesn't.
    behind: Option<&'r Rule<'r>>,
    /// Where the rules stand.
    file: &'r Path,
    auto_profile: bool,
}

impl Rules<'_> {
    /// Who answers for the text of a client.
    #[must_use]
    pub fn destination(&self, server_url: &str) -> Destination<'_> {
        let Ok(server_url) = ServerUrl::parse(server_url) else {
            // No registry's; but whoever has taken it for one may know it again.
            return self.fallback(None);
        };
        let host = server_url.host();
        let own = Registry::parse(host);
        // A rule that names no registry says as whom ECR is asked, and nothing of other hosts.
        let rule = self
            .registries
            .iter()
            .find(|rule| (own.is_some() || rule.registry.is_some()) && rule.patterns.matches(host, own.as_ref()));
        let (registry, behind) = match (rule.and_then(|rule| rule.registry.clone()), own) {
            (Some(registry), _) => {
                let behind = self.rule_behind(&registry);
                (*registry, behind)
            }
            (None, Some(registry)) => (registry, None),
            (None, None) => return self.fallback(Some(host)),
        };
        let nobody_says = rule.is_none_or(|rule| rule.registry.is_some() && !rule.says_as_whom());
        let auto_profile = self.auto_profile && nobody_says && behind.is_none();
        Destination::Ecr(Target { host: host.to_owned(), registry, rule, behind, file: &self.file, auto_profile })
    }

    /// The first rule for a registry by its own name.
    fn rule_behind(&self, registry: &Registry) -> Option<&Rule<'_>> {
        let matches =
            |rule: &&Rule<'_>| rule.registry.is_none() && rule.patterns.matches(registry.host(), Some(registry));
        self.registries.iter().find(matches)
    }

    /// The first helper whose `match` has the host, else the one without a `match`, wherever that stands.
    fn fallback(&self, host: Option<&str>) -> Destination<'_> {
        let takes = |fallback: &&Fallback<'_>| match (&fallback.patterns, host) {
            (Some(patterns), Some(host)) => patterns.matches(host, None),
            (Some(_), None) | (None, _) => false,
        };
        let rest = || self.fallbacks.iter().find(|fallback| fallback.patterns.is_none());
        match self.fallbacks.iter().find(takes).or_else(rest) {
            Some(fallback) => Destination::Helper(&fallback.helper),
            None => Destination::Nowhere,
        }
    }

    /// The hosts that rules for registries name, without those that are globs.
    pub fn named_hosts(&self) -> impl Iterator<Item = String> {
        self.registries.iter().flat_map(|rule| rule.patterns.iter()).filter_map(|pattern| match pattern {
            Pattern::Host(host) => Some(host.to_ascii_lowercase()),
            Pattern::Account(_) | Pattern::Glob(_) => None,
        })
    }

    /// The fallback helpers, each once.
    #[must_use]
    pub fn helpers(&self) -> Vec<&str> {
        let mut helpers: Vec<&str> = Vec::new();
        for fallback in &self.fallbacks {
            if !helpers.contains(&&*fallback.helper) {
                helpers.push(&fallback.helper);
            }
        }
        helpers
    }
}

impl<'r> Target<'r> {
    /// A registry by its own name, without a rule.
    #[must_use]
    pub fn of(registry: Registry) -> Self {
        Self {
            host: registry.host().to_owned(),
            registry,
            rule: None,
            behind: None,
            file: Path::new(""),
            auto_profile: false,
        }
    }

    /// The host that the client named, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The registry that it is a name of.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The rule that says as whom is asked: by a profile, a role or both.
    #[must_use]
    pub fn rule_of_identity(&self) -> Option<&'r Rule<'r>> {
        self.rules().find(|rule| rule.says_as_whom())
    }

    /// File, line and column of a rule, to look at.
    #[must_use]
    pub fn place_of(&self, rule: &Rule<'_>) -> String {
        format!("{}:{}", self.file.display(), rule.position)
    }

    /// What the rules say of something: the first that does.
    pub fn said<T>(&self, of: impl FnMut(&'r Rule<'r>) -> Option<T>) -> Option<T> {
        self.rules().find_map(of)
    }

    /// The rules that hold, the more specific first.
    pub fn rules(&self) -> impl Iterator<Item = &'r Rule<'r>> + use<'r> {
        self.rule.into_iter().chain(self.behind)
    }

    /// The account whose profile is to be asked, where that is left to us.
    #[must_use]
    pub fn account_to_find_a_profile_for(&self) -> Option<&str> {
        self.registry.account().filter(|_| self.auto_profile)
    }

    /// The API that hands out the tokens.
    #[must_use]
    pub fn api(&self) -> Api {
        let api = self.registry.api();
        match self.said(|rule| rule.region.as_deref().and_then(Region::parse)) {
            Some(region) => Api { region, ..api },
            None => api,
        }
    }

    /// The API that gives the tokens.
    #[must_use]
    pub fn service(&self) -> Service {
        self.registry.service()
    }

    /// The partition whose identities may ask for a token.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.registry.partition()
    }
}

impl Rule<'_> {
    fn says_as_whom(&self) -> bool {
        self.profile.is_some() || self.role.is_some()
    }

    /// What of this rule can't hold for a registry; to stand behind the rule's place.
    #[must_use]
    pub fn contradiction(&self, registry: &Registry) -> Option<String> {
        let partition = registry.partition();
        let (host, lies_in) = (registry.host(), partition.as_str());
        if let Some(arn) = self.role.as_deref().map(|role| &role.arn)
            && partition_of_role(arn) != Some(partition)
        {
            return Some(format!("the role `{arn}` is of another partition than `{host}`, which lies in `{lies_in}`"));
        }
        if let Some(region) = &self.region
            && Partition::of_region(region) != partition
        {
            return Some(format!(
                "the region `{region}` is of another partition than `{host}`, which lies in `{lies_in}`"
            ));
        }
        None
    }
}

/// The partition in the ARN of a role, `arn:PARTITION:iam::ACCOUNT:role/NAME`; `None` for what isn't one.
///
/// See <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
#[must_use]
pub fn partition_of_role(arn: &str) -> Option<Partition> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next();
    let ("arn", partition, "iam", "", account, resource) = (next()?, next()?, next()?, next()?, next()?, next()?)
    else {
        return None;
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_role = resource.strip_prefix("role/").is_some_and(|name| !name.is_empty());
    Partition::parse(partition).filter(|_| is_account && is_role)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn rule(patterns: &[&'static str], registry: Option<&str>) -> Rule<'static> {
        let patterns = patterns.iter().map(|text| Pattern::parse((*text).into()).expect(text)).collect();
        Rule {
            patterns: Patterns::Any(patterns),
            registry: registry.map(|host| Box::new(Registry::parse(host).expect(host))),
            profile: None,
            role: None,
            region: None,
            endpoint_url: None,
            fips: None,
            dual_stack: None,
            position: Position::default(),
        }
    }

    fn clone(one: &Rule<'static>) -> Rule<'static> {
        let patterns = Patterns::Any(one.patterns.iter().cloned().collect());
        let (profile, region) = (one.profile.clone(), one.region.clone());
        Rule { patterns, registry: one.registry.clone(), profile, region, ..rule(&["*"], None) }
    }

    fn fallback(pattern: Option<&'static str>, helper: &'static str) -> Fallback<'static> {
        let patterns = pattern.map(|text| Patterns::One(Pattern::parse(text.into()).expect(text)));
        Fallback { patterns, helper: helper.into() }
    }

    #[test]
    fn a_pattern_is_an_account_a_host_or_a_glob() {
        for (text, pattern) in [
            ("111122223333", Ok(Pattern::Account("111122223333".into()))),
            ("docker.example.com", Ok(Pattern::Host("docker.example.com".into()))),
            ("*.example.com", Ok(Pattern::Glob("*.example.com".into()))),
            ("node?", Ok(Pattern::Glob("node?".into()))),
            ("", Err("is empty")),
            ("11112222333", Err("is no account ID: those have 12 digits")),
            ("https://docker.example.com", Err("is no host: leave out scheme, port and path")),
            ("docker.example.com:5000", Err("is no host: leave out scheme, port and path")),
            ("docker.example.com/app", Err("is no host: leave out scheme, port and path")),
            ("node[0-9]", Err("is neither a host, with `*` and `?` or without, nor an account ID")),
            ("d\u{f6}cker.example.com", Err("is neither a host, with `*` and `?` or without, nor an account ID")),
            ("**.example.com", Err("has `**`, and `*` alone stands for any characters, dots among them")),
        ] {
            assert_eq!(Pattern::parse(text.into()), pattern, "{text}");
        }
    }

    #[test]
    fn a_glob_stands_for_the_whole_host_without_regard_to_case() {
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
            ("1111*.dkr.ecr.*.amazonaws.com", HOST, true),
        ] {
            assert_eq!(glob_matches(glob.as_bytes(), host.as_bytes()), matches, "{glob} {host}");
        }
    }

    #[test]
    fn the_first_rule_that_matches_counts_in_every_spelling_of_the_host() {
        let rules = Rules {
            registries: vec![
                rule(&["444455556666", "docker.example.com"], Some("444455556666.dkr.ecr.us-east-1.amazonaws.com")),
                Rule { profile: Some("first".into()), ..rule(&["444455556666", HOST], None) },
                Rule { profile: Some("second".into()), ..rule(&["1111*"], None) },
            ],
            ..Rules::default()
        };
        for (server_url, registry, profile) in [
            (HOST, HOST, Some("first")),
            ("https://111122223333.DKR.ecr.eu-west-1.amazonaws.com:443/v2/", HOST, Some("first")),
            (
                "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                Some("second"),
            ),
            // The account of the registry behind it has a rule.
            ("http://Docker.example.com:5000", "444455556666.dkr.ecr.us-east-1.amazonaws.com", Some("first")),
            ("public.ecr.aws", "public.ecr.aws", None),
        ] {
            let Destination::Ecr(target) = rules.destination(server_url) else { panic!("{server_url}") };
            assert_eq!(target.registry().host(), registry, "{server_url}");
            assert_eq!(target.said(|rule| rule.profile.as_deref()), profile, "{server_url}");
        }
        let Destination::Ecr(target) = rules.destination("docker.example.com:5000") else { panic!("an alias") };
        assert_eq!((target.host(), target.api().region.as_str()), ("docker.example.com", "us-east-1"));
    }

    #[test]
    fn a_rule_without_a_registry_says_nothing_of_hosts_that_are_not_ecr_s() {
        let rules = Rules { registries: vec![rule(&["*"], None)], ..Rules::default() };
        assert!(matches!(rules.destination("ghcr.io"), Destination::Nowhere));
        assert!(matches!(rules.destination(HOST), Destination::Ecr(_)));
    }

    #[test]
    fn a_fallback_is_asked_for_its_hosts_and_the_one_without_a_match_for_the_rest() {
        let rules = Rules {
            registries: vec![rule(&["docker.example.com"], Some(HOST))],
            fallbacks: vec![fallback(None, "rest"), fallback(Some("ghcr.io"), "one"), fallback(Some("*.io"), "two")],
            ..Rules::default()
        };
        for (server_url, helper) in [
            ("ghcr.io", Some("one")),
            ("https://quay.io/v2/", Some("two")),
            ("https://index.docker.io/v1/", Some("two")),
            ("localhost:5000", Some("rest")),
            ("user@ghcr.io", Some("rest")),
            (HOST, None),
            ("public.ecr.aws", None),
            ("docker.example.com", None),
        ] {
            let destination = rules.destination(server_url);
            let found = if let Destination::Helper(helper) = destination { Some(helper) } else { None };
            assert_eq!(found, helper, "{server_url}");
        }
        assert_eq!(rules.helpers(), ["rest", "one", "two"]);
        let some = Rules { fallbacks: vec![fallback(Some("ghcr.io"), "one")], ..Rules::default() };
        for server_url in ["quay.io", "user@ghcr.io"] {
            assert!(matches!(some.destination(server_url), Destination::Nowhere), "{server_url}");
        }
    }

    #[test]
    fn a_name_of_a_registry_is_asked_for_as_the_rule_for_the_registry_says_unless_its_own_does() {
        const ALIAS: &str = "docker.example.com";
        let region = |name: &'static str| Some(Cow::Borrowed(name));
        let profile = |name: &'static str, rule: Rule<'static>| Rule { profile: Some(name.into()), ..rule };
        let alias = || rule(&[ALIAS], Some(HOST));
        let other = || profile("other", rule(&["444455556666"], None));
        let behind = || Rule { region: region("eu-west-2"), ..profile("behind", rule(&["111122223333"], None)) };
        for (registries, as_whom, from) in [
            (vec![alias()], None, "eu-west-1"),
            (vec![alias(), other(), behind()], Some("behind"), "eu-west-2"),
            (vec![behind(), alias()], Some("behind"), "eu-west-2"),
            (vec![profile("own", alias()), behind()], Some("own"), "eu-west-2"),
            (vec![Rule { region: region("eu-west-3"), ..alias() }, behind()], Some("behind"), "eu-west-3"),
            // Another name of the same registry is no rule for the registry.
            (vec![profile("own", rule(&["*"], Some(HOST))), behind()], Some("own"), "eu-west-2"),
        ] {
            for auto_profile in [false, true] {
                let rules =
                    Rules { registries: registries.iter().map(clone).collect(), auto_profile, ..Rules::default() };
                let Destination::Ecr(target) = rules.destination(ALIAS) else { panic!("an alias") };
                let found = target.rule_of_identity().and_then(|rule| rule.profile.as_deref());
                assert_eq!((found, target.api().region.as_str()), (as_whom, from));
                let account = (auto_profile && as_whom.is_none()).then_some("111122223333");
                assert_eq!(target.account_to_find_a_profile_for(), account);
            }
        }
    }

    #[test]
    fn only_an_account_that_no_rule_is_for_has_its_profile_looked_for() {
        let rules = Rules { registries: vec![rule(&["444455556666"], None)], auto_profile: true, ..Rules::default() };
        for (host, account) in [
            (HOST, Some("111122223333")),
            ("444455556666.dkr.ecr.eu-west-1.amazonaws.com", None),
            ("public.ecr.aws", None),
        ] {
            let Destination::Ecr(target) = rules.destination(host) else { panic!("{host}") };
            assert_eq!(target.account_to_find_a_profile_for(), account, "{host}");
        }
    }

    #[test]
    fn a_role_or_region_of_another_partition_is_a_contradiction() {
        let role = |arn: &'static str| Some(Box::new(Role { arn: arn.into(), external_id: None, session_name: None }));
        let china = "arn:aws-cn:iam::111122223333:role/pull";
        for (rule, said) in [
            (Rule { role: role("arn:aws:iam::111122223333:role/a/b"), ..rule(&["*"], None) }, None),
            (Rule { region: Some("us-east-1".into()), ..rule(&["*"], None) }, None),
            (
                Rule { role: role(china), ..rule(&["*"], None) },
                Some(format!("the role `{china}` is of another partition than `{HOST}`, which lies in `aws`")),
            ),
            (
                Rule { region: Some("cn-north-1".into()), ..rule(&["*"], None) },
                Some(format!("the region `cn-north-1` is of another partition than `{HOST}`, which lies in `aws`")),
            ),
        ] {
            assert_eq!(rule.contradiction(&Registry::parse(HOST).expect(HOST)), said);
        }
    }

    #[test]
    fn the_arn_of_a_role_is_told_from_others() {
        for (arn, partition) in [
            ("arn:aws:iam::111122223333:role/pull", Some(Partition::Aws)),
            ("arn:aws-us-gov:iam::111122223333:role/path/pull", Some(Partition::AwsUsGov)),
            ("arn:aws:iam::111122223333:user/me", None),
            ("arn:aws:iam::111122223333:role/", None),
            ("arn:aws:iam::1111:role/pull", None),
            ("arn:aws:sts::111122223333:role/pull", None),
            ("arn:other:iam::111122223333:role/pull", None),
            ("111122223333", None),
        ] {
            assert_eq!(partition_of_role(arn), partition, "{arn}");
        }
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
