"""The arm of a trial as a file of `conf/arm/`: its differences from the study's base, and on what it was chosen."""

from collections.abc import Mapping

from cinemyo.arm_files import arm_text
from cinemyo.config import Arm, Selected
from cinemyo.errors import ConfigError
from cinemyo.provenance import sha256
from cinemyo.tuning.search import Tuning, best
from cinemyo.tuning.space import arm_of
from cinemyo.tuning.study import Study, Told


def chosen(study: Study, *, number: int | None) -> Told:
    """The complete trial of that number, or the best one by the first objective.

    Raises:
        ConfigError: there is none.
    """
    complete = {trial.number: trial for trial in study.settled() if trial.state == "complete"}
    found = best(study) if number is None else complete.get(number)
    if found is None:
        some = ", ".join(str(key) for key in complete) or "none"
        got = "no complete trial" if number is None else f"trial {number}"
        raise ConfigError("trial", expected=f"a complete trial ({some})", got=got, remedy="name one of these")
    return found


def promoted(tuning: Tuning, *, trial: Told) -> Arm:
    """The arm of a trial, which says that it was chosen on the parts that the search read."""
    selected = Selected(
        by=f"tune {tuning.folder.name}, trial {trial.number}",
        parts=tuning.basis.parts,
        folds=sha256(tuning.layout.folds),
    )
    return arm_of(tuning.base, search=tuning.search, point=trial.point).model_copy(update={"selected_on": selected})


def arm_file(arm: Arm, *, base: Arm, groups: Mapping[str, str], said: str) -> str:
    """The file: what is said of the arm, the base that it builds on, whole groups by name, other differences."""
    own, old = arm.model_dump(mode="json"), base.model_dump(mode="json")
    return arm_text(own, start={**old, **{group: own[group] for group in groups}}, groups=groups, said=said)


def said_of(tuning: Tuning, *, trial: Told) -> str:
    """What the file says first: which trial, on which folds, with which figures."""
    parts = ", ".join(str(part) for part in tuning.basis.parts)
    figures = ", ".join(f"{name} {trial.figures[name]:.4g}" for name in tuning.search.objectives)
    return (
        f"Promoted by `python -m pipelines.tune`: trial {trial.number} of the search {tuning.search.name}.\n"
        f"Chosen on parts {parts} of scheme {tuning.base.scheme}, inner validation: {figures}.\n"
        f"Part {tuning.basis.reserved} and the hold-out were not read; figures on the other parts flatter it."
    )
