"""Who is in a synthetic cohort: each patient, keyed by seed and number, so that no patient depends on another."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from cinemyo.labels import PATHOLOGIES, Pathology, View
from cinemyo.sources.phantom.anatomy import Heart
from cinemyo.sources.phantom.subtypes import WOMEN, Subtype, draw_heart, is_typical, subtype_at

PATIENTS: Final[dict[Pathology, int]] = {"normal": 209, "hcm": 175, "dcm": 150}
AGES: Final[dict[Pathology, tuple[float, float]]] = {"normal": (45.6, 15.8), "hcm": (52.5, 17.8), "dcm": (56.4, 14.3)}
WOMEN_SHARE: Final[dict[Pathology, float]] = {"normal": 148 / 395, "hcm": 112 / 411, "dcm": 103 / 394}
SYSTOLE_MS: Final[dict[Pathology, tuple[float, float]]] = {"normal": (329, 35), "hcm": (346, 39), "dcm": (337, 29)}
VIEW_MIX: Final[dict[Pathology, tuple[int, int, int, int]]] = {
    "normal": (39, 106, 132, 118),
    "hcm": (39, 49, 143, 180),
    "dcm": (66, 50, 142, 136),
}
"""Cines per view in the order of `labels.VIEWS`. Source: Germain 2021, Table 1"""
CINES_PER_PATIENT: Final = (0.363, 0.282, 0.187, 0.100, 0.047, 0.021)
RATES: Final[dict[Pathology, tuple[float, float]]] = {"normal": (66, 10), "hcm": (64, 10), "dcm": (72, 13)}
SYSTOLE_SLOPE: Final = -1.8
"""ms per beat per minute."""

_PATIENT, _CINE, _COHORT = 1, 2, 3
_GOLDEN, _PLASTIC = 0.6180339887498949, 0.7548776662466927


@dataclass(frozen=True)
class Plan:
    """One cine to acquire."""

    index: int
    view: View
    level: float
    """Of a short axis, from 0 at the base to 1 at the apex."""
    exam: int
    typical: bool


@dataclass(frozen=True)
class Patient:
    """One person of the cohort with a heart, who does not exist."""

    seed: int
    number: int
    pathology: Pathology
    subtype: Subtype
    heart: Heart
    sex: Literal["F", "M"]
    age: int
    rate: float
    """Beats per minute."""
    systole_ms: float
    plans: tuple[Plan, ...]

    def generator(self, *keys: int) -> np.random.Generator:
        """Random numbers of this patient's own, for one purpose."""
        return np.random.default_rng([self.seed, self.number, _CINE, *keys])


def pathology_of(seed: int, number: int) -> tuple[Pathology, int]:
    """The pathology of a patient and how many patients before have it; shares follow Table 1 evenly.

    A low-discrepancy sequence keeps the shares right in small cohorts, and depends on seed and number alone.
    """
    offset = np.random.default_rng([seed, _COHORT]).random()
    shares = (offset + _GOLDEN * np.arange(number + 1)) % 1
    edges = np.cumsum([PATIENTS[name] for name in PATHOLOGIES]) / sum(PATIENTS.values())
    drawn = np.searchsorted(edges[:-1], shares, side="right")
    return PATHOLOGIES[drawn[-1]], int(np.sum(drawn[:-1] == drawn[-1]))


def draw_patient(number: int, *, seed: int, max_cines: int) -> Patient:
    """The patient with this number, from 0.

    Source: Germain 2021, Table 1
    """
    pathology, rank = pathology_of(seed, number)
    offsets = np.random.default_rng([seed, _COHORT, PATHOLOGIES.index(pathology)]).random()
    subtype = subtype_at(pathology, float((offsets + _PLASTIC * rank) % 1))
    rng = np.random.default_rng([seed, number, _PATIENT])
    sex: Literal["F", "M"] = "F" if rng.random() < WOMEN_SHARE[pathology] else "M"
    mean, deviation = AGES[pathology]
    older = 15 if subtype.name == "sigmoid_septum" else 0
    rate = float(np.clip(rng.normal(*RATES[pathology]), 45, 105))
    return Patient(
        seed=seed,
        number=number,
        pathology=pathology,
        subtype=subtype,
        heart=draw_heart(rng, subtype=subtype, scale=WOMEN[pathology] if sex == "F" else 1.0),
        sex=sex,
        age=int(np.clip(rng.normal(mean + older, deviation), 18, 92)),
        rate=rate,
        systole_ms=_systole(rng, pathology, rate),
        plans=_plans(rng, pathology, subtype, max_cines),
    )


def _systole(rng: np.random.Generator, pathology: Pathology, rate: float) -> float:
    mean, deviation = SYSTOLE_MS[pathology]
    usual, spread = RATES[pathology]
    rest = np.sqrt(max(deviation**2 - (SYSTOLE_SLOPE * spread) ** 2, 100))
    drawn = mean + SYSTOLE_SLOPE * (rate - usual) + rng.normal(0, rest)
    return float(np.clip(drawn, 230, 0.55 * 60000 / rate))


def _plans(rng: np.random.Generator, pathology: Pathology, subtype: Subtype, max_cines: int) -> tuple[Plan, ...]:
    weights = np.array(CINES_PER_PATIENT[:max_cines])
    count = 1 + int(rng.choice(len(weights), p=weights / weights.sum()))
    views = _views(rng, pathology, subtype, count)
    levels = _levels(rng, subtype, views.count("short_axis"))
    returns = count > 1 and rng.random() < 0.05
    plans = []
    for index, view in enumerate(views):
        level = levels.pop() if view == "short_axis" else 0.5
        exam = 1 if returns and index == count - 1 else 0
        plans.append(Plan(index, view, level, exam, is_typical(subtype, view=view, level=level)))
    return tuple(plans)


def _views(rng: np.random.Generator, pathology: Pathology, subtype: Subtype, count: int) -> list[View]:
    """Views by the mix of the pathology; all vertical long axes of a patient are displayed the same way."""
    left, right, four, short = VIEW_MIX[pathology]
    vertical: View = "vla_left" if rng.random() < left / (left + right) else "vla_right"
    rarer = 0.2 if subtype.name == "basal" else 1.0
    weights = np.array([(left + right) * rarer, four, short])
    options: tuple[View, ...] = (vertical, "four_chamber", "short_axis")
    return [options[chosen] for chosen in rng.choice(3, size=count, p=weights / weights.sum())]


def _levels(rng: np.random.Generator, subtype: Subtype, count: int) -> list[float]:
    """Levels of the short axes, apart from each other; mostly where a focal thickening shows."""
    low, high = 0.27, 0.65
    if rng.random() < 0.85:
        low, high = {"basal": (0.24, 0.42), "apical": (0.5, 0.68)}.get(subtype.name, (low, high))
    edges = np.linspace(low, high, count + 1)
    return [float(rng.uniform(start, start + 0.7 * (end - start))) for start, end in pairwise(edges)]
