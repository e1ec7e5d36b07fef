"""What can be told without the images: a model of what is known about a cine before it is looked at."""

from typing import Any, Final

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from cinemyo.evaluation.comparison import detectable_difference, mcnemar
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import counts_of, difference_of, hits_of, levels, share_of
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored
from cinemyo.folds import split_of
from cinemyo.labels import CLASSES

NUMBERS: Final = ("age_years", "systole_ms", "annotated_share")
NAMES: Final = ("view", "sex", "scanner", "matrix")
CLASS_NAMES: Final = CLASSES["pathology"]
TITLE: Final = "Shortcut control: the pathology told from metadata alone"
NEEDS: Final = "add arms of target pathology, by patient and with labels as given"
NOTE: Final = (
    "Multinomial logistic regression on view, sex, age, scanner, matrix size, systolic time and share annotated by "
    "hand, fitted on the training cines of each fold. Chance: the largest class for every answer. Difference: the arm "
    "less the metadata; detectable: the smallest difference by patient that McNemar's test finds with 80 % power."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Accuracy of the metadata, its gain over chance, and what each honest arm of pathology adds to it."""
    arms = [scored for scored in evidence.honest if scored.arm.target == "pathology"]
    if not arms:
        return [ResultTable.absent("metadata", title=TITLE, needs=NEEDS)]
    return [ResultTable("metadata", TITLE, rows_of(arms, evidence=evidence), NOTE)]


def rows_of(arms: list[Scored], *, evidence: Evidence) -> pd.DataFrame:
    """A row per arm and level, the metadata answering the same test cines in the same folds."""
    answered: dict[str, pd.DataFrame] = {}
    rows = []
    for scored in arms:
        key = f"{scored.arm.scheme} {','.join(scored.answers['cine_id'])}"
        if key not in answered:
            answered[key] = answers_of(scored, evidence=evidence)
        rows += _compared(scored, metadata=answered[key], evidence=evidence)
    return pd.DataFrame(rows)


def features(evidence: Evidence) -> pd.DataFrame:
    """What is known of each cine (index) beside its pixels; the pathology is not among it."""
    cines, labels = evidence.cines.set_index("cine_id"), evidence.labels.set_index("cine_id")
    phases, regions = evidence.phases.set_index("cine_id"), evidence.regions.set_index("cine_id")
    by_hand = [phases["annotated"], regions["centre_annotated"], regions["window_annotated"]]
    known = pd.DataFrame(index=cines.index)
    known["age_years"], known["systole_ms"] = cines["age_years"], phases["systole_ms"]
    known["annotated_share"] = pd.concat([flag.astype("Float64") for flag in by_hand], axis=1).mean(axis=1)
    known["view"], known["sex"], known["scanner"] = labels["view"], cines["sex"], cines["scanner"]
    known["matrix"] = cines["rows"].astype(str) + " x " + cines["columns"].astype(str)
    numbers = {name: known[name].to_numpy(float, na_value=np.nan) for name in NUMBERS}
    return known.assign(**numbers, **{name: known[name].astype("object").fillna("not given") for name in NAMES})


def answers_of(scored: Scored, *, evidence: Evidence) -> pd.DataFrame:
    """Answers of the metadata to the test cines of an arm, learnt from the training cines of its folds."""
    known, truths = features(evidence), evidence.labels.set_index("cine_id")["pathology"].dropna()
    parts = []
    for fold in scored.answers["fold"].unique().tolist():
        tested = scored.answers[scored.answers["fold"] == fold]
        split = split_of(evidence.folds, scheme=scored.arm.scheme, fold=fold, cines=evidence.cines)
        train = [cine for cine in split.train if cine in truths.index]
        truth = np.array([CLASS_NAMES.index(name) for name in truths[train]])
        told = told_by(known.loc[train], truth=truth, tested=known.loc[tested["cine_id"].tolist()])
        columns = {f"p_{name}": told[:, index] for index, name in enumerate(CLASS_NAMES)}
        parts.append(tested.assign(predicted=told.argmax(axis=1), **columns))
    answers: pd.DataFrame = pd.concat(parts).loc[scored.answers.index]
    return answers


def told_by(
    train: pd.DataFrame, *, truth: Int[np.ndarray, " train"], tested: pd.DataFrame
) -> Float[np.ndarray, "tested classes"]:
    """Probabilities of the classes of tested rows of `features`; 0 for a class that no training row has."""
    told = np.zeros((len(tested), len(CLASS_NAMES)))
    present = np.unique(truth)
    if len(present) == 1:
        told[:, present[0]] = 1
        return told
    model = make_pipeline(_encoder(), LogisticRegression(max_iter=5000))
    told[:, present] = model.fit(train, truth).predict_proba(tested)
    return told


def _encoder() -> Any:
    """Numbers standardised with a flag for the missing ones, names as one column each; what is new counts as none."""
    numbers: Pipeline = make_pipeline(SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    return make_column_transformer(
        (numbers, list(NUMBERS)), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(NAMES))
    )


def _compared(scored: Scored, *, metadata: pd.DataFrame, evidence: Evidence) -> list[dict[str, Any]]:
    level, rows = evidence.params.evaluate.level, []
    told = levels(metadata, target="pathology")
    for name, ours in levels(scored.answers, target="pathology").items():
        theirs = told[name]
        largest = np.bincount(ours["truth"].to_numpy(int)).argmax()
        hits, chance, seen = hits_of(theirs), (theirs["truth"] == largest).to_numpy(int), hits_of(ours)
        row: dict[str, Any] = {"arm": scored.name, "level": name} | counts_of(ours)
        row |= share_of(hits, rows=ours, level=level, name="metadata_accuracy") | {"chance": float(chance.mean())}
        row |= difference_of(chance, second=hits, rows=ours, level=level, name="gain")
        row |= {"accuracy": float(seen.mean())}
        row |= difference_of(hits, second=seen, rows=ours, level=level, name="difference")
        row |= _tested(hits, seen=seen, name=name, level=level)
        rows.append(row | {"standing": standing(scored.arm, study=evidence.params.study)})
    return rows


def _tested(hits: Int[np.ndarray, " row"], *, seen: Int[np.ndarray, " row"], name: str, level: float) -> dict[str, Any]:
    if name == "cine":
        return {"p": np.nan, "detectable": np.nan, "reason": "tested by patient: the cines of one are not independent"}
    p = mcnemar(int((hits > seen).sum()), only_second=int((seen > hits).sum()))
    found = detectable_difference(len(hits), float((hits != seen).mean()), level=level)
    if np.isinf(found):
        return {"p": p, "detectable": np.nan, "reason": "too few patients to find any difference"}
    return {"p": p, "detectable": found, "reason": ""}
