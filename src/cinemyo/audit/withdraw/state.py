"""How far a withdrawal is, on the disk: killed at any moment, the same command goes on.

While it is unfinished the file holds the patient's codes, else what is left could not be found; it is readable by its
owner alone, and goes when all is done.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cinemyo.audit.withdraw.removal import Removal, Step
from cinemyo.errors import AuditError

FOLDER: Final = Path("audit") / "withdrawals"


@dataclass
class State:
    """A withdrawal that is under way."""

    certificate: str
    study: str
    refusals: list[str]
    patients: list[str]
    ids: list[str]
    reason: str
    role: str
    policy: str
    started: str
    contains: list[dict[str, str]]
    """Models and reports over all patients that the patient went into, with their SHA-256 at the start."""
    removed: list[dict[str, Any]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    """Commitments of the ledger whose contents were deleted."""
    pending: dict[str, str] = field(default_factory=dict)
    """What could not be reached yet, and why."""

    def note(self, removals: list[Removal], *, base: Path) -> None:
        """Takes down what is about to go, before it goes."""
        known = {json.dumps(item, sort_keys=True) for item in self.removed}
        new = [item.values() for item in removals]
        self.removed += [item for item in new if json.dumps(item, sort_keys=True) not in known]
        self.save(base)

    def carry_out(self, steps: Iterable[Step], *, base: Path) -> None:
        """Takes down all that goes, then lets it go, step by step."""
        planned = list(steps)
        self.note([step.removal for step in planned], base=base)
        for step in planned:
            step.do()

    def removals(self) -> list[Removal]:
        """What went so far."""
        return [Removal(**item) for item in self.removed]

    def save(self, base: Path) -> None:
        """Writes the state, whole or not at all."""
        path = _path(base, self.certificate)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        handle = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def close(self, base: Path) -> None:
        """Deletes the state: all is done."""
        path = _path(base, self.certificate)
        path.with_suffix(".draft").unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def unfinished(base: Path) -> list[State]:
    """Withdrawals that are under way, the oldest first."""
    found = [State(**json.loads(path.read_text("ascii"))) for path in sorted((base / FOLDER).glob("*.json"))]
    return sorted(found, key=lambda state: state.started)


def new_certificate() -> str:
    """The id of a certificate: a day and a random number, which tells nobody."""
    return f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"


def now() -> str:
    """The present, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@contextmanager
def alone(base: Path) -> Iterator[None]:
    """Lets one withdrawal or disposal work at a time; a lock dies with its process.

    Raises:
        AuditError: another one is at work.
    """
    folder = base / FOLDER.parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".withdrawal.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            remedy = "wait until it has ended, then run this again"
            raise AuditError("withdraw", expected="no other withdrawal at work", got="one", remedy=remedy) from None
        yield


def _path(base: Path, certificate: str) -> Path:
    return base / FOLDER / f"{certificate}.json"
