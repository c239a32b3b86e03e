//! The network settings of a fetch; a hit never reads them.
//!
//! Certificates: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html>, and OpenSSL's own variables,
//! <https://docs.openssl.org/3.5/man7/openssl-env/>.

use std::path::Path;

use super::{RegistrySettings, endpoint, proxies};
use crate::env::names;
use crate::error::Failure;
use crate::network::{CertificatePlace, NetworkConfig, Retries, Trust};
use crate::paths::expand_tilde;
use crate::server_url::is_http_url;

/// Reads the settings.
/// Error: a value that isn't valid.
pub(super) fn resolve(settings: &RegistrySettings<'_>) -> Result<NetworkConfig, Failure> {
    Ok(NetworkConfig {
        trust: trust(settings),
        proxies: proxies::resolve(settings),
        retries: retries(settings)?,
        variant: endpoint::variant_for_credentials(settings),
    })
}

/// The URL of the instance metadata service, without a slash at its end:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html>.
pub(super) fn metadata_url(settings: &RegistrySettings<'_>) -> Result<String, Failure> {
    if let Some(url) = settings.setting(names::METADATA_ENDPOINT, "ec2_metadata_service_endpoint") {
        return match url.trim_end_matches('/') {
            url if is_http_url(url) => Ok(url.to_owned()),
            _ => Err(Failure::misconfigured(
                "the endpoint of the instance metadata service is not an `http://` or `https://` URL",
            )),
        };
    }
    let mode = settings.setting(names::METADATA_ENDPOINT_MODE, "ec2_metadata_service_endpoint_mode");
    match mode.map(|mode| mode.to_ascii_lowercase()).as_deref() {
        None | Some("ipv4") => Ok("http://169.254.169.254".to_owned()),
        Some("ipv6") => Ok("http://[fd00:ec2::254]".to_owned()),
        Some(_) => Err(Failure::misconfigured(format!("`{}` must be `IPv4` or `IPv6`", names::METADATA_ENDPOINT_MODE))),
    }
}

/// By <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
fn retries(settings: &RegistrySettings<'_>) -> Result<Retries, Failure> {
    let mut retries = Retries::default();
    let (variable, key) = (names::MAX_ATTEMPTS, "max_attempts");
    if let Some(value) = settings.setting(variable, key) {
        retries.attempts = value.trim().parse().map_err(|_| {
            Failure::misconfigured(format!("`{}` must be a number of at least 1", name_of(settings, variable, key)))
        })?;
    }
    // All modes are the same here. `adaptive` learns from many calls of one process, and this one makes a single call: the
    // SDK would pause for ten seconds before each retry, at the lowest rate of its limiter. `legacy` is the AWS CLI's own.
    let (variable, key) = (names::RETRY_MODE, "retry_mode");
    if let Some(value) = settings.setting(variable, key)
        && !["standard", "adaptive", "legacy"].iter().any(|mode| value.trim().eq_ignore_ascii_case(mode))
    {
        return Err(Failure::misconfigured(format!(
            "`{}` must be `standard`, `adaptive` or `legacy`",
            name_of(settings, variable, key)
        )));
    }
    Ok(retries)
}

/// The name of a setting, where its value was found.
fn name_of<'n>(settings: &RegistrySettings<'_>, variable: &'n str, key: &'n str) -> &'n str {
    if settings.env.is_set(variable) { variable } else { key }
}

