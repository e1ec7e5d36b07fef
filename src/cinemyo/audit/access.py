"""Who ran what, when: every run of a stage and of a command that the ledger holds, and those that still go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cinemyo import events
from cinemyo.audit.ledger import Record


@dataclass(frozen=True)
class Access:
    """One run; times as the clock of the machine told them."""

    started: str
    ended: str
    agent: str
    kind: str
    """`stage` or `command`."""
    name: str
    outcome: str
    """done, failed, killed, running."""
    commit: str
    """With `+` where code differed from it."""


def accesses(history: Sequence[Record], *, base: Path = Path()) -> list[Access]:
    """The runs in the order in which they were recorded; those that go on are last."""
    found = [
        _access(record.body, kind="stage" if record.kind == "activity" else "command")
        for record in history
        if record.kind in ("activity", "access")
    ]
    now = [{**event, "outcome": "running"} for event in events.running(base)]
    return found + [_access(event, kind=str(event.get("kind", "command"))) for event in now]


def as_text(found: Sequence[Access]) -> str:
    """A line per run, and their number."""
    lines = [
        f"{run.started[:19]:<19}  {run.agent:<16}  {run.kind:<7}  {run.name:<24}  {run.outcome:<7}  {run.commit[:12]}"
        for run in found
    ]
    agents = len({run.agent for run in found})
    return "\n".join([*(line.rstrip() for line in lines), f"{len(found)} runs by {agents} agents"])


def _access(body: object, *, kind: str) -> Access:
    values = body if isinstance(body, dict) else {}
    commit = str(values.get("commit") or "none")
    return Access(
        started=str(values.get("started") or ""),
        ended=str(values.get("ended") or ""),
        agent=str(values.get("agent") or "unknown"),
        kind=kind,
        name=str(values.get("name") or "?"),
        outcome=str(values.get("outcome")),
        commit=f"{commit}+" if values.get("dirty") else commit,
    )
