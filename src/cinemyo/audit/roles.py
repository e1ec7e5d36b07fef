"""What a patient was to each fit: trained on, chosen by, tested on, or held out."""

from collections.abc import Mapping
from typing import Final

from cinemyo.audit.who import Person
from cinemyo.config import Params
from cinemyo.folds import fold_count
from cinemyo.labels import Scheme
from cinemyo.layout import Layout
from cinemyo.schema import read_text

Roles = Mapping[str, Mapping[int, str]]
"""By arm and fold."""
ORDER: Final = ("train", "validation", "test", "holdout")
"""The first that holds for any cine of the patient is the patient's."""
CONTAINS: Final = ("train", "validation")
"""Roles by which a model hangs on the patient."""


def roles_of(person: Person, *, params: Params, layout: Layout) -> Roles:
    """The role of a patient in every fit; an arm whose split does not hold the patient is left out."""
    if not layout.folds.is_file():
        return {}
    folds = read_text(layout.folds)
    own = folds[folds["cine_id"].isin(person.cines)]
    found: dict[str, dict[int, str]] = {}
    for name, arm in params.arms.items():
        parts = {str(part) for part in own["part"][own["scheme"] == arm.scheme]}
        if parts:
            count = fold_count(folds, scheme=arm.scheme)
            found[name] = {fold: _role(parts, fold=fold, count=count, scheme=arm.scheme) for fold in range(count)}
    return found


def _role(parts: set[str], *, fold: int, count: int, scheme: Scheme) -> str:
    roles = {role_in(part, fold=fold, count=count, scheme=scheme) for part in parts}
    return min(roles, key=ORDER.index)


def role_in(part: str, *, fold: int, count: int, scheme: Scheme) -> str:
    """What a cine of one part is to the model of one fold."""
    if not part.isdigit():
        return part
    if int(part) == fold:
        return "test"
    return "validation" if scheme == "honest" and int(part) == (fold + 1) % count else "train"


def is_in(roles: Mapping[int, str]) -> bool:
    """Whether anything of an arm hangs on the patient: whoever is held out went into none of its fits or answers."""
    return any(role != "holdout" for role in roles.values())
