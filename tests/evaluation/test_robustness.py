"""Change of answers when the preparation is put off."""

import numpy as np
import pandas as pd
import pytest

from cinemyo import measures, schema
from cinemyo.evaluation.robustness import kinds, tables
from cinemyo.evaluation.scoring import Scored
from cinemyo.labels import CLASSES
from tests.evaluation.example import params, scored
from tests.evaluation.made_up import evidence

OWN = params()
SCORED = scored("dual", OWN.arms["dual"])


def put_off(own: Scored, *, wrong: dict[str, float]) -> pd.DataFrame:
    """Answers of all preparations as they were, but for a share of cines that are called the next class."""
    draw, classes = np.random.default_rng(1), CLASSES[own.arm.target]
    frames = []
    for preparation in measures.PREPARATIONS:
        called = own.answers["predicted"].to_numpy()
        flips = draw.random(len(called)) < wrong.get(preparation, 0.0)
        p = np.eye(len(classes))[np.where(flips, (called + 1) % len(classes), called)]
        frame = own.answers[["cine_id", "fold"]].assign(preparation=preparation)
        frame["truth"] = [classes[truth] for truth in own.answers["truth"]]
        frames.append(frame.assign(**{f"p_{name}": p[:, index] for index, name in enumerate(classes)}))
    table = measures.robustness(own.arm.target)
    return schema.check(pd.concat(frames), table=table, where="made up")


def rows(own: Scored, *, wrong: dict[str, float]) -> pd.DataFrame:
    return tables(evidence(own, robustness={own.name: put_off(own, wrong=wrong)}))[0].rows


def test_every_kind_has_its_mean_and_its_worst_direction() -> None:
    own = rows(SCORED, wrong={})
    assert own["preparation"].unique().tolist() == [
        "centre 10 mm off",
        "frame 1 off",
        "window 10% off",
        "turned 15 degrees",
    ]
    assert own.groupby(["preparation", "level"]).size().eq(2).all()


def test_kinds_cover_all_preparations() -> None:
    covered = [name for names in kinds(OWN.robustness).values() for name in names]
    assert sorted([*covered, "as_is"]) == sorted(measures.PREPARATIONS)


def test_answers_that_stay_change_nothing() -> None:
    own = rows(SCORED, wrong={})
    assert (own["change"] == 0).all()
    assert (own["flipped"] == 0).all()
    assert (own["flipped_high"] > 0).all()


def test_the_worst_direction_is_the_one_that_loses_most() -> None:
    own = rows(SCORED, wrong={"centre_left": 0.5, "centre_up": 0.1})
    cines = own[(own["preparation"] == "centre 10 mm off") & (own["level"] == "cine")].set_index("direction")
    assert list(cines.index) == ["all directions", "worst: centre_left"]
    assert cines["change"].iloc[1] < cines["change"].iloc[0] < 0


def test_all_directions_are_the_mean_of_each() -> None:
    own = rows(SCORED, wrong={"turned_left": 1.0})
    row = own[(own["preparation"] == "turned 15 degrees") & (own["level"] == "cine")].iloc[0]
    assert row["flipped"] == 0.5
    assert row["n"] == 2 * len(SCORED.answers)


def test_a_change_lies_within_its_interval() -> None:
    own = rows(SCORED, wrong={"frame_after": 0.3})
    assert (own["change_low"] <= own["change"]).all()
    assert (own["change"] <= own["change_high"]).all()


def test_patients_are_called_by_their_cines() -> None:
    own = rows(SCORED, wrong={"window_wider": 0.4})
    sizes = own[own["direction"].str.startswith("worst")].groupby("level")["n"].unique()
    assert sizes["patient"].tolist() == [SCORED.answers["patient_id"].nunique()]


def test_a_view_arm_is_told_by_cine_alone() -> None:
    own = scored("view_dual", OWN.arms["view_dual"])
    assert set(rows(own, wrong={})["level"]) == {"cine"}


def test_a_preparation_that_was_not_tried_is_named() -> None:
    answers = put_off(SCORED, wrong={})
    some = answers[~answers["preparation"].str.startswith("frame")]
    own = tables(evidence(SCORED, robustness={"dual": some}))[0].rows
    assert own[own["preparation"] == "frame 1 off"]["reason"].tolist() == ["not tried on any cine of this arm"]


def test_a_single_patient_has_intervals_that_hold() -> None:
    alone = SCORED.answers[SCORED.answers["patient_id"] == SCORED.answers["patient_id"].iloc[0]]
    own = Scored("dual", SCORED.arm, alone, 0.25)
    assert rows(own, wrong={})[["change_low", "change_high"]].values.tolist()[0] == pytest.approx([-1, 1])


def test_a_study_without_it_says_so() -> None:
    assert tables(evidence(SCORED))[0].is_absent
