//! Why a `get` has no password, and what to tell the user and the client about it.
//!
//! A fetch ends in a token or a [`Failure`]. [`Reply::to`] decides which stream gets the message.
//! Messages are in lower case, with back-ticks around what a user types. Details have been redacted
//! by [`crate::redact::Redactor`]. How a failure is written to disk is up to the cache.

mod reply;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::redact::{clean_line, shorten};
use crate::registry::Service;
pub(crate) use reply::Reply;

/// The longest line on stderr, its end not counted.
const LONGEST_SENTENCE: usize = 999;

/// What is left of a cause, however long the rest of its sentence is.
const SHORTEST_CAUSE: usize = 100;

/// Why there is no token. Prints the cause and the detail, without the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The cause.
    pub kind: FailureKind,
    /// What AWS, the system or a child process reported, redacted, on one short line; may be empty.
    pub detail: String,
    /// The whole chain of causes for the log, redacted; empty if the detail is all there is.
    pub chain: String,
    /// The request ID of the response, if there was one.
    pub request_id: Option<String>,
}

/// The causes of a failure, one for each remedy, grouped by who can fix it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailureKind {
    // --- The user, whose choice the fallback helper is, too.
    #[error("no AWS credentials found")]
    NoCredentials,
    #[error("no AWS credentials found, and the EC2 instance metadata service can't be reached")]
    ImdsUnreachable,
    /// An environment variable or a profile is invalid.
    #[error("the AWS settings are invalid")]
    Misconfigured,
    #[error("the configuration file is invalid")]
    ConfigFile,
    /// The names of the profiles are quoted and separated by commas.
    #[error("several profiles match account `{account}`: {profiles}")]
    AmbiguousProfile { account: String, profiles: String },
    #[error("the fallback helper `docker-credential-{helper}` isn't on the `PATH`")]
    FallbackMissing { helper: String },
    /// The fallback helper is a link to this program, or starts it.
    #[error("the fallback helper `docker-credential-{helper}` runs this program again")]
    FallbackLoop { helper: String },
    /// The fallback helper can't be run, or its response is invalid.
    #[error("the fallback helper `docker-credential-{helper}` failed")]
    FallbackFailed { helper: String },
    #[error("the SSO session of profile `{profile}` has expired or was never started")]
    SsoExpired { profile: String },
    /// The session is one of `aws login`.
    #[error("the login session of profile `{profile}` has expired or was never started")]
    LoginExpired { profile: String },
    #[error("profile `{profile}` needs an MFA code")]
    MfaRequired { profile: String },
    /// The code is wrong, too old, already used, or from another device.
    #[error("AWS rejected the MFA code for profile `{profile}`")]
    MfaRefused { profile: String },
    #[error("the AWS credentials have expired")]
    CredentialsExpired,
    /// AWS doesn't know the access key, or its parts don't match.
    #[error("AWS rejected the credentials")]
    CredentialsRefused,
    /// ECR Public accepts identities of the commercial partition only.
    #[error("ECR Public doesn't accept identities from partition `{partition}`")]
    WrongPartition { partition: String },
    /// The API rejects the request for this region or type of account.
    #[error("not supported in this region or for this account")]
    Unsupported,

    // --- The source of the credentials, or the administrator of the account.
    /// The source, as [`crate::identity::CredentialSource`] prints it, failed or refused to give
    /// any. `r#`: thiserror's `source` is an error.
    #[error("could not get credentials from {source}")]
    CredentialSource { r#source: String },
    /// STS doesn't let a Kubernetes service account assume its role.
    #[error("AWS rejected the service account for the role `{role}`")]
    ServiceAccountRefused { role: String },
    /// A policy is missing, or denies the call.
    #[error("access denied")]
    AccessDenied,
    /// The account sends too many requests a second.
    #[error("AWS is throttling requests from this account")]
    Throttled,

    // --- AWS, the network, or a server in between.
    #[error("ECR returned a server error")]
    ServerError,
    #[error("the AWS API can't be reached")]
    Unreachable,
    // `server` is `the AWS API`, or `the proxy` if that is reached over TLS.
    /// The CA isn't trusted here.
    #[error("{server}'s certificate isn't trusted")]
    UntrustedCertificate { server: String },
    /// Another server answers.
    #[error("{server}'s certificate is for another host")]
    WrongHost { server: String },
    /// Its time is over, or this machine's clock is wrong.
    #[error("{server}'s certificate has expired")]
    CertificateExpired { server: String },
    /// Its time hasn't begun, or this machine's clock is wrong.
    #[error("{server}'s certificate isn't valid yet")]
    CertificateNotYetValid { server: String },
    /// It has another fault.
    #[error("{server}'s certificate is invalid")]
    InvalidCertificate { server: String },
    #[error("the AWS API didn't respond in time")]
    Timeout,
    #[error("unexpected response from the AWS API")]
    UnexpectedResponse,
    /// The system, or a limit or sandbox that this process was started in.
    #[error("the system refuses what a request to AWS needs")]
    Refused,
    /// A mistake of ours or of a library.
    #[error("internal error")]
    Internal,
}

