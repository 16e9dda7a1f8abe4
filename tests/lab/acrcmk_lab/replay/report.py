"""The report of a replay: a table, and one line of JSON for programs."""

import collections
import json
from collections.abc import Iterable

from acrcmk_lab.replay.runner import Result

COLUMNS = ("exchanges", "matched", "differing", "out of scope")


def counts(results: Iterable[Result]) -> dict[str, int]:
    """Return the totals over all recordings, by the names of the JSON line."""
    total = {"exchanges": 0, "matched": 0, "differing": 0, "out_of_scope": 0}
    for result in results:
        total["exchanges"] += len(result.outcomes)
        total["matched"] += result.count("matched")
        total["differing"] += result.count("differing")
        total["out_of_scope"] += result.count("out of scope")
    return total


def table(results: list[Result]) -> str:
    """Return one line per recording and one for all."""
    width = max([len(result.name) for result in results] + [len("total")])
    lines = [f"{'file':{width}}  " + "  ".join(f"{column:>12}" for column in COLUMNS)]
    rows = [(result.name, counts([result])) for result in results] + [("total", counts(results))]
    lines += [f"{name:{width}}  " + "  ".join(f"{number:>12}" for number in row.values()) for name, row in rows]
    return "\n".join(lines)


def details(result: Result) -> str:
    """Return the differences of a recording by exchange; "" if there are none."""
    lines = [f"  setup request refused: {text}" for text in result.refused]
    for outcome in result.outcomes:
        if outcome.differences:
            lines.append(f"  {outcome.exchange}")
            lines += [f"      {difference}" for difference in outcome.differences]
    return "\n".join([result.name, *lines]) if lines else ""


def reasons(results: Iterable[Result]) -> str:
    """Return why exchanges are out of scope, and how many for each reason; "" if none are."""
    numbers = collections.Counter(
        outcome.reason for result in results for outcome in result.outcomes if outcome.verdict == "out of scope"
    )
    return "\n".join(f"  {number} x {reason}" for reason, number in numbers.most_common())


def line(results: Iterable[Result]) -> str:
    """Return the last line: JSON."""
    return json.dumps(counts(results))
