//! What can go wrong between a `get` and its password, whose fault it is, and what to do next.
//!
//! A [`Failure`] is what a fetch ends in. [`Reply::to`] is the one place where it becomes what the client, the person
//! and the log get to see: an exhaustive match, so that a new kind of failure doesn't compile until somebody decided
//! what to tell whom. Messages are lower case, with back-ticks round what one types. The details in them come through a
//! [`crate::secret::Redactor`].

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::registry::Service;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened, as far as somebody can act on it.
    pub kind: FailureKind,
    /// What AWS, the system or a child process said, redacted, on one short line; may be empty.
    pub detail: String,
    /// The whole chain of causes, redacted, for the operator; empty where the detail says all there is.
    #[serde(skip)]
    pub chain: String,
    /// The request ID of the answer, if there was one.
    pub request_id: Option<String>,
}

/// The kinds of failure; each doc says who is to blame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The user: no credentials are configured anywhere.
    NoCredentials,
    /// Nobody: this looks like EC2 is expected, but its metadata service can't be reached.
    ImdsUnreachable,
    /// The user: an environment variable or profile is wrong.
    Misconfigured,
    /// The user: our own configuration file is wrong.
    ConfigFile,
    /// The user: `auto_profile` finds more than one profile for an account.
    AmbiguousProfile {
        /// Its twelve digits.
        account: String,
        /// Their names, ready to be shown.
        profiles: String,
    },
    /// The user: the configuration file names a fallback helper that isn't there.
    FallbackMissing {
        /// Without `docker-credential-`.
        helper: String,
    },
    /// The user: the fallback helper is this program in disguise, or starts it again.
    FallbackLoop {
        /// Without `docker-credential-`.
        helper: String,
    },
    /// The fallback helper: it can't be run, or its answer is none.
    FallbackFailed {
        /// Without `docker-credential-`.
        helper: String,
    },
    /// The user: the SSO session of this profile is over.
    SsoExpired {
        /// The profile to log in.
        profile: String,
    },
    /// The user: the `aws login` session of this profile is over.
    LoginExpired {
        /// The profile to log in.
        profile: String,
    },
    /// The user: the role of this profile wants a code of a multi-factor device, and there is none.
    MfaNeeded {
        /// The profile.
        profile: String,
    },
    /// The user: the code for the role of this profile is wrong, old or used up, or it's another device's.
    MfaRefused {
        /// The profile.
        profile: String,
    },
    /// The user: temporary credentials are over.
    CredentialsExpired,
    /// The user: AWS doesn't know these keys, or they don't fit together.
    CredentialsRefused,
    /// The provider of the credentials: it failed or refused.
    CredentialSource {
        /// Which one, as [`crate::scope::CredentialSource`] prints.
        source: String,
    },
    /// The account's administrator: a policy is missing or denies.
    AccessDenied,
    /// Nobody: ECR Public doesn't know identities of this partition.
    WrongPartition {
        /// As in an ARN.
        partition: String,
    },
    /// The user: this service can't be used this way (wrong region, wrong account type).
    Unsupported,
    /// The fleet: too many calls a second.
    Throttled,
    /// AWS: its server failed.
    ServerError,
    /// The network: no connection.
    Unreachable,
    /// The network: a proxy or private CA that isn't trusted here.
    UntrustedCertificate,
    /// The network: a proxy that is spoken to over TLS, and isn't trusted here.
    UntrustedProxy,
    /// The network, or AWS: no answer in time.
    TimedOut,
    /// AWS, or something between: the answer isn't one.
    MalformedAnswer,
}

