//! What is wrong with a server's certificate, in words that a user understands.

use std::error::Error;

use rustls::{CertificateError, Error as TlsError};

use crate::clock::Timestamp;
use crate::error::FailureKind;

use super::super::causes::find;
use super::verifier::is_ca_as_server;

/// How many of a certificate's names are shown.
const MOST_NAMES: usize = 5;

/// Why a certificate isn't accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CertificateProblem {
    /// No trusted root leads to it.
    UnknownIssuer,
    /// It is another host's. The detail names the hosts.
    WrongHost(String),
    /// Its time is over. The detail has the times.
    Expired(String),
    /// Its time begins later. The detail has the times.
    NotYetValid(String),
    /// Something else, which the detail says.
    Invalid(&'static str),
}

impl CertificateProblem {
    /// The problem that caused an error, if it was one.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let TlsError::InvalidCertificate(error) = find::<TlsError>(error)? else { return None };
        Some(match error {
            // A signature is wrong when a CA has the name of a trusted one, but another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            // It would be accepted if it were itself among the roots.
            error if is_ca_as_server(error) => Self::UnknownIssuer,
            CertificateError::NotValidForNameContext { expected, presented } => {
                let names: Vec<_> = presented.iter().take(MOST_NAMES).map(|name| plain_name(name)).collect();
                let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
                Self::WrongHost(format!("it is for {names}, not for {}", expected.to_str()))
            }
            CertificateError::NotValidForName => Self::WrongHost(String::new()),
            CertificateError::ExpiredContext { time, not_after } => {
                Self::Expired(format!("it was valid until {}; {}", moment(not_after.as_secs()), clock(time.as_secs())))
            }
            CertificateError::Expired => Self::Expired(String::new()),
            CertificateError::NotValidYetContext { time, not_before } => Self::NotYetValid(format!(
                "it is valid from {}; {}",
                moment(not_before.as_secs()),
                clock(time.as_secs())
            )),
            CertificateError::NotValidYet => Self::NotYetValid(String::new()),
            CertificateError::BadEncoding => Self::Invalid("it can't be read"),
            CertificateError::Revoked => Self::Invalid("it is revoked"),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::Invalid("it isn't meant for a server")
            }
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                Self::Invalid("it is signed in a way that isn't supported")
            }
            _ => Self::Invalid(""),
        })
    }

    /// The kind of failure, if this is the certificate of that server.
    pub(crate) fn kind(&self, server: &str) -> FailureKind {
        let server = server.to_owned();
        match self {
            Self::UnknownIssuer => FailureKind::UntrustedCertificate { server },
            Self::WrongHost(_) => FailureKind::WrongHost { server },
            Self::Expired(_) => FailureKind::CertificateExpired { server },
            Self::NotYetValid(_) => FailureKind::CertificateNotYetValid { server },
            Self::Invalid(_) => FailureKind::InvalidCertificate { server },
        }
    }

    /// What is known besides the kind; empty if rustls says it best.
    pub(crate) fn detail(&self) -> &str {
        match self {
            Self::WrongHost(detail) | Self::Expired(detail) | Self::NotYetValid(detail) => detail,
            Self::Invalid(detail) => detail,
            Self::UnknownIssuer => "",
        }
    }
}

fn moment(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn clock(seconds: u64) -> String {
    format!("this machine's clock says {}", moment(seconds))
}

/// webpki writes `DnsName("a.example")` and `IpAddress(10.1.2.3)`.
fn plain_name(name: &str) -> &str {
    let inside = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.map_or(name, |inside| inside.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;

    #[test]
    fn a_problem_is_found_below_other_errors_and_described() {
        let day = |days: u64| UnixTime::since_unix_epoch(Duration::from_secs(days * 86_400));
        let host = ServerName::try_from("a.example").expect("a name");
        let for_names = |names: &[&str]| CertificateError::NotValidForNameContext {
            expected: host.clone(),
            presented: names.iter().map(|&name| name.to_owned()).collect(),
        };
        for (error, kind, detail) in [
            (CertificateError::UnknownIssuer, "untrusted-certificate", ""),
            (CertificateError::BadSignature, "untrusted-certificate", ""),
            (
                for_names(&["DnsName(\"b.example\")", "IpAddress(10.1.2.3)"]),
                "wrong-host",
                "it is for b.example, 10.1.2.3, not for a.example",
            ),
            (for_names(&[]), "wrong-host", "it is for no host, not for a.example"),
            (
                CertificateError::ExpiredContext { time: day(9), not_after: day(8) },
                "certificate-expired",
                "it was valid until 1970-01-09T00:00:00Z; this machine's clock says 1970-01-10T00:00:00Z",
            ),
            (
                CertificateError::NotValidYetContext { time: day(0), not_before: day(1) },
                "certificate-not-yet-valid",
                "it is valid from 1970-01-02T00:00:00Z; this machine's clock says 1970-01-01T00:00:00Z",
            ),
            (CertificateError::Revoked, "invalid-certificate", "it is revoked"),
            (CertificateError::InvalidPurpose, "invalid-certificate", "it isn't meant for a server"),
            (CertificateError::ApplicationVerificationFailure, "invalid-certificate", ""),
        ] {
            let error = io::Error::other(TlsError::InvalidCertificate(error));
            let problem = CertificateProblem::of(&error).expect("a problem");
            assert_eq!((problem.kind("x").name(), problem.detail()), (kind, detail));
        }
        assert_eq!(CertificateProblem::of(&io::Error::other(TlsError::DecryptError)), None);
        assert_eq!(CertificateProblem::of(&io::Error::from(io::ErrorKind::TimedOut)), None);
    }
}
