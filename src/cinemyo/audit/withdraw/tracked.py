"""Runs of the tracking store that a patient went into: marked, and rid of what shows the patient."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.removal import Removal, Step
from cinemyo.audit.withdraw.workspace import Policy
from cinemyo.record.tracking import Run, experiments, runs_of
from cinemyo.record.tracking.removed import artifact, remove_artifact


@dataclass(frozen=True)
class Family:
    """A run of an arm with those of its folds, and the files of them that carry a code of the patient."""

    runs: tuple[Run, ...]
    carrying: tuple[tuple[str, str], ...]
    """Run id and name of the file."""


def families(study: str, *, ids: Ids, base: Path) -> list[Family]:
    """The runs of a study, of its sweeps and of its searches that a patient went into.

    Raises:
        SetupError: the store does not answer.
    """
    grouped: dict[str, list[Run]] = defaultdict(list)
    for run in runs_of(base):
        if run.experiment in experiments(study):
            grouped[run.tags.get("mlflow.parentRunId", run.run_id)].append(run)
    found = (Family(tuple(runs), tuple(_carrying(runs, ids=ids, base=base))) for runs in grouped.values())
    return [family for family in found if family.carrying]


def steps(found: Sequence[Family], *, policy: Policy, base: Path) -> Iterator[Step]:
    """Heat maps, models unless they are retained, and last what carries a code, by which the family is found again."""
    for family in found:
        last = set(family.carrying)
        pairs = [(run.run_id, name) for run in family.runs for name in run.files]
        for run_id, name in [pair for pair in pairs if _shows(pair[1], policy=policy) and pair not in last]:
            yield _step(run_id, name, base=base)
        for run_id, name in family.carrying:
            yield _step(run_id, name, base=base)


def _shows(name: str, *, policy: Policy) -> bool:
    return name.startswith("heat_maps/") or (name.startswith("model/") and policy != "retain")


def _carrying(runs: Sequence[Run], *, ids: Ids, base: Path) -> Iterator[tuple[str, str]]:
    for run in runs:
        for name in run.files:
            if ids.in_text(name) or ids.in_bytes(artifact(run.run_id, name, base=base)):
                yield run.run_id, name


def _step(run_id: str, name: str, *, base: Path) -> Step:
    digest = hashlib.sha256(artifact(run_id, name, base=base)).hexdigest()
    shown = Ids(frozenset()).masked(f"{run_id}/{name}")
    return Step(Removal("tracking store", shown, 1, 0, digest), partial(remove_artifact, run_id, name, base=base))
