"""Outputs of the frozen blocks per cine and augmentation draw: files that the folds and epochs of an arm share."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from cinemyo.config import Bank
from cinemyo.cores import cores
from cinemyo.errors import ConfigError, SetupError, TrainingError
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.provenance import digest_of
from cinemyo.training.answer import device
from cinemyo.training.augment import affine, apply, changes_nothing, draws, gains, keys_of, to_unit
from cinemyo.training.data import Batch
from cinemyo.training.precision import computing
from cinemyo.training.prefix import SuffixClassifier
from cinemyo.training.task import Task

GIB: Final = 2**30
_TYPES: Final = {"float32": torch.float32, "float16": torch.float16}
_BATCH: Final = 16
"""Cines at a time: what they need on the way through large layers must fit beside that of the other cores."""


class BankInput(nn.Module):
    """Rows of a bank instead of crops: of one draw for training, of the unmoved crops elsewhere."""

    def __init__(self, plain: Tensor, *, drawn: list[Tensor]) -> None:
        super().__init__()
        # no buffers: what is larger than the device's memory stays in its file
        self.plain_rows, self.drawn = plain, drawn or [plain]

    def forward(self, batch: Batch) -> Float[Tensor, "batch phase channel gy gx"]:
        """Outputs for the draw of the batch's epoch."""
        return _rows(self.drawn[batch.epoch % len(self.drawn)], batch.positions)

    def plain(self, positions: Int64[Tensor, " batch"]) -> Float[Tensor, "batch phase channel gy gx"]:
        """Outputs for the crops as they are."""
        return _rows(self.plain_rows, positions)


def _rows(kept: Tensor, positions: Int64[Tensor, " batch"]) -> Float[Tensor, "batch phase channel gy gx"]:
    rows = kept[positions.to(kept.device)].to(positions.device).float()
    # channels lie last in the file, as convolutions like them
    return rows.permute(0, 1, 4, 2, 3)


@dataclass(frozen=True)
class Plan:
    """Where a bank lies, how many draws it holds beside the unmoved crops, and the shape of each of its files."""

    folder: Path
    draws: int
    shape: tuple[int, ...]
    """Cine, phase, row, column, channel."""
    dtype: torch.dtype

    @property
    def file_bytes(self) -> int:
        """The size of the file of one draw."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def bytes(self) -> int:
        """The size of the whole bank."""
        return (self.draws + 1) * self.file_bytes

    def files(self) -> dict[int, Path]:
        """The file of every draw, from 0; -1 is that of the unmoved crops."""
        return {draw: self.folder / f"draw{draw}.bin" if draw >= 0 else self.folder / "plain.bin" for draw in self._all}

    @property
    def _all(self) -> range:
        return range(-1, self.draws)

    def check(self, bank: Bank) -> None:
        """Refuses what the budget or the disk cannot hold.

        Raises:
            ConfigError: the bank is larger than its budget.
            SetupError: the disk has less room than what is not yet written.
        """
        remedy = "lower fit.bank.draws or crop_px, store float16, or set fit.bank to null"
        size = f"{self.bytes / GIB:.3g} GiB for {self.shape[0]} cines and {self.draws} draws"
        if self.bytes > bank.budget_gib * GIB:
            expected = f"a bank within its budget of {bank.budget_gib:g} GiB"
            raise ConfigError("fit.bank.budget_gib", expected=expected, got=size, remedy=f"raise it, {remedy}")
        missing = sum(self.file_bytes for path in self.files().values() if not path.is_file())
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if missing > free:
            expected = f"room on the disk for {missing / GIB:.3g} GiB of the bank"
            raise SetupError(str(self.folder), expected=expected, got=f"{free / GIB:.3g} GiB", remedy=remedy)


def banked(task: Task, model: PhaseClassifier, *, bank: Bank) -> tuple[SuffixClassifier, BankInput]:
    """The part of the model that training changes, and what it reads; files that are absent are computed.

    Files are the same bytes however many cores compute them, and a crash loses the draw at hand alone.

    Raises:
        ConfigError: the backbone has no frozen blocks or is no chain, or the budget cannot hold the bank.
        SetupError: nor can the disk.
        TrainingError: an output is too large for 16 bit.

    Departs from §2.4: augmentation is drawn `draws` times per cine, not anew in every epoch.
    """
    network = SuffixClassifier(model, side=task.samples.images.shape[-1])
    network.eval()
    plan = plan_of(task, network, bank=bank)
    plan.check(bank)
    for draw, path in plan.files().items():
        if not path.is_file():
            _write(path, draw=draw, task=task, network=network, dtype=plan.dtype)
    plain, *drawn = _mapped(plan)
    return network, BankInput(plain, drawn=drawn)


def plan_of(task: Task, network: SuffixClassifier, *, bank: Bank) -> Plan:
    """The bank of an arm: its folds share it where their frozen blocks are the same."""
    fit, augment = task.arm.fit, task.arm.augment
    with torch.no_grad():
        grid = network.frozen(to_unit(task.samples.images[:1].to(device())))[0]
    phase, channel, rows, columns = grid.shape
    shape = (len(task.samples.cine_ids), phase, rows, columns, channel)
    # more draws than epochs are never asked for
    count = 0 if changes_nothing(augment) else min(bank.draws, fit.epochs)
    folder = task.work / f"{arm_prefix(task)}{_digest(network.model)[:16]}"
    return Plan(folder, count, shape, _TYPES[bank.storage])


def arm_prefix(task: Task) -> str:
    """With what the names of an arm's banks begin, whatever the fold."""
    return f"bank-{task.shared_key[:24]}-"


