"""A withdrawal from its beginning to its certificate; ended at any moment, the same call goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from cinemyo.audit.certificate import Certificate, Left
from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.ledger import LEDGER, Ledger
from cinemyo.audit.withdraw import left, stores, tombstone, tracked, workspace
from cinemyo.audit.withdraw.asked import Asked, refuse_dirty
from cinemyo.audit.withdraw.ids import Ids, ids_of, in_versions
from cinemyo.audit.withdraw.objects import Doomed
from cinemyo.audit.withdraw.program import Stores
from cinemyo.audit.withdraw.removal import Removal
from cinemyo.audit.withdraw.state import State, alone, new_certificate, now, unfinished
from cinemyo.audit.withdraw.workspace import Subject
from cinemyo.commit import git_commit
from cinemyo.config import Params
from cinemyo.errors import AuditError, SetupError
from cinemyo.layout import Layout
from cinemyo.provenance import sha256
from cinemyo.record.tracking.removed import compact, mark

Copies = Callable[[], Stores | None]
"""Asks DVC where it keeps copies."""


@dataclass(frozen=True)
class Work:
    """What all steps of a withdrawal need."""

    asked: Asked
    params: Params
    layout: Layout
    stores: Stores | None
    state: State

    @property
    def base(self) -> Path:
        """The root of the project."""
        return self.layout.base

    @property
    def subject(self) -> Subject:
        """Whose traces go."""
        return Subject(self.asked.patients, Ids.of(self.state.ids), self.asked.key)


def withdraw(asked: Asked, *, params: Params, layout: Layout, copies: Copies) -> Certificate:
    """The certificate, also written to `audit/certificates/` and told to the ledger.

    Raises:
        AuditError: the tree is dirty, or another withdrawal is at work.
    """
    with alone(layout.base):
        work = _begun(asked, params=params, layout=layout, copies=copies)
        sheet = layout.base / params.oversight.withdrawn
        tombstone.add(work.state.refusals, sheet=sheet, asked=asked, on=date.today())
        work.state.pending = {}
        for each in (_in_runs, _in_workspace, _in_cache, _in_remotes, _in_details):
            each(work)
        certificate = certified(work)
        certificate.write(layout.base)
        _tell(certificate, work=work)
        if certificate.state == "complete":
            work.state.close(layout.base)
    return certificate


def foreseen(asked: Asked, *, params: Params, layout: Layout, copies: Copies) -> tuple[list[Removal], list[str]]:
    """What would go, and what could not be asked; nothing is written.

    Raises:
        AuditError: another withdrawal is at work.
    """
    with alone(layout.base):
        work = _work(asked, params=params, layout=layout, copies=copies)
    found = [step.removal for step in workspace.steps(work.subject, params=params, layout=layout, policy=asked.policy)]
    asking: list[Callable[[], list[Removal]]] = [partial(_removals_of_runs, work)]
    if work.stores is not None:
        why = _why(work, work.stores)
        found += [step.removal for step in stores.cache_steps(work.stores, why=why)]
        find = partial(stores.remote_removals, work.base, why=why, does="find")
        asking += [partial(find, name) for name in work.stores.remotes]
    silent: list[str] = []
    for ask in asking:
        try:
            found += ask()
        except (AuditError, SetupError) as error:
            silent.append(str(error))
    return found, silent


def certified(work: Work) -> Certificate:
    """What was done so far, as a certificate."""
    asked, params, state = work.asked, work.params, work.state
    contains = [item for item in state.contains if (work.base / item["path"]).is_file()]
    still = left.elsewhere(work.subject, base=work.base)
    pending = [Left(what, why) for what, why in state.pending.items()]
    pending += [Left(name, "still carries a code of the patient: a file that no stage made") for name in still]
    decision = {"reason": state.reason, "policy": state.policy, "by the role": state.role}
    return Certificate(
        certificate=state.certificate,
        kind="withdrawal",
        state="incomplete" if pending else "complete",
        study=params.study.name,
        protocol=params.oversight.protocol,
        consent_basis=params.oversight.consent_basis,
        decision=decision | {"begun": state.started, "written": now()},
        removals=state.removals(),
        remains=list(left.remains(asked, params=params, layout=work.layout, contains=len(contains))),
        unreachable=list(left.unreachable(base=work.base)),
        pending=pending,
        contains=contains,
        retained=state.refusals,
        commit=git_commit(work.base),
    )


def _begun(asked: Asked, *, params: Params, layout: Layout, copies: Copies) -> Work:
    """The work of a withdrawal that is under way, or of a new one."""
    work = _work(asked, params=params, layout=layout, copies=copies)
    if all(state.certificate != work.state.certificate for state in unfinished(layout.base)):
        refuse_dirty(layout.base)
        work.state.contains = _contained(asked, params=params, layout=layout)
        work.state.save(layout.base)
    return work


def _work(asked: Asked, *, params: Params, layout: Layout, copies: Copies) -> Work:
    codes = tombstone.refusals_of(asked)
    found = copies()
    for state in unfinished(layout.base):
        if state.study == params.study.name and set(state.refusals) & set(codes):
            same = Asked(frozenset(state.patients), asked.reason, state.role, asked.policy, asked.key)
            return Work(same, params, layout, found, state)
    ids = ids_of(asked.patients, layout=layout, details=Details(layout.base / DETAILS))
    if found is not None:
        versions = stores.cached_tables(found, layout=layout)
        ids = Ids.of({*ids.words(), *in_versions(asked.patients, contents=versions)})
    state = State(
        certificate=new_certificate(),
        study=params.study.name,
        refusals=codes,
        patients=sorted(asked.patients),
        ids=ids.words(),
        reason=asked.reason,
        role=asked.role,
        policy=asked.policy,
        started=now(),
        contains=[],
    )
    return Work(asked, params, layout, found, state)


def _contained(asked: Asked, *, params: Params, layout: Layout) -> list[dict[str, str]]:
    paths = workspace.contained(asked.patients, params=params, layout=layout)
    return [{"path": path.relative_to(layout.base).as_posix(), "sha256": sha256(path)} for path in paths]


def _in_workspace(work: Work) -> None:
    policy = work.asked.policy
    steps = workspace.steps(work.subject, params=work.params, layout=work.layout, policy=policy)
    work.state.carry_out(steps, base=work.base)


def _in_runs(work: Work) -> None:
    try:
        found = tracked.families(work.params.study.name, ids=work.subject.ids, base=work.base)
        for run in (run for family in found for run in family.runs):
            mark(run.run_id, work.state.certificate, base=work.base)
        work.state.carry_out(tracked.steps(found, policy=work.asked.policy, base=work.base), base=work.base)
        compact(work.base)
    except SetupError as error:
        work.state.pending["tracking store"] = str(error)


def _removals_of_runs(work: Work) -> list[Removal]:
    found = tracked.families(work.params.study.name, ids=work.subject.ids, base=work.base)
    return [step.removal for step in tracked.steps(found, policy=work.asked.policy, base=work.base)]


def _why(work: Work, found: Stores) -> Doomed:
    return Doomed(work.subject.ids, stores.whole(work.layout, cache=found.cache, policy=work.asked.policy))


def _in_cache(work: Work) -> None:
    if work.stores is not None:
        work.state.carry_out(stores.cache_steps(work.stores, why=_why(work, work.stores)), base=work.base)


def _in_remotes(work: Work) -> None:
    if work.stores is not None:
        stores.clear_remotes(work.stores, why=_why(work, work.stores), state=work.state, base=work.base)


def _in_details(work: Work) -> None:
    """Salts and contents of the ledger's commitments, and lists of files that name the patient."""
    details = Details(work.base / DETAILS)
    forgotten = [name for patient in sorted(work.asked.patients) for name in details.forget(patient)]
    named = [name for name in sorted(details.manifests()) if _is_named(details.manifest(name), work=work)]
    details.drop_manifests(named)
    work.state.forgotten += forgotten
    work.state.save(work.base)


def _is_named(manifest: bytes | None, *, work: Work) -> bool:
    return manifest is not None and work.subject.ids.in_bytes(manifest)


def _tell(certificate: Certificate, *, work: Work) -> None:
    """The ledger's record; no code of the patient in it."""
    own = {
        "patients": len(work.asked.patients),
        "forgotten": sorted(set(work.state.forgotten)),
        "contains": [dict(item) for item in certificate.contains],
        "releases": left.releases(work.base),
    }
    Ledger(work.base / LEDGER).append([("withdrawal", certificate.told() | own)])
