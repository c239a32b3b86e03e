//! The partition that our credentials belong to, as far as the settings tell.
//!
//! ECR Public is part of the commercial partition, and identities of the others are unknown there: a call for a token
//! can't work, while an anonymous pull does. The ARN of a role says it for certain; else the region that is configured:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html>.

use crate::env::{Env, names};
use crate::registry::Partition;
use crate::settings::profile_file::Profiles;
use crate::settings::selected::ActiveProfile;

/// The partition of the role or region that is configured; `None` when neither is.
pub(super) fn of_credentials(env: &Env, profiles: &Profiles<'_>, selected: &ActiveProfile) -> Option<Partition> {
    let profile = profiles.profile(&selected.name);
    let setting = |key: &str| profile.as_ref().and_then(|profile| profile.get(key));
    let of_arn = |arn: &str| arn.strip_prefix("arn:")?.split(':').next().and_then(Partition::parse);
    let of_keys = env.is_set(names::ACCESS_KEY_ID) && !selected.is_more_specific_than_keys();
    let role = setting("role_arn").map(str::to_owned).or_else(|| env.text(names::ROLE_ARN)).filter(|_| !of_keys);
    role.and_then(|arn| of_arn(&arn)).or_else(|| {
        let region = env.text(names::REGION).or_else(|| env.text(names::DEFAULT_REGION));
        region.as_deref().or_else(|| setting("region")).map(Partition::of_region)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_says_it_and_else_the_region() {
        const CONFIG: &str = "[default]\nregion = eusc-de-east-1\n\
                              [profile china]\nrole_arn = arn:aws-cn:iam::111122223333:role/pull\n\
                              source_profile = default\nregion = us-east-1\n";
        let role = ("AWS_ROLE_ARN", "arn:aws-us-gov:iam::111122223333:role/pull");
        let china = ("AWS_PROFILE", "china");
        let none = ("AWS_PROFILE", "none");
        let profiles = Profiles::parse(CONFIG, "").expect("a good file");
        for (variables, expected) in [
            (&[][..], Some(Partition::AwsEusc)),
            (&[china], Some(Partition::AwsCn)),
            (&[china, ("AWS_ACCESS_KEY_ID", "AKID")], Some(Partition::Aws)),
            (&[none], None),
            (&[none, role], Some(Partition::AwsUsGov)),
            (&[none, ("AWS_ROLE_ARN", "nonsense")], None),
            (&[none, ("AWS_REGION", "cn-north-1"), ("AWS_DEFAULT_REGION", "us-east-1")], Some(Partition::AwsCn)),
            (&[none, ("AWS_DEFAULT_REGION", "us-isob-east-1")], Some(Partition::AwsIsoB)),
            (&[("AWS_REGION", "eu-west-1")], Some(Partition::Aws)),
        ] {
            let env = Env::fixed(variables.iter().copied());
            assert_eq!(
                of_credentials(&env, &profiles, &ActiveProfile::of_environment(&env)),
                expected,
                "{variables:?}"
            );
        }
    }
}
