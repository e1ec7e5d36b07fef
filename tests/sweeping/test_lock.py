"""One process at a time, and no lock that outlives its holder."""

import multiprocessing
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from cinemyo.errors import SetupError
from cinemyo.sweeping.lock import alone, is_held

FORK = multiprocessing.get_context("fork")


def _hold(path: Path, held: Event) -> None:
    with alone(path):
        held.set()
        time.sleep(60)


def test_a_lock_goes_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    held = FORK.Event()
    holder = FORK.Process(target=_hold, args=(tmp_path / "lock", held))
    holder.start()
    assert held.wait(30)
    assert is_held(tmp_path / "lock")
    holder.kill()
    holder.join()
    with alone(tmp_path / "lock", wait_s=5):
        pass
    assert not is_held(tmp_path / "lock")


def test_what_is_held_for_too_long_is_refused_with_the_remedy(tmp_path: Path) -> None:
    expected = r"expected it free within 0\.05 s, got held by another process; end that process"
    with alone(tmp_path / "lock"), pytest.raises(SetupError, match=expected), alone(tmp_path / "lock", wait_s=0.05):
        pass


def test_what_is_not_there_is_not_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
