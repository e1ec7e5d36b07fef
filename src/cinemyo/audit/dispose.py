"""Deletion at the end of the time for which a study may keep what it holds: proposed, and certified once confirmed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from cinemyo.audit.certificate import FOLDER, Certificate, Left
from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.ledger import LEDGER, Ledger
from cinemyo.audit.withdraw import left, stores, tracked, workspace
from cinemyo.audit.withdraw.ids import Ids, ids_of
from cinemyo.audit.withdraw.locks import recorded
from cinemyo.audit.withdraw.objects import Doomed
from cinemyo.audit.withdraw.program import Stores, stores_of
from cinemyo.audit.withdraw.removal import Removal, Step, file_step, folder_step
from cinemyo.audit.withdraw.state import FOLDER as UNFINISHED
from cinemyo.audit.withdraw.state import State, alone, new_certificate, now, unfinished
from cinemyo.commit import git_commit
from cinemyo.config import Oversight, Params
from cinemyo.errors import AuditError, SetupError
from cinemyo.layout import Layout
from cinemyo.record.tracking.removed import compact
from cinemyo.schema import read_text

Due = Literal["images", "audit"]

KEPT: Final = ("models", "history", "provenance")
"""Of `data/<study>/`: what is no table or image of patients."""
REASON: Final = "disposal"
_RECORD: Final = ("ledger.jsonl", "ledger.head", "details.sqlite", "events", "anchors", "certificates", "withdrawals")


def due(oversight: Oversight, *, today: date) -> list[Due]:
    """What the dates of a study say must be gone by now."""
    found: list[Due] = []
    if oversight.images_until and today > oversight.images_until:
        found.append("images")
    if oversight.audit_until and today > oversight.audit_until:
        found.append("audit")
    return found


def proposed(what: list[Due], *, params: Params, layout: Layout) -> list[Removal]:
    """What would go; remotes are not asked, nothing is written."""
    steps: list[Step] = []
    if "images" in what:
        found = stores_of(layout.base)
        ids = _ids(layout)
        steps += [*_images(layout, ids=ids), *_runs(params, ids=ids, base=layout.base)]
        if found is not None:
            steps += stores.cache_steps(found, why=_why(layout, ids=ids, found=found))
    if "audit" in what:
        steps += _record(layout.base)
    return [step.removal for step in steps]


def dispose(what: list[Due], *, params: Params, layout: Layout, role: str) -> Certificate:
    """The certificate of what was deleted; a disposal that was ended, or whose remote was away, goes on.

    Raises:
        AuditError: nothing is due, or a withdrawal is at work.
    """
    if not what:
        remedy = "wait until oversight.images_until or oversight.audit_until has passed"
        raise AuditError("dispose", expected="a date that has passed", got="none", remedy=remedy)
    base = layout.base
    with alone(base):
        state = _state(what, params=params, layout=layout, role=role)
        state.pending = {}
        if "images" in what:
            _dispose_images(state, params=params, layout=layout)
        certificate = _certified(state, what=what, params=params, base=base)
        if "audit" in what and not certificate.pending:
            certificate = _dispose_record(certificate, state=state, base=base)
        else:
            _tell(certificate, base=base)
        certificate.write(base)
        if not certificate.pending:
            state.close(base)
    return certificate


def _dispose_images(state: State, *, params: Params, layout: Layout) -> None:
    base, ids = layout.base, Ids.of(state.ids)
    try:
        state.carry_out(_runs(params, ids=ids, base=base), base=base)
        compact(base)
    except SetupError as error:
        state.pending["tracking store"] = str(error)
    state.carry_out(_images(layout, ids=ids), base=base)
    found = stores_of(base)
    if found is None:
        return
    why = _why(layout, ids=ids, found=found)
    state.carry_out(stores.cache_steps(found, why=why), base=base)
    stores.clear_remotes(found, why=why, state=state, base=base)


def _dispose_record(certificate: Certificate, *, state: State, base: Path) -> Certificate:
    """The certificate with the record gone too; it keeps the head of the ledger, which anchors outside know."""
    records = Ledger(base / LEDGER).records()
    head = {"last records": str(len(records)), "last hash": records[-1].hash if records else "none"}
    state.carry_out(_record(base), base=base)
    decision = {**certificate.decision, **head}
    values: dict[str, Any] = {name: getattr(certificate, name) for name in certificate.__dataclass_fields__}
    remains = [item for item in certificate.remains if item.what != _LEDGER.what]
    return Certificate(**values | {"decision": decision, "removals": state.removals(), "remains": remains})


def _state(what: list[Due], *, params: Params, layout: Layout, role: str) -> State:
    for state in unfinished(layout.base):
        if state.study == params.study.name and state.reason.startswith(REASON):
            return state
    made = State(
        certificate=new_certificate(),
        study=params.study.name,
        refusals=[],
        patients=[],
        ids=_ids(layout).words() if "images" in what else [],
        reason=f"{REASON}: {' and '.join(what)} past their date",
        role=role,
        policy="retain",
        started=now(),
        contains=[],
    )
    made.save(layout.base)
    return made


def _ids(layout: Layout) -> Ids:
    """The codes of every patient of the study."""
    details = Details(layout.base / DETAILS)
    frames = [read_text(own.cines) for own in (layout, layout.external) if own.cines.is_file()]
    patients = frozenset(str(cell) for frame in frames for cell in frame["patient_id"].unique())
    return ids_of(patients, layout=layout, details=details)


def _images(layout: Layout, *, ids: Ids) -> Iterator[Step]:
    """The study's images and tables, whatever shows single patients, and work that is under way."""
    base = layout.base
    for path in sorted(layout.data.iterdir()) if layout.data.is_dir() else ():
        if path.name not in KEPT:
            make = folder_step if path.is_dir() else file_step
            yield make(path, place="study data", base=base, ids=ids)
    yield from workspace.showing(ids, layout=layout)