impl Failure {
    /// A failure without an answer from AWS.
    #[must_use]
    pub fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), chain: String::new(), request_id: None }
    }

    /// How long the next processes may take this failure for theirs, when there is no other token. Only what asking
    /// again soon can't mend and costs seconds to find out: a metadata service that isn't there.
    #[must_use]
    pub fn remembered_for(&self) -> Duration {
        if self.kind == FailureKind::ImdsUnreachable { Duration::from_mins(2) } else { Duration::ZERO }
    }

    /// What happened and what to do next, without the registry's name.
    #[expect(clippy::too_many_lines, reason = "one table, which nobody reads in parts")]
    fn explanation(&self, service: Service) -> (String, String) {
        let policy = match service {
            Service::Ecr => "`ecr:GetAuthorizationToken`",
            Service::EcrPublic => "`ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken`",
        };
        let (what, remedy) = match &self.kind {
            FailureKind::NoCredentials => (
                "no AWS credentials found".to_owned(),
                "set `AWS_PROFILE` or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run `aws configure`"
                    .to_owned(),
            ),
            FailureKind::ImdsUnreachable => (
                "no AWS credentials found, and the EC2 instance metadata service can't be reached".to_owned(),
                "set `AWS_PROFILE` or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run `aws configure`; in a \
                 container on EC2, raise the metadata hop limit to 2"
                    .to_owned(),
            ),
            FailureKind::Misconfigured => {
                ("the AWS settings are wrong".to_owned(), "correct them and try again".to_owned())
            }
            FailureKind::ConfigFile => {
                ("the configuration file is wrong".to_owned(), "correct it and try again".to_owned())
            }
            FailureKind::AmbiguousProfile { account, profiles } => (
                format!("several profiles are for account `{account}`: {profiles}"),
                "name one of them in a rule of the configuration file".to_owned(),
            ),
            FailureKind::FallbackMissing { helper } => (
                format!("the fallback helper `docker-credential-{helper}` isn't on the `PATH`"),
                "install it, or name another one in the configuration file".to_owned(),
            ),
            FailureKind::FallbackLoop { helper } => (
                format!("the fallback helper `docker-credential-{helper}` leads back to this program"),
                "name another one in the configuration file".to_owned(),
            ),
            FailureKind::FallbackFailed { helper } => {
                (format!("the fallback helper `docker-credential-{helper}` failed"), "run it by hand".to_owned())
            }
            FailureKind::SsoExpired { profile } => (
                format!("the SSO session of profile `{profile}` has expired or was never started"),
                format!("run `aws sso login --profile {profile}`"),
            ),
            FailureKind::LoginExpired { profile } => (
                format!("the login session of profile `{profile}` has expired or was never started"),
                format!("run `aws login --profile {profile}`"),
            ),
            FailureKind::MfaNeeded { profile } => (
                format!("profile `{profile}` needs an MFA code"),
                format!("try again in a terminal, or run `aws sts get-caller-identity --profile {profile}` there"),
            ),
            FailureKind::MfaRefused { profile } => (
                format!("AWS refuses the MFA code for profile `{profile}`"),
                "try again with the next code of the device that `mfa_serial` names".to_owned(),
            ),
            FailureKind::CredentialsExpired => {
                ("the AWS credentials have expired".to_owned(), "get new ones and try again".to_owned())
            }
            FailureKind::CredentialsRefused => (
                "AWS refuses the credentials".to_owned(),
                "check the access key with `aws sts get-caller-identity`, and the clock of this machine".to_owned(),
            ),
            FailureKind::CredentialSource { source } => (
                format!("{source} gave no credentials"),
                "try `aws sts get-caller-identity` with the same settings".to_owned(),
            ),
            FailureKind::AccessDenied => {
                ("access denied".to_owned(), format!("allow {policy} in a policy of this identity"))
            }
            FailureKind::WrongPartition { partition } => (
                format!("ECR Public doesn't know identities of the partition `{partition}`"),
                "public images are pulled anonymously".to_owned(),
            ),
            FailureKind::Unsupported => (
                "AWS doesn't offer this here".to_owned(),
                "check the account and region in the registry's name".to_owned(),
            ),
            FailureKind::Throttled => {
                ("AWS throttles this account's calls".to_owned(), "try again in a minute".to_owned())
            }
            FailureKind::ServerError => {
                ("the ECR service failed".to_owned(), "try again; if it stays, see the AWS Health Dashboard".to_owned())
            }
            FailureKind::Unreachable => (
                "the AWS API can't be reached".to_owned(),
                "check the network, DNS, VPC endpoints and proxy variables".to_owned(),
            ),
            FailureKind::UntrustedCertificate => (
                "the certificate of the AWS API isn't trusted".to_owned(),
                "add the CA of your proxy to the system's certificates, or name it in `AWS_CA_BUNDLE`".to_owned(),
            ),
            FailureKind::UntrustedProxy => (
                "the certificate of the proxy isn't trusted".to_owned(),
                "add its CA to the system's certificates, or name it in `AWS_CA_BUNDLE`".to_owned(),
            ),
            FailureKind::TimedOut => (
                "the AWS API didn't answer in time".to_owned(),
                "check the network, or raise `AWS_ECR_TIMEOUT` (seconds)".to_owned(),
            ),
            FailureKind::MalformedAnswer => (
                "the answer of the AWS API makes no sense".to_owned(),
                "check the endpoint URL and any proxy on the way".to_owned(),
            ),
        };
        let what = if self.detail.is_empty() { what } else { format!("{what} ({})", self.detail) };
        (what, remedy)
    }

    /// The one line for the person at the terminal: what couldn't be done for whom, why, and what to do next.
    #[must_use]
    pub fn sentence(&self, undone: fmt::Arguments<'_>, service: Service) -> String {
        let (what, remedy) = self.explanation(service);
        format!("ecr-login: {undone}: {what}; {remedy}")
    }
}

