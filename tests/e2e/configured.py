"""The cases with a configuration file: several accounts, a name of one's own, and a fallback for other registries.

The fallback is `docker-credential-pass`, with a password store and a key of the case's own. What it does for Docker
when it is asked directly is what it must do behind this helper.
"""

import json

import stage
from cases import IMAGE, UNREACHABLE, build_context, case, check_no_password_saved, containers_case, helper_lines
from cases import podman, pull
from home import CREDS_STORE, HELPER, check
from stage import ALIAS, CA, COMPANY, FOREIGN, OTHER_IDENTITY, OTHER_REGION, PRIVATE, USER, USERS_PASSWORD

FALLBACK = "docker-credential-pass"
NOT_ON_PATH = "osxkeychain"  # what a file that comes from another machine may name
COMPANY_IMAGE = f"{COMPANY}/app:1"
OTHER_IMAGE = f"{OTHER_IDENTITY}/app:1"


def rules(home, text):
    """Writes the configuration file."""
    home.write(".config/ecr-login/config.toml", text)


def password_store(home):
    """Puts the fallback on PATH, with a password store under a key without a passphrase."""
    home.environment["PATH"] += f":{home.tools}/fallbacks"
    home.run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "end-to-end", "future-default")
    home.run("pass", "init", "end-to-end")


def with_fallback(home):
    """The configuration of most cases here: all hosts that aren't ECR's are the fallback's."""
    password_store(home)
    rules(home, '[fallback]\nhelper = "pass"\n')


def kept(home):
    """The servers and users that the fallback has, as it says itself."""
    return json.loads(home.run(FALLBACK, "list").stdout)


def log_in(home, *client):
    """Logs in to the company's registry; the password may only be where the fallback encrypts it."""
    output = home.run(*client, "--username", USER, "--password-stdin", COMPANY, stdin=USERS_PASSWORD)
    check("Login Succeeded" in output.stdout, "Login Succeeded")
    check("store" in home.verbs(), "a store")
    check(kept(home) == {COMPANY: USER}, "the password in the fallback's store, and nothing else")
    check_no_password_saved(home, home.docker_config)
    for file in home.directory.rglob("*"):
        check(not file.is_file() or USERS_PASSWORD not in file.read_text(errors="replace"), f"no password in {file}")


# Other registries, through the fallback


@case("docker login, pull, push and logout through the fallback", styles=[CREDS_STORE])
def docker_fallback(home):
    with_fallback(home)
    home.remove_image(COMPANY_IMAGE)
    home.run("docker", "pull", COMPANY_IMAGE, fails=True)
    log_in(home, "docker", "login")
    pull(home, COMPANY_IMAGE)
    check(home.verbs() == ["get"], "one get")
    target = f"{COMPANY}/pushed-by-docker:1"
    home.run("docker", "tag", COMPANY_IMAGE, target)
    check(home.run("docker", "push", target).stderr == "", "nothing on stderr")
    pull(home, target)
    home.run("docker", "login", COMPANY)
    check(kept(home) == {COMPANY: USER}, "the same password still there")

    home.verbs()
    home.run("docker", "logout", COMPANY)
    check("erase" in home.verbs(), "an erase")
    check(kept(home) == {}, "an empty store")
    home.remove_image(COMPANY_IMAGE)
    home.run("docker", "pull", COMPANY_IMAGE, fails=True)
    pull(home, f"{FOREIGN}/app:1")  # which everybody may
    check(home.api_calls() == [], "AWS not to be asked for what isn't ECR's")


@case("ECR beside a fallback: login, pull and logout leave it alone", styles=[CREDS_STORE])
def docker_fallback_and_ecr(home):
    with_fallback(home)
    log_in(home, "docker", "login")
    pull(home, IMAGE)
    home.run("docker", "login", "--username", "AWS", "--password-stdin", PRIVATE, stdin=home.secret(PRIVATE))
    check(kept(home) == {COMPANY: USER}, "nothing of ECR's in the fallback")
    output = home.run("docker", "logout", PRIVATE)
    check("WARNING" not in output.stdout + output.stderr, "no warning")
    pull(home, IMAGE)
    check(len(home.api_calls()) == 2, "a new API call after the logout")
    check(kept(home) == {COMPANY: USER}, "the company's password still there")
    pull(home, COMPANY_IMAGE)


@case("what docker said with the fallback alone it says behind the helper", styles=[CREDS_STORE])
def docker_fallback_takes_over(home):
    password_store(home)
    home.docker_config.write_text(json.dumps({CREDS_STORE: "pass"}))
    home.run("docker", "login", "--username", USER, "--password-stdin", COMPANY, stdin=USERS_PASSWORD)
    alone = as_seen(home)
    check(home.verbs() == [], "our helper not to be asked yet")
    # The passwords of before stay where they are: only who is asked for them changes.
    home.run("docker", "login", "--username", USER, "--password-stdin", COMPANY, stdin=USERS_PASSWORD)
    home.docker_config.write_text(home.docker_config.read_text().replace('"pass"', '"ecr-login"'))
    rules(home, '[fallback]\nhelper = "pass"\n')
    pull(home, IMAGE)
    home.verbs()
    check(as_seen(home) == alone, f"the same as with the fallback alone: {alone}")
    check({"get", "store", "erase"} <= set(home.verbs()), "our helper to be asked each time")


