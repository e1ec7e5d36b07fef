"""What an arm answers where the preparation of a test cine was put off, by the model that did not train on it."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.errors import TableError, TrainingError
from cinemyo.labels import CLASSES, PHASES
from cinemyo.layout import Layout
from cinemyo.measures import PREPARATIONS, robustness
from cinemyo.preparation.canvas import Region
from cinemyo.training.answer import fold_probabilities
from cinemyo.trials.put_off import Crops, Subject, preparations

TOLERANCE: Final = 1e-5
"""Of a probability: what the order of sums may change."""


def answers_put_off(params: Params, *, name: str, layout: Layout) -> pd.DataFrame:
    """The table `measures.robustness` of an arm: a row per labelled test cine and preparation.

    Raises:
        TrainingError: the preparation as it is does not give the probabilities that training wrote.
        TableError, SourceError, WeightsError: a table, canvas, image or model of an earlier stage is absent.
    """
    arm = params.arms[name]
    recorded = tables.read(layout.predictions(name), table=tables.predictions(arm.target))
    tested = recorded[(recorded["set"] == "test") & recorded["truth"].notna()]
    known = subjects(layout, recipe=arm.recipe, cine_ids=tested["cine_id"].tolist())
    rows: list[dict[str, Any]] = []
    for fold in sorted(set(tested["fold"].astype(int))):
        own = tested[tested["fold"] == fold]
        crops = {
            cine: preparations(known[cine], arm=arm, recipe=params.recipes[arm.recipe], settings=params.robustness)
            for cine in own["cine_id"]
        }
        found = _answers(layout, name=name, arm=arm, fold=fold, crops=crops)
        _refuse_other_answers(own, found=found, arm=arm, where=f"arm {name}, fold {fold}")
        truths = dict(zip(own["cine_id"], own["truth"], strict=True))
        rows += [
            {"cine_id": cine, "fold": fold, "preparation": preparation, "truth": truths[cine], **_columns(shares, arm)}
            for (cine, preparation), shares in found.items()
        ]
    return tables.from_rows(rows, table=robustness(arm.target))


def subjects(layout: Layout, *, recipe: str, cine_ids: Sequence[str]) -> dict[str, Subject]:
    """The cines as they were prepared by a recipe.

    Raises:
        TableError: a table is absent, or does not know a cine.
    """
    folder = layout.prepared(recipe)
    sheets = {
        "cines": tables.read(layout.cines, table=tables.CINES),
        "prepared": tables.read(folder / "prepared.csv", table=tables.PREPARED),
        "phases": tables.read(layout.phases, table=tables.PHASE_TABLE),
        "regions": tables.read(layout.regions, table=tables.REGIONS),
    }
    rows: dict[str, Mapping[Any, Any]] = {
        name: sheet.set_index("cine_id").to_dict("index") for name, sheet in sheets.items()
    }
    absent = [cine for cine in cine_ids if any(cine not in sheet for sheet in rows.values())]
    if absent:
        got = f"{len(absent)} absent, first {absent[0]}"
        raise TableError(str(folder), expected="prepared cines", got=got, remedy="run the stages locate and prepare")
    return {
        cine: Subject(
            canvas=folder / f"{cine}.tif",
            image=layout.ingested / f"{cine}.mha",
            region=Region(**{field.name: float(rows["regions"][cine][field.name]) for field in fields(Region)}),
            centre=(float(rows["prepared"][cine]["centre_row_px"]), float(rows["prepared"][cine]["centre_column_px"])),
            pixel_mm=float(rows["prepared"][cine]["pixel_mm"]),
            n_frames=int(rows["cines"][cine]["n_frames"]),
            frames={phase: int(rows["phases"][cine][f"{phase}_index"]) for phase in PHASES},
        )
        for cine in cine_ids
    }


def _answers(
    layout: Layout, *, name: str, arm: Arm, fold: int, crops: Mapping[str, Crops]
) -> dict[tuple[str, str], Float[np.ndarray, " class"]]:
    """Probabilities by cine and preparation; the preparations in their order, as it is first."""
    keys = [(cine, name) for name in PREPARATIONS for cine, own in crops.items() if name in own]
    images = torch.from_numpy(np.stack([crops[cine][preparation] for cine, preparation in keys]))
    found = fold_probabilities(layout, name=name, arm=arm, fold=fold, crops=images)
    return dict(zip(keys, found.numpy(), strict=True))


def _refuse_other_answers(
    recorded: pd.DataFrame, *, found: Mapping[tuple[str, str], Float[np.ndarray, " class"]], arm: Arm, where: str
) -> None:
    columns = [f"p_{label}" for label in CLASSES[arm.target]]
    for cine, shares in zip(recorded["cine_id"], recorded[columns].to_numpy(float), strict=True):
        away = float(np.abs(found[cine, "as_is"] - shares).max())
        if away > TOLERANCE:
            raise TrainingError(
                where,
                expected=f"the recorded probabilities of {cine} within {TOLERANCE:g}",
                got=f"others by {away:.2g}",
                remedy="run the stages prepare and train of this arm again, on one kind of machine",
            )


def _columns(shares: Float[np.ndarray, " class"], arm: Arm) -> dict[str, float]:
    # beyond the sixth digit the order of a sum speaks, not the model
    return {f"p_{label}": round(float(share), 6) for label, share in zip(CLASSES[arm.target], shares, strict=True)}
