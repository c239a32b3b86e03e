//! The cache as its users see it: who shares a token, how long one is served, what lies on disk and what is swept away.
//!
//! What a fault does to it is in `cache_faults`, what many processes do in `one_fetch`.
#![expect(clippy::disallowed_methods, reason = "tests are the outside world: they use the real clock and files")]

mod support;

use std::fs::{self, File};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
#[cfg(unix)]
use std::process::Command;
use std::time::{Duration, SystemTime};

use support::fake_aws::{Api, Behaviour, FakeAws, PasswordHead, password_head};
use support::sandbox::Sandbox;
#[cfg(unix)]
use support::sandbox::{Reply, Running};

const HOST: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
const ELSEWHERE: &str = "111122223333.dkr.ecr.eu-west-2.amazonaws.com";
const KEY_ID: &str = "AKIAONE";

/// What the names of entries and of their locks end in.
const TOKEN: &str = ".token";
const LOCK: &str = ".lock";
const HOSTS: &str = ".hosts";

/// The lock that belongs to no token.
const ERASE_LOCK: &str = "erase-lock";

/// Older than any write takes.
const LONG_AGO: Duration = Duration::from_mins(2);

/// A home whose owner has static keys.
fn home_of(aws: &FakeAws) -> Sandbox {
    Sandbox::new().with_aws(aws).with_keys(KEY_ID)
}

/// Every call for a token so far, of both services.
fn calls(aws: &FakeAws) -> usize {
    aws.calls(Api::EcrToken) + aws.calls(Api::EcrPublicToken)
}

/// The names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a name in UTF-8");
    let mut names: Vec<String> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

/// The names of the tokens in a directory.
fn tokens(directory: &Path) -> Vec<String> {
    names(directory).into_iter().filter(|name| name.ends_with(TOKEN)).collect()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    path.symlink_metadata().expect("it is there").permissions().mode() & 0o7777
}

/// Makes a file look as if it had been written long ago.
fn age(path: &Path) {
    let file = File::options().write(true).open(path).expect("it is there");
    file.set_modified(SystemTime::now() - LONG_AGO).expect("it is ours");
}

/// Runs `get` under this umask.
#[cfg(unix)]
fn get_with_umask(sandbox: &Sandbox, umask: &str, host: &str) -> Reply {
    let helper = sandbox.command(&["get"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("umask {umask} && exec \"$0\" \"$@\"")]);
    shell.arg(helper.get_program()).args(helper.get_args()).env_clear().current_dir(sandbox.home());
    shell.envs(helper.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let mut running = Running::start(shell);
    running.write_all_and_close(host.as_bytes());
    running.wait()
}

#[test]
fn a_second_get_answers_the_same_without_a_call() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let cold = sandbox.get(HOST);
    let head = PasswordHead {
        access_key_id: KEY_ID.to_owned(),
        region: "us-east-1".to_owned(),
        service: "ecr".to_owned(),
        serial: 1,
    };
    assert_eq!(password_head(&cold.password()), head);
    let requests = aws.requests().len();
    for _ in 0..3 {
        let hit = sandbox.get(HOST);
        assert_eq!(hit.password(), cold.password());
        assert_eq!(hit.stdout, cold.stdout);
    }
    assert_eq!(aws.requests().len(), requests);
}

#[cfg(unix)]
#[test]
fn what_lies_on_disk_is_owner_only_whatever_the_umask() {
    let aws = FakeAws::start();
    for umask in ["000", "022", "077"] {
        let sandbox = home_of(&aws);
        get_with_umask(&sandbox, umask, HOST).password();
        let directory = sandbox.cache_dir();
        assert_eq!(mode(&directory), 0o700, "directory, umask {umask}");
        assert_eq!(mode(directory.parent().expect("~/.cache")), 0o700, "its parent, umask {umask}");
        let names = names(&directory);
        assert!(names.iter().any(|name| name.ends_with(TOKEN)), "{names:?}");
        for name in names {
            assert_eq!(mode(&directory.join(&name)), 0o600, "{name}, umask {umask}");
        }
        let before = calls(&aws);
        get_with_umask(&sandbox, umask, HOST).password();
        assert_eq!(calls(&aws), before, "a hit under umask {umask}");
    }
}

