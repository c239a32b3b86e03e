//! Every check, of a machine that is well and of one with the fault that it finds.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;

use crate::machine::{HOST, PROGRAM, binary, doctor, json, machine, set_mode, steady};
use crate::support::fake_aws::{Api, Behaviour, FakeAws};
use crate::support::proxy::{Forward, Proxy};
use crate::support::sandbox::{NOBODY, Sandbox};
use crate::support::tls::TestCa;

const PUBLIC: &str = "public.ecr.aws";

/// Where the AWS CLI keeps the token of the SSO session `corp`.
const SSO_TOKEN: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
const SSO: &str = "[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
    [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n";
const KEYS: &str = "aws_access_key_id = AKIDOFPROFILE\naws_secret_access_key = made/up/secret/of/a/profile\n";
const RULE: &str = "[[registry]]\nmatch = \"111122223333\"\n";
const ROLE: &str = "role_arn = arn:aws:iam::111122223333:role/pull\n";

/// What is said of one check, under a heading.
pub(crate) struct Golden(pub(crate) String);

impl Golden {
    /// Writes down what `doctor` says of the checks of these wanted, in text and in JSON.
    pub(crate) fn add(&mut self, what: &str, wanted: &[&str], sandbox: &Sandbox, arguments: &[&str]) {
        let text = doctor(sandbox, arguments).stdout_text();
        let results = json(sandbox, arguments);
        writeln!(self.0, "## {what}").expect("a string");
        let mut is_wanted = false;
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines() {
            // What is wrapped depends on the length of the sandbox's path.
            let begins = line.split_once(':').and_then(|(start, _)| start.split_once(' '));
            match begins.filter(|(mark, _)| ["\u{2713}", "!", "\u{2717}", "-"].contains(mark)) {
                Some((_, name)) => is_wanted = wanted.contains(&name),
                None if !line.starts_with("  ") => is_wanted = false,
                None => {}
            }
            let is_continued = line.starts_with("  ") && !line.starts_with("    ");
            match lines.last_mut() {
                Some(last) if is_wanted && is_continued => last.extend([" ", line.trim_start()]),
                _ if is_wanted => lines.push(line.to_owned()),
                _ => {}
            }
        }
        for line in lines {
            writeln!(self.0, "{}", steady(sandbox, &line)).expect("a string");
        }
        for check in results["checks"].as_array().expect("checks") {
            if wanted.iter().any(|name| check["name"] == *name) {
                writeln!(self.0, "{}", steady(sandbox, &check.to_string())).expect("a string");
            }
        }
        self.0.push('\n');
    }

    #[track_caller]
    pub(crate) fn compare(&self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor").join(name);
        if std::env::var_os("UPDATE_DOCTOR").is_some() {
            fs::write(&path, &self.0).expect("a writable source tree");
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        let differs = self.0.lines().zip(known.lines().chain(std::iter::repeat(""))).find(|(now, then)| now != then);
        assert!(self.0 == known, "{name} differs: {differs:?}");
    }
}

#[test]
fn the_program_is_the_one_that_clients_find() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let wanted = &["program"];
    golden.add("the program is on the PATH", wanted, &machine(&aws), &[HOST]);

    let sandbox = machine(&aws);
    fs::remove_file(sandbox.path().join("bin").join(PROGRAM)).expect("removed");
    golden.add("the program isn't on the PATH", wanted, &sandbox, &[HOST]);
    sandbox.program(PROGRAM, "");
    set_mode(&sandbox.path().join("bin").join(PROGRAM), 0o600);
    golden.add("the program can't be run", wanted, &sandbox, &[HOST]);
    let other =
        "#!/bin/sh\necho 'docker-credential-ecr-login (github.com/awslabs/amazon-ecr-credential-helper) 0.9.1'\n";
    sandbox.program(PROGRAM, other);
    golden.add("another program is in its place", wanted, &sandbox, &[HOST]);
    let older = format!("#!/bin/sh\necho '{PROGRAM} ({PROGRAM}) 0.0.9'\n");
    sandbox.program(PROGRAM, &older);
    golden.add("an older version is in its place", wanted, &sandbox, &[HOST]);
    let copy = format!("#!/bin/sh\necho '{PROGRAM} ({PROGRAM}) {}'\n", env!("CARGO_PKG_VERSION"));
    sandbox.program(PROGRAM, &copy);
    golden.add("a copy of this version is in its place", wanted, &sandbox, &[HOST]);
    sandbox.program(PROGRAM, "#!/bin/sh\nsleep 60\n");
    golden.add("a program that hangs is in its place", wanted, &sandbox, &[HOST]);

    let sandbox = machine(&aws);
    let desktop = sandbox.home().join(".rd/bin");
    fs::create_dir_all(&desktop).expect("made");
    let program = sandbox.program("theirs", other);
    fs::rename(program, desktop.join(PROGRAM)).expect("moved");
    let (first, ours) = (desktop.display(), sandbox.path().join("bin"));
    let path = format!("{first}:{}:/usr/bin:/bin", ours.display());
    let sandbox = sandbox.env("PATH", path);
    golden.add("Rancher Desktop's comes first", wanted, &sandbox, &[HOST]);
    let path = format!("{}:{}:/usr/bin:/bin", ours.display(), desktop.display());
    golden.add("Rancher Desktop's comes behind", wanted, &sandbox.env("PATH", path), &[HOST]);
    golden.compare("program.txt");
}

#[test]
fn our_own_settings_are_read_as_a_client_has_them_read() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let sandbox = machine(&aws).env("AWS_ECR_TIMEOUT", "soon");
    golden.add("a variable isn't valid", &["variables"], &sandbox, &[HOST]);
    let wanted = &["configuration file"];
    golden.add("there is no file", wanted, &machine(&aws), &[HOST]);
    let with = |contents: &[u8]| {
        let sandbox = machine(&aws);
        sandbox.write(".config/ecr-login/config.toml", contents);
        sandbox
    };
    golden.add("one rule", wanted, &with(RULE.as_bytes()), &[HOST]);
    golden.add("no rule", wanted, &with(b""), &[HOST]);
    golden.add("a misspelled key", wanted, &with(b"[[registry]]\nmatch = \"111122223333\"\nprofil = \"x\"\n"), &[HOST]);
    golden.add("an unknown key", wanted, &with(b"[[registry]]\nmatch = \"111122223333\"\nuser = \"x\"\n"), &[HOST]);
    golden.add("no TOML", wanted, &with(b"[[registry]]\nmatch =\n"), &[HOST]);
    golden.add("no text", wanted, &with(b"\xff\xfe"), &[HOST]);
    let hidden =
        format!("[[registry]]\nmatch = \"*.amazonaws.com\"\n\n[[registry]]\nmatch = \"{HOST}\"\nprofile = \"x\"\n");
    golden.add("a rule behind one that has its hosts", wanted, &with(hidden.as_bytes()), &[HOST]);
    let sandbox = with(RULE.as_bytes());
    set_mode(&sandbox.home().join(".config/ecr-login/config.toml"), 0o664);
    golden.add("others may write the file", wanted, &sandbox, &[HOST]);
    golden.add("the file is turned off", wanted, &sandbox.env("AWS_ECR_CONFIG", ""), &[HOST]);
    golden.add(
        "the variable names no file",
        wanted,
        &machine(&aws).env("AWS_ECR_CONFIG", "/nonexistent/x.toml"),
        &[HOST],
    );
    let sandbox = machine(&aws);
    fs::create_dir_all(sandbox.home().join(".config/ecr-login/config.toml")).expect("made");
    golden.add("a directory is in the file's place", wanted, &sandbox, &[HOST]);
    golden.compare("settings.txt");
}

