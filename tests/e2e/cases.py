"""The cases: what each client does with the helper, and what must be seen of it.

A case gets a fresh home (see `home.py`), so its token cache is empty, and its clients know what `configure` has told
them. Clients hand the helper their own stderr, so where a client prints nothing there itself, a success must leave it
empty: a helper that succeeds, or that has nothing to say about a registry, is silent.
"""

import concurrent.futures
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import stage
from home import CRED_HELPERS, CREDS_STORE, Home, check
from stage import CA, FOREIGN, OTHER_IDENTITY, OTHER_REGION, PRIVATE, PUBLIC

BOTH = (CRED_HELPERS, CREDS_STORE)
NO_HELPER = "no helper"
IMAGE = f"{PRIVATE}/app:1"
UNREACHABLE = "http://127.0.0.1:9"
CASES = []


@dataclass
class Case:
    name: str
    run: Callable
    needs: str = ""  # a program that may be missing
    place: type = Home  # what its clients are run in


def case(name, styles=BOTH, hosts=(PRIVATE,), needs="", place=Home):
    """Registers a case once for each way of naming the helper in the docker config."""

    def register(run):
        for style in styles:
            def prepared(home, style=style):
                if style != NO_HELPER:
                    home.name_helper(style, *hosts)
                run(home)

            CASES.append(Case(f"{place.kind}{name} ({style})", prepared, needs, place))
        return run

    return register


def all_cases(is_there):
    """All cases in order, without those of programs that are missing."""
    return [entry for entry in CASES if not entry.needs or is_there(entry.needs)]


# Docker


def pull(home, image, **environment):
    """Pulls an image that the engine doesn't have, with nothing on stderr."""
    home.remove_image(image)
    output = home.run("docker", "pull", image, **environment)
    check("Downloaded newer image" in output.stdout, "a fresh download")
    check(output.stderr == "", "nothing on stderr")


@case("docker pull")
def docker_pull(home):
    pull(home, IMAGE)
    check(home.verbs() == ["get"], "one get")
    check(home.api_calls() == ["eu-west-1"], "one API call, for the region of the host")


@case("docker push")
def docker_push(home):
    pull(home, IMAGE)
    target = f"{PRIVATE}/pushed-by-docker:1"
    home.run("docker", "tag", IMAGE, target)
    home.verbs()
    output = home.run("docker", "push", target)
    check(output.stderr == "", "nothing on stderr")
    check("get" in home.verbs(), "a get")
    pull(home, target)


@case("docker login with what the helper knows")
def docker_login_stored(home):
    output = home.run("docker", "login", PRIVATE)
    check("Login Succeeded" in output.stdout, "Login Succeeded")
    check(home.verbs() == ["get", "store"], "a get and a store")
    check_no_password_saved(home, home.docker_config)


@case("docker login with a password on stdin")
def docker_login_stdin(home):
    output = home.run("docker", "login", "--username", "AWS", "--password-stdin", PRIVATE, stdin=home.secret(PRIVATE))
    check("Login Succeeded" in output.stdout, "Login Succeeded")
    check(home.verbs()[-1:] == ["store"], "a store")
    check_no_password_saved(home, home.docker_config)


@case("docker login with a wrong password fails")
def docker_login_wrong(home):
    home.run("docker", "login", "--username", "AWS", "--password-stdin", PRIVATE, stdin="wrong", fails=True)
    check("store" not in home.verbs(), "no store")


@case("docker logout forgets the token")
def docker_logout(home):
    pull(home, IMAGE)
    home.verbs()
    output = home.run("docker", "logout", PRIVATE)
    check("WARNING" not in output.stdout + output.stderr, "no warning")
    check("erase" in home.verbs(), "an erase")
    pull(home, IMAGE)
    check(len(home.api_calls()) == 2, "a new API call after the logout")


@case("docker build, classic")
def docker_build_classic(home):
    # With credsStore, Docker asks only for the hosts that `list` names: those with a token on disk.
    pull(home, IMAGE)
    home.verbs()
    home.remove_image(IMAGE)
    home.run("docker", "build", "--quiet", build_context(home), DOCKER_BUILDKIT="0")
    check("get" in (verbs := home.verbs()), "a get")
    if CREDS_STORE in json.loads(home.docker_config.read_text()):
        check(verbs[0] == "list", "a list first")
    check(len(home.api_calls()) == 1, "no API call but that of the pull")


