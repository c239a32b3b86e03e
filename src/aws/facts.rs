//! What is visible of an identity, collected into the digest that becomes part of the cache key.
//!
//! Everything that decides which identity AWS will see goes in; secrets only as part of the SHA-256. If something that
//! decides it can't be seen, tokens may be reused for an hour, or not at all.

use std::path::Path;

use super::profile_file::Section;
use super::{RegistrySettings, jwt};
use crate::env::{Env, names};
use crate::fs::read_bounded;
use crate::identity::{CachePolicy, Identity};
use crate::scope::Fingerprint;
use crate::token::MaxAge;

/// A token of a running Kubernetes pod is about 1 KB, a CI provider's about 2.
const MAX_TOKEN_SIZE: usize = 64 << 10;

/// Changes with every start of the machine, and is different on every machine:
/// <https://docs.kernel.org/admin-guide/sysctl/kernel.html#random>.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The endpoints of the services that give credentials decide the identity.
const ENDPOINTS_OF_CREDENTIALS: [&str; 5] = [
    names::ENDPOINT_URL,
    names::ENDPOINT_URL_STS,
    names::ENDPOINT_URL_SSO,
    names::ENDPOINT_URL_SSO_OIDC,
    names::ENDPOINT_URL_SIGNIN,
];

/// What has been seen so far.
pub(super) struct Facts<'a> {
    settings: &'a RegistrySettings<'a>,
    fingerprint: Fingerprint,
    cache_policy: CachePolicy,
}

impl<'a> Facts<'a> {
    pub(super) fn new(settings: &'a RegistrySettings<'a>) -> Self {
        let cache_policy = CachePolicy::Cached(MaxAge::UntilExpiry);
        Self { settings, fingerprint: Fingerprint::of("identity"), cache_policy }
    }

    pub(super) fn finish(self) -> Identity {
        Identity { digest: self.fingerprint.finish(), cache_policy: self.cache_policy }
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

    /// The values of the variables that are set; none of them may be secret.
    pub(super) fn add_variables(&mut self, variables: &[&str]) {
        for variable in variables {
            if let Some(value) = self.env().text(variable) {
                self.add(variable, &value);
            }
        }
    }

    /// The endpoints of the services that give credentials.
    pub(super) fn add_endpoints(&mut self) {
        self.add_variables(&ENDPOINTS_OF_CREDENTIALS);
    }

    /// The contents of a profile and of the sections that it names.
    pub(super) fn add_profile(&mut self, name: &str, profile: &Section<'_>) {
        self.add_section("profile", name, profile);
        if let Some(name) = profile.get("sso_session")
            && let Some(session) = self.settings.profiles.sso_session(name)
        {
            self.add_section("sso-session", name, &session);
        }
        self.add_services(profile);
    }

    /// The section with endpoint URLs that a profile names.
    pub(super) fn add_services(&mut self, profile: &Section<'_>) {
        if let Some(name) = profile.get("services")
            && let Some(services) = self.settings.profiles.services(name)
        {
            self.add_section("services", name, &services);
        }
    }

    fn add_section(&mut self, kind: &str, name: &str, section: &Section<'_>) {
        self.add(kind, name);
        for (key, value) in section.entries() {
            self.add(key, value);
        }
    }

    /// The path of a token file and the subject of its token. Tokens that can't be read can't be distinguished.
    pub(super) fn add_token_file(&mut self, path: &Path) {
        self.fingerprint.add("token_file", path.as_os_str().as_encoded_bytes());
        match read_bounded(path, MAX_TOKEN_SIZE) {
            Ok(Some(token)) => jwt::add_subject(&mut self.fingerprint, &token),
            Ok(None) | Err(_) => self.is_unknown(),
        }
    }

    /// The subject of a token.
    pub(super) fn add_token(&mut self, token: &str) {
        jwt::add_subject(&mut self.fingerprint, token.as_bytes());
    }

    /// The running machine.
    pub(super) fn add_machine(&mut self) {
        match read_bounded(Path::new(BOOT_ID), 64) {
            Ok(Some(boot_id)) => {
                self.fingerprint.add("boot_id", &boot_id);
                self.is_opaque();
            }
            // Not Linux: machines can't be distinguished.
            Ok(None) | Err(_) => self.is_unknown(),
        }
    }

    fn env(&self) -> &'a Env {
        self.settings.env
    }
}
