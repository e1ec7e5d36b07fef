from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cinemyo import sheets
from cinemyo.config import Oversight, Params
from cinemyo.record.oversight import IDENTITY, missing, overdue, stated
from tests.audit.project import write_sheet
from tests.tiny_study import params_values

ALL = {"protocol": "20-072", "responsible_role": "principal investigator", "images_until": "2030-01-31"}


def study(**more: Any) -> Params:
    """A study of an opt-out, or of what is said; its other params are those of the tiny study."""
    own = {**ALL, "audit_until": "2045-01-31", "consent_basis": "opt_out", "consents": "consents.csv", **more}
    oversight = Oversight.model_validate({**params_values()["oversight"], **own})
    return Params.model_validate(params_values()).model_copy(update={"oversight": oversight})


def test_all_that_is_stated_is_told(tmp_path: Path) -> None:
    assert stated(study(), base=tmp_path) == {
        "Protocol": "20-072",
        "Consent basis": "no opposition after information (opt-out)",
        "Responsible": "principal investigator",
        "Images and tables kept until": "2030-01-31",
        "Record of the audit kept until": "2045-01-31",
        "Withdrawn patients": "0",
        "Identity": IDENTITY,
    }


def test_identities_are_pseudonymised_and_a_risk_remains(tmp_path: Path) -> None:
    assert IDENTITY.startswith("Pseudonymised")
    assert "Remaining risk" in IDENTITY
    assert stated(study(consent_basis="synthetic"), base=tmp_path)["Identity"] == f"Of phantoms, invented. {IDENTITY}"


@pytest.mark.parametrize("key", ["protocol", "responsible_role"])
def test_what_a_study_of_people_does_not_state_is_missing(tmp_path: Path, key: str) -> None:
    params = study(**{key: ""})
    assert missing(params) == [f"oversight.{key}"]
    assert f"MISSING: a study of people states it (oversight.{key})" in stated(params, base=tmp_path).values()


@pytest.mark.parametrize("key", ["images_until", "audit_until"])
def test_a_study_of_people_states_its_dates_of_retention(key: str) -> None:
    assert missing(study(**{key: None})) == [f"oversight.{key}"]


@pytest.mark.parametrize("basis", ["synthetic", "public_release"])
def test_phantoms_and_releases_need_no_protocol(tmp_path: Path, basis: str) -> None:
    params = study(consent_basis=basis, protocol="")
    assert missing(params) == []
    assert stated(params, base=tmp_path)["Protocol"] == "none stated"


def test_consents_of_single_patients_are_counted_and_nobody_is_named(tmp_path: Path) -> None:
    rows = [
        {"patient": "DOE", "consent_basis": "opt_out", "opposition_checked": "2026-01-05"},
        {"patient": "ROE", "consent_basis": "opt_out", "opposition_checked": ""},
        {"patient": "POE", "consent_basis": "consent", "opposition_checked": ""},
    ]
    write_sheet(tmp_path / "consents.csv", sheets.CONSENTS.header, *rows)
    found = stated(study(), base=tmp_path)
    assert found["Consent of single patients"] == (
        "consent of each patient: 1; no opposition after information (opt-out): 2"
    )
    checked = "2026-01-05 to 2026-01-05, 1 patients; MISSING for 1 patients of the opt-out"
    assert found["List of oppositions checked"] == checked
    assert "OE" not in " ".join(found.values()).replace("MISSING", "")


def test_a_date_is_past_on_the_day_after() -> None:
    oversight = study().oversight
    assert list(overdue(oversight, today=date(2030, 1, 31))) == []
    assert list(overdue(oversight, today=date(2030, 2, 2))) == [
        "images and tables of patients were to be kept until 2030-01-31, 2 days ago"
    ]
    assert len(list(overdue(oversight, today=date(2045, 2, 1)))) == 2
