//! Which requests go by way of a proxy, and what is said when that fails.
//!
//! hyper-util does the work. What it doesn't do: it goes past a proxy whose URL it can't read, without a word, and its
//! errors don't name the proxy that they come from.

use std::collections::BTreeSet;
use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use http::uri::Authority;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use thiserror::Error;

use crate::error::{Failure, FailureKind};
use crate::network::{NoProxy, Proxies, Proxy};

/// The proxy for the requests of one scheme.
pub(super) struct ProxyMatcher {
    proxy: Matcher,
    /// For a port, or for every one, the proxy and what goes past it.
    past: Vec<(Option<u16>, Matcher)>,
}

impl ProxyMatcher {
    /// The proxy for `https://` requests.
    ///
    /// # Errors
    /// Its URL can't be used.
    pub(super) fn of_https(proxies: &Proxies) -> Result<Option<Self>, Failure> {
        let Proxies { https, http: _, direct } = proxies;
        https.as_ref().map(|proxy| Self::new(proxy, direct)).transpose()
    }

    /// The proxy for `http://` requests.
    ///
    /// # Errors
    /// Its URL can't be used.
    pub(super) fn of_http(proxies: &Proxies) -> Result<Option<Self>, Failure> {
        let Proxies { https: _, http, direct } = proxies;
        http.as_ref().map(|proxy| Self::new(proxy, direct)).transpose()
    }

    fn new(proxy: &Proxy, direct: &[NoProxy]) -> Result<Self, Failure> {
        let Proxy { setting, url } = proxy;
        let unusable = || Failure::new(FailureKind::Misconfigured, format!("the proxy in `{setting}` can't be used"));
        let uri: Uri = url.expose().parse().map_err(|_| unusable())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(unusable());
        }
        let matcher = Matcher::builder().all(url.expose()).build();
        if matcher.intercept(&Uri::from_static("http://example.com")).is_none() {
            return Err(unusable());
        }
        let ports: BTreeSet<_> = direct.iter().map(|NoProxy { host: _, port }| *port).collect();
        let past = ports.into_iter().map(|at| {
            let hosts =
                direct.iter().filter(|NoProxy { port, .. }| *port == at).map(|NoProxy { host, .. }| host.as_str());
            let hosts: Vec<_> = hosts.collect();
            (at, Matcher::builder().all(url.expose()).no(hosts.join(",")).build())
        });
        Ok(Self { proxy: matcher, past: past.collect() })
    }

    /// The proxy that a request to this URL goes through; `None` when it goes there directly.
    pub(super) fn intercept(&self, url: &Uri) -> Option<ProxyIntercept> {
        let default_port = if url.scheme_str() == Some("https") { 443 } else { 80 };
        let port = url.port_u16().unwrap_or(default_port);
        let counts = |at: Option<u16>| at.is_none_or(|at| at == port);
        if self.past.iter().any(|(at, past)| counts(*at) && past.intercept(url).is_none()) {
            return None;
        }
        self.proxy.intercept(url)
    }
}

impl fmt::Debug for ProxyMatcher {
    /// The URL may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProxyMatcher(..)")
    }
}

/// The proxy on the way of a request, with its user and password.
pub(super) type ProxyIntercept = Intercept;

/// What a proxy is called when something goes wrong with it: its URL without user and password.
fn name(proxy: &ProxyIntercept) -> String {
    let uri = proxy.uri();
    let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
    format!("{}://{authority}", uri.scheme_str().unwrap_or("http"))
}

/// There is no connection with the proxy itself.
#[derive(Debug, Error)]
#[error("the proxy can't be reached")]
pub(super) struct NotReached {
    pub(super) source: BoxError,
}

/// Something went wrong on the way through a proxy, or in it.
#[derive(Debug, Error)]
#[error("by way of the proxy {proxy}")]
pub(super) struct ProxyError {
    proxy: String,
    source: BoxError,
}

impl ProxyError {
    /// The same error, with the proxy named.
    pub(super) fn name(proxy: &ProxyIntercept, error: ConnectorError) -> ConnectorError {
        wrapped(error, |source| Box::new(Self { proxy: name(proxy), source }))
    }

    /// What the cause at the root says, in words that a person knows. Its type is hyper-util's own.
    pub(super) fn explain(root: &str) -> &str {
        match root {
            WANTS_PASSWORD => "it asks for a user name and a password, or for other ones",
            "tunnel error: unsuccessful" => "it refused the connection",
            other => other,
        }
    }

    /// Whether a chain of causes says that the proxy didn't take the password.
    pub(super) fn is_about_password(chain: &str) -> bool {
        chain.contains(WANTS_PASSWORD)
    }
}

/// The same error of the connector, with its cause in an error of ours.
pub(super) fn wrapped(error: ConnectorError, cause: impl FnOnce(BoxError) -> BoxError) -> ConnectorError {
    let connection = error.connection_metadata().cloned();
    let wrap: fn(BoxError) -> ConnectorError = match &error {
        error if error.is_timeout() => ConnectorError::timeout,
        error if error.is_user() => ConnectorError::user,
        error if error.is_io() => ConnectorError::io,
        _ => |source| ConnectorError::other(source, None),
    };
    let kind = error.as_other();
    let cause = cause(error.into_source());
    let error = if kind.is_some() { ConnectorError::other(cause, kind) } else { wrap(cause) };
    match connection {
        Some(connection) => error.with_connection(connection),
        None => error,
    }
}

/// The text of `hyper_util`'s `TunnelError` for an answer of 407.
const WANTS_PASSWORD: &str = "tunnel error: proxy authorization required";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn detour(direct: &[(&str, Option<u16>)]) -> ProxyMatcher {
        let direct = direct.iter().map(|&(host, port)| NoProxy { host: host.to_owned(), port }).collect();
        let proxy = Proxy { setting: "https_proxy", url: Secret::from("http://me:secret@proxy:3128") };
        let proxies = Proxies { https: Some(proxy), http: None, direct };
        ProxyMatcher::of_https(&proxies).expect("a good URL").expect("a proxy")
    }

    #[test]
    fn what_is_direct_may_be_named_in_many_forms() {
        for (hosts, url, passes) in [
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
            let proxy = detour(&direct).intercept(&url.parse().expect("a URL")).as_ref().map(name);
            assert_eq!(proxy.as_deref(), passes.then_some("http://proxy:3128"), "{url} with {hosts}");
        }
    }

    #[test]
    fn what_is_direct_may_be_so_at_one_port_alone() {
        let detour =
            detour(&[("a.example", Some(443)), ("a.example", Some(8443)), ("b.example", None), ("*", Some(99))]);
        for (url, passes) in [
            ("https://a.example/", false),
            ("https://sub.a.example:8443/", false),
            ("https://a.example:9443/", true),
            ("https://b.example:9443/", false),
            ("https://c.example/", true),
            ("https://c.example:99/", false),
        ] {
            assert_eq!(detour.intercept(&url.parse().expect("a URL")).is_some(), passes, "{url}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", detour(&[])).contains("secret"));
    }
}
