"""The lineage of a study as W3C PROV: entities, activities, agents; the only door to prov."""

import io
import json
from collections.abc import Mapping
from typing import Any, Final

from prov.constants import PROV, PROV_LABEL, PROV_TYPE
from prov.identifier import Namespace
from prov.model import ProvBundle, ProvDocument
from prov.serializers.provjson import ProvJSONSerializer

from cinemyo.audit.export.derivations import CineOf
from cinemyo.audit.export.statement import Item, Run, Statement, decided

NAMESPACE: Final = "urn:cinemyo:"
WORDS: Final = NAMESPACE + "word:"


def prov_json(told: Statement, *, cines: Mapping[str, CineOf] | None = None) -> str:
    """The document as PROV-JSON; with cines, the way goes on through each of them to its source files.

    Source: W3C PROV-DM 2013; PROV-JSON member submission 2013
    """
    document = ProvDocument()
    for prefix, uri in (("word", WORDS), ("file", f"{NAMESPACE}{told.study}:file:")):
        document.add_namespace(prefix, uri)
    for prefix in ("stage", "agent", "version", "withdrawal", "cine", "patient", "source", "ledger", "study"):
        document.add_namespace(prefix, f"{NAMESPACE}{told.study}:{prefix}:")
    _study(document, told)
    for item in told.items.values():
        document.entity(f"file:{item.path}", _of_item(item))
    for item in told.items.values():
        if item.within:
            document.hadMember(f"file:{item.within}", f"file:{item.path}")
    for run in told.runs.values():
        _run(document, run, told=told)
    _versions(document, told)
    for cine, own in (cines or {}).items():
        _cine(document, cine, own)
    text = io.StringIO()
    # by its own class: to ask prov for it by name loads those for RDF and XML, too
    ProvJSONSerializer(document).serialize(text, indent=1, sort_keys=True)
    return f"{text.getvalue()}\n"


def _study(document: ProvBundle, told: Statement) -> None:
    """The study with its permission, and the state of the ledger that this was read from."""
    attributes = {f"word:{_word(name)}": answer for name, answer in told.oversight.items()}
    facts = {f"word:{name}": value for name, value in told.facts.items() if value is not None}
    words = {PROV_TYPE: "word:Study", PROV_LABEL: told.title, "word:notice": told.notice}
    document.entity(f"study:{told.study}", _known({**words, **attributes, **facts}))
    document.entity(
        f"ledger:{told.head}",
        _known({PROV_TYPE: "word:LedgerHead", "word:records": told.records, "word:read": told.made.isoformat()}),
    )
    for (basis, checked), count in told.people.items():
        document.entity(
            f"study:{told.study}/patients/{basis}{f'/{checked}' if checked else ''}",
            _known({PROV_TYPE: "word:Patients", "word:count": count, "word:oppositionChecked": checked or None}),
        )


def _of_item(item: Item) -> dict[Any, Any]:
    collection = "prov:Collection" if item.files > 1 or (item.md5 or "").endswith(".dir") else None
    return _known(
        {
            PROV_TYPE: collection,
            PROV_LABEL: item.path,
            "word:sha256": item.sha256,
            "word:md5": item.md5,
            "word:bytes": item.bytes,
            "word:files": item.files,
            "word:labelVersion": item.label_version,
            "word:restored": True if item.restored else None,
            "word:containsWithdrawn": item.withdrawn,
        }
    )


def _run(document: ProvBundle, run: Run, *, told: Statement) -> None:
    """A stage with what it read, what it made, and who ran it.

    Each output is told to derive from each input; the files of a folder have that from the folder.
    """
    name = f"stage:{run.stage}"
    params = {f"word:param.{key}": _text(value) for key, value in run.params.items()}
    document.activity(
        name,
        run.started,
        run.ended,
        _known(
            {
                PROV_TYPE: "word:Stage",
                "word:command": run.command,
                "word:paramsDigest": run.params_digest,
                "word:codeDigest": run.code_digest,
                "word:commit": run.commit,
                "word:uncommittedChanges": run.dirty if run.commit else None,
                "word:environment": run.environment,
                **params,
            }
        ),
    )
    for path in run.inputs:
        document.used(name, f"file:{path}")
    for item in told.items.values():
        if item.stage == run.stage:
            document.wasGeneratedBy(f"file:{item.path}", name)
    outputs = [item for item in told.items.values() if item.stage == run.stage and not _is_part(item, told=told)]
    for item in outputs:
        for source in run.inputs:
            document.wasDerivedFrom(f"file:{item.path}", f"file:{source}", name)
    if run.agent:
        agent = f"agent:{told.agents[run.agent].replace(' ', '-')}"
        document.agent(agent, {PROV_LABEL: told.agents[run.agent]})
        document.wasAssociatedWith(name, agent)


def _versions(document: ProvBundle, told: Statement) -> None:
    """Earlier contents of artefacts, and the withdrawals that made them invalid."""
    for record in told.withdrawals:
        body = {f"word:{_word(key)}": value for key, value in decided(record).items()}
        name = f"withdrawal:{record.seq}"
        document.activity(name, record.time, record.time, _known({PROV_TYPE: f"word:{record.kind}", **body}))
    for path, versions in told.superseded.items():
        for record in versions:
            version = f"version:{path}/{record.body['sha256']}"
            document.entity(version, {"word:sha256": record.body["sha256"], PROV_LABEL: f"{path}, as it was before"})
            document.wasRevisionOf(f"file:{path}", version)
            for withdrawal in told.withdrawals:
                if withdrawal.time >= record.time:
                    document.wasInvalidatedBy(version, f"withdrawal:{withdrawal.seq}", withdrawal.time)


def _cine(document: ProvBundle, cine: str, own: CineOf) -> None:
    cine_words = {PROV_TYPE: "word:Cine", PROV_LABEL: own.path, "word:sha256": own.digest}
    document.entity(f"cine:{cine}", _known(cine_words))
    document.hadMember(f"file:{own.path.rpartition('/')[0]}", f"cine:{cine}")
    document.wasAttributedTo(f"cine:{cine}", f"patient:{own.patient}")
    document.agent(f"patient:{own.patient}", _known({PROV_TYPE: "word:Patient"}))
    for name, digest in own.sources.items():
        document.entity(f"source:{name}", _known({PROV_TYPE: "word:SourceFile", "word:keyedDigest": digest}))
        document.wasDerivedFrom(f"cine:{cine}", f"source:{name}")


def _is_part(item: Item, *, told: Statement) -> bool:
    """Whether it lies in a folder that the same stage made."""
    return item.within is not None and told.items[item.within].stage == item.stage


def _known(attributes: Mapping[Any, Any]) -> dict[Any, Any]:
    """The attributes that have a value; types are names, not words."""
    found = {key: value for key, value in attributes.items() if value is not None}
    if PROV_TYPE in found:
        prefix, _, name = str(found[PROV_TYPE]).partition(":")
        found[PROV_TYPE] = PROV[name] if prefix == "prov" else Namespace("word", WORDS)[name]
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _word(name: str) -> str:
    first, *rest = name.split()
    return first.lower() + "".join(word.capitalize() for word in rest)
