import pandas as pd
import pytest

from cinemyo.audit.labels import as_text, versions
from cinemyo.audit.reconcile import reconcile
from tests.audit.project import Project
from tests.tiny_study import identifier


@pytest.fixture
def corrected(project: Project) -> Project:
    path = project.base / "data/tiny/labels.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[0, "pathology"] = "dcm"
    frame["label_version"] = "2"
    frame.to_csv(path, index=False)
    project.run("label")
    reconcile(project.params, layout=project.layout)
    return project


def test_the_first_version_tells_the_results_that_stand_on_it(ran: Project) -> None:
    (found,) = versions(ran.ledger.history())
    assert (found.version, found.previous, found.is_current) == ("1", None, True)
    assert "data/tiny/models/dual" in found.results
    assert found.counts == {}


def test_a_corrected_sheet_is_a_version_with_counts_and_role(corrected: Project) -> None:
    first, second = versions(corrected.ledger.history())
    assert (first.is_current, second.is_current) == (False, True)
    assert (second.previous, second.counts) == ("1", {"added": 0, "removed": 0, "changed": 1})
    assert second.roles == (corrected.params.oversight.responsible_role,)
    assert "data/tiny/labels.csv" in second.results
    assert "data/tiny/models/dual" in first.results


def test_no_cine_is_named_unless_asked(corrected: Project) -> None:
    assert identifier("c", 0) not in as_text(versions(corrected.ledger.history()))


def test_asked_for_cines_it_tells_cells_before_and_after(corrected: Project) -> None:
    found = as_text(versions(corrected.ledger.history(), details=corrected.details))
    assert f"{identifier('c', 0)}: pathology normal -> dcm" in found


def test_of_a_patient_who_left_the_count_alone_remains(corrected: Project) -> None:
    corrected.details.forget(identifier("p", 0))
    found = versions(corrected.ledger.history(), details=corrected.details)[1]
    assert (found.changes, found.forgotten) == ({}, 1)
    assert "changes of 1 patients were deleted with them" in as_text([found])


def test_without_a_ledger_there_is_no_version() -> None:
    assert as_text(versions([])) == "no version of labels is on record"
