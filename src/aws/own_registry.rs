//! The caller's own registry, as far as the settings show it: what `list` names on a machine that has cached nothing yet.
//!
//! The region is that of the AWS CLI. The account is in the ARN of the role, in the settings of SSO, or in the access key
//! ID. Both are visible without network, or there is no answer. Nothing here decides which identity signs a request.

use super::{AwsSettings, RegistrySettings};
use crate::arn::{self, AccountId};
use crate::env::names;
use crate::identity::{Base, CredentialSource};
use crate::registry::{Partition, Region, Registry};
use crate::rules::Target;

/// Owns nothing: the rules for its registry are those that apply whatever the account.
const NO_ACCOUNT: &str = "000000000000";

impl AwsSettings<'_> {
    /// The registry of the caller's account in the configured region; `None` unless both are visible. `target_of` is the
    /// registry with the rules that apply to it: they may select the identity.
    pub(crate) fn own_registry(&self, target_of: impl Fn(&Registry) -> Option<Target>) -> Option<Registry> {
        let settings_target = |region: &Region| target_of(&Registry::of(NO_ACCOUNT, region)?);
        let target = settings_target(&Region::parse("us-east-1")?)?;
        let region = self.for_target(&target).ok()?.region()?;
        let target = settings_target(&region)?;
        let settings = self.for_target(&target).ok()?;
        Registry::of(settings.account(&region)?.as_str(), &region)
    }
}

