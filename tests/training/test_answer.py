"""What stored folds answer."""

from pathlib import Path

import pytest
import torch

from cinemyo import tables
from cinemyo.errors import WeightsError
from cinemyo.layout import Layout
from cinemyo.training.answer import fold_probabilities
from cinemyo.training.arm import Outputs, run_arm, work_folder
from cinemyo.training.data import load_crops, read_inputs
from tests.training import study, tiny

ARM = tiny.arm(fit={"epochs": 1})


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = study.write(tmp_path_factory.mktemp("study"))
    inputs = read_inputs(layout, arm=ARM, seed=7, links=None)
    out = Outputs.of(layout, arm="tiny")
    run_arm(ARM, name="tiny", seed=7, inputs=inputs, out=out, work=work_folder(layout), workers=1)
    return layout


@pytest.mark.parametrize("fold", range(3))
def test_a_stored_fold_gives_the_probabilities_that_training_wrote(layout: Layout, fold: int) -> None:
    answers = tables.read(layout.predictions("tiny"), table=tables.predictions("pathology"))
    rows = answers[(answers["fold"] == fold) & (answers["set"] == "test")]
    crops = load_crops(layout, arm=ARM, cine_ids=rows["cine_id"].tolist())
    found = fold_probabilities(layout, name="tiny", arm=ARM, fold=fold, crops=crops)
    assert found.numpy() == pytest.approx(rows.filter(like="p_").to_numpy(), abs=1e-7)


def test_the_caller_keeps_its_threads(layout: Layout) -> None:
    threads = torch.get_num_threads()
    fold_probabilities(layout, name="tiny", arm=ARM, fold=0, crops=torch.zeros(1, 2, 32, 32, dtype=torch.uint8))
    assert torch.get_num_threads() == threads


def test_no_crops_have_no_answers(layout: Layout) -> None:
    crops = torch.zeros(0, 2, 32, 32, dtype=torch.uint8)
    assert fold_probabilities(layout, name="tiny", arm=ARM, fold=0, crops=crops).shape == (0, 3)


def test_an_absent_fold_is_refused(tmp_path: Path) -> None:
    crops = torch.zeros(1, 2, 32, 32, dtype=torch.uint8)
    with pytest.raises(WeightsError, match="run the stage train"):
        fold_probabilities(Layout("tiny", tmp_path), name="tiny", arm=ARM, fold=0, crops=crops)
