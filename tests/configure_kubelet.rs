//! `configure kubelet`: the drop-ins of `packaging/kubernetes` and the links to the program, and nothing of others replaced.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use support::fake_aws::FakeAws;
use support::sandbox::{Reply, Sandbox};

const NODE: &str = include_str!("../packaging/kubernetes/20-ecr-credential-provider.yaml");
const PODS: &str = include_str!("../packaging/kubernetes/10-ecr-credential-provider-pods.yaml");
const NAME: &str = "docker-credential-ecr-login";

/// A node on whose `PATH` the program is.
fn node() -> Sandbox {
    let node = Sandbox::new();
    let program = fs::canonicalize(node.command(&[]).get_program()).expect("it is built");
    symlink(program, node.path().join("bin").join(NAME)).expect("the directory is new");
    node
}

fn directory(node: &Sandbox, name: &str) -> PathBuf {
    node.home().join(name)
}

fn configure(node: &Sandbox, arguments: &[&str]) -> Reply {
    let (config, bin) = (directory(node, "etc"), directory(node, "libexec"));
    let places = ["--config", config.to_str().expect("UTF-8"), "--bin-dir", bin.to_str().expect("UTF-8")];
    node.run(&[&["configure", "kubelet"], &places[..], arguments].concat(), b"")
}

#[track_caller]
fn succeed(node: &Sandbox, arguments: &[&str]) -> String {
    let reply = configure(node, arguments);
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{}", reply.stdout_text());
    reply.stdout_text()
}

#[track_caller]
fn refuse(reply: &Reply, code: i32) -> String {
    assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(code), ""), "{}", reply.stderr);
    reply.stderr.clone()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a directory; none if there is no directory.
fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn the_drop_in_and_the_link_are_made_and_the_kubelet_s_flags_are_named() {
    let node = node();
    let (etc, libexec) = (directory(&node, "etc"), directory(&node, "libexec"));
    let shown = succeed(&node, &["--dry-run"]);
    assert!(
        shown.contains("+ ~/libexec/ecr-credential-provider -> ") && shown.contains("+ kind: CredentialProviderConfig")
    );
    assert!(!etc.exists() && !libexec.exists());
    let said = succeed(&node, &["--yes"]);
    assert!(said.starts_with(shown.trim_end()), "{said}");
    assert!(said.ends_with(&format!(
        "Linked ~/libexec/ecr-credential-provider\nWrote ~/etc/20-ecr-credential-provider.yaml\nGive the kubelet these flags \
         and restart it:\n  --image-credential-provider-config={}\n  --image-credential-provider-bin-dir={}\n",
        etc.display(),
        libexec.display()
    )));
    assert_eq!(
        (names(&etc), names(&libexec)),
        (vec!["20-ecr-credential-provider.yaml".to_owned()], vec!["ecr-credential-provider".to_owned()])
    );
    assert_eq!(read(&etc.join("20-ecr-credential-provider.yaml")), NODE);
    assert_eq!(succeed(&node, &["--yes"]), "Nothing to change.\n");

    // The link answers as the kubelet's provider.
    let aws = FakeAws::start();
    let node = node.with_aws(&aws).with_keys("AKIANODE");
    let request = r#"{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"111122223333.dkr.ecr.eu-west-1.amazonaws.com/app"}"#;
    let environment = node.command(&[]);
    let mut command = std::process::Command::new(libexec.join("ecr-credential-provider"));
    command.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut running = support::sandbox::Running::start(command);
    running.write_all_and_close(request.as_bytes());
    assert!(running.wait().stdout_text().contains("\"CredentialProviderResponse\""));
}

#[test]
fn service_accounts_get_an_entry_of_their_own_and_undo_removes_both() {
    let node = node();
    let (etc, libexec) = (directory(&node, "etc"), directory(&node, "libexec"));
    succeed(&node, &["--yes", "--service-accounts"]);
    assert_eq!(read(&etc.join("10-ecr-credential-provider-pods.yaml")), PODS);
    assert_eq!(names(&libexec), ["ecr-credential-provider", "ecr-credential-provider-pods"]);
    fs::write(etc.join("30-other.yaml"), "other").expect("written");
    succeed(&node, &["--undo", "--yes"]);
    assert_eq!((names(&etc), names(&libexec)), (vec!["30-other.yaml".to_owned()], vec![]));
    assert_eq!(succeed(&node, &["--undo", "--yes"]), "Nothing to undo.\n");
}

