"""The three programs that are compared, each run once for a case: botocore as the AWS CLI uses it, the Go helper, ours.

Each run has a home directory, a working directory and an address of the fake AWS of its own, an empty cache, the case's
variables and no other, and an unprivileged user, so that files without read permission are really unreadable.
"""

import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import time
import traceback
from dataclasses import dataclass, field

import fake_aws


REGION = "us-east-1"
NOBODY = 65534
LIMIT = 60  # seconds for one program
AWS_CLI, GO, OURS = NAMES = ("AWS CLI", "Go helper", "ours")
HELPER = "docker-credential-ecr-login"
NOT_FOUND = "credentials not found in native keychain"


@dataclass
class Result:
    """What a program made of a case."""

    signer: str | None  # who signed the call that ECR answered; nobody: refused
    detail: str  # why it was refused, for a reader
    faults: list = field(default_factory=list)  # broken promises, whoever signed
    calls: list = field(default_factory=list)  # what the fake AWS was asked
    seconds: float = 0.0

    def __str__(self):
        return self.signer or f"refused: {self.detail}"


class Programs:
    """How to run each program. `helper` and `go_helper` are paths."""

    def __init__(self, work, helper, go_helper):
        self.work = work
        self.programs = {GO: go_helper, OURS: helper}
        self.loader = None

    def load_botocore(self):
        """Loads once what each run would load again: modules, and the models of the services."""
        import botocore.loaders
        import botocore.session

        self.loader = botocore.loaders.Loader(include_default_search_paths=True)
        session = botocore.session.Session()
        session.register_component("data_loader", self.loader)
        session.set_credentials("AKIA", "secret")
        for service in ("ecr", "sts", "sso", "sso-oidc"):
            session.create_client(service, region_name=REGION)

    def run(self, name, case, number):
        """Runs one program. The number is the case's, below 65,536."""
        address = f"127.{10 + NAMES.index(name)}.{number // 250}.{1 + number % 250}"
        place = self.work / f"{number}-{NAMES.index(name)}"
        home, directory = place / "home", place / "work"
        urls = {
            "URL": f"http://{address}",
            "HOME": str(home),
            "WORK": str(directory),
            "METADATA": {
                "on": f"http://{address}",
                "version 1": f"http://{address}:{fake_aws.VERSION_1_PORT}",
                "absent": f"http://{address}:{fake_aws.CLOSED_PORT}",
            }[case.metadata],
        }

        def fill(text):
            for word, value in urls.items():
                text = text.replace("{" + word + "}", value)
            return text

        started = time.monotonic()
        try:
            lay_out(case, home, directory, fill)
            variables = {
                "PATH": "/usr/bin:/bin",
                "HOME": str(home),
                "AWS_ENDPOINT_URL": urls["URL"],
                # The Go helper reads nothing but these for the services that give credentials.
                "AWS_ENDPOINT_URL_STS": urls["URL"],
                "AWS_ENDPOINT_URL_SSO": urls["URL"],
                "AWS_ENDPOINT_URL_SSO_OIDC": urls["URL"],
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": urls["METADATA"],
                "AWS_ECR_DISABLE_CACHE": "true",
                "AWS_ECR_CACHE_DIR": str(home / "cache"),
            } | {name: fill(value) for name, value in case.variables.items()}
            variables = {name: value for name, value in variables.items() if value != "{UNSET}"}
            if name == AWS_CLI:
                result = self.botocore(variables, directory)
            else:
                result = self.helper(name, variables, directory)
        finally:
            shutil.rmtree(place, ignore_errors=True)
        control = http.client.HTTPConnection(address, fake_aws.PORT, timeout=LIMIT)
        control.request("GET", "/.calls")
        result.seconds = time.monotonic() - started
        result.calls = json.loads(control.getresponse().read())
        return result

    def botocore(self, variables, directory):
        """What `aws ecr get-login-password` does, in a child of this process."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reader)
                signal.alarm(LIMIT)
                devnull = os.open(os.devnull, os.O_RDWR)
                for descriptor in range(3):
                    os.dup2(devnull, descriptor)
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                os.chdir(directory)
                os.environ.clear()
                os.environ.update(variables)
                os.write(writer, json.dumps(self.ask_with_botocore()).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader, "rb") as pipe:
            answer = pipe.read()
        os.waitpid(pid, 0)
        return Result(*(json.loads(answer) if answer else (None, "no answer in time")))

    def ask_with_botocore(self):
        import botocore.credentials
        import botocore.session
        import botocore.tokens
        import botocore.utils

        # Paths that these classes made of the home directory when they were loaded.
        tokens = os.path.expanduser("~/.aws/sso/cache")
        botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = tokens
        botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = tokens
        botocore.utils.JSONFileCache.CACHE_DIR = os.path.expanduser("~/.aws/boto/cache")
        try:
            session = botocore.session.Session()
            session.register_component("data_loader", self.loader)
            client = session.create_client("ecr", region_name=REGION)
            data = client.get_authorization_token()["authorizationData"][0]
            return signer_of(base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")), ""
        except BaseException as error:  # whatever it is, the AWS CLI would have failed
            where = traceback.extract_tb(error.__traceback__)[-1].name
            return None, f"{type(error).__name__}: {error} (in {where})"

    def helper(self, name, variables, directory):
        """A credential helper's `get`."""
        process = subprocess.Popen(
            [self.programs[name], "get"], env=variables, cwd=directory, user=NOBODY, group=NOBODY, extra_groups=[],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )
        try:
            stdout, stderr = process.communicate(fake_aws.REGISTRY.encode(), timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
        stdout, stderr = (text.decode("utf-8", "backslashreplace") for text in (stdout, stderr))
        signer = None
        if process.returncode == 0:
            try:
                signer = signer_of(json.loads(stdout)["Secret"])
            except (ValueError, KeyError):
                stderr = f"a success with {stdout!r}"
        faults = promises_broken(process.returncode, signer, stdout, stderr) if name == OURS else []
        return Result(signer, stderr.strip() or stdout.strip(), faults)


def promises_broken(status, signer, stdout, stderr):
    """What ours must keep whatever it is given."""
    broken = []
    if status not in (0, 1):
        broken.append(f"exit status {status}")
    if fake_aws.SECRET_MARK in stderr:
        broken.append("a secret on stderr")
    if signer is None:
        if stdout.strip() != NOT_FOUND:
            broken.append(f"stdout {stdout!r}")
        if len(stderr.splitlines()) != 1 or not stderr.endswith("\n"):
            broken.append(f"{len(stderr.splitlines())} lines on stderr")
    elif stderr:
        broken.append("words on stderr beside a password")
    return broken


def signer_of(password):
    return password.removeprefix("password of ")


def lay_out(case, home, directory, fill):
    """Writes the files of a case, and gives them to the user who'll read them."""
    for folder in (home, home / ".aws", directory):
        folder.mkdir(parents=True)
    for name, contents in case.files.items():
        path = home / ".aws" / name if not name.startswith("work/") else directory / name.removeprefix("work/")
        path.parent.mkdir(parents=True, exist_ok=True)
        if contents is None:
            path.mkdir()
        else:
            # Bytes that aren't UTF-8 pass through as surrogates.
            path.write_bytes(fill(contents).encode("utf-8", "surrogateescape"))
        if name.endswith(".sh"):
            path.chmod(0o755)
    for folder, _, files in os.walk(home.parent):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            os.chown(path, NOBODY, NOBODY)
    for name, mode in case.modes.items():
        (home / ".aws" / name).chmod(mode)
