//! What the README shows of `doctor`.

use std::fs;

use crate::machine::{PROGRAM, binary, doctor, machine, set_mode};
use crate::support::fake_aws::FakeAws;
use crate::support::tls::TestCa;

const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// A text without what depends on the machine: the times, and where a line is broken.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let is_continued = line.starts_with("  ") && !line.starts_with("    ");
        steady += if is_continued { " " } else { "\n" };
        steady += line.trim_end().trim_start_matches(if is_continued { "  " } else { "" });
    }
    let times = steady.split('(').map(|part| match part.split_once(" ms)") {
        Some((digits, rest)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => format!("N ms){rest}"),
        _ => part.to_owned(),
    });
    times.collect::<Vec<_>>().join("(")
}

#[test]
fn the_readme_shows_what_a_person_sees() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let (_, shown) = readme.split_once(&format!("$ {PROGRAM} doctor\n")).expect("the README shows it");
    let (shown, _) = shown.split_once("```").expect("a block ends");

    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &[]);
    let sandbox = machine(&aws).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    let bundle = sandbox.write("ca.pem", ca.pem());
    let sandbox = sandbox.env("AWS_CA_BUNDLE", bundle).env("AWS_PROFILE", "prod");
    sandbox.write(
        ".aws/config",
        "[profile prod]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = pull\n\
         [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    let docker = sandbox.write(".docker/config.json", format!("{{\"credHelpers\": {{\"{HOST}\": \"ecr-login\"}}}}"));
    set_mode(&docker, 0o600);
    let said = doctor(&sandbox, &[]).stdout_text();
    let said = said.replace(&binary().display().to_string(), &format!("/usr/local/bin/{PROGRAM}"));
    let said = said.replace(&sandbox.path().join("bin").display().to_string(), "/usr/local/bin");
    let said = said.replace(&sandbox.home().display().to_string(), "/home/me");
    let said = said.replace(&format!("https://127.0.0.1:{}", aws.port()), "https://api.ecr.eu-west-1.amazonaws.com");
    assert_eq!(steady(&said), steady(shown), "{said}");
}