#[test]
fn the_cache_is_looked_at_as_a_fetch_will_find_it() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let wanted = &["cache"];
    let sandbox = machine(&aws);
    golden.add("there is no directory yet", wanted, &sandbox, &[HOST]);
    assert!(!sandbox.cache_dir().exists(), "nothing is made");
    assert_eq!(sandbox.get(HOST).code, Some(0));
    golden.add("the directory that a fetch made", wanted, &sandbox, &[HOST]);
    set_mode(&sandbox.cache_dir(), 0o777);
    golden.add("others may write the directory that a fetch made", wanted, &sandbox, &[HOST]);
    fs::remove_file(sandbox.cache_dir().join("CACHEDIR.TAG")).expect("removed");
    golden.add("others may write another directory", wanted, &sandbox, &[HOST]);
    let elsewhere = sandbox.path().join("bin").join(PROGRAM);
    let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", &elsewhere);
    golden.add("a file is in the directory's place", wanted, &sandbox, &[HOST]);
    let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", elsewhere.join("below"));
    golden.add("a file is on the way to the directory", wanted, &sandbox, &[HOST]);
    golden.add("the cache is turned off", wanted, &sandbox.env("AWS_ECR_DISABLE_CACHE", "1"), &[HOST]);
    if Path::new("/dev/shm").is_dir() {
        let memory = tempfile::Builder::new().prefix("ecr-login-").tempdir_in("/dev/shm").expect("a directory");
        let said = doctor(&machine(&aws).env("AWS_ECR_CACHE_DIR", memory.path()), &[HOST]).stdout_text();
        assert!(said.contains("in memory (tmpfs): empty after a restart"), "{said}");
    }
    golden.compare("cache.txt");
}

