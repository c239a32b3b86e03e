"""The stage of the end-to-end run: registries under ECR's host names and others, moto's ECR API and a Docker engine.

Works inside the namespaces that `run` makes, where nothing but loopback exists and every file written under /run,
/etc/hosts or /etc/docker is gone with them. So nothing here is put back, and fixed ports are free.
Promises: all waits are bounded; a service that doesn't come up is an error that shows its log.
"""

import base64
import json
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

WORK = Path("/run/e2e")
LOGS = WORK / "log"
CA = WORK / "certs" / "ca.crt"
API_CALLS = WORK / "api-calls"

ACCOUNT = "123456789012"  # moto's, for any access key that it hasn't made itself
OTHER_ACCOUNT = "210987654321"
PRIVATE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
OTHER_REGION = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
OTHER_IDENTITY = f"{OTHER_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
PUBLIC = "public.ecr.aws"
ALIAS = "docker.example.com"  # a name in front of an ECR registry
FOREIGN = "localhost:5001"  # engines and clients take plain HTTP from this name

# A registry that isn't ECR, with a user of its own. The password ends as moto's do, so that the same check finds it.
COMPANY_HOST, COMPANY_PORT = "registry.example.com", 5443
COMPANY = f"{COMPANY_HOST}:{COMPANY_PORT}"
USER, USERS_PASSWORD = "somebody", "somebodys-auth-token"

# On the loopback device, the only one there is, but not in 127.0.0.0/8: the engine takes every registry there for an
# insecure one, doesn't check its certificate and tries plain HTTP after a refusal. So the names get addresses that are
# reserved for examples (RFC 5737).
ADDRESSES = {
    PRIVATE: "198.51.100.2",
    OTHER_REGION: "198.51.100.2",
    OTHER_IDENTITY: "198.51.100.3",
    PUBLIC: "198.51.100.4",
    ALIAS: "198.51.100.2",
    COMPANY_HOST: "198.51.100.5",
}

API_PORT = 5000
API = f"http://127.0.0.1:{API_PORT}"
ENGINE = f"unix://{WORK}/docker.sock"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

START_LIMIT = 60  # seconds; the slowest service, moto, needs some three


class StageError(Exception):
    """The stage can't be built; the text says why."""


def set_up(tools):
    """Brings everything up, with one image `app:1` in every registry."""
    make_names()
    certificate, key = make_certificates()
    start("moto", [tools / "venv/bin/python", Path(__file__).parent / "moto_ecr.py", API_PORT, API_CALLS])
    start("engine", engine(WORK / "engine", ENGINE))
    wait("moto", lambda: connects("127.0.0.1", API_PORT))
    tls = {"certificate": str(certificate), "key": str(key)}
    logins = {
        PRIVATE: ("AWS", password(ACCOUNT)),
        OTHER_REGION: ("AWS", password(ACCOUNT)),
        OTHER_IDENTITY: ("AWS", password(OTHER_ACCOUNT)),
        COMPANY: (USER, USERS_PASSWORD),
    }
    start_registry("private", f"{ADDRESSES[PRIVATE]}:443", tls, logins[PRIVATE])
    start_registry("other-identity", f"{ADDRESSES[OTHER_IDENTITY]}:443", tls, logins[OTHER_IDENTITY])
    start_registry("public", f"{ADDRESSES[PUBLIC]}:443", tls, None)
    start_registry("company", f"{ADDRESSES[COMPANY_HOST]}:{COMPANY_PORT}", tls, logins[COMPANY])
    start_registry("foreign", "127.0.0.1:5001", None, None)
    wait("engine", lambda: docker("version").returncode == 0)
    add_images(logins)


def engine(folder, address):
    """The command of a Docker engine that keeps its data in a folder."""
    settings = write(folder / "daemon.json", "{}")
    return [
        "dockerd", "--host", address, "--config-file", settings,
        "--data-root", folder / "data", "--exec-root", folder / "run", "--pidfile", folder / "pid",
        # No network of its own, no kernel module, no overlay: loopback pulls and COPY builds need none of them.
        "--bridge", "none", "--iptables=false", "--ip-forward=false", "--storage-driver", "vfs",
    ]


def make_names():
    """Maps the names to addresses of the loopback device, and makes sure that none of them leads anywhere else."""
    command(["ip", "link", "set", "lo", "up"])
    for address in sorted(set(ADDRESSES.values())):
        command(["ip", "address", "add", f"{address}/32", "dev", "lo"])
    hosts = Path("/etc/hosts").read_bytes()
    hosts += b"\n" + b"".join(f"{address} {name}\n".encode() for name, address in ADDRESSES.items())
    ours = WORK / "hosts"
    ours.write_bytes(hosts)
    command(["mount", "--bind", ours, "/etc/hosts"])
    for name, address in ADDRESSES.items():
        found = {entry[4][0] for entry in socket.getaddrinfo(name, 443)}
        if found != {address}:
            raise StageError(f"{name} must be {address} alone, but is {sorted(found)}")


