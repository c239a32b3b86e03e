//! The kubelet's configuration in `packaging/kubernetes`: it names every host of ECR and no other, by the kubelet's own
//! rules for globs, and its entries are those that the program answers.

#![expect(clippy::disallowed_methods, reason = "the test reads the committed files")]

use std::fs;
use std::path::Path;

use docker_credential_ecr_login::unstable::{Registry, image_globs};

const FILES: [&str; 2] = ["10-ecr-credential-provider-pods.yaml", "20-ecr-credential-provider.yaml"];

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/kubernetes").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts of a list, whose lines stand directly below its name.
fn list(text: &str, name: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| line.trim() != format!("{name}:")).skip(1);
    let items = lines.map(str::trim).take_while(|line| line.starts_with("- "));
    items.map(|item| item.trim_start_matches("- ").trim_matches('"').to_owned()).collect()
}

/// Whether the kubelet starts a provider for an image: the globs match label by label, as many as there are, and a path is
/// a prefix; a port counts only if the glob has one (`URLsMatch` in the kubelet's `pkg/credentialprovider`).
fn matches(glob: &str, image: &str) -> bool {
    let parts = |text: &str| {
        let (host, path) = text.split_once('/').map_or((text, ""), |(host, path)| (host, path));
        let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
        (host.to_owned(), port.map(str::to_owned), path.to_owned())
    };
    let ((glob, glob_port, glob_path), (host, port, path)) = (parts(glob), parts(image));
    let (globs, labels): (Vec<_>, Vec<_>) = (glob.split('.').collect(), host.split('.').collect());
    globs.len() == labels.len()
        && globs.iter().zip(labels).all(|(glob, label)| label_matches(glob, label))
        && (glob_port.is_none() || glob_port == port)
        && path.starts_with(&glob_path)
}

/// A label and a glob with stars.
fn label_matches(glob: &str, label: &str) -> bool {
    match glob.split_once('*') {
        None => glob == label,
        Some((before, after)) => {
            let rest = label.strip_prefix(before);
            rest.is_some_and(|rest| {
                (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|end| label_matches(after, end)))
            })
        }
    }
}

#[test]
fn the_globs_are_those_of_the_table_of_partitions() {
    for name in FILES {
        assert_eq!(list(&file(name), "matchImages"), image_globs(), "{name}");
    }
}

#[test]
fn every_form_of_host_that_aws_uses_is_matched_once() {
    let account = "111122223333";
    for rest in [
        "dkr.ecr.eu-west-1.amazonaws.com",
        "dkr.ecr-fips.us-east-1.amazonaws.com",
        "dkr-ecr.eu-west-1.on.aws",
        "dkr-ecr-fips.us-east-2.on.aws",
        "dkr.ecr.us-gov-west-1.amazonaws.com",
        "dkr.ecr-fips.us-gov-east-1.amazonaws.com",
        "dkr-ecr.us-gov-east-1.on.aws",
        "dkr-ecr-fips.us-gov-west-1.on.aws",
        "dkr.ecr.cn-north-1.amazonaws.com.cn",
        "dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn",
        "dkr.ecr.eusc-de-east-1.amazonaws.eu",
        "dkr.ecr.us-iso-east-1.c2s.ic.gov",
        "dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
        "dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
        "dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
    ] {
        let host = format!("{account}.{rest}");
        assert!(Registry::parse(&host).is_some(), "{host}");
        for image in [format!("{host}/team/app"), format!("{host}:443/app")] {
            assert_eq!(image_globs().iter().filter(|glob| matches(glob, &image)).count(), 1, "{image}");
        }
    }
    for host in ["public.ecr.aws", "ecr-public.aws.com"] {
        let image = format!("{host}/docker/library/busybox");
        assert_eq!(image_globs().iter().filter(|glob| matches(glob, &image)).count(), 1, "{image}");
    }
}

#[test]
fn a_glob_with_an_account_and_a_region_is_a_registry_and_others_match_nothing() {
    for glob in image_globs() {
        let host = glob.replacen('*', "111122223333", 1).replacen('*', "us-east-1", 1);
        assert!(Registry::parse(&host).is_some(), "{glob}: {host}");
    }
    for image in [
        "docker.io/library/busybox",
        "registry.example.com/app",
        "evil.public.ecr.aws/app",
        "public.ecr.aws.example.com/app",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com.example.com/app",
        "a.b.dkr.ecr.us-east-1.amazonaws.com/app",
        "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/x",
    ] {
        assert!(!image_globs().iter().any(|glob| matches(glob, image)), "{image}");
    }
}

#[test]
fn the_names_are_those_that_the_program_answers_to_and_differ() {
    let names = FILES.map(|name| {
        let text = file(name);
        let line = text.lines().find_map(|line| line.trim().strip_prefix("- name: ")).expect("a name").to_owned();
        assert!(name.contains(&format!("-{line}.yaml")), "{name}: {line}");
        line
    });
    assert!(names.iter().all(|name| name.starts_with("ecr-credential-provider")), "{names:?}");
    assert_ne!(names[0], names[1], "one name can't serve both kinds of identity");
    let pods = file(FILES[0]);
    assert_eq!(list(&pods, "requiredServiceAccountAnnotationKeys"), ["eks.amazonaws.com/ecr-role-arn"]);
    let audience = "sts.amazonaws.com";
    assert!(pods.contains(&format!("serviceAccountTokenAudience: {audience}\n")));
    let rbac = file("rbac.yaml");
    assert!(rbac.contains(&format!("resources: [\"{audience}\"]")));
    assert!(rbac.contains("verbs: [\"request-serviceaccounts-token-audience\"]"));
}
