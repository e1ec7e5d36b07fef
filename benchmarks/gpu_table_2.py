"""The time of the paper's Table 2 on a GPU, samples per second of four backbones, and the plain script beside them.

    python -m benchmarks.gpu_table_2 FOLDER [MINUTES]

Table 2: both targets by three inputs, each over six folds of 100 epochs, VGG16 at 160 px, 1,200 synthetic cines, from a
bank of 16 draws; the folds of an arm run side by side on the card. It stops after MINUTES (8 where none are said) and
goes on from FOLDER when it is called again: a part that is done is not repeated, and a fit goes on from its last state.
The time of an arm is that of all its calls together. The plain script runs a few epochs of one fold; a Table 2 of it is
six folds of 100 such epochs for each of six arms.

The share of the peak is of the bfloat16 rate that this measures with a large product of matrices; operations are
counted by torch. Beside torch, timm and Lightning it needs pydantic and pandera, with which params and tables are
checked. `gpu_table_2 FOLDER MINUTES small` is for a machine without a GPU.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import training_material as material
from benchmarks.result import keep, machine
from benchmarks.training import bank_of, store
from benchmarks.training_ours import Clocked, read_task
from cinemyo.config import Arm
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.training import fit as fitting
from cinemyo.training.answer import device
from cinemyo.training.augment import to_unit
from cinemyo.training.fit import fit, prepare
from cinemyo.training.parallel import fit_all
from cinemyo.training.precision import computing
from cinemyo.training.task import Task

INPUTS = {"diastole": ["diastole"], "systole": ["systole"], "both": ["diastole", "systole"]}
TARGETS = ("view", "pathology")
PAPER = ("vgg16", "resnet50v2", "inception_resnet_v2", "densenet201")
Figures = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much is run: the paper's study, or a trial of the script."""

    cines: int
    side: int
    folds: int
    epochs: int
    plain_epochs: int
    matrix: int
    backbones: dict[str, dict[str, Any]]
    """Values of `conf/backbone` by name; the first is that of Table 2."""
    workers: int


def whole() -> Size:
    """The paper's study."""
    backbones = {name: material.values_of("backbone", name) for name in PAPER}
    return Size(1200, 160, 6, 100, 3, 8192, backbones, workers=6)


def small() -> Size:
    """A trial for two cores."""
    compact = {**material.values_of("backbone", "compact"), "train_from": "layer3"}
    return Size(24, 32, 2, 2, 2, 256, {"compact": compact}, workers=1)


def arm_of(folder: Path, *, size: Size, backbone: str, epochs: int, draws: int | None = None, **changes: Any) -> Arm:
    """An arm of Table 2; with draws, from a bank."""
    bank = bank_of(draws, storage="float16") if draws else None
    own = {**material.values_of("fit", "paper"), "epochs": epochs, "bank": bank}
    folder.mkdir(parents=True, exist_ok=True)
    values = {"crop_px": size.side, "fit": own, **changes}
    return material.paper_arm(folder, backbone=size.backbones[backbone], **values)


def peak(size: Size) -> Figures:
    """The rate of a large product of matrices in bfloat16."""
    one = torch.randn(size.matrix, size.matrix, device=device(), dtype=torch.bfloat16)
    _ = one @ one
    times = []
    for _ in range(10):
        began = _now()
        _ = one @ one
        times.append(_now() - began)
    return {"tflops": 2 * size.matrix**3 / min(times) / 1e12, "device": _device_name()}


def throughput(size: Size, *, backbone: str, folder: Path) -> Figures:
    """Samples per second of training, both phases, without and with a bank, and operations of a sample."""
    figures: Figures = {}
    for name, draws in {"without_bank": None, "with_bank": 1}.items():
        here = folder / f"{backbone}_{name}"
        arm = arm_of(here, size=size, backbone=backbone, epochs=4, draws=draws)
        task = _task(here, arm, size=size, fold=0)
        with Clocked() as clock:
            fit(task)
        seconds = median(between - began for began, between, *_ in clock.stamps[1:])
        rate, operations = len(task.learnt) / seconds, operations_of(task)[name]
        figures[name] = {
            "samples_per_second": rate,
            "gflop_a_sample": operations / 1e9,
            "tflops": rate * operations / 1e12,
        }
    return figures


