"""How many processes to start: one rule for whatever works side by side."""

import os
from typing import Final

VARIABLE: Final = "CINEMYO_WORKERS"


def cores() -> int:
    """What CINEMYO_WORKERS says, else the number of cores that this process may run on."""
    said = os.environ.get(VARIABLE, "")
    if said.isdecimal() and int(said) > 0:
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
