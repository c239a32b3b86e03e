"""The newest clients: cases with what Debian's unstable release has, out of the root that `newest-root` makes.

Most are cases of `cases.py` once more, in a home whose commands are started in that root. The root is mounted
read-only, with this run's folder, hosts and engine settings under the same paths, so a case needs no other paths there.
It has an engine of its own. Each case signs with a key of its own, and no transparency log or key server is asked.
"""

import dataclasses
import json
import subprocess

import stage
from cases import BOTH, CASES, IMAGE, NO_HELPER, UNREACHABLE, build_context, case, check_no_password_saved
from cases import check_silent_get, containers_case, helper_lines, podman
from home import Home, check
from stage import CA, PRIVATE, WORK

TRUST = {"SSL_CERT_FILE": str(CA)}  # for clients without an option for it
FOLDER = WORK / "newest"
ENGINE = f"unix://{FOLDER}/docker.sock"
VERSIONS = "etc/newest-versions"

AGAIN = [
    "docker pull",
    "docker push",
    "docker login with what the helper knows",
    "docker login with a password on stdin",
    "docker login with a wrong password fails",
    "docker logout forgets the token",
    "docker build, classic",
    "docker build, BuildKit in the engine",
    "docker pull without the helper is refused",
    "docker pull says why when the API can't be reached",
    "docker pull of a public image without AWS credentials",
    "docker pull from a registry that isn't ECR",
    "docker login to a registry that isn't ECR never claims to have kept the password",
    "skopeo inspect",
    "skopeo copy, there and back",
    "skopeo inspect without the helper is refused",
    "skopeo inspect says why when the API can't be reached",
    "skopeo login and logout",
    "podman pull and push",
    "podman login and logout",
    "buildah pull and push",
    "buildah login and logout",
]


# The root


class NewestHome(Home):
    """A home whose commands are started in the root."""

    kind = "newest "
    root = None  # set by `set_up`

    def __init__(self, number):
        super().__init__(number)
        self.environment |= {"PATH": f"{WORK}/bin:{stage.SYSTEM_PATH}", "DOCKER_HOST": ENGINE}

    @classmethod
    def is_there(cls):
        return cls.root is not None

    def entrance(self):
        return entrance(self.root, self.directory)

    def remove_image(self, image):
        docker(self.root, "rmi", "--force", image)


def is_complete(root):
    """Whether `newest-root` has made the root."""
    return (root / VERSIONS).exists()


def set_up(root):
    """Mounts what the root needs, in this run's namespace alone, names the versions and starts the root's engine."""
    versions = dict(line.split() for line in (root / VERSIONS).read_text().splitlines())
    print("newest clients:", ", ".join(f"{client} {version}" for client, version in versions.items()), flush=True)
    stage.command(["mount", "--bind", root, root])
    stage.command(["mount", "-o", "remount,bind,ro", root])
    for folder in ("run", "tmp", "var/lib/containers"):
        stage.command(["mount", "-t", "tmpfs", "-o", "mode=755", "e2e", root / folder])
    (root / WORK.relative_to("/")).mkdir()
    for path in ("/dev", "/etc/docker", "/etc/hosts", "/proc", "/sys", str(WORK)):
        stage.command(["mount", "--rbind", path, root / path[1:]])
    FOLDER.mkdir()
    stage.start("newest-engine", [*entrance(root, FOLDER), *stage.engine(FOLDER, ENGINE)])
    stage.wait("newest-engine", lambda: docker(root, "version").returncode == 0)
    engine = docker(root, "version", "--format", "{{.Server.Version}}").stdout.strip()
    if not engine or not versions["docker.io"].startswith(engine):
        raise stage.StageError(f"the newest engine must be {versions['docker.io']}, but is {engine}")
    NewestHome.root = root


def entrance(root, folder):
    """The words that start a command in a folder of the root."""
    return ["unshare", f"--root={root}", f"--wd={folder}"]


def docker(root, *args):
    """Runs the root's Docker without any credential helper."""
    return subprocess.run(
        [*entrance(root, FOLDER), "docker", "--host", ENGINE, *args], env=stage.system_environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=stage.START_LIMIT,
    )


# The cases


def newest_case(name, styles=BOTH):
    return case(name, styles, place=NewestHome)


def once_more():
    """Registers cases of the older clients for these."""
    for name in AGAIN:
        old = [entry for entry in CASES if entry.name.rpartition(" (")[0] == name]
        if not old:
            raise LookupError(f"no case has the name `{name}`")
        CASES.extend(dataclasses.replace(entry, name=NewestHome.kind + entry.name, place=NewestHome) for entry in old)


once_more()


def named(home, name):
    """The private image under a name of its own, so that what a case signs is in nobody's way."""
    image = f"{PRIVATE}/{name}:1"
    home.run("docker", "buildx", "imagetools", "create", "--tag", image, IMAGE, **TRUST)
    inspect = ["docker", "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}"]
    digest = json.loads(home.run(*inspect, image, **TRUST).stdout)["digest"]
    home.verbs()
    return f"{PRIVATE}/{name}@{digest}"


# buildx and Compose


@newest_case("docker buildx build with a push")
def buildx_build(home):
    home.remove_image(IMAGE)
    target = f"{PRIVATE}/pushed-by-buildx:1"
    home.run("docker", "buildx", "build", "--no-cache", "--pull", "--push", "--tag", target, build_context(home))
    check("get" in home.verbs(), "a get")
    home.remove_image(target)
    home.run("docker", "pull", target)
    check(len(home.api_calls()) == 1, "one API call")