@case("docker build, BuildKit in the engine")
def docker_build_buildkit(home):
    home.remove_image(IMAGE)
    # The system's client brings its own BuildKit session; others need the buildx plugin.
    home.run("/usr/bin/docker", "build", "--no-cache", "--pull", build_context(home), DOCKER_BUILDKIT="1")
    check("get" in home.verbs(), "a get")


@case("docker pull, a second time, needs no API call")
def docker_pull_cached(home):
    pull(home, IMAGE)
    pull(home, IMAGE)
    check(home.verbs() == ["get", "get"], "two gets")
    check(len(home.api_calls()) == 1, "one API call")


@case("docker pull, eight at once, make one API call", styles=[CREDS_STORE])
def docker_pull_parallel(home):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for output in pool.map(lambda _: home.run("docker", "pull", IMAGE), range(8)):
            check(output.stderr == "", "nothing on stderr")
    check(home.verbs() == ["get"] * 8, "eight gets")
    check(len(home.api_calls()) == 1, "one API call")


@case("docker pull from two regions", hosts=(PRIVATE, OTHER_REGION))
def docker_pull_regions(home):
    pull(home, IMAGE)
    pull(home, f"{OTHER_REGION}/app:1")
    check(home.api_calls() == ["eu-west-1", "us-east-1"], "one API call for each region")


@case("docker pull as two AWS identities", hosts=(PRIVATE, OTHER_IDENTITY))
def docker_pull_identities(home):
    # Same region and same cache: only the identity tells the two tokens apart, and each registry takes only its own.
    home.without_aws_credentials()
    home.write(
        ".aws/config",
        f"[profile other]\nrole_arn = arn:aws:iam::{stage.OTHER_ACCOUNT}:role/pull\nsource_profile = base\n",
    )
    home.write(".aws/credentials", "[base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = secret\n")
    for _ in range(2):
        pull(home, IMAGE, AWS_PROFILE="base")
        pull(home, f"{OTHER_IDENTITY}/app:1", AWS_PROFILE="other")
    check(len(home.api_calls()) == 2, "one API call for each identity")
    home.remove_image(IMAGE)
    home.run("docker", "pull", IMAGE, AWS_PROFILE="other", fails=True)


# Docker, where there is no token to be had


@case("docker pull without the helper is refused", styles=[NO_HELPER])
def docker_pull_refused(home):
    home.remove_image(IMAGE)
    output = home.run("docker", "pull", IMAGE, fails=True)
    check("no basic auth credentials" in output.stderr, "the registry to demand a password")


@case("docker pull says why when the API can't be reached")
def docker_pull_unreachable(home):
    home.remove_image(IMAGE)
    output = home.run("docker", "pull", IMAGE, AWS_ENDPOINT_URL=UNREACHABLE, fails=True)
    check_one_reason(output)


@case("docker pull says why when there are no AWS credentials")
def docker_pull_no_credentials(home):
    home.without_aws_credentials()
    home.remove_image(IMAGE)
    check_one_reason(home.run("docker", "pull", IMAGE, fails=True))
    check(home.api_calls() == [], "no API call")


def check_one_reason(output):
    """One line of the helper's says why, and Docker goes on without credentials."""
    reasons = helper_lines(output)
    check(len(reasons) == 1 and PRIVATE in reasons[0], "one line with the registry's name, besides Docker's own")
    check("no basic auth credentials" in output.stderr, "Docker to have gone on without credentials")


@case("docker pull of a public image without AWS credentials", hosts=(PUBLIC,))
def docker_pull_public(home):
    home.without_aws_credentials()
    pull(home, f"{PUBLIC}/app:1")
    check(home.verbs() == ["get"], "one get")
    check(home.api_calls() == [], "no API call")


@case("docker pull of a public image when the API can't be reached", hosts=(PUBLIC,))
def docker_pull_public_unreachable(home):
    image = f"{PUBLIC}/app:1"
    home.remove_image(image)
    output = home.run("docker", "pull", image, AWS_ENDPOINT_URL=UNREACHABLE)
    check("Downloaded newer image" in output.stdout, "an anonymous download")


