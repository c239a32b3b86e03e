//! Whether a server can be reached, step by step, and what is known of a session without asking AWS: what `doctor` wants
//! to know, and the adapter `ecr` finds out.
//!
//! No I/O here, and no judgement: each step says what happened and how long it took.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Failure;
use crate::fetch::Access;
use crate::registry::{Api, EndpointVariant};
use crate::token::AuthorizationToken;

/// A server to reach.
#[derive(Debug)]
pub struct ProbeRequest {
    pub server: ProbeServer,
    /// The network settings, and the secrets that must not appear in a message.
    pub access: Access,
}

/// Which server.
#[derive(Debug)]
pub enum ProbeServer {
    /// The API that gives tokens.
    Api { api: Api, variant: EndpointVariant, endpoint_url: Option<String> },
    /// A registry, asked with a token.
    Registry { host: String, path: &'static str, token: AuthorizationToken },
}

/// What happened, in the order of the fields.
#[derive(Debug, Default)]
pub struct Probe {
    /// The scheme, host and port of the server; empty if the settings give no valid URL.
    pub server: String,
    /// Its host.
    pub host: String,
    /// The proxy that it is reached through: its URL without user and password.
    pub proxy: Option<String>,
    /// The certificates and the proxy that the settings name.
    pub settings: Step<()>,
    /// The addresses of the server or of the proxy; not tried if that is an address already.
    pub addresses: Step<Vec<IpAddr>>,
    /// The connection to the server, through the proxy if there is one, with TLS for `https`.
    pub connection: Step<()>,
    /// The response to a request.
    pub answer: Step<Answer>,
}

/// One step.
#[derive(Debug, Default)]
pub enum Step<T> {
    /// It wasn't needed, or an earlier one failed.
    #[default]
    NotTried,
    Done {
        value: T,
        took: Duration,
    },
    Failed {
        failure: Failure,
        /// The part that failed.
        part: Part,
    },
}

/// Which part of the way a failure concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Settings,
    Names,
    Proxy,
    Connection,
    Tls,
    Answer,
}

/// What a server answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The server's clock: its `Date` header.
    pub date: Option<Timestamp>,
}

impl Probe {
    /// The failure that ended it, if one did.
    pub fn failure(&self) -> Option<(Part, &Failure)> {
        let Self { server: _, host: _, proxy: _, settings, addresses, connection, answer } = self;
        let steps = [settings.failed(), addresses.failed(), connection.failed(), answer.failed()];
        steps.into_iter().flatten().next()
    }
}

impl<T> Step<T> {
    fn failed(&self) -> Option<(Part, &Failure)> {
        match self {
            Self::Failed { failure, part } => Some((*part, failure)),
            Self::NotTried | Self::Done { .. } => None,
        }
    }

    /// What came out of it, and how long it took.
    pub fn done(&self) -> Option<(&T, Duration)> {
        match self {
            Self::Done { value, took } => Some((value, *took)),
            Self::NotTried | Self::Failed { .. } => None,
        }
    }
}
