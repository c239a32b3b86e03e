//! The identity that asks for the token of a registry: found without network, with what is known of its state.

use super::check::{Check, Remedy};
use super::remedy;
use super::text::{Kind, Text};
use crate::aws::{AwsSettings, HALF_PAIR, MissingProfile, RegistrySettings};
use crate::child;
use crate::clock::Timestamp;
use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::fetch::{Access, TokenSource};
use crate::identity::{Base, CredentialPlan, CredentialSource, ProfileBase};
use crate::paths;
use crate::registry::Service;
use crate::rules::Target;
use crate::scope::Scope;

const NAME: &str = "identity";

/// What is known of an identity.
pub(super) struct Identity {
    pub(super) checks: Vec<Check>,
    /// What its token depends on, if the settings say.
    pub(super) scope: Option<Scope>,
    /// How to reach AWS; `None` if a network setting isn't valid.
    pub(super) access: Option<Access>,
    /// Whether asking for a token can succeed.
    pub(super) may_fetch: bool,
}

/// Determines the identity for a registry.
pub(super) fn check(env: &Env, source: &dyn TokenSource, now: Timestamp, target: &Target) -> Identity {
    let settings = AwsSettings::read(env);
    let mut identity = Identity { checks: Vec::new(), scope: None, access: None, may_fetch: false };
    match settings.for_target(target) {
        Ok(settings) => identity.look(env, source, now, target, &settings),
        Err(failure) => identity.checks.push(failed(env, &failure, target.service())),
    }
    identity.checks = identity.checks.into_iter().map(|check| check.of(target.host())).collect();
    identity
}

impl Identity {
    fn look(
        &mut self,
        env: &Env,
        source: &dyn TokenSource,
        now: Timestamp,
        target: &Target,
        settings: &RegistrySettings<'_>,
    ) {
        let service = target.service();
        if let Some(variable) = settings.half_pair() {
            let what = format!("`{variable}` is set, but the other half of the key pair is not; it isn't used");
            self.checks.push(Check::warning(NAME, what, Remedy::run(format!("unset {variable}"))));
        }
        if let Some(missing) = settings.missing_profile() {
            return self.checks.push(missing_profile(env, &missing));
        }
        match settings.access() {
            Ok(access) => self.access = Some(access),
            Err(failure) => self.checks.push(failed(env, &failure, service)),
        }
        let (scope, plan) = match settings.resolve() {
            Ok(resolved) => resolved,
            Err(failure) => return self.checks.push(failed(env, &failure, service)),
        };
        self.scope = Some(scope);
        for note in plan.notes.iter().filter(|note| *note != HALF_PAIR) {
            let what = Text::new("").either(note, "a setting was passed over");
            self.checks.push(Check::warning(NAME, what, edit_profiles(env)));
        }
        if matches!(plan.base, Base::Nothing) {
            return self.checks.push(no_credentials(service));
        }
        if let Some(ended) = source.ended_session(&plan, now) {
            return self.checks.push(failed(env, &ended, service));
        }
        if source.needs_mfa_code(&plan, now) {
            return self.checks.push(needs_code(&plan, service));
        }
        if let Base::Process { profile, command } = &plan.base
            && let Some(program) = missing_program(env, command.expose())
        {
            let what = Text::new("profile ").quoted(Kind::Profile, profile).then(" runs ").quoted(Kind::Path, program);
            let what = what.then(" as `credential_process`, which isn't there");
            return self.checks.push(Check::bad(NAME, what, edit_profiles(env)));
        }
        self.may_fetch = true;
        self.checks.push(Check::good(NAME, described(&plan)));
    }
}

fn failed(env: &Env, failure: &Failure, service: Service) -> Check {
    let remedy = match failure.kind {
        FailureKind::Misconfigured => match remedy::variable_in(env, &failure.detail) {
            Some(variable) => Remedy::run(format!("unset {variable}")),
            None => edit_profiles(env),
        },
        _ => remedy::of(failure, service),
    };
    Check::bad(NAME, Text::new("").failure(failure), remedy)
}

