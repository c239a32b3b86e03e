//! The configuration file with the real binary: each registry with the identity that its rule
//! selects, cold, cached and in parallel; and other hosts with real fallback helpers, byte for
//! byte.
//!
//! What each line of the file means, and every mistake in it, is in the unit tests of `rules`,
//! `config` and `helper`.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use real files and processes")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::proxy::{Forward, Proxy};
use support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};

const DEV: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const PROD: &str = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
const RULES: &str = ".config/ecr-login/config.toml";

/// Three profiles in two accounts: keys, a role on top of them, and a program.
fn three_profiles(home: &Sandbox) {
    home.write(
        ".aws/config",
        "[profile prod]\nrole_arn = arn:aws:iam::444455556666:role/prod\nsource_profile = dev\n\
         [profile tools]\ncredential_process = issue-credentials\n",
    );
    home.write(
        ".aws/credentials",
        "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = made/up/secret/of/a/profile/0123456789\n",
    );
    home.program(
        "issue-credentials",
        "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKIATOOLS\",\"SecretAccessKey\":\"made/up/secret/of/tools/01234\"}'\n",
    );
    home.secret("made/up/secret/of/tools/01234");
}

#[track_caller]
fn signer(password: &str) -> String {
    password_head(password).access_key_id
}

#[test]
fn each_registry_gets_the_token_of_its_own_identity_cold_cached_and_in_parallel() {
    let aws = FakeAws::start();
    // Keys in the environment, which a profile in a rule overrides.
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    three_profiles(&home);
    home.write(
        RULES,
        "[[registry]]\nmatch = '111122223333.dkr.ecr.eu-*.amazonaws.com'\nprofile = 'dev'\n\
         [[registry]]\nmatch = ['444455556666', '555566667777']\nprofile = 'prod'\n\
         [[registry]]\nmatch = 'public.ecr.aws'\nprofile = 'tools'\n",
    );
    aws.issue_as(Api::AssumeRole, "ASIAPROD");
    let expected = [
        (DEV, "AKIADEV", "eu-west-1"),
        (PROD, "ASIAPROD", "eu-west-1"),
        ("555566667777.dkr.ecr.us-west-2.amazonaws.com", "ASIAPROD", "us-west-2"),
        ("public.ecr.aws", "AKIATOOLS", "us-east-1"),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com", "AKIAENV", "us-east-1"),
    ];
    let mut passwords = Vec::new();
    for round in ["cold", "cached"] {
        let running: Vec<_> = (0..4)
            .flat_map(|_| expected.iter().map(|(host, ..)| home.spawn(&["get"], host.as_bytes())).collect::<Vec<_>>())
            .collect();
        let got: Vec<_> = running.into_iter().map(|running| running.wait().password()).collect();
        for (password, (host, access_key_id, region)) in got.iter().zip(expected.iter().cycle()) {
            let head = password_head(password);
            assert_eq!((&*head.access_key_id, &*head.region), (*access_key_id, *region), "{host}, {round}");
        }
        passwords.push(got);
    }
    assert_eq!(passwords[0], passwords[1]);
    assert_eq!((aws.calls(Api::EcrToken), aws.calls(Api::EcrPublicToken)), (4, 1));
}

#[test]
fn auto_profile_selects_the_profile_of_the_account_and_else_nothing_changes() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    three_profiles(&home);
    aws.issue_as(Api::AssumeRole, "ASIAPROD");
    home.write(RULES, "auto_profile = true\n");
    for (host, access_key_id) in [(PROD, "ASIAPROD"), (DEV, "AKIAENV"), ("public.ecr.aws", "AKIAENV")] {
        let password = home.get(host).password();
        assert_eq!(signer(&password), access_key_id, "{host}");
        assert_eq!(home.get(host).password(), password, "{host}");
    }
    let config = fs::read_to_string(home.home().join(".aws/config")).expect("it was written");
    home.write(".aws/config", format!("{config}[profile prod-admin]\nsso_account_id = 444455556666\n"));
    let reply = home.get(PROD);
    reply.assert_not_found();
    assert_eq!(
        reply.stderr,
        format!(
            "ecr-login: no password for {PROD}: several profiles match account `444455556666`: `prod`, `prod-admin`; \
             select one of them with a rule in the configuration file\n"
        )
    );
}