# Docker and a registry that isn't ECR


@case("docker pull from a registry that isn't ECR", styles=[CREDS_STORE])
def docker_pull_foreign(home):
    pull(home, f"{FOREIGN}/app:1", AWS_ENDPOINT_URL=UNREACHABLE)
    check(home.verbs() == ["get"], "one get")


@case("docker login to a registry that isn't ECR never claims to have kept the password", styles=[CREDS_STORE])
def docker_login_foreign(home):
    output = home.run("docker", "login", "--username", "somebody", "--password-stdin", FOREIGN, stdin="a", fails=True)
    check("store" in home.verbs(), "a store")
    check("error storing credentials" in output.stderr, "Docker to say that the password isn't kept")


# docker-py


def python_client(home, *args):
    """Runs one of the Python clients."""
    return home.run(home.tools / "venv/bin/python", stage.Path(__file__).parent / "python_clients.py", *args)


@case("docker-py pull")
def docker_py_pull(home):
    home.remove_image(IMAGE)
    python_client(home, "docker-pull", IMAGE)
    check("get" in home.verbs(), "a get")


@case("docker-py build")
def docker_py_build(home):
    home.secret(PRIVATE)  # with credsStore, `list` names only the hosts with a token on disk
    home.verbs()
    home.remove_image(IMAGE)
    python_client(home, "docker-build", build_context(home))
    verbs = home.verbs()
    check("get" in verbs, "a get")
    if CREDS_STORE in json.loads(home.docker_config.read_text()):
        check("list" in verbs, "a list")


# Skopeo, Podman, Buildah: they ignore credsStore, and know registries.conf besides credHelpers

AUTH_FILE = "auth.json"
CONTAINERS = (CRED_HELPERS, AUTH_FILE, "registries.conf")
REGISTRIES_CONF = ".config/containers/registries.conf"


def containers_case(name, logs_in=False, hosts=(PRIVATE,), place=Home):
    """Registers a case for each way of naming the helper that these three clients know."""

    def register(run):
        for style in CONTAINERS:
            if style == AUTH_FILE and hosts != (PRIVATE,):
                continue

            def prepared(home, style=style):
                if style == CRED_HELPERS:
                    home.name_helper(style, *hosts)
                    if logs_in:
                        # login and logout look only into the file that they would write to.
                        home.environment["REGISTRY_AUTH_FILE"] = str(home.docker_config)
                elif style == AUTH_FILE:
                    if logs_in:
                        own_file = home.directory / ".config" / "containers" / "auth.json"
                        home.environment["REGISTRY_AUTH_FILE"] = str(own_file)
                    home.configure("--client", name.split()[0], *hosts)
                else:
                    home.write(REGISTRIES_CONF, 'credential-helpers = ["ecr-login"]\n')
                run(home)

            CASES.append(Case(f"{place.kind}{name} ({style})", prepared, place=place))
        return run

    return register


def check_silent_get(home, output):
    check(output.stderr == "", "nothing on stderr")
    check("get" in home.verbs(), "a get")


@containers_case("skopeo inspect")
def skopeo_inspect(home):
    output = home.run("skopeo", "inspect", "--cert-dir", CA.parent, f"docker://{IMAGE}")
    check(json.loads(output.stdout)["Name"] == f"{PRIVATE}/app", "the image's description")
    check_silent_get(home, output)


@containers_case("skopeo copy, there and back")
def skopeo_copy(home):
    target, layout = f"docker://{PRIVATE}/pushed-by-skopeo:1", home.directory / "layout"
    certificates = ["--src-cert-dir", CA.parent, "--dest-cert-dir", CA.parent]
    check_silent_get(home, home.run("skopeo", "copy", *certificates, f"docker://{IMAGE}", f"oci:{layout}:1"))
    check_silent_get(home, home.run("skopeo", "copy", *certificates, f"oci:{layout}:1", target))
    home.run("skopeo", "inspect", "--cert-dir", CA.parent, target)


@case("skopeo inspect of a public image without AWS credentials", styles=[CRED_HELPERS], hosts=(PUBLIC,))
def skopeo_inspect_public(home):
    home.without_aws_credentials()
    check_silent_get(home, home.run("skopeo", "inspect", "--cert-dir", CA.parent, f"docker://{PUBLIC}/app:1"))


