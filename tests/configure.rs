//! `configure`: files of real clients stay as they are but for what was asked, `--undo` gives them back byte for byte, and
//! nothing is written that wasn't shown.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests are the outside world: they use real files, processes and the environment"
)]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::sandbox::{Reply, Running, Sandbox};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const OTHER: &str = "444455556666.dkr.ecr.us-east-1.amazonaws.com";
const NAME: &str = "docker-credential-ecr-login";

/// A home in which clients find the helper.
fn home() -> Sandbox {
    let home = Sandbox::new();
    let program = fs::canonicalize(home.command(&[]).get_program()).expect("it is built");
    symlink(program, home.path().join("bin").join(NAME)).expect("the directory is new");
    home
}

/// Runs `configure` without a terminal.
fn configure(home: &Sandbox, arguments: &[&str]) -> Reply {
    home.run(&[&["configure"], arguments].concat(), b"")
}

/// Runs `configure` to success; its text.
#[track_caller]
fn succeed(home: &Sandbox, arguments: &[&str]) -> String {
    let reply = configure(home, arguments);
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{arguments:?}: {}", reply.stdout_text());
    reply.stdout_text()
}

/// Runs `configure`, which refuses; its reason.
#[track_caller]
fn refuse(home: &Sandbox, arguments: &[&str]) -> String {
    let reply = configure(home, arguments);
    assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(1), ""), "{arguments:?}: {}", reply.stderr);
    let reason = reply.stderr.strip_prefix("ecr-login: ").and_then(|reason| reason.strip_suffix('\n'));
    reason.unwrap_or_else(|| panic!("{}", reply.stderr)).replace(home.home().to_str().expect("UTF-8"), "~")
}

fn docker(home: &Sandbox) -> PathBuf {
    home.home().join(".docker/config.json")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below the home directory, with its contents.
fn files(home: &Sandbox) -> Vec<(String, String)> {
    let (mut found, mut left) = (Vec::new(), vec![home.home()]);
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(home.home()).expect("below").display().to_string();
                found.push((name, read(&path)));
            }
        }
    }
    found.sort();
    found
}

/// Files of real clients in `tests/clients`: of each, the piece that changes, and what it changes to.
fn cases() -> Vec<(&'static str, &'static str, String)> {
    let tabs = format!("\"credHelpers\": {{\n\t\t\"{HOST}\": \"ecr-login\"\n\t}}");
    let spaces = format!("\"credHelpers\": {{\n    \"{HOST}\": \"ecr-login\"\n  }}");
    vec![
        ("docker-desktop-mac", "\"hooks\": \"true\"\n\t}\n}", format!("\"hooks\": \"true\"\n\t}},\n\t{tabs}\n}}")),
        (
            "docker-desktop-windows",
            "\"enabled\"\r\n}",
            format!("\"enabled\",\r\n  {}\r\n}}", spaces.replace('\n', "\r\n")),
        ),
        ("docker-desktop-linux", "\"localhost\"\n\t\t}\n\t}\n}", format!("\"localhost\"\n\t\t}}\n\t}},\n\t{tabs}\n}}")),
        ("podman", "\"\n\t\t}\n\t}\n}", format!("\"\n\t\t}}\n\t}},\n\t{tabs}\n}}")),
        ("helm", "\"\n\t\t}\n\t}\n}", format!("\"\n\t\t}}\n\t}},\n\t{tabs}\n}}")),
        ("gitlab", "\"gcloud\"}", format!("\"gcloud\",\"{HOST}\":\"ecr-login\"}}")),
        ("rancher-desktop", "  ]\n}", format!("  ],\n  {spaces}\n}}")),
        ("four-spaces", "\"acr-env\"\n", format!("\"acr-env\",\n        \"{HOST}\": \"ecr-login\"\n")),
        ("odd", ":\"gcr\" }", format!(":\"gcr\"\n      , \"{HOST}\" :\"ecr-login\" }}")),
        ("duplicate-keys", "\"gh\"\n", format!("\"gh\",\n    \"{HOST}\": \"ecr-login\"\n")),
        ("deep", "]\n}\n}", format!("]\n}},\n  {spaces}\n}}")),
        ("empty", "", format!("{{\n\t\"auths\": {{}},\n\t{tabs}\n}}")),
        ("braces", "{}", format!("{{\n\t{tabs}\n}}")),
        ("blank-lines", "{\n\n}", format!("{{\n\t{tabs}\n}}")),
    ]
}

