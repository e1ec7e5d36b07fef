"""The search of trees and histories for known values and for what looks like an identity."""

import mmap
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cinemyo.scan import archives, dicom, encoded, headers, history, stores, walk
from cinemyo.scan.allow import Rule, first_allowing
from cinemyo.scan.finds import Place, Report
from cinemyo.scan.looking import find_patterns
from cinemyo.scan.needles import Buffer, Hit, Needles
from cinemyo.scan.pieces import Budget, Fault, Opener, Piece, pieces_of
from cinemyo.scan.values import Value, numbered

OPENERS: Final[tuple[Opener, ...]] = (
    *archives.OPENERS,
    *headers.OPENERS,
    *stores.OPENERS,
    *dicom.OPENERS,
    *encoded.OPENERS,
)
MAX_BYTES: Final = 1 << 30
"""What may be unpacked from one file."""
_MASK: Final = "***"


@dataclass
class Search:
    """A search with its known values, its rules and what it has found so far."""

    needles: Needles
    rules: Sequence[Rule] = ()
    max_bytes: int = MAX_BYTES
    report: Report = field(default_factory=Report)
    _masks: dict[str, str] = field(default_factory=dict, repr=False)
    """Masked names by name: a file of many finds has one."""

    @classmethod
    def of(cls, values: Iterable[Value], *, rules: Sequence[Rule] = (), max_bytes: int = MAX_BYTES) -> "Search":
        """A search for values and patterns."""
        wanted, short = numbered(values)
        report = Report(known=len(wanted), short=short)
        return cls(Needles(wanted), rules, max_bytes, report)

    def tree(self, path: Path) -> None:
        """Searches everything at or below a path: names, targets of links, contents.

        Raises:
            ScanError: there is nothing at the path.
        """
        for item in walk.items_under(path):
            self._item(item)

    def repository(self, root: Path) -> None:
        """Searches what git holds or would take: files that are not ignored, then every object of every ref once.

        Raises:
            ScanError: no repository there.
        """
        for item in walk.tracked_items(root):
            self._item(item)
        for found in history.objects_of(root, max_bytes=self.max_bytes):
            self.report.objects += 1
            self._object(found)

    def _item(self, item: walk.Item) -> None:
        path = item.path
        name = os.fsencode(path.name or item.shown)
        self._piece(Piece("name", name, is_text=True), path=item.shown)
        try:
            mode = path.lstat().st_mode
            if item.error:
                self._unread(item.shown, item.error)
            elif stat.S_ISLNK(mode):
                self._piece(Piece("target of the link", os.fsencode(path.readlink()), is_text=True), path=item.shown)
            elif stat.S_ISREG(mode):
                self._file(path, shown=item.shown)
        except OSError as error:
            self._unread(item.shown, str(error.strerror))

    def _file(self, path: Path, *, shown: str) -> None:
        self.report.files += 1
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size:
                self._content(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), path=shown)

    def _object(self, item: history.GitObject) -> None:
        path = item.path or f"git {item.kind} {item.name}"
        place = f"git {item.kind} {item.name}" if item.path else ""
        if item.content is None:
            self._unread(path, f"larger than {self.max_bytes} bytes (--max-bytes)")
        elif item.kind == "blob":
            self._content(item.content, path=path, place=place)
        elif item.kind in ("commit", "tag"):
            head, _, message = item.content.partition(b"\n\n")
            # who commits is known by design: of authors only known values count
            self._known(Piece("author", head, is_text=True), path=path)
            self._piece(Piece("message", message, is_text=True), path=path)
        else:
            self._piece(Piece("names", item.content, is_text=True), path=path)

    def _content(self, content: Buffer, *, path: str, place: str = "") -> None:
        self.report.bytes += len(content)
        fault = Fault()
        budget = Budget(self.max_bytes)
        for piece in pieces_of(content, openers=OPENERS, budget=budget, fault=fault, place=place):
            self._piece(piece, path=path)
        for reason in fault.reasons:
            self._unread(path, reason)

    def _piece(self, piece: Piece, *, path: str) -> None:
        if piece.kind == "dicom":
            self._found("dicom-file", piece, path=path)
        elif piece.kind == "identity":
            self._found("identity-attribute", piece, path=path)
        else:
            self._known(piece, path=path)
            if piece.kind == "pixels":
                # the texts of its header are pieces of their own
                return
            for hit in find_patterns(piece.content, is_text=piece.is_text):
                self._hit(hit, piece, path=path)

    def _known(self, piece: Piece, *, path: str) -> None:
        for hit in self.needles.find(piece.content, is_text=piece.is_text):
            self._hit(hit, piece, path=path)

    def _hit(self, hit: Hit, piece: Piece, *, path: str) -> None:
        text = bytes(piece.content[hit.start : hit.end]).decode("utf-8", "replace")
        self._found(hit.kind, piece, path=path, text=text, hit=hit)

    def _found(self, kind: str, piece: Piece, *, path: str, text: str = "", hit: Hit | None = None) -> None:
        rule = first_allowing(self.rules, kind=kind, path=path, text=text)
        if rule is not None:
            self.report.allowed[rule.line] += 1
            return
        place = Place(self._shown(path), self._shown(piece.place), kind, (hit and hit.known) or 0)
        at = _at(piece, hit) if hit and place not in self.report.finds else ""
        self.report.add(place, at=at, text=text)

    def _unread(self, path: str, why: str) -> None:
        self.report.unread.append((self._shown(path), why))

    def _shown(self, name: str) -> str:
        if name not in self._masks:
            self._masks[name] = self.masked(name)
        return self._masks[name]

    def masked(self, text: str) -> str:
        """A text in which every find is three asterisks, and every control character too."""
        content = text.encode("utf-8", "surrogateescape")
        spans = sorted((hit.start, hit.end) for hit in self._hits(content))
        kept, at = [], 0
        for start, end in spans:
            kept += [content[at:start], _MASK.encode()] if start >= at else []
            at = max(at, end)
        joined = b"".join([*kept, content[at:]]).decode("utf-8", "replace")
        return "".join(letter if letter.isprintable() else "?" for letter in joined)

    def _hits(self, content: bytes) -> Iterator[Hit]:
        yield from self.needles.find(content, is_text=True)
        yield from find_patterns(content, is_text=True)


def _at(piece: Piece, hit: Hit) -> str:
    """Line of a text, byte of anything else; nothing for a name."""
    if piece.place in ("name", "target of the link"):
        return ""
    if piece.is_text:
        return f"line {_lines_before(piece.content, hit.start) + 1}"
    return f"byte {hit.start}"


def _lines_before(content: Buffer, end: int) -> int:
    return sum(content[start : min(start + (1 << 20), end)].count(b"\n") for start in range(0, end, 1 << 20))
