//! Whose token, for what: the key that a token is cached under, and what a fetch is made of.
//!
//! A [`Scope`] is everything that decides which token `GetAuthorizationToken` would hand out: the service, partition
//! and region asked, the endpoint asked at, and the [`Identity`] asking. Its [`CacheKey`] is a SHA-256 over exactly
//! that, so equal keys mean the same identity at the same API. The account in a host name isn't part of it: a token
//! is good for every registry its principal may reach in that region
//! (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html>). No I/O here: `settings` finds out who
//! we are, this file only says what is remembered of it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::registry::{EndpointVariant, Partition, Service};
use crate::route::Route;
use crate::secret::{Redactor, Secret};
use crate::token::{AuthorizationToken, Reuse};

/// Collects labelled facts into a digest. Lengths are hashed too, so that no two different lists of facts run together.
#[derive(Clone)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Begins a digest for one purpose.
    #[must_use]
    pub fn of(purpose: &str) -> Self {
        let mut fingerprint = Self(Sha256::new());
        fingerprint.add("purpose", purpose.as_bytes());
        fingerprint
    }

    /// Adds one fact.
    pub fn add(&mut self, label: &str, value: &[u8]) {
        // Nothing is hashed that is longer than 4 GiB: files are read with a limit.
        let length = |of: &[u8]| u32::try_from(of.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.0.update(length(label.as_bytes()));
        self.0.update(length(value));
        self.0.update(label.as_bytes());
        self.0.update(value);
    }

    /// The digest of all facts, in the order they came in.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fingerprint(..)")
    }
}

/// What the last link of a profile's chain gets its credentials from, by the rules of
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileBase {
    /// `aws_access_key_id` and `aws_secret_access_key`.
    Keys,
    /// `sso_session`, or `sso_start_url` and its companions.
    Sso {
        /// The profile that says so, which is the one to log in.
        profile: String,
    },
    /// `login_session`, as `aws login` writes it.
    Login {
        /// The profile that says so, which is the one to log in.
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

/// Where AWS credentials come from: one link of the SDK's provider chain, chosen without network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.
    Environment,
    /// A profile of the shared configuration files.
    Profile {
        /// Its name.
        name: String,
        /// What its chain ends in.
        base: ProfileBase,
    },
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    WebIdentity,
    /// The credentials endpoint of a container.
    Container,
    /// The instance metadata service.
    InstanceMetadata,
    /// None: nothing is configured and the metadata service is switched off.
    Nothing,
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => formatter.write_str("the keys in the environment"),
            Self::Profile { name, .. } => write!(formatter, "profile `{name}`"),
            Self::WebIdentity => formatter.write_str("the web identity token"),
            Self::Container => formatter.write_str("the container credentials"),
            Self::InstanceMetadata => formatter.write_str("the instance metadata service"),
            Self::Nothing => formatter.write_str("no credential source"),
        }
    }
}

/// A link of a profile's chain that the SDK can't do, or not as it should be done. We do it, and give the SDK its result.
#[derive(Clone, Debug)]
pub struct OwnLink {
    /// The profile whose link it is.
    pub profile: String,
    /// The profile that has this one for its `source_profile`: the roles from there on are the SDK's. `None` when this
    /// link is the last one.
    pub child: Option<String>,
    /// What gives its credentials.
    pub step: OwnStep,
}

/// What an [`OwnLink`] does.
#[derive(Clone, Debug)]
pub enum OwnStep {
    /// Runs a `credential_process`: the SDK never ends one.
    Process {
        /// The command line; it may hold a secret.
        command: Secret,
    },
    /// Assumes a role with a code of a multi-factor device: the SDK knows no such code.
    Mfa(Box<MfaRole>),
}

/// A role that wants a code of a multi-factor device (MFA), which a person types.
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
    /// Whose credentials assume the role.
    pub base: MfaBase,
    /// The URL configured in place of that of STS.
    pub endpoint_url: Option<String>,
    /// The directory that its session is kept in; `None` without any home.
    pub sessions: Option<PathBuf>,
}

