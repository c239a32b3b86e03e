//! The session that `aws login` has started. The SDK's provider reads and renews it: its requests need a proof of
//! possession (<https://www.rfc-editor.org/rfc/rfc9449>).

use aws_config::login::LoginCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::ProvideCredentials as _;

use super::{Resolver, received};
use crate::ecr::classify;
use crate::ecr::client::retry_config;
use crate::error::Failure;
use crate::identity::{CredentialSource, Keys};
use crate::network::NetworkConfig;
use crate::redact::Redactor;

/// Gets the credentials of a session. It is renewed in the profile's region, not in the registry's.
pub(super) async fn credentials(
    resolver: &Resolver<'_>,
    source: &CredentialSource,
    profile: &str,
    login_session: &str,
    region: Option<&str>,
    redactor: &Redactor,
) -> Result<Keys, Failure> {
    let NetworkConfig { retries, variant, .. } = resolver.network;
    let config = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_region(Some(Region::new(region.unwrap_or(resolver.region).to_owned())))
        .with_http_client(resolver.http.clone())
        .with_retry_config(retry_config(*retries))
        .with_use_fips(Some(variant.fips))
        .with_use_dual_stack(Some(variant.dual_stack));
    let provider = LoginCredentialsProvider::builder(login_session).configure(&config).build();
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| classify::from_login(&error, profile, source, redactor))?;
    let (id, secret) = (credentials.access_key_id(), credentials.secret_access_key());
    received(id, secret, credentials.session_token())
}
