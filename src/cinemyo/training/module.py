"""One fit as Lightning runs it: steps, schedule, the history of epochs and the epoch that is kept."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from cinemyo.config import Fit
from cinemyo.errors import TrainingError
from cinemyo.training.data import Batch

log = logging.getLogger(__name__)

_WARM_UP: Final = 0.3
"""Share of the steps in which one_cycle rises, from 1/25 of the rate; then it falls to 1/250 000 (Smith 2018)."""


def learning_rate(fit: Fit, *, progress: float) -> float:
    """The learning rate at a share of all steps, from 0 to 1."""
    if fit.schedule == "constant":
        return fit.learning_rate
    if fit.schedule == "cosine":
        return fit.learning_rate * _between(1.0, 0.0, progress)
    if progress < _WARM_UP:
        return fit.learning_rate * _between(1 / 25, 1.0, progress / _WARM_UP)
    return fit.learning_rate * _between(1.0, 4e-6, (progress - _WARM_UP) / (1 - _WARM_UP))


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def make_optimiser(network: nn.Module, *, fit: Fit) -> torch.optim.Optimizer:
    """SGD or AdamW over the trainable tensors; weight decay spares biases and norms.

    Source: Germain 2021, §2.4
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1], "weight_decay": fit.weight_decay},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    kept = [group for group in groups if group["params"]]
    if fit.optimiser == "sgd":
        return torch.optim.SGD(kept, lr=fit.learning_rate, momentum=fit.momentum, foreach=True)
    return torch.optim.AdamW(kept, lr=fit.learning_rate, betas=(fit.momentum, 0.999), foreach=True)


class _Sums:
    """Loss and hits summed on the device; read once per epoch."""

    def __init__(self) -> None:
        self.loss: Tensor | float = 0.0
        self.hits: Tensor | int = 0
        self.count = 0

    def add(self, loss: Tensor, *, logits: Tensor, targets: Tensor) -> None:
        self.loss = self.loss + loss.detach().double() * len(targets)
        self.hits = self.hits + (logits.detach().argmax(1) == targets).sum()
        self.count += len(targets)

    def means(self) -> tuple[float, float]:
        return float(self.loss) / self.count, int(self.hits) / self.count


class Source(Protocol):
    """What a network reads of a batch in training, and of positions where nothing is learnt."""

    def __call__(self, batch: Batch) -> Tensor:
        """Augmented, where anything is."""

    def plain(self, positions: Tensor) -> Tensor:
        """As they are."""


class PhaseModule(pl.LightningModule):
    """Cross-entropy training of a network on an input; `history` has a row per finished epoch."""

    def __init__(
        self,
        network: nn.Module,
        *,
        source: Source,
        targets: Tensor,
        fit: Fit,
        where: str,
        after_epoch: Callable[["PhaseModule"], None],
    ) -> None:
        super().__init__()
        self.network = network
        self.source = source
        self.register_buffer("targets", targets, persistent=False)
        self.fit = fit
        self.where = where
        self.after_epoch = after_epoch
        self.history: list[dict[str, Any]] = []
        self.best_epoch = 0
        """From 1; 0 before the first epoch."""
        self.finished = 0
        """Epochs finished before this run began."""
        self._train, self._validation = _Sums(), _Sums()
        self._rate = fit.learning_rate
        self._began = 0.0

    @property
    def epoch(self) -> int:
        """The current epoch from 0, counted over interruptions."""
        return self.finished + int(self.current_epoch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimiser of the fit."""
        return make_optimiser(self.network, fit=self.fit)

    def on_train_epoch_start(self) -> None:
        """Empties the sums of the epoch."""
        self._train, self._validation = _Sums(), _Sums()
        self._began = time.perf_counter()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Sets the learning rate, a pure function of the step."""
        batches = int(self.trainer.num_training_batches)
        progress = (self.epoch * batches + batch_idx) / (self.fit.epochs * batches)
        self._rate = learning_rate(self.fit, progress=progress)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self._rate

    def training_step(self, batch: Batch, _batch_idx: int) -> Tensor:
        """Cross-entropy of a batch."""
        logits = self.network(self.source(batch))
        targets = self.get_buffer("targets")[batch.positions]
        loss = functional.cross_entropy(logits.float(), targets, label_smoothing=self.fit.label_smoothing)
        self._train.add(loss, logits=logits, targets=targets)
        return loss

    def validation_step(self, positions: Tensor, _batch_idx: int) -> None:
        """Adds a batch to the validation sums; plain cross-entropy, no augmentation."""
        logits = self.network(self.source.plain(positions))
        targets = self.get_buffer("targets")[positions]
        self._validation.add(functional.cross_entropy(logits.float(), targets), logits=logits, targets=targets)

    def on_train_epoch_end(self) -> None:
        """Adds a row to the history and notes the best epoch.

        Raises:
            TrainingError: the loss is no longer a number.
        """
        row = self._row()
        for name, value in row.items():
            if value is not None and not math.isfinite(value):
                self._stop(name, value)
        self.history.append(row)
        if self._is_best(row):
            self.best_epoch = int(row["epoch"])
        seconds = time.perf_counter() - self._began
        log.info("%s, epoch %d of %d: %s, %.2f s", self.where, row["epoch"], self.fit.epochs, _told(row), seconds)
        self.after_epoch(self)

    def _row(self) -> dict[str, Any]:
        loss, accuracy = self._train.means()
        answered = self._validation.count > 0
        validation = self._validation.means() if answered else (None, None)
        return {
            "epoch": self.epoch + 1,
            "train_loss": loss,
            "train_accuracy": accuracy,
            "validation_loss": validation[0],
            "validation_accuracy": validation[1],
            "learning_rate": self._rate,
        }

    def _is_best(self, row: dict[str, Any]) -> bool:
        if self.fit.select == "last" or not self.best_epoch:
            return True
        return bool(row["validation_loss"] < self.history[self.best_epoch - 1]["validation_loss"])

    def _stop(self, name: str, value: float) -> None:
        raise TrainingError(
            f"{self.where}, epoch {self.epoch + 1}",
            expected=f"a finite {name}",
            got=str(value),
            remedy="lower fit.learning_rate in conf/fit or check the canvases of the contact sheet",
        )


def _told(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in row.items() if value is not None and name != "epoch")