/// Whose credentials assume an [`MfaRole`].
#[derive(Clone, Debug)]
pub enum MfaBase {
    /// Those of another profile: `source_profile`.
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

/// Whether tokens of an identity may be kept, and how long they may be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// They are cached.
    Cached(Reuse),
    /// They aren't: nothing visible tells this identity from another.
    Never,
}

/// A role that is assumed once there are credentials, because a rule says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// Its ARN.
    pub arn: String,
    /// The external ID that its trust policy asks for.
    pub external_id: Option<String>,
    /// The name of the session, if the user has one for it.
    pub session_name: Option<String>,
    /// The URL of STS, where one is configured in place of its own.
    pub endpoint_url: Option<String>,
}

/// Who AWS will think we are, as far as can be seen without asking it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Where the credentials come from.
    pub source: CredentialSource,
    /// The digest of everything visible that decides who we are.
    pub fingerprint: [u8; 32],
    /// What may be kept of its tokens.
    pub keeping: Keeping,
    /// The links of a profile's chain that aren't left to the SDK, from the base up.
    pub own: Vec<OwnLink>,
    /// The role on top of all that.
    pub role: Option<AssumedRole>,
}

/// Everything that one `GetAuthorizationToken` depends on.
#[derive(Clone, Debug)]
pub struct Scope {
    /// ECR or ECR Public.
    pub service: Service,
    /// The AWS partition of the registry.
    pub partition: Partition,
    /// The region whose API is asked.
    pub region: String,
    /// Which of the API's endpoints is asked. Only its `fips` is part of the key: the token of a FIPS host must have come
    /// from the FIPS API, while dual-stack hosts share the tokens of plain ones.
    pub variant: EndpointVariant,
    /// An endpoint configured in place of the API's own.
    pub endpoint_url: Option<String>,
    /// Who asks.
    pub identity: Identity,
}

impl Scope {
    /// The name that its token is cached under.
    #[must_use]
    pub fn key(&self) -> CacheKey {
        let Self { service, partition, region, variant, endpoint_url, identity } = self;
        let EndpointVariant { fips, dual_stack: _ } = variant;
        let Identity { source: _, fingerprint, keeping: _, own: _, role: _ } = identity;
        let mut key = Fingerprint::of("docker-credential-ecr-login scope 1");
        key.add("service", service.as_str().as_bytes());
        key.add("partition", partition.as_str().as_bytes());
        key.add("region", region.as_bytes());
        key.add("fips", &[u8::from(*fips)]);
        key.add("endpoint_url", endpoint_url.as_deref().unwrap_or_default().as_bytes());
        key.add("identity", fingerprint);
        CacheKey(key.finish())
    }
}

/// The name of a cached token: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The number of digits.
    pub const LENGTH: usize = 64;
}

impl fmt::Display for CacheKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut name = String::with_capacity(Self::LENGTH);
        for byte in self.0 {
            name.push(char::from(DIGITS[usize::from(byte >> 4)]));
            name.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        formatter.write_str(&name)
    }
}

/// Whether a person may be asked for the code of an [`MfaRole`], where its session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// Nobody else asks at this moment.
    MayBeAsked,
    /// Another process is asking, and two questions on one terminal get no answer.
    IsAskedElsewhere,
    /// There is a token that will do.
    IsSpared,
}

/// What it takes to ask AWS for a token.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// Whose token, and where to ask.
    pub scope: &'a Scope,
    /// The contents of `~/.aws/config` that the scope was made from.
    pub config: &'a str,
    /// The contents of `~/.aws/credentials` that the scope was made from.
    pub credentials: &'a str,
    /// How AWS is reached.
    pub route: &'a Route,
    /// Whether a person may be asked, if it comes to that.
    pub person: Person,
    /// The time, by which sessions end.
    pub now: Timestamp,
    /// How long it may take, but for the time that a person takes.
    pub limit: Duration,
    /// What must not appear in a failure.
    pub redactor: Redactor,
    /// What is to be done first if a signal ends the process meanwhile.
    pub cleanup: Cleanup<'a>,
}

