"""Folds side by side: workers, records and faults between processes."""

import logging
import pickle
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cinemyo.errors import TrainingError
from cinemyo.training import parallel
from cinemyo.training.parallel import default_workers, fit_all
from tests.training import tiny


class Pool:
    """Stands for the other processes: begins the first `begun` calls, and answers them with `act`."""

    def __init__(self, begun: int, act: Callable[[], None]) -> None:
        self.left, self.act, self.stopped = begun, act, False

    def submit(self, _function: Any, _task: Any) -> "Future[None]":
        future: Future[None] = Future()
        if self.left:
            self.left -= 1
            future.set_running_or_notify_cancel()
            try:
                self.act()
                future.set_result(None)
            except ValueError as error:
                future.set_exception(error)
        return future

    def shutdown(self, *, wait: bool, cancel_futures: bool) -> None:
        self.stopped = wait and cancel_futures


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the tasks that this process fits."""
    seeds: list[int] = []
    monkeypatch.setattr(parallel, "fit", lambda task: seeds.append(task.seed))
    return seeds


def with_pool(monkeypatch: pytest.MonkeyPatch, pool: Pool) -> None:
    @contextmanager
    def made(_workers: int) -> Iterator[Pool]:
        yield pool

    monkeypatch.setattr(parallel, "_pool", made)


def nothing() -> None:
    pass


def fail() -> None:
    raise ValueError("in another process")


def test_one_worker_takes_tasks_in_order(tmp_path: Path, fitted: list[int]) -> None:
    fit_all([tiny.task(tmp_path, seed=seed) for seed in range(3)], workers=1)
    assert fitted == [0, 1, 2]


def test_this_process_takes_what_no_other_has_begun(
    tmp_path: Path, fitted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_pool(monkeypatch, Pool(2, nothing))
    fit_all([tiny.task(tmp_path, seed=seed) for seed in range(5)], workers=2)
    assert fitted == [4, 3, 2]


def test_a_fault_of_another_process_stops_the_pool(
    tmp_path: Path, fitted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(1, fail)
    with_pool(monkeypatch, pool)
    with pytest.raises(ValueError, match="in another process"):
        fit_all([tiny.task(tmp_path, seed=seed) for seed in range(2)], workers=2)
    assert fitted == [1]
    assert pool.stopped


def test_a_fault_travels_between_processes_as_it_was() -> None:
    fault = TrainingError("arm dual, fold 0", expected="a finite loss", got="nan", remedy="lower it")
    again = pickle.loads(pickle.dumps(fault))
    assert isinstance(again, TrainingError)
    assert (str(again), again.remedy) == (str(fault), "lower it")


def test_records_of_another_process_reach_the_loggers_of_this_one(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("cinemyo")
    before = logger.level, list(logger.handlers), logger.propagate
    records: queue.Queue[logging.LogRecord] = queue.Queue()
    try:
        parallel._start(records)
        logging.getLogger("cinemyo.training.module").info("epoch 1")
    finally:
        logger.level, logger.handlers, logger.propagate = before
        logger.setLevel(before[0])
    with caplog.at_level(logging.INFO, "cinemyo"):
        parallel._Forward().emit(records.get_nowait())
    assert caplog.messages == ["epoch 1"]


def test_there_is_a_worker_at_least() -> None:
    assert default_workers() >= 1