#[test]
fn a_role_of_a_rule_is_assumed_from_its_profile_or_from_the_usual_credentials() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    three_profiles(&home);
    home.write(
        RULES,
        "[[registry]]\nmatch = '111122223333'\nrole_arn = 'arn:aws:iam::111122223333:role/pull'\n\
         [[registry]]\nmatch = '444455556666'\nprofile = 'tools'\nrole_arn = 'arn:aws:iam::444455556666:role/pull'\n\
         external_id = 'blue'\nsession_name = 'ci-job'\n",
    );
    let form = |host: &str, names: [&str; 3]| {
        let password = home.get(host).password();
        assert!(signer(&password).starts_with("ASIA-pull-assumed"), "{password:.60}");
        let request = aws.requests_to(Api::AssumeRole).pop().expect("a role was assumed");
        let said = names.map(|name| request.form(name));
        (request.access_key_id.expect("signed"), request.region.expect("signed"), said)
    };
    let names = ["RoleArn", "RoleSessionName", "ExternalId"];
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        form(DEV, names),
        (
            "AKIAENV".to_owned(),
            "eu-west-1".to_owned(),
            [text("arn:aws:iam::111122223333:role/pull"), text("docker-credential-ecr-login"), None]
        )
    );
    assert_eq!(
        form(PROD, names),
        (
            "AKIATOOLS".to_owned(),
            "eu-west-1".to_owned(),
            [text("arn:aws:iam::444455556666:role/pull"), text("ci-job"), text("blue")]
        )
    );
    assert_ne!(home.get(DEV).password(), home.get(PROD).password());
    assert_eq!((aws.calls(Api::AssumeRole), aws.calls(Api::EcrToken)), (2, 2));
    // An edited rule is another identity; an edit of another rule changes nothing.
    let text = fs::read_to_string(home.home().join(RULES)).expect("it was written");
    home.write(RULES, text.replace("blue", "green"));
    home.get(DEV).password();
    assert_eq!(aws.calls(Api::AssumeRole), 2);
    home.get(PROD).password();
    assert_eq!(aws.calls(Api::AssumeRole), 3);
}

#[test]
fn a_role_that_is_refused_is_named_and_so_is_a_service_that_fails() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV").env("AWS_MAX_ATTEMPTS", "1");
    home.write(RULES, "[[registry]]\nmatch = '*'\nrole_arn = 'arn:aws:iam::111122223333:role/pull'\n");
    for (behaviour, said) in [
        (
            Behaviour::error(403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole"),
            "could not get credentials from the role `arn:aws:iam::111122223333:role/pull` (AccessDenied: User is not \
             authorized to perform: sts:AssumeRole); try `aws sts get-caller-identity` with the same settings",
        ),
        (
            Behaviour::error(403, "ExpiredToken", "The security token included in the request is expired"),
            "the AWS credentials have expired (ExpiredToken: The security token included in the request is expired); get \
             new ones and try again",
        ),
        (
            Behaviour::error(400, "Throttling", "Rate exceeded"),
            "AWS is throttling requests from this account (Throttling: Rate exceeded); try again in a minute",
        ),
    ] {
        aws.set(Api::AssumeRole, behaviour);
        let reply = home.get(DEV);
        reply.assert_not_found();
        assert_eq!(reply.stderr, format!("ecr-login: no password for {DEV}: {said}\n"));
        home.assert_no_secret_in(&reply);
    }
    assert_eq!(aws.calls(Api::EcrToken), 0);
}

#[test]
fn another_name_of_a_registry_has_its_own_endpoint_and_is_listed_and_echoed() {
    let (usual, endpoint) = (FakeAws::start(), FakeAws::start());
    let home = Sandbox::new().with_aws(&usual).with_keys("AKIAENV");
    home.write(
        RULES,
        format!(
            "[[registry]]\nmatch = 'docker.example.com'\nregistry = '{DEV}'\nregion = 'eu-west-2'\nendpoint_url = '{}'\n",
            endpoint.url()
        ),
    );
    let reply = home.run(&["get"], b"https://Docker.Example.com:8443/v2/\n");
    let head = password_head(&reply.password());
    assert_eq!((&*head.access_key_id, &*head.region), ("AKIAENV", "eu-west-2"));
    assert!(
        reply.stdout_text().starts_with("{\"ServerURL\":\"https://Docker.Example.com:8443/v2/\",\"Username\":\"AWS\",")
    );
    assert_eq!((endpoint.calls(Api::EcrToken), usual.calls(Api::EcrToken)), (1, 0));
    assert_eq!(home.run(&["list"], b"").stdout_text(), "{\"https://docker.example.com\":\"AWS\"}\n");
    home.get(DEV).password();
    assert_eq!((endpoint.calls(Api::EcrToken), usual.calls(Api::EcrToken)), (1, 1));
    // A login with the token that was handed out, and a logout.
    let login = br#"{"ServerURL":"docker.example.com","Username":"AWS","Secret":"x"}"#;
    assert_eq!(home.run(&["store"], login).code, Some(0));
    assert_eq!(home.run(&["erase"], b"docker.example.com").code, Some(0));
    home.get("docker.example.com").password();
    assert_eq!(endpoint.calls(Api::EcrToken), 2);
}

