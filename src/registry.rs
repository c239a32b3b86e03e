//! The hosts of Amazon ECR, and the server URLs in which clients name them.
//!
//! [`ServerUrl`] takes the host out of whatever a client sends; [`Registry`] says whether that host belongs to ECR and,
//! if so, which account, region, partition and kind of API endpoint stand behind it. Both are parsed once, at the edge.
//!
//! Promises: no I/O, no regular expressions, one allocation for each value. A host that only looks like ECR is foreign:
//! it's never given a token. Errors never repeat what was sent, which may hold a password.
//!
//! Leaves out: whether the region or the account exists (ECR answers that), and names of your own in front of ECR (they
//! are rules of the configuration).

use std::ops::Range;

use thiserror::Error;

/// What a client sent to name a registry: the host in lower case and the port, without scheme and path.
///
/// Accepted are `HOST`, `HOST:PORT`, either with `http://` or `https://` in front and with a path behind. A host
/// is a DNS name, an IPv4 address or an IPv6 address in brackets. Nothing is trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    host: String,
    port: Option<u16>,
}

impl ServerUrl {
    /// Parses the text of a client.
    ///
    /// # Errors
    ///
    /// [`InvalidServerUrl`] says which part isn't acceptable; such a text names no registry at all.
    pub fn parse(text: &str) -> Result<Self, InvalidServerUrl> {
        for byte in text.bytes() {
            match byte {
                b'?' | b'#' => return Err(InvalidServerUrl::QueryOrFragment),
                // Browsers take a backslash for a slash, others don't: two readers could see two hosts.
                b'\\' => return Err(InvalidServerUrl::Character),
                b'!'..=b'~' => {}
                _ => return Err(InvalidServerUrl::Character),
            }
        }
        let rest = strip_prefix(text, "https://").or_else(|| strip_prefix(text, "http://")).unwrap_or(text);
        let (authority, path) = rest.split_at(rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len()));
        if authority.ends_with(':') && path.starts_with("//") {
            return Err(InvalidServerUrl::Scheme);
        }
        if authority.contains('@') {
            return Err(InvalidServerUrl::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        Ok(Self { host: host.to_ascii_lowercase(), port })
    }

    /// The host in lower case, without the port; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if the client named one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

/// Why a text doesn't name a registry. The client is to blame, and is told that there are no credentials for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidServerUrl {
    /// White space, a control character, a backslash, or a character outside ASCII.
    #[error("a server URL holds printable ASCII characters only, and no backslash")]
    Character,
    /// A scheme that registries don't speak.
    #[error("the scheme of a server URL is `http` or `https`")]
    Scheme,
    /// A user name or password in front of the host.
    #[error("a server URL carries no user name and no password")]
    UserInfo,
    /// A `?` or `#`.
    #[error("a server URL has no query and no fragment")]
    QueryOrFragment,
    /// No host, or one that no registry could have.
    #[error("the server URL names no host, or one with characters that a host can't have")]
    Host,
    /// A port that isn't a number from 1 to 65535.
    #[error("the port of a server URL is a number from 1 to 65535")]
    Port,
}

/// A registry of Amazon ECR, told by its host name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Registry {
    /// The private registry that every account has in every region.
    Private(PrivateRegistry),
    /// ECR Public, one for the whole world.
    Public(PublicRegistry),
}

impl Registry {
    /// Recognises a bare host name (no scheme, port or path) without regard to case; `None` for a host that isn't ECR's.
    ///
    /// A host with a trailing dot (`HOST.`) isn't ECR's: an image reference [can't hold one][grammar], so no client
    /// asks for it on behalf of an image.
    ///
    /// [grammar]: https://github.com/distribution/reference/blob/main/reference.go
    #[must_use]
    pub fn parse(host: &str) -> Option<Self> {
        PrivateRegistry::parse(host).map(Self::Private).or_else(|| PublicRegistry::parse(host).map(Self::Public))
    }