def _runs(params: Params, *, ids: Ids, base: Path) -> Iterator[Step]:
    yield from tracked.steps(tracked.families(params.study.name, ids=ids, base=base), policy="retain", base=base)


def _why(layout: Layout, *, ids: Ids, found: Stores) -> Doomed:
    """Every version of the outputs that go, folders of images whole."""
    study, reports = (path.relative_to(layout.base).as_posix() for path in (layout.data, layout.reports))
    kept = tuple(f"{study}/{name}" for name in KEPT)
    paths = recorded(layout.base, cache=found.cache).items()
    own = [hashes for path, hashes in paths if path.startswith((f"{study}/", f"{reports}/"))]
    apart = [hashes for path, hashes in paths if path.startswith(kept)]
    return Doomed(ids, frozenset().union(*own) - frozenset().union(*apart))


def _record(base: Path) -> Iterator[Step]:
    """Ledger, details, events and certificates; not what tells how far this disposal is."""
    nobody = Ids(frozenset())
    for path in [base / FOLDER.parent / name for name in _RECORD]:
        if path.is_dir() and path != base / UNFINISHED:
            yield folder_step(path, place="audit", base=base, ids=nobody)
        elif path.is_file():
            yield file_step(path, place="audit", base=base, ids=nobody)


_LEDGER: Final = Left("the ledger of the audit and its details", "kept until oversight.audit_until")


def _certified(state: State, *, what: list[Due], params: Params, base: Path) -> Certificate:
    oversight = params.oversight
    dates = {"images until": str(oversight.images_until), "record until": str(oversight.audit_until)}
    pending = [Left(name, why) for name, why in state.pending.items()]
    source = Left(f"the source {params.source.root} and its sheet", "they are the hospital's own")
    models = Left("models, and reports over all patients", "they show no single patient")
    return Certificate(
        certificate=state.certificate,
        kind="disposal",
        state="incomplete" if pending else "complete",
        study=params.study.name,
        protocol=oversight.protocol,
        consent_basis=oversight.consent_basis,
        decision={"reason": state.reason, "by the role": state.role, **dates, "begun": state.started, "written": now()},
        removals=state.removals(),
        remains=[source, models, _LEDGER],
        unreachable=list(left.unreachable(base=base)),
        pending=pending,
        commit=git_commit(base),
    )


def _tell(certificate: Certificate, *, base: Path) -> None:
    Ledger(base / LEDGER).append([("disposal", certificate.told())])
