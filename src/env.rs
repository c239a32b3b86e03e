//! The environment as a value, and every variable that this program reads.
//!
//! A variable set to the empty string counts as unset, as CI systems set empty variables for
//! secrets that don't exist. So does one that isn't valid UTF-8 where text is wanted. What a value
//! means is up to `options`, `paths` and `aws`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// The names: our own variables, then those of the AWS SDKs, of the network and of the system.
#[expect(non_upper_case_globals, reason = "the proxy variables are known by two names that differ in nothing else")]
pub(crate) mod names {
    /// Moves the cached tokens to another directory.
    pub(crate) const CACHE_DIR: &str = "AWS_ECR_CACHE_DIR";
    /// Turns off the cache, whatever the value: each `get` asks AWS.
    pub(crate) const DISABLE_CACHE: &str = "AWS_ECR_DISABLE_CACHE";
    /// Encrypts cached tokens with a key that the system keeps: `os`, or `off`.
    pub(crate) const CACHE_ENCRYPTION: &str = "AWS_ECR_CACHE_ENCRYPTION";
    /// Makes `store` succeed for hosts that no fallback covers, and drop the password.
    pub(crate) const IGNORE_CREDS_STORAGE: &str = "AWS_ECR_IGNORE_CREDS_STORAGE";
    /// Limits a whole `get`, in seconds from 1 to 3600.
    pub(crate) const TIMEOUT: &str = "AWS_ECR_TIMEOUT";
    /// Sends the reason of a failure to stdout, where newer clients stop.
    pub(crate) const STRICT: &str = "AWS_ECR_STRICT";
    /// Names another configuration file; the empty string turns it off.
    pub(crate) const CONFIG: &str = "AWS_ECR_CONFIG";
    /// Lists the fallback helpers that run already, to detect one that leads back to us. We set it.
    pub(crate) const FALLBACK_CHAIN: &str = "AWS_ECR_FALLBACK_CHAIN";
    /// Turns on the log: `error`, `warn`, `info` or `debug`.
    pub(crate) const LOG: &str = "AWS_ECR_LOG";
    /// Appends the log to this file instead of stderr.
    pub(crate) const LOG_FILE: &str = "AWS_ECR_LOG_FILE";
    /// Names the role that the service accounts of pods assume if their annotation names none.
    pub(crate) const ECR_ROLE_ARN: &str = "AWS_ECR_ROLE_ARN";
    /// Names a second annotation of service accounts to read the role from.
    pub(crate) const ROLE_ANNOTATION: &str = "AWS_ECR_ROLE_ANNOTATION";
    /// Refuses the kubelet's requests without a role of a service account instead of using the node's identity.
    pub(crate) const REQUIRE_ROLE: &str = "AWS_ECR_REQUIRE_ROLE";

    /// Identifies an access key, permanent or temporary.
    pub(crate) const ACCESS_KEY_ID: &str = "AWS_ACCESS_KEY_ID";
    /// Holds the secret half of [`ACCESS_KEY_ID`].
    pub(crate) const SECRET_ACCESS_KEY: &str = "AWS_SECRET_ACCESS_KEY";
    /// Replaces [`SECRET_ACCESS_KEY`] if that is unset, as in the SDK.
    pub(crate) const SECRET_ACCESS_KEY_SHORT: &str = "SECRET_ACCESS_KEY";
    /// Replaces [`SECRET_ACCESS_KEY`] if that is unset, as in the Go SDK.
    pub(crate) const SECRET_KEY: &str = "AWS_SECRET_KEY";
    /// Replaces [`ACCESS_KEY_ID`] if no other source has credentials, as in the Go SDK.
    pub(crate) const ACCESS_KEY: &str = "AWS_ACCESS_KEY";
    /// Is the older name of [`SESSION_TOKEN`], and wins over it as in the AWS CLI.
    pub(crate) const SECURITY_TOKEN: &str = "AWS_SECURITY_TOKEN";
    /// Belongs to a temporary access key, which is invalid without it.
    pub(crate) const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
    /// Tells the account of these keys, whose registry `list` names.
    pub(crate) const ACCOUNT_ID: &str = "AWS_ACCOUNT_ID";
    /// Selects a profile instead of `default`.
    pub(crate) const PROFILE: &str = "AWS_PROFILE";
    /// Is the older name of [`PROFILE`], which wins over this one.
    pub(crate) const DEFAULT_PROFILE: &str = "AWS_DEFAULT_PROFILE";
    /// Tells the partition of the identity; the region to call is in the registry's name.
    pub(crate) const REGION: &str = "AWS_REGION";
    /// Replaces [`REGION`] if that is unset.
    pub(crate) const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
    /// Replaces `~/.aws/config`.
    pub(crate) const CONFIG_FILE: &str = "AWS_CONFIG_FILE";
    /// Replaces `~/.aws/credentials`.
    pub(crate) const SHARED_CREDENTIALS_FILE: &str = "AWS_SHARED_CREDENTIALS_FILE";
    /// Names the file with the token of a web identity, which assumes [`ROLE_ARN`].
    pub(crate) const WEB_IDENTITY_TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
    /// Names the role that a web identity assumes.
    pub(crate) const ROLE_ARN: &str = "AWS_ROLE_ARN";
    /// Names the session of that role, which AWS logs.
    pub(crate) const ROLE_SESSION_NAME: &str = "AWS_ROLE_SESSION_NAME";
    /// Holds the path of container credentials at 169.254.170.2; ECS sets it.
    pub(crate) const CONTAINER_RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    /// Holds the whole URI of container credentials; EKS Pod Identity sets it.
    pub(crate) const CONTAINER_FULL_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    /// Names the file with the authorization token for container credentials.
    pub(crate) const CONTAINER_TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    /// Holds that authorization token itself.
    pub(crate) const CONTAINER_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    /// Switches off the EC2 instance metadata service with `true`.
    pub(crate) const METADATA_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
    /// Replaces the URL of the EC2 instance metadata service.
    pub(crate) const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    /// Selects the address of that service: `IPv4` or `IPv6`.
    pub(crate) const METADATA_ENDPOINT_MODE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE";

