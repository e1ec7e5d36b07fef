"""The time of the paper's training: ours with and without a bank, a Keras script and a plain Lightning script.

    python -m benchmarks.training speed|equality [PYTHON]

PYTHON is an interpreter with TensorFlow (`pip install tensorflow-cpu==2.21.0 keras==3.15.1 safetensors` in an
environment of its own); without one the Keras script is left out. All start from the same seeded VGG16 weights, at
160 px, both phases, last block trained, batches of 32.

`speed`: 64 cines are trained on and 32 watched, for a few epochs of which the first does not count. A fold-epoch of the
paper is 1,000 cines trained on and 200 watched, so

    seconds of a fold-epoch = 1000/64 x seconds of training + 200/32 x seconds of validation

and, for ours, the state from which a stopped fit goes on, written once an epoch, and what six folds of 100 epochs share
and do once beside it:

    + bank: (16 draws + 1) x 1200 cines x seconds per cine and draw / 600
    + answers: 200 cines by the whole network at the end of a fold / 100

Ours runs a fold per core side by side with one thread each, the scripts one fold with all cores; a fold-epoch of ours
is half of the time that two side by side take.

`equality`: 64 cines, no augmentation, no dropout, 5 epochs: the losses of all programs, one beside the other.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import training_material as material
from benchmarks.result import keep
from benchmarks.training_ours import read_task
from cinemyo.config import Arm
from cinemyo.training.fit import prepare

HERE = Path(__file__).parent
LEARNT, WATCHED = 64, 32
PAPER = {"train": 1000, "validation": 200, "cines": 1200, "folds": 6, "epochs": 100}
DRAWS = 16
"""Of the bank of the paper's study."""
TRIED = 2
"""Draws that are made here, to know what one costs."""
Rows = list[dict[str, Any]]


def bank_of(draws: int, *, storage: str = "float16") -> dict[str, Any]:
    """A bank as `conf/fit` writes it."""
    return {"draws": draws, "storage": storage, "budget_gib": 8.0}


def make(folder: Path, *, cines: int, tested: int, backbone: str = "vgg16", **changes: Any) -> Path:
    """A folder of material for all programs."""
    folder.mkdir(parents=True)
    arm = material.paper_arm(folder, backbone=material.values_of("backbone", backbone), **changes)
    return store(folder, arm=arm, cines=cines, tested=tested)


def store(folder: Path, *, arm: Arm, cines: int, tested: int) -> Path:
    """Writes the material of an arm into its folder."""
    samples = material.samples_of(arm, count=cines)
    task = material.task_of(arm, samples=samples, tested=tested, fold=0, work=folder / "work")
    material.write(folder, task)
    (folder / "arm.json").write_text(arm.model_dump_json(), encoding="utf-8")
    return folder


def programs(python: str | None) -> dict[str, list[str]]:
    """The scripts that are compared with, by name."""
    plain = {"plain": [sys.executable, str(HERE / "training_plain.py")]}
    return plain | ({"keras": [python, str(HERE / "training_keras.py")]} if python else {})


def output_of(command: list[str], folder: Path) -> Rows:
    """What a script prints of its epochs."""
    process = _started([*command, str(folder)])
    return _rows(process)


def side_by_side(folder: Path, *, folds: int) -> list[Rows]:
    """Epochs of folds of ours that run at the same time."""
    command = [sys.executable, "-m", "benchmarks.training_ours", str(folder)]
    processes = [_started([*command, str(fold)]) for fold in range(folds)]
    return [_rows(process) for process in processes]


def _started(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True)


def _rows(process: "subprocess.Popen[str]") -> Rows:
    text, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args} ended with {process.returncode}")
    rows: Rows = json.loads(text.strip().splitlines()[-1])
    return rows


def fold_epoch(rows: Rows) -> dict[str, float]:
    """Seconds of a fold-epoch of the paper, from the epochs after the first."""
    middle = {name: median(row[f"{name}_seconds"] for row in rows[1:]) for name in ("train", "validation")}
    train, watched = PAPER["train"] / LEARNT * middle["train"], PAPER["validation"] / WATCHED * middle["validation"]
    state = median(row.get("state_seconds", 0.0) for row in rows[1:])
    return {"train": train, "validation": watched, "state": state, "total": train + watched + state}


def speed(python: str | None) -> None:
    """Measures, prints and keeps the time of all programs."""
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        base, cores = Path(temporary), os.cpu_count() or 1
        fit = material.values_of("fit", "paper")
        count = {"cines": LEARNT + WATCHED, "tested": WATCHED}
        for name, command in programs(python).items():
            figures[name] = fold_epoch(output_of(command, make(base / name, **count, fit={**fit, "epochs": 3})))
        plain = side_by_side(make(base / "ours", **count, fit={**fit, "epochs": 3}), folds=cores)
        figures["ours without bank"] = _shared([fold_epoch(rows) for rows in plain])
        folder = make(base / "bank", **count, fit={**fit, "epochs": 8, "bank": bank_of(TRIED)})
        bank = bank_cost(folder)
        ours = _shared([fold_epoch(rows[:-1]) for rows in side_by_side(folder, folds=cores)])
    fold_epochs = PAPER["folds"] * PAPER["epochs"]
    answers = figures["ours without bank"]["validation"] / PAPER["epochs"]
    more = {"bank": bank["seconds"] / fold_epochs, "answers": answers}
    figures["ours with bank"] = {**ours, **more, "total": ours["total"] + sum(more.values())}
    figures["ours without bank"] |= {"answers": answers, "total": figures["ours without bank"]["total"] + answers}
    _tell(figures, bank=bank)
    keep("training", {"fold_epoch_seconds": figures, "bank": bank}, command="python -m benchmarks.training speed")


