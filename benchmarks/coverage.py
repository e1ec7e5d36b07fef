"""How often the intervals hold the truth, on cohorts whose truth is known; the naive ones (rows independent) beside.

    python -m benchmarks.coverage [REPEATS]

Bootstraps of the balanced accuracy are measured too, on a twentieth of the repeats: why the reports lean on none.
"""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy import special

from benchmarks.known_cohorts import DROP, SETTINGS, Cohort, Setting, cohorts
from benchmarks.result import keep
from cinemyo.evaluation import bootstrap, estimates, intervals
from cinemyo.evaluation.intervals import Interval

REPEATS = 3000
DRAWS = 1000
"""Of a bootstrap."""

Shown = tuple[float, Interval, Interval]
"""The truth, the interval that the reports show, and the naive one."""


def by_patient(cohort: Cohort) -> Shown:
    """Share of patients called right, one answer each."""
    hits, clusters = cohort.hits()[0][cohort.first], cohort.clusters[cohort.first]
    return cohort.setting.accuracy, intervals.clustered_share(hits, clusters=clusters), _wald(hits)


def by_cine(cohort: Cohort) -> Shown:
    """Share of cines called right."""
    hits = cohort.hits()[0]
    return cohort.setting.accuracy, intervals.clustered_share(hits, clusters=cohort.clusters), _wald(hits)


def difference_by_patient(cohort: Cohort) -> Shown:
    """Second model less first, one answer a patient."""
    first, second = cohort.hits(drop=DROP)[:, cohort.first]
    clusters = cohort.clusters[cohort.first]
    return -DROP, intervals.clustered_difference(first, second=second, clusters=clusters), _wald(second - first)


def difference_by_cine(cohort: Cohort) -> Shown:
    """Second model less first, by cine."""
    first, second = cohort.hits(drop=DROP)
    return -DROP, intervals.clustered_difference(first, second=second, clusters=cohort.clusters), _wald(second - first)


def no_difference(cohort: Cohort) -> Shown:
    """Second model less first, by cine, when they are equally good."""
    first, second = cohort.hits()
    return 0.0, intervals.clustered_difference(first, second=second, clusters=cohort.clusters), _wald(second - first)


def auroc(cohort: Cohort) -> Shown:
    """Area under the ROC curve of one class of three, as large as the accuracy of the setting."""
    positive = cohort.truth == 0
    scores = cohort.alike + np.sqrt(2) * special.ndtri(cohort.setting.accuracy) * positive
    shown = intervals.clustered_auroc(positive, scores=scores, clusters=cohort.clusters)
    alone = estimates.auroc(positive, scores=scores, clusters=np.arange(len(scores)))
    return cohort.setting.accuracy, shown, _normal(alone)


def kappa(cohort: Cohort) -> Shown:
    """Cohen's kappa of truth and first model, three classes of equal shares."""
    truth, predicted = cohort.truth, cohort.predicted
    shown = intervals.clustered_kappa(truth, second=predicted, clusters=cohort.clusters, n_classes=3)
    alone = estimates.kappa(truth, second=predicted, clusters=np.arange(len(truth)), n_classes=3)
    return 1 - 1.5 * (1 - cohort.setting.accuracy), shown, _normal(alone)


def balanced_accuracy(cohort: Cohort) -> Shown:
    """Mean sensitivity; each class's is the accuracy."""
    truth, predicted = cohort.truth, cohort.predicted
    shown = intervals.clustered_balanced_accuracy(truth, predicted=predicted, clusters=cohort.clusters)
    alone = estimates.balanced_accuracy(truth, predicted=predicted, clusters=np.arange(len(truth)))
    return cohort.setting.accuracy, shown, _normal(alone)


def macro_f1(cohort: Cohort) -> Shown:
    """Mean F1, which is the accuracy where classes and errors are even."""
    truth, predicted = cohort.truth, cohort.predicted
    shown = intervals.clustered_macro_f1(truth, predicted=predicted, clusters=cohort.clusters)
    alone = estimates.macro_f1(truth, predicted=predicted, clusters=np.arange(len(truth)))
    return cohort.setting.accuracy, shown, _normal(alone)


def nll(cohort: Cohort) -> Shown:
    """Mean negative log-likelihood of a model that is sometimes sure of the wrong class."""
    values = -np.log(_probabilities(cohort))
    shown = intervals.clustered_loss(values, clusters=cohort.clusters, unseen=intervals.UNSEEN_NLL)
    return _expected(cohort.setting.accuracy, name="nll"), shown, _wald(values)


def brier(cohort: Cohort) -> Shown:
    """Mean Brier score of the same model, of two classes."""
    values = 2 * (1 - _probabilities(cohort)) ** 2
    shown = intervals.clustered_loss(values, clusters=cohort.clusters, unseen=intervals.UNSEEN_BRIER)
    return _expected(cohort.setting.accuracy, name="brier"), shown, _wald(values)


