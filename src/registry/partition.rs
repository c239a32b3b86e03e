//! The partitions of AWS and the names of regions.
//!
//! Each partition is one row of the table below, with everything that this program knows about it.
//!
//! Leaves out: whether a region exists. AWS answers that.

/// What is known about a partition.
struct Facts {
    /// As in an ARN.
    name: &'static str,
    /// How the names of its regions begin; `None` for the commercial partition, whose regions have
    /// nothing in common.
    region_prefix: Option<&'static str>,
    /// The domain of its private registries.
    domain: &'static str,
    /// The domain under which they answer over IPv6 too; `None` if AWS names none.
    dual_stack_domain: Option<&'static str>,
    /// The domain of the APIs that answer over IPv6 too.
    dual_stack_api_domain: &'static str,
}

/// Makes the enum and its table out of the rows, so that neither can lack one.
macro_rules! partitions {
    ($($(#[$doc:meta])* $variant:ident(
        $name:expr, $prefix:expr, $domain:expr, $dual_stack:expr, $dual_stack_api:expr
    ),)*) => {
        /// One of the separate AWS clouds. An identity of one partition is unknown in all others:
        /// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Partition {
            $($(#[$doc])* $variant,)*
        }

        impl Partition {
            /// Every partition.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            fn facts(self) -> &'static Facts {
                match self {
                    $(Self::$variant => &Facts {
                        name: $name,
                        region_prefix: $prefix,
                        domain: $domain,
                        dual_stack_domain: $dual_stack,
                        dual_stack_api_domain: $dual_stack_api,
                    },)*
                }
            }
        }
    };
}

// Domains: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>, and of the
// APIs over IPv6 `dualStackDnsSuffix` in
// <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>. Of partitions that
// share a domain, the first has the regions whose names no other row claims.
partitions! {
    /// The commercial regions.
    Aws("aws", None, "amazonaws.com", Some("on.aws"), "api.aws"),
    /// `GovCloud` (US).
    AwsUsGov("aws-us-gov", Some("us-gov-"), "amazonaws.com", Some("on.aws"), "api.aws"),
    /// China.
    AwsCn("aws-cn", Some("cn-"), "amazonaws.com.cn", Some("on.amazonwebservices.com.cn"), "api.amazonwebservices.com.cn"),
    /// The European Sovereign Cloud.
    AwsEusc("aws-eusc", Some("eusc-"), "amazonaws.eu", None, "api.amazonwebservices.eu"),
    /// The US regions for Top Secret.
    AwsIso("aws-iso", Some("us-iso-"), "c2s.ic.gov", None, "api.aws.ic.gov"),
    /// The US regions for Secret.
    AwsIsoB("aws-iso-b", Some("us-isob-"), "sc2s.sgov.gov", None, "api.aws.scloud"),
    /// The isolated regions in Europe.
    AwsIsoE("aws-iso-e", Some("eu-isoe-"), "cloud.adc-e.uk", None, "api.cloud-aws.adc-e.uk"),
    /// The isolated regions `us-isof-*`.
    AwsIsoF("aws-iso-f", Some("us-isof-"), "csp.hci.ic.gov", None, "api.aws.hci.ic.gov"),
}

