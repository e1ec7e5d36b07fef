"""How well a phantom's classes can be told apart from the truth: the yardstick for networks trained on its images.

Logistic regression on each patient's true ejection fraction, end-diastolic diameter and thickest wall, cross-validated
by patient. Usage: `python -m benchmarks.oracle data/phantom/demo`; writes benchmarks/results/oracle.json.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.result import keep
from cinemyo import tables
from cinemyo.sources.phantom.truth import TRUTH

FEATURES = ["ef_percent", "edd_mm", "wall_mm"]


def oracle_accuracy(features: np.ndarray, pathology: np.ndarray, *, folds: int = 6, repeats: int = 5) -> float:
    """Share of patients that the oracle puts in the right class, mean of several draws of the folds."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=10, max_iter=1000))
    shares = []
    for seed in range(repeats):
        parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
        shares.append(np.mean(cross_val_predict(model, features, pathology, cv=parts) == pathology))
    return float(np.mean(shares))


def patients_of(truth: pd.DataFrame) -> pd.DataFrame:
    """One row per patient of a phantom's truth."""
    return truth.drop_duplicates("patient")


def main() -> None:
    """Prints the oracle's accuracy and keeps it."""
    folder = Path(sys.argv[1])
    patients = patients_of(tables.read(folder / "truth.csv", table=TRUTH))
    accuracy = oracle_accuracy(patients[FEATURES].to_numpy(float), patients["pathology"].to_numpy(str))
    command = f"python -m benchmarks.oracle {folder.as_posix()}"
    model = "logistic regression, C = 10, on standardised features; six folds by patient, mean of five draws"
    keep("oracle", {"accuracy": round(accuracy, 4), "patients": len(patients), "model": model}, command=command)
    print(f"oracle: {accuracy:.3f} of {len(patients)} patients ({', '.join(FEATURES)})")


if __name__ == "__main__":
    main()