    /// Replaces the URLs of all AWS APIs that no variable below replaces.
    pub(crate) const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
    /// Replaces the URL of STS, which assumes roles.
    pub(crate) const ENDPOINT_URL_STS: &str = "AWS_ENDPOINT_URL_STS";
    /// Replaces the URL of the SSO portal, which gives credentials.
    pub(crate) const ENDPOINT_URL_SSO: &str = "AWS_ENDPOINT_URL_SSO";
    /// Replaces the URL of SSO OIDC, which refreshes SSO sessions.
    pub(crate) const ENDPOINT_URL_SSO_OIDC: &str = "AWS_ENDPOINT_URL_SSO_OIDC";
    /// Replaces the URL of AWS Sign-In, which renews the sessions of `aws login`.
    pub(crate) const ENDPOINT_URL_SIGNIN: &str = "AWS_ENDPOINT_URL_SIGNIN";
    /// Replaces the URL of ECR, such as by that of a VPC endpoint.
    pub(crate) const ENDPOINT_URL_ECR: &str = "AWS_ENDPOINT_URL_ECR";
    /// Replaces the URL of ECR Public.
    pub(crate) const ENDPOINT_URL_ECR_PUBLIC: &str = "AWS_ENDPOINT_URL_ECR_PUBLIC";
    /// Ignores the endpoint URLs above and those in profiles with `true`.
    pub(crate) const IGNORE_ENDPOINT_URLS: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
    /// Selects FIPS endpoints for every host with `true`.
    pub(crate) const USE_FIPS: &str = "AWS_USE_FIPS_ENDPOINT";
    /// Selects dual-stack endpoints for every host with `true`.
    pub(crate) const USE_DUALSTACK: &str = "AWS_USE_DUALSTACK_ENDPOINT";
    /// Limits how often a call is tried, the first attempt included; 3 by default.
    pub(crate) const MAX_ATTEMPTS: &str = "AWS_MAX_ATTEMPTS";
    /// Accepts `standard`, `adaptive` and `legacy`, which all mean `standard` here.
    pub(crate) const RETRY_MODE: &str = "AWS_RETRY_MODE";

    /// Names the proxy for `https://` requests, which it tunnels.
    pub(crate) const HTTPS_PROXY: &str = "HTTPS_PROXY";
    /// Overrides [`HTTPS_PROXY`].
    pub(crate) const https_proxy: &str = "https_proxy";
    /// Names the proxy for `http://` requests, which it reads and forwards.
    pub(crate) const HTTP_PROXY: &str = "HTTP_PROXY";
    /// Overrides [`HTTP_PROXY`].
    pub(crate) const http_proxy: &str = "http_proxy";
    /// Names the proxy for requests that have none by the variables above.
    pub(crate) const ALL_PROXY: &str = "ALL_PROXY";
    /// Overrides [`ALL_PROXY`].
    pub(crate) const all_proxy: &str = "all_proxy";
    /// Lists hosts and networks to connect to without a proxy.
    pub(crate) const NO_PROXY: &str = "NO_PROXY";
    /// Overrides [`NO_PROXY`].
    pub(crate) const no_proxy: &str = "no_proxy";
    /// Names a file with the only certificates to trust, instead of the system's.
    pub(crate) const CA_BUNDLE: &str = "AWS_CA_BUNDLE";
    /// Names such a file if [`CA_BUNDLE`] is unset, as for OpenSSL.
    pub(crate) const SSL_CERT_FILE: &str = "SSL_CERT_FILE";
    /// Lists directories of such files if [`CA_BUNDLE`] is unset, separated as in `PATH`.
    pub(crate) const SSL_CERT_DIR: &str = "SSL_CERT_DIR";
    /// Lists the directories where fallback helpers are looked for.
    pub(crate) const PATH: &str = "PATH";
    /// Names the home directory, where the profile files are.
    pub(crate) const HOME: &str = "HOME";
    /// Replaces [`HOME`] if that is unset, as on Windows.
    pub(crate) const USERPROFILE: &str = "USERPROFILE";

