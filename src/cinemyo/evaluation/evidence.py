"""All that the results of a study are computed from, read once."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation.scoring import Scored


@dataclass(frozen=True)
class External:
    """The supplementary cohort: its tables, and predictions by arm (set `external`, a row per cine and fold)."""

    cines: pd.DataFrame
    labels: pd.DataFrame
    phases: pd.DataFrame
    predictions: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Evidence:
    """What the stage evaluate read of a study."""

    params: Params
    arms: tuple[Scored, ...]
    cines: pd.DataFrame
    labels: pd.DataFrame
    folds: pd.DataFrame
    links: pd.DataFrame | None
    """Who is one person under two numbers, where the study has such a sheet."""
    regions: pd.DataFrame
    phases: pd.DataFrame
    prepared: Mapping[str, pd.DataFrame]
    """By recipe."""
    histories: Mapping[str, pd.DataFrame]
    """By arm."""
    predictions: Mapping[str, pd.DataFrame]
    """By arm, validation rows included."""
    holdout: Mapping[str, pd.DataFrame]
    """By arm: predictions of the hold-out by each fold; no rows where it is closed."""
    external: External | None
    attention: pd.DataFrame
    leakage: pd.DataFrame
    robustness: Mapping[str, pd.DataFrame]
    """By arm; no rows for leaky arms and controls."""
    readers: pd.DataFrame
    corrections: pd.DataFrame
    openings: pd.DataFrame

    def arm(self, name: str) -> Scored:
        """The arm of that name."""
        return next(scored for scored in self.arms if scored.name == name)

    @property
    def primary(self) -> Scored:
        """The arm that was named before any fit."""
        return self.arm(self.params.study.primary)

    @property
    def honest(self) -> tuple[Scored, ...]:
        """Arms that are neither leaky nor controls."""
        return tuple(scored for scored in self.arms if not scored.is_leaky and not scored.is_control)
