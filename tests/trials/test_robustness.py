"""Answers of an arm where the preparation of its test cines was put off."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.errors import SourceError, TableError, TrainingError
from cinemyo.layout import Layout
from cinemyo.measures import PREPARATIONS, robustness
from cinemyo.trials.robustness import answers_put_off, subjects
from tests.trials import study

PARAMS = study.params(dual={}, view={"target": "view", "phases": ["systole"]})
SHARES = ["p_normal", "p_hcm", "p_dcm"]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = study.write(tmp_path_factory.mktemp("study"))
    for name in PARAMS.arms:
        study.train(layout, params=PARAMS, name=name)
    return layout


@pytest.fixture(scope="module")
def found(layout: Layout) -> pd.DataFrame:
    return answers_put_off(PARAMS, name="dual", layout=layout)


@pytest.fixture
def recorded(layout: Layout) -> Iterator[pd.DataFrame]:
    """The predictions of the arm, which a test may change."""
    path = layout.predictions("dual")
    kept = path.read_bytes()
    yield tables.read(path, table=tables.predictions("pathology"))
    path.write_bytes(kept)


def change(layout: Layout, frame: pd.DataFrame) -> None:
    tables.write(frame, table=tables.predictions("pathology"), path=layout.predictions("dual"))


def test_every_test_cine_is_answered_under_every_preparation(found: pd.DataFrame, layout: Layout) -> None:
    table = tables.check(found, table=robustness("pathology"), where="robustness")
    cines = tables.read(layout.cines, table=tables.CINES)["cine_id"]
    assert len(table) == len(cines) * len(PREPARATIONS)
    assert table.groupby("cine_id")["preparation"].nunique().eq(len(PREPARATIONS)).all()


def test_as_it_is_gives_what_training_wrote(found: pd.DataFrame, layout: Layout) -> None:
    predictions = tables.read(layout.predictions("dual"), table=tables.predictions("pathology"))
    both = found[found["preparation"] == "as_is"].merge(
        predictions[predictions["set"] == "test"], on=["cine_id", "fold", "truth"], suffixes=("", "_then")
    )
    assert len(both) == found["cine_id"].nunique()
    for name in SHARES:
        assert both[name].to_numpy() == pytest.approx(both[f"{name}_then"].to_numpy(), abs=1e-5)


def test_what_was_put_off_is_answered_otherwise(found: pd.DataFrame) -> None:
    as_is = found[found["preparation"] == "as_is"].set_index("cine_id")
    for name, rows in found[found["preparation"] != "as_is"].groupby("preparation"):
        other = rows.set_index("cine_id").loc[as_is.index]
        assert np.abs(other[SHARES] - as_is[SHARES]).to_numpy().max() > 1e-4, name


def test_the_same_study_gives_the_same_table(found: pd.DataFrame, layout: Layout) -> None:
    pd.testing.assert_frame_equal(answers_put_off(PARAMS, name="dual", layout=layout), found)


def test_a_view_arm_has_the_classes_of_its_target(layout: Layout) -> None:
    table = answers_put_off(PARAMS, name="view", layout=layout)
    tables.check(table, table=robustness("view"), where="robustness")
    assert set(table["preparation"]) == set(PREPARATIONS)


def test_a_cine_without_a_label_is_left_out(layout: Layout, recorded: pd.DataFrame) -> None:
    gone = recorded["cine_id"][recorded["set"] == "test"].iloc[0]
    recorded.loc[recorded["cine_id"] == gone, "truth"] = None
    change(layout, recorded)
    assert gone not in set(answers_put_off(PARAMS, name="dual", layout=layout)["cine_id"])


def test_other_answers_than_the_recorded_ones_are_refused_by_the_name_of_the_cine(
    layout: Layout, recorded: pd.DataFrame
) -> None:
    row = recorded.index[recorded["set"] == "test"][3]
    recorded.loc[row, ["p_normal", "p_hcm"]] += [-1e-4, 1e-4]
    change(layout, recorded)
    cine = recorded.loc[row, "cine_id"]
    with pytest.raises(TrainingError, match=rf"arm dual, fold \d: .*probabilities of {cine}.*got others by 0.0001"):
        answers_put_off(PARAMS, name="dual", layout=layout)


def test_a_cine_that_was_not_prepared_is_refused(layout: Layout) -> None:
    with pytest.raises(TableError, match="1 absent, first c-aaaa"):
        subjects(layout, recipe="coarse", cine_ids=["c-" + "a" * 16])


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_an_image_that_is_gone_or_damaged_is_refused(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    layout = study.write(tmp_path, patients=9)
    params = study.params(dual={"phases": ["systole"]})
    study.train(layout, params=params, name="dual")
    spoil(next(layout.ingested.glob("*.mha")))
    with pytest.raises(SourceError):
        answers_put_off(params, name="dual", layout=layout)
