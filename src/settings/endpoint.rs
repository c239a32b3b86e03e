//! Which API endpoint a registry needs: the kind its host asks for, more where the settings add to it, or a URL of the
//! user's in its place.
//!
//! Order of the URLs: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>; flags:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>.

use crate::env::{Env, names};
use crate::error::Failure;
use crate::registry::{EndpointVariant, ServerUrl, Service};
use crate::rules::Target;
use crate::settings::profile_file::{Profiles, Section};
use crate::settings::selected::ActiveProfile;
use crate::settings::wrong;

/// Where to ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The kind of endpoint. With a URL in its place it says only what the token must be worth.
    pub(super) variant: EndpointVariant,
    /// The URL configured in place of the API's own.
    pub(super) url: Option<String>,
}

/// Reads the settings for the service of a registry. A rule for it comes before all others.
///
/// # Errors
/// A URL that isn't one.
pub(super) fn resolve(
    env: &Env,
    profiles: &Profiles<'_>,
    selected: &ActiveProfile,
    target: &Target<'_>,
) -> Result<Endpoint, Failure> {
    let (host, asked) = (target.registry().endpoint_variant(), asked_for(env, profiles, selected, target));
    let variant = EndpointVariant { fips: host.fips || asked.fips, dual_stack: host.dual_stack || asked.dual_stack };
    if let Some(url) = target.said(|rule| rule.endpoint_url.as_deref()) {
        return Ok(Endpoint { variant, url: Some(url.to_owned()) });
    }
    let (variable, service) = match target.service() {
        Service::Ecr => (names::ENDPOINT_URL_ECR, "ecr"),
        Service::EcrPublic => (names::ENDPOINT_URL_ECR_PUBLIC, "ecr_public"),
    };
    Ok(Endpoint { variant, url: configured_url(env, profiles, selected, variable, service)? })
}

/// The kind of endpoint that STS and SSO are asked at, who give the credentials. The host of a registry says nothing of
/// them; and with a URL in place of their own the SDK refuses any kind. What is wrong with such a URL is for who needs it.
pub(super) fn variant_for_credentials(
    env: &Env,
    profiles: &Profiles<'_>,
    selected: &ActiveProfile,
    target: &Target<'_>,
) -> EndpointVariant {
    let urls =
        [url_of_sts(env, profiles, selected), configured_url(env, profiles, selected, names::ENDPOINT_URL_SSO, "sso")];
    if urls.iter().all(|url| matches!(url, Ok(None))) {
        asked_for(env, profiles, selected, target)
    } else {
        EndpointVariant::default()
    }
}

/// The kind of endpoint that is asked for by a rule, else by a variable, else by the profile.
fn asked_for(env: &Env, profiles: &Profiles<'_>, selected: &ActiveProfile, target: &Target<'_>) -> EndpointVariant {
    let profile = profiles.profile(&selected.name);
    let flag = |variable: &str, key: &str| flag(env, profile.as_ref(), variable, key);
    let (fips, dual_stack) = (target.said(|rule| rule.fips), target.said(|rule| rule.dual_stack));
    EndpointVariant {
        fips: fips.unwrap_or_else(|| flag(names::USE_FIPS, "use_fips_endpoint")),
        dual_stack: dual_stack.unwrap_or_else(|| flag(names::USE_DUALSTACK, "use_dualstack_endpoint")),
    }
}

/// The URL of STS, if one is configured in place of its own.
///
/// # Errors
/// It isn't a URL.
pub(super) fn url_of_sts(
    env: &Env,
    profiles: &Profiles<'_>,
    selected: &ActiveProfile,
) -> Result<Option<String>, Failure> {
    configured_url(env, profiles, selected, names::ENDPOINT_URL_STS, "sts")
}

/// Whether something is switched on. The environment has the last word, in both directions.
fn flag(env: &Env, profile: Option<&Section<'_>>, variable: &str, key: &str) -> bool {
    match env.text(variable) {
        Some(_) => env.is_true(variable),
        None => profile.and_then(|profile| profile.get(key)).is_some_and(|value| value.eq_ignore_ascii_case("true")),
    }
}

