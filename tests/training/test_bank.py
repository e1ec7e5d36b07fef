"""The bank: the fit without it, shared by folds and epochs, within its budget, whatever stops it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from cinemyo.errors import ConfigError, SetupError, TrainingError
from cinemyo.models.backbone import skeleton
from cinemyo.provenance import sha256
from cinemyo.training import bank as banks
from cinemyo.training import fit as fitting
from cinemyo.training.bank import banked
from cinemyo.training.data import Batch
from cinemyo.training.fit import fit, prepare
from cinemyo.training.task import Task
from tests.training import tiny

NO_CHANGE = {"zoom": 0, "rotation_degrees": 0, "shift": 0, "gain": 0}
BANK = {"draws": 2, "storage": "float32", "budget_gib": 1.0}
FROZEN = {"train_from": "layer3"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tiny backbone from a file, so that all folds begin alike."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    one = skeleton(tiny.arm(backbone={"weights": "imagenet"}).backbone)
    save_file(one.network.state_dict(), path)
    return {**FROZEN, "weights": {"file": str(path), "sha256": sha256(path)}, "mean": 0.5, "std": 0.5}


def histories(work: Path, *, of: dict[str, Any], **changes: Any) -> tuple[list[float], list[float]]:
    """Losses of a fit without and with a bank; SGD, since AdamW's division enlarges differences of rounding."""
    found = []
    for number, bank in enumerate((None, {**BANK, **of})):
        values = {**changes, "fit": {"epochs": 3, "optimiser": "sgd", "bank": bank}}
        history = fit(tiny.task(work / str(number), **values)).history
        found.append([row[name] for row in history for name in ("train_loss", "validation_loss")])
    return found[0], found[1]


@pytest.mark.parametrize("phases", [["systole"], ["diastole", "systole"]], ids=["single", "dual"])
def test_without_augmentation_a_bank_gives_the_losses_of_recomputing(tmp_path: Path, phases: list[str]) -> None:
    plain, own = histories(tmp_path, of={"draws": 8}, augment=NO_CHANGE, backbone=FROZEN, phases=phases)
    assert own == pytest.approx(plain, rel=1e-4)


def test_with_as_many_draws_as_epochs_augmentation_is_that_of_recomputing(tmp_path: Path) -> None:
    plain, own = histories(tmp_path, of={"draws": 3}, backbone=FROZEN)
    assert own == pytest.approx(plain, rel=1e-4)


def test_with_fewer_draws_the_first_come_again(tmp_path: Path) -> None:
    plain, own = histories(tmp_path, of={"draws": 2}, backbone=FROZEN)
    assert own[:4] == pytest.approx(plain[:4], rel=1e-4)
    assert own[4] != pytest.approx(plain[4], rel=1e-3)


def test_16_bit_of_storage_stay_near(tmp_path: Path) -> None:
    plain, own = histories(tmp_path, of={"storage": "float16"}, augment=NO_CHANGE, backbone=FROZEN)
    assert own == pytest.approx(plain, rel=1e-2)


def test_a_network_without_trained_blocks_keeps_its_features_under_augmentation_too(tmp_path: Path) -> None:
    plain, own = histories(tmp_path, of={"draws": 3}, backbone={"train_from": "nothing"})
    assert own == pytest.approx(plain, rel=1e-4)


def test_the_rows_of_a_batch_are_those_of_its_epoch_s_draw(tmp_path: Path, weights: dict[str, Any]) -> None:
    task, source = opened(tmp_path, weights)
    positions = task.learnt[:3]
    empty = torch.zeros(3, 2, 3), torch.ones(3)
    by_epoch = [source.forward(Batch(positions, *empty, epoch)) for epoch in range(4)]
    assert torch.equal(by_epoch[0], by_epoch[2])
    assert torch.equal(by_epoch[1], by_epoch[3])
    assert not torch.equal(by_epoch[0], by_epoch[1])
    assert not torch.equal(by_epoch[0], source.plain(positions))


def opened(work: Path, backbone: dict[str, Any], **changes: Any) -> tuple[Task, banks.BankInput]:
    task = tiny.task(work, backbone=backbone, fit={"bank": {**BANK, **changes}})
    assert task.arm.fit.bank is not None
    with fitting._reproducibly(0, seed=task.seed):
        return task, banked(task, fitting._model(task), bank=task.arm.fit.bank)[1]


def files(work: Path) -> dict[str, bytes]:
    return {path.relative_to(work).as_posix(): path.read_bytes() for path in sorted(work.glob("bank-*/*"))}


def test_a_bank_is_a_file_per_draw_and_one_of_the_crops_as_they_are(tmp_path: Path, weights: dict[str, Any]) -> None:
    opened(tmp_path, weights, storage="float16")
    assert {Path(name).name: len(content) for name, content in files(tmp_path).items()} == dict.fromkeys(
        ("draw0.bin", "draw1.bin", "plain.bin"), 36 * 2 * 8 * 4 * 4 * 2
    )


