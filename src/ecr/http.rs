//! An HTTP client that costs nothing until it is used.
//!
//! The SDK's own client builds a TLS connector, and reads every certificate of the system, as soon as a service client is
//! made, even for an `http://` endpoint. This one makes a connector when the first request of its kind is sent, and keeps
//! it for the next. So the system's certificates are read for the first https request, if ever. Of the TLS backends it
//! takes `ring`: aws-lc-rs gathers entropy for 28 ms at start.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Connector, HttpClientError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::proxy::{Between, ByProxy, Detour, wrapped};
use super::trust::{NoSystemCertificates, Trusted};
use super::{classify, trust};
use crate::error::Failure;
use crate::route::Route;

/// How to connect, and the connectors made so far. All its copies share them.
#[derive(Clone, Debug)]
pub(super) struct LazyHttpClient {
    /// The certificates that the user named, else those of the system once they are needed.
    trust: Arc<OnceLock<Trusted>>,
    /// The proxies, `http` and `https`.
    detours: Arc<Detours>,
    made: Arc<Mutex<Vec<Made>>>,
}

#[derive(Debug)]
struct Made {
    settings: HttpConnectorSettings,
    scheme: Scheme,
    between: Option<Between>,
    connector: SharedHttpConnector,
}

#[derive(Debug)]
struct Detours {
    http: Option<Detour>,
    https: Option<Detour>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl HttpClient for LazyHttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(LazyConnector { client: self.clone(), settings: settings.clone() })
    }
}

#[derive(Debug)]
struct LazyConnector {
    client: LazyHttpClient,
    settings: HttpConnectorSettings,
}

impl HttpConnector for LazyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let scheme = if request.uri().starts_with("https://") { Scheme::Https } else { Scheme::Http };
        let between = self.client.detour(scheme).and_then(|detour| detour.between(request.uri()));
        let connector = match self.client.connector(&self.settings, scheme, between.as_ref()) {
            Ok(connector) => connector,
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        let (answer, trust) = (connector.call(request), Arc::clone(&self.client.trust));
        HttpConnectorFuture::new(async move {
            let error = match answer.await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let error = match trust.get() {
                Some(Trusted { store: _, for_lack_of_others: true }) if classify::is_distrust(&error) => {
                    wrapped(error, |source| Box::new(NoSystemCertificates { source }))
                }
                _ => error,
            };
            Err(match between {
                Some(between) => ByProxy::name(between, error),
                None => error,
            })
        })
    }
}

impl LazyHttpClient {
    /// A client for this way to AWS.
    ///
    /// # Errors
    /// The certificates or proxies that the user named are none.
    pub(super) fn new(route: &Route) -> Result<Self, Failure> {
        let Route { trust, proxies, retries: _, metadata: _ } = route;
        let detours = Detours { http: Detour::of_http(proxies)?, https: Detour::of_https(proxies)? };
        let trust = trust::named(trust)?.map(OnceLock::from).unwrap_or_default();
        Ok(Self { trust: Arc::new(trust), detours: Arc::new(detours), made: Arc::default() })
    }

    fn detour(&self, scheme: Scheme) -> Option<&Detour> {
        match scheme {
            Scheme::Http => self.detours.http.as_ref(),
            Scheme::Https => self.detours.https.as_ref(),
        }
    }

    fn connector(
        &self,
        settings: &HttpConnectorSettings,
        scheme: Scheme,
        between: Option<&Between>,
    ) -> Result<SharedHttpConnector, HttpClientError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let timeouts = |settings: &HttpConnectorSettings| (settings.connect_timeout(), settings.read_timeout());
        if let Some(Made { connector, .. }) = made.iter().find(|made| {
            made.scheme == scheme && made.between.as_ref() == between && timeouts(&made.settings) == timeouts(settings)
        }) {
            return Ok(connector.clone());
        }
        let detour = between.and_then(|_| self.detour(scheme));
        let proxy = detour.map_or_else(ProxyConfig::disabled, Detour::config);
        let builder = Connector::builder().connector_settings(settings.clone()).proxy_config(proxy);
        let speaks_tls = scheme == Scheme::Https || detour.is_some_and(Detour::speaks_tls);
        let connector = SharedHttpConnector::new(if speaks_tls {
            let Trusted { store, .. } = self.trust.get_or_init(trust::of_system).clone();
            let context = TlsContext::builder().with_trust_store(store).build()?;
            builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build()
        } else {
            builder.build_http()
        });
        let (settings, between) = (settings.clone(), between.cloned());
        made.push(Made { settings, scheme, between, connector: connector.clone() });
        Ok(connector)
    }
}
