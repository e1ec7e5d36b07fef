"""What a study of people must not commit: images, models, and tables per patient."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cinemyo import config
from cinemyo.errors import ConfigError
from cinemyo.layout import Layout
from cinemyo.openings import PSEUDONYM

IMAGES: Final = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".bmp",
        ".webp",
        ".tif",
        ".tiff",
        ".dcm",
        ".ima",
        ".mha",
        ".mhd",
        ".raw",
        ".nii",
        ".nrrd",
        ".npy",
        ".npz",
        ".avi",
        ".mp4",
        ".pdf",
    ]
)
MODELS: Final = frozenset([".safetensors", ".pt", ".pth", ".ckpt", ".onnx", ".h5", ".keras"])
TABLES: Final = frozenset(
    [".csv", ".tsv", ".json", ".jsonl", ".txt", ".md", ".html", ".svg", ".xml", ".ipynb", ".yaml", ".yml"]
)
BINARY_TABLES: Final = frozenset([".parquet", ".feather", ".xlsx", ".xls", ".db", ".sqlite", ".pkl", ".pickle"])
PERSON_COLUMNS: Final = frozenset({"cine_id", "patient_id", "exam_id", "series_id", "patient"})
PICTURE: Final = re.compile(r"data:image/|\"image/(png|jpeg)\"")


def is_real(base: Path = Path()) -> bool:
    """Whether the project's study is of people: by `params.yaml` or by `reports/metrics.json`; doubt counts as yes."""
    try:
        params = config.load(base / "params.yaml")
    except ConfigError:
        return True
    metrics = Layout(params.study.name, base).metrics
    if not params.study.synthetic or not metrics.is_file():
        return not params.study.synthetic
    return not json.loads(metrics.read_text(encoding="utf-8")).get("synthetic", False)


def refusals(files: Iterable[Path], *, base: Path = Path()) -> list[str]:
    """One sentence per file that must not be committed: anything under `data/`, and what shows or names people."""
    real = is_real(base)
    found = []
    for path in files:
        why = _under_data(path) or (_reason(base / path) if real else None)
        if why:
            found.append(f"{path.as_posix()}: expected nothing of a person in git, got {why}; keep it as a DVC output")
    return found


def _under_data(path: Path) -> str | None:
    return "a file under data/" if path.parts[:1] == ("data",) else None


def _reason(path: Path) -> str | None:
    if not path.is_file():
        return None
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in IMAGES or _is_dicom(path):
        return "an image"
    if suffix in MODELS:
        return "a trained model"
    if suffix in BINARY_TABLES:
        return "a table that cannot be read here"
    return _reason_of_text(path, suffix=suffix) if suffix in TABLES else None


def _reason_of_text(path: Path, *, suffix: str) -> str | None:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    header = set(re.split(r"[,;\t]", text.partition("\n")[0].replace('"', "").strip()))
    if suffix in (".csv", ".tsv") and header & PERSON_COLUMNS:
        return f"a table per {sorted(header & PERSON_COLUMNS)[0]}"
    if PSEUDONYM.search(text):
        return "pseudonyms of people"
    return "an image inside a page" if PICTURE.search(text) else None


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