fn client_file(name: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/clients/{name}.json")))
}

#[test]
fn files_of_real_clients_stay_as_they_are_but_for_what_was_asked() {
    for (name, from, to) in cases() {
        let file = client_file(name);
        assert!(from.is_empty() || file.matches(from).count() == 1, "{name}");
        let home = home();
        // As it is, with other line ends, and with and without the last one.
        for convert in [
            (|text: &str| text.to_owned()) as fn(&str) -> String,
            |text| text.replace("\r\n", "\n").replace('\n', "\r\n"),
            |text| text.trim_end().to_owned(),
            |text| format!("{text}\n"),
        ] {
            let before = convert(&file);
            let path = home.write(".docker/config.json", &before);
            let lines = if before.contains("\r\n") { "\r\n" } else { "\n" };
            let [from, to] = [from, &to].map(|piece| piece.replace("\r\n", "\n").replace('\n', lines));
            let expected = if before.trim().is_empty() { to } else { before.replacen(&from, &to, 1) };
            succeed(&home, &[HOST, "--yes"]);
            assert_eq!(read(&path), expected, "{name}");
            let configured = files(&home);
            assert_eq!(succeed(&home, &[HOST, "--yes"]), "~/.docker/config.json: nothing to change\n", "{name}");
            assert_eq!(files(&home), configured, "{name}: the second run");
            succeed(&home, &["--undo", "--yes"]);
            assert_eq!(files(&home), [(".docker/config.json".to_owned(), before)], "{name}: undone");
            assert_eq!(succeed(&home, &["--undo", "--yes"]), "Nothing to undo.\n", "{name}");
        }
    }
}

#[test]
fn several_runs_are_undone_one_by_one_or_at_once() {
    for (name, _, _) in cases() {
        let file = client_file(name);
        for at_once in [false, true] {
            let home = home();
            let path = home.write(".docker/config.json", &file);
            succeed(&home, &[HOST, "--yes"]);
            let one = read(&path);
            succeed(&home, &[OTHER, "--public", "--yes"]);
            assert_eq!(
                read(&home.home().join(".docker/config.json.before-ecr-login")),
                file,
                "{name}: the first backup"
            );
            if at_once {
                succeed(&home, &["--undo", "--yes"]);
            } else {
                succeed(&home, &["--undo", OTHER, "--yes"]);
                succeed(&home, &["--undo", "--public", "--yes"]);
                assert_eq!(read(&path), one, "{name}");
                succeed(&home, &["--undo", HOST, "--yes"]);
            }
            assert_eq!(files(&home), [(".docker/config.json".to_owned(), file.clone())], "{name}");
        }
    }
}

#[test]
fn a_new_file_is_written_as_docker_writes_it_and_removed_again() {
    let home = home();
    succeed(&home, &[HOST, "--client", "all", "--yes"]);
    let file = format!("{{\n\t\"auths\": {{}},\n\t\"credHelpers\": {{\n\t\t\"{HOST}\": \"ecr-login\"\n\t}}\n}}");
    for (path, directory) in [
        (".docker/config.json", ".docker"),
        (".config/containers/auth.json", ".config"),
        (".config/helm/registry/config.json", ".config/helm"),
    ] {
        let path = home.home().join(path);
        assert_eq!(read(&path), file);
        assert_eq!(path.metadata().expect("there").mode() & 0o7777, 0o600);
        assert_eq!(home.home().join(directory).metadata().expect("there").mode() & 0o7777, 0o700);
    }
    succeed(&home, &[OTHER, "--client", "podman,helm", "--yes"]);
    succeed(&home, &["--undo", "--yes"]);
    assert_eq!(files(&home), []);
}

#[test]
fn what_others_wrote_since_stays_when_it_is_undone() {
    let home = home();
    let path = home.write(".docker/config.json", "{\n\t\"auths\": {},\n\t\"credsStore\": \"pass\"\n}");
    succeed(&home, &[HOST, "--yes"]);
    let changed = read(&path).replace("\"auths\": {}", "\"auths\": {\n\t\t\"ghcr.io\": {}\n\t}");
    home.write(".docker/config.json", &changed);
    succeed(&home, &["--undo", "--yes"]);
    assert_eq!(read(&path), "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {}\n\t},\n\t\"credsStore\": \"pass\"\n}");
}