impl RegistrySettings<'_> {
    /// The region, as the AWS CLI reads it; where that finds none, as the SDKs do.
    fn region(&self) -> Option<Region> {
        let of_property = || self.property("region").map(str::to_owned);
        let region = self.env.text(names::DEFAULT_REGION).or_else(of_property).or_else(|| self.env.text(names::REGION));
        Region::parse(region?.trim())
    }

    /// The account of the identity that asks, which must be of the partition of this region.
    fn account(&self, region: &Region) -> Option<AccountId> {
        let (_, plan) = self.resolve().ok()?;
        let of_arn = |arn: &str| {
            let is_here = arn::partition(arn)? == Partition::of_region(region.as_str());
            arn::account(arn).filter(|_| is_here).and_then(AccountId::parse)
        };
        if let Some(role) = plan.roles.last() {
            return of_arn(&role.arn);
        }
        let setting = match plan.source {
            CredentialSource::Environment => self.env.text(names::ACCOUNT_ID),
            _ => self.property("aws_account_id").map(str::to_owned),
        };
        let of_setting = setting.and_then(|account| AccountId::parse(account.trim()));
        match &plan.base {
            Base::Keys(keys) => of_setting.or_else(|| AccountId::of_access_key(&keys.access_key_id)),
            Base::Process { .. } => of_setting,
            Base::WebIdentity { role, .. } => of_arn(&role.arn),
            Base::Sso(session) => AccountId::parse(&session.account_id),
            Base::Login { login_session, .. } => of_arn(login_session),
            // A role that only the machine knows.
            Base::Container { .. } | Base::InstanceMetadata { .. } | Base::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    /// The host of the own registry.
    fn own(variables: &[(&str, &str)], config: &str, credentials: &str) -> Option<String> {
        let env = Env::fixed(variables.iter().copied());
        let [config, credentials] = [config, credentials].map(str::to_owned);
        let settings = AwsSettings { env: &env, config, credentials, notes: Vec::new() };
        let own = settings.own_registry(|registry| Some(Target::of(registry.clone())));
        own.map(|registry| registry.host().to_owned())
    }

    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "ASIAQNZGKIQY56JQ7WML");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "hush");
    const REGION: (&str, &str) = ("AWS_DEFAULT_REGION", "eu-west-1");
    const OF_KEY: &str = "029608264753.dkr.ecr.eu-west-1.amazonaws.com";
    const ONE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    #[test]
    fn the_account_is_that_of_the_identity_that_asks() {
        const SSO: &str = "sso_start_url = https://x\nsso_region = us-east-1\nsso_role_name = r\n";
        const KEYS: &str = "aws_access_key_id = AKIAQNZGKIQY56JQ7WML\naws_secret_access_key = hush\n";
        const OLD: &str = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = hush\n";
        const ROLE: &str = "role_arn = arn:aws:iam::111122223333:role/pull\n";
        // Any text serves as a token here.
        let web = ("AWS_WEB_IDENTITY_TOKEN_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE"));
        let web_role = ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
        for (what, variables, config, expected) in [
            ("keys of the environment", &[ID, SECRET][..], String::new(), Some(OF_KEY)),
            ("their account is named", &[ID, SECRET, ("AWS_ACCOUNT_ID", "111122223333")], String::new(), Some(ONE)),
            ("a name that is no account", &[ID, SECRET, ("AWS_ACCOUNT_ID", "mine")], String::new(), Some(OF_KEY)),
            ("old keys", &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), SECRET], String::new(), None),
            ("keys of a profile", &[], format!("[default]\n{KEYS}"), Some(OF_KEY)),
            ("old keys of a profile", &[], format!("[default]\n{OLD}"), None),
            ("with their account", &[], format!("[default]\n{OLD}aws_account_id = 111122223333\n"), Some(ONE)),
            ("SSO", &[], format!("[default]\n{SSO}sso_account_id = 111122223333\n"), Some(ONE)),
            ("a role", &[], format!("[default]\n{ROLE}source_profile = b\n[profile b]\n{KEYS}"), Some(ONE)),
            (
                "a role of keys",
                &[ID, SECRET],
                format!("[default]\n{ROLE}credential_source = Environment\n"),
                Some(OF_KEY),
            ),
            (
                "a role without keys",
                &[],
                format!("[default]\n{ROLE}credential_source = Ec2InstanceMetadata\n"),
                Some(ONE),
            ),
            ("`aws login`", &[], "[default]\nlogin_session = arn:aws:iam::111122223333:user/Dev\n".into(), Some(ONE)),
            ("a process", &[], "[default]\ncredential_process = p\n".into(), None),
            (
                "with an account",
                &[],
                "[default]\ncredential_process = p\naws_account_id = 111122223333\n".into(),
                Some(ONE),
            ),
            ("web identity", &[web, web_role], String::new(), Some(ONE)),
            ("a container", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1")], String::new(), None),
            ("an instance", &[], String::new(), None),
            ("nothing", &[("AWS_EC2_METADATA_DISABLED", "true")], String::new(), None),
            ("a missing profile", &[("AWS_PROFILE", "gone")], String::new(), None),
            (
                "a broken role",
                &[],
                "[default]\nrole_arn = arn:aws:iam::1:role/x\ncredential_source = Environment\n".into(),
                None,
            ),
            (
                "a role elsewhere",
                &[],
                format!("[default]\n{}credential_source = Environment\n", ROLE.replace(":aws:", ":aws-cn:")),
                None,
            ),
        ] {
            let variables: Vec<_> = variables.iter().copied().chain([REGION]).collect();
            assert_eq!(own(&variables, &config, "").as_deref(), expected, "{what}");
        }
    }

    #[test]
    fn the_region_is_that_of_the_aws_cli_and_decides_the_domain() {
        let config = "[default]\nregion = eu-west-2\n[profile china]\nregion = cn-north-1\n";
        let host = |region: &str, domain: &str| Some(format!("029608264753.dkr.ecr.{region}.{domain}"));
        let other = ("AWS_REGION", "us-west-2");
        for (variables, config, expected) in [
            (&[][..], "", None),
            (&[REGION], "", host("eu-west-1", "amazonaws.com")),
            (&[], config, host("eu-west-2", "amazonaws.com")),
            (&[REGION], config, host("eu-west-1", "amazonaws.com")),
            (&[other], config, host("eu-west-2", "amazonaws.com")),
            (&[other, REGION], config, host("eu-west-1", "amazonaws.com")),
            (&[other], "", host("us-west-2", "amazonaws.com")),
            (&[("AWS_DEFAULT_REGION", "")], config, host("eu-west-2", "amazonaws.com")),
            (&[("AWS_DEFAULT_REGION", "EU-WEST-1")], "", host("eu-west-1", "amazonaws.com")),
            (&[("AWS_DEFAULT_REGION", "not a region")], config, None),
            (&[("AWS_DEFAULT_REGION", "evil.example/")], config, None),
            (&[("AWS_PROFILE", "china")], config, host("cn-north-1", "amazonaws.com.cn")),
            (&[("AWS_DEFAULT_REGION", "us-gov-west-1")], "", host("us-gov-west-1", "amazonaws.com")),
            (&[("AWS_DEFAULT_REGION", "eusc-de-east-1")], "", host("eusc-de-east-1", "amazonaws.eu")),
            (&[("AWS_DEFAULT_REGION", "us-iso-east-1")], "", host("us-iso-east-1", "c2s.ic.gov")),
        ] {
            let variables: Vec<_> = variables.iter().copied().chain([ID, SECRET]).collect();
            assert_eq!(own(&variables, config, ""), expected, "{variables:?}");
        }
    }
}