#[cfg(unix)]
#[test]
fn a_loose_directory_that_the_helper_made_is_tightened_before_a_write_and_its_tokens_stay() {
    let aws = FakeAws::start();
    for place in [None, Some("~/deep/er/tokens")] {
        let sandbox = home_of(&aws);
        let directory = place.map_or(sandbox.cache_dir(), |_| sandbox.home().join("deep/er/tokens"));
        let sandbox = place.into_iter().fold(sandbox, |sandbox, place| sandbox.env("AWS_ECR_CACHE_DIR", place));
        let before = calls(&aws);
        let password = sandbox.get(HOST).password();
        for loose in [0o777, 0o1777, 0o770] {
            fs::set_permissions(&directory, fs::Permissions::from_mode(loose)).expect("it is ours");
            assert_eq!(sandbox.get(HOST).password(), password, "{loose:o}");
            assert_eq!(mode(&directory), 0o700, "from {loose:o}");
        }
        assert_eq!(calls(&aws), before + 1);
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("it is ours");
        sandbox.get(ELSEWHERE).password();
        assert_eq!(mode(&directory), 0o700, "by a fetch");
    }
}

#[cfg(unix)]
#[test]
fn a_verb_that_only_reads_changes_no_modes() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let password = sandbox.get(HOST).password();
    for (loose, is_used) in [(0o777, false), (0o755, true), (0o710, true)] {
        fs::set_permissions(sandbox.cache_dir(), fs::Permissions::from_mode(loose)).expect("it is ours");
        for verb in ["list", "version", "erase"] {
            let reply = sandbox.run(&[verb], b"public.ecr.aws");
            assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{verb} {loose:o}");
        }
        if is_used {
            assert_eq!(sandbox.get(HOST).password(), password, "{loose:o}");
        }
        assert_eq!(mode(&sandbox.cache_dir()), loose);
    }
    assert_eq!(aws.calls(Api::EcrToken), 1);
}

#[cfg(unix)]
#[test]
fn a_directory_that_was_there_keeps_its_modes_and_is_used_unless_others_may_write_it() {
    let aws = FakeAws::start();
    for (theirs, is_used) in
        [(0o755, true), (0o750, true), (0o2755, true), (0o775, false), (0o777, false), (0o1777, false)]
    {
        for usual_place in [true, false] {
            let sandbox = home_of(&aws);
            let directory = if usual_place { sandbox.cache_dir() } else { sandbox.home().join("theirs") };
            fs::create_dir_all(&directory).expect("made");
            fs::set_permissions(&directory, fs::Permissions::from_mode(theirs)).expect("it is ours");
            let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", &directory);
            let before = calls(&aws);
            for _ in 0..2 {
                sandbox.get(HOST).password();
            }
            assert_eq!(calls(&aws), before + if is_used { 1 } else { 2 }, "{theirs:o}");
            assert_eq!(mode(&directory), theirs);
            assert_eq!(names(&directory).is_empty(), !is_used, "{theirs:o}");
        }
    }
}

#[cfg(unix)]
#[test]
fn erase_drops_a_token_from_a_directory_that_others_may_write() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    sandbox.get(HOST).password();
    fs::set_permissions(sandbox.cache_dir(), fs::Permissions::from_mode(0o777)).expect("it is ours");
    assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    assert_eq!(tokens(&sandbox.cache_dir()), [""; 0]);

    sandbox.get(HOST).password();
    let [token] = &tokens(&sandbox.cache_dir())[..] else { panic!("one token") };
    fs::set_permissions(sandbox.cache_dir().join(token), fs::Permissions::from_mode(0o666)).expect("it is ours");
    assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    assert_eq!(tokens(&sandbox.cache_dir()), [""; 0], "a token that others may write");
}

