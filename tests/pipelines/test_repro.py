"""`dvc repro` of a shrunken study in a clone of its own: it ends with the report, and does nothing that is not owed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cinemyo import cores

ROOT = Path(__file__).resolve().parents[2]
SMALL = [
    "phantoms.demo.patients=18",
    "phantoms.demo.phases=10",
    "phantoms.demo.matrix=96",
    "phantoms.demo.max_cines=2",
    "split.folds=3",
    "split.holdout_share=0",
    "explain.correct_drawn=1",
    "evaluate.bootstrap=100",
    "~arms.diastole",
    "~arms.dual_by_input",
    "~arms.dual_permuted",
    "~arms.view_dual",
    *(f"arms.{arm}.fit.epochs=1" for arm in ("dual", "systole")),
]

pytestmark = pytest.mark.slow


class Clone:
    """A copy of the tracked and new files, as a repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: set[str] = set()
        self.environment: dict[str, str] = {}
        listed = subprocess.check_output(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
        )
        for name in listed.splitlines():
            if (ROOT / name).is_file() and not name.startswith(("tests/", "dvc.lock")):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
        self.run("git", "init", "-q")
        self.run("git", "add", "-A")
        self.run("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "clone")

    def run(self, *command: str) -> str:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        source = os.pathsep.join([str(self.folder / "src"), str(self.folder)])
        # stages start no processes, which cost more than the small study
        alone = {cores.VARIABLE: "1", "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment = {**os.environ, "PATH": path, "PYTHONPATH": source, **alone, **self.environment}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    def repro(self, *overrides: str) -> set[str]:
        """The stages that ran."""
        self.run(sys.executable, "-m", "pipelines.params", *SMALL, *overrides)
        printed = self.run(sys.executable, "-m", "dvc", "repro")
        return {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    made = Clone(tmp_path_factory.mktemp("clone"))
    made.ran = made.repro()
    return made


def test_every_stage_runs_and_ends_with_the_report(clone: Clone) -> None:
    expected = {"phantom@demo", "ingest", "label", "locate", "prepare@coarse", "contact_sheet@coarse", "split"}
    expected |= {f"{stage}@{arm}" for stage in ("train", "explain", "robustness") for arm in ("dual", "systole")}
    expected |= {"leakage", "holdout", "evaluate", "report", "record"}
    assert clone.ran == expected
    assert "not for clinical use" in (clone.folder / "reports" / "report.html").read_text(encoding="utf-8").lower()


def test_what_went_in_was_used_or_excluded(clone: Clone) -> None:
    files = pd.read_parquet(clone.folder / "data" / "demo" / "sources.parquet")
    found = sum(1 for path in (clone.folder / "data" / "phantom" / "demo" / "dicom").rglob("*") if path.is_file())
    assert len(files) == found == files["cine_id"].notna().sum() + files["code"].notna().sum()


def test_a_second_run_has_nothing_to_do(clone: Clone) -> None:
    assert clone.repro() == set()


def test_a_deleted_store_is_recorded_again_without_training(clone: Clone) -> None:
    shutil.rmtree(clone.folder / "mlruns")
    assert clone.repro() == {"record"}


def test_another_study_and_back_trains_nothing_again(clone: Clone) -> None:
    other = ["root=data/phantom/demo/dicom", "labels=data/phantom/demo/labels.csv", "truth=data/phantom/demo/truth"]
    changes = ["study.name=other", "sheets.openings=conf/openings/demo.csv", "~arms.systole"]
    there = clone.repro(*changes, *(f"source.{value}" for value in other))
    back = clone.repro()
    assert "train@dual" in there
    # what git keeps beside DVC's cache is written again, and so is the register of permanent assignments
    assert back <= {"split", "evaluate", "report", "record"}


def test_a_sweep_writes_beside_the_record_and_skips_what_it_has(clone: Clone) -> None:
    sweep = [sys.executable, "-m", "pipelines.sweep", "-m", "crop_px=32,48", "fit.epochs=1", "evaluate.bootstrap=100"]
    clone.run(*sweep)
    jobs = sorted((clone.folder / "outputs" / "sweep" / "demo").glob("*/metrics.json"))
    written = [path.stat().st_mtime_ns for path in jobs]
    clone.run(*sweep)
    assert len(jobs) == 2
    assert [path.stat().st_mtime_ns for path in jobs] == written
    assert "sweep" not in (clone.folder / "reports" / "metrics.json").read_text(encoding="utf-8")


def test_a_changed_arm_reruns_itself_and_what_follows(clone: Clone) -> None:
    before = (clone.folder / "data" / "demo" / "predictions" / "dual.csv").read_bytes()
    ran = clone.repro("arms.systole.fit.learning_rate=0.002")
    own = {"train@systole", "explain@systole", "robustness@systole"}
    assert ran == own | {"holdout", "evaluate", "report", "record"}
    assert (clone.folder / "data" / "demo" / "predictions" / "dual.csv").read_bytes() == before


def test_a_removed_arm_leaves_no_trace(clone: Clone) -> None:
    ran = clone.repro("~arms.systole")
    assert not any(name.startswith("train") for name in ran)
    clone.run(sys.executable, "-m", "cinemyo.cli", "audit", "lineage")
    reports = clone.folder / "reports"
    assert set(json.loads((reports / "metrics.json").read_text(encoding="utf-8"))["arms"]) == {"dual"}
    written = [path for path in reports.rglob("*") if path.suffix in {".csv", ".json", ".html"}]
    assert [path.name for path in written if "train@systole" in path.read_text(encoding="utf-8")] == []
    tables = [pd.read_csv(path) for path in (reports / "tables").glob("*.csv")]
    assert all("systole" not in set(table.get("arm", pd.Series(dtype=str))) for table in tables)
