"""The word of the configuration, and what it means on this machine."""

import pytest
import torch

from cinemyo.config import Fit
from cinemyo.training import precision
from cinemyo.training.precision import computing, lightning_precision
from tests.training import tiny


def fit(word: str) -> Fit:
    return Fit.model_validate({**tiny.VALUES["fit"], "precision": word})


@pytest.mark.parametrize(("kind", "told"), [("cpu", "32-true"), ("cuda", "bf16-mixed")])
def test_a_device_has_its_own_precision(monkeypatch: pytest.MonkeyPatch, kind: str, told: str) -> None:
    monkeypatch.setattr(precision, "device", lambda: torch.device(kind))
    assert lightning_precision(fit("device")) == told


@pytest.mark.parametrize(("word", "kind"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_what_is_computed_outside_lightning_has_the_fit_s_precision(word: str, kind: torch.dtype) -> None:
    with computing(fit(word)):
        assert torch.nn.functional.linear(torch.ones(1, 2), torch.ones(3, 2)).dtype is kind
