"""A whole made-up study as evidence, for tests of tables that read more than predictions."""

from typing import Any

import numpy as np
import pandas as pd

from cinemyo import measures, schema, sheets, tables
from cinemyo.config import Params
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.scoring import Scored
from cinemyo.folds import HOLDOUT
from cinemyo.labels import CLASSES
from cinemyo.schema import Table
from tests.evaluation.example import params, scored, study_tables


def evidence(*arms: Scored, own: Params | None = None, **changes: Any) -> Evidence:
    """Evidence of these arms on the made-up cohort, empty where nothing is said of it."""
    cines, labels, folds = study_tables()
    given: dict[str, Any] = {
        "params": own or params(),
        "arms": arms or (scored("dual", params().arms["dual"]),),
        "cines": cines,
        "labels": labels,
        "folds": folds,
        "links": None,
        "regions": regions(cines),
        "phases": phases(cines),
        "prepared": {"standard": cines[["cine_id"]], "raw": cines[["cine_id"]]},
        "histories": {},
        "predictions": {},
        "holdout": {},
        "external": None,
        "attention": empty(tables.ATTENTION),
        "leakage": empty(measures.LEAKAGE),
        "robustness": {},
        "readers": empty(sheets.READERS),
        "corrections": empty(sheets.CORRECTIONS),
        "openings": empty(sheets.OPENINGS),
    }
    return Evidence(**(given | changes))


def empty(table: Table) -> pd.DataFrame:
    """A table without rows."""
    return schema.from_rows([], table=table)


def regions(cines: pd.DataFrame) -> pd.DataFrame:
    """Regions that were computed, those of every third cine annotated."""
    rows = [
        {
            "cine_id": cine,
            "centre_row_mm": 50.0,
            "centre_column_mm": 50.0,
            "centre_method": "beating_disc",
            "centre_confidence": 0.9,
            "centre_annotated": number % 3 == 0,
            "window_low": 0.0,
            "window_high": 100.0,
            "window_method": "blood_percentile",
            "window_confidence": 1.0,
            "window_annotated": False,
            "review": False,
        }
        for number, cine in enumerate(cines["cine_id"])
    ]
    return schema.from_rows(rows, table=tables.REGIONS)


def phases(cines: pd.DataFrame) -> pd.DataFrame:
    """Phases that were computed, with a systolic time for most."""
    rows = [
        {
            "cine_id": cine,
            "diastole_index": 0,
            "systole_index": 5,
            "systole_ms": None if number % 7 == 0 else 300.0 + number % 50,
            "method": "stack_course",
            "confidence": 1.0,
            "annotated": False,
            "review": False,
        }
        for number, cine in enumerate(cines["cine_id"])
    ]
    return schema.from_rows(rows, table=tables.PHASE_TABLE)


def held_out() -> list[str]:
    """Cines of the hold-out of scheme honest."""
    folds = study_tables()[2]
    return folds["cine_id"][(folds["scheme"] == "honest") & (folds["part"] == HOLDOUT)].tolist()


def unseen(
    cines: list[str], *, labels: pd.DataFrame, side: str, skill: float = 2.0, folds: int = 6, seed: int = 0
) -> pd.DataFrame:
    """Predictions of the pathology by each fold; of cines without a label nothing is right."""
    draw, classes = np.random.default_rng(seed), CLASSES["pathology"]
    truths = labels.set_index("cine_id")["pathology"]
    rows = []
    for cine in cines:
        truth = truths.get(cine)
        known = truth if isinstance(truth, str) else None
        for fold in range(folds):
            logits = draw.normal(size=len(classes)) + skill * (np.array(classes) == known)
            p = np.exp(logits) / np.exp(logits).sum()
            row = {"cine_id": cine, "fold": fold, "set": side, "truth": known}
            rows.append(row | {f"p_{name}": value for name, value in zip(classes, p, strict=True)})
    return tables.from_rows(rows, table=tables.predictions("pathology"))
