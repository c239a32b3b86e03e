"""Cases written by hand: one for each thing that somebody has met, or that documentation of AWS says.

Each is a name, and what differs from an empty home directory on a machine without metadata.
"""

from fake_aws import Keys
from model import (
    SSO_PLACE, SSO_ROLE, Case, key_lines, key_text, key_variables, process, role, temporary_process,
)

OFF = {"AWS_EC2_METADATA_DISABLED": "true"}
CASES = []


def add(name, variables=None, modes=None, metadata="on", shapes=(), **files):
    """Adds a case; `config` and `credentials` are files, others come in `more`."""
    files |= files.pop("more", {})
    CASES.append(Case(name, files, OFF | (variables or {}), modes or {}, metadata, shapes))


def profile(header, *lines):
    return "".join(f"{line}\n" for line in (f"[{header}]", *lines))


def keys_in(header, label, **how):
    return profile(header, *key_lines(label, **how))


def role_lines(name, source="base"):
    return [f"role_arn = {role(name)}", f"source_profile = {source}"]


def web_lines(name="web"):
    return [f"role_arn = {role(name)}", "web_identity_token_file = {WORK}/token"]


WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "{WORK}/env.jwt", "AWS_ROLE_ARN": role("env")}
WEB_FILE = {"work/env.jwt": "webtokenenv"}
KEYS_ENV = key_variables("ENV")
DEFAULT = keys_in("default", "DEFAULT")
SSO_PROFILE = profile("profile dev", "sso_session = corp", *SSO_ROLE)
SSO_SECTION = profile("sso-session corp", *SSO_PLACE, "sso_registration_scopes = sso:account:access")
DEV = {"AWS_PROFILE": "dev"}

# The environment

add("nothing anywhere")
add("keys in the environment", KEYS_ENV)
add("keys in the environment and in a file", KEYS_ENV, credentials=DEFAULT)
add("keys in the environment and a named profile", KEYS_ENV | DEV, config=keys_in("profile dev", "DEV"))
add("keys in the environment and a missing profile", KEYS_ENV | {"AWS_PROFILE": "gone"}, credentials=DEFAULT)
add("temporary keys in the environment", key_variables("ENV", temporary=True))
add("temporary keys with the older variable", key_variables("ENV", temporary=True, token="AWS_SECURITY_TOKEN"))
add("both variables of the session token", key_variables("ENV", temporary=True) | {"AWS_SECURITY_TOKEN": "other"})
add("the older variable of the session token, empty", key_variables("ENV", temporary=True) | {"AWS_SECURITY_TOKEN": ""})
add("an empty session token in the environment", KEYS_ENV | {"AWS_SESSION_TOKEN": ""})
add("a blank session token in the environment", KEYS_ENV | {"AWS_SESSION_TOKEN": " "})
for half, text in (("AWS_ACCESS_KEY_ID", "ID"), ("AWS_SECRET_ACCESS_KEY", "secret")):
    add(f"only the {text} in the environment", {half: KEYS_ENV[half]}, credentials=DEFAULT)
    add(f"only the {text} in the environment, nothing else", {half: KEYS_ENV[half]})
    other = {name: "" for name in KEYS_ENV if name != half}
    add(f"only the {text} in the environment, the other empty", other | {half: KEYS_ENV[half]}, credentials=DEFAULT)
add("empty keys in the environment", dict.fromkeys(KEYS_ENV, ""), credentials=DEFAULT)
add("blank keys in the environment", dict.fromkeys(KEYS_ENV, "  "), credentials=DEFAULT)
add("the oldest names of the keys", {
    "AWS_ACCESS_KEY": Keys.long("OLD"), "AWS_SECRET_KEY": Keys.secret(Keys.long("OLD")),
}, credentials=DEFAULT)
add("the secret under its oldest name", {
    "AWS_ACCESS_KEY_ID": Keys.long("OLD"), "AWS_SECRET_KEY": Keys.secret(Keys.long("OLD")),
}, credentials=DEFAULT)
for name, end in {
    "a line end": "\n", "CR LF": "\r\n", "a blank": " ", "a tab": "\t", "two line ends": "\n\n", "NBSP": "\u00a0",
}.items():
    add(f"{name} behind keys in the environment", {key: value + end for key, value in KEYS_ENV.items()})
    add(f"{name} in front of keys in the environment", {key: end + value for key, value in KEYS_ENV.items()})
