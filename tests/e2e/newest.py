"""The newest clients: cases with what Debian's unstable release has, out of the root that `newest-root` makes.

Most are the cases of `cases.py` once more, in a home whose commands are started in that root. The root is mounted for
reading alone, with this run's own folder, hosts and engine settings under the same paths, so that a case needn't know.
It has an engine of its own. Signatures are made with keys of the case's own: no transparency log is asked.
"""

import dataclasses
import os
import subprocess
from pathlib import Path

import stage
from cases import CASES, IMAGE, build_context, case
from home import CRED_HELPERS, Home, check
from stage import CA, PRIVATE, WORK

TRUST = {"SSL_CERT_FILE": str(CA)}  # for clients without a setting for it
FOLDER = WORK / "newest"
VERSIONS = "etc/newest-versions"
ENGINE = f"unix://{FOLDER}/docker.sock"

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


class NewestHome(Home):
    """A home whose commands are started in the root."""

    root = None  # set by `set_up`

    def __init__(self, number):
        super().__init__(number)
        self.environment |= {"PATH": f"{WORK}/bin:{stage.SYSTEM_PATH}", "DOCKER_HOST": ENGINE}

    def entrance(self):
        return entrance(self.root, self.directory)

    def remove_image(self, image):
        docker(self.root, "rmi", "--force", image)


def is_complete(root):
    """Whether the root is there."""
    return (root / VERSIONS).exists()


def add_cases():
    """Registers the cases of other files once more, and those of this file."""
    wanted = [entry for entry in CASES if entry.name.rpartition(" (")[0] in AGAIN]
    CASES.extend(dataclasses.replace(entry, name=f"newest {entry.name}", home=NewestHome) for entry in wanted)


def set_up(root):
    """Mounts what the root needs, in this run's namespace alone, and starts the root's engine."""
    NewestHome.root = root
    print(f"newest clients: {', '.join((root / VERSIONS).read_text().splitlines())}", flush=True)
    stage.command(["mount", "--bind", root, root])
    stage.command(["mount", "-o", "remount,bind,ro", root])
    for folder in ("tmp", "run", "var/lib/containers"):
        stage.command(["mount", "-t", "tmpfs", "-o", "mode=755", "e2e", root / folder])
    (root / WORK.relative_to("/")).mkdir()
    for path in ("/proc", "/sys", "/dev", "/etc/hosts", "/etc/docker", str(WORK)):
        stage.command(["mount", "--rbind", path, root / path[1:]])
    FOLDER.mkdir()
    stage.start("newest-engine", [*entrance(root, FOLDER), *stage.engine(FOLDER, ENGINE)])
    stage.wait("newest-engine", lambda: docker(root, "version").returncode == 0)


def entrance(root, folder):
    """The words that start a command in a folder of the root."""
    return ["unshare", f"--root={root}", f"--wd={folder}"]


def docker(root, *args):
    """Runs the root's Docker without any credential helper."""
    return subprocess.run(
        [*entrance(root, FOLDER), "docker", "--host", ENGINE, *args], env=stage.system_environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=stage.START_LIMIT,
    )
