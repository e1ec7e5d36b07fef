"""One question of `cinemyo audit` to the study in a folder, in a process that holds nothing else.

`python -m tests.audit.asking FOLDER trace ...` prints what the command prints, and as the last line seconds of the
processor (others may load the machine) and peak memory in gigabytes as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

import typer

from cinemyo.cli import app


def peak_gigabytes() -> float:
    """The peak memory of this program alone, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 2**20


def main() -> None:
    """Asks."""
    os.chdir(sys.argv[1])
    status = 0
    try:
        app(["audit", *sys.argv[2:]], standalone_mode=False)
    except typer.Exit as end:
        status = end.exit_code
    told = {"status": status, "seconds": time.process_time(), "gigabytes": peak_gigabytes()}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