add("a control character within a key in the environment", KEYS_ENV | {"AWS_ACCESS_KEY_ID": "AKIA\x01XXXXXXXXXXXXXXX"})
add("a line end within a key in the environment", KEYS_ENV | {"AWS_ACCESS_KEY_ID": "AKIAXX\nXXXXXXXXXXXXXX"})
add("a key that isn't ASCII in the environment", KEYS_ENV | {"AWS_ACCESS_KEY_ID": "AKIA\u00e9XXXXXXXXXXXXXXX"})
add("a key that isn't UTF-8 in the environment", KEYS_ENV | {"AWS_ACCESS_KEY_ID": "AKIA\udce9XXXXXXXXXXXXXXX"})
add("an expiry in the environment", KEYS_ENV | {"AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"})
add("an expiry in the past in the environment", KEYS_ENV | {"AWS_CREDENTIAL_EXPIRATION": "2009-01-01T00:00:00Z"})
add("an expiry in the environment that is no time", KEYS_ENV | {"AWS_CREDENTIAL_EXPIRATION": "soon"})

# Which profile

TWO = keys_in("default", "DEFAULT") + keys_in("ci", "CI")
add("the default profile", credentials=DEFAULT)
for variable in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
    add(f"{variable}", {variable: "ci"}, credentials=TWO)
    add(f"{variable}, empty", {variable: ""}, credentials=TWO)
    add(f"{variable}, blank", {variable: " "}, credentials=TWO)
    add(f"{variable}, missing", {variable: "gone"}, credentials=TWO)
    add(f"{variable}, missing, on an instance", {variable: "gone", "AWS_EC2_METADATA_DISABLED": ""}, credentials=TWO)
    add(f"{variable}, default, missing", {variable: "default"}, credentials=keys_in("ci", "CI"))
    add(f"{variable}, with blanks", {variable: " ci "}, credentials=TWO)
    add(f"{variable}, in capitals", {variable: "CI"}, credentials=TWO)
add("both variables of the profile", {"AWS_PROFILE": "ci", "AWS_DEFAULT_PROFILE": "default"}, credentials=TWO)
add("both variables of the profile, the other way", {"AWS_PROFILE": "default", "AWS_DEFAULT_PROFILE": "ci"}, credentials=TWO)
add("both variables of the profile, the older empty", {"AWS_PROFILE": "ci", "AWS_DEFAULT_PROFILE": ""}, credentials=TWO)
add("both variables of the profile, the newer empty", {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "ci"}, credentials=TWO)
add("both variables of the profile, the older missing", {"AWS_PROFILE": "ci", "AWS_DEFAULT_PROFILE": "gone"}, credentials=TWO)
add("a profile without credentials", DEV, config=profile("profile dev", "region = eu-west-1"), credentials=DEFAULT)
add("a profile without credentials on an instance", DEV | {"AWS_EC2_METADATA_DISABLED": ""},
    config=profile("profile dev", "region = eu-west-1"))
add("a name with a blank, without quotes", {"AWS_PROFILE": "my team"}, config=keys_in("profile my team", "TEAM"))
add("a name with a blank, without quotes, also in the credentials file", {"AWS_PROFILE": "my team"},
    config=profile("profile my team", f"role_arn = {role('top')}", "source_profile = base") + keys_in("profile base", "BASE"),
    credentials=keys_in("my team", "TEAM"))
add("a name with a blank, with and without quotes", {"AWS_PROFILE": "my team"},
    config=keys_in("profile my team", "LOOSE") + keys_in("profile 'my team'", "STRICT"))
add("a header that is indented below a property", {"AWS_EC2_METADATA_DISABLED": "false"},
    config=profile("profile other", "region = eu-west-1") + "  " + DEFAULT)
add("a profile without its prefix in the config file", DEV, config=keys_in("dev", "DEV"))
add("a profile with a prefix in the credentials file", DEV, credentials=keys_in("profile dev", "DEV"))
add("default with a prefix in the config file", config=keys_in("profile default", "PREFIX"))
add("default with and without a prefix", config=keys_in("default", "PLAIN") + keys_in("profile default", "PREFIX"))
add("default without and with a prefix", config=keys_in("profile default", "PREFIX") + keys_in("default", "PLAIN"))

# Names

for title, header in {
    "in double quotes": '[profile "my team"]', "in single quotes": "[profile 'my team']", "bare": "[profile my team]",
}.items():
    add(f"a name with a blank, {title}", {"AWS_PROFILE": "my team"}, config=header + "\n" + key_text("TEAM"))
    add(f"a name with a blank, {title}, in the credentials file", {"AWS_PROFILE": "my team"},
        credentials=header.replace("profile ", "") + "\n" + key_text("TEAM"))
