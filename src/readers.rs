//! What reads input from outside, as functions of its text, for the fuzz targets in `fuzz/` and the test that replays their
//! corpora (`tests/corpora.rs`). The program itself uses none of them.
//!
//! They return what was read, also where it is secret, so that a property can be checked; nothing is printed. What must hold
//! is in `fuzz/src/lib.rs`.

mod envelopes;

use std::io;
use std::path::Path;

pub use self::envelopes::{PASSWORD, Written, bazel_answer, kubelet_answer};
pub use crate::ecr::readers::*;

use crate::aws::AwsSettings;
use crate::clock::SystemClock;
use crate::env::Env;
use crate::error::{Failure, Reply};
use crate::identity::CredentialPlan;
use crate::options::Strictness;
use crate::protocol::{self, Request};
use crate::redact::{self, Redactor};
use crate::registry::{Registry, Service};
use crate::rules::{Destination, Rules, Target};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::server_url::{self, ServerUrl};

/// The host that a client names.
pub fn host_of_server_url(text: &str) -> Option<String> {
    ServerUrl::parse(text).map(|server_url| server_url.host().to_owned())
}

/// Whether a setting is a URL.
pub fn is_http_url(text: &str) -> bool {
    server_url::is_http_url(text)
}

/// A request of Docker's protocol: the server URL of a `get`, and that of a `store`. The error is the sentence.
pub fn docker_request(stdin: &[u8]) -> Result<[Result<String, String>; 2], String> {
    let request = Request::read(&mut &*stdin, &SystemClock::start()).map_err(|error| error.to_string())?;
    let sentences = [request.server_url(), request.stored_server_url()];
    Ok(sentences.map(|server_url| server_url.map_err(|error| error.to_string())))
}

/// The answer to a `get`.
pub fn docker_answer(server_url: &str, username: &str, secret: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    // Writing to a vector can't fail.
    let _: io::Result<()> = protocol::write_credentials(&mut answer, server_url, username, &Secret::from(secret));
    answer
}

/// Another helper's answer to a `list`, as ours.
pub fn docker_list(answer: &[u8]) -> Option<Vec<u8>> {
    let mut written = Vec::new();
    protocol::write_list(&mut written, &protocol::parse_list(answer)?).ok()?;
    Some(written)
}

/// A configuration file.
#[derive(Debug, PartialEq, Eq)]
pub struct Configuration(Rules);

impl Configuration {
    /// Reads the text of a file that is named `config.toml`.
    /// Error: what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        Ok(Self(crate::config::parse(text, Path::new("config.toml"))?))
    }

    /// The registry that a server URL stands for, or the name of the helper that is asked.
    pub fn destination(&self, server_url: &str) -> Option<Result<Registry, String>> {
        match self.0.destination(server_url) {
            Destination::Ecr(target) => Some(Ok(target.registry().clone())),
            Destination::Fallback(helper) => Some(Err(helper)),
            Destination::NotFound | Destination::Misconfigured { .. } => None,
        }
    }
}

/// What the texts of the shared config and credentials files mean for a registry.
/// Error: they contradict themselves.
pub fn aws_settings(
    env: &Env,
    config: &str,
    credentials: &str,
    registry: &Registry,
) -> Result<(Scope, CredentialPlan), Failure> {
    let target = Target::of(registry.clone());
    AwsSettings::of_texts(env, config.to_owned(), credentials.to_owned()).for_target(&target)?.resolve()
}

/// What the contents of a cache entry say, as the entries that say the same: a token, a failure, noted hosts. None if they
/// aren't an entry of this key.
pub fn cache_entry(key: &str, contents: &[u8]) -> [Option<Vec<u8>>; 3] {
    crate::cache::read_again(key, contents)
}

/// The contents of a cache entry with this JSON.
pub fn with_checksum(key: &str, json: &[u8]) -> Vec<u8> {
    crate::cache::with_checksum(key, json)
}

/// The file of a registry client with our helper for a host, and the same without it again; `None` if clients can't read it.
pub fn configured(contents: &[u8], host: &str) -> Option<[String; 2]> {
    let with = crate::clients::parse(contents).ok()?.with_helper(host, "ecr-login");
    let without = with.without_helper(host);
    Some([with.text().to_owned(), without.text().to_owned()])
}

/// The proxy that a URL names, without its login.
pub fn proxy(url: &str) -> Result<(String, u16), String> {
    crate::aws::proxy(url)
}

/// The line that a person reads of a failure.
pub fn line_of(failure: &Failure) -> String {
    let reply = Reply::to(failure, "the registry", Service::Ecr, Strictness::Lenient);
    reply.stderr.unwrap_or_default()
}

/// A text as part of an error, by one who knows a secret.
pub fn redacted(secret: &str, text: &str) -> String {
    Redactor::knowing(secret).clean(text)
}

/// A line for a person.
pub fn clean_line(text: &str) -> String {
    redact::clean_line(text)
}
