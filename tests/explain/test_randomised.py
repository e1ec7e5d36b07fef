"""Maps of networks without training."""

import pytest
import torch

from cinemyo.explain.randomised import likenesses, untaught
from tests.training.tiny import SIDE, arm


def test_a_map_is_like_itself() -> None:
    grids = [torch.rand(3, 4, 4, generator=torch.Generator().manual_seed(2))]
    assert [value for (value,) in likenesses(grids, second=grids)] == pytest.approx([1, 1, 1])


def test_a_turned_order_of_cells_is_unlike() -> None:
    grid = torch.arange(16.0).reshape(1, 4, 4)
    assert likenesses([grid], second=[-(grid**3)])[0][0] == pytest.approx(-1)


def test_an_even_map_is_like_nothing() -> None:
    assert likenesses([torch.zeros(1, 4, 4)], second=[torch.rand(1, 4, 4)]) == [[None]]


def test_each_phase_is_compared_with_its_own() -> None:
    one, other = torch.rand(2, 3, 3), torch.rand(2, 3, 3)
    found = likenesses([one, other], second=[one, -other])
    assert [value for pair in found for value in pair] == pytest.approx([1, -1, 1, -1])


def test_weights_are_a_matter_of_the_seed() -> None:
    images = torch.rand(2, 2, SIDE, SIDE)
    first, again, other = (untaught(arm(), side=SIDE, seed=seed)(images) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_no_global_draw_is_used() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    untaught(arm(), side=SIDE, seed=1)
    assert torch.equal(torch.rand(1), expected)
