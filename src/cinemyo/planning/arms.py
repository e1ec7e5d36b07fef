"""What a fit of each arm costs here, measured on a few random crops with the code that trains, side by side."""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors import safe_open

from cinemyo.config import Arm, Recipe
from cinemyo.explain.answers import Answer
from cinemyo.explain.heat import heats
from cinemyo.folds import FoldSplit
from cinemyo.labels import CLASSES
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.provenance import digest_of
from cinemyo.training.answer import device, one_thread, probabilities
from cinemyo.training.augment import changes_nothing, to_unit
from cinemyo.training.data import Samples
from cinemyo.training.fit import fit
from cinemyo.training.task import Task

_SLOW_S: Final = 6.0
"""A batch that takes longer is not repeated: a part of it stands for the whole in what follows."""
_PART: Final = 4
_EPOCHS: Final = 3
_SHORT_S: Final = 1.0
"""A fit that takes less is the best of some: noise would be as long as a step."""
_BEST_OF: Final = 3
_WATCHED: Final = 4
_HEATED: Final = 4


@dataclass(frozen=True)
class FitCost:
    """Seconds and bytes of a fit in one process while as many others as there are workers do the same."""

    start: float
    """Seconds before the first step."""
    per_kept: float
    """Seconds per cine and draw of a bank, by one process that has all cores; 0 without a bank."""
    per_step: float
    """Seconds per whole batch."""
    per_epoch: float
    """Seconds beside the steps: the state is written."""
    per_answer: float
    """Seconds per cine that is answered, without learning."""
    per_heat: float
    """Seconds per cine whose heat maps are made."""
    memory: int
    """Most bytes that the process held."""
    model: int
    """Bytes of a trained model."""
    kept: int = 0
    """Bytes per cine and draw of a bank."""


def side_of(arm: Arm, *, recipes: Mapping[str, Recipe]) -> int:
    """Side of what the arm sees, pixels."""
    return arm.crop_px or recipes[arm.recipe].canvas_px


def alike(arm: Arm, *, side: int) -> str:
    """A digest of all that the cost of a step hangs on: arms with the same one cost the same."""
    values = arm.model_dump(mode="json", include={"backbone", "head", "augment", "fit"})
    free = {"bank", "epochs", "learning_rate", "momentum", "weight_decay", "schedule", "select", "label_smoothing"}
    values["fit"] = {key: value for key, value in values["fit"].items() if key not in free}
    values["backbone"].pop("weights")
    storage = arm.fit.bank and arm.fit.bank.storage
    return digest_of([values, storage, len(arm.phases), side])


def measured(arms: Mapping[str, Arm], *, recipes: Mapping[str, Recipe], workers: int) -> dict[str, FitCost]:
    """The cost of a fit by arm; arms that cost the same are measured once."""
    sides = {name: side_of(arm, recipes=recipes) for name, arm in arms.items()}
    keys = {name: alike(arm, side=sides[name]) for name, arm in arms.items()}
    first = {key: name for name, key in reversed(keys.items())}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        found: dict[str, FitCost] = {}
        for key, name in first.items():
            jobs = [pool.submit(fit_cost, arms[name], side=sides[name]) for _ in range(workers)]
            found[key] = _mean([job.result() for job in jobs])
    return {name: found[key] for name, key in keys.items()}


def _mean(costs: Sequence[FitCost]) -> FitCost:
    mean = {name: float(np.mean([getattr(cost, name) for cost in costs])) for name in FitCost.__annotations__}
    # each process made a bank of its own with all cores, while the others did
    mean["per_kept"] /= len(costs)
    memory, model, kept = (int(mean.pop(name)) for name in ("memory", "model", "kept"))
    return FitCost(**mean, memory=memory, model=model, kept=kept)


