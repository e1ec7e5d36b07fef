"""Simulated readers of the made-up cohort, with error rates that are known."""

from functools import cache

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from cinemyo import schema, sheets
from cinemyo.config import Params
from cinemyo.config.results import Margin
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.panel import Panel
from cinemyo.labels import PATHOLOGIES
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

DUAL = scored("dual", params().arms["dual"])


def sheet(rates: dict[str, float], *, draw: np.random.Generator, rereading: float = 0.0) -> pd.DataFrame:
    """A readers' sheet of every cine that the arm dual answered, with these shares of wrong calls.

    `rereading` is the share of cines read twice.
    """
    cines, truth = DUAL.answers["cine_id"], DUAL.answers["truth"].to_numpy(int)
    parts = []
    for reader, rate in rates.items():
        for reading, share in ((1, 1.0), (2, rereading)):
            read = draw.random(len(cines)) < share
            calls = called(truth, wrong=draw.random(len(cines)) < rate, draw=draw)
            named = [PATHOLOGIES[call] for call in calls[read]]
            given = {"cine_id": cines[read], "reader": reader, "reading": reading, "pathology": named}
            parts.append(pd.DataFrame(given | {"confidence": None}))
    frame = pd.concat(parts, ignore_index=True).sort_values(["cine_id", "reader", "reading"], ignore_index=True)
    return schema.check(frame, table=sheets.READERS, where="example")


def called(
    truth: Int[np.ndarray, " cine"], *, wrong: Bool[np.ndarray, " cine"], draw: np.random.Generator
) -> Int[np.ndarray, " cine"]:
    """The truth, or where the call is wrong one of the other classes."""
    return np.asarray(np.where(wrong, (truth + draw.integers(1, 3, size=len(truth))) % 3, truth))


def lone_panel(calls: Int[np.ndarray, " cine"]) -> Panel:
    """A panel of one reader with these calls of the cines of the arm dual."""
    answers = DUAL.answers.set_index("cine_id")
    cines = answers[["patient_id", *(f"p_{name}" for name in PATHOLOGIES)]].assign(
        label=answers["truth"].astype(int), model=answers["predicted"].astype(int)
    )
    own = pd.DataFrame({"reader_1": calls}, index=answers.index)
    return Panel("dual", "labeller", cines, own, pd.DataFrame(columns=["cine_id", "reader", "reading", "call"]), 0)


def settings(*, reference: str = "labeller", margin: float | None = None) -> Params:
    """Parameters with this reference and margin."""
    own = params()
    study = (
        own.study
        if margin is None
        else own.study.model_copy(update={"margin": Margin(value=margin, reason="agreed among the readers")})
    )
    return own.model_copy(update={"study": study, "evaluate": own.evaluate.model_copy(update={"reference": reference})})


def study(readers: pd.DataFrame, *, reference: str = "labeller", margin: float | None = None) -> Evidence:
    """Evidence of the arm dual and these readers."""
    return evidence(DUAL, own=settings(reference=reference, margin=margin), readers=readers)


@cache
def three() -> pd.DataFrame:
    """Two fair readers and one who errs often; a third of the cines reread."""
    rates = {"reader_1": 0.05, "reader_2": 0.06, "reader_3": 0.5}
    return sheet(rates, draw=np.random.default_rng(0), rereading=0.33)
