//! Where each setting that decides an identity was found: a variable, a line of a file, a rule, or nowhere.
//!
//! It looks at the same parsed files and takes the same order as the resolution, whose [`CredentialPlan`] says what the
//! credentials are made of. Only the commands for people ask for this. Secrets are named, and never shown.

mod identity;

use std::path::PathBuf;

use super::endpoint::{self, AwsService, UrlOrigin};
use super::profile_file::{Profile, line_number};
use super::{AwsSettings, RegistrySettings};
use crate::env::{Env, names};
use crate::identity::CredentialPlan;
use crate::paths;
use crate::redact::{clean_line, shorten};
use crate::registry::Service;
use crate::rules::{Position, Rule};

/// The longest value that is shown.
const LONGEST_VALUE: usize = 200;

/// A setting, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its name, which is that of the property in a profile, also where a variable gives the value.
    pub(crate) name: &'static str,
    /// The value, fit to be shown; `None` for a secret.
    pub(crate) value: Option<String>,
    pub(crate) found_at: Place,
}

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Variable(&'static str),
    /// A line of a profile file.
    ProfileFile {
        path: PathBuf,
        line: usize,
    },
    /// A rule of the configuration file, which begins here.
    Rule {
        path: PathBuf,
        position: Position,
    },
    /// `auto_profile` of the configuration file: the account of the registry selects the profile.
    AutoProfile {
        path: PathBuf,
    },
    /// The name of the registry's host.
    Host,
    /// Nowhere: it is what applies when nothing is set.
    Default,
}

impl Place {
    /// As a person reads it, with `~` for the home directory.
    pub(crate) fn shown(&self, env: &Env) -> String {
        match self {
            Self::Variable(name) => (*name).to_owned(),
            Self::ProfileFile { path, line } => format!("{}:{line}", paths::with_tilde(env, path)),
            Self::Rule { path, position } => format!("{}:{position}", paths::with_tilde(env, path)),
            Self::AutoProfile { path } => format!("auto_profile in {}", paths::with_tilde(env, path)),
            Self::Host => "the host's name".to_owned(),
            Self::Default => "the default".to_owned(),
        }
    }
}

impl AwsSettings<'_> {
    /// The file and line of a part of a profile file's text.
    fn locate(&self, part: &str) -> Option<Place> {
        let texts = [&self.config, &self.credentials].into_iter();
        texts.zip(paths::profile_files(self.env)).find_map(|(text, file)| {
            let range = text.as_bytes().as_ptr_range();
            let is_inside = !text.is_empty() && (range.start..=range.end).contains(&part.as_ptr());
            Some(Place::ProfileFile { path: file.filter(|_| is_inside)?.path, line: line_number(text, part) })
        })
    }
}

impl RegistrySettings<'_> {
    /// The settings that decide the identity, in the order in which they lead to it. Without a plan, since the settings
    /// contradict each other, only the profile that was looked for.
    pub(crate) fn identity_settings(&self, plan: Option<&CredentialPlan>) -> Vec<Setting> {
        let mut collector = Collector { settings: self, found: Vec::new() };
        match plan {
            Some(plan) => collector.add_plan(plan),
            None => collector.add_active_profile(),
        }
        collector.found
    }

    /// The settings that decide which API is called, the region first.
    pub(crate) fn api_settings(&self) -> Vec<Setting> {
        let mut collector = Collector { settings: self, found: Vec::new() };
        collector.add_api();
        collector.found
    }
}

/// The settings found so far.
struct Collector<'c> {
    settings: &'c RegistrySettings<'c>,
    found: Vec<Setting>,
}

