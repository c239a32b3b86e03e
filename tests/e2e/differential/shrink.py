"""Makes a generated failure small: leaves out part by part what the failure doesn't need."""

import generated


def smallest(verdict, run_all, judge):
    """The smallest case found that fails in the same way. `run_all` maps `judge` over numbered cases."""
    while not verdict.passed and verdict.draft is not None:
        drafts = list(verdict.draft.smaller())
        pairs = [(generated.finish(draft), draft) for draft in drafts]
        smaller = (new for new in run_all(judge, enumerate(pairs)) if not new.passed and new.kind() == verdict.kind())
        found = next(smaller, None)
        if found is None:
            return verdict
        verdict = found
    return verdict
