import pytest

from cinemyo.audit.export import derivations
from cinemyo.audit.export.derivations import cines_of
from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from tests.audit.project import Project
from tests.tiny_study import N, identifier


def test_each_cine_has_its_patient_and_its_source_files(ran: Project) -> None:
    found = cines_of(ran.layout)
    assert len(found) == N
    own = found[identifier("c", 3)]
    assert (own.patient, own.path) == (identifier("p", 1), f"data/tiny/ingested/{identifier('c', 3)}.mha")
    assert len(own.sources) == 2


def test_without_the_tables_of_ingest_there_is_nothing_to_tell(project: Project) -> None:
    with pytest.raises(AuditError, match="expected the tables of ingest"):
        cines_of(Layout("other", project.base))


def test_more_source_files_than_a_reader_can_use_are_refused(ran: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivations, "MOST", 3)
    with pytest.raises(AuditError, match="expected at most 3 source files, got 36"):
        cines_of(ran.layout)
