"""What all commands `cinemyo audit` have in common."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo.cli import app
from cinemyo.cli_audit import COMMANDS
from cinemyo.events import FOLDER

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def left() -> list[dict[str, str]]:
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_says_what_it_answers(name: str) -> None:
    found = RUN.invoke(app, ["audit", name, "--help"])
    assert found.exit_code == 0
    assert COMMANDS[name].__doc__ is not None


def test_a_command_that_fails_is_recorded_without_its_arguments() -> None:
    Path("params.yaml").write_text("{}")
    assert RUN.invoke(app, ["audit", "trace", "4711"]).exit_code == 1
    (event,) = left()
    assert (event["kind"], event["name"], event["outcome"]) == ("command", "audit trace", "failed")
    assert "4711" not in json.dumps(event)


def test_outside_a_project_nothing_is_recorded() -> None:
    assert RUN.invoke(app, ["audit", "trace", "4711"]).exit_code == 1
    assert not Path("audit").exists()
