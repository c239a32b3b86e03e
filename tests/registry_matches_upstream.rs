//! Our host parser against two others: the pattern that the Go helper publishes for private
//! registries, and the endpoint rules of the AWS SDK.

use std::sync::LazyLock;

use aws_sdk_ecr::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use docker_credential_ecr_login::unstable::AccountId;
use docker_credential_ecr_login::unstable::{EndpointVariant, Partition, Registry};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use regex::{Captures, Regex};

/// `ProxyEndpoint` of <https://github.com/awslabs/amazon-ecr-credential-helper>, where `\d` means
/// ASCII digits as it does in Go, and without regard to case, as we match host names.
const PATTERN: &str = r"(?i-u)^([0-9]{12})\.dkr[\.\-]ecr(\-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$";

const SUFFIXES: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

static PUBLISHED: LazyLock<Regex> = LazyLock::new(|| Regex::new(PATTERN).expect("the pattern compiles"));

/// Both sides agree on the host, and on what's in it.
fn assert_agreement(host: &str) {
    let registry = match Registry::parse(host) {
        // The pattern is about private registries only.
        Some(registry) if registry.account.is_none() => return,
        registry => registry,
    };
    let groups = PUBLISHED.captures(host);
    assert_eq!(registry.is_some(), groups.is_some(), "{host:?}");
    let (Some(registry), Some(groups)) = (registry, groups) else { return };
    let group = |index: usize| group(&groups, index);
    assert_eq!(registry.host(), host.to_ascii_lowercase());
    assert_eq!(registry.account.as_ref().map(AccountId::as_str), Some(&*group(1)), "{host:?}");
    assert_eq!(registry.api.region.as_str(), group(3), "{host:?}");
    let variant = EndpointVariant { fips: groups.get(2).is_some(), dual_stack: group(4).starts_with("on.") };
    assert_eq!(registry.endpoint_variant, variant, "{host:?}");
}

fn group(groups: &Captures<'_>, index: usize) -> String {
    groups.get(index).map_or_else(String::new, |found| found.as_str().to_ascii_lowercase())
}

/// Hosts that the pattern accepts, in any case of letters.
fn private_host() -> impl Strategy<Value = String> {
    let host = (
        "[0-9]{12}",
        select(vec![".", "-"]),
        select(vec!["", "-fips"]),
        prop_oneof![
            select(vec!["us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-isob-east-1"])
                .prop_map(str::to_owned),
            "[a-zA-Z0-9][a-zA-Z0-9_-]{0,12}",
        ],
        select(SUFFIXES.to_vec()),
    )
        .prop_map(|(account, separator, fips, region, suffix)| {
            format!("{account}.dkr{separator}ecr{fips}.{region}.{suffix}")
        });
    (host, any::<bool>()).prop_map(|(host, loud)| if loud { host.to_ascii_uppercase() } else { host })
}