#[test]
fn the_identity_is_found_with_its_state() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let wanted = &["identity", "token"];
    golden.add("keys of the environment", wanted, &machine(&aws), &[HOST]);
    let without_keys = || machine(&aws).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    golden.add("no credentials", wanted, &without_keys(), &[HOST]);
    golden.add("no credentials for ECR Public", wanted, &without_keys(), &[PUBLIC]);
    golden.add("half a pair and nothing else", wanted, &machine(&aws).without("AWS_ACCESS_KEY_ID"), &[HOST]);
    let profile = |name: &str, config: &str| {
        let sandbox = without_keys().env("AWS_PROFILE", name);
        sandbox.write(".aws/config", config);
        sandbox
    };
    let prod = format!("[profile prod]\n{KEYS}");
    golden.add("a profile", wanted, &profile("prod", &prod), &[HOST]);
    golden.add("a profile, and half a pair", wanted, &profile("prod", &prod).with_half(), &[HOST]);
    golden.add("a misspelled profile", wanted, &profile("prd", &prod), &[HOST]);
    golden.add("a profile that doesn't exist", wanted, &profile("staging", &prod), &[HOST]);
    let sandbox = without_keys();
    let rule = format!("[[registry]]\nmatch = \"{HOST}\"\nprofile = \"staging\"\n");
    sandbox.write(".config/ecr-login/config.toml", rule);
    golden.add("a rule's profile that doesn't exist", wanted, &sandbox, &[HOST]);
    let assumed = format!("[profile prod]\n{ROLE}source_profile = base\n");
    golden.add("a role without its source", wanted, &profile("prod", &assumed), &[HOST]);
    let assumed = format!("{assumed}[profile base]\n{KEYS}");
    golden.add("a role", wanted, &profile("prod", &assumed), &[HOST]);
    let mfa = assumed.replace("source_profile", "mfa_serial = arn:aws:iam::111122223333:mfa/dev\nsource_profile");
    golden.add("a role that needs a code", wanted, &profile("prod", &mfa), &[HOST]);
    golden.add("a session that was never started", wanted, &profile("dev", SSO), &[HOST]);
    for (what, expires_at) in [("ended", "2020-01-01T00:00:00Z"), ("lives", "2099-01-01T00:00:00Z")] {
        let sandbox = profile("dev", SSO);
        sandbox.secret("made-up-access-token");
        let session = json!({ "accessToken": "made-up-access-token", "expiresAt": expires_at });
        sandbox.write(SSO_TOKEN, session.to_string());
        aws.set(Api::SsoRoleCredentials, Behaviour::Answer);
        golden.add(&format!("a session that {what}"), &["identity"], &sandbox, &[HOST]);
    }
    let process = |command: &str| format!("[profile prod]\ncredential_process = {command}\n");
    golden.add("a program that isn't there", wanted, &profile("prod", &process("no-such-vault get prod")), &[HOST]);
    let sandbox = profile("prod", &process("vault"));
    sandbox.program("vault", "#!/bin/sh\necho locked >&2; exit 3\n");
    golden.add("a program that fails", wanted, &sandbox, &[HOST]);
    let sandbox = without_keys().env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pull");
    let sandbox = sandbox.env("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token");
    golden.add("a web identity without its token", wanted, &sandbox, &[HOST]);
    golden.add("a setting that isn't valid", wanted, &machine(&aws).env("AWS_MAX_ATTEMPTS", "none"), &[HOST]);
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "User: arn:aws:iam::111122223333:user/x"));
    golden.add("a policy is missing", wanted, &machine(&aws), &[HOST]);
    aws.set(Api::EcrToken, Behaviour::error(400, "ExpiredTokenException", "The security token is expired"));
    golden.add("keys that have expired", wanted, &machine(&aws), &[HOST]);
    golden.compare("identity.txt");
}

