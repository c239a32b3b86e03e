//! A FAKE of the AWS APIs that a `get` can need, on loopback, for tests: this is not AWS and was not tested against it.
//!
//! Written from the published descriptions; `tests/support_is_faithful.rs` shows that the real SDK understands it:
//! - ECR [`GetAuthorizationToken`](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html)
//!   and ECR Public [`GetAuthorizationToken`](https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html);
//! - STS [`AssumeRole`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html),
//!   [`AssumeRoleWithWebIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html)
//!   and [`GetCallerIdentity`](https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html);
//! - IAM Identity Center [`GetRoleCredentials`](https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html)
//!   and [`CreateToken`](https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html);
//! - AWS Sign-In `CreateOAuth2Token`, as far as the SDK's code uses it to renew a session of `aws login`;
//! - [instance metadata, version 2](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html);
//! - the [token service](https://distribution.github.io/distribution/spec/auth/token/) of the registry of ECR Public;
//! - [container credentials](https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
//!
//! All of them share one port and are told apart by path, headers and body. It looks at who signs a request, for which
//! region and service, and at the session token of credentials it issued itself; it does *not* verify signatures, check
//! permissions or know any account, so that every unknown access key may do everything.

mod answers;
mod apis;
mod caller;
mod dates;
mod issue;
mod serving;

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::http::{self, Request};
use super::loopback::Server;
use super::tls::TestCa;
use serving::{Expiry, State};

pub use apis::Api;
pub use issue::{IssuedCredentials, PasswordHead, password_head};

/// The running fake; dropping it closes every connection and joins every thread.
pub struct FakeAws {
    server: Server,
    state: Arc<State>,
    scheme: &'static str,
}

/// How an API answers from now on.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// As AWS would.
    Answer,
    /// As AWS would, after this time.
    Delay(Duration),
    /// An error in the shape of the API's protocol.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error code, such as `AccessDeniedException`.
        code: &'static str,
        /// The message for people.
        message: String,
    },
    /// This many requests get the inner behaviour; those after them are answered as AWS would.
    FailTimes(usize, Box<Behaviour>),
    /// Status 200 and this body.
    Garbage(Vec<u8>),
    /// Status 200 without a body.
    Empty,
    /// The connection is closed without an answer.
    Close,
    /// No answer until the fake is dropped.
    Hang,
    /// This status without a body.
    Status(u16),
}

impl Behaviour {
    /// An [`Error`](Self::Error), written shorter.
    pub fn error(status: u16, code: &'static str, message: &str) -> Self {
        Self::Error { status, code, message: message.to_owned() }
    }
}

/// A request as the fake saw it, in the order in which they came.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// Which API was asked.
    pub api: Api,
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The `Host` header, with the port if the client wrote it.
    pub host: String,
    /// All headers, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Who signed it; none if nobody did.
    pub access_key_id: Option<String>,
    /// The session token that came with the signature.
    pub session_token: Option<String>,
    /// The region it was signed for.
    pub region: Option<String>,
    /// The service it was signed for.
    pub service: Option<String>,
    /// The request ID of the answer.
    pub request_id: String,
    /// The number of its connection, counted from 0 in the order of arrival.
    pub connection: usize,
}

impl RecordedRequest {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        http::header(&self.headers, name)
    }

    /// A parameter of a form (STS), decoded.
    pub fn form(&self, name: &str) -> Option<String> {
        let body = self.body.clone();
        Request { method: String::new(), target: String::new(), headers: Vec::new(), body }.form(name)
    }
}

impl FakeAws {
    /// Starts a fake that speaks HTTP.
    pub fn start() -> Self {
        let state = Arc::<State>::default();
        let server = Server::start({
            let state = Arc::clone(&state);
            move |connection, number, stop| state.serve(connection, number, stop)
        });
        Self { server, state, scheme: "http" }
    }

    /// Starts a fake that speaks HTTP at an address of the test's own network, such as `169.254.169.254:80`.
    pub fn start_at(address: &str) -> Self {
        let state = Arc::<State>::default();
        let address = address.parse().expect("an address and a port");
        let server = Server::start_at(address, {
            let state = Arc::clone(&state);
            move |connection, number, stop| state.serve(connection, number, stop)
        });
        // The way to an address that is new may take its time.
        let is_reached = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok();
        assert!((0..50).any(|_| is_reached()), "{address} isn't reached");
        Self { server, state, scheme: "http" }
    }