/// Where the reason of a failure goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// To stderr, with the not-found sentence on stdout: the client goes on without.
    Lenient,
    /// To stdout, where newer clients stop.
    Strict,
}

/// What a client and the person behind it get to see of a failure. The exit status is 1 in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// For the client; `None` stands for the not-found sentence.
    pub stdout: Option<String>,
    /// For the person; `None` for silence.
    pub stderr: Option<String>,
}

impl Reply {
    /// The not-found sentence and nothing else.
    pub const SILENT: Self = Self { stdout: None, stderr: None };

    /// The reply to a failed `get` for a registry of this service, by the name that the client has for it.
    #[must_use]
    pub fn to(failure: &Failure, host: &str, service: Service, strictness: Strictness) -> Self {
        let anonymous_will_do = match (&failure.kind, service) {
            // Everybody may pull from ECR Public; having no credentials is no reason to complain.
            (FailureKind::NoCredentials | FailureKind::ImdsUnreachable, Service::EcrPublic) => true,
            (
                FailureKind::NoCredentials
                | FailureKind::ImdsUnreachable
                | FailureKind::Misconfigured
                | FailureKind::ConfigFile
                | FailureKind::AmbiguousProfile { .. }
                | FailureKind::FallbackMissing { .. }
                | FailureKind::FallbackLoop { .. }
                | FailureKind::FallbackFailed { .. }
                | FailureKind::SsoExpired { .. }
                | FailureKind::LoginExpired { .. }
                | FailureKind::MfaNeeded { .. }
                | FailureKind::MfaRefused { .. }
                | FailureKind::CredentialsExpired
                | FailureKind::CredentialsRefused
                | FailureKind::CredentialSource { .. }
                | FailureKind::AccessDenied
                | FailureKind::WrongPartition { .. }
                | FailureKind::Unsupported
                | FailureKind::Throttled
                | FailureKind::ServerError
                | FailureKind::Unreachable
                | FailureKind::UntrustedCertificate
                | FailureKind::UntrustedProxy
                | FailureKind::TimedOut
                | FailureKind::MalformedAnswer,
                Service::Ecr | Service::EcrPublic,
            ) => false,
        };
        let sentence = || failure.sentence(format_args!("no password for {host}"), service);
        match (anonymous_will_do, strictness) {
            (true, _) => Self::SILENT,
            (false, Strictness::Lenient) => Self { stdout: None, stderr: Some(sentence()) },
            (false, Strictness::Strict) => Self { stdout: Some(sentence()), stderr: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    const PUBLIC: &str = "public.ecr.aws";

    /// Every kind, with what the person is told about it for a private registry, after `no password for HOST: `.
    fn every_kind() -> Vec<(FailureKind, &'static str)> {
        vec![
            (
                FailureKind::NoCredentials,
                "no AWS credentials found; set `AWS_PROFILE` or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run \
                 `aws configure`",
            ),
            (
                FailureKind::ImdsUnreachable,
                "no AWS credentials found, and the EC2 instance metadata service can't be reached; set `AWS_PROFILE` or \
                 `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or run `aws configure`; in a container on EC2, raise \
                 the metadata hop limit to 2",
            ),
            (FailureKind::Misconfigured, "the AWS settings are wrong; correct them and try again"),
            (FailureKind::ConfigFile, "the configuration file is wrong; correct it and try again"),
            (
                FailureKind::AmbiguousProfile { account: "111122223333".to_owned(), profiles: "`a`, `b`".to_owned() },
                "several profiles are for account `111122223333`: `a`, `b`; name one of them in a rule of the \
                 configuration file",
            ),
            (
                FailureKind::FallbackMissing { helper: "pass".to_owned() },
                "the fallback helper `docker-credential-pass` isn't on the `PATH`; install it, or name another one in the \
                 configuration file",
            ),
            (
                FailureKind::FallbackLoop { helper: "pass".to_owned() },
                "the fallback helper `docker-credential-pass` leads back to this program; name another one in the \
                 configuration file",
            ),
            (
                FailureKind::FallbackFailed { helper: "pass".to_owned() },
                "the fallback helper `docker-credential-pass` failed; run it by hand",
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
                FailureKind::MfaNeeded { profile: "dev".to_owned() },
                "profile `dev` needs an MFA code; try again in a terminal, or run `aws sts get-caller-identity \
                 --profile dev` there",
            ),
            (
                FailureKind::MfaRefused { profile: "dev".to_owned() },
                "AWS refuses the MFA code for profile `dev`; try again with the next code of the device that \
                 `mfa_serial` names",
            ),
            (FailureKind::CredentialsExpired, "the AWS credentials have expired; get new ones and try again"),
            (
                FailureKind::CredentialsRefused,
                "AWS refuses the credentials; check the access key with `aws sts get-caller-identity`, and the clock of \
                 this machine",
            ),
            (
                FailureKind::CredentialSource { source: "profile `dev`".to_owned() },
                "profile `dev` gave no credentials; try `aws sts get-caller-identity` with the same settings",
            ),
            (
                FailureKind::AccessDenied,
                "access denied; allow `ecr:GetAuthorizationToken` in a policy of this identity",
            ),
            (
                FailureKind::WrongPartition { partition: "aws-cn".to_owned() },
                "ECR Public doesn't know identities of the partition `aws-cn`; public images are pulled anonymously",
            ),
            (
                FailureKind::Unsupported,
                "AWS doesn't offer this here; check the account and region in the registry's name",
            ),
            (FailureKind::Throttled, "AWS throttles this account's calls; try again in a minute"),
            (FailureKind::ServerError, "the ECR service failed; try again; if it stays, see the AWS Health Dashboard"),
            (
                FailureKind::Unreachable,
                "the AWS API can't be reached; check the network, DNS, VPC endpoints and proxy variables",
            ),
            (
                FailureKind::UntrustedCertificate,
                "the certificate of the AWS API isn't trusted; add the CA of your proxy to the system's certificates, or \
                 name it in `AWS_CA_BUNDLE`",
            ),
            (
                FailureKind::UntrustedProxy,
                "the certificate of the proxy isn't trusted; add its CA to the system's certificates, or name it in \
                 `AWS_CA_BUNDLE`",
            ),
            (
                FailureKind::TimedOut,
                "the AWS API didn't answer in time; check the network, or raise `AWS_ECR_TIMEOUT` (seconds)",
            ),
            (
                FailureKind::MalformedAnswer,
                "the answer of the AWS API makes no sense; check the endpoint URL and any proxy on the way",
            ),
        ]
    }

    #[test]
    fn every_kind_of_failure_names_registry_cause_and_remedy_in_one_line() {
        for (kind, told) in every_kind() {
            let line = format!("ecr-login: no password for {PRIVATE}: {told}");
            let failure = Failure::new(kind, "");
            for (strictness, stdout, stderr) in
                [(Strictness::Lenient, None, Some(line.clone())), (Strictness::Strict, Some(line.clone()), None)]
            {
                assert_eq!(Reply::to(&failure, PRIVATE, Service::Ecr, strictness), Reply { stdout, stderr });
            }
            assert!(!line.contains('\n'));
        }
    }

    #[test]
    fn a_detail_stands_behind_the_cause_in_brackets() {
        let failure = Failure::new(FailureKind::Throttled, "Rate exceeded");
        assert_eq!(
            failure.sentence(format_args!("no password for {PUBLIC}"), Service::EcrPublic),
            "ecr-login: no password for public.ecr.aws: AWS throttles this account's calls (Rate exceeded); try again in \
             a minute"
        );
    }

    #[test]
    fn who_has_no_credentials_pulls_from_ecr_public_anonymously_and_in_silence() {
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
        let failure = Failure::new(FailureKind::AccessDenied, "");
        assert!(failure.sentence(format_args!("no"), Service::EcrPublic).ends_with(
            "; allow `ecr-public:GetAuthorizationToken` and `sts:GetServiceBearerToken` in a policy of this identity"
        ));
    }

    #[test]
    fn the_readme_has_every_cause() {
        let readme = include_str!("../README.md");
        for (_, told) in every_kind() {
            let cause = told.split(';').next().expect("a cause");
            let cause =
                ["`dev`", "`aws-cn`"].iter().fold(cause.to_owned(), |cause, name| cause.replace(name, "`NAME`"));
            let cause = cause.replace("111122223333", "NUMBER").replace("`a`, `b`", "`NAME`, `NAME`");
            let cause = cause.replace("credential-pass", "credential-NAME");
            assert!(readme.contains(&cause), "the troubleshooting table of README.md lacks: {cause}");
        }
    }
}
