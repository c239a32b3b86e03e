"""The shapes in which people, editors and scripts write profile files: each changes the text of one file.

A shape takes the lines of a file and a random generator. `SHAPES` has them all by name.
"""

import re

from fake_aws import Keys


def properties(lines):
    """The numbers of the lines that are properties."""
    return [number for number, line in enumerate(lines) if "=" in line and not line.startswith("[")]


def headers(lines):
    return [number for number, line in enumerate(lines) if line.startswith("[")]


def each(condition, change):
    """A shape that changes every line of a kind."""
    def shape(lines, _random):
        numbers = set(condition(lines))
        return [change(line) if number in numbers else line for number, line in enumerate(lines)]
    return shape


def one(condition, change):
    """A shape that changes one line of a kind."""
    def shape(lines, random):
        numbers = condition(lines)
        if not numbers:
            return lines
        chosen = random.choice(numbers)
        return [change(line) if number == chosen else line for number, line in enumerate(lines)]
    return shape


def insert(*texts, before=None):
    """A shape that puts a line somewhere, or in front of one line of a kind."""
    def shape(lines, random):
        places = before(lines) if before else range(len(lines) + 1)
        place = random.choice(list(places) or [0])
        return [*lines[:place], *texts, *lines[place:]]
    return shape


def value(change):
    """Changes what stands behind the first equals sign."""
    def changed(line):
        name, text = line.split("=", 1)
        return f"{name}= {change(text.strip())}"
    return changed


def renamed(pattern, replacement):
    return lambda line: re.sub(pattern, replacement, line, count=1)


def anywhere(lines):
    return range(len(lines))


def section_again(lines, random):
    """A section a second time, with other keys."""
    numbers = headers(lines)
    if not numbers:
        return lines
    key = Keys.long("AGAIN")
    return [
        *lines, lines[random.choice(numbers)],
        f"aws_access_key_id = {key}", f"aws_secret_access_key = {Keys.secret(key)}",
    ]


def section_continued(lines, random):
    """A section again, with a harmless property."""
    numbers = headers(lines)
    return [*lines, lines[random.choice(numbers)], "output = json"] if numbers else lines


def property_again(lines, random):
    """A property twice, first with another value."""
    numbers = properties(lines)
    if not numbers:
        return lines
    chosen = random.choice(numbers)
    return [*lines[:chosen], f"{lines[chosen].split('=')[0].strip()} = earlier", *lines[chosen:]]


def second_indented(lines, random):
    numbers = [number for number in properties(lines) if number - 1 in properties(lines)]
    if not numbers:
        return lines
    chosen = random.choice(numbers)
    return [f"  {line}" if number == chosen else line for number, line in enumerate(lines)]


