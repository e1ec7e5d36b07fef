"""What a process of the pool lets the system do to it."""

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
from pathlib import Path
from typing import Final

BYTES: Final = 2 << 30
"""The most memory of its own that a process may have; beyond it an allocation fails."""
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of linux/prctl.h
_MAPPED_FROM, _GIVEN_BACK_FROM = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of glibc's malloc.h
_LARGE: Final = 1 << 24
_DATA: Final = 5  # of proc(5), statm: data and stack, in pages


def bounded(size: int, *, parent: int) -> None:
    """Bounds this process's memory (Linux), ends it with its parent, leaves Ctrl-C to the parent, and mutes it.

    Decoders write what they find in a file to the terminal.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.disable()
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.close(silence)
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        # pages of one frame serve for the next: else the system zeroes each anew
        library.mallopt(_MAPPED_FROM, _LARGE)
        library.mallopt(_GIVEN_BACK_FROM, 4 * _LARGE)
    import resource

    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = _inherited() + size
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold identities
    if os.getppid() != parent:
        os._exit(1)


def _inherited() -> int:
    """Bytes that the limit counts and that came with the fork: torch alone reserves more than a gigabyte."""
    try:
        facts = Path("/proc/self/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(facts[_DATA]) * os.sysconf("SC_PAGE_SIZE")
