"""Counts at every level of what came to a step, what left it and why, and what stayed; they add up or are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

from cinemyo.errors import TableError


@dataclass(frozen=True)
class Counts:
    """How many of each there are; None where a step does not count them."""

    patients: int | None = None
    exams: int | None = None
    series: int | None = None
    cines: int | None = None
    files: int | None = None


@dataclass(frozen=True)
class Loss:
    """What left at a step under one code, and why; a patient with cines left elsewhere is counted here too."""

    code: str
    reason: str
    counts: Counts


@dataclass(frozen=True)
class Step:
    """What came to a step, what left it, and what stayed; `gone` are those of whom nothing stayed."""

    cohort: str
    name: str
    came: Counts
    losses: tuple[Loss, ...]
    gone: Counts
    stayed: Counts

    def check(self) -> None:
        """Refuses counts that do not balance.

        Raises:
            TableError: naming the cohort, the step and the level.
        """
        for level in (field.name for field in fields(Counts)):
            came, gone, stayed = (getattr(own, level) or 0 for own in (self.came, self.gone, self.stayed))
            where = f"flow, {self.cohort}, {self.name}, {level}"
            remedy = "run the stages before it again (dvc repro)"
            if came != gone + stayed:
                raise TableError(where, expected=f"{came} = gone + stayed", got=f"{gone} + {stayed}", remedy=remedy)
            told = [getattr(loss.counts, level) or 0 for loss in self.losses]
            if level in ("cines", "files") and sum(told) != gone:
                raise TableError(where, expected=f"{gone} by code", got=str(sum(told)), remedy=remedy)


@dataclass(frozen=True)
class Account:
    """The flow of a study and of its external cohort."""

    arm: str
    scheme: str
    steps: tuple[Step, ...]
    classes: Mapping[str, Counts]
    """Of the analysed cines of the study, by class."""
    withdrawn: Mapping[str, int]
    """Patients who left the study, by reason: refused at ingest, so that their files count as excluded above."""


def refuse_gaps(steps: Sequence[Step], *, names: Sequence[str]) -> None:
    """Refuses steps of the study between which something came or went unnoticed.

    Raises:
        TableError: naming the step that took in other counts than the one before let go.
    """
    chain = [step for name in names for step in steps if (step.cohort, step.name) == ("study", name)]
    for before, after in pairwise(chain):
        if before.stayed != after.came:
            where, remedy = f"flow, {after.name}", "run the stages before it again (dvc repro)"
            expected = f"{before.stayed.cines} cines of {before.stayed.patients} patients, as after {before.name}"
            got = f"{after.came.cines} of {after.came.patients}"
            raise TableError(where, expected=expected, got=got, remedy=remedy)
