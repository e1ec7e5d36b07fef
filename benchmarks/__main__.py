"""Runs the measurements whose data are here, and says which it left out: what `make bench` calls."""

import subprocess
import sys
from pathlib import Path

from cinemyo import config

ACDC = "the ACDC release at data/source (make source ROOT=...)"


def main() -> None:
    """Runs each measurement in a process of its own."""
    params = config.load()
    study = params.study.name
    prepared = Path("data", study, "prepared").is_dir()
    acdc = sorted(Path("data/source").rglob("patient*/Info.cfg"))
    root = acdc[0].parents[1].as_posix() if acdc else ""
    wanted = [
        (["benchmarks.coverage"], True, "nothing"),
        (["benchmarks.fuzz"], True, "nothing"),
        (["benchmarks.ingest"], True, "nothing"),
        (["benchmarks.oracle", "data/phantom/demo"], Path("data/phantom/demo/truth.csv").is_file(), "the study demo"),
        (["benchmarks.permuted_labels"], prepared, "a prepared study (make repro)"),
        (["benchmarks.localisation", root], bool(acdc), ACDC),
    ]
    status = 0
    for command, possible, needs in wanted:
        if possible:
            print(f"== {command[0]}", flush=True)
            status |= subprocess.run([sys.executable, "-m", *command], check=False).returncode
        else:
            print(f"== {command[0]} left out: it needs {needs}", flush=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
