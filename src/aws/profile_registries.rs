//! The registries that the profiles of the AWS CLI are for: what `configure --from-aws-config` offers.
//!
//! The account of a profile is in its role, its settings of SSO, its session of `aws login` or its access key ID; the
//! region is its own, else that of the variables. Nothing is asked, so a profile whose account only AWS knows has none.

use super::AwsSettings;
use super::profile_file::{Profile, Profiles};
use crate::arn::{self, AccountId};
use crate::env::names;
use crate::registry::{Region, Registry};

/// The registry of a profile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProfileRegistry {
    /// The name of the profile.
    pub(crate) profile: String,
    /// The registry; `None` if the account or the region isn't visible.
    pub(crate) registry: Option<Registry>,
}

impl AwsSettings<'_> {
    /// The registry of each profile, in alphabetical order of the names.
    pub(crate) fn profile_registries(&self) -> Vec<ProfileRegistry> {
        let profiles = Profiles::parse(&self.config, &self.credentials);
        let of_variables = [names::REGION, names::DEFAULT_REGION].into_iter().find_map(|name| self.env.text(name));
        let registry = |name: &str| {
            let profile = profiles.profile(name)?;
            let region = Region::parse(profile.get("region").or(of_variables.as_deref())?)?;
            Registry::of(account(&profile)?.as_str(), &region)
        };
        profiles
            .profile_names()
            .map(|name| ProfileRegistry { profile: name.to_owned(), registry: registry(name) })
            .collect()
    }
}

/// The account that a profile signs requests for.
fn account(profile: &Profile<'_>) -> Option<AccountId> {
    let of_arn = |key| profile.get(key).and_then(arn::account).and_then(AccountId::parse);
    let setting = |key| profile.get(key).and_then(AccountId::parse);
    let of_key = || profile.get("aws_access_key_id").and_then(AccountId::of_access_key);
    // The role is what the others get credentials for.
    of_arn("role_arn")
        .or_else(|| setting("sso_account_id"))
        .or_else(|| of_arn("login_session"))
        .or_else(|| setting("aws_account_id"))
        .or_else(of_key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn each_profile_has_the_registry_of_its_account_in_its_region() {
        let config = "\
            [default]\nregion = eu-west-1\n\
            [profile base]\nregion = us-east-1\naws_access_key_id = AKIAQNZGKIQY56JQ7WML\n\
            [profile china]\nregion = cn-north-1\naws_account_id = 111122223333\n\
            [profile login]\nregion = eu-west-1\nlogin_session = arn:aws:iam::555566667777:user/me\n\
            [profile role]\nregion = eu-west-1\nrole_arn = arn:aws:iam::444455556666:role/pull\nsource_profile = base\nsso_account_id = 1\n\
            [profile sso]\nsso_account_id = 111122223333\n\
            [profile odd]\nregion = eu/west\nsso_account_id = 111122223333\n\
            [sso-session x]\nregion = eu-west-1\n";
        let hosts = |variables: &[(&str, &str)]| -> Vec<(String, Option<String>)> {
            let env = Env::fixed(variables.iter().copied());
            let settings =
                AwsSettings { env: &env, config: config.to_owned(), credentials: String::new(), notes: Vec::new() };
            let registries = settings.profile_registries().into_iter();
            registries.map(|found| (found.profile, found.registry.map(|registry| registry.host().to_owned()))).collect()
        };
        let expected = |sso: Option<&str>| {
            [
                ("base", Some("029608264753.dkr.ecr.us-east-1.amazonaws.com")),
                ("china", Some("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn")),
                ("default", None),
                ("login", Some("555566667777.dkr.ecr.eu-west-1.amazonaws.com")),
                ("odd", None),
                ("role", Some("444455556666.dkr.ecr.eu-west-1.amazonaws.com")),
                ("sso", sso),
            ]
            .map(|(profile, host)| (profile.to_owned(), host.map(str::to_owned)))
        };
        assert_eq!(hosts(&[]), expected(None));
        let in_ireland = Some("111122223333.dkr.ecr.eu-west-1.amazonaws.com");
        assert_eq!(hosts(&[("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "us-east-1")]), expected(in_ireland));
    }
}