/// What the end of the process in the middle of a fetch must not leave undone.
#[derive(Clone, Copy)]
pub struct Cleanup<'a>(&'a dyn Fn());

impl<'a> Cleanup<'a> {
    /// Does this.
    #[must_use]
    pub const fn new(what: &'a dyn Fn()) -> Self {
        Self(what)
    }

    /// Does it.
    pub fn run(self) {
        (self.0)();
    }
}

impl fmt::Debug for Cleanup<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cleanup(..)")
    }
}

/// A token from AWS, with what the operator wants to know of it.
#[derive(Debug)]
pub struct Fetched {
    /// The token.
    pub token: AuthorizationToken,
    /// The access key ID that the call was signed with; not a secret.
    pub access_key_id: String,
    /// The request ID of the answer.
    pub request_id: Option<String>,
    /// What went wrong on the way and did no harm, on one line.
    pub remark: Option<String>,
}

/// Where tokens come from: AWS, or a table in a test.
pub trait TokenSource {
    /// Fetches a token, within the limit of the request.
    ///
    /// # Errors
    /// There is none to be had; the failure says why, and shows nothing secret.
    fn fetch(&self, request: TokenRequest<'_>) -> Result<Fetched, Failure>;

    /// Whether a fetch of this scope would ask a person for a code, as there is no session that lasts.
    fn needs_code(&self, _scope: &Scope, _now: Timestamp) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope {
            service: Service::Ecr,
            partition: Partition::Aws,
            region: "eu-west-1".to_owned(),
            variant: EndpointVariant::default(),
            endpoint_url: None,
            identity: Identity {
                source: CredentialSource::Environment,
                fingerprint: [7; 32],
                keeping: Keeping::Cached(Reuse::UntilExpiry),
                own: Vec::new(),
                role: None,
            },
        }
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits_and_stays_the_same() {
        let key = scope().key().to_string();
        assert_eq!(key.len(), 64);
        assert!(key.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{key}");
        assert_eq!(key, scope().key().to_string());
    }

    #[test]
    fn whatever_decides_the_token_changes_the_key() {
        let changed = |what: &str, change: &dyn Fn(&mut Scope)| {
            let mut scope = scope();
            change(&mut scope);
            assert_ne!(scope.key(), self::scope().key(), "{what}");
        };
        changed("service", &|scope| scope.service = Service::EcrPublic);
        changed("partition", &|scope| scope.partition = Partition::AwsCn);
        changed("region", &|scope| scope.region = "eu-west-2".to_owned());
        changed("fips", &|scope| scope.variant.fips = true);
        changed("endpoint", &|scope| scope.endpoint_url = Some("http://127.0.0.1".to_owned()));
        changed("identity", &|scope| scope.identity.fingerprint[31] = 8);
    }

    #[test]
    fn dual_stack_hosts_share_the_tokens_of_plain_ones() {
        let mut dual = scope();
        dual.variant.dual_stack = true;
        assert_eq!(dual.key(), scope().key());
    }

    #[test]
    fn facts_do_not_run_together() {
        let digest = |facts: &[(&str, &[u8])]| {
            let mut fingerprint = Fingerprint::of("test");
            for (label, value) in facts {
                fingerprint.add(label, value);
            }
            fingerprint.finish()
        };
        assert_ne!(digest(&[("a", b"bc")]), digest(&[("ab", b"c")]));
        assert_ne!(digest(&[("a", b"b"), ("c", b"d")]), digest(&[("a", b"bcd")]));
        assert_ne!(digest(&[("a", b"")]), digest(&[]));
        assert_eq!(digest(&[("a", b"b")]), digest(&[("a", b"b")]));
    }
}
