"""What trained arms say of cines that no fold has seen: an opened hold-out, a supplementary cohort."""

from collections.abc import Sequence

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.folds import HOLDOUT, Unseen, fold_count, verify
from cinemyo.labels import CLASSES, Set
from cinemyo.layout import Layout
from cinemyo.training.answer import fold_probabilities
from cinemyo.training.data import load_crops


def holdout_answers(layout: Layout, *, name: str, arm: Arm) -> pd.DataFrame:
    """Predictions (set `holdout`) of every prepared cine of the hold-out by each fold of an arm, by fold and cine.

    Raises:
        SplitError: a patient of the hold-out is in a fold too.
        WeightsError: a model is absent, or that of another arm.
    """
    folds = tables.read(layout.folds, table=tables.FOLDS)
    verify(folds, cines=tables.read(layout.cines, table=tables.CINES))
    held = folds["cine_id"][(folds["scheme"] == arm.scheme) & (folds["part"] == HOLDOUT)]
    return _answers(layout, images=layout, name=name, arm=arm, cine_ids=held.tolist(), side="holdout")


def external_answers(layout: Layout, *, name: str, arm: Arm, links: pd.DataFrame | None) -> pd.DataFrame:
    """Predictions (set `external`) of every prepared cine of the supplementary cohort by each fold of an arm.

    Raises:
        SplitError: a person or pixels of the cohort are in the study too.
        WeightsError: a model is absent, or that of another arm.
    """
    cohort = Unseen.of(
        tables.read(layout.external.cines, table=tables.CINES),
        study=tables.read(layout.cines, table=tables.CINES),
        links=links,
    )
    return _answers(layout, images=layout.external, name=name, arm=arm, cine_ids=cohort.cines, side="external")


def _answers(
    layout: Layout, *, images: Layout, name: str, arm: Arm, cine_ids: Sequence[str], side: Set
) -> pd.DataFrame:
    """Rows by fold, cines in their order; `images` is where their canvases, phases and labels lie."""
    folds = tables.read(layout.folds, table=tables.FOLDS)
    labels = tables.read(images.labels, table=tables.LABELS)
    prepared = tables.read(images.prepared(arm.recipe) / "prepared.csv", table=tables.PREPARED)
    known = set(prepared["cine_id"])
    wanted = [cine for cine in cine_ids if cine in known]
    crops = load_crops(images, arm=arm, cine_ids=wanted)
    truths = labels.set_index("cine_id")[arm.target].reindex(wanted).to_numpy(object)
    parts = []
    for fold in range(fold_count(folds, scheme=arm.scheme)):
        shares = fold_probabilities(layout, name=name, arm=arm, fold=fold, crops=crops).numpy()
        part = pd.DataFrame(shares, columns=[f"p_{label}" for label in CLASSES[arm.target]])
        parts.append(part.assign(cine_id=wanted, fold=fold, set=side, truth=truths))
    table = tables.predictions(arm.target)
    return tables.check(pd.concat(parts)[table.header], table=table, where=f"answers of {name}")
