//! A way to be somebody for AWS, as data: variables, files below the home directory, programs on the `PATH`.
//!
//! In values and contents, `{home}` stands for the home directory and `{aws}` for the address of the fake. Unless told
//! otherwise, every AWS API and the metadata service are that fake, so that what falls through the whole chain ends at
//! the role of the instance, visibly.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use docker_credential_ecr_login::Env;
use docker_credential_ecr_login::unstable::{CredentialPlan, Failure, Registry, Scope, resolve};

use crate::support::sandbox::Sandbox;

const CONFIG: &str = ".aws/config";
const CREDENTIALS: &str = ".aws/credentials";

/// The token of the SSO session `corp`: its file is named by the SHA-1 of that name.
pub(crate) const TOKEN_OF_SESSION: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
/// The token of SSO without a session: the SHA-1 of `https://example.awsapps.com/start`.
pub(crate) const TOKEN_OF_START_URL: &str = ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json";

/// The variables, files and programs of one case.
#[derive(Clone)]
pub(crate) struct Scenario {
    host: &'static str,
    variables: BTreeMap<&'static str, String>,
    files: BTreeMap<&'static str, Vec<u8>>,
    programs: BTreeMap<&'static str, &'static str>,
}

impl Scenario {
    /// No credentials but those of the instance, and a private registry.
    pub(crate) fn new() -> Self {
        let host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
        let nothing = Self { host, variables: BTreeMap::new(), files: BTreeMap::new(), programs: BTreeMap::new() };
        nothing
            .env("HOME", "{home}")
            .env("PATH", "{home}/../bin:/usr/bin:/bin")
            .env("AWS_ENDPOINT_URL", "{aws}")
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "{aws}")
    }

    /// Another registry.
    pub(crate) fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.insert(name, value.into());
        self
    }

    /// Removes a variable.
    pub(crate) fn without(mut self, name: &'static str) -> Self {
        assert!(self.variables.remove(name).is_some(), "{name} isn't set, so removing it changes nothing");
        self
    }

    /// Keys in the environment: this access key ID and a secret.
    pub(crate) fn keys(self, access_key_id: &str) -> Self {
        self.env("AWS_ACCESS_KEY_ID", access_key_id).env("AWS_SECRET_ACCESS_KEY", "made/up/secret/of/the/environment")
    }

    /// The contents of `~/.aws/config`.
    pub(crate) fn config(self, contents: &str) -> Self {
        self.file(CONFIG, contents)
    }

    /// The contents of `~/.aws/credentials`.
    pub(crate) fn credentials(self, contents: &str) -> Self {
        self.file(CREDENTIALS, contents)
    }

    /// A file below the home directory.
    pub(crate) fn file(mut self, path: &'static str, contents: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path, contents.into());
        self
    }

    /// Removes a file.
    pub(crate) fn without_file(mut self, path: &'static str) -> Self {
        assert!(self.files.remove(path).is_some(), "{path} isn't there, so removing it changes nothing");
        self
    }

    /// Replaces a part of `~/.aws/config`.
    pub(crate) fn edit(self, from: &str, to: &str) -> Self {
        self.edit_file(CONFIG, from, to)
    }

    /// Replaces a part of `~/.aws/credentials`.
    pub(crate) fn edit_credentials(self, from: &str, to: &str) -> Self {
        self.edit_file(CREDENTIALS, from, to)
    }

    fn edit_file(self, path: &'static str, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.files[path].clone()).expect("only texts are edited");
        assert!(text.contains(from), "`{from}` isn't in {path}, so replacing it changes nothing");
        let edited = text.replace(from, to);
        self.file(path, edited)
    }

    /// A shell script on the `PATH`.
    pub(crate) fn program(mut self, name: &'static str, script: &'static str) -> Self {
        self.programs.insert(name, script);
        self
    }

    /// Makes the home directory anew as this scenario has it, and gives the variables.
    pub(crate) fn lay_out(&self, sandbox: &Sandbox, aws: &str) -> BTreeMap<&'static str, String> {
        let home = sandbox.home();
        fs::remove_dir_all(&home).expect("the home directory is ours");
        fs::create_dir(&home).expect("nothing is there");
        let home = home.to_str().expect("temporary directories have plain names");
        let fill = |text: &str| text.replace("{home}", home).replace("{aws}", aws);
        for (path, contents) in &self.files {
            match str::from_utf8(contents) {
                Ok(text) => sandbox.write(path, fill(text)),
                Err(_) => sandbox.write(path, contents),
            };
        }
        for (name, script) in &self.programs {
            sandbox.program(name, script);
        }
        self.variables.iter().map(|(name, value)| (*name, fill(value))).collect()
    }

    /// What the library makes of it.
    ///
    /// # Errors
    /// The library refuses the settings.
    pub(crate) fn scope(&self, variables: &BTreeMap<&'static str, String>) -> Result<(Scope, CredentialPlan), Failure> {
        let env = Env::fixed(variables.iter().map(|(name, value)| (*name, value.as_str())));
        resolve(&env, &Registry::parse(self.host).expect("an ECR host"))
    }

    /// The registry that is asked for.
    pub(crate) fn registry(&self) -> &'static str {
        self.host
    }
}

/// A token of an identity provider, without a signature: nobody here checks one.
pub(crate) fn jwt(issuer: &str, subject: &str, serial: u32) -> String {
    let claims = serde_json::json!({ "iss": issuer, "sub": subject, "jti": serial });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// What `aws sso login` leaves behind, valid for years or over for years.
pub(crate) fn sso_token(access_token: &str, expires_at: &str) -> String {
    let token = serde_json::json!({
        "accessToken": access_token,
        "expiresAt": expires_at,
        "region": "eu-west-1",
        "startUrl": "https://example.awsapps.com/start",
    });
    token.to_string()
}
