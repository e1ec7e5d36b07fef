"""Whether a bank of augmentation draws costs accuracy: paired fits with and without it, the same but for the bank.

    python -m benchmarks.bank_accuracy [PATIENTS [SEEDS [EPOCHS [DRAWS]]]]

Phantom hearts of our own, rendered at both phases and cropped around the left ventricle. A small network is trained
first to tell views of other phantom patients, as networks are trained on ImageNet; then its first blocks are frozen and
the rest learns the pathology: with new draws in every epoch, and from a bank. Each seed is a pair (the same folds,
start and order of batches) over three folds by patient, so that every patient is tested once in each arm.

The interval of the difference in accuracy by patient spans two: a bootstrap of patients over the mean of the seeds, and
Student's over the seeds. Finished fits are kept in `.cache/cinemyo/bank_accuracy`: a run that is stopped goes on where
it was.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from safetensors.torch import save_file
from scipy.stats import t

from benchmarks.result import keep
from benchmarks.training import bank_of
from benchmarks.training_material import values_of
from cinemyo import tables
from cinemyo.config import Arm, PhantomCohort
from cinemyo.cores import cores
from cinemyo.folds import FoldSplit
from cinemyo.labels import CLASSES
from cinemyo.preparation.canvas import crop
from cinemyo.provenance import sha256
from cinemyo.sources.phantom import export, motion
from cinemyo.sources.phantom.cohort import draw_patient
from cinemyo.sources.phantom.planes import draw_plane
from cinemyo.sources.phantom.render import draw_receiver, draw_signal, masks, received
from cinemyo.training.data import Samples
from cinemyo.training.fit import fit
from cinemyo.training.task import Task

WORK = Path(".cache/cinemyo/bank_accuracy")
PIXEL_MM, SIDE, FOLDS = 4.0, 48, 3
STUDY, OTHERS = 2041, 2032
"""Seeds of the patients of the study, and of those on which the network is trained first.

On the patients of 2031 the number of draws was chosen, so that they can confirm nothing.
"""
WITHIN = 2.0
"""Points that the interval must not leave."""


def cohort_of(patients: int, *, seed: int) -> PhantomCohort:
    """Cines whose pixels are those of the crops."""
    return PhantomCohort(
        patients=patients, seed=seed, phases=20, matrix=80, field_of_view_mm=80 * PIXEL_MM, max_cines=4, confound="none"
    )


def crops_of(cohort: PhantomCohort) -> Iterator[tuple[str, str, str, UInt8[np.ndarray, "phase y x"]]]:
    """Patient, pathology, view, and the crops at diastole and systole of every cine."""
    for number in range(cohort.patients):
        patient = draw_patient(number, seed=cohort.seed, max_cines=cohort.max_cines)
        person = export._person(patient, WORK)
        for plan in patient.plans:
            rng = patient.generator(plan.index, 1)
            beat = export._beat(patient, rng, cohort.phases)
            times = motion.trigger_times(beat, phases=cohort.phases)
            shown = motion.emptying(times, beat=beat)[list(motion.diastole_and_systole(times, beat=beat))]
            size = {"matrix": cohort.matrix, "field_of_view_mm": cohort.field_of_view_mm}
            plane = draw_plane(patient, plan, pose=person.scene.pose, **size)
            scene = replace(person.scene, pose=person.scene.pose.moved(export._breath(rng)))
            signal = draw_signal(scene, plane, emptied=shown, rng=rng)
            # two frames are no neighbours in time
            receiver = replace(draw_receiver(rng, gain=person.gain), blur=0.0)
            pixels = received(signal, plane.points(), pose=scene.pose, receiver=receiver, rng=rng).astype(float)
            ventricle = masks(scene, plane, emptied=shown) == 3
            centre = np.argwhere(ventricle).mean(axis=0)[1:] if ventricle.any() else np.array([39.5, 39.5])
            high = np.percentile(pixels[ventricle] if ventricle.any() else pixels, 99)
            pages = np.clip(255 * pixels / high, 0, 255).astype(np.uint8)
            name = f"p{number:05d}"
            yield name, patient.pathology, plan.view, crop(pages, centre=(centre[0], centre[1]), side=SIDE)


def samples_of(patients: int, *, seed: int, target: str) -> tuple[Samples, list[str]]:
    """Crops and classes, and the patient of each cine; rendered once, then read."""
    path = WORK / f"crops_{patients}_{seed}.npz"
    if not path.is_file():
        names, pathologies, views, images = zip(*crops_of(cohort_of(patients, seed=seed)), strict=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, names=names, pathology=pathologies, view=views, images=np.stack(images))
        part.replace(path)
    with np.load(path) as kept:
        names, labels, images = kept["names"].tolist(), kept[target].tolist(), kept["images"]
    classes = CLASSES[target]  # type: ignore[index]
    targets = torch.tensor([classes.index(label) for label in labels])
    return Samples(torch.from_numpy(images), targets, tuple(f"c{row:05d}" for row in range(len(images)))), names


def arm_of(*, epochs: int, bank: dict[str, Any] | None, backbone: dict[str, Any], target: str = "pathology") -> Arm:
    """The demo's network and augmentation."""
    return Arm.model_validate(
        {
            "target": target,
            "phases": ["diastole", "systole"],
            "recipe": "coarse",
            "crop_px": SIDE,
            "scheme": "paper",
            "backbone": backbone,
            "head": values_of("head", "average"),
            "augment": values_of("augment", "mild"),
            "fit": {**values_of("fit", "demo"), "batch_size": 32, "epochs": epochs, "bank": bank},
        }
    )


