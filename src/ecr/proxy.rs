//! Proxies: which requests go through one, and how its errors are reported.
//!
//! hyper-util decides which hosts `NO_PROXY` excepts, but knows no ports there. The connection
//! through a proxy is made in `connect.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use thiserror::Error;
use tokio::sync::Mutex;

use crate::network::{NoProxy, Proxies, Proxy, ProxyAddress, ProxyLogin, ProxyMistake, ProxyProtocol, WithoutProxy};

/// A proxy that a request goes through.
pub(super) struct ActiveProxy {
    pub(super) address: ProxyAddress,
    otherwise: WithoutProxy,
    login: Mutex<LoginState>,
    has_failed: AtomicBool,
}

/// What the proxy thinks of the user name and the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginState {
    /// It has not seen them.
    Unknown,
    /// It accepts them.
    Accepted,
    /// It rejects them.
    Rejected,
}

impl ActiveProxy {
    fn new(address: ProxyAddress, otherwise: WithoutProxy) -> Self {
        Self { address, otherwise, login: Mutex::new(LoginState::Unknown), has_failed: AtomicBool::new(false) }
    }

    /// The URL of its host and port. Over TLS for a proxy that is spoken to over TLS.
    pub(super) fn uri(&self) -> Result<Uri, http::Error> {
        let ProxyAddress { protocol, host, port, login: _ } = &self.address;
        let scheme = if *protocol == ProxyProtocol::Https { "https" } else { "http" };
        Uri::builder().scheme(scheme).authority(format!("{host}:{port}")).path_and_query("/").build()
    }

    /// The header with the user name and the password.
    pub(super) fn basic_auth(&self) -> Option<HeaderValue> {
        let ProxyLogin { user, password } = self.address.login.as_ref()?;
        let encoded = BASE64.encode(format!("{}:{}", user.expose(), password.expose()));
        let mut header = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Whether the proxy reads `http` requests and forwards them.
    pub(super) fn forwards_http(&self) -> bool {
        match self.address.protocol {
            ProxyProtocol::Http | ProxyProtocol::Https => true,
            ProxyProtocol::Socks4 | ProxyProtocol::Socks4a | ProxyProtocol::Socks5 => false,
        }
    }

    /// Whether the proxy accepts its password. While that is unknown, only the request that holds this
    /// tries: some proxies lock an account after a few attempts.
    pub(super) fn login_state(&self) -> &Mutex<LoginState> {
        &self.login
    }

    /// Whether a request is sent directly if the proxy doesn't work.
    pub(super) fn may_be_bypassed(&self) -> bool {
        self.otherwise == WithoutProxy::ConnectDirectly
    }

    /// Whether an attempt failed, or didn't end in time.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// An attempt begins, which counts as a failure until [`Self::works`].
    pub(super) fn is_tried(&self) -> Attempt<'_> {
        Attempt { proxy: self, works: false }
    }
}

/// An attempt to connect through a proxy.
pub(super) struct Attempt<'a> {
    proxy: &'a ActiveProxy,
    works: bool,
}

impl Attempt<'_> {
    /// There is a connection.
    pub(super) fn succeed(mut self) {
        self.works = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.proxy.has_failed.store(!self.works, Ordering::Relaxed);
    }
}

impl fmt::Display for ActiveProxy {
    /// The proxy's URL without user and password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProxyAddress { protocol, host, port, login: _ } = &self.address;
        let scheme = match protocol {
            ProxyProtocol::Http => "http",
            ProxyProtocol::Https => "https",
            ProxyProtocol::Socks4 => "socks4",
            ProxyProtocol::Socks4a => "socks4a",
            ProxyProtocol::Socks5 => "socks5h",
        };
        write!(formatter, "{scheme}://{host}:{port}")
    }
}

impl fmt::Debug for ActiveProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ActiveProxy({self})")
    }
}

/// The proxy for the requests of one scheme.
pub(super) struct ProxyMatcher {
    proxy: Result<Arc<ActiveProxy>, UnusableProxy>,
    /// For a port, or for every port: a matcher that intercepts only the hosts that aren't excepted
    /// there.
    exceptions: Vec<(Option<u16>, Matcher)>,
}