impl FailureKind {
    /// What the user can do about it.
    pub fn hint(&self, service: Service) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NoCredentials => {
                "set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run `aws configure`"
            }
            Self::ImdsUnreachable => {
                let hint = Self::NoCredentials.hint(service);
                return format!("{hint}; in a container on EC2, raise the metadata hop limit to 2").into();
            }
            Self::Misconfigured => "fix them and try again",
            Self::ConfigFile => "fix it and try again",
            Self::AmbiguousProfile { .. } => "select one of them with a rule in the configuration file",
            Self::FallbackMissing { .. } => "install it, or name another helper in the configuration file",
            Self::FallbackLoop { .. } => "name another helper in the configuration file",
            Self::FallbackFailed { helper } => {
                return format!("run `docker-credential-{helper} list` to see why").into();
            }
            Self::SsoExpired { profile } => return format!("run `aws sso login --profile {profile}`").into(),
            Self::LoginExpired { profile } => return format!("run `aws login --profile {profile}`").into(),
            Self::MfaRequired { profile } => {
                let command = format!("aws sts get-caller-identity --profile {profile}");
                return format!("try again in a terminal, or run `{command}` there").into();
            }
            Self::MfaRefused { .. } => "try again with the next code from the device that `mfa_serial` names",
            Self::CredentialsExpired => "get new ones and try again",
            Self::CredentialsRefused => "check the keys with `aws sts get-caller-identity`, and this machine's clock",
            Self::CredentialSource { .. } => "try `aws sts get-caller-identity` with the same settings",
            Self::ServiceAccountRefused { .. } => {
                "check the trust policy of the role: its OIDC provider, and the audience and subject of the token"
            }
            Self::AccessDenied => match service {
                Service::Ecr => "allow `ecr:GetAuthorizationToken` in a policy of this identity",
                Service::EcrPublic => {
                    "allow `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken` in a policy of this \
                     identity"
                }
            },
            Self::WrongPartition { .. } => "public images can be pulled anonymously",
            Self::Unsupported => "check the account and region in the registry's name",
            Self::Throttled => "try again in a minute",
            Self::ServerError => "try again; if it keeps failing, see the AWS Health Dashboard",
            Self::Unreachable => "check the network, DNS, VPC endpoints and proxy variables",
            Self::UntrustedCertificate { server } => {
                let whose = if server == "the proxy" { "its" } else { "your proxy's" };
                return format!("add {whose} CA to the system's certificates or to the `AWS_CA_BUNDLE` file").into();
            }
            Self::WrongHost { .. } => "check the endpoint URL, DNS and any proxy in between",
            Self::CertificateExpired { .. } => {
                "check this machine's clock; if it is right, the server needs a new certificate"
            }
            Self::CertificateNotYetValid { .. } => "check this machine's clock",
            Self::InvalidCertificate { .. } => {
                "the server needs another certificate; check the endpoint URL and any proxy in between"
            }
            Self::Timeout => "check the network, or raise `AWS_ECR_TIMEOUT` (seconds)",
            Self::UnexpectedResponse => "check the endpoint URL and any proxy in between",
            Self::Refused => "raise the limits of this process (`ulimit -a`), or allow this in its sandbox",
            Self::Internal => "check the limits of this process (`ulimit -a`); if they are usual, please report this",
        })
    }

    /// The name in the log and in the cache file. It never changes, whatever the messages say.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no-credentials",
            Self::ImdsUnreachable => "imds-unreachable",
            Self::Misconfigured => "misconfigured",
            Self::ConfigFile => "config-file",
            Self::AmbiguousProfile { .. } => "ambiguous-profile",
            Self::FallbackMissing { .. } => "fallback-missing",
            Self::FallbackLoop { .. } => "fallback-loop",
            Self::FallbackFailed { .. } => "fallback-failed",
            Self::SsoExpired { .. } => "sso-expired",
            Self::LoginExpired { .. } => "login-expired",
            Self::MfaRequired { .. } => "mfa-required",
            Self::MfaRefused { .. } => "mfa-refused",
            Self::CredentialsExpired => "credentials-expired",
            Self::CredentialsRefused => "credentials-refused",
            Self::CredentialSource { .. } => "credential-source",
            Self::ServiceAccountRefused { .. } => "service-account-refused",
            Self::AccessDenied => "access-denied",
            Self::WrongPartition { .. } => "wrong-partition",
            Self::Unsupported => "unsupported",
            Self::Throttled => "throttled",
            Self::ServerError => "server-error",
            Self::Unreachable => "unreachable",
            Self::UntrustedCertificate { .. } => "untrusted-certificate",
            Self::WrongHost { .. } => "wrong-host",
            Self::CertificateExpired { .. } => "certificate-expired",
            Self::CertificateNotYetValid { .. } => "certificate-not-yet-valid",
            Self::InvalidCertificate { .. } => "invalid-certificate",
            Self::Timeout => "timeout",
            Self::UnexpectedResponse => "unexpected-response",
            Self::Refused => "refused",
            Self::Internal => "internal",
        }
    }

    /// Whether no credentials are configured. For ECR Public this is fine: anyone may pull from it.
    pub const fn is_no_credentials(&self) -> bool {
        matches!(self, Self::NoCredentials | Self::ImdsUnreachable)
    }

    /// Whether this identity can't get a password of ECR Public at any time, and needs none: anyone may pull from it.
    /// Other failures may pass, or are mistakes, and must be seen.
    pub const fn permits_anonymous_pull(&self) -> bool {
        self.is_no_credentials() || matches!(self, Self::AccessDenied | Self::WrongPartition { .. } | Self::Unsupported)
    }
}

