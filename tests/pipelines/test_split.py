"""The stage split on a study of tables alone."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from cinemyo import tables
from cinemyo.layout import Layout
from pipelines import split
from tests.cohort import cohort, name
from tests.evaluation.example import params
from tests.pipelines.project import link_code


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A study in an empty folder, with its cines and labels."""
    link_code(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    write_params()
    layout = Layout("demo")
    cines, labels = cohort(54)
    tables.write(cines, table=tables.CINES, path=layout.cines)
    tables.write(labels, table=tables.LABELS, path=layout.labels)
    return layout


def write_params(**changes: object) -> None:
    values = params(dual={}).model_dump(mode="json") | changes
    Path("params.yaml").write_text(yaml.safe_dump(values))


def folds(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.folds, table=tables.FOLDS)


def withdraw(layout: Layout, patient: str) -> None:
    cines = tables.read(layout.cines, table=tables.CINES)
    tables.write(cines[cines["patient_id"] != patient], table=tables.CINES, path=layout.cines)


def test_it_writes_folds_and_provenance(layout: Layout) -> None:
    split.main()
    assert set(folds(layout)["scheme"]) == {"honest", "paper_by_input"}
    assert layout.provenance("split").is_file()


def test_a_second_run_writes_the_same_bytes(layout: Layout) -> None:
    split.main()
    first = layout.folds.read_bytes()
    split.main()
    assert layout.folds.read_bytes() == first


def test_a_withdrawn_patient_moves_nobody(layout: Layout) -> None:
    split.main()
    before, gone = folds(layout), name("p", 7)
    withdraw(layout, gone)
    split.main()
    pd.testing.assert_frame_equal(folds(layout), before[before["patient_id"] != gone].reset_index(drop=True))


def test_another_seed_draws_afresh(layout: Layout) -> None:
    split.main()
    before = layout.folds.read_bytes()
    write_params(seed=4)
    split.main()
    assert layout.folds.read_bytes() != before


def test_a_links_sheet_is_read(layout: Layout) -> None:
    Path("links.csv").write_text(f"patient,same_person_as\n{name('p', 0)},{name('p', 3)}\n")
    write_params(split=params().split.model_dump() | {"links": "links.csv"})
    split.main()
    own = folds(layout).query("scheme == 'honest'").drop_duplicates("patient_id").set_index("patient_id")["part"]
    assert own[name("p", 0)] == own[name("p", 3)]


def test_too_few_patients_end_it_with_one_sentence(layout: Layout) -> None:
    cines = tables.read(layout.cines, table=tables.CINES)
    tables.write(cines.head(12), table=tables.CINES, path=layout.cines)
    with pytest.raises(SystemExit, match=r"^SplitError: split\.folds: expected at least 6 patients"):
        split.main()
    assert not layout.folds.exists()
