import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from cinemyo.audit.ledger import Ledger, flat
from cinemyo.audit.merge import Merged, merge
from cinemyo.audit.reconcile import reconcile
from cinemyo.audit.verify import verify
from cinemyo.errors import AuditError
from tests.audit import project as projects
from tests.audit.project import Project
from tests.tiny_study import identifier


@pytest.fixture
def other(project: Project, tmp_path: Path) -> Project:
    """A second clone in which one stage ran once more than in the first."""
    made = projects.copy(project, tmp_path / "other")
    made.run("split")
    reconcile(made.params, layout=made.layout)
    return made


def merged(project: Project, other: Project) -> Merged:
    return merge(other.base / "audit", layout=project.layout)


def test_records_that_are_not_in_common_are_taken_over(project: Project, other: Project) -> None:
    project.run("label")
    reconcile(project.params, layout=project.layout)
    theirs = other.ledger.records()
    found = merged(project, other)
    common = found.common
    assert (found.head, found.adopted) == (theirs[-1].hash, len(theirs) - common)
    assert flat(project.ledger.records())[-1 - found.adopted : -1] == theirs[common:]


def test_both_chains_verify_after_a_merge(project: Project, other: Project) -> None:
    merged(project, other)
    assert project.ledger.examine()[1] == []
    assert other.ledger.examine()[1] == []
    assert verify(project.params, layout=project.layout).holds


def test_a_second_merge_takes_nothing(project: Project, other: Project) -> None:
    first = merged(project, other)
    before = project.ledger.head()
    assert merged(project, other) == Merged(first.head, first.common, 0, 0)
    assert project.ledger.head() == before


def test_two_clones_can_take_over_from_each_other(project: Project, other: Project) -> None:
    project.run("label")
    reconcile(project.params, layout=project.layout)
    merged(project, other)
    merged(other, project)
    assert {record.hash for record in flat(project.ledger.records())} <= {
        record.hash for record in flat(other.ledger.records())
    }
    assert verify(other.params, layout=other.layout).holds


def test_contents_come_along_with_their_salts(project: Project, other: Project) -> None:
    made = other.details.commit(identifier("p", 0), {"topic": "patient tiny", "cines": {}})
    other.ledger.append(
        [("patients", {"study": "tiny", "tables": {}, "sheets": {}, "consent_basis": "", "commitments": [made]})]
    )
    assert merged(project, other).contents == 1
    assert project.details.reveal(made) is not None


def test_nobody_who_left_comes_back(project: Project, other: Project) -> None:
    made = other.details.commit("p-" + "z" * 16, {"topic": "patient tiny", "cines": {}})
    assert merged(project, other).contents == 0
    assert project.details.reveal(made) is None


def test_a_content_that_was_changed_is_refused(project: Project, other: Project) -> None:
    other.details.commit(identifier("p", 0), {"topic": "patient tiny", "n": 1})
    with sqlite3.connect(other.details.path) as database:
        database.execute("UPDATE commitments SET content = '{}'")
    before = project.ledger.head()
    project.details.path.unlink()
    with pytest.raises(AuditError, match="a content that contradicts it"):
        merged(project, other)
    assert project.ledger.head() == before


def test_a_broken_chain_is_refused(project: Project, other: Project) -> None:
    path = other.ledger.path
    path.write_bytes(path.read_bytes().replace(b'"split"', b'"splot"', 1))
    with pytest.raises(AuditError, match="expected a record that follows"):
        merged(project, other)


def test_its_own_ledger_is_refused(project: Project) -> None:
    with pytest.raises(AuditError, match="this ledger itself"):
        merged(project, project)


def test_a_folder_without_a_ledger_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="expected another ledger, got no file"):
        merge(tmp_path, layout=project.layout)


def test_a_ledger_beside_it_is_known_once_merged(project: Project, other: Project) -> None:
    beside = project.ledger.path.with_name("ledger-other.jsonl")
    shutil.copy(other.ledger.path, beside)
    assert not verify(project.params, layout=project.layout).holds
    merge(beside, layout=project.layout)
    assert verify(project.params, layout=project.layout).holds


def test_a_changed_record_of_the_other_ledger_breaks_the_chain(project: Project, other: Project) -> None:
    merged(project, other)
    path = project.ledger.path
    lines = path.read_text().splitlines(keepends=True)
    number = next(place for place, line in enumerate(lines) if json.loads(line)["kind"] == "merge")
    lines[number] = lines[number].replace('"outcome":"done"', '"outcome":"gone"', 1)
    path.write_text("".join(lines))
    assert Ledger(path).examine()[1][0].line == number + 1


def test_joined_ledgers_are_told_apart(project: Project, other: Project) -> None:
    content = project.ledger.path.read_bytes()
    project.ledger.path.write_bytes(content + other.ledger.path.read_bytes())
    fault = project.ledger.examine()[1][0]
    assert fault.line == content.count(b"\n") + 1
    assert "a second ledger begins here" in fault.what


def test_marks_of_a_conflict_are_told(project: Project) -> None:
    content = project.ledger.path.read_bytes()
    project.ledger.path.write_bytes(b"<<<<<<< HEAD\n" + content)
    assert "merged as text" in project.ledger.examine()[1][0].what