def test_folds_share_a_bank_where_the_weights_are_a_file_s(tmp_path: Path, weights: dict[str, Any]) -> None:
    chosen: dict[str, Any] = {"backbone": weights, "fit": {"epochs": 1, "bank": BANK}}
    task = tiny.task(tmp_path, **chosen)
    prepare(task)
    before = files(tmp_path)
    other = Task(task.arm, task.name, task.samples, tiny.split(task.samples, fold=1), task.seed, tmp_path)
    fit(task), fit(other)
    assert files(tmp_path) == before


def test_folds_from_scratch_have_banks_of_their_own(tmp_path: Path) -> None:
    task = tiny.task(tmp_path, backbone=FROZEN, fit={"epochs": 1, "bank": BANK})
    prepare(task)
    assert not files(tmp_path)
    other = Task(task.arm, task.name, task.samples, tiny.split(task.samples, fold=1), task.seed, tmp_path)
    fit(task), fit(other)
    assert len(list(tmp_path.glob("bank-*"))) == 2


@pytest.mark.parametrize("cores", [1, 3])
def test_the_bytes_of_a_bank_do_not_depend_on_the_cores(
    tmp_path: Path, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    opened(tmp_path / "two", weights)
    monkeypatch.setattr(banks, "cores", lambda: cores)
    opened(tmp_path / "other", weights)
    assert files(tmp_path / "other") == files(tmp_path / "two")


def test_a_bank_that_was_interrupted_goes_on_with_the_draw_at_hand(
    tmp_path: Path, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path / "whole", weights)
    computed = banks._computed
    asked: list[int] = []

    def stopping(*given: Any, draw: int) -> Any:
        asked.append(draw)
        yield from list(computed(*given, draw=draw))[: 1 if len(asked) == 2 else None]
        if len(asked) == 2:
            raise ConnectionAbortedError

    monkeypatch.setattr(banks, "_computed", stopping)
    with pytest.raises(ConnectionAbortedError):
        opened(tmp_path / "stopped", weights)
    assert [Path(name).name for name in files(tmp_path / "stopped")] == ["plain.bin"]
    opened(tmp_path / "stopped", weights)
    assert asked == [-1, 0, 0, 1]
    assert files(tmp_path / "stopped") == files(tmp_path / "whole")


def test_a_bank_larger_than_its_budget_is_refused_before_anything_is_computed(
    tmp_path: Path, weights: dict[str, Any]
) -> None:
    told = r"fit\.bank\.budget_gib: expected a bank within its budget of 0\.0001 GiB, got 0\.000\d+ GiB for 36 cines"
    with pytest.raises(ConfigError, match=told):
        opened(tmp_path, weights, budget_gib=0.0001)
    assert not files(tmp_path)


def test_a_bank_larger_than_the_disk_is_refused(
    tmp_path: Path, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 10})())
    with pytest.raises(SetupError, match=r"room on the disk for .* GiB of the bank"):
        opened(tmp_path, weights)


def test_an_output_too_large_for_16_bit_is_refused(
    tmp_path: Path, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def enormous(*_given: Any, **_more: Any) -> list[Tensor]:
        return [torch.full((36, 2, 8, 4, 4), 7e4)]

    monkeypatch.setattr(banks, "_computed", enormous)
    with pytest.raises(TrainingError, match=r"set fit\.bank\.storage to float32"):
        opened(tmp_path, weights, storage="float16")
    assert not list(tmp_path.glob("bank-*/*"))


def test_an_arm_that_trains_every_block_has_no_bank(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="frozen blocks whose outputs can be kept"):
        fit(tiny.task(tmp_path, fit={"bank": BANK}))


def test_frozen_tensors_of_a_banked_fit_stay_and_the_others_move(tmp_path: Path, weights: dict[str, Any]) -> None:
    chosen: dict[str, Any] = {"backbone": weights, "fit": {"epochs": 1, "bank": BANK}}
    task = tiny.task(tmp_path, **chosen)
    result = fit(task)
    with fitting._reproducibly(0, seed=task.seed):
        model = fitting._model(task)
    same = {name for name, value in model.state_dict().items() if torch.equal(value, result.tensors[name])}
    assert same == model.frozen_tensors()


def test_labels_do_not_change_a_bank(tmp_path: Path, weights: dict[str, Any]) -> None:
    task, _ = opened(tmp_path, weights)
    before = files(tmp_path)
    task.samples.targets[:] = 0
    again = Task(task.arm, task.name, task.samples, task.split, task.seed, tmp_path)
    assert again.arm.fit.bank is not None
    with fitting._reproducibly(0, seed=again.seed):
        banked(again, fitting._model(again), bank=again.arm.fit.bank)
    assert files(tmp_path) == before
