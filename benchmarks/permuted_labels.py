"""Whether a network finds anything where there is nothing to find: pathologies permuted between patients.

    python -m benchmarks.permuted_labels [ARM]

Reads the prepared study of params.yaml (run `make repro` first), fits the arm five times on permuted labels, and
compares the share of patients called right with the binomial band of chance.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import binom

from benchmarks.result import keep
from cinemyo import config
from cinemyo.config import Arm
from cinemyo.labels import CLASSES
from cinemyo.layout import Layout
from cinemyo.training.arm import Outputs, run_arm
from cinemyo.training.data import Inputs, read_inputs

REPEATS = 5
LEVEL = 0.99
"""Of the band of each repeat: with five of them, one outside it happens once in twenty times by chance."""


def permuted(inputs: Inputs, *, seed: int) -> Inputs:
    """The inputs with the classes of whole patients permuted between patients."""
    patients = inputs.cines.set_index("cine_id")["patient_id"].loc[list(inputs.samples.cine_ids)].to_numpy(dtype=object)
    _, first, number = np.unique(patients.astype(str), return_index=True, return_inverse=True)
    classes = inputs.samples.targets.numpy()[first]
    shuffled = np.random.default_rng(seed).permutation(classes)
    return replace(inputs, samples=replace(inputs.samples, targets=torch.from_numpy(shuffled[number])))


def by_patient(predictions: pd.DataFrame, *, cines: pd.DataFrame, arm: Arm) -> tuple[int, int, float]:
    """Patients called right, patients, and the share that calls independent of the labels would get right."""
    classes = CLASSES[arm.target]
    tested = predictions[predictions["set"] == "test"].merge(cines[["cine_id", "patient_id"]], on="cine_id")
    patients = tested.groupby("patient_id")
    called = patients[[f"p_{name}" for name in classes]].mean().to_numpy(float).argmax(axis=1)
    truth = patients["truth"].first().map({name: index for index, name in enumerate(classes)}).to_numpy(int)
    shares = [np.bincount(values, minlength=len(classes)) / len(truth) for values in (called, truth)]
    return int((called == truth).sum()), len(truth), float(shares[0] @ shares[1])


def main() -> None:
    """Measures, prints and keeps."""
    params = config.load()
    name = sys.argv[1] if len(sys.argv) > 1 else "dual"
    arm, layout = params.arms[name], Layout(params.study.name)
    inputs = read_inputs(layout, arm=arm, seed=params.seed, links=params.split.links)
    rows = []
    for seed in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            out, work = Outputs.under(Path(folder)), Path(folder) / "work"
            own = permuted(inputs, seed=seed)
            result = run_arm(arm, name=f"{name} permuted", seed=params.seed, inputs=own, out=out, work=work)
        right, patients, chance = by_patient(result.predictions, cines=inputs.cines, arm=arm)
        low, high = (int(value) for value in binom.interval(LEVEL, patients, chance))
        inside = low <= right <= high
        rows.append({"right": right, "patients": patients, "chance": round(chance, 3), "band": [low, high]})
        print(f"permutation {seed}: {right} of {patients} right, band of chance {low} to {high}, inside: {inside}")
    inside = all(row["band"][0] <= row["right"] <= row["band"][1] for row in rows)
    figures = {"study": layout.study, "arm": name, "level": LEVEL, "repeats": rows, "all_inside": inside}
    keep("permuted_labels", figures, command=f"python -m benchmarks.permuted_labels {name}")
    sys.exit(0 if inside else "a permutation left the band of chance: look for a leak")


if __name__ == "__main__":
    main()