#[test]
fn a_helper_that_was_there_before_stays() {
    let home = home();
    let file = format!("{{\"credHelpers\": {{\"{HOST}\": \"ecr-login\"}}}}");
    let path = home.write(".docker/config.json", &file);
    succeed(&home, &[OTHER, "--yes"]);
    let both = read(&path);
    assert_eq!(
        succeed(&home, &["--undo", HOST, "--yes"]),
        format!("~/.docker/config.json: {HOST} had this helper before\nNothing to undo.\n")
    );
    assert_eq!(read(&path), both);
    succeed(&home, &["--undo", "--yes"]);
    assert_eq!(read(&path), file);
}

#[test]
fn the_helper_of_another_program_is_replaced_only_if_asked_and_comes_back() {
    let home = home();
    let file = format!("{{\n  \"credHelpers\": {{\n    \"{HOST}\": \"other\",\n    \"ghcr.io\": \"gh\"\n  }}\n}}\n");
    let path = home.write(".docker/config.json", &file);
    let reason = format!("~/.docker/config.json has the helper `other` for {HOST}; add --replace to take its place");
    assert_eq!(refuse(&home, &[HOST, "--yes"]), reason);
    assert_eq!(files(&home), [(".docker/config.json".to_owned(), file.clone())]);
    succeed(&home, &[HOST, "--replace", "--yes"]);
    assert_eq!(read(&path), file.replace("other", "ecr-login"));
    succeed(&home, &["--undo", HOST, "--yes"]);
    assert_eq!(files(&home), [(".docker/config.json".to_owned(), file.clone())]);

    // One that came after the first copy was made is in a second one.
    succeed(&home, &[OTHER, "--yes"]);
    let with_third = read(&path).replace("\"gh\"", "\"gh\", \"public.ecr.aws\": \"third\"");
    home.write(".docker/config.json", &with_third);
    succeed(&home, &["--public", "--replace", "--yes"]);
    assert_eq!(read(&home.home().join(".docker/config.json.before-ecr-login")), file);
    assert_eq!(read(&home.home().join(".docker/config.json.before-ecr-login.2")), with_third);
    succeed(&home, &["--undo", "--public", "--yes"]);
    assert_eq!(read(&path), with_third);
    succeed(&home, &["--undo", "--yes"]);
    assert_eq!(read(&path), file.replace("\"gh\"", "\"gh\", \"public.ecr.aws\": \"third\""));
}

#[test]
fn logins_that_the_helper_makes_useless_go_and_come_back() {
    let home = home();
    let file = format!(
        "{{\n\t\"auths\": {{\n\t\t\"https://{HOST}\": {{\n\t\t\t\"auth\": \"QVdTOmh1c2g=\"\n\t\t}},\n\t\t\"{OTHER}\": {{\n\t\t\t\"auth\": \
         \"QVdTOmh1c2g=\"\n\t\t}},\n\t\t\"{HOST}\": {{}},\n\t\t\"ghcr.io\": {{\n\t\t\t\"auth\": \"bWU6aHVzaA==\"\n\t\t}}\n\t}}\n}}"
    );
    let path = home.write(".docker/config.json", &file);
    succeed(&home, &[HOST, "--yes"]);
    let left = read(&path);
    assert_eq!(left.matches("auth\":").count(), 2, "{left}");
    assert!(left.contains(&format!("\"{HOST}\": {{}}")) && !left.contains("https://"), "{left}");
    succeed(&home, &["--undo", HOST, "--yes"]);
    assert_eq!(files(&home), [(".docker/config.json".to_owned(), file)]);
}

#[test]
fn a_login_of_the_session_in_front_of_podman_s_helper_goes_and_comes_back() {
    let home = home();
    let run = home.home().join("run");
    let home = home.env("XDG_RUNTIME_DIR", run);
    let session = format!(
        "{{\"auths\": {{\"{HOST}\": {{\"auth\": \"QVdTOmh1c2g=\"}}, \"quay.io\": {{\"auth\": \"bWU6aHVzaA==\"}}}}}}\n"
    );
    let path = home.write("run/containers/auth.json", &session);
    let text = succeed(&home, &[HOST, "--client", "podman", "--yes"]);
    assert!(!text.contains("hush") && !text.contains("QVdT"), "{text}");
    assert_eq!(read(&path), "{\"auths\": {\"quay.io\": {\"auth\": \"bWU6aHVzaA==\"}}}\n");
    assert!(read(&home.home().join(".config/containers/auth.json")).contains(HOST));
    succeed(&home, &["--undo", "--client", "buildah", "--yes"]);
    assert_eq!(files(&home), [("run/containers/auth.json".to_owned(), session)]);
}

