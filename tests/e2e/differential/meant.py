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
    r"^([ \t]*)(?:aws_\w+|credential_process|role_arn|source_profile|sso_\w+|web_identity_token_file|region|endpoint_url)"
    r"[ \t]*[=:][ \t]*(?:\r?\n(?!\1[ \t]+[^\s#;])|\r|\Z)", re.MULTILINE | re.IGNORECASE,
)
# A value in quotes, but for commands and headers.
QUOTED = re.compile(r"""^(\s*(?!credential_process)[A-Za-z_]+\s*[=:]\s*)(["'])([^"'\n]*)\2[^\S\n]*$""", re.MULTILINE)
# A comment behind a value.
COMMENT = re.compile(r"^(\s*(?!credential_process)[A-Za-z_]+\s*[=:][^\n]*?\S)[^\S\n]+[#;][^\n]*$", re.MULTILINE)
READABLE = r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|UTC|[+-]\d\d:?\d\d)"'
TIME = re.compile(rf'("(?:Expiration|expiresAt)": )(?!{READABLE})("[^"]*"|[^",}}]+)')
SOURCES = ("Environment", "EcsContainer", "Ec2InstanceMetadata")
# Text behind a header that isn't a comment, and a line of a key pair.
BEHIND = re.compile(r"^([^\S\n]*\[.*\])[^\S\n]*[^]\s#;][^]\n]*$", re.MULTILINE)
TOKEN = re.compile(r"^[^\S\n]*aws_(?:access_key_id|secret_access_key|session_token|security_token)\s*[=:].*\n?", re.MULTILINE | re.IGNORECASE)
# A property that is about credentials.
CREDENTIAL = re.compile(
    r"(?:aws_|credential_|sso_|role_|source_profile|web_identity_|login_session|external_id|mfa_serial)", re.IGNORECASE,
)
# The name of a profile or a session, in quotes.
QUOTED_NAME = re.compile(r"""^([^\S\n]*\[(?:profile|sso-session) )(["'])([^"'\n]*)\2""", re.MULTILINE)
SPELLED = re.compile(rf"(credential_source *= *)({'|'.join(SOURCES)})\b", re.IGNORECASE)


@dataclass
class Meant:
    """One difference. `where` is the first column of the table in the docs. `applies` picks cases by their files and
    variables, or by what the others said. `serves` says what ours does: as the program of that name; as the first of
    `order` that serves the case which this function makes of the case; or nothing (`None`: it refuses)."""

    where: str
    applies: Callable
    serves: str | Callable | None
    order: tuple = (AWS_CLI, GO)


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
            text = BEHIND.sub(r"\1", re.sub(r"\r(?!\n)", "\n", text))
            text = without_indented_text(COMMENT.sub(r"\1", text))
            files[name] = QUOTED.sub(r"\1\3", EMPTY.sub("", text).removeprefix("\ufeff"))
    files = without_lost_tokens(replace(case, files=files)).files
    for name, text in case.files.items():
        if name.startswith(("sso/", "work/")) and text:
            files[name] = TIME.sub(rf'\1"{EXPIRY}"', text)
            if name == "work/token":
                files[name] = text.strip()
    return replace(case, variables=variables, files=files)


def without_indented_text(text):
    """Without what would be more of the value above, but for a command's."""
    kept, above = [], ""
    for line in text.split("\n"):
        found = re.match(r"\s*([^#;\[\s][^=:]*?)\s*[=:]", line)
        if found or line.lstrip().startswith("["):
            above = found[1].lower() if found else ""
        elif above not in ("", "credential_process") and re.match(r"[^\S\r]+[^#;\s]", line):
            continue
        kept.append(line)
    return "\n".join(kept)


def has_indented_text(case, _results):
    return any(without_indented_text(text) != text for text in profile_texts(case))


def as_go_reads(case):
    """The same, with names in quotes as the Go helper finds them."""
    case = as_read(case)
    files = {name: text and QUOTED_NAME.sub(r"\1\3", text) for name, text in case.files.items()}
    return replace(case, files=files)


def is_empty(case, _results):
    blank = any(not value.strip() for value in case.variables.values())
    return blank or any(EMPTY.search(text) for text in profile_texts(case))


def is_padded(case, _results):
    token = case.text("work/token")
    return any(case.variables.get(name, "").strip() != case.variables.get(name, "") for name in KEYS) or token != token.strip()


def sections_of(text, prefix=r"(?:profile\s+)?"):
    """The name and the text of each section, and what stands before the first one."""
    for section in re.split(r"^(?=[^\S\n]*\[)", text, flags=re.MULTILINE):
        name = re.match(rf"\s*\[\s*{prefix}['\"]?([^]'\"]+)", section)
        yield name and name[1].strip(), section


def is_own_source(case, _results):
    """A program, and a profile that names itself, however both are written."""
    own = [
        name for text in profile_texts(case) for name, section in sections_of(text)
        if name and re.search(rf"^\s*source_profile\s*[=:]\s*['\"]?{re.escape(name)}\b", section, re.MULTILINE | re.IGNORECASE)
    ]
    return bool(own) and any("credential_process" in text.lower() for text in profile_texts(case))


