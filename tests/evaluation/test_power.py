"""Numbers of patients: domain's goldens, and that as many are enough."""

from collections.abc import Callable

import numpy as np
import pytest

from cinemyo.evaluation.intervals import clustered_difference, exact
from cinemyo.evaluation.power import patients_for, patients_for_margin, patients_for_non_inferiority


@pytest.mark.parametrize(
    ("share", "half_width", "n"),
    [(0.95, 0.01, 1825), (0.95, 0.02, 457), (0.95, 0.03, 203), (0.98, 0.01, 753), (0.98, 0.02, 189), (0.98, 0.03, 84)],
)
def test_patients_for_points_of_precision(share: float, half_width: float, n: int) -> None:
    assert patients_for(half_width, share=share) == n


def test_a_design_effect_multiplies_the_patients() -> None:
    assert patients_for(0.02, share=0.95, design_effect=2) == pytest.approx(2 * 457, abs=1)


def test_a_share_without_exception_takes_what_the_exact_interval_takes() -> None:
    n = patients_for(0.02, share=1.0)
    assert exact(n, total=n).low >= 1 - 0.04 > exact(n - 1, total=n - 1).low


def test_any_patient_is_enough_for_half_of_everything() -> None:
    assert patients_for(0.5, share=1.0) == 1


@pytest.mark.parametrize("margin", [0.05, 0.10])
def test_patients_for_a_margin_are_about_those_of_the_normal_formula(margin: float) -> None:
    # (z of .975 + z of .90)^2 x discordant share / margin^2 (Liu et al. 2002)
    assert patients_for_margin(margin, discordant_share=0.1) == pytest.approx(10.507 * 0.1 / margin**2, abs=20)


def test_non_inferiority_takes_fewer_than_equivalence() -> None:
    assert patients_for_non_inferiority(0.05, discordant_share=0.1) < patients_for_margin(0.05, discordant_share=0.1)


def test_models_that_never_differed_still_take_patients() -> None:
    assert patients_for_margin(0.02, discordant_share=0.0) > 100


def test_a_margin_wider_than_any_difference_takes_one() -> None:
    assert patients_for_margin(2.0, discordant_share=0.0) == 1


def test_smaller_margins_take_more() -> None:
    needs = [patients_for_margin(margin, discordant_share=0.05) for margin in (0.1, 0.05, 0.02, 0.01)]
    assert needs == sorted(needs)


@pytest.mark.parametrize(("needs", "above"), [(patients_for_margin, 0.08), (patients_for_non_inferiority, 1.01)])
def test_that_many_show_it_with_the_asked_power(needs: Callable[..., int], above: float) -> None:
    n = needs(0.08, discordant_share=0.1)
    draw, shown = np.random.default_rng(0), []
    for change in draw.choice([-1, 0, 1], p=[0.05, 0.9, 0.05], size=(1000, n)):
        first = (change < 0).astype(int)
        low, high = clustered_difference(first, second=first + change, clusters=np.arange(n))
        shown.append(low > -0.08 and high < above)
    assert np.mean(shown) == pytest.approx(0.8, abs=0.05)