def as_seen(home):
    """What a person sees who pulls, logs in again, logs out, logs out once more, and can't pull then."""
    seen = []
    for fails, argv in [
        (False, ["pull", "--quiet", COMPANY_IMAGE]),
        (False, ["login", COMPANY]),
        (False, ["logout", COMPANY]),
        (False, ["logout", COMPANY]),
        (True, ["pull", "--quiet", COMPANY_IMAGE]),
    ]:
        home.remove_image(COMPANY_IMAGE)
        output = home.run("docker", *argv, fails=fails)
        seen.append((output.stdout, output.stderr))
    return seen


@case("docker login without the fallback on PATH fails and keeps nothing", styles=[CREDS_STORE])
def docker_fallback_missing(home):
    rules(home, f'[fallback]\nhelper = "{NOT_ON_PATH}"\n')
    why = (
        f"{stage.COMPANY_HOST}: the fallback helper `docker-credential-{NOT_ON_PATH}` isn't on the `PATH`; "
        "install it, or name another helper in the configuration file"
    )
    login = ["docker", "login", "--username", USER, "--password-stdin", COMPANY]
    output = home.run(*login, stdin=USERS_PASSWORD, fails=True)
    check("store" in home.verbs(), "a store")
    check("Succeeded" not in output.stdout, "no success")
    stored = f"ecr-login: cannot store the password for {why}"
    check("error storing credentials" in output.stderr and stored in output.stderr, f"Docker to show: {stored}")
    check_no_password_saved(home, home.docker_config)

    home.remove_image(COMPANY_IMAGE)
    output = home.run("docker", "pull", COMPANY_IMAGE, fails=True)
    check(helper_lines(output) == [f"ecr-login: no password for {why}"], "one line that says why")
    # Docker always ends with a success here, and shows what it was answered only for Docker Hub.
    output = home.run("docker", "logout", COMPANY)
    erased = f"ecr-login: cannot erase the password for {why}"
    check(set(output.stderr.splitlines()) == {erased}, f"the helper to say: {erased}")
    # Everything that needs no password, and all of ECR, goes on.
    home.run("docker", "pull", f"{FOREIGN}/app:1")
    pull(home, IMAGE)


@case("docker login to what no fallback is for", styles=[CREDS_STORE])
def docker_fallback_by_glob(home):
    password_store(home)
    rules(home, '[[fallback]]\nmatch = ["ghcr.io", "*.example.com"]\nhelper = "pass"\n')
    log_in(home, "docker", "login")
    pull(home, COMPANY_IMAGE)
    output = home.run("docker", "login", "--username", USER, "--password-stdin", FOREIGN, stdin="a", fails=True)
    check("ecr-login stores no passwords" in output.stderr, "Docker to say that the password isn't kept")
    check(kept(home) == {COMPANY: USER}, "the password of the other registry alone")


@case("docker build, classic, from ECR, a name of one's own and the fallback", styles=[CREDS_STORE])
def docker_fallback_build_classic(home):
    password_store(home)
    rules(home, f'[[registry]]\nmatch = "{ALIAS}"\nregistry = "{OTHER_REGION}"\n\n[fallback]\nhelper = "pass"\n')
    log_in(home, "docker", "login")
    home.secret(PRIVATE)
    listed = json.loads(home.run(HELPER, "list").stdout)
    check(listed == {f"https://{PRIVATE}": "AWS", f"https://{ALIAS}": "AWS", COMPANY: USER}, "a list with all three")
    context = mixed_context(home, f"{ALIAS}/app:1", COMPANY_IMAGE)
    home.verbs()
    output = home.run("docker", "build", "--quiet", "--no-cache", context, DOCKER_BUILDKIT="0")
    check("ecr-login" not in output.stderr, "nothing of ours on stderr")
    check(home.verbs() == ["list", "get", "get", "get"], "a list, and a get for each of its registries")
    check(home.api_calls() == ["eu-west-1", "us-east-1"], "one API call for each region")


@case("docker build, BuildKit in the engine, from ECR and through the fallback", styles=[CREDS_STORE])
def docker_fallback_build_buildkit(home):
    with_fallback(home)
    log_in(home, "docker", "login")
    context = mixed_context(home, COMPANY_IMAGE)
    # The system's client brings its own BuildKit session; others need the buildx plugin.
    home.run("/usr/bin/docker", "build", "--no-cache", "--pull", context, DOCKER_BUILDKIT="1")
    check("get" in home.verbs(), "a get")


