//! Which requests go by way of a proxy, and what is said when that fails.
//!
//! The SDK's connector does the work. What it doesn't do: it goes past a proxy whose URL it can't read, without a word,
//! and its errors don't name the proxy that they come from.

use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use thiserror::Error;

use crate::error::{Failure, FailureKind};
use crate::route::{Proxies, Proxy};

/// The proxy for the requests of one scheme.
pub(super) struct Detour {
    config: ProxyConfig,
    matcher: Matcher,
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

    fn new<E>(proxy: &Proxy, direct: &str, config: Result<ProxyConfig, E>) -> Result<Self, Failure> {
        let Proxy { setting, url } = proxy;
        let unusable = || Failure::new(FailureKind::Misconfigured, format!("the proxy in `{setting}` can't be used"));
        let config = config.map_err(|_| unusable())?.no_proxy(direct);
        if Matcher::builder().all(url.expose()).build().intercept(&Uri::from_static("http://example.com")).is_none() {
            return Err(unusable());
        }
        let matcher = Matcher::builder().all(url.expose()).no(direct).build();
        Ok(Self { config, matcher, speaks_tls: url.expose().starts_with("https://") })
    }

    /// What the SDK's connector takes.
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
        let proxy = self.matcher.intercept(&url)?;
        let uri = proxy.uri();
        let proxy = format!("{}://{}", uri.scheme_str().unwrap_or("http"), uri.authority()?);
        Some(Between { proxy, way: if url.scheme_str() == Some("https") { Way::Tunnel } else { Way::Forward } })
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
        let connection = error.connection_metadata().cloned();
        let wrap: fn(BoxError) -> ConnectorError = match &error {
            error if error.is_timeout() => ConnectorError::timeout,
            error if error.is_user() => ConnectorError::user,
            error if error.is_io() => ConnectorError::io,
            _ => |source| ConnectorError::other(source, None),
        };
        let kind = error.as_other();
        let named: BoxError = Box::new(Self { between, source: error.into_source() });
        let named = if kind.is_some() { ConnectorError::other(named, kind) } else { wrap(named) };
        match connection {
            Some(connection) => named.with_connection(connection),
            None => named,
        }
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

/// The text of `hyper_util`'s `TunnelError` for an answer of 407.
const WANTS_PASSWORD: &str = "tunnel error: proxy authorization required";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn detour(direct: &str) -> Detour {
        let proxy = Proxy { setting: "https_proxy", url: Secret::from("http://me:secret@proxy:3128") };
        let proxies = Proxies { https: Some(proxy), http: None, direct: direct.to_owned() };
        Detour::of_https(&proxies).expect("a good URL").expect("a proxy")
    }

    #[test]
    fn what_is_direct_may_be_named_in_many_forms() {
        for (direct, url, passes) in [
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
            assert_eq!(detour(direct).between(url), passes.then_some(between), "{url} with {direct}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", detour("")).contains("secret"));
    }
}