#[test]
fn hosts_of_many_identities_and_of_long_ago_make_room() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    sandbox.get(HOST).password();
    let hosts = |sandbox: &Sandbox| -> Vec<String> {
        names(&sandbox.cache_dir()).into_iter().filter(|name| name.ends_with(HOSTS)).collect()
    };
    let [first] = &hosts(&sandbox)[..] else { panic!("one identity") };
    let long_ago = SystemTime::now() - Duration::from_hours(31 * 24);
    for number in 0..300_u64 {
        let path = sandbox.cache_dir().join(format!("{number:064}{HOSTS}"));
        fs::copy(sandbox.cache_dir().join(first), &path).expect("copied");
        let written = if number < 10 { long_ago } else { SystemTime::now() - Duration::from_secs(1_000 - number) };
        age_to(&path, written);
    }
    sandbox.get(ELSEWHERE).password();
    let left = hosts(&sandbox);
    // Its own are written after the sweep.
    assert_eq!(left.len(), 257, "{left:?}");
    assert!(left.contains(first) && left.contains(&format!("{:064}{HOSTS}", 299)), "{left:?}");
    age_to(&sandbox.cache_dir().join(first), long_ago);
    sandbox.get("111122223333.dkr.ecr.eu-west-3.amazonaws.com").password();
    assert!(!hosts(&sandbox).contains(first));
}

fn age_to(path: &Path, written: SystemTime) {
    File::options().write(true).open(path).and_then(|file| file.set_modified(written)).expect("it is ours");
}

#[cfg(unix)]
#[test]
fn the_cache_lies_where_its_variable_says_with_a_tilde_for_the_home() {
    let aws = FakeAws::start();
    let outside = tempfile::tempdir().expect("a temporary directory");
    let absolute = outside.path().join("deep/er/tokens");
    for (value, expected) in [
        ("~/tokens", PathBuf::from("home/tokens")),
        (absolute.to_str().expect("a path in UTF-8"), absolute.clone()),
        // The empty string counts as unset.
        ("", PathBuf::from("home/.cache/ecr-login")),
    ] {
        let sandbox = home_of(&aws).env("AWS_ECR_CACHE_DIR", value);
        let before = calls(&aws);
        let password = sandbox.get(HOST).password();
        let directory = sandbox.path().join(expected);
        assert_eq!(tokens(&directory).len(), 1, "{value:?}");
        assert_eq!(mode(&directory), 0o700, "{value:?}");
        assert_eq!(sandbox.cache_dir().exists(), value.is_empty(), "{value:?}: the usual place");
        assert_eq!(sandbox.get(HOST).password(), password, "{value:?}");
        assert_eq!(calls(&aws), before + 1, "{value:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn without_the_variable_the_cache_lies_in_the_platforms_cache_directory() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let caches = sandbox.path().join("caches");
    let sandbox = sandbox.env("XDG_CACHE_HOME", &caches);
    sandbox.get(HOST).password();
    assert_eq!(tokens(&caches.join("ecr-login")).len(), 1);
    assert!(!sandbox.cache_dir().exists());
}

#[test]
fn any_value_but_the_empty_string_turns_the_cache_off() {
    let aws = FakeAws::start();
    for (value, off) in [("1", true), ("true", true), ("false", true), ("0", true), (" ", true), ("", false)] {
        let sandbox = home_of(&aws).env("AWS_ECR_DISABLE_CACHE", value);
        let before = calls(&aws);
        for _ in 0..2 {
            sandbox.get(HOST).password();
        }
        assert_eq!(calls(&aws), before + if off { 2 } else { 1 }, "{value:?}");
        assert_eq!(sandbox.cache_dir().exists(), !off, "{value:?}");
    }
}

#[test]
fn a_token_that_is_cached_is_not_served_while_the_cache_is_off() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let cached = sandbox.get(HOST).password();
    let off = home_of(&aws).env("AWS_ECR_CACHE_DIR", sandbox.cache_dir()).env("AWS_ECR_DISABLE_CACHE", "1");
    assert_ne!(off.get(HOST).password(), cached);
    assert_eq!(sandbox.get(HOST).password(), cached);
    assert_eq!(calls(&aws), 2);
}

#[test]
fn accounts_and_spellings_of_one_region_share_a_token() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let password = sandbox.get(HOST).password();
    for host in [
        "999988887777.dkr.ecr.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr.us-east-1.on.aws",
        "999988887777.dkr-ecr.us-east-1.on.aws",
        "https://111122223333.dkr.ecr.us-east-1.amazonaws.com/v2/",
        "http://111122223333.dkr.ecr.us-east-1.amazonaws.com:443",
        "111122223333.DKR.ECR.US-EAST-1.AMAZONAWS.COM/team/image\n",
    ] {
        assert_eq!(sandbox.get(host).password(), password, "{host}");
    }
    assert_eq!(calls(&aws), 1);
    assert_eq!(tokens(&sandbox.cache_dir()).len(), 1);
}

