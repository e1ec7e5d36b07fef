"""Groups out of class, from the folders of a release to the labels and past the folds."""

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import Split
from cinemyo.deid.keys import load_key
from cinemyo.layout import Layout
from cinemyo.sources.files import count_files
from cinemyo.sources.ingest import ingest
from cinemyo.sources.sheet import join
from cinemyo.splitting import assign
from tests.sources.release import SLICES, reader, write_patient

GROUPS = ("NOR", "HCM", "DCM") * 3 + ("MINF", "RV", "MINF")
OTHERS = ("MINF", "RV")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A release of twelve patients of five groups, ingested; each has frames of its own."""
    base = tmp_path_factory.mktemp("release")
    for number, group in enumerate(GROUPS):
        frames = {"diastole": 2 * number + 1, "systole": 2 * number + 2}
        write_patient(base / "source", f"patient{number:03d}", group=group, masks=False, **frames)
    layout = Layout("tiny", base)
    source = reader(base / "source", out_of_class=OTHERS)
    ingest(source, layout=layout, key=load_key("published"), found=count_files(base / "source"))
    return layout


@pytest.fixture(scope="module")
def cines(layout: Layout) -> pd.DataFrame:
    return tables.read(layout.cines, table=tables.CINES)


@pytest.fixture(scope="module")
def labels(layout: Layout, cines: pd.DataFrame) -> pd.DataFrame:
    return join(cines, tables.read(layout.carried_labels, table=tables.SHEET), key=load_key("published"))


def test_no_patient_is_left_out(layout: Layout) -> None:
    assert tables.read(layout.exclusions, table=tables.EXCLUSIONS).empty


def test_each_cine_has_a_pathology_or_another_class(labels: pd.DataFrame) -> None:
    assert (labels["pathology"].notna() ^ labels["other_class"].notna()).all()


def test_other_classes_are_counted_by_their_words(labels: pd.DataFrame) -> None:
    assert labels["other_class"].value_counts().to_dict() == {"minf": 2 * SLICES, "rv": SLICES}


def test_they_are_in_no_fold(cines: pd.DataFrame, labels: pd.DataFrame) -> None:
    split = Split(protocol="honest", folds=3, holdout_share=0, links=None)
    folds = assign(labels, cines=cines, split=split, seed=1)
    others = set(labels["cine_id"][labels["other_class"].notna()])
    assert len(others) == 3 * SLICES
    assert not others & set(folds["cine_id"])


def test_no_identifier_of_theirs_is_in_the_tables(layout: Layout) -> None:
    written = [layout.cines, layout.exclusions]
    assert not any("patient0" in path.read_text() for path in written)
