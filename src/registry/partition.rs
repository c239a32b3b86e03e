//! The partitions of AWS and the names of regions.
//!
//! Each partition is one row of the table at the end of this file, with everything that this
//! program knows about it.
//!
//! Leaves out: whether a region exists. AWS answers that.

/// What is known about a partition.
struct Facts {
    /// Its name in ARNs.
    name: &'static str,
    /// How the names of its regions begin; `None` for the commercial partition, whose regions have
    /// nothing in common.
    region_prefix: Option<&'static str>,
    /// The domain of its private registries.
    domain: &'static str,
    /// The domain under which its private registries answer over IPv6 too; `None` if AWS names
    /// none.
    dual_stack_domain: Option<&'static str>,
}

/// Makes the enum and its table out of the rows, so that neither can lack one.
macro_rules! partitions {
    ($($(#[$doc:meta])* $variant:ident: $facts:expr,)*) => {
        /// One of the separate AWS clouds. An identity of one partition is unknown in all others.
        ///
        /// See
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
                    $(Self::$variant => const { &$facts },)*
                }
            }
        }
    };
}

impl Partition {
    /// The partition with this name.
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

    /// The partition of a private registry in a region and a domain, and whether that is the
    /// dual-stack domain; `None` if no registries are in this domain.
    pub(super) fn of_registry(region: &Region, domain: &str) -> Option<(Self, bool)> {
        let is_plain = |facts: &Facts| facts.domain.eq_ignore_ascii_case(domain);
        let is_dual_stack =
            |facts: &Facts| facts.dual_stack_domain.is_some_and(|name| name.eq_ignore_ascii_case(domain));
        let has_domain = |facts: &Facts| is_plain(facts) || is_dual_stack(facts);
        // The region tells partitions apart that share a domain. Where only one has the domain, any
        // region will do.
        let of_region = Some(Self::of_region(region.as_str())).filter(|partition| has_domain(partition.facts()));
        let partition = of_region.or_else(|| Self::find(has_domain))?;
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

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Domains: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>. Of
// partitions that share a domain, the first has the regions whose names no other row claims.
partitions! {
    /// The commercial regions.
    Aws: Facts {
        name: "aws",
        region_prefix: None,
        domain: "amazonaws.com",
        dual_stack_domain: Some("on.aws"),
    },
    /// `GovCloud` (US).
    AwsUsGov: Facts {
        name: "aws-us-gov",
        region_prefix: Some("us-gov-"),
        domain: "amazonaws.com",
        dual_stack_domain: Some("on.aws"),
    },
    /// China.
    AwsCn: Facts {
        name: "aws-cn",
        region_prefix: Some("cn-"),
        domain: "amazonaws.com.cn",
        dual_stack_domain: Some("on.amazonwebservices.com.cn"),
    },
    /// The European Sovereign Cloud.
    AwsEusc: Facts {
        name: "aws-eusc",
        region_prefix: Some("eusc-"),
        domain: "amazonaws.eu",
        dual_stack_domain: None,
    },
    /// The US regions for Top Secret.
    AwsIso: Facts {
        name: "aws-iso",
        region_prefix: Some("us-iso-"),
        domain: "c2s.ic.gov",
        dual_stack_domain: None,
    },
    /// The US regions for Secret.
    AwsIsoB: Facts {
        name: "aws-iso-b",
        region_prefix: Some("us-isob-"),
        domain: "sc2s.sgov.gov",
        dual_stack_domain: None,
    },
    /// The isolated regions in Europe.
    AwsIsoE: Facts {
        name: "aws-iso-e",
        region_prefix: Some("eu-isoe-"),
        domain: "cloud.adc-e.uk",
        dual_stack_domain: None,
    },
    /// The isolated regions `us-isof-*`.
    AwsIsoF: Facts {
        name: "aws-iso-f",
        region_prefix: Some("us-isof-"),
        domain: "csp.hci.ic.gov",
        dual_stack_domain: None,
    },
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
