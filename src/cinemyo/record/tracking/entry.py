"""What a run of the tracking store holds, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cinemyo.provenance import digest_of, sha256


@dataclass(frozen=True)
class Metric:
    """One value of a curve; step 0 for a single figure."""

    key: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class Data:
    """A file that a run read: its path from the project's root, and its SHA-256."""

    path: str
    digest: str
    context: str


@dataclass(frozen=True)
class Entry:
    """A run to record: an arm, or one fold of it. `files` maps a name in the run to a file of the project."""

    study: str
    arm: str
    fold: int | None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Metric] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)
    """JSON values to keep as files."""
    data: Sequence[Data] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags that do not make a run another run, such as the commit."""
    pointers: Mapping[str, str] = field(default_factory=dict)
    """Tags that follow the newest recording, also on a run that is there already."""
    children: Sequence["Entry"] = ()

    @property
    def name(self) -> str:
        """`dual`, or `dual fold 3`."""
        return self.arm if self.fold is None else f"{self.arm} fold {self.fold}"

    @property
    def content(self) -> str:
        """SHA-256 of all that the run and its folds hold: the identity of the run, with study, arm and fold."""
        values = {
            "params": dict(self.params),
            "metrics": [(metric.key, metric.value, metric.step) for metric in self.metrics],
            "files": {name: sha256(path) for name, path in self.files.items()},
            "documents": dict(self.documents),
            "data": [(item.path, item.digest, item.context) for item in self.data],
            "children": [child.content for child in self.children],
        }
        return digest_of(values)

    @property
    def identity(self) -> dict[str, str]:
        """The tags by which the run is found again."""
        fold = "all" if self.fold is None else str(self.fold)
        return {"study": self.study, "arm": self.arm, "fold": fold, "content": self.content}
