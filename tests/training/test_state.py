"""The file that an interrupted fit resumes from."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cinemyo.training import state
from cinemyo.training.state import Saved

SAVED = Saved({"model.a": torch.arange(3.0), "best.a": torch.zeros(3)}, {"history": [{"epoch": 1, "loss": 0.1}]})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    state.write(tmp_path / "s", SAVED)
    again = state.read(tmp_path / "s")
    assert again is not None
    assert again.facts == SAVED.facts
    assert torch.equal(again.part("model")["a"], torch.arange(3.0))


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        state.write(tmp_path / name, SAVED)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert state.read(tmp_path / "absent") is None


@pytest.mark.parametrize("kept", [0, 5, 60])
def test_a_broken_file_is_no_state(tmp_path: Path, kept: int) -> None:
    state.write(tmp_path / "s", SAVED)
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:kept])
    assert state.read(tmp_path / "s") is None


def test_momenta_come_back_in_the_layout_of_their_parameter() -> None:
    network = nn.Conv2d(4, 4, 3).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters())
    network(torch.rand(1, 4, 8, 8)).sum().backward()
    optimiser.step()
    kept = {name: value.contiguous().clone() for name, value in state.optimiser_tensors(optimiser).items()}
    fresh = torch.optim.AdamW(network.parameters())
    state.restore_optimiser(fresh, kept)
    entry, before = fresh.state[network.weight], optimiser.state[network.weight]
    assert entry["exp_avg"].stride() == network.weight.stride()
    assert torch.equal(entry["exp_avg"], before["exp_avg"])
    assert torch.equal(entry["step"], before["step"])


def test_generators_come_back() -> None:
    with torch.random.fork_rng():
        kept = state.generator_tensors()
        first = torch.rand(3)
        state.restore_generators(kept)
        assert torch.equal(torch.rand(3), first)


def test_copies_leave_out_what_is_frozen() -> None:
    network = nn.Linear(2, 2)
    copies = state.changing(network, frozen={"weight"})
    network.bias.data += 1
    assert set(copies) == {"bias"}
    assert not torch.equal(copies["bias"], network.bias)
