"""What images cost here, measured on a few synthetic cines of the study's size with the code of the stages."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo import tables
from cinemyo.config import DicomSource, Params, PhantomCohort
from cinemyo.layout import Layout
from cinemyo.planning.cohort import Cohort
from cinemyo.preparation.locate import locate
from cinemyo.preparation.prepare import prepare
from cinemyo.sources.ingest import ingest
from cinemyo.sources.keyed import key_of
from cinemyo.sources.opened import open_source
from cinemyo.sources.phantom import generate
from cinemyo.sources.sheet import join, read_sheet

_PATIENTS: Final = 6
_SIDES: Final = (64, 512)
_PHASES: Final = (8, 60)


@dataclass(frozen=True)
class ImageCost:
    """Seconds and bytes per cine of the stages that read images."""

    generate: float
    ingest: float
    locate: float
    prepare: dict[str, float]
    """By recipe."""
    source_bytes: float
    """Of a generated cine, with its masks."""
    ingested_bytes: float
    prepared_bytes: dict[str, float]
    """By recipe."""


def image_cost(params: Params, *, cohort: Cohort) -> ImageCost:
    """The cost per cine, from a few synthetic patients with as many frames and pixels as the study's cines have."""
    side, phases = _within(cohort.side, _SIDES), _within(cohort.frames_per_cine, _PHASES)
    phantom = PhantomCohort(
        patients=_PATIENTS, seed=1, phases=phases, matrix=side, field_of_view_mm=320, max_cines=6, confound="none"
    )
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        made = _seconds(lambda: generate(phantom, out=base / "phantom"))
        layout = Layout("plan", base)
        source = DicomSource(
            kind="dicom",
            root=str(base / "phantom" / "dicom"),
            labels=str(base / "phantom" / "labels.csv"),
            key="published",
            truth=str(base / "phantom" / "truth"),
            min_phases=8,
            max_phases=60,
        )
        key = key_of(source)
        ingested = _seconds(lambda: ingest(open_source(source, key=key), layout=layout, key=key))
        cines = tables.read(layout.cines, table=tables.CINES)
        exclusions = tables.read(layout.exclusions, table=tables.EXCLUSIONS)
        labels = join(cines, read_sheet(Path(source.labels)), key=key, exclusions=exclusions)
        began = time.perf_counter()
        regions, _ = locate(cines, layout=layout, labels=labels, config=params.locate)
        located = time.perf_counter() - began
        prepared = {
            name: _seconds(
                lambda name=name, recipe=recipe: prepare(  # type: ignore[misc]
                    cines, layout=layout, regions=regions, name=name, recipe=recipe
                )
            )
            for name, recipe in params.recipes.items()
        }
        count = len(cines)
        return ImageCost(
            made / count,
            ingested / count,
            located / count,
            {name: seconds / count for name, seconds in prepared.items()},
            _size(base / "phantom") / count,
            (_size(layout.ingested) + _size(layout.masks)) / count,
            {name: _size(layout.prepared(name)) / count for name in prepared},
        )


def _within(value: int, ends: tuple[int, int]) -> int:
    return min(max(value, ends[0]), ends[1])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
