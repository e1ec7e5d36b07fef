"""An interval of the balanced accuracy by patient, against a bootstrap of patients, by the size of the cohort.

    python -m benchmarks.evaluation

Synthetic answers of three cines a patient; the interval is the one that the reports show.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.result import keep, machine
from cinemyo.evaluation import bootstrap, intervals

SIZES = (100, 1000, 10_000)
DRAWS = 2000
PER_PATIENT = 3


def measured(cines: int) -> dict[str, Any]:
    """Seconds of the interval and of the bootstrap on a cohort of this size."""
    draw = np.random.default_rng(0)
    clusters = np.arange(cines) // PER_PATIENT
    patients = int(clusters[-1]) + 1
    classes = np.arange(patients) % 3
    truth = classes[clusters]
    predicted = np.where(draw.random(cines) < 0.8, truth, (truth + 1) % 3)
    cells = np.zeros((patients, 9), dtype=int)
    np.add.at(cells, (clusters, 3 * truth + predicted), 1)

    def drawn() -> None:
        times = bootstrap.cluster_draws(classes, draws=DRAWS, generator=draw)
        bootstrap.balanced_accuracies(bootstrap.confusion_draws(cells.reshape(-1, 3, 3), times))

    ours = best(lambda: intervals.clustered_balanced_accuracy(truth, predicted=predicted, clusters=clusters))
    theirs = best(drawn)
    return {"cines": cines, "interval_s": round(ours, 5), "bootstrap_s": round(theirs, 4), "ratio": theirs / ours}


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of three."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    """Measures, prints and keeps."""
    rows = [measured(cines) for cines in SIZES]
    print(f"{machine()['cpu']}, {machine()['cores']} cores; {DRAWS} draws\n   cines    interval   bootstrap    ratio")
    for row in rows:
        row["ratio"] = round(row["ratio"], 1)
        print(f"{row['cines']:8d} {row['interval_s']:9.4f} s {row['bootstrap_s']:9.3f} s {row['ratio']:8.1f}")
    keep("evaluation", {"draws": DRAWS, "rows": rows}, command="python -m benchmarks.evaluation")


if __name__ == "__main__":
    main()
