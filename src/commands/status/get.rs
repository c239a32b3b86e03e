//! What a `get` would do now, told in words.

use serde::Serialize;

use crate::error::{Failure, Reply};
use crate::identity::{Base, CredentialPlan, RoleStep};
use crate::options::Options;
use crate::protocol::Sentence;
use crate::redact::clean_line;
use crate::registry::Service;
use crate::rules::Target;
use crate::tokens::Next;

#[derive(Debug, Serialize)]
pub(super) struct Get {
    /// `serve`, `refresh`, `fetch`, `serve-stale`, `fail`, `pass-on` or `not-found`.
    pub(super) action: &'static str,
    /// The steps of a fetch, in order.
    pub(super) steps: Vec<String>,
    /// Whether it would ask a person for an MFA code.
    pub(super) asks_for_code: bool,
    /// Whether the token of a fetch would be cached.
    pub(super) is_cached: bool,
    /// The program that is asked instead.
    pub(super) helper: Option<String>,
    /// What it would write to stdout instead of a password.
    pub(super) stdout: Option<String>,
    /// What it would write to stderr, or why a fetch would fail.
    pub(super) message: Option<String>,
}

impl Get {
    const NOTHING: Self = Self {
        action: "fail",
        steps: Vec::new(),
        asks_for_code: false,
        is_cached: false,
        helper: None,
        stdout: None,
        message: None,
    };

    /// The answer for a host that isn't ECR's.
    pub(super) fn not_found() -> Self {
        Self { action: "not-found", stdout: Some(Sentence::NotFound.to_string()), ..Self::NOTHING }
    }

    /// The answer of a fallback helper.
    pub(super) fn passing_on(helper: &str) -> Self {
        Self { action: "pass-on", helper: Some(format!("docker-credential-{helper}")), ..Self::NOTHING }
    }

    pub(super) fn failing(failure: &Failure, host: &str, service: Service, options: &Options) -> Self {
        let Reply { stdout, stderr } = Reply::to(failure, host, service, options.strictness);
        let stdout = stdout.unwrap_or_else(|| Sentence::NotFound.to_string());
        Self { stdout: Some(stdout), message: stderr, ..Self::NOTHING }
    }
}

/// What the answer depends on.
pub(super) struct Answer<'a> {
    pub(super) target: &'a Target,
    pub(super) options: &'a Options,
    pub(super) plan: &'a CredentialPlan,
    pub(super) url: Option<&'a str>,
    pub(super) needs_code: bool,
    pub(super) is_cached: bool,
}

impl Answer<'_> {
    pub(super) fn to(&self, next: &Next) -> Get {
        let fetch = |action| Get { action, steps: self.steps(), is_cached: self.is_cached, ..Get::NOTHING };
        match next {
            Next::Serve => Get { action: "serve", is_cached: true, ..Get::NOTHING },
            Next::Refresh => fetch("refresh"),
            Next::Fetch => fetch("fetch"),
            Next::AskAndFetch => Get { asks_for_code: true, ..fetch("fetch") },
            Next::ServeStale(failure) => {
                let message = Some(super::report::shown(failure));
                Get { action: "serve-stale", is_cached: true, message, ..Get::NOTHING }
            }
            Next::Fail(failure) => Get::failing(failure, self.target.host(), self.target.service(), self.options),
        }
    }

    /// How the credentials are obtained, and the call for the token.
    fn steps(&self) -> Vec<String> {
        let CredentialPlan { source: _, base, roles, notes: _ } = self.plan;
        let mut steps = Vec::new();
        // A stored session replaces the steps before it.
        let session = roles.iter().rposition(|role| role.mfa.is_some()).filter(|_| !self.needs_code);
        if let Some(at) = session {
            steps.push(format!("use the stored MFA session of `{}`", roles[at].arn));
        } else {
            steps.extend(first_step(base));
        }
        let role = |role: &RoleStep| match &role.mfa {
            Some(device) => format!("assume `{}` with AWS STS, with a code of `{}`", role.arn, device.serial),
            None => format!("assume `{}` with AWS STS", role.arn),
        };
        steps.extend(roles[session.map_or(0, |at| at + 1)..].iter().map(role));
        let api = self.url.unwrap_or("the API");
        steps.push(format!("call `GetAuthorizationToken` at {api}"));
        steps.iter().map(|step| clean_line(step)).collect()
    }
}

fn first_step(base: &Base) -> Option<String> {
    Some(match base {
        Base::Keys(keys) => format!("use the access key {}", keys.access_key_id),
        Base::Process { profile, command: _ } => format!("run the `credential_process` of profile `{profile}`"),
        Base::WebIdentity { role, token: _ } => {
            format!("assume `{}` with AWS STS, with the web identity token", role.arn)
        }
        Base::Sso(session) => format!(
            "get credentials of role `{}` in account {} from the SSO portal in {}",
            session.role_name, session.account_id, session.region
        ),
        Base::Login { profile, .. } => format!("use the session that `aws login` started for profile `{profile}`"),
        Base::Container { .. } => "ask the container credentials endpoint".to_owned(),
        Base::InstanceMetadata { url, otherwise: _ } => format!("ask the instance metadata service at {url}"),
        Base::Nothing => return None,
    })
}
