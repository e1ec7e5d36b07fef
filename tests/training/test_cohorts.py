"""Answers to cines that no fold has seen."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from cinemyo import tables
from cinemyo.errors import SplitError, WeightsError
from cinemyo.layout import Layout
from cinemyo.models.classifier import PhaseClassifier, save_model
from cinemyo.persons import LINKS
from cinemyo.schema import from_rows
from cinemyo.training.cohorts import external_answers, holdout_answers
from cinemyo.training.data import read_inputs
from tests.training import study, tiny

ARM = tiny.arm()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A study with models of three folds, and a supplementary cohort of other patients."""
    layout = study.write(tmp_path / "own")
    for fold in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(fold)
            model = PhaseClassifier(ARM, n_classes=3, side=tiny.SIDE)
        save_model(model, arm=ARM, path=layout.models("tiny") / f"fold{fold}.safetensors")
    other = study.write(tmp_path / "other", patients=12, key="another")
    shutil.move(other.data, layout.external.data)
    cines = tables.read(layout.external.cines, table=tables.CINES)
    write_cines(layout, cines.assign(digest=[f"{number:064x}" for number in range(len(cines))]))
    return layout


def write_cines(layout: Layout, cines: pd.DataFrame) -> None:
    tables.write(cines, table=tables.CINES, path=layout.external.cines)


def external(layout: Layout, *, links: pd.DataFrame | None = None) -> pd.DataFrame:
    return external_answers(layout, name="tiny", arm=ARM, links=links)


def test_every_prepared_cine_of_the_cohort_is_answered_by_each_fold(layout: Layout) -> None:
    found = external(layout)
    cines = study.cine_ids(layout.external)
    assert found.groupby("fold")["cine_id"].apply(sorted).tolist() == [sorted(cines)] * 3
    assert set(found["set"]) == {"external"}


def test_folds_answer_differently(layout: Layout) -> None:
    shares = external(layout).pivot_table(index="cine_id", columns="fold", values="p_hcm")
    assert (shares[0] != shares[1]).all()


def test_labels_of_the_cohort_are_the_truth(layout: Layout) -> None:
    found = external(layout)
    labels = tables.read(layout.external.labels, table=tables.LABELS).set_index("cine_id")["pathology"]
    assert found["truth"].tolist() == labels[found["cine_id"]].tolist()


def test_cines_without_a_label_are_answered_without_a_truth(layout: Layout) -> None:
    labels = tables.read(layout.external.labels, table=tables.LABELS)
    tables.write(labels.assign(pathology=pd.NA), table=tables.LABELS, path=layout.external.labels)
    found = external(layout)
    assert len(found) == 3 * len(study.cine_ids(layout.external))
    assert found["truth"].isna().all()


def test_a_patient_of_the_study_is_refused_by_name(layout: Layout) -> None:
    cines = tables.read(layout.external.cines, table=tables.CINES)
    own = tables.read(layout.cines, table=tables.CINES)["patient_id"].iloc[0]
    cines.loc[0, "patient_id"] = own
    write_cines(layout, cines)
    with pytest.raises(SplitError, match=f"expected no patient of the study, got patient {own}; take them out of"):
        external(layout)


def test_pixels_of_the_study_are_refused_by_name(layout: Layout) -> None:
    cines = tables.read(layout.external.cines, table=tables.CINES)
    cines.loc[0, "digest"] = tables.read(layout.cines, table=tables.CINES)["digest"].iloc[0]
    write_cines(layout, cines)
    with pytest.raises(SplitError, match=f"got pixels of {cines['cine_id'].iloc[0]}"):
        external(layout)


def test_a_patient_linked_to_one_of_the_study_is_refused(layout: Layout) -> None:
    stranger = tables.read(layout.external.cines, table=tables.CINES)["patient_id"].iloc[0]
    own = tables.read(layout.cines, table=tables.CINES)["patient_id"].iloc[0]
    with pytest.raises(SplitError, match="expected no patient of the study"):
        external(layout, links=from_rows([{"patient": stranger, "same_person_as": own}], table=LINKS))


def test_a_patient_of_the_hold_out_is_refused_too(layout: Layout) -> None:
    folds = tables.read(layout.folds, table=tables.FOLDS)
    held = folds["patient_id"][folds["part"] == "holdout"].iloc[0]
    cines = tables.read(layout.external.cines, table=tables.CINES)
    write_cines(layout, cines.assign(patient_id=cines["patient_id"].where(cines.index > 0, held)))
    with pytest.raises(SplitError, match="supplementary cohort"):
        external(layout)


def test_an_absent_fold_is_refused(layout: Layout) -> None:
    (layout.models("tiny") / "fold2.safetensors").unlink()
    with pytest.raises(WeightsError):
        external(layout)


def test_the_hold_out_is_answered_by_each_fold(layout: Layout) -> None:
    found = holdout_answers(layout, name="tiny", arm=ARM)
    folds = tables.read(layout.folds, table=tables.FOLDS)
    held = folds["cine_id"][(folds["scheme"] == "honest") & (folds["part"] == "holdout")]
    assert found.groupby("fold")["cine_id"].apply(list).tolist() == [held.tolist()] * 3


def test_a_patient_in_a_fold_and_in_the_hold_out_is_refused(layout: Layout) -> None:
    folds = tables.read(layout.folds, table=tables.FOLDS)
    honest = folds["scheme"] == "honest"
    several = folds[honest].groupby("patient_id")["cine_id"].transform("count") > 1
    moved = several.index[several & (folds.loc[several.index, "part"] == "holdout")][0]
    folds.loc[moved, "part"] = "0"
    tables.write(folds, table=tables.FOLDS, path=layout.folds)
    with pytest.raises(SplitError, match="expected each patient_id in one part"):
        holdout_answers(layout, name="tiny", arm=ARM)


@pytest.mark.parametrize("scheme", ["honest", "paper_by_input"])
def test_training_reads_nothing_of_the_hold_out(layout: Layout, scheme: str) -> None:
    folds = tables.read(layout.folds, table=tables.FOLDS)
    held = set(folds["cine_id"][folds["part"] == "holdout"])
    for cine in held:
        (layout.prepared("coarse") / f"{cine}.tif").unlink(missing_ok=True)
    inputs = read_inputs(layout, arm=tiny.arm(scheme=scheme), seed=7, links=None)
    assert not held & set(inputs.samples.cine_ids)
    assert held
