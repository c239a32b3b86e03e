//! `configure` with a person at the terminal: what is asked, and what an answer does.

#![expect(clippy::disallowed_methods, reason = "the tests look at the files")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use crate::clients::any_json::any_object;
use crate::clock::SystemClock;
use crate::commands;
use crate::ecr::Ecr;
use crate::env::Env;
use crate::fallback::Programs;
use crate::terminal::Screen;
use crate::world::{Status, World};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER: &str = "444455556666.dkr.ecr.us-east-1.amazonaws.com";

/// A home directory where clients find a program of our name and version.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().expect("a temporary directory"));
        let program = home.write(
            "bin/docker-credential-ecr-login",
            "#!/bin/sh\necho 'docker-credential-ecr-login (docker-credential-ecr-login) 9.9.9'\n",
        );
        fs::set_permissions(program, fs::Permissions::from_mode(0o700)).expect("chmod");
        home
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(&path, text).expect("written");
        path
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.0.path().join(name)).ok()
    }

    /// Runs `configure` at a terminal where these lines are typed; the status and stdout.
    fn run(&self, arguments: &[&str], typed: &str) -> (Status, String) {
        let home = self.0.path().to_str().expect("UTF-8");
        let (bin, config) = (format!("{home}/bin"), format!("{home}/.config/ecr-login/config.toml"));
        let mut variables = vec![("HOME", home), ("PATH", &bin), ("TERM", "dumb")];
        if self.read(".config/ecr-login/config.toml").is_some() {
            variables.push(("AWS_ECR_CONFIG", &config));
        }
        let env = Env::fixed(variables);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut world = World {
            env: &env,
            clock: &SystemClock::start(),
            source: &Ecr,
            helpers: &Programs,
            random: || 0,
            screen: || Screen { stdin: true, ..Screen::none() },
            stdin: &mut typed.as_bytes(),
            stdout: &mut stdout,
            stderr: &mut stderr,
        };
        let arguments: Vec<_> = ["configure"].iter().chain(arguments).map(std::ffi::OsString::from).collect();
        let status = commands::run(&arguments, &mut world);
        let stdout = String::from_utf8(stdout).expect("UTF-8");
        (status, stdout + &String::from_utf8(stderr).expect("UTF-8"))
    }
}

const SHOWN: &str = "\
~/.docker/config.json
+ {
+     \"auths\": {},
+     \"credHelpers\": {
+         \"111122223333.dkr.ecr.eu-west-1.amazonaws.com\": \"ecr-login\"
+     }
+ }

";

#[test]
fn a_change_is_made_only_after_a_yes() {
    let home = Home::new();
    for (typed, ending) in [("n\n", ""), ("\n", ""), ("yesterday\n", ""), ("", "\n"), ("y", "\n")] {
        let (status, text) = home.run(&[HOST], typed);
        let is_yes = typed == "y";
        let last = if is_yes { "Wrote ~/.docker/config.json\n" } else { "Nothing was changed.\n" };
        assert_eq!(text, format!("{SHOWN}Make this change? [y/N] {ending}{last}"), "{typed:?}");
        let status_of_answer = if is_yes { Status::Success } else { Status::Failure };
        assert_eq!((status, home.read(".docker/config.json").is_some()), (status_of_answer, is_yes), "{typed:?}");
    }
    let (status, text) = home.run(&["--undo"], "YES\r\n");
    assert_eq!(text, format!("{}Make this change? [y/N] Removed ~/.docker/config.json\n", SHOWN.replace('+', "-")));
    assert_eq!((status, home.read(".docker/config.json")), (Status::Success, None));
}

#[test]
fn the_readme_shows_what_a_person_sees() {
    let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let (status, text) = Home::new().run(&[host], "y\n");
    // The terminal shows what is typed.
    let text = text.replace("[y/N] ", "[y/N] y\n");
    assert_eq!((status, text), (Status::Success, crate::commands::transcript(&format!("configure {host}"))));
}