    /// Whether [`Registry::parse`] would recognise a host.
    #[must_use]
    pub fn is_host(host: &str) -> bool {
        PrivateHost::parse(host).is_some() || PublicRegistry::parse(host).is_some()
    }

    /// The host name in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::Private(registry) => &registry.host,
            Self::Public(registry) => registry.host(),
        }
    }

    /// The twelve digits of the account that owns the registry; ECR Public belongs to nobody's account.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Private(registry) => Some(registry.account()),
            Self::Public(_) => None,
        }
    }

    /// The region whose API gives the tokens, in lower case.
    #[must_use]
    pub fn region(&self) -> &str {
        match self {
            Self::Private(registry) => registry.region(),
            // https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html
            Self::Public(_) => "us-east-1",
        }
    }

    /// The partition whose identities may ask for a token.
    #[must_use]
    pub fn partition(&self) -> Partition {
        match self {
            Self::Private(registry) => registry.partition,
            Self::Public(_) => Partition::Aws,
        }
    }

    /// The API that gives the tokens.
    #[must_use]
    pub fn service(&self) -> Service {
        match self {
            Self::Private(_) => Service::Ecr,
            Self::Public(_) => Service::EcrPublic,
        }
    }

    /// The API that hands out its tokens.
    #[must_use]
    pub fn api(&self) -> Api {
        Api { service: self.service(), partition: self.partition(), region: Region(self.region().to_owned()) }
    }

    /// The kind of API endpoint that matches this kind of host.
    #[must_use]
    pub fn endpoint_variant(&self) -> EndpointVariant {
        match self {
            Self::Private(registry) => registry.variant,
            Self::Public(registry) => {
                EndpointVariant { fips: false, dual_stack: matches!(registry, PublicRegistry::DualStack) }
            }
        }
    }
}

/// A private registry: one account in one region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrivateRegistry {
    host: String,
    region: Range<usize>,
    partition: Partition,
    variant: EndpointVariant,
}

impl PrivateRegistry {
    /// The twelve digits of the account that owns the registry.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.host[..ACCOUNT_LENGTH]
    }

    /// The region, in lower case.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.host[self.region.clone()]
    }

    fn parse(host: &str) -> Option<Self> {
        let PrivateHost { region, suffix, fips, domain } = PrivateHost::parse(host)?;
        let region_end = host.len() - suffix.len() - 1;
        Some(Self {
            host: host.to_ascii_lowercase(),
            region: region_end - region.len()..region_end,
            partition: domain.partition,
            variant: EndpointVariant { fips, dual_stack: domain.dual_stack },
        })
    }
}

/// The parts of the host of a private registry.
struct PrivateHost<'a> {
    region: &'a str,
    suffix: &'a str,
    fips: bool,
    domain: &'static Domain,
}

impl<'a> PrivateHost<'a> {
    /// `ACCOUNT.dkr.ecr.REGION.DOMAIN`, with `dkr-ecr` for `dkr.ecr` and `ecr-fips` for `ecr` in any domain: AWS
    /// writes `dkr-ecr` with `on.*` only, but published host patterns accept every combination.
    fn parse(host: &'a str) -> Option<Self> {
        let (account, rest) = host.split_at_checked(ACCOUNT_LENGTH)?;
        if !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let rest = strip_prefix(rest, ".dkr")?.strip_prefix(['.', '-'])?;
        let rest = strip_prefix(rest, "ecr")?;
        let (fips, rest) = strip_prefix(rest, "-fips").map_or((false, rest), |rest| (true, rest));
        let (region, suffix) = rest.strip_prefix('.')?.split_once('.')?;
        let domain = DOMAINS.iter().find(|domain| domain.holds(region, suffix))?;
        is_region(region).then_some(Self { region, suffix, fips, domain })
    }
}

/// ECR Public, by either of its hosts.
///
/// See <https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublicRegistry {
    /// `public.ecr.aws`.
    Plain,
    /// `ecr-public.aws.com`, which answers over IPv6 too.
    DualStack,
}

