//! Connecting ahead: the connection for `GetAuthorizationToken` is opened while the credentials for
//! it are fetched.
//!
//! This saves the time that a connection with TLS takes: 83 ms of a fetch of 258 ms. Nothing
//! depends on it: without a usable connection the request opens its own. To remove this file,
//! remove its uses in `ecr.rs` and `http.rs`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_types::endpoint::Endpoint;
use http::Uri;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::ApiEndpoint;
use super::connect::{Connector, Opened};
use crate::identity::{Base, CredentialPlan};
use crate::registry::Service;

/// How old a connection may be when it is used: servers close silent connections.
const LONGEST_AGE: Duration = Duration::from_secs(5);

/// The connection that was opened ahead, until a request takes it.
#[derive(Debug, Default)]
pub(super) struct Ahead(Mutex<Option<Pending>>);

#[derive(Debug)]
struct Pending {
    uri: Uri,
    started: Instant,
    connection: JoinHandle<Result<Opened, BoxError>>,
}

impl Ahead {
    /// Begins to connect to the server of a URL.
    pub(super) fn start(&self, connector: &Arc<Connector>, uri: Uri) {
        let (connector, to) = (Arc::clone(connector), uri.clone());
        let connection = tokio::spawn(async move { connector.connect(&to, None).await });
        let pending = Pending { uri, started: Instant::now(), connection };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(pending);
    }

    /// Takes the connection, if it leads to the server of this URL. If it failed, the reason is
    /// dropped: a new one may succeed.
    pub(super) async fn take(&self, uri: &Uri) -> Option<Opened> {
        let leads_there =
            |pending: &mut Pending| pending.uri.scheme() == uri.scheme() && pending.uri.authority() == uri.authority();
        let pending = self.0.lock().unwrap_or_else(PoisonError::into_inner).take_if(leads_there)?;
        if pending.started.elapsed() > LONGEST_AGE {
            return None;
        }
        pending.connection.await.ok()?.ok()
    }
}

/// Whether getting the credentials takes a request or a process, during which a connection can be
/// opened.
pub(super) fn is_worthwhile(plan: &CredentialPlan) -> bool {
    !plan.roles.is_empty() || !matches!(plan.base, Base::Keys(_) | Base::Nothing)
}

/// The URL that the SDK's client will call, by the SDK's own rules; `None` if the call itself will
/// report why not.
pub(super) async fn resolve(service: Service, endpoint: ApiEndpoint<'_>) -> Option<Uri> {
    let endpoint = match service {
        Service::Ecr => resolve_ecr(endpoint).await,
        Service::EcrPublic => resolve_ecr_public(endpoint).await,
    };
    endpoint?.url().parse().ok()
}

async fn resolve_ecr(ApiEndpoint { region, variant, url }: ApiEndpoint<'_>) -> Option<Endpoint> {
    use aws_sdk_ecr::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    let params = Params::builder().region(region).use_fips(variant.fips).use_dual_stack(variant.dual_stack);
    let params = params.set_endpoint(url.map(str::to_owned)).build().ok()?;
    DefaultResolver::new().resolve_endpoint(&params).await.ok()
}

async fn resolve_ecr_public(ApiEndpoint { region, variant, url }: ApiEndpoint<'_>) -> Option<Endpoint> {
    use aws_sdk_ecrpublic::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    let params = Params::builder().region(region).use_fips(variant.fips).use_dual_stack(variant.dual_stack);
    let params = params.set_endpoint(url.map(str::to_owned)).build().ok()?;
    DefaultResolver::new().resolve_endpoint(&params).await.ok()
}
