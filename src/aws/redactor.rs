//! Which secrets the settings contain, so that no error message can repeat one.

use std::path::PathBuf;

use super::{MAX_PROFILE_FILE_SIZE, ProfileTexts, RegistrySettings, proxies};
use crate::env::names;
use crate::fs::read_bounded;
use crate::redact::Redactor;

/// Knows the secrets in the environment, in both profile files and in the token files that they name.
pub(super) fn of(settings: &RegistrySettings<'_>) -> Redactor {
    let env = settings.env;
    let mut redactor = Redactor::default();
    for name in [names::SECRET_ACCESS_KEY, names::SECRET_ACCESS_KEY_SHORT, names::SESSION_TOKEN, names::CONTAINER_TOKEN]
    {
        redactor.learn(&env.text(name).unwrap_or_default());
    }
    proxies::learn_passwords(env, &mut redactor);
    let token_files = [names::WEB_IDENTITY_TOKEN_FILE, names::CONTAINER_TOKEN_FILE];
    let mut token_files: Vec<PathBuf> = token_files.into_iter().filter_map(|name| env.path(name)).collect();
    let ProfileTexts { config, credentials } = settings.texts;
    for (key, value) in config.lines().chain(credentials.lines()).filter_map(|line| line.split_once('=')) {
        match key.trim() {
            "aws_secret_access_key" | "aws_session_token" => redactor.learn(value),
            "web_identity_token_file" => token_files.push(value.trim().into()),
            _ => {}
        }
    }
    for file in token_files {
        let contents = read_bounded(&file, MAX_PROFILE_FILE_SIZE).ok().flatten().unwrap_or_default();
        redactor.learn(&String::from_utf8_lossy(&contents));
    }
    redactor
}
