"""What every measurement leaves: its figures with date, command and machine, as JSON under benchmarks/results.

And the time of the processor, which more than one of them takes.
"""

import json
import os
import platform
import resource
from datetime import date
from pathlib import Path
from typing import Any

from cinemyo import tables

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """The processor's name and the number of cores; no host name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.processor() or platform.machine(), "cores": os.cpu_count()}


def cpu_seconds() -> float:
    """Seconds of this process and of those that have ended under it, on all cores together."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def keep(name: str, figures: dict[str, Any], *, command: str) -> None:
    """Writes figures to `benchmarks/results/<name>.json`."""
    content = {"date": date.today().isoformat(), "command": command, "machine": machine(), **figures}
    tables.write_bytes(FOLDER / f"{name}.json", (json.dumps(content, indent=1) + "\n").encode())
