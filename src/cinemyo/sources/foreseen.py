"""What an ingest would make of a folder, by headers alone: nothing is written, no pixel is read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cinemyo.deid.keys import Key
from cinemyo.sources.account import Account
from cinemyo.sources.base import CineSource, Exclusion, Part
from cinemyo.sources.building import as_item
from cinemyo.sources.dicom_cines import Foreseen, PlacePart
from cinemyo.sources.dicom_patients import PackedPart
from cinemyo.sources.outcome import Left, left_out

UNKNOWN = (
    "what pixels alone tell is not known yet: whether they can be decoded, how each frame is scaled, text in them,"
    " values that are no numbers"
)
UNREAD = "images are not opened for this: what lies in them, and how many cines there are, is not known yet"


@dataclass(frozen=True)
class Foresight:
    """Files found, cines that the headers promise (None where they promise none), and what is left out already."""

    found: int
    patients: int | None
    cines: int | None
    frames: int | None
    parts: int
    phase_keys: dict[str, int]
    left: tuple[Left, ...]
    unknown: str

    def as_values(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return vars(self) | {"left": [vars(item) for item in self.left]}


def foresee(source: CineSource, *, key: Key, found: int) -> Foresight:
    """What the headers under a source's root promise."""
    account, cines, parts, is_read = Account(), list[Foreseen](), 0, True
    for item in source.parts():
        if isinstance(item, Exclusion):
            account.take([as_item(item)])
            continue
        parts += 1
        place = _place(item)
        is_read = is_read and place is not None
        for judged in _judged(place, key=key):
            if isinstance(judged, Exclusion):
                account.take([as_item(judged)])
            else:
                cines.append(judged)
    keys = sorted({cine.phase_key for cine in cines})
    return Foresight(
        found=found,
        patients=len({cine.patient_id for cine in cines}) if is_read else None,
        cines=len(cines) if is_read else None,
        frames=sum(cine.n_frames for cine in cines) if is_read else None,
        parts=parts,
        phase_keys={name: sum(cine.phase_key == name for cine in cines) for name in keys},
        left=left_out(account.exclusions()),
        unknown=UNKNOWN if is_read else UNREAD,
    )


def _place(part: Part) -> PlacePart | None:
    """The DICOM images of a part, where it is made of them."""
    own = part.part if isinstance(part, PackedPart) else getattr(getattr(part, "drawn", None), "part", part)
    return own if isinstance(own, PlacePart) else None


def _judged(place: PlacePart | None, *, key: Key) -> Iterator[Foreseen | Exclusion]:
    return iter(()) if place is None else place.foresee(key=key)
