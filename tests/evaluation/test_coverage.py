"""The intervals hold a known truth on small cohorts, where those that take rows as independent do not."""

from functools import cache

import pytest

from benchmarks.coverage import FIGURES, coverage
from benchmarks.known_cohorts import SETTINGS, Setting

REPEATS = 1000
LEAST = 0.93

OF_CINES = sorted(set(FIGURES) - {"by patient", "difference by patient"})
SMALL_AND_ALIKE = tuple(setting for setting in SETTINGS if setting.patients == 20 and setting.correlation == 0.5)

pytestmark = pytest.mark.slow

Found = dict[str, dict[str, float]]


def name_of(setting: Setting) -> str:
    return f"{setting.patients} patients, accuracy {setting.accuracy}, correlation {setting.correlation}"


def printed(setting: Setting, *, found: Found) -> str:
    rows = [f"{name:22s} shown {of['shown']:.3f}  naive {of['naive']:.3f}" for name, of in found.items()]
    return "\n".join([name_of(setting), *rows])


@cache
def measured(setting: Setting) -> Found:
    return coverage(setting, repeats=REPEATS)


@pytest.mark.parametrize("setting", SETTINGS, ids=name_of)
def test_every_interval_shown_holds_the_truth(setting: Setting) -> None:
    found = measured(setting)
    short = [name for name, of in found.items() if of["shown"] < LEAST]
    assert short == [], printed(setting, found=found)


@pytest.mark.parametrize("name", OF_CINES)
def test_the_naive_interval_of_cines_does_not(name: str) -> None:
    worst = min(SMALL_AND_ALIKE, key=lambda setting: measured(setting)[name]["naive"])
    assert measured(worst)[name]["naive"] < 0.87 < LEAST, printed(worst, found=measured(worst))
