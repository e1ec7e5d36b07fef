"""The command `cinemyo scan-phi`: its status, its options, and what it keeps to itself."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo.cli import app
from tests.scan.test_dicom import header, saved

RUN = CliRunner()


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CINEMYO_KNOWN_FILE", raising=False)
    Path("out").mkdir()
    Path("out/notes.txt").write_text("Jane Quimby\n", encoding="utf-8")
    Path("known.txt").write_text("QUIMBY^JANE\n", encoding="utf-8")
    Path("known.txt").chmod(0o600)


def run(*arguments: str) -> tuple[int, str]:
    found = RUN.invoke(app, ["scan-phi", *arguments])
    return found.exit_code, found.output


def test_nothing_found_is_status_0() -> None:
    assert run("out")[0] == 0


def test_no_path_is_status_0() -> None:
    assert run()[0] == 0


def test_a_find_is_status_1_and_says_no_value() -> None:
    status, told = run("out", "--known", "known.txt")
    assert status == 1
    assert "out/notes.txt:line 1: known value" in told
    assert "quimby" not in told.lower()


def test_the_list_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CINEMYO_KNOWN_FILE", "known.txt")
    assert run("out")[0] == 1


def test_a_dicom_export_gives_the_values() -> None:
    saved(Path("export"), header(PatientName="QUIMBY^JANE"))
    assert run("out", "--dicom", "export")[0] == 1


def test_json_tells_the_same() -> None:
    status, told = run("out", "--known", "known.txt", "--json")
    values = json.loads(told)
    assert (status, values["status"]) == (1, 1)
    assert {find["path"] for find in values["finds"]} == {"out/notes.txt"}


def test_an_allowed_find_is_status_0() -> None:
    Path(".scan-phi-allow").write_text("* out/* an example\n", encoding="utf-8")
    assert run("out", "--known", "known.txt")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        ["out", "--known", "nowhere"],
        ["out", "--dicom", "nowhere"],
        ["out", "--allow", "nowhere"],
        ["out", "--git"],
        ["out", "--show"],
    ],
)
def test_what_cannot_be_done_is_status_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


def test_what_cannot_be_searched_whole_is_status_2() -> None:
    Path("out/a.zip").write_bytes(b"PK\x03\x04 damaged")
    assert run("out")[0] == 2
