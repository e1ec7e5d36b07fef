"""How large the cohort of a study is: from its tables, or foreseen from its source without ingesting it."""

import math
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params, PhantomCohort, Source
from cinemyo.deid.keys import KEY_BYTES, Key
from cinemyo.errors import SourceError
from cinemyo.layout import Layout
from cinemyo.sources.census import folder_of
from cinemyo.sources.files import files_under
from cinemyo.sources.foreseen import foresee
from cinemyo.sources.opened import count_of, open_source
from cinemyo.sources.phantom.cohort import draw_patient

_BYTES_PER_PIXEL: Final = 2


@dataclass(frozen=True)
class Cohort:
    """Counts of a cohort; frames and pixels are sums over all cines."""

    patients: int
    cines: int
    frames: int
    pixels: int
    told_by: str
    """Where the counts are from."""

    @property
    def frames_per_cine(self) -> int:
        """Frames of a cine, on the average and at least one."""
        return max(1, round(self.frames / max(1, self.cines)))

    @property
    def side(self) -> int:
        """Side of a square frame with as many pixels as the frames have on the average."""
        return max(1, round(math.sqrt(self.pixels / max(1, self.frames))))


def cohort_of(params: Params, *, layout: Layout) -> Cohort:
    """The cohort of the study: as ingested, else as the phantom will be, else as the headers of the source promise.

    Raises:
        SourceError: the source is absent, or only reading its images would tell how many cines it holds.
    """
    if layout.cines.is_file():
        return of_cines(tables.read(layout.cines, table=tables.CINES))
    for name, phantom in params.phantoms.items():
        if Path(params.source.root).is_relative_to(Path("data", "phantom", name)):
            return of_phantom(phantom)
    return of_source(params.source)


def of_cines(cines: pd.DataFrame) -> Cohort:
    """The cohort of a table of cines."""
    pixels = cines["n_frames"] * cines["rows"] * cines["columns"]
    return Cohort(
        cines["patient_id"].nunique(), len(cines), int(cines["n_frames"].sum()), int(pixels.sum()), "cines.csv"
    )


def of_phantom(phantom: PhantomCohort) -> Cohort:
    """The cohort that will be generated."""
    plans = [
        len(draw_patient(number, seed=phantom.seed, max_cines=phantom.max_cines).plans)
        for number in range(phantom.patients)
    ]
    frames = sum(plans) * phantom.phases
    return Cohort(phantom.patients, sum(plans), frames, frames * phantom.matrix**2, "phantoms")


def of_source(source: Source) -> Cohort:
    """The cohort that the headers of a source promise; pixels from the size of its files.

    Raises:
        SourceError: no folder, no cine, or images whose headers do not tell how many there are.
    """
    root = folder_of(source.root)
    if not root.is_dir():
        raise SourceError(source.root, expected="a folder of images", got="none", remedy="run `make source ROOT=...`")
    # a key that nobody sees: what is counted here is written nowhere
    key = Key(secrets.token_bytes(KEY_BYTES))
    found = foresee(open_source(source, key=key), key=key, found=count_of(source))
    if not found.cines or found.frames is None:
        raise SourceError(
            source.root,
            expected="headers that tell how many cines there are",
            got="none" if found.cines == 0 else found.unknown,
            remedy="run `dvc repro ingest` first: then the cines are counted from its table",
        )
    size = sum(path.stat().st_size for path in files_under(root))
    return Cohort(found.patients or 0, found.cines, found.frames, size // _BYTES_PER_PIXEL, "headers of the source")
