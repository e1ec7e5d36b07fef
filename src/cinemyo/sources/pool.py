"""Work spread over processes that may die, hang or run out of memory without ending the run.

Processes are forked: what a task needs beside itself (the key above all) is inherited in memory and never pickled, and
nothing is said on a command line. Tasks and results go through one pipe per process; a process does one task at a time,
so that a death has one culprit, and the next one lies ready in its pipe. Results come in the order of the tasks.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, Final, Generic, Literal, TypeVar

from cinemyo.cores import cores
from cinemyo.errors import CinemyoError
from cinemyo.sources.process import BYTES, bounded

T = TypeVar("T")
R = TypeVar("R")

SECONDS: Final = 60.0
"""The longest that a task may take."""
_AHEAD: Final = 4
_IN_PIPE: Final = 1 << 15
"""The most bytes of a task that lies ready: a pipe takes them without waiting for a process that may wait for us."""
_GARBAGE: Final = 50_000
"""Objects after which a process looks for cycles among them; what it reads makes none."""


@dataclass(frozen=True)
class Limits:
    """What a task may use: seconds by the clock, bytes of the process's own memory."""

    seconds: float = SECONDS
    bytes: int = BYTES


@dataclass(frozen=True)
class Failure:
    """A task without a result: its process died or its code failed (`crashed`), or it took too long (`timeout`)."""

    kind: Literal["crashed", "timeout"]
    cause: str
    """Name of the exception or number of the signal; never a message, which could quote a file."""


def in_order(
    work: Callable[[T], R],
    tasks: Iterable[T],
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    here: Callable[[T], R | None] = lambda task: None,
) -> Iterator[tuple[T, R | Failure]]:
    """Each task with its result or failure, in the order of the tasks; few are held at a time.

    `here` gives the result of a task that needs no process, or None. Where processes cannot be forked (Windows, or
    within a process of another pool) all work is done in this one, unbounded.

    Raises:
        CinemyoError, OSError: `work` raised it; the other processes are ended.
    """
    if "fork" not in multiprocessing.get_all_start_methods() or multiprocessing.current_process().daemon:
        for task in tasks:
            known = here(task)
            yield task, _result(*_outcome(work, task)) if known is None else known
        return
    pool: _Pool[T, R] = _Pool(work, limits or Limits(), workers or cores())
    # what a collection of garbage looks at is copied for each process: leave out what was there before
    is_first = gc.get_freeze_count() == 0
    if is_first:
        gc.freeze()
    try:
        yield from pool.run(iter(tasks), here)
    finally:
        pool.close()
        if is_first:
            gc.unfreeze()


@dataclass
class _Slot(Generic[T, R]):
    """A task on its way."""

    task: T
    result: R | Failure | None = None
    done: bool = False

    @cached_property
    def content(self) -> bytes:
        """The task as it is sent."""
        return bytes(ForkingPickler.dumps(self.task))


@dataclass
class _Worker(Generic[T, R]):
    """A process, the parent's end of its pipe, what it is at, and behind that what lies ready for it."""

    process: Any
    pipe: Connection
    slots: deque[_Slot[T, R]] = field(default_factory=deque)
    deadline: float = 0.0


