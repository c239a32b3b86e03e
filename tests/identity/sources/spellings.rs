//! Settings that people and other tools write in other ways than the documentation has them.

use docker_credential_ecr_login::unstable::ProfileBase;

use super::{
    AS_BOTH, AS_CLI, AS_GO, BASE_OF_CHAIN, ENVIRONMENT, INSTANCE, KEPT, PULL, STATIC_PROFILE, case, named, profile,
    role_on, signs,
};
use crate::identity::judge::{Case, Ours, Sdk};
use crate::identity::scenario::Scenario;

const KEYS: &str = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = made/up/secret/of/the/profile\n";

/// The way a profile is written in its file doesn't matter.
pub(crate) fn files() -> Vec<Case> {
    let credentials = |text: &str| Scenario::new().credentials(text);
    let from_profile = || signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE");
    let named_profile = |name: &'static str, config: &str| Scenario::new().env("AWS_PROFILE", name).config(config);
    let from = |name: &str| signs(named(name, ProfileBase::Keys), KEPT, "AKIAPROFILE");
    vec![
        case("colons", credentials(&STATIC_PROFILE.replace(" =", ":")), from_profile()).sdk(Sdk::Fails(AS_BOTH)),
        case("a colon and an equals sign", credentials(&STATIC_PROFILE.replacen(" =", " :", 1)), from_profile())
            .sdk(Sdk::Fails(AS_BOTH)),
        case("colons without blanks", credentials(&STATIC_PROFILE.replace(" = ", ":")), from_profile())
            .sdk(Sdk::Fails(AS_BOTH)),
        case("indented properties", credentials(&STATIC_PROFILE.replace("aws", "    aws")), from_profile())
            .sdk(Sdk::Fails(AS_BOTH)),
        case("properties indented with tabs", credentials(&STATIC_PROFILE.replace("aws", "\taws")), from_profile())
            .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "an indented file",
            credentials(&STATIC_PROFILE.replace("aws", "    aws").replace("[default]", "  [default]")),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "indented properties behind a comment and an empty line",
            credentials(&STATIC_PROFILE.replace("aws", "  aws").replace("[default]\n", "[default]\n  # mine\n\n")),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "a comment among nested settings",
            Scenario::new()
                .without("AWS_ENDPOINT_URL")
                .config(&format!(
                    "{}services = local\n[services local]\nsts =\n  # ours\n  endpoint_url = {{aws}}\necr =\n  ; too\n  \
                     endpoint_url = {{aws}}\n",
                    role_on("source_profile = base")
                ))
                .credentials(BASE_OF_CHAIN),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        ).sdk(Sdk::Fails(AS_BOTH)),
        case("line ends of Windows", credentials(&STATIC_PROFILE.replace('\n', "\r\n")), from_profile()),
        case("line ends of old Macs", credentials(&STATIC_PROFILE.replace('\n', "\r")), from_profile())
            .sdk(Sdk::Fails(AS_CLI)),
        case("a byte order mark", credentials(&format!("\u{feff}{STATIC_PROFILE}")), from_profile())
            .sdk(Sdk::Fails("the AWS CLI reads it on systems whose encoding is UTF-8 with a mark")),
        case("no-break spaces", credentials(&STATIC_PROFILE.replace(" = ", "\u{a0}=\u{a0}")), from_profile())
            .sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case("names in capital letters", credentials(&STATIC_PROFILE.replace("aws_", "AWS_")), from_profile()),
        case("a name in double quotes", named_profile("my team", &format!("[profile \"my team\"]\n{KEYS}")), from("my team")).sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case("a name in single quotes", named_profile("my team", &format!("[profile 'my team']\n{KEYS}")), from("my team")).sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case("a name with a quote", named_profile("it's", &format!("[profile \"it's\"]\n{KEYS}")), from("it's")).sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case("a name with blanks, as it is", named_profile("my team", &format!("[profile my team]\n{KEYS}")), from("my team")).sdk(Sdk::Finds(INSTANCE, AS_GO)),
        case(
            "a name with blanks in the credentials file",
            credentials(&STATIC_PROFILE.replace("default", "my team")).env("AWS_PROFILE", "my team"),
            from("my team"),
        ).sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
        case(
            "a name in another script",
            named_profile("\u{433}\u{440}\u{443}\u{43f}\u{43f}\u{430}", &format!("[profile \u{433}\u{440}\u{443}\u{43f}\u{43f}\u{430}]\n{KEYS}")),
            from("\u{433}\u{440}\u{443}\u{43f}\u{43f}\u{430}"),
        ).sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
        case(
            "a source profile in quotes",
            Scenario::new()
                .config(&format!("{}[profile \"my base\"]\n{KEYS}", role_on("source_profile = my base")))
                .env("AWS_PROFILE", "default"),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        ).sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case(
            "a header twice",
            credentials("[default]\naws_access_key_id = AKIAPROFILE\n[other]\n[default]\naws_secret_access_key = made/up/secret\n"),
            from_profile(),
        ),
        case(
            "a property twice",
            credentials(&STATIC_PROFILE.replace("[default]\n", "[default]\naws_access_key_id = AKIANOT\n")),
            from_profile(),
        ),
        case(
            "text behind the header",
            credentials(&STATIC_PROFILE.replace("[default]", "[default] # mine")),
            from_profile(),
        ),
        case("no line end", credentials(STATIC_PROFILE.trim_end()), from_profile()),
        case(
            "an odd line, and a role",
            Scenario::new().config(&role_on("source_profile = base\nan odd line")).credentials(BASE_OF_CHAIN),
            signs(profile(ProfileBase::Keys), KEPT, PULL),
        )
        .sdk(Sdk::Fails(AS_GO)),
    ]
}

