"""What `dvc.lock` says of the stages that are defined now: outputs, and what each was made from."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from cinemyo.config import Params
from cinemyo.errors import AuditError
from cinemyo.provenance import digest_of
from cinemyo.record.lineage import stage_names
from cinemyo.record.pointers import LOADER

CODE: Final = ("src/", "pipelines/")
"""Where dependencies lie that are code."""


@dataclass(frozen=True)
class Stage:
    """One stage as it last ran."""

    name: str
    inputs: Mapping[str, str]
    """MD5 by path, without the code."""
    code: Mapping[str, str]
    """MD5 by path."""
    params: Mapping[str, Any]
    outs: Mapping[str, str]
    """MD5 by path."""
    context: str = field(repr=False)
    """One digest of command, inputs, code and params: what the outputs were made under."""


def locked(params: Params, *, base: Path = Path()) -> list[Stage]:
    """The stages of `dvc.yaml` for these params that have run, in their order; none without a lock.

    Raises:
        AuditError: one of the two cannot be read.
    """
    files = [base / "dvc.yaml", base / "dvc.lock"]
    if not all(path.is_file() for path in files):
        return []
    pipeline, lock = (read_yaml(path) for path in files)
    try:
        stages = lock.get("stages", {})
        names = stage_names(pipeline, params=params.model_dump(mode="json"))
        return [_stage(name, stages[name]) for name in names if name in stages]
    except (AttributeError, KeyError, TypeError):
        raise _unreadable("dvc.lock", "other contents") from None


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, to be read alone: who asks for the same text again gets the same values.

    Raises:
        AuditError: it is no YAML.
    """
    try:
        return _values(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _unreadable(path.name, "a file that is no YAML") from None


@lru_cache(maxsize=4)
def _values(text: str) -> Any:
    return yaml.load(text, Loader=LOADER)


def _unreadable(where: str, got: str) -> AuditError:
    return AuditError(where, expected="what DVC wrote", got=got, remedy="bring it back with git")


def _stage(name: str, entry: Mapping[str, Any]) -> Stage:
    needed = {item["path"]: str(item.get("md5", "")) for item in entry.get("deps", ())}
    params = {key: value for values in entry.get("params", {}).values() for key, value in values.items()}
    return Stage(
        name,
        inputs={path: md5 for path, md5 in needed.items() if not path.startswith(CODE)},
        code={path: md5 for path, md5 in needed.items() if path.startswith(CODE)},
        params=params,
        outs={item["path"]: str(item.get("md5", "")) for item in entry.get("outs", ())},
        context=digest_of([entry.get("cmd"), needed, entry.get("params", {})]),
    )


def is_running(base: Path = Path()) -> bool:
    """Whether DVC is at work here: its lock may be behind the files until it is done."""
    path = base / ".dvc" / "tmp" / "rwlock"
    try:
        holders = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return any(_is_alive(pid) for pid in _pids(holders))


def _pids(value: Any) -> Iterator[int]:
    """Every `pid` within the lists and mappings of a lock."""
    if isinstance(value, dict):
        if isinstance(value.get("pid"), int):
            yield value["pid"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _pids(item)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
