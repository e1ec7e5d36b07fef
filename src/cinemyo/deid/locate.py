"""From a pseudonym back to the files of the source, for whoever holds the key and the source."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import LETTERS, Kind, file_code, pseudonym
from cinemyo.deid.sharing_items import place_of
from cinemyo.errors import SourceError
from cinemyo.sources.archives import FileRef
from cinemyo.sources.dicom_headers import Header, Refusal, read_headers
from cinemyo.sources.files import refs_under
from cinemyo.sources.pool import in_order

_CODE: Final = re.compile(r"^(?:[a-z]-[a-z2-7]{16}|[0-9a-f]{32})$")
_KINDS: Final[dict[str, Kind]] = {letter: kind for kind, letter in LETTERS.items()}
_SLICES: Final = 60
"""More than the slices of any stack."""
_AXES: Final = ("_sax", "_sa", "_la")
"""What readers of NIfTI add to a patient's name for a series."""


def locate(code: str, *, root: Path, key: Key, workers: int | None = None) -> list[str]:
    """Absolute paths of the files under the root that a pseudonym or a keyed name stands for; `a.zip!member` in zips.

    Names are tried first, then headers. What a series was excluded for (`s-…:code`) may follow its pseudonym.

    Raises:
        SourceError: it is no pseudonym, or no file under the root bears it under this key.
    """
    wanted = code.strip().split(":")[0]
    if not _CODE.match(wanted):
        raise SourceError(
            "ID", expected="a pseudonym such as p-… or a file's 32 digits", got="another text", remedy="copy it whole"
        )
    base, asking = root.resolve(), key.asking()

    def look(ref: FileRef) -> Seen:
        return _look(wanted, ref, name=ref.name(base), key=asking)

    refs = list(refs_under(base))
    seen = [result if isinstance(result, Seen) else Seen() for _, result in in_order(look, refs, workers=workers)]
    places = {one.place for one in seen if one.bears and one.place}
    found = [ref for ref, one in zip(refs, seen, strict=True) if one.bears or one.place in places]
    if not found:
        raise SourceError(
            "ID", expected="one that a file here bears", got="none", remedy="check the key (`--key`) and the folder"
        )
    return [str(base / ref.name(base)) for ref in found]


@dataclass(frozen=True)
class Seen:
    """Whether a file bears the code, and, where a cine is looked for, which place it shows."""

    bears: bool = False
    place: tuple[object, ...] | None = None


def _look(wanted: str, ref: FileRef, *, name: str, key: Key) -> Seen:
    if _named(wanted, name, key=key):
        return Seen(bears=True)
    kind = _KINDS.get(wanted[0])
    if "-" not in wanted or kind is None:
        return Seen()
    headers = read_headers(ref, name=name, key=key)
    if isinstance(headers, Refusal):
        return Seen()
    if kind == "cine":
        bears = any(pseudonym(kind, *_cine(header), key=key) == wanted for header in headers)
        return Seen(bears, place_of(headers[0]) if len(headers) == 1 else None)
    identity = headers[0].identity
    parts: dict[Kind, tuple[str, ...]] = {
        "patient": (identity.patient,),
        "exam": (identity.study,),
        "series": (identity.series,),
        "instance": (identity.instance,),
        "accession": (identity.accession,),
        "scanner": identity.scanner,
    }
    return Seen(pseudonym(kind, *parts[kind], key=key) == wanted)


def _cine(header: Header) -> tuple[str, str]:
    """What the pseudonym of a cine is made of, if this is its first frame by instance UID."""
    instance = header.identity.instance
    return header.identity.patient, instance if header.frame == 0 else f"{instance}#{header.frame}"


def _named(wanted: str, name: str, *, key: Key) -> bool:
    """Whether a file's name, or a folder that it lies in, is what the code stands for."""
    if "-" not in wanted:
        return file_code(name, key=key) == wanted
    kind = _KINDS.get(wanted[0])
    if kind is None:
        return False
    if kind != "cine":
        return any(pseudonym(kind, part, key=key) == wanted for part in _parts(name))
    numbers = [str(number) for number in range(1, _SLICES + 1)]
    return any(pseudonym(kind, part, number, key=key) == wanted for part in _parts(name) for number in numbers)


def _parts(name: str) -> list[str]:
    """Folders and the file, without endings too, as sources of NIfTI name patients, exams and series."""
    plain = [part for whole in name.split("/") for part in (whole, whole.split(".")[0]) if part]
    return list(dict.fromkeys([*plain, *(f"{part}{axis}" for part in plain for axis in _AXES)]))
