"""Repeats cases, one after the other in this process: `python -m tests.fuzz SEED...`."""

import faulthandler
import sys

from tests.fuzz.case import case
from tests.fuzz.oracle import examine

if __name__ == "__main__":
    faulthandler.enable()
    for seed in map(int, sys.argv[1:]):
        made = case(seed)
        sys.stdout.write(f"{str(made).encode('ascii', 'backslashreplace').decode()}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{examine(made)}\n")