/// Half a pair in the environment.
trait Half {
    fn with_half(self) -> Self;
}

impl Half for Sandbox {
    fn with_half(self) -> Self {
        self.env("AWS_ACCESS_KEY_ID", "AKIDHALF")
    }
}

#[test]
fn the_way_to_aws_is_looked_at_step_by_step() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let wanted = &["DNS", "proxy", "TLS", "API", "clock", "token"];
    let two_attempts = |sandbox: Sandbox| sandbox.env("AWS_MAX_ATTEMPTS", "1");
    golden.add("an http endpoint of this machine", wanted, &machine(&aws), &[HOST]);
    golden.add("nobody listens", wanted, &machine(&aws).env("AWS_ENDPOINT_URL", NOBODY), &[HOST]);
    let localhost = format!("http://localhost:{}", aws.port());
    let named = machine(&aws).env("AWS_ENDPOINT_URL", localhost);
    let said = json(&named, &[HOST]);
    assert!(said["checks"].to_string().contains("localhost has "), "{said:#}");

    let ca = TestCa::new();
    let secure = FakeAws::start_tls(&ca, &[]);
    let bundle = |sandbox: Sandbox, ca: &TestCa| {
        let file = sandbox.write("ca.pem", ca.pem());
        sandbox.env("AWS_CA_BUNDLE", file)
    };
    golden.add("https", wanted, &bundle(machine(&secure), &ca), &[HOST]);
    golden.add("https of an unknown CA", wanted, &two_attempts(bundle(machine(&secure), &TestCa::new())), &[HOST]);
    let sandbox = machine(&secure).env("AWS_CA_BUNDLE", "/nonexistent/ca.pem");
    golden.add("the file with the CA is missing", wanted, &sandbox, &[HOST]);
    let old = TestCa::with_years(2001, 2002);
    let expired = FakeAws::start_tls(&old, &[]);
    let sandbox = bundle(machine(&expired), &old);
    let said = json(&sandbox, &[HOST])["checks"].to_string();
    assert!(said.contains("certificate has expired"), "{said}");
    let sandbox = machine(&secure).env("AWS_ENDPOINT_URL", format!("https://127.0.0.1:{}", aws.port()));
    golden.add("https where http is spoken", wanted, &two_attempts(sandbox), &[HOST]);

    let named = FakeAws::start_tls(&ca, &["ecr.example"]);
    let proxy = Proxy::start(Forward::To(named.port()));
    let sandbox = bundle(machine(&named), &ca).env("AWS_ENDPOINT_URL", "https://ecr.example");
    golden.add("https through a proxy", wanted, &sandbox.env("HTTPS_PROXY", proxy.url()), &[HOST]);
    let sandbox = bundle(machine(&named), &ca).env("AWS_ENDPOINT_URL", "https://ecr.example");
    golden.add("a variable that names no proxy", wanted, &sandbox.env("HTTPS_PROXY", "gopher://127.0.0.1"), &[HOST]);

    for (what, ahead) in
        [("90 seconds fast", -90), ("four minutes slow", 240), ("six minutes fast", -360), ("a day slow", 86_405)]
    {
        aws.clock_is_ahead(ahead);
        golden.add(&format!("the clock is {what}"), &["clock"], &machine(&aws), &[HOST]);
    }
    golden.compare("network.txt");
}

