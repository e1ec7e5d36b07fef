"""The price of leakage: one linear head on frozen features, over several partitions by patient and by input."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from cinemyo.config import Leakage, Split
from cinemyo.labels import PATHOLOGIES, Scheme
from cinemyo.measures import LEAKAGE
from cinemyo.schema import from_rows
from cinemyo.splitting import assign
from cinemyo.trials.partitions import Cohort, drawn, partition_seed, variants_of

INPUTS: Final[Mapping[str, slice]] = {"diastole": slice(0, 1), "systole": slice(1, 2), "dual": slice(0, 2)}
"""Phases of each input, in the order of `labels.PHASES`."""
SPLITS: Final[Mapping[str, Scheme]] = {"by_patient": "paper", "by_input": "paper_by_input"}
"""Schemes that share out the same cines: every one is tested once by each."""


def price_of_leakage(
    cohort: Cohort, *, features: Float[np.ndarray, "cine phase feature"], settings: Leakage, folds: int, seed: int
) -> pd.DataFrame:
    """The table `measures.LEAKAGE`; features are in the order of `cohort.cines`.

    Partitions are drawn anew with seeds of their own, both kinds over the same cines, each cine tested once by each.
    Rows are in the order of the draws, which no pseudonym enters.

    Raises:
        SplitError: a class has fewer patients than folds.

    Source: Germain 2021, §2.4
    Departs from §2.4: frozen features and a linear head carry the repetitions.
    """
    places = {cine: row for row, cine in enumerate(cohort.cines["cine_id"])}
    rows: list[dict[str, Any]] = []
    with threadpool_limits(limits=1):
        for partition in range(settings.partitions):
            for variant in variants_of(cohort):
                own = drawn(cohort, variant=variant, seed=seed, partition=partition)
                split = Split(protocol="paper", folds=folds, holdout_share=0, links=None)
                draw = partition_seed(seed, partition=partition)
                table = assign(own.labels, cines=own.cines, split=split, seed=draw)
                for row in _of_variant(own, table=table, features=features, places=places, settings=settings):
                    rows.append({"partition": partition, "variant": variant, **row})
    return from_rows(rows, table=LEAKAGE)


def _of_variant(
    cohort: Cohort,
    *,
    table: pd.DataFrame,
    features: Float[np.ndarray, "cine phase feature"],
    places: Mapping[str, int],
    settings: Leakage,
) -> Iterator[dict[Any, Any]]:
    truths = cohort.labels.set_index("cine_id")["pathology"]
    counts = cohort.cines.groupby("patient_id").size()
    for split, scheme in SPLITS.items():
        own = table[table["scheme"] == scheme]
        facts = own[["cine_id", "patient_id"]].assign(split=split)
        facts["truth"] = truths.loc[own["cine_id"]].to_numpy(object)
        facts["patient_cines"] = counts.loc[own["patient_id"]].to_numpy(int)
        targets = np.array([PATHOLOGIES.index(truth) for truth in facts["truth"]])
        parts = own["part"].to_numpy(object).astype(int)
        chosen = features[[places[cine] for cine in own["cine_id"]]]
        for name, phases in INPUTS.items():
            seen = chosen[:, phases].reshape(len(own), -1)
            called = answers(seen, targets=targets, parts=parts, logit_sd=settings.logit_sd)
            predicted = [PATHOLOGIES[index] for index in called]
            yield from facts.assign(input=name, predicted=predicted).to_dict("records")


def answers(
    features: Float[np.ndarray, "cine feature"],
    *,
    targets: Int[np.ndarray, " cine"],
    parts: Int[np.ndarray, " cine"],
    logit_sd: float,
) -> Int[np.ndarray, " cine"]:
    """The class that each cine is called by the linear head that learnt from the other parts."""
    called = np.zeros_like(targets)
    for part in np.unique(parts):
        asked = parts == part
        called[asked] = linear_answers(
            features[~asked], targets=targets[~asked], asked=features[asked], logit_sd=logit_sd
        )
    return called


def linear_answers(
    features: Float[np.ndarray, "cine feature"],
    *,
    targets: Int[np.ndarray, " cine"],
    asked: Float[np.ndarray, "other feature"],
    logit_sd: float,
) -> Int[np.ndarray, " other"]:
    """Classes of other cines by a multinomial logistic regression on features standardised on its own rows.

    The penalty is a normal prior under which a logit, the sum over all features, has the standard deviation `logit_sd`.
    """
    if len(np.unique(targets)) == 1:
        return np.full(len(asked), targets[0])
    varying = features.max(axis=0) > features.min(axis=0)
    learnt, other = (rows[:, varying].astype(np.float64) for rows in (features, asked))
    mean, sd = learnt.mean(axis=0), learnt.std(axis=0)
    learnt, other = (learnt - mean) / sd, (other - mean) / sd
    count = learnt.shape[1]
    if count > len(learnt):
        # the penalised weights lie in the span of the rows: the same solution in as many columns as rows
        basis, triangle = np.linalg.qr(learnt.T)
        learnt, other = triangle.T, other @ basis
    model = LogisticRegression(C=logit_sd**2 / max(count, 1), max_iter=1000)
    return np.asarray(model.fit(learnt, targets).predict(other))
