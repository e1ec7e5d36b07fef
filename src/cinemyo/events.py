"""Who ran what, when: a file per run of a stage or command, which the audit takes into its ledger later.

Stages never write to the ledger; what they leave here holds no name of a patient, no argument and no path.
"""

import getpass
import hashlib
import json
import os
import platform
import secrets
from collections.abc import Iterator
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


@contextmanager
def recorded(kind: Literal["stage", "command"], name: str, *, base: Path = Path()) -> Iterator[None]:
    """Leaves a file at the start of a run and completes it at its end with the outcome: `done` or `failed`.

    A file without an end belongs to a run that was killed, or that still goes on.

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
    _write(path, event)
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        _write(path, {**event, "ended": _now(), "outcome": outcome})


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
    found = {f"{item.name.lower()}=={item.version}" for item in metadata.distributions() if item.name}
    lines = [platform.python_implementation(), platform.python_version(), *sorted(found)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


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
