"""One trial over the inner folds: complete, pruned between epochs or folds, failed, interrupted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cinemyo.layout import Layout
from cinemyo.training import fit as fitting
from cinemyo.tuning.pruning import Peer
from cinemyo.tuning.trial import Job, clear, run_trial
from tests.training import study
from tests.tuning import tiny

UNBEATEN = (Peer(0.0, ((0.5, 2.0),)),) * 2
"""Peers that no accuracy reaches."""
LATER = (Peer(0.0, ((0.5, -1.0), (1.5, 2.0))),) * 2
"""Peers that are ahead from the second fold on."""


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"), patients=15)


def job(layout: Layout, work: Path, **changes: Any) -> Job:
    made = tiny.tuning(layout).job(name="rate trial 0", arm=tiny.arm(**changes.pop("arm", {})))
    return replace(made, work=work, **changes)


def fitted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The folds that begin to train from now on."""
    folds: list[int] = []
    train = fitting._train

    def noted(task: Any, **given: Any) -> Any:
        folds.append(task.split.fold)
        return train(task, **given)

    monkeypatch.setattr(fitting, "_train", noted)
    return folds


def test_a_complete_trial_has_every_figure_and_the_whole_curve(layout: Layout, tmp_path: Path) -> None:
    outcome = run_trial(job(layout, tmp_path))
    assert outcome.state == "complete"
    assert set(outcome.figures) == {"accuracy", "nll", "brier", "ece", "gflops"}
    assert [work for work, _ in outcome.curve] == [0.5, 1.0, 1.5, 2.0]


def test_a_trial_is_pruned_between_epochs(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = fitted(monkeypatch)
    outcome = run_trial(job(layout, tmp_path, peers=LATER))
    assert (outcome.state, folds) == ("pruned", [1, 2])
    assert [work for work, _ in outcome.curve] == [0.5, 1.0, 1.5]


def test_a_trial_is_pruned_between_folds(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = fitted(monkeypatch)
    outcome = run_trial(job(layout, tmp_path, peers=UNBEATEN))
    assert (outcome.state, folds, outcome.curve[-1][0]) == ("pruned", [1], 1.0)


def test_a_pruned_trial_is_pruned_again_without_training(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_trial(job(layout, tmp_path, peers=UNBEATEN))
    monkeypatch.setattr("pytorch_lightning.Trainer.fit", lambda *_, **__: pytest.fail("trained again"))
    assert run_trial(job(layout, tmp_path, peers=UNBEATEN)) == first


def test_a_diverged_trial_fails_with_its_reason(layout: Layout, tmp_path: Path) -> None:
    arm = {"fit": {"epochs": 2, "optimiser": "sgd", "learning_rate": 1e30}}
    outcome = run_trial(job(layout, tmp_path, arm=arm))
    assert outcome.state == "failed"
    assert "expected a finite" in outcome.fault


def test_a_network_that_cannot_be_built_fails_its_trial_alone(layout: Layout, tmp_path: Path) -> None:
    outcome = run_trial(job(layout, tmp_path, arm={"backbone": {"train_from": "stage9"}}))
    assert outcome.state == "failed"


def test_an_interrupted_trial_ends_as_an_undisturbed_one(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = run_trial(job(layout, tmp_path / "calm"))
    written = fitting.state.write

    def killed(path: Path, saved: Any) -> None:
        written(path, saved)
        if path.name == "epoch.safetensors" and len(list((tmp_path / "disturbed").iterdir())) == 2:
            raise ConnectionAbortedError

    monkeypatch.setattr(fitting.state, "write", killed)
    with pytest.raises(ConnectionAbortedError):
        run_trial(job(layout, tmp_path / "disturbed"))
    monkeypatch.undo()
    assert run_trial(job(layout, tmp_path / "disturbed")) == calm


def test_clearing_leaves_no_work(layout: Layout, tmp_path: Path) -> None:
    own = job(layout, tmp_path)
    run_trial(own)
    assert list(tmp_path.iterdir())
    clear(own)
    assert not list(tmp_path.iterdir())