impl PublicRegistry {
    /// The host name in lower case.
    #[must_use]
    pub fn host(self) -> &'static str {
        match self {
            Self::Plain => "public.ecr.aws",
            Self::DualStack => "ecr-public.aws.com",
        }
    }

    fn parse(host: &str) -> Option<Self> {
        [Self::Plain, Self::DualStack].into_iter().find(|registry| registry.host().eq_ignore_ascii_case(host))
    }
}

/// One of the separate AWS clouds; an identity of one is unknown in all others.
///
/// See <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// `GovCloud` (US).
    AwsUsGov,
    /// China.
    AwsCn,
    /// The European Sovereign Cloud.
    AwsEusc,
    /// The US regions for Top Secret.
    AwsIso,
    /// The US regions for Secret.
    AwsIsoB,
    /// The isolated regions in Europe.
    AwsIsoE,
    /// The isolated regions `us-isof-*`.
    AwsIsoF,
}

impl Partition {
    /// Every partition.
    const ALL: [Self; 8] = [
        Self::Aws,
        Self::AwsUsGov,
        Self::AwsCn,
        Self::AwsEusc,
        Self::AwsIso,
        Self::AwsIsoB,
        Self::AwsIsoE,
        Self::AwsIsoF,
    ];

    /// The partition of that name, as it stands in an ARN.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partition| partition.as_str() == name)
    }

    /// The partition that a region lies in, told by the beginning of its name as the SDKs do; the commercial one where
    /// it is none of theirs.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        const PREFIXES: [(&str, Partition); 7] = [
            ("us-gov-", Partition::AwsUsGov),
            ("cn-", Partition::AwsCn),
            ("eusc-", Partition::AwsEusc),
            ("us-iso-", Partition::AwsIso),
            ("us-isob-", Partition::AwsIsoB),
            ("eu-isoe-", Partition::AwsIsoE),
            ("us-isof-", Partition::AwsIsoF),
        ];
        PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or(Self::Aws, |(_, partition)| *partition)
    }

    /// The name of the partition as it stands in an ARN.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsCn => "aws-cn",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
        }
    }
}

/// The AWS API that gives the tokens of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Amazon ECR, for private registries.
    Ecr,
    /// Amazon ECR Public.
    EcrPublic,
}

impl Service {
    /// The service of that name, spelled as [`Service::as_str`] spells it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ecr, Self::EcrPublic].into_iter().find(|service| service.as_str() == name)
    }

    /// The service's name as it signs requests and stands in policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
        }
    }
}

/// The API that hands out the tokens of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// ECR or ECR Public.
    pub service: Service,
    /// The partition whose identities may ask for a token.
    pub partition: Partition,
    /// The region whose endpoint is called.
    pub region: Region,
}

/// The name of an AWS region, in lower case. Whether such a region exists is for AWS to say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Region {
    /// Accepts a name that is a single DNS label, so that it can't change the host of an API endpoint.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        is_region(name).then(|| Self(name.to_ascii_lowercase()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which of its API endpoints a registry belongs to; neither is the plain one.
///
/// See <https://docs.aws.amazon.com/general/latest/gr/ecr.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EndpointVariant {
    /// The endpoint whose cryptography is validated under FIPS 140-3.
    pub fips: bool,
    /// The endpoint that answers over IPv4 and IPv6.
    pub dual_stack: bool,
}

const ACCOUNT_LENGTH: usize = 12;

/// A domain under which registries live.
struct Domain {
    suffix: &'static str,
    /// Tells partitions apart that share a suffix; empty where the suffix alone decides.
    region_prefix: &'static str,
    partition: Partition,
    dual_stack: bool,
}

impl Domain {
    const fn new(suffix: &'static str, region_prefix: &'static str, partition: Partition) -> Self {
        Self { suffix, region_prefix, partition, dual_stack: false }
    }

    const fn dual_stack(self) -> Self {
        Self { dual_stack: true, ..self }
    }

    fn holds(&self, region: &str, suffix: &str) -> bool {
        suffix.eq_ignore_ascii_case(self.suffix) && strip_prefix(region, self.region_prefix).is_some()
    }
}

