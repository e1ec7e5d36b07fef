"""In which precision a fit multiplies: the configuration's word as Lightning's, and as a context of torch's."""

from contextlib import AbstractContextManager
from typing import Any, Literal

import torch

from cinemyo.config import Fit
from cinemyo.training.answer import device


def lightning_precision(fit: Fit) -> Literal["bf16-mixed", "32-true"]:
    """As Lightning calls it."""
    wanted = {"float32": False, "bfloat16": True, "device": device().type == "cuda"}
    return "bf16-mixed" if wanted[fit.precision] else "32-true"


def computing(fit: Fit) -> AbstractContextManager[Any]:
    """The same for what is computed outside Lightning."""
    return torch.autocast(device().type, torch.bfloat16, enabled=lightning_precision(fit) == "bf16-mixed")
