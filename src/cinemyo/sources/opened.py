"""The source that a study names, ready to be read."""

from pathlib import Path

from cinemyo.config import AcdcSource, DicomSource
from cinemyo.deid.keys import Key, load_key
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.base import CineSource
from cinemyo.sources.dicom import DicomReader


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


def key_of(source: DicomSource | AcdcSource) -> Key:
    """The key of a source's pseudonyms: the published one for ACDC, whose identifiers are public.

    Raises:
        IdentityKeyError: a source of people's images without a usable key.
    """
    return load_key("published" if isinstance(source, AcdcSource) else source.key)
