"""What an export says, gathered once from the ledger, the graph of the stages and the oversight of the study."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cinemyo.audit.details import Details
from cinemyo.audit.digests import files_of, sha256_of
from cinemyo.audit.graph import Activity, Artefact, Graph, inside
from cinemyo.audit.known import Known
from cinemyo.audit.ledger import GENESIS, Record, flat
from cinemyo.audit.patients import topic_of
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.lineage import dvc_md5
from cinemyo.record.oversight import stated
from cinemyo.tables import ID

LISTED: Final = 300
"""Files up to which those of a folder are told one by one."""
PSEUDONYM: Final = re.compile(ID.strip("^$"))
STANDING: Final = ("pyproject.toml", "requirements.lock", "params.yaml", "dvc.yaml", "dvc.lock")
"""Files that say under which environment and settings everything was made."""


@dataclass(frozen=True)
class Item:
    """A file or folder: digests, size, and what the ledger knows of it."""

    path: str
    sha256: str | None
    md5: str | None
    bytes: int | None
    files: int
    stage: str | None
    """Which made it; None for what came from outside."""
    restored: bool = False
    """Whether it was found again rather than made by a run that is on record."""
    label_version: str | None = None
    within: str | None = None
    """The folder that it is told with."""
    withdrawn: str | None = None
    """The certificate of a withdrawal whose patient is still in it, until it is made anew."""


@dataclass(frozen=True)
class Run:
    """A stage as it last ran; who and when are None where it ran before there was a ledger, or was restored."""

    stage: str
    command: str
    params: Mapping[str, Any]
    params_digest: str | None
    code_digest: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    agent: str | None
    commit: str | None
    dirty: bool
    environment: str | None
    started: str | None
    ended: str | None


@dataclass(frozen=True)
class Statement:
    """All that an export holds; no identity, and no pseudonym."""

    study: str
    title: str
    synthetic: bool
    notice: str
    made: datetime
    oversight: Mapping[str, str]
    items: Mapping[str, Item]
    runs: Mapping[str, Run]
    superseded: Mapping[str, tuple[Record, ...]]
    """Earlier records of artefacts that have other content now, by path."""
    people: Mapping[tuple[str, str], int]
    """Patients by consent basis and the day on which a list of oppositions was last checked."""
    labels: tuple[Record, ...]
    withdrawals: tuple[Record, ...]
    records: int
    head: str
    not_run: tuple[str, ...]
    facts: Mapping[str, Any]
    """Seed, profile of de-identification and id of the key."""

    @property
    def agents(self) -> dict[str, str]:
        """What each who ran something is called in an export, by the name in the ledger."""
        names = sorted({run.agent for run in self.runs.values() if run.agent})
        return {name: f"agent {number}" for number, name in enumerate(names, start=1)}


def statement(
    params: Params, *, layout: Layout, graph: Graph, records: Sequence[Record], details: Details, now: datetime
) -> Statement:
    """What an export says of a study, as the ledger and the graph of its stages have it.

    Raises:
        TableError: a sheet of the oversight is broken.
    """
    history = flat(records)
    known = Known.of(history)
    withdrawals = tuple(record for record in history if record.kind in ("withdrawal", "disposal"))
    items = _items(graph, known=known, layout=layout, details=details, marks=_marks(withdrawals))
    last = [body for _, body in known.artefacts.values() if body.get("study") == params.study.name][-1:]
    return Statement(
        study=params.study.name,
        title=params.study.title,
        synthetic=params.study.synthetic,
        notice=params.study.notice,
        made=now,
        oversight=stated(params, base=layout.base),
        items=items,
        runs={name: _run(own, known=known) for name, own in graph.activities.items()},
        superseded=_superseded(history, items=items),
        people=_people(params, details=details),
        labels=tuple(record for record in history if record.kind == "labels"),
        withdrawals=withdrawals,
        records=len(records),
        head=records[-1].hash if records else GENESIS,
        not_run=graph.not_run,
        facts={"seed": params.seed} | {name: body.get(name) for body in last for name in ("deid_profile", "key_id")},
    )


def _items(
    graph: Graph,
    *,
    known: Known,
    layout: Layout,
    details: Details,
    marks: Mapping[tuple[str, str | None], str],
) -> dict[str, Item]:
    """Everything that a stage made or read, and the files under which all was made; outputs take precedence."""
    found: dict[str, Item] = {}
    for name, activity in graph.activities.items():
        for own in activity.outputs:
            if not PSEUDONYM.search(own.path):
                found[own.path] = _item(own, stage=name, known=known)
    for activity in graph.activities.values():
        for own in activity.inputs:
            if own.path not in found and not PSEUDONYM.search(own.path):
                found[own.path] = _outer(own, found=found) or _item(own, stage=None, known=known)
    for name in STANDING:
        path = layout.base / name
        if path.is_file() and name not in found:
            found[name] = Item(name, sha256_of(path), dvc_md5(path), path.stat().st_size, 1, None)
    for item in list(found.values()):
        found |= {own.path: own for own in _listed(item, layout=layout, details=details) if own.path not in found}
    return {path: _placed(found[path], among=found, marks=marks) for path in sorted(found)}


def _item(own: Artefact, *, stage: str | None, known: Known) -> Item:
    _, body = known.artefacts.get(own.path, (0, {}))
    same = body if body.get("md5") == own.md5 else {}
    sha256, size = own.sha256 or same.get("sha256"), own.bytes or same.get("bytes")
    restored = bool(same) and same.get("activity") is None
    files = int(same.get("files") or own.files or 1)
    return Item(own.path, sha256, own.md5, size, files, stage, restored, same.get("label_version"))


def _outer(own: Artefact, *, found: Mapping[str, Item]) -> Item | None:
    """A folder that holds outputs of several stages: no stage made it, and its digest is of all of them."""
    if not any(inside(path, own.path) for path in found):
        return None
    return Item(own.path, own.sha256, own.md5, own.bytes, own.files or 1, None)


def _listed(item: Item, *, layout: Layout, details: Details) -> list[Item]:
    """Files of a folder one by one, as they were recorded, where they are few and no name is a pseudonym."""
    if item.files > LISTED or item.stage is None or item.sha256 is None:
        return []
    files = files_of(details.manifest(item.sha256) or b"")
    if any(PSEUDONYM.search(name) for name in files):
        return []
    return [
        Item(f"{item.path}/{name}", sha256, None, _size(layout.base / item.path / name), 1, item.stage, item.restored)
        for name, sha256 in files.items()
    ]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _placed(item: Item, *, among: Mapping[str, Item], marks: Mapping[tuple[str, str | None], str]) -> Item:
    """The item with the innermost folder around it that is told, too, and the mark of a withdrawal."""
    parts = item.path.split("/")
    around = ("/".join(parts[:depth]) for depth in range(len(parts) - 1, 0, -1))
    within = next((path for path in around if path in among), None)
    return replace(item, within=within, withdrawn=marks.get((item.path, item.sha256)))


def _marks(withdrawals: Sequence[Record]) -> dict[tuple[str, str | None], str]:
    """Certificates by path and SHA-256 of what was kept although a patient who left is in it."""
    return {
        (str(own["path"]), str(own["sha256"])): str(record.body.get("certificate", record.seq))
        for record in withdrawals
        for own in record.body.get("contains", ())
    }


def decided(record: Record) -> dict[str, str]:
    """What a record of a withdrawal or disposal says that may be told anywhere: certificate, state, decision."""
    body = record.body
    own = {name: body[name] for name in ("certificate", "state") if name in body}
    return {str(name): str(value) for name, value in {**own, **body.get("decision", {})}.items()}


def _run(activity: Activity, *, known: Known) -> Run:
    _, body = known.activities.get(activity.stage, (0, {}))
    return Run(
        stage=activity.stage,
        command=activity.command,
        params=activity.params,
        params_digest=activity.params_digest,
        code_digest=activity.code_digest,
        inputs=_named(activity.inputs),
        outputs=_named(activity.outputs),
        agent=body.get("agent"),
        commit=body.get("commit"),
        dirty=bool(body.get("dirty")),
        environment=body.get("environment"),
        started=body.get("started"),
        ended=body.get("ended"),
    )


def _named(own: Sequence[Artefact]) -> tuple[str, ...]:
    return tuple(sorted({item.path for item in own if not PSEUDONYM.search(item.path)}))


def _superseded(history: Sequence[Record], *, items: Mapping[str, Item]) -> dict[str, tuple[Record, ...]]:
    """Earlier contents of the artefacts, each once, the oldest first."""
    found: dict[str, dict[str, Record]] = {}
    for record in history:
        path = str(record.body.get("path"))
        if record.kind not in ("artefact", "restored") or path not in items:
            continue
        if record.body["sha256"] != items[path].sha256:
            found.setdefault(path, {})[record.body["sha256"]] = record
    return {path: tuple(versions.values()) for path, versions in found.items()}


def _people(params: Params, *, details: Details) -> dict[tuple[str, str], int]:
    """How many patients are in the study on which basis; nothing where the details are not here."""
    study = params.study.name
    texts = [text for cohort in (study, f"{study}/external") for _, text in details.latest(topic_of(cohort)).values()]
    return dict(sorted(Counter(_consent(text) for text in texts).items()))


def _consent(text: str) -> tuple[str, str]:
    consent = json.loads(text).get("consent") or {}
    return str(consent.get("basis") or "not stated"), str(consent.get("opposition_checked") or "")
