"""The price of leakage on cohorts whose price is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from cinemyo import tables
from cinemyo.config import Leakage
from cinemyo.labels import PATHOLOGIES
from cinemyo.measures import LEAKAGE
from cinemyo.trials.leakage import answers, linear_answers, price_of_leakage
from cinemyo.trials.partitions import Cohort
from tests import cohort as made_up

SETTINGS = Leakage(features="pixels", recipe="coarse", crop_px=32, partitions=5, logit_sd=3)
FEATURES = 24


def cohort(patients: int = 42, *, key: str = "key", cines: int = 4) -> Cohort:
    """Up to so many cines per patient."""
    frame, labels = made_up.cohort(patients, key=key)
    frame = frame.sort_values("digest")
    kept = frame[frame.groupby("patient_id").cumcount() < cines].reset_index(drop=True)
    return Cohort(kept, labels[labels["cine_id"].isin(set(kept["cine_id"]))])


def features(of: Cohort, *, signature: float, effect: float, seed: int = 1) -> np.ndarray:
    """Noise of a cine, a pattern of its patient, and the effect of its class on a few features."""
    draw = np.random.default_rng(seed)
    # by the first digest of a patient: patterns do not hang on pseudonyms
    first = of.cines.groupby("patient_id")["digest"].transform("min")
    patterns = {name: draw.normal(size=(2, FEATURES)) for name in sorted(set(first))}
    own = np.stack([patterns[name] for name in first])
    noise = np.stack(
        [np.random.default_rng(int(name[:8], 16)).normal(size=(2, FEATURES)) for name in of.cines["digest"]]
    )
    values = signature * own + noise
    truth = of.cines["cine_id"].map(dict(zip(of.labels["cine_id"], of.labels["pathology"], strict=True)))
    for index, name in enumerate(PATHOLOGIES):
        values[(truth == name).to_numpy(), :, index] += effect
    return values.astype(np.float32)


def price(of: Cohort, *, partitions: int = 2, seed: int = 3, **known: float) -> pd.DataFrame:
    settings = SETTINGS.model_copy(update={"partitions": partitions})
    return price_of_leakage(of, features=features(of, **known), settings=settings, folds=4, seed=seed)


def accuracies(table: pd.DataFrame, *, variant: str = "all") -> pd.Series:
    rows = table[table["variant"] == variant]
    return (rows["truth"] == rows["predicted"]).groupby([rows["input"], rows["split"]]).mean()


@pytest.fixture(scope="module")
def signed() -> pd.DataFrame:
    """Patients with a signature and no sign of their class at all."""
    return price(cohort(), signature=3, effect=0, partitions=5)


@pytest.fixture(scope="module")
def short() -> pd.DataFrame:
    return price(cohort(30), signature=2, effect=0)


def test_the_table_has_its_columns_and_every_cine_once_per_partition_split_variant_and_input(
    signed: pd.DataFrame,
) -> None:
    table = tables.check(signed, table=LEAKAGE, where="leakage")
    sizes = table.groupby(["partition", "split", "variant", "input"]).size()
    assert len(sizes) == 5 * 2 * len(set(table["variant"])) * 3
    whole = table[table["variant"] != "thinned"].groupby(["partition", "split", "variant", "input"]).size()
    assert set(whole) == {len(cohort().cines)}


@pytest.mark.parametrize("name", ["diastole", "systole", "dual"])
def test_signatures_of_patients_pay_by_input_and_not_by_patient(signed: pd.DataFrame, name: str) -> None:
    found = accuracies(signed)[name]
    assert found["by_input"] > found["by_patient"] + 0.2


def test_permuted_labels_stay_at_chance_by_patient_alone(signed: pd.DataFrame) -> None:
    found = accuracies(signed, variant="permuted")["dual"]
    assert found["by_patient"] == pytest.approx(1 / 3, abs=0.12)
    assert found["by_input"] > found["by_patient"] + 0.25


def test_permuted_patients_have_one_class_in_a_partition_and_others_in_the_next(signed: pd.DataFrame) -> None:
    rows = signed[signed["variant"] == "permuted"]
    classes = rows.groupby(["partition", "patient_id"])["truth"]
    assert (classes.nunique() == 1).all()
    assert (classes.first().groupby("patient_id").nunique() > 1).any()


def test_with_one_cine_per_patient_both_splits_agree() -> None:
    found = accuracies(price(cohort(90, cines=1), signature=2, effect=3, partitions=5))
    for name in ("diastole", "systole", "dual"):
        assert found[name]["by_input"] == pytest.approx(found[name]["by_patient"], abs=0.05)
        assert found[name]["by_patient"] > 0.5


def test_the_patient_s_own_cines_are_counted(signed: pd.DataFrame) -> None:
    counts = cohort().cines.groupby("patient_id").size()
    rows = signed[signed["variant"] == "all"]
    assert (rows["patient_cines"] == rows["patient_id"].map(counts)).all()


def test_the_same_seed_gives_the_same_table_and_another_one_another(short: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(price(cohort(30), signature=2, effect=0), short)
    assert not price(cohort(30), signature=2, effect=0, seed=4).equals(short)


def test_pseudonyms_change_neither_rows_nor_answers(short: pd.DataFrame) -> None:
    other = price(cohort(30, key="other"), signature=2, effect=0)
    plain = [name for name in short if name not in {"cine_id", "patient_id"}]
    pd.testing.assert_frame_equal(other[plain], short[plain])


def blobs(count: int = 60, *, width: int = 5) -> dict[str, Any]:
    draw = np.random.default_rng(8)
    targets = np.arange(count) % 3
    values = draw.normal(size=(count, width)) + 2 * np.eye(3, width)[targets]
    return {"features": values, "targets": targets}


def test_labels_of_a_part_do_not_change_its_answers() -> None:
    known, parts = blobs(), np.arange(60) // 10
    before = answers(**known, parts=parts, logit_sd=3)
    swapped = np.where(parts == 2, (known["targets"] + 1) % 3, known["targets"])
    after = answers(known["features"], targets=swapped, parts=parts, logit_sd=3)
    assert np.array_equal(after[parts == 2], before[parts == 2])
    assert (before == known["targets"]).mean() > 0.7


@pytest.mark.parametrize("width", [5, 60, 200])
def test_answers_are_those_of_the_plain_regression_however_many_features(width: int) -> None:
    known = blobs(width=width)
    other = np.random.default_rng(9).normal(size=(300, width)) + np.eye(3, width)[np.arange(300) % 3]
    mean, sd = known["features"].mean(axis=0), known["features"].std(axis=0)
    plain = LogisticRegression(C=9 / width, max_iter=1000, tol=1e-8)
    plain.fit((known["features"] - mean) / sd, known["targets"])
    found = linear_answers(**known, asked=other, logit_sd=3)
    assert (found == plain.predict((other - mean) / sd)).mean() > 0.99


def test_a_feature_that_never_varies_is_left_out() -> None:
    known = blobs()
    wider = np.hstack([known["features"], np.full((60, 1), 7.0)])
    found = linear_answers(wider, targets=known["targets"], asked=wider + np.eye(6)[5] * 1e6, logit_sd=3)
    assert np.array_equal(found, linear_answers(**known, asked=known["features"], logit_sd=3))


def test_where_one_class_alone_is_learnt_it_is_the_answer() -> None:
    found = linear_answers(np.ones((4, 2)), targets=np.full(4, 2), asked=np.zeros((3, 2)), logit_sd=3)
    assert found.tolist() == [2, 2, 2]