def fit_cost(arm: Arm, *, side: int) -> FitCost:
    """The cost of a fit of the arm in this process, solved from four short ones: steps and epochs differ."""
    plain = _untaught(arm)
    batch = arm.fit.batch_size
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        _seconds(plain, side=side, cines=2, epochs=1, work=work / "warm")
        whole, size = _seconds(plain, side=side, cines=batch, epochs=1, work=work / "whole")
        banked = sum(path.stat().st_size for path in (work / "whole").glob("bank-*/*")) // (batch + 2)
        memory = _peak()
        slow = whole > _SLOW_S and batch > _PART
        of = plain.model_copy(update={"fit": plain.fit.model_copy(update={"batch_size": _PART})}) if slow else plain
        few, steps = (_PART, 2) if slow else (batch, 3)
        runs = {
            (n, epochs): _best(of, side=side, cines=n * few, epochs=epochs, work=work / f"{n}-{epochs}")
            for n in (1, steps)
            for epochs in (1, _EPOCHS)
        }
    once, more = (runs[n, _EPOCHS] - runs[n, 1] for n in (1, steps))
    step = (more - once) / (_EPOCHS - 1) / (steps - 1)
    if step <= 0:  # lost in noise: the longest fit bounds it
        step = runs[steps, _EPOCHS] / _EPOCHS / steps
    epoch = max(0.0, once / (_EPOCHS - 1) - step)
    kept = max(0.0, (runs[steps, 1] - runs[1, 1]) / (steps - 1) - step) / few if arm.fit.bank else 0.0
    start = max(0.0, runs[1, 1] - epoch - step - kept * few)
    answer, heat = _answers(plain, side=side)
    if slow:
        step = max(step, whole - start - epoch - kept * batch)
    rows = 1 + drawn(plain)
    return FitCost(start, kept / rows, step, epoch, answer, heat, memory, size, banked // rows)


def drawn(arm: Arm) -> int:
    """Draws of the arm's bank that are ever asked for, beside the unmoved crops."""
    if arm.fit.bank is None or changes_nothing(arm.augment):
        return 0
    return min(arm.fit.bank.draws, arm.fit.epochs)


def _untaught(arm: Arm) -> Arm:
    """The arm without weights, which cost no time, without selection, and with one draw in its bank."""
    backbone = arm.backbone.model_copy(update={"weights": "none", "mean": None, "std": None})
    bank = arm.fit.bank and arm.fit.bank.model_copy(update={"draws": 1})
    fitted = arm.fit.model_copy(update={"select": "last", "bank": bank})
    return arm.model_copy(update={"backbone": backbone, "fit": fitted})


def _best(arm: Arm, *, side: int, cines: int, epochs: int, work: Path) -> float:
    """Seconds of a fit on random crops, of a short one the least of some."""
    found: list[float] = []
    while len(found) < _BEST_OF and (not found or found[-1] < _SHORT_S):
        found.append(_seconds(arm, side=side, cines=cines, epochs=epochs, work=work / str(len(found)))[0])
    return min(found)


def _seconds(arm: Arm, *, side: int, cines: int, epochs: int, work: Path) -> tuple[float, int]:
    """Seconds of a fit on random crops, and the bytes of its model."""
    fitted = arm.model_copy(update={"fit": arm.fit.model_copy(update={"epochs": epochs})})
    task = Task(fitted, "plan", _crops(fitted, side=side, cines=cines + 2), _split(cines), 0, work)
    began = time.perf_counter()
    fit(task)
    seconds = time.perf_counter() - began
    with safe_open(task.folder / "finished.safetensors", framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("model.")]  # noqa: SIM118 - not a mapping
        size = sum(file.get_tensor(name).nbytes for name in names)
    return seconds, size


def _crops(arm: Arm, *, side: int, cines: int) -> Samples:
    pixels = np.random.default_rng(0).integers(0, 255, (cines, len(arm.phases), side, side), dtype=np.uint8)
    targets = torch.arange(cines) % len(CLASSES[arm.target])
    return Samples(torch.from_numpy(pixels), targets, tuple(str(number) for number in range(cines)))


def _split(cines: int) -> FoldSplit:
    names = [str(number) for number in range(cines + 2)]
    own = {name: name for name in names}
    digests = {name: f"{int(name):064x}" for name in names}
    return FoldSplit("honest", 0, tuple(names[:cines]), (names[cines],), (names[cines + 1],), own, digests)


def _answers(arm: Arm, *, side: int) -> tuple[float, float]:
    """Seconds per answered cine, and per cine of which heat maps are made."""
    classes = CLASSES[arm.target]
    crops = _crops(arm, side=side, cines=_WATCHED)
    with one_thread():
        models = [PhaseClassifier(arm, n_classes=len(classes), side=side).to(device()).eval() for _ in range(2)]
        began = time.perf_counter()
        probabilities(models[0], crops.images)
        answered = (time.perf_counter() - began) / _WATCHED
        asked = [Answer(cine, 0, classes[0], classes[0], 1.0) for cine in crops.cine_ids[:_HEATED]]
        for model in models:
            model.requires_grad_(False)
        images = to_unit(crops.images[:_HEATED])
        began = time.perf_counter()
        for _ in heats(asked, images=images, model=models[0], untaught=models[1], classes=classes, device=device()):
            pass
        heated = (time.perf_counter() - began) / _HEATED
    return answered, heated


def _peak() -> int:
    """Most bytes held: on the card, else by this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_reserved())
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    # Linux hands the peak of the process that started this one on in ru_maxrss; VmHWM begins anew
    peak = next(line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) << 10
