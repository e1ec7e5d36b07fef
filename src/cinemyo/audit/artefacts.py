"""One record per output of a stage that is new, changed, made again or restored."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cinemyo.audit import patients
from cinemyo.audit.details import Details
from cinemyo.audit.digests import Digest, digest
from cinemyo.audit.known import Known
from cinemyo.audit.ledger import Kind
from cinemyo.audit.pipeline import Stage
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of
from cinemyo.record.lineage import dvc_md5

Entry = tuple[Kind, dict[str, Any]]

WHO: Final = ("agent", "commit", "dirty", "environment", "started", "ended")
"""What an artefact takes over from the run that made it."""


@dataclass(frozen=True)
class Facts:
    """What is the same for all artefacts of a study."""

    study: Mapping[str, Any]
    """Name, protocol, consent basis, profile of de-identification, key."""
    labels: Path
    md5: str
    """Of the labels, by `dvc.lock`."""

    @cached_property
    def label_version(self) -> str | None:
        """The version of the labels; None where the table is not the one that the lock tells."""
        if not self.labels.is_file() or dvc_md5(self.labels) != self.md5:
            return None
        return patients.label_version(self.labels)


def entries(
    stages: Sequence[Stage], *, known: Known, facts: Facts, layout: Layout, details: Details
) -> Iterator[Entry]:
    """The records of artefacts that the ledger lacks, in the order of the stages.

    An output that differs from `dvc.lock` gets none, so that nothing is taken in that a stage did not leave.
    """
    seen = {path: body for path, (_, body) in known.artefacts.items()}
    for stage in stages:
        told = _provenance(stage, layout=layout)
        for path, md5 in stage.outs.items():
            place, before = known.artefacts.get(path, (-1, {}))
            run = known.explaining(stage.name, after=place)
            if not run and (before.get("md5"), before.get("context")) == (md5, stage.context):
                continue
            found = _found(layout.base / path, md5=md5, before=before, details=details)
            if found is None:
                continue
            body = found | _made(stage, run=run, told=told, seen=seen, facts=facts, layout=layout)
            seen[path] = {"path": path, **body}
            yield ("artefact" if run else "restored"), {"path": path, **body}


def _found(path: Path, *, md5: str, before: Mapping[str, Any], details: Details) -> dict[str, Any] | None:
    """Digests of an output that is what the lock says; those of the record before, where nothing changed."""
    if before.get("md5") == md5:
        return {name: before[name] for name in ("sha256", "md5", "bytes", "files")}
    if not path.exists():
        return None
    found = digest(path)
    if found.md5 != md5:
        return None
    if found.manifest is not None:
        details.keep_manifest(found.manifest)
    return {"sha256": found.sha256, "md5": md5, "bytes": found.size, "files": _count(found)}


def _count(found: Digest) -> int:
    return len(found.files) if found.manifest is not None else 1


def _made(
    stage: Stage,
    *,
    run: Mapping[str, Any] | None,
    told: Mapping[str, Any],
    seen: Mapping[str, Mapping[str, Any]],
    facts: Facts,
    layout: Layout,
) -> dict[str, Any]:
    """From what, by whom and when an output was made."""
    labels = layout.labels.relative_to(layout.base).as_posix()
    uses_labels = labels in stage.inputs or labels in stage.outs
    return {
        "stage": stage.name,
        "derived_from": list(_sources(stage, told=told, seen=seen)),
        "params": told.get("params") or digest_of(stage.params),
        "code": told.get("code") or digest_of(stage.code),
        "seed": stage.params.get("seed"),
        "context": stage.context,
        "label_version": facts.label_version if uses_labels else None,
        **facts.study,
        "activity": run["event"] if run else None,
        **{name: run[name] if run else None for name in WHO},
    }


def _sources(
    stage: Stage, *, told: Mapping[str, Any], seen: Mapping[str, Mapping[str, Any]]
) -> Iterator[dict[str, str]]:
    """Inputs with their SHA-256, as the stage itself told them, else from the ledger; with DVC's MD5 where known."""
    inputs: Mapping[str, str] = told.get("inputs", {})
    for path, sha256 in inputs.items():
        md5 = stage.inputs.get(path)
        yield {"path": path, "sha256": sha256} | ({"md5": md5} if md5 else {})
    for path, md5 in stage.inputs.items():
        if any(name == path or name.startswith(f"{path}/") for name in inputs):
            continue
        before = seen.get(path, {})
        known = {"sha256": str(before["sha256"])} if before.get("md5") == md5 else {}
        yield {"path": path, **known, "md5": md5}


def _provenance(stage: Stage, *, layout: Layout) -> Mapping[str, Any]:
    """What a stage told of itself, if that file is the one it left."""
    path = layout.provenance(stage.name)
    md5 = stage.outs.get(path.relative_to(layout.base).as_posix())
    if md5 is None or not path.is_file() or dvc_md5(path) != md5:
        return {}
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