#[test]
fn the_fips_hosts_of_a_region_share_a_token_of_their_own() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let plain = sandbox.get(HOST).password();
    let fips = sandbox.get("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com").password();
    assert_ne!(fips, plain);
    assert_eq!(sandbox.get("999988887777.dkr.ecr-fips.us-east-1.amazonaws.com").password(), fips);
    assert_eq!(sandbox.get("111122223333.dkr-ecr-fips.us-east-1.on.aws").password(), fips);
    assert_eq!(sandbox.get(HOST).password(), plain);
    assert_eq!(calls(&aws), 2);
}

#[test]
fn another_identity_or_api_never_gets_the_token() {
    type Change = fn(Sandbox, &FakeAws) -> Sandbox;
    /// What is changed, the host that is asked for, and access key ID, region and service of the answer.
    type Case = (&'static str, &'static str, Change, (&'static str, &'static str, &'static str));
    const SAME: Change = |sandbox, _| sandbox;
    const PROFILE: Change = |sandbox, _| {
        sandbox.write(
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIAONE\naws_secret_access_key = another-made-up-secret-key\n",
        );
        sandbox.without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY")
    };
    let changes: [Case; 8] = [
        ("another region", ELSEWHERE, SAME, (KEY_ID, "eu-west-2", "ecr")),
        ("ECR Public", "public.ecr.aws", SAME, (KEY_ID, "us-east-1", "ecr-public")),
        ("a FIPS host", "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com", SAME, (KEY_ID, "us-east-1", "ecr")),
        (
            "FIPS by the environment",
            HOST,
            |sandbox, _| sandbox.env("AWS_USE_FIPS_ENDPOINT", "true"),
            (KEY_ID, "us-east-1", "ecr"),
        ),
        ("another access key", HOST, |sandbox, _| sandbox.with_keys("AKIATWO"), ("AKIATWO", "us-east-1", "ecr")),
        ("a profile", HOST, PROFILE, (KEY_ID, "us-east-1", "ecr")),
        ("another endpoint", HOST, |sandbox, other| sandbox.with_aws(other), (KEY_ID, "us-east-1", "ecr")),
        (
            "another endpoint of ECR",
            HOST,
            |sandbox, other| sandbox.env("AWS_ENDPOINT_URL_ECR", other.url()),
            (KEY_ID, "us-east-1", "ecr"),
        ),
    ];
    for (what, host, change, (access_key_id, region, service)) in changes {
        let (aws, other) = (FakeAws::start(), FakeAws::start());
        let first = home_of(&aws);
        let password = first.get(HOST).password();
        let second = change(home_of(&aws).env("AWS_ECR_CACHE_DIR", first.cache_dir()), &other);
        let answer = second.get(host).password();
        assert_eq!(calls(&aws) + calls(&other), 2, "{what} asks for its own");
        let head = password_head(&answer);
        assert_eq!(
            (head.access_key_id.as_str(), head.region.as_str(), head.service.as_str()),
            (access_key_id, region, service),
            "{what}"
        );
        assert_eq!(second.get(host).password(), answer, "{what} is kept");
        assert_eq!(first.get(HOST).password(), password, "{what} takes nothing away");
        assert_eq!(calls(&aws) + calls(&other), 2, "{what}");
    }
}

#[test]
fn profiles_of_one_file_have_tokens_of_their_own() {
    let aws = FakeAws::start();
    let home = |profile: &str, cache: Option<&Path>| {
        let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", profile);
        sandbox.write(
            ".aws/credentials",
            "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = a-secret-key-of-the-developers\n\
             [prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = a-secret-key-of-the-operators\n",
        );
        let cache = cache.map_or_else(|| sandbox.cache_dir(), Path::to_owned);
        sandbox.env("AWS_ECR_CACHE_DIR", cache)
    };
    let dev = home("dev", None);
    let prod = home("prod", Some(&dev.cache_dir()));
    for _ in 0..2 {
        assert_eq!(password_head(&dev.get(HOST).password()).access_key_id, "AKIADEV");
        assert_eq!(password_head(&prod.get(HOST).password()).access_key_id, "AKIAPROD");
    }
    assert_eq!(calls(&aws), 2);
}

#[test]
fn only_editing_the_own_profile_ends_a_hit() {
    let aws = FakeAws::start();
    let sandbox = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = a-secret-key-of-{id}\n");
    let files = |config: &str, dev: &str, rest: &str| {
        sandbox.write(".aws/config", config);
        sandbox.write(".aws/credentials", format!("[dev]\n{}{rest}", keys(dev)));
    };
    let config = "[profile dev]\nregion = eu-west-1\n";
    files(config, "AKIADEV", "");
    let first = sandbox.get(HOST).password();

    let other = format!("[prod]\n{}", keys("AKIAPROD"));
    files(&format!("# a comment\n{config}[profile prod]\nregion = eu-west-3\n"), "AKIADEV", &other);
    assert_eq!(sandbox.get(HOST).password(), first, "another profile was added");
    let other = format!("[prod]\n{}", keys("AKIAPRODTWO"));
    files(&format!("{config}[profile prod]\nregion = eu-west-2\n"), "AKIADEV", &other);
    assert_eq!(sandbox.get(HOST).password(), first, "another profile was edited");
    assert_eq!(calls(&aws), 1);

    files(config, "AKIADEVTWO", &other);
    let second = sandbox.get(HOST).password();
    assert_eq!(password_head(&second).access_key_id, "AKIADEVTWO");
    assert_eq!(calls(&aws), 2, "the own keys were edited");
    files("[profile dev]\nregion = eu-west-1\nsts_regional_endpoints = legacy\n", "AKIADEVTWO", &other);
    assert_ne!(sandbox.get(HOST).password(), second);
    assert_eq!(calls(&aws), 3, "the own section of the other file was edited");
}

#[test]
fn after_an_erase_the_next_get_asks_again() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    for erased in [HOST, "https://111122223333.dkr.ecr.us-east-1.amazonaws.com:443/v2/"] {
        let (first, elsewhere) = (sandbox.get(HOST).password(), sandbox.get(ELSEWHERE).password());
        let before = calls(&aws);
        let reply = sandbox.run(&["erase"], erased.as_bytes());
        assert_eq!((reply.code, reply.stdout_text().as_str(), reply.stderr.as_str()), (Some(0), "", ""), "{erased}");
        assert_ne!(sandbox.get(HOST).password(), first, "{erased}");
        assert_eq!(calls(&aws), before + 1, "{erased}");
        assert_eq!(sandbox.get(ELSEWHERE).password(), elsewhere, "{erased}: the other region's token stays");
        assert_eq!(calls(&aws), before + 1, "{erased}");
    }
}

#[test]
fn a_token_past_half_its_life_is_refreshed() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let first = sandbox.get(HOST).password();
    sandbox.age_tokens(Duration::from_hours(5));
    assert_eq!(sandbox.get(HOST).password(), first, "fresh");
    assert_eq!(calls(&aws), 1);
    sandbox.age_tokens(Duration::from_hours(2));
    let second = sandbox.get(HOST).password();
    assert_eq!(password_head(&second).serial, 2);
    assert_eq!(calls(&aws), 2);
    assert_eq!(sandbox.get(HOST).password(), second, "the new one is kept");
    assert_eq!(calls(&aws), 2);
}

