"""A small faithful fake of the AWS services that decide who asks ECR: for the differential test alone.

Written from the published API references and the description of Signature Version 4. It knows ECR's
`GetAuthorizationToken`, STS's `AssumeRole` and `AssumeRoleWithWebIdentity`, the SSO portal's `GetRoleCredentials`, the
container credentials of ECS and EKS, and instance metadata, versions 2 and 1.

- Any key pair whose secret and session token belong to its ID is valid (see `Keys`), every other one is refused, so that a
  secret with a stray blank is no more a success here than with AWS.
- Keys that a service hands out name what was asked and by whom, and so does the token that ECR gives: the signer of a
  call is visible in what it returned.
- One server has every address of 127.0.0.0/8. The address that was called says which case and program it was.
  The container address 169.254.170.2 is shared; there the path says it.

What it leaves out: permissions, expiry of what it hands out, throttling, and every other operation.
"""

import base64
import hashlib
import hmac
import html
import http.server
import json
import os
import re
import signal
import socketserver
import sys
import threading
import time
import urllib.parse

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PORT = 80
VERSION_1_PORT = 81  # here, instance metadata refuses to give tokens, as stand-ins do
CLOSED_PORT = 82
CONTAINER_HOST = "169.254.170.2"
METADATA_ROLE = "instance-role"
EXPIRY = "2099-01-01T00:00:00Z"
BEARER = "Bearer-of-container"
SSO_TOKEN = "SSOTOKEN"
WEB_TOKEN = "webtoken"
SECRET_MARK = "hushHUSH"  # part of every secret and session token, so that outputs can be searched for it


class Keys:
    """Key pairs whose secret parts follow from their ID. IDs of temporary keys begin with ASIA and need their token."""

    @staticmethod
    def long(label):
        return "AKIA" + label.upper().ljust(16, "X")

    @staticmethod
    def temporary(label):
        return "ASIA" + label.upper().ljust(16, "X")

    @staticmethod
    def secret(key_id):
        return SECRET_MARK + hashlib.sha256(key_id.encode()).hexdigest()[:32]

    @staticmethod
    def token(key_id):
        return SECRET_MARK + "Token" + hashlib.sha256(key_id.encode()).hexdigest()[32:]

    @staticmethod
    def is_temporary(key_id):
        return key_id.startswith("ASIA")


class Refused(Exception):
    """AWS says no: a status, an error code and a message."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def word(text):
    """What of a name or ARN is kept in a key's ID."""
    return re.sub(r"\W", "-", text.rsplit("/", 1)[-1], flags=re.ASCII)


