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

use super::client::{self, retry_config};
use super::http::LazyHttpClient;
use super::mfa::{self, Plan};
use super::{classify, process};
use crate::error::{Failure, FailureKind};
use crate::fetch::{Access, TokenRequest};
use crate::identity::{
    AssumedRole, ChainStep, CredentialPlan, CredentialSource, MfaBase, MfaRole, ProfileBase, StepKind,
};
use crate::network::NetworkConfig;
use crate::secret::Redactor;

/// How a session of a rule's role is called in `CloudTrail`, unless the rule says otherwise.
const SESSION_NAME: &str = "docker-credential-ecr-login";

/// The name under which the SDK finds the credentials of a link of ours, as a profile and as a `credential_source`.
const SPLICE: &str = "docker-credential-ecr-login/spliced";

/// Credentials, and what came up on the way to them.
pub(super) struct Resolved {
    pub(super) credentials: Credentials,
    /// Knows what must not be shown from now on.
    pub(super) redactor: Redactor,
    /// What went wrong and did no harm.
    pub(super) warning: Option<String>,
}

/// Has the redactor know credentials.
pub(super) fn learn(redactor: &mut Redactor, credentials: &Credentials) {
    redactor.learn(credentials.secret_access_key());
    redactor.learn(credentials.session_token().unwrap_or_default());
}

/// Asks the source of the scope's identity, as planned.
pub(super) async fn resolve(
    request: TokenRequest<'_>,
    plan: Plan<'_>,
    http: &LazyHttpClient,
) -> Result<Resolved, Failure> {
    let TokenRequest {
        scope,
        plan: CredentialPlan { source, steps: _, role },
        access: Access { config, credentials: credentials_file, network, mut redactor },
        prompt: _,
        now,
        limit,
        on_interrupt: _,
    } = request;
    let mut warning = None;
    let sdk = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_region(Some(Region::new(scope.api.region.as_str().to_owned())))
        .with_http_client(http.clone())
        .with_retry_config(retry_config(network.retries))
        .with_use_fips(Some(network.variant.fips))
        .with_use_dual_stack(Some(network.variant.dual_stack));
    let profiles = Profiles { sdk: &sdk, metadata: None, config, credentials: credentials_file };
    let resolved = match source {
        CredentialSource::Environment => EnvironmentVariableCredentialsProvider::new().provide_credentials().await,
        CredentialSource::Profile { name, base } => {
            let sdk = match base {
                ProfileBase::Login { profile } => profiles.in_its_region(profile).await,
                _ => sdk.clone(),
            };
            let metadata = match base {
                ProfileBase::InstanceMetadata => {
                    Some(SharedCredentialsProvider::new(instance_metadata(&sdk, &network)?))
                }
                _ => None,
            };
            let profiles = Profiles { sdk: &sdk, metadata: metadata.as_ref(), ..profiles };
            let Plan { kept, todo } = plan;
            let mut given = kept.map(|(link, credentials)| {
                learn(&mut redactor, &credentials);
                Given { child: link.dependent.as_deref(), credentials }
            });
            for mfa::Todo { link: ChainStep { profile, dependent, kind }, code } in &todo {
                let credentials = match kind {
                    StepKind::Process { command } => process::run(profile, command, limit, &mut redactor).await?,
                    StepKind::Mfa(role) => {
                        let source = CredentialSource::Profile { name: profile.clone(), base: base.clone() };
                        let user = profiles.user_of(profile, role, given).await;
                        let user = user.map_err(|error| classify::credentials(&error, &source, &redactor))?;
                        learn(&mut redactor, &user);
                        redactor.learn_code(code);
                        let sts =
                            client::sts(scope.api.region.as_str(), role.endpoint_url.as_deref(), user, http, &network);
                        let session = mfa::assume(role, code, now, &sts).await;
                        let session = session.map_err(|error| classify::mfa(&error, &source, profile, &redactor))?;
                        warning = warning.or_else(|| mfa::keep(role, &session).err());
                        session.into_credentials(mfa::PROVIDER)
                    }
                };
                learn(&mut redactor, &credentials);
                given = Some(Given { child: dependent.as_deref(), credentials });
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
        CredentialSource::InstanceMetadata => instance_metadata(&sdk, &network)?.provide_credentials().await,
        CredentialSource::Nothing => Err(CredentialsError::not_loaded("no source of credentials is configured")),
    };
    let credentials = resolved.map_err(|error| classify::credentials(&error, source, &redactor))?;
    let Some(role) = role else { return Ok(Resolved { credentials, redactor, warning }) };
    learn(&mut redactor, &credentials);
    let sts = client::sts(scope.api.region.as_str(), role.endpoint_url.as_deref(), credentials, http, &network);
    let credentials = assume(role, &sts).await.map_err(|error| classify::role(&error, &role.arn, &redactor))?;
    Ok(Resolved { credentials, redactor, warning })
}

/// Assumes the role of a rule.
async fn assume(role: &AssumedRole, sts: &aws_sdk_sts::Client) -> Result<Credentials, CredentialsError> {
    let AssumedRole { arn, external_id, session_name, endpoint_url: _ } = role;
    let request = sts
        .assume_role()
        .role_arn(arn)
        .role_session_name(session_name.as_deref().unwrap_or(SESSION_NAME))
        .set_external_id(external_id.clone());
    Ok(client::assume(request).await?.into_credentials("rule"))
}

/// The metadata service at the place that the settings name. It is asked twice, where the SDK would ask four times: one
/// that fails is to cost a second or two, and one that stumbles is asked again.
fn instance_metadata(sdk: &ProviderConfig, network: &NetworkConfig) -> Result<ImdsCredentialsProvider, Failure> {
    let wrong = |error: BoxError| {
        Failure::new(FailureKind::Misconfigured, format!("the metadata service's endpoint is no URL: {error}"))
    };
    let client = imds::Client::builder().configure(sdk).max_attempts(2);
    let client = client.endpoint(network.metadata.clone()?).map_err(wrong)?.build();
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

    /// The credentials that assume the role of a profile, from where `given` ends.
    async fn user_of(
        &self,
        profile: &str,
        role: &MfaRole,
        given: Option<Given<'_>>,
    ) -> Result<Credentials, CredentialsError> {
        match (&role.base, given) {
            (_, Some(Given { child: Some(child), credentials })) if child == profile => Ok(credentials),
            (MfaBase::Profile(source), given) => self.resolve(source, given).await,
            (MfaBase::Keys { access_key_id, secret_access_key, session_token }, _) => Ok(Credentials::new(
                access_key_id,
                secret_access_key.expose(),
                session_token.as_ref().map(|token| token.expose().to_owned()),
                None,
                "profile",
            )),
        }
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
