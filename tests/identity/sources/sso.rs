//! Single sign-on (IAM Identity Center).

use docker_credential_ecr_login::unstable::ProfileBase;

use super::{
    AS_BOTH, AS_CLI, AS_GO, ENVIRONMENT, INSTANCE, KEPT, LEGACY_SSO, METADATA, OPAQUE, PROCESS, PROCESS_SCRIPT, PULL,
    SSO_SESSION, STATIC_PROFILE, case, profile, role_on, signs,
};
use crate::identity::judge::{Case, Ours, Sdk};
use crate::identity::scenario::{Scenario, TOKEN_OF_SESSION, TOKEN_OF_START_URL, sso_token};

const DEV_BY_SSO: &str = "ASIA-Dev-sso";
const NEXT_YEARS: &str = "2099-01-01T00:00:00Z";
const OTHERS_REFUSE: &str = "the AWS CLI and the Go SDK refuse it, too; the keys are there";
const PAST_YEARS: &str = "2019-01-01T00:00:00Z";

/// A config file, and a session `corp` that has been started.
fn session(config: &str) -> Scenario {
    Scenario::new().config(config).file(TOKEN_OF_SESSION, sso_token("made-up-access-token", NEXT_YEARS))
}

/// A config file, and a session without a name that has been started.
fn legacy(config: &str) -> Scenario {
    Scenario::new().config(config).file(TOKEN_OF_START_URL, sso_token("made-up-access-token", NEXT_YEARS))
}

fn sso_of(profile: &str) -> ProfileBase {
    ProfileBase::Sso { profile: profile.to_owned() }
}