def operations_of(task: Task) -> dict[str, float]:
    """Floating-point operations of a step per sample, of the whole network and of the part that is trained."""
    with fitting._reproducibly(task.split.fold, seed=task.seed):
        model = fitting._model(task).train()
    images = to_unit(task.samples.images[task.learnt[:2]].to(device()))
    with FlopCounterMode(display=False) as counter, computing(task.arm.fit):
        functional.cross_entropy(model(images).float(), torch.zeros(2, dtype=torch.int64, device=device())).backward()
    every = counter.get_total_flops() / 2
    return {"without_bank": every, "with_bank": every - _frozen(model, images, task) / 2}


def _frozen(model: PhaseClassifier, images: torch.Tensor, task: Task) -> int:
    from cinemyo.training.prefix import SuffixClassifier

    network = SuffixClassifier(model, side=images.shape[-1])
    with FlopCounterMode(display=False) as counter, computing(task.arm.fit):
        network.frozen(images)
    return int(counter.get_total_flops())


def plain(size: Size, *, phases: list[str], folder: Path) -> Figures:
    """Seconds of an epoch of the plain script, the first left out."""
    name = next(iter(size.backbones))
    arm = arm_of(folder, size=size, backbone=name, epochs=size.plain_epochs, phases=phases)
    store(folder, arm=arm, cines=size.cines, tested=size.cines // 6)
    script = Path(__file__).parent / "training_plain.py"
    workers = str(min(8, os.cpu_count() or 1)) if device().type == "cuda" else "0"
    said = subprocess.check_output([sys.executable, str(script), str(folder), workers], text=True)
    rows = json.loads(said.strip().splitlines()[-1])
    seconds = [row["train_seconds"] + row["validation_seconds"] for row in rows]
    return {"epoch_seconds": median(seconds[1:])}


def table_2_arm(size: Size, *, target: str, phases: list[str], folder: Path) -> None:
    """All folds of an arm from their bank; what is finished or half done in the folder is not repeated."""
    name = next(iter(size.backbones))
    arm = arm_of(folder, size=size, backbone=name, epochs=size.epochs, draws=16, target=target, phases=phases)
    tasks = [_task(folder, arm, size=size, fold=fold) for fold in range(size.folds)]
    prepare(tasks[0])
    fit_all(tasks, workers=size.workers)


def _task(folder: Path, arm: Arm, *, size: Size, fold: int) -> Task:
    store(folder, arm=arm, cines=size.cines, tested=max(size.cines // 6, 1))
    return read_task(folder, fold=fold)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else str(machine()["cpu"])


class Unfinished(Exception):  # noqa: N818 - no fault
    """The time of this call is over."""


@dataclass(frozen=True)
class Run:
    """Parts of a measurement, kept in a folder; each call does what its time allows."""

    folder: Path
    size: Size
    deadline: float

    def done(self, name: str) -> Figures | None:
        """The figures of a part, if it is done."""
        path = self.folder / "parts" / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def keep(self, name: str, figures: Figures) -> None:
        """Writes the figures of a part."""
        path = self.folder / "parts" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures), encoding="utf-8")
        print(f"{name}: {figures}", flush=True)

    def short(self, name: str, make: Callable[[], Figures]) -> None:
        """A part of a minute or two, begun while there is time."""
        if self.done(name) is None:
            if time.monotonic() > self.deadline - 90 and device().type == "cuda":
                raise Unfinished
            self.keep(name, make())

    def long(self, name: str, command: list[str]) -> None:
        """A part that goes on from call to call; its seconds add up."""
        if self.done(name) is not None:
            return
        spent = self.done(f"{name}.spent") or {"seconds": 0.0}
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=Path(__file__).parents[1], start_new_session=True)
        try:
            status = process.wait(max(self.deadline - began, 1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.keep(f"{name}.spent", {"seconds": spent["seconds"] + time.monotonic() - began})
            raise Unfinished from None
        if status:
            sys.exit(f"{name} ended with {status}")
        self.keep(name, {"seconds": spent["seconds"] + time.monotonic() - began})


def run_all(run: Run, *, mode: str) -> Figures:
    """All parts; the figures once every part is done.

    Raises:
        Unfinished: the time is over; the next call goes on.
    """
    size, work = run.size, run.folder / "work"
    run.short("peak", lambda: peak(size))
    for name in size.backbones:
        run.short(f"throughput_{name}", lambda name=name: throughput(size, backbone=name, folder=work))  # type: ignore[misc]
    for name, phases in INPUTS.items():
        if name != "systole":  # costs what diastole costs
            run.short(
                f"plain_{name}",
                lambda name=name, phases=phases: plain(size, phases=phases, folder=work / f"plain_{name}"),
            )  # type: ignore[misc]
    for target, name in arms():
        own = [sys.executable, "-m", "benchmarks.gpu_table_2", "--arm", target, name, str(run.folder), mode]
        run.long(f"table_2_{target}_{name}", own)
    return figures_of(run)


def arms() -> list[tuple[str, str]]:
    """Target and input of the six arms."""
    return [(target, name) for target in TARGETS for name in INPUTS]


def figures_of(run: Run) -> Figures:
    """Table 2 of ours and of the plain script, and the backbones."""
    top, size = run.done("peak") or {}, run.size
    seconds = {f"{target} {name}": (run.done(f"table_2_{target}_{name}") or {})["seconds"] for target, name in arms()}
    single, both = ((run.done(f"plain_{name}") or {})["epoch_seconds"] for name in ("diastole", "both"))
    others = size.folds * size.epochs * len(TARGETS) * (2 * single + both)
    backbones = {name: run.done(f"throughput_{name}") or {} for name in size.backbones}
    for rates in backbones.values():
        for rate in rates.values():
            rate["share_of_peak"] = rate["tflops"] / top["tflops"]
    total = sum(seconds.values())
    return {
        "device": top["device"],
        "peak_bf16_tflops": top["tflops"],
        "backbones": backbones,
        "table_2_seconds": seconds,
        "table_2_minutes": total / 60,
        "plain_epoch_seconds": {"single": single, "both": both},
        "plain_table_2_minutes": others / 60,
        "ratio": others / total,
    }


def tell(figures: Figures) -> None:
    """Prints the table."""
    print(f"{figures['device']}, bfloat16 peak as measured {figures['peak_bf16_tflops']:.3g} TFLOP/s")
    print(f"{'':22}{'':14}{'samples/s':>12}{'of peak':>10}")
    for name, rates in figures["backbones"].items():
        for kind, rate in rates.items():
            print(f"{name:22}{kind:14}{rate['samples_per_second']:12.1f}{rate['share_of_peak']:10.1%}")
    own, other = figures["table_2_minutes"], figures["plain_table_2_minutes"]
    print(f"Table 2: ours {own:.1f} min, plain script {other:.1f} min, {figures['ratio']:.1f} times")


def main() -> None:
    """Does what the time of this call allows."""
    sizes = {"whole": whole, "small": small}
    if sys.argv[1:2] == ["--arm"]:
        target, name, folder, mode = sys.argv[2:6]
        here = Path(folder) / "work" / f"{target}_{name}"
        table_2_arm(sizes[mode](), target=target, phases=INPUTS[name], folder=here)
        return
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder, minutes = Path(sys.argv[1]).resolve(), float(sys.argv[2]) if len(sys.argv) > 2 else 8.0
    mode = sys.argv[3] if len(sys.argv) > 3 else "whole"
    run = Run(folder, sizes[mode](), time.monotonic() + 60 * minutes)
    try:
        figures = run_all(run, mode=mode)
    except Unfinished:
        print("the time is over: call it again with the same folder")
        return
    tell(figures)
    if mode == "whole":
        keep("gpu_table_2", figures, command="python -m benchmarks.gpu_table_2 FOLDER")


if __name__ == "__main__":
    main()