impl Collector<'_> {
    fn add(&mut self, name: &'static str, value: &str, found_at: Place) {
        let value = Some(shorten(&clean_line(value), LONGEST_VALUE));
        self.found.push(Setting { name, value, found_at });
    }

    fn add_secret(&mut self, name: &'static str, found_at: Place) {
        self.found.push(Setting { name, value: None, found_at });
    }

    fn locate(&self, part: Option<&str>) -> Place {
        part.and_then(|part| self.settings.settings.locate(part)).unwrap_or(Place::Default)
    }

    fn rule(&self, rule: &Rule) -> Place {
        Place::Rule { path: self.settings.target.file().to_owned(), position: rule.position }
    }

    /// The first of the variables that is set, else the property of the active profile.
    fn add_setting(&mut self, variables: &[&'static str], key: &'static str) -> bool {
        self.add_setting_of(self.settings.profile.as_ref(), variables, key)
    }

    /// The same with another profile's settings, or none.
    fn add_setting_of(&mut self, profile: Option<&Profile<'_>>, variables: &[&'static str], key: &'static str) -> bool {
        let env = self.settings.env;
        let variable = variables.iter().find_map(|variable| Some((*variable, env.text(variable)?)));
        if let Some((variable, value)) = variable {
            self.add(key, &value, Place::Variable(variable));
        } else if let Some(profile) = profile
            && let Some(value) = profile.get(key)
        {
            let place = self.locate(profile.line_of(key));
            self.add(key, value, place);
        } else {
            return false;
        }
        true
    }

    /// The endpoint URL of a service that gives credentials, if one is configured.
    fn add_endpoint(&mut self, name: &'static str, service: AwsService) {
        if let Some((url, origin)) = endpoint::find_url(self.settings, service) {
            let place = self.place_of_url(origin);
            self.add(name, &url, place);
        }
    }

    fn place_of_url(&self, origin: UrlOrigin<'_>) -> Place {
        match origin {
            UrlOrigin::Variable(name) => Place::Variable(name),
            UrlOrigin::Services(part) => self.locate(Some(part)),
            UrlOrigin::Property => {
                let profile = self.settings.profile.as_ref();
                self.locate(profile.and_then(|profile| profile.line_of("endpoint_url")))
            }
        }
    }

    fn add_api(&mut self) {
        let target = self.settings.target;
        let rule_with = |has: fn(&Rule) -> bool| target.rules().find(|rule| has(rule));
        let region_rule = rule_with(|rule| rule.region.is_some());
        let place = region_rule.map_or(Place::Host, |rule| self.rule(rule));
        self.add("region", target.api().region.as_str(), place);
        if let Some(rule) = rule_with(|rule| rule.endpoint_url.is_some()) {
            let (url, place) = (rule.endpoint_url.clone().unwrap_or_default(), self.rule(rule));
            self.add("endpoint_url", &url, place);
        } else {
            let service = match target.service() {
                Service::Ecr => AwsService::Ecr,
                Service::EcrPublic => AwsService::EcrPublic,
            };
            self.add_endpoint("endpoint_url", service);
        }
        let host = target.registry().endpoint_variant;
        let (fips, dual_stack) = ("use_fips_endpoint", "use_dualstack_endpoint");
        self.add_flag(fips, names::USE_FIPS, host.fips, |rule| rule.fips);
        self.add_flag(dual_stack, names::USE_DUALSTACK, host.dual_stack, |rule| rule.dual_stack);
    }

    /// A flag that is on, by the host or by the first of rule, variable and property.
    fn add_flag(&mut self, key: &'static str, variable: &'static str, of_host: bool, of: fn(&Rule) -> Option<bool>) {
        let rule = self.settings.target.rules().find(|rule| of(rule).is_some());
        if of_host {
            self.add(key, "true", Place::Host);
        } else if let Some(rule) = rule {
            if of(rule) == Some(true) {
                let place = self.rule(rule);
                self.add(key, "true", place);
            }
        } else if self.settings.flag(variable, key) {
            self.add_setting(&[variable], key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::MAIN_SEPARATOR;

    use super::*;
    use crate::registry::Registry;
    use crate::rules::{Destination, Rules, Target};

    const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    const HOME: (&str, &str) = ("HOME", "/home/me");
    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIAENV");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "hush-hush");
    /// Any text serves as a token here.
    const TOKEN_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE");

    /// Each setting as a line, with `/` in the paths of files.
    fn lines(settings: &[Setting], env: &Env) -> Vec<String> {
        let shown = |setting: &Setting| {
            let Setting { name, value, found_at } = setting;
            let found_at = found_at.shown(env).replace(MAIN_SEPARATOR, "/");
            format!("{name} = {} ({found_at})", value.as_deref().unwrap_or("***"))
        };
        settings.iter().map(shown).collect()
    }

    fn with<T>(
        target: &Target,
        variables: &[(&str, &str)],
        config: &str,
        credentials: &str,
        then: impl Fn(&RegistrySettings<'_>, &Env) -> T,
    ) -> T {
        let env = Env::fixed(variables.iter().copied().chain([HOME]));
        let [config, credentials] = [config, credentials].map(str::to_owned);
        let settings = AwsSettings { env: &env, config, credentials, notes: Vec::new() };
        let settings = settings.for_target(target).expect("one profile is meant");
        then(&settings, &env)
    }

    /// Each setting of the identity as a line, and the name of the identity before them.
    fn identity(variables: &[(&str, &str)], config: &str, credentials: &str) -> Vec<String> {
        let target = Target::of(Registry::parse(HOST).expect("an ECR host"));
        with(&target, variables, config, credentials, |settings, env| {
            let resolved = settings.resolve();
            let plan = resolved.as_ref().map(|(_, plan)| plan);
            let name =
                plan.map_or_else(std::string::ToString::to_string, crate::identity::CredentialPlan::identity_name);
            [vec![name], lines(&settings.identity_settings(plan.ok()), env)].concat()
        })
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn every_source_says_where_its_settings_were_found() {
        const KEYS: &str = "aws_access_key_id = AKIAFILE\naws_secret_access_key = hush-hush\n";
        const ROLE: &str = "role_arn = arn:aws:iam::111122223333:role/pull\n";
        const SSO: &str = "sso_account_id = 111122223333\nsso_role_name = pull\n";
        let (dev, token_file) = (("AWS_PROFILE", "dev"), ("AWS_WEB_IDENTITY_TOKEN_FILE", TOKEN_FILE));
        let role_arn = ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/web");
        for (variables, config, credentials, expected) in [
            (
                &[ID, SECRET, ("AWS_SESSION_TOKEN", "hush-too")][..],
                String::new(),
                String::new(),
                &[
                    "access key AKIAENV",
                    "aws_access_key_id = AKIAENV (AWS_ACCESS_KEY_ID)",
                    "aws_secret_access_key = *** (AWS_SECRET_ACCESS_KEY)",
                    "aws_session_token = *** (AWS_SESSION_TOKEN)",
                ][..],
            ),
            (
                &[dev],
                String::new(),
                format!("# mine\n\n[dev]\n{KEYS}aws_session_token = hush-too\n"),
                &[
                    "profile dev",
                    "profile = dev (AWS_PROFILE)",
                    "aws_access_key_id = AKIAFILE (~/.aws/credentials:4)",
                    "aws_secret_access_key = *** (~/.aws/credentials:5)",
                    "aws_session_token = *** (~/.aws/credentials:6)",
                ],
            ),
            (
                &[("AWS_DEFAULT_PROFILE", "dev"), ("AWS_CONFIG_FILE", "/etc/aws\u{1b}.ini")],
                format!(
                    "[profile dev]\r\n{ROLE}\r\nexternal_id = blue\rsource_profile = mid # note\r\n\
                     [profile mid]\n{ROLE}source_profile=base\nmfa_serial = arn:aws:iam::111122223333:mfa/me\n"
                ),
                format!("[base]\n{KEYS}"),
                &[
                    "profile dev",
                    "profile = dev (AWS_DEFAULT_PROFILE)",
                    "role_arn = arn:aws:iam::111122223333:role/pull (/etc/aws .ini:2)",
                    "external_id = blue (/etc/aws .ini:4)",
                    "source_profile = mid # note (/etc/aws .ini:5)",
                    "role_arn = arn:aws:iam::111122223333:role/pull (/etc/aws .ini:7)",
                    "mfa_serial = arn:aws:iam::111122223333:mfa/me (/etc/aws .ini:9)",
                    "source_profile = base (/etc/aws .ini:8)",
                    "aws_access_key_id = AKIAFILE (~/.aws/credentials:2)",
                    "aws_secret_access_key = *** (~/.aws/credentials:3)",
                ],
            ),
            (
                &[ID, SECRET, dev],
                format!("[profile dev]\n{ROLE}credential_source = Environment\n"),
                String::new(),
                &[
                    "access key AKIAENV",
                    "aws_access_key_id = AKIAENV (AWS_ACCESS_KEY_ID)",
                    "aws_secret_access_key = *** (AWS_SECRET_ACCESS_KEY)",
                ],
            ),
            (
                &[dev, ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/hush-hush")],
                format!("[profile dev]\n{ROLE}credential_source = EcsContainer\n"),
                String::new(),
                &[
                    "profile dev",
                    "profile = dev (AWS_PROFILE)",
                    "role_arn = arn:aws:iam::111122223333:role/pull (~/.aws/config:2)",
                    "credential_source = EcsContainer (~/.aws/config:3)",
                    "container endpoint = http://169.254.170.2 (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)",
                ],
            ),
            (
                &[],
                format!(
                    "[default]\n{SSO}sso_session = corp\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp\n"
                ),
                String::new(),
                &[
                    "profile default",
                    "profile = default (the default)",
                    "sso_session = corp (~/.aws/config:4)",
                    "sso_start_url = https://corp (~/.aws/config:7)",
                    "sso_region = us-east-1 (~/.aws/config:6)",
                    "sso_account_id = 111122223333 (~/.aws/config:2)",
                    "sso_role_name = pull (~/.aws/config:3)",
                ],
            ),
            (
                &[("AWS_ENDPOINT_URL_STS", "https://me:hush-hush@sts"), token_file, role_arn],
                String::new(),
                String::new(),
                &[
                    "web identity arn:aws:iam::111122223333:role/web",
                    concat!(
                        "web_identity_token_file = ",
                        env!("CARGO_MANIFEST_DIR"),
                        "/LICENSE (AWS_WEB_IDENTITY_TOKEN_FILE)"
                    ),
                    "role_arn = arn:aws:iam::111122223333:role/web (AWS_ROLE_ARN)",
                    "sts endpoint_url = https://***@sts (AWS_ENDPOINT_URL_STS)",
                ],
            ),
            (
                &[dev, token_file, role_arn],
                format!("[profile dev]\n{ROLE}role_session_name = of-another-role\n"),
                String::new(),
                &[
                    "web identity arn:aws:iam::111122223333:role/web",
                    concat!(
                        "web_identity_token_file = ",
                        env!("CARGO_MANIFEST_DIR"),
                        "/LICENSE (AWS_WEB_IDENTITY_TOKEN_FILE)"
                    ),
                    "role_arn = arn:aws:iam::111122223333:role/web (AWS_ROLE_ARN)",
                ],
            ),
            (
                &[dev],
                format!(
                    "[profile dev]\nservices = s\nweb_identity_token_file = {TOKEN_FILE}\n{ROLE}\n[services s]\nsts =\n  endpoint_url = http://sts\n"
                ),
                String::new(),
                &[
                    "profile dev",
                    "profile = dev (AWS_PROFILE)",
                    concat!("web_identity_token_file = ", env!("CARGO_MANIFEST_DIR"), "/LICENSE (~/.aws/config:3)"),
                    "role_arn = arn:aws:iam::111122223333:role/pull (~/.aws/config:4)",
                    "sts endpoint_url = http://sts (~/.aws/config:8)",
                ],
            ),
            (
                &[dev],
                "[profile dev]\ncredential_process = key --password hush-hush\n  --more hush-hush\n".to_owned(),
                String::new(),
                &["profile dev", "profile = dev (AWS_PROFILE)", "credential_process = *** (~/.aws/config:2)"],
            ),
            (
                &[dev],
                "[profile dev]\nlogin_session = arn:aws:iam::111122223333:user/Dev\nregion = eu-west-1\n".to_owned(),
                String::new(),
                &[
                    "profile dev",
                    "profile = dev (AWS_PROFILE)",
                    "login_session = arn:aws:iam::111122223333:user/Dev (~/.aws/config:2)",
                    "region = eu-west-1 (~/.aws/config:3)",
                ],
            ),
            (
                &[
                    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/hush-hush"),
                    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", TOKEN_FILE),
                ],
                String::new(),
                String::new(),
                &[
                    "container credentials",
                    "container endpoint = http://169.254.170.23 (AWS_CONTAINER_CREDENTIALS_FULL_URI)",
                    concat!(
                        "container token file = ",
                        env!("CARGO_MANIFEST_DIR"),
                        "/LICENSE (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)"
                    ),
                ],
            ),
            (
                &[],
                String::new(),
                String::new(),
                &["instance metadata", "ec2_metadata_service_endpoint = http://169.254.169.254 (the default)"],
            ),
            (
                &[("AWS_ACCESS_KEY", "AKIAOLD"), ("AWS_SECRET_KEY", "hush-hush")],
                "[default]\nec2_metadata_service_endpoint_mode = IPv6\n".to_owned(),
                String::new(),
                &[
                    "instance metadata",
                    "ec2_metadata_service_endpoint_mode = IPv6 (~/.aws/config:2)",
                    "aws_access_key_id = AKIAOLD (AWS_ACCESS_KEY)",
                    "aws_secret_access_key = *** (AWS_SECRET_KEY)",
                ],
            ),
            (
                &[("AWS_EC2_METADATA_DISABLED", "true")],
                String::new(),
                String::new(),
                &["no credential source", "AWS_EC2_METADATA_DISABLED = true (AWS_EC2_METADATA_DISABLED)"],
            ),
            (
                &[dev],
                String::new(),
                String::new(),
                &[
                    "the AWS settings are invalid (profile `dev` is not in the shared configuration files)",
                    "profile = dev (AWS_PROFILE)",
                ],
            ),
        ] {
            let found = identity(variables, &config, &credentials);
            assert_eq!(found, expected, "{variables:?} {config}");
            assert!(!found.concat().contains("hush"), "{found:?}");
        }
    }

    fn ruled(rule: Rule) -> Target {
        let file = "/home/me/.config/ecr-login/config.toml".into();
        let rules = Rules { file, registries: vec![rule], ..Rules::default() };
        let Destination::Ecr(target) = rules.destination(HOST) else { panic!("an ECR host") };
        target
    }

    #[test]
    fn a_rule_is_named_with_its_line_for_all_that_it_gives() {
        let role = crate::rules::Role {
            arn: crate::arn::RoleArn::parse("arn:aws:iam::444455556666:role/pull").expect("an ARN"),
            external_id: Some("blue".to_owned()),
            session_name: None,
        };
        let selecting = Rule {
            patterns: vec![crate::rules::Pattern::Host(HOST.to_owned())],
            profile: Some("base".to_owned()),
            role: Some(role),
            region: crate::registry::Region::parse("eu-west-1"),
            endpoint_url: Some("https://vpce.example".to_owned()),
            position: Position { line: 3, column: 1 },
            ..Rule::default()
        };
        let credentials = "[base]\naws_access_key_id = AKIA\naws_secret_access_key = hush\n";
        let (identity, api, name) = with(&ruled(selecting), &[ID, SECRET], "", credentials, |settings, env| {
            let (_, plan) = settings.resolve().expect("resolved");
            let (identity, api) = (settings.identity_settings(Some(&plan)), settings.api_settings());
            (lines(&identity, env), lines(&api, env), plan.identity_name())
        });
        assert_eq!(name, "profile base, role arn:aws:iam::444455556666:role/pull");
        assert_eq!(
            identity,
            [
                "profile = base (~/.config/ecr-login/config.toml:3:1)",
                "aws_access_key_id = AKIA (~/.aws/credentials:2)",
                "aws_secret_access_key = *** (~/.aws/credentials:3)",
                "role_arn = arn:aws:iam::444455556666:role/pull (~/.config/ecr-login/config.toml:3:1)",
                "external_id = blue (~/.config/ecr-login/config.toml:3:1)",
            ]
        );
        assert_eq!(
            api,
            [
                "region = eu-west-1 (~/.config/ecr-login/config.toml:3:1)",
                "endpoint_url = https://vpce.example (~/.config/ecr-login/config.toml:3:1)",
            ]
        );
    }

    #[test]
    fn the_endpoint_is_traced_to_the_host_the_variable_or_the_profile() {
        const CONFIG: &str = "[default]\nuse_dualstack_endpoint = true\nservices = local\n\
                              [services local]\necr =\n  endpoint_url = http://section\n\
                              [profile plain]\nendpoint_url = http://plain\n";
        let region = "region = us-east-1 (the host's name)";
        let fips = HOST.replace("ecr", "ecr-fips");
        let none = ("AWS_PROFILE", "none");
        for (host, variables, expected) in [
            (HOST, &[none][..], &[region][..]),
            (&fips, &[none], &[region, "use_fips_endpoint = true (the host's name)"]),
            (
                HOST,
                &[],
                &[
                    region,
                    "endpoint_url = http://section (~/.aws/config:6)",
                    "use_dualstack_endpoint = true (~/.aws/config:2)",
                ],
            ),
            (
                HOST,
                &[("AWS_PROFILE", "plain"), ("AWS_USE_FIPS_ENDPOINT", "true")],
                &[
                    region,
                    "endpoint_url = http://plain (~/.aws/config:8)",
                    "use_fips_endpoint = true (AWS_USE_FIPS_ENDPOINT)",
                ],
            ),
            (
                HOST,
                &[("AWS_ENDPOINT_URL", "http://all"), none],
                &[region, "endpoint_url = http://all (AWS_ENDPOINT_URL)"],
            ),
        ] {
            let target = Target::of(Registry::parse(host).expect("an ECR host"));
            let found = with(&target, variables, CONFIG, "", |settings, env| lines(&settings.api_settings(), env));
            assert_eq!(found, expected, "{host} {variables:?}");
        }
    }
}