#[test]
fn another_name_of_a_registry_uses_the_identity_of_the_rule_for_the_registry() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    three_profiles(&home);
    aws.issue_as(Api::AssumeRole, "ASIAPROD");
    let alias = format!("[[registry]]\nmatch = 'docker.example.com'\nregistry = '{PROD}'\n");
    for (others, access_key_id) in [
        ("", "AKIAENV"),
        ("[[registry]]\nmatch = '444455556666'\nprofile = 'tools'\n", "AKIATOOLS"),
        ("auto_profile = true\n", "ASIAPROD"),
    ] {
        home.write(
            RULES,
            if others.starts_with('[') { format!("{alias}{others}") } else { format!("{others}{alias}") },
        );
        let password = home.get("docker.example.com").password();
        assert_eq!(signer(&password), access_key_id, "{others}");
        assert_eq!(home.get(PROD).password(), password, "{others}");
    }
}

#[test]
fn the_log_names_the_rule_and_the_helper() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV").env("AWS_ECR_LOG", "debug");
    home.program("docker-credential-file", "#!/bin/sh\ncat\n");
    home.write(
        RULES,
        format!("\n[[registry]]\nmatch = '*.example.com'\nregistry = '{DEV}'\n[fallback]\nhelper = 'file'\n"),
    );
    let logged = |host: &str, event: &str| {
        let reply = home.get(host);
        assert!(reply.stderr.lines().any(|line| line.ends_with(event)), "{}", reply.stderr);
    };
    let path = home.home().join(RULES);
    let rule = format!("get docker.example.com: the rule at {}:2:1 applies; the registry is {DEV}", path.display());
    logged("docker.example.com", &rule);
    logged("ghcr.io", "get ghcr.io: passed on to docker-credential-file");
}

#[test]
fn a_rule_turns_fips_on_and_overrides_a_variable() {
    let aws = FakeAws::start();
    let proxy = Proxy::start(Forward::Refuse);
    let home = Sandbox::new()
        .with_aws(&aws)
        .without("AWS_ENDPOINT_URL")
        .with_keys("AKIAENV")
        .env("HTTPS_PROXY", proxy.url())
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_USE_DUALSTACK_ENDPOINT", "true");
    home.write(
        RULES,
        "[[registry]]\nmatch = '111122223333.dkr.ecr.us-east-1.amazonaws.com'\nfips = true\ndualstack = false\n",
    );
    home.get("111122223333.dkr.ecr.us-east-1.amazonaws.com").assert_not_found();
    home.get("111122223333.dkr.ecr.us-west-2.amazonaws.com").assert_not_found();
    assert_eq!(proxy.targets(), ["api.ecr-fips.us-east-1.amazonaws.com:443", "ecr.us-west-2.api.aws:443"]);
}

#[test]
fn every_form_of_toml_selects_the_same_identity() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    three_profiles(&home);
    let mut passwords = Vec::new();
    for text in [
        "[[registry]]\nmatch = '111122223333'\nprofile = 'dev'\n",
        "registry = [{ match = ['111122223333'], profile = \"dev\" }]\n",
        "[[ \"registry\" ]]\r\n'match' = [\r\n \"\"\"1111\\\r\n 22223333\"\"\", # the account\r\n]\r\nprofile = \"\\u0064ev\"\r\n",
        "fallback.helper = 'none'\n[[registry]]\nmatch = '*.dkr.ecr.eu-west-1.amazonaws.com'\nprofile = '''dev'''",
    ] {
        home.write(RULES, text);
        let password = home.get(DEV).password();
        assert_eq!(signer(&password), "AKIADEV", "{text}");
        passwords.push(password);
    }
    passwords.dedup();
    assert_eq!((passwords.len(), aws.calls(Api::EcrToken)), (1, 1));
}

