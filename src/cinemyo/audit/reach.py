"""The cines behind a result, and the source files behind the cines."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cinemyo.audit.asked import Asked
from cinemyo.audit.roles import role_in
from cinemyo.audit.rows import cines_of, columns, source_rows
from cinemyo.config import Params
from cinemyo.folds import fold_count
from cinemyo.layout import Layout


@dataclass(frozen=True)
class Reach:
    """Cines and source files that a result comes from."""

    cines: pd.DataFrame
    """`cine_id`, `patient_id`, `series_id` and `digest`, which is the SHA-256 of the pixels."""
    sources: pd.DataFrame
    """`file` and `digest`, keyed hashes of name and bytes, `bytes`, and the cine that each file is in."""
    roles: Mapping[str, int]
    """Cines by what they were to the arm, or to the fold where one is named: train, validation, test, holdout."""


def reach_of(found: Asked, *, params: Params, layout: Layout, external: bool) -> Reach:
    """The cines behind what was asked, with their source files; both cohorts where the result has an external one."""
    cohorts = [layout, layout.external] if external else [layout]
    roles = _roles(found, params=params, layout=layout)
    cines = pd.concat([cines_of(own) for own in cohorts], ignore_index=True)
    if found.cine_id:
        cines = cines[cines["cine_id"] == found.cine_id]
    elif roles is not None:
        used = roles.index[roles != "holdout"]
        known = set(used) | (set(cines_of(layout.external)["cine_id"]) if external else set())
        cines = cines[cines["cine_id"].isin(known)]
    files = [source_rows(own, series=cines["series_id"].unique().tolist()) for own in cohorts]
    counted = {} if roles is None else {str(role): int(count) for role, count in roles.value_counts().items()}
    return Reach(cines, pd.concat(files, ignore_index=True), counted)


def _roles(found: Asked, *, params: Params, layout: Layout) -> pd.Series | None:
    """By cine, what it was to the arm; to the fold alone where one is named; None where no arm is."""
    if found.arm not in params.arms or not layout.folds.is_file():
        return None
    scheme = params.arms[found.arm].scheme
    folds = columns(layout.folds, ("scheme", "cine_id", "part"))
    own = folds[folds["scheme"] == scheme].set_index("cine_id")["part"]
    fold = found.fold
    if fold is None or not own.str.isdigit().any():
        return own.where(~own.str.isdigit(), "in the folds")
    count = fold_count(folds, scheme=scheme)
    return own.map(lambda part: role_in(part, fold=fold, count=count, scheme=scheme))
