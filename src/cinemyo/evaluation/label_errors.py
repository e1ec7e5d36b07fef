"""Labels that the answers of other folds contradict: candidates for a blinded review, never a verdict."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from cleanlab.count import num_label_issues
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_normalized_margin_for_each_label
from jaxtyping import Bool, Float, Int

from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.levels import counts_of, tabulated
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored

TITLE: Final = "Candidates for errors of the labels"
PAIRS_TITLE: Final = "Candidates by label and by what the model suggests"
NEEDS: Final = "add arms by patient with labels as given"
NOTE: Final = (
    "Candidates: cines (exams) whose label the answers of a model that did not train on them contradict, by confident "
    "learning (cleanlab). expected: errors among all labels, as estimated; it takes the model's errors for independent "
    "of the labels' and is no count of errors. A person decides, blinded and with as many random correct cases mixed "
    "in: cinemyo readers export --mix <arm>."
)


def tables(evidence: Evidence) -> list[ResultTable]:
    """Numbers of candidates and expected errors of every honest arm, by cine and exam; counts alone, no id.

    Source: Germain 2021, §4.3 (about 20 label errors found by looking at the model's errors)
    """
    if not evidence.honest:
        absent = (("label_errors", TITLE), ("label_error_pairs", PAIRS_TITLE))
        return [ResultTable.absent(name, title=title, needs=NEEDS) for name, title in absent]
    counts, pairs = [], []
    for scored in evidence.honest:
        tail = {"standing": standing(scored.arm, study=evidence.params.study)}
        for level, rows in units(scored, cines=evidence.cines).items():
            head = {"arm": scored.name, "target": scored.arm.target, "level": level}
            counts.append(head | count_row(scored, rows=rows) | tail)
            pairs += [head | pair | tail for pair in pair_rows(scored, rows=rows)]
    return [
        ResultTable("label_errors", TITLE, tabulated(counts), NOTE),
        ResultTable("label_error_pairs", PAIRS_TITLE, tabulated(pairs), NOTE),
    ]


def label_error_list(scored: Scored, *, cines: pd.DataFrame) -> pd.DataFrame:
    """The candidates of an arm, the least likely label first; a cine of a contradicted exam is one as well.

    Source: Northcutt 2021, JAIR 70:1373 (confident learning)
    """
    ranked = ranked_labels(scored, cines=cines)
    named = ranked["candidate"] | ranked.get("exam_candidate", False)
    return ranked[named].reset_index(drop=True)


def ranked_labels(scored: Scored, *, cines: pd.DataFrame) -> pd.DataFrame:
    """Every answered cine, candidates first, by quality of the label: the normalized margin of its class, 0 to 1.

    Where the class is the exam's, the mean over its cines says `exam_quality` and `exam_candidate`.
    """
    found = units(scored, cines=cines)
    rows = found["cine"]
    frame = rows[["cine_id", "exam_id", "view"]].assign(
        label=[scored.classes[k] for k in rows["truth"]],
        suggested=[scored.classes[k] for k in rows["predicted"]],
        quality=quality(scored, rows=rows),
        candidate=contradicted(scored, rows=rows),
    )
    by = ["candidate"]
    if "exam" in found:
        exams = found["exam"]
        own = exams.assign(
            exam_quality=quality(scored, rows=exams), exam_candidate=contradicted(scored, rows=exams)
        ).set_index(["exam_id", "truth"])[["exam_quality", "exam_candidate"]]
        key = pd.MultiIndex.from_frame(rows[["exam_id", "truth"]])
        for name in ("exam_quality", "exam_candidate"):
            frame[name] = own[name].reindex(key).to_numpy()
        by = ["exam_candidate", "candidate"]
    falling = [False] * len(by)
    ordered = frame.sort_values([*by, "quality"], ascending=[*falling, True], kind="stable", ignore_index=True)
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))


def units(scored: Scored, *, cines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Answers by cine and, where the class is the exam's, by exam: mean probabilities over its cines."""
    exams = cines.set_index("cine_id")["exam_id"]
    rows = scored.answers.assign(exam_id=scored.answers["cine_id"].map(exams))
    if scored.arm.target != "pathology":
        return {"cine": rows}
    columns = [f"p_{name}" for name in scored.classes]
    by_exam = rows.groupby(["exam_id", "truth"], sort=False)
    means = by_exam[columns].mean().reset_index()
    means["predicted"] = scored.probabilities(means).argmax(axis=1)
    return {"cine": rows, "exam": means.assign(patient_id=by_exam["patient_id"].first().to_numpy(object))}


def count_row(scored: Scored, *, rows: pd.DataFrame) -> dict[str, Any]:
    """How many labels are contradicted, and how many are expected to be wrong."""
    if rows["truth"].nunique() < 2:
        figures = {"candidates": 0, "share": np.nan, "expected": np.nan}
        return counts_of(rows) | figures | {"reason": "one class alone: nothing to contradict it"}
    truth, shares = _arrays(scored, rows=rows)
    named = int(contradicted(scored, rows=rows).sum())
    expected = int(num_label_issues(truth, shares, estimation_method="off_diagonal_calibrated"))
    return counts_of(rows) | {"candidates": named, "share": named / len(rows), "expected": expected, "reason": ""}


def pair_rows(scored: Scored, *, rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Candidates by label and suggested class; a row with the reason where there is none."""
    named = rows[contradicted(scored, rows=rows)]
    if named.empty:
        yield {"label": "", "suggested": "", "candidates": 0, "reason": "no candidate"}
    for (truth, predicted), count in np.ndenumerate(scored.confusion(named)):
        if count:
            pair = {"label": scored.classes[truth], "suggested": scored.classes[predicted]}
            yield pair | {"candidates": int(count), "reason": ""}


def contradicted(scored: Scored, *, rows: pd.DataFrame) -> Bool[np.ndarray, " row"]:
    """Whether confident learning takes each label for an error; none where one class is all there is."""
    truth, shares = _arrays(scored, rows=rows)
    if len(np.unique(truth)) < 2:
        return np.zeros(len(truth), dtype=bool)
    return np.asarray(find_label_issues(truth, shares, filter_by="confident_learning", n_jobs=1), dtype=bool)


def quality(scored: Scored, *, rows: pd.DataFrame) -> Float[np.ndarray, " row"]:
    """Normalized margin of each label's class, from 0 (another class is certain) to 1."""
    truth, shares = _arrays(scored, rows=rows)
    return np.asarray(get_normalized_margin_for_each_label(truth, shares), dtype=float)


def _arrays(scored: Scored, *, rows: pd.DataFrame) -> tuple[Int[np.ndarray, " row"], Float[np.ndarray, "row classes"]]:
    """Labels and probabilities; these sum to one to the last digit, as the library asks."""
    shares = scored.probabilities(rows)
    return rows["truth"].to_numpy(np.int64), shares / shares.sum(axis=1, keepdims=True)
