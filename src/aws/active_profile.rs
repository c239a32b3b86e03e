//! The active profile, and what selects it: a rule, the account of the registry, a variable, or nothing.

use super::profile_file::Profiles;
use crate::arn::{AccountId, RoleArn};
use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::rules::Target;

/// The profile whose settings apply. It needn't exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActiveProfile {
    pub(super) name: String,
    pub(super) origin: ProfileOrigin,
}

/// What selects the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProfileOrigin {
    /// A rule, at this place in the configuration file. It is more specific than keys in the environment.
    Rule(String),
    /// `auto_profile`: it belongs to the registry's account. As specific as a rule.
    Account,
    /// `AWS_PROFILE`.
    Variable,
    /// `AWS_DEFAULT_PROFILE`; one that doesn't exist is no mistake.
    DefaultVariable,
    /// Nothing: it is `default`.
    Default,
}

impl ActiveProfile {
    /// By the environment alone.
    fn from_environment(env: &Env) -> Self {
        if let Some(name) = env.text(names::PROFILE) {
            Self { name, origin: ProfileOrigin::Variable }
        } else if let Some(name) = env.text(names::DEFAULT_PROFILE) {
            Self { name, origin: ProfileOrigin::DefaultVariable }
        } else {
            Self { name: "default".to_owned(), origin: ProfileOrigin::Default }
        }
    }

    /// For a registry.
    /// Error: several profiles belong to the registry's account, and no rule selects one.
    pub(super) fn for_target(env: &Env, profiles: &Profiles<'_>, target: &Target) -> Result<Self, Failure> {
        if let Some(rule) = target.identity_rule()
            && let Some(profile) = &rule.profile
        {
            return Ok(Self { name: profile.clone(), origin: ProfileOrigin::Rule(target.location_of(rule)) });
        }
        let Some(account) = target.auto_profile_account() else { return Ok(Self::from_environment(env)) };
        match &profiles_of(profiles, account)[..] {
            [] => Ok(Self::from_environment(env)),
            [name] => Ok(Self { name: (*name).to_owned(), origin: ProfileOrigin::Account }),
            several => {
                let profiles = several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(Failure::new(FailureKind::AmbiguousProfile { account: account.to_string(), profiles }, ""))
            }
        }
    }

    /// Whether it wins over keys in the environment.
    pub(super) fn overrides_keys(&self) -> bool {
        match self.origin {
            ProfileOrigin::Rule(_) | ProfileOrigin::Account => true,
            ProfileOrigin::Variable | ProfileOrigin::DefaultVariable | ProfileOrigin::Default => false,
        }
    }

    /// Its name in a message, with the rule that selects it.
    pub(super) fn described(&self) -> String {
        match &self.origin {
            ProfileOrigin::Rule(place) => format!("profile `{}`, selected by the rule at `{place}`,", self.name),
            ProfileOrigin::Account
            | ProfileOrigin::Variable
            | ProfileOrigin::DefaultVariable
            | ProfileOrigin::Default => format!("profile `{}`", self.name),
        }
    }
}

/// The names of the profiles whose `sso_account_id` or `role_arn` belongs to an account, in alphabetical order.
fn profiles_of<'p>(profiles: &'p Profiles<'_>, account: &AccountId) -> Vec<&'p str> {
    let belongs = |name: &&str| {
        profiles.profile(name).is_some_and(|profile| {
            let role = profile.get("role_arn").and_then(RoleArn::parse);
            role.is_some_and(|role| role.account == *account) || profile.get("sso_account_id") == Some(account.as_str())
        })
    };
    profiles.profile_names().filter(belongs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::rules::{Destination, Rules};

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn active(env: &[(&str, &str)], config: &str) -> Result<ActiveProfile, Failure> {
        let rules = Rules { auto_profile: true, ..Rules::default() };
        let Destination::Ecr(target) = rules.destination(HOST) else { panic!("an ECR host") };
        let profiles = Profiles::parse(config, "");
        ActiveProfile::for_target(&Env::fixed(env.iter().copied()), &profiles, &target)
    }

    fn by_account(name: &str) -> ActiveProfile {
        ActiveProfile { name: name.to_owned(), origin: ProfileOrigin::Account }
    }

    #[test]
    fn the_one_profile_of_the_account_is_found_by_its_sso_account_or_its_role() {
        let env = [("AWS_PROFILE", "other")];
        for config in [
            "[profile a]\nsso_account_id = 111122223333\n[profile b]\nsso_account_id = 444455556666\n",
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/pull\n[profile b]\nsso_account_id = 11112222333\n",
            "[profile a]\nsso_account_id = 444455556666\nrole_arn = arn:aws-cn:iam::111122223333:role/pull\n",
        ] {
            assert_eq!(active(&env, config), Ok(by_account("a")), "{config}");
        }
        let none = "[profile a]\n# 111122223333\nregion = 111122223333\nrole_arn = 111122223333\n";
        let of_variable = ActiveProfile { name: "other".to_owned(), origin: ProfileOrigin::Variable };
        assert_eq!(active(&env, none), Ok(of_variable));
        let of_default = ActiveProfile { name: "default".to_owned(), origin: ProfileOrigin::Default };
        assert_eq!(active(&[], none), Ok(of_default));
    }

    #[test]
    fn several_profiles_of_the_account_are_listed() {
        let config = "[profile b]\nsso_account_id = 111122223333\n[default]\nsso_account_id = 111122223333\n\
                      [profile a]\nrole_arn = arn:aws:iam::111122223333:role/pull\n";
        let kind = FailureKind::AmbiguousProfile {
            account: "111122223333".to_owned(),
            profiles: "`a`, `b`, `default`".to_owned(),
        };
        assert_eq!(active(&[("AWS_PROFILE", "a")], config), Err(Failure::new(kind, "")));
    }

    #[test]
    fn the_newer_variable_wins_over_the_older_one() {
        let target = Target::of(Registry::parse(HOST).expect("an ECR host"));
        let (new, old) = (("AWS_PROFILE", "new"), ("AWS_DEFAULT_PROFILE", "old"));
        for (variables, name, origin) in [
            (&[new, old][..], "new", ProfileOrigin::Variable),
            (&[old], "old", ProfileOrigin::DefaultVariable),
            (&[old, ("AWS_PROFILE", "")], "old", ProfileOrigin::DefaultVariable),
            (&[], "default", ProfileOrigin::Default),
        ] {
            let env = Env::fixed(variables.iter().copied());
            let active = ActiveProfile::for_target(&env, &Profiles::default(), &target);
            assert_eq!(active, Ok(ActiveProfile { name: name.to_owned(), origin }), "{variables:?}");
        }
    }
}