@case("skopeo inspect without the helper is refused", styles=[NO_HELPER])
def skopeo_inspect_refused(home):
    output = home.run("skopeo", "inspect", "--cert-dir", CA.parent, f"docker://{IMAGE}", fails=True)
    check("authentication required" in output.stderr, "the registry to demand a password")


@containers_case("skopeo inspect says why when the API can't be reached")
def skopeo_inspect_unreachable(home):
    skopeo = ["skopeo", "inspect", "--cert-dir", CA.parent, f"docker://{IMAGE}"]
    output = home.run(*skopeo, AWS_ENDPOINT_URL=UNREACHABLE, fails=True)
    check(any(PRIVATE in line for line in helper_lines(output)), "a line with the registry's name besides Skopeo's own")


def podman(home, *args):
    storage = [f"--root={home.directory}/images", f"--runroot={home.directory}/run/images", "--storage-driver=vfs"]
    return ["podman", *storage, *args]


def buildah(home, *args):
    storage = [f"--root={home.directory}/images", f"--runroot={home.directory}/run/images", "--storage-driver=vfs"]
    return ["buildah", *storage, *args]


@containers_case("podman pull and push")
def podman_pull_push(home):
    target = f"{PRIVATE}/pushed-by-podman:1"
    home.run(*podman(home, "pull", "--cert-dir", CA.parent, IMAGE))
    check("get" in home.verbs(), "a get")
    home.run(*podman(home, "push", "--cert-dir", CA.parent, IMAGE, target))
    check("get" in home.verbs(), "a get")
    home.run(*podman(home, "pull", "--cert-dir", CA.parent, target))


@containers_case("buildah pull and push")
def buildah_pull_push(home):
    target = f"{PRIVATE}/pushed-by-buildah:1"
    home.run(*buildah(home, "pull", "--cert-dir", CA.parent, IMAGE))
    check("get" in home.verbs(), "a get")
    home.run(*buildah(home, "push", "--cert-dir", CA.parent, IMAGE, f"docker://{target}"))
    check("get" in home.verbs(), "a get")
    home.run(*buildah(home, "pull", "--cert-dir", CA.parent, target))


@containers_case("skopeo login and logout", logs_in=True)
def skopeo_login_logout(home):
    check_login_logout(home, ["skopeo"])


@containers_case("podman login and logout", logs_in=True)
def podman_login_logout(home):
    check_login_logout(home, podman(home))


@containers_case("buildah login and logout", logs_in=True)
def buildah_login_logout(home):
    check_login_logout(home, buildah(home))


def check_login_logout(home, client):
    """Login with what the helper knows, login with a password, logout."""
    home.run(*client, "login", "--cert-dir", CA.parent, PRIVATE)
    check("get" in home.verbs(), "a get")
    password = home.secret(PRIVATE)
    home.verbs()
    home.run(
        *client, "login", "--cert-dir", CA.parent, "--username", "AWS", "--password-stdin", PRIVATE, stdin=password
    )
    check("store" in home.verbs(), "a store")
    check_no_password_saved(home, Path(home.environment.get("REGISTRY_AUTH_FILE", home.docker_config)))
    home.run(*client, "logout", PRIVATE)
    check("erase" in home.verbs(), "an erase")
    home.secret(PRIVATE)
    check(len(home.api_calls()) == 2, "a new API call after the logout")


# Helm


def helm_chart(home):
    """Packages a chart and returns its file."""
    home.write("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 0.1.0\n")
    home.run("helm", "package", "chart")
    return home.directory / "chart-0.1.0.tgz"


@case("helm push and pull")
def helm_push_pull(home):
    chart = helm_chart(home)
    home.run("helm", "push", "--ca-file", CA, chart, f"oci://{PRIVATE}")
    check("get" in home.verbs(), "a get")
    chart.unlink()
    home.run("helm", "pull", "--ca-file", CA, f"oci://{PRIVATE}/chart", "--version", "0.1.0")
    check("get" in home.verbs(), "a get")
    check(chart.exists(), "the chart's file")


