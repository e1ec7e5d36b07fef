"""The flow of a study as lines for people, and as values for machines."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any, Final

from cinemyo.audit.balance import Account, Counts
from cinemyo.labels import DISPLAY

LEVELS: Final = tuple(field.name for field in fields(Counts))
COHORTS: Final = {"study": "Study", "external": "External cohort"}
WIDTH: Final = 46


def as_values(account: Account) -> dict[str, Any]:
    """The flow with every step, code and reason."""
    return asdict(account) | {"balanced": True}


def as_text(account: Account) -> str:
    """The flow as a table: a line per step and, under it, per code; patients are persons."""
    lines = [f"{'':<{WIDTH}}" + "".join(f"{level:>10}" for level in LEVELS)]
    for step in account.steps:
        lines.append("")
        lines.append(_line(f"{COHORTS[step.cohort]}, {step.name}: found", step.came))
        lines += [_line(f"  - {loss.code}", loss.counts) + f"  {loss.reason}" for loss in step.losses]
        lines.append(_line("  gone as a whole", step.gone))
        lines.append(_line("  stayed", step.stayed))
    lines += ["", *(_line(f"Analysed, {DISPLAY.get(name, name)}", own) for name, own in account.classes.items())]
    lines += ["", *_withdrawn(account), "Every step balances at every level."]
    return "\n".join(lines)


def _line(words: str, counts: Counts) -> str:
    cells = (getattr(counts, level) for level in LEVELS)
    return f"{words[:WIDTH]:<{WIDTH}}" + "".join(f"{'' if cell is None else cell:>10}" for cell in cells)


def _withdrawn(account: Account) -> Iterator[str]:
    told = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in account.withdrawn.items())
    yield f"Patients who left the study, refused at ingest: {told or 'none'}."
