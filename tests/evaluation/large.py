"""A made-up study of 100,000 answers, scored and tabulated in a process of its own: `python -m tests.evaluation.large`.

It prints seconds of the processor (others may load the machine), peak memory in gigabytes and what was made, as JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.evaluation import sections
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.scores import answers, scores
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.evaluation.summary import metrics_of
from cinemyo.labels import PATHOLOGIES, VIEWS
from tests.evaluation.example import history, params
from tests.evaluation.made_up import evidence, phases, regions

PATIENTS: Final = 20_000
CINES: Final = 5
FOLDS: Final = 6
SKILLS: Final = {"dual": 4.0, "systole": 3.0, "systole_128": 3.5}
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"


def name(kind: str, number: int) -> str:
    """A pseudonym of the form of `tables.ID`."""
    return f"{kind}-" + "".join(LETTERS[(number >> 5 * place) & 31] for place in range(16))


def study() -> tuple[Params, dict[str, pd.DataFrame]]:
    """Parameters of three arms, and cines, labels and folds of all patients."""
    draw, owner = np.random.default_rng(0), np.repeat(np.arange(PATIENTS), CINES)
    n = len(owner)
    ids = [name("c", number) for number in range(n)]
    patients = np.array([name("p", number) for number in range(PATIENTS)], dtype=object)[owner]
    people = {"sex": np.where(owner % 2, "F", "M"), "age_years": 20 + owner % 60}
    exams = np.array([name("e", number) for number in range(PATIENTS)], dtype=object)[owner]
    image = {"rows": 160, "columns": 160, "row_spacing_mm": 2.0, "column_spacing_mm": 2.0, "source": "dicom"}
    image |= {"n_frames": 25, "phase_key": "trigger_time"}
    cines = pd.DataFrame({"cine_id": ids, "patient_id": patients, "exam_id": exams, "exam_order": 1, **people, **image})
    cines["scanner"] = np.where(owner % 4, "d-a", "d-b")
    cines["digest"] = [f"{number:064x}" for number in range(n)]
    pathology = np.array(PATHOLOGIES, dtype=object)[owner % 3]
    view = np.array(VIEWS, dtype=object)[draw.integers(0, len(VIEWS), n)]
    said = {"typical": owner % 9 > 0, "post_contrast": owner % 8 == 0, "effusion": owner % 30 == 0}
    labels = pd.DataFrame({"cine_id": ids, "pathology": pathology, "view": view, "label_version": "1", **said})
    part = (owner % FOLDS).astype(str)
    folds = pd.DataFrame({"scheme": "honest", "cine_id": ids, "patient_id": patients, "part": part})
    own = params(dual={}, systole={"phases": ["systole"]}, systole_128={"phases": ["systole"], "crop_px": 128})
    evaluate = own.evaluate.model_copy(update={"bootstrap": 2000})
    return own.model_copy(update={"evaluate": evaluate}), {"cines": cines, "labels": labels, "folds": folds}


def predictions(read: dict[str, pd.DataFrame], *, skill: float) -> pd.DataFrame:
    """Test answers to all cines, and the same as validation of another fold; those of a patient err together."""
    draw, owner = np.random.default_rng(round(10 * skill)), np.repeat(np.arange(PATIENTS), CINES)
    shared = draw.normal(size=(PATIENTS, len(PATHOLOGIES)))[owner]
    logits = draw.normal(size=shared.shape) + shared + skill * np.eye(len(PATHOLOGIES))[owner % 3]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = read["labels"]
    frame = pd.DataFrame({"cine_id": labels["cine_id"], "fold": owner % FOLDS, "set": "test"})
    shares = {f"p_{pathology}": p[:, index] for index, pathology in enumerate(PATHOLOGIES)}
    tested = frame.assign(truth=labels["pathology"], **shares)
    return pd.concat([tested, tested.assign(set="validation", fold=(owner - 1) % FOLDS)], ignore_index=True)


def scored(own: Params, *, read: dict[str, pd.DataFrame], given: dict[str, pd.DataFrame]) -> list[Scored]:
    """The arms, read and scored as the stage evaluate does."""
    table, prepared = tables.predictions("pathology"), set(read["cines"]["cine_id"])
    return [
        score(
            tables.check(given[arm], table=table, where=arm),
            name=arm,
            arm=own.arms[arm],
            prepared=prepared,
            seed=own.seed,
            **read,
        )
        for arm in own.arms
    ]


def made_of(arms: list[Scored], *, whole: Evidence) -> dict[str, Any]:
    """How many tables, and rows of answers of each arm, were made."""
    own = whole.params
    written = [table.csv() for _, found in sections.results_of(whole) for table in found]
    figures = metrics_of(arms, study=own.study, evaluate=own.evaluate, seed=own.seed)["arms"]
    flat = [scores(figures[arm.name]) for arm in arms]
    return {"tables": len(written), "rows": [len(answers(arm)) for arm in arms], "scores": len(flat)}


def peak_gigabytes() -> float:
    """The peak memory of this program alone.

    Linux hands the peak of the process that started us on in `ru_maxrss`: there `VmHWM`, which begins anew, is read.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**30
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 2**20


def main() -> None:
    """Measures it."""
    own, read = study()
    given = {arm: predictions(read, skill=skill) for arm, skill in SKILLS.items()}
    located = {"phases": phases(read["cines"]), "regions": regions(read["cines"])}
    start = time.process_time()
    arms = scored(own, read=read, given=given)
    histories = dict.fromkeys(own.arms, history())
    whole = evidence(*arms, own=own, **located, histories=histories, predictions=given, **read)
    found = made_of(arms, whole=whole) | {"seconds": time.process_time() - start}
    sys.stdout.write(json.dumps(found | {"gigabytes": peak_gigabytes()}) + "\n")


if __name__ == "__main__":
    main()