fn no_credentials(service: Service) -> Check {
    match service {
        Service::Ecr => {
            let failure = Failure::new(FailureKind::NoCredentials, "");
            Check::bad(NAME, Text::new("").failure(&failure), remedy::of(&failure, service))
        }
        Service::EcrPublic => Check::good(NAME, "no AWS credentials: pulls from ECR Public are anonymous"),
    }
}

fn missing_profile(env: &Env, missing: &MissingProfile) -> Check {
    let MissingProfile { name, variable, others } = missing;
    let what = Text::new("profile ").quoted(Kind::Profile, name).then(match variable {
        Some(variable) => format!(", which `{variable}` names, does not exist"),
        None => ", which a rule of the configuration file names, does not exist".to_owned(),
    });
    // One letter, or one in four, may be wrong.
    let typos = |other: &&String| strsim::damerau_levenshtein(other, name);
    let nearest = others.iter().min_by_key(typos).filter(|other| typos(other) <= (name.chars().count() / 4).max(1));
    let remedy = match (variable, nearest) {
        (Some(variable), Some(nearest)) => {
            Remedy::run(Text::new(format!("export {variable}=")).argument(Kind::Profile, nearest))
        }
        (Some(_), None) => Remedy::run(Text::new("aws configure --profile ").argument(Kind::Profile, name)),
        (None, _) => match paths::config_file(env) {
            Some(file) => remedy::edit(&file, 1),
            None => edit_profiles(env),
        },
    };
    Check::bad(NAME, what, remedy)
}

fn needs_code(plan: &CredentialPlan, service: Service) -> Check {
    let role = plan.roles.iter().rev().find(|role| role.mfa.is_some());
    let profile = role.map(|role| role.name().to_owned()).unwrap_or_default();
    let what = Text::new("the role of profile ").quoted(Kind::Profile, &profile).then(" needs an MFA code");
    let failure = Failure::new(FailureKind::MfaRequired { profile }, "");
    Check::warning(NAME, what, remedy::of(&failure, service))
}

/// The program that a `credential_process` names, if it isn't there.
fn missing_program(env: &Env, command: &str) -> Option<String> {
    let program = shlex::split(command)?.into_iter().next()?;
    // Anything else is the shell's business.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'+');
    if !program.bytes().all(is_plain) {
        return None;
    }
    let is_there = if program.contains('/') {
        std::path::Path::new(&program).exists()
    } else {
        child::find(&program, env.path(names::PATH).as_deref().map(std::path::Path::as_os_str)).is_some()
    };
    (!is_there).then_some(program)
}

/// Opens the file with the profiles.
fn edit_profiles(env: &Env) -> Remedy {
    match paths::profile_files(env).into_iter().flatten().find(|file| file.path.exists()) {
        Some(file) => remedy::edit(&file.path, 1),
        None => Remedy::run("aws configure"),
    }
}

fn described(plan: &CredentialPlan) -> Text {
    let mut text = match &plan.source {
        CredentialSource::Environment => Text::new(format!("the key pair of `{}`", names::ACCESS_KEY_ID)),
        CredentialSource::Profile { name, base } => {
            let text = Text::new("profile ").quoted(Kind::Profile, name);
            match base {
                ProfileBase::Keys => text.then(", with a key pair"),
                ProfileBase::Sso { profile } => text.then(", with the SSO session of ").quoted(Kind::Profile, profile),
                ProfileBase::Login { profile } => {
                    text.then(", with the login session of ").quoted(Kind::Profile, profile)
                }
                ProfileBase::WebIdentity => text.then(", with a web identity"),
                ProfileBase::Process => text.then(", with its `credential_process`"),
                ProfileBase::Environment => text.then(", with the keys of the environment"),
                ProfileBase::Container => text.then(", with those of the container"),
                ProfileBase::InstanceMetadata => text.then(", with those of the instance"),
            }
        }
        source => Text::new(source.to_string()),
    };
    for role in &plan.roles {
        text = text.then(", then the role ").quoted(Kind::Other, &role.arn);
    }
    text
}
