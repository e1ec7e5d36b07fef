"""A small study from its first stage to its record, against what `cinemyo plan` said of it; then nothing to do.

    python -m benchmarks.repro [PATIENTS] [EPOCHS]

The study is the demo with fewer patients, arms and epochs, in a folder of its own: `cinemyo plan`, `dvc repro`, and
`dvc repro` again. Time of a stage is that of its process and of what DVC does before the next.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.result import cpu_seconds, keep, machine
from cinemyo import config

PATIENTS, EPOCHS = 30, 8
ARMS = ("dual", "systole")
_ROOT = Path(__file__).resolve().parents[1]
_LEFT = ("tests/", "docs/", "reports/", "benchmarks/results/", "dvc.lock", "params.yaml")
"""What the project of the small study lacks."""


def main() -> None:
    """Measures, prints and keeps."""
    patients, epochs = (int(said) for said in (*sys.argv[1:], PATIENTS, EPOCHS)[:2])
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        make(base, patients=patients, epochs=epochs)
        planned, of_plan = timed(base, "cinemyo.cli", "plan", "--json")
        foreseen = json.loads(planned)
        _, whole = timed(base, "dvc", "repro")
        _, again = timed(base, "dvc", "repro")
        _, status = timed(base, "dvc", "status")
        took, used = stages(base, ended=time.time()), written(base)
    rows = compared(foreseen["stages"], took=took)
    show(rows, whole=whole, planned=foreseen["total"]["seconds"], again=again, status=status)
    figures = {
        "patients": patients,
        "epochs": epochs,
        "arms": len(ARMS),
        "repro_s": round(whole, 1),
        "planned_s": round(foreseen["total"]["seconds"], 1),
        "ratio": round(foreseen["total"]["seconds"] / whole, 2),
        "plan_took_s": round(of_plan, 1),
        "nothing_to_do_s": round(again, 1),
        "dvc_status_s": round(status, 1),
        "written_bytes": used,
        "planned_bytes": foreseen["total"]["disk"],
        "cpu_s": round(cpu_seconds(), 1),
        "rows": rows,
    }
    keep("repro", figures, command=f"python -m benchmarks.repro {patients} {epochs}")


def make(base: Path, *, patients: int, epochs: int) -> None:
    """Makes the project of a small study in a folder."""
    listed = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=_ROOT, text=True
    ).splitlines()
    for name in listed:
        if (_ROOT / name).is_file() and not name.startswith(_LEFT):
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_ROOT / name, base / name)
    run(base, "git", "init", "-q")
    run(base, "git", "add", "-A")
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org")
    run(base, "git", *who, "commit", "-q", "-m", "benchmark")
    run(base, sys.executable, "-m", "pipelines.params", "study=demo")
    others = [name for name in config.load(base / "params.yaml").arms if name not in ARMS]
    changes = [f"phantoms.demo.patients={patients}", *(f"arms.{name}.fit.epochs={epochs}" for name in ARMS)]
    run(base, sys.executable, "-m", "pipelines.params", "study=demo", *changes, *(f"~arms.{name}" for name in others))


def run(base: Path, *command: str) -> str:
    """What a command prints; its failure ends the measurement with what it said."""
    own = {"PYTHONPATH": f"{base}/src{os.pathsep}{base}", "DVC_NO_ANALYTICS": "1"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=base, capture_output=True, text=True, check=False, env={**os.environ, **own, "PATH": path}
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(base: Path, module: str, *arguments: str) -> tuple[str, float]:
    """What a module prints, and its seconds."""
    began = time.perf_counter()
    told = run(base, sys.executable, "-m", module, *arguments)
    return told, time.perf_counter() - began


def stages(base: Path, *, ended: float) -> dict[str, float]:
    """Seconds of each stage by itself, from the events that it left."""
    found = [json.loads(path.read_text()) for path in sorted((base / "audit" / "events").glob("*.json"))]
    return {
        event["name"]: (_time(event["ended"]) - _time(event["started"])).total_seconds()
        for event in found
        if event["kind"] == "stage" and event["ended"]
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def written(base: Path) -> int:
    """Bytes of what the study wrote: its data, reports, store and cache."""
    folders = (base / name for name in ("data", "reports", "mlruns", ".dvc/cache"))
    return sum(path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def compared(planned: list[dict[str, Any]], *, took: dict[str, float]) -> list[dict[str, Any]]:
    """A row per stage: seconds planned and taken."""
    return [
        {"stage": row["stage"], "planned_s": round(row["seconds"], 1), "took_s": round(took[row["stage"]], 1)}
        for row in planned
        if row["stage"] in took
    ]


def show(rows: list[dict[str, Any]], *, whole: float, planned: float, again: float, status: float) -> None:
    """Prints the table."""
    print(f"{machine()['cpu']}, {machine()['cores']} cores")
    print(f"{'stage':22s} {'planned':>9s} {'took':>9s}   (the plan counts start and DVC, the time of a stage does not)")
    for row in rows:
        print(f"{row['stage']:22s} {row['planned_s']:7.1f} s {row['took_s']:7.1f} s")
    print(f"{'dvc repro':22s} {planned:7.1f} s {whole:7.1f} s   ratio {planned / whole:.2f}")
    print(f"nothing to do: dvc repro {again:.1f} s, dvc status {status:.1f} s")


if __name__ == "__main__":
    main()
