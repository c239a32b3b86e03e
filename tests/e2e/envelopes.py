"""Cases of the other protocols: what the kubelet, Bazel and scripts get is taken to the real registry.

The kubelet hands what it gets to the container runtime, which sends it as a user name and a password; Skopeo does that
here. Bazel adds the headers to its own requests; Python's HTTP client does that here.
"""

import concurrent.futures
import hashlib
import json
import ssl
import urllib.error
import urllib.request

import stage
from cases import NO_HELPER, case, helm_chart
from home import HELPER, MARK, check
from stage import ALIAS, CA, FOREIGN, PRIVATE, PUBLIC

PROVIDER = "ecr-credential-provider"
API_VERSION = "credentialprovider.kubelet.k8s.io/v1"
IMAGE = f"{PRIVATE}/app:1"


def as_kubelet(home, image, *argv, **environment):
    """The logins by host that the kubelet gets for an image."""
    request = {"kind": "CredentialProviderRequest", "apiVersion": API_VERSION, "image": image}
    output = home.run(*(argv or [PROVIDER]), stdin=json.dumps(request), **environment)
    check(output.stderr == "", "nothing on stderr")
    answer = json.loads(output.stdout)
    check(list(answer) == ["kind", "apiVersion", "cacheKeyType", "cacheDuration", "auth"], "the fields of the type")
    check(answer["kind"] == "CredentialProviderResponse" and answer["apiVersion"] == API_VERSION, "a response")
    return {host: (login["username"], login["password"]) for host, login in answer["auth"].items()}


def as_bazel(home, uri):
    """The headers that Bazel gets for a URI."""
    output = home.run(HELPER, "get", stdin=json.dumps({"uri": uri}))
    check(output.stderr == "", "nothing on stderr")
    answer = json.loads(output.stdout)
    return {name: values[0] for name, values in answer.get("headers", {}).items()}


