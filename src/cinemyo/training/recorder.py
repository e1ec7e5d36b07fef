"""What is kept of the epochs of a fit: the tensors of the best one in memory, the state of the last one in a file."""

import time
from pathlib import Path
from typing import Final

import pytorch_lightning as pl
from torch import Tensor, nn

from cinemyo.training import state
from cinemyo.training.answer import device
from cinemyo.training.module import PhaseModule
from cinemyo.training.state import Saved

PAUSE_S: Final = {"cpu": 0.0, "cuda": 20.0}
"""No state is written sooner after the last one: on a GPU an epoch may take less time than the file of its state."""


class Recorder:
    """Called after every epoch; resumes a module from the file of an interrupted run."""

    def __init__(self, model: nn.Module, *, frozen: set[str], path: Path) -> None:
        self.model, self.frozen, self.path = model, frozen, path
        self.best: dict[str, Tensor] = {}
        """Tensors that training changes, at the kept epoch."""
        self.written = time.monotonic()

    def __call__(self, module: PhaseModule) -> None:
        """Keeps this epoch's tensors if it is the best, and writes the state, if it is time to."""
        due = time.monotonic() - self.written >= PAUSE_S.get(device().type, 0.0)
        is_last = len(module.history) == module.fit.epochs
        if not due and not is_last and module.fit.select == "last":
            return
        now = state.changing(self.model, frozen=self.frozen)
        is_best = module.best_epoch == len(module.history)
        self.best = now if is_best else self.best
        if not due and not is_last:
            return
        tensors = {
            **state.named("model", now),
            **({} if is_best else state.named("best", self.best)),
            **state.named("optimiser", state.optimiser_tensors(module.trainer.optimizers[0])),
            **state.named("generator", state.generator_tensors()),
        }
        state.write(self.path, Saved(tensors, {"history": module.history, "best_epoch": module.best_epoch}))
        self.written = time.monotonic()

    def resume(self, module: PhaseModule) -> list[pl.Callback]:
        """Puts back tensors and history of an interrupted run; what remains to be done once Lightning has started."""
        earlier = state.read(self.path)
        if earlier is None:
            return []
        self.model.load_state_dict(earlier.part("model"), strict=False)
        self.best = earlier.part("best") or earlier.part("model")
        module.history = list(earlier.facts["history"])
        module.best_epoch = int(earlier.facts["best_epoch"])
        module.finished = len(module.history)
        return [_Resume(earlier)]


class _Resume(pl.Callback):
    """Restores optimiser and generators once Lightning has made the optimiser."""

    def __init__(self, earlier: Saved) -> None:
        self.earlier = earlier

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        state.restore_optimiser(trainer.optimizers[0], self.earlier.part("optimiser"))
        state.restore_generators(self.earlier.part("generator"))