#[test]
fn the_file_is_found_where_the_platform_keeps_configuration_and_where_the_variable_says() {
    let aws = FakeAws::start();
    let home = || {
        let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
        three_profiles(&home);
        home
    };
    let rule = "[[registry]]\nmatch = '*'\nprofile = 'dev'\n";
    let signer_in = |home: &Sandbox| signer(&home.get(DEV).password());

    assert_eq!(signer_in(&home()), "AKIAENV", "no file");
    #[cfg(target_os = "linux")]
    {
        let sandbox = home();
        let path = sandbox.home().join("xdg");
        let sandbox = sandbox.env("XDG_CONFIG_HOME", path);
        sandbox.write("xdg/ecr-login/config.toml", rule);
        assert_eq!(signer_in(&sandbox), "AKIADEV");
    }
    let sandbox = home().env("AWS_ECR_CONFIG", "~/rules.toml");
    sandbox.write(RULES, "nonsense");
    sandbox.write("rules.toml", rule);
    assert_eq!(signer_in(&sandbox), "AKIADEV");
    for none in ["", "/dev/null"] {
        assert_eq!(signer_in(&sandbox_with(&sandbox, none, &aws)), "AKIAENV", "{none:?}");
    }
    // People link such files from elsewhere.
    let sandbox = home();
    sandbox.write("dotfiles/rules.toml", rule);
    fs::create_dir_all(sandbox.home().join(".config/ecr-login")).expect("a directory");
    symlink(sandbox.home().join("dotfiles/rules.toml"), sandbox.home().join(RULES)).expect("a link");
    assert_eq!(signer_in(&sandbox), "AKIADEV");
}

/// A home directory with the invalid file of another one, and this value of the variable.
fn sandbox_with(other: &Sandbox, config: &str, aws: &FakeAws) -> Sandbox {
    let home = Sandbox::new().with_aws(aws).with_keys("AKIAENV").env("AWS_ECR_CONFIG", config);
    home.write(RULES, fs::read(other.home().join(RULES)).expect("it was written"));
    home
}

#[test]
fn an_invalid_file_is_explained_and_other_registries_get_the_not_found_sentence() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    let path = home.home().join(RULES);
    let path = path.display();
    let check = |home: &Sandbox, why: &str| {
        for host in [DEV, "ghcr.io"] {
            let reply = home.get(host);
            reply.assert_not_found();
            let reason = format!(
                "ecr-login: no password for {host}: the configuration file is invalid ({why}); fix it and try again\n"
            );
            assert_eq!(reply.stderr, reason);
        }
    };
    home.write(RULES, "[[registry]]\nmatch = '*'\n  rolearn = 'x'\n");
    check(&home, &format!("{path}:3:3: unknown key `rolearn`; did you mean `role_arn`?"));
    home.write(RULES, "[fallback]\nhelper = 'one'\n[[fallback]]\nmatch = 'ghcr.io'\nhelper = 'two'\n");
    check(&home, &format!("{path}:3:3: duplicate key `fallback`"));
    home.write(RULES, "registry = [{ match = '*', profile = true }]\n");
    check(&home, &format!("{path}:1:38: `profile` must be a string"));
    home.write(RULES, b"# \xff\n");
    check(&home, &format!("`{path}` is not valid UTF-8"));
    home.write(RULES, vec![b'\n'; (1 << 20) + 1]);
    check(&home, &format!("cannot read `{path}`: longer than 1048576 bytes"));
    for mode in [0o660, 0o606, 0o666] {
        home.write(RULES, "");
        fs::set_permissions(home.home().join(RULES), fs::Permissions::from_mode(mode)).expect("chmod");
        check(&home, &format!("cannot read `{path}`: writable by group or others; run `chmod go-w`"));
    }
    fs::remove_file(home.home().join(RULES)).expect("it was written");
    symlink(home.home().join(RULES), home.home().join(RULES)).expect("a link to itself");
    let number = fs::read(home.home().join(RULES)).expect_err("it leads nowhere").raw_os_error().expect("a number");
    let reply = home.get(DEV);
    reply.assert_not_found();
    // Each C library words it differently.
    let (beginning, end) = (format!("(cannot read `{path}`: "), format!("(os error {number}));"));
    assert!(reply.stderr.contains(&beginning) && reply.stderr.contains(&end), "{}", reply.stderr);
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV").env("AWS_ECR_CONFIG", "~/missing.toml");
    let missing = home.home().join("missing.toml");
    check(&home, &format!("`{}`, which `AWS_ECR_CONFIG` names, does not exist", missing.display()));
    assert_eq!(aws.requests().len(), 0);
}

