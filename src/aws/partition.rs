//! The partition that our credentials belong to, as far as the settings tell.
//!
//! ECR Public is part of the commercial partition and doesn't know the identities of the others: a call for a token would
//! fail, while an anonymous pull works. The ARN of a role tells the partition for certain, else the configured region:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html>.

use super::RegistrySettings;
use crate::arn;
use crate::env::names;
use crate::registry::Partition;

/// The partition of the configured role or region; `None` when neither is configured.
pub(super) fn of_credentials(settings: &RegistrySettings<'_>) -> Option<Partition> {
    let env = settings.env;
    if let Some(account) = settings.target.service_account() {
        return Some(account.role.partition);
    }
    let uses_keys = env.is_set(names::ACCESS_KEY_ID) && !settings.active.overrides_keys();
    let role = settings.property("role_arn").map(str::to_owned).or_else(|| env.text(names::ROLE_ARN));
    role.filter(|_| !uses_keys).and_then(|arn| arn::partition(&arn)).or_else(|| {
        let region = env.text(names::REGION).or_else(|| env.text(names::DEFAULT_REGION));
        region.as_deref().or_else(|| settings.property("region")).map(Partition::of_region)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fixture::with_settings;

    #[test]
    fn the_role_tells_it_and_else_the_region() {
        const CONFIG: &str = "[default]\nregion = eusc-de-east-1\n\
                              [profile china]\nrole_arn = arn:aws-cn:iam::111122223333:role/pull\n\
                              source_profile = default\nregion = us-east-1\n";
        let role = ("AWS_ROLE_ARN", "arn:aws-us-gov:iam::111122223333:role/pull");
        let china = ("AWS_PROFILE", "china");
        let none = ("AWS_PROFILE", "none");
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
            let found = with_settings("public.ecr.aws", variables, CONFIG, of_credentials);
            assert_eq!(found, expected, "{variables:?}");
        }
    }
}
