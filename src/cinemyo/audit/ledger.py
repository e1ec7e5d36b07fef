"""The ledger: an append-only file of records, each of which holds the hash of the one before it.

JSON lines rather than SQLite: a line is a record, so that any tool reads it, a difference between two copies is seen by
eye, an append is one write, and nothing but the tail can be torn by a crash. A chain without an anchor outside proves
that nothing in the middle was changed by accident; it proves nothing against whoever can write the whole file anew.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from cinemyo import tables
from cinemyo.errors import AuditError

LEDGER: Final = Path("audit") / "ledger.jsonl"
GENESIS: Final = "0" * 64
"""What stands in place of a hash before the first record."""

Kind = Literal[
    "activity",
    "artefact",
    "restored",
    "patients",
    "labels",
    "access",
    "withdrawal",
    "disposal",
    "anchor",
    "merge",
    "recovery",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True)
class Record:
    """One line of the ledger."""

    seq: int
    """From 0, without a gap."""
    time: str
    """When it was written, UTC, ISO 8601; not proof of it, since clocks can be set."""
    kind: Kind
    body: Mapping[str, Any]
    """What happened. What concerns one patient stands here as a salted commitment alone."""
    previous: str
    """The hash of the record before."""

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of all five."""
        return hashlib.sha256(_canonical(self.fields()).encode()).hexdigest()

    def fields(self) -> dict[str, Any]:
        """The record as a mapping, without its hash."""
        own = {"seq": self.seq, "time": self.time, "kind": self.kind, "body": dict(self.body)}
        return own | {"previous": self.previous}

    def line(self) -> str:
        """The record with its hash as one line of JSON."""
        return _canonical(self.fields() | {"hash": self.hash}) + "\n"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line of the ledger, counted from 1, or with the file as a whole (0)."""

    line: int
    what: str


class Ledger:
    """The records of one project; writers take a lock, so that two processes never write at once."""

    def __init__(self, path: Path = LEDGER) -> None:
        self.path = path
        self.seal = path.with_suffix(".head")
        """How many records there are, and the hash of the last: tells records that are missing at the end."""

    def records(self) -> list[Record]:
        """All records, checked.

        Raises:
            AuditError: the chain is broken: the first line that does not follow from the one before it.
        """
        found, faults = self.examine()
        if faults:
            first, name = faults[0], self.path.as_posix()
            raise AuditError(
                f"{name}, line {first.line}" if first.line else name,
                expected="a record that follows from the one before it" if first.line else "the ledger as it was",
                got=first.what,
                remedy="run `cinemyo audit verify`; the ledger is not trusted until it is explained",
            )
        return found

    def examine(self) -> tuple[list[Record], list[Fault]]:
        """The records that can be read, and every fault of the chain; a torn last line is a fault too."""
        found, faults = self._examine()
        return [record for _, record in found], faults

    def sound(self) -> list[Record]:
        """The records on lines without a fault: all of them in a chain that holds."""
        found, faults = self._examine()
        bad = {fault.line for fault in faults}
        return [record for line, record in found if line not in bad]

    def _examine(self) -> tuple[list[tuple[int, Record]], list[Fault]]:
        """Each record that can be read with its line, and every fault."""
        if not self.path.is_file():
            return [], self._unsealed([])
        lines = self.path.read_bytes().split(b"\n")
        faults = [Fault(len(lines), "a line without an end: a write that was cut off")] if lines[-1] else []
        found: list[tuple[int, Record]] = []
        previous = GENESIS
        for number, line in enumerate(lines[:-1], start=1):
            record, told, wrong = _parsed(line)
            if record is None:
                faults.append(Fault(number, wrong))
                previous = ""
                continue
            if number > 1 and record.previous == GENESIS:
                wrong = "a second ledger begins here: two were joined; part them and run `cinemyo audit merge`"
            elif previous and record.previous != previous:
                wrong = "a record that follows from another one: lines were changed, removed, added or reordered"
            elif record.seq != number - 1:
                wrong = f"number {record.seq} in the place of {number - 1}"
            if wrong:
                faults.append(Fault(number, wrong))
            found.append((number, record))
            previous = told
        faults += [] if faults else self._unsealed([record for _, record in found])
        return found, sorted(faults, key=lambda fault: fault.line)

    def history(self) -> list[Record]:
        """All records, checked, each merge preceded by those that it took over from another ledger.

        Raises:
            AuditError: the chain is broken.
        """
        return flat(self.records())

    def head(self) -> str:
        """The hash of the last record; zeros in an empty ledger.

        Raises:
            AuditError: the chain is broken.
        """
        records = self.records()
        return records[-1].hash if records else GENESIS

    def append(self, entries: Sequence[tuple[Kind, Mapping[str, Any]]]) -> list[Record]:
        """Writes records at the end, all in one write that is on the disk when this returns.

        A torn last line, which a crash during a write can leave, is cut off first and told as a record of its own.

        Raises:
            AuditError: the chain is broken: nothing is ever added to a ledger that does not hold.
        """
        if not entries:
            return []
        with self.locked():
            torn = self._mend()
            records = self.records()
            told: list[tuple[Kind, Mapping[str, Any]]] = [("recovery", torn)] if torn else []
            made = list(_chained([*told, *entries], after=records))
            with self.path.open("ab") as file:
                file.write("".join(record.line() for record in made).encode())
                file.flush()
                os.fsync(file.fileno())
            # a crash before this leaves a seal that is behind, which is no fault
            seal = {"records": len(records) + len(made), "hash": made[-1].hash}
            tables.write_bytes(self.seal, (_canonical(seal) + "\n").encode())
        return made

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other writers out, in this process and in others; a lock dies with its process."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with (self.path.parent / f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _unsealed(self, found: Sequence[Record]) -> list[Fault]:
        """What the seal knows better than a chain that holds in itself."""
        if not self.seal.is_file():
            return []
        try:
            sealed = json.loads(self.seal.read_bytes())
            count, told = int(sealed["records"]), str(sealed["hash"])
        except (ValueError, KeyError, TypeError):
            return [Fault(0, f"{self.seal.name} is no seal")]
        if len(found) < count:
            what = f"{len(found)} records where {count} were written: the last ones are missing"
            return [Fault(0, what if found else f"no ledger, where one of {count} records was written")]
        if count < 1 or found[count - 1].hash != told:
            return [Fault(count, f"another record than {self.seal.name} tells")]
        return []

    def _mend(self) -> dict[str, Any] | None:
        """Cuts a torn last line off; what it was, by length and hash."""
        if not self.path.is_file():
            return None
        content = self.path.read_bytes()
        _, _, torn = content.rpartition(b"\n")
        if not torn:
            return None
        with self.path.open("r+b") as file:
            file.truncate(len(content) - len(torn))
            os.fsync(file.fileno())
        return {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}


def flat(records: Sequence[Record]) -> list[Record]:
    """The records in the order in which they were taken in, each merge preceded by those of the other ledger."""
    found: list[Record] = []
    for record in records:
        if record.kind == "merge":
            found += flat(adopted(record))
        found.append(record)
    return found


def adopted(merge: Record) -> list[Record]:
    """The records that a merge took over from the other ledger, as they were there."""
    names = ("seq", "time", "kind", "body", "previous")
    return [Record(*(item[name] for name in names)) for item in merge.body["records"]]


def _chained(entries: Sequence[tuple[Kind, Mapping[str, Any]]], *, after: Sequence[Record]) -> Iterator[Record]:
    previous = after[-1].hash if after else GENESIS
    time = _now()
    for seq, (kind, body) in enumerate(entries, start=len(after)):
        record = Record(seq, time, kind, body, previous)
        previous = record.hash
        yield record


def _parsed(line: bytes) -> tuple[Record | None, str, str]:
    """The record of a line with the hash it states, and what is wrong with it, if anything."""
    try:
        told = json.loads(line)
        record = Record(told["seq"], told["time"], told["kind"], told["body"], told["previous"])
        stated = str(told["hash"])
    except (ValueError, KeyError, TypeError):
        is_mark = line.startswith((b"<<<<<<<", b"=======", b">>>>>>>"))
        what = "a mark of two versions that were merged as text: take one file whole and run `cinemyo audit merge`"
        return None, "", what if is_mark else "a line that is no record"
    if record.line().encode() != line + b"\n":
        return record, stated, "a record that its own hash contradicts"
    return record, stated, ""


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
