"""Answers of two models on cohorts whose truth is known.

Patients have 1 to 6 cines in the paper's proportions, and one class. What each model makes of a cine is a threshold on
a latent score that the cines of a patient share in part: to such a part that right and wrong correlate within a patient
as the setting asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import special, stats
from scipy.optimize import brentq

PATIENTS = (20, 60, 534)
ACCURACIES = (0.80, 0.95, 0.98)
CORRELATIONS = (0.2, 0.5)
CINES = np.array([0.363, 0.282, 0.187, 0.100, 0.047, 0.021])
"""Shares of patients with 1, 2, ... 6 cines."""
COMMON = 0.6
"""Correlation of the two models' latent scores of a cine."""
DROP = 0.05
"""How much lower the second model's accuracy is, where it is lower."""


@dataclass(frozen=True)
class Setting:
    """A cohort's size, the models' accuracy and how alike the cines of a patient are."""

    patients: int
    accuracy: float
    correlation: float


SETTINGS = tuple(Setting(n, share, alike) for n in PATIENTS for share in ACCURACIES for alike in CORRELATIONS)


@dataclass(frozen=True)
class Cohort:
    """One cohort drawn: a row per cine, the first cine of each patient by its index, two models' latent scores."""

    setting: Setting
    clusters: np.ndarray
    first: np.ndarray
    truth: np.ndarray
    latent: np.ndarray
    other: np.ndarray
    """A class that is not the true one."""
    alike: np.ndarray
    """A latent score whose own correlation within a patient is that of the setting."""

    def hits(self, *, drop: float = 0.0) -> np.ndarray:
        """Right or wrong of each model, the second's accuracy lower by `drop`."""
        shares = np.array([[self.setting.accuracy], [self.setting.accuracy - drop]])
        return (self.latent < special.ndtri(shares)).astype(int)

    @property
    def predicted(self) -> np.ndarray:
        """Classes that the first model calls."""
        return np.where(self.hits()[0] == 1, self.truth, self.other)


def cohorts(setting: Setting, *, repeats: int, seed: int = 0) -> Iterator[Cohort]:
    """That many cohorts of a setting."""
    key = [seed, setting.patients, round(1000 * setting.accuracy), round(1000 * setting.correlation)]
    draw = np.random.default_rng(key)
    shared = latent_correlation(setting.accuracy, correlation=setting.correlation)
    for _ in range(repeats):
        sizes = draw.choice(6, size=setting.patients, p=CINES / CINES.sum()) + 1
        clusters = np.repeat(np.arange(setting.patients), sizes)
        truth = draw.integers(0, 3, setting.patients)[clusters]
        yield Cohort(
            setting=setting,
            clusters=clusters,
            first=np.cumsum(sizes) - sizes,
            truth=truth,
            latent=_scores(clusters, shared=shared, models=2, generator=draw),
            other=(truth + draw.integers(1, 3, len(truth))) % 3,
            alike=_scores(clusters, shared=setting.correlation, models=1, generator=draw)[0],
        )


@cache
def latent_correlation(accuracy: float, *, correlation: float) -> float:
    """Correlation of two normal scores at which being below the threshold of the accuracy correlates as asked."""
    threshold = float(special.ndtri(accuracy))
    both = accuracy**2 + correlation * accuracy * (1 - accuracy)

    def beyond(shared: float) -> float:
        pair = stats.multivariate_normal.cdf([threshold, threshold], cov=[[1, shared], [shared, 1]])
        return float(pair) - both

    return float(brentq(beyond, 1e-6, 1 - 1e-6))


def _scores(clusters: np.ndarray, *, shared: float, models: int, generator: np.random.Generator) -> np.ndarray:
    common = COMMON if models > 1 else 0.0

    def drawn(n: int) -> np.ndarray:
        own, of_all = generator.standard_normal((models, n)), generator.standard_normal(n)
        return np.sqrt(1 - common) * own + np.sqrt(common) * of_all

    return np.sqrt(shared) * drawn(int(clusters.max()) + 1)[:, clusters] + np.sqrt(1 - shared) * drawn(len(clusters))