for name in ("a.b", "a/b", "a@b", "a:b", "a#b", "a;b", "a=b", "a+b%", "\u00fc", "profile", "a]b", "a'b", 'a"b', "A"):
    add(f"the name {name}", {"AWS_PROFILE": name}, config=keys_in(f"profile {name}", "NAME"))
    add(f"the name {name} in the credentials file", {"AWS_PROFILE": name}, credentials=keys_in(name, "NAME"))
add("a quoted name without a blank", DEV, config=keys_in('profile "dev"', "DEV"))
add("a quoted source profile", config=profile("default", *role_lines("top", "my team")) + keys_in('profile "my team"', "T"))

# Keys in files

add("keys in the config file", config=DEFAULT)
add("keys in both files", config=keys_in("default", "CONFIG"), credentials=keys_in("default", "CREDENTIALS"))
add("half a pair in each file", config="[default]\n" + key_text("HALVES", halves="secret"),
    credentials="[default]\n" + key_text("HALVES", halves="id"))
add("half a pair in the credentials file, keys in the config file", config=keys_in("default", "CONFIG"),
    credentials="[default]\n" + key_text("HALF", halves="id"))
for halves in ("id", "secret"):
    for file in ("config", "credentials"):
        text = "[default]\n" + key_text("HALF", halves=halves)
        add(f"only the {halves} in {file}", **{file: text})
        add(f"only the {halves} in {file}, on an instance", {"AWS_EC2_METADATA_DISABLED": ""}, **{file: text})
add("temporary keys in the credentials file", credentials=keys_in("default", "T", temporary=True))
add("temporary keys with the older property", credentials=keys_in("default", "T", temporary=True).replace("session", "security"))
add("both properties of the session token", credentials=keys_in("default", "T", temporary=True) + "aws_security_token = no\n")
add("empty properties of the session token", credentials=DEFAULT + "aws_session_token =\naws_security_token =\n")
add("a session token in the config file beside keys in the credentials file", credentials=DEFAULT,
    config=profile("default", "aws_session_token = something"))
add("empty keys in the credentials file, keys in the config file", config=DEFAULT,
    credentials=profile("default", "aws_access_key_id =", "aws_secret_access_key ="))
add("empty keys in the credentials file", credentials=profile("default", "aws_access_key_id =", "aws_secret_access_key ="))
add("empty keys and a process", config=profile("default", "credential_process = ./p.sh"),
    credentials=profile("default", "aws_access_key_id =", "aws_secret_access_key ="), more={"work/p.sh": process("PROC")})
add("an empty secret", credentials="[default]\n" + key_text("HALF", halves="id") + "aws_secret_access_key =\n")
add("a control character within a key in a file", credentials=DEFAULT.replace("DEFAULTX", "DEFAULT\x01"))

# Processes

PROC = {"work/p.sh": process("PROC")}
USE = "credential_process = ./p.sh"
add("a process", config=profile("default", USE), more=PROC)
add("a process in the credentials file", credentials=profile("default", USE), more=PROC)
add("keys in the credentials file, a process in the config file", config=profile("default", USE), credentials=DEFAULT, more=PROC)
add("keys and a process in the config file", config=DEFAULT + USE + "\n", more=PROC)
add("keys and a process in the credentials file", credentials=DEFAULT + USE + "\n", more=PROC)
add("keys in the config file, a process in the credentials file, half a pair in the environment",
    {"AWS_ACCESS_KEY_ID": KEYS_ENV["AWS_ACCESS_KEY_ID"]}, config=DEFAULT, credentials=profile("default", USE), more=PROC)
add("keys in the config file, a process in the credentials file", config=DEFAULT, credentials=profile("default", USE), more=PROC)
add("an empty process beside keys", config=profile("default", "credential_process ="), credentials=DEFAULT)
add("an empty process alone", config=profile("default", "credential_process ="))
for title, command, test in (
    ("a # in quotes", './p.sh --team "team #1" --json', '[ "$2" = "team #1" ]'),
    ("a # in single quotes", "./p.sh 'team #1'", '[ "$1" = "team #1" ]'),
    ("a ; in quotes", './p.sh "team ;1"', '[ "$1" = "team ;1" ]'),
    ("a bare #", "./p.sh a#b", '[ "$1" = "a#b" ]'),
    ("quotes", './p.sh "a b" c', '[ "$1" = "a b" ]'),
    ("an equals sign", "./p.sh --a=b", '[ "$1" = "--a=b" ]'),
    ("a backslash", "./p.sh a\\ b", '[ "$1" = "a b" ]'),
    ("an empty word", './p.sh "" b', '[ "$2" = b ]'),
    ("a per cent sign", "./p.sh %s", '[ "$1" = "%s" ]'),
    ("a question mark", "./p.sh a?b", '[ "$1" = "a?b" ]'),
):
    add(f"a process with {title}", config=profile("default", f"credential_process = {command}"),
        more={"work/p.sh": process("PROC", test)})