def _shared(folds: list[dict[str, float]]) -> dict[str, float]:
    """Of folds side by side each costs its share of the time."""
    return {name: sum(fold[name] for fold in folds) / len(folds) ** 2 for name in folds[0]}


def bank_cost(folder: Path) -> dict[str, float]:
    """Seconds and size of the paper's bank, from the one that this makes for the material."""
    task = read_task(folder, fold=0)
    began = time.perf_counter()
    prepare(task)
    seconds = time.perf_counter() - began
    size = sum(path.stat().st_size for path in (folder / "work").glob("bank-*/*"))
    made = (TRIED + 1) * len(task.samples.cine_ids)
    scale = (DRAWS + 1) * PAPER["cines"] / made
    return {
        "draws": DRAWS,
        "seconds_per_cine_and_draw": seconds / made,
        "seconds": seconds * scale,
        "bytes": size * scale,
    }


def _tell(figures: dict[str, dict[str, float]], *, bank: dict[str, float]) -> None:
    own = figures["ours with bank"]["total"]
    print(f"{'':20}{'s a fold-epoch':>15}{'against ours':>14}   of which")
    for name, parts in figures.items():
        of = ", ".join(f"{part} {value:.1f}" for part, value in parts.items() if part != "total")
        print(f"{name:20}{parts['total']:15.1f}{parts['total'] / own:14.2f}   {of}")
    print(
        f"the bank of {DRAWS} draws: {bank['seconds'] / 60:.0f} min once an arm, "
        f"{bank['bytes'] / 2**30:.2f} GiB on disk"
    )


def equality(python: str | None) -> None:
    """Prints and keeps the losses of all programs where nothing is drawn."""
    fit = {**material.values_of("fit", "paper"), "epochs": 5, "learning_rate": 0.003}
    with tempfile.TemporaryDirectory() as temporary:
        losses = losses_of(Path(temporary), scripts=programs(python), fit=fit)
    names = list(losses)
    print("epoch " + "".join(f"{name:>20}" for name in names))
    for epoch in range(len(losses[names[0]])):
        print(f"{epoch + 1:5} " + "".join(f"{losses[name][epoch]['train_loss']:20.7f}" for name in names))
    apart = largest_difference(losses)
    last = {
        name: {key: rows[-1][key] for key in ("train_accuracy", "validation_accuracy")} for name, rows in losses.items()
    }
    print(f"largest relative difference {apart:.1e}; accuracy after the last epoch {last}")
    figures = {"train_losses": {name: [row["train_loss"] for row in rows] for name, rows in losses.items()}}
    figures |= {"largest_relative_difference": apart, "last_epoch": last}
    keep("training_equality", figures, command="python -m benchmarks.training equality")


def losses_of(
    base: Path,
    *,
    scripts: dict[str, list[str]],
    fit: dict[str, Any],
    run_ours: Callable[..., list[Rows]] = side_by_side,
    **changes: Any,
) -> dict[str, Rows]:
    """Epochs of every program on 64 cines without augmentation and dropout; ours without and with a bank."""
    head = changes.pop("head", {**material.values_of("head", "paper"), "dropouts": [0.0, 0.0, 0.0]})
    same: dict[str, Any] = {"cines": 80, "tested": 16, "augment": material.NONE, "head": head, **changes}
    found = {name: output_of(command, make(base / name, **same, fit=fit)) for name, command in scripts.items()}
    found["ours"] = run_ours(make(base / "ours", **same, fit=fit), folds=1)[0]
    banked = {**fit, "bank": bank_of(1, storage="float32")}
    found["ours with bank"] = run_ours(make(base / "bank", **same, fit=banked), folds=1)[0]
    return found


def largest_difference(losses: dict[str, Rows]) -> float:
    """The largest difference of a training loss from ours without bank, relative to it."""
    own = [row["train_loss"] for row in losses["ours"]]
    return max(
        abs(row["train_loss"] - loss) / loss for rows in losses.values() for row, loss in zip(rows, own, strict=True)
    )


def main() -> None:
    """Runs the part that is asked for."""
    parts: dict[str, Callable[[str | None], None]] = {"speed": speed, "equality": equality}
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        sys.exit(f"benchmarks.training: expected one of {', '.join(parts)}")
    python = sys.argv[2] if len(sys.argv) > 2 else None
    if python is None:
        print("the Keras script is left out: name an interpreter with TensorFlow")
    parts[sys.argv[1]](python)


if __name__ == "__main__":
    main()
