"""Who ran what, when: a file per run of a stage or command, which the audit takes into its ledger later.

Stages never write to the ledger; what they leave here holds no name of a patient, no argument and no path.
"""

import fcntl
import getpass
import hashlib
import json
import os
import platform
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Literal

from cinemyo import tables
from cinemyo.commit import git_commit
from cinemyo.errors import SetupError

FOLDER: Final = Path("audit") / "events"
AGENT_VARIABLE: Final = "CINEMYO_AGENT"
"""Names the person or service that runs cinemyo, where the name of the account should not stand in the ledger."""
_NAME: Final = re.compile(r"^Name:[ \t]*(.*?)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_VERSION: Final = re.compile(r"^Version:[ \t]*(.*?)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)


@contextmanager
def recorded(kind: Literal["stage", "command"], name: str, *, base: Path = Path()) -> Iterator[None]:
    """Leaves a file at the start of a run and completes it at its end with the outcome: `done` or `failed`.

    A file without an end belongs to a run that was killed, or that still goes on: then its first file is locked.

    Raises:
        SetupError: the folder of the events cannot be written; nothing runs unrecorded.
    """
    started = _now()
    event = {
        "kind": kind,
        "name": name,
        "agent": agent(),
        "commit": git_commit(base),
        "environment": environment(),
        "started": started,
        "ended": None,
        "outcome": None,
    }
    path = base / FOLDER / f"{started.replace(':', '')}-{secrets.token_hex(4)}.json"
    starting = path.with_suffix(".starting")
    _write(starting, event)
    outcome = "failed"
    with starting.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        starting.replace(path)
        try:
            yield
            outcome = "done"
        finally:
            _write(path, {**event, "ended": _now(), "outcome": outcome})


def left(base: Path = Path()) -> list[tuple[str, dict[str, Any]]]:
    """Name and content of what runs left that have ended, in order of their start; of a killed one, `ended` is None.

    A run that still goes on is passed over. A file that is no event is told as one without a name.
    """
    found = ((path, _ended(path)) for path in sorted((base / FOLDER).glob("*.json")))
    return [(path.stem, event) for path, event in found if event is not None]


def running(base: Path = Path()) -> list[dict[str, Any]]:
    """The start of each run that still goes on, in their order."""
    return [_read(path) for path in sorted((base / FOLDER).glob("*.json")) if _ended(path) is None]


def remove(names: Iterable[str], *, base: Path = Path()) -> None:
    """Removes files of events that the ledger holds."""
    for name in names:
        (base / FOLDER / f"{name}.json").unlink(missing_ok=True)


def _ended(path: Path) -> dict[str, Any] | None:
    """An event whose run goes on no more, else None."""
    event = _read(path)
    if event.get("ended"):
        return event
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return None
    # the run may have ended in between
    return _read(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"kind": "command", "name": "", "outcome": "unreadable"}


def agent() -> str:
    """Who runs this: what CINEMYO_AGENT says, else the name of the account."""
    said = os.environ.get(AGENT_VARIABLE, "").strip()
    if said:
        return said
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # an account without a name
        return "unknown"


def environment() -> str:
    """SHA-256 of the interpreter's version and of every installed distribution with its version."""
    named = (_named(item) for item in metadata.distributions())
    found = {f"{name.lower()}=={version}" for name, version in named if name}
    lines = [platform.python_implementation(), platform.python_version(), *sorted(found)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _named(item: metadata.Distribution) -> tuple[str | None, str | None]:
    """Name and version of a distribution, from the lines of its metadata: to parse all of it takes fifty times longer.

    Source: importlib.metadata, `Distribution.metadata`
    """
    text = item.read_text("METADATA") or item.read_text("PKG-INFO") or item.read_text("") or ""
    head = text.partition("\n\n")[0]
    name, version = (pattern.search(head) for pattern in (_NAME, _VERSION))
    return name and name[1], version and version[1]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _write(path: Path, event: dict[str, Any]) -> None:
    try:
        tables.write_bytes(path, (json.dumps(event, indent=1) + "\n").encode())
    except OSError as error:
        raise SetupError(
            str(path.parent),
            expected="a folder that can be written: every run is recorded",
            got=str(error.strerror),
            remedy="free space or correct its mode",
        ) from None
