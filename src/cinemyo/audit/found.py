"""A file that a patient is in, and the part of the project in which it lies."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from cinemyo.audit.derived import How


@dataclass(frozen=True)
class Found:
    """A file that a patient is in."""

    path: str
    how: How
    """`carries`: it names the patient or holds their image; `derives`: it hangs on them; `tested`: a model that only
    answered them; `source`: a file that the study was made of."""
    place: str
    """Which part of the project: data, reports, cache, remote, tracking, sweep, work, audit, configuration, other."""
    rows: int | None = None
    """Of a table or text, those that name the patient."""
    stage: str = ""
    role: str = ""
    """In a fit: train, validation, test or holdout."""


def place_of(path: str) -> str:
    """The part of the project in which a path of the working tree lies."""
    parts = PurePosixPath(path).parts
    by_top = {"data": "data", "reports": "reports", "mlruns": "tracking", "outputs": "sweep", "multirun": "sweep"}
    by_top |= {".cache": "work", "audit": "audit", "conf": "configuration", ".dvc": "cache"}
    return by_top.get(parts[0], "other")