#[test]
fn the_registry_is_asked_if_that_is_wanted() {
    let mut golden = Golden(String::new());
    let ca = TestCa::new();
    let aws = FakeAws::start_tls(&ca, &[HOST]);
    let proxy = Proxy::start(Forward::To(aws.port()));
    let sandbox = machine(&aws).env("HTTPS_PROXY", proxy.url()).env("NO_PROXY", "127.0.0.1");
    let file = sandbox.write("ca.pem", ca.pem());
    let sandbox = sandbox.env("AWS_CA_BUNDLE", file);
    let wanted = &["registry"];
    assert_eq!(doctor(&sandbox, &[HOST]).code, Some(0));
    assert_eq!(aws.calls(Api::Registry), 0);
    golden.add("the registry takes the token", wanted, &sandbox, &[HOST, "--registry"]);
    assert_eq!(proxy.targets()[0], format!("{HOST}:443"));
    aws.set(Api::Registry, Behaviour::Status(401));
    golden.add("the registry refuses the token", wanted, &sandbox, &[HOST, "--registry"]);
    aws.set(Api::Registry, Behaviour::Status(500));
    golden.add("the registry is out of order", wanted, &sandbox, &[HOST, "--registry"]);
    aws.set(Api::Registry, Behaviour::Answer);
    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "no"));
    golden.add("there is no token", wanted, &sandbox, &[HOST, "--registry"]);
    golden.add("a host that isn't ECR's", wanted, &sandbox, &["docker.io"]);
    let sandbox = sandbox.env("HTTPS_PROXY", NOBODY);
    aws.set(Api::EcrToken, Behaviour::Answer);
    golden.add("the registry isn't reached", &["registry", "proxy"], &sandbox, &[HOST, "--registry"]);
    golden.compare("registry.txt");
}

#[test]
fn a_machine_that_is_well_is_healthy() {
    let aws = FakeAws::start();
    let sandbox = machine(&aws);
    let reply = doctor(&sandbox, &[HOST]);
    let said = steady(&sandbox, &reply.stdout_text());
    assert_eq!(reply.code, Some(0), "{said}");
    assert!(said.ends_with("\nAll is well.\n"), "{said}");
    assert_eq!(json(&sandbox, &[HOST])["healthy"], true);
    // The token is a real one, and isn't kept.
    assert_eq!(aws.calls(Api::EcrToken), 2);
    assert!(!sandbox.cache_dir().exists());
    // However the host is written.
    for host in [format!("https://{HOST}/v2/"), format!("{HOST}:443"), HOST.to_uppercase()] {
        assert_eq!(doctor(&sandbox, &[&host]).code, Some(0), "{host}");
    }
}