/// Every domain of a private registry; the first that holds a host counts. A new partition is a new line (and a new
/// [`Partition`]). Plain and dual-stack names: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>.
static DOMAINS: [Domain; 11] = [
    Domain::new("amazonaws.com", "us-gov-", Partition::AwsUsGov),
    Domain::new("amazonaws.com", "", Partition::Aws),
    Domain::new("on.aws", "us-gov-", Partition::AwsUsGov).dual_stack(),
    Domain::new("on.aws", "", Partition::Aws).dual_stack(),
    Domain::new("amazonaws.com.cn", "", Partition::AwsCn),
    Domain::new("on.amazonwebservices.com.cn", "", Partition::AwsCn).dual_stack(),
    Domain::new("amazonaws.eu", "", Partition::AwsEusc),
    Domain::new("c2s.ic.gov", "", Partition::AwsIso),
    Domain::new("sc2s.sgov.gov", "", Partition::AwsIsoB),
    Domain::new("cloud.adc-e.uk", "", Partition::AwsIsoE),
    Domain::new("csp.hci.ic.gov", "", Partition::AwsIsoF),
];

/// One label that can't leave its place in an API host name. Whether such a region exists is for AWS to say.
fn is_region(label: &str) -> bool {
    let mut bytes = label.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The text behind a prefix, which matches without regard to case.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), InvalidServerUrl> {
    let (host, port) = if authority.starts_with('[') {
        let end = authority.bytes().position(|byte| byte == b']').ok_or(InvalidServerUrl::Host)? + 1;
        let (host, behind) = authority.split_at(end);
        let address = &host[1..host.len() - 1];
        if address.is_empty() || !address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')) {
            return Err(InvalidServerUrl::Host);
        }
        match behind.strip_prefix(':') {
            None if behind.is_empty() => (host, None),
            None => return Err(InvalidServerUrl::Host),
            port => (host, port),
        }
    } else {
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if host.is_empty() || !host.bytes().all(of_host) {
            return Err(InvalidServerUrl::Host);
        }
        (host, port)
    };
    Ok((host, port.map(parse_port).transpose()?))
}

