"""Anchors: the head of the ledger told where whoever can write the ledger cannot write."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo import schema
from cinemyo.audit.ledger import LEDGER, Ledger, Record
from cinemyo.audit.repository import git
from cinemyo.errors import AuditError

ANCHORS: Final = Path("audit") / "anchors"
STATEMENT: Final = (
    "The chain shows that no record before this head was changed, removed, added or reordered after this anchor was "
    "given away, and nothing more. It does not show that what was written is true, nor that all was written, nor what "
    "time it was. Without an anchor in the hands of someone who cannot write the ledger, the chain shows only that "
    "nothing was changed by accident: whoever can write the ledger can write the whole of it anew."
)
_LINE: Final = re.compile(r"cinemyo ledger: (\d+) records, head ([0-9a-f]{64}), (\S+)")


@dataclass(frozen=True)
class Anchor:
    """What a file or tag says of the ledger."""

    place: str
    records: int
    head: str
    """Empty where the place says nothing of a ledger."""
    time: str = ""

    def text(self) -> str:
        """The line that is anchored, with what it shows and what it does not."""
        return f"cinemyo ledger: {self.records} records, head {self.head}, {self.time}\n\n{STATEMENT}\n"


def anchor(path: Path, *, base: Path = Path()) -> Anchor:
    """The anchor written to a file, and a record of it in the ledger after the head that it names.

    Raises:
        AuditError: there is no record to anchor, the file exists, or the chain is broken.
    """
    if path.exists():
        raise AuditError(str(path), expected="a new file", got="an existing one", remedy="anchors are never replaced")
    ledger = Ledger(base / LEDGER)
    records = ledger.records()
    if not records:
        got, remedy = "none", "run `cinemyo audit verify` in a study that has run"
        raise AuditError(LEDGER.as_posix(), expected="records", got=got, remedy=remedy)
    (written,) = ledger.append([("anchor", {"records": len(records), "head": records[-1].hash, "place": path.name})])
    made = Anchor(path.name, written.seq, written.previous, written.time)
    schema.write_bytes(path, made.text().encode())
    return made


def anchors_of(base: Path, *, records: Sequence[Record], more: Sequence[Path] = ()) -> Iterator[Anchor]:
    """Anchors in `audit/anchors`, in the messages of tags, in the ledger itself, and in further files."""
    for path in sorted((base / ANCHORS).glob("*")):
        yield _read(path, place=(ANCHORS / path.name).as_posix())
    for path in more:
        yield _read(path, place=path.name)
    for name, text in _tags(base):
        for found in _LINE.finditer(text):
            yield Anchor(f"tag {name}", int(found[1]), found[2], found[3])
    for record in records:
        if record.kind == "anchor":
            place = f"record {record.seq + 1} of the ledger"
            yield Anchor(place, int(record.body["records"]), str(record.body["head"]), record.time)


def _read(path: Path, *, place: str) -> Anchor:
    found = _LINE.search(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
    return Anchor(place, int(found[1]), found[2], found[3]) if found else Anchor(place, 0, "")


def _tags(base: Path) -> Iterator[tuple[str, str]]:
    """Names and messages of the tags of the repository."""
    told = git(base, "for-each-ref", "refs/tags", "--format=%(refname:short)%00%(contents)%01")
    for entry in told.split("\x01"):
        name, sign, message = entry.strip().partition("\0")
        if sign:
            yield name, message
