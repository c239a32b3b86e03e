//! Which secrets the settings contain, so that no error message can repeat one.

use super::{RegistrySettings, proxies};
use crate::env::names;
use crate::redact::Redactor;

/// Knows the secrets in the environment and in both profile files.
pub(super) fn of(settings: &RegistrySettings<'_>) -> Redactor {
    let (env, files) = (settings.env, settings.settings);
    let mut redactor = Redactor::default();
    for name in names::SECRETS {
        redactor.learn(&env.text(name).unwrap_or_default());
    }
    proxies::learn_passwords(env, &mut redactor);
    for (key, value) in
        files.config.lines().chain(files.credentials.lines()).filter_map(|line| line.split_once(['=', ':']))
    {
        if let "aws_secret_access_key" | "aws_session_token" | "aws_security_token" = &*key.trim().to_ascii_lowercase()
        {
            redactor.learn(value);
        }
    }
    redactor
}
