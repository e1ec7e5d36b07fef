"""Jobs that processes of their own can import."""

import os
import signal
import time
from pathlib import Path

from cinemyo import cores
from cinemyo.errors import TrainingError
from cinemyo.launching.choice import HERE, VARIABLE
from cinemyo.launching.jobs import each


def double(number: int) -> int:
    return 2 * number


def place(number: int) -> tuple[int, str, str, str]:
    return os.getpid(), str(Path.cwd()), os.environ[VARIABLE], os.environ[cores.VARIABLE]


def mixed(number: int) -> int:
    """1 is refused, 2 fails, 3 dies."""
    if number == 1:
        raise TrainingError("job 1", expected="a", got="b", remedy="c")
    if number == 2:
        raise KeyError("no such thing")
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slow(folder: Path) -> None:
    """Says that it began and, much later, that it ended."""
    (folder / "began").write_text(str(os.getpid()))
    time.sleep(300)


def parent_dies_once(folder: Path) -> str:
    """Kills the process that started this one, as the loss of a node does, the first time."""
    mark = folder / "died"
    if mark.exists():
        return "done"
    mark.touch()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(300)
    return "unreachable"


def begun_or_slow(folder: Path | None) -> str:
    """At once without a folder; in one, far too long."""
    if folder is not None:
        time.sleep(300)
    return "quick"


def launch_slow(folder: Path) -> None:
    """Waits for a job that takes far too long."""
    list(each(slow, [folder], launcher=HERE))
