"""A small project as `make repro` leaves it: the tiny study, its pipeline, its lock, a repository; no stage is run."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cinemyo import config, events, provenance, schema, sheets
from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.ledger import LEDGER, Ledger
from cinemyo.layout import Layout
from cinemyo.record.lineage import dvc_md5
from tests import tiny_study

STUDY = "data/tiny"
STAGES: dict[str, tuple[list[str], list[str]]] = {
    "ingest": ([], [f"{STUDY}/cines.csv", f"{STUDY}/sources.parquet", f"{STUDY}/exclusions.csv", f"{STUDY}/masks"]),
    "label": ([f"{STUDY}/cines.csv"], [f"{STUDY}/labels.csv"]),
    "locate": ([f"{STUDY}/cines.csv", f"{STUDY}/labels.csv"], [f"{STUDY}/regions.csv", f"{STUDY}/phases.csv"]),
    "prepare@coarse": ([f"{STUDY}/cines.csv", f"{STUDY}/regions.csv"], [f"{STUDY}/prepared/coarse"]),
    "split": ([f"{STUDY}/cines.csv", f"{STUDY}/labels.csv"], [f"{STUDY}/folds.csv"]),
    **{
        f"train@{arm}": (
            [f"{STUDY}/prepared/coarse", f"{STUDY}/labels.csv", f"{STUDY}/folds.csv"],
            [f"{STUDY}/models/{arm}", f"{STUDY}/predictions/{arm}.csv", f"{STUDY}/history/{arm}.csv"],
        )
        for arm in ("dual", "view_systole")
    },
    "evaluate": (
        [f"{STUDY}/predictions/dual.csv", f"{STUDY}/predictions/view_systole.csv", f"{STUDY}/folds.csv"],
        ["reports/metrics.json", "reports/tables", "reports/errors"],
    ),
}
"""Inputs and outputs by stage; each leaves its provenance too."""


@dataclass(frozen=True)
class Project:
    base: Path

    @property
    def params(self) -> config.Params:
        return config.load(self.base / "params.yaml")

    @property
    def layout(self) -> Layout:
        return Layout("tiny", self.base)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.base / LEDGER)

    @property
    def details(self) -> Details:
        return Details(self.base / DETAILS)

    def run(self, *stages: str) -> None:
        """What stages leave that are run, in the order of the pipeline: an event, provenance, the lock."""
        for name in stages or STAGES:
            with events.recorded("stage", name, base=self.base):
                self.leave(name)

    def leave(self, name: str) -> None:
        """Provenance and lock of a stage, as a restored one has them too."""
        inputs, outputs = STAGES[name]
        code = [Path(f"src/{name.partition('@')[0]}.py")]
        path = self.layout.provenance(name)
        content = {
            "stage": name,
            "code": provenance.digest_of({str(item): provenance.sha256(self.base / item) for item in code}),
            "params": provenance.digest_of({"seed": 7}),
            "inputs": {item: provenance.sha256(self.base / item) for item in inputs},
            "outputs": {item: provenance.sha256(self.base / item) for item in outputs},
        }
        schema.write_bytes(path, json.dumps(content, indent=1, sort_keys=True).encode())
        lock = self._lock()
        lock["stages"][name] = {
            "cmd": f"python -m pipelines.{name}",
            "deps": [_entry(self.base, item) for item in [*inputs, *(item.as_posix() for item in code)]],
            "params": {"params.yaml": {"seed": 7}},
            "outs": [_entry(self.base, item) for item in [*outputs, path.relative_to(self.base).as_posix()]],
        }
        (self.base / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))

    def _lock(self) -> dict[str, Any]:
        path = self.base / "dvc.lock"
        found = yaml.safe_load(path.read_text()) if path.is_file() else {"schema": "2.0", "stages": {}}
        assert isinstance(found, dict)
        return found

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", *arguments]
        return subprocess.run(command, cwd=self.base, check=True, capture_output=True, text=True).stdout.strip()


def _entry(base: Path, path: str) -> dict[str, Any]:
    return {"path": path, "hash": "md5", "md5": dvc_md5(base / path)}


def build(base: Path) -> Project:
    """The project, its code committed, nothing run."""
    base.mkdir(parents=True, exist_ok=True)
    tiny_study.build(base)
    values: dict[str, dict[str, Any]] = {"stages": {}}
    for name in STAGES:
        stage, _, item = name.partition("@")
        items = {"prepare": "${recipes}", "train": "${arms}"}
        values["stages"][stage] = {"foreach": items[stage], "do": {"cmd": "x"}} if item else {"cmd": "x"}
        code = base / "src" / f"{stage}.py"
        code.parent.mkdir(exist_ok=True)
        code.write_text(f"# {stage}\n")
    (base / "dvc.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    for name, table in (
        ("conf/oversight/no_consents.csv", sheets.CONSENTS),
        ("conf/oversight/withdrawn_demo.csv", sheets.WITHDRAWN),
        ("conf/sheets/no_corrections.csv", sheets.CORRECTIONS),
    ):
        write_sheet(base / name, table.header)
    (base / ".gitignore").write_text("/data/\n/audit/\n/reports/\n")
    project = Project(base)
    project.git("init", "-q", "-b", "main")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "Code")
    return project


def write_sheet(path: Path, header: Sequence[str], *rows: Mapping[str, str]) -> None:
    """A sheet that a person writes."""
    frame = pd.DataFrame(list(rows), columns=list(header))
    schema.write_bytes(path, frame.to_csv(index=False, lineterminator="\n").encode())


def copy(project: Project, base: Path) -> Project:
    """The same project in another folder."""
    shutil.copytree(project.base, base, symlinks=True)
    return Project(base)