def task_of(arm: Arm, *, samples: Samples, patients: list[str], fold: int, seed: int, work: Path) -> Task:
    """One fold by patient; which fold a patient is in does not depend on the seed."""
    number = {name: row % FOLDS for row, name in enumerate(sorted(set(patients)))}
    sides: dict[bool, list[str]] = {True: [], False: []}
    for cine, patient in zip(samples.cine_ids, patients, strict=True):
        sides[number[patient] == fold].append(cine)
    digests = {cine: cine for cine in samples.cine_ids}
    own = dict(zip(samples.cine_ids, patients, strict=True))
    split = FoldSplit("paper", fold, tuple(sides[False]), (), tuple(sides[True]), own, digests)
    return Task(arm, "bank accuracy", samples, split, seed, work)


def pretrained(patients: int, *, epochs: int) -> dict[str, Any]:
    """The backbone with weights that know other patients' views, its first two stages frozen."""
    compact = values_of("backbone", "compact")
    path = WORK / f"views_{patients}_{epochs}.safetensors"
    if not path.is_file():
        samples, names = samples_of(patients, seed=OTHERS, target="view")
        arm = arm_of(epochs=epochs, bank=None, backbone=compact, target="view")
        result = fit(task_of(arm, samples=samples, patients=names, fold=0, seed=OTHERS, work=WORK / "views"))
        prefix = "backbones.0.network."
        own = {key.removeprefix(prefix): value for key, value in result.tensors.items() if key.startswith(prefix)}
        # the file is for gray images in three channels: a third of the first weights in each
        own["conv1.0.weight"] = own["conv1.0.weight"].expand(-1, 3, -1, -1) / 3
        part = path.with_suffix(".part")
        save_file({name: value.contiguous() for name, value in own.items()}, part)
        part.replace(path)
    weights = {"file": path.as_posix(), "sha256": sha256(path)}
    return {**compact, "weights": weights, "train_from": "layer3", "mean": 0.5, "std": 0.5}


