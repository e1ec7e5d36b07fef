"""The winner of a sweep as a file of `conf/arm/`: its differences from the study's base, and on what it was chosen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from cinemyo import tables
from cinemyo.arm_files import arm_text, differences
from cinemyo.config import Arm, Selected
from cinemyo.errors import ConfigError
from cinemyo.sweeping.job import told
from cinemyo.sweeping.ranking import RANKING

Options = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By group (`backbone`) and name (`vgg16`): the values of a file of `conf/`."""


def winner(asked: str, *, folder: Path) -> dict[str, Any]:
    """The ranked job of that key (or the start of one), name or rank; `best` is rank 1.

    Raises:
        ConfigError: none or several are called so.
    """
    ranked = tables.read(folder / "ranking.csv", table=RANKING)
    ranked = ranked[ranked["rank"].notna()]
    wanted = "1" if asked == "best" else asked
    is_it = (ranked["rank"].astype(str) == wanted) | (ranked["name"] == asked)
    if len(asked) >= 6:
        is_it |= ranked["key"].str.startswith(asked)
    found = ranked[is_it]
    if len(found) != 1:
        got = f"{len(found)} called {asked!r}"
        remedy = f"take a key of {(folder / 'ranking.csv').as_posix()}"
        raise ConfigError("promote", expected="one ranked job", got=got, remedy=remedy)
    row = found.iloc[0]
    rivals = ranked[(ranked["target"] == row["target"]) & (ranked["scheme"] == row["scheme"])]
    return {**told(folder / row["key"] / "job.json"), **_standing(row, rivals=rivals)}


def _standing(row: pd.Series, *, rivals: pd.DataFrame) -> dict[str, Any]:
    return {"rank": int(row["rank"]), "rivals": len(rivals), "accuracy": float(row["validation_accuracy"])}


def promoted(job: Mapping[str, Any], *, parts: tuple[int, ...]) -> Arm:
    """The arm of a job, which says on which parts of which folds it was chosen."""
    selected = Selected(by=f"sweep, job {job['key']}", parts=parts, folds=job["folds"])
    return Arm.model_validate(job["arm"]).model_copy(update={"selected_on": selected})


def arm_file(arm: Arm, *, base: Arm, options: Options, said: str) -> str:
    """The text of the file: what is said of the arm, the parts of `conf/` nearest to it, and what differs from them.

    Where a whole file of a group is as near as what the base has, the base's is kept.
    """
    own, old = arm.model_dump(mode="json"), base.model_dump(mode="json")
    chosen = {group: _nearest(own[group], old=old, group=group, files=files) for group, files in options.items()}
    start = {**old, **{group: values for group, (_, values) in chosen.items()}}
    return arm_text(own, start=start, groups={group: name for group, (name, _) in chosen.items() if name}, said=said)


def said_of(job: Mapping[str, Any]) -> str:
    """What the file says first: which job, on which folds, by which figure."""
    parts = "validation part" if job["arm"]["scheme"] == "paper_holdout" else "validation parts of the inner folds"
    return (
        f"Promoted by `python -m pipelines.promote`: rank {job['rank']} of {job['rivals']}, job {job['key']}\n"
        f"({job['name']}).\n"
        f"Chosen by accuracy {job['accuracy']:.4f} on the {parts} of scheme {job['arm']['scheme']};\n"
        f"no test part and no hold-out was read. SHA-256 of folds.csv: {job['folds'][:16]}."
    )


def _nearest(
    own: Mapping[str, Any], *, old: Mapping[str, Any], group: str, files: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Mapping[str, Any]]:
    """Name and values of the file from which the fewest values differ; no name where that is what the base has."""
    found: list[tuple[int, str, Mapping[str, Any]]] = [(_count(own, old[group]), "", old[group])]
    for name, values in sorted(files.items()):
        try:
            typed = Arm.model_validate({**old, group: values}).model_dump(mode="json")[group]
        except ValidationError:
            # such as a file that only fits another target
            continue
        found.append((_count(own, typed), name, typed))
    _, name, values = min(found, key=lambda item: item[0])
    return name, values


def _count(own: Mapping[str, Any], start: Mapping[str, Any]) -> int:
    """How many values differ; what a file cannot take away counts most."""
    lost = 1000 * sum(1 for key in _leaves(start) if key not in _leaves(own))
    return lost + len(_leaves(differences(own, start)))


def _leaves(values: Mapping[str, Any], *, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in values.items():
        found |= _leaves(value, prefix=f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key}
    return found
