"""The source that a study names, ready to be read."""

from pathlib import Path

from cinemyo.config import AcdcSource, DicomSource
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import CineSource
from cinemyo.sources.dicom import DicomReader
from cinemyo.sources.keyed import key_of


def open_source(source: DicomSource | AcdcSource) -> CineSource:
    """The reader of a study's source, with the key of its pseudonyms.

    Raises:
        IdentityKeyError: a source of people's images without a usable key.
    """
    root = Path(source.root)
    if isinstance(source, AcdcSource):
        return AcdcReader(root, slices=source.slices, groups=source.groups, key=key_of(source))
    truth = None if source.truth is None else Path(source.truth)
    return DicomReader(
        root, key=key_of(source), min_phases=source.min_phases, max_phases=source.max_phases, truth=truth
    )
