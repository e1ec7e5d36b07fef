"""The folds of an arm side by side: on a CPU one process and one thread per fold, on a GPU one after the other."""

import logging
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from tqdm import tqdm  # type: ignore[import-untyped]

from cinemyo.cores import cores
from cinemyo.launching.process import die_with_parent
from cinemyo.training import module
from cinemyo.training.answer import device
from cinemyo.training.fit import fit
from cinemyo.training.task import Task


def default_workers() -> int:
    """One on a GPU, otherwise the cores that this process may use, or as many as CINEMYO_WORKERS says.

    Bytes do not depend on it: a fit on a CPU takes one thread, wherever it runs.
    """
    if device().type != "cpu":
        return 1
    return cores()


def fit_all(tasks: Sequence[Task], *, workers: int) -> None:
    """Finishes every task in its folder, with one bar over all epochs on a terminal.

    This process works too, from the last task backwards, while the others start.

    Raises:
        ConfigError, WeightsError, TrainingError: as `fit`; nothing that has not begun is begun then.
    """
    others = min(workers, len(tasks)) - 1
    with _bar(tasks):
        if others < 1:
            for task in tasks:
                fit(task)
            return
        with _pool(others) as pool:
            futures = [pool.submit(_finish, task) for task in tasks]
            try:
                for task, future in reversed(list(zip(tasks, futures, strict=True))):
                    if future.cancel():
                        fit(task)
                for future in futures:
                    if not future.cancelled():
                        future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise


def _finish(task: Task) -> None:
    fit(task)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes whose log records arrive in this one's loggers."""
    # spawn, not fork: a fork of a process with threads may hang
    context = multiprocessing.get_context("spawn")
    records: Any = context.Queue()
    listener = QueueListener(records, _Forward())
    listener.start()
    try:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(records,)) as pool:
            yield pool
    finally:
        listener.stop()
        records.close()


def _start(records: Any) -> None:
    die_with_parent()
    logger = logging.getLogger("cinemyo")
    logger.setLevel(logging.INFO)
    logger.handlers = [QueueHandler(records)]
    logger.propagate = False


class _Forward(logging.Handler):
    """Hands a record of another process to the logger of its name."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger(record.name).handle(record)


class _Epochs(logging.Handler):
    """Moves a bar by one with every epoch told in the log."""

    def __init__(self, bar: Any) -> None:
        super().__init__()
        self.bar = bar

    def emit(self, record: logging.LogRecord) -> None:
        self.bar.set_postfix_str(record.getMessage().split(", learning_rate")[0][:90], refresh=False)
        self.bar.update()


@contextmanager
def _bar(tasks: Sequence[Task]) -> Iterator[None]:
    logger, level = module.log, module.log.level
    total = sum(task.arm.fit.epochs for task in tasks)
    with tqdm(total=total, unit="epoch", disable=None) as bar:
        handler = _Epochs(bar)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
