//! The profile whose settings count, and who says so: a rule, the account of the registry, a variable, or nobody.

use crate::env::{Env, names};
use crate::error::{Failure, FailureKind};
use crate::rules::Target;
use crate::settings::profile_file::Profiles;

/// The profile whose settings count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActiveProfile {
    pub(super) name: String,
    pub(super) by: ProfileOrigin,
}

/// Who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProfileOrigin {
    /// A rule, at this place in its file. It is more specific than the environment, whose keys then don't count.
    Rule(String),
    /// It is the one for the account of the registry; as above.
    Account,
    /// `AWS_PROFILE`.
    Variable,
    /// Nobody: it is `default`, if there is one.
    Nobody,
}

impl ActiveProfile {
    /// By the environment alone.
    pub(super) fn of_environment(env: &Env) -> Self {
        match env.text(names::PROFILE) {
            Some(name) => Self { name, by: ProfileOrigin::Variable },
            None => Self { name: "default".to_owned(), by: ProfileOrigin::Nobody },
        }
    }

    /// For a registry. `broken` says why the profiles are empty when their files can't be used.
    ///
    /// # Errors
    /// Several profiles are for the account of the registry, and no rule says which.
    pub(super) fn for_target(
        env: &Env,
        profiles: &Profiles<'_>,
        broken: Option<&Failure>,
        target: &Target<'_>,
    ) -> Result<Self, Failure> {
        if let Some(rule) = target.rule_of_identity()
            && let Some(profile) = &rule.profile
        {
            return Ok(Self { name: profile.clone().into_owned(), by: ProfileOrigin::Rule(target.place_of(rule)) });
        }
        let Some(account) = target.account_to_find_a_profile_for() else { return Ok(Self::of_environment(env)) };
        if let Some(broken) = broken {
            return Err(broken.clone());
        }
        match &profiles.of_account(account)[..] {
            [] => Ok(Self::of_environment(env)),
            [name] => Ok(Self { name: (*name).to_owned(), by: ProfileOrigin::Account }),
            several => {
                let profiles = several.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(Failure::new(FailureKind::AmbiguousProfile { account: account.to_owned(), profiles }, ""))
            }
        }
    }

    /// Whether keys in the environment come after it.
    pub(super) fn is_more_specific_than_keys(&self) -> bool {
        match self.by {
            ProfileOrigin::Rule(_) | ProfileOrigin::Account => true,
            ProfileOrigin::Variable | ProfileOrigin::Nobody => false,
        }
    }

    /// How a message names it.
    pub(super) fn with_its_origin(&self) -> String {
        match &self.by {
            ProfileOrigin::Rule(place) => format!("profile `{}`, which the rule at `{place}` names,", self.name),
            ProfileOrigin::Account | ProfileOrigin::Variable | ProfileOrigin::Nobody => {
                format!("profile `{}`", self.name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;
    use crate::rules::{Destination, Rules};

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn selected(env: &[(&str, &str)], config: &str, broken: Option<&Failure>) -> Result<ActiveProfile, Failure> {
        let rules = Rules { auto_profile: true, ..Rules::default() };
        let Destination::Ecr(target) = rules.destination(HOST) else { panic!("an ECR host") };
        let profiles = Profiles::parse(config, "").expect("a good file");
        ActiveProfile::for_target(&Env::fixed(env.iter().copied()), &profiles, broken, &target)
    }

    fn by_account(name: &str) -> ActiveProfile {
        ActiveProfile { name: name.to_owned(), by: ProfileOrigin::Account }
    }

    #[test]
    fn the_one_profile_of_the_account_is_found_by_its_sso_account_or_its_role() {
        let env = [("AWS_PROFILE", "other")];
        for config in [
            "[profile a]\nsso_account_id = 111122223333\n[profile b]\nsso_account_id = 444455556666\n",
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/pull\n[profile b]\nsso_account_id = 11112222333\n",
            "[profile a]\nsso_account_id = 444455556666\nrole_arn = arn:aws-cn:iam::111122223333:role/pull\n",
        ] {
            assert_eq!(selected(&env, config, None), Ok(by_account("a")), "{config}");
        }
        let none = "[profile a]\n# 111122223333\nregion = 111122223333\nrole_arn = 111122223333\n";
        let of_variable = ActiveProfile { name: "other".to_owned(), by: ProfileOrigin::Variable };
        assert_eq!(selected(&env, none, None), Ok(of_variable));
        let of_nobody = ActiveProfile { name: "default".to_owned(), by: ProfileOrigin::Nobody };
        assert_eq!(selected(&[], none, None), Ok(of_nobody));
    }

    #[test]
    fn several_profiles_of_the_account_are_listed() {
        let config = "[profile b]\nsso_account_id = 111122223333\n[default]\nsso_account_id = 111122223333\n\
                      [profile a]\nrole_arn = arn:aws:iam::111122223333:role/pull\n";
        let kind = FailureKind::AmbiguousProfile {
            account: "111122223333".to_owned(),
            profiles: "`a`, `b`, `default`".to_owned(),
        };
        assert_eq!(selected(&[("AWS_PROFILE", "a")], config, None), Err(Failure::new(kind, "")));
    }

    #[test]
    fn profile_files_that_cannot_be_used_are_a_failure_only_where_they_are_searched() {
        let broken = Failure::new(FailureKind::Misconfigured, "line 1");
        assert_eq!(selected(&[], "", Some(&broken)), Err(broken.clone()));
        let target = Target::of(Registry::parse(HOST).expect("an ECR host"));
        let env = Env::fixed([]);
        let selected = ActiveProfile::for_target(&env, &Profiles::default(), Some(&broken), &target);
        assert_eq!(selected, Ok(ActiveProfile { name: "default".to_owned(), by: ProfileOrigin::Nobody }));
    }
}
