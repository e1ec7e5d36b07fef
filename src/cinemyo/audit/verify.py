"""Whether all is as the ledger has it: chain, details, anchors, artefacts, tables, folds, git, dates."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cinemyo.audit import checks_files, checks_git, checks_ledger, checks_tables
from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.finding import Finding
from cinemyo.audit.known import Known
from cinemyo.audit.ledger import GENESIS, LEDGER, Ledger, flat
from cinemyo.audit.pipeline import is_running, locked, read_yaml
from cinemyo.audit.reconcile import reconcile
from cinemyo.audit.withdraw.marks import notes
from cinemyo.config import Oversight, Params
from cinemyo.errors import AuditError, CinemyoError
from cinemyo.layout import Layout


@dataclass(frozen=True)
class Verdict:
    """What was compared, and what differs."""

    records: int
    head: str
    artefacts: int
    files: int
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether no finding is a fault."""
        return all(finding.level == "note" for finding in self.findings)

    def values(self) -> dict[str, Any]:
        """The verdict as plain values."""
        return {"holds": self.holds, **asdict(self)}

    def text(self) -> str:
        """A line per finding, faults first, and one that counts."""
        ordered = sorted(self.findings, key=lambda finding: finding.level)
        faults = sum(finding.level == "fault" for finding in self.findings)
        compared = f"{self.records} records, {self.artefacts} artefacts, {self.files} files"
        notes = len(self.findings) - faults
        end = f"{'holds' if self.holds else 'DIFFERS'}: {compared}; {faults} faults, {notes} notes; head {self.head}"
        return "\n".join([*(str(finding) for finding in ordered), end])


def verify(params: Params, *, layout: Layout, anchors: Sequence[Path] = (), now: datetime | None = None) -> Verdict:
    """The verdict on a study; the ledger is reconciled first, unless it does not hold.

    `anchors` are files made by `audit anchor` that are kept elsewhere.
    """
    ledger, details = Ledger(layout.base / LEDGER), Details(layout.base / DETAILS)
    records, faults = ledger.examine()
    findings: list[Finding] = []
    if not faults:
        findings += _reconciled(params, layout=layout)
        records, faults = ledger.examine()
    when = now or datetime.now(UTC)
    base = layout.base
    findings += checks_ledger.chain(ledger, faults=faults, base=base)
    findings += checks_ledger.clock(records, ledger=ledger, base=base, now=when)
    findings += checks_ledger.anchored(records, base=base, more=anchors)
    sound = ledger.sound()
    findings += checks_ledger.merged(sound, ledger=ledger, base=base) if not faults else ()
    findings += checks_ledger.witnessed(sound, study=params.study.name, base=base) if not faults else ()
    findings += checks_ledger.contents(details, records=sound, base=base)
    history = flat(sound)
    known = Known.of(history)
    findings += _artefacts(params, known=known, details=details, layout=layout, is_whole=not faults)
    tables = checks_tables.checked(params, layout=layout)
    findings += tables.findings
    findings += checks_tables.leakage(tables.frames, params=params, layout=layout)
    recorded = Counter(str(record.body["commit"]) for record in history if record.kind == "activity")
    findings += checks_git.state(known, recorded=recorded, base=base)
    findings += notes(history, base=base)
    findings += retention(params.oversight, today=when.date())
    here = [body for path, (_, body) in known.artefacts.items() if (base / path).exists()]
    files = sum(int(body["files"]) for body in here)
    head = records[-1].hash if records else GENESIS
    return Verdict(len(records), head, len(here), files, tuple(findings))


def _reconciled(params: Params, *, layout: Layout) -> Iterator[Finding]:
    try:
        reconcile(params, layout=layout)
    except CinemyoError as error:
        yield Finding("ledger", error.where, f"expected {error.expected}, got {error.got}", error.remedy)
    if is_running(layout.base):
        yield Finding("pipeline", "dvc", "at work: what it writes now may differ", "wait, and verify again", "note")


def _artefacts(params: Params, *, known: Known, details: Details, layout: Layout, is_whole: bool) -> Iterator[Finding]:
    try:
        stages = locked(params, base=layout.base)
    except AuditError as error:
        yield Finding("pipeline", error.where, f"expected {error.expected}, got {error.got}", error.remedy)
        return
    missing = {path for stage in stages for path in stage.outs} - set(known.artefacts)
    for finding in checks_files.files(stages, known=known, details=details, base=layout.base):
        # where the chain is broken the record itself may be what is missing
        if is_whole or finding.what not in missing:
            yield finding
    yield from checks_files.told(stages, known=known, layout=layout)
    raw = read_yaml(layout.base / "params.yaml")
    yield from checks_files.pipeline(stages, raw=raw, base=layout.base)
    yield from checks_files.restored(stages, known=known)


def retention(oversight: Oversight, *, today: date) -> Iterator[Finding]:
    """Dates of the study's oversight that are past."""
    for name, until, what in (
        ("images_until", oversight.images_until, "images and tables of patients are kept past it"),
        ("audit_until", oversight.audit_until, "the record of the audit is kept past it"),
    ):
        if until and today > until:
            yield Finding("retention", f"{name} {until.isoformat()}", what, "run `cinemyo audit dispose`")
