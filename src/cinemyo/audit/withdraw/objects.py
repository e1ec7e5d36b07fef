"""Which objects of a DVC cache or remote are about a patient, by what they hold and by what names them."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cinemyo.audit.names import names_under
from cinemyo.audit.withdraw.ids import Ids

_PATH: Final = re.compile(r"(?:^|/)([0-9a-f]{2})/([0-9a-f]{30}(?:\.dir)?)$")

_BATCH: Final = 32
_THREADS: Final = 4
"""Reading waits for the disk or the network, and the search and the hash run beside Python."""


class Objects(Protocol):
    """A store of contents by their MD5, as DVC keeps it: `ab/cdef…`, folders as lists that end in `.dir`."""

    def paths(self) -> Iterator[str]:
        """Where each object lies, forward slashes."""
        ...  # pragma: no cover

    def read(self, path: str) -> bytes:
        """The content of one."""
        ...  # pragma: no cover

    def remove(self, path: str) -> None:
        """Deletes one; nothing where it is gone."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Folder:
    """A store in a folder of this machine."""

    root: Path

    def paths(self) -> Iterator[str]:
        """Where each object lies."""
        yield from names_under("", base=self.root)

    def read(self, path: str) -> bytes:
        """The content of one."""
        with open(f"{self.root}/{path}", "rb", buffering=0) as file:  # noqa: PTH123 - a Path per file costs more
            return file.read()

    def remove(self, path: str) -> None:
        """Deletes one, whatever its mode, and its folder where that is empty then."""
        place = self.root / path
        place.unlink(missing_ok=True)
        if place.parent != self.root and place.parent.is_dir() and not any(place.parent.iterdir()):
            place.parent.rmdir()


@dataclass(frozen=True)
class Doomed:
    """What makes an object go: a code in it or in its name, or that it is a version of these outputs."""

    ids: Ids
    whole: frozenset[str]
    """MD5 of outputs of which all goes, folders with their files: tables, reports, models that are not kept."""

    def values(self) -> dict[str, list[str]]:
        """All of it as JSON values."""
        return {"ids": self.ids.words(), "whole": sorted(self.whole)}

    @classmethod
    def from_values(cls, values: dict[str, list[str]]) -> "Doomed":
        """The same from JSON values."""
        return cls(Ids.of(values["ids"]), frozenset(values["whole"]))


def name_of(path: str) -> str | None:
    """The MD5 that a place stands for, with `.dir` of a folder; None for what is no object."""
    match = _PATH.search(path)
    return match[1] + match[2] if match else None


def doomed(objects: Objects, *, why: Doomed) -> Iterator[tuple[str, str]]:
    """Place and SHA-256 of each object that must go: files first, lists last.

    The lists tell which files go, so that a removal that was cut off finds them again.
    """
    lists: list[str] = []
    files: list[str] = []
    for path in objects.paths():
        (lists if path.endswith(".dir") else files).append(path)
    members: set[str] = set(why.whole)
    going: list[tuple[str, str]] = []
    for path in lists:
        content = objects.read(path)
        is_whole, is_named = name_of(path) in why.whole, why.ids.in_bytes(content)
        # item by item only where a name may carry a code: as it stands, or with letters that JSON escapes beside it
        if is_whole or is_named or b"\\" in content:
            own = {item["md5"] for item in _items(content) if is_whole or why.ids.in_text(str(item["relpath"]))}
            members |= own
            if is_whole or is_named or own:
                going.append((path, hashlib.sha256(content).hexdigest()))
    yield from _going(files, objects=objects, members=members, ids=why.ids)
    yield from going


def _going(files: Sequence[str], *, objects: Objects, members: Set[str], ids: Ids) -> Iterator[tuple[str, str]]:
    """Place and SHA-256 of files that must go, in their order; a few are read at a time."""
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]

    def of_batch(batch: Sequence[str]) -> list[tuple[str, str]]:
        contents = ((path, objects.read(path)) for path in batch)
        found = ((path, own) for path, own in contents if name_of(path) in members or ids.in_bytes(own))
        return [(path, hashlib.sha256(own).hexdigest()) for path, own in found]

    with ThreadPoolExecutor(_THREADS) as pool:
        for found in pool.map(of_batch, batches):
            yield from found


def _items(content: bytes) -> list[dict[str, str]]:
    try:
        found = json.loads(content)
    except ValueError:
        return []
    return [item for item in found if isinstance(item, dict) and {"md5", "relpath"} <= set(item)]
