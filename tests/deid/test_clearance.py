"""A person's decision about images in which the search for text found something."""

from pathlib import Path

import pandas as pd
import pydicom
import pytest
from typer.testing import CliRunner

from cinemyo import tables
from cinemyo.cli import app
from cinemyo.deid.clearance import REVIEW_NAME, TO_REVIEW, read_cleared
from cinemyo.deid.keys import Key, load_key
from cinemyo.deid.manifest import MANIFEST
from cinemyo.deid.sharing import MANIFEST_NAME, deidentify
from cinemyo.errors import SourceError, TableError
from tests.deid.exports import write_export
from tests.sources.dicom_files import write_cine

KEY = load_key("published")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("export") / "in")


@pytest.fixture(scope="module")
def out(export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which ten images are put to review."""
    folder = tmp_path_factory.mktemp("written") / "out"
    deidentify(export, out=folder, key=KEY, workers=1)
    return folder


@pytest.fixture(scope="module")
def form(out: Path) -> Path:
    """The form of that run, filled in for all images but the last."""
    rows = tables.read(out / REVIEW_NAME, table=TO_REVIEW)
    rows["role"] = [*["radiographer"] * (len(rows) - 1), None]
    tables.write(rows.astype("str").replace("None", pd.NA), table=TO_REVIEW, path=out.parent / "form.csv")
    return out.parent / "form.csv"


@pytest.fixture(scope="module")
def again(export: Path, form: Path) -> Path:
    folder = form.parent / "again"
    deidentify(export, out=folder, key=KEY, workers=2, cleared=read_cleared(form))
    return folder


def _manifest(folder: Path) -> pd.DataFrame:
    return tables.read(folder / MANIFEST_NAME, table=MANIFEST).set_index("file")


def test_the_form_asks_for_each_image_to_look_at(out: Path) -> None:
    rows = tables.read(out / REVIEW_NAME, table=TO_REVIEW)
    assert set(rows["instance"]) == {path.stem for path in (out / "review").rglob("*.dcm")}
    assert len(rows) == 10
    assert rows["role"].isna().all()


def test_no_form_where_nothing_is_to_be_looked_at(tmp_path: Path) -> None:
    write_cine(tmp_path / "in", phases=8)
    deidentify(tmp_path / "in", out=tmp_path / "out", key=KEY, workers=1)
    assert not (tmp_path / "out" / REVIEW_NAME).exists()


def test_an_empty_form_clears_nothing(out: Path) -> None:
    assert read_cleared(out / REVIEW_NAME) == {}


def test_what_a_person_cleared_is_shared_and_the_manifest_says_by_whom(out: Path, again: Path) -> None:
    before, after = _manifest(out), _manifest(again)
    seen = after[after["cleared_by"].notna()]
    assert set(seen["cleared_by"]) == {"radiographer"}
    assert set(seen["outcome"]) == {"shared"}
    assert list(before.loc[seen.index, "outcome"].unique()) == ["review"]
    assert (len(seen), (after["outcome"] == "review").sum()) == (9, 1)
    assert (seen["text_score"] >= 0.5).all()


def test_nothing_else_changes(out: Path, again: Path) -> None:
    before, after = _manifest(out), _manifest(again)
    others = after.index[after["cleared_by"].isna()]
    pd.testing.assert_frame_equal(before.loc[others], after.loc[others])


def test_its_header_says_that_the_pixels_are_clean_and_who_saw_them(again: Path) -> None:
    rows = _manifest(again)
    image = pydicom.dcmread(again / rows.loc[rows["cleared_by"].notna(), "output"].iloc[0])
    assert "113101" in {code.CodeValue for code in image.DeidentificationMethodCodeSequence}
    assert image.BurnedInAnnotation == "NO"
    assert image.DeidentificationMethod[1] == "pixels seen by: radiographer"


def test_an_image_that_was_not_suspected_names_no_person(again: Path) -> None:
    rows = _manifest(again)
    plain = rows[(rows["outcome"] == "shared") & rows["cleared_by"].isna()]
    assert len(plain) > 0
    assert all(pydicom.dcmread(again / name)["DeidentificationMethod"].VM == 1 for name in plain["output"])


def test_the_account_counts_what_a_person_cleared(again: Path) -> None:
    report = (again / "report.txt").read_text(encoding="utf-8")
    assert "27 files: 20 shared, 1 to review, 6 refused" in report
    assert "of those shared, cleared by a person: 9" in report


def test_an_image_that_changed_since_is_not_cleared(form: Path, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "in")
    for path in folder.rglob("*.dcm"):
        path.write_bytes(path.read_bytes() + b"\0\0")
    with pytest.raises(SourceError, match="got 9 others; look again"):
        deidentify(folder, out=tmp_path / "out", key=KEY, workers=1, cleared=read_cleared(form))
    assert not (tmp_path / "out").exists()


def test_decisions_under_another_key_are_refused(export: Path, form: Path, tmp_path: Path) -> None:
    key = Key(b"another key of more than thirty-two bytes")
    with pytest.raises(SourceError, match="under the same key, got 9 others"):
        deidentify(export, out=tmp_path / "out", key=key, workers=1, cleared=read_cleared(form))


@pytest.mark.parametrize("role", ["Dr Jones", "R2", "x"])
def test_a_name_is_no_role(form: Path, tmp_path: Path, role: str) -> None:
    text = form.read_text(encoding="utf-8").replace("radiographer", role)
    (tmp_path / "form.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match="column role"):
        read_cleared(tmp_path / "form.csv")


def test_the_command_takes_the_form(export: Path, form: Path, tmp_path: Path) -> None:
    command = ["deidentify", str(export), "--out", str(tmp_path / "o"), "--key", "published", "--cleared", str(form)]
    assert "20 shared, 1 to review" in CliRunner().invoke(app, command).output