#[test]
fn a_stale_token_is_served_while_the_api_is_down_and_an_over_one_never() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let first = sandbox.get(HOST).password();
    sandbox.age_tokens(Duration::from_hours(7));

    aws.set(Api::EcrToken, Behaviour::Close);
    assert_eq!(sandbox.get(HOST).password(), first, "the refresh fails");
    let after_refresh = calls(&aws);
    assert!(after_refresh > 1, "a stale token is worth an attempt");
    for _ in 0..3 {
        assert_eq!(sandbox.get(HOST).password(), first, "soon after");
    }
    assert_eq!(calls(&aws), after_refresh, "who comes soon after doesn't ask");

    aws.set(Api::EcrToken, Behaviour::error(400, "AccessDeniedException", "not today"));
    sandbox.age_tokens(Duration::from_hours(6));
    let over = sandbox.get(HOST);
    over.assert_not_found();
    assert!(over.stderr.contains("access denied"), "{}", over.stderr);
    assert_eq!(calls(&aws), after_refresh + 1, "an over token isn't covered by the pause");
    sandbox.assert_no_secret_in(&over);

    aws.set(Api::EcrToken, Behaviour::Answer);
    assert_ne!(sandbox.get(HOST).password(), first);
}

#[test]
fn a_token_that_ended_before_it_came_is_served_once_and_not_kept() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    aws.expires_at(SystemTime::now() - Duration::from_hours(1));
    let first = sandbox.get(HOST).password();
    assert_eq!(tokens(&sandbox.cache_dir()), [""; 0]);
    assert_ne!(sandbox.get(HOST).password(), first);
    assert_eq!(calls(&aws), 2);
}

