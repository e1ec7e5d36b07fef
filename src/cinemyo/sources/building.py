"""One part of a source in a process of its own: images written, rows given back, finished work found again."""

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Real

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.deid.refusals import Refusals
from cinemyo.errors import SourceError
from cinemyo.sources.base import Cine, Exclusion, Part, SourceFile, left_out
from cinemyo.sources.finished import Finished
from cinemyo.sources.images import read_cine, smallest, write_cine, write_mask
from cinemyo.sources.pool import SECONDS, Failure

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FAILURES: Final = {
    "crashed": ("reader_crashed", "its reader failed, ended its process or asked for more than 2 GB of memory"),
    "timeout": ("reader_timeout", f"its reader took longer than {SECONDS:g} s"),
}
"""Code and reason of what a process could not do, by kind of failure."""

Item = dict[str, Any]
"""A cine or exclusion as JSON values: its row under `cine` or `exclusion`, `files`; of a cine `carried`, `mask`. Of a
refused patient `refused` and `files` alone."""


@dataclass(frozen=True)
class Built:
    """What became of a part; `reused` where an earlier run had finished it."""

    items: list[Item]
    reused: bool


@dataclass(frozen=True)
class Builder:
    """Builds parts under a key; the key is inherited by the process and never sent."""

    finished: Finished
    key: Key = field(repr=False)
    refused: Refusals | None = None

    def __call__(self, part: Part | Exclusion) -> Built | Failure:
        """The part's rows, its images written beside the finished ones.

        Raises:
            CinemyoError: the source contradicts itself, or nothing can be written.
            OSError: the disk is full.
        """
        if isinstance(part, Exclusion):
            return excluded(part, refused=self.refused)
        content = part.content
        known = self.finished.find(content)
        if known is not None and all(self._is_whole(item) for item in known["items"]):
            return Built(known["items"], reused=True)
        items: list[Item] = []
        files: list[str] = []
        for item in _read(part, self.key):
            if isinstance(item, Failure):
                return item
            if self._refuses(item.patient_id):
                items.append(withheld(item))
                continue
            if isinstance(item, Cine):
                exact = replace(item, frames=smallest(item.frames))  # once for image and digest
                files += self._write(exact)
                items.append(as_item(exact))
            else:
                items.append(as_item(item))
        # of whoever withdrew nothing is kept, not even what was refused
        if not any("refused" in item for item in items):
            self.finished.keep(content, {"items": items}, files=files)
        return Built(items, reused=False)

    def _refuses(self, patient_id: str | None) -> bool:
        return self.refused is not None and patient_id in self.refused

    def _write(self, cine: Cine) -> list[str]:
        """Writes image and mask; names the files whose bytes the record must vouch for: an image has its own digest."""
        spacing = cine.row_spacing_mm, cine.column_spacing_mm
        write_cine(self.finished.path(image_name(cine.cine_id)), cine.frames, *spacing)
        if cine.mask is None:
            return []
        write_mask(self.finished.path(mask_name(cine.cine_id)), cine.mask, *spacing)
        return [mask_name(cine.cine_id)]

    def _is_whole(self, item: Item) -> bool:
        """Whether the image of a finished cine is what its row says; nothing of a refused patient is taken."""
        row: dict[str, Any] = item.get("cine") or item.get("exclusion") or {}
        if self._refuses(row.get("patient_id")):
            return False
        if "cine" not in item:
            return True
        try:
            image = read_cine(self.finished.path(image_name(item["cine"]["cine_id"])))
        except SourceError:
            return False
        return bool(_digest(*image) == item["cine"]["digest"])


def _read(part: Part, key: Key) -> Iterator[Cine | Exclusion | Failure]:
    """What a part gives; a fault of the disk that it is read from is a failure, not the end."""
    try:
        yield from part.build(key=key)
    except OSError as error:
        if error.errno in FULL:
            raise
        yield Failure("crashed", type(error).__name__)


def excluded(exclusion: Exclusion, *, refused: Refusals | None = None) -> Built:
    """The outcome of an exclusion of the source's own."""
    is_refused = refused is not None and exclusion.patient_id in refused
    return Built([withheld(exclusion) if is_refused else as_item(exclusion)], reused=False)


def withheld(item: Cine | Exclusion) -> Item:
    """What is taken of a cine or exclusion of a refused patient: its files, to be counted."""
    return {"refused": True, "files": [[file.file] for file in item.files]}


def image_name(cine_id: str) -> str:
    """Name of a cine's image among the finished files."""
    return f"{cine_id}.mha"


def mask_name(cine_id: str) -> str:
    """Name of a cine's mask among the finished files."""
    return f"{cine_id}.mask.mha"


def failed(files: tuple[SourceFile, ...], failure: Failure) -> Iterator[Item]:
    """An exclusion of each file of what a process could not do."""
    code, reason = FAILURES[failure.kind]
    for file in files:
        yield as_item(left_out(file, code=code, reason=f"{reason} ({failure.cause})"))


def as_item(item: Cine | Exclusion) -> Item:
    """A cine or exclusion as JSON values, without its pixels."""
    files = [[file.file, file.digest, file.bytes] for file in item.files]
    if isinstance(item, Exclusion):
        names = ("item", "patient_id", "level", "code", "reason")
        return {"exclusion": {name: getattr(item, name) for name in names}, "files": files}
    carried = {name: _plain(value) for name, value in item.carried.items()}
    return {"cine": _row(item), "files": files, "carried": carried, "mask": item.mask is not None}


def _row(cine: Cine) -> dict[str, Any]:
    triggers = cine.trigger_ms
    own = {name: getattr(cine, name) for name in tables.CINES.header if hasattr(cine, name)}
    for name in ("row_cosine", "column_cosine", "position"):
        own |= {f"{name}_{axis}": value for axis, value in zip("xyz", getattr(cine, name), strict=True)}
    n_frames, rows, columns = cine.frames.shape
    row = own | {
        "n_frames": n_frames,
        "rows": rows,
        "columns": columns,
        "trigger_start_ms": triggers[0] if triggers else None,
        "trigger_end_ms": triggers[-1] if triggers else None,
        "digest": _digest(cine.frames, cine.row_spacing_mm, cine.column_spacing_mm),
    }
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value


def _digest(frames: Real[np.ndarray, "t y x"], row_spacing_mm: float, column_spacing_mm: float) -> str:
    """SHA-256 of the frames' size, smallest exact type, spacing and values (little-endian).

    The values decide the type, however they were encoded; nearly all images have half the bytes of float32 in it.
    """
    exact = smallest(frames)
    values = np.ascontiguousarray(exact, dtype=exact.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{values.shape} {values.dtype.name}".encode())
    digest.update(np.array([row_spacing_mm, column_spacing_mm], dtype="<f8").tobytes())
    digest.update(values.data)
    return digest.hexdigest()
