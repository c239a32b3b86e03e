"""Where ours differs on purpose: each row is also a row of the table in docs/differences.md, word for word.

A row applies to the cases that its condition picks, and says what ours does there. Everything else is decided by the
rule: as the AWS CLI; where that refuses, as the Go helper; where both refuse, a refusal with its reason.
"""

from dataclasses import dataclass
from typing import Callable

from programs import GO


@dataclass
class Meant:
    """One difference. `where` is the first column of the table in the docs. `serves` says what ours does: as the program of
    that name, as the rule demands of the case that this function makes of the case, or nothing (`None`: it refuses)."""

    where: str
    applies: Callable
    serves: str | Callable | None


TABLE = [
    Meant(
        "Pipes, variables and other shell words in `credential_process`",
        lambda case: "shell words in a process" in case.shapes,
        GO,
    ),
]


def find(case):
    """The row for a case, if there is one."""
    return next((row for row in TABLE if row.applies(case)), None)


def undocumented(page):
    """The rows that the page doesn't have, and the rows of the page that aren't here."""
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    documented, meant = set(rows) - {"where", "---"}, {row.where for row in TABLE}
    return sorted(documented ^ meant)