#[test]
fn a_write_sweeps_out_what_is_over_and_nothing_else() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let directory = sandbox.cache_dir();
    sandbox.get(ELSEWHERE).password();
    sandbox.age_tokens(Duration::from_hours(13));
    // The hosts that were asked for are remembered for longer.
    let over: Vec<String> =
        names(&directory).into_iter().filter(|name| name.ends_with(TOKEN) || name.ends_with(LOCK)).collect();
    let hosts: Vec<String> = names(&directory).into_iter().filter(|name| name.ends_with(HOSTS)).collect();
    sandbox.get("111122223333.dkr.ecr.eu-west-3.amazonaws.com").password();
    let valid: Vec<String> = names(&directory)
        .into_iter()
        .filter(|name| !over.contains(name) && !hosts.contains(name) && name != "CACHEDIR.TAG" && name != ERASE_LOCK)
        .collect();
    assert!(over.len() == 2 && valid.len() == 3, "a token and a lock each: {over:?} {valid:?}");
    assert_eq!(hosts.len(), 1);

    for (name, contents) in
        [("tmp-orphan", "ecr-login 3 half a token"), ("tmp-emptyy", ""), ("tmp-theirs", "of another program")]
    {
        fs::write(directory.join(name), contents).expect("written");
        age(&directory.join(name));
    }
    fs::write(directory.join("tmp-younge"), "ecr-login 3 somebody is just writing").expect("written");
    for name in names(&directory).iter().filter(|name| name.ends_with(LOCK)) {
        age(&directory.join(name));
    }
    sandbox.get(HOST).password();

    let left = names(&directory);
    let gone = |name: &String| !left.contains(name);
    assert!(gone(&"tmp-orphan".to_owned()) && gone(&"tmp-emptyy".to_owned()), "the orphans are gone: {left:?}");
    assert!(!gone(&"tmp-theirs".to_owned()), "what isn't ours stays: {left:?}");
    assert!(over.iter().all(gone), "the expired token and its lock are gone: {over:?} in {left:?}");
    assert!(!hosts.iter().any(gone), "the hosts stay: {hosts:?} in {left:?}");
    assert!(!valid.iter().any(gone), "the valid token and its lock stay: {valid:?} in {left:?}");
    let others = ["tmp-younge", "tmp-theirs", "CACHEDIR.TAG", ERASE_LOCK];
    let is_new = |name: &&String| !valid.contains(name) && !hosts.contains(name) && !others.contains(&name.as_str());
    let ours: Vec<&String> = left.iter().filter(is_new).collect();
    let [_, lock, token] = ours[..] else { panic!("more or less than hosts, a lock and a token: {ours:?}") };
    assert_eq!(lock.strip_suffix(LOCK), token.strip_suffix(TOKEN));
    assert!(!gone(&"tmp-younge".to_owned()), "a write under way isn't disturbed: {left:?}");

    let before = calls(&aws);
    sandbox.get("111122223333.dkr.ecr.eu-west-3.amazonaws.com").password();
    sandbox.get(HOST).password();
    assert_eq!(calls(&aws), before, "both are hits");
}

