"""The commands `cinemyo audit withdraw` and `dispose`: what they say, with which status."""

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from cinemyo.audit.withdraw import carried_out
from cinemyo.cli import app
from tests.audit.conftest import project, ran
from tests.audit.project import Project
from tests.tiny_study import identifier

__all__ = ["project", "ran"]

RUN = CliRunner()
PATIENT = identifier("p", 0)
DECISION = ["--reason", "objection", "--role", "data protection officer"]


@pytest.fixture(autouse=True)
def _inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.base)


def audit(*arguments: str) -> Result:
    return RUN.invoke(app, ["audit", *arguments])


def until(project: Project, day: date | None) -> None:
    """Sets the day until which images may be kept."""
    path = project.base / "params.yaml"
    values = yaml.safe_load(path.read_text())
    values["oversight"]["images_until"] = day
    path.write_text(yaml.safe_dump(values))


def test_a_dry_run_counts_by_place_and_says_that_nothing_was_written(project: Project) -> None:
    found = audit("withdraw", PATIENT, *DECISION, "--dry-run")
    assert found.exit_code == 0
    assert found.output.startswith("study data: ")
    assert found.output.endswith("nothing was written\n")
    assert PATIENT in project.layout.cines.read_text()


def test_a_dry_run_speaks_json() -> None:
    told = json.loads(audit("withdraw", PATIENT, *DECISION, "--dry-run", "--json").output)
    assert (told["dry_run"], told["silent"]) == (True, [])
    assert sum(item["rows"] for item in told["items"]) == sum(row["rows"] for row in told["counts"].values())


def test_a_withdrawal_says_where_its_certificate_is_and_what_comes_next() -> None:
    found = audit("withdraw", PATIENT, *DECISION)
    assert found.exit_code == 0
    first, *_, last = found.output.splitlines()
    assert first.startswith("withdrawal ")
    assert Path(first.rpartition("; ")[2]).is_file()
    assert last == "commit conf/, then run `make repro`"


def test_a_certificate_is_printed_as_json() -> None:
    told = json.loads(audit("withdraw", PATIENT, *DECISION, "--json").output)
    assert (told["kind"], told["state"]) == ("withdrawal", "complete")


def test_an_unfinished_withdrawal_ends_with_status_1_and_says_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(work: carried_out.Work) -> None:
        work.state.pending["remote store"] = "no route"

    monkeypatch.setattr(carried_out, "_in_remotes", away)
    found = audit("withdraw", PATIENT, *DECISION)
    assert found.exit_code == 1
    *_, pending, last = found.output.splitlines()
    assert (pending, last) == ("still to be done: remote store (no route)", "run the same command again")


def test_without_a_date_nothing_is_disposed_of() -> None:
    found = audit("dispose")
    assert (found.exit_code, found.output) == (0, "no date of the study has passed: nothing to dispose of\n")


def test_without_a_date_json_has_no_items() -> None:
    told = json.loads(audit("dispose", "--json").output)
    assert (told["items"], told["counts"]) == ([], {})


def test_a_past_date_proposes_and_deletes_nothing(project: Project) -> None:
    until(project, date(2020, 1, 1))
    found = audit("dispose")
    assert found.output.endswith("nothing was written\n")
    assert project.layout.cines.is_file()


def test_a_confirmed_disposal_is_certified(project: Project) -> None:
    until(project, date(2020, 1, 1))
    found = audit("dispose", "--confirm")
    assert found.output.startswith("disposal ")
    assert (found.exit_code, project.layout.cines.exists()) == (0, False)


def test_confirming_before_the_date_is_refused() -> None:
    found = audit("dispose", "--confirm")
    assert (found.exit_code, isinstance(found.exception, SystemExit)) == (1, True)
