"""An arm over its folds: what is written, what is kept, and that processes change nothing."""

from pathlib import Path
from typing import Any

import pytest

from cinemyo import tables
from cinemyo.config import Arm, Split
from cinemyo.errors import SplitError
from cinemyo.evaluation.scoring import Scored, score
from cinemyo.folds import of_folds, split_of
from cinemyo.layout import Layout
from cinemyo.models.classifier import load_model
from cinemyo.persons import permuted
from cinemyo.training.arm import ArmResult, Outputs, run_arm, work_folder
from cinemyo.training.data import read_inputs
from tests.training import study, tiny

SHORT = {"fit": {"epochs": 2}}


def run(layout: Layout, *, out: Path, arm: Arm, workers: int = 1) -> ArmResult:
    inputs = read_inputs(layout, arm=arm, seed=7, links=None)
    work = work_folder(layout)
    return run_arm(arm, name="tiny", seed=4, inputs=inputs, out=Outputs.under(out), work=work, workers=workers)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def done(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    run(layout, out=out, arm=tiny.arm(**SHORT))
    return out


def test_an_arm_writes_a_model_per_fold_and_two_tables(done: Path) -> None:
    models = [f"models/fold{fold}.safetensors" for fold in range(3)]
    assert sorted(files(done)) == sorted([*models, "predictions.csv", "history.csv"])


def test_every_prepared_cine_of_the_folds_is_tested_once(done: Path, layout: Layout) -> None:
    answers = tables.read(done / "predictions.csv", table=tables.predictions("pathology"))
    tested = answers["cine_id"][answers["set"] == "test"]
    assert sorted(tested) == sorted(read_inputs(layout, arm=tiny.arm(**SHORT), seed=7, links=None).samples.cine_ids)


def test_history_has_all_folds_and_epochs(done: Path) -> None:
    history = tables.read(done / "history.csv", table=tables.HISTORY)
    assert list(zip(history["fold"], history["epoch"], strict=True)) == [(f, e) for f in range(3) for e in (1, 2)]


def test_work_in_progress_is_cleared_on_success(done: Path, layout: Layout) -> None:
    assert not list(work_folder(layout).glob("*"))


def test_a_written_model_loads(done: Path) -> None:
    arm = tiny.arm(**SHORT)
    assert load_model(done / "models" / "fold2.safetensors", arm=arm, n_classes=3, side=tiny.SIDE)


def scored(layout: Layout, *, out: Path, arm: Arm, seed: int = 7) -> Scored:
    return score(
        tables.read(out / "predictions.csv", table=tables.predictions(arm.target)),
        name="tiny",
        arm=arm,
        folds=tables.read(layout.folds, table=tables.FOLDS),
        cines=tables.read(layout.cines, table=tables.CINES),
        labels=tables.read(layout.labels, table=tables.LABELS),
        prepared=set(study.cine_ids(layout)),
        seed=seed,
    )


def test_the_truths_of_a_control_are_its_permuted_labels_and_evaluation_takes_no_others(
    layout: Layout, tmp_path: Path
) -> None:
    arm = tiny.arm(fit={"epochs": 1}, labels="permuted")
    run(layout, out=tmp_path, arm=arm)
    cines, labels = (
        tables.read(path, table=table) for path, table in ((layout.cines, tables.CINES), (layout.labels, tables.LABELS))
    )
    folds = tables.read(layout.folds, table=tables.FOLDS)
    shared = of_folds(cines, folds=folds, scheme="honest")
    given = permuted(labels, cines=shared, seed=7).set_index("cine_id")["pathology"]
    answers = tables.read(tmp_path / "predictions.csv", table=tables.predictions("pathology"))
    assert (answers["truth"] == answers["cine_id"].map(given)).all()
    assert scored(layout, out=tmp_path, arm=arm).is_control
    for other in ({"arm": tiny.arm(fit={"epochs": 1})}, {"arm": arm, "seed": 8}):
        with pytest.raises(SplitError, match=r"expected the truth of labels\.csv"):
            scored(layout, out=tmp_path, **other)


def test_the_double_split_of_the_paper_trains_watches_and_tests_on_its_own_parts(tmp_path: Path) -> None:
    layout = study.write(tmp_path, split=Split(protocol="paper", folds=3, holdout_share=0, links=None))
    arm = tiny.arm(**SHORT, scheme="paper_holdout")
    done = run(layout, out=tmp_path / "out", arm=arm)
    folds, cines = (
        tables.read(path, table=table) for path, table in ((layout.folds, tables.FOLDS), (layout.cines, tables.CINES))
    )
    split = split_of(folds, scheme="paper_holdout", fold=0, cines=cines)
    answered = {name: set(rows["cine_id"]) for name, rows in done.predictions.groupby("set")}
    here = set(study.cine_ids(layout))
    assert answered == {"validation": set(split.validation) & here, "test": set(split.test) & here}
    assert done.history["selected"].tolist() == [False, True]
    assert done.history["validation_loss"].notna().all()
    assert len(scored(layout, out=tmp_path / "out", arm=arm).answers) == len(answered["test"])


def relabelled(layout: Layout, *, cines: set[str]) -> None:
    """Moves the pathology of these cines to the next class."""
    labels = tables.read(layout.labels, table=tables.LABELS)
    other = labels["pathology"].map({"normal": "hcm", "hcm": "dcm", "dcm": "normal"})
    labels["pathology"] = labels["pathology"].mask(labels["cine_id"].isin(cines), other)
    tables.write(labels, table=tables.LABELS, path=layout.labels)


def test_labels_of_the_holdout_change_no_byte(done: Path, tmp_path: Path) -> None:
    layout = study.write(tmp_path / "study")
    folds = tables.read(layout.folds, table=tables.FOLDS)
    held = set(folds["cine_id"][folds["part"] == "holdout"])
    assert held
    relabelled(layout, cines=held)
    run(layout, out=tmp_path / "out", arm=tiny.arm(**SHORT))
    assert files(tmp_path / "out") == files(done)


def test_labels_of_the_double_split_s_test_part_change_no_model(tmp_path: Path) -> None:
    layout = study.write(tmp_path / "study", split=Split(protocol="paper", folds=3, holdout_share=0, links=None))
    arm = tiny.arm(fit={"epochs": 1}, scheme="paper_holdout")
    before = run(layout, out=tmp_path / "before", arm=arm)
    folds = tables.read(layout.folds, table=tables.FOLDS)
    relabelled(layout, cines=set(folds["cine_id"][(folds["scheme"] == arm.scheme) & (folds["part"] == "test")]))
    after = run(layout, out=tmp_path / "after", arm=arm)
    assert files(tmp_path / "after" / "models") == files(tmp_path / "before" / "models")
    assert after.history.equals(before.history)
    assert after.predictions.drop(columns="truth").equals(before.predictions.drop(columns="truth"))
    assert not after.predictions["truth"].equals(before.predictions["truth"])


@pytest.mark.slow
def test_two_processes_give_the_bytes_of_one(done: Path, layout: Layout, tmp_path: Path) -> None:
    run(layout, out=tmp_path, arm=tiny.arm(**SHORT), workers=2)
    assert files(tmp_path) == files(done)


def test_another_pseudonym_key_gives_the_same_models(done: Path, tmp_path: Path) -> None:
    other = study.write(tmp_path / "study", key="other")
    run(other, out=tmp_path / "out", arm=tiny.arm(**SHORT))
    models = {name: content for name, content in files(done).items() if name.startswith("models")}
    assert {name: files(tmp_path / "out")[name] for name in models} == models


def test_finished_folds_are_kept_when_a_later_one_fails(
    layout: Layout, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cinemyo.training import fit as fitting

    trained: list[int] = []
    train = fitting._train

    def fail_at_fold_1(task: Any, **given: Any) -> Any:
        if task.split.fold == 1 and not trained.count(1):
            trained.append(1)
            raise ConnectionAbortedError
        trained.append(task.split.fold)
        return train(task, **given)

    monkeypatch.setattr(fitting, "_train", fail_at_fold_1)
    with pytest.raises(ConnectionAbortedError):
        run(layout, out=tmp_path, arm=tiny.arm(**SHORT))
    assert files(tmp_path) == {}
    run(layout, out=tmp_path, arm=tiny.arm(**SHORT))
    assert trained == [0, 1, 1, 2]
    assert files(tmp_path) == files(done)


def test_the_places_of_a_study_are_those_of_its_layout(layout: Layout) -> None:
    out = Outputs.of(layout, arm="dual")
    assert (out.models, out.predictions) == (layout.models("dual"), layout.predictions("dual"))
