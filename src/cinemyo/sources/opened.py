"""The source that a study names, ready to be read."""

from pathlib import Path

from cinemyo.config import AcdcSource, DicomSource
from cinemyo.deid.keys import Key
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import CineSource
from cinemyo.sources.census import folder_of
from cinemyo.sources.dicom import DicomReader


def open_source(source: DicomSource | AcdcSource, *, key: Key) -> CineSource:
    """The reader of a source, which gives pseudonyms under the study's key."""
    root = folder_of(source.root)
    if isinstance(source, AcdcSource):
        return AcdcReader(root, slices=source.slices, groups=source.groups, out_of_class=source.out_of_class, key=key)
    truth = None if source.truth is None else Path(source.truth)
    return DicomReader(root, key=key, min_phases=source.min_phases, max_phases=source.max_phases, truth=truth)