    /// Holds what Docker reads before its `config.json`, in the same form; looked at by `doctor` alone.
    pub(crate) const DOCKER_AUTH_CONFIG: &str = "DOCKER_AUTH_CONFIG";
    /// Names the directory of Docker's `config.json`.
    pub(crate) const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
    /// Names the file that Podman, Buildah and Skopeo read instead of their `auth.json`.
    pub(crate) const REGISTRY_AUTH_FILE: &str = "REGISTRY_AUTH_FILE";
    /// Names the file that they read instead of `registries.conf`.
    pub(crate) const REGISTRIES_CONF: &str = "CONTAINERS_REGISTRIES_CONF";
    /// Names the directory that they read instead of `registries.conf.d`.
    pub(crate) const REGISTRIES_CONF_DIR: &str = "CONTAINERS_REGISTRIES_CONF_DIR";
    /// Names the file that Helm reads for registries.
    pub(crate) const HELM_REGISTRY_CONFIG: &str = "HELM_REGISTRY_CONFIG";
    /// Names the directory of Helm's configuration.
    pub(crate) const HELM_CONFIG_HOME: &str = "HELM_CONFIG_HOME";
    /// Replaces `~/.config`, where clients keep their files.
    pub(crate) const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
    /// Names the directory of a session, where logins of Podman and its relatives are kept until it ends.
    pub(crate) const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

    /// Turns colours off, whatever the value: <https://no-color.org/>.
    pub(crate) const NO_COLOR: &str = "NO_COLOR";
    /// Tells what the terminal is; `dumb` shows neither colours nor symbols.
    pub(crate) const TERM: &str = "TERM";
    /// Names the locale, whose ending tells whether the terminal shows UTF-8.
    pub(crate) const LC_ALL: &str = "LC_ALL";
    /// Replaces [`LC_ALL`] if that is unset.
    pub(crate) const LC_CTYPE: &str = "LC_CTYPE";
    /// Replaces [`LC_CTYPE`] if that is unset.
    pub(crate) const LANG: &str = "LANG";

    /// The variables whose values are secrets.
    pub(crate) const SECRETS: [&str; 6] =
        [SECRET_ACCESS_KEY, SECRET_ACCESS_KEY_SHORT, SECRET_KEY, SESSION_TOKEN, SECURITY_TOKEN, CONTAINER_TOKEN];
}

/// Where variables come from: a table in a test, or the process (`None`). A hit reads a dozen of
/// the process's variables, so they are looked up one by one.
#[derive(Clone)]
pub struct Env(Option<BTreeMap<String, String>>);

impl Env {
    /// The variables of this process.
    pub const fn process() -> Self {
        Self(None)
    }

    /// Just these variables.
    pub fn fixed<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(Some(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// The value as text; `None` when unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.into_string().ok()
    }

    /// The value as a path; `None` when unset or empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    /// The value as a path, which is empty if the variable is set to the empty string.
    pub fn path_or_empty(&self, name: &str) -> Option<PathBuf> {
        self.raw(name).map(PathBuf::from)
    }

    /// Whether the variable is set to anything but the empty string.
    pub fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether the variable is set to the empty string: for those that the SDK takes as they are.
    pub fn is_empty(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.is_empty())
    }

    /// Whether a variable of the AWS SDKs says `true`, the only word that they know, in any case.
    pub fn is_true(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a variable of our own is switched on: `1`, `t` or `true`, as for the Go helper.
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
            None => std::env::var_os(name),
            Some(variables) => variables.get(name).map(OsString::from),
        }
    }
}

impl fmt::Debug for Env {
    /// Names only: values may be secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => formatter.write_str("Env(process)"),
            Some(variables) => formatter.debug_tuple("Env").field(&variables.keys()).finish(),
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
