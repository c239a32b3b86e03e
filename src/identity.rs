//! The AWS identity that asks for a token, and how its credentials are obtained.
//!
//! No I/O here: `aws` finds the identity out from variables and files, without network, and `ecr` gets the credentials. A
//! [`CredentialPlan`] contains all that the credentials depend on, so that they are those of the [`Identity`] even if a file
//! has changed since.

use std::fmt;
use std::path::PathBuf;

use crate::arn::RoleArn;
use crate::redact::{clean_line, shorten};
use crate::secret::Secret;
use crate::token::MaxAge;

/// The longest name of an identity.
const LONGEST_NAME: usize = 300;

/// The identity that AWS will see, as far as it can be told without asking AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The digest of everything visible that decides the identity.
    pub digest: [u8; 32],
    /// Whether its tokens may be cached, and for how long.
    pub cache_policy: CachePolicy,
}

/// Whether tokens of an identity may be cached, and how long a cached one may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// They may.
    Cached(MaxAge),
    /// They may not: nothing visible distinguishes this identity from another one.
    Never,
}

/// How to get the credentials of an identity: from one source, through roles that are assumed one after the other.
#[derive(Debug)]
pub struct CredentialPlan {
    /// The source, for messages.
    pub source: CredentialSource,
    /// The first credentials.
    pub base: Base,
    /// The roles, in the order in which they are assumed.
    pub roles: Vec<RoleStep>,
    /// Settings that were passed over, for the log.
    pub notes: Vec<String>,
}

impl CredentialPlan {
    /// The identity as a person knows it, such as `profile prod`. It contains no secret, and says which of several
    /// identities a cached token belongs to; it isn't what tells them apart.
    pub fn identity_name(&self) -> String {
        let base = match (&self.source, &self.base) {
            (CredentialSource::Profile { name, .. }, _) => format!("profile {name}"),
            (_, Base::Keys(keys)) => format!("access key {}", keys.access_key_id),
            (CredentialSource::ServiceAccount { role }, _) => format!("service account, role {role}"),
            (_, Base::WebIdentity { role, .. }) => format!("web identity {}", role.arn),
            (CredentialSource::Container, _) => "container credentials".to_owned(),
            (CredentialSource::InstanceMetadata, _) => "instance metadata".to_owned(),
            (CredentialSource::Environment | CredentialSource::WebIdentity | CredentialSource::Nothing, _) => {
                self.source.to_string()
            }
        };
        let name = match self.roles.last() {
            Some(RoleStep { origin: RoleOrigin::Rule, arn, .. }) => format!("{base}, role {arn}"),
            Some(_) | None => base,
        };
        shorten(&clean_line(&name), LONGEST_NAME)
    }
}

/// Where the first credentials come from.
#[derive(Debug)]
pub enum Base {
    /// They are keys in a variable or a file.
    Keys(Keys),
    /// The output of a `credential_process`.
    Process { profile: String, command: Secret },
    /// A role that is assumed with the token of an identity provider.
    WebIdentity { role: RoleStep, token: Secret },
    /// The SSO portal.
    Sso(SsoSession),
    /// The session that `aws login` has started.
    Login { profile: String, login_session: String, region: Option<String> },
    /// The credentials endpoint of a container, with its authorization token.
    Container { url: String, token: Option<Secret> },
    /// The instance metadata service at a URL, else these keys.
    InstanceMetadata { url: String, otherwise: Option<Keys> },
    /// Nothing is configured.
    Nothing,
}

/// An SSO session, and the account and role to ask for.
#[derive(Clone, Debug)]
pub struct SsoSession {
    /// The profile to log in to.
    pub profile: String,
    pub account_id: String,
    pub role_name: String,
    pub region: String,
    /// The AWS CLI's directory with the tokens of sessions; `None` without a home directory.
    pub token_dir: Option<PathBuf>,
    /// What the token is stored under: the name of the session, else the start URL.
    pub token_key: String,
    /// Whether an expired token may be refreshed: those of an `sso_session`, not of an older profile.
    pub is_refreshable: bool,
    /// The configured endpoint URLs of the portal and of the service that refreshes tokens, if any.
    pub portal_url: Option<String>,
    pub oidc_url: Option<String>,
}

/// A role to assume.
#[derive(Clone, Debug)]
pub struct RoleStep {
    pub origin: RoleOrigin,
    pub arn: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub duration_seconds: Option<i32>,
    /// The MFA device whose code is needed, which a person types.
    pub mfa: Option<MfaDevice>,
    /// The configured STS endpoint URL, if any.
    pub endpoint_url: Option<String>,
}

