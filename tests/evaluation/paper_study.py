"""A made-up study of protocol `paper`: six folds by patient and by input, and the double split."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from cinemyo import config, tables
from cinemyo.config import Arm, Params
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.folds import fold_count, split_of
from cinemyo.labels import CLASSES
from cinemyo.splitting import assign
from tests.evaluation.example import ARM, history, params, study_tables
from tests.evaluation.made_up import evidence

FLAT = ARM["head"] | {"pool": "flatten"}
"""The head of the paper, which grows with the crop."""


def paper_params(*, study: str = "paper", **arms: dict[str, Any]) -> Params:
    """Parameters of protocol `paper` with these arms, of scheme `paper` unless they say otherwise."""
    values = params(study=study, synthetic=study != "paper").model_dump(mode="json")
    values["split"]["protocol"] = "paper"
    values["study"]["primary"] = next(iter(arms))
    values["arms"] = {name: ARM | {"scheme": "paper"} | changes for name, changes in arms.items()}
    return config.parse(values, where="example")


@cache
def paper_folds() -> pd.DataFrame:
    """The folds of protocol `paper` of the made-up cohort."""
    cines, labels, _ = study_tables()
    return assign(labels, cines=cines, split=paper_params(dual={}).split, seed=3)


def answers_of(arm: Arm, *, skill: float = 2.0, seed: int = 0) -> pd.DataFrame:
    """Predictions of an arm on the folds of its scheme; the true class has `skill` more logit than the others."""
    cines, labels, _ = study_tables()
    draw, classes, truths = np.random.default_rng(seed), CLASSES[arm.target], labels.set_index("cine_id")[arm.target]
    rows = []
    for fold in range(fold_count(paper_folds(), scheme=arm.scheme)):
        split = split_of(paper_folds(), scheme=arm.scheme, fold=fold, cines=cines)
        for side in ("validation", "test"):
            for cine in getattr(split, side):
                logits = draw.normal(size=len(classes)) + skill * (np.array(classes) == truths[cine])
                p = np.exp(logits) / np.exp(logits).sum()
                row = {"cine_id": cine, "fold": fold, "set": side, "truth": truths[cine]}
                rows.append(row | {f"p_{name}": value for name, value in zip(classes, p, strict=True)})
    return tables.from_rows(rows, table=tables.predictions(arm.target))


def paper_evidence(own: Params, *, skills: dict[str, float] | None = None) -> Evidence:
    """Evidence of all arms of a study of protocol `paper`."""
    cines, labels, _ = study_tables()
    skill = skills or {}
    predictions = {
        name: answers_of(arm, skill=skill.get(name, 2.0), seed=seed)
        for seed, (name, arm) in enumerate(own.arms.items())
    }
    arms = [scored_of(name, arm, predictions=predictions[name]) for name, arm in own.arms.items()]
    histories = {name: history() for name in own.arms}
    given = {"cines": cines, "labels": labels, "folds": paper_folds(), "predictions": predictions}
    return evidence(*arms, own=own, histories=histories, **given)


def scored_of(name: str, arm: Arm, *, predictions: pd.DataFrame) -> Scored:
    """An arm scored on the folds of protocol `paper`."""
    cines, labels, _ = study_tables()
    prepared, folds = set(cines["cine_id"]), paper_folds()
    return score(predictions, name=name, arm=arm, folds=folds, cines=cines, labels=labels, prepared=prepared, seed=3)
