//! Which API host is asked for which registry: every partition, every family of hosts, and what the settings add.
//!
//! The helper is given no endpoint but a proxy that writes down who was asked for and refuses: no request leaves this
//! machine.

mod support;

use support::proxy::{Forward, Proxy};
use support::sandbox::Sandbox;

/// The one host that a `get` with keys asks for, with its port.
fn asked_for(host: &str, variables: &[(&str, &str)]) -> String {
    asked_for_in(Sandbox::new().with_keys("AKIDEXAMPLE"), host, variables)
}

/// The one host that a `get` asks for in this home, before it would ask ECR.
fn asked_for_in(sandbox: Sandbox, host: &str, variables: &[(&str, &str)]) -> String {
    let proxy = Proxy::start(Forward::Refuse);
    let mut sandbox = sandbox
        .without("AWS_ENDPOINT_URL")
        .env("HTTPS_PROXY", proxy.url())
        .env("HTTP_PROXY", proxy.url())
        .env("AWS_MAX_ATTEMPTS", "1");
    for (name, value) in variables {
        sandbox = sandbox.env(name, value);
    }
    sandbox.get(host).assert_not_found();
    let mut targets = proxy.targets();
    if targets.len() > 1 {
        // The API is connected to while the credentials are asked for, if that takes long enough.
        targets.retain(|target| !target.contains("ecr"));
    }
    let [target] = &targets[..] else { panic!("{host} asked for {targets:?}") };
    target.clone()
}

/// A registry's host, variables, and the API host that is asked.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