#[test]
fn undo_leaves_the_link_of_a_package() {
    let node = node();
    let (etc, libexec) = (directory(&node, "etc"), directory(&node, "libexec"));
    let program = fs::read_link(node.path().join("bin").join(NAME)).expect("a link");
    fs::create_dir_all(&libexec).expect("made");
    let up: PathBuf = fs::canonicalize(&libexec).expect("it exists").components().skip(1).map(|_| "..").collect();
    let of_package = libexec.join("ecr-credential-provider");
    symlink(up.join(program.strip_prefix("/").expect("absolute")), &of_package).expect("a link");
    let said = succeed(&node, &["--yes", "--service-accounts"]);
    assert!(!said.contains("Linked ~/libexec/ecr-credential-provider\n"), "{said}");
    assert_eq!(names(&libexec), ["ecr-credential-provider", "ecr-credential-provider-pods"]);
    succeed(&node, &["--undo", "--yes"]);
    assert_eq!((names(&etc), names(&libexec)), (vec![], vec!["ecr-credential-provider".to_owned()]));
    assert_eq!(succeed(&node, &["--undo", "--yes"]), "Nothing to undo.\n");
}

#[test]
fn nothing_of_others_is_replaced_or_removed() {
    let node = node();
    let (etc, libexec) = (directory(&node, "etc"), directory(&node, "libexec"));
    fs::create_dir_all(&libexec).expect("made");
    fs::write(libexec.join("ecr-credential-provider"), "the reference plugin").expect("written");
    for arguments in [&["--yes"][..], &["--dry-run"], &["--undo", "--yes"]] {
        let reason = refuse(&configure(&node, arguments), 1);
        assert!(reason.contains("libexec/ecr-credential-provider` is another program; move it away"), "{reason}");
    }
    fs::remove_file(libexec.join("ecr-credential-provider")).expect("removed");
    fs::create_dir_all(&etc).expect("made");
    fs::write(etc.join("20-ecr-credential-provider.yaml"), "kind: CredentialProviderConfig\n").expect("written");
    let reason = refuse(&configure(&node, &["--yes"]), 1);
    assert!(reason.contains("20-ecr-credential-provider.yaml` has other contents"), "{reason}");
    assert_eq!(names(&libexec), Vec::<String>::new());
    assert_eq!(succeed(&node, &["--undo", "--yes"]), "Nothing to undo.\n");
    assert_eq!(read(&etc.join("20-ecr-credential-provider.yaml")), "kind: CredentialProviderConfig\n");
}

#[test]
fn the_configuration_may_be_a_file_as_for_k3s() {
    let node = node();
    let file = node.home().join("k3s/config.yaml");
    let bin = node.home().join("k3s/bin");
    let places = ["--config", file.to_str().expect("UTF-8"), "--bin-dir", bin.to_str().expect("UTF-8")];
    let run = |more: &[&str]| node.run(&[&["configure", "kubelet"], &places[..], more].concat(), b"");
    assert_eq!(run(&["--yes"]).code, Some(0));
    assert_eq!(read(&file), NODE);
    let reason = refuse(&run(&["--yes", "--service-accounts"]), 2);
    assert!(reason.contains("--service-accounts needs a directory"), "{reason}");
}

#[test]
fn nobody_is_asked_without_a_terminal_and_the_program_must_be_found() {
    let reason = refuse(&configure(&node(), &[]), 2);
    assert!(reason.contains("stdin is not a terminal; add --yes"), "{reason}");
    let reason = refuse(&configure(&Sandbox::new(), &["--yes"]), 1);
    assert!(reason.contains("would not find `docker-credential-ecr-login`"), "{reason}");
}