#[test]
fn variables_move_the_files_as_they_do_for_the_clients() {
    let home = home();
    let at = |name: &str| home.home().join(name).to_str().expect("UTF-8").to_owned();
    for (variables, client, file) in [
        (vec![("DOCKER_CONFIG", at("d"))], "docker", "d/config.json"),
        (vec![("DOCKER_CONFIG", at("d"))], "nerdctl", "d/config.json"),
        (vec![("DOCKER_CONFIG", at("d"))], "skopeo", "d/config.json"),
        (vec![("DOCKER_CONFIG", at("d")), ("REGISTRY_AUTH_FILE", at("a.json"))], "podman", "a.json"),
        (vec![("XDG_CONFIG_HOME", at("c"))], "buildah", "c/containers/auth.json"),
        (vec![("XDG_CONFIG_HOME", at("c"))], "helm", "c/helm/registry/config.json"),
        (vec![("HELM_CONFIG_HOME", at("h"))], "helm", "h/registry/config.json"),
        (vec![("HELM_REGISTRY_CONFIG", at("r.json"))], "helm", "r.json"),
    ] {
        let run = |arguments: &[&str]| {
            let mut command = home.command(&[&["configure", "--client", client, "--yes"], arguments].concat());
            command.envs(variables.clone());
            assert_eq!(Running::start(command).wait().code, Some(0), "{client}");
        };
        run(&[HOST]);
        let written: Vec<String> = files(&home).into_iter().map(|(name, _)| name).collect();
        assert_eq!(written, [file.to_owned(), format!("{file}.before-ecr-login")], "{client}");
        run(&["--undo"]);
        assert_eq!(files(&home), [], "{client}");
    }
}

#[test]
fn registries_are_named_by_accounts_profiles_and_rules() {
    let home = home();
    home.write(
        ".aws/config",
        "[profile dev]\nregion = eu-west-1\nsso_account_id = 111122223333\n[profile ops]\nregion = us-east-1\n\
         role_arn = arn:aws:iam::444455556666:role/x\n[profile unknown]\nregion = eu-west-1\n",
    );
    home.write(
        ".config/ecr-login/config.toml",
        format!(
            "[[registry]]\nmatch = [\"docker.example.com\", \"*.example.com\"]\nregistry = \"{HOST}\"\n[[registry]]\nmatch = \"{OTHER}\"\n"
        ),
    );
    let dry = |arguments: &[&str]| -> Vec<String> {
        let text = succeed(&home, &[arguments, &["--dry-run"]].concat());
        let lines = text.lines().filter_map(|line| line.split_once("\": \"ecr-login\""));
        lines.map(|(host, _)| host.trim_start_matches(['+', ' ', '"']).to_owned()).collect()
    };
    assert_eq!(dry(&["--from-aws-config"]), [HOST, OTHER]);
    assert_eq!(dry(&["--all-hosts"]), ["docker.example.com", OTHER]);
    assert_eq!(dry(&["docker.example.com", HOST, HOST]), ["docker.example.com", HOST]);
    assert_eq!(dry(&["--public", &HOST.to_uppercase()]), [HOST, "public.ecr.aws"]);
    assert_eq!(
        dry(&["--account", "111122223333", "444455556666", "--region", "eu-west-1,cn-north-1"]),
        [
            HOST,
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
            "444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn"
        ]
    );
    assert!(!docker(&home).exists(), "--dry-run writes nothing");
}