/// The URL that is configured for a service in place of its own.
///
/// # Errors
/// It isn't a URL.
pub(super) fn configured_url(
    env: &Env,
    profiles: &Profiles<'_>,
    selected: &ActiveProfile,
    variable: &str,
    service: &str,
) -> Result<Option<String>, Failure> {
    let profile = profiles.profile(&selected.name);
    if flag(env, profile.as_ref(), names::IGNORE_ENDPOINT_URLS, "ignore_configured_endpoint_urls") {
        return Ok(None);
    }
    let setting = |key: &str| profile.as_ref().and_then(|profile| profile.get(key));
    let of_services_section = || {
        let services = profiles.services(setting("services")?)?;
        // The documentation joins the words of a service's name with `_`, the SDK for Rust with `-`.
        let url = services.sub_property(service, "endpoint_url");
        url.or_else(|| services.sub_property(&service.replace('_', "-"), "endpoint_url")).map(str::to_owned)
    };
    let url = env
        .text(variable)
        .or_else(|| env.text(names::ENDPOINT_URL))
        .or_else(of_services_section)
        .or_else(|| setting("endpoint_url").map(str::to_owned));
    if let Some(url) = &url
        && !is_http_url(url)
    {
        return Err(wrong("the endpoint URL is not an `http://` or `https://` URL"));
    }
    Ok(url)
}

pub(super) fn is_http_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split('/').next());
    let host = authority.map(|authority| authority.rsplit_once('@').map_or(authority, |(_user_info, host)| host));
    host.is_some_and(|host| ServerUrl::parse(host).is_ok()) && url.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    const PRIVATE: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    const FIPS: &str = "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com";
    const PUBLIC: &str = "public.ecr.aws";
    const CONFIG: &str = "[default]\nservices = local\nendpoint_url = http://profile\nuse_dualstack_endpoint = true\n\
                          [services local]\necr =\n  endpoint_url = http://section\n\
                          [profile plain]\nendpoint_url = http://plain\nuse_fips_endpoint = TRUE\n";

    fn endpoint(host: &str, variables: &[(&str, &str)]) -> Result<Endpoint, Failure> {
        let profiles = Profiles::parse(CONFIG, "").expect("a good file");
        let target = Target::of(Registry::parse(host).expect("an ECR host"));
        let env = Env::fixed(variables.iter().copied());
        resolve(&env, &profiles, &ActiveProfile::of_environment(&env), &target)
    }

    fn url(host: &str, variables: &[(&str, &str)]) -> Option<String> {
        endpoint(host, variables).expect("good settings").url
    }

    #[test]
    fn the_most_specific_url_wins_and_the_environment_beats_the_profile() {
        let specific = ("AWS_ENDPOINT_URL_ECR", "http://ecr");
        let public = ("AWS_ENDPOINT_URL_ECR_PUBLIC", "http://public");
        let general = ("AWS_ENDPOINT_URL", "http://all");
        for (host, variables, expected) in [
            (PRIVATE, &[specific, general, public][..], "http://ecr"),
            (PUBLIC, &[specific, general, public], "http://public"),
            (PRIVATE, &[general], "http://all"),
            (PRIVATE, &[public], "http://section"),
            (PRIVATE, &[], "http://section"),
            (PUBLIC, &[], "http://profile"),
            (PRIVATE, &[("AWS_PROFILE", "plain")], "http://plain"),
        ] {
            assert_eq!(url(host, variables).as_deref(), Some(expected), "{host} {variables:?}");
        }
    }

    #[test]
    fn configured_urls_can_be_ignored() {
        let variables = [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), ("AWS_ENDPOINT_URL", "http://all")];
        assert_eq!(url(PRIVATE, &variables), None);
    }

    #[test]
    fn flags_add_to_what_the_host_asks_for() {
        let off = [("AWS_USE_FIPS_ENDPOINT", "false"), ("AWS_USE_DUALSTACK_ENDPOINT", "false")];
        for (host, variables, fips, dual_stack) in [
            (PRIVATE, &[][..], false, true),
            (PRIVATE, &off, false, false),
            (FIPS, &off, true, false),
            (PRIVATE, &[("AWS_PROFILE", "plain")], true, false),
            (PRIVATE, &[("AWS_PROFILE", "none"), ("AWS_USE_FIPS_ENDPOINT", "true")], true, false),
        ] {
            let variant = endpoint(host, variables).expect("good settings").variant;
            assert_eq!(variant, EndpointVariant { fips, dual_stack }, "{host} {variables:?}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_and_not_repeated() {
        for url in ["localhost:4566", "ftp://host", "http://", "https://@", "http://ho st", "http://h\u{e9}"] {
            let failure = endpoint(PRIVATE, &[("AWS_ENDPOINT_URL", url)]).expect_err(url);
            assert_eq!(failure.detail, "the endpoint URL is not an `http://` or `https://` URL");
        }
    }
}