def right(given: tuple[int, int, int, int, str]) -> dict[str, list[bool]]:
    """Of each arm, whether each patient was called right in three folds with a seed, in the order of names."""
    patients, seed, epochs, draws, weights = given
    path = WORK / f"right_{STUDY}_{patients}_{seed}_{epochs}_{draws}.json"
    if not path.is_file():
        samples, names = samples_of(patients, seed=STUDY, target="pathology")
        found = {}
        for name, bank in {"new draws": None, "bank": bank_of(draws)}.items():
            arm = arm_of(epochs=epochs, bank=bank, backbone=json.loads(weights))
            work = WORK / f"fits_{seed}_{name.replace(' ', '_')}"
            folds = [
                fit(task_of(arm, samples=samples, patients=names, fold=fold, seed=seed, work=work)).predictions
                for fold in range(FOLDS)
            ]
            found[name] = _called(
                [row for rows in folds for row in rows], dict(zip(samples.cine_ids, names, strict=True))
            )
        tables.write_bytes(path, json.dumps(found).encode())
        for name in found:
            shutil.rmtree(WORK / f"fits_{seed}_{name.replace(' ', '_')}")
    read: dict[str, list[bool]] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _called(rows: list[dict[str, Any]], patient_of: dict[str, str]) -> list[bool]:
    shares: dict[str, list[list[float]]] = {}
    truth = {}
    for row in rows:
        name = patient_of[row["cine_id"]]
        shares.setdefault(name, []).append([row[f"p_{label}"] for label in CLASSES["pathology"]])
        truth[name] = CLASSES["pathology"].index(row["truth"])
    return [int(np.mean(shares[name], axis=0).argmax()) == truth[name] for name in sorted(truth)]


def interval(differences: Float[np.ndarray, "seed patient"]) -> tuple[float, float, float]:
    """Mean difference in points, and a 95 % interval that holds both that over patients and that over seeds."""
    by_patient, by_seed = 100 * differences.mean(axis=0), 100 * differences.mean(axis=1)
    draw = np.random.default_rng(0)
    means = [by_patient[draw.integers(0, len(by_patient), len(by_patient))].mean() for _ in range(4000)]
    middle = float(by_patient.mean())
    half = t.ppf(0.975, len(by_seed) - 1) * by_seed.std(ddof=1) / len(by_seed) ** 0.5 if len(by_seed) > 1 else 0.0
    low, high = np.percentile(means, [2.5, 97.5])
    return middle, min(float(low), middle - half), max(float(high), middle + half)


def main() -> None:
    """Measures, prints and keeps."""
    said = [int(word) for word in sys.argv[1:5]]
    patients, seeds, epochs, draws = (*said, *(600, 6, 40, 16)[len(said) :])
    WORK.mkdir(parents=True, exist_ok=True)
    weights = json.dumps(pretrained(patients // 2, epochs=max(epochs // 2, 1)))
    samples_of(patients, seed=STUDY, target="pathology")
    pairs = []
    with get_context("spawn").Pool(cores()) as pool:
        jobs = [(patients, seed, epochs, draws, weights) for seed in range(seeds)]
        for seed, pair in enumerate(pool.imap(right, jobs)):
            pairs.append(pair)
            told = ", ".join(f"{name} {100 * np.mean(called):.2f} %" for name, called in pair.items())
            print(f"seed {seed}: patients called right with {told}", flush=True)
    differences = np.array([np.array(pair["bank"], float) - np.array(pair["new draws"], float) for pair in pairs])
    middle, low, high = interval(differences)
    inside = bool(low > -WITHIN and high < WITHIN)
    print(f"bank less new draws: {middle:+.2f} points ({low:+.2f} to {high:+.2f}), inside {WITHIN} points: {inside}")
    by_seed = [{name: float(np.mean(called)) for name, called in pair.items()} for pair in pairs]
    figures = {"patients": patients, "seeds": seeds, "epochs": epochs, "draws": draws, "accuracies": by_seed}
    figures |= {"difference_points": middle, "interval": [low, high], "within": WITHIN, "inside": inside}
    keep("bank_accuracy", figures, command=f"python -m benchmarks.bank_accuracy {patients} {seeds} {epochs} {draws}")
    sys.exit(0 if inside else "the interval leaves the band")


if __name__ == "__main__":
    main()
