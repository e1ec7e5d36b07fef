"""One fit: it learns, resumes, repeats itself to the byte, and never looks at the labels of its test fold."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from cinemyo.errors import TrainingError
from cinemyo.training import fit as fitting
from cinemyo.training import recorder, state
from cinemyo.training.data import Samples
from cinemyo.training.fit import fit
from cinemyo.training.task import FitResult, Task
from tests.cohort import name
from tests.training import tiny

NO_CHANGE = {"zoom": 0, "rotation_degrees": 0, "shift": 0, "gain": 0}


def content(task: Task) -> bytes:
    """All bytes of the finished fold."""
    fit(task)
    return (task.folder / "finished.safetensors").read_bytes()


def same(one: FitResult, other: FitResult) -> bool:
    tensors = all(torch.equal(value, other.tensors[key]) for key, value in one.tensors.items())
    return tensors and one.history == other.history


def relabelled(samples: Samples, cine_ids: tuple[str, ...]) -> Samples:
    """The samples with the classes of these cines exchanged."""
    targets, positions = samples.targets.clone(), samples.positions(cine_ids)
    targets[positions] = (targets[positions] + 1) % 3
    return replace(samples, targets=targets)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Task, FitResult]:
    """The tiny fit, four epochs."""
    task = tiny.task(tmp_path_factory.mktemp("plain"))
    return task, fit(task)


def test_a_fit_learns_where_the_spot_is(tmp_path: Path) -> None:
    result = fit(tiny.task(tmp_path, fit={"epochs": 14}, of=tiny.samples(90, of=tiny.arm())))
    assert result.history[-1]["validation_accuracy"] >= 0.9
    rows = [row for row in result.predictions if row["set"] == "test"]
    assert sum(row[f"p_{row['truth']}"] > 0.5 for row in rows) >= 0.9 * len(rows)


def test_the_same_seed_gives_the_same_bytes(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    assert content(plain[0]) == content(tiny.task(tmp_path))


@pytest.mark.parametrize("threads", [1, 2])
def test_bytes_do_not_depend_on_the_threads_of_the_caller(
    plain: tuple[Task, FitResult], tmp_path: Path, threads: int
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert content(plain[0]) == content(tiny.task(tmp_path))
    finally:
        torch.set_num_threads(before)


def test_another_seed_gives_another_model(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    assert not same(plain[1], fit(tiny.task(tmp_path, seed=2)))


def test_pseudonyms_do_not_change_the_model(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    samples = plain[0].samples
    renamed = replace(samples, cine_ids=tuple(name("c", cine, key="other") for cine in samples.cine_ids))
    assert same(plain[1], fit(tiny.task(tmp_path, of=renamed)))


@pytest.mark.parametrize("select", ["last", "best_validation"])
def test_labels_of_the_test_fold_change_no_byte_of_model_or_chosen_epoch(tmp_path: Path, select: str) -> None:
    before = tiny.task(tmp_path, fit={"select": select})
    changed = relabelled(before.samples, before.split.test)
    after = replace(before, samples=changed, work=tmp_path / "other")
    first, second = fit(before), fit(after)
    assert same(first, second)
    assert first.predictions != second.predictions


def test_labels_of_training_do_change_the_model(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    task = plain[0]
    changed = replace(task, samples=relabelled(task.samples, task.split.train), work=tmp_path)
    assert not same(plain[1], fit(changed))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fit": {"select": "best_validation"}},
        {"fit": {"optimiser": "sgd", "schedule": "one_cycle"}, "backbone": {"train_from": "layer3"}},
        {"augment": NO_CHANGE, "backbone": {"train_from": "nothing"}},
    ],
    ids=["last", "best", "sgd", "frozen"],
)
def test_a_fit_stopped_after_epoch_2_resumes_to_the_same_bytes(
    tmp_path: Path, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, stopped = tiny.task(tmp_path / "whole", **changes), tiny.task(tmp_path / "stopped", **changes)
    written: list[int] = []

    def write(path: Path, saved: state.Saved) -> None:
        if len(written) == 2:
            raise ConnectionAbortedError
        written.append(1)
        state.write(path, saved)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "state", _Patched(write))
        with pytest.raises(ConnectionAbortedError):
            fit(stopped)
    kept = state.read(stopped.folder / "epoch.safetensors")
    assert kept is not None
    assert len(kept.facts["history"]) == 2
    assert content(stopped) == content(whole)


class _Patched:
    """The module `state` with another `write`."""

    def __init__(self, write: Any) -> None:
        self.write = write

    def __getattr__(self, attribute: str) -> Any:
        return getattr(state, attribute)


def test_a_fit_stopped_after_its_last_epoch_is_not_trained_again(
    plain: tuple[Task, FitResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = tiny.task(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "probabilities", _abort)
        with pytest.raises(ConnectionAbortedError):
            fit(task)
    monkeypatch.setattr("pytorch_lightning.Trainer.fit", _abort)
    assert same(fit(task), plain[1])


def _abort(*_: Any, **__: Any) -> None:
    raise ConnectionAbortedError


def test_a_broken_state_starts_the_fold_anew(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    task = tiny.task(tmp_path)
    task.folder.mkdir(parents=True)
    (task.folder / "epoch.safetensors").write_bytes(b"half of it")
    assert same(fit(task), plain[1])


def test_a_finished_fold_is_not_trained_again(plain: tuple[Task, FitResult], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_train", _abort)
    assert same(fit(plain[0]), plain[1])


def test_a_finished_fold_leaves_no_epoch_state(plain: tuple[Task, FitResult]) -> None:
    assert [path.name for path in plain[0].folder.iterdir()] == ["finished.safetensors"]


def test_history_has_a_row_per_epoch_and_the_last_is_kept(plain: tuple[Task, FitResult]) -> None:
    history = plain[1].history
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert [row["selected"] for row in history] == [False, False, False, True]


def test_the_best_epoch_is_that_of_the_lowest_validation_loss_and_its_model_answers(tmp_path: Path) -> None:
    task = tiny.task(tmp_path, fit={"select": "best_validation", "learning_rate": 0.05, "epochs": 5})
    result = fit(task)
    losses = [row["validation_loss"] for row in result.history]
    chosen = [row["epoch"] for row in result.history if row["selected"]]
    assert chosen == [losses.index(min(losses)) + 1]
    rows = [row for row in result.predictions if row["set"] == "validation"]
    shares = torch.tensor([[row[f"p_{label}"] for label in ("normal", "hcm", "dcm")] for row in rows])
    truth = torch.tensor([("normal", "hcm", "dcm").index(row["truth"]) for row in rows])
    assert float(functional.nll_loss(shares.log(), truth)) == pytest.approx(min(losses), rel=1e-4)


def test_validation_and_test_are_answered_and_training_is_not(plain: tuple[Task, FitResult]) -> None:
    task, result = plain
    answered = {kind: [row["cine_id"] for row in result.predictions if row["set"] == kind] for kind in task.answered}
    assert answered == {"validation": list(task.split.validation), "test": list(task.split.test)}
    assert len(result.predictions) == len(task.split.validation) + len(task.split.test)


def test_probabilities_sum_to_one(plain: tuple[Task, FitResult]) -> None:
    for row in plain[1].predictions:
        assert row["p_normal"] + row["p_hcm"] + row["p_dcm"] == pytest.approx(1)


def test_a_scheme_of_the_paper_selects_nothing_and_tells_the_curve_of_its_part(tmp_path: Path) -> None:
    result = fit(tiny.task(tmp_path, scheme="paper", fit={"epochs": 2}))
    assert {row["set"] for row in result.predictions} == {"test"}
    assert all(row["validation_loss"] is not None for row in result.history)


def test_cines_without_a_label_are_answered_and_not_trained_on(tmp_path: Path) -> None:
    task = tiny.task(tmp_path, fit={"epochs": 1})
    task.samples.targets[task.samples.positions([task.split.train[0], task.split.test[0]])] = -1
    assert len(task.learnt) == len(task.split.train) - 1
    answers = {row["cine_id"]: row["truth"] for row in fit(task).predictions}
    assert answers[task.split.test[0]] is None


def test_a_part_without_labels_leaves_the_curve_empty(tmp_path: Path) -> None:
    task = tiny.task(tmp_path, fit={"epochs": 1})
    task.samples.targets[task.samples.positions(task.split.validation)] = -1
    assert fit(task).history[0]["validation_loss"] is None


def test_selection_without_labelled_validation_is_refused(tmp_path: Path) -> None:
    task = tiny.task(tmp_path, fit={"select": "best_validation"})
    task.samples.targets[task.samples.positions(task.split.validation)] = -1
    with pytest.raises(TrainingError, match="to select an epoch on"):
        fit(task)


def test_training_without_labels_is_refused(tmp_path: Path) -> None:
    task = tiny.task(tmp_path)
    task.samples.targets[task.samples.positions(task.split.train)] = -1
    with pytest.raises(TrainingError, match="arm tiny, fold 0: expected labelled cines to train on"):
        fit(task)


def test_a_loss_that_is_no_number_names_arm_fold_and_epoch(tmp_path: Path) -> None:
    wild = {"optimiser": "sgd", "learning_rate": 1e30, "schedule": "constant"}
    with pytest.raises(TrainingError, match=r"arm tiny, fold 0, epoch \d: .*lower fit.learning_rate"):
        fit(tiny.task(tmp_path, fit=wild))


def test_frozen_features_are_computed_once_and_their_backbone_stays(tmp_path: Path) -> None:
    frozen = {"augment": NO_CHANGE, "backbone": {"train_from": "nothing"}}
    short, long = (fit(tiny.task(tmp_path, **frozen, fit={"epochs": epochs})) for epochs in (1, 3))
    changed = {key for key, value in short.tensors.items() if not torch.equal(value, long.tensors[key])}
    assert changed == {"head.1.weight", "head.1.bias"}


def test_dropout_is_drawn_in_training_on_frozen_features(tmp_path: Path) -> None:
    frozen = {"augment": NO_CHANGE, "backbone": {"train_from": "nothing"}, "fit": {"epochs": 1}}
    with_dropout, without = (fit(tiny.task(tmp_path, **frozen, head={"dropouts": drop})) for drop in ([0.5], [0.0]))
    assert not torch.equal(with_dropout.tensors["head.1.weight"], without.tensors["head.1.weight"])


def test_a_fit_leaves_the_process_as_it_was(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    before = torch.get_rng_state(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    fit(tiny.task(tmp_path, fit={"epochs": 1}))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before[1:]


def test_a_watcher_is_told_every_epoch_once(tmp_path: Path) -> None:
    told: list[int] = []
    fit(tiny.task(tmp_path, fit={"epochs": 2}), watch=lambda history: told.append(len(history)))
    assert told == [1, 2]


def test_a_fit_that_its_watcher_ended_goes_on_where_it_was(plain: tuple[Task, FitResult], tmp_path: Path) -> None:
    def end(history: Sequence[dict[str, Any]]) -> None:
        if len(history) == 2:
            raise ConnectionAbortedError

    task = tiny.task(tmp_path)
    with pytest.raises(ConnectionAbortedError):
        fit(task, watch=end)
    told: list[int] = []
    assert same(fit(task, watch=lambda history: told.append(len(history))), plain[1])
    assert told == [2, 3, 4]


def test_states_are_not_written_more_often_than_a_device_asks(
    plain: tuple[Task, FitResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PAUSE_S", {"cpu": 3600.0})
    written: list[int] = []

    def write(path: Path, saved: state.Saved) -> None:
        written.append(len(saved.facts["history"]))
        state.write(path, saved)

    monkeypatch.setattr(recorder, "state", _Patched(write))
    assert same(fit(tiny.task(tmp_path)), plain[1])
    assert written == [4]