#[test]
fn as_credential_store_it_keeps_the_helper_that_was_there_as_fallback() {
    let home = home();
    let rule = format!("[[registry]]\nmatch = \"{HOST}\"\nprofile = \"p\"\n");
    let file = "{\n\t\"credsStore\": \"desktop\"\n}\n";
    for config in [None, Some(&rule)] {
        let path = home.write(".docker/config.json", file);
        if let Some(config) = config {
            home.write(".config/ecr-login/config.toml", config);
        }
        let before = files(&home);
        let text = succeed(&home, &["--store", "--yes"]);
        assert!(text.contains("+ [fallback]\n+ helper = \"desktop\"\n"), "{text}");
        assert_eq!(read(&path), file.replace("desktop", "ecr-login"));
        let entry = "# The helper that clients had for all other hosts, kept by `configure --store`.\n[fallback]\nhelper = \"desktop\"\n";
        let expected = config.map_or_else(|| entry.to_owned(), |config| format!("{config}\n{entry}"));
        assert_eq!(read(&home.home().join(".config/ecr-login/config.toml")), expected);
        assert_eq!(succeed(&home, &["--store"]), "~/.docker/config.json: nothing to change\n");
        succeed(&home, &["--undo", "--yes"]);
        assert_eq!(files(&home), before);
    }
    home.write(".config/ecr-login/config.toml", "[fallback]\nhelper = \"pass\"\n");
    assert_eq!(
        refuse(&home, &["--store", "--yes"]),
        "`~/.config/ecr-login/config.toml` has the fallback `pass` for all other hosts already; remove it, or name \
         `desktop` there"
    );
    assert_eq!(read(&docker(&home)), file);
}

#[test]
fn a_drop_in_file_repeats_the_helpers_of_the_system() {
    let home = home();
    let etc = home.home().join("etc");
    let home = home
        .env("CONTAINERS_REGISTRIES_CONF", etc.join("registries.conf"))
        .env("CONTAINERS_REGISTRIES_CONF_DIR", etc.join("registries.conf.d"));
    let comment = "# Written by `docker-credential-ecr-login configure --system-wide`.\n\
                   # This list replaces those of other files, so it repeats what was in them.\n";
    for (file, helpers) in [
        (None, "\"containers-auth.json\", \"ecr-login\""),
        (
            Some("credential-helpers = [\"containers-auth.json\", \"pass\"] # mine\n"),
            "\"containers-auth.json\", \"pass\", \"ecr-login\"",
        ),
    ] {
        if let Some(file) = file {
            home.write("etc/registries.conf.d/10-mine.conf", file);
        }
        let before = files(&home);
        succeed(&home, &["--system-wide", "--yes"]);
        let path = etc.join("registries.conf.d/99-ecr-login.conf");
        assert_eq!(read(&path), format!("{comment}credential-helpers = [{helpers}]\n"));
        assert_eq!(path.metadata().expect("there").mode() & 0o7777, 0o644);
        assert!(succeed(&home, &["--system-wide"]).ends_with("99-ecr-login.conf: nothing to change\n"));
        succeed(&home, &["--undo", "--system-wide", "--yes"]);
        assert_eq!(files(&home), before);
    }
    home.write("etc/registries.conf.d/zz.conf", "credential-helpers = [\"pass\"]\n");
    assert_eq!(
        refuse(&home, &["--system-wide", "--yes"]),
        "`~/etc/registries.conf.d/zz.conf` is read later and replaces the list; add \"ecr-login\" to its \
         `credential-helpers`"
    );
}

#[test]
fn a_file_that_its_client_could_not_read_is_left_alone() {
    for (file, reason) in [
        ("{", "`~/.docker/config.json` can't be used: it is not valid JSON at 1:1: EOF while parsing an object"),
        ("{}{}", "`~/.docker/config.json` can't be used: it is not valid JSON at 1:3: trailing characters"),
        (
            "{\n  // mine\n}\n",
            "`~/.docker/config.json` can't be used: it has a comment at 2:3, which registry clients refuse",
        ),
        (
            "{ /* mine */ }",
            "`~/.docker/config.json` can't be used: it has a comment at 1:3, which registry clients refuse",
        ),
        (
            "\u{feff}{}",
            "`~/.docker/config.json` can't be used: it begins with a byte order mark, which registry clients refuse",
        ),
        ("[]", "`~/.docker/config.json` can't be used: `the file` must be an object, at 1:1"),
        (
            "{\"credHelpers\": [\"hush\"]}",
            "`~/.docker/config.json` can't be used: `credHelpers` must be an object, at 1:17",
        ),
    ] {
        let home = home();
        home.write(".docker/config.json", file);
        for arguments in [&[HOST, "--yes"][..], &[HOST, "--dry-run"], &["--undo", "--yes"]] {
            assert_eq!(refuse(&home, arguments), reason, "{file}");
        }
        assert_eq!(files(&home), [(".docker/config.json".to_owned(), file.to_owned())]);
    }
    let home = home();
    fs::create_dir_all(docker(&home)).expect("a directory");
    assert_eq!(refuse(&home, &[HOST, "--yes"]), "cannot read `~/.docker/config.json`: not a regular file");
}