/// Runs the helper as another user than root, if this one is root.
fn as_anybody(home: &Sandbox, host: &str) -> Option<Reply> {
    let helper = home.command(&["get"]);
    let is_root = fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    if !is_root {
        return Some(home.get(host));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(helper.get_program()).arg("get");
    command.env_clear().envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir("/");
    if !Command::new("setpriv").arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("NOT TESTED: `setpriv` is missing");
        return None;
    }
    let mut running = Running::start(command);
    running.write_all_and_close(host.as_bytes());
    Some(running.wait())
}

#[test]
fn a_directory_that_cant_be_searched_is_as_if_nothing_were_in_it() {
    let aws = FakeAws::start();
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
    for closed in ["", ".config", ".config/ecr-login"] {
        let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV").env("AWS_CONFIG_FILE", "/dev/null");
        let home = home.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        let path = home.write(RULES, "nonsense");
        for open in [home.path(), &home.home(), &home.home().join(".config"), &home.home().join(".config/ecr-login")] {
            set(open, 0o755);
        }
        set(&home.home().join(closed), 0);
        let (Some(own), Some(foreign)) = (as_anybody(&home, DEV), as_anybody(&home, "ghcr.io")) else { return };
        assert_eq!(signer(&own.password()), "AKIAENV", "{closed}");
        assert_eq!((foreign.code, foreign.stdout_text().as_str(), &*foreign.stderr), (Some(1), NOT_FOUND, ""));
        // A variable names what must be there.
        let named = home.env("AWS_ECR_CONFIG", &path);
        let reply = as_anybody(&named, DEV).expect("as before");
        let reason = format!("(cannot read `{}`: Permission denied (os error 13))", path.display());
        assert!(reply.code == Some(1) && reply.stderr.contains(&reason), "{}", reply.stderr);
        set(&named.home().join(closed), 0o755);
    }
}

#[test]
fn a_directory_that_is_a_link_to_nowhere_is_as_if_nothing_were_in_it() {
    let aws = FakeAws::start();
    for target in ["nowhere", "ecr-login", "../../loop"] {
        let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
        fs::create_dir(home.home().join(".config")).expect("a directory");
        symlink(target, home.home().join(".config/ecr-login")).expect("a link");
        symlink("loop", home.path().join("loop")).expect("a link");
        assert_eq!(signer(&home.get(DEV).password()), "AKIAENV", "{target}");
        let foreign = home.get("ghcr.io");
        assert_eq!((foreign.stdout_text().as_str(), &*foreign.stderr), (NOT_FOUND, ""), "{target}");
    }
    // So is a home directory that nothing can be below of.
    for nowhere in ["/dev/null".to_owned(), format!("/{}", "x".repeat(300)), "/proc/1/root/x".to_owned()] {
        let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV").env("AWS_CONFIG_FILE", "/dev/null");
        let home = home.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("HOME", &nowhere);
        assert_eq!(signer(&home.get(DEV).password()), "AKIAENV", "{nowhere}");
    }
}

