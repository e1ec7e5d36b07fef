"""The lineage of a study as an RO-Crate of the Process Run profile; the only door to rocrate."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from cinemyo.audit.export.derivations import CineOf
from cinemyo.audit.export.statement import Item, Run, Statement, decided

VERSION: Final = "1.1"
"""Of RO-Crate: the newest that the profile has been written for."""
PROFILE: Final = "https://w3id.org/ro/wfrun/process/0.5"
TERMS: Final = {name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("sha256", "environment")}
METHOD: Final = "https://doi.org/10.3390/diagnostics11091554"
"""The paper whose method the software implements; the software itself is told by its commit."""
PREVIEW: Final = "ro-crate-preview.html"
DONE: Final = "http://schema.org/CompletedActionStatus"
MEDIA: Final = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".yaml": "application/yaml",
    ".lock": "text/plain",
    ".toml": "application/toml",
}
LICENCE: Final = (
    "For those who audit the study. Data of the study is not inside; it stays under the permission of the study, and "
    "files that are inside are not to be passed on without the controller of the data."
)


def write_crate(
    told: Statement,
    out: Path,
    *,
    base: Path,
    included: Sequence[str],
    documents: Mapping[str, Path],
    cines: Mapping[str, CineOf] | None = None,
) -> None:
    """Writes the crate into a folder: what lies inside, and what is told of the rest.

    `included` are paths of the project that are copied, `documents` files that are made for the export, by name.

    Source: RO-Crate 1.1; Process Run Crate 0.5
    """
    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(TERMS)
    ids = {path: path if path in included else f"#file/{path}" for path in told.items}
    _root(crate, told)
    for item in told.items.values():
        _item(crate, item, ids=ids, base=base)
    for name, path in documents.items():
        properties = {"name": name, "encodingFormat": MEDIA[path.suffix], "description": f"The lineage of {told.title}"}
        crate.add_file(path, dest_path=name, properties=properties)
    agents = {
        name: _add(crate, "Person", f"#agent/{index}", name=said)
        for index, (name, said) in enumerate(told.agents.items(), 1)
    }
    actions = [_run(crate, run, told=told, ids=ids, agents=agents) for run in told.runs.values()]
    actions += [_withdrawal(crate, told, index) for index in range(len(told.withdrawals))]
    for cine, own in (cines or {}).items():
        _cine(crate, cine, own, ids=ids)
    crate.root_dataset["mentions"] = _few(actions)
    crate.write(out)


def _root(crate: ROCrate, told: Statement) -> None:
    crate.name = f"Lineage of {told.title}"
    crate.description = (
        f"How the results of the study {told.study} were made: stages, what each read and made, under which code, "
        f"settings and permission. {told.notice}"
    ).strip()
    crate.datePublished = told.made
    crate.license = _add(crate, "CreativeWork", "#licence", name="For audit", description=LICENCE)
    profile = _add(crate, "CreativeWork", PROFILE, name="Process Run Crate", version="0.5")
    crate.root_dataset["conformsTo"] = profile
    role = told.oversight["Responsible"]
    owner = _add(crate, "Organization", "#organisation", name=f"Who answers for the study {told.study}: {role}")
    crate.root_dataset["author"] = owner
    crate.root_dataset["publisher"] = owner
    said = {**told.oversight, "Head of the ledger": told.head, "Records in the ledger": str(told.records)}
    said |= {name: str(value) for name, value in told.facts.items() if value is not None}
    for (basis, checked), count in told.people.items():
        said[f"Patients, {basis}{f', opposition checked {checked}' if checked else ''}"] = str(count)
    crate.root_dataset["additionalProperty"] = [
        _value(crate, f"#study/{index}", name, value) for index, (name, value) in enumerate(said.items(), start=1)
    ]


def _item(crate: ROCrate, item: Item, *, ids: Mapping[str, str], base: Path) -> None:
    """A file that is inside, or what is known of one that is not."""
    suffix = Path(item.path).suffix
    properties: dict[str, Any] = {"name": item.path}
    properties |= {"sha256": item.sha256} if item.sha256 else {}
    properties |= {"identifier": f"md5:{item.md5}"} if item.md5 else {}
    properties |= {"contentSize": str(item.bytes)} if item.bytes is not None else {}
    properties |= {"version": f"labels {item.label_version}"} if item.label_version else {}
    properties["description"] = _described(item)
    if ids[item.path] == item.path:
        properties |= {"encodingFormat": MEDIA[suffix]} if suffix in MEDIA else {}
        crate.add_file(base / item.path, dest_path=item.path, properties=properties)
        return
    properties |= {"isPartOf": {"@id": ids[item.within]}} if item.within else {}
    crate.add(ContextEntity(crate, ids[item.path], properties={"@type": "CreativeWork", **properties}))


def _described(item: Item) -> str:
    words = [f"made by the stage {item.stage}" if item.stage else "made by no stage"]
    words += [f"{item.files} files"] if item.files > 1 else []
    words += ["restored: found again, not made by a run on record"] if item.restored else []
    words += [f"holds a patient who withdrew (certificate {item.withdrawn})"] if item.withdrawn else []
    return "; ".join(words)


def _run(
    crate: ROCrate, run: Run, *, told: Statement, ids: Mapping[str, str], agents: Mapping[str, ContextEntity]
) -> ContextEntity:
    """The run of a stage: with what, on what, what came of it, by whom and when."""
    version = run.commit or run.code_digest or "not on record"
    code = _add(
        crate,
        "SoftwareSourceCode",
        f"#code/{run.stage}",
        name=f"cinemyo, stage {run.stage}",
        version=f"{version}{' and uncommitted changes' if run.dirty else ''}",
        description=run.command,
        programmingLanguage="Python",
        url=METHOD,
        **({"sha256": run.code_digest} if run.code_digest else {}),
    )
    settings = [
        _value(
            crate,
            f"#param/{run.stage}/{key}",
            key,
            value if isinstance(value, str) else json.dumps(value, sort_keys=True),
        )
        for key, value in run.params.items()
    ]
    made = [{"@id": ids[item.path]} for item in told.items.values() if item.stage == run.stage]
    properties: dict[str, Any] = {
        "name": f"Run of {run.stage}",
        "description": run.command + ("" if run.started else "; when and by whom is not on record"),
        "instrument": code,
        "object": _few([*({"@id": ids[path]} for path in run.inputs), *settings]),
        "result": _few(made),
        "actionStatus": DONE,
    }
    properties |= {"startTime": _time(run.started)} if run.started else {}
    properties |= {"endTime": _time(run.ended)} if run.ended else {}
    properties |= {"agent": agents[run.agent]} if run.agent else {}
    if run.environment:
        own = _value(crate, f"#environment/{run.environment}", "SHA-256 of interpreter and packages", run.environment)
        properties["environment"] = own
    return _add(crate, "CreateAction", f"#run/{run.stage}", **properties)


def _withdrawal(crate: ROCrate, told: Statement, index: int) -> ContextEntity:
    record = told.withdrawals[index]
    words = [f"{key} {value}" for key, value in decided(record).items()]
    properties = {"name": record.kind, "description": "; ".join(words) or record.kind, "endTime": _time(record.time)}
    return _add(crate, "DeleteAction", f"#{record.kind}/{record.seq}", **properties)


def _cine(crate: ROCrate, cine: str, own: CineOf, *, ids: Mapping[str, str]) -> None:
    """A cine and the source files that it was made from, in pseudonyms."""
    sources = [
        _add(crate, "CreativeWork", f"#source/{name}", name=f"source file {name}", identifier=f"keyed digest {digest}")
        for name, digest in own.sources.items()
    ]
    folder = own.path.rpartition("/")[0]
    properties: dict[str, Any] = {"name": cine, "sha256": own.digest, "isBasedOn": _few(sources), "about": own.patient}
    properties |= {"isPartOf": {"@id": ids[folder]}} if folder in ids else {}
    _add(crate, "CreativeWork", f"#cine/{cine}", **properties)


def _value(crate: ROCrate, name: str, said: str, value: str) -> ContextEntity:
    return _add(crate, "PropertyValue", name, name=said, value=value)


def _add(crate: ROCrate, kind: str, name: str, /, **properties: Any) -> ContextEntity:
    return crate.add(ContextEntity(crate, name, properties={"@type": kind, **properties}))


def _few(values: Sequence[Any]) -> Any:
    """One value by itself, several as a list."""
    return values[0] if len(values) == 1 else list(values)


def _time(time: str | None) -> str:
    """As the profile writes it: milliseconds, and the zone as an offset."""
    return f"{(time or '').removesuffix('Z').partition('.')[0]}+00:00"
