"""What is expected of ours in a case, and whether it did that."""

from dataclasses import dataclass

import meant
from model import Case, Draft
from programs import AWS_CLI, GO, NAMES, OURS


@dataclass
class Verdict:
    case: Case
    draft: Draft | None
    number: int
    results: dict
    by_rule: str | None  # the signer that the rule demands, or nobody
    expected: str | None  # the same, but for what differs on purpose

    @property
    def row(self):
        return meant.find(self.case, self.results)

    @property
    def passed(self):
        ours = self.results[OURS]
        return ours.signer == self.expected and not ours.faults

    @property
    def differs(self):
        """Whether ours is meant to differ here from the rule."""
        return self.row is not None and self.expected != self.by_rule

    def kind(self):
        """What a smaller case must have in common with this one."""
        ours = self.results[OURS]
        return ours.faults, self.expected is None, ours.signer is None, self.results[AWS_CLI].signer is None

    def described(self):
        lines = [f"--- {self.case.name}" + (f" (metadata {self.case.metadata})" if self.case.metadata != "on" else "")]
        for name, text in self.case.files.items():
            lines.append(f"{name}:" + ("" if text is not None else " a directory"))
            lines += [f"    {ascii(line)[1:-1]}" for line in (text or "").splitlines(keepends=False)]
            if text and any(mark in text for mark in "\r\f\v\u0085\u2028"):
                lines.append(f"    (as one string: {ascii(text)})")
        lines += [f"{name} has the mode {mode:03o}" for name, mode in self.case.modes.items()]
        lines += [f"variable {name}={ascii(value)[1:-1]}" for name, value in self.case.variables.items()]
        for name in NAMES:
            result = self.results[name]
            lines.append(f"=> {name} ({result.seconds:.1f} s): {ascii(str(result))[1:-1][:500]}")
            lines += [f"       {ascii(call)[1:-1]}" for call in result.calls]
        lines += [f"=> ours broke a promise: {fault}" for fault in self.results[OURS].faults]
        lines.append(f"=> expected: {self.expected or 'refused'}" + (f" ({self.row.where})" if self.row else ""))
        return "\n".join(lines)


def of(bench, number, case, draft):
    results = {name: bench.run(name, case, number) for name in NAMES}
    expected = by_rule = results[AWS_CLI].signer or results[GO].signer
    row = meant.find(case, results)
    if row and row.serves is None:
        expected = None
    elif row and row.serves in NAMES:
        expected = results[row.serves].signer
    elif row:  # as the others with other files or variables
        read = row.serves(case)
        signers = (results[OURS].signer if name == OURS else bench.run(name, read, number).signer for name in row.order)
        expected = next(filter(None, signers), None)
    return Verdict(case, draft, number, results, by_rule, expected)
