"""One process at a time: a lock that the system lets go of when its holder dies, however it dies."""

import errno
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cinemyo.errors import SetupError

POLL_S: Final = 0.2


@contextmanager
def alone(path: Path, *, wait_s: float | None = None) -> Iterator[None]:
    """Holds the lock of a file; whoever comes second waits, `wait_s` seconds at most where that is given.

    Raises:
        SetupError: it was held all that time, or the file system knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        _take(file.fileno(), path=path, wait_s=wait_s)
        yield


def is_held(path: Path) -> bool:
    """Whether another process holds the lock now."""
    if not path.is_file():
        return False
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _take(file: int, *, path: Path, wait_s: float | None) -> None:
    end = None if wait_s is None else time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if end else 0))
        except BlockingIOError:
            if end and time.monotonic() >= end:
                expected, got = f"it free within {wait_s:g} s", "held by another process"
                remedy = "end that process, or wait for it, and run the same command again"
                raise SetupError(str(path), expected=expected, got=got, remedy=remedy) from None
            time.sleep(POLL_S)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
                raise
            remedy = "put outputs/ and mlruns/ on a file system with locks (for Lustre, mounted with flock)"
            raise SetupError(str(path.parent), expected="file locks", got="none", remedy=remedy) from None
        else:
            return