def download(uri, headers):
    """The body at a URI, or the status of a refusal."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(CA))),
    )
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    try:
        with opener.open(urllib.request.Request(uri, headers=accept | headers), timeout=stage.START_LIMIT) as answer:
            return answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code


@case("kubelet: a pull with the password of the provider", styles=[NO_HELPER])
def kubelet_pull(home):
    for argv in [PROVIDER], [PROVIDER, "get-credentials"], [HELPER, "kubelet"]:
        [(host, (user, secret))] = as_kubelet(home, IMAGE, *argv).items()
        check((host, user) == (PRIVATE, "AWS"), "the host and the user")
        layout = home.directory / f"layout-{len(argv)}-{argv[0]}"
        home.run("skopeo", "copy", "--src-cert-dir", CA.parent, "--src-creds", f"{user}:{secret}",
                 f"docker://{IMAGE}", f"oci:{layout}:1")
    home.run("skopeo", "inspect", "--cert-dir", CA.parent, "--creds", "AWS:wrong", f"docker://{IMAGE}", fails=True)
    check(home.api_calls() == ["eu-west-1"], "one API call, for the region of the host")


@case("kubelet: fifty images at once make one API call", styles=[NO_HELPER])
def kubelet_fifty(home):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        logins = list(pool.map(lambda number: as_kubelet(home, f"{PRIVATE}/app-{number}:1"), range(50)))
    check(all(login == logins[0] for login in logins), "one password")
    check(len(home.api_calls()) == 1, "one API call")


@case("kubelet: a name of one's own, a public image, and a registry that isn't ECR", styles=[NO_HELPER])
def kubelet_hosts(home):
    home.write(".config/ecr-login/config.toml", f'[[registry]]\nmatch = "{ALIAS}"\nregistry = "{PRIVATE}"\n')
    [(host, (user, secret))] = as_kubelet(home, f"{ALIAS}/app:1").items()
    check(host == ALIAS, "the host of the image")
    home.run("skopeo", "inspect", "--cert-dir", CA.parent, "--creds", f"{user}:{secret}", f"docker://{ALIAS}/app:1")
    home.without_aws_credentials()
    for image in f"{PUBLIC}/app:1", f"{FOREIGN}/app:1":
        check(as_kubelet(home, image) == {}, "no login")
    home.run("skopeo", "inspect", "--cert-dir", CA.parent, f"docker://{PUBLIC}/app:1")


@case("bazel: a manifest and its layers, with the headers of the helper", styles=[NO_HELPER])
def bazel_download(home):
    uri = f"https://{PRIVATE}/v2/app/manifests/1"
    check(download(uri, {}) == 401, "the registry to demand a password")
    manifest = json.loads(download(uri, as_bazel(home, uri)))
    for blob in [manifest["config"], *manifest["layers"]]:
        uri = f"https://{PRIVATE}/v2/app/blobs/{blob['digest']}"
        body = download(uri, as_bazel(home, uri))
        check(blob["digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}", "the blob of the digest")
    check(as_bazel(home, f"https://{FOREIGN}/v2/") == {}, "no headers for a registry that isn't ECR")
    check(as_bazel(home, "https://bucket.s3.eu-west-1.amazonaws.com/x?X-Amz-Signature=0") == {}, "none for S3")
    check(len(home.api_calls()) == 1, "one API call")


@case("bazel: a bare host, whose header has the user and the password", styles=[NO_HELPER])
def bazel_bare_host(home):
    headers = as_bazel(home, PRIVATE)
    check(isinstance(download(f"https://{PRIVATE}/v2/app/tags/list", headers), bytes), "the list of tags")


def token(home, *argv):
    """What `token` writes for the private registry."""
    output = home.run(HELPER, "token", *argv, PRIVATE)
    check(output.stderr == "", "nothing on stderr")
    return output.stdout


@case("token: helm registry login", styles=[NO_HELPER])
def token_helm(home):
    login = ["helm", "registry", "login", "--ca-file", CA, "--username", "AWS", "--password-stdin", PRIVATE]
    home.run(*login, stdin=token(home))
    home.run("helm", "push", "--ca-file", CA, helm_chart(home), f"oci://{PRIVATE}")


@case("token: docker login, skopeo login", styles=[NO_HELPER])
def token_logins(home):
    home.run("docker", "login", "--username", "AWS", "--password-stdin", PRIVATE, stdin=token(home))
    home.remove_image(IMAGE)
    home.run("docker", "pull", IMAGE)
    home.run("skopeo", "login", "--cert-dir", CA.parent, "--username", "AWS", "--password-stdin", PRIVATE,
             stdin=token(home))
    home.run("skopeo", "inspect", "--cert-dir", CA.parent, f"docker://{IMAGE}")
    check(len(home.api_calls()) == 1, "one API call")


@case("token: oras login", styles=[NO_HELPER], needs="oras")
def token_oras(home):
    home.run("oras", "login", "--ca-file", CA, "--username", "AWS", "--password-stdin", PRIVATE, stdin=token(home))
    home.run("oras", "manifest", "fetch", "--ca-file", CA, IMAGE)


@case("token: a header, a docker config and variables of a shell", styles=[NO_HELPER])
def token_formats(home):
    headers = {"Authorization": token(home, "--format", "authorization").strip()}
    check(isinstance(download(f"https://{PRIVATE}/v2/app/tags/list", headers), bytes), "the list of tags")
    home.write(".docker/config.json", json.dumps({"auths": {PRIVATE: {"auth": token(home, "--format", "basic").strip()}}}))
    home.remove_image(IMAGE)
    home.run("docker", "pull", IMAGE)
    script = (
        f'eval "$({HELPER} token --format env {PRIVATE})" && '
        f'skopeo inspect --cert-dir {CA.parent} --creds "$ECR_USERNAME:$ECR_PASSWORD" "docker://$ECR_REGISTRY/app:1"'
    )
    home.run("sh", "-c", script)
    answer = json.loads(token(home, "--format", "json"))
    check(answer["registry"] == PRIVATE and answer["username"] == "AWS" and answer["password"].endswith(MARK), "an object")
