"""Tags by which a run of the tracking store leads to its lineage and back: what stood in the lock and in the ledger.

They follow the newest recording and make no run another run: equal results under a new lock are the same run.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from cinemyo.provenance import digest_of

SEAL: Final = Path("audit") / "ledger.head"
"""Where the ledger says how many records it has, and the hash of the last."""
NONE: Final = "none"
LEDGER_HEAD: Final = "ledger_head"
"""The tag of a run that says at which head of the ledger it was recorded."""
LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where there is one: a lock of some hundred kilobytes then reads in a tenth of a second."""


def pointers(base: Path, *, made: Iterable[Path]) -> dict[str, str]:
    """The head of the ledger, and one digest of what the lock says of files and of all that they came from."""
    paths = [path.relative_to(base).as_posix() for path in made]
    return {LEDGER_HEAD: ledger_head(base), "dvc_lock": lock_digest(locked(base), paths=paths)}


def ledger_head(base: Path) -> str:
    """The hash of the last record of the ledger, as it was before this run is taken into it; `none` without one."""
    try:
        return str(json.loads((base / SEAL).read_bytes())["hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return NONE


def locked(base: Path) -> Mapping[str, Any]:
    """The stages of `dvc.lock`; none where there is no lock."""
    path = base / "dvc.lock"
    if not path.is_file():
        return {}
    stages: Mapping[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER).get("stages", {})
    return stages


def lock_digest(stages: Mapping[str, Any], *, paths: Iterable[str]) -> str:
    """SHA-256 of the entries of all stages that files came from; the same before and after later stages have run."""
    found = upstream(stages, paths=paths)
    return digest_of({name: stages[name] for name in sorted(found)}) if found else NONE


def upstream(stages: Mapping[str, Any], *, paths: Iterable[str]) -> set[str]:
    """Names of the stages that made files, and of those that made what these read."""
    outs = [(name, str(out["path"])) for name, stage in stages.items() for out in stage.get("outs", ())]
    found: set[str] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        new = {name for name, out in outs if _touch(path, out)} - found
        found |= new
        waiting += [str(item["path"]) for name in new for item in stages[name].get("deps", ())]
    return found


def _touch(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