#[test]
fn useless_logins_are_removed_only_after_a_yes_of_their_own() {
    let file = format!("{{\"auths\": {{\"https://{HOST}\": {{\"auth\": \"hush\"}}}}}}");
    for (typed, left) in [
        (
            "n\ny\n",
            format!(
                "{{\"auths\": {{\"https://{HOST}\": {{\"auth\": \"hush\"}}}}, \"credHelpers\": {{\"{HOST}\": \"ecr-login\"}}}}"
            ),
        ),
        ("y\ny\n", format!("{{\"auths\": {{}}, \"credHelpers\": {{\"{HOST}\": \"ecr-login\"}}}}")),
        ("y\nn\n", file.clone()),
    ] {
        let home = Home::new();
        home.write(".docker/config.json", &file);
        let (_, text) = home.run(&[HOST], typed);
        let question = format!(
            "Logins that the helper makes useless, and that expire after 12 hours:\n  https://{HOST} in \
             ~/.docker/config.json\nRemove it? [y/N] ~/.docker/config.json\n"
        );
        assert!(text.starts_with(&question) && !text.contains("hush"), "{text}");
        assert_eq!(home.read(".docker/config.json"), Some(left), "{typed:?}");
    }
}

#[test]
fn registries_of_profiles_are_chosen_from_a_list() {
    let home = Home::new();
    home.write(
        ".aws/config",
        "[profile a]\nregion = eu-west-1\nsso_account_id = 111122223333\n[profile b]\nregion = us-east-1\n\
         sso_account_id = 444455556666\n[profile c]\nregion = eu-west-1\nsso_account_id = 111122223333\n",
    );
    let list = format!("  1  {HOST}  a, c\n  2  {OTHER}  b\nWhich of them? Numbers, or `all`: ");
    for (typed, chosen) in [
        ("1\n", &[HOST][..]),
        ("2\n", &[OTHER]),
        ("1 2\n", &[HOST, OTHER]),
        ("1, 2\n", &[HOST, OTHER]),
        ("All\n", &[HOST, OTHER]),
    ] {
        let (status, text) = home.run(&["--from-aws-config"], typed);
        assert_eq!(status, Status::Failure, "nothing was typed after that");
        assert!(text.starts_with(&list), "{text}");
        for host in [HOST, OTHER] {
            assert_eq!(text[list.len()..].contains(host), chosen.contains(&host), "{typed:?}: {text}");
        }
    }
    for typed in ["\n", "0\n", "3\n", "1 x\n", "-1\n"] {
        let (status, text) = home.run(&["--from-aws-config"], typed);
        assert_eq!(text, format!("{list}ecr-login: no registry was chosen; nothing was changed\n"), "{typed:?}");
        assert_eq!(status, Status::Failure);
    }
    assert_eq!(home.read(".docker/config.json"), None);
}

#[test]
fn helpers_and_a_store_that_name_nothing_come_back_as_they_were() {
    for text in [
        "{\"credHelpers\":null}",
        "{\"credHelpers\": { } }",
        "{\"credsStore\":null,\"x\":1}",
        "{\"credsStore\":\"\",\"credHelpers\":null}",
    ] {
        for arguments in [&[HOST][..], &[HOST, OTHER], &["--store"]] {
            let home = Home::new();
            home.write(".docker/config.json", text);
            for argument in arguments {
                let (status, said) = home.run(&[argument, "--yes"], "");
                assert_eq!(status, Status::Success, "{said}");
            }
            home.run(&["--undo", "--yes"], "");
            assert_eq!(home.read(".docker/config.json").as_deref(), Some(text), "{arguments:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn of_any_document_configure_and_undo_give_every_byte_back(
        text in any_object(),
        ecr in any::<bool>(),
        step_by_step in any::<bool>(),
    ) {
        let home = Home::new();
        // Some with a login that goes, and comes back.
        let login = format!("\"auths\":{{\"{HOST}\":{{\"auth\":\"x\"}}}}");
        let text = match text.strip_prefix('{') {
            Some(rest) if ecr && rest.trim() == "}" => format!("{{{login}{rest}"),
            Some(rest) if ecr => format!("{{{login},{rest}"),
            _ => text,
        };
        home.write(".docker/config.json", &text);
        let (status, shown) = home.run(&[HOST, "--yes"], "");
        // A document that clients can't read stays as it is.
        if status == Status::Success {
            prop_assert!(home.run(&[HOST], "").1.ends_with("nothing to change\n"));
            home.run(&[OTHER, "--yes"], "");
            if step_by_step {
                home.run(&["--undo", "--yes", OTHER], "");
                home.run(&["--undo", "--yes", HOST], "");
            } else {
                home.run(&["--undo", "--yes"], "");
            }
        } else {
            prop_assert!(shown.contains("can't be used"), "{}", shown);
        }
        prop_assert_eq!(home.read(".docker/config.json"), Some(text));
        prop_assert_eq!(home.read(".docker/config.json.before-ecr-login"), None);
    }
}
