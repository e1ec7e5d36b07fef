"""What an interrupted fit resumes from: one safetensors file per fold, rewritten whole after every epoch."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from cinemyo import tables

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """Tensors by name, and facts that JSON holds."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one part (`model`, `best`, `optimiser`, `generator`), by their own names."""
        prefix = f"{name}."
        return {key.removeprefix(prefix): value for key, value in self.tensors.items() if key.startswith(prefix)}


def write(path: Path, saved: Saved) -> None:
    """Writes tensors and facts as one file, whole or not at all; the same content gives the same bytes."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(saved.tensors.items())}
    tables.write_bytes(path, save(plain, metadata={"facts": json.dumps(saved.facts, sort_keys=True)}))


def read(path: Path) -> Saved | None:
    """What was written; None where there is no file or, after a power failure, no readable one."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return Saved(tensors, json.loads(file.metadata()["facts"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        log.info("%s cannot be read (%s): the fold starts anew", path, error)
        return None


def named(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the name of their part."""
    return {f"{part}.{name}": tensor for name, tensor in tensors.items()}


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Momenta and counters by parameter number and name."""
    entries = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, entry in entries.items()
        for name, value in entry.items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Puts momenta and counters back, in the memory layout of their parameters."""
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for name, value in tensors.items():
        number, entry = name.split(".", 1)
        parameter = parameters[int(number)]
        kept = torch.empty_like(parameter) if value.shape == parameter.shape else torch.empty_like(value)
        optimiser.state[parameter][entry] = kept.copy_(value)


def generator_tensors() -> dict[str, Tensor]:
    """States of torch's generators."""
    devices = {f"cuda{index}": state for index, state in enumerate(torch.cuda.get_rng_state_all())}
    return {"cpu": torch.get_rng_state(), **(devices if torch.cuda.is_available() else {})}


def restore_generators(tensors: Mapping[str, Tensor]) -> None:
    """Puts the generators back; those of a device that this machine lacks are left out."""
    torch.set_rng_state(tensors["cpu"])
    for index in range(torch.cuda.device_count()):
        if f"cuda{index}" in tensors:
            torch.cuda.set_rng_state(tensors[f"cuda{index}"], index)


def changing(model: nn.Module, *, frozen: set[str]) -> dict[str, Tensor]:
    """Copies of the model's tensors that training changes, on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items() if name not in frozen}