#[test]
fn what_isnt_a_host_is_wrong_usage() {
    let sandbox = machine(&FakeAws::start());
    for arguments in [&["doctor", "not a host"][..], &["doctor", HOST, HOST], &["doctor", "--verbose"]] {
        let reply = sandbox.run(arguments, b"");
        assert_eq!((reply.code, reply.stdout_text().as_str()), (Some(2), ""), "{arguments:?}");
        assert!(reply.stderr.starts_with("error: "), "{}", reply.stderr);
    }
}

#[test]
fn a_link_to_the_program_is_the_program() {
    let aws = FakeAws::start();
    let sandbox = machine(&aws);
    let other = sandbox.path().join("other");
    symlink(binary(), &other).expect("a link");
    fs::rename(&other, sandbox.path().join("bin").join(PROGRAM)).expect("replaced");
    assert_eq!(doctor(&sandbox, &[HOST]).code, Some(0));
}

#[test]
fn the_files_of_clients_are_read_by_the_rules_of_each() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let wanted = &["clients"];
    let docker = |contents: &str| {
        let sandbox = machine(&aws);
        sandbox.write(".docker/config.json", contents);
        sandbox
    };
    let helpers =
        |key: &str, program: &str| format!("{{\n\t\"credHelpers\": {{\n\t\t\"{key}\": \"{program}\"\n\t}}\n}}");
    golden.add("Docker's file names the registry", wanted, &docker(&helpers(HOST, "ecr-login")), &[HOST]);
    golden.add("it names one, and none is asked about", wanted, &docker(&helpers(HOST, "ecr-login")), &[]);
    golden.add("there is no file", wanted, &docker("{}"), &[HOST]);
    golden.add("there is no file, and no registry is asked about", wanted, &docker("{}"), &[]);
    let own = docker("{}").env("AWS_ACCESS_KEY_ID", "AKIAQNZGKIQY56JQ7WML").env("AWS_REGION", "eu-west-1");
    golden.add("none is asked about, and the caller's own is known", wanted, &own, &[]);
    golden.add("a key with a scheme", wanted, &docker(&helpers(&format!("https://{HOST}"), "ecr-login")), &[HOST]);
    golden.add("a key with a path", wanted, &docker(&helpers(&format!("{HOST}/v2/"), "ecr-login")), &[HOST]);
    golden.add("a pattern", wanted, &docker(&helpers("*.dkr.ecr.eu-west-1.amazonaws.com", "ecr-login")), &[HOST]);
    let both = format!("{{\"credHelpers\":{{\"*.amazonaws.com\":\"ecr-login\",\"{HOST}\":\"ecr-login\"}}}}");
    golden.add("a pattern besides the registry", wanted, &docker(&both), &[HOST]);
    golden.add("the whole name of the program", wanted, &docker(&helpers(HOST, PROGRAM)), &[HOST]);
    golden.add("another helper", wanted, &docker(&helpers(HOST, "osxkeychain")), &[HOST]);
    golden.add("as credsStore", wanted, &docker("{\"credsStore\": \"ecr-login\"}"), &[HOST]);
    let desktop = format!("{{\"credsStore\": \"desktop\", \"credHelpers\": {{\"{HOST}\": \"ecr-login\"}}}}");
    golden.add("a credsStore whose program is gone", wanted, &docker(&desktop), &[HOST]);
    let sandbox = docker(&desktop);
    sandbox.program("docker-credential-desktop", "#!/bin/sh\n");
    golden.add("a credsStore of Docker Desktop", wanted, &sandbox, &[HOST]);
    let login = |host: &str| {
        let sandbox = docker(&format!(
            "{{\"auths\": {{\"{host}\": {{\"auth\": \"QVdTOm9sZC1wYXNzd29yZA==\"}}}}, \"credHelpers\": {{\"{HOST}\": \"ecr-login\"}}}}"
        ));
        sandbox.secret("QVdTOm9sZC1wYXNzd29yZA==");
        sandbox
    };
    golden.add("an old login", wanted, &login(HOST), &[HOST]);
    golden.add("an old login by another spelling", wanted, &login(&format!("https://{HOST}/v2/")), &[HOST]);
    golden.add("a login of another registry", wanted, &login("registry.example"), &[HOST]);
    golden.add("no JSON", wanted, &docker("{\n  \"credHelpers\": {,}\n}"), &[HOST]);
    golden.add("a comment", wanted, &docker("{\n  // ours\n}"), &[HOST]);
    golden.add("a byte order mark", wanted, &docker("\u{feff}{}"), &[HOST]);
    let variable = |value: &str| docker(&helpers(HOST, "ecr-login")).env("DOCKER_AUTH_CONFIG", value);
    golden.add("DOCKER_AUTH_CONFIG for another registry", wanted, &variable("{\"auths\":{\"a.example\":{}}}"), &[HOST]);
    let auths = format!("{{\"auths\":{{\"{HOST}\":{{\"auth\":\"QVdTOm9sZC1wYXNzd29yZA==\"}}}}}}");
    golden.add("DOCKER_AUTH_CONFIG with a login", wanted, &variable(&auths), &[HOST]);
    golden.add("DOCKER_AUTH_CONFIG with helpers", wanted, &variable(&helpers(HOST, "ecr-login")), &[HOST]);
    golden.add("DOCKER_AUTH_CONFIG that isn't JSON", wanted, &variable("auths"), &[HOST]);
    let podman = docker("{}");
    podman.write(".config/containers/auth.json", helpers(HOST, "ecr-login"));
    golden.add("Podman's file names the registry", wanted, &podman, &[HOST]);
    let podman = docker("{}");
    podman.write(".config/containers/auth.json", "{\"credsStore\": \"ecr-login\"}");
    golden.add("Podman doesn't know credsStore", wanted, &podman, &[HOST]);
    let podman = docker("{}");
    let list = "credential-helpers = [\"containers-auth.json\", \"ecr-login\"]\n";
    podman.write(".config/containers/registries.conf", list);
    golden.add("Podman asks it for all registries", wanted, &podman, &[HOST]);
    let helm = docker("{}");
    helm.write(".config/helm/registry/config.json", helpers(HOST, "ecr-login"));
    golden.add("Helm's file names the registry", wanted, &helm, &[HOST]);
    let rules = docker(&helpers(HOST, "ecr-login"));
    let alias = format!("[[registry]]\nmatch = \"docker.example.com\"\nregistry = \"{HOST}\"\n");
    rules.write(".config/ecr-login/config.toml", alias);
    golden.add("a host of the configuration file isn't set up", wanted, &rules, &[]);
    golden.compare("clients.txt");
}

