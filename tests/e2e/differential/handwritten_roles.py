"""Cases written by hand about roles, SSO, web identities, containers, instances and files."""

from fake_aws import CONTAINER_HOST
from handwritten import (
    DEFAULT, DEV, KEYS_ENV, PROC, SSO_PROFILE, SSO_SECTION, USE, WEB, WEB_FILE, add, keys_in, profile, role_lines,
    web_lines,
)
from model import ACCOUNT, SSO_PLACE, SSO_ROLE, START_URL, key_lines, key_text, role, sso_cache

# Roles

BASE = keys_in("profile base", "BASE")
add("a role with a source profile", config=profile("default", *role_lines("top")) + BASE)
add("a role with a source profile in the credentials file", config=profile("default", *role_lines("top")),
    credentials=keys_in("base", "BASE"))
add("a role and its source in the credentials file", credentials=profile("default", *role_lines("top")) + keys_in("base", "BASE"))
add("a role beside keys in one profile", config=profile("default", *role_lines("top")) + key_text("BESIDE") + BASE)
add("a role in the config file, keys in the credentials file", config=profile("default", *role_lines("top")) + BASE,
    credentials=DEFAULT)
add("a role that names itself, with keys", config=profile("default", *role_lines("top", "default")) + key_text("SELF"))
add("a role that names itself, keys in the credentials file", config=profile("default", *role_lines("top", "default")),
    credentials=DEFAULT)
add("a role that names itself, with a process", config=profile("default", *role_lines("top", "default"), USE), more=PROC)
add("a role that names itself, without credentials", config=profile("default", *role_lines("top", "default")))
add("a chain of roles", config=profile("default", *role_lines("top", "mid")) + profile("profile mid", *role_lines("mid")) + BASE)
add("a chain of roles, keys in the middle", config=profile("default", *role_lines("top", "mid"))
    + profile("profile mid", *role_lines("mid")) + key_text("MID") + BASE)
add("a chain that ends in itself", config=profile("default", *role_lines("top", "mid"))
    + profile("profile mid", *role_lines("mid", "mid")) + key_text("MID"))
add("a loop of roles", config=profile("default", *role_lines("top", "mid")) + profile("profile mid", *role_lines("mid", "default")))
add("a missing source profile", config=profile("default", *role_lines("top", "gone")))
add("a missing source profile, keys beside it", config=profile("default", *role_lines("top", "gone")) + key_text("BESIDE"))
add("an empty source profile", config=profile("default", *role_lines("top", "")) + key_text("BESIDE"))
add("a source profile without credentials", config=profile("default", *role_lines("top")) + profile("profile base", "region = x"))
add("a role alone", config=profile("default", f"role_arn = {role('top')}"))
add("a role alone beside keys", config=profile("default", f"role_arn = {role('top')}") + key_text("BESIDE"))
add("a role alone beside a web identity token of the environment",
    {"AWS_WEB_IDENTITY_TOKEN_FILE": "{WORK}/env.jwt", "AWS_EC2_METADATA_DISABLED": "false"},
    config=profile("default", f"role_arn = {role('top')}"), more=WEB_FILE)
add("a web identity of the environment, a role alone with a session name", WEB,
    config=profile("default", f"role_arn = {role('top')}", "role_session_name = named"), more=WEB_FILE)
add("a web identity of the environment, a credential_source with a comment", WEB | {"AWS_EC2_METADATA_DISABLED": "false"},
    config=profile("default", f"role_arn = {role('top')}", "credential_source = Ec2InstanceMetadata ; mine"), more=WEB_FILE)
add("a role with two sources beside a web identity token of the environment", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{WORK}/env.jwt"},
    config=profile("default", *role_lines("top"), "credential_source = Environment") + BASE, more=WEB_FILE)
for what, beside, more in (("SSO", [*SSO_PLACE, *SSO_ROLE], sso_cache(START_URL)), ("a process", [USE], PROC), ("nothing", [], {})):
    add(f"a web identity of the environment, and a role that names itself, with {what}", WEB,
        config=profile("default", *role_lines("top", "default"), *beside), more=WEB_FILE | more)
