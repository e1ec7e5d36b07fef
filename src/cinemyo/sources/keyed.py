"""The key under which a source's identifiers become pseudonyms."""

from cinemyo.config import AcdcSource, DicomSource
from cinemyo.deid.keys import Key, load_key


def key_of(source: DicomSource | AcdcSource) -> Key:
    """The key of a source's pseudonyms: the published one for ACDC, whose identifiers are public.

    Raises:
        IdentityKeyError: a source of people's images without a usable key.
    """
    return load_key("published" if isinstance(source, AcdcSource) else source.key)
