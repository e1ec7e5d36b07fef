"""One fit over several devices of a machine, by Lightning's DDP: the fit of one device within rounding.

The batches, their order and all draws are those of one device; each process takes its rows of every batch. Statistics
of batch normalisation are those of the whole batch, and so is the mask of dropout.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final

import torch
from jaxtyping import Float
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor, distributed
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from cinemyo.errors import ConfigError, SetupError
from cinemyo.launching.process import Errand, Started
from cinemyo.training.answer import device
from cinemyo.training.data import Batch, Shuffled
from cinemyo.training.module import PhaseModule

VARIABLE: Final = "CINEMYO_DEVICES"
"""Says over how many devices of a machine a fit goes; on a machine without cards, over so many processes."""
_LOOPBACK: Final = "lo" if sys.platform == "linux" else "lo0"


@dataclass(frozen=True)
class Share:
    """Which of how many processes of a fit this one is."""

    rank: int
    count: int


ALONE: Final = Share(0, 1)


def devices() -> int:
    """Over how many devices a fit goes.

    Raises:
        ConfigError: the variable is no number, or there are not so many cards.
    """
    said = os.environ.get(VARIABLE, "") or "1"
    cards = torch.cuda.device_count()
    if not said.isdecimal() or int(said) < 1 or (cards and int(said) > cards):
        expected = f"a number from 1 to {cards}" if cards else "a number from 1"
        raise ConfigError(VARIABLE, expected=expected, got=repr(said), remedy="correct or unset it")
    return int(said)


def side_by_side(work: Callable[[tuple[Any, Share]], None], task: Any, *, count: int, where: str) -> None:
    """Runs `work` on the task in as many processes, each with its share; the first fault ends all.

    Raises:
        CinemyoError: as `work`.
        SetupError: a process ended without a word.
    """
    with tempfile.TemporaryDirectory(prefix="cinemyo-ranks-") as folder:
        # a file to meet in, and the loopback interface: nothing listens beyond this machine
        meeting = {"CINEMYO_RANKS": str(Path(folder) / "store"), VARIABLE: "1"}
        own = meeting | {"GLOO_SOCKET_IFNAME": _LOOPBACK, "NCCL_SOCKET_IFNAME": _LOOPBACK}
        errands = [Errand(work, Path.cwd(), own | {"LOCAL_RANK": str(rank)}) for rank in range(count)]
        running = [Started(errand, (task, Share(rank, count))) for rank, errand in enumerate(errands)]
        try:
            _await(list(running), where=where)
        finally:
            for started in running:
                started.end()


def _await(running: list[Started], *, where: str) -> None:
    while running:
        ready = set(wait([handle for started in running for handle in started.handles]))
        for started in [started for started in running if ready & set(started.handles)]:
            running.remove(started)
            reply = started.reply()
            if reply.kind == "fault":
                raise reply.content
            if reply.kind == "lost":
                remedy = f"run it again: it goes on from its last epoch; or unset {VARIABLE}"
                raise SetupError(where, expected="processes that end together", got=str(reply.content), remedy=remedy)


@contextmanager
def joined(share: Share) -> Iterator[None]:
    """In here the processes of the fit can speak to each other."""
    if share.count == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(share.rank)
    store = f"file://{os.environ['CINEMYO_RANKS']}"
    backend = "nccl" if device().type == "cuda" else "gloo"
    distributed.init_process_group(backend, init_method=store, rank=share.rank, world_size=share.count)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def trainer_options(share: Share) -> dict[str, Any]:
    """What Lightning is told of the devices."""
    if share.count == 1:
        return {"devices": 1, "plugins": [LightningEnvironment()]}
    # buffers are equal by construction, and the images among them
    strategy = DDPStrategy(cluster_environment=LightningEnvironment(), forward_sync_buffers=False)
    return {"devices": share.count, "strategy": strategy, "use_distributed_sampler": False}


def own_rows(batches: Shuffled, *, share: Share, where: str) -> Iterable[Batch]:
    """The batches of one device, or this process's rows of each.

    Raises:
        ConfigError: a batch has fewer cines than there are devices.
    """
    if share.count == 1:
        return batches
    smallest = len(batches.positions) // len(batches)
    if smallest < share.count:
        expected, remedy = f"batches of {share.count} cines at least", f"raise fit.batch_size or lower {VARIABLE}"
        raise ConfigError(where, expected=expected, got=f"one of {smallest}", remedy=remedy)
    return _Rows(batches, share)


@dataclass(frozen=True)
class _Rows:
    whole: Shuffled
    share: Share

    def __len__(self) -> int:
        return len(self.whole)

    def __iter__(self) -> Iterator[Batch]:
        own = slice(self.share.rank, None, self.share.count)
        for batch in self.whole:
            rows, matrices, factors = batch.positions[own], batch.matrices[own], batch.factors[own]
            yield batch._replace(positions=rows, matrices=matrices, factors=factors)


class SharedModule(PhaseModule):
    """A module that sees some rows of a batch; loss and history are those of all."""

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross-entropy, weighted so that the mean over processes is that over the batch."""
        own = len(batch.positions)
        size = int(_summed(torch.tensor(own, device=self.device)))
        with _WholeBatch(size):
            loss = super().training_step(batch, batch_idx)
        return loss * (own * distributed.get_world_size() / size)

    def on_train_epoch_end(self) -> None:
        """As that of one device, on the sums of all."""
        sums = self._train
        sums.loss = _summed(torch.as_tensor(sums.loss, dtype=torch.float64, device=self.device))
        sums.hits = _summed(torch.as_tensor(sums.hits, device=self.device))
        sums.count = int(_summed(torch.tensor(sums.count, device=self.device)))
        super().on_train_epoch_end()


