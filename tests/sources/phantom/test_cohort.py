"""Who is in a cohort."""

from collections import Counter
from functools import cache

import numpy as np
import pytest

from cinemyo.labels import PATHOLOGIES
from cinemyo.sources.phantom.cohort import PATIENTS, Patient, draw_patient
from cinemyo.sources.phantom.subtypes import SUBTYPES, is_typical, subtype_at


@cache
def _cohort() -> tuple[Patient, ...]:
    return tuple(draw_patient(number, seed=11, max_cines=6) for number in range(240))


def _of(pathology: str) -> list[Patient]:
    return [patient for patient in _cohort() if patient.pathology == pathology]


@pytest.mark.parametrize("pathology", PATHOLOGIES)
def test_classes_have_the_shares_of_the_paper(pathology: str) -> None:
    assert len(_of(pathology)) / 240 == pytest.approx(PATIENTS[pathology] / 534, abs=0.015)


def test_patients_have_one_to_six_cines() -> None:
    assert set(Counter(len(patient.plans) for patient in _cohort())) == {1, 2, 3, 4, 5, 6}


def test_patients_have_two_and_a_quarter_cines_on_average() -> None:
    assert np.mean([len(patient.plans) for patient in _cohort()]) == pytest.approx(2.25, abs=0.25)


def test_the_most_cines_can_be_limited() -> None:
    assert max(len(draw_patient(number, seed=11, max_cines=2).plans) for number in range(40)) == 2


def test_views_follow_the_class() -> None:
    right = [plan.view == "vla_right" for patient in _of("normal") for plan in patient.plans]
    assert np.mean(right) == pytest.approx(106 / 395, abs=0.08)


def test_all_vertical_long_axes_of_a_patient_are_displayed_alike() -> None:
    for patient in _cohort():
        assert len({plan.view for plan in patient.plans if plan.view.startswith("vla")}) <= 1


def test_short_axes_of_a_patient_lie_apart() -> None:
    levels = [sorted(plan.level for plan in p.plans if plan.view == "short_axis") for p in _cohort()]
    assert min(float(np.diff(some).min()) for some in levels if len(some) > 1) > 0.01


@pytest.mark.parametrize(("pathology", "mean"), [("normal", 45.6), ("hcm", 52.5), ("dcm", 56.4)])
def test_ages_are_those_of_the_paper(pathology: str, mean: float) -> None:
    assert np.mean([patient.age for patient in _of(pathology)]) == pytest.approx(mean, abs=5)


def test_the_same_number_gives_the_same_patient() -> None:
    assert draw_patient(17, seed=11, max_cines=6) == _cohort()[17]


def test_another_seed_gives_another_patient() -> None:
    assert draw_patient(17, seed=12, max_cines=6) != _cohort()[17]


def test_walls_of_the_classes_overlap() -> None:
    thickest_normal = max(patient.heart.thickest_mm for patient in _of("normal"))
    assert thickest_normal > min(patient.heart.thickest_mm for patient in _of("hcm"))


def test_ejection_of_mild_and_burnt_out_hearts_overlaps() -> None:
    best_dcm = max(patient.heart.ejection for patient in _of("dcm"))
    assert best_dcm > min(patient.heart.ejection for patient in _of("hcm"))


def test_diameters_of_the_classes_overlap() -> None:
    widest_normal = max(patient.heart.diameter for patient in _of("normal"))
    assert widest_normal > min(patient.heart.diameter for patient in _of("dcm"))


def test_most_hearts_are_no_borderline_cases() -> None:
    assert 0.05 < np.mean([patient.subtype.borderline for patient in _cohort()]) < 0.2


def test_few_cines_hide_their_pathology() -> None:
    hidden = [not plan.typical for patient in _cohort() for plan in patient.plans]
    assert 0 < np.mean(hidden) < 0.04


@pytest.mark.parametrize("pathology", PATHOLOGIES)
def test_shares_of_subtypes_add_up(pathology: str) -> None:
    assert sum(subtype.share for subtype in SUBTYPES[pathology]) == pytest.approx(1)


def test_basal_hypertrophy_is_not_typical_on_the_vertical_long_axis() -> None:
    basal = next(subtype for subtype in SUBTYPES["hcm"] if subtype.name == "basal")
    assert not is_typical(basal, view="vla_left", level=0.5)


def test_the_last_share_is_the_last_subtype() -> None:
    assert subtype_at("dcm", 1.0).name == "mild"