#[test]
fn a_directory_in_place_of_the_file_and_the_file_of_another_user_are_mistakes() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    let path = home.home().join(RULES);
    fs::create_dir_all(&path).expect("a directory");
    let check = |home: &Sandbox, why: &str| {
        let reply = home.get(DEV);
        let reason = format!(
            "ecr-login: no password for {DEV}: the configuration file is invalid (cannot read `{}`: {why}); fix it and \
             try again\n",
            path.display()
        );
        assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr), (Some(1), NOT_FOUND, reason));
    };
    check(&home, "a directory, not a file");
    fs::remove_dir(&path).expect("empty");
    home.write(RULES, "");
    signer(&home.get(DEV).password());
    if chown(&path, Some(65_534), None).is_ok() {
        check(&home, "owned by another user; run `chown`");
    } else {
        println!("NOT TESTED: only root gives files away");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_an_error() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    let path = home.write(RULES, "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("chmod");
    if fs::read(&path).is_ok() {
        println!("NOT TESTED: this user may read every file");
        return;
    }
    let reply = home.get(DEV);
    reply.assert_not_found();
    assert!(reply.stderr.contains("Permission denied"), "{}", reply.stderr);
}

#[test]
fn a_rule_that_gives_the_password_to_hosts_of_anybody_is_a_mistake() {
    let aws = FakeAws::start();
    let home = Sandbox::new().with_aws(&aws).with_keys("AKIAENV");
    let path = home.home().join(RULES);
    for glob in ["*", "*.com", "docker.*", "*.co?", "*example.com", "10.0.0.?"] {
        home.write(RULES, format!("[[registry]]\nregistry = '{DEV}'\nmatch = ['a.example.com', '{glob}']\n"));
        for host in ["docker.example.com", "evil.com", DEV] {
            let reply = home.get(host);
            reply.assert_not_found();
            let reason = format!(
                "ecr-login: no password for {host}: the configuration file is invalid ({}:3:27: `{glob}` matches hosts of \
                 anybody, who would get the password of the `registry`; end it with a domain, as in `*.example.com`); \
                 fix it and try again\n",
                path.display()
            );
            assert_eq!(reply.stderr, reason);
        }
    }
    // Without a `registry`, a rule is for registries by their own names, which AWS gives.
    home.write(RULES, "[[registry]]\nmatch = '*'\nfips = false\n");
    signer(&home.get(DEV).password());
    home.write(RULES, format!("[[registry]]\nregistry = '{DEV}'\nmatch = 'docker-?.example.com'\n"));
    signer(&home.get("docker-1.example.com").password());
    home.get("docker-1.example.org").assert_not_found();
}

#[test]
fn the_list_of_a_fallback_has_limits() {
    let home = Sandbox::new().env("AWS_ECR_TIMEOUT", "2");
    home.write(
        RULES,
        "[[fallback]]\nmatch = 'ghcr.io'\nhelper = 'odd'\n[[fallback]]\nmatch = 'quay.io'\nhelper = 'good'\n",
    );
    home.program("docker-credential-good", "#!/bin/sh\necho '{\"quay.io\":\"me\"}'\n");
    for (script, why, limit) in [
        ("sleep 30", "`list` timed out after 2 s", 10),
        ("sleep 30 & sleep 31", "`list` timed out after 2 s", 10),
        ("trap '' TERM INT; while :; do sleep 1; done", "`list` timed out after 2 s", 10),
        ("yes", "the output of `list` is longer than 1 MiB", 2),
        (
            "printf '{\"a\":\"'; head -c 1048576 /dev/zero | tr '\\0' x; echo '\"}'",
            "the output of `list` is longer than 1 MiB",
            2,
        ),
    ] {
        home.program("docker-credential-odd", &format!("#!/bin/sh\n{script}\n"));
        let reply = home.run(&["list"], b"");
        let reason = format!(
            "ecr-login: the list is incomplete: the fallback helper `docker-credential-odd` failed ({why}); run \
             `docker-credential-odd list` to see why\n"
        );
        assert!(reply.stderr.contains(&reason), "{script}: {}", reply.stderr);
        assert_eq!(reply.code, Some(0), "{script}");
        assert!(reply.elapsed.as_secs() < limit, "{script}: {:?}", reply.elapsed);
        // The others are asked in the time that is left.
        let late = "`docker-credential-good` failed (the helpers before it took all the time)";
        assert_eq!(reply.stderr.contains(late), limit == 10, "{script}: {}", reply.stderr);
        let listed = if limit == 2 { "{\"quay.io\":\"me\"}\n" } else { "{}\n" };
        assert_eq!(reply.stdout_text(), listed, "{script}");
    }
    // A helper has listed once it has ended, and what it says on stderr is passed on.
    home.program("docker-credential-odd", "#!/bin/sh\nsleep 30 &\necho locked >&2\necho '{\"ghcr.io\":\"you\"}'\n");
    let reply = home.run(&["list"], b"");
    assert!(reply.elapsed.as_secs() < 10, "{:?}", reply.elapsed);
    assert_eq!(
        (reply.stdout_text().as_str(), &*reply.stderr),
        ("{\"ghcr.io\":\"you\",\"quay.io\":\"me\"}\n", "locked\n")
    );
}

/// A fallback helper that writes down what it was asked, byte for byte, and answers with whatever
/// the test put beside it.
const HELPER: &str = "#!/bin/sh\nhere=\"$HOME/helper\"\nmkdir -p \"$here\"\nprintf %s \"$*\" >\"$here/arguments\"\n\
                      cat >\"$here/stdin\"\ncat \"$here/stdout\" 2>/dev/null\n\
                      cat \"$here/stderr\" >&2 2>/dev/null\nexit \"$(cat \"$here/status\")\"\n";

fn with_fallback(home: Sandbox) -> Sandbox {
    home.program("docker-credential-file", HELPER);
    home.write(RULES, "[fallback]\nhelper = 'file'\n");
    home
}

#[test]
fn a_fallback_has_stdin_stdout_stderr_and_status_untouched() {
    let home = with_fallback(Sandbox::new());
    let big = format!("{{\"ServerURL\":\"ghcr.io\",\"Username\":\"u\",\"Secret\":\"{}\"}}", "s".repeat(500_000));
    for (action, stdin, stdout, stderr, status) in [
        ("get", "ghcr.io", &b"{\"ServerURL\":\"ghcr.io\",\"Username\":\"u\",\"Secret\":\"s\"}"[..], "", 0),
        ("get", "https://index.docker.io/v1/\r\n\n", b"\x00\xff no line end", "warned\n", 0),
        ("get", "ghcr.io", b"credentials not found in native keychain\n", "", 1),
        ("store", &big, b"", "", 0),
        ("store", "{\"ServerURL\":\"ghcr.io\",\"Username\":\"<token>\",\"Secret\":\"\"}\n", b"error\n", "locked\n", 7),
        ("erase", "ghcr.io", b"", "", 0),
        ("erase", "ghcr.io\n", b"not there", "", 255),
    ] {
        home.write("helper/stdout", stdout);
        home.write("helper/stderr", stderr);
        home.write("helper/status", format!("{status}\n"));
        let reply = home.run(&[action], stdin.as_bytes());
        assert_eq!((&reply.stdout[..], &*reply.stderr, reply.code), (stdout, stderr, Some(status)), "{action}");
        let seen = |name: &str| fs::read_to_string(home.home().join("helper").join(name)).expect("it was run");
        assert_eq!((&*seen("arguments"), &*seen("stdin")), (action, stdin));
    }
    // Neither AWS nor the cache was used.
    assert!(!home.cache_dir().exists());
}

#[test]
fn a_fallback_that_does_not_read_or_is_killed_or_writes_much_does_not_hang_the_client() {
    let home = Sandbox::new();
    home.write(RULES, "[fallback]\nhelper = 'odd'\n");
    let request = format!("{{\"ServerURL\":\"ghcr.io\",\"Username\":\"u\",\"Secret\":\"{}\"}}", "s".repeat(500_000));
    home.program("docker-credential-odd", "#!/bin/sh\nexit 3\n");
    assert_eq!(home.run(&["store"], request.as_bytes()).code, Some(3));
    home.program("docker-credential-odd", "#!/bin/sh\nkill -9 $$\n");
    assert_eq!(home.run(&["store"], request.as_bytes()).code, Some(137));
    home.program("docker-credential-odd", "#!/bin/sh\nhead -c 1000000 /dev/zero\ncat >/dev/null\n");
    let reply = home.run(&["store"], request.as_bytes());
    assert_eq!((reply.stdout.len(), reply.code), (1_000_000, Some(0)));
}

#[test]
fn the_list_of_a_fallback_is_merged_into_ours() {
    let aws = FakeAws::start();
    let home = with_fallback(Sandbox::new().with_aws(&aws).with_keys("AKIAENV"));
    home.write("helper/stdout", r#"{"https://index.docker.io/v1/":"me","ghcr.io":"<token>","public.ecr.aws":"old"}"#);
    home.write("helper/status", "0");
    home.get(DEV).password();
    let reply = home.run(&["list"], b"");
    assert_eq!((reply.code, &*reply.stderr), (Some(0), ""));
    let merged =
        format!("{{\"ghcr.io\":\"<token>\",\"https://{DEV}\":\"AWS\",\"https://index.docker.io/v1/\":\"me\"}}\n");
    assert_eq!(reply.stdout_text(), merged);
    for (stdout, status, why) in
        [("[]", 0, "the output of `list` is not a JSON object of names"), ("{}", 4, "`list` exited with status 4")]
    {
        home.write("helper/stdout", stdout);
        home.write("helper/status", status.to_string());
        let reply = home.run(&["list"], b"");
        assert_eq!((reply.code, reply.stdout_text()), (Some(0), format!("{{\"https://{DEV}\":\"AWS\"}}\n")));
        let reason = format!(
            "ecr-login: the list is incomplete: the fallback helper `docker-credential-file` failed ({why}); run \
             `docker-credential-file list` to see why\n"
        );
        assert_eq!(reply.stderr, reason);
    }
}

#[test]
fn a_fallback_that_is_missing_or_is_this_program_is_a_clear_error() {
    let binary = |home: &Sandbox| Path::new(home.command(&[]).get_program()).to_owned();
    let missing = Sandbox::new();
    let link = Sandbox::new();
    symlink(binary(&link), link.path().join("bin/docker-credential-file")).expect("a link");
    let script = Sandbox::new();
    let started_again = format!("#!/bin/sh\nexec '{}' \"$1\"\n", binary(&script).display());
    script.program("docker-credential-file", &started_again);
    let not_a_program = Sandbox::new();
    fs::write(not_a_program.path().join("bin/docker-credential-file"), "").expect("written");
    let another = "name another helper in the configuration file\n";
    for (home, why) in [
        (missing, "isn't on the `PATH`; install it, or name another helper in the configuration file\n".to_owned()),
        (link, format!("runs this program again; {another}")),
        (script, format!("runs this program again; {another}")),
        (
            not_a_program,
            "failed (Permission denied (os error 13)); run `docker-credential-file list` to see why\n".to_owned(),
        ),
    ] {
        home.write(RULES, "[fallback]\nhelper = 'file'\n");
        let why = format!("the fallback helper `docker-credential-file` {why}");
        let reply = home.get("ghcr.io");
        let reason = format!("ecr-login: no password for ghcr.io: {why}");
        assert_eq!((reply.stdout_text().as_str(), reply.stderr, reply.code), (NOT_FOUND, reason, Some(1)));
        for (action, stdin) in
            [("store", r#"{"ServerURL":"ghcr.io","Username":"u","Secret":"s"}"#), ("erase", "ghcr.io")]
        {
            let reply = home.run(&[action], stdin.as_bytes());
            let said = format!("ecr-login: cannot {action} the password for ghcr.io: {why}");
            // Docker doesn't show what `erase` writes to stdout.
            let shown = if action == "erase" { said.as_str() } else { "" };
            assert_eq!((reply.stdout_text().as_str(), &*reply.stderr, reply.code), (&*said, shown, Some(1)));
        }
        let reply = home.run(&["list"], b"");
        assert_eq!((reply.stdout_text().as_str(), reply.code), ("{}\n", Some(0)));
        assert!(reply.stderr.starts_with("ecr-login: the list is incomplete: "), "{}", reply.stderr);
    }
}

#[test]
fn fallbacks_may_start_this_program_again_but_not_in_a_circle() {
    let home = Sandbox::new();
    let binary = Path::new(home.command(&[]).get_program()).display().to_string();
    // `one` asks for another host than it was asked for, which is `two`'s; `two` answers, or goes
    // round.
    home.program("docker-credential-one", &format!("#!/bin/sh\nprintf two.example | '{binary}' get\n"));
    home.program("docker-credential-two", "#!/bin/sh\ncat\n");
    home.write(
        RULES,
        "[[fallback]]\nmatch = 'one.example'\nhelper = 'one'\n[[fallback]]\nmatch = 'two.example'\nhelper = 'two'\n",
    );
    let reply = home.get("one.example");
    assert_eq!((reply.stdout_text().as_str(), &*reply.stderr, reply.code), ("two.example", "", Some(0)));
    home.program("docker-credential-two", &format!("#!/bin/sh\nprintf one.example | '{binary}' get\n"));
    let reply = home.get("one.example");
    assert_eq!((reply.stdout_text().as_str(), reply.code), (NOT_FOUND, Some(1)));
    assert_eq!(
        reply.stderr,
        "ecr-login: no password for one.example: the fallback helper `docker-credential-one` runs this program again; \
         name another helper in the configuration file\n"
    );
}