impl RoleStep {
    /// The profile that the role is of, else its ARN, for messages.
    pub fn name(&self) -> &str {
        match &self.origin {
            RoleOrigin::Profile(profile) => profile,
            RoleOrigin::Environment | RoleOrigin::Rule | RoleOrigin::ServiceAccount => &self.arn,
        }
    }
}

/// A Kubernetes service account that a request speaks for: the token that came with the request, and the role that is
/// assumed with it.
#[derive(Clone, Debug)]
pub(crate) struct ServiceAccount {
    pub(crate) role: RoleArn,
    pub(crate) token: Secret,
}

/// What names a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleOrigin {
    Environment,
    Profile(String),
    /// A rule of the configuration file.
    Rule,
    /// The service account of a request, or the setting for all of them.
    ServiceAccount,
}

/// A multi-factor authentication (MFA) device.
#[derive(Clone, Debug)]
pub struct MfaDevice {
    pub serial: String,
    /// The directory where the AWS CLI stores its sessions; `None` without a home directory.
    pub sessions: Option<PathBuf>,
}

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
}

impl Keys {
    /// Trims the parts, as other tools do; an empty session token is none.
    /// Error: a part that is sent is empty, or has a character that can't be sent.
    pub fn new(access_key_id: &str, secret_access_key: &str, session_token: Option<&str>) -> Result<Self, InvalidKey> {
        let [access_key_id, secret_access_key] = [access_key_id, secret_access_key].map(str::trim);
        let session_token = session_token.map(str::trim).filter(|token| !token.is_empty());
        let is_sendable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if access_key_id.is_empty() || !is_sendable(access_key_id) {
            return Err(InvalidKey("the access key ID"));
        }
        if secret_access_key.is_empty() {
            return Err(InvalidKey("the secret access key"));
        }
        if !session_token.is_none_or(is_sendable) {
            return Err(InvalidKey("the session token"));
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: Secret::from(secret_access_key),
            session_token: session_token.map(Secret::from),
        })
    }
}

/// A part of an access key that can't be used; it isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is empty or contains a blank, a control character or a character outside ASCII")]
pub struct InvalidKey(&'static str);

/// Where AWS credentials come from, as a message names it.
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
    /// The token of a Kubernetes service account, which assumes a role.
    ServiceAccount {
        /// Its ARN.
        role: String,
    },
    /// The credentials endpoint of a container.
    Container,
    /// The instance metadata service.
    InstanceMetadata,
    /// Nothing is configured, and the metadata service is switched off.
    Nothing,
}

/// Where the last profile of a chain gets its credentials from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileBase {
    /// `aws_access_key_id` and `aws_secret_access_key`.
    Keys,
    /// `sso_session`, or `sso_start_url` and its companions.
    Sso {
        /// The profile to log in to.
        profile: String,
    },
    /// `login_session`, as `aws login` writes it.
    Login {
        /// The profile to log in to.
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

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("the environment"),
            Self::Profile { name, .. } => write!(formatter, "profile `{name}`"),
            Self::WebIdentity => formatter.write_str("the web identity token"),
            Self::ServiceAccount { role } => write!(formatter, "the role `{role}` with the service account token"),
            Self::Container => formatter.write_str("the container credentials endpoint"),
            Self::InstanceMetadata => formatter.write_str("the instance metadata service"),
            Self::Nothing => formatter.write_str("no credential source"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_trimmed_and_an_empty_session_token_is_none() {
        let keys = Keys::new(" AKIA\r\n", "\tse cret\n", Some(" \n")).expect("keys");
        assert_eq!((keys.access_key_id.as_str(), keys.secret_access_key.expose()), ("AKIA", "se cret"));
        assert_eq!(keys.session_token, None);
        let keys = Keys::new("AKIA", "s", Some("token\n")).expect("keys");
        assert_eq!(keys.session_token, Some(Secret::from("token")));
    }

    #[test]
    fn a_part_that_cannot_be_sent_is_named_and_not_repeated() {
        for (access_key_id, secret, token, part) in [
            ("", "s", None, "access key ID"),
            ("AK\nIA", "s", None, "access key ID"),
            ("AK IA", "s", None, "access key ID"),
            ("AK\u{7f}IA", "s", None, "access key ID"),
            ("AKI\u{c4}", "s", None, "access key ID"),
            ("\"AKIA\u{0}", "s", None, "access key ID"),
            ("AKIA", " ", None, "secret access key"),
            ("AKIA", "s", Some("to\nken"), "session token"),
            ("AKIA", "s", Some("t\u{f6}ken"), "session token"),
        ] {
            let error = Keys::new(access_key_id, secret, token).expect_err(part);
            let rest = "is empty or contains a blank, a control character or a character outside ASCII";
            assert_eq!(error.to_string(), format!("the {part} {rest}"), "{access_key_id:?}");
        }
    }
}