SHAPES = {
    "properties indented": each(properties, lambda line: "    " + line),
    "properties indented by a tab": each(properties, lambda line: "\t" + line),
    "file indented": each(anywhere, lambda line: "  " + line),
    "second property indented": second_indented,
    "header indented": one(headers, lambda line: "  " + line),
    "first line indented": lambda lines, _: ["   " + lines[0], *lines[1:]] if lines else lines,
    "colons": each(properties, renamed(r" *= *", ": ")),
    "one colon": one(properties, renamed(r" *= *", " : ")),
    "no blanks": each(properties, renamed(r" *= *", "=")),
    "tabs around =": each(properties, renamed(r" *= *", "\t=\t")),
    "names in capitals": each(properties, lambda line: re.sub(r"^[^=]*", lambda found: found[0].upper(), line)),
    "comment #": insert("# a comment = of somebody"),
    "comment ;": insert("; a comment"),
    "comment indented": insert("   # a comment, indented"),
    "comment ; indented": insert("\t; a comment, indented"),
    "comment behind a value": one(properties, lambda line: line + " # mine"),
    "comment ; behind a value": one(properties, lambda line: line + " ; mine"),
    "comment after a tab": one(properties, lambda line: line + "\t# mine"),
    "# glued to a value": one(properties, lambda line: line + "#mine"),
    "text behind a header": one(headers, lambda line: line + " work"),
    "comment behind a header": one(headers, lambda line: line + " # work"),
    "comment glued to a header": one(headers, lambda line: line + "; work"),
    "blank behind a header": one(headers, lambda line: line + "  "),
    "blanks in a header": one(headers, lambda line: "[ " + line[1:-1] + " ]"),
    "two blanks in a header": one(headers, renamed(" ", "  ")),
    "tab in a header": one(headers, renamed(" ", "\t")),
    "header in capitals": one(headers, lambda line: line.upper()),
    "double quotes in a header": one(headers, lambda line: re.sub(r"^\[(\S+) (.*)\]$", r'[\1 "\2"]', line)),
    "single quotes in a header": one(headers, lambda line: re.sub(r"^\[(\S+) (.*)\]$", r"[\1 '\2']", line)),
    "header without an end": one(headers, lambda line: line.rstrip("]")),
    "profile in front of default": each(headers, lambda line: line.replace("[default]", "[profile default]")),
    "junk line": insert("what is this"),
    "junk line indented": insert("   what is this"),
    "line of dashes": insert("-----"),
    "a value without a name": insert("= value"),
    "empty property": insert("region ="),
    "text before the first header": lambda lines, _: ["my settings", *lines],
    "property before the first header": lambda lines, _: ["region = eu-west-1", *lines],
    "empty header": insert("[]"),
    "section twice": section_again,
    "section continued": section_continued,
    "property twice": property_again,
    "nested settings": insert("s3 =", "  max_concurrent_requests = 20", before=properties),
    "comment among nested settings": insert("s3 =", "  max_queue_size = 1", "  # why", "  x = 2", before=properties),
    "blank lines": insert("", "   ", "", "\t"),
    "blanks at the ends": each(anywhere, lambda line: line + "   "),
    "tabs at the ends": each(properties, lambda line: line + "\t"),
    "CRLF": each(anywhere, lambda line: line + "\r"),
    "one CRLF": one(properties, lambda line: line + "\r"),
    "lone CRs": lambda lines, _: ["\r".join(lines)],
    "form feed": one(properties, lambda line: line + "\f"),
    "vertical tab": one(properties, lambda line: line + "\v"),
    "NBSP before a value": one(properties, value(lambda text: "\u00a0" + text)),
    "NBSP behind a value": one(properties, value(lambda text: text + "\u00a0")),
    "NBSP before a name": one(properties, lambda line: "\u00a0" + line),
    "NBSP behind a name": one(properties, renamed(" =", "\u00a0=")),
    "ideographic blank": one(properties, value(lambda text: "\u3000" + text)),
    "zero-width blank": one(properties, value(lambda text: "\u200b" + text)),
    "next line": one(properties, value(lambda text: text + "\u0085")),
    "line separator": one(properties, value(lambda text: text + "\u2028")),
    "byte order mark": lambda lines, _: ["\ufeff" + lines[0], *lines[1:]] if lines else lines,
    "not UTF-8 in a comment": insert("# caf\udce9"),
    "not UTF-8 in a value": insert("output = caf\udce9", before=properties),
    "NUL in a comment": insert("# a \0 b"),
    "quoted values": each(properties, value(lambda text: f'"{text}"')),
    "no line end": lambda lines, _: lines,  # see `write`
    "% in a value": insert("cli_pager = less %(x)s", before=properties),
}


def write(sections, shapes, random_of):
    """The text of a file: its sections, and then its shapes, one after the other."""
    lines = [line for section in sections for line in (f"[{section.header}]", *section.lines)]
    for name, seed in shapes:
        lines = SHAPES[name](lines, random_of(seed))
    text = "\n".join(lines)
    return text if any(name == "no line end" for name, _ in shapes) else text + "\n"
