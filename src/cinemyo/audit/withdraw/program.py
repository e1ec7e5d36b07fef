"""The project's own program that speaks to DVC, asked in a process of its own; `src` never imports dvc."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cinemyo.errors import AuditError

_PROGRAM: Final = "pipelines.purge"
_SECONDS: Final = 3600


@dataclass(frozen=True)
class Stores:
    """Where DVC keeps copies."""

    cache: Path
    remotes: tuple[str, ...]


def stores_of(base: Path) -> Stores | None:
    """The cache and the names of the remotes; None where the project has no DVC.

    Raises:
        AuditError: DVC does not answer.
    """
    if not (base / ".dvc").is_dir():
        return None
    told = asked(base, "list", {})
    return Stores(Path(told["cache"]).parent.parent, tuple(told["remotes"]))


@contextmanager
def stores_meanwhile(base: Path) -> Iterator[Callable[[], Stores | None]]:
    """Gives `stores_of`, asked from now on while other work goes on: DVC takes half a second to load."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(stores_of, base).result


def asked(base: Path, does: str, values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What the program answers.

    Raises:
        AuditError: it does not.
    """
    command = [sys.executable, "-m", _PROGRAM, does, *names]
    try:
        done = subprocess.run(
            command, cwd=base, input=json.dumps(values), capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        remedy = "install what the remote needs (`pip install dvc[...]`) and run the same command again"
        raise AuditError("DVC", expected="an answer", got="none", remedy=remedy) from None
    return found
