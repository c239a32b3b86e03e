//! The AWS identity that asks for a token, and where its credentials come from.
//!
//! No I/O here: `aws` finds the identity out from variables and files, without network, and `ecr` gets the credentials.

use std::fmt;
use std::path::PathBuf;

use crate::secret::Secret;
use crate::token::MaxAge;

/// Where the last profile of a chain gets its credentials from, by the rules of
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileBase {
    /// `aws_access_key_id` and `aws_secret_access_key`.
    Keys,
    /// `sso_session`, or `sso_start_url` and its companions.
    Sso {
        /// The profile with these settings, which is the one to log in to.
        profile: String,
    },
    /// `login_session`, as `aws login` writes it.
    Login {
        /// The profile with these settings, which is the one to log in to.
        profile: String,
    },
    /// `web_identity_token_file` and `role_arn`.
    WebIdentity,
    /// `credential_process`.
    Process,
    /// `credential_source = Environment`.
    Environment,
    /// `credential_source = EcsContainer`.
    Container,
    /// `credential_source = Ec2InstanceMetadata`.
    InstanceMetadata,
}

/// Where AWS credentials come from: one provider of the SDK's chain, chosen without network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    Environment,
    /// A profile of the shared configuration files.
    Profile {
        /// Its name.
        name: String,
        /// Where its chain ends.
        base: ProfileBase,
    },
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    WebIdentity,
    /// The credentials endpoint of a container.
    Container,
    /// The instance metadata service.
    InstanceMetadata,
    /// Nothing is configured, and the metadata service is switched off.
    Nothing,
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("the environment"),
            Self::Profile { name, .. } => write!(formatter, "profile `{name}`"),
            Self::WebIdentity => formatter.write_str("the web identity token"),
            Self::Container => formatter.write_str("the container credentials endpoint"),
            Self::InstanceMetadata => formatter.write_str("the instance metadata service"),
            Self::Nothing => formatter.write_str("no credential source"),
        }
    }
}

/// A step of a profile's credential chain that the SDK doesn't support or handles badly. We perform it and pass the SDK the
/// result.
#[derive(Clone, Debug)]
pub struct ChainStep {
    /// The profile that the step belongs to.
    pub profile: String,
    /// The profile that names this one as its `source_profile`: the SDK assumes the roles from there on. `None` for the
    /// last step.
    pub dependent: Option<String>,
    /// How its credentials are obtained.
    pub kind: StepKind,
}

/// How a [`ChainStep`] obtains its credentials.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// Runs a `credential_process`: the SDK never stops one.
    Process {
        /// The command line; it may hold a secret.
        command: Secret,
    },
    /// Assumes a role with a code from an MFA device: the SDK doesn't support that.
    Mfa(Box<MfaRole>),
}

/// A role that needs a code from a multi-factor authentication (MFA) device, which a person types.
#[derive(Clone, Debug)]
pub struct MfaRole {
    /// `role_arn`.
    pub role_arn: String,
    /// `mfa_serial`: the device.
    pub serial: String,
    /// `external_id`.
    pub external_id: Option<String>,
    /// `role_session_name`.
    pub session_name: Option<String>,
    /// `duration_seconds`.
    pub duration_seconds: Option<i32>,
    /// The credentials that assume the role.
    pub base: MfaBase,
    /// The configured STS endpoint URL, if any.
    pub endpoint_url: Option<String>,
    /// The directory where its session is stored; `None` without a home directory.
    pub sessions: Option<PathBuf>,
}

/// The credentials that assume an [`MfaRole`].
#[derive(Clone, Debug)]
pub enum MfaBase {
    /// Another profile's: `source_profile`.
    Profile(String),
    /// The keys in the role's own profile, which names itself as `source_profile`.
    Keys {
        /// `aws_access_key_id`.
        access_key_id: String,
        /// `aws_secret_access_key`.
        secret_access_key: Secret,
        /// `aws_session_token`.
        session_token: Option<Secret>,
    },
}

/// Whether tokens of an identity may be cached, and how long a cached one may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// They may.
    Cached(MaxAge),
    /// They may not: nothing visible distinguishes this identity from another one.
    Never,
}

/// The role that a rule of the configuration file names, assumed with the credentials of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// Its ARN.
    pub arn: String,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
    /// The name of the session, if one is configured.
    pub session_name: Option<String>,
    /// The configured STS endpoint URL, if any.
    pub endpoint_url: Option<String>,
}

/// The identity that AWS will see, as far as it can be told without asking AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The digest of everything visible that decides the identity.
    pub digest: [u8; 32],
    /// Whether its tokens may be cached, and for how long.
    pub cache_policy: CachePolicy,
}

/// How to get the credentials of an identity: from one source, through the steps of a profile's chain, to the role of a
/// rule.
#[derive(Clone, Debug)]
pub struct CredentialPlan {
    /// Where the credentials come from.
    pub source: CredentialSource,
    /// The steps of a profile's chain that the SDK can't perform, from the base up.
    pub steps: Vec<ChainStep>,
    /// The role that a rule names, assumed last.
    pub role: Option<AssumedRole>,
}