#[test]
fn lines_of_the_aws_files_that_others_read_in_another_way_are_shown() {
    let (aws, mut golden) = (FakeAws::start(), Golden(String::new()));
    let wanted = &["AWS files"];
    let with = |config: &str, credentials: &str| {
        let sandbox = machine(&aws);
        for (name, contents) in [("config", config), ("credentials", credentials)] {
            if !contents.is_empty() {
                sandbox.write(&format!(".aws/{name}"), contents);
            }
        }
        sandbox
    };
    let keys = format!("[default]\n{KEYS}");
    golden.add("there are none", wanted, &with("", ""), &[HOST]);
    golden.add("one file", wanted, &with("", &keys), &[HOST]);
    golden.add("both files", wanted, &with("[default]\nregion = eu-west-1\n", &keys), &[HOST]);
    golden.add(
        "quotes, and a line that is none",
        wanted,
        &with("[default]\nregion = \"eu-west-1\"\nregion\n", &keys),
        &[HOST],
    );
    golden.add("six lines", wanted, &with(&format!("[default]\n{}", "region\n".repeat(6)), ""), &[HOST]);
    let two = with("", "").env("AWS_PROFILE", "a").env("AWS_DEFAULT_PROFILE", "b");
    golden.add("two profiles", wanted, &two, &[HOST]);
    golden.compare("aws-files.txt");
}
