"""Cases one after the other in a process of their own, which is killed where it hangs or swells."""

import multiprocessing
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from tests.fuzz.case import Case, case
from tests.fuzz.memory import resident_bytes
from tests.fuzz.oracle import Outcome, examine

HANG_S: Final = 10.0
MEMORY_BYTES: Final = 2 << 30
_KILLED_AFTER_S: Final = 120.0
"""By the clock, on a machine that others use too; `HANG_S` is of the processor's time."""
_KILLED_ABOVE_BYTES: Final = 3 << 30
_LOOK_S: Final = 0.05


@dataclass(frozen=True)
class Report:
    """What one case came to; `fault` is empty where all held."""

    seed: int
    told: str = ""
    kinds: tuple[str, ...] = ()
    family: str = ""
    fault: str = ""
    verdict: str = "held"
    """held, exception, defect, output, hang, memory or crash."""
    outcome: Outcome = field(default_factory=lambda: Outcome({}, 0))


def reports(seeds: Iterable[int], *, make: Callable[[int], Case] = case) -> Iterator[Report]:
    """A report for each seed, by one process that is started again where it dies."""
    context = multiprocessing.get_context("spawn")
    waiting = iter(seeds)
    seed = next(waiting, None)
    while seed is not None:
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(theirs, make), daemon=True)
        process.start()
        theirs.close()
        ours.poll(_KILLED_AFTER_S)  # until it has imported everything
        while seed is not None:
            report = _asked(seed, ours, process.pid or 0)
            yield report
            seed = next(waiting, None)
            if report.verdict in ("crash", "hang", "memory") and not report.told:
                break
        process.kill()
        process.join()
        ours.close()


def spread(seeds: Sequence[int], *, processes: int, make: Callable[[int], Case] = case) -> Iterator[Report]:
    """Reports of all seeds, in any order, by several processes beside each other."""
    answers: queue.SimpleQueue[Report | None] = queue.SimpleQueue()

    def run(share: Sequence[int]) -> None:
        for report in reports(share, make=make):
            answers.put(report)
        answers.put(None)

    threads = [threading.Thread(target=run, args=(seeds[k::processes],), daemon=True) for k in range(processes)]
    for thread in threads:
        thread.start()
    running = len(threads)
    while running:
        report = answers.get()
        if report is None:
            running -= 1
        else:
            yield report


def _asked(seed: int, connection: Connection, pid: int) -> Report:
    """The report on one seed; one without words where the process is lost."""
    began = time.monotonic()
    try:
        while connection.poll(0):
            connection.recv()
        connection.send(seed)
        while not connection.poll(_LOOK_S):
            if time.monotonic() - began > _KILLED_AFTER_S:
                return Report(seed, verdict="hang", fault=f"no answer within {_KILLED_AFTER_S:.0f} s")
            if resident_bytes(pid) > _KILLED_ABOVE_BYTES:
                return Report(seed, verdict="memory", fault=f"above {_KILLED_ABOVE_BYTES >> 20} MiB")
        return _limited(connection.recv())
    except (EOFError, ConnectionError):
        return Report(seed, verdict="crash", fault="the process died")


def _limited(report: Report) -> Report:
    if report.verdict == "held" and report.outcome.seconds > HANG_S:
        return replace(report, verdict="hang", fault=f"read for {report.outcome.seconds:.1f} s of the processor's time")
    if report.verdict == "held" and report.outcome.peak_bytes > MEMORY_BYTES:
        return replace(report, verdict="memory", fault=f"{report.outcome.peak_bytes >> 20} MiB")
    return report


def serve(connection: Connection, make: Callable[[int], Case]) -> None:
    """Answers seeds with reports until the other side is gone."""
    with _caught_output() as output:
        connection.send("ready")
        while True:
            try:
                seed = connection.recv()
            except EOFError:
                return
            connection.send(_report(seed, make, output))


def _report(seed: int, make: Callable[[int], Case], output: Callable[[], str]) -> Report:
    blank = Report(seed)
    try:
        made = make(seed)
        blank = Report(seed, str(made), made.kinds, made.family)
        output()
        outcome = examine(made)
    except AssertionError as error:
        return replace(blank, verdict="defect", fault=str(error)[:500])
    except Exception as error:
        return replace(blank, verdict="exception", fault=_where(error))
    said = output()
    if said:
        return replace(blank, verdict="output", fault=said[:500], outcome=outcome)
    return replace(blank, outcome=outcome)


def _where(error: BaseException) -> str:
    """The kind of an exception, its place and its words."""
    trace, last = error.__traceback__, ""
    while trace is not None:
        last = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {last}: {str(error)[:300]}"


@contextmanager
def _caught_output() -> Iterator[Callable[[], str]]:
    """Sends whatever this process and its libraries print to a file; gives what was printed since the last call."""
    with tempfile.TemporaryFile("w+b") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)

        def since() -> str:
            sys.stdout.flush()
            sys.stderr.flush()
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return ""
            file.seek(0)
            said = file.read().decode(errors="replace")
            file.seek(0)
            file.truncate()
            return said

        yield since
