"""Every artefact against its SHA-256 in the ledger, file by file, and against what `dvc.lock` and its stage say."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cinemyo.audit.details import Details
from cinemyo.audit.digests import digest, files_of, manifest_of, sha256_of, sha256_of_files, sha256_of_manifest
from cinemyo.audit.finding import Finding
from cinemyo.audit.known import Known
from cinemyo.audit.pipeline import Stage
from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of

_REMEDY: Final = "bring it back with `dvc checkout`, or run `make repro`"


def files(stages: Sequence[Stage], *, known: Known, details: Details, base: Path) -> Iterator[Finding]:
    """Files of the study's artefacts that were changed, are absent, or were added."""
    for stage in stages:
        for path, md5 in stage.outs.items():
            _, body = known.artefacts.get(path, (-1, {}))
            if not (base / path).exists():
                yield Finding("artefacts", path, "absent", _REMEDY)
            elif not body:
                difference = f"not in the ledger: when it was looked at it was not what {stage.name} left"
                yield Finding("artefacts", path, difference, _REMEDY)
            else:
                found = list(_differences(base / path, name=path, body=body, details=details))
                yield from found or _lock(path, md5=md5, body=body, stage=stage)


def _differences(path: Path, *, name: str, body: Mapping[str, Any], details: Details) -> Iterator[Finding]:
    told = str(body["sha256"])
    is_folder = str(body["md5"]).endswith(".dir")
    if path.is_dir() != is_folder:
        yield Finding("artefacts", name, "a file in the place of a folder, or the other way round", _REMEDY)
    elif is_folder:
        yield from _of_folder(path, name=name, told=told, details=details)
    elif (found := sha256_of(path)) != told:
        yield Finding("artefacts", name, _changed(found, told), _REMEDY)


def _of_folder(path: Path, *, name: str, told: str, details: Details) -> Iterator[Finding]:
    """Which files of a folder differ, by its manifest; that one does where the manifest is not at hand."""
    found = sha256_of_files(path)
    manifest = manifest_of(found)
    known = _manifest(details, told)
    if known is None:
        if sha256_of_manifest(manifest) != told:
            difference = "a file in it was changed, added or removed; the list that would name it is not here"
            yield Finding("artefacts", name, difference, _REMEDY)
        return
    if manifest == known:
        return
    expected = files_of(known)
    for item in sorted({*found, *expected}):
        if not found.get(item):
            yield Finding("artefacts", f"{name}/{item}", "absent, or not readable", _REMEDY)
        elif item not in expected:
            yield Finding("artefacts", f"{name}/{item}", "added", "remove it, or run `make repro`")
        elif found[item] != expected[item]:
            yield Finding("artefacts", f"{name}/{item}", _changed(found[item], expected[item]), _REMEDY)


def _manifest(details: Details, sha256: str) -> bytes | None:
    try:
        return details.manifest(sha256)
    except AuditError:  # told where details are checked
        return None


def _changed(found: str, told: str) -> str:
    return f"changed: SHA-256 {found[:12]} where the ledger has {told[:12]}"


def _lock(path: str, *, md5: str, body: Mapping[str, Any], stage: Stage) -> Iterator[Finding]:
    """What `dvc.lock` says otherwise of a file that is as the ledger has it."""
    if md5 != body["md5"]:
        difference = f"{path} is as the ledger has it, and this says it has the MD5 {md5[:12]}"
        yield Finding("pipeline", f"dvc.lock, {stage.name}", difference, "bring dvc.lock back with git")


def told(stages: Sequence[Stage], *, known: Known, layout: Layout) -> Iterator[Finding]:
    """Artefacts whose SHA-256 in the ledger is another than their own stage told."""
    for stage in stages:
        path = layout.provenance(stage.name)
        if not path.is_file():
            continue
        try:
            outputs = json.loads(path.read_text(encoding="utf-8"))["outputs"].items()
        except (ValueError, KeyError, AttributeError):
            continue  # named as a changed artefact
        for name, sha256 in outputs:
            _, body = known.artefacts.get(name, (-1, {}))
            if body and body["stage"] == stage.name and body["sha256"] != sha256:
                difference = f"the ledger has {body['sha256'][:12]}, {stage.name} told {str(sha256)[:12]}"
                yield Finding("artefacts", name, difference, "run the stage again: it was changed in between")


def restored(stages: Sequence[Stage], *, known: Known) -> Iterator[Finding]:
    """Stages whose outputs no run of theirs explains: a cache gave them, or they ran before the ledger began."""
    bodies = [known.artefacts[path][1] for stage in stages for path in stage.outs if path in known.artefacts]
    names = list(dict.fromkeys(str(body["stage"]) for body in bodies if body["activity"] is None))
    if names:
        difference = "restored: no run that the ledger saw left these outputs"
        remedy = "nothing to do where they come from DVC's cache"
        yield Finding("artefacts", ", ".join(names), difference, remedy, "note")


def pipeline(stages: Sequence[Stage], *, raw: Mapping[str, Any], base: Path) -> Iterator[Finding]:
    """Stages whose inputs, code or params are others now than when they ran."""
    made = {path: md5 for stage in stages for path, md5 in stage.outs.items()}
    used: dict[str, list[str]] = {}
    for stage in stages:
        for path, md5 in stage.inputs.items():
            if (path in made and made[path] != md5) or (path not in made and _is_other(base / path, md5)):
                used.setdefault(path, []).append(stage.name)
        for path, md5 in stage.code.items():
            if code_md5(base / path) != md5:
                used.setdefault(path, []).append(stage.name)
        for key, value in stage.params.items():
            if digest_of(_at(raw, key)) != digest_of(value):
                used.setdefault(f"params.yaml, {key}", []).append(stage.name)
    for path, names in used.items():
        difference = f"other than when these ran: {', '.join(names)}"
        yield Finding("pipeline", path, difference, "run `make repro`, or bring it back with git")


def _is_other(path: Path, md5: str) -> bool:
    """Whether a sheet is another; a folder of sources is not read again, which `ingest` does."""
    return not path.is_dir() and bool(md5) and code_md5(path) != md5


def code_md5(path: Path) -> str:
    """DVC's MD5 of code, without what Python left beside it; empty where there is none."""
    return digest(path, without="__pycache__").md5 if path.exists() else ""


def _at(values: Any, key: str) -> Any:
    for name in key.split("."):
        values = values.get(name) if isinstance(values, Mapping) else None
    return values
