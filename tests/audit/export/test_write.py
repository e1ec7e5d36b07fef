from pathlib import Path

import pytest

from cinemyo.audit.export.pdf import pdf
from cinemyo.audit.export.sections import is_hash, sections
from cinemyo.audit.export.statement import Statement
from cinemyo.audit.export.write import may_be_inside, write
from cinemyo.errors import AuditError
from tests.audit.project import Project


def test_what_is_there_is_not_written_over(told: Statement, out: Path) -> None:
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(AuditError, match="expected a new path"):
        write(told, out, kind="pdf")
    assert out.read_text(encoding="utf-8") == "mine"


def test_the_same_statement_gives_the_same_pdf(told: Statement) -> None:
    assert pdf(told) == pdf(told)


def test_a_pdf_is_written(told: Statement, out: Path) -> None:
    assert write(told, out, kind="pdf") == []
    assert out.read_bytes().startswith(b"%PDF-")


def test_the_sections_tell_permission_stages_and_head(told: Statement) -> None:
    found = {section.title: section for section in sections(told)}
    assert ("Protocol", "20-072") in found["Oversight"].rows
    assert {row[0] for row in found["Stages"].rows} == set(told.runs)
    assert ("Head of the ledger", told.head) in found["Study"].rows


def test_rows_are_as_wide_as_their_header(told: Statement) -> None:
    for section in sections(told):
        assert {len(row) for row in section.rows} <= {len(section.header)}


def test_a_file_that_was_changed_is_not_copied(told: Statement, project: Project) -> None:
    item = told.items["reports/metrics.json"]
    assert may_be_inside(item, told=told, base=project.base)
    (project.base / item.path).write_text("{}", encoding="utf-8")
    assert not may_be_inside(item, told=told, base=project.base)


@pytest.mark.parametrize("cell", ["a" * 64, f"MD5 {'0' * 32}.dir"])
def test_a_digest_is_told_by_its_letters(cell: str) -> None:
    assert is_hash(cell)


@pytest.mark.parametrize("cell", ["a" * 12, "evaluate", "data/demo/folds.csv"])
def test_words_are_no_digest(cell: str) -> None:
    assert not is_hash(cell)
