"""Cases written by hand about what the AWS CLI refuses and the Go helper serves: there, the Go helper's order counts."""

from fake_aws import Keys
from handwritten import DEFAULT, PROC, SSO_SECTION, USE, WEB, WEB_FILE, add, keys_in, profile, role_lines, web_lines
from model import SSO_PLACE, SSO_ROLE, START_URL, key_lines, key_text, role, sso_cache

# What makes a file unreadable for the AWS CLI, in lines that nobody needs.
UNREADABLE = {
    "a line that is no property": lambda text: text + "what is this\n",
    "text before the first header": lambda text: "my settings\n" + text,
    "a property twice": lambda text: text + profile("profile other", "output = text", "output = json"),
    "a section twice": lambda text: text + profile("profile other", "output = json") + profile("profile other", "region = x"),
    "a header without a name": lambda text: text + profile(""),
    "a header without an end": lambda text: text + "[profile other\n",
    "a header that is indented": lambda text: text + "  [profile other]\n",
    "bytes that aren't UTF-8": lambda text: text + "# caf\udce9\n",
}
SSO = [*SSO_PLACE, *SSO_ROLE]
BASE = keys_in("profile base", "BASE")
# Settings for which the AWS CLI and the Go helper have different orders: variables, the config file, and other files.
ORDERS = {
    "SSO beside keys": ({}, profile("default", *SSO) + key_text("OWN"), sso_cache(START_URL)),
    "a process beside keys": ({}, profile("default", USE) + key_text("OWN"), PROC),
    "a web identity beside keys": ({}, profile("default", *web_lines()) + key_text("OWN"), {"work/token": "webtoken"}),
    "a role beside a web identity of the environment": (WEB, BASE + profile("default", *role_lines("top")), WEB_FILE),
    "a credential_source beside keys": (
        {"AWS_EC2_METADATA_DISABLED": "false"},
        profile("default", f"role_arn = {role('top')}", "credential_source = Ec2InstanceMetadata") + key_text("OWN"), {},
    ),
    "a role and keys in a source profile": (
        {}, profile("profile mid", *role_lines("mid")) + key_text("MID") + BASE + profile("default", *role_lines("top", "mid")), {},
    ),
    "SSO beside keys in a source profile": (
        {}, profile("profile mid", *SSO) + key_text("MID") + profile("default", *role_lines("top", "mid")), sso_cache(START_URL),
    ),
}
for odd, change in UNREADABLE.items():
    for settings, (variables, config, more) in ORDERS.items():
        add(f"{odd}, and {settings}", variables, config=change(config), more=more)
add("a byte order mark, and keys beside SSO of the other file", config="\ufeff[profile other]\n" + profile("default", *SSO),
    credentials=DEFAULT, more=sso_cache(START_URL))

# Properties that the AWS CLI takes for more of the value above.
KEY_ID, SECRET = key_lines("OWN")
add("a process indented below keys", config=profile("default", KEY_ID, SECRET, f"  {USE}"), more=PROC)
add("a secret indented below its ID, beside SSO", config=profile("default", *SSO, KEY_ID, f"  {SECRET}"), more=sso_cache(START_URL))
add("SSO that is indented below its first property, beside keys",
    config=profile("default", SSO[0], *(f"  {line}" for line in SSO[1:]), KEY_ID, SECRET), more=sso_cache(START_URL))
add("a source profile indented below its role, beside a web identity of the environment", WEB,
    config=profile("default", role_lines("top")[0], f"  {role_lines('top')[1]}") + BASE, more=WEB_FILE)
add("a source profile indented below its role, beside keys",
    config=profile("default", role_lines("top")[0], f"  {role_lines('top')[1]}") + key_text("OWN") + BASE)
add("a credential_source indented below its role, beside keys", {"AWS_EC2_METADATA_DISABLED": "false"}, credentials=DEFAULT,
    config=profile("default", f"role_arn = {role('top')}", "  credential_source = Ec2InstanceMetadata"))
add("a source profile indented below its role, and a source with a role that names itself",
    config=profile("default", role_lines("top")[0], f"  {role_lines('top')[1]}"),
    credentials=profile("base", *role_lines("mid")) + key_text("BASE"))
add("keys of a source profile that are indented, beside a web identity of the environment", WEB,
    config=profile("default", *role_lines("top")) + profile("profile base", KEY_ID, f"  {SECRET}"), more=WEB_FILE)
add("keys that are indented below `output`", config=profile("default", "output = json", f"  {KEY_ID}", f"  {SECRET}"))
add("keys that are indented below `output`, on an instance", {"AWS_EC2_METADATA_DISABLED": "false"},
    config=profile("default", "output = json", f"  {KEY_ID}", f"  {SECRET}"))
# What the AWS CLI doesn't need may be indented as it likes.
add("`output` indented below the region, with SSO beside keys",
    config=profile("default", "region = eu-west-1", "  output = json", *SSO, KEY_ID, SECRET), more=sso_cache(START_URL))
add("keys that are indented behind SSO", config=profile("default", *SSO, KEY_ID, SECRET, "  region = eu-west-1"),
    more=sso_cache(START_URL))
add("a process indented below keys of another profile", config=profile("profile other", KEY_ID, SECRET, f"  {USE}")
    + profile("default", *SSO) + key_text("OWN"), more=PROC | sso_cache(START_URL))

# Text that is indented below a property, which both take for more of its value.
add("indented text below the secret", credentials=DEFAULT + "  what is this\n")
add("indented text below an SSO session", config=profile("default", "sso_session = corp", "  what is this", *SSO_ROLE) + SSO_SECTION,
    more=sso_cache("corp"))
add("indented text below a source profile", config=profile("default", *role_lines("top"), "  what is this") + BASE)

# Sections that one of them doesn't find.
add("a source without quotes around its blank, beside a web identity of the environment", WEB,
    config=profile("default", *role_lines("top", "my team")) + keys_in("profile my team", "LOOSE"), more=WEB_FILE)
add("a source profile whose session isn't there, with its own place and keys", config=profile("default", *role_lines("top")),
    credentials=profile("base", "sso_session = gone", *SSO, KEY_ID, SECRET))
add("a source profile with a role and keys, whose SSO lacks something", config=profile("default", *role_lines("top")),
    credentials=profile("base", *role_lines("mid"), SSO[0], SSO[2], KEY_ID, SECRET))
add("a role by an empty environment in quotes, and keys of that name", {"AWS_PROFILE": "my team"},
    config=profile('profile "my team"', f"role_arn = {role('top')}", "credential_source = Environment"),
    credentials=keys_in("my team", "TEAM"))

# Keys that AWS rejects.
add("a session token that isn't the one of the keys, beside a web identity of the environment", WEB, more=WEB_FILE,
    config=profile("default", *role_lines("top", "default")) + key_text("SELF") + f"aws_session_token = {Keys.token('other')}\n")
