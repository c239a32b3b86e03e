//! Credentials from the one source that the plan names, by the SDK's own providers.
//!
//! Only the provider of that source is built, so the credentials are those that the cache key
//! stands for.

mod profile;

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;

use super::client::{self, ApiEndpoint, retry_config};
use super::http::HttpClient;
use super::mfa::PreparedSteps;
use super::{classify, sts};
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::identity::{AssumedRole, CredentialPlan, CredentialSource};
use crate::network::NetworkConfig;
use crate::redact::Redactor;
use profile::Profiles;

/// Everything that getting credentials depends on, except the plan.
pub(super) struct Resolver<'a> {
    pub(super) region: &'a str,
    pub(super) files: ProfileFiles<'a>,
    pub(super) network: &'a NetworkConfig,
    pub(super) http: &'a HttpClient,
    pub(super) now: Timestamp,
    /// The limit of a `credential_process`.
    pub(super) limit: Duration,
}

/// The contents of the profile files that the identity was determined from; they aren't read again.
#[derive(Clone, Copy)]
pub(super) struct ProfileFiles<'a> {
    pub(super) config: &'a str,
    pub(super) credentials: &'a str,
}

/// Credentials, and a problem that didn't prevent them.
pub(super) struct Resolved {
    pub(super) credentials: Credentials,
    pub(super) warning: Option<String>,
}

/// Makes the redactor mask the secrets of credentials.
pub(super) fn learn(redactor: &mut Redactor, credentials: &Credentials) {
    redactor.learn(credentials.secret_access_key());
    redactor.learn(credentials.session_token().unwrap_or_default());
}

impl Resolver<'_> {
    /// Gets the credentials of a plan, whose steps are prepared. The redactor learns all secrets
    /// met on the way.
    pub(super) async fn resolve(
        &self,
        plan: &CredentialPlan,
        steps: PreparedSteps<'_>,
        redactor: &mut Redactor,
    ) -> Result<Resolved, Failure> {
        let CredentialPlan { source, steps: _, role } = plan;
        let mut warning = None;
        let credentials = match source {
            CredentialSource::Profile { name, base } => {
                let profiles = Profiles::new(self, base).await?;
                let output = self.run_steps(&profiles, base, steps, redactor, &mut warning).await?;
                profiles.resolve(name, output).await
            }
            CredentialSource::Environment => EnvironmentVariableCredentialsProvider::new().provide_credentials().await,
            CredentialSource::WebIdentity => {
                let config = self.provider_config();
                // The profile may configure the endpoint of STS. The provider knows it only after
                // the profile files have been read, which looking for a region in them does.
                ProfileFileRegionProvider::builder().configure(&config).build().region().await;
                WebIdentityTokenCredentialsProvider::builder().configure(&config).build().provide_credentials().await
            }
            CredentialSource::Container => {
                let config = self.provider_config();
                EcsCredentialsProvider::builder().configure(&config).build().provide_credentials().await
            }
            CredentialSource::InstanceMetadata => {
                self.instance_metadata(&self.provider_config())?.provide_credentials().await
            }
            CredentialSource::Nothing => Err(CredentialsError::not_loaded("no source of credentials is configured")),
        };
        let credentials = credentials.map_err(|error| classify::from_source(&error, source, redactor))?;
        learn(redactor, &credentials);
        let credentials = match role {
            Some(role) => self.assume_role(role, credentials, redactor).await?,
            None => credentials,
        };
        Ok(Resolved { credentials, warning })
    }

    async fn assume_role(
        &self,
        role: &AssumedRole,
        credentials: Credentials,
        redactor: &mut Redactor,
    ) -> Result<Credentials, Failure> {
        let session = sts::assume_role(role, &self.sts_config(role.endpoint_url.as_deref(), credentials)).await;
        let session = session.map_err(|error| classify::from_role(&error, &role.arn, redactor))?;
        let credentials = session.into_credentials("rule");
        learn(redactor, &credentials);
        Ok(credentials)
    }

    /// How the SDK's providers reach AWS.
    fn provider_config(&self) -> ProviderConfig {
        let NetworkConfig { retries, variant, .. } = self.network;
        ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_region(Some(Region::new(self.region.to_owned())))
            .with_http_client(self.http.clone())
            .with_retry_config(retry_config(*retries))
            .with_use_fips(Some(variant.fips))
            .with_use_dual_stack(Some(variant.dual_stack))
    }

    /// How to call STS with these credentials.
    fn sts_config(&self, url: Option<&str>, credentials: Credentials) -> SdkConfig {
        let endpoint = ApiEndpoint::new(self.region, self.network.variant, url);
        client::sdk_config(endpoint, credentials, self.http, self.network.retries)
    }

    /// The metadata service at the configured URL, with two attempts instead of the SDK's four: an
    /// unreachable service should cost a second or two, and a single failed request shouldn't
    /// matter.
    fn instance_metadata(&self, config: &ProviderConfig) -> Result<ImdsCredentialsProvider, Failure> {
        let client = imds::Client::builder().configure(config).max_attempts(2);
        let client = client.endpoint(self.network.metadata.clone()?).map_err(|error| {
            let detail = format!("the endpoint of the instance metadata service is not a valid URL: {error}");
            Failure::new(FailureKind::Misconfigured, detail)
        })?;
        Ok(ImdsCredentialsProvider::builder().configure(config).imds_client(client.build()).build())
    }
}
