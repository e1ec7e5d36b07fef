"""One arm on one fold: seeded, resumable after every epoch, the same bytes for the same seed on one machine."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytorch_lightning as pl
import torch
from torch import nn

from cinemyo.errors import ConfigError, TrainingError
from cinemyo.labels import CLASSES
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.training import distributed, state
from cinemyo.training.answer import ANSWER_BATCH, device, features, probabilities
from cinemyo.training.augment import changes_nothing, keys_of
from cinemyo.training.bank import banked
from cinemyo.training.data import FeatureInput, ImageInput, InOrder, Shuffled
from cinemyo.training.distributed import ALONE, Share
from cinemyo.training.memory import in_parts, with_room
from cinemyo.training.module import PhaseModule, Source
from cinemyo.training.precision import lightning_precision
from cinemyo.training.recorder import Recorder
from cinemyo.training.state import Saved
from cinemyo.training.task import FitResult, Task

_FOREIGN: Final = (
    "GPU available but not used",
    # frozen blocks are meant to be
    r"Found \d+ module\(s\) in eval mode at the start of training",
    # a part without labels has no curve
    "You defined a `validation_step` but have no `val_dataloader`",
    # Lightning 2.6 with torch 2.15
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
)
"""Warnings of Lightning that say nothing about the result."""

Watch = Callable[[Sequence[dict[str, Any]]], None]
"""Is told the epochs so far after each of them, and may end the fit by raising."""


def unwatched(_history: Sequence[dict[str, Any]]) -> None:
    """Lets every fit go on."""


def fit(task: Task, *, watch: Watch = unwatched) -> FitResult:
    """The trained fold: taken from its state where it is finished, resumed where it was interrupted.

    The state lies in `task.folder`; whoever has written the result removes it. `watch` is told the epochs of an
    interrupted run before it goes on, and none of a finished one.

    Raises:
        ConfigError, WeightsError: the backbone cannot be built.
        TrainingError: nothing to learn from or to select on, no room on the device, or the loss is no longer a number.

    Source: Germain 2021, §2.4
    """
    folder = task.folder
    finished = state.read(folder / "finished.safetensors")
    if finished is None:
        finished = _trained(task, watch=watch)
        state.write(folder / "finished.safetensors", finished)
        (folder / "epoch.safetensors").unlink(missing_ok=True)
    return FitResult(finished.part("model"), finished.facts["history"], task.rows(finished.part("answer")))


def _trained(task: Task, *, watch: Watch) -> Saved:
    path, count = task.folder / "epoch.safetensors", distributed.devices()
    if count == 1:
        return with_room(
            lambda parts: _train(task, path=path, watch=watch, parts=parts, share=ALONE),
            where=task.where,
            batch_size=task.arm.fit.batch_size,
        )
    if watch is not unwatched:
        expected, remedy = "one device where a search watches the fit", f"unset {distributed.VARIABLE}"
        raise ConfigError(task.where, expected=expected, got=str(count), remedy=remedy)
    distributed.side_by_side(_train_share, task, count=count, where=task.where)
    whole = state.read(_whole(task))
    if whole is None:
        remedy = "run it again: it goes on from its last epoch"
        raise TrainingError(task.where, expected="the fit of all devices", got="none", remedy=remedy)
    _whole(task).unlink()
    return whole


def _whole(task: Task) -> Path:
    """Where the first of several processes leaves the fit of all."""
    return task.folder / "whole.safetensors"


def _train_share(given: tuple[Task, Share]) -> None:
    task, share = given
    trained = _train(task, path=task.folder / "epoch.safetensors", watch=unwatched, parts=1, share=share)
    if share.rank == 0:
        state.write(_whole(task), trained)


def _train(task: Task, *, path: Path, watch: Watch, parts: int, share: Share) -> Saved:
    _refuse_empty(task)
    images, fold = task.samples.images, task.split.fold
    with distributed.joined(share), _reproducibly(fold, seed=task.seed):
        model = _model(task)
        recorder = Recorder(model, frozen=model.frozen_tensors(), path=path)
        module = _module(task, model, recorder=recorder, watch=watch, share=share)
        module.network = in_parts(module.network, parts=parts, where=task.where)
        callbacks = recorder.resume(module)
        if module.history:
            watch(module.history)
        _run(task, module, callbacks=callbacks, share=share)
        model.to(device()).load_state_dict(recorder.best, strict=False)
        answers = {
            name: probabilities(model, images[task.samples.positions(cines)]) for name, cines in task.answered.items()
        }
    history = [{**row, "fold": fold, "selected": row["epoch"] == module.best_epoch} for row in module.history]
    tensors = {**state.named("model", model.state_dict()), **state.named("answer", answers)}
    return Saved({name: tensor.cpu() for name, tensor in tensors.items()}, {"history": history})


def prepare(task: Task) -> None:
    """Writes what the folds of the arm share, here with all cores, before they begin; nothing for most arms.

    A network from scratch starts differently in every fold: each then makes its own.

    Raises:
        ConfigError, SetupError, WeightsError, TrainingError: as `banked`.
    """
    bank = task.arm.fit.bank
    if bank is not None and task.arm.backbone.weights != "none":
        with _reproducibly(task.split.fold, seed=task.seed):
            banked(task, _model(task), bank=bank)


def _model(task: Task) -> PhaseClassifier:
    n_classes, side = len(CLASSES[task.arm.target]), task.samples.images.shape[-1]
    model = PhaseClassifier(task.arm, n_classes=n_classes, side=side)
    return model.to(device()).to(memory_format=torch.channels_last)


def _refuse_empty(task: Task) -> None:
    remedy = "check labels.csv and the exclusions of prepare"
    if not len(task.learnt):
        raise TrainingError(task.where, expected="labelled cines to train on", got="none", remedy=remedy)
    if task.arm.fit.select != "last" and not len(task.watched):
        raise TrainingError(task.where, expected="labelled cines to select an epoch on", got="none", remedy=remedy)


def _module(task: Task, model: PhaseClassifier, *, recorder: Recorder, watch: Watch, share: Share) -> PhaseModule:
    """The module on images or on what was computed of them once."""
    network, source = _network_and_source(task, model)

    def after_epoch(module: PhaseModule) -> None:
        # of several processes, which have the same tensors, the first keeps them
        if share.rank == 0:
            recorder(module)
        watch(module.history)

    return distributed.module_class(share)(
        network,
        source=source,
        targets=task.samples.targets,
        fit=task.arm.fit,
        where=task.where,
        after_epoch=after_epoch,
    )


def _network_and_source(task: Task, model: PhaseClassifier) -> tuple[nn.Module, Source]:
    arm, images = task.arm, task.samples.images
    if arm.fit.bank is not None:
        return banked(task, model, bank=arm.fit.bank)
    if arm.backbone.train_from == "nothing" and changes_nothing(arm.augment):
        # features that never change
        return model.head, FeatureInput(features(model, images))
    return model, ImageInput(images, augment=arm.augment)


def _run(task: Task, module: PhaseModule, *, callbacks: list[pl.Callback], share: Share) -> None:
    arm = task.arm
    if module.finished == arm.fit.epochs:
        return
    module.network.train()
    keys = keys_of(task.digests(task.learnt), seed=task.seed)
    batches = Shuffled(task.learnt, keys, arm.augment, arm.fit.batch_size, lambda: module.epoch)
    watched = InOrder(task.watched, ANSWER_BATCH) if len(task.watched) else None
    trainer = pl.Trainer(
        accelerator=device().type,
        precision=lightning_precision(arm.fit),
        max_epochs=arm.fit.epochs - module.finished,
        callbacks=callbacks,
        deterministic=True,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        **distributed.trainer_options(share),
    )
    rows = distributed.own_rows(batches, share=share, where=task.where)
    trainer.fit(module, train_dataloaders=rows, val_dataloaders=watched)


@contextmanager
def _reproducibly(fold: int, *, seed: int) -> Iterator[None]:
    """Seeds torch by seed and fold, and takes deterministic algorithms and one thread; all of it only in here.

    The number of threads changes the order of sums, and so the bytes; folds run side by side instead.
    """
    deterministic, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    chatter = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    level = chatter.level
    chatter.setLevel(logging.WARNING)
    try:
        with torch.random.fork_rng(), warnings.catch_warnings():
            for message in _FOREIGN:
                warnings.filterwarnings("ignore", message=message)
            torch.set_num_threads(1)
            torch.manual_seed(int(keys_of([f"fold {fold}"], seed=seed)[0]) >> 1)
            yield
    finally:
        chatter.setLevel(level)
        torch.use_deterministic_algorithms(deterministic)
        torch.set_num_threads(threads)