/// Keys as a Kubernetes secret, the CSV file of the console or a `.env` file hands them over.
pub(crate) fn keys() -> Vec<Case> {
    let environment =
        |id: &str, secret: &str| Scenario::new().env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret);
    let from_environment = || signs(ENVIRONMENT, KEPT, "AKIAENV");
    let panics = "it takes the line break for a part of the key, and panics when it signs";
    vec![
        case("a line break behind both keys", environment("AKIAENV\n", "made/up/secret\n"), from_environment())
            .sdk(Sdk::Finds("AKIAENV", panics)),
        case("a line break of Windows", environment("AKIAENV\r\n", "made/up/secret\r\n"), from_environment())
            .sdk(Sdk::Finds("AKIAENV", panics)),
        case("blanks around the keys", environment(" AKIAENV ", "\tmade/up/secret "), from_environment()).sdk(Sdk::Finds(" AKIAENV ", "AWS would refuse the blanks")),
        case(
            "a line break behind the session token",
            environment("AKIAENV", "made/up/secret").env("AWS_SESSION_TOKEN", "made/up/session/token\n"),
            from_environment(),
        ),
        case(
            "a line break within the ID",
            environment("AKIA\nENV", "made/up/secret"),
            Ours::Refused(
                "the access key ID is empty or contains a blank, a control character or a character outside ASCII, in \
                 the environment",
            ),
        )
        .sdk(Sdk::Finds("AKIA", panics)),
        case(
            "a line break within the session token",
            environment("AKIAENV", "made/up/secret").env("AWS_SESSION_TOKEN", "made/up\nsession/token"),
            Ours::Refused(
                "the session token is empty or contains a blank, a control character or a character outside ASCII, in \
                 the environment",
            ),
        )
        .sdk(Sdk::Finds("AKIAENV", panics)),
        case(
            "quotes around the keys in a file",
            Scenario::new().credentials(
                "[default]\naws_access_key_id = \"AKIAPROFILE\"\naws_secret_access_key = 'made/up/secret/of/the/profile'\n",
            ),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        ).sdk(Sdk::Finds("\"AKIAPROFILE\"", "AWS would refuse the quotes")),
        case(
            "the next property is indented",
            Scenario::new().credentials(
                "[default]\naws_access_key_id = AKIAPROFILE\n\taws_session_token = made/up/session/token\n\
                 aws_secret_access_key = made/up/secret/of/the/profile\n",
            ),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        ),
        case(
            "a control character within the ID in a file",
            Scenario::new().credentials(&STATIC_PROFILE.replace("AKIAPROFILE", "AKIA\u{1b}PROFILE")),
            Ours::Refused(
                "the access key ID is empty or contains a blank, a control character or a character outside ASCII, in \
                 profile `default`",
            ),
        ).sdk(Sdk::Finds("AKIA\u{1b}PROFILE", panics)),
    ]
}

/// What older tools write.
pub(crate) fn older_names() -> Vec<Case> {
    let ci = STATIC_PROFILE.replace("default", "ci");
    let both = format!("{}{ci}", STATIC_PROFILE.replace("AKIA", "AKIANOT"));
    let from_ci = || signs(named("ci", ProfileBase::Keys), KEPT, "AKIAPROFILE");
    vec![
        case(
            "the older variable for the profile",
            Scenario::new().env("AWS_DEFAULT_PROFILE", "ci").credentials(&both),
            from_ci(),
        )
        .sdk(Sdk::Finds("AKIANOTPROFILE", AS_BOTH)),
        case(
            "both variables for the profile",
            Scenario::new().env("AWS_PROFILE", "ci").env("AWS_DEFAULT_PROFILE", "default").credentials(&both),
            from_ci(),
        ),
        case(
            "an empty newer variable for the profile",
            Scenario::new().env("AWS_PROFILE", "").env("AWS_DEFAULT_PROFILE", "ci").credentials(&both),
            from_ci(),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
        case(
            "the older variable names a profile that doesn't exist",
            Scenario::new().env("AWS_DEFAULT_PROFILE", "nowhere").credentials(&both),
            signs(super::METADATA, super::OPAQUE, INSTANCE),
        )
        .sdk(Sdk::Finds("AKIANOTPROFILE", AS_GO)),
        case(
            "the older variable for the secret",
            Scenario::new().env("AWS_ACCESS_KEY_ID", "AKIAENV").env("AWS_SECRET_KEY", "made/up/secret"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_GO)),
        case(
            "the older variables for both keys, where the instance has credentials",
            Scenario::new().env("AWS_ACCESS_KEY", "AKIAENV").env("AWS_SECRET_KEY", "made/up/secret"),
            signs(super::METADATA, super::OPAQUE, INSTANCE),
        ),
        case(
            "the older variables for both keys, and a profile",
            Scenario::new()
                .env("AWS_ACCESS_KEY", "AKIAENV")
                .env("AWS_SECRET_KEY", "made/up/secret")
                .credentials(STATIC_PROFILE),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        ),
        case(
            "the older variables for both keys, and nothing else",
            Scenario::new()
                .env("AWS_ACCESS_KEY", "AKIAENV")
                .env("AWS_SECRET_KEY", "made/up/secret")
                .metadata_disabled(),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "the older variables for both keys, and no metadata service",
            Scenario::new()
                .env("AWS_ACCESS_KEY", "AKIAENV")
                .env("AWS_SECRET_KEY", "made/up/secret")
                .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"),
            signs(super::METADATA, super::OPAQUE, "AKIAENV"),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "the older variable for the session token",
            Scenario::new().keys("AKIAENV").env("AWS_SECURITY_TOKEN", "made/up/session/token"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case(
            "the older property for the session token",
            Scenario::new().credentials(&format!("{STATIC_PROFILE}aws_security_token = made/up/session/token\n")),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        ),
    ]
}
