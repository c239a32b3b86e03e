//! What a failed fetch depends on besides the cache key: another process's failure is ours only if all of it is equal.
//!
//! A time limit of one second, a broken proxy or a missing program of one process must not become the failure of a process
//! that has none of that. Nor must "needs an MFA code" of a process without a terminal be that of one that can ask for it. Unequal circumstances cost a second attempt, so in doubt a setting is part of this.

use super::{Attendance, TokenLookup};
use crate::env::names;
use crate::network::NetworkConfig;
use crate::scope::Fingerprint;

/// Where sources of credentials find files and programs.
const PLACES: [&str; 3] = [names::HOME, names::USERPROFILE, names::PATH];

impl TokenLookup<'_, '_> {
    /// The circumstances of this process, determined when they are first needed: a hit doesn't.
    pub(super) fn circumstances(&mut self) -> u64 {
        if let Some(known) = self.circumstances {
            return known;
        }
        let mut facts = Fingerprint::of("circumstances");
        facts.add("limit", &self.context.options.timeout.as_secs().to_le_bytes());
        facts.add("variant", format!("{:?}", self.scope.variant).as_bytes());
        // Secrets enter the digest alone.
        for variable in names::SECRETS.into_iter().chain(PLACES) {
            let value = self.context.env.path(variable).unwrap_or_default();
            facts.add(variable, value.as_os_str().as_encoded_bytes());
        }
        if self.needs_mfa_code() {
            let is_attended = self.context.attendance == Attendance::Attended;
            facts.add("terminal", &[u8::from(is_attended && self.context.source.can_prompt())]);
        }
        match self.settings.access() {
            Ok(access) => add_network(&mut facts, &access.network),
            Err(invalid) => facts.add("invalid", invalid.details().as_bytes()),
        }
        let digest = facts.finish();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        *self.circumstances.insert(u64::from_le_bytes(bytes))
    }
}

/// The `Debug` form has everything but the secrets, which follow.
fn add_network(facts: &mut Fingerprint, network: &NetworkConfig) {
    facts.add("network", format!("{network:?}").as_bytes());
    for proxy in [&network.proxies.https, &network.proxies.http] {
        let address = proxy.as_ref().and_then(|proxy| proxy.address.as_ref().ok());
        if let Some(login) = address.and_then(|address| address.login.as_ref()) {
            facts.add("user", login.user.expose().as_bytes());
            facts.add("password", login.password.expose().as_bytes());
        }
    }
}
