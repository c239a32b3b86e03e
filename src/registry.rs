//! The hosts of Amazon ECR, and what each of them needs: account, region, partition and kind of API
//! endpoint.
//!
//! A [`Registry`] is parsed once, from a host. A host that only looks like ECR is foreign: it never
//! gets a token.
//!
//! Leaves out: whether the region or the account exists (ECR answers that), and other names for ECR
//! registries (they are rules of the configuration file). No I/O, no regular expressions.

mod globs;
mod partition;

use crate::arn::AccountId;
pub use globs::image_globs;
pub use partition::Partition;
pub(crate) use partition::Region;

/// The hosts of ECR Public, and whether each of them answers over IPv6 too:
/// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html>.
const PUBLIC_HOSTS: [(&str, bool); 2] = [("public.ecr.aws", false), ("ecr-public.aws.com", true)];

/// A registry of Amazon ECR, told by its host name: the private registry that every account has in
/// every region, or ECR Public, one for the whole world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    host: String,
    /// The account that owns the registry; `None` for ECR Public, which all accounts share.
    pub account: Option<AccountId>,
    /// The API that gives the tokens.
    pub api: Api,
    /// The kind of API endpoint that matches this kind of host.
    pub endpoint_variant: EndpointVariant,
}

impl Registry {
    /// The registry of a bare host name (no scheme, port or path) without regard to case; `None`
    /// for a host that isn't ECR's.
    ///
    /// A host with a trailing dot (`HOST.`) isn't ECR's: an image reference [can't hold
    /// one][grammar], so no client asks for it on behalf of an image.
    ///
    /// [grammar]: https://github.com/distribution/reference/blob/main/reference.go
    pub fn parse(host: &str) -> Option<Self> {
        Self::parse_private(host).or_else(|| Self::parse_public(host))
    }

    /// `ACCOUNT.dkr.ecr.REGION.DOMAIN`, with `dkr-ecr` for `dkr.ecr` and `ecr-fips` for `ecr` in
    /// any domain: AWS writes `dkr-ecr` only with `on.*`, but published host patterns accept every
    /// combination.
    fn parse_private(host: &str) -> Option<Self> {
        let (account, rest) = host.split_at_checked(AccountId::LENGTH)?;
        let account = Some(AccountId::parse(account)?);
        let rest = strip_prefix_ignore_case(rest, ".dkr")?.strip_prefix(['.', '-'])?;
        let rest = strip_prefix_ignore_case(rest, "ecr")?;
        let (fips, rest) = strip_prefix_ignore_case(rest, "-fips").map_or((false, rest), |rest| (true, rest));
        let (region, domain) = rest.strip_prefix('.')?.split_once('.')?;
        let region = Region::parse(region)?;
        let (partition, dual_stack) = Partition::of_registry(&region, domain)?;
        let api = Api { service: Service::Ecr, partition, region };
        let endpoint_variant = EndpointVariant { fips, dual_stack };
        Some(Self { host: host.to_ascii_lowercase(), account, api, endpoint_variant })
    }

    fn parse_public(host: &str) -> Option<Self> {
        let (name, dual_stack) = PUBLIC_HOSTS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(host))?;
        let api = Api { service: Service::EcrPublic, partition: Partition::Aws, region: Region::of_ecr_public() };
        let endpoint_variant = EndpointVariant { fips: false, dual_stack };
        Some(Self { host: name.to_owned(), account: None, api, endpoint_variant })
    }

    /// The private registry of an account in a region, by its plain name.
    pub(crate) fn of(account: &str, region: &Region) -> Option<Self> {
        let domain = Partition::of_region(region.as_str()).domain();
        Self::parse(&format!("{account}.dkr.ecr.{}.{domain}", region.as_str()))
    }

    /// The host name in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// The API that gives the tokens of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    pub service: Service,
    /// The partition whose identities may ask for a token.
    pub partition: Partition,
    /// The region whose endpoint is called.
    pub region: Region,
}

/// Amazon ECR, for private registries, or Amazon ECR Public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Ecr,
    EcrPublic,
}

impl Service {
    /// The service of that name, spelled as [`Service::as_str`] spells it.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Ecr, Self::EcrPublic].into_iter().find(|service| service.as_str() == name)
    }

    /// The service's name as it signs requests and stands in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
        }
    }
}

/// Which of its API endpoints a registry belongs to; neither is the plain one:
/// <https://docs.aws.amazon.com/general/latest/gr/ecr.html>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointVariant {
    /// The endpoint whose cryptography is validated under FIPS 140-3.
    pub fips: bool,
    /// The endpoint that answers over IPv4 and IPv6.
    pub dual_stack: bool,
}

/// The text after a prefix, which matches without regard to case.
pub(crate) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
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
                assert_eq!(registry.account.as_ref().map(AccountId::as_str), Some("111122223333"), "{spelling}");
                assert_eq!(registry.api.region.as_str(), region, "{spelling}");
                assert_eq!(registry.api.partition.as_str(), partition, "{spelling}");
                assert_eq!(registry.endpoint_variant, variant, "{spelling}");
                assert_eq!(registry.api.service, Service::Ecr, "{spelling}");
            }
        }
    }

    #[test]
    fn both_hosts_of_ecr_public_ask_its_api_in_us_east_1() {
        for (host, variant) in [("public.ecr.aws", PLAIN), ("ecr-public.aws.com", DUAL_STACK)] {
            for spelling in [host.to_owned(), host.to_uppercase()] {
                let registry = Registry::parse(&spelling).expect(&spelling);
                assert_eq!(registry.host(), host);
                assert_eq!(registry.account, None);
                assert_eq!(registry.api.region.as_str(), "us-east-1");
                assert_eq!(registry.api.partition, Partition::Aws);
                assert_eq!(registry.endpoint_variant, variant);
                assert_eq!(registry.api.service, Service::EcrPublic);
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
}