impl Partition {
    /// The partition of that name, spelled as [`Partition::as_str`] spells it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::find(|partition| partition.name == name)
    }

    /// Its name, as in an ARN.
    pub fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// The partition of a region, told by the beginning of its name as the SDKs do; the commercial
    /// partition if no other one fits.
    pub fn of_region(region: &str) -> Self {
        let has_prefix = |facts: &Facts| facts.region_prefix.is_some_and(|prefix| region.starts_with(prefix));
        Self::find(has_prefix).unwrap_or(Self::Aws)
    }

    /// The domain of its private registries.
    pub(crate) fn domain(self) -> &'static str {
        self.facts().domain
    }

    /// The domain under which they answer over IPv6 too, if AWS names one.
    pub(super) fn dual_stack_domain(self) -> Option<&'static str> {
        self.facts().dual_stack_domain
    }

    /// Whether there are registries with FIPS endpoints: in regions of the United States
    /// (<https://docs.aws.amazon.com/general/latest/gr/ecr.html>).
    pub(super) fn has_fips(self) -> bool {
        matches!(self, Self::Aws | Self::AwsUsGov)
    }

    /// The domains of its APIs: the one that its private registries have, too, and the one over IPv6.
    pub fn api_domains(self) -> [&'static str; 2] {
        let Facts { domain, dual_stack_api_domain, .. } = self.facts();
        [domain, dual_stack_api_domain]
    }

    /// The partition of a private registry in a region and a domain, and whether that is the
    /// dual-stack domain; `None` if no registries are in this domain.
    pub(super) fn of_registry(region: &Region, domain: &str) -> Option<(Self, bool)> {
        let is_domain = |name: &str| name.eq_ignore_ascii_case(domain);
        let is_dual_stack = |facts: &Facts| facts.dual_stack_domain.is_some_and(is_domain);
        let has_domain = |facts: &Facts| is_domain(facts.domain) || is_dual_stack(facts);
        // The region tells partitions apart that share a domain. Where only one has the domain, any
        // region will do.
        let of_region = Self::of_region(region.as_str());
        let partition = if has_domain(of_region.facts()) { of_region } else { Self::find(has_domain)? };
        Some((partition, is_dual_stack(partition.facts())))
    }

    fn find(has: impl Fn(&Facts) -> bool) -> Option<Self> {
        Self::ALL.iter().copied().find(|partition| has(partition.facts()))
    }
}

/// The name of an AWS region, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Region {
    /// Accepts a name that is a single DNS label, so that it can't change the host of an API
    /// endpoint. Upper case becomes lower case.
    pub fn parse(name: &str) -> Option<Self> {
        let mut bytes = name.bytes();
        let is_label = bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_label.then(|| Self(name.to_ascii_lowercase()))
    }

    /// The region in which ECR Public gives its tokens:
    /// <https://docs.aws.amazon.com/AmazonECR/latest/public/public-registry-auth.html>.
    pub(super) fn of_ecr_public() -> Self {
        Self("us-east-1".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_found_by_its_name_and_by_its_regions() {
        for (name, region) in [
            ("aws", "eu-west-1"),
            ("aws-us-gov", "us-gov-west-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-eusc", "eusc-de-east-1"),
            ("aws-iso", "us-iso-east-1"),
            ("aws-iso-b", "us-isob-east-1"),
            ("aws-iso-e", "eu-isoe-west-1"),
            ("aws-iso-f", "us-isof-south-1"),
        ] {
            let partition = Partition::parse(name).expect(name);
            assert_eq!((partition.as_str(), Partition::of_region(region)), (name, partition));
        }
        assert_eq!(Partition::ALL.len(), 8);
        assert_eq!((Partition::parse("aws-x"), Partition::of_region("x")), (None, Partition::Aws));
    }

    #[test]
    fn the_region_tells_partitions_apart_that_share_a_domain_and_no_others() {
        let of = |region, domain| Partition::of_registry(&Region::parse(region).expect(region), domain);
        for (region, domain, expected) in [
            ("us-gov-west-1", "amazonaws.com", Some((Partition::AwsUsGov, false))),
            ("US-GOV-west-1", "ON.AWS", Some((Partition::AwsUsGov, true))),
            ("cn-north-1", "amazonaws.com", Some((Partition::Aws, false))),
            ("us-gov-west-1", "amazonaws.com.cn", Some((Partition::AwsCn, false))),
            ("us-east-1", "on.amazonwebservices.com.cn", Some((Partition::AwsCn, true))),
            ("us-isob-east-1", "c2s.ic.gov", Some((Partition::AwsIso, false))),
            ("us-east-1", "example.com", None),
        ] {
            assert_eq!(of(region, domain), expected, "{region} {domain}");
        }
    }

    #[test]
    fn a_region_is_one_dns_label() {
        for (name, expected) in [
            ("eu-west-1", Some("eu-west-1")),
            ("EU_West-1", Some("eu_west-1")),
            ("", None),
            ("-eu", None),
            ("_eu", None),
            ("eu west", None),
            ("eu.west", None),
            ("eu/west", None),
            ("e\u{fc}-west-1", None),
        ] {
            assert_eq!(Region::parse(name).as_ref().map(Region::as_str), expected, "{name:?}");
        }
    }
}
