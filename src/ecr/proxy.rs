//! Which requests go by way of a proxy, and what is said when that fails.
//!
//! The SDK's connector does the work. What it doesn't do: it goes past a proxy whose URL it can't read, without a word,
//! and its errors don't name the proxy that they come from.

use std::collections::BTreeSet;
use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use thiserror::Error;

use crate::error::{Failure, FailureKind};
use crate::route::{Direct, Proxies, Proxy};

/// The proxy for the requests of one scheme.
pub(super) struct Detour {
    config: ProxyConfig,
    proxy: Matcher,
    /// For a port, or for every one, the proxy and what goes past it.
    past: Vec<(Option<u16>, Matcher)>,
    speaks_tls: bool,
}

impl Detour {
    /// The proxy for `https://` requests.
    ///
    /// # Errors
    /// The SDK can't use its URL.
    pub(super) fn of_https(proxies: &Proxies) -> Result<Option<Self>, Failure> {
        let Proxies { https, http: _, direct } = proxies;
        https.as_ref().map(|proxy| Self::new(proxy, direct, ProxyConfig::https(proxy.url.expose()))).transpose()
    }

    /// The proxy for `http://` requests.
    ///
    /// # Errors
    /// The SDK can't use its URL.
    pub(super) fn of_http(proxies: &Proxies) -> Result<Option<Self>, Failure> {
        let Proxies { https: _, http, direct } = proxies;
        http.as_ref().map(|proxy| Self::new(proxy, direct, ProxyConfig::http(proxy.url.expose()))).transpose()
    }

    fn new<E>(proxy: &Proxy, direct: &[Direct], config: Result<ProxyConfig, E>) -> Result<Self, Failure> {
        let Proxy { setting, url } = proxy;
        let unusable = || Failure::new(FailureKind::Misconfigured, format!("the proxy in `{setting}` can't be used"));
        let config = config.map_err(|_| unusable())?;
        let matcher = Matcher::builder().all(url.expose()).build();
        if matcher.intercept(&Uri::from_static("http://example.com")).is_none() {
            return Err(unusable());
        }
        let ports: BTreeSet<_> = direct.iter().map(|Direct { host: _, port }| *port).collect();
        let past = ports.into_iter().map(|at| {
            let hosts =
                direct.iter().filter(|Direct { port, .. }| *port == at).map(|Direct { host, .. }| host.as_str());
            let hosts: Vec<_> = hosts.collect();
            (at, Matcher::builder().all(url.expose()).no(hosts.join(",")).build())
        });
        Ok(Self { config, proxy: matcher, past: past.collect(), speaks_tls: url.expose().starts_with("https://") })
    }

    /// What the SDK's connector takes, for requests that go through the proxy.
    pub(super) fn config(&self) -> ProxyConfig {
        self.config.clone()
    }

    /// Whether the proxy itself is spoken to over TLS.
    pub(super) fn speaks_tls(&self) -> bool {
        self.speaks_tls
    }

    /// The proxy that a request to this URL goes through; `None` when it goes there directly.
    pub(super) fn between(&self, url: &str) -> Option<Between> {
        let url: Uri = url.parse().ok()?;
        let (way, default_port) =
            if url.scheme_str() == Some("https") { (Way::Tunnel, 443) } else { (Way::Forward, 80) };
        let port = url.port_u16().unwrap_or(default_port);
        let counts = |at: Option<u16>| at.is_none_or(|at| at == port);
        if self.past.iter().any(|(at, past)| counts(*at) && past.intercept(&url).is_none()) {
            return None;
        }
        let proxy = self.proxy.intercept(&url)?;
        let proxy = proxy.uri();
        Some(Between { proxy: format!("{}://{}", proxy.scheme_str().unwrap_or("http"), proxy.authority()?), way })
    }
}

impl fmt::Debug for Detour {
    /// The URL may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Detour(..)")
    }
}

/// The proxy on the way of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Between {
    /// Its URL, without user and password.
    proxy: String,
    way: Way,
}

/// What a proxy does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It opens a tunnel, and sees nothing of what goes through.
    Tunnel,
    /// It reads the request and sends it on.
    Forward,
}

/// Something went wrong on the way through a proxy, or in it.
#[derive(Debug, Error)]
#[error("by way of the proxy {}", between.proxy)]
pub(super) struct ByProxy {
    between: Between,
    source: BoxError,
}

impl ByProxy {
    /// The same error, with the proxy named.
    pub(super) fn name(between: Between, error: ConnectorError) -> ConnectorError {
        wrapped(error, |source| Box::new(Self { between, source }))
    }

    /// What the cause at the root says, in words that a person knows. Its type is the connector's own.
    pub(super) fn explain<'a>(&self, root: &'a str) -> &'a str {
        match root {
            WANTS_PASSWORD => "it asks for a user name and a password, or for other ones",
            // The connector offers HTTP/2 to a proxy that it speaks to over TLS, and then doesn't speak it.
            "tunnel error: unsuccessful" if self.between.proxy.starts_with("https:") => {
                "it refused the connection, or it wants HTTP/2, which isn't spoken with proxies"
            }
            "tunnel error: unsuccessful" => "it refused the connection",
            other => other,
        }
    }

    /// Whether this happened before the proxy had the request. `chain` is what it and its causes say.
    pub(super) fn is_of_proxy_itself(&self, chain: &str) -> bool {
        match self.between.way {
            Way::Tunnel => chain.contains("tunnel error: failed to create underlying connection"),
            Way::Forward => true,
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

    fn detour(direct: &[(&str, Option<u16>)]) -> Detour {
        let direct = direct.iter().map(|&(host, port)| Direct { host: host.to_owned(), port }).collect();
        let proxy = Proxy { setting: "https_proxy", url: Secret::from("http://me:secret@proxy:3128") };
        let proxies = Proxies { https: Some(proxy), http: None, direct };
        Detour::of_https(&proxies).expect("a good URL").expect("a proxy")
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
            let between = Between { proxy: "http://proxy:3128".to_owned(), way: Way::Tunnel };
            let direct: Vec<_> = hosts.split(',').filter(|host| !host.is_empty()).map(|host| (host, None)).collect();
            assert_eq!(detour(&direct).between(url), passes.then_some(between), "{url} with {hosts}");
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
            assert_eq!(detour.between(url).is_some(), passes, "{url}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", detour(&[])).contains("secret"));
    }
}