    /// Starts a fake that speaks HTTPS, with a certificate of `ca` for `127.0.0.1`, `localhost` and these hosts.
    pub fn start_tls(ca: &TestCa, hosts: &[&str]) -> Self {
        let state = Arc::<State>::default();
        let acceptor = ca.acceptor(hosts);
        let server = Server::start({
            let state = Arc::clone(&state);
            move |connection, number, stop| state.serve(acceptor.accept(connection), number, stop)
        });
        Self { server, state, scheme: "https" }
    }

    /// `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port())
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Sets how an API answers from the next request on.
    pub fn set(&self, api: Api, behaviour: Behaviour) {
        let nested =
            matches!(&behaviour, Behaviour::FailTimes(_, inner) if matches!(**inner, Behaviour::FailTimes(..)));
        assert!(!nested, "FailTimes can't be counted inside FailTimes");
        self.state.lock().behaviours.insert(api, behaviour);
    }

    /// How long authorization tokens live from their issue; 12 hours unless told.
    pub fn token_lifetime(&self, lifetime: Duration) {
        self.state.lock().token_expiry = Expiry::After(lifetime);
    }

    /// The moment that authorization tokens claim as their end, past or future.
    pub fn expires_at(&self, moment: SystemTime) {
        self.state.lock().token_expiry = Expiry::At(moment);
    }

    /// How long AWS credentials (STS, SSO, metadata, container) live from their issue; one hour unless told.
    pub fn credentials_lifetime(&self, lifetime: Duration) {
        self.state.lock().credentials_lifetime = lifetime;
    }

    /// The access key ID that this API issues from now on, instead of a new one each time.
    pub fn issue_as(&self, api: Api, access_key_id: &str) {
        self.state.lock().access_key_ids.insert(api, access_key_id.to_owned());
    }

    /// The role of the instance; `instance-role` unless told.
    pub fn instance_role(&self, role: &str) {
        role.clone_into(&mut self.state.lock().instance_role);
    }

    /// The region of the instance; `us-east-1` unless told.
    pub fn instance_region(&self, region: &str) {
        region.clone_into(&mut self.state.lock().instance_region);
    }

    /// The metadata service answers without a session token too, as version 1 does and stand-ins for it.
    pub fn answer_without_metadata_token(&self) {
        self.state.lock().metadata_wants_token = false;
    }

    /// Container credentials are refused from now on unless the `Authorization` header is this.
    pub fn require_container_token(&self, token: &str) {
        self.state.lock().container_token = Some(token.to_owned());
    }

    /// The `Date` header is ahead of the clock by so many seconds, or behind it.
    pub fn clock_is_ahead(&self, seconds: i64) {
        self.state.lock().clock_is_ahead = seconds;
    }

    /// How many requests to this API have come.
    pub fn calls(&self, api: Api) -> usize {
        self.state.lock().calls(api)
    }

    /// Waits until this API has had so many requests, answered or not.
    ///
    /// # Panics
    /// They haven't come within `limit`.
    #[track_caller]
    pub fn wait_for_calls(&self, api: Api, calls: usize, limit: Duration) {
        let seen = self.state.wait_for_calls(api, calls, limit);
        assert!(seen >= calls, "{seen} of {calls} calls to {api:?} came within {limit:?}");
    }

    /// The greatest number of requests to this API that were unanswered at one moment.
    pub fn max_in_flight(&self, api: Api) -> usize {
        self.state.lock().in_flight.get(&api).map_or(0, |flight| flight.most)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.state.lock().requests.clone()
    }

    /// The requests to one API so far.
    pub fn requests_to(&self, api: Api) -> Vec<RecordedRequest> {
        self.requests().into_iter().filter(|request| request.api == api).collect()
    }

    /// The AWS credentials issued so far.
    pub fn issued(&self) -> Vec<IssuedCredentials> {
        self.state.lock().ledger.credentials.clone()
    }

    /// When this password was issued; `None` if it wasn't, byte for byte.
    pub fn issued_at(&self, password: &str) -> Option<SystemTime> {
        self.state.lock().ledger.issued_at(password)
    }

    /// How many passwords were issued.
    pub fn passwords(&self) -> usize {
        self.state.lock().ledger.passwords()
    }

    /// The secrets that were handed out, as something that outlives a borrow of the fake.
    pub fn secrets(&self) -> IssuedSecrets {
        IssuedSecrets(Arc::clone(&self.state))
    }
}

/// What a fake has handed out and nobody may print.
#[derive(Clone)]
pub struct IssuedSecrets(Arc<State>);

impl IssuedSecrets {
    /// Passwords, authorization tokens, secret keys, session tokens and access tokens issued until now.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().ledger.secrets()
    }
}
