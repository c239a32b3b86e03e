//! Credentials of a profile. The SDK follows its chain of `source_profile`s, except for the
//! [steps] that it doesn't support or handles badly: these are performed here, and the
//! SDK goes on with their credentials.
//!
//! For that, a section is appended to the contents of the credentials file. Sections with the same
//! name are merged, and the last value of a key counts, so the appended text replaces the
//! `source_profile` of the profile that depends on the step.
//!
//! [steps]: crate::identity::ChainStep

use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::{ProfileFiles, Resolver, learn};
use crate::ecr::mfa::{Action, PreparedStep, PreparedSteps, StepOutput};
use crate::ecr::{classify, mfa, process, session_cache, sts};
use crate::error::Failure;
use crate::identity::{CredentialSource, MfaBase, MfaRole, ProfileBase};
use crate::redact::Redactor;

/// The name of the appended profile, and of its `credential_source`.
const INJECTED_SOURCE: &str = "docker-credential-ecr-login/injected";

/// The profile files, and how the SDK gets credentials from them.
pub(super) struct Profiles<'a> {
    files: ProfileFiles<'a>,
    config: ProviderConfig,
    /// Replaces the SDK's own provider for `credential_source = Ec2InstanceMetadata`.
    metadata: Option<SharedCredentialsProvider>,
}

impl<'a> Profiles<'a> {
    /// Prepares for a profile whose chain ends at this base.
    pub(super) async fn new(resolver: &Resolver<'a>, base: &ProfileBase) -> Result<Self, Failure> {
        let mut profiles = Self { files: resolver.files, config: resolver.provider_config(), metadata: None };
        match base {
            // A session of `aws login` is renewed in the profile's region, not in the registry's.
            ProfileBase::Login { profile } => {
                if let Some(region) = profiles.region_provider(profile).region().await {
                    profiles.config = profiles.config.with_region(Some(region));
                }
            }
            ProfileBase::InstanceMetadata => {
                let provider = resolver.instance_metadata(&profiles.config)?;
                profiles.metadata = Some(SharedCredentialsProvider::new(provider));
            }
            ProfileBase::Keys
            | ProfileBase::Sso { .. }
            | ProfileBase::WebIdentity
            | ProfileBase::Process
            | ProfileBase::Environment
            | ProfileBase::Container => {}
        }
        Ok(profiles)
    }

    /// Gets the credentials of a profile from the SDK, starting with the output of the last step,
    /// if any.
    pub(super) async fn resolve(
        &self,
        profile: &str,
        output: Option<StepOutput<'_>>,
    ) -> Result<Credentials, CredentialsError> {
        let mut provider = ProfileFileCredentialsProvider::builder().configure(&self.config).profile_name(profile);
        if let Some(metadata) = &self.metadata {
            provider = provider.with_custom_provider("Ec2InstanceMetadata", metadata.clone());
        }
        let mut appended = String::new();
        match output {
            None => {}
            Some(StepOutput { dependent: None, credentials }) => return Ok(credentials),
            Some(StepOutput { dependent: Some(dependent), credentials }) => {
                provider = provider.with_custom_provider(INJECTED_SOURCE, credentials);
                appended = format!(
                    "\n[{dependent}]\nsource_profile = {INJECTED_SOURCE}\n\
                     [{INJECTED_SOURCE}]\ncredential_source = {INJECTED_SOURCE}\n"
                );
            }
        }
        provider.profile_files(self.sdk_files(&appended)).build().provide_credentials().await
    }

    /// The credentials that assume the role of a profile, starting with the output of the step
    /// before, if any.
    async fn user_of(
        &self,
        profile: &str,
        role: &MfaRole,
        output: Option<StepOutput<'_>>,
    ) -> Result<Credentials, CredentialsError> {
        match (&role.base, output) {
            (_, Some(StepOutput { dependent: Some(dependent), credentials })) if dependent == profile => {
                Ok(credentials)
            }
            (MfaBase::Profile(source), output) => self.resolve(source, output).await,
            (MfaBase::Keys { access_key_id, secret_access_key, session_token }, _) => Ok(Credentials::new(
                access_key_id,
                secret_access_key.expose(),
                session_token.as_ref().map(|token| token.expose().to_owned()),
                None,
                "profile",
            )),
        }
    }

    fn region_provider(&self, profile: &str) -> ProfileFileRegionProvider {
        let provider = ProfileFileRegionProvider::builder().configure(&self.config).profile_name(profile);
        provider.profile_files(self.sdk_files("")).build()
    }

    fn sdk_files(&self, appended: &str) -> EnvConfigFiles {
        let ProfileFiles { config, credentials } = self.files;
        EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, config)
            .with_contents(EnvConfigFileKind::Credentials, format!("{credentials}{appended}"))
            .build()
    }
}

impl Resolver<'_> {
    /// Performs the steps of a chain, from the base up. A session that can't be saved is a warning.
    pub(super) async fn run_steps<'s>(
        &self,
        profiles: &Profiles<'_>,
        base: &ProfileBase,
        steps: PreparedSteps<'s>,
        redactor: &mut Redactor,
        warning: &mut Option<String>,
    ) -> Result<Option<StepOutput<'s>>, Failure> {
        let PreparedSteps { session, remaining } = steps;
        let mut output = session;
        if let Some(StepOutput { credentials, .. }) = &output {
            learn(redactor, credentials);
        }
        for PreparedStep { profile, dependent, action } in remaining {
            let credentials = match action {
                Action::RunProcess { command } => process::run(profile, command, self.limit, redactor).await?,
                Action::AssumeRole { role, code } => {
                    let source = CredentialSource::Profile { name: profile.to_owned(), base: base.clone() };
                    let user = profiles.user_of(profile, role, output).await;
                    let user = user.map_err(|error| classify::from_source(&error, &source, redactor))?;
                    learn(redactor, &user);
                    redactor.learn_code(&code);
                    let config = self.sts_config(role.endpoint_url.as_deref(), user);
                    let session = sts::assume_role_with_mfa(role, &code, self.now, &config).await;
                    let session = session.map_err(|error| classify::from_mfa(&error, &source, profile, redactor))?;
                    if let Err(problem) = session_cache::save(role, &session) {
                        warning.get_or_insert(problem);
                    }
                    session.into_credentials(mfa::PROVIDER)
                }
            };
            learn(redactor, &credentials);
            output = Some(StepOutput { dependent, credentials });
        }
        Ok(output)
    }
}