pub(crate) fn profiles() -> Vec<Case> {
    let signs_in = || signs(profile(sso_of("default")), KEPT, DEV_BY_SSO);
    let fails = || Ours::Fails(profile(sso_of("default")), KEPT);
    vec![
        case("a session", session(SSO_SESSION), signs_in()),
        case(
            "a session in the credentials file",
            match SSO_SESSION.split_once("[sso-session") {
                Some((profile, section)) => session(profile).credentials(&format!("[sso-session{section}")),
                None => session(""),
            },
            signs_in(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a session, and what older tools need with equal values",
            session(&SSO_SESSION.replace(
                "[sso-session",
                "sso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n[sso-session",
            )),
            signs_in(),
        )
        .sdk(Sdk::Fails(AS_BOTH)),
        case(
            "a session whose name has blanks",
            session(
                &SSO_SESSION
                    .replace("= corp", "= My Corp Ltd")
                    .replace("[sso-session corp]", "[sso-session 'My Corp Ltd']"),
            )
            .file(
                ".aws/sso/cache/f4139c8382aab83f0e7aa489ffdab67031060fba.json",
                sso_token("made-up-access-token", NEXT_YEARS),
            ),
            signs_in(),
        )
        .sdk(Sdk::Fails(AS_CLI)),
        case("a session in quotes", session(&SSO_SESSION.replace("= corp", "= \"corp\"")), signs_in())
            .sdk(Sdk::Fails(AS_GO)),
        case(
            "a session with a comment behind it",
            session(&SSO_SESSION.replace("= corp", "= corp ; mine")),
            signs_in(),
        ),
        case("without a session, the old way", legacy(LEGACY_SSO), signs_in()),
        case(
            "before keys and a program of the same profile",
            legacy(&format!("{LEGACY_SSO}credential_process = give-keys\naws_access_key_id = AKIANOT\n")),
            signs_in(),
        ),
        case(
            "a role on a session",
            session(&format!("{}{}", role_on("source_profile = dev"), SSO_SESSION.replace("default", "profile dev"))),
            signs(profile(sso_of("dev")), KEPT, PULL),
        ),
        case("nobody has logged in", session(SSO_SESSION).without_file(TOKEN_OF_SESSION), fails()),
        case(
            "a session that is over",
            session(SSO_SESSION).file(TOKEN_OF_SESSION, sso_token("made-up-access-token", PAST_YEARS)),
            fails(),
        ),
    ]
}

/// Profiles with an account or a role for SSO that lack something else, or contradict their session.
pub(crate) fn mistaken_profiles() -> Vec<Case> {
    let from_profile = || signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE");
    vec![
        case(
            "an account without a role",
            legacy(&LEGACY_SSO.replace("sso_role_name = Dev\n", "")),
            Ours::Refused("profile `default` lacks `sso_role_name` for SSO"),
        ),
        case(
            "a role without an account",
            legacy(&LEGACY_SSO.replace("sso_account_id = 111122223333\n", "")),
            Ours::Refused("profile `default` lacks `sso_account_id` for SSO"),
        ),
        case(
            "an account without a role, and keys in the config file",
            legacy(&format!(
                "{}{}",
                LEGACY_SSO.replace("sso_role_name = Dev\n", ""),
                STATIC_PROFILE.replace("[default]\n", "")
            )),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a session that isn't in the file",
            session(&SSO_SESSION.replace("[sso-session corp]", "[sso-session other]")),
            Ours::Refused("profile `default` names the SSO session `corp`, which does not exist"),
        ),
        case(
            "a session that isn't in the file, and keys",
            session(&SSO_SESSION.replace("[sso-session corp]", "[sso-session other]")).credentials(STATIC_PROFILE),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a region that can't be one",
            legacy(&LEGACY_SSO.replace("sso_region = eu-west-1", "sso_region = eu-west-1#mine")),
            Ours::Refused("`sso_region = eu-west-1#mine` of profile `default` is not the name of a region"),
        ),
        case(
            "a region that can't be one, and keys",
            legacy(&LEGACY_SSO.replace("sso_region = eu-west-1", "sso_region = eu-west-1#mine"))
                .credentials(STATIC_PROFILE),
            from_profile(),
        )
        .sdk(Sdk::Fails(AS_GO)),
        case(
            "a session and another start URL",
            session(&SSO_SESSION.replace("[sso-session", "sso_start_url = x\n[sso-session")),
            Ours::Refused("`sso_start_url` of profile `default` differs from that of its SSO session"),
        ),
        case(
            "a session and another region",
            session(&SSO_SESSION.replace("[sso-session", "sso_region = eu-west-2\n[sso-session")),
            Ours::Refused("`sso_region` of profile `default` differs from that of its SSO session"),
        ),
        case(
            "without a session and without a region",
            legacy(&LEGACY_SSO.replace("sso_region = eu-west-1\n", "")),
            Ours::Refused("profile `default` lacks `sso_region` for SSO"),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
    ]
}

/// Profiles that name an SSO session, but no account and no role: other services than credentials use it, such as
/// `CodeCatalyst`.
pub(crate) fn sessions_of_other_services() -> Vec<Case> {
    const SECTION: &str =
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
    let falls_through = || signs(METADATA, OPAQUE, INSTANCE);
    vec![
        case("a session", session(&format!("[default]\nsso_session = corp\n{SECTION}")), falls_through()),
        case(
            "a session, and keys",
            session(&format!("{STATIC_PROFILE}sso_session = corp\n{SECTION}")),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_BOTH)),
        case(
            "a session, and a program",
            session(&format!("{PROCESS}sso_session = corp\n{SECTION}")).program("give-keys", PROCESS_SCRIPT),
            signs(profile(ProfileBase::Process), OPAQUE, "AKIAPROCESS"),
        )
        .sdk(Sdk::Finds(INSTANCE, AS_CLI)),
        case(
            "without a session",
            Scenario::new()
                .config("[default]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n"),
            falls_through(),
        ),
        case(
            "a session that isn't in the file",
            session("[default]\nsso_session = corp\n"),
            Ours::Refused("profile `default` names the SSO session `corp`, which does not exist"),
        ),
        case(
            "a session that isn't in the file, in the credentials file",
            session("").credentials("[default]\nsso_session = corp\n"),
            Ours::Refused("profile `default` names the SSO session `corp`, which does not exist"),
        ),
        case(
            "a session that isn't in the file, of a role without a source",
            session("[default]\nsso_session = corp\nrole_arn = arn:aws:iam::111122223333:role/pull\n"),
            Ours::Refused("profile `default` names the SSO session `corp`, which does not exist"),
        ),
        case(
            "a session that isn't in the file, and keys",
            session(&format!("{STATIC_PROFILE}sso_session = corp\n")),
            signs(profile(ProfileBase::Keys), KEPT, "AKIAPROFILE"),
        )
        .sdk(Sdk::Fails(OTHERS_REFUSE)),
        case(
            "a session that isn't in the file, and keys in the environment",
            session("[default]\nsso_session = corp\n").keys("AKIAENV"),
            signs(ENVIRONMENT, KEPT, "AKIAENV"),
        ),
        case(
            "a session and another start URL",
            session(&format!("[default]\nsso_session = corp\nsso_start_url = x\n{SECTION}")),
            falls_through(),
        )
        .sdk(Sdk::Fails(AS_CLI)),
        case(
            "a session and a web identity token without a role",
            session(&format!("[default]\nsso_session = corp\nweb_identity_token_file = {{home}}/token\n{SECTION}")),
            Ours::Refused("profile `default` has a `web_identity_token_file` but no `role_arn`"),
        ),
    ]
}