fn parse_port(digits: &str) -> Result<u16, InvalidServerUrl> {
    // `u16::from_str` takes a leading `+`.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidServerUrl::Port);
    }
    digits.parse().ok().filter(|port| *port != 0).ok_or(InvalidServerUrl::Port)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: EndpointVariant = EndpointVariant { fips: false, dual_stack: false };
    const FIPS: EndpointVariant = EndpointVariant { fips: true, dual_stack: false };
    const DUAL_STACK: EndpointVariant = EndpointVariant { fips: false, dual_stack: true };
    const BOTH: EndpointVariant = EndpointVariant { fips: true, dual_stack: true };

    #[test]
    fn every_private_host_form_gives_its_region_partition_and_endpoint() {
        for (rest, region, partition, variant) in [
            ("dkr.ecr.us-east-1.amazonaws.com", "us-east-1", "aws", PLAIN),
            ("dkr.ecr-fips.us-west-2.amazonaws.com", "us-west-2", "aws", FIPS),
            ("dkr-ecr.eu-central-1.on.aws", "eu-central-1", "aws", DUAL_STACK),
            ("dkr-ecr-fips.us-east-2.on.aws", "us-east-2", "aws", BOTH),
            ("dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov", PLAIN),
            ("dkr.ecr-fips.us-gov-east-1.amazonaws.com", "us-gov-east-1", "aws-us-gov", FIPS),
            ("dkr-ecr.us-gov-east-1.on.aws", "us-gov-east-1", "aws-us-gov", DUAL_STACK),
            ("dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1", "aws-us-gov", BOTH),
            ("dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn", PLAIN),
            ("dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn", "cn-northwest-1", "aws-cn", DUAL_STACK),
            ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "aws-eusc", PLAIN),
            ("dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "aws-iso", PLAIN),
            ("dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "aws-iso-b", PLAIN),
            ("dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", "aws-iso-e", PLAIN),
            ("dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", "aws-iso-f", PLAIN),
            // Forms that AWS doesn't use but published patterns accept.
            ("dkr.ecr.us-east-1.on.aws", "us-east-1", "aws", DUAL_STACK),
            ("dkr-ecr.us-east-1.amazonaws.com", "us-east-1", "aws", PLAIN),
            ("dkr.ecr.us_1-.amazonaws.com", "us_1-", "aws", PLAIN),
        ] {
            let host = format!("111122223333.{rest}");
            for spelling in [host.clone(), host.to_uppercase()] {
                let registry = Registry::parse(&spelling).expect(&spelling);
                assert_eq!(registry.host(), host);
                assert_eq!(registry.account(), Some("111122223333"), "{spelling}");
                assert_eq!(registry.region(), region, "{spelling}");
                assert_eq!(registry.partition().as_str(), partition, "{spelling}");
                assert_eq!(registry.endpoint_variant(), variant, "{spelling}");
                assert_eq!(registry.service(), Service::Ecr, "{spelling}");
            }
        }
    }

    #[test]
    fn both_hosts_of_ecr_public_ask_its_api_in_us_east_1() {
        for (host, variant) in [("public.ecr.aws", PLAIN), ("ecr-public.aws.com", DUAL_STACK)] {
            for spelling in [host.to_owned(), host.to_uppercase()] {
                let registry = Registry::parse(&spelling).expect(&spelling);
                assert_eq!(registry.host(), host);
                assert_eq!(registry.account(), None);
                assert_eq!(registry.region(), "us-east-1");
                assert_eq!(registry.partition(), Partition::Aws);
                assert_eq!(registry.endpoint_variant(), variant);
                assert_eq!(registry.service(), Service::EcrPublic);
            }
        }
    }

    #[test]
    fn look_alikes_are_foreign() {
        for host in [
            "",
            "111122223333",
            "docker.io",
            "evil.public.ecr.aws",
            "public.ecr.aws.evil.example",
            "public.ecr.aws.",
            "public.ecr.aws.com",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.evil.example",
            "111122223333.dkr.ecr.us-east-1.evil.amazonaws.com",
            "111122223333.dkr.ecr.us-east-1.amazonaws.co",
            "111122223333.dkr.ecr.us-east-1.amazonaws.comx",
            "111122223333.dkr.ecr.us-east-1.on.amazonaws.com",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com:443",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com\n",
            "111122223333.dkr.ecr.us-east-1\n.amazonaws.com",
            "\n111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "evil-111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "x@111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "11112222333.dkr.ecr.us-east-1.amazonaws.com",
            "1111222233334.dkr.ecr.us-east-1.amazonaws.com",
            "11112222333a.dkr.ecr.us-east-1.amazonaws.com",
            // Four Arabic-Indic digits are eight bytes, so that twelve bytes end on a character.
            "1111\u{661}\u{662}\u{663}\u{664}.dkr.ecr.us-east-1.amazonaws.com",
            "11112222333\u{663}.dkr.ecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr..amazonaws.com",
            "111122223333.dkr.ecr.amazonaws.com",
            "111122223333.dkr.ecr.-us.amazonaws.com",
            "111122223333.dkr.ecr._us.amazonaws.com",
            "111122223333.dkr.ecr.us@east.amazonaws.com",
            "111122223333.dkr.ecr.us-e\u{e4}st-1.amazonaws.com",
            // U+017F folds to `s`, U+212A to `k`, but only in Unicode.
            "111122223333.dkr.ecr.us-east-1.amazonaw\u{17f}.com",
            "111122223333.d\u{212a}r.ecr.us-east-1.amazonaws.com",
            "111122223333.dkr_ecr.us-east-1.amazonaws.com",
            "111122223333.dkrxecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr-fip.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr-fips-fips.us-east-1.amazonaws.com",
            "111122223333.ecr.us-east-1.amazonaws.com",
            "api.ecr.us-east-1.amazonaws.com",
            "vpce-0abc.dkr.ecr.us-east-1.vpce.amazonaws.com",
        ] {
            assert_eq!(Registry::parse(host), None, "{host:?}");
        }
    }

    #[test]
    fn every_spelling_that_clients_send_names_the_same_host() {
        let host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
        for (before, behind, port) in [
            ("", "", None),
            ("", "/", None),
            ("", ":443", Some(443)),
            ("", ":443/", Some(443)),
            ("", "/repo/path", None),
            ("", "/repo@sha256:00", None),
            ("", ":5000/repo:tag", Some(5000)),
            ("http://", "", None),
            ("https://", "", None),
            ("https://", "/", None),
            ("https://", "/v2/", None),
            ("https://", ":443", Some(443)),
            ("http://", ":80/v2/", Some(80)),
            ("HTTPS://", ":65535", Some(65535)),
            ("hTTp://", ":1", Some(1)),
        ] {
            for host_sent in [host.to_owned(), host.to_uppercase()] {
                let text = format!("{before}{host_sent}{behind}");
                let url = ServerUrl::parse(&text).expect(&text);
                assert_eq!((url.host(), url.port()), (host, port), "{text}");
            }
        }
    }

    #[test]
    fn foreign_hosts_are_parsed_too() {
        for (text, host, port) in [
            ("https://index.docker.io/v1/", "index.docker.io", None),
            ("localhost:5000", "localhost", Some(5000)),
            ("my_registry", "my_registry", None),
            ("[::1]:5000/x", "[::1]", Some(5000)),
            ("https://[2001:DB8::192.0.2.1]", "[2001:db8::192.0.2.1]", None),
            ("public.ecr.aws.", "public.ecr.aws.", None),
        ] {
            let url = ServerUrl::parse(text).expect(text);
            assert_eq!((url.host(), url.port()), (host, port), "{text}");
        }
    }

    #[test]
    fn what_names_no_registry_is_refused_with_the_reason() {
        use InvalidServerUrl::{Character, Host, Port, QueryOrFragment, Scheme, UserInfo};
        for (text, reason) in [
            ("", Host),
            ("/", Host),
            ("//public.ecr.aws", Host),
            (":443", Host),
            ("https://", Host),
            ("https:///v2/", Host),
            ("https://:443", Host),
            ("public%2eecr.aws", Host),
            ("public,ecr,aws", Host),
            ("[::1", Host),
            ("[]", Host),
            ("[::1]x", Host),
            ("[fe80::1%25eth0]", Host),
            ("ftp://public.ecr.aws", Scheme),
            ("oci://public.ecr.aws", Scheme),
            ("https://https://public.ecr.aws", Scheme),
            ("AWS@public.ecr.aws", UserInfo),
            ("https://AWS:secret@public.ecr.aws/", UserInfo),
            ("https://@public.ecr.aws", UserInfo),
            ("public.ecr.aws?x", QueryOrFragment),
            ("https://public.ecr.aws/v2/#x", QueryOrFragment),
            ("evil.example#public.ecr.aws", QueryOrFragment),
            (" public.ecr.aws", Character),
            ("public.ecr.aws\n", Character),
            ("public.ecr.aws\r", Character),
            ("public.ecr\t.aws", Character),
            ("public.ecr.aws/a b", Character),
            ("public.ecr.aws\0", Character),
            ("public.ecr.aws\u{7f}", Character),
            ("evil.example\\.public.ecr.aws", Character),
            ("p\u{fc}blic.ecr.aws", Character),
            ("public.ecr.aws:", Port),
            ("public.ecr.aws:0", Port),
            ("public.ecr.aws:65536", Port),
            ("public.ecr.aws:+443", Port),
            ("public.ecr.aws:44x", Port),
            ("public.ecr.aws:443:443", Port),
            ("https:public.ecr.aws", Port),
            ("[::1]:", Port),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(reason), "{text:?}");
        }
    }
}