add("a web identity of the environment, and a role by an empty environment beside a process", WEB, more=WEB_FILE | PROC,
    config=profile("default", f"role_arn = {role('top')}", "credential_source = Environment", USE))
add("a web identity of the environment, and a role that names itself, with keys", WEB,
    config=profile("default", *role_lines("top", "default")) + key_text("SELF"), more=WEB_FILE)
add("a web identity of the environment, and a role that leads back to keys", WEB,
    config=profile("default", *role_lines("top", "mid")) + key_text("BACK") + profile("profile mid", *role_lines("mid", "default")),
    more=WEB_FILE)
add("a web identity of the environment, and a chain that ends in keys of itself", WEB,
    config=profile("default", *role_lines("top", "mid")) + profile("profile mid", *role_lines("mid", "mid")) + key_text("MID"),
    more=WEB_FILE)
add("a role alone beside keys in the other file, and a session token beside the role",
    config=profile("default", f"role_arn = {role('top')}", "aws_session_token = other"), credentials=DEFAULT)
add("a role alone beside keys, with old line ends",
    config=(profile("default", f"role_arn = {role('top')}") + key_text("BESIDE")).replace("\n", "\r"))
add("a role without its source behind a header with text", {"AWS_EC2_METADATA_DISABLED": "false"},
    config=profile("default", f"role_arn = {role('top')}", "credential_source = EcsContainer").replace("]", "] work", 1))
for source in ("Environment", "EcsContainer", "Ec2InstanceMetadata"):
    add(f"a role by {source} that gives nothing, beside keys and SSO of the same profile",
        config=profile("default", *SSO_PLACE, *SSO_ROLE, f"role_arn = {role('top')}", f"credential_source = {source}"),
        credentials=DEFAULT, more=sso_cache(START_URL))
add("a role alone beside keys and SSO", config=profile("default", *SSO_PLACE, *SSO_ROLE, f"role_arn = {role('top')}"),
    credentials=DEFAULT, more=sso_cache(START_URL))
add("a role alone beside keys of the config file and a process",
    config=profile("default", f"role_arn = {role('top')}", USE) + key_text("BESIDE"), more=PROC)
add("a role alone beside SSO and a process", config=profile("default", *SSO_PLACE, *SSO_ROLE, f"role_arn = {role('top')}", USE),
    more=sso_cache(START_URL) | PROC)
add("a role that leads back to a profile with keys and SSO",
    config=profile("default", *role_lines("top", "mid"), *SSO_PLACE, *SSO_ROLE) + profile("profile mid", *role_lines("mid", "default"))
    + profile("default") + key_text("BACK"), more=sso_cache(START_URL))
add("a role that names itself, with half of a pair and SSO",
    config=profile("default", *role_lines("top", "default"), *SSO_PLACE, *SSO_ROLE, "aws_secret_access_key = hush"),
    more=sso_cache(START_URL))
add("a role alone beside half of a pair and a pair", config=profile("default", f"role_arn = {role('top')}") + key_text("BESIDE"),
    credentials=profile("default", "aws_secret_access_key = hush"))
for what, source, more in (
    ("a process", [USE], PROC), ("SSO", [*SSO_PLACE, *SSO_ROLE], sso_cache(START_URL)), ("nothing", [], {}),
    ("a process and an empty source", [USE, "source_profile ="], PROC),
):
    add(f"a source profile with a role alone and {what}", more=more, config=profile("default", *role_lines("top", "mid"))
        + profile("profile mid", f"role_arn = {role('mid')}", *source))
add("a source profile with a role alone and keys", config=profile("default", *role_lines("top", "mid"))
    + profile("profile mid", f"role_arn = {role('mid')}") + key_text("MID"))
