"""A fresh home directory for one case: client settings, AWS settings, the helper on PATH, and what happened there.

Nothing of the caller's environment reaches a client. A small script stands on PATH under the helper's name; it notes
the verb and becomes the real helper, so that a case can tell what a client asked.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess

import stage

HELPER = "docker-credential-ecr-login"
LIMIT = 60  # seconds for one command
MARK = "-auth-token"  # the end of every password that moto hands out

CRED_HELPERS, CREDS_STORE = "credHelpers", "credsStore"


class Failed(Exception):
    """A case has failed; the text says what was expected."""


class Home:
    """The home directory of one case."""

    kind = ""  # how names of cases begin that are run in such a home
    tools = None  # the folder of tests/e2e/install, set by `run`
    client_path = ""  # folders searched for clients, set by `run`

    def __init__(self, number):
        self.directory = stage.WORK / "homes" / str(number)
        self.docker_config = self.directory / ".docker" / "config.json"
        self.directory.mkdir(parents=True)
        for folder in ("run", "tmp"):
            (self.directory / folder).mkdir()
        self.transcript = []
        self.calls_before = len(api_calls())
        self.environment = {
            "PATH": f"{stage.WORK}/bin:{self.client_path}",
            "HOME": str(self.directory),
            "XDG_RUNTIME_DIR": str(self.directory / "run"),
            "TMPDIR": str(self.directory / "tmp"),
            "LANG": "C.UTF-8",
            "DOCKER_HOST": stage.ENGINE,
            "AWS_ENDPOINT_URL": stage.API,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def configure(self, *words):
        """Makes clients use the helper as people do, with `configure`."""
        self.run(HELPER, "configure", "--yes", *words)
        self.verbs()

    def name_helper(self, style, *hosts):
        """Names the helper in the docker config, for some hosts or as the store of everything.

        Hosts that aren't ECR's are added by hand: `configure` names the helper for ECR alone.
        """
        if style == CREDS_STORE:
            return self.configure("--store")
        if ecr := [host for host in hosts if host.endswith(".amazonaws.com") or host == stage.PUBLIC]:
            self.configure(*ecr)
        if others := set(hosts).difference(ecr):
            config = json.loads(self.docker_config.read_text()) if ecr else {}
            config.setdefault(CRED_HELPERS, {}).update({host: "ecr-login" for host in others})
            stage.write(self.docker_config, json.dumps(config))

    def without_aws_credentials(self):
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]

    @classmethod
    def is_there(cls):
        """Whether there is what the clients are started in."""
        return True

    def entrance(self):
        """The words in front of each command, where clients are started in another root."""
        return []

    def remove_image(self, image):
        """Takes an image away from the engine, without any credential helper."""
        stage.docker("rmi", "--force", image)

    def write(self, name, text):
        """Writes a file below the home directory and returns its path."""
        return stage.write(self.directory / name, text)

    def run(self, *argv, stdin="", fails=False, **environment):
        """Runs a command to its end, which must be a success (or a failure with `fails`), and returns its output.

        Whatever the command is, a password on its stderr is a failure.
        """
        argv = [str(word) for word in argv]
        process = subprocess.Popen(
            [*self.entrance(), *argv], env=self.environment | environment, cwd=self.directory, text=True,
            start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            stdout, stderr = process.communicate(stdin, timeout=LIMIT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            self.note(argv, environment, f"killed: {error}", stdout, stderr)
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"no end after {LIMIT} s") from error
            raise
        self.note(argv, environment, f"exit status {process.returncode}", stdout, stderr)
        if (process.returncode != 0) != fails:
            raise Failed("a failure was expected" if fails else "a success was expected")
        if MARK in stderr:
            raise Failed("there is a password on stderr")
        return Output(stdout, stderr)

    def note(self, argv, environment, end, stdout, stderr):
        settings = [f"{name}={value}" for name, value in environment.items()]
        self.transcript.append(f"$ {shlex.join([*settings, *argv])}")
        self.transcript += [f"  stdout: {line}" for line in stdout.splitlines()]
        self.transcript += [f"  stderr: {line}" for line in stderr.splitlines()]
        self.transcript.append(f"  {end}")

    def verbs(self):
        """What the helper was asked since the last call of this method, in order."""
        calls = self.directory / "helper-calls"
        verbs = calls.read_text().split() if calls.exists() else []
        calls.unlink(missing_ok=True)
        self.transcript.append(f"  the helper was asked: {' '.join(verbs) or 'nothing'}")
        return verbs

    def api_calls(self):
        """The regions whose API was asked for a token since this home was made."""
        return api_calls()[self.calls_before :]

    def secret(self, host):
        """The password that the helper gives for a host."""
        return json.loads(self.run(HELPER, "get", stdin=host).stdout)["Secret"]


class Output:
    """What a command printed."""

    def __init__(self, stdout, stderr):
        self.stdout = stdout
        self.stderr = stderr


def check(holds, expectation):
    """Fails the case unless the expectation holds."""
    if not holds:
        raise Failed(f"expected: {expectation}")


def put_helper_on_path(program):
    """Makes the script that notes each call and becomes the helper, and the link that the kubelet runs.

    Both lead to a copy, which clients in another root see too.
    """
    program = shutil.copy(program, stage.WORK / "helper")
    script = f'#!/bin/sh\necho "$1" >>"$HOME/helper-calls"\nexec {shlex.quote(str(program))} "$@"\n'
    stage.write(stage.WORK / "bin" / HELPER, script).chmod(0o755)
    (stage.WORK / "bin" / "ecr-credential-provider").symlink_to(program)


def api_calls():
    return stage.API_CALLS.read_text().split() if stage.API_CALLS.exists() else []
