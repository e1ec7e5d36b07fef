"""One fit over two processes: the fit of one within rounding, whatever the shares of a batch are."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch

from cinemyo.errors import ConfigError, SetupError, TrainingError
from cinemyo.training import distributed
from cinemyo.training.augment import keys_of
from cinemyo.training.data import Shuffled
from cinemyo.training.distributed import ALONE, VARIABLE, Share, devices, own_rows, side_by_side
from cinemyo.training.fit import fit
from cinemyo.training.task import FitResult, Task
from tests.training import tiny

HALVES = (Share(0, 2), Share(1, 2))


def shuffled(task: Task) -> Shuffled:
    keys = keys_of(task.digests(task.learnt), seed=task.seed)
    return Shuffled(task.learnt, keys, task.arm.augment, task.arm.fit.batch_size, lambda: 0)


def test_the_shares_of_a_batch_are_the_batch(tmp_path: Path) -> None:
    batches = shuffled(tiny.task(tmp_path, fit={"batch_size": 7}))
    parts = [list(own_rows(batches, share=share, where="here")) for share in HALVES]
    for whole, first, second in zip(batches, *parts, strict=True):
        mixed = torch.empty_like(whole.positions)
        mixed[0::2], mixed[1::2] = first.positions, second.positions
        assert torch.equal(mixed, whole.positions)


def test_one_device_takes_the_batches_as_they_are(tmp_path: Path) -> None:
    batches = shuffled(tiny.task(tmp_path))
    assert own_rows(batches, share=ALONE, where="here") is batches


def test_a_batch_without_a_cine_for_each_device_is_refused(tmp_path: Path) -> None:
    batches = shuffled(tiny.task(tmp_path, fit={"batch_size": 1}))
    with pytest.raises(ConfigError, match="expected batches of 2 cines at least, got one of 1; raise"):
        own_rows(batches, share=HALVES[0], where="here")


@pytest.mark.parametrize("said", ["two", "0", "-1"])
def test_a_number_of_devices_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(VARIABLE, said)
    with pytest.raises(ConfigError, match=f"{VARIABLE}: expected a number from 1"):
        devices()


def test_without_a_word_it_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert devices() == 1


def test_more_devices_than_cards_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "4")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError, match="from 1 to 2, got '4'"):
        devices()


def test_a_search_that_watches_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    with pytest.raises(ConfigError, match="expected one device where a search watches the fit, got 2"):
        fit(tiny.task(tmp_path), watch=lambda history: None)


@pytest.fixture
def halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that passes for the first of two; the other one has the same values."""
    monkeypatch.setattr(distributed, "_summed", lambda value: 2 * value)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)


def test_normalisation_and_its_running_statistics_are_those_of_the_whole_batch(halved: None) -> None:
    torch.manual_seed(0)
    rows = torch.randn(3, 4, 5, 5)
    whole, shared = (torch.nn.BatchNorm2d(4).train() for _ in range(2))
    expected = whole(torch.cat([rows, rows]))[:3]
    with distributed._WholeBatch(6):
        torch.testing.assert_close(shared(rows), expected)
    torch.testing.assert_close(shared.running_mean, whole.running_mean)
    torch.testing.assert_close(shared.running_var, whole.running_var)


def test_frozen_normalisation_is_left_alone(halved: None) -> None:
    rows, layer = torch.randn(3, 4, 5, 5), torch.nn.BatchNorm2d(4).eval()
    with distributed._WholeBatch(6):
        assert torch.equal(layer(rows), layer(rows))


def test_dropout_takes_its_rows_of_the_mask_of_the_whole_batch(halved: None) -> None:
    layer = torch.nn.Dropout(0.5).train()
    torch.manual_seed(1)
    expected = layer(torch.ones(6, 8))[0::2]
    torch.manual_seed(1)
    with distributed._WholeBatch(6):
        assert torch.equal(layer(torch.ones(3, 8)), expected)


def refuse(given: tuple[Any, Share]) -> None:
    """The second process refuses; the first would wait for ever."""
    if given[1].rank:
        raise TrainingError("arm tiny, fold 0", expected="a", got="b", remedy="c")
    time.sleep(300)


def fail(given: tuple[Any, Share]) -> None:
    raise KeyError("no such thing")


@pytest.mark.slow
def test_a_fault_of_one_process_ends_all() -> None:
    with pytest.raises(TrainingError, match="arm tiny, fold 0"):
        side_by_side(refuse, None, count=2, where="here")


@pytest.mark.slow
def test_a_failure_of_one_process_is_told() -> None:
    with pytest.raises(SetupError, match=r"here: expected processes that end together, got KeyError"):
        side_by_side(fail, None, count=1, where="here")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[FitResult, FitResult]:
    """A fit with trained normalisation, dropout and uneven batches: by one process and by two.

    Slowly learnt, for pooling and ReLU turn the last bit of a sum into another pixel, and large steps multiply that.
    """
    values: dict[str, Any] = {"optimiser": "sgd", "learning_rate": 5e-4, "select": "best_validation"}
    changes = {"fit": {"epochs": 2, "batch_size": 7, **values}}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        one = fit(tiny.task(tmp_path_factory.mktemp("one"), **changes))
        patch.setenv(VARIABLE, "2")
        task = tiny.task(tmp_path_factory.mktemp("two"), **changes)
        two = fit(task)
        assert [path.name for path in task.folder.iterdir()] == ["finished.safetensors"]
    return one, two


@pytest.mark.slow
def test_two_processes_fit_the_same_model_within_rounding(both: tuple[FitResult, FitResult]) -> None:
    names = sorted(both[0].tensors)
    one, two = (torch.cat([result.tensors[name].double().flatten() for name in names]) for result in both)
    # with statistics of each process's own rows it is 500 times as far
    assert float((two - one).norm() / one.norm()) < 1e-4


@pytest.mark.slow
def test_two_processes_tell_the_same_history(both: tuple[FitResult, FitResult]) -> None:
    curves = [[row[name] for row in result.history for name in ("train_loss", "validation_loss")] for result in both]
    assert curves[1] == pytest.approx(curves[0], rel=2e-3)
    kept = [[(row["epoch"], row["selected"], row["learning_rate"]) for row in result.history] for result in both]
    assert kept[0] == kept[1]


@pytest.mark.slow
def test_two_processes_give_the_same_answers_within_rounding(both: tuple[FitResult, FitResult]) -> None:
    answers = [[row[f"p_{name}"] for row in r.predictions for name in ("normal", "hcm", "dcm")] for r in both]
    assert answers[1] == pytest.approx(answers[0], abs=1e-3)
