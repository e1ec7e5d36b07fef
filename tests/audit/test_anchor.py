from pathlib import Path

import pytest

from cinemyo.audit.anchor import STATEMENT, anchor, anchors_of
from cinemyo.errors import AuditError
from tests.audit.project import Project


def test_an_anchor_names_the_head_that_was(project: Project, tmp_path: Path) -> None:
    head, count = project.ledger.head(), len(project.ledger.records())
    made = anchor(tmp_path / "anchor.txt", base=project.base)
    assert (made.head, made.records) == (head, count)
    text = (tmp_path / "anchor.txt").read_text()
    assert text.startswith(f"cinemyo ledger: {count} records, head {head}, ")


def test_an_anchor_says_what_a_chain_cannot_prove(project: Project, tmp_path: Path) -> None:
    assert anchor(tmp_path / "anchor.txt", base=project.base).text().endswith(f"{STATEMENT}\n")
    assert "whoever can write the ledger can write the whole of it anew" in STATEMENT


def test_an_anchor_leaves_a_record(project: Project, tmp_path: Path) -> None:
    made = anchor(tmp_path / "anchor.txt", base=project.base)
    last = project.ledger.records()[-1]
    assert (last.kind, last.previous, last.time) == ("anchor", made.head, made.time)


def test_an_anchor_is_never_replaced(project: Project, tmp_path: Path) -> None:
    anchor(tmp_path / "anchor.txt", base=project.base)
    with pytest.raises(AuditError, match="anchors are never replaced"):
        anchor(tmp_path / "anchor.txt", base=project.base)


def test_without_a_record_there_is_nothing_to_anchor(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="expected records, got none"):
        anchor(tmp_path / "anchor.txt", base=tmp_path)
    assert not (tmp_path / "anchor.txt").exists()


def test_anchors_are_found_in_folder_tags_and_ledger(project: Project, tmp_path: Path) -> None:
    made = anchor(project.base / "audit/anchors/one.txt", base=project.base)
    project.git("tag", "-a", "audit-1", "-m", made.text())
    project.git("tag", "plain")
    found = list(anchors_of(project.base, records=project.ledger.records()))
    assert [item.place for item in found] == [
        "audit/anchors/one.txt",
        "tag audit-1",
        f"record {made.records + 1} of the ledger",
    ]
    assert {item.head for item in found} == {made.head}


def test_a_file_that_is_no_anchor_has_no_head(project: Project, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("nothing")
    assert next(anchors_of(project.base, records=[], more=[tmp_path / "x.txt"])).head == ""
