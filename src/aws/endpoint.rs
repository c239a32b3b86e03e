//! Which API endpoint a registry needs: the kind that its host asks for, more if the settings add to it, or a configured
//! URL instead.
//!
//! Order of the URLs: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>; flags:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>.

use super::RegistrySettings;
use crate::env::names;
use crate::error::Failure;
use crate::registry::{EndpointVariant, Service};
use crate::server_url::is_http_url;

/// A service whose endpoint URL can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AwsService {
    Ecr,
    EcrPublic,
    Sts,
    Sso,
    SsoOidc,
    Signin,
}

impl AwsService {
    /// The variable with its endpoint URL.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Ecr => names::ENDPOINT_URL_ECR,
            Self::EcrPublic => names::ENDPOINT_URL_ECR_PUBLIC,
            Self::Sts => names::ENDPOINT_URL_STS,
            Self::Sso => names::ENDPOINT_URL_SSO,
            Self::SsoOidc => names::ENDPOINT_URL_SSO_OIDC,
            Self::Signin => names::ENDPOINT_URL_SIGNIN,
        }
    }

    /// Its name in a `[services NAME]` section.
    fn section_key(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr_public",
            Self::Sts => "sts",
            Self::Sso => "sso",
            Self::SsoOidc => "sso_oidc",
            Self::Signin => "signin",
        }
    }
}

/// The kind of endpoint that the registry's host or the settings ask for. With a configured URL it only says what the token
/// must be good for.
pub(super) fn variant(settings: &RegistrySettings<'_>) -> EndpointVariant {
    let (host, wanted) = (settings.target.registry().endpoint_variant, configured_variant(settings));
    EndpointVariant { fips: host.fips || wanted.fips, dual_stack: host.dual_stack || wanted.dual_stack }
}

/// The URL that is configured for the registry's API. A rule's comes before all others.
/// Error: it isn't a URL.
pub(super) fn of_registry(settings: &RegistrySettings<'_>) -> Result<Option<String>, Failure> {
    if let Some(url) = settings.target.setting(|rule| rule.endpoint_url.as_deref()) {
        return Ok(Some(url.to_owned()));
    }
    settings.url(match settings.target.service() {
        Service::Ecr => AwsService::Ecr,
        Service::EcrPublic => AwsService::EcrPublic,
    })
}

/// The kind of endpoint of STS and SSO, which give the credentials. The registry's host doesn't decide it, and a configured
/// URL excludes any kind: the SDK refuses both together. If that URL isn't valid, the error comes when it is used.
pub(super) fn variant_for_credentials(settings: &RegistrySettings<'_>) -> EndpointVariant {
    if [AwsService::Sts, AwsService::Sso].iter().all(|service| matches!(settings.url(*service), Ok(None))) {
        configured_variant(settings)
    } else {
        EndpointVariant::default()
    }
}

/// The kind of endpoint that a rule, else a variable, else the profile asks for.
fn configured_variant(settings: &RegistrySettings<'_>) -> EndpointVariant {
    let target = settings.target;
    let (fips, dual_stack) = (target.setting(|rule| rule.fips), target.setting(|rule| rule.dual_stack));
    EndpointVariant {
        fips: fips.unwrap_or_else(|| settings.flag(names::USE_FIPS, "use_fips_endpoint")),
        dual_stack: dual_stack.unwrap_or_else(|| settings.flag(names::USE_DUALSTACK, "use_dualstack_endpoint")),
    }
}

/// The URL that is configured for a service instead of its own.
/// Error: it isn't a URL.
pub(super) fn configured_url(settings: &RegistrySettings<'_>, service: AwsService) -> Result<Option<String>, Failure> {
    match find_url(settings, service) {
        Some((url, _)) if !is_http_url(&url) => {
            Err(Failure::misconfigured("the endpoint URL is not an `http://` or `https://` URL"))
        }
        found => Ok(found.map(|(url, _)| url)),
    }
}

/// What gives the endpoint URL of a service.
#[derive(Clone, Copy, Debug)]
pub(super) enum UrlOrigin<'s> {
    Variable(&'static str),
    /// This part of the section that the property `services` names.
    Services(&'s str),
    /// The property `endpoint_url`.
    Property,
}

/// The URL that is configured for a service, whether or not it is one, and what gives it.
pub(super) fn find_url<'s>(settings: &RegistrySettings<'s>, service: AwsService) -> Option<(String, UrlOrigin<'s>)> {
    if settings.flag(names::IGNORE_ENDPOINT_URLS, "ignore_configured_endpoint_urls") {
        return None;
    }
    let from_variable = |name| Some((settings.env.text(name)?, UrlOrigin::Variable(name)));
    let from_services_section = || {
        let services = settings.profiles.services(settings.property("services")?)?;
        let key = service.section_key();
        // The documentation joins the words of a service's name with `_`, the SDK for Rust with `-`.
        [key.to_owned(), key.replace('_', "-")].iter().find_map(|key| {
            let url = services.nested(key, "endpoint_url")?.to_owned();
            Some((url, UrlOrigin::Services(services.nested_line_of(key, "endpoint_url")?)))
        })
    };
    from_variable(service.variable())
        .or_else(|| from_variable(names::ENDPOINT_URL))
        .or_else(from_services_section)
        .or_else(|| Some((settings.property("endpoint_url")?.to_owned(), UrlOrigin::Property)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::with_settings;

    const PRIVATE: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    const FIPS: &str = "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com";
    const PUBLIC: &str = "public.ecr.aws";
    const CONFIG: &str = "[default]\nservices = local\nendpoint_url = http://profile\nuse_dualstack_endpoint = true\n\
                          [services local]\necr =\n  endpoint_url = http://section\n\
                          [profile plain]\nendpoint_url = http://plain\nuse_fips_endpoint = TRUE\n";

    fn url(host: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        with_settings(host, variables, CONFIG, |settings| of_registry(settings).map_err(|failure| failure.detail))
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
            assert_eq!(url(host, variables), Ok(Some(expected.to_owned())), "{host} {variables:?}");
        }
    }

    #[test]
    fn configured_urls_can_be_ignored() {
        let variables = [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"), ("AWS_ENDPOINT_URL", "http://all")];
        assert_eq!(url(PRIVATE, &variables), Ok(None));
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
            let variant = with_settings(host, variables, CONFIG, variant);
            assert_eq!(variant, EndpointVariant { fips, dual_stack }, "{host} {variables:?}");
        }
    }

    #[test]
    fn an_invalid_url_is_refused_and_not_repeated() {
        for url in ["localhost:4566", "ftp://host", "http://", "https://@", "http://ho st", "http://h\u{e9}"] {
            let message = "the endpoint URL is not an `http://` or `https://` URL".to_owned();
            assert_eq!(self::url(PRIVATE, &[("AWS_ENDPOINT_URL", url)]), Err(message), "{url}");
        }
    }
}
