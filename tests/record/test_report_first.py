"""The first screen of the report."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.report.first import (
    TO_BE_STATED,
    disease,
    first,
    missed,
    percent,
    repeated_price,
    statements,
    trained_price,
)

STUDY = tuple[Params, Layout]
FIGURES: dict[str, Any] = {
    "patient_confusion": [[32, 1, 5], [0, 30, 1], [1, 0, 26]],
    "patient_accuracy": 88 / 96,
    "patient_interval": [0.842, 0.963],
    "patient_sensitivity": {
        "hcm": 30 / 31,
        "hcm_interval": [0.833, 0.999],
        "dcm": None,
        "dcm_reason": "no case of dcm",
    },
    "patient_specificity": {
        "hcm": 64 / 65,
        "hcm_interval": [0.917, 1.0],
        "dcm": 63 / 69,
        "dcm_interval": [0.82, 0.967],
    },
    "patient_missed_disease": {
        "hcm_or_dcm": {"n": 58, "missed": 1, "share": 1 / 58, "share_interval": [0.0004, 0.092]},
        "hcm": {"n": 31, "missed": 0, "share": 0.0, "share_interval": [0.0, 0.112]},
        "dcm": {"n": 0, "missed": 0, "share": None, "share_reason": "no case of dcm"},
    },
}


def test_sensitivity_has_its_interval_and_its_counts() -> None:
    own = disease(FIGURES, name="hcm").sensitivity
    assert (own.value, own.interval, own.counts) == ("0.968", "0.833 to 0.999", "30 of 31 patients")


def test_specificity_counts_the_others() -> None:
    own = disease(FIGURES, name="hcm").specificity
    assert (own.value, own.counts) == ("0.985", "64 of 65 others")


def test_a_class_without_a_case_has_a_reason() -> None:
    own = disease(FIGURES, name="dcm").sensitivity
    assert (own.value, own.counts) == ("–", "no case of dcm")


def test_missed_disease_is_counted_apart() -> None:
    both, hcm, dcm = missed(FIGURES)
    assert (both.value, both.counts) == ("0.017", "1 of 58 patients")
    assert (hcm.value, hcm.interval) == ("0.000", "0.000 to 0.112")
    assert dcm.counts == "no case of dcm"


def test_a_level_is_a_percentage() -> None:
    assert (percent(0.95), percent(0.999)) == ("95 %", "99.9 %")


def test_what_a_study_does_not_say_is_marked(tiny: STUDY) -> None:
    assert dict(statements(tiny[0]))["Intended use"] == TO_BE_STATED


def test_a_primary_arm_of_views_has_no_figure_by_patient(tiny: STUDY) -> None:
    params, layout = tiny
    study = params.study.model_copy(update={"primary": "view_systole"})
    screen = first(params.model_copy(update={"study": study}), layout=layout, metrics={"view_systole": {}})
    assert (screen.diseases, screen.accuracy) == ((), None)
    assert "tells the view" in screen.why_none


def test_the_price_is_that_of_the_trained_primary_arm(tiny: STUDY) -> None:
    price = trained_price(tiny[1], arm="dual")
    assert price.gap == "0.150 (0.050 to 0.250)"
    assert "0.900 split by input (leaky), 0.750 split by patient; 16 cines of 8 patients" in price.detail


def test_an_arm_without_a_twin_has_no_price(tiny: STUDY) -> None:
    assert "add a twin of arm view_systole" in trained_price(tiny[1], arm="view_systole").detail


def test_a_study_without_the_stage_says_what_it_lacks(tiny: STUDY) -> None:
    price = repeated_price(tiny[0], layout=tiny[1])
    assert (price.gap, price.detail) == ("–", "not part of this study: add arms X")


def test_the_price_says_what_the_linear_head_saw(tiny: STUDY) -> None:
    params, layout = tiny
    backbone = params.arms["dual"].backbone
    frozen = params.model_copy(update={"leakage": params.leakage.model_copy(update={"features": backbone})})
    seen = [repeated_price(own, layout=layout).what for own in (params, frozen)]
    assert seen == [
        "a linear head on gray values of a shrunken crop, over 5 partitions",
        "a linear head on frozen features of test_resnet, over 5 partitions",
    ]


@pytest.mark.parametrize(("inputs", "gap"), [(["systole", "dual"], "0.200"), (["systole", "diastole"], "0.100")])
def test_both_phases_are_preferred(tiny: STUDY, tmp_path: Path, inputs: list[str], gap: str) -> None:
    layout = Layout("tiny", tmp_path)
    rows = {"variant": "all", "input": inputs, "cines_per_patient": "all", "n": 9, "n_patients": 3, "gap": [0.1, 0.2]}
    rows |= {"gap_low": [0.0, 0.1], "gap_high": [0.2, 0.3], "accuracy_by_input": 0.9, "accuracy_by_patient": 0.8}
    tables.write_bytes(layout.tables / "leakage.csv", pd.DataFrame(rows).to_csv(index=False).encode())
    assert repeated_price(tiny[0], layout=layout).gap.startswith(gap)
