"""Generated cases: a seed decides everything about them, so that a run can be repeated, and each case alone."""

import random

import shapes
from fake_aws import CONTAINER_HOST
from model import (
    SSO_PLACE, SSO_ROLE, Case, Draft, Section, key_lines, key_variables, process, role, sso_cache, temporary_process,
)

NAMES = ["default", "dev", "base", "my team", "a.b", "x/y", "ci:1"]


def drafts(seed, count):
    for number in range(count):
        yield Generator(random.Random(f"{seed}/{number}")).draft(f"generated {number}")


def finish(draft):
    """Writes the files of a draft out."""
    files = dict(draft.files)
    for name in ("config", "credentials"):
        sections = getattr(draft, name)
        if sections:
            chosen = [(shape, seed) for file, shape, seed in draft.shapes if file == name]
            files[name] = shapes.write(sections, chosen, random.Random)
    done = tuple(shape for file, shape, _ in draft.shapes if file in files)
    return Case(draft.name, files, draft.variables, {}, draft.metadata, done)


class Generator:
    def __init__(self, source):
        self.random = source
        self.files = {}
        self.labels = 0

    def chance(self, per_cent):
        return self.random.random() * 100 < per_cent

    def label(self, prefix):
        self.labels += 1
        return f"{prefix}{self.labels}"

    def draft(self, name):
        names = ["default", *self.random.sample(NAMES[1:], self.random.choice([0, 1, 1, 2]))]
        config, credentials = [], []
        for profile in names:
            header = profile if profile == "default" else f"profile {self.quoted(profile)}"
            if self.chance(75):
                config.append(Section(header, self.properties(names, "config")))
            if self.chance(45):
                credentials.append(Section(profile, self.properties(names, "credentials")))
        if any("sso_session" in line for section in config for line in section.lines):
            config.append(Section("sso-session corp", list(SSO_PLACE)))
        self.random.shuffle(config)
        draft = Draft(name, config, credentials, self.variables(names), files=self.files)
        draft.metadata = self.random.choices(["on", "version 1", "absent"], [93, 6, 1])[0]
        if self.chance(60):
            for _ in range(self.random.choice([1, 1, 1, 2])):
                file = self.random.choice(["config", "credentials"])
                draft.shapes.append((file, self.random.choice(list(shapes.SHAPES)), self.random.randrange(1000)))
        return draft

    def quoted(self, profile):
        return f'"{profile}"' if " " in profile and self.chance(50) else profile

    # Profiles

    def properties(self, names, file):
        lines = []
        kinds = [self.keys, self.half, self.process, self.sso, self.legacy_sso, self.role, self.web_identity, self.empty]
        weights = [30, 5, 15, 6, 5, 22, 6, 4] if file == "config" else [60, 8, 6, 1, 1, 12, 1, 4]
        for _ in range(self.random.choices([0, 1, 2, 3], [8, 62, 24, 6])[0]):
            lines += self.random.choices(kinds, weights)[0](names)
        if self.chance(25):
            lines.insert(self.random.randrange(len(lines) + 1), "region = eu-west-1")
        seen, once = set(), []
        for line in lines:  # a property twice is a shape of its own
            name = line.split("=")[0].strip()
            if name not in seen:
                once.append(line)
            seen.add(name)
        return once

    def keys(self, _names):
        return key_lines(self.label("FILE"), temporary=self.chance(25))

    def half(self, _names):
        return key_lines(self.label("HALF"), halves=self.random.choice(["id", "secret"]))

    def process(self, _names):
        label = self.label("PROC")
        path = f"work/{label}.sh"
        words = self.random.choice(["", "", " one", ' "team #1" ', " 'a b'", " --x=y", " a\\ b"])
        test = {' "team #1" ': '[ "$1" = "team #1" ]', " 'a b'": '[ "$1" = "a b" ]', " a\\ b": '[ "$1" = "a b" ]'}
        if self.chance(30):
            self.files[path] = temporary_process(label)
        else:
            self.files[path] = process(label, test.get(words, "true"))
        return [f"credential_process = ./{label}.sh{words}".rstrip()]

    def sso(self, _names):
        self.files |= sso_cache("corp")
        lines = ["sso_session = corp", *SSO_ROLE]
        return lines + (list(SSO_PLACE) if self.chance(25) else []) if self.chance(85) else lines[:2]

    def legacy_sso(self, _names):
        self.files |= sso_cache(SSO_PLACE[0].split(" = ")[1], token="SSOTOKENLEGACY")
        return [*SSO_PLACE, *SSO_ROLE] if self.chance(85) else list(SSO_PLACE)

    def role(self, names):
        lines = [f"role_arn = {role(self.label('role'))}"]
        if self.chance(70):
            source = self.random.choice([*names, *names, *names, "gone", ""])
            lines.append(f"source_profile = {source}".rstrip())
        elif self.chance(80):
            source = self.random.choice(["Environment", "EcsContainer", "Ec2InstanceMetadata", "environment", "Nothing"])
            lines.append(f"credential_source = {source}")
        if self.chance(15):
            lines.append("external_id = ext")
        if self.chance(15):
            lines.append("role_session_name = named")
        return lines

    def web_identity(self, _names):
        self.files["work/profile.jwt"] = "webtokenofprofile\n"
        lines = ["web_identity_token_file = {WORK}/profile.jwt"]
        return [f"role_arn = {role(self.label('web'))}", *lines] if self.chance(85) else lines

    def empty(self, _names):
        return [self.random.choice([
            "aws_access_key_id =", "aws_session_token =", "credential_process =", "role_arn =", "source_profile =",
            "sso_session =", "sso_start_url =", "web_identity_token_file =", "region =", "endpoint_url =",
        ])]

    # Variables

    def variables(self, names):
        variables = {}
        choose = self.random.choice
        if self.chance(25):
            variables |= choose([self.full, self.full, self.temporary, self.half_pair, self.with_blanks, self.blank])()
        if self.chance(45):
            def other():
                return choose([*names, *names, "gone", ""])

            variables |= choose([
                {"AWS_PROFILE": other()}, {"AWS_PROFILE": other()}, {"AWS_DEFAULT_PROFILE": other()},
                {"AWS_PROFILE": other(), "AWS_DEFAULT_PROFILE": other()},
            ])
        if self.chance(14):
            self.files["work/env.jwt"] = "webtokenofenv"
            variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = choose(["{WORK}/env.jwt"] * 4 + ["", "{WORK}/gone"])
            if self.chance(85):
                variables["AWS_ROLE_ARN"] = choose([role("fromenv")] * 4 + [""])
            if self.chance(20):
                variables["AWS_ROLE_SESSION_NAME"] = choose(["namedbyenv", ""])
        if self.chance(18):
            variables |= choose([
                {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container/open"},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/open"},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{CONTAINER_HOST}/container/link"},
                {
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/closed",
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer-of-container",
                },
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "{URL}/container/closed"},
                {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ""},
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": ""},
            ])
        if self.chance(40):
            variables["AWS_EC2_METADATA_DISABLED"] = choose(["true", "true", "true", "True", "1", ""])
        if self.chance(10):
            variables |= choose([{"AWS_REGION": ""}, {"AWS_REGION": "us-west-2"}, {"AWS_DEFAULT_REGION": "eu-west-1"}])
        return variables

    def full(self):
        return key_variables("ENV")

    def temporary(self):
        return key_variables("ENV", temporary=True, token=self.random.choice(["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]))

    def half_pair(self):
        variables = key_variables("ENV")
        variables[self.random.choice(list(variables))] = self.random.choice(["", "{UNSET}"])
        return variables

    def with_blanks(self):
        front, behind = self.random.choice([("", "\n"), (" ", ""), ("", " "), ("", "\r\n"), ("\t", "")])
        return {name: front + value + behind for name, value in key_variables("ENV").items()}

    def blank(self):
        return dict.fromkeys(key_variables("ENV"), self.random.choice(["", " "]))
