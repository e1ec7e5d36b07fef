"""What a reader made of a folder, sorted out for tests."""

from collections import Counter
from pathlib import Path
from typing import Any

from cinemyo.deid.keys import load_key
from cinemyo.sources.base import Cine, Exclusion
from cinemyo.sources.base import read as every
from cinemyo.sources.dicom import DicomReader


def read(folder: Path, **options: Any) -> tuple[list[Cine], list[Exclusion]]:
    """Cines and exclusions of a DICOM folder under the published key."""
    key = load_key("published")
    items = list(every(DicomReader(folder, key=key, **options), key=key))
    cines = [item for item in items if isinstance(item, Cine)]
    return cines, [item for item in items if isinstance(item, Exclusion)]


def codes(exclusions: list[Exclusion]) -> dict[str, int]:
    """Number of files by exclusion code."""
    counts: Counter[str] = Counter()
    for item in exclusions:
        counts[item.code] += len(item.files)
    return dict(counts)
