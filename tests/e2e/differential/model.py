"""What a case is made of, and the building blocks that generated and hand-written cases share."""

import hashlib
import json
from dataclasses import dataclass, field, replace

from fake_aws import EXPIRY, Keys

START_URL = "https://corp.example.com/start"
ACCOUNT = "111122223333"


@dataclass
class Case:
    """Files, variables and a network. Files are named below ~/.aws, or below the working directory with `work/` in
    front; `None` makes a directory. `{URL}`, `{HOME}`, `{WORK}` and `{METADATA}` are filled in for each program.
    `{UNSET}` removes a variable that every run has."""

    name: str
    files: dict = field(default_factory=dict)
    variables: dict = field(default_factory=dict)
    modes: dict = field(default_factory=dict)
    metadata: str = "on"  # or "version 1" or "absent"
    shapes: tuple = ()  # what was done to the files on purpose

    def text(self, name):
        return self.files.get(name) or ""


@dataclass
class Section:
    header: str
    lines: list


@dataclass
class Draft:
    """A case before its files are written out, in parts that can be left out one by one."""

    name: str
    config: list = field(default_factory=list)
    credentials: list = field(default_factory=list)
    variables: dict = field(default_factory=dict)
    shapes: list = field(default_factory=list)  # (file, name of a shape, seed)
    files: dict = field(default_factory=dict)
    metadata: str = "on"

    def smaller(self):
        """All drafts with one part less."""
        for name in self.variables:
            yield replace(self, variables={k: v for k, v in self.variables.items() if k != name})
        for name in self.files:
            yield replace(self, files={k: v for k, v in self.files.items() if k != name})
        for index in range(len(self.shapes)):
            yield replace(self, shapes=self.shapes[:index] + self.shapes[index + 1 :])
        for which in ("config", "credentials"):
            sections = getattr(self, which)
            for index, section in enumerate(sections):
                before, after = sections[:index], sections[index + 1 :]
                yield replace(self, **{which: before + after})
                for line in range(len(section.lines)):
                    lines = section.lines[:line] + section.lines[line + 1 :]
                    yield replace(self, **{which: [*before, Section(section.header, lines), *after]})


def key_lines(label, temporary=False, halves="both"):
    """The properties of a key pair."""
    key_id = Keys.temporary(label) if temporary else Keys.long(label)
    lines = []
    if halves in ("both", "id"):
        lines.append(f"aws_access_key_id = {key_id}")
    if halves in ("both", "secret"):
        lines.append(f"aws_secret_access_key = {Keys.secret(key_id)}")
    if temporary:
        lines.append(f"aws_session_token = {Keys.token(key_id)}")
    return lines


def key_text(label, **how):
    return "".join(f"{line}\n" for line in key_lines(label, **how))


def key_variables(label, temporary=False, token="AWS_SESSION_TOKEN"):
    key_id = Keys.temporary(label) if temporary else Keys.long(label)
    variables = {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": Keys.secret(key_id)}
    return variables | ({token: Keys.token(key_id)} if temporary else {})


def process(label, test="true", **more):
    """A script for `credential_process` that prints keys if a shell test holds."""
    key_id = Keys.long(label)
    answer = {"Version": 1, "AccessKeyId": key_id, "SecretAccessKey": Keys.secret(key_id)} | more
    return f"#!/bin/sh\n{test} || exit 7\ncat <<'END'\n{json.dumps(answer)}\nEND\n"


def temporary_process(label, expiry=EXPIRY):
    key_id = Keys.temporary(label)
    more = {"AccessKeyId": key_id, "SecretAccessKey": Keys.secret(key_id), "SessionToken": Keys.token(key_id)}
    return process(label, **more, Expiration=expiry)


def role(name):
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def sso_cache(name, token="SSOTOKEN", expiry=EXPIRY):
    """The file that `aws sso login` leaves for a session name or a start URL."""
    path = f"sso/cache/{hashlib.sha1(name.encode()).hexdigest()}.json"
    return {path: json.dumps({
        "startUrl": START_URL, "region": "us-east-1", "accessToken": token, "expiresAt": expiry,
    })}


SSO_ROLE = [f"sso_account_id = {ACCOUNT}", "sso_role_name = Dev"]
SSO_PLACE = [f"sso_start_url = {START_URL}", "sso_region = us-east-1"]
