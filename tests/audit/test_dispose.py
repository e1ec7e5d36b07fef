from datetime import date, timedelta

import pytest

from cinemyo.audit.dispose import Due, dispose, due, proposed
from cinemyo.audit.withdraw import carried_out, state
from cinemyo.audit.withdraw.ids import ids_of
from cinemyo.config import Oversight
from cinemyo.errors import AuditError
from cinemyo.schema import read_text
from tests.audit.project import Project
from tests.shared import RESULTS

LAST = date(2026, 6, 30)
ROLE = "principal investigator"


def oversight(images: date | None, audit: date | None) -> Oversight:
    return Oversight(**RESULTS["oversight"] | {"images_until": images, "audit_until": audit})


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (LAST, []),
        (LAST + timedelta(days=1), ["images"]),
        (LAST + timedelta(days=366), ["images", "audit"]),
    ],
)
def test_a_date_is_kept_to_until_its_day_is_over(today: date, expected: list[Due]) -> None:
    assert due(oversight(LAST, LAST + timedelta(days=365)), today=today) == expected


def test_without_dates_nothing_is_due() -> None:
    assert due(oversight(None, None), today=date.max) == []


def test_nothing_is_disposed_of_before_its_time(project: Project) -> None:
    with pytest.raises(AuditError, match="a date that has passed"):
        dispose([], params=project.params, layout=project.layout, role=ROLE)


def test_what_is_proposed_is_still_there(ran: Project) -> None:
    found = proposed(["images"], params=ran.params, layout=ran.layout)
    assert {"data/tiny/cines.csv", "data/tiny/prepared"} <= {item.name for item in found}
    assert ran.layout.cines.is_file()


def test_images_and_tables_of_patients_go_and_models_stay(project: Project) -> None:
    patients = frozenset(read_text(project.layout.cines)["patient_id"])
    ids = ids_of(patients, layout=project.layout, details=project.details)
    certificate = dispose(["images"], params=project.params, layout=project.layout, role=ROLE)
    assert certificate.state == "complete"
    left = [path for path in project.base.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert [path for path in left if path != project.details.path and ids.in_file(path)] == []
    assert list(project.layout.models("dual").glob("fold*.safetensors"))
    assert project.layout.metrics.is_file()


def test_the_ledger_tells_of_the_disposal(project: Project) -> None:
    certificate = dispose(["images"], params=project.params, layout=project.layout, role=ROLE)
    last = project.ledger.records()[-1]
    assert (last.kind, last.body["sha256"]) == ("disposal", certificate.sha256)


def test_the_record_goes_last_and_its_head_is_certified(project: Project) -> None:
    head = project.ledger.head()
    certificate = dispose(["images", "audit"], params=project.params, layout=project.layout, role=ROLE)
    assert certificate.decision["last hash"] == head
    left = sorted(
        path.name for path in (project.base / "audit").rglob("*") if path.is_file() and path.suffix != ".lock"
    )
    assert left == [f"{certificate.certificate}.html", f"{certificate.certificate}.json"]


def test_a_disposal_that_was_ended_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("cinemyo.audit.dispose._certified", die)
        with pytest.raises(KeyboardInterrupt):
            dispose(["images"], params=project.params, layout=project.layout, role=ROLE)
    (unfinished,) = state.unfinished(project.base)
    certificate = dispose(["images"], params=project.params, layout=project.layout, role=ROLE)
    assert certificate.certificate == unfinished.certificate
    assert sum(item.files for item in certificate.removals) > 0
    assert carried_out.unfinished(project.base) == []