@newest_case("docker buildx imagetools")
def buildx_imagetools(home):
    # The plugin talks to the registry itself, without the engine.
    output = home.run("docker", "buildx", "imagetools", "inspect", "--raw", IMAGE, **TRUST)
    check("layers" in json.loads(output.stdout), "the image's manifest")
    check_silent_get(home, output)
    target = f"{PRIVATE}/created-by-buildx:1"
    home.run("docker", "buildx", "imagetools", "create", "--tag", target, IMAGE, **TRUST)
    check("get" in home.verbs(), "a get")
    home.run("docker", "buildx", "imagetools", "inspect", target, **TRUST)


@newest_case("docker buildx imagetools without the helper is refused", styles=[NO_HELPER])
def buildx_refused(home):
    output = home.run("docker", "buildx", "imagetools", "inspect", IMAGE, fails=True, **TRUST)
    check("401 Unauthorized" in output.stderr or "no basic auth" in output.stderr, "the registry to demand a password")


@newest_case("docker compose pull, build and push")
def compose(home):
    target = f"{PRIVATE}/pushed-by-compose:1"
    context = build_context(home)
    services = {"app": {"image": IMAGE}, "built": {"image": target, "build": str(context)}}
    home.write("compose.yaml", json.dumps({"services": services}))
    home.remove_image(IMAGE)
    home.run("docker", "compose", "pull", "app")
    check("get" in home.verbs(), "a get")
    home.run("docker", "compose", "build", "--no-cache", "--pull", "built")
    check("get" in home.verbs(), "a get")
    home.run("docker", "compose", "push", "built")
    check("get" in home.verbs(), "a get")
    home.remove_image(target)
    home.run("docker", "pull", target)
    check(len(home.api_calls()) == 1, "one API call")


# Podman


@containers_case("podman build", place=NewestHome)
def podman_build(home):
    home.run(*podman(home, "build", "--cert-dir", CA.parent, "--pull=always", build_context(home)))
    check("get" in home.verbs(), "a get")


# cosign


@newest_case("cosign sign, verify, login")
def cosign(home):
    image = named(home, "signed-by-cosign")
    home.run("cosign", "generate-key-pair", COSIGN_PASSWORD="")
    home.run("cosign", "signing-config", "create", "--out", "services.json")  # none at all
    home.run("cosign", "trusted-root", "create", "--out", "roots.json")
    home.run(
        "cosign", "sign", "--yes", "--key", "cosign.key", "--signing-config", "services.json",
        "--trusted-root", "roots.json", image, COSIGN_PASSWORD="", **TRUST,
    )
    check("get" in home.verbs(), "a get")
    verify = ["cosign", "verify", "--key", "cosign.pub", "--insecure-ignore-tlog"]
    check(image in home.run(*verify, image, **TRUST).stdout, "a signature of the image")
    check("get" in home.verbs(), "a get")
    check(len(home.api_calls()) == 1, "one API call")
    password = home.secret(PRIVATE)
    home.verbs()
    home.run("cosign", "login", "--username", "AWS", "--password-stdin", PRIVATE, stdin=password, **TRUST)
    check("store" in home.verbs(), "a store")
    check_no_password_saved(home, home.docker_config)


@newest_case("cosign tree says why when the API can't be reached")
def cosign_unreachable(home):
    output = home.run("cosign", "tree", IMAGE, AWS_ENDPOINT_URL=UNREACHABLE, fails=True, **TRUST)
    check(any(PRIVATE in line for line in helper_lines(output)), "a line with the registry's name, besides its own")


@newest_case("cosign tree without the helper is refused", styles=[NO_HELPER])
def cosign_refused(home):
    output = home.run("cosign", "tree", IMAGE, fails=True, **TRUST)
    check("UNAUTHORIZED" in output.stderr, "the registry to demand a password")


# notation


@newest_case("notation sign, list, verify, login and logout")
def notation(home):
    image = named(home, "signed-by-notation")
    home.run("notation", "certificate", "generate-test", "--default", "end-to-end")
    home.write(".config/notation/trustpolicy.json", json.dumps({
        "version": "1.0",
        "trustPolicies": [{
            "name": "end-to-end",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:end-to-end"],
            "trustedIdentities": ["*"],
        }],
    }))
    for verb in ("sign", "list", "verify"):
        output = home.run("notation", verb, image, **TRUST)
        check(image in output.stdout, "the image's name")
        check("get" in home.verbs(), "a get")
    check(len(home.api_calls()) == 1, "one API call")
    password = home.secret(PRIVATE)
    home.verbs()
    home.run("notation", "login", "--username", "AWS", "--password-stdin", PRIVATE, stdin=password, **TRUST)
    check("store" in home.verbs(), "a store")
    for file in (home.docker_config, home.directory / ".config/notation/config.json"):
        check_no_password_saved(home, file)
    home.run("notation", "logout", PRIVATE)
    check("erase" in home.verbs(), "an erase")
    home.run("notation", "list", image, **TRUST)
    check(len(home.api_calls()) == 2, "a new API call after the logout")


@newest_case("notation list says why when the API can't be reached")
def notation_unreachable(home):
    output = home.run("notation", "list", IMAGE, AWS_ENDPOINT_URL=UNREACHABLE, fails=True, **TRUST)
    check(any(PRIVATE in line for line in helper_lines(output)), "a line with the registry's name, besides its own")


@newest_case("notation list without the helper is refused", styles=[NO_HELPER])
def notation_refused(home):
    output = home.run("notation", "list", IMAGE, fails=True, **TRUST)
    check("401" in output.stderr or "basic credential" in output.stderr, "the registry to demand a password")