impl Failure {
    /// A failure without a response from AWS.
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), chain: String::new(), request_id: None }
    }

    /// An environment variable or a profile is invalid; the detail says which, and why.
    pub fn misconfigured(detail: impl Into<String>) -> Self {
        Self::new(FailureKind::Misconfigured, detail)
    }

    /// How long the next processes repeat this failure without a fetch. An unreachable metadata
    /// service takes seconds to find out, and a retry doesn't fix it.
    pub fn remembered_for(&self) -> Duration {
        if self.kind == FailureKind::ImdsUnreachable { Duration::from_mins(2) } else { Duration::ZERO }
    }

    /// The line for the log: the name, everything that is known, and the request ID.
    pub fn details(&self) -> String {
        let Self { kind, detail, chain, request_id } = self;
        let known = if chain.is_empty() { detail } else { chain };
        format!("{}: {known} (request ID {})", kind.name(), request_id.as_deref().unwrap_or("none"))
    }

    /// The message for the user, on one line: what failed, the cause, and the remedy.
    ///
    /// What it quotes may come from a file, a variable or a process, so it is cleaned here; too long, it is the cause that
    /// is cut, not the remedy.
    pub fn sentence(&self, what: fmt::Arguments<'_>, service: Service) -> String {
        let (beginning, end) = (format!("ecr-login: {what}: "), format!("; {}", self.kind.hint(service)));
        let rest = LONGEST_SENTENCE.saturating_sub(beginning.chars().count() + end.chars().count());
        let sentence = format!("{beginning}{}{end}", shorten(&self.to_string(), rest.max(SHORTEST_CAUSE)));
        shorten(&clean_line(&sentence), LONGEST_SENTENCE)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, detail, chain: _, request_id: _ } = self;
        if detail.is_empty() { write!(formatter, "{kind}") } else { write!(formatter, "{kind} ({detail})") }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::options::Strictness;

    const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    const PUBLIC: &str = "public.ecr.aws";

    /// Every kind, with its message for a private registry, after `no password for HOST: `.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub(crate) fn every_kind() -> Vec<(FailureKind, &'static str)> {
        vec![
            (
                FailureKind::NoCredentials,
                "no AWS credentials found; set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or \
                 run \
                 `aws configure`",
            ),
            (
                FailureKind::ImdsUnreachable,
                "no AWS credentials found, and the EC2 instance metadata service can't be reached; set `AWS_PROFILE`, \
                 or \
                 `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run `aws configure`; in a container on EC2, raise \
                 the metadata hop limit to 2",
            ),
            (FailureKind::Misconfigured, "the AWS settings are invalid; fix them and try again"),
            (FailureKind::ConfigFile, "the configuration file is invalid; fix it and try again"),
            (
                FailureKind::AmbiguousProfile { account: "111122223333".to_owned(), profiles: "`a`, `b`".to_owned() },
                "several profiles match account `111122223333`: `a`, `b`; select one of them with a rule in the \
                 configuration file",
            ),
            (
                FailureKind::FallbackMissing { helper: "pass".to_owned() },
                "the fallback helper `docker-credential-pass` isn't on the `PATH`; install it, or name another helper \
                 in the \
                 configuration file",
            ),
            (
                FailureKind::FallbackLoop { helper: "pass".to_owned() },
                "the fallback helper `docker-credential-pass` runs this program again; name another helper in the \
                 configuration file",
            ),
            (
                FailureKind::FallbackFailed { helper: "pass".to_owned() },
                "the fallback helper `docker-credential-pass` failed; run `docker-credential-pass list` to see why",
            ),
            (
                FailureKind::SsoExpired { profile: "dev".to_owned() },
                "the SSO session of profile `dev` has expired or was never started; run `aws sso login --profile dev`",
            ),
            (
                FailureKind::LoginExpired { profile: "dev".to_owned() },
                "the login session of profile `dev` has expired or was never started; run `aws login --profile dev`",
            ),
            (
                FailureKind::MfaRequired { profile: "dev".to_owned() },
                "profile `dev` needs an MFA code; try again in a terminal, or run `aws sts get-caller-identity \
                 --profile dev` there",
            ),
            (
                FailureKind::MfaRefused { profile: "dev".to_owned() },
                "AWS rejected the MFA code for profile `dev`; try again with the next code from the device that \
                 `mfa_serial` names",
            ),
            (FailureKind::CredentialsExpired, "the AWS credentials have expired; get new ones and try again"),
            (
                FailureKind::CredentialsRefused,
                "AWS rejected the credentials; check the keys with `aws sts get-caller-identity`, and this machine's \
                 clock",
            ),
            (
                FailureKind::CredentialSource { source: "profile `dev`".to_owned() },
                "could not get credentials from profile `dev`; try `aws sts get-caller-identity` with the same \
                 settings",
            ),
            (
                FailureKind::ServiceAccountRefused { role: "arn:aws:iam::111122223333:role/pull".to_owned() },
                "AWS rejected the service account for the role `arn:aws:iam::111122223333:role/pull`; check the trust \
                 policy of the role: its OIDC provider, and the audience and subject of the token",
            ),
            (
                FailureKind::AccessDenied,
                "access denied; allow `ecr:GetAuthorizationToken` in a policy of this identity",
            ),
            (
                FailureKind::WrongPartition { partition: "aws-cn".to_owned() },
                "ECR Public doesn't accept identities from partition `aws-cn`; public images can be pulled anonymously",
            ),
            (
                FailureKind::Unsupported,
                "not supported in this region or for this account; check the account and region in the registry's name",
            ),
            (FailureKind::Throttled, "AWS is throttling requests from this account; try again in a minute"),
            (
                FailureKind::ServerError,
                "ECR returned a server error; try again; if it keeps failing, see the AWS Health Dashboard",
            ),
            (
                FailureKind::Unreachable,
                "the AWS API can't be reached; check the network, DNS, VPC endpoints and proxy variables",
            ),
            (
                FailureKind::UntrustedCertificate { server: "the AWS API".to_owned() },
                "the AWS API's certificate isn't trusted; add your proxy's CA to the system's certificates or to the \
                 `AWS_CA_BUNDLE` file",
            ),
            (
                FailureKind::WrongHost { server: "the AWS API".to_owned() },
                "the AWS API's certificate is for another host; check the endpoint URL, DNS and any proxy in between",
            ),
            (
                FailureKind::CertificateExpired { server: "the AWS API".to_owned() },
                "the AWS API's certificate has expired; check this machine's clock; if it is right, the server needs a \
                 new certificate",
            ),
            (
                FailureKind::CertificateNotYetValid { server: "the AWS API".to_owned() },
                "the AWS API's certificate isn't valid yet; check this machine's clock",
            ),
            (
                FailureKind::InvalidCertificate { server: "the AWS API".to_owned() },
                "the AWS API's certificate is invalid; the server needs another certificate; check the endpoint URL \
                 and any proxy in between",
            ),
            (
                FailureKind::Timeout,
                "the AWS API didn't respond in time; check the network, or raise `AWS_ECR_TIMEOUT` (seconds)",
            ),
            (
                FailureKind::UnexpectedResponse,
                "unexpected response from the AWS API; check the endpoint URL and any proxy in between",
            ),
            (
                FailureKind::Refused,
                "the system refuses what a request to AWS needs; raise the limits of this process (`ulimit -a`), or \
                 allow this in its sandbox",
            ),
            (
                FailureKind::Internal,
                "internal error; check the limits of this process (`ulimit -a`); if they are usual, please report this",
            ),
        ]
    }

    #[test]
    fn every_kind_of_failure_names_registry_cause_and_remedy_in_one_line() {
        for (kind, told) in every_kind() {
            let line = format!("ecr-login: no password for {PRIVATE}: {told}");
            let failure = Failure::new(kind, "");
            for (strictness, stdout, stderr) in [
                (Strictness::Lenient, None, Some(line.clone())),
                (Strictness::Strict, Some(line.clone()), Some(line.clone())),
            ] {
                assert_eq!(Reply::to(&failure, PRIVATE, Service::Ecr, strictness), Reply { stdout, stderr });
            }
            assert!(!line.contains('\n'));
        }
    }

    #[test]
    fn a_sentence_is_one_clean_line_of_bounded_length_with_its_remedy() {
        let sentence = |detail: &str, host: &str| {
            let failure = Failure::new(FailureKind::Throttled, detail);
            failure.sentence(format_args!("no password for {host}"), Service::Ecr)
        };
        assert_eq!(
            sentence("a\r\nb\u{1b}[2J\u{202e}c\u{2028}d", PRIVATE),
            format!(
                "ecr-login: no password for {PRIVATE}: AWS is throttling requests from this account (a  b [2J c d); try \
                 again in a minute"
            )
        );
        let path = "/Home9".repeat(30);
        assert!(sentence(&path, PRIVATE).contains(&path), "a path stays readable");
        for (detail, host) in [("x".repeat(5_000), "h".to_owned()), ("\u{65e5}".repeat(1_000), "h".repeat(3_000))] {
            let sentence = sentence(&detail, &host);
            assert_eq!(sentence.chars().count(), LONGEST_SENTENCE, "{sentence}");
            assert_eq!(sentence.ends_with("\u{2026}; try again in a minute"), host == "h", "{sentence}");
        }
    }

    #[test]
    fn a_detail_follows_the_cause_in_parentheses() {
        let failure = Failure::new(FailureKind::Throttled, "Rate exceeded");
        assert_eq!(failure.to_string(), "AWS is throttling requests from this account (Rate exceeded)");
        assert_eq!(
            failure.sentence(format_args!("no password for {PUBLIC}"), Service::EcrPublic),
            format!("ecr-login: no password for public.ecr.aws: {failure}; try again in a minute")
        );
    }

    #[test]
    fn without_credentials_ecr_public_is_pulled_from_anonymously_and_in_silence() {
        for (kind, _) in every_kind() {
            let silent = matches!(kind, FailureKind::NoCredentials | FailureKind::ImdsUnreachable);
            let failure = Failure::new(kind, "");
            for strictness in [Strictness::Lenient, Strictness::Strict] {
                let reply = Reply::to(&failure, PUBLIC, Service::EcrPublic, strictness);
                assert_eq!(reply == Reply::SILENT, silent, "{failure:?}");
            }
        }
    }

    #[test]
    fn ecr_public_needs_two_permissions() {
        assert_eq!(
            FailureKind::AccessDenied.hint(Service::EcrPublic),
            "allow `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken` in a policy of this identity"
        );
    }

    #[test]
    fn the_list_of_kinds_is_complete_and_their_names_differ() {
        let names: BTreeSet<_> = every_kind().iter().map(|(kind, _)| kind.name()).collect();
        assert_eq!(names.len(), every_kind().len());
        let (code, _tests) = include_str!("error.rs").split_once("#[cfg(test)]").expect("tests at the end");
        assert_eq!(names.len(), code.matches("    #[error(").count());
    }

    #[test]
    fn every_cause_is_documented() {
        let page = include_str!("../docs/troubleshooting.md");
        for (kind, _) in every_kind() {
            let names = [("`dev`", "`NAME`"), ("`aws-cn`", "`NAME`"), ("`a`, `b`", "`NAME`, `NAME`")];
            let names = names.into_iter().chain([("111122223333", "NUMBER"), ("-credential-pass", "-credential-NAME")]);
            let cause = names.fold(kind.to_string(), |cause, (name, placeholder)| cause.replace(name, placeholder));
            assert!(page.contains(&cause), "docs/troubleshooting.md lacks: {cause}");
        }
    }
}