LOOSE = profile("profile my team") + key_text("LOOSE")
for what, lines in (
    ("nothing", []), ("a session that isn't there", ["sso_session = gone", "sso_account_id = 1"]), ("keys", key_lines("NAMED")),
):
    add(f"a profile without quotes around its blank, and the credentials file has {what}", {"AWS_PROFILE": "my team"},
        config=LOOSE, credentials=profile("my team", *lines))
    add(f"a source without quotes around its blank, and the credentials file has {what}",
        config=profile("default", *role_lines("top", "my team")) + LOOSE, credentials=profile("my team", *lines))
add("a profile without quotes around its blank, and the credentials file has a role by an unknown source",
    {"AWS_PROFILE": "my team"}, config=LOOSE,
    credentials=profile("my team", f"role_arn = {role('top')}", "credential_source = Nothing"))
add("a profile without quotes around its blank, with keys and SSO", {"AWS_PROFILE": "my team"},
    config=profile("profile my team", *SSO_PLACE, *SSO_ROLE) + key_text("LOOSE"), more=sso_cache(START_URL))
add("a role alone beside a process", config=profile("default", f"role_arn = {role('top')}", USE), more=PROC)
add("an empty role beside keys", config=profile("default", "role_arn =", "source_profile = base") + key_text("BESIDE") + BASE)
add("a source profile without a role", config=profile("default", "source_profile = base") + BASE)
add("a source profile without a role beside keys", config=profile("default", "source_profile = base") + key_text("BESIDE") + BASE)
add("a role with external ID and session name", config=profile("default", *role_lines("top"), "external_id = ext",
    "role_session_name = named") + BASE)
add("a role with empty external ID and session name", config=profile("default", *role_lines("top"), "external_id =",
    "role_session_name =", "duration_seconds =") + BASE)
add("a role with a duration", config=profile("default", *role_lines("top"), "duration_seconds = 1800") + BASE)
add("a role with a duration that is no number", config=profile("default", *role_lines("top"), "duration_seconds = 1h") + BASE)
add("a role whose source is a process", config=profile("default", *role_lines("top")) + profile("profile base", USE), more=PROC)
add("a role whose source is SSO", config=profile("default", *role_lines("top", "dev")) + SSO_PROFILE + SSO_SECTION,
    more=sso_cache("corp"))
add("a role whose source is a web identity", config=profile("default", *role_lines("top")) + profile("profile base", *web_lines()),
    more={"work/token": "webtoken"})
