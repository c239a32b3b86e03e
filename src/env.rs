//! The environment as a value, and every variable that this program reads.
//!
//! A variable set to the empty string counts as unset, as CI systems set empty variables for secrets that don't exist.
//! So does one that isn't valid UTF-8 where text is wanted. This leaf leaves the meaning of a value to `settings`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Names of the variables, grouped by whose they are.
#[expect(non_upper_case_globals, reason = "the proxy variables are known by two names that differ in nothing else")]
pub(crate) mod names {
    /// Where tokens are cached.
    pub(crate) const CACHE_DIR: &str = "AWS_ECR_CACHE_DIR";
    /// Any value: nothing is cached.
    pub(crate) const DISABLE_CACHE: &str = "AWS_ECR_DISABLE_CACHE";
    /// On: `store` succeeds for every host and keeps nothing.
    pub(crate) const IGNORE_CREDS_STORAGE: &str = "AWS_ECR_IGNORE_CREDS_STORAGE";
    /// The limit of a whole `get`, in seconds.
    pub(crate) const TIMEOUT: &str = "AWS_ECR_TIMEOUT";
    /// On: the reason of a failure goes to stdout, where newer clients stop.
    pub(crate) const STRICT: &str = "AWS_ECR_STRICT";
    /// Our own configuration file.
    pub(crate) const CONFIG: &str = "AWS_ECR_CONFIG";
    /// Set for the fallback helpers that we start: their names, to find out when one of them leads back to us.
    pub(crate) const FALLBACK_CHAIN: &str = "AWS_ECR_FALLBACK_CHAIN";
    /// How much is logged.
    pub(crate) const LOG: &str = "AWS_ECR_LOG";
    /// Where the log goes instead of stderr.
    pub(crate) const LOG_FILE: &str = "AWS_ECR_LOG_FILE";

    /// Static or temporary keys.
    pub(crate) const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
    /// The secret half of [`ACCESS_KEY_ID`].
    pub(crate) const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
    /// What the SDK accepts in place of [`SECRET_ACCESS_KEY`].
    pub(crate) const SECRET_ACCESS_KEY_SHORT: &str = "SECRET_ACCESS_KEY";
    /// The older name of [`SESSION_TOKEN`], which wins over it as in the AWS CLI.
    pub(crate) const SECURITY_TOKEN: &str = "AWS_SECURITY_TOKEN";
    /// What temporary keys need besides.
    pub(crate) const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
    /// The profile to use.
    pub(crate) const PROFILE: &str = "AWS_PROFILE";
    /// The older name of [`PROFILE`], which wins over this one.
    pub(crate) const DEFAULT_PROFILE: &str = "AWS_DEFAULT_PROFILE";
    /// The region that is configured; only its partition matters, as the registry's name has the region to ask.
    pub(crate) const REGION: &str = "AWS_REGION";
    /// What [`REGION`] was called before.
    pub(crate) const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
    /// The shared configuration file.
    pub(crate) const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
    /// The shared credentials file.
    pub(crate) const SHARED_CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
    /// Web identity: the file with the token.
    pub(crate) const WEB_IDENTITY_TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    /// Web identity: the role to assume.
    pub(crate) const ROLE_ARN: &str = "AWS_ROLE_ARN";
    /// Web identity: the name of the session.
    pub(crate) const ROLE_SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";
    /// Container credentials: a path at 169.254.170.2.
    pub(crate) const CONTAINER_RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    /// Container credentials: a whole URI.
    pub(crate) const CONTAINER_FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    /// Container credentials: the file with the authorization token.
    pub(crate) const CONTAINER_TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    /// Container credentials: the authorization token itself.
    pub(crate) const CONTAINER_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    /// `true`: the instance metadata service isn't asked.
    pub(crate) const METADATA_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
    /// Where the instance metadata service is.
    pub(crate) const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    /// `IPv4` or `IPv6`.
    pub(crate) const METADATA_ENDPOINT_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";
    /// Another endpoint for every service.
    pub(crate) const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
    /// Another endpoint for STS, which assumes roles.
    pub(crate) const ENDPOINT_URL_STS: &str = "AWS_ENDPOINT_URL_STS";
    /// Another endpoint for the SSO portal, which gives credentials.
    pub(crate) const ENDPOINT_URL_SSO: &str = "AWS_ENDPOINT_URL_SSO";
    /// Another endpoint for SSO OIDC, which refreshes sessions.
    pub(crate) const ENDPOINT_URL_SSO_OIDC: &str = "AWS_ENDPOINT_URL_SSO_OIDC";
    /// Another endpoint for AWS Sign-In, which renews the sessions of `aws login`.
    pub(crate) const ENDPOINT_URL_SIGNIN: &str = "AWS_ENDPOINT_URL_SIGNIN";
    /// Another endpoint for ECR.
    pub(crate) const ENDPOINT_URL_ECR: &str = "AWS_ENDPOINT_URL_ECR";
    /// Another endpoint for ECR Public.
    pub(crate) const ENDPOINT_URL_ECR_PUBLIC: &str = "AWS_ENDPOINT_URL_ECR_PUBLIC";
    /// `true`: the endpoints above and those in profiles are ignored.
    pub(crate) const IGNORE_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
    /// `true`: FIPS endpoints.
    pub(crate) const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
    /// `true`: dual-stack endpoints.
    pub(crate) const USE_DUALSTACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
    /// How often a call is tried.
    pub(crate) const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";
    /// `standard`, `adaptive` or `legacy`, which are one here.
    pub(crate) const RETRY_MODE: &str = "AWS_RETRY_MODE";
    /// The proxy for `https://` requests.
    pub(crate) const HTTPS_PROXY: &str = "HTTPS_PROXY";
    /// The same, and it wins.
    pub(crate) const https_proxy: &str = "https_proxy";
    /// The proxy for `http://` requests.
    pub(crate) const HTTP_PROXY: &str = "HTTP_PROXY";
    /// The same, and it wins.
    pub(crate) const http_proxy: &str = "http_proxy";
    /// The proxy for all requests that have none of their own.
    pub(crate) const ALL_PROXY: &str = "ALL_PROXY";
    /// The same, and it wins.
    pub(crate) const all_proxy: &str = "all_proxy";
    /// What is reached without a proxy.
    pub(crate) const NO_PROXY: &str = "NO_PROXY";
    /// The same, and it wins.
    pub(crate) const no_proxy: &str = "no_proxy";
    /// A file with the certificates to trust, instead of the system's.
    pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";
    /// The same, as OpenSSL names it.
    pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
    /// Directories with certificates to trust, separated as in `PATH`.
    pub(crate) const SSL_CERT_DIR: &str = "SSL_CERT_DIR";
    /// The home directory, where the profile files are.
    pub(crate) const HOME: &str = "HOME";
    /// The home directory on Windows, where `HOME` isn't set.
    pub(crate) const USERPROFILE: &str = "USERPROFILE";
}

