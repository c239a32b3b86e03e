//! What is missing in the settings, where a message alone would not do: for `doctor`, which says how to put it right.

use super::RegistrySettings;
use super::active_profile::ProfileOrigin;
use crate::env::names;

/// What the note on half of a pair in the environment says.
pub(crate) const HALF_PAIR: &str = "the environment has half of a key pair only, which is not used";

/// A profile that was selected and doesn't exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MissingProfile {
    pub(crate) name: String,
    /// The variable that names it; `None` if a rule does.
    pub(crate) variable: Option<&'static str>,
    /// The profiles that exist.
    pub(crate) others: Vec<String>,
}

impl RegistrySettings<'_> {
    /// The selected profile, if it doesn't exist although it must.
    pub(crate) fn missing_profile(&self) -> Option<MissingProfile> {
        let variable = match self.active.origin {
            ProfileOrigin::Rule(_) => None,
            ProfileOrigin::Variable => Some(names::PROFILE),
            ProfileOrigin::Account | ProfileOrigin::DefaultVariable | ProfileOrigin::Default => return None,
        };
        let others = || self.profiles.profile_names().map(str::to_owned).collect();
        self.profile.is_none().then(|| MissingProfile { name: self.active.name.clone(), variable, others: others() })
    }

    /// The variable with half of a key pair whose other half isn't there.
    pub(crate) fn half_pair(&self) -> Option<&'static str> {
        let is_there = |name: &&str| self.env.text(name).is_some_and(|value| !value.trim().is_empty());
        let secret = [names::SECRET_ACCESS_KEY, names::SECRET_ACCESS_KEY_SHORT, names::SECRET_KEY];
        let secret = secret.into_iter().find(is_there);
        match (is_there(&names::ACCESS_KEY_ID), secret) {
            _ if self.active.overrides_keys() => None,
            (true, None) => Some(names::ACCESS_KEY_ID),
            (false, Some(secret)) if !is_there(&names::ACCESS_KEY) => Some(secret),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::with_settings;

    const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

    #[test]
    fn a_selected_profile_that_doesnt_exist_is_missing() {
        let config = "[profile prod]\n[default]\n";
        let missing = |variables: &[(&str, &str)]| {
            with_settings(HOST, variables, config, |settings| {
                settings.missing_profile().into_iter().collect::<Vec<_>>()
            })
        };
        let gone = MissingProfile {
            name: "gone".to_owned(),
            variable: Some("AWS_PROFILE"),
            others: vec!["default".to_owned(), "prod".to_owned()],
        };
        assert_eq!(missing(&[("AWS_PROFILE", "gone")]), [gone]);
        for fine in [&[("AWS_PROFILE", "prod")][..], &[("AWS_DEFAULT_PROFILE", "gone")], &[]] {
            assert_eq!(missing(fine), [], "{fine:?}");
        }
    }

    #[test]
    fn half_of_a_pair_is_named_by_its_variable_and_noted() {
        let (id, secret) = (("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "hush"));
        let off = ("AWS_EC2_METADATA_DISABLED", "true");
        for (variables, expected) in [
            (&[id, off][..], Some("AWS_ACCESS_KEY_ID")),
            (&[secret, off], Some("AWS_SECRET_ACCESS_KEY")),
            (&[id, secret, off], None),
            (&[off], None),
            (&[("AWS_SECRET_KEY", "hush"), off], Some("AWS_SECRET_KEY")),
            (&[("AWS_SECRET_KEY", "hush"), ("AWS_ACCESS_KEY", "AKIA"), off], None),
        ] {
            with_settings(HOST, variables, "", |settings| {
                assert_eq!(settings.half_pair(), expected, "{variables:?}");
                let (_, plan) = settings.resolve().expect("nothing contradicts itself");
                assert_eq!(plan.notes.iter().any(|note| note == HALF_PAIR), expected.is_some(), "{variables:?}");
            });
        }
    }
}