add("a role with both sources", config=profile("default", *role_lines("top"), "credential_source = Environment") + BASE)
add("a role with an endpoint in the file", dict.fromkeys(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"], "{UNSET}"),
    config=profile("default", *role_lines("top"), "endpoint_url = {URL}", "region = us-east-1") + BASE)
add("an empty endpoint variable, an endpoint in the file", {"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_STS": "{UNSET}"},
    config=profile("default", *role_lines("top"), "endpoint_url = {URL}", "region = us-east-1") + BASE)
add("an empty endpoint in the file", config=profile("default", "endpoint_url =") + key_text("FILE"))
for service in ("STS", "SSO", "SSO_OIDC", "ECR"):
    add(f"an empty AWS_ENDPOINT_URL_{service}", {f"AWS_ENDPOINT_URL_{service}": ""},
        config=profile("default", *role_lines("top", "dev")) + SSO_PROFILE + SSO_SECTION, more=sso_cache("corp"))
for source in ("Environment", "EcsContainer", "Ec2InstanceMetadata"):
    text = profile("default", f"role_arn = {role('top')}", f"credential_source = {source}")
    variables = KEYS_ENV if source == "Environment" else {"AWS_EC2_METADATA_DISABLED": ""}
    if source == "EcsContainer":
        variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/open"}
    add(f"credential_source = {source}", variables, config=text)
    add(f"credential_source = {source}, in lower case", variables, config=text.replace(source, source.lower()))
    add(f"credential_source = {source}, which has none", config=text)
    add(f"credential_source = {source}, in a named profile", DEV | variables, config=text.replace("default", "profile dev"))
    add(f"credential_source = {source}, in a source profile", DEV | {
        name: value for name, value in variables.items() if source != "Environment"
    }, config=profile("profile dev", *role_lines("upper", "default")) + text)
add("an unknown credential_source", config=profile("default", f"role_arn = {role('top')}", "credential_source = Elsewhere"))

# SSO

add("SSO", DEV, config=SSO_PROFILE + SSO_SECTION, more=sso_cache("corp"))
add("SSO in the default profile", config=SSO_PROFILE.replace("profile dev", "default") + SSO_SECTION, more=sso_cache("corp"))
add("SSO without a session name", DEV, config=profile("profile dev", *SSO_PLACE, *SSO_ROLE), more=sso_cache(START_URL))
add("SSO with start URL and region twice", DEV, config=profile("profile dev", "sso_session = corp", *SSO_ROLE, *SSO_PLACE)
    + SSO_SECTION, more=sso_cache("corp"))
add("SSO with the region twice", DEV, config=profile("profile dev", "sso_session = corp", *SSO_ROLE, SSO_PLACE[1]) + SSO_SECTION,
    more=sso_cache("corp"))
add("SSO with another region in the profile", DEV, config=profile("profile dev", "sso_session = corp", *SSO_ROLE,
    "sso_region = eu-west-1") + SSO_SECTION, more=sso_cache("corp"))
add("SSO with another start URL in the profile", DEV, config=profile("profile dev", "sso_session = corp", *SSO_ROLE,
    "sso_start_url = https://other.example.com") + SSO_SECTION, more=sso_cache("corp"))
add("SSO and keys in one profile", config=SSO_PROFILE.replace("profile dev", "default") + key_text("BESIDE") + SSO_SECTION,
    more=sso_cache("corp"))
add("SSO in the config file, keys in the credentials file", DEV, config=SSO_PROFILE + SSO_SECTION,
    credentials=keys_in("dev", "DEV"), more=sso_cache("corp"))
add("SSO and a process in one profile", DEV, config=SSO_PROFILE + USE + "\n" + SSO_SECTION, more=sso_cache("corp") | PROC)
add("SSO without its session section", DEV, config=SSO_PROFILE, more=sso_cache("corp"))
add("SSO without its session section, start URL beside it", DEV,
    config=profile("profile dev", "sso_session = corp", *SSO_ROLE, *SSO_PLACE), more=sso_cache("corp"))
add("SSO without an account", DEV, config=profile("profile dev", "sso_session = corp", SSO_ROLE[1]) + SSO_SECTION,
    more=sso_cache("corp"))
add("SSO without a role, keys beside it", DEV, config=profile("profile dev", "sso_session = corp", SSO_ROLE[0])
    + key_text("BESIDE") + SSO_SECTION, more=sso_cache("corp"))
add("SSO session for another program's use, keys beside it", DEV, config=profile("profile dev", "sso_session = corp")
    + key_text("BESIDE") + SSO_SECTION, more=sso_cache("corp"))
add("an empty sso_session beside keys", DEV, config=profile("profile dev", "sso_session =") + key_text("BESIDE"))
add("an empty sso_session beside the older properties", DEV, config=profile("profile dev", "sso_session =", *SSO_PLACE, *SSO_ROLE),
    more=sso_cache(START_URL))
add("empty sso properties beside keys", DEV, config=profile("profile dev", "sso_start_url =", "sso_region =", "sso_account_id =",
    "sso_role_name =") + key_text("BESIDE"))
add("SSO without a token", DEV, config=SSO_PROFILE + SSO_SECTION)
add("SSO with a token that has ended", DEV, config=SSO_PROFILE + SSO_SECTION,
    more=sso_cache("corp", expiry="2020-01-01T00:00:00Z"))
add("SSO with a token that AWS refuses", DEV, config=SSO_PROFILE + SSO_SECTION, more=sso_cache("corp", token="other"))
for time in ("2099-01-01T00:00:00UTC", "2099-01-01T00:00:00+00:00", "2099-01-01T00:00:00.5Z", "2099-01-01 00:00:00+00:00",
             "2099-01-01T00:00:00"):
    add(f"SSO with the expiry '{time}'", DEV, config=SSO_PROFILE + SSO_SECTION, more=sso_cache("corp", expiry=time))
for header, name in (("sso-session 'My Corp'", "My Corp"), ('sso-session "My Corp"', "My Corp"), ("sso-session a.b", "a.b"),
                     ("sso-session My Corp", "My Corp")):
    add(f"SSO with [{header}]", DEV, config=SSO_PROFILE.replace("corp", name) + profile(header, *SSO_PLACE), more=sso_cache(name))
for text in ('"corp"', "'corp'", "corp ; mine", "corp # mine"):
    add(f"SSO with sso_session = {text}", DEV, config=SSO_PROFILE.replace("= corp", f"= {text}") + SSO_SECTION, more=sso_cache("corp"))
for text in ("us-east-1#mine", "us east 1", "-us-east-1"):
    add(f"SSO with sso_region = {text}, beside keys", DEV, config=SSO_PROFILE + SSO_SECTION.replace("us-east-1", text),
        credentials=keys_in("dev", "DEV"), more=sso_cache("corp"))
for text in ('"{WORK}/token"', "{WORK}/token # mine"):
    add(f"a web identity with web_identity_token_file = {text}", config=profile("default", *web_lines()).replace("{WORK}/token", text),
        more={"work/token": "webtokenprofile"})
add("a web identity in quotes, beside keys", config=profile("default", *web_lines()).replace("{WORK}/token", '"{WORK}/token"'),
    credentials=DEFAULT, more={"work/token": "webtokenprofile"})
add("an SSO session that isn't there, alone", DEV | {"AWS_EC2_METADATA_DISABLED": "false"}, config=profile("profile dev", "sso_session = corp"))
add("an SSO session that isn't there, alone, in the credentials file", {"AWS_EC2_METADATA_DISABLED": "false"},
    credentials=profile("default", "sso_session = corp"))
add("an SSO session that isn't there, beside keys", DEV, config=profile("profile dev", "sso_session = corp") + key_text("BESIDE"))
add("an SSO session that isn't there, beside its place", DEV,
    config=profile("profile dev", "sso_session = corp", *SSO_PLACE, *SSO_ROLE) + key_text("BESIDE"), more=sso_cache(START_URL))
add("an SSO session that isn't there, beside half of its place", DEV,
    config=profile("profile dev", "sso_session = corp", SSO_PLACE[0], *SSO_ROLE) + key_text("BESIDE"))
add("an SSO session that isn't there, beside a process", DEV, config=profile("profile dev", "sso_session = corp", USE), more=PROC)
add("an SSO session that isn't there, beside keys in the environment", KEYS_ENV | {"AWS_EC2_METADATA_DISABLED": "false"},
    config=profile("default", "sso_session = corp"))
add("SSO that nobody has logged in to, beside keys", DEV, config=SSO_PROFILE + SSO_SECTION, credentials=keys_in("dev", "DEV"))
add("SSO in the credentials file", DEV, credentials=SSO_PROFILE.replace("profile ", ""), config=SSO_SECTION, more=sso_cache("corp"))
add("an SSO session in the credentials file", DEV, config=SSO_PROFILE, credentials=SSO_SECTION, more=sso_cache("corp"))
add("SSO with an account of quotes", DEV, config=SSO_PROFILE.replace(ACCOUNT, f'"{ACCOUNT}"') + SSO_SECTION, more=sso_cache("corp"))

# Web identities

add("web identity in the environment", WEB, more=WEB_FILE)
add("web identity in the environment without a role", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{WORK}/env.jwt"}, more=WEB_FILE,
    credentials=DEFAULT)
add("a role in the environment without a token file", {"AWS_ROLE_ARN": role("env")}, credentials=DEFAULT)
add("web identity in the environment, empty", dict.fromkeys(WEB, ""), credentials=DEFAULT)
add("web identity in the environment, empty role", WEB | {"AWS_ROLE_ARN": ""}, credentials=DEFAULT, more=WEB_FILE)
add("web identity in the environment, missing file", WEB, credentials=DEFAULT)
add("web identity in the environment with a session name", WEB | {"AWS_ROLE_SESSION_NAME": "named"}, more=WEB_FILE)
add("web identity in the environment, session name empty", WEB | {"AWS_ROLE_SESSION_NAME": ""}, more=WEB_FILE)
add("web identity in the environment with a line end in the role", WEB | {"AWS_ROLE_ARN": role("env") + "\n"}, more=WEB_FILE)
for title, files in {
    "keys in the credentials file": {"credentials": DEFAULT},
    "keys in the config file": {"config": DEFAULT},
    "a role": {"config": profile("default", *role_lines("top")) + BASE},
    "a role alone": {"config": profile("default", f"role_arn = {role('top')}")},
    "a process": {"config": profile("default", USE), "more": PROC},
    "SSO": {"config": SSO_PROFILE.replace("profile dev", "default") + SSO_SECTION, "more": sso_cache("corp")},
    "a web identity": {"config": profile("default", *web_lines()), "more": {"work/token": "webtoken"}},
}.items():
    files = files | {"more": files.get("more", {}) | WEB_FILE}
    add(f"web identity in the environment, {title} in the default profile", WEB, **files)
    named = {name: text.replace("[default]", "[profile dev]" if name == "config" else "[dev]") if name != "more" else text
             for name, text in files.items()}
    add(f"web identity in the environment, {title} in a named profile", WEB | DEV, **named)
add("web identity and keys in the environment", WEB | KEYS_ENV, more=WEB_FILE)
add("web identity in a profile", config=profile("default", *web_lines()), more={"work/token": "webtoken"})
add("web identity in a profile with a session name", config=profile("default", *web_lines(), "role_session_name = named"),
    more={"work/token": "webtoken"})
add("web identity in a profile with a line end in the token", config=profile("default", *web_lines()),
    more={"work/token": "webtoken\n"})
add("web identity in a profile beside keys", config=profile("default", *web_lines()) + key_text("BESIDE"),
    more={"work/token": "webtoken"})
add("web identity in a profile beside a source profile", config=profile("default", *web_lines(), "source_profile = base") + BASE,
    more={"work/token": "webtoken"})
add("web identity in a profile without a role", config=profile("default", web_lines()[1]) + key_text("BESIDE"),
    more={"work/token": "webtoken"})
add("web identity in the credentials file", credentials=profile("default", *web_lines()), more={"work/token": "webtoken"})
add("web identity in a profile, a missing file", config=profile("default", *web_lines()))
add("web identity in a profile, a role in the environment", {"AWS_ROLE_ARN": role("env")},
    config=profile("default", web_lines()[1]), more={"work/token": "webtoken"})
add("an empty token file in a profile beside keys", config=profile("default", "web_identity_token_file =") + key_text("BESIDE"))

# Containers and instances

METADATA = {"AWS_EC2_METADATA_DISABLED": ""}
CONTAINERS = {
    "a relative URI": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container/open"},
    "a full URI": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/open"},
    "a full URI at the link-local address": {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{CONTAINER_HOST}/container/link"},
}
for title, variables in CONTAINERS.items():
    add(f"container credentials at {title}", variables)
add("container credentials before the instance's", CONTAINERS["a full URI"] | METADATA)
add("container credentials behind a file's", CONTAINERS["a full URI"], credentials=DEFAULT)
add("container credentials at both URIs", {
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container/open",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/full",
})
add("container credentials, the relative URI empty", {
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/full",
})
add("container credentials, both URIs empty, on an instance", {
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
} | METADATA)
CLOSED = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/closed"}
add("container credentials with a token", CLOSED | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer-of-container"})
add("container credentials with a token file", CLOSED | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{WORK}/token"},
    more={"work/token": "Bearer-of-container"})
add("container credentials with a token file with a line end", CLOSED | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{WORK}/token"},
    more={"work/token": "Bearer-of-container\n"})
add("container credentials with token and an empty file name", CLOSED | {
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer-of-container", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "",
})
add("container credentials, both tokens", CLOSED | {
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{WORK}/token",
}, more={"work/token": "Bearer-of-container"})
add("container credentials, a missing token file", CLOSED | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{WORK}/gone"})
add("container credentials refused, on an instance", CLOSED | METADATA)
add("container credentials from afar without TLS", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/container/open"})
add("a container URI that is no URI", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "container"} | METADATA)
add("instance metadata", METADATA)
add("instance metadata of a stand-in without tokens", METADATA, metadata="version 1")
add("no instance metadata", METADATA, metadata="absent")
add("instance metadata off with 1", {"AWS_EC2_METADATA_DISABLED": "1"})
add("instance metadata off with TRUE", {"AWS_EC2_METADATA_DISABLED": "TRUE"})
add("instance metadata off with false", {"AWS_EC2_METADATA_DISABLED": "false"})
add("instance metadata with an endpoint in the file", METADATA | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": ""},
    config=profile("default", "ec2_metadata_service_endpoint = {METADATA}"))

# Files and places

for variable, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
    other = "credentials" if file == "config" else "config"
    both = {file: keys_in("default", "USUAL"), "more": {"elsewhere": keys_in("default", "ELSEWHERE")}}
    for title, place in {
        "an absolute path": "{HOME}/.aws/elsewhere", "a tilde": "~/.aws/elsewhere", "a relative path": "../home/.aws/elsewhere",
        "a missing file": "/nonexistent/file", "the empty string": "", "a directory": "{HOME}/.aws", "/dev/null": "/dev/null",
        "a variable": "$HOME/.aws/elsewhere", "a path with a line end": "{HOME}/.aws/elsewhere\n",
    }.items():
        add(f"{variable} with {title}", {variable: place}, **both)
        add(f"{variable} with {title}, keys in the other file", {variable: place}, **{other: DEFAULT})
    add(f"{file} that nobody may read", modes={file: 0}, **{file: DEFAULT})
    add(f"{file} that nobody may read, keys in the other", modes={file: 0}, config=DEFAULT, credentials=DEFAULT)
    add(f"{file} that nobody may read, keys in the environment", KEYS_ENV, modes={file: 0}, **{file: DEFAULT})
    add(f"{file} that nobody may read, on an instance", METADATA, modes={file: 0}, **{file: DEFAULT})
    add(f"{file} is a directory", more={file: None}, **{other: DEFAULT})
    add(f"{file} is empty", **{file: "", other: DEFAULT})
    add(f"{file} is junk", **{file: "junk\nmore junk\n", other: DEFAULT})
    add(f"{file} is junk, keys in the environment", KEYS_ENV, **{file: "junk\nmore junk\n"})
    add(f"{file} is JSON", **{file: '{"a": 1}\n', other: DEFAULT})
add("a directory ~/.aws that nobody may enter, on an instance", METADATA, modes={".": 0}, credentials=DEFAULT)
add("a directory ~/.aws that nobody may enter, keys in the environment", KEYS_ENV, modes={".": 0}, credentials=DEFAULT)
add("no HOME", {"HOME": "{UNSET}"} | KEYS_ENV)
add("an empty HOME", {"HOME": ""} | KEYS_ENV)
add("a proxy of another kind", KEYS_ENV | {"all_proxy": "socks://127.0.0.1:1080/"})
add("a spoilt proxy for https", KEYS_ENV | {"HTTPS_PROXY": "http://http://127.0.0.1:7890/"})
add("legacy files of boto", {"BOTO_CONFIG": "{WORK}/boto"},
    more={"work/boto": "[Credentials]\n" + key_text("BOTO")})
add("legacy files of EC2's tools", {"AWS_CREDENTIAL_FILE": "{WORK}/ec2"}, more={"work/ec2": "\n".join(
    line.replace("aws_access_key_id = ", "AWSAccessKeyId=").replace("aws_secret_access_key = ", "AWSSecretKey=")
    for line in key_text("ECTWO").splitlines()
)})
