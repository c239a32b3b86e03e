//! Credentials from the one source that the identity names, by the SDK's own providers.
//!
//! Only that provider is built, so a token can't be fetched with other credentials than its cache key stands for. The
//! profile files aren't read again: the SDK gets the texts that the identity was made from.

use aws_config::BehaviorVersion;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_ecr::config::Region;

use super::client::retry_config;
use super::http::LazyHttpClient;
use crate::route::Retries;
use crate::scope::{CredentialSource, Scope};

/// Asks the source of the scope's identity.
pub(super) async fn resolve(
    scope: &Scope,
    config: &str,
    credentials: &str,
    http: &LazyHttpClient,
    retries: Retries,
) -> Result<Credentials, CredentialsError> {
    let sdk = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_region(Some(Region::new(scope.region.clone())))
        .with_http_client(http.clone())
        .with_retry_config(retry_config(retries));
    match &scope.identity.source {
        CredentialSource::Environment => EnvironmentVariableCredentialsProvider::new().provide_credentials().await,
        CredentialSource::Profile { name, base: _ } => {
            let files = EnvConfigFiles::builder()
                .with_contents(EnvConfigFileKind::Config, config)
                .with_contents(EnvConfigFileKind::Credentials, credentials)
                .build();
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&sdk)
                .profile_files(files)
                .profile_name(name)
                .build();
            provider.provide_credentials().await
        }
        CredentialSource::WebIdentity => {
            WebIdentityTokenCredentialsProvider::builder().configure(&sdk).build().provide_credentials().await
        }
        CredentialSource::Container => {
            EcsCredentialsProvider::builder().configure(&sdk).build().provide_credentials().await
        }
        CredentialSource::InstanceMetadata => {
            ImdsCredentialsProvider::builder().configure(&sdk).build().provide_credentials().await
        }
        CredentialSource::Nothing => Err(CredentialsError::not_loaded("no source of credentials is configured")),
    }
}
