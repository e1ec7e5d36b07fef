"""The source that a study names, ready to be read."""

from pathlib import Path

from cinemyo.config import (
    AcdcSource,
    DicomSource,
    Grouped,
    Mnms2Source,
    MnmsSource,
    NiftiSource,
    Source,
    SunnybrookSource,
)
from cinemyo.deid.keys import Key
from cinemyo.errors import ConfigError
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import CineSource
from cinemyo.sources.census import folder_of
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.files import count_files, count_refs
from cinemyo.sources.mnms import MnmsReader
from cinemyo.sources.mnms2 import Mnms2Reader
from cinemyo.sources.nifti_folder import NiftiReader, Rules
from cinemyo.sources.sunnybrook import SunnybrookReader


def open_source(source: Source, *, key: Key) -> CineSource:
    """The reader of a source, which gives pseudonyms under the study's key."""
    root = folder_of(source.root)
    if isinstance(source, DicomSource):
        truth = None if source.truth is None else Path(source.truth)
        return DicomReader(root, key=key, min_phases=source.min_phases, max_phases=source.max_phases, truth=truth)
    if isinstance(source, NiftiSource):
        return NiftiReader(root, _rules(source), key)
    return _release(source, root, key=key)


def count_of(source: Source) -> int:
    """How many files lie under a source's root, the members of zip archives with them where its reader opens these.

    Raises:
        SourceError: the root is absent or no folder.
    """
    root = folder_of(source.root)
    return count_refs(root) if isinstance(source, DicomSource | SunnybrookSource) else count_files(root)


def _release(source: Grouped, root: Path, *, key: Key) -> CineSource:
    slices, groups, others = source.slices, source.groups, source.out_of_class
    match source:
        case AcdcSource():
            return AcdcReader(root, slices=slices, groups=groups, out_of_class=others, key=key)
        case MnmsSource(display=display):
            return MnmsReader(root, slices=slices, groups=groups, out_of_class=others, display=display, key=key)
        case Mnms2Source(display=display):
            return Mnms2Reader(root, slices=slices, groups=groups, out_of_class=others, display=display, key=key)
        case SunnybrookSource(min_phases=low, max_phases=high):
            return SunnybrookReader(
                root, slices=slices, groups=groups, out_of_class=others, min_phases=low, max_phases=high, key=key
            )
        case _:
            raise ConfigError("source.kind", expected="a known kind", got=type(source).__name__, remedy="correct it")


def _rules(source: NiftiSource) -> Rules:
    return Rules(
        slices=source.slices,
        min_phases=source.min_phases,
        max_phases=source.max_phases,
        patient_from=source.patient_from,
        third_axis=source.third_axis,
        mask_code=source.mask_code,
        display=source.display,
    )