impl ProxyMatcher {
    /// The proxy for `https://` requests.
    pub(super) fn for_https(proxies: &Proxies) -> Option<Self> {
        let Proxies { https, http: _, direct } = proxies;
        https.as_ref().map(|proxy| Self::new(proxy, direct))
    }

    /// The proxy for `http://` requests.
    pub(super) fn for_http(proxies: &Proxies) -> Option<Self> {
        let Proxies { https: _, http, direct } = proxies;
        http.as_ref().map(|proxy| Self::new(proxy, direct))
    }

    fn new(proxy: &Proxy, direct: &[NoProxy]) -> Self {
        let Proxy { setting, address, otherwise } = proxy.clone();
        let mut hosts_by_port = BTreeMap::<Option<u16>, Vec<&str>>::new();
        for NoProxy { host, port } in direct {
            hosts_by_port.entry(*port).or_default().push(host);
        }
        let exceptions = hosts_by_port
            .into_iter()
            .map(|(port, hosts)| (port, Matcher::builder().all("http://any").no(hosts.join(",")).build()))
            .collect();
        let proxy = match address {
            Ok(address) => Ok(Arc::new(ActiveProxy::new(address, otherwise))),
            Err(mistake) => Err(UnusableProxy { setting, mistake }),
        };
        Self { proxy, exceptions }
    }

    /// The proxy for requests to this URL; `None` if they go there directly.
    /// Error: they would go through a proxy, and its variable can't be used.
    pub(super) fn intercept(&self, url: &Uri) -> Result<Option<Arc<ActiveProxy>>, UnusableProxy> {
        let default_port = if url.scheme_str() == Some("https") { 443 } else { 80 };
        let url_port = url.port_u16().unwrap_or(default_port);
        let is_excepted = self
            .exceptions
            .iter()
            .any(|(port, others)| port.is_none_or(|port| port == url_port) && others.intercept(url).is_none());
        if is_excepted { Ok(None) } else { self.proxy.clone().map(Some) }
    }
}

impl fmt::Debug for ProxyMatcher {
    /// The URL may contain a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProxyMatcher(..)")
    }
}

/// The variable for the proxy of a request can't be used. It isn't repeated, as it may contain a
/// password.
#[derive(Clone, Debug, Error)]
#[error("`{setting}` {mistake}")]
pub(super) struct UnusableProxy {
    setting: &'static str,
    mistake: ProxyMistake,
}

/// The proxy rejected the user name and the password, or requires them.
#[derive(Debug, Error)]
#[error("it requires a user name and a password, or rejected the ones given")]
pub(super) struct PasswordRejected;

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
    pub(super) fn new(proxy: &ActiveProxy, source: BoxError) -> Self {
        Self { proxy: proxy.to_string(), source }
    }

    /// The message of the innermost cause, in words that a user understands. Its type is private to
    /// hyper-util.
    pub(super) fn explain(root: &str) -> &str {
        match root {
            "tunnel error: unsuccessful" => "it refused the connection",
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn matcher(direct: &[(&str, Option<u16>)]) -> ProxyMatcher {
        let direct = direct.iter().map(|&(host, port)| NoProxy { host: host.to_owned(), port }).collect();
        let login = Some(ProxyLogin { user: Secret::from("me"), password: Secret::from("secret") });
        let (protocol, host) = (ProxyProtocol::Http, "proxy".to_owned());
        let address = Ok(ProxyAddress { protocol, host, port: 3128, login });
        let proxy = Proxy { setting: "https_proxy", address, otherwise: WithoutProxy::Fail };
        let proxies = Proxies { https: Some(proxy), http: None, direct };
        ProxyMatcher::for_https(&proxies).expect("a proxy")
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
            let proxy = matcher(&direct).intercept(&url.parse().expect("a URL")).expect("it can be used");
            let proxy = proxy.map(|proxy| proxy.to_string());
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
            let proxy = matcher.intercept(&url.parse().expect("a URL")).expect("it can be used");
            assert_eq!(proxy.is_some(), intercepted, "{url}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        assert!(!format!("{:?}", matcher(&[])).contains("secret"));
        let proxy = matcher(&[]).intercept(&Uri::from_static("https://a.example")).expect("it can be used");
        assert_eq!(format!("{proxy:?}"), "Some(ActiveProxy(http://proxy:3128))");
    }
}
