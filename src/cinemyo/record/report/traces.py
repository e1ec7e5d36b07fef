"""What made a file that the page shows: its stage, the command, and the file's own digest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo.layout import Layout
from cinemyo.provenance import sha256

DIGITS: Final = 12


@dataclass(frozen=True)
class Trace:
    """A file, the command that makes it, and the beginning of its SHA-256."""

    file: str
    command: str
    digest: str


def trace(path: Path, *, layout: Layout) -> Trace:
    """The trace of a file or folder of the study.

    Raises:
        FileNotFoundError: there is no such file.
    """
    relative = path.relative_to(layout.base).as_posix()
    return Trace(relative, f"dvc repro {stage_of(path, layout=layout)}", sha256(path)[:DIGITS])


def stage_of(path: Path, *, layout: Layout) -> str:
    """The stage that writes a file of the reports or of the study, `explain@dual` where it is one of several."""
    parts = path.relative_to(layout.base).parts
    if layout.data in (path, *path.parents):
        return _data_stage(path.relative_to(layout.data).parts)
    if parts[:1] == ("reports",) and len(parts) > 2 and parts[1] in ("heat_maps", "contact_sheets"):
        return f"{'explain' if parts[1] == 'heat_maps' else 'contact_sheet'}@{parts[2]}"
    return "evaluate" if parts[1:2] and parts[1] in ("tables", "figures", "errors", "metrics.json") else "report"


def _data_stage(parts: tuple[str, ...]) -> str:
    of_files = {"folds.csv": "split", "labels.csv": "label", "regions.csv": "locate", "phases.csv": "locate"}
    if parts[0] in ("predictions", "history", "models"):
        return f"train@{Path(parts[1]).stem}"
    return f"prepare@{parts[1]}" if parts[0] == "prepared" else of_files.get(parts[0], "ingest")