class Handler(http.server.BaseHTTPRequestHandler):
    """One request. Answers end the connection: no program keeps a client of another case waiting."""

    protocol_version = "HTTP/1.1"
    calls = {}  # address called → what was asked there, in order

    def handle_request(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.url = urllib.parse.urlsplit(self.path)
        self.address = self.connection.getsockname()[0]
        try:
            self.route()
        except Refused as refused:
            self.note(f"{refused.code}: {refused.message}")
            self.refuse(refused)

    do_GET = do_POST = do_PUT = handle_request

    def route(self):
        path = self.url.path
        if path == "/.calls":
            return self.answer(json.dumps(self.calls.pop(self.address, [])))
        if path.startswith("/container/"):
            return self.container(path)
        if path.startswith("/latest/"):
            return self.metadata(path, version_1_only=self.server.server_port == VERSION_1_PORT)
        if path == "/federation/credentials":
            return self.sso()
        if self.headers.get("X-Amz-Target", "").endswith(".GetAuthorizationToken"):
            return self.ecr()
        form = dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        if form.get("Action") in ("AssumeRole", "AssumeRoleWithWebIdentity"):
            return self.sts(form)
        raise Refused(404, "UnknownOperationException", f"{self.command} {self.path}")

    # Services

    def ecr(self):
        signer = self.signer()
        self.note("ECR")
        secret = base64.b64encode(f"AWS:password of {signer}".encode()).decode()
        data = {"authorizationToken": secret, "expiresAt": time.time() + 12 * 3600, "proxyEndpoint": f"https://{REGISTRY}"}
        self.answer(json.dumps({"authorizationData": [data]}), "application/x-amz-json-1.1")

    def sts(self, form):
        if form["Action"] == "AssumeRole":
            caller = self.signer()
        else:
            token = form.get("WebIdentityToken", "")
            if not token.startswith(WEB_TOKEN):
                raise Refused(400, "InvalidIdentityToken", "no token of ours")
            caller = token.strip()
        role = form.get("RoleArn", "")
        if not re.fullmatch(r"arn:aws:iam::\d{12}:role/\S+", role):
            raise Refused(400, "ValidationError", f"roleArn {role!r}")
        extras = [word(form[name]) for name in ("ExternalId",) if form.get(name)]
        if form.get("RoleSessionName", "").startswith("named"):
            extras.append(word(form["RoleSessionName"]))
        key_id = "_".join(["ASIA", word(role), *extras, caller])
        self.note(f"{form['Action']} {role}")
        action = form["Action"]
        self.answer(
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
            f"<AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>{role}/x</Arn></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{Keys.secret(key_id)}</SecretAccessKey>"
            f"<SessionToken>{Keys.token(key_id)}</SessionToken><Expiration>{EXPIRY}</Expiration>"
            f"</Credentials></{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
            f"</{action}Response>",
            "text/xml",
        )

    def sso(self):
        query = dict(urllib.parse.parse_qsl(self.url.query))
        token = self.headers.get("X-Amz-Sso_bearer_token", "")
        if not token.startswith(SSO_TOKEN):
            raise Refused(401, "UnauthorizedException", "Session token not found or invalid")
        if not re.fullmatch(r"\d{12}", query.get("account_id", "")):
            raise Refused(400, "InvalidRequestException", "account_id")
        if not re.fullmatch(r"[\w+=,.@-]+", query.get("role_name", "")):
            raise Refused(400, "InvalidRequestException", "role_name")
        key_id = "_".join(["ASIA_SSO", word(query.get("role_name", "")), query["account_id"], token])
        self.note(f"SSO {self.url.query}")
        credentials = {
            "accessKeyId": key_id, "secretAccessKey": Keys.secret(key_id), "sessionToken": Keys.token(key_id),
            "expiration": 4070908800000,
        }
        self.answer(json.dumps({"roleCredentials": credentials}))

    def container(self, path):
        if path.endswith("/closed") and self.headers.get("Authorization") != BEARER:
            raise Refused(403, "AccessDenied", "no authorization token")
        self.note("container credentials")
        self.answer(json.dumps(self.issued(f"ASIA_CONTAINER_{word(path)}", "Token")))

    def metadata(self, path, version_1_only):
        token = "metadata-token"
        if path == "/latest/api/token":
            if version_1_only:
                raise Refused(403, "Forbidden", "no such thing")
            if self.command != "PUT" or not self.headers.get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"):
                raise Refused(400, "BadRequest", "no TTL")
            return self.answer(token, "text/plain", headers={"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": "21600"})
        if not version_1_only and self.headers.get("X-Aws-Ec2-Metadata-Token") != token:
            raise Refused(401, "Unauthorized", "no token")
        roles = "/latest/meta-data/iam/security-credentials/"
        if path == roles:
            return self.answer(METADATA_ROLE, "text/plain")
        if path == roles + METADATA_ROLE:
            self.note("instance metadata")
            return self.answer(json.dumps(self.issued("ASIA_METADATA", "Token") | {"Code": "Success"}), "text/plain")
        raise Refused(404, "NotFound", path)

    @staticmethod
    def issued(key_id, token_name):
        return {
            "AccessKeyId": key_id, "SecretAccessKey": Keys.secret(key_id), token_name: Keys.token(key_id),
            "Expiration": EXPIRY, "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC",
        }

    # Signature Version 4

    def signer(self):
        """The ID of the key that signed this request. Error: the signature or the session token is wrong."""
        pattern = r"AWS4-HMAC-SHA256 Credential=([^,]*), ?SignedHeaders=([^,]*), ?Signature=([0-9a-f]{64})"
        match = re.fullmatch(pattern, self.headers.get("Authorization", ""))
        if not match:
            raise Refused(400, "MissingAuthenticationTokenException", "not signed")
        credential, signed, signature = match.groups()
        key_id, *scope = credential.split("/")
        date, region, service, end = scope[-4:] if len(scope) >= 4 else ("", "", "", "")
        if len(scope) != 4 or not re.fullmatch(r"A[KS]IA[\w-]{8,}", key_id, re.ASCII):
            raise Refused(403, "UnrecognizedClientException", f"the security token {key_id!r} is invalid")
        headers = "".join(f"{name}:{' '.join(self.headers.get(name, '').split())}\n" for name in signed.split(";"))
        request = "\n".join([
            self.command, self.url.path or "/", self.url.query, headers, signed, hashlib.sha256(self.body).hexdigest(),
        ])
        text = "\n".join([
            "AWS4-HMAC-SHA256", self.headers.get("X-Amz-Date", ""), "/".join(scope),
            hashlib.sha256(request.encode()).hexdigest(),
        ])
        key = b"AWS4" + Keys.secret(key_id).encode()
        for part in (date, region, service, end, text):
            key = hmac.digest(key, part.encode(), "sha256")
        if key.hex() != signature:
            raise Refused(403, "InvalidSignatureException", f"the signature of {key_id} does not match")
        expected = Keys.token(key_id) if Keys.is_temporary(key_id) else None
        if self.headers.get("X-Amz-Security-Token") != expected:
            raise Refused(403, "UnrecognizedClientException", f"not the session token of {key_id}")
        return key_id

    # The wire

    def note(self, what):
        match = re.search(r"Credential=([^/]*)/", self.headers.get("Authorization", ""))
        self.calls.setdefault(self.address, []).append(f"{what} (signed by {match[1] if match else 'nobody'})")

    def refuse(self, refused):
        if b"Action=" in self.body:
            text = (
                "<ErrorResponse><Error><Type>Sender</Type>"
                f"<Code>{refused.code}</Code><Message>{html.escape(refused.message)}</Message></Error></ErrorResponse>"
            )
            return self.answer(text, "text/xml", refused.status)
        text = json.dumps({"__type": refused.code, "message": refused.message})
        return self.answer(text, "application/x-amz-json-1.1", refused.status)

    def answer(self, text, kind="application/json", status=200, headers=None):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # without a look-up of the machine's name
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        """A program that went away in the middle of an answer is nobody's mistake."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def start():
    """Starts the server as a process that ends with this one; returns its process ID. It listens when this returns."""
    servers = [Server(("0.0.0.0", port), Handler) for port in (PORT, VERSION_1_PORT)]
    parent = os.getpid()
    pid = os.fork()
    if pid:
        for server in servers:
            server.server_close()
        return pid
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)
