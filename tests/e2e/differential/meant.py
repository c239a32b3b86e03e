"""Where ours differs on purpose: each row is also a row of the table in docs/differences.md, word for word.

A row applies to the cases that its condition picks, and says what ours does there. Everything else is decided by the
rule: as the AWS CLI; where that refuses, as the Go helper; where both refuse, a refusal with its reason.
"""

import re
from dataclasses import dataclass, replace
from typing import Callable

from fake_aws import EXPIRY
from programs import AWS_CLI, GO, OURS

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
PROFILES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
# A property without a value, unless settings that are nested in it follow.
EMPTY = re.compile(
    r"^[ \t]*(?:aws_\w+|credential_process|role_arn|source_profile|sso_\w+|web_identity_token_file|region|endpoint_url)"
    r"[ \t]*[=:][ \t]*(?:\r?\n|\r|$)", re.MULTILINE,
)
READABLE = r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|UTC|[+-]\d\d:?\d\d)"'
TIME = re.compile(rf'("(?:Expiration|expiresAt)": )(?!{READABLE})("[^"]*"|[^",}}]+)')
SOURCES = ("Environment", "EcsContainer", "Ec2InstanceMetadata")
SPELLED = re.compile(rf"(credential_source *= *)({'|'.join(SOURCES)})\b", re.IGNORECASE)


@dataclass
class Meant:
    """One difference. `where` is the first column of the table in the docs. `applies` picks cases by their files and
    variables, or by what the others said. `serves` says what ours does: as the program of that name, as the rule demands of
    the case that this function makes of the case, or nothing (`None`: it refuses)."""

    where: str
    applies: Callable
    serves: str | Callable | None


def has(case, *names):
    return all(case.variables.get(name, "{UNSET}") != "{UNSET}" for name in names)


def is_pair(case):
    return all(case.variables.get(name, "{UNSET}").strip() not in ("", "{UNSET}") for name in KEYS)


def profile_texts(case):
    return [case.text(name) for name in ("config", "credentials")]


def as_read(case):
    """The case in the words that ours takes it for: without what is empty or blank, or half of a pair, and with the
    profile variable that counts."""
    variables = {
        name: value.strip() if name in KEYS + TOKENS else value for name, value in case.variables.items()
    }
    variables = {name: value for name, value in variables.items() if value}
    if not is_pair(case) and not has(case, "AWS_SECRET_KEY"):
        variables = {name: value for name, value in variables.items() if name not in KEYS + TOKENS}
    if "AWS_PROFILE" in variables or KEYS[0] in variables:
        variables.pop("AWS_DEFAULT_PROFILE", None)
    if KEYS[0] in variables:  # they count before every profile
        variables.pop("AWS_PROFILE", None)
    files = dict(case.files)
    for name in ("config", "credentials"):
        if files.get(name):
            text = SPELLED.sub(lambda found: found[1] + next(s for s in SOURCES if s.lower() == found[2].lower()), files[name])
            files[name] = EMPTY.sub("", text).replace("\ufeff", "")
    for name, text in case.files.items():
        if name.startswith(("sso/", "work/")) and text:
            files[name] = TIME.sub(rf'\1"{EXPIRY}"', text)
            if name == "work/token":
                files[name] = text.strip()
    return replace(case, variables=variables, files=files)


def is_empty(case, _results):
    blank = any(not value.strip() for value in case.variables.values())
    return blank or any(EMPTY.search(text) for text in profile_texts(case))


def is_padded(case, _results):
    token = case.text("work/token")
    return any(case.variables.get(name, "").strip() != case.variables.get(name, "") for name in KEYS) or token != token.strip()


def is_own_source(case, _results):
    texts = "\n[]\n".join(profile_texts(case))
    own = [
        section for section in re.split(r"^(?=\s*\[)", texts, flags=re.MULTILINE)
        if (name := re.match(r"\s*\[(?:profile\s+)?['\"]?([^]'\"]+)", section)) and f"source_profile = {name[1].strip()}\n" in section
    ]
    return bool(own) and "credential_process" in texts


def said(program, text):
    return lambda _case, results: text in str(results[program])


TABLE = [
    Meant(
        "Pipes, variables and other shell words in `credential_process`",
        lambda case, _: "shell words in a process" in case.shapes,
        GO,
    ),
    Meant("Both `AWS_SESSION_TOKEN` and `AWS_SECURITY_TOKEN`", lambda case, _: has(case, *TOKENS), AWS_CLI),
    Meant(
        "Both `aws_session_token` and `aws_security_token` in a profile",
        lambda case, _: all(any(name.lower() in text for text in profile_texts(case)) for name in TOKENS),
        AWS_CLI,
    ),
    Meant("Older files of other tools, such as `BOTO_CONFIG`",
          lambda case, _: has(case, "BOTO_CONFIG") or has(case, "AWS_CREDENTIAL_FILE"), None),
    Meant("A `credential_process` or an instance that gives nothing, beside keys in the profile",
          lambda case, _: case.name == "a process that fails beside keys" or (
              case.metadata == "absent" and any("Ec2InstanceMetadata" in text for text in profile_texts(case))
          ), OURS),
    Meant("A role whose source is its own profile, which has a program", is_own_source, OURS),
    Meant("An access key ID without its secret, in a profile", said(AWS_CLI, "PartialCredentialsError: Partial credentials found in "
          "config-file"), OURS),
    Meant("Blanks within the brackets of a header",
          lambda case, _: any(re.search(r"^\s*\[(\s|[^\]]*\s\])", text, re.MULTILINE) for text in profile_texts(case)), OURS),
    Meant("A file that the AWS CLI can't read", said(AWS_CLI, "ConfigParseError"), OURS),
    Meant("Half of a key pair in the environment", lambda case, _: has(case, KEYS[0]) != has(case, KEYS[1]) and not has(case, "AWS_SECRET_KEY"),
          as_read),
    Meant("Empty or blank variables and properties", is_empty, as_read),
    Meant("Blanks and line ends around keys and tokens", is_padded, as_read),
    Meant("Both `AWS_PROFILE` and `AWS_DEFAULT_PROFILE`", lambda case, _: has(case, *PROFILES), as_read),
    Meant("`AWS_PROFILE` names a missing profile, beside keys in the environment", lambda case, _: has(case, *KEYS), as_read),
    Meant("`credential_source` in other letters",
          lambda case, _: any(found[2] not in SOURCES for text in profile_texts(case) for found in SPELLED.finditer(text)), as_read),
    Meant("A time of expiry that can't be read",
          lambda case, _: any(TIME.sub(rf'\1"{EXPIRY}"', text or "") != text for text in case.files.values() if text), as_read),
]


def find(case, results):
    """The row for a case, if there is one."""
    return next((row for row in TABLE if row.applies(case, results)), None)


def undocumented(page):
    """The rows that the page doesn't have, and the rows of the page that aren't here."""
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    documented, meant = set(rows) - {"where", "---"}, {row.where for row in TABLE}
    return sorted(documented ^ meant)