def module_class(share: Share) -> type[PhaseModule]:
    """The module for one device, or for one of several."""
    return PhaseModule if share.count == 1 else SharedModule


def _summed(value: Tensor) -> Tensor:
    total = value.clone()
    distributed.all_reduce(total)
    return total


class _Summed(torch.autograd.Function):
    """The sum over all processes, of values on the way forth and of gradients on the way back."""

    @staticmethod
    def forward(_context: Any, value: Tensor) -> Tensor:
        return _summed(value)

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient)


class _WholeBatch(TorchFunctionMode):
    """In here batch normalisation and dropout do what they would do on the whole batch, whatever layer calls them."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if func is functional.batch_norm:
            return _batch_norm(*args, **given, whole=self.size)
        if func is functional.dropout:
            return _dropout(*args, **given, whole=self.size)
        return func(*args, **given)


def _batch_norm(
    rows: Tensor,
    mean: Tensor | None,
    variance: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,  # noqa: FBT001 - torch's own signature
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    whole: int,
) -> Tensor:
    """`functional.batch_norm` with the statistics of the whole batch."""
    if not training:
        return functional.batch_norm(rows, mean, variance, weight, bias, False, momentum, eps)
    values = rows.float()
    axes = [axis for axis in range(values.ndim) if axis != 1]
    shape = [1, -1, *[1] * (values.ndim - 2)]
    count = whole * values[0, 0].numel()
    centre = _Summed.apply(values.sum(axes)) / count
    centred = values - centre.reshape(shape)
    spread = _Summed.apply(centred.square().sum(axes)) / count
    scaled: Tensor = centred * torch.rsqrt(spread + eps).reshape(shape)
    if mean is not None and variance is not None:
        with torch.no_grad():
            mean.lerp_(centre.to(mean.dtype), momentum)
            variance.lerp_((spread * count / max(1, count - 1)).to(variance.dtype), momentum)
    if weight is not None and bias is not None:
        scaled = scaled * weight.reshape(shape) + bias.reshape(shape)
    return scaled.to(rows.dtype)


def _dropout(
    rows: Float[Tensor, "row ..."],
    p: float = 0.5,
    training: bool = True,  # noqa: FBT001 - torch's own signature
    inplace: bool = False,  # noqa: FBT001
    *,
    whole: int,
) -> Tensor:
    """`functional.dropout` with this process's rows of the mask of the whole batch."""
    if not training or p == 0:
        return rows
    mask = torch.empty((whole, *rows.shape[1:]), dtype=rows.dtype, device=rows.device).bernoulli_(1 - p).div_(1 - p)
    kept = mask[distributed.get_rank() :: distributed.get_world_size()]
    dropped: Tensor = rows.mul_(kept) if inplace else rows * kept
    return dropped
