import hashlib
import json
import sqlite3
import stat
from pathlib import Path

import pytest

from cinemyo.audit.details import Details
from cinemyo.errors import AuditError

ANN, BEN = "p-aaaaaaaaaaaaaaaa", "p-bbbbbbbbbbbbbbbb"
CINE = "c-cccccccccccccccc"


@pytest.fixture
def details(tmp_path: Path) -> Details:
    return Details(tmp_path / "audit" / "details.sqlite")


def content(patient: str, **more: object) -> dict[str, object]:
    return {"topic": "patient", "patient_id": patient, "cines": {CINE: {}}, **more}


def test_a_commitment_is_of_salt_and_canonical_json(details: Details) -> None:
    made = details.commit(ANN, {"b": 1, "a": "é"})
    with sqlite3.connect(details.path) as database:
        salt, text = database.execute("SELECT salt, content FROM commitments").fetchone()
    assert text == '{"a":"\\u00e9","b":1}'
    assert made == hashlib.sha256(salt + text.encode()).hexdigest()


def test_equal_contents_have_different_commitments(details: Details) -> None:
    assert details.commit(ANN, content(ANN)) != details.commit(ANN, content(ANN))


def test_what_was_committed_is_revealed(details: Details) -> None:
    assert details.reveal(details.commit(ANN, content(ANN))) == content(ANN)


def test_an_unknown_commitment_reveals_nothing(details: Details) -> None:
    assert details.reveal("0" * 64) is None
    assert not details.path.exists()


def test_a_changed_content_is_refused(details: Details) -> None:
    made = details.commit(ANN, content(ANN))
    with sqlite3.connect(details.path) as database:
        database.execute("UPDATE commitments SET content = '{}'")
    assert details.wrong() == [made]
    with pytest.raises(AuditError, match="a content that contradicts it"):
        details.reveal(made)


def test_contents_of_a_patient_come_oldest_first(details: Details) -> None:
    details.commit_all([(ANN, content(ANN, n=1)), (BEN, content(BEN)), (ANN, content(ANN, n=2))])
    assert [found["n"] for found in details.of(ANN)] == [1, 2]


def test_the_latest_of_a_topic_is_the_last_committed(details: Details) -> None:
    details.commit_all([(ANN, content(ANN, n=1)), (ANN, {"topic": "labels"})])
    made = details.commit(ANN, content(ANN, n=2))
    assert json.loads(details.latest("patient")[ANN][1])["n"] == 2
    assert details.latest("patient")[ANN][0] == made


def test_what_is_forgotten_leaves_no_byte(details: Details) -> None:
    kept = details.commit(BEN, {"topic": "patient", "patient_id": BEN, "cines": {}})
    made = details.commit(ANN, content(ANN))
    details.keep_manifest(f"{CINE}.mha {'0' * 64}\n".encode())
    assert details.forget(ANN) == [made]
    assert details.reveal(made) is None
    assert details.reveal(kept) is not None
    found = details.path.read_bytes()
    assert ANN.encode() not in found
    assert CINE.encode() not in found


def test_forgetting_a_stranger_forgets_nothing(details: Details) -> None:
    assert details.forget(ANN) == []
    made = details.commit(ANN, content(ANN))
    assert details.forget(BEN) == []
    assert details.commitments() == [made]


def test_a_manifest_is_found_by_its_own_digest(details: Details) -> None:
    lines = b"a.mha 00\n"
    details.keep_manifest(lines)
    assert details.manifest(hashlib.sha256(lines).hexdigest()) == lines


def test_a_changed_manifest_is_none(details: Details) -> None:
    lines = b"a.mha 00\n"
    details.keep_manifest(lines)
    with sqlite3.connect(details.path) as database:
        database.execute("UPDATE manifests SET content = x'00'")
    assert details.manifest(hashlib.sha256(lines).hexdigest()) is None


def test_only_the_owner_reads_it(details: Details) -> None:
    details.commit(ANN, content(ANN))
    assert stat.S_IMODE(details.path.stat().st_mode) == 0o600


def test_a_file_that_is_no_database_is_told(details: Details) -> None:
    details.path.parent.mkdir()
    details.path.write_bytes(b"no database at all, however long it may be" * 50)
    with pytest.raises(AuditError, match="expected the details of the ledger"):
        details.commitments()