FIGURES: dict[str, Callable[[Cohort], Shown]] = {
    "by patient": by_patient,
    "by cine": by_cine,
    "difference by patient": difference_by_patient,
    "difference by cine": difference_by_cine,
    "no difference by cine": no_difference,
    "AUROC": auroc,
    "kappa": kappa,
    "balanced accuracy": balanced_accuracy,
    "macro F1": macro_f1,
    "NLL": nll,
    "Brier": brier,
}


def bootstraps(cohort: Cohort) -> dict[str, Interval]:
    """What a bootstrap of patients within classes would show of the balanced accuracy."""
    patients, generator = cohort.setting.patients, np.random.default_rng(cohort.first.sum())
    cells = np.zeros((patients, 9), dtype=int)
    np.add.at(cells, (cohort.clusters, 3 * cohort.truth + cohort.predicted), 1)
    matrices = cells.reshape(-1, 3, 3)
    times = bootstrap.cluster_draws(cohort.truth[cohort.first], draws=DRAWS, generator=generator)
    drawn = bootstrap.balanced_accuracies(bootstrap.confusion_draws(matrices, times))
    left = bootstrap.balanced_accuracies(matrices.sum(axis=0) - matrices)
    value = float(bootstrap.balanced_accuracies(matrices.sum(axis=0, keepdims=True))[0])
    bca = bootstrap.bca_interval(value, drawn, left)
    return {"percentile": bootstrap.bootstrap_interval(drawn), "bca": bca}


def coverage(setting: Setting, *, repeats: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """Share of cohorts whose interval, and naive interval, holds the truth, and mean width of the interval."""
    totals = {name: np.zeros(3) for name in FIGURES}
    for cohort in cohorts(setting, repeats=repeats, seed=seed):
        for name, figure in FIGURES.items():
            truth, shown, naive = figure(cohort)
            totals[name] += (_holds(shown, truth), _holds(naive, truth), shown.high - shown.low)
    shares = {name: (sums / repeats).tolist() for name, sums in totals.items()}
    return {name: dict(zip(("shown", "naive", "width"), of, strict=True)) for name, of in shares.items()}


def bootstrap_coverage(setting: Setting, *, repeats: int, seed: int = 0) -> dict[str, float]:
    """The same of the bootstraps of the balanced accuracy."""
    held = [bootstraps(cohort) for cohort in cohorts(setting, repeats=repeats, seed=seed)]
    accuracy = setting.accuracy
    return {name: float(np.mean([_holds(found[name], accuracy) for found in held])) for name in ("percentile", "bca")}


def _holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def _wald(values: np.ndarray) -> Interval:
    half = 1.96 * float(values.std()) / len(values) ** 0.5
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


def _normal(estimate: estimates.Estimate) -> Interval:
    half = 1.96 * estimate.variance**0.5
    return Interval(estimate.value - half, estimate.value + half)


def _probabilities(cohort: Cohort) -> np.ndarray:
    """Probability of the true class: above one half on as many cines as the accuracy says."""
    return _of_score(cohort.alike, accuracy=cohort.setting.accuracy)


def _of_score(score: np.ndarray, *, accuracy: float) -> np.ndarray:
    return special.expit(2 * (special.ndtri(accuracy) + score))


@cache
def _expected(accuracy: float, *, name: str) -> float:
    """The mean loss over all cines that there could be."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    right = _of_score(nodes, accuracy=accuracy)
    losses = {"nll": -np.log(right), "brier": 2 * (1 - right) ** 2}
    return float(losses[name] @ weights / weights.sum())


def rows_of(setting: Setting, *, repeats: int) -> list[dict[str, Any]]:
    """A row per figure of a setting: coverage shown and naive, and width."""
    head = {"patients": setting.patients, "accuracy": setting.accuracy, "correlation": setting.correlation}
    found = coverage(setting, repeats=repeats)
    return [head | {"figure": name} | {key: round(of, 4) for key, of in found[name].items()} for name in found]


def main() -> None:
    """Measures, prints and keeps."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    fewer = max(1, repeats // 20)
    rows, drawn = [], []
    print("patients accuracy correlation figure                  shown  naive  width")
    for setting in SETTINGS:
        own = rows_of(setting, repeats=repeats)
        head = {"patients": setting.patients, "accuracy": setting.accuracy, "correlation": setting.correlation}
        drawn.append(head | bootstrap_coverage(setting, repeats=fewer))
        for row in own:
            where = f"{row['patients']:8d} {row['accuracy']:8.2f} {row['correlation']:11.1f}"
            print(f"{where} {row['figure']:23s} {row['shown']:.3f}  {row['naive']:.3f}  {row['width']:.3f}", flush=True)
        print(
            f"  balanced accuracy by bootstrap: {drawn[-1]['percentile']:.3f}, BCa {drawn[-1]['bca']:.3f}", flush=True
        )
        rows += own
    least = min(row["shown"] for row in rows)
    print(f"least coverage of an interval shown: {least:.3f}")
    figures = {"level": 0.95, "repeats": repeats, "least": least, "rows": rows}
    figures |= {"bootstrap_of_balanced_accuracy": {"repeats": fewer, "draws": DRAWS, "rows": drawn}}
    keep("coverage", figures, command=f"python -m benchmarks.coverage {repeats}")


if __name__ == "__main__":
    main()
