"""The blinded reading set of a study, made from its files."""

from pathlib import Path

import numpy as np
import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.errors import ConfigError
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.labels import LEAKY_SCHEMES
from cinemyo.layout import Layout
from cinemyo.persons import read_links
from cinemyo.record.figures_cases import read_pairs
from cinemyo.record.reading_folder import item_png, write_folder
from cinemyo.record.reading_set import drawn, key_of, mixed, sequence


def export(
    folder: Path,
    *,
    params: Params,
    layout: Layout,
    count: int | None,
    rereadings: float,
    seed: int,
    mix: str | None,
) -> tuple[pd.DataFrame, Path]:
    """Writes the folder of a reading set and its key, and returns the key and its path.

    Cines are those that the primary arm, or the arm `mix`, answered in its test folds: the hold-out stays unseen, and
    readers see what the model saw.

    Raises:
        ConfigError: an arm or a number that cannot be.
        SetupError: the folder is there already.
        TableError: a table of the study is absent.
    """
    cines = tables.read(layout.cines, table=tables.CINES)
    scored = answered(params, layout=layout, cines=cines, name=mix or params.study.primary)
    generator = np.random.default_rng(seed)
    origins: dict[str, str] = {}
    if mix is None:
        chosen = drawn(scored.answers[["cine_id", "patient_id"]], count=count, generator=generator)
    else:
        candidates, controls = mixed(scored, cines=cines, count=count, generator=generator)
        origins = dict.fromkeys(candidates, "candidate") | dict.fromkeys(controls, "control")
        chosen = [*candidates, *controls]
    placed = sequence(chosen, rereadings=rereadings, generator=generator)
    key = key_of(placed, origins=origins)
    prepared = tables.read(layout.prepared(scored.arm.recipe) / "prepared.csv", table=tables.PREPARED)
    phases = tables.read(layout.phases, table=tables.PHASE_TABLE)
    pairs = read_pairs(chosen, arm=scored.arm, layout=layout, prepared=prepared, phases=phases)
    images = dict(zip(chosen, map(item_png, pairs), strict=True))
    return key, write_folder(folder, key=key, images=[images[cine] for cine, _ in placed])


def answered(params: Params, *, layout: Layout, cines: pd.DataFrame, name: str) -> Scored:
    """The arm of that name with its answers, checked against folds and labels.

    Raises:
        ConfigError: no such arm, or one of which no reader of the pathology could say anything.
    """
    arm = params.arms.get(name)
    if arm is None or not _is_readable(arm):
        fit = ", ".join(own for own, one in params.arms.items() if _is_readable(one)) or "which there is none"
        expected = f"an arm of the pathology, by patient and no control: {fit}"
        raise ConfigError("arm of the reading set", expected=expected, got=name, remedy="name one with --mix")
    prepared = tables.read(layout.prepared(arm.recipe) / "prepared.csv", table=tables.PREPARED)
    return score(
        tables.read(layout.predictions(name), table=tables.predictions(arm.target)),
        name=name,
        arm=arm,
        folds=tables.read(layout.folds, table=tables.FOLDS),
        cines=cines,
        labels=tables.read(layout.labels, table=tables.LABELS),
        prepared=set(prepared["cine_id"]),
        seed=params.seed,
        links=read_links(params.split.links),
    )


def _is_readable(arm: Arm) -> bool:
    """Whether readers can be held against the arm: same target, same heart, no patient in training."""
    is_control = arm.labels == "permuted" or arm.hidden_radius_px is not None
    return arm.target == "pathology" and arm.scheme not in LEAKY_SCHEMES and not is_control
