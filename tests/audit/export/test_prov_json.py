"""PROV-JSON as others read it: loaded again with `prov`, walked from a figure to its source."""

import json
from collections import defaultdict
from typing import Any

import pytest
from prov.model import ProvDocument

from cinemyo import provenance
from cinemyo.audit.export.derivations import cines_of
from cinemyo.audit.export.prov_json import prov_json
from cinemyo.audit.export.statement import PSEUDONYM, Statement
from cinemyo.audit.ledger import Record
from tests.audit.project import STAGES, Project
from tests.tiny_study import N, identifier


def loaded(text: str) -> ProvDocument:
    return ProvDocument.deserialize(content=text, format="json")


def ways(document: ProvDocument) -> dict[str, set[str]]:
    """From each entity or activity to what it was made by or of, as any reader of PROV follows it."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in document.get_records():
        ends = [str(value) for _, value in record.formal_attributes if value is not None]
        kind = type(record).__name__
        if kind in ("ProvGeneration", "ProvUsage", "ProvDerivation"):
            found[ends[0]].add(ends[1])
        if kind == "ProvMembership":
            # what is in a folder is part of what was read with it, and the other way round
            found[ends[0]].add(ends[1])
            found[ends[1]].add(ends[0])
    return found


def reached(start: str, *, ways: dict[str, set[str]]) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += ways[name]
    return found


@pytest.fixture(scope="module")
def document(told: Statement) -> ProvDocument:
    return loaded(prov_json(told))


def test_it_loads_and_is_the_same_when_written_again(told: Statement, document: ProvDocument) -> None:
    assert loaded(str(document.serialize(format="json"))) == document
    assert json.loads(prov_json(told)) == json.loads(prov_json(told))


def test_from_a_table_of_the_report_the_way_leads_to_ingest(document: ProvDocument, ran: Project) -> None:
    table = next((ran.base / "reports/tables").glob("*.csv")).relative_to(ran.base).as_posix()
    found = reached(f"file:{table}", ways=ways(document))
    for stage in ("evaluate", "train@dual", "split", "label", "ingest"):
        assert f"stage:{stage}" in found
    assert "file:data/tiny/cines.csv" in found


def test_with_patients_the_way_goes_on_to_each_source_file(told: Statement, ran: Project) -> None:
    cines = cines_of(ran.layout)
    # the tiny study keeps no folder of ingested cines: its masks stand for it
    text = prov_json(told, cines=cines)
    document = loaded(text)
    found = ways(document)
    for cine, own in cines.items():
        assert {f"source:{name}" for name in own.sources} <= found[f"cine:{cine}"]
    assert len(cines) == N
    assert f"patient:{identifier('p', 0)}" in text


def test_every_derivation_of_the_lock_is_in_it(document: ProvDocument) -> None:
    found = {
        tuple(str(value) for _, value in record.formal_attributes[:2])
        for record in document.get_records()
        if type(record).__name__ == "ProvDerivation"
    }
    for inputs, outputs in STAGES.values():
        assert {(f"file:{one}", f"file:{other}") for one in outputs for other in inputs} <= found


def test_entities_carry_their_sha256(document: ProvDocument, ran: Project) -> None:
    (entity,) = document.get_record("file:reports/metrics.json")
    values = {str(name): value for name, value in entity.attributes}
    assert values["word:sha256"] == provenance.sha256(ran.base / "reports/metrics.json")


def test_the_study_carries_its_permission_and_the_head_of_the_ledger(told: Statement, document: ProvDocument) -> None:
    (study,) = document.get_record("study:tiny")
    assert ("word:protocol", "20-072") in {(str(name), value) for name, value in study.attributes}
    assert document.get_record(f"ledger:{told.head}") != []


def test_no_pseudonym_and_no_name_of_an_account_is_in_it(told: Statement) -> None:
    text = prov_json(told)
    assert PSEUDONYM.findall(text) == []
    agents: Any = json.loads(text)["agent"]
    assert list(agents) == ["agent:agent-1"]


def test_a_withdrawal_invalidates_what_was_made_before(told: Statement) -> None:
    before = Record(1, "2026-01-01T00:00:00.000Z", "artefact", {"path": "data/tiny/folds.csv", "sha256": "0" * 64}, "")
    body = {"certificate": "w-1", "state": "complete", "decision": {"reason": "objection", "policy": "retrain"}}
    withdrawal = Record(2, "2026-02-01T00:00:00.000Z", "withdrawal", body, "")
    values = {**vars(told), "superseded": {"data/tiny/folds.csv": (before,)}, "withdrawals": (withdrawal,)}
    found = json.loads(prov_json(Statement(**values)))
    (invalidated,) = found["wasInvalidatedBy"].values()
    assert invalidated["prov:activity"] == "withdrawal:2"
    assert invalidated["prov:entity"] == f"version:data/tiny/folds.csv/{'0' * 64}"
    assert found["activity"]["withdrawal:2"]["word:policy"] == "retrain"
