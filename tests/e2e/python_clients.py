"""The Python clients of the end-to-end run: ORAS and docker-py, each asked for one thing.

Usage: python_clients.py oras-push IMAGE FILE CA | oras-pull IMAGE DIRECTORY CA
       python_clients.py docker-pull IMAGE | docker-build DIRECTORY

Both read ~/.docker/config.json and know credHelpers and credsStore. ORAS does so with its `basic` backend, the one for
ECR's `Basic` challenge. Its default backend only speaks bearer tokens, and its `ecr` backend asks AWS itself through
boto3, so neither ever starts a credential helper for a private ECR registry: they are left out.
"""

import sys


def oras_client(ca):
    import oras.client

    return oras.client.OrasClient(auth_backend="basic", tls_verify=ca)


def main(action, *args):
    if action == "oras-push":
        image, file, ca = args
        answer = oras_client(ca).push(target=image, files=[file], disable_path_validation=True)
        answer.raise_for_status()
    elif action == "oras-pull":
        image, directory, ca = args
        print("\n".join(oras_client(ca).pull(target=image, outdir=directory)))
    elif action == "docker-pull":
        import docker

        print(docker.from_env().images.pull(args[0]).id)
    elif action == "docker-build":
        import docker

        print(docker.from_env().images.build(path=args[0], pull=True)[0].id)
    else:
        sys.exit(f"unknown action {action}")


main(*sys.argv[1:])
