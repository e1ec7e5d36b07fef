import ctypes
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cinemyo.deid.keys import load_key
from cinemyo.errors import SourceError
from cinemyo.sources import pool
from cinemyo.sources.pool import Failure, Limits, in_order


def square(number: int) -> int:
    return number * number


def uneven(number: int) -> int:
    time.sleep(0.02 * (number % 3))
    return number


def dies(number: int) -> int:
    if number == 3:
        ctypes.string_at(0)
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hangs(number: int) -> int:
    if number == 2:
        time.sleep(600)
    return number


def hoards(number: int) -> int:
    return np.ones((number, 1 << 20), dtype=np.uint8).shape[0]


def touches(number: int, *, folder: Path) -> int:
    (folder / str(number)).touch()
    return number


def fails(number: int) -> int:
    if number == 1:
        raise KeyError("DOE^JOHN")
    return number


def refuses(number: int) -> int:
    raise SourceError("here", expected="a", got="b", remedy="c")


def is_full(number: int) -> int:
    raise OSError(28, "No space left on device")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def results(work: object, count: int, **options: object) -> list[object]:
    return [result for _, result in in_order(work, range(count), **options)]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(workers: int) -> None:
    assert list(in_order(uneven, range(20), workers=workers)) == [(n, n) for n in range(20)]


def test_no_task_gives_no_result() -> None:
    assert list(in_order(square, [], workers=2)) == []


def test_a_death_costs_its_own_task_alone() -> None:
    found = results(dies, 8, workers=2)
    assert [item for item in found if isinstance(item, int)] == [0, 1, 2, 4, 6, 7]
    assert found[3] == Failure("crashed", "SIGSEGV")
    assert found[5] == Failure("crashed", "SIGKILL")


def test_what_lay_ready_for_a_process_that_died_is_done_by_another() -> None:
    found = results(dies, 8, workers=1)
    assert [item for item in found if isinstance(item, int)] == [0, 1, 2, 4, 6, 7]


def test_large_tasks_with_large_results_block_nobody() -> None:
    tasks = [bytes([number]) * (1 << 20) for number in range(6)]
    assert [result for _, result in in_order(bytes.upper, tasks, workers=1)] == [task.upper() for task in tasks]


def test_a_process_has_its_next_task_ready(tmp_path: Path) -> None:
    """The second task is begun before the caller takes the first one's result in."""
    running = in_order(partial(touches, folder=tmp_path), range(4), workers=1)
    next(running)
    wait_until((tmp_path / "1").exists)
    assert not (tmp_path / "3").exists()
    running.close()


def test_a_task_that_hangs_is_ended() -> None:
    found = results(hangs, 5, workers=2, limits=Limits(seconds=2))
    assert found == [0, 1, Failure("timeout", "2 s"), 3, 4]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_a_task_that_takes_too_much_memory_is_ended() -> None:
    tasks = [1, 4000, 2]
    found = [result for _, result in in_order(hoards, tasks, workers=1, limits=Limits(bytes=3 << 30))]
    assert found == [1, Failure("crashed", "MemoryError"), 2]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_what_the_parent_holds_is_not_counted() -> None:
    with mmap.mmap(-1, 3 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
        found = [result for _, result in in_order(hoards, [1, 400, 2], workers=1, limits=Limits(bytes=1 << 28))]
    assert found == [1, Failure("crashed", "MemoryError"), 2]


def test_a_fault_of_the_code_is_told_by_its_kind_alone() -> None:
    assert results(fails, 3, workers=1) == [0, Failure("crashed", "KeyError"), 2]


def test_a_fault_that_a_person_can_mend_is_passed_on() -> None:
    with pytest.raises(SourceError, match="here: expected a, got b; c"):
        results(refuses, 3, workers=2)


def test_a_full_disk_is_passed_on() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        results(is_full, 3, workers=2)
    assert caught.value.errno == 28


def noted(taken: list[int]) -> Iterator[int]:
    """A hundred tasks, each put down as it is taken."""
    for number in range(100):
        taken.append(number)
        yield number


def test_few_tasks_are_taken_ahead() -> None:
    taken: list[int] = []
    running = in_order(square, noted(taken), workers=2)
    next(running)
    assert len(taken) <= 10
    running.close()


def test_tasks_are_made_while_the_process_is_at_work() -> None:
    taken: list[int] = []
    running = in_order(uneven, noted(taken), workers=1)
    next(running)
    assert len(taken) > 2
    running.close()


def test_a_key_is_inherited_without_being_pickled() -> None:
    key = load_key("published")
    assert results(lambda number: (number, key.id), 2, workers=2) == [(0, key.id), (1, key.id)]


@pytest.mark.parametrize("work", [square, fails])
def test_without_processes_the_work_is_done_here(work: object, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = results(work, 4, workers=2)
    monkeypatch.setattr(pool.multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert results(work, 4) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_workers_end_with_their_parent() -> None:
    code = """
import os, time
from cinemyo.sources.pool import in_order
def work(n):
    time.sleep(n and 600)
    return os.getpid()
for _, pid in in_order(work, [0, 1, 1], workers=2):
    print(pid, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not os.path.exists(f"/proc/{worker}"))  # noqa: PTH110
