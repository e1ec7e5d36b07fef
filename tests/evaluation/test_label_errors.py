"""Planted label errors are found by the answers of models that did not train on them."""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest
from cleanlab.rank import get_label_quality_scores
from scipy import special
from sklearn.metrics import roc_auc_score

from cinemyo.evaluation.label_errors import label_error_list, quality, ranked_labels, tables, units
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import PATHOLOGIES
from tests.evaluation.example import params, scored, study_tables
from tests.evaluation.made_up import evidence

DUAL = params().arms["dual"]
N, CINES = 600, 2


@cache
def planted(seed: int = 0) -> tuple[Scored, pd.DataFrame, np.ndarray]:
    """An arm of 300 exams with two cines each, of which 2 % have a wrong label; the cines; which cines those are."""
    draw = np.random.default_rng(seed)
    exam = np.arange(N) // CINES
    truth = draw.integers(0, 3, size=N // CINES)[exam]
    logits = draw.normal(size=(N, 3)) + 4 * np.eye(3)[truth]
    wrong = (draw.permutation(N // CINES) < round(0.02 * N / CINES))[exam]
    label = np.where(wrong, (truth + 1 + draw.integers(0, 2, size=N // CINES)[exam]) % 3, truth)
    shares = special.softmax(logits, axis=1)
    answers = pd.DataFrame(
        {
            "cine_id": [f"c{number}" for number in range(N)],
            "patient_id": [f"p{number}" for number in exam],
            "fold": exam % 6,
            "truth": label,
            "predicted": shares.argmax(axis=1),
            **{f"p_{name}": shares[:, k] for k, name in enumerate(PATHOLOGIES)},
            "pathology": [PATHOLOGIES[k] for k in label],
            "view": "short_axis",
        }
    )
    cines = answers[["cine_id", "patient_id"]].assign(exam_id=[f"e{number}" for number in exam])
    return Scored("dual", DUAL, answers, 0.2), cines, wrong


@pytest.mark.parametrize("seed", range(5))
def test_planted_errors_rank_first(seed: int) -> None:
    own, cines, wrong = planted(seed)
    found = ranked_labels(own, cines=cines)
    flipped = found["cine_id"].isin(set(own.answers["cine_id"][wrong]))
    assert roc_auc_score(flipped, -found["quality"]) >= 0.9


@pytest.mark.parametrize("seed", range(5))
def test_most_of_the_first_candidates_are_planted(seed: int) -> None:
    own, cines, wrong = planted(seed)
    first = ranked_labels(own, cines=cines).head(int(wrong.sum()))
    assert first["cine_id"].isin(set(own.answers["cine_id"][wrong])).mean() >= 0.75


def test_most_planted_errors_are_candidates() -> None:
    own, cines, wrong = planted()
    found = set(label_error_list(own, cines=cines)["cine_id"])
    assert len(found & set(own.answers["cine_id"][wrong])) / wrong.sum() >= 0.9


def test_the_expected_number_of_errors_is_near_the_planted_one() -> None:
    own, cines, wrong = planted()
    rows = tables(evidence(own, cines=cines))[0].rows.query("level == 'cine'")
    assert rows["expected"].iloc[0] == pytest.approx(wrong.sum(), abs=12)


def test_quality_is_the_normalized_margin_of_cleanlab() -> None:
    own = planted()[0]
    shares = own.probabilities(own.answers)
    expected = get_label_quality_scores(own.answers["truth"].to_numpy(), shares, method="normalized_margin")
    assert quality(own, rows=own.answers) == pytest.approx(expected)


def test_an_exam_answers_with_the_mean_of_its_cines() -> None:
    own, cines, _ = planted()
    exams = units(own, cines=cines)["exam"]
    assert len(exams) == N // CINES
    assert own.probabilities(exams)[0] == pytest.approx(own.probabilities(own.answers)[:CINES].mean(axis=0))


def test_both_cines_of_a_contradicted_exam_are_listed() -> None:
    own, cines, _ = planted()
    listed = label_error_list(own, cines=cines).query("exam_candidate")
    assert (listed.groupby("exam_id").size() == CINES).all()


def test_a_candidate_suggests_another_class() -> None:
    own, cines, _ = planted()
    found = label_error_list(own, cines=cines).query("candidate")
    assert (found["label"] != found["suggested"]).all()


def test_the_tables_hold_no_id() -> None:
    own, cines, _ = planted()
    content = b"".join(table.csv() for table in tables(evidence(own, cines=cines)))
    assert not any(f",{name}," in content.decode() for name in (*cines["cine_id"], *cines["exam_id"]))


def test_counts_by_pair_are_the_candidates() -> None:
    own, cines, _ = planted()
    counts, pairs = (table.rows for table in tables(evidence(own, cines=cines)))
    assert pairs.groupby("level")["candidates"].sum().to_dict() == counts.set_index("level")["candidates"].to_dict()


def test_views_are_listed_by_cine_alone() -> None:
    view = scored("view_dual", params().arms["view_dual"])
    assert list(units(view, cines=study_tables()[0])) == ["cine"]
    assert "exam_quality" not in label_error_list(view, cines=study_tables()[0])


def test_controls_and_leaky_arms_have_no_candidates() -> None:
    leaky = scored("dual_by_input", params().arms["dual_by_input"])
    assert all(table.is_absent for table in tables(evidence(leaky)))


def test_labels_of_one_class_alone_are_named() -> None:
    own, cines, _ = planted()
    single = dataclasses.replace(own, answers=own.answers.query("truth == 0").reset_index(drop=True))
    rows = tables(evidence(single, cines=cines))[0].rows
    assert rows["reason"].str.contains("one class alone").all()


def test_a_class_absent_from_the_labels_may_still_be_suggested() -> None:
    own, cines, _ = planted()
    two = own.answers.query("truth < 2").reset_index(drop=True)
    rows = tables(evidence(dataclasses.replace(own, answers=two), cines=cines))[0].rows
    assert (rows["reason"] == "").all()


def test_answers_without_error_have_no_candidate_and_say_so() -> None:
    own, cines, _ = planted()
    truth = own.answers["truth"]
    sure = own.answers.assign(**{f"p_{name}": 0.05 + 0.85 * (truth == k) for k, name in enumerate(PATHOLOGIES)})
    sure["predicted"] = truth
    rows = tables(evidence(dataclasses.replace(own, answers=sure), cines=cines))[1].rows
    assert rows["reason"].tolist() == ["no candidate"] * 2


def test_a_single_cine_has_no_candidates() -> None:
    own, cines, _ = planted()
    single = dataclasses.replace(own, answers=own.answers.head(1))
    assert label_error_list(single, cines=cines).empty
