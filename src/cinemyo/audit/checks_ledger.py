"""The ledger against itself, its seal, its details, its anchors and the clock."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cinemyo.audit.anchor import Anchor, anchors_of
from cinemyo.audit.details import Details
from cinemyo.audit.finding import Finding
from cinemyo.audit.known import Known
from cinemyo.audit.ledger import GENESIS, Fault, Ledger, Record, adopted, flat
from cinemyo.errors import AuditError, SetupError
from cinemyo.record.pointers import LEDGER_HEAD, NONE
from cinemyo.record.tracking import STORE, runs_of

CLOCK: Final = timedelta(minutes=5)
"""By how much clocks may disagree."""
_RESTORE: Final = "bring the ledger back from a copy, and find out who changed it"


def chain(ledger: Ledger, *, faults: Sequence[Fault], base: Path) -> Iterator[Finding]:
    """Every fault of the chain; a ledger beside it that was never merged."""
    name = _name(ledger.path, base)
    for fault in faults:
        yield Finding("ledger", f"{name}, line {fault.line}" if fault.line else name, fault.what, _RESTORE)
    merged = {record.body["head"] for record in ledger.examine()[0] if record.kind == "merge"}
    for path in sorted(ledger.path.parent.glob("*.jsonl")):
        if path == ledger.path:
            continue
        records, _ = Ledger(path).examine()
        if not records or records[-1].hash not in merged:
            difference = f"another ledger, of {len(records)} records, that was not merged"
            remedy = f"run `cinemyo audit merge {_name(path, base)}`"
            yield Finding("ledger", _name(path, base), difference, remedy)


def clock(records: Sequence[Record], *, ledger: Ledger, base: Path, now: datetime) -> Iterator[Finding]:
    """Records later than now, and records earlier than the one before them."""
    name, before = _name(ledger.path, base), ""
    for number, record in enumerate(records, start=1):
        what = f"{name}, line {number}"
        if _time(record.time) > now + CLOCK:
            remedy = "set the clock right; until then times prove nothing"
            yield Finding("ledger", what, f"written at {record.time}, which is later than now", remedy)
        elif before and _time(record.time) + CLOCK < _time(before):
            difference = f"written at {record.time}, after a record of {before}: a clock was set back"
            yield Finding(
                "ledger", what, difference, "write down why; the order of records holds, times do not", "note"
            )
        before = record.time


def contents(details: Details, *, records: Sequence[Record], base: Path) -> Iterator[Finding]:
    """Contents that contradict their commitments, and commitments whose contents are not here."""
    name = _name(details.path, base)
    try:
        wrong, here = details.wrong(), set(details.commitments())
    except AuditError as error:
        yield Finding("details", name, error.got, error.remedy)
        return
    for commitment in wrong:
        yield Finding("details", f"{name}, commitment {commitment}", "a changed content", "bring it back from a copy")
    history = flat(records)
    known = Known.of(history).commitments
    forgotten = {item for record in history if record.kind == "withdrawal" for item in record.body["forgotten"]}
    missing = known - here - forgotten
    if missing:
        difference = f"{len(missing)} of {len(known)} commitments of the ledger have no content here"
        yield Finding("details", name, difference, "no withdrawal tells of them; bring them back from a copy", "note")


def anchored(records: Sequence[Record], *, base: Path, more: Sequence[Path] = ()) -> Iterator[Finding]:
    """Anchors that the ledger does not contain: records before them were changed, or the ledger is another one."""
    known = {(record.seq + 1, record.hash) for record in flat(records)}
    for anchor in anchors_of(base, records=records, more=more):
        if not anchor.head:
            yield Finding(
                "anchors", anchor.place, "no anchor of a ledger", "name a file that `cinemyo audit anchor` made"
            )
        elif (anchor.records, anchor.head) not in known:
            yield Finding("anchors", anchor.place, _unanchored(anchor, records), _RESTORE)


def _unanchored(anchor: Anchor, records: Sequence[Record]) -> str:
    told = f"says that record {anchor.records} has the hash {anchor.head[:12]}"
    if len(records) < anchor.records:
        return f"{told}, and the ledger has {len(records)} records"
    return f"{told}, and the ledger has {records[anchor.records - 1].hash[:12]}: records up to it were changed"


def witnessed(records: Sequence[Record], *, study: str, base: Path) -> Iterator[Finding]:
    """Heads that runs of the embedded tracking store were recorded at, and that the ledger never had."""
    if os.environ.get(STORE):
        return
    try:
        told = [run.tags.get(LEDGER_HEAD, NONE) for run in runs_of(base) if run.experiment == study]
    except SetupError:
        return
    strange = sorted(set(told) - {record.hash for record in flat(records)} - {NONE, GENESIS})
    if strange:
        difference = f"recorded at a head that this ledger never had: {', '.join(head[:12] for head in strange)}"
        remedy = "bring the older ledger back from a copy, or merge it: this one was begun anew, or is another one"
        yield Finding("ledger", f"{sum(head in strange for head in told)} runs of mlruns", difference, remedy, "note")


def merged(records: Sequence[Record], *, ledger: Ledger, base: Path) -> Iterator[Finding]:
    """Records of another ledger that do not follow from each other, or do not end in the head that was merged."""
    for number, record in enumerate(records, start=1):
        if record.kind != "merge":
            continue
        common = int(record.body["common"])
        previous = records[common - 1].hash if 0 < common <= len(records) else GENESIS
        for item in adopted(record):
            if item.previous != previous:
                what = f"{_name(ledger.path, base)}, line {number}, record {item.seq} of the other ledger"
                yield Finding("ledger", what, "it does not follow from the one before it", _RESTORE)
            previous = item.hash
        if previous != record.body["head"]:
            what = f"{_name(ledger.path, base)}, line {number}"
            yield Finding("ledger", what, "the other ledger does not end in the head that was merged", _RESTORE)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC) - CLOCK * 2
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