#[test]
fn mode_group_and_links_stay() {
    let home = home();
    let real = home.write("dotfiles/docker.json", "{}");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("chmod");
    // Only root may give a file to a group that it isn't in.
    let group = if chown(&real, None, Some(12345)).is_ok() { 12345 } else { real.metadata().expect("there").gid() };
    fs::create_dir(home.home().join(".docker")).expect("new");
    symlink("../dotfiles/docker.json", docker(&home)).expect("new");
    succeed(&home, &[HOST, "--yes"]);
    assert_eq!(fs::read_link(docker(&home)).expect("a link"), Path::new("../dotfiles/docker.json"));
    let names: Vec<String> = files(&home).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [".docker/config.json", ".docker/config.json.before-ecr-login", "dotfiles/docker.json"]);
    for path in [&real, &home.home().join(".docker/config.json.before-ecr-login")] {
        let metadata = path.metadata().expect("there");
        assert_eq!((metadata.mode() & 0o7777, metadata.gid()), (0o640, group), "{}", path.display());
    }
    succeed(&home, &["--undo", "--yes"]);
    assert_eq!(read(&real), "{}");
    assert_eq!(real.metadata().expect("there").mode() & 0o7777, 0o640);
}

#[test]
fn the_file_of_another_owner_is_left_alone() {
    let home = home();
    let path = home.write(".docker/config.json", "{}");
    if chown(&path, Some(12345), None).is_err() {
        return println!("NOT TESTED: only root can give a file away");
    }
    assert_eq!(
        refuse(&home, &[HOST, "--yes"]),
        "cannot change `~/.docker/config.json`: owned by another user; run this command as its owner"
    );
    fs::remove_file(&path).expect("removed");
    chown(home.home().join(".docker"), Some(12345), None).expect("it could before");
    fs::remove_dir(home.home().join(".docker")).expect("empty");
    chown(home.home(), Some(12345), None).expect("it could before");
    let reason = refuse(&home, &[HOST, "--yes"]);
    assert!(reason.contains("it would belong to root, in a directory of another user"), "{reason}");
    assert_eq!(files(&home), []);
}

#[test]
fn a_program_that_clients_would_not_find_is_not_configured() {
    let home = Sandbox::new();
    assert_eq!(
        refuse(&home, &[HOST, "--yes"]),
        "clients would not find `docker-credential-ecr-login`; put it in a directory of the PATH, such as /usr/local/bin"
    );
    for (script, says) in [
        (
            "#!/bin/sh\necho 'docker-credential-ecr-login (github.com/other/helper) 0.9.0'\n",
            "says `docker-credential-ecr-login (github.com/other/helper) 0.9.0`",
        ),
        ("#!/bin/sh\nexit 1\n", "does not tell its version"),
        ("not a program\n", "does not tell its version"),
    ] {
        let program = home.program(NAME, script);
        assert_eq!(
            refuse(&home, &[HOST, "--yes"]),
            format!(
                "clients would run `{}`, which is another program: it {says}; put this one before it on the PATH",
                program.display()
            )
        );
    }
    assert_eq!(files(&home), []);
}

