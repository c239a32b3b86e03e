//! Credentials from the one source that the identity names, by the SDK's own providers.
//!
//! Only that provider is built, so a token can't be fetched with other credentials than its cache key stands for. The
//! profile files aren't read again: the SDK gets the texts that the identity was made from. The links of a profile's
//! chain that are ours are done here, and their credentials spliced into what the SDK sees of the chain.

use aws_config::BehaviorVersion;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_ecr::config::Region;
use aws_smithy_runtime_api::box_error::BoxError;

use super::client::retry_config;
use super::http::LazyHttpClient;
use super::{classify, process};
use crate::error::{Failure, FailureKind};
use crate::route::Route;
use crate::scope::{CredentialSource, OwnLink, OwnStep, ProfileBase, TokenRequest};
use crate::secret::Redactor;

/// The name under which the SDK finds the credentials of a link of ours, as a profile and as a `credential_source`.
const SPLICE: &str = "docker-credential-ecr-login/spliced";

/// Asks the source of the scope's identity. Comes back with what must not be shown from now on.
pub(super) async fn resolve(
    request: TokenRequest<'_>,
    http: &LazyHttpClient,
) -> Result<(Credentials, Redactor), Failure> {
    let TokenRequest { scope, config, credentials: credentials_file, route, limit, mut redactor, cleanup: _ } = request;
    let sdk = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_region(Some(Region::new(scope.region.clone())))
        .with_http_client(http.clone())
        .with_retry_config(retry_config(route.retries));
    let source = &scope.identity.source;
    let profiles = Profiles { sdk: &sdk, metadata: None, config, credentials: credentials_file };
    let resolved = match source {
        CredentialSource::Environment => EnvironmentVariableCredentialsProvider::new().provide_credentials().await,
        CredentialSource::Profile { name, base } => {
            let sdk = match base {
                ProfileBase::Login { profile } => profiles.in_its_region(profile).await,
                _ => sdk.clone(),
            };
            let metadata = match base {
                ProfileBase::InstanceMetadata => Some(SharedCredentialsProvider::new(instance_metadata(&sdk, route)?)),
                _ => None,
            };
            let profiles = Profiles { sdk: &sdk, metadata: metadata.as_ref(), ..profiles };
            let mut given = None;
            for OwnLink { profile, child, step } in &scope.identity.own {
                let credentials = match step {
                    OwnStep::Process { command } => process::run(profile, command, limit, &mut redactor).await?,
                };
                given = Some(Given { child: child.as_deref(), credentials });
            }
            profiles.resolve(name, given).await
        }
        CredentialSource::WebIdentity => {
            // The profile may say where STS is. The provider knows it only once it has been read, as whoever looks for a
            // region in it does.
            ProfileFileRegionProvider::builder().configure(&sdk).build().region().await;
            WebIdentityTokenCredentialsProvider::builder().configure(&sdk).build().provide_credentials().await
        }
        CredentialSource::Container => {
            EcsCredentialsProvider::builder().configure(&sdk).build().provide_credentials().await
        }
        CredentialSource::InstanceMetadata => instance_metadata(&sdk, route)?.provide_credentials().await,
        CredentialSource::Nothing => Err(CredentialsError::not_loaded("no source of credentials is configured")),
    };
    match resolved {
        Ok(credentials) => Ok((credentials, redactor)),
        Err(error) => Err(classify::credentials(&error, source, &redactor)),
    }
}

/// The metadata service at the place that the settings name. It is asked twice, where the SDK would ask four times: one
/// that fails is to cost a second or two, and one that stumbles is asked again.
fn instance_metadata(sdk: &ProviderConfig, route: &Route) -> Result<ImdsCredentialsProvider, Failure> {
    let wrong = |error: BoxError| {
        Failure::new(FailureKind::Misconfigured, format!("the metadata service's endpoint is no URL: {error}"))
    };
    let client = imds::Client::builder().configure(sdk).max_attempts(2);
    let client = client.endpoint(route.metadata.clone()?).map_err(wrong)?.build();
    Ok(ImdsCredentialsProvider::builder().configure(sdk).imds_client(client).build())
}

/// What a link of ours came to, and the profile that goes on with it; `None` when that is all.
struct Given<'a> {
    child: Option<&'a str>,
    credentials: Credentials,
}

/// The profile files, and how the SDK reaches AWS on their behalf.
#[derive(Clone, Copy)]
struct Profiles<'a> {
    sdk: &'a ProviderConfig,
    /// In place of the SDK's own.
    metadata: Option<&'a SharedCredentialsProvider>,
    config: &'a str,
    credentials: &'a str,
}

impl Profiles<'_> {
    /// Asks the SDK for the credentials of a profile, from where `given` ends.
    async fn resolve(&self, name: &str, given: Option<Given<'_>>) -> Result<Credentials, CredentialsError> {
        let provider = ProfileFileCredentialsProvider::builder().configure(self.sdk).profile_name(name);
        let provider = match self.metadata {
            Some(metadata) => provider.with_custom_provider("Ec2InstanceMetadata", metadata.clone()),
            None => provider,
        };
        let (provider, splice) = match given {
            None => (provider, String::new()),
            Some(Given { child: None, credentials }) => return Ok(credentials),
            // Sections of one name are merged, and the last word counts: the child gets another source.
            Some(Given { child: Some(child), credentials }) => (
                provider.with_custom_provider(SPLICE, credentials),
                format!("\n[{child}]\nsource_profile = {SPLICE}\n[{SPLICE}]\ncredential_source = {SPLICE}\n"),
            ),
        };
        provider.profile_files(self.files(&splice)).build().provide_credentials().await
    }

    /// A session of `aws login` is renewed where it was started: in the profile's region, not in the registry's.
    async fn in_its_region(&self, profile: &str) -> ProviderConfig {
        let builder = ProfileFileRegionProvider::builder().configure(self.sdk).profile_name(profile);
        match builder.profile_files(self.files("")).build().region().await {
            Some(region) => self.sdk.clone().with_region(Some(region)),
            None => self.sdk.clone(),
        }
    }

    fn files(&self, splice: &str) -> EnvConfigFiles {
        EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, self.config)
            .with_contents(EnvConfigFileKind::Credentials, format!("{}{splice}", self.credentials))
            .build()
    }
}
