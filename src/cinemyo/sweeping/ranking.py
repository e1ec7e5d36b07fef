"""Jobs beside each other: by accuracy on the inner validation parts, each with its cost; failures with their reason."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.sweeping.job import told
from cinemyo.tables import Table, integer, number, share, text

RANKING: Final = Table(
    "ranking",
    (
        integer("rank", nullable=True, low=1),
        text("key"),
        text("name"),
        text("state", among=("finished", "failed")),
        text("target"),
        text("scheme"),
        text("backbone"),
        integer("crop_px", nullable=True, low=1),
        integer("seed"),
        share("validation_accuracy", nullable=True),
        share("validation_accuracy_sd", nullable=True),
        number("validation_loss", nullable=True, low=0),
        number("gflop", nullable=True, low=0),
        integer("parameters", nullable=True, low=0),
        integer("trained_parameters", nullable=True, low=0),
        number("seconds", nullable=True, low=0),
        text("reason", nullable=True),
    ),
    ("key",),
)
"""Ranks count within a target and scheme; a control and a failed job have none, and a job that was interrupted no
seconds. GFLOP: one cine, forward, all its phases."""


def job_folders(folder: Path, *, basis: str) -> list[Path]:
    """The jobs of a study that rest on the same tables and code, finished and failed; none of an older basis."""
    found = sorted(path.parent for path in folder.glob("*/job.json"))
    return [path for path in found if told(path / "job.json")["basis"] == basis and _has_ended(path)]


def _has_ended(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("metrics.json", "failed.json"))


def ranking(folders: Iterable[Path]) -> pd.DataFrame:
    """A row per job: the best of each target and scheme first, failed ones at the end."""
    rows = sorted((_row(folder) for folder in folders), key=_order)
    return tables.from_rows(list(_ranked(rows)), table=RANKING)


def _ranked(rows: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        group = (row["target"], row["scheme"])
        if row["state"] == "failed" or row["is_control"]:
            yield row
            continue
        counts[group] = counts.get(group, 0) + 1
        yield row | {"rank": counts[group]}


def _order(row: dict[str, Any]) -> tuple[Any, ...]:
    # of equal accuracies the lower loss, then the lower cost, is the better
    place = (-row.get("validation_accuracy", 0), row.get("validation_loss", 0), row.get("gflop", 0))
    return row["state"] == "failed", row["is_control"], row["target"], row["scheme"], *place, row["key"]


def _row(folder: Path) -> dict[str, Any]:
    job, figures = told(folder / "job.json"), told(folder / "metrics.json")
    arm = Arm.model_validate(job["arm"])
    row = {
        "key": job["key"],
        "name": job["name"],
        "state": "finished" if figures else "failed",
        "target": arm.target,
        "scheme": arm.scheme,
        "backbone": arm.backbone.name,
        "crop_px": arm.crop_px,
        "seed": job["seed"],
        "is_control": arm.is_control,
    }
    return row | ({key: figures[key] for key in RANKING.header if key in figures} or told(folder / "failed.json"))
