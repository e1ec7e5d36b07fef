"""The ledger brought up to what the stages left: runs, artefacts, patients, label versions.

What the ledger says already is not said again: a second call appends nothing. Details of patients are written before
the ledger; what a crash leaves of them in between is dropped by the next call.
"""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cinemyo import events
from cinemyo.audit import artefacts, cohorts, label_versions, patients
from cinemyo.audit.details import DETAILS, Details
from cinemyo.audit.digests import digest
from cinemyo.audit.known import Known
from cinemyo.audit.ledger import LEDGER, Kind, Ledger, Record
from cinemyo.audit.pipeline import is_running, locked
from cinemyo.config import Params
from cinemyo.errors import IdentityKeyError
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of
from cinemyo.sources.keyed import key_of

Entry = tuple[Kind, dict[str, Any]]
KIND_OF: Final[Mapping[str, Kind]] = {"stage": "activity", "command": "access"}


def reconcile(
    params: Params, *, layout: Layout, ledger: Ledger | None = None, details: Details | None = None
) -> list[Record]:
    """The records that were appended; none where the ledger knows all already.

    While DVC is at work only runs that have ended are taken in: its lock is behind the files until it is done.

    Raises:
        AuditError: the chain is broken, or the ledger is gone where there was one.
    """
    ledger, details = ledger or Ledger(layout.base / LEDGER), details or Details(layout.base / DETAILS)
    with alone(ledger.path.parent):
        history = ledger.history()
        known = Known.of(history)
        _drop_orphans(details, known=known, layout=layout)
        runs = events.left(layout.base)
        found = [_run(name, event, params=params) for name, event in runs if name not in known.events]
        if not is_running(layout.base):
            found += _results(params, layout=layout, known=_with(found, after=history), details=details)
        made = ledger.append(found)
        events.remove((name for name, _ in runs), base=layout.base)
        _tidy(details, known=Known.of([*history, *made]), layout=layout)
    return made


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps other reconciliations of the same folder out until the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".reconcile.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _drop_orphans(details: Details, *, known: Known, layout: Layout) -> None:
    """Drops what a call that was killed had committed to and not yet written to the ledger."""
    studies = (layout.study, layout.external.study)
    topics = [topic for study in studies for topic in (patients.topic_of(study), label_versions.topic_of(study))]
    details.drop([name for name in details.commitments(topics) if name not in known.commitments])


def _run(name: str, event: Mapping[str, Any], *, params: Params) -> Entry:
    """The record of a run of a stage or command."""
    commit = str(event.get("commit", "none"))
    told = {key: event.get(key) for key in ("name", "agent", "environment", "started", "ended")}
    body = {"event": name, **told, "commit": commit.removesuffix("+"), "dirty": commit.endswith("+")}
    body |= {"outcome": event.get("outcome") or "killed", "study": params.study.name}
    return KIND_OF.get(str(event.get("kind")), "access"), body | {"protocol": params.oversight.protocol}


def _with(found: Sequence[Entry], *, after: Sequence[Record]) -> Known:
    """What is known once these are in the ledger too."""
    return Known.of([*after, *(Record(0, "", kind, body, "") for kind, body in found)])


def _results(params: Params, *, layout: Layout, known: Known, details: Details) -> list[Entry]:
    """Records of artefacts, patients and label versions that the ledger lacks."""
    stages = locked(params, base=layout.base)
    if not stages:
        return []
    deid = {path: md5 for stage in stages if stage.name == "ingest" for path, md5 in stage.code.items()}
    labels = layout.labels.relative_to(layout.base).as_posix()
    md5 = next((stage.outs[labels] for stage in stages if labels in stage.outs), "")
    facts = artefacts.Facts(_study(params, deid=deid), layout.labels, md5)
    found: list[Entry] = list(artefacts.entries(stages, known=known, facts=facts, layout=layout, details=details))
    digests = {path: str(body["sha256"]) for path, (_, body) in known.artefacts.items()}
    digests |= {str(body["path"]): str(body["sha256"]) for _, body in found}
    for cohort in (layout, layout.external):
        found += cohorts.entries(params, cohort=cohort, digests=digests, known=known, details=details)
    return found


def _study(params: Params, *, deid: Mapping[str, str]) -> dict[str, Any]:
    """What every artefact says of its study; the profile is the code of ingest that removes identities."""
    rules = {path: md5 for path, md5 in deid.items() if "/deid/" in path}
    try:
        key_id = key_of(params.source).id
    except IdentityKeyError:  # whoever asks need not hold the key
        key_id = None
    return {
        "study": params.study.name,
        "protocol": params.oversight.protocol,
        "consent_basis": params.oversight.consent_basis,
        "deid_profile": digest_of({"rules": rules, "source": params.source.kind}),
        "key_id": key_id,
    }


def _tidy(details: Details, *, known: Known, layout: Layout) -> None:
    """Keeps the manifest of every folder as it is now, and of no other."""
    current = {str(body["sha256"]): path for path, (_, body) in known.artefacts.items()}
    kept = details.manifests()
    details.drop_manifests(sorted(kept - set(current)))
    folders = {name: path for path, (_, body) in known.artefacts.items() if (name := str(body["sha256"])) not in kept}
    for name, path in folders.items():
        if (layout.base / path).is_dir():
            found = digest(layout.base / path)
            if found.manifest is not None and found.sha256 == name:
                details.keep_manifest(found.manifest)