/// As in the AWS CLI, the first setting that is there replaces all others.
fn trust(settings: &RegistrySettings<'_>) -> Trust {
    let env = settings.env;
    let file = |setting, path: &Path| CertificatePlace::File { setting, path: expand_tilde(env, path) };
    if let Some(path) = env.path(names::CA_BUNDLE) {
        return Trust::Only(vec![file(names::CA_BUNDLE, &path)]);
    }
    if let Some(path) = settings.property("ca_bundle") {
        return Trust::Only(vec![file("ca_bundle", Path::new(path))]);
    }
    let openssl_file =
        env.path(names::SSL_CERT_FILE).map(|path| CertificatePlace::File { setting: names::SSL_CERT_FILE, path });
    let directories = env.path(names::SSL_CERT_DIR).unwrap_or_default();
    let directories = std::env::split_paths(&directories).filter(|path| !path.as_os_str().is_empty());
    let places: Vec<_> = openssl_file.into_iter().chain(directories.map(CertificatePlace::Directory)).collect();
    if places.is_empty() { Trust::System } else { Trust::Only(places) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::with_settings;

    const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

    #[test]
    #[cfg(unix)]
    fn the_bundle_of_aws_comes_before_openssl_s_and_the_environment_before_the_profile() {
        const CONFIG: &str = "[default]\nca_bundle = /of/profile.pem\n[profile plain]\nregion = x\n";

        fn places(variables: &[(&str, &str)]) -> Vec<String> {
            match with_settings(HOST, variables, CONFIG, trust) {
                Trust::System => Vec::new(),
                Trust::Only(places) => places
                    .into_iter()
                    .map(|place| match place {
                        CertificatePlace::File { setting, path } => format!("{setting}: {}", path.display()),
                        CertificatePlace::Directory(path) => format!("{}/", path.display()),
                    })
                    .collect(),
            }
        }

        let plain = ("AWS_PROFILE", "plain");
        let bundle = ("AWS_CA_BUNDLE", "~/aws.pem");
        let file = ("SSL_CERT_FILE", "/ssl.pem");
        let directories = ("SSL_CERT_DIR", "/one::/two");
        for (variables, expected) in [
            (&[plain][..], &[][..]),
            (&[plain, ("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", ""), ("AWS_CA_BUNDLE", "")], &[]),
            (&[plain, file, directories], &["SSL_CERT_FILE: /ssl.pem", "/one/", "/two/"]),
            (&[file], &["ca_bundle: /of/profile.pem"]),
            (&[("HOME", "/home/me"), bundle, file], &["AWS_CA_BUNDLE: /home/me/aws.pem"]),
        ] {
            assert_eq!(places(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_environment_says_how_often_to_try_before_the_profile_does() {
        const CONFIG: &str = "[default]\nmax_attempts = 5\nretry_mode = adaptive\n[profile odd]\nretry_mode = fast\n";
        let retries = |variables: &[(&str, &str)]| {
            with_settings(HOST, variables, CONFIG, retries)
                .map(|Retries { attempts }| attempts.get())
                .map_err(|failure| failure.detail)
        };
        let none = ("AWS_PROFILE", "none");
        let attempts = "`AWS_MAX_ATTEMPTS` must be a number of at least 1";
        let mode = "must be `standard`, `adaptive` or `legacy`";
        for (variables, expected) in [
            (&[none][..], Ok(3)),
            (&[], Ok(5)),
            (&[("AWS_MAX_ATTEMPTS", " 1 "), ("AWS_RETRY_MODE", "Standard")], Ok(1)),
            (&[none, ("AWS_MAX_ATTEMPTS", ""), ("AWS_RETRY_MODE", "legacy")], Ok(3)),
            (&[("AWS_MAX_ATTEMPTS", "0")], Err(attempts.to_owned())),
            (&[("AWS_MAX_ATTEMPTS", "-1")], Err(attempts.to_owned())),
            (&[("AWS_MAX_ATTEMPTS", "three")], Err(attempts.to_owned())),
            (&[("AWS_RETRY_MODE", "often")], Err(format!("`AWS_RETRY_MODE` {mode}"))),
            (&[("AWS_PROFILE", "odd")], Err(format!("`retry_mode` {mode}"))),
        ] {
            assert_eq!(retries(variables), expected, "{variables:?}");
        }
    }

    #[test]
    fn the_metadata_service_is_where_the_first_setting_that_isnt_empty_says() {
        const CONFIG: &str = "[default]\nec2_metadata_service_endpoint = http://of.profile\n\
                              [profile six]\nec2_metadata_service_endpoint_mode = ipv6\n\
                              [profile odd]\nec2_metadata_service_endpoint_mode = five\n[profile none]\nregion = x\n";
        const URL: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
        const MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
        let (none, six, odd) = (("AWS_PROFILE", "none"), ("AWS_PROFILE", "six"), ("AWS_PROFILE", "odd"));
        let (four, other_six) = (Ok("http://169.254.169.254"), Ok("http://[fd00:ec2::254]"));
        let wrong = Err("`AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` must be `IPv4` or `IPv6`");
        for (variables, expected) in [
            (&[none][..], four),
            (&[none, (URL, ""), (MODE, "")], four),
            (&[none, (MODE, "IPv6")], other_six),
            (&[none, (MODE, "ipv4")], four),
            (&[none, (URL, "http://of.environment"), (MODE, "five")], Ok("http://of.environment")),
            (&[], Ok("http://of.profile")),
            (&[(URL, "https://of.environment/x//")], Ok("https://of.environment/x")),
            (
                &[(URL, "of.environment")],
                Err("the endpoint of the instance metadata service is not an `http://` or `https://` URL"),
            ),
            (&[(URL, "")], Ok("http://of.profile")),
            (&[(URL, "http://of.environment")], Ok("http://of.environment")),
            (&[six], other_six),
            (&[six, (MODE, "IPv4")], four),
            (&[odd], wrong),
            (&[none, (MODE, "five")], wrong),
        ] {
            let found = with_settings(HOST, variables, CONFIG, metadata_url);
            assert_eq!(found.as_deref().map_err(|failure| failure.detail.as_str()), expected, "{variables:?}");
        }
    }
}