def mixed_context(home, *images):
    """A folder with a Dockerfile on top of the private ECR image, which takes a file out of each of the others.

    The engine has none of these images then.
    """
    context = build_context(home)
    dockerfile = context / "Dockerfile"
    stages = [f"FROM {image} AS stage{number}\n" for number, image in enumerate(images)]
    copies = [f"COPY --from=stage{number} /bin/busybox /from-stage{number}\n" for number in range(len(images))]
    dockerfile.write_text("".join([*stages, dockerfile.read_text(), *copies]))
    for image in (IMAGE, *images):
        home.remove_image(image)
    return context


@containers_case("podman login, pull and logout through the fallback", logs_in=True, hosts=(COMPANY, PRIVATE))
def podman_fallback(home):
    with_fallback(home)
    certificates = ["--cert-dir", CA.parent]
    home.run(*podman(home, "pull", *certificates, COMPANY_IMAGE), fails=True)
    log_in(home, *podman(home, "login", *certificates))
    home.run(*podman(home, "pull", *certificates, COMPANY_IMAGE))
    home.run(*podman(home, "pull", *certificates, IMAGE))
    home.verbs()
    home.run(*podman(home, "logout", COMPANY))
    check("erase" in home.verbs(), "an erase")
    check(kept(home) == {}, "an empty store")
    home.run(*podman(home, "pull", *certificates, COMPANY_IMAGE), fails=True)
    home.run(*podman(home, "pull", *certificates, IMAGE))


# Names of one's own


@case("docker pull and push under a name of one's own", hosts=(ALIAS, OTHER_REGION))
def docker_alias(home):
    home.remove_image(f"{ALIAS}/app:1")
    home.run("docker", "pull", f"{ALIAS}/app:1", fails=True)
    rules(home, f'[[registry]]\nmatch = "{ALIAS}"\nregistry = "{OTHER_REGION}"\n')
    pull(home, f"{ALIAS}/app:1")
    target = f"{ALIAS}/pushed-by-docker:1"
    home.run("docker", "tag", f"{ALIAS}/app:1", target)
    check(home.run("docker", "push", target).stderr == "", "nothing on stderr")
    pull(home, f"{OTHER_REGION}/pushed-by-docker:1")
    check(home.api_calls() == ["us-east-1"], "one API call, for the registry behind it, and its token for both names")
    home.run("docker", "logout", ALIAS)
    pull(home, target)
    check(len(home.api_calls()) == 2, "a new API call after the logout")


# Several accounts; each of the two registries takes the token of its own account alone


def two_accounts(home):
    """Two profiles, of which the second is a role in the other account; no variable says which one to take."""
    home.without_aws_credentials()
    home.write(
        ".aws/config",
        f"[profile other]\nrole_arn = arn:aws:iam::{stage.OTHER_ACCOUNT}:role/pull\nsource_profile = base\n",
    )
    home.write(".aws/credentials", "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n")


def check_both_accounts(home):
    for _ in range(2):
        pull(home, IMAGE)
        pull(home, OTHER_IMAGE)
    check(len(home.api_calls()) == 2, "one API call for each account")


@case("docker pull from two accounts with a profile each", hosts=(PRIVATE, OTHER_IDENTITY))
def docker_two_profiles(home):
    two_accounts(home)
    home.remove_image(IMAGE)
    home.run("docker", "pull", IMAGE, fails=True)
    rules(
        home,
        f'[[registry]]\nmatch = "{stage.OTHER_ACCOUNT}"\nprofile = "other"\n\n'
        f'[[registry]]\nmatch = ["{stage.ACCOUNT}.dkr.ecr.*.amazonaws.com"]\nprofile = "base"\n',
    )
    check_both_accounts(home)
    # What the environment says for everything else doesn't count for these registries.
    home.remove_image(IMAGE)
    pull(home, IMAGE, AWS_PROFILE="other")
    check(len(home.api_calls()) == 2, "no other identity")


@case("docker pull from two accounts, each with the profile found for it", styles=[CREDS_STORE])
def docker_auto_profile(home):
    two_accounts(home)
    home.environment["AWS_PROFILE"] = "base"
    home.remove_image(OTHER_IMAGE)
    home.run("docker", "pull", OTHER_IMAGE, fails=True)
    home.run("docker", "logout", OTHER_IDENTITY)
    calls = len(home.api_calls())
    rules(home, "auto_profile = true\n")
    pull(home, IMAGE)
    pull(home, OTHER_IMAGE)
    pull(home, IMAGE)
    check(len(home.api_calls()) == calls + 2, "one API call for each account")


@case("docker pull from two accounts, one by a role of the rule", styles=[CREDS_STORE])
def docker_role_of_rule(home):
    two_accounts(home)
    home.environment["AWS_PROFILE"] = "base"
    rules(
        home,
        f'[[registry]]\nmatch = "{stage.OTHER_ACCOUNT}"\nprofile = "base"\n'
        f'role_arn = "arn:aws:iam::{stage.OTHER_ACCOUNT}:role/pull"\n',
    )
    check_both_accounts(home)