fn holds(rows: &[Row<'_>]) {
    // All at once: a process each, and none of them does much.
    std::thread::scope(|scope| {
        let rows: Vec<_> = rows
            .iter()
            .map(|(host, variables, expected)| (host, expected, scope.spawn(|| asked_for(host, variables))))
            .collect();
        for (host, expected, asked_for) in rows {
            assert_eq!(asked_for.join().expect("one target"), format!("{expected}:443"), "{host}");
        }
    });
}

/// The names of the endpoints: <https://docs.aws.amazon.com/general/latest/gr/ecr.html>. For FIPS the SDK puts `api.`
/// before what that page lists.
#[test]
fn the_host_of_a_registry_decides_the_host_of_the_api() {
    holds(&[
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", &[], "api.ecr.eu-west-1.amazonaws.com"),
        ("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com", &[], "api.ecr-fips.us-east-1.amazonaws.com"),
        ("111122223333.dkr-ecr.eu-west-1.on.aws", &[], "ecr.eu-west-1.api.aws"),
        ("111122223333.dkr-ecr-fips.us-east-1.on.aws", &[], "ecr-fips.us-east-1.api.aws"),
        ("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", &[], "api.ecr.us-gov-west-1.amazonaws.com"),
        ("111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com", &[], "api.ecr-fips.us-gov-west-1.amazonaws.com"),
        ("111122223333.dkr-ecr.us-gov-west-1.on.aws", &[], "ecr.us-gov-west-1.api.aws"),
        ("111122223333.dkr-ecr-fips.us-gov-east-1.on.aws", &[], "ecr-fips.us-gov-east-1.api.aws"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", &[], "api.ecr.cn-north-1.amazonaws.com.cn"),
        (
            "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
            &[],
            "ecr.cn-north-1.api.amazonwebservices.com.cn",
        ),
        ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", &[], "api.ecr.eusc-de-east-1.amazonaws.eu"),
        ("111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov", &[], "api.ecr.us-iso-east-1.c2s.ic.gov"),
        ("111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", &[], "api.ecr.us-isob-east-1.sc2s.sgov.gov"),
        ("111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", &[], "api.ecr.eu-isoe-west-1.cloud.adc-e.uk"),
        ("111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", &[], "api.ecr.us-isof-south-1.csp.hci.ic.gov"),
        ("public.ecr.aws", &[], "api.ecr-public.us-east-1.amazonaws.com"),
        ("ecr-public.aws.com", &[], "ecr-public.us-east-1.api.aws"),
    ]);
}

#[test]
fn flags_ask_for_another_kind_of_endpoint_and_not_beside_a_url_of_the_user_s() {
    let host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual_stack = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    let url = "https://vpce-0abc.api.ecr.us-east-1.vpce.amazonaws.com";
    let vpce = url.strip_prefix("https://").expect("a URL");
    holds(&[
        (host, &[fips], "api.ecr-fips.us-east-1.amazonaws.com"),
        (host, &[dual_stack], "ecr.us-east-1.api.aws"),
        (host, &[fips, dual_stack], "ecr-fips.us-east-1.api.aws"),
        ("public.ecr.aws", &[dual_stack], "ecr-public.us-east-1.api.aws"),
        (host, &[fips, dual_stack, ("AWS_ENDPOINT_URL_ECR", url)], vpce),
        ("111122223333.dkr-ecr-fips.us-east-1.on.aws", &[("AWS_ENDPOINT_URL", url)], vpce),
        (host, &[("AWS_ENDPOINT_URL_ECR_PUBLIC", url)], "api.ecr.us-east-1.amazonaws.com"),
        (
            host,
            &[("AWS_ENDPOINT_URL", url), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
            "api.ecr.us-east-1.amazonaws.com",
        ),
    ]);
}

/// Whoever gives the credentials is asked first, and the API of ECR isn't once that is refused:
/// <https://docs.aws.amazon.com/general/latest/gr/sts.html>.
#[test]
fn flags_ask_for_another_kind_of_endpoint_of_sts_and_sso_too() {
    const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    let keys = "aws_secret_access_key = made/up/secret/of/a/profile/0123456789\naws_access_key_id = AKIDEXAMPLE\n";
    let role = || {
        let sandbox = Sandbox::new().env("AWS_PROFILE", "dev");
        let role = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/pull\nsource_profile = base\n";
        sandbox.write(".aws/config", format!("{role}[profile base]\n{keys}"));
        sandbox
    };
    let ruled = || {
        let sandbox = Sandbox::new().with_keys("AKIDEXAMPLE");
        sandbox.write(
            ".config/ecr-login/config.toml",
            "[[registry]]\nmatch = '*'\nrole_arn = 'arn:aws:iam::111122223333:role/pull'\n",
        );
        sandbox
    };
    let web_identity = || {
        let sandbox = Sandbox::new().env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
        let file = sandbox.write("token", "a-token-that-nobody-reads");
        sandbox.env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
    };
    let sso = || {
        let sandbox = Sandbox::new().env("AWS_PROFILE", "dev");
        sandbox.write(
            ".aws/config",
            "[profile dev]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n\
             sso_account_id = 111122223333\nsso_role_name = reader\n",
        );
        // The SHA-1 of the start URL, as the AWS CLI names the file.
        sandbox.write(
            ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json",
            r#"{"accessToken":"an-access-token","expiresAt":"2099-01-01T00:00:00Z","region":"us-east-1","startUrl":"https://example.awsapps.com/start"}"#,
        );
        sandbox
    };
    let fips = ("AWS_USE_FIPS_ENDPOINT", "true");
    let dual_stack = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    let (plain, of_fips, of_dual_stack) =
        ("sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws");
    let url = ("AWS_ENDPOINT_URL_STS", "https://sts.example.com");
    for (name, home) in
        [("a role", &role as &dyn Fn() -> Sandbox), ("a rule", &ruled), ("a web identity", &web_identity)]
    {
        for (variables, expected) in [
            (&[][..], plain),
            (&[fips][..], of_fips),
            (&[dual_stack], of_dual_stack),
            (&[fips, url], "sts.example.com"),
            (&[dual_stack, ("AWS_ENDPOINT_URL_ECR", "https://ecr.example.com")], of_dual_stack),
        ] {
            assert_eq!(asked_for_in(home(), HOST, variables), format!("{expected}:443"), "{name} {variables:?}");
        }
    }
    let host = "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com";
    assert_eq!(asked_for_in(role(), host, &[]), format!("{plain}:443"), "a registry's host says nothing of STS");
    for (variables, expected) in
        [(&[][..], "portal.sso.us-east-1.amazonaws.com"), (&[dual_stack], "portal.sso.us-east-1.api.aws")]
    {
        assert_eq!(asked_for_in(sso(), HOST, variables), format!("{expected}:443"), "{variables:?}");
    }
}
