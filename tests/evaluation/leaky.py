"""Made-up answers of a split by patient and one by input, with a known price of leakage."""

from functools import cache

import numpy as np
import pandas as pd

from cinemyo import measures
from cinemyo.labels import PATHOLOGIES
from tests.cohort import name

NAMES = np.array(PATHOLOGIES, dtype=object)
SHARES = np.array([0.363, 0.282, 0.187, 0.1, 0.047, 0.021])
"""Of patients with one to six cines, as in the paper."""


def answers(
    *,
    patients: int,
    seed: int,
    cines: int | None = None,
    accuracy: float = 0.8,
    signature: float = 0.0,
    partitions: int = 5,
    variant: str = "all",
) -> pd.DataFrame:
    """A row per cine, partition and split, as in `measures.LEAKAGE`.

    `signature` is the share of cines that a split by input calls right because another cine of the patient is in
    training: every other one is in five folds of six. Patients differ in how hard they are. `cines` per patient, or as
    in the paper.
    """
    draw = np.random.default_rng(seed)
    counts = np.full(patients, cines) if cines else draw.choice(np.arange(1, 7), size=patients, p=SHARES)
    owner = np.repeat(np.arange(patients), counts)
    truth = (owner % 3) if variant != "permuted" else draw.permutation(patients)[owner] % 3
    easy = draw.beta(5 * accuracy, 5 * (1 - accuracy), size=patients)[owner]
    known = signature * (1 - (1 / 6) ** (counts[owner] - 1)) * np.array([0, 1])[:, None]
    shape = (partitions, 2, len(owner))
    right = (draw.random(shape) < easy) | (draw.random(shape) < known)
    called = np.where(right, truth, (truth + draw.integers(1, 3, shape)) % 3)
    partition, split, _ = np.indices(shape)
    columns = {
        "partition": partition.ravel(),
        "split": np.array(["by_patient", "by_input"], dtype=object)[split.ravel()],
        "predicted": NAMES[called.ravel()],
        "truth": np.tile(NAMES[truth], 2 * partitions),
        **{key: np.tile(values, 2 * partitions) for key, values in _cohort(owner, counts=counts).items()},
    }
    return pd.DataFrame(columns).assign(variant=variant, input="dual")[measures.LEAKAGE.header]


def _cohort(owner: np.ndarray, *, counts: np.ndarray) -> dict[str, np.ndarray]:
    order = np.concatenate([np.arange(count) for count in counts])
    cines = [_name("c", patient, number) for patient, number in zip(owner.tolist(), order.tolist(), strict=True)]
    patients = [_name("p", patient) for patient in owner.tolist()]
    names = {"cine_id": np.array(cines, dtype=object), "patient_id": np.array(patients, dtype=object)}
    return names | {"patient_cines": counts[owner]}


@cache
def _name(kind: str, *parts: int) -> str:
    return name(kind, *parts)