@case("helm registry login and logout, the helper in Helm's own config")
def helm_registry_login(home):
    # The docker config is only read, so what a login keeps goes to Helm's own file, which can name the helper too.
    own = home.write(".config/helm/registry/config.json", home.docker_config.read_text())
    home.docker_config.unlink()
    password = home.secret(PRIVATE)
    home.verbs()
    home.run(
        "helm", "registry", "login", "--ca-file", CA, "--username", "AWS", "--password-stdin", PRIVATE, stdin=password
    )
    check("store" in home.verbs(), "a store")
    check_no_password_saved(home, own)
    home.run("helm", "push", "--ca-file", CA, helm_chart(home), f"oci://{PRIVATE}")
    check("get" in home.verbs(), "a get")
    home.run("helm", "registry", "logout", PRIVATE)
    check("erase" in home.verbs(), "an erase")


@case("helm push without the helper is refused", styles=[NO_HELPER])
def helm_push_refused(home):
    output = home.run("helm", "push", "--ca-file", CA, helm_chart(home), f"oci://{PRIVATE}", fails=True)
    check("401" in output.stderr or "basic credential" in output.stderr, "the registry to demand a password")


@case("helm pull says why when the API can't be reached")
def helm_pull_unreachable(home):
    helm = ["helm", "pull", "--ca-file", CA, f"oci://{PRIVATE}/chart", "--version", "0.1.0"]
    output = home.run(*helm, AWS_ENDPOINT_URL=UNREACHABLE, fails=True)
    check(any(PRIVATE in line for line in helper_lines(output)), "a line with the registry's name, besides Helm's own")


# ORAS


@case("ORAS for Python, push and pull")
def oras_python(home):
    file = home.write("artifact.txt", "pushed by ORAS for Python\n")
    target = f"{PRIVATE}/pushed-by-oras-py:1"
    python_client(home, "oras-push", target, file, CA)
    check("get" in home.verbs(), "a get")
    python_client(home, "oras-pull", target, home.directory / "pulled", CA)
    check("get" in home.verbs(), "a get")
    check((home.directory / "pulled" / file.name).read_text() == file.read_text(), "the same file again")


@case("oras push and pull", needs="oras")
def oras_program(home):
    file = home.write("artifact.txt", "pushed by oras\n")
    target = f"{PRIVATE}/pushed-by-oras:1"
    home.run("oras", "push", "--ca-file", CA, target, file.name)
    check("get" in home.verbs(), "a get")
    home.run("oras", "pull", "--ca-file", CA, "--output", "pulled", target)
    check("get" in home.verbs(), "a get")
    check((home.directory / "pulled" / file.name).read_text() == file.read_text(), "the same file again")


# crane


@case("crane pull, push and logout", needs="crane")
def crane_program(home):
    trust = {"SSL_CERT_FILE": str(CA)}
    home.run("crane", "pull", IMAGE, "image.tar", **trust)
    check(home.verbs() == ["get"], "one get")
    target = f"{PRIVATE}/pushed-by-crane:1"
    home.run("crane", "push", "image.tar", target, **trust)
    check("get" in home.verbs(), "a get")
    home.run("crane", "copy", IMAGE, target, **trust)
    digests = {home.run("crane", "digest", image, **trust).stdout for image in (IMAGE, target)}
    check(len(digests) == 1, "the same image again")
    check(len(home.api_calls()) == 1, "one API call")
    home.verbs()
    home.run("crane", "auth", "logout", PRIVATE)
    check("erase" in home.verbs(), "an erase")


# What several clients share


def build_context(home):
    """A folder with a Dockerfile on top of the private image; no RUN, since the engine has no network to run it in."""
    home.write("context/hello", "hello\n")
    return home.write("context/Dockerfile", f"FROM {IMAGE}\nLABEL by=end-to-end\nCOPY hello /hello\n").parent


def helper_lines(output):
    """The lines on stderr that aren't the client's own: what the helper said there."""
    return [line for line in output.stderr.splitlines() if not line.startswith(("Error", "time=", "level="))]


def check_no_password_saved(home, file):
    """The client has left the password to the helper, which keeps none of a login."""
    saved = json.loads(file.read_text()) if file.exists() else {}
    check(not any(entry.get("auth") for entry in saved.get("auths", {}).values()), f"no password in {file.name}")