def make_certificates():
    """A private CA and one certificate for all names; the engine trusts the CA per host, as its users set it up."""
    CA.parent.mkdir()
    certificate, key, ca_key = WORK / "tls.crt", WORK / "tls.key", WORK / "ca.key"
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"]
    command([*new, "-subj", "/CN=end-to-end CA", "-keyout", ca_key, "-out", CA])
    names = ",".join(f"DNS:{name}" for name in ADDRESSES)
    command([
        *new, "-CA", CA, "-CAkey", ca_key, "-subj", "/CN=registry", "-addext", f"subjectAltName={names}",
        "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate,
    ])
    # The engine would also write a key into its folder: it gets one of ours.
    engine_settings = WORK / "etc-docker"
    for host in [*ADDRESSES, COMPANY]:
        write(engine_settings / "certs.d" / host / "ca.crt", CA.read_text())
    Path("/etc/docker").mkdir(exist_ok=True)
    command(["mount", "--bind", engine_settings, "/etc/docker"])
    return certificate, key


def password(account):
    """What `GetAuthorizationToken` hands out for an account, as moto itself says."""
    # moto takes region and service from the signature's scope, and doesn't check the signature.
    request = urllib.request.Request(
        API,
        data=json.dumps({"registryIds": [account]}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20250101/eu-west-1/ecr/aws4_request",
        },
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=START_LIMIT) as answer:
        token = json.load(answer)["authorizationData"][0]["authorizationToken"]
    user, _, secret = base64.b64decode(token).decode().partition(":")
    if user != "AWS" or not secret:
        raise StageError(f"moto's token isn't AWS:PASSWORD but {token}")
    return secret


def start_registry(name, address, tls, login):
    """A Distribution registry; with `login`, a user and a password, it answers nobody else."""
    settings = {
        "version": 0.1,
        "log": {"accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(WORK / "registry" / name)}},
        "http": {"addr": address} | ({"tls": tls} if tls else {}),
    }
    if login:
        users = command(["htpasswd", "-nbB", *login])
        path = write(WORK / f"{name}.htpasswd", users)
        settings["auth"] = {"htpasswd": {"realm": f"https://{name}/", "path": str(path)}}
    # JSON is YAML, and needs no YAML library to write.
    path = write(WORK / f"{name}.yml", json.dumps(settings))
    start(f"registry-{name}", ["docker-registry", "serve", path])
    host, port = address.split(":")
    wait(f"registry-{name}", lambda: connects(host, int(port)))


def add_images(logins):
    """Puts a static busybox into every registry, then leaves the engine empty, so that pulls have something to do."""
    tar = subprocess.run(
        ["tar", "--create", "--directory=/", "--dereference", "bin/busybox"], check=True, stdout=subprocess.PIPE
    ).stdout
    imported = subprocess.run(
        ["docker", "--host", ENGINE, "import", "--change", "CMD [\"/bin/busybox\"]", "-", "app:1"],
        input=tar, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=system_environment(),
    )
    if imported.returncode:
        raise StageError(f"docker import: {imported.stdout.decode(errors='replace')}")
    for host in [*logins, PUBLIC, FOREIGN]:
        image = f"{host}/app:1"
        if host in logins:
            user, secret = logins[host]
            docker_or_fail("login", "--username", user, "--password", secret, host)
        docker_or_fail("tag", "app:1", image)
        docker_or_fail("push", image)
        docker_or_fail("rmi", image)
    docker_or_fail("rmi", "app:1")


def system_environment():
    """An environment in which nothing of the caller's counts: no proxy, no AWS setting, no certificate file."""
    home = WORK / "system-home"
    if not home.exists():
        # A config without a login makes Docker look for a helper that the machine may have.
        write(home / ".docker/config.json", json.dumps({"auths": {"registry.invalid": {}}}))
    return {"PATH": SYSTEM_PATH, "HOME": str(home), "LANG": "C.UTF-8"}


def docker(*args):
    """Runs the engine's client without any credential helper."""
    return subprocess.run(
        ["docker", "--host", ENGINE, *args], env=system_environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=START_LIMIT,
    )


def docker_or_fail(*args):
    done = docker(*args)
    if done.returncode:
        raise StageError(f"docker {' '.join(args)}: {done.stdout}")


services = {}


def start(name, argv):
    """Starts a service; it ends with the namespaces at the latest."""
    LOGS.mkdir(exist_ok=True)
    with open(LOGS / name, "wb") as log:
        services[name] = subprocess.Popen(
            [str(word) for word in argv], env=system_environment(),
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )


def wait(name, ready):
    """Waits for a service that has been started."""
    end = time.monotonic() + START_LIMIT
    while not ready():
        if services[name].poll() is not None:
            raise StageError(f"{name} ended with status {services[name].returncode}")
        if time.monotonic() > end:
            raise StageError(f"{name} isn't ready after {START_LIMIT} s")
        time.sleep(0.1)


def tear_down():
    """Ends the services, the last one first."""
    for service in reversed(services.values()):
        service.terminate()
        try:
            service.wait(timeout=10)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def print_logs(lines=15):
    """Shows the end of every service's log."""
    for name in services:
        print(f"--- the last lines of {name}'s log")
        for line in (LOGS / name).read_text(errors="replace").splitlines()[-lines:]:
            print(f"    {line[:300]}")


def connects(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def command(argv):
    """Runs a tool of the stage's own and returns what it printed."""
    done = subprocess.run(
        [str(word) for word in argv], env=system_environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    if done.returncode:
        raise StageError(f"{' '.join(map(str, argv))}: {done.stderr}")
    return done.stdout


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
