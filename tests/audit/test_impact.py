"""Everything that a patient is in, against a search by other means."""

from pathlib import Path

import pytest

from cinemyo.audit.impact import Impact, impact_of
from cinemyo.audit.impact_text import as_text, as_values
from cinemyo.audit.reconcile import reconcile
from cinemyo.errors import AuditError, IdentityKeyError
from cinemyo.record.tracking import STORE
from tests.audit import planted
from tests.audit.project import Project, copy
from tests.tiny_study import N, identifier


@pytest.fixture(scope="module")
def full(ran: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with everything, read only."""
    project = copy(ran, tmp_path_factory.mktemp("full") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        planted.plant(project)
    reconcile(project.params, layout=project.layout)
    return project


def asked(project: Project, who: str) -> Impact:
    return impact_of(who, params=project.params, layout=project.layout, records=project.ledger.history())


@pytest.fixture(scope="module")
def found(full: Project) -> Impact:
    return asked(full, planted.PATIENT)


def paths(found: Impact, *hows: str) -> set[str]:
    return {item.path for item in found.found if item.how in hows}


def test_every_file_that_names_the_patient_is_found_and_no_other(found: Impact, full: Project) -> None:
    assert paths(found, "carries") == planted.naming(full.base)


def test_every_file_that_hangs_on_the_patient_is_found_and_no_other(found: Impact, full: Project) -> None:
    assert paths(found, "carries", "derives") == planted.hanging(full.base) | planted.naming(full.base)


def test_a_model_that_only_answered_the_patient_is_told_apart(found: Impact) -> None:
    own = {item.path: item.role for item in found.found if item.path.startswith("data/tiny/models/dual/")}
    assert own == {f"data/tiny/models/dual/fold{fold}.safetensors": role for fold, role in found.roles["dual"].items()}
    assert found.roles["dual"] == {0: "test", 1: "train", 2: "validation"}
    assert "data/tiny/models/dual/fold0.safetensors" in paths(found, "tested")


def test_rows_of_tables_are_counted(found: Impact) -> None:
    rows = {item.path: item.rows for item in found.found}
    assert rows["data/tiny/cines.csv"] == len(planted.CINES)
    assert rows["data/tiny/sources.parquet"] == 4
    assert rows["data/tiny/leakage.parquet"] == 1


def test_runs_are_told_with_the_role_of_the_patient(found: Impact) -> None:
    roles = {run.name: run.role for run in found.runs}
    folds = {"dual fold 0": "test", "dual fold 1": "train", "dual fold 2": "validation"}
    assert roles == {"dual": "in", **folds, "fit": "in"}


def test_cache_and_remote_are_told_apart(found: Impact) -> None:
    places = {item.path.split("/")[1]: item.place for item in found.found if item.path.startswith((".dvc/c", ".dvc/r"))}
    assert places == {"cache": "cache", "remote": "remote"}


def test_what_cannot_be_searched_is_said(found: Impact) -> None:
    assert "git history and every clone of it" in found.beyond


def test_whoever_is_held_out_is_in_no_model(full: Project) -> None:
    held = asked(full, identifier("p", N // 2 - 1))
    assert not [item for item in held.found if "/models/" in item.path or item.place in ("sweep", "work")]
    assert "reports/metrics.json" in paths(held, "derives")


def test_the_identifier_of_the_hospital_finds_the_pseudonym(full: Project, tmp_path: Path) -> None:
    from cinemyo.deid.keys import Key
    from cinemyo.deid.pseudonyms import pseudonym
    from cinemyo.sources.keyed import key_of

    project = copy(full, tmp_path / "project")
    key = key_of(project.params.source)
    assert isinstance(key, Key)
    own = pseudonym("patient", "HOSPITAL 1", key=key)
    cines = project.layout.cines
    cines.write_text(cines.read_text().replace(planted.PATIENT, own))
    assert asked(project, " HOSPITAL 1").person.patients == (own,)


def test_an_unknown_patient_is_refused_without_being_repeated(full: Project) -> None:
    with pytest.raises(AuditError, match="stands for nobody in it under this key") as refused:
        asked(full, "Doe^John")
    assert "Doe" not in str(refused.value)


def test_an_unknown_pseudonym_is_refused(full: Project) -> None:
    with pytest.raises(AuditError, match="a pseudonym that is not in it"):
        asked(full, "p-7777777777777777")


def test_another_key_than_that_of_the_study_is_refused(full: Project) -> None:
    from cinemyo.audit.ledger import Record

    record = Record(0, "", "artefact", {"stage": "ingest", "key_id": "00000000"}, "")
    with pytest.raises(AuditError, match="expected the key 00000000"):
        impact_of("HOSPITAL 1", params=full.params, layout=full.layout, records=[record])


def test_an_identifier_without_any_key_is_refused(full: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CINEMYO_KEY_FILE", raising=False)
    source = full.params.source.model_copy(update={"key": "file"})
    params = full.params.model_copy(update={"source": source})
    with pytest.raises(IdentityKeyError, match="CINEMYO_KEY_FILE"):
        impact_of("HOSPITAL 1", params=params, layout=full.layout, records=[])


def test_linked_numbers_are_one_person(full: Project, tmp_path: Path) -> None:
    project = copy(full, tmp_path / "project")
    other = identifier("p", 3)
    sheet = project.base / "conf" / "links.csv"
    sheet.write_text(f"patient,same_person_as\n{planted.PATIENT},{other}\n")
    split = project.params.split.model_copy(update={"links": "conf/links.csv"})
    params = project.params.model_copy(update={"split": split})
    found = impact_of(planted.PATIENT, params=params, layout=project.layout, records=[])
    assert set(found.person.patients) == {planted.PATIENT, other}
    assert {identifier("c", 6), identifier("c", 7)} <= set(found.person.cines)


def test_who_was_excluded_alone_is_known(full: Project, tmp_path: Path) -> None:
    project = copy(full, tmp_path / "project")
    stranger = "p-7777777777777777"
    path = project.layout.exclusions
    path.write_text(path.read_text() + f"s-7777777777777777:scout,{stranger},series,scout,a localiser,0\n")
    found = asked(project, stranger)
    assert "data/tiny/exclusions.csv" in paths(found, "carries")
    assert not [item for item in found.found if "/models/" in item.path]


def test_people_read_counts_and_machines_all(found: Impact) -> None:
    assert "runs of MLflow: 5" in as_text(found)
    assert len(as_values(found)["files"]) == len(found.found)
