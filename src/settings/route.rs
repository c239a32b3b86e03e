//! How the user wants AWS to be reached, read only when it is: a hit never comes here.
//!
//! Certificates: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html>, and what OpenSSL reads,
//! <https://docs.openssl.org/3.5/man7/openssl-env/>.

use std::path::Path;

use crate::env::{Env, names};
use crate::error::Failure;
use crate::route::{CertificatePlace, Route, Trust};
use crate::settings::directories::expand_tilde;
use crate::settings::identity::selected_profile;
use crate::settings::profile_file::Profiles;
use crate::settings::proxies;

/// Reads the settings of the profile in use and of the environment, which wins.
///
/// # Errors
/// A value that means nothing.
pub(super) fn resolve(env: &Env, profiles: &Profiles<'_>) -> Result<Route, Failure> {
    Ok(Route { trust: trust(env, profiles), proxies: proxies::resolve(env, profiles)? })
}

/// As the AWS CLI does, the first that is set replaces all others.
fn trust(env: &Env, profiles: &Profiles<'_>) -> Trust {
    let file = |setting, path: &Path| CertificatePlace::File { setting, path: expand_tilde(env, path) };
    if let Some(path) = env.path(names::CA_BUNDLE) {
        return Trust::Only(vec![file(names::CA_BUNDLE, &path)]);
    }
    let profile = profiles.profile(&selected_profile(env));
    if let Some(path) = profile.as_ref().and_then(|profile| profile.get("ca_bundle")).filter(|path| !path.is_empty()) {
        return Trust::Only(vec![file("ca_bundle", Path::new(path))]);
    }
    let of_file =
        env.path(names::SSL_CERT_FILE).map(|path| CertificatePlace::File { setting: names::SSL_CERT_FILE, path });
    let directories = env.path(names::SSL_CERT_DIR).unwrap_or_default();
    let directories = std::env::split_paths(&directories).filter(|path| !path.as_os_str().is_empty());
    let places: Vec<_> = of_file.into_iter().chain(directories.map(CertificatePlace::Directory)).collect();
    if places.is_empty() { Trust::System } else { Trust::Only(places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nca_bundle = /of/profile.pem\n[profile plain]\nregion = x\n";

    fn places(variables: &[(&str, &str)]) -> Vec<String> {
        let profiles = Profiles::parse(CONFIG, "").expect("a good file");
        match trust(&Env::fixed(variables.iter().copied()), &profiles) {
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

    #[test]
    #[cfg(unix)]
    fn the_bundle_of_aws_comes_before_openssl_s_and_the_environment_before_the_profile() {
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
}