#[test]
fn wrong_usage_exits_with_2_and_shows_a_valid_form_on_stderr_alone() {
    let home = home();
    let example = "configure 123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let foreign = "is not the host of an ECR registry; for a name of your own in front of ECR, add a rule with its \
                   `registry` to the configuration file";
    let glob = "is a glob; clients compare whole hosts, so name each registry, or use --store";
    let alone = format!("is not a host alone; clients compare whole hosts; write `{HOST}`");
    for (arguments, problem, valid) in [
        (&[][..], "no registry was named".to_owned(), example),
        (&["ghcr.io"], format!("`ghcr.io` {foreign}"), example),
        (&[HOST, "https://index.docker.io/v1/"], format!("`https://index.docker.io/v1/` {foreign}"), example),
        (&["*.dkr.ecr.eu-west-1.amazonaws.com"], format!("`*.dkr.ecr.eu-west-1.amazonaws.com` {glob}"), example),
        (&["11112222333?.dkr.ecr.eu-west-1.amazonaws.com"], format!("`11112222333?.dkr.ecr.eu-west-1.amazonaws.com` {glob}"), example),
        (&[&format!("https://{HOST}")], format!("`https://{HOST}` {alone}"), example),
        (&[&format!("{HOST}/team/app:1")], format!("`{HOST}/team/app:1` {alone}"), example),
        (&[&format!("{HOST}:443")], format!("`{HOST}:443` {alone}"), example),
        (&["https://me:hush-hush@ghcr.io"], "a registry is a host, without a user name".to_owned(), example),
        (&["a b\u{1b}c"], "`a b c` is not the host of a registry".to_owned(), example),
        (&["--account", "1", "--region", "eu-west-1"], "`1` is not a valid account ID, which has 12 digits".to_owned(), "configure --account 123456789012 --region eu-west-1"),
        (&["--account", "111122223333", "--region", "eu/west"], "`eu/west` is not the name of a region, such as eu-west-1".to_owned(), "configure --account 123456789012 --region eu-west-1"),
        (&["--store", "--client", "podman"], "podman has no credsStore; name its registries, or use --system-wide".to_owned(), "configure --system-wide"),
        (&["--system-wide", "--client", "docker"], "docker has no --system-wide settings; only Podman, Buildah and Skopeo do".to_owned(), "configure --system-wide"),
        (&[HOST], "configure asks before it changes a file, and stdin is not a terminal; add --yes, or --dry-run to see the change".to_owned(), "configure --yes HOST"),
    ] {
        let reply = configure(&home, arguments);
        let text = format!("error: {problem}\n\nUsage: docker-credential-ecr-login {valid}\n\nFor more information, try '--help'.\n");
        assert_eq!((reply.code, reply.stdout_text(), reply.stderr), (Some(2), String::new(), text), "{arguments:?}");
    }
    for arguments in [
        &["--account", "111122223333"][..],
        &["--region", "eu-west-1"],
        &["--undo", "--replace"],
        &["--undo", "--store"],
        &["--client", "dockr"],
        &["--stroe"],
    ] {
        let reply = configure(&home, arguments);
        assert_eq!((reply.code, reply.stdout_text()), (Some(2), String::new()), "{arguments:?}");
        assert!(reply.stderr.starts_with("error: ") && reply.stderr.len() > 40, "{arguments:?}: {}", reply.stderr);
    }
    assert_eq!(files(&home), []);
}

#[test]
fn the_change_is_shown_whole_without_the_secrets_of_others() {
    let home = home();
    home.write(".docker/config.json", client_file("docker-desktop-linux").replace("ghcr.io", HOST));
    let before = files(&home);
    let text = succeed(&home, &[HOST, "--dry-run"]);
    assert_eq!(
        text,
        r#"~/.docker/config.json
  {
-     "auths": {
-         "111122223333.dkr.ecr.eu-west-1.amazonaws.com": {
-             "auth": "***"
-         }
-     },
+     "auths": {},
      "HttpHeaders": {
          "User-Agent": "***",
  ...
              "noProxy": "***"
          }
+     },
+     "credHelpers": {
+         "111122223333.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login"
      }
  }

"#
    );
    assert_eq!(files(&home), before, "--dry-run writes nothing");

    home.write(".docker/config.json", client_file("gitlab"));
    assert_eq!(
        succeed(&home, &[HOST, "--yes"]),
        r#"~/.docker/config.json
- {"auths":{"registry.gitlab.example.com:5005":{"auth":"***"}},"credHelpers":{"eu.gcr.io":"gcloud"}}
+ {"auths":{"registry.gitlab.example.com:5005":{"auth":"***"}},"credHelpers":{"eu.gcr.io":"gcloud","111122223333.dkr.ecr.eu-west-1.amazonaws.com":"ecr-login"}}

Wrote ~/.docker/config.json
  old file: ~/.docker/config.json.before-ecr-login
"#
    );
}

