"""A full device: batches in parts give the result of whole ones, or the fit stops with the remedy."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor

from cinemyo.errors import TrainingError
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.training.fit import fit
from cinemyo.training.memory import with_room
from cinemyo.training.task import FitResult
from tests.training import tiny


def unnormalised(**changes: Any) -> dict[str, Any]:
    """The tiny backbone with group instead of batch normalisation."""
    options = {**tiny.VALUES["backbone"]["options"], "norm_layer": "groupnorm1"}
    plain = {"epochs": 2, "optimiser": "sgd"}
    return {"backbone": {"options": options}, "fit": plain, **changes}


def full_above(monkeypatch: pytest.MonkeyPatch, *, cines: int, after: int = 0) -> None:
    """Lets the device be full wherever features of more cines are learnt from, once so many batches have passed."""
    features, passed = PhaseClassifier.features, []

    def limited(self: PhaseClassifier, images: Tensor) -> Tensor:
        passed.append(len(images))
        if torch.is_grad_enabled() and len(images) > cines and len(passed) > after:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return features(self, images)

    monkeypatch.setattr(PhaseClassifier, "features", limited)


def losses(result: FitResult) -> list[float]:
    return [row[name] for row in result.history for name in ("train_loss", "validation_loss")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    """The fit with whole batches."""
    return fit(tiny.task(tmp_path_factory.mktemp("whole"), **unnormalised()))


@pytest.mark.parametrize("after", [0, 6])
def test_batches_in_parts_give_the_result_of_whole_ones(
    whole: FitResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    full_above(monkeypatch, cines=2, after=after)
    parted = fit(tiny.task(tmp_path, **unnormalised()))
    assert losses(parted) == pytest.approx(losses(whole), rel=1e-5)
    for name, tensor in whole.tensors.items():
        torch.testing.assert_close(parted.tensors[name], tensor, rtol=1e-4, atol=1e-6)


def test_each_halving_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full_above(monkeypatch, cines=2)
    with caplog.at_level(logging.WARNING, logger="cinemyo"):
        fit(tiny.task(tmp_path, **unnormalised()))
    told = [record.getMessage() for record in caplog.records]
    assert [line.split("goes on with ")[1] for line in told] == [
        "each batch of 8 in 2 parts",
        "each batch of 8 in 4 parts",
    ]


def test_trained_batch_normalisation_stops_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_above(monkeypatch, cines=4)
    with pytest.raises(TrainingError, match=r"BatchNorm.*is trained.*lower fit.batch_size"):
        fit(tiny.task(tmp_path))


def test_a_device_without_room_for_one_cine_stops_the_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_above(monkeypatch, cines=0)
    with pytest.raises(TrainingError, match=r"room on the device for 1 of the 8 cines.*Tried to allocate"):
        fit(tiny.task(tmp_path, **unnormalised()))


def test_whole_batches_are_tried_first() -> None:
    assert with_room(lambda parts: parts, where="here", batch_size=8) == 1


def test_other_faults_are_not_taken_for_a_full_device() -> None:
    def attempt(_parts: int) -> int:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        with_room(attempt, where="here", batch_size=8)


_GROWTH: Final = """
import resource, sys
from pathlib import Path
from tests.training import tiny
from cinemyo.training.fit import fit

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

work = Path(sys.argv[1])
data = tiny.samples(24, of=tiny.arm())
wide = {"options": {"channels": [32, 32, 64, 64], "stem_width": 8}}
fit(tiny.task(work, of=data, backbone=wide, fit={"epochs": 4}))
few = peak()
fit(tiny.task(work, of=data, backbone=wide, fit={"epochs": 24}))
print(peak() - few)
"""


def test_memory_does_not_grow_with_epochs(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _GROWTH, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # KiB; the tensors of one epoch, with the optimiser's, are 4 000
    assert int(done.stdout.split()[-1]) < 40_000
