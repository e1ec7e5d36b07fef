"""A folder of DICOM files de-identified for sharing: every file is written, put to review or refused by name."""

import errno
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cinemyo import tables
from cinemyo.deid.clearance import REVIEW_NAME, Cleared, refuse_others, write_review
from cinemyo.deid.keys import Key
from cinemyo.deid.manifest import MANIFEST, REFUSED, REVIEW, SHARED, row
from cinemyo.deid.pseudonyms import file_code, keyed_hash, pseudonym
from cinemyo.deid.sharing_group import Outcome, readable, share
from cinemyo.deid.sharing_items import Item, Refused, by_place, exam_orders, examine, without_duplicates
from cinemyo.errors import SetupError, SourceError
from cinemyo.sources.archives import FileRef
from cinemyo.sources.base import SourceFile
from cinemyo.sources.files import refs_under
from cinemyo.sources.pool import Failure, in_order

MANIFEST_NAME: Final = "manifest.csv"
REPORT_NAME: Final = "report.txt"
_NONE_CLEARED: Final[Cleared] = MappingProxyType({})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class Summary:
    """How many files were shared, put to review and refused, the last by code."""

    shared: int
    review: int
    refused: dict[str, int]
    cleared: int = 0
    """Of those shared, how many a person cleared."""

    @property
    def found(self) -> int:
        """All files under the root."""
        return self.shared + self.review + sum(self.refused.values())

    def __str__(self) -> str:
        """The account in a few lines; it names nobody."""
        lines = [
            f"{self.found} files: {self.shared} shared, {self.review} to review, {self.found - self._kept} refused"
        ]
        lines += [f"  of those shared, cleared by a person: {self.cleared}"] if self.cleared else []
        lines += [f"  {code}: {count}" for code, count in self.refused.items()]
        return "\n".join([*lines, _VERDICT])

    @property
    def _kept(self) -> int:
        return self.shared + self.review


_VERDICT: Final = (
    "Pseudonymised; tests passed on every file written (known names, numbers, dates and UIDs of its original are not "
    "in its header). Remaining risk: who holds the key or the source can tell who is who, text of another kind than "
    "the search knows may stand in the pixels, and anatomy itself is personal. Look at review/ before it goes anywhere."
)


def deidentify(
    root: Path, *, out: Path, key: Key, workers: int | None = None, cleared: Cleared = _NONE_CLEARED
) -> Summary:
    """Writes share/, review/, a manifest and a report into `out`, all or nothing, and returns the account.

    What the search for text would put to review and a person has cleared is shared, and the manifest says so.

    Raises:
        SourceError: the root is absent or empty, or `out` holds something, or one lies within the other, or `cleared`
            names what is not in the export.
        SetupError: the disk is full.

    Source: DICOM PS3.15 2024, Annex E
    """
    _refuse_places(root, out)
    refs = list(refs_under(root))
    if not refs:
        raise SourceError("ROOT", expected="DICOM files", got="an empty folder", remedy="point it at the export")
    with _draft(out) as draft:
        items, refused = _examined(refs, root=root, key=key, workers=workers)
        refuse_others(items, cleared, key=key)
        work = partial(share, out=draft, key=key, cleared=cleared)
        outcomes = list(_shared(by_place(items), work=work, workers=workers))
        rows = _rows(refs, outcomes, refused, root=root, key=key)
        counts = Counter(entry["outcome"] for entry in rows)
        codes = Counter(entry["code"] for entry in rows if entry["outcome"] == REFUSED)
        by_person = sum(entry["cleared_by"] is not None for entry in rows)
        summary = Summary(counts[SHARED], counts[REVIEW], dict(sorted(codes.items())), by_person)
        write_review(rows, draft / REVIEW_NAME)
        tables.write(tables.from_rows(rows, table=MANIFEST), table=MANIFEST, path=draft / MANIFEST_NAME)
        tables.write_bytes(draft / REPORT_NAME, f"{summary}\n".encode())
    return summary


def _examined(
    refs: Sequence[FileRef], *, root: Path, key: Key, workers: int | None
) -> tuple[list[Item], list[Refused]]:
    def look(ref: FileRef) -> Item | Refused:
        return examine(ref, name=ref.name(root), key=key)

    items, refused = [], []
    for ref, found in in_order(look, refs, workers=workers):
        if isinstance(found, Item):
            items.append(found)
        else:
            refused.append(_lost(ref, root=root, key=key) if isinstance(found, Failure) else found)
    unique, copies = without_duplicates(items)
    return unique, refused + copies


def _lost(ref: FileRef, *, root: Path, key: Key) -> Refused:
    """A file whose header ended its process."""
    return Refused(SourceFile(file_code(ref.name(root), key=key), keyed_hash(b"", key=key), 0), "unreadable")


def _shared(
    groups: Iterable[tuple[Item, ...]], *, work: Callable[[Sequence[Item]], list[Outcome]], workers: int | None
) -> Iterator[Outcome]:
    for group, found in in_order(work, groups, workers=workers):
        if not isinstance(found, Failure):
            yield from found
            continue
        # one file has ended the process: the others of its place go on without it
        sound = {item for item, can in in_order(readable, group, workers=workers) if can is True}
        rest = tuple(item for item in group if item in sound)
        again = next((result for _, result in in_order(work, [rest], workers=1)), []) if rest else []
        done = [] if isinstance(again, Failure) else again
        yield from done
        told = {outcome.item for outcome in done}
        yield from (Outcome(item, {"outcome": REFUSED, "code": "broken_pixels"}) for item in group if item not in told)


def _rows(
    refs: Sequence[FileRef], outcomes: Sequence[Outcome], refused: Sequence[Refused], *, root: Path, key: Key
) -> list[dict[str, Any]]:
    """A row per file, in the order of their names."""
    orders = exam_orders(outcome.item for outcome in outcomes)
    found = {}
    for outcome in outcomes:
        item = outcome.item
        found[item.file.file] = _facts(item.file, item.patient, key) | {
            "exam_id": pseudonym("exam", item.study, key=key),
            "exam_order": orders[item.patient, item.study],
            "series_id": pseudonym("series", item.series, key=key),
            **outcome.cells,
        }
    for lost in refused:
        found[lost.file.file] = _facts(lost.file, lost.patient, key) | {"outcome": REFUSED, "code": lost.code}
    names = [file_code(ref.name(root), key=key) for ref in refs]
    if len(found) != len(refs) or set(names) != set(found):
        raise SourceError(
            "ROOT",
            expected=f"{len(refs)} files accounted for",
            got=str(len(found)),
            remedy="run it on a folder at rest",
        )
    return [row(**found[name]) for name in names]


def _facts(file: SourceFile, patient: str, key: Key) -> dict[str, Any]:
    patient_id = pseudonym("patient", patient, key=key) if patient else None
    return {"file": file.file, "digest": file.digest, "bytes": file.bytes, "patient_id": patient_id}


def _refuse_places(root: Path, out: Path) -> None:
    """Refuses to mix what is shared with what is not; places are not named, they may name someone."""
    source, target = root.resolve(), out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise SourceError(
            "--out", expected="a folder apart from ROOT", got="one within the other", remedy="choose another"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SourceError(
            "--out", expected="a new or empty folder", got="one that holds something", remedy="choose another"
        )


@contextmanager
def _draft(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its place at the end."""
    folder = out.with_name(f".{out.name}.partial")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        yield folder
        if out.exists():
            out.rmdir()
        folder.replace(out)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise SetupError("--out", expected="room for the images", got="a full disk", remedy="free space") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
