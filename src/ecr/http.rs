//! An HTTP client that costs nothing until it is used.
//!
//! The SDK's own client builds a TLS connector, and reads every certificate of the system, as soon as a service client is
//! made, even for an `http://` endpoint. This one makes a connector when the first request of its kind is sent, and keeps
//! it for the next. Of the TLS backends it takes `ring`: aws-lc-rs gathers entropy for 28 ms at start.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The connectors made so far. All its copies share them.
#[derive(Clone, Debug, Default)]
pub(super) struct LazyHttpClient {
    made: Arc<Mutex<Vec<(HttpConnectorSettings, Scheme, SharedHttpConnector)>>>,
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
        self.client.connector(&self.settings, scheme).call(request)
    }
}

impl LazyHttpClient {
    fn connector(&self, settings: &HttpConnectorSettings, scheme: Scheme) -> SharedHttpConnector {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let timeouts = |settings: &HttpConnectorSettings| (settings.connect_timeout(), settings.read_timeout());
        if let Some((.., connector)) =
            made.iter().find(|(known, of, _)| *of == scheme && timeouts(known) == timeouts(settings))
        {
            return connector.clone();
        }
        let builder = Connector::builder().connector_settings(settings.clone());
        let connector = SharedHttpConnector::new(match scheme {
            Scheme::Http => builder.build_http(),
            Scheme::Https => builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
        });
        made.push((settings.clone(), scheme, connector.clone()));
        connector
    }
}
