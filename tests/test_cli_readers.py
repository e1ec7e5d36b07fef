"""The commands `cinemyo readers`, from the reading set to the readers' sheet."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from cinemyo import schema
from cinemyo.cli import app
from cinemyo.sheets import READERS, READING_KEY
from tests.tiny_study import build

RUN = CliRunner()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("project")
    build(base)
    return base


@pytest.fixture(autouse=True)
def _inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def exported(name: str, *options: str) -> pd.DataFrame:
    found = RUN.invoke(app, ["readers", "export", "--out", name, *options])
    assert found.exit_code == 0, found.output
    return schema.read(Path(f"{name}.key.csv"), table=READING_KEY)


def filled(name: str, *, key: pd.DataFrame) -> str:
    """The answer sheet of a folder, filled in with the labels."""
    labels = pd.read_csv("data/tiny/labels.csv").set_index("cine_id")["pathology"]
    path = Path(name) / "answers.csv"
    pd.read_csv(path).assign(pathology=key["cine_id"].map(labels)).to_csv(path, index=False)
    return str(path)


def test_a_set_goes_out_and_its_answers_come_back() -> None:
    key = exported("first", "--cines", "6", "--rereadings", "0.5")
    found = RUN.invoke(
        app, ["readers", "collect", "first.key.csv", filled("first", key=key), "--reader", "reader_1", "--out", "r.csv"]
    )
    assert found.exit_code == 0, found.output
    sheet = schema.read(Path("r.csv"), table=READERS)
    assert (len(sheet), int((sheet["reading"] == 2).sum())) == (9, 3)


def test_every_item_has_an_image() -> None:
    key = exported("images", "--cines", "4", "--rereadings", "0")
    assert {path.stem for path in Path("images/images").iterdir()} == set(key["item"])


def test_the_study_says_which_sheet_it_reads() -> None:
    key = exported("told", "--cines", "4", "--rereadings", "0")
    found = RUN.invoke(
        app, ["readers", "collect", "told.key.csv", filled("told", key=key), "--reader", "reader_1", "--out", "t.csv"]
    )
    assert "conf/sheets/no_readers.csv is what the study reads" in found.output


def test_the_seed_decides_the_draw() -> None:
    keys = [exported(f"seed{number}", "--cines", "4", "--seed", seed) for number, seed in enumerate(("1", "1", "2"))]
    assert keys[0].equals(keys[1])
    assert not keys[0].equals(keys[2])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--cines", "999"], "ConfigError: --cines"),
        (["--rereadings", "0.9"], "ConfigError: --rereadings"),
        (["--mix", "view_systole"], "ConfigError: arm of the reading set"),
        (["--mix", "none"], "ConfigError: arm of the reading set"),
    ],
)
def test_what_cannot_be_is_one_line_on_stderr(options: list[str], told: str) -> None:
    found = RUN.invoke(app, ["readers", "export", "--out", "bad", *options])
    assert (found.exit_code, len(found.stderr.splitlines())) == (1, 1)
    assert found.stderr.startswith(told)
    assert not Path("bad").exists()


def test_an_answer_that_cannot_be_is_one_line_on_stderr() -> None:
    exported("wrong", "--cines", "4", "--rereadings", "0")
    Path("wrong.csv").write_text("item,pathology,confidence\nitem_0001,amyloid,\n", encoding="utf-8")
    found = RUN.invoke(
        app, ["readers", "collect", "wrong.key.csv", "wrong.csv", "--reader", "reader_1", "--out", "w.csv"]
    )
    assert (found.exit_code, found.stderr.startswith("TableError: wrong.csv")) == (1, True)