add("a quoted program", config=profile("default", "credential_process = '{WORK}/my p.sh' x"), more={"work/my p.sh": process("P")})
add("a pipe in a process", config=profile("default", "credential_process = ./p.sh | sed s/Virsion/Version/"),
    more={"work/p.sh": process("PROC").replace("Version", "Virsion")}, shapes=("shell words in a process",))
add("a variable in a process", config=profile("default", 'credential_process = ./p.sh "$HOME"'),
    more={"work/p.sh": process("PROC", '[ "$1" = "$HOME" ]')}, shapes=("shell words in a process",))
add("a tilde in a process", config=profile("default", "credential_process = ~/.aws/p.sh"), shapes=("shell words in a process",),
    more={"p.sh": process("PROC")})
add("two commands in a process", config=profile("default", "credential_process = true && ./p.sh"), more=PROC,
    shapes=("shell words in a process",))
add("a process that takes a word before a shell has changed it", config=profile("default", "credential_process = ./p.sh $HOME"),
    shapes=("shell words in a process",), more={
        "work/p.sh": '#!/bin/sh\n[ "$1" = "$HOME" ] && exec ./shell.sh\nexec ./words.sh\n',
        "work/shell.sh": process("SHELL"), "work/words.sh": process("WORDS"),
    })
for quote in "\"'":
    add(f"a process whose whole command is in {quote}", config=profile("default", f"credential_process = {quote}./p.sh one{quote}"),
        more={"work/p.sh": process("PROC", '[ "$1" = one ]')})
add("a process that fails", config=profile("default", USE), more={"work/p.sh": "#!/bin/sh\necho no >&2\nexit 3\n"})
add("a process that fails beside keys", config=DEFAULT + USE + "\n", more={"work/p.sh": "#!/bin/sh\nexit 3\n"})
add("a process with a comment, beside keys", config=profile("default", f"{USE} ; mine") + key_text("BESIDE"), more=PROC)
add("a process with a semicolon in quotes",
    config=profile("default", "credential_process = sh -c 'true ; ./p.sh' ; mine"), more=PROC)
add("a process that isn't there", config=profile("default", "credential_process = ./gone"))
add("a process that says nothing", config=profile("default", USE), more={"work/p.sh": "#!/bin/sh\n"})
add("a process that writes to stderr", config=profile("default", USE), more={"work/p.sh": process("PROC", "echo note >&2")})
add("a process of a version unknown", config=profile("default", USE), more={"work/p.sh": process("PROC", Version=2)})
add("a process without a version", config=profile("default", USE), more={"work/p.sh": process("P").replace('"Version"', '"V"')})
add("a process with a null session token", config=profile("default", USE), more={"work/p.sh": process("PROC", SessionToken=None)})
add("a process with an empty session token", config=profile("default", USE), more={"work/p.sh": process("PROC", SessionToken="")})
add("a process with more fields", config=profile("default", USE), more={"work/p.sh": process("PROC", AccountId="1", Other=[1])})
add("a process with a byte order mark", config=profile("default", USE),
    more={"work/p.sh": process("PROC").replace("\n{", "\n\ufeff{")})
add("a process with text around", config=profile("default", USE), more={"work/p.sh": process("PROC").replace("\n{", "\nnote\n{")})
add("a process with a line end in a key", config=profile("default", USE), more={"work/p.sh": process("PROC", AccessKeyId="AKIAXX\n")})
for time in (
    "2099-01-01T00:00:00+0000", "2099-01-01T00:00:00UTC", "2099-01-01 00:00:00Z", "2099-01-01T00:00:00", "2099-01-01",
    "2099-01-01T00:00:00.123456Z", "2099-01-01T00:00:00+00:00", "2009-01-01T00:00:00Z", "soon", "", "4070908800",
    "20990101T000000Z", "Thu, 01 Jan 2099 00:00:00 GMT",
):
    add(f"a process with the expiry '{time}'", config=profile("default", USE), more={"work/p.sh": temporary_process("PROC", time)})
for time in (None, 4070908800):
    add(f"a process with the expiry {time}", config=profile("default", USE), more={"work/p.sh": temporary_process("PROC", time)})