#[test]
fn files_that_are_not_the_caches_own_stay() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    // Somebody keeps tokens among their own files.
    let directory = sandbox.home().join("project");
    let digest = "0123456789abcdef".repeat(4);
    let of_digest = |ending: &str| format!("{digest}.{ending}");
    let own =
        ["Cargo.lock", "github.token", "first.failure", "tmp-notes.txt", ".lock", "notes", "x.erased", "tmp-abc123"];
    let own: Vec<String> =
        own.map(str::to_owned).into_iter().chain(["token", "failure", "hosts", "lock"].map(of_digest)).collect();
    for (name, contents) in own.iter().zip(["theirs", "", "ecr-logi", "{}"].into_iter().cycle()) {
        let contents = if name.starts_with("tmp-abc") || name.ends_with("lock") { "theirs" } else { contents };
        age(&sandbox.write(&format!("project/{name}"), contents));
    }
    let sandbox = sandbox.env("AWS_ECR_CACHE_DIR", &directory);
    let assert_all_there = |when: &str| {
        let left = names(&directory);
        let lost: Vec<&String> = own.iter().filter(|name| !left.contains(name)).collect();
        assert!(lost.is_empty(), "lost in {when}: {lost:?}");
    };
    sandbox.get(HOST).password();
    assert_all_there("a get");
    sandbox.get(ELSEWHERE).password();
    assert_all_there("another get");
    assert_eq!(sandbox.run(&["erase"], HOST.as_bytes()).code, Some(0));
    assert_all_there("an erase");
}

/// The answer to `list`, which must come without a word on stderr, whatever is on stdin.
fn list(sandbox: &Sandbox) -> String {
    let reply = sandbox.spawn_with_open_stdin(&["list"]).wait();
    assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""));
    reply.stdout_text()
}

