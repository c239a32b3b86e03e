//! What a client of Docker's protocol and the user see of a failed `get`.

use super::Failure;
use crate::options::Strictness;
use crate::registry::Service;

/// What the client and the user see of a failure. The exit status is always 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// `None` stands for the not-found sentence.
    pub stdout: Option<String>,
    pub stderr: Option<String>,
}

impl Reply {
    /// The not-found sentence and nothing else.
    pub(crate) const SILENT: Self = Self { stdout: None, stderr: None };

    /// The reply to a failed `get` for a registry of this service, by the client's name for it.
    pub(crate) fn to(failure: &Failure, host: &str, service: Service, strictness: Strictness) -> Self {
        if service == Service::EcrPublic && failure.kind.is_no_credentials() {
            return Self::SILENT;
        }
        let sentence = failure.sentence(format_args!("no password for {host}"), service);
        match strictness {
            Strictness::Lenient => Self { stdout: None, stderr: Some(sentence) },
            // Some clients show the person stdout alone, and some stderr alone.
            Strictness::Strict => Self { stdout: Some(sentence.clone()), stderr: Some(sentence) },
        }
    }
}