def has_old_line_ends(case, _results):
    return any(re.search(r"\r(?!\n)", text) for text in profile_texts(case))


def has_text_behind_a_header(case, _results):
    return any(BEHIND.search(text) for text in profile_texts(case))


def has_lost_token(_case, results):
    """Keys in one file, and beside them the session token in the other."""
    return any("not the session token of" in call for call in results[GO].calls)


def without_lost_tokens(case):
    """Without what the config file has of a key pair where the credentials file has one."""
    full = {
        name for name, section in sections_of(case.text("credentials"), prefix="")
        if all(key in section.lower() for key in ("aws_access_key_id", "aws_secret_access_key"))
    }
    lost = "".join(
        TOKEN.sub("", section) if name in full and TOKEN.search(section) else section
        for name, section in sections_of(case.text("config"))
    )
    files = dict(case.files)
    if files.get("config"):
        files["config"] = lost
    return replace(case, files=files)


def is_lost_session(results):
    return results[AWS_CLI].signer is None and "failed to find SSO session section" in str(results[GO])


def without_session(case):
    """Without the session's name. The machine isn't asked then: its identity isn't the one that was meant."""
    files = {
        name: re.sub(r"(?mi)^\s*sso_session\s*[=:].*\n?", "", text) if name in ("config", "credentials") else text
        for name, text in case.files.items()
    }
    variables = {name: value for name, value in case.variables.items() if not name.startswith("AWS_CONTAINER_")}
    return replace(as_read(replace(case, variables=variables, files=files)), metadata="absent")


def indented_lines(text):
    """The lines that are indented more than the property above them, each behind the name of that property."""
    indent, above = None, ""
    for line in re.split(r"\r\n|\r|\n", text):
        here = len(line) - len(line.lstrip())
        is_header = line.lstrip().startswith("[")
        found = re.match(r"\s*([^#;\s][^=:]*?)\s*[=:]\s*\S", line)
        if (is_header or found) and indent is not None and here > indent:
            yield above, line.strip()
        elif found and not is_header:
            indent, above = here, found[1].lower()
        if is_header:
            indent = None


def has_indented_header(case, _results):
    return any(line.startswith("[") for text in profile_texts(case) for _, line in indented_lines(text))


def has_credentials_below_another(case, _results):
    """A property that is about credentials, indented below one that isn't."""
    return any(
        CREDENTIAL.match(line) and not CREDENTIAL.match(above)
        for text in profile_texts(case) for above, line in indented_lines(text)
    )


def has_quoted_name(case, results):
    """The AWS CLI refuses the profile, and the Go helper hasn't found its section."""
    names = {case.variables.get(name) for name in PROFILES}
    quoted = {found[3] for text in profile_texts(case) for found in QUOTED_NAME.finditer(text)}
    return bool(names & quoted) and results[AWS_CLI].signer is None and results[GO].signer is not None


def has_rejected_keys(_case, results):
    """AWS rejects the keys that the AWS CLI takes, and the Go helper takes another source."""
    return "UnrecognizedClientException" in str(results[AWS_CLI]) and results[GO].signer is not None


def gives_nothing_beside_keys(case, results):
    """The AWS CLI refuses, and the Go helper takes the keys."""
    words = ("SSOTokenLoadError", "UnauthorizedSSOTokenError", "profile.jwt", "/token'")
    return any(word in str(results[AWS_CLI]) for word in words) and any("aws_secret" in text.lower() for text in profile_texts(case))


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
    Meant("Indented text below a property that isn't a property itself", has_indented_text, as_read),
    Meant("An `sso_session` that isn't in the files, beside other credentials", lambda _, results: is_lost_session(results),
          without_session),
    Meant("A header that is indented more than the property above it", has_indented_header, as_go_reads,
          (GO, AWS_CLI, OURS)),
    Meant("A file that the AWS CLI can't read", said(AWS_CLI, "ConfigParseError"), as_go_reads, (GO, OURS)),
    Meant("A property about credentials that is indented more than one like `output` above it", has_credentials_below_another,
          as_go_reads, (GO, AWS_CLI)),
    Meant("A profile with its name in quotes that the AWS CLI refuses", has_quoted_name, as_go_reads, (GO,)),
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
    Meant("Line ends that are a carriage return alone", has_old_line_ends, as_read),
    Meant("Text behind a header", has_text_behind_a_header, as_read),
    Meant("A session token in one file, and the keys in the other", has_lost_token, as_read),
    Meant("Quotes around a value, and comments behind one",
          lambda case, _: any(shape.search(text) for shape in (QUOTED, COMMENT) for text in profile_texts(case)), as_read),
    Meant("Keys that AWS rejects, beside another source", has_rejected_keys, None),
    Meant("An SSO session or a web identity that gives nothing, beside keys in the profile", gives_nothing_beside_keys, None),
]


def find(case, results):
    """The row for a case, if there is one."""
    return next((row for row in TABLE if row.applies(case, results)), None)


def undocumented(page):
    """The rows that the page doesn't have, and the rows of the page that aren't here."""
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    documented, meant = set(rows) - {"where", "---"}, {row.where for row in TABLE}
    return sorted(documented ^ meant)
