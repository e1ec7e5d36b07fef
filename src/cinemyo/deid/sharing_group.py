"""The files of one place, decoded, searched for text, cleaned, looked over once more, and written."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from jaxtyping import Integer
from pydicom import Dataset

from cinemyo.deid.clean import clean
from cinemyo.deid.clean_pixels import SearchedPixels
from cinemyo.deid.clearance import Cleared, role_for
from cinemyo.deid.decoding import quiet, stored_values
from cinemyo.deid.keys import Key
from cinemyo.deid.leftovers import left_over
from cinemyo.deid.manifest import REFUSED, REVIEW, SHARED
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.deid.sharing_items import Item
from cinemyo.deid.text_detector import REVIEW_SCORE, text_score

Stored = Integer[np.ndarray, "t y x"]
_FOLDERS: Final = {SHARED: "share", REVIEW: "review"}


@dataclass(frozen=True)
class Outcome:
    """What became of one file: cells of its row in the manifest."""

    item: Item
    cells: dict[str, Any]


@dataclass(frozen=True)
class _Read:
    item: Item
    dataset: Dataset
    stored: Stored
    """Frames first, also where there is one."""


def share(items: Sequence[Item], *, out: Path, key: Key, cleared: Cleared) -> list[Outcome]:
    """What became of the files of one place; those that may go lie in `out` then, under pseudonyms.

    In `cleared` are those in which a person saw no text.
    """
    read, outcomes = [], []
    for item in items:
        try:
            read.append(_read(item))
        except Exception:  # decoders raise whatever they like; the file is named in the manifest
            outcomes.append(Outcome(item, {"outcome": REFUSED, "code": "broken_pixels"}))
    score = _score(read)
    return outcomes + [
        _written(one, searched=_searched(one, score, cleared, key=key), out=out, key=key) for one in read
    ]


def readable(item: Item) -> bool:
    """Whether the pixels of one file can be decoded; where a place has ended its process, this finds the culprit."""
    try:
        return _read(item).stored.size > 0
    except Exception:  # as in `share`
        return False


def _read(item: Item) -> _Read:
    with item.ref.open() as stream, quiet():
        dataset = pydicom.dcmread(stream, force=True)
        stored = stored_values(dataset)
    size = (int(dataset.Rows), int(dataset.Columns))
    frames = stored.reshape(-1, *size)
    if len(frames) != sum(map(len, item.frames)):
        raise ValueError("another number of frames than the header states")
    return _Read(item, dataset, frames)


def _score(read: Sequence[_Read]) -> float:
    """The highest score of text among the frames of each place."""
    single = [one for one in read if len(one.stored) == 1]
    alike: dict[object, list[Stored]] = {}
    for one in single:
        alike.setdefault((one.stored.shape, one.stored.dtype), []).append(_bright(one))
    places = [np.concatenate(frames) for frames in alike.values()]
    places += [_bright(one)[list(frames)] for one in read if len(one.stored) > 1 for frames in one.item.frames]
    return max(map(text_score, places), default=0.0)


def _bright(one: _Read) -> Stored:
    """The frames with bright values high, as a screen shows them."""
    if str(one.dataset.get("PhotometricInterpretation", "")) != "MONOCHROME1":
        return one.stored
    return np.asarray(one.stored.max() - one.stored)


def _searched(one: _Read, score: float, cleared: Cleared, *, key: Key) -> SearchedPixels:
    role = role_for(one.item, cleared, key=key) if score >= REVIEW_SCORE else None
    return SearchedPixels(one.stored[0] if len(one.stored) == 1 else one.stored, score, role)


def _written(one: _Read, *, searched: SearchedPixels, out: Path, key: Key) -> Outcome:
    item, score = one.item, searched.text_score
    cells: dict[str, Any] = {"frames": len(one.stored), "text_score": score, "transfer_syntax": item.syntax or None}
    try:
        with quiet():
            cleaned = clean(one.dataset, key=key, searched=searched)
            content = _content(cleaned)
            left = left_over(one.dataset, content[: len(content) - len(cleaned.PixelData)])
    except Exception:  # a header that defeats pydicom never ends a run
        return Outcome(item, cells | {"outcome": REFUSED, "code": "unreadable"})
    if left:
        return Outcome(item, cells | {"outcome": REFUSED, "code": "identity_left"})
    outcome = SHARED if searched.is_clean else REVIEW
    path = Path(_FOLDERS[outcome], *_names(item, key=key))
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    (out / path).write_bytes(content)
    return Outcome(
        item,
        cells
        | {
            "outcome": outcome,
            "code": "text_suspected" if outcome == REVIEW else None,
            "output": path.as_posix(),
            "output_digest": hashlib.sha256(content).hexdigest(),
            "lossy": cleaned.get("LossyImageCompression", "00") == "01",
            "methods": " ".join(code.CodeValue for code in cleaned.DeidentificationMethodCodeSequence),
            "cleared_by": searched.cleared_by,
        },
    )


def _content(cleaned: Dataset) -> bytes:
    stream = io.BytesIO()
    cleaned.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _names(item: Item, *, key: Key) -> tuple[str, str, str, str]:
    """Folders and file: patient, exam, series, instance."""
    return (
        pseudonym("patient", item.patient, key=key),
        pseudonym("exam", item.study, key=key),
        pseudonym("series", item.series, key=key),
        f"{pseudonym('instance', item.instance, key=key)}.dcm",
    )
