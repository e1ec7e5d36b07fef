"""Tables on disk: exact columns and types, faults with their place, whole files or none."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinemyo import schema
from cinemyo.errors import TableError

TABLE = schema.Table(
    "hearts",
    (
        schema.text("name", pattern=r"^[a-z]+$"),
        schema.integer("beats", low=1, high=200),
        schema.number("wall_mm", nullable=True, low=0),
        schema.flag("typical", nullable=True),
    ),
    ("name",),
)


def frame(**cells: object) -> pd.DataFrame:
    row = {"name": "a", "beats": 60, "wall_mm": None, "typical": True} | cells
    return schema.from_rows([row], table=TABLE)


def written(folder: Path, text: str) -> Path:
    path = folder / "hearts.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_comes_back_as_it_was_written(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"hearts.{ending}"
    schema.write(frame(), table=TABLE, path=path)
    pd.testing.assert_frame_equal(schema.read(path, table=TABLE), frame(), check_dtype=ending == "csv")


def test_parquet_holds_no_version_of_pandas(tmp_path: Path) -> None:
    path = tmp_path / "hearts.parquet"
    schema.write(frame(), table=TABLE, path=path)
    assert b"pandas" not in path.read_bytes()


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_numbers_survive_text_exactly(values: list[float]) -> None:
    rows = [{"name": "abcde"[i], "beats": 1, "wall_mm": value} for i, value in enumerate(values)]
    table = schema.from_rows(rows, table=TABLE)
    assert [float(cell) for cell in table.to_csv(index=False).split("\n")[1].split(",")[2:3]] == values[:1]


@pytest.mark.parametrize(
    "header", ["name,beats,wall_mm", "name,beats,wall_mm,typical,more", "beats,name,wall_mm,typical"]
)
def test_other_columns_are_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(TableError, match="expected columns name, beats, wall_mm, typical"):
        schema.read(written(tmp_path, f"{header}\n"), table=TABLE)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a,0,,true", "row 2, column beats"),
        ("A,60,,true", "row 2, column name"),
        ("a,many,,true", r"column beats: expected cells of kind integer, got row 2: 'many'"),
        ("a,60,,perhaps", r"column typical: expected cells of kind flag, got row 2: 'perhaps'"),
        ("a,60,-1,true", "row 2, column wall_mm"),
        (",60,,true", "row 2, column name"),
        ("a,60,,true\na,61,,true", "row 3, column name"),
        ("a,60.5,,true", "column beats: expected cells of kind integer, got row 2: '60.5'"),
    ],
)
def test_a_fault_is_told_with_its_row_and_column(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(TableError, match=told):
        schema.read(written(tmp_path, f"name,beats,wall_mm,typical\n{line}\n"), table=TABLE)


def test_five_faults_are_shown_and_all_counted(tmp_path: Path) -> None:
    lines = "".join(f"{name},0,,true\n" for name in "abcdefgh")
    with pytest.raises(TableError, match="and 3 more"):
        schema.read(written(tmp_path, f"name,beats,wall_mm,typical\n{lines}"), table=TABLE)


def test_an_absent_table_names_the_stage_before(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="run the stage before it"):
        schema.read(tmp_path / "none.csv", table=TABLE)


def test_a_wrong_table_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, "old")
    with pytest.raises(TableError):
        schema.write(frame(beats=0), table=TABLE, path=path)
    assert path.read_text(encoding="utf-8") == "old"


def test_a_crash_while_writing_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="No space"):
        schema.write_bytes(tmp_path / "file", b"content")
    assert list(tmp_path.iterdir()) == []