def remove(task: Task) -> None:
    """Removes the banks of an arm."""
    for folder in task.work.glob(f"{arm_prefix(task)}*"):
        shutil.rmtree(folder)


def _digest(model: PhaseClassifier) -> str:
    """Of the frozen tensors; those of a random start differ from fold to fold."""
    tensors, frozen = model.state_dict(), sorted(model.frozen_tensors())
    return digest_of({name: hashlib.sha256(tensors[name].cpu().contiguous().numpy()).hexdigest() for name in frozen})


def _write(path: Path, *, draw: int, task: Task, network: SuffixClassifier, dtype: torch.dtype) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for grids in _computed(task, network, draw=draw):
                kept = grids.permute(0, 1, 3, 4, 2).to(dtype).contiguous().cpu()
                if not bool(kept.isfinite().all()):
                    expected, remedy = "outputs of frozen blocks below 65504", "set fit.bank.storage to float32"
                    raise TrainingError(task.where, expected=expected, got="larger ones", remedy=remedy)
                file.write(kept.numpy().data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _computed(task: Task, network: SuffixClassifier, *, draw: int) -> Iterator[Tensor]:
    """Outputs of all cines in their order, a batch after the other; one thread each, as many at once as cores."""
    samples, augment = task.samples, task.arm.augment
    keys = keys_of([task.split.digests[cine] for cine in samples.cine_ids], seed=task.seed)
    drawn = draws(keys, epoch=max(draw, 0))
    matrices, factors = (torch.from_numpy(of(drawn, augment=augment)) for of in (affine, gains))

    def compute(rows: Tensor) -> Tensor:
        images = to_unit(samples.images[rows].to(device()))
        moved = (matrices[rows].to(device()), factors[rows].to(device()))
        with torch.no_grad(), computing(task.arm.fit):
            if draw >= 0:
                images = apply(images, matrices=moved[0], factors=moved[1], augment=augment)
            return network.frozen(images)

    batches = torch.split(torch.arange(len(samples.cine_ids)), _BATCH)
    workers = cores() if device().type == "cpu" else 1
    # the number of threads of a sum changes its bytes, the number of sums side by side does not
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from pool.map(compute, batches)


def _mapped(plan: Plan) -> list[Tensor]:
    """The files as tensors: pages that processes share, or copies on a device that has room for twice as much."""
    mapped = [
        torch.from_file(str(path), shared=False, size=prod(plan.shape), dtype=plan.dtype).view(plan.shape)
        for path in plan.files().values()
    ]
    if device().type == "cuda" and 2 * plan.bytes < torch.cuda.mem_get_info()[0]:
        return [tensor.to(device()) for tensor in mapped]
    return mapped