/// Where variables come from: the process, or a table in a test.
pub struct Env(Variables);

enum Variables {
    Process,
    Fixed(BTreeMap<String, String>),
}

impl Env {
    /// The variables of this process, looked up when asked for: a hit reads a dozen of them, not all.
    pub const fn process() -> Self {
        Self(Variables::Process)
    }

    /// Just these variables.
    pub fn fixed<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(Variables::Fixed(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// The value as text; `None` when unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.into_string().ok()
    }

    /// The value as a path; `None` when unset or empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    /// Whether the variable is set to anything but the empty string.
    pub fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether the variable is set to the empty string: for those that the SDK takes as they are.
    pub fn is_empty(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.is_empty())
    }

    /// Whether a variable of the AWS SDKs says `true`, without regard to case: they know no other word for it.
    pub fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a variable of our own is switched on: `1`, `t` or `true`, as the Go helper reads its switches.
    pub fn is_on(&self, name: &str) -> bool {
        let on = ["1", "t", "true"];
        self.value(name).is_some_and(|value| on.iter().any(|word| value.eq_ignore_ascii_case(word)))
    }

    fn value(&self, name: &str) -> Option<OsString> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    fn raw(&self, name: &str) -> Option<OsString> {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this leaf is the door to the environment")]
            Variables::Process => std::env::var_os(name),
            Variables::Fixed(variables) => variables.get(name).map(OsString::from),
        }
    }
}

impl fmt::Debug for Env {
    /// Names only: values may be secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Variables::Process => formatter.write_str("Env(process)"),
            Variables::Fixed(variables) => formatter.debug_tuple("Env").field(&variables.keys()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_string_counts_as_unset() {
        let env = Env::fixed([("EMPTY", ""), ("FULL", "x")]);
        assert_eq!(env.text("EMPTY"), None);
        assert_eq!(env.path("EMPTY"), None);
        assert!(!env.is_set("EMPTY"));
        assert!(!env.is_set("MISSING"));
        assert_eq!(env.text("FULL").as_deref(), Some("x"));
        assert!(env.is_set("FULL"));
    }

    #[test]
    fn an_sdk_flag_knows_only_true_and_a_switch_of_ours_a_few_words_more() {
        for (value, is_true, is_on) in [
            ("true", true, true),
            ("TRUE", true, true),
            ("1", false, true),
            ("T", false, true),
            ("yes", false, false),
            ("false", false, false),
            ("0", false, false),
            ("", false, false),
        ] {
            let env = Env::fixed([("FLAG", value)]);
            assert_eq!((env.is_true("FLAG"), env.is_on("FLAG")), (is_true, is_on), "{value:?}");
        }
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        assert_eq!(
            format!("{:?}", Env::fixed([("AWS_SECRET_ACCESS_KEY", "hush")])),
            r#"Env(["AWS_SECRET_ACCESS_KEY"])"#
        );
    }
}
