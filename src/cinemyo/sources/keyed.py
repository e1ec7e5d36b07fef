"""The key under which a source's identifiers become pseudonyms."""

from cinemyo.config import Grouped, Source
from cinemyo.deid.keys import Key, load_key


def key_of(source: Source) -> Key:
    """The key of a source's pseudonyms: the published one for the releases, whose identifiers are public.

    ACDC, M&Ms, M&Ms-2 and Sunnybrook give their patients numbers of their own that anyone can read who has them. DICOM
    and plain NIfTI hold people, under the key that the source names.

    Raises:
        IdentityKeyError: a source of people's images without a usable key.
    """
    return load_key("published" if isinstance(source, Grouped) else source.key)
