"""The commands `cinemyo deidentify` and `cinemyo locate`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cinemyo import cli_deidentify
from cinemyo.cli import app
from cinemyo.deid.keys import KEY_VARIABLE, load_key, new_key
from cinemyo.deid.pseudonyms import pseudonym
from tests.sources.dicom_files import write_cine

RUN = CliRunner()
PATIENT = "Dupont-4711-X"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    write_cine(tmp_path / PATIENT / "in", patient=PATIENT, phases=8)
    return tmp_path / PATIENT / "in"


def test_what_is_shown_names_nobody(export: Path, tmp_path: Path) -> None:
    shown = RUN.invoke(app, ["deidentify", str(export), "--out", str(tmp_path / "o"), "--key", "published"])
    assert shown.exit_code == 0
    assert "8 files: 8 shared, 0 to review, 0 refused" in shown.output
    assert PATIENT not in shown.output


def test_json_has_the_counts(export: Path, tmp_path: Path) -> None:
    command = [
        "deidentify",
        str(export),
        "--out",
        str(tmp_path / "o"),
        "--key",
        "published",
        "--json",
        "--workers",
        "1",
    ]
    assert json.loads(RUN.invoke(app, command).output) == {
        **{"found": 8, "shared": 8, "review": 0, "refused": {}, "cleared": 0},
    }


def test_a_private_key_is_asked_for(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    shown = RUN.invoke(app, ["deidentify", str(export), "--out", str(tmp_path / "o")])
    assert (shown.exit_code, "CINEMYO_KEY_FILE" in shown.output) == (1, True)
    assert not (tmp_path / "o").exists()


def test_random_pseudonyms_are_kept_beside_the_key(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_key(tmp_path / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    shown = RUN.invoke(app, ["deidentify", str(export), "--out", str(tmp_path / "o"), "--key", "random_table"])
    assert shown.exit_code == 0
    assert (tmp_path / "key.crosswalk").is_file()


def test_faults_name_no_place(export: Path) -> None:
    shown = RUN.invoke(app, ["deidentify", str(export), "--out", str(export / "o"), "--key", "published"])
    assert shown.exit_code == 1
    assert PATIENT not in shown.output


def test_no_path_goes_into_a_pipe(export: Path) -> None:
    code = pseudonym("patient", PATIENT, key=load_key("published"))
    shown = RUN.invoke(app, ["locate", code, "--source", str(export), "--key", "published"])
    assert (shown.exit_code, PATIENT in shown.output) == (1, False)


def test_a_terminal_shows_the_paths(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_deidentify, "is_terminal", lambda: True)
    code = pseudonym("patient", PATIENT, key=load_key("published"))
    shown = RUN.invoke(app, ["locate", code, "--source", str(export), "--key", "published"])
    assert shown.output.splitlines() == [str(path) for path in sorted(export.iterdir())]


def test_a_file_for_its_owner_takes_the_paths(export: Path, tmp_path: Path) -> None:
    code = pseudonym("patient", PATIENT, key=load_key("published"))
    command = ["locate", code, "--source", str(export), "--key", "published", "--out", str(tmp_path / "names")]
    assert RUN.invoke(app, command).output == "8 names written\n"
    assert (tmp_path / "names").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "names").read_text(encoding="utf-8").splitlines()[0] == str(export / "im000.dcm")
    assert RUN.invoke(app, command).exit_code == 1