#[test]
fn no_secret_of_a_client_is_shown_whatever_is_done() {
    for (name, _, _) in cases() {
        let home = home();
        let file = client_file(name);
        home.write(".docker/config.json", &file);
        for arguments in [
            &["--dry-run", HOST][..],
            &["--yes", HOST],
            &["--yes", "--store"],
            &["--yes", "--undo", HOST],
            &["--yes", "--undo"],
        ] {
            let reply = configure(&home, arguments);
            assert_eq!(reply.code, Some(0), "{name} {arguments:?}: {}", reply.stderr);
            let shown = reply.stdout_text() + &reply.stderr;
            for secret in ["hush", "HUSH", "bWU6", "Z2l0"] {
                assert!(!shown.contains(secret), "{name} {arguments:?}: {shown}");
            }
        }
        assert_eq!(files(&home), [(".docker/config.json".to_owned(), file)], "{name}");
    }
}

/// `strace` with faults, running `configure`; `None` if it can't trace here.
fn traced(home: &Sandbox, faults: &str, arguments: &[&str]) -> Option<Reply> {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !tried.is_ok_and(|status| status.success()) {
        println!("NOT TESTED: `strace` isn't installed or may not trace here");
        return None;
    }
    let helper = home.command(&[&["configure"], arguments].concat());
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o", "/dev/null", "-e", faults]).arg(helper.get_program()).args(helper.get_args());
    strace.env_clear().current_dir(home.home());
    strace.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    Some(Running::start(strace).wait())
}

/// The system calls by which files are made, written, named and removed. `strace` counts each of them by itself.
const WRITES: [&str; 11] = [
    "openat",
    "write",
    "copy_file_range",
    "fsync",
    "fchmod",
    "fchown",
    "?rename,?renameat",
    "?link,linkat,?renameat2",
    "?unlink,unlinkat",
    "?mkdir,mkdirat",
    "close",
];

#[test]
fn stopped_at_any_write_it_leaves_the_old_or_the_new_file_whole() {
    let file = client_file("docker-desktop-linux");
    let configured = {
        let home = home();
        let path = home.write(".docker/config.json", &file);
        succeed(&home, &[HOST, "--yes"]);
        read(&path)
    };
    for (arguments, start, end) in
        [(&[HOST, "--yes"][..], &file, &configured), (&["--undo", "--yes"], &configured, &file)]
    {
        let (mut olds, mut news) = (0, 0);
        for calls in WRITES {
            for number in 1.. {
                let home = home();
                let path = home.write(".docker/config.json", &file);
                if start == &configured {
                    succeed(&home, &[HOST, "--yes"]);
                }
                let faults = format!("inject={calls}:signal=KILL:when={number}");
                let Some(reply) = traced(&home, &faults, arguments) else { return };
                let now = read(&path);
                assert!(now == *start || now == *end, "{calls} {number}: {now}");
                *(if now == *start { &mut olds } else { &mut news }) += 1;
                // A copy is whole, or not there yet.
                let backup = home.home().join(".docker/config.json.before-ecr-login");
                assert!(!backup.exists() || read(&backup) == file, "{calls} {number}");
                // Whatever is left over, the next run does all of it.
                succeed(&home, arguments);
                assert_eq!(&read(&path), end, "{calls} {number}");
                if reply.code == Some(0) {
                    break;
                }
            }
        }
        assert!(olds > 20 && news > WRITES.len(), "{olds} old, {news} new files");
    }
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_nothing_else() {
    let file = client_file("podman");
    for (calls, error) in
        [("?rename,?renameat", "EIO"), ("fsync", "EIO"), ("fchmod", "EPERM"), ("?link,linkat,?renameat2", "EDQUOT")]
    {
        let home = home();
        let path = home.write(".docker/config.json", &file);
        let Some(reply) = traced(&home, &format!("inject={calls}:error={error}"), &[HOST, "--yes"]) else { return };
        assert_eq!(reply.code, Some(1), "{calls}: {}", reply.stdout_text());
        assert!(reply.stderr.starts_with("ecr-login: cannot write `"), "{calls}: {}", reply.stderr);
        assert_eq!(read(&path), file, "{calls}");
        let names: Vec<_> =
            files(&home).into_iter().map(|(name, _)| name).filter(|name| name.contains(".tmp-")).collect();
        assert_eq!(names, [""; 0], "{calls}");
    }
}
