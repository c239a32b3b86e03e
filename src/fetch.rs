//! A request for one authorization token, and what comes back: the seam between the policy in
//! `tokens` and the adapter `ecr` that talks to AWS.

use std::fmt;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::identity::CredentialPlan;
use crate::network::NetworkConfig;
use crate::probe::{Probe, ProbeRequest};
use crate::redact::Redactor;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::token::AuthorizationToken;

/// Whether this process may ask a person for an MFA code, where a role needs one and has no valid
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MfaPrompt {
    /// No other process is asking at the moment.
    Allowed,
    /// Another process is asking, and two prompts can't share a terminal.
    InOtherProcess,
    /// A cached token is still valid, so nobody needs to be asked.
    Suppressed,
    /// A program asks, such as the kubelet: nobody sits at a terminal of ours.
    Unattended,
}

/// What it takes to get a token from AWS.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    pub scope: &'a Scope,
    pub plan: &'a CredentialPlan,
    pub access: Access,
    pub prompt: MfaPrompt,
    /// The current time, which decides whether a stored session is still valid.
    pub now: Timestamp,
    /// How long it may take, without the time that a person takes to type.
    pub limit: Duration,
    /// What to do first if a signal ends the process meanwhile.
    pub on_interrupt: OnInterrupt<'a>,
}

/// What a fetch needs from the AWS settings, read only on a miss.
#[derive(Debug)]
pub struct Access {
    pub network: NetworkConfig,
    /// Knows the secrets that must not appear in an error.
    pub redactor: Redactor,
}

/// What to do before a signal ends the process in the middle of a fetch.
#[derive(Clone, Copy)]
pub struct OnInterrupt<'a>(&'a dyn Fn());

impl<'a> OnInterrupt<'a> {
    pub const fn new(action: &'a dyn Fn()) -> Self {
        Self(action)
    }

    pub fn run(self) {
        (self.0)();
    }
}

impl fmt::Debug for OnInterrupt<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OnInterrupt(..)")
    }
}

/// A token from AWS, with what the operator's log says about it.
#[derive(Debug)]
pub struct FetchedToken {
    pub token: AuthorizationToken,
    /// The access key ID that signed the request; not a secret.
    pub access_key_id: String,
    pub request_id: Option<String>,
    /// A problem that didn't prevent the fetch, on one line.
    pub warning: Option<String>,
}

/// What it takes to get a token that the registry of ECR Public takes.
#[derive(Debug)]
pub struct ExchangeRequest<'a> {
    /// The host of the registry, whose token service is asked.
    pub host: &'a str,
    /// The repository to pull from; `None` for a token that is good for no repository.
    pub repository: Option<&'a str>,
    /// What the token is exchanged for; `None` to ask anonymously.
    pub login: Option<&'a AuthorizationToken>,
    pub access: Access,
    pub limit: Duration,
}

/// A token that the registry of ECR Public takes.
#[derive(Debug)]
pub struct RegistryToken {
    pub token: Secret,
    /// How long it is accepted, from now.
    pub lasts: Duration,
}

/// Where tokens come from: AWS, or a table in a test.
pub trait TokenSource {
    /// Fetches a token, within the limit of the request.
    /// Error: there is no token; the failure says why and contains no secret.
    fn fetch(&self, request: TokenRequest<'_>) -> Result<FetchedToken, Failure>;

    /// Exchanges an authorization token of ECR Public for one that its registry takes, within the limit of the request.
    /// Error: there is no token; the failure says why and contains no secret.
    fn exchange(&self, request: ExchangeRequest<'_>) -> Result<RegistryToken, Failure>;

    /// Whether a fetch would have to ask a person for an MFA code, because no stored session is
    /// valid.
    fn needs_mfa_code(&self, _plan: &CredentialPlan, _now: Timestamp) -> bool {
        false
    }

    /// Whether there is a terminal to ask a person on.
    fn can_prompt(&self) -> bool {
        false
    }

    /// Tries to reach servers, all at the same time and within the limit: what came of each.
    fn probe(&self, requests: Vec<ProbeRequest>, _limit: Duration) -> Vec<Probe> {
        requests.iter().map(|_| Probe::default()).collect()
    }

    /// Why a fetch would fail, as far as stored sessions tell without asking AWS: a session has ended, and can't be renewed.
    fn ended_session(&self, _plan: &CredentialPlan, _now: Timestamp) -> Option<Failure> {
        None
    }
}
