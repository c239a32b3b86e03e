//! Proxies: which requests go through one, and how its errors are reported.
//!
//! hyper-util does the work, with two gaps that are filled here: it silently ignores a proxy whose
//! URL it can't parse, and its errors don't name the proxy. Ports in `NO_PROXY` are also added
//! here.

use std::collections::BTreeMap;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use http::Uri;
use http::uri::Authority;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use thiserror::Error;

use crate::error::{Failure, FailureKind};
use crate::network::{NoProxy, Proxies, Proxy};

/// The proxy of a request, with its user and password.
pub(super) type ProxyIntercept = Intercept;

/// The proxy for the requests of one scheme.
pub(super) struct ProxyMatcher {
    proxy: Matcher,
    /// For a port, or for every port: a matcher that intercepts only the hosts that aren't excepted
    /// there.
    exceptions: Vec<(Option<u16>, Matcher)>,
}

impl ProxyMatcher {
    /// The proxy for `https://` requests.
    /// Error: its URL can't be used.
    pub(super) fn for_https(proxies: &Proxies) -> Result<Option<Self>, Failure> {
        let Proxies { https, http: _, direct } = proxies;
        https.as_ref().map(|proxy| Self::new(proxy, direct)).transpose()
    }

    /// The proxy for `http://` requests.
    /// Error: its URL can't be used.
    pub(super) fn for_http(proxies: &Proxies) -> Result<Option<Self>, Failure> {
        let Proxies { https: _, http, direct } = proxies;
        http.as_ref().map(|proxy| Self::new(proxy, direct)).transpose()
    }

    fn new(proxy: &Proxy, direct: &[NoProxy]) -> Result<Self, Failure> {
        let Proxy { setting, url } = proxy;
        let unusable = || Failure::new(FailureKind::Misconfigured, format!("the proxy URL in `{setting}` is invalid"));
        let uri: Uri = url.expose().parse().map_err(|_| unusable())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(unusable());
        }
        let matcher = Matcher::builder().all(url.expose()).build();
        if matcher.intercept(&Uri::from_static("http://example.com")).is_none() {
            return Err(unusable());
        }
        let mut hosts_by_port = BTreeMap::<Option<u16>, Vec<&str>>::new();
        for NoProxy { host, port } in direct {
            hosts_by_port.entry(*port).or_default().push(host);
        }
        let exceptions = hosts_by_port
            .into_iter()
            .map(|(port, hosts)| (port, Matcher::builder().all(url.expose()).no(hosts.join(",")).build()))
            .collect();
        Ok(Self { proxy: matcher, exceptions })
    }

    /// The proxy for requests to this URL; `None` if they go there directly.
    pub(super) fn intercept(&self, url: &Uri) -> Option<ProxyIntercept> {
        let default_port = if url.scheme_str() == Some("https") { 443 } else { 80 };
        let url_port = url.port_u16().unwrap_or(default_port);
        let is_excepted = self
            .exceptions
            .iter()
            .any(|(port, others)| port.is_none_or(|port| port == url_port) && others.intercept(url).is_none());
        if is_excepted { None } else { self.proxy.intercept(url) }
    }
}

impl fmt::Debug for ProxyMatcher {
    /// The URL may contain a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProxyMatcher(..)")
    }
}

/// The proxy's URL without user and password.
fn name(proxy: &ProxyIntercept) -> String {
    let uri = proxy.uri();
    let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
    format!("{}://{authority}", uri.scheme_str().unwrap_or("http"))
}

/// There is no connection to the proxy itself.
#[derive(Debug, Error)]
#[error("could not connect to the proxy")]
pub(super) struct ProxyUnreachable {
    pub(super) source: BoxError,
}

/// A request through a proxy failed, at the proxy or behind it.
#[derive(Debug, Error)]
#[error("through the proxy {proxy}")]
pub(super) struct ProxyError {
    proxy: String,
    source: BoxError,
}

impl ProxyError {
    /// An error of a request through this proxy.
    pub(super) fn new(proxy: &ProxyIntercept, source: BoxError) -> Self {
        Self { proxy: name(proxy), source }
    }

    /// The message of the innermost cause, in words that a user understands. Its type is private to
    /// hyper-util.
    pub(super) fn explain(root: &str) -> &str {
        match root {
            PASSWORD_REQUIRED => "it requires a user name and a password, or rejected the ones given",
            "tunnel error: unsuccessful" => "it refused the connection",
            other => other,
        }
    }

    /// Whether a chain of causes says that the proxy rejected the password, or the lack of one.
    pub(super) fn is_about_password(chain: &str) -> bool {
        chain.contains(PASSWORD_REQUIRED)
    }
}

/// The text of hyper-util's `TunnelError` for status 407.
const PASSWORD_REQUIRED: &str = "tunnel error: proxy authorization required";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn matcher(direct: &[(&str, Option<u16>)]) -> ProxyMatcher {
        let direct = direct.iter().map(|&(host, port)| NoProxy { host: host.to_owned(), port }).collect();
        let proxy = Proxy { setting: "https_proxy", url: Secret::from("http://me:secret@proxy:3128") };
        let proxies = Proxies { https: Some(proxy), http: None, direct };
        ProxyMatcher::for_https(&proxies).expect("a good URL").expect("a proxy")
    }

    #[test]
    fn exceptions_have_many_forms() {
        for (hosts, url, intercepted) in [
            ("", "https://api.ecr.eu-west-1.amazonaws.com/", true),
            ("amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/", false),
            (".amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/", false),
            ("API.ecr.eu-west-1.amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/", false),
            ("zonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/", true),
            ("ecr.amazonaws.com", "https://api.ecr.eu-west-1.amazonaws.com/", true),
            ("*", "https://api.ecr.eu-west-1.amazonaws.com/", false),
            ("10.0.0.0/8", "https://10.1.2.3:8443/", false),
            ("10.0.0.0/8", "https://11.1.2.3/", true),
            ("10.1.2.3", "https://10.1.2.3/", false),
            ("fd00:ec2::/32", "https://[fd00:ec2::254]/", false),
            ("fd00:ec2::254", "https://[fd00:ec2::254]/latest", false),
            ("one,two,amazonaws.com", "https://amazonaws.com/", false),
        ] {
            let direct: Vec<_> = hosts.split(',').filter(|host| !host.is_empty()).map(|host| (host, None)).collect();
            let proxy = matcher(&direct).intercept(&url.parse().expect("a URL")).as_ref().map(name);
            assert_eq!(proxy.as_deref(), intercepted.then_some("http://proxy:3128"), "{url} with {hosts}");
        }
    }

    #[test]
    fn an_exception_may_apply_to_one_port_only() {
        let matcher =
            matcher(&[("a.example", Some(443)), ("a.example", Some(8443)), ("b.example", None), ("*", Some(99))]);
        for (url, intercepted) in [
            ("https://a.example/", false),
            ("https://sub.a.example:8443/", false),
            ("https://a.example:9443/", true),
            ("https://b.example:9443/", false),
            ("https://c.example/", true),
            ("https://c.example:99/", false),
        ] {
            assert_eq!(matcher.intercept(&url.parse().expect("a URL")).is_some(), intercepted, "{url}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", matcher(&[])).contains("secret"));
    }
}
