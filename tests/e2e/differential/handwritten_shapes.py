"""Each shape of `shapes.py` by itself: on a credentials file, on a config file, and beside what is needed."""

import random

import shapes
from handwritten import add
from model import Section, key_lines, role


def write(sections, name):
    return shapes.write(sections, [(name, 1)], random.Random)


for shape in shapes.SHAPES:
    keys = [Section("default", key_lines("ONE"))]
    add(f"credentials: {shape}", shapes=(shape,), credentials=write(keys, shape))
    chain = [
        Section("profile top", ["region = eu-west-1", f"role_arn = {role('top')}", "source_profile = base"]),
        Section("profile base", key_lines("BASE")),
    ]
    add(f"config: {shape}", {"AWS_PROFILE": "top"}, shapes=(shape,), config=write(chain, shape))
    other = [Section("other", ["output = json", "region = us-east-1"])]
    text = write(other, shape) + "[default]\n" + "".join(f"{line}\n" for line in key_lines("LAST"))
    add(f"in another section: {shape}", shapes=(shape,), credentials=text)