#[test]
fn list_names_what_was_asked_for_after_erase_and_after_the_token_has_ended() {
    let aws = FakeAws::start();
    let sandbox = home_of(&aws);
    let expected = format!("{{\"https://{ELSEWHERE}\":\"AWS\",\"https://{HOST}\":\"AWS\"}}\n");
    sandbox.get(ELSEWHERE).password();
    sandbox.get(HOST).password();
    assert_eq!(list(&sandbox), expected);
    sandbox.age_tokens(Duration::from_hours(13));
    assert_eq!(list(&sandbox), expected, "the tokens have ended");
    for host in [HOST, ELSEWHERE] {
        assert_eq!(sandbox.run(&["erase"], host.as_bytes()).code, Some(0));
    }
    assert_eq!(list(&sandbox), expected, "after docker logout");
    assert_eq!(tokens(&sandbox.cache_dir()), [""; 0]);
    sandbox.get("111122223333.dkr.ecr.eu-west-3.amazonaws.com").password();
    assert!(list(&sandbox).contains(ELSEWHERE), "the sweep of another fetch leaves them");
    let other = home_of(&aws).with_keys("AKIATWO").env("AWS_ECR_CACHE_DIR", sandbox.cache_dir());
    assert_eq!(list(&other), "{}\n", "another identity asked for nothing");
}

#[test]
fn on_a_new_machine_list_names_the_registry_of_the_caller_without_a_call() {
    let aws = FakeAws::start();
    let own = "{\"https://029608264753.dkr.ecr.eu-west-2.amazonaws.com\":\"AWS\"}\n";
    let sandbox =
        Sandbox::new().with_aws(&aws).with_keys("ASIAQNZGKIQY56JQ7WML").env("AWS_DEFAULT_REGION", "eu-west-2");
    assert_eq!(list(&sandbox), own);
    // The builder then asks for just that.
    let key = "https://029608264753.dkr.ecr.eu-west-2.amazonaws.com";
    assert_eq!(password_head(&sandbox.get(key).password()).region, "eu-west-2");

    let profile = Sandbox::new().with_aws(&aws).env("AWS_PROFILE", "dev");
    profile
        .write(".aws/credentials", "[dev]\naws_access_key_id = AKIAQNZGKIQY56JQ7WML\naws_secret_access_key = hush\n");
    profile.write(".aws/config", "[profile dev]\nregion = eu-west-2\n");
    assert_eq!(list(&profile), own);
    assert_eq!(names(&profile.home()), [".aws"], "list writes nothing");
    let old = Sandbox::new().with_aws(&aws).with_keys("AKIAIOSFODNN7EXAMPLE").env("AWS_DEFAULT_REGION", "eu-west-2");
    assert_eq!(list(&old), "{}\n");
    assert_eq!(calls(&aws), 1);
}

/// The times in the one token of a directory: received, refresh and expires.
#[cfg(unix)]
fn times(directory: &Path) -> [u64; 3] {
    let names = tokens(directory);
    let [name] = &names[..] else { panic!("one token, not {names:?}") };
    let entry = fs::read_to_string(directory.join(name)).expect("an entry");
    let (_, json) = entry.split_once('\n').expect("a first line");
    let entry: serde_json::Value = serde_json::from_str(json).expect("JSON");
    ["received", "refresh", "expires"].map(|time| entry[time].as_u64().expect("a number"))
}

// The clock of Windows ends before the second of these years.
#[cfg(unix)]
#[test]
fn a_token_is_kept_for_12_hours_whatever_its_expiry_says() {
    const HALF_A_DAY: u64 = 12 * 3_600;
    // The end of the year 9999, and this year in milliseconds.
    for expires in [253_402_300_799, 1_795_315_680_000] {
        let aws = FakeAws::start();
        let sandbox = home_of(&aws);
        aws.expires_at(SystemTime::UNIX_EPOCH + Duration::from_secs(expires));
        let first = sandbox.get(HOST).password();
        let [received, refresh, ends] = times(&sandbox.cache_dir());
        assert_eq!(ends, received + HALF_A_DAY, "{expires}");
        assert!(refresh <= received + HALF_A_DAY / 2, "{expires}");
        assert_eq!(sandbox.get(HOST).password(), first, "{expires}");
        assert_eq!(calls(&aws), 1);
    }
}
