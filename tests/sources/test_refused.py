"""What ingest and label leave of a patient who withdrew: a number of files."""

from pathlib import Path

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import file_code, pseudonym
from cinemyo.deid.refusals import Refusals, refusal
from cinemyo.layout import Layout
from cinemyo.sources.files import count_files
from cinemyo.sources.ingest import ingest, work_of
from cinemyo.sources.outcome import outcome
from cinemyo.sources.refused import without_refused
from tests.sources.release import reader, write_patient

KEY = load_key("published")
GONE = pseudonym("patient", "patient001", key=KEY)
REFUSED = Refusals(frozenset({refusal(GONE, key=KEY)}), KEY)


def release(root: Path, *names: str) -> Path:
    for name in names:
        write_patient(root, name, group="RV" if name == "patient003" else "HCM")
    return root


def written(root: Path, base: Path, refused: Refusals | None) -> Layout:
    layout = Layout("tiny", base)
    ingest(reader(root, first=0.3), layout=layout, key=KEY, found=count_files(root), refused=refused)
    return layout


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    base = tmp_path_factory.mktemp("refused")
    return written(release(base / "release", "patient001", "patient002", "patient003"), base, REFUSED)


def tables_of(layout: Layout) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    cines = tables.read(layout.cines, table=tables.CINES)
    sources = tables.read(layout.sources, table=tables.SOURCES)
    return cines, sources, tables.read(layout.exclusions, table=tables.EXCLUSIONS)


def test_no_cine_of_the_patient_is_taken(ingested: Layout) -> None:
    cines, _, _ = tables_of(ingested)
    assert GONE not in set(cines["patient_id"])
    assert len(cines) == 3


def test_one_row_counts_the_files(ingested: Layout) -> None:
    _, _, exclusions = tables_of(ingested)
    row = exclusions[exclusions["code"] == "withdrawn"]
    assert row["n_files"].tolist() == [5]
    assert row["patient_id"].isna().all()


def test_no_file_of_the_patient_is_named(ingested: Layout) -> None:
    root = ingested.base / "release"
    names = [path.relative_to(root).as_posix() for path in (root / "patient001").rglob("*")]
    assert not {file_code(name, key=KEY) for name in names} & set(tables_of(ingested)[1]["file"])


def test_sums_balance(ingested: Layout) -> None:
    cines, sources, exclusions = tables_of(ingested)
    told = outcome(cines, sources=sources, exclusions=exclusions)
    assert (told.found, told.used + told.excluded) == (15, 15)


def test_no_byte_names_the_patient(ingested: Layout) -> None:
    contents = [path.read_bytes() for path in ingested.data.rglob("*") if path.is_file()]
    assert not any(word in content for content in contents for word in (GONE.encode(), b"patient001"))


def test_all_else_is_as_without_the_patient(ingested: Layout, tmp_path: Path) -> None:
    other = written(release(tmp_path / "release", "patient002", "patient003"), tmp_path, None)
    for name in ("cines.csv", "sources.parquet", "carried_labels.csv"):
        assert (ingested.data / name).read_bytes() == (other.data / name).read_bytes()
    mine, theirs = tables_of(ingested)[2], tables_of(other)[2]
    pd.testing.assert_frame_equal(mine[mine["code"] != "withdrawn"], theirs)


def test_what_an_earlier_run_finished_of_the_patient_is_not_taken(tmp_path: Path) -> None:
    root, layout = release(tmp_path / "release", "patient001", "patient002"), Layout("tiny", tmp_path)
    finished = work_of(layout, key=KEY)
    ingest(reader(root, first=0.3), layout=layout, key=KEY, finished=finished)
    ingest(reader(root, first=0.3), layout=layout, key=KEY, finished=finished, refused=REFUSED)
    assert GONE not in set(tables_of(layout)[0]["patient_id"])


def test_of_a_refused_patient_nothing_is_kept_for_a_next_run(tmp_path: Path) -> None:
    root, layout = release(tmp_path / "release", "patient001", "patient002"), Layout("tiny", tmp_path)
    finished = work_of(layout, key=KEY)
    ingest(reader(root, first=0.3), layout=layout, key=KEY, finished=finished, refused=REFUSED)
    kept = b"".join(path.read_bytes() for path in sorted(finished.folder.rglob("*.json")))
    assert len(list(finished.folder.glob("c-*.mha"))) == 6
    assert GONE.encode() not in kept


def test_rows_of_the_sheet_are_passed_over_with_their_numbers_kept() -> None:
    sheet = pd.DataFrame({"patient": ["patient001", "patient002", None]}, index=[2, 3, 4])
    assert without_refused(sheet, refused=REFUSED).index.tolist() == [3, 4]


def test_without_refusals_the_sheet_is_as_it_was() -> None:
    sheet = pd.DataFrame({"patient": ["patient001"]})
    assert without_refused(sheet, refused=Refusals(frozenset(), KEY)) is sheet