/// A host after one small accident: a character lost, doubled, swapped for another, put in, or
/// something stuck to an end.
fn near_miss() -> impl Strategy<Value = String> {
    let stray = prop_oneof![
        4 => prop::char::range('a', 'z'),
        4 => prop::char::range('0', '9'),
        4 => select(vec!['.', '-', '_', '@', '\n', '\r', ' ']),
        // A digit, and two letters that fold to `s` and `k`, but only in Unicode.
        2 => select(vec!['\u{663}', '\u{17f}', '\u{212a}']),
        1 => any::<char>(),
    ];
    (private_host(), 0..6, any::<Index>(), stray).prop_map(|(host, accident, at, stray)| {
        let mut characters: Vec<char> = host.chars().collect();
        let at = at.index(characters.len());
        match accident {
            0 => drop(characters.remove(at)),
            1 => characters.insert(at, characters[at]),
            2 => characters[at] = stray,
            3 => characters.insert(at, stray),
            4 => characters.push(stray),
            _ => return format!("{host}.evil.example"),
        }
        characters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(Config { cases: 4096, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_host_of_the_published_pattern_is_ours(host in private_host()) {
        prop_assert!(PUBLISHED.is_match(&host), "the generator is wrong: {host:?}");
        assert_agreement(&host);
    }

    #[test]
    fn a_near_miss_is_judged_as_the_published_pattern_does(host in near_miss()) {
        assert_agreement(&host);
    }

    #[test]
    fn any_text_is_judged_as_the_published_pattern_does(text in any::<String>()) {
        assert_agreement(&text);
    }
}

#[test]
fn near_misses_fall_on_both_sides() {
    let mut runner = TestRunner::deterministic();
    let cases = 2000;
    let accepted = (0..cases)
        .filter(|_| {
            let host = near_miss().new_tree(&mut runner).expect("a host").current();
            assert_agreement(&host);
            PUBLISHED.is_match(&host)
        })
        .count();
    assert!((cases / 10..cases / 2).contains(&accepted), "{accepted} of {cases} are accepted");
}

/// Every region of every partition that the SDK knows.
const REGIONS: [(Partition, &[&str]); 8] = [
    (
        Partition::Aws,
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    ),
    (Partition::AwsUsGov, &["us-gov-east-1", "us-gov-west-1"]),
    (Partition::AwsCn, &["cn-north-1", "cn-northwest-1"]),
    (Partition::AwsEusc, &["eusc-de-east-1"]),
    (Partition::AwsIso, &["us-iso-east-1", "us-iso-west-1"]),
    (Partition::AwsIsoB, &["us-isob-east-1", "us-isob-west-1"]),
    (Partition::AwsIsoE, &["eu-isoe-west-1"]),
    (Partition::AwsIsoF, &["us-isof-east-1", "us-isof-south-1"]),
];

const VARIANTS: [EndpointVariant; 4] = [
    EndpointVariant { fips: false, dual_stack: false },
    EndpointVariant { fips: false, dual_stack: true },
    EndpointVariant { fips: true, dual_stack: false },
    EndpointVariant { fips: true, dual_stack: true },
];

/// Where the SDK sends a request for this region.
fn sdk_endpoint(region: &str, variant: EndpointVariant) -> String {
    let params = Params::builder()
        .region(region.to_owned())
        .use_fips(variant.fips)
        .use_dual_stack(variant.dual_stack)
        .build()
        .expect("a region and two flags are enough");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let endpoint = runtime.block_on(DefaultResolver::new().resolve_endpoint(&params));
    endpoint.expect("every partition knows both flags").url().to_owned()
}

#[test]
fn a_host_and_the_endpoint_of_the_sdk_lie_in_the_same_partition() {
    let mut without_dual_stack_hosts = Vec::new();
    for (partition, regions) in REGIONS {
        for (region, variant) in regions.iter().flat_map(|region| VARIANTS.map(|variant| (*region, variant))) {
            let EndpointVariant { fips, dual_stack: _ } = variant;
            let endpoint = sdk_endpoint(region, variant);
            let (service, suffix) = endpoint.split_once(&format!(".{region}.")).expect("the endpoint names the region");
            assert_eq!(service.contains("-fips"), fips, "{endpoint}");
            // Where APIs live under `api.*`, registries live under `on.*`.
            let (separator, suffix) = match suffix.strip_prefix("api.") {
                Some(domain) => ("-", format!("on.{domain}")),
                None => (".", suffix.to_owned()),
            };
            let host = format!("111122223333.dkr{separator}ecr{}.{region}.{suffix}", if fips { "-fips" } else { "" });
            match Registry::parse(&host) {
                Some(registry) => {
                    assert_eq!(registry.api.partition, partition, "{host}");
                    assert_eq!(registry.api.region.as_str(), region, "{host}");
                    assert_eq!(registry.endpoint_variant, variant, "{host}");
                }
                None => without_dual_stack_hosts.push((partition.as_str(), suffix)),
            }
        }
    }
    without_dual_stack_hosts.dedup();
    // The SDK knows dual-stack APIs there, but neither AWS nor the published pattern names
    // registries under them.
    let expected = [
        ("aws-eusc", "on.amazonwebservices.eu"),
        ("aws-iso", "on.aws.ic.gov"),
        ("aws-iso-b", "on.aws.scloud"),
        ("aws-iso-e", "on.cloud-aws.adc-e.uk"),
        ("aws-iso-f", "on.aws.hci.ic.gov"),
    ];
    assert_eq!(without_dual_stack_hosts, expected.map(|(partition, suffix)| (partition, suffix.to_owned())));
}

#[test]
fn the_domains_of_the_apis_are_those_of_the_sdk() {
    for (partition, regions) in REGIONS {
        let [plain, dual_stack] = partition.api_domains();
        for (domain, is_dual_stack) in [(plain, false), (dual_stack, true)] {
            let url = sdk_endpoint(regions[0], EndpointVariant { fips: false, dual_stack: is_dual_stack });
            assert!(url.ends_with(&format!(".{domain}")), "{url} and {domain}");
        }
    }
}
