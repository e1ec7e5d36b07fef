"""Which stage made what out of what: the lock of the pipeline and the provenance of its stages as one graph."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinemyo.audit.pipeline import CODE, read_yaml
from cinemyo.errors import AuditError
from cinemyo.record.lineage import stage_names


@dataclass(frozen=True)
class Artefact:
    """A file or folder as a stage left or read it; a hash that nobody recorded is None."""

    path: str
    sha256: str | None
    md5: str | None
    bytes: int | None = None
    files: int = 1


@dataclass(frozen=True)
class Activity:
    """A stage as it last ran."""

    stage: str
    command: str
    params: Mapping[str, Any]
    """The slice of `params.yaml` that the stage hangs on, by dotted key."""
    params_digest: str | None
    code_digest: str | None
    code: tuple[Artefact, ...]
    inputs: tuple[Artefact, ...]
    outputs: tuple[Artefact, ...]


@dataclass(frozen=True)
class Graph:
    """The stages that have run, in the order of the pipeline, and the names of those that have not."""

    activities: Mapping[str, Activity]
    not_run: tuple[str, ...] = ()

    def makers(self, path: str) -> list[str]:
        """Stages that made a file or folder, the folder around it, or something in it."""
        return [name for name, own in self.activities.items() if any(touch(path, out.path) for out in own.outputs)]

    def recorded(self, path: str) -> Artefact | None:
        """The output that a path is, or the innermost output that it lies in."""
        around = [out for own in self.activities.values() for out in own.outputs if inside(path, out.path)]
        return max(around, key=lambda out: len(out.path), default=None)

    def ancestors(self, path: str, *, keep: Callable[[str], bool] = lambda stage: True) -> list[str]:
        """Stages that a path comes from, its own first, each before what it reads; `keep` may leave stages out."""
        found = self._reached(self.makers(path), step=self._before, keep=keep)
        return [name for name in reversed(list(self.activities)) if name in found]

    def descendants(self, path: str) -> list[str]:
        """Stages that read a path, or read what was made of it, in the order of the pipeline."""
        first = [name for name, own in self.activities.items() if any(touch(path, item.path) for item in own.inputs)]
        found = self._reached(first, step=self._after, keep=lambda stage: True)
        return [name for name in self.activities if name in found]

    def _before(self, stage: str) -> list[str]:
        return [name for item in self.activities[stage].inputs for name in self.makers(item.path) if name != stage]

    def _after(self, stage: str) -> list[str]:
        made = [out.path for out in self.activities[stage].outputs]
        return [
            name
            for name, own in self.activities.items()
            if name != stage and any(touch(item.path, out) for item in own.inputs for out in made)
        ]

    @staticmethod
    def _reached(first: list[str], *, step: Callable[[str], list[str]], keep: Callable[[str], bool]) -> set[str]:
        found: set[str] = set()
        waiting = list(first)
        while waiting:
            name = waiting.pop()
            if name in found or (name not in first and not keep(name)):
                continue
            found.add(name)
            waiting += step(name)
        return found


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(f"{folder}/")


def touch(one: str, other: str) -> bool:
    """Whether one path is the other, or lies in it."""
    return inside(one, other) or inside(other, one)


def read_graph(base: Path = Path(), *, provenance: Path) -> Graph:
    """The graph of the stages that `dvc.yaml` and `params.yaml` define now; `provenance` is the study's folder of it.

    Raises:
        AuditError: no pipeline here, or none of its stages has run.
    """
    pipeline, params = _yaml(base / "dvc.yaml"), _yaml(base / "params.yaml")
    locked = _yaml(base / "dvc.lock")["stages"]
    names = stage_names(pipeline, params=params)
    activities = {name: _activity(name, locked[name], provenance=provenance) for name in names if name in locked}
    if not activities:
        raise AuditError("dvc.lock", expected="a stage that has run", got="none", remedy="run `make repro`")
    return Graph(activities, tuple(name for name in names if name not in locked))


def _activity(name: str, stage: Mapping[str, Any], *, provenance: Path) -> Activity:
    told = _told(provenance / f"{name.replace('@', '.')}.json")
    known: dict[str, str] = {**told.get("inputs", {}), **told.get("outputs", {})}
    deps, outs = stage.get("deps") or (), stage.get("outs") or ()
    read = {item["path"]: _artefact(item, known=known) for item in deps}
    made = {item["path"]: _artefact(item, known=known) for item in outs}
    # a stage may tell the files of a folder one by one, and files that it read below what the lock lists
    inputs = read | {path: Artefact(path, digest, None) for path, digest in told.get("inputs", {}).items()} | read
    command = stage["cmd"] if isinstance(stage["cmd"], str) else " && ".join(stage["cmd"])
    return Activity(
        stage=name,
        command=command,
        params={key: value for values in (stage.get("params") or {}).values() for key, value in values.items()},
        params_digest=told.get("params"),
        code_digest=told.get("code"),
        code=tuple(item for path, item in read.items() if path.startswith(CODE)),
        inputs=tuple(item for path, item in inputs.items() if not path.startswith(CODE)),
        outputs=tuple(_single(made, told=told.get("outputs", {}))),
    )


def _single(made: Mapping[str, Artefact], *, told: Mapping[str, str]) -> Iterator[Artefact]:
    yield from made.values()
    for path, digest in told.items():
        if path not in made and any(inside(path, out) for out in made):
            yield Artefact(path, digest, None)


def _artefact(item: Mapping[str, Any], *, known: Mapping[str, str]) -> Artefact:
    path = str(item["path"])
    return Artefact(path, known.get(path), item.get("md5"), item.get("size"), item.get("nfiles", 1))


def _told(path: Path) -> dict[str, Any]:
    """The provenance that a stage left; nothing for a stage that leaves none."""
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        remedy = "run the stage again; `cinemyo audit verify` names what was changed"
        raise AuditError(path.as_posix(), expected="the provenance of a stage", got="no JSON", remedy=remedy) from None
    return found


def _yaml(path: Path) -> Any:
    if not path.is_file():
        remedy = "run `make repro`" if path.name == "dvc.lock" else "run this in the root of the project"
        raise AuditError(path.name, expected="a file", got="none", remedy=remedy)
    return read_yaml(path)
