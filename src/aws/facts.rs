//! What is visible of an identity, collected into the digest that becomes part of the cache key.
//!
//! Everything that decides which identity AWS will see goes in; secrets only as part of the SHA-256. If something that
//! decides it can't be seen, tokens may be reused for an hour, or not at all.

use std::path::Path;

use super::RegistrySettings;
use super::endpoint::AwsService;
use super::jwt::{self, Added};
use super::profile_file::{Profile, Section};
use crate::clock::boot_id;
use crate::error::Failure;
use crate::fs::read_bounded;
use crate::identity::{CachePolicy, Identity, RoleStep};
use crate::scope::Fingerprint;
use crate::secret::Secret;
use crate::token::MaxAge;

/// A token of a running Kubernetes pod is about 1 KB, a CI provider's about 2.
const MAX_TOKEN_SIZE: usize = 64 << 10;

/// What has been seen so far.
pub(super) struct Facts<'a> {
    settings: &'a RegistrySettings<'a>,
    fingerprint: Fingerprint,
    cache_policy: CachePolicy,
    /// Settings that were passed over.
    pub(super) notes: Vec<String>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(settings: &'a RegistrySettings<'a>) -> Self {
        let cache_policy = CachePolicy::Cached(MaxAge::UntilExpiry);
        Self { settings, fingerprint: Fingerprint::of("identity"), cache_policy, notes: Vec::new() }
    }

    pub(super) fn finish(self) -> (Identity, Vec<String>) {
        (Identity { digest: self.fingerprint.finish(), cache_policy: self.cache_policy }, self.notes)
    }

    pub(super) fn add(&mut self, label: &str, value: &str) {
        self.fingerprint.add(label, value.as_bytes());
    }

    /// The identity can change although nothing visible changes.
    pub(super) fn is_opaque(&mut self) {
        self.cache_policy = CachePolicy::Cached(MaxAge::OneHour);
    }

    /// Nothing visible distinguishes this identity from another one.
    pub(super) fn is_unknown(&mut self) {
        self.cache_policy = CachePolicy::Never;
    }

    /// The endpoint of a service that gives credentials: it decides the identity too.
    pub(super) fn endpoint(&mut self, service: AwsService) -> Result<Option<String>, Failure> {
        let url = self.settings.url(service)?;
        self.add(service.variable(), url.as_deref().unwrap_or_default());
        Ok(url)
    }

    /// The contents of a profile and of the session that it names.
    pub(super) fn add_profile(&mut self, name: &str, profile: &Profile<'_>) {
        self.add("profile", name);
        self.add_section("config", &profile.config);
        self.add_section("credentials", &profile.credentials);
    }

    pub(super) fn add_section(&mut self, kind: &str, section: &Section<'_>) {
        section.lines().iter().for_each(|line| self.add(kind, line));
    }

    pub(super) fn add_role(&mut self, role: &RoleStep) {
        let RoleStep { origin: _, arn, external_id, session_name, duration_seconds: _, mfa, endpoint_url: _ } = role;
        self.add("role_arn", arn);
        let serial = mfa.as_ref().map(|device| &device.serial);
        for (label, value) in
            [("external_id", external_id.as_ref()), ("session_name", session_name.as_ref()), ("mfa", serial)]
        {
            self.add(label, value.map_or("", String::as_str));
        }
    }

    /// Reads a token file: its path and the subject of its token are part of the identity.
    /// Error: the file can't be read, which no other source makes up for.
    pub(super) fn token_file(&mut self, path: &Path) -> Result<Secret, Failure> {
        let unreadable = |why: &str| Failure::misconfigured(format!("the token file `{}` {why}", path.display()));
        self.fingerprint.add("token_file", path.as_os_str().as_encoded_bytes());
        let contents = read_bounded(path, MAX_TOKEN_SIZE)
            .map_err(|error| unreadable(&format!("can't be read: {}", error.source)))?
            .ok_or_else(|| unreadable("does not exist"))?;
        let token = String::from_utf8(contents).map_err(|_| unreadable("is not text"))?;
        let token = Secret::new(token);
        match token.expose().trim() {
            "" => Err(unreadable("is empty")),
            trimmed => Ok(self.token(trimmed)),
        }
    }

    /// A token, whose subject is part of the identity.
    pub(super) fn token(&mut self, token: &str) -> Secret {
        jwt::add_subject(&mut self.fingerprint, token.as_bytes());
        Secret::from(token)
    }

    /// The token of a service account. One whose subject can't be seen is good for its own request alone.
    pub(super) fn service_account_token(&mut self, token: &Secret) {
        match jwt::add_subject(&mut self.fingerprint, token.expose().as_bytes()) {
            Added::Subject => {}
            Added::WholeToken => self.is_unknown(),
        }
    }

    /// The running machine.
    pub(super) fn add_machine(&mut self) {
        match boot_id() {
            Some(boot_id) => {
                self.fingerprint.add("boot_id", &boot_id.number().to_le_bytes());
                self.is_opaque();
            }
            // Not Linux: machines can't be distinguished.
            None => self.is_unknown(),
        }
    }
}