class _Pool(Generic[T, R]):
    def __init__(self, work: Callable[[T], R], limits: Limits, count: int) -> None:
        self._work = work
        self._limits = limits
        self._count = count
        self._workers: list[_Worker[T, R]] = []
        self._pending: deque[_Slot[T, R]] = deque()

    def run(self, tasks: Iterator[T], here: Callable[[T], R | None]) -> Iterator[tuple[T, R | Failure]]:
        waiting: deque[_Slot[T, R]] = deque()
        while True:
            # made while the processes are at work, so that none waits for its next task to be made
            while len(waiting) < _AHEAD * self._count:
                task = next(tasks, None)
                if task is None:
                    break
                known = here(task)
                waiting.append(_Slot(task, known, known is not None))
                if known is None:
                    self._pending.append(waiting[-1])
                    self._collect(block=False)
            if not waiting:
                return
            first = waiting[0]
            self._collect(block=not first.done)
            if first.done:
                waiting.popleft()
                yield first.task, first.result  # type: ignore[misc]  # done: it is there

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.process.close()
            worker.pipe.close()
        self._workers.clear()

    def _taker(self, slot: _Slot[T, R]) -> "_Worker[T, R] | None":
        """Who takes a task: an idle process, a new one, or a busy one with nothing ready, if the task is small."""
        free = next((worker for worker in self._workers if not worker.slots), None)
        if free is not None:
            return free
        if len(self._workers) < self._count:
            self._workers.append(self._start())
            return self._workers[-1]
        if len(slot.content) > _IN_PIPE:
            return None
        return next((worker for worker in self._workers if len(worker.slots) == 1), None)

    def _start(self) -> "_Worker[T, R]":
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        others = [worker.pipe for worker in self._workers]
        arguments = (self._work, theirs, [ours, *others], self._limits.bytes, os.getpid())
        process = context.Process(target=_serve, args=arguments, daemon=True)
        with warnings.catch_warnings():
            # newer Pythons warn of threads at a fork; those of numpy and ITK are prepared for it
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _give(self, worker: "_Worker[T, R]", slot: _Slot[T, R]) -> None:
        worker.slots.append(slot)
        if len(worker.slots) == 1:
            worker.deadline = time.monotonic() + self._limits.seconds
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its death is noticed when collecting
            worker.pipe.send_bytes(slot.content)

    def _collect(self, *, block: bool) -> None:
        """Gives tasks to idle processes, takes in answers, and replaces processes that died or are late."""
        self._give_out()
        busy = [worker for worker in self._workers if worker.slots]
        handles = [handle for worker in busy for handle in (worker.pipe, worker.process.sentinel)]
        latest = min((worker.deadline for worker in busy), default=0.0) - time.monotonic()
        ready = set(wait(handles, timeout=max(0.0, latest) if block else 0.0))
        for worker in busy:
            if worker.pipe in ready or worker.process.sentinel in ready:
                self._receive(worker)
            elif time.monotonic() >= worker.deadline:
                self._replace(worker, Failure("timeout", f"{self._limits.seconds:g} s"))
        self._give_out()

    def _give_out(self) -> None:
        while self._pending:
            taker = self._taker(self._pending[0])
            if taker is None:
                return
            self._give(taker, self._pending.popleft())

    def _receive(self, worker: "_Worker[T, R]") -> None:
        try:
            kind, value = worker.pipe.recv() if worker.pipe.poll() else ("died", None)
        except (EOFError, ConnectionResetError):
            kind, value = "died", None
        if kind in ("died", "memory"):
            worker.process.join()
            code = worker.process.exitcode or 0
            cause = value or (signal.Signals(-code).name if -code in set(signal.Signals) else f"exit {code}")
            self._replace(worker, Failure("crashed", cause))
            return
        self._settle(worker, _result(kind, value))

    def _replace(self, worker: "_Worker[T, R]", failure: Failure) -> None:
        worker.process.kill()
        worker.process.join()
        worker.process.close()
        worker.pipe.close()
        self._workers.remove(worker)
        self._settle(worker, failure)
        # what lay ready has not been begun
        self._pending.extendleft(reversed(worker.slots))

    def _settle(self, worker: "_Worker[T, R]", result: R | Failure) -> None:
        slot = worker.slots.popleft()
        slot.result, slot.done = result, True
        worker.deadline = time.monotonic() + self._limits.seconds


def _serve(work: Callable[[Any], Any], pipe: Connection, others: list[Connection], size: int, parent: int) -> None:
    """What a process does until its parent closes the pipe or dies."""
    for other in others:
        other.close()  # else the pipes of a parent that died would stay open
    bounded(size, parent=parent)
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        kind, value = _outcome(work, task)
        pipe.send((kind, value))
        if kind == "memory":
            return


def _outcome(work: Callable[[Any], Any], task: Any) -> tuple[str, Any]:
    try:
        return "result", work(task)
    except MemoryError:
        return "memory", "MemoryError"
    except CinemyoError as error:
        return "fault", error
    except OSError as error:
        return "system", (error.errno, error.strerror)
    except Exception as error:  # a file that defeats its reader never ends a run
        return "failed", type(error).__name__


def _result(kind: str, value: Any) -> Any:
    """A result or failure.

    Raises:
        CinemyoError, OSError: `work` raised it.
    """
    if kind == "fault":
        raise value
    if kind == "system":
        raise OSError(*value)
    return value if kind == "result" else Failure("crashed", value)
