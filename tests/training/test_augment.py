"""Draws keyed per cine, and what they do to images."""

import numpy as np
import pytest
import torch

from cinemyo.config import Augment
from cinemyo.training.augment import COLUMNS, affine, apply, changes_nothing, draws, gains, keys_of

NONE = Augment(zoom=0, rotation_degrees=0, shift=0, flip=False, gain=0, fill="border")
PAPER = NONE.model_copy(update={"zoom": 0.15, "rotation_degrees": 20, "shift": 0.15})
GOLDEN = [0.17385530886130174, 0.669499425291147, 0.3899011710511828]
NAMES = [f"digest {number}" for number in range(500)]


def drawn(column: str, value: float) -> np.ndarray:
    """One cine whose draws are all in the middle but one."""
    values = np.full((1, len(COLUMNS)), 0.5)
    values[0, COLUMNS.index(column)] = value
    return values


def moved(image: torch.Tensor, column: str, value: float, augment: Augment) -> torch.Tensor:
    values = drawn(column, value)
    matrices = torch.from_numpy(affine(values, augment=augment))
    factors = torch.from_numpy(gains(values, augment=augment))
    return apply(image[None, None], matrices=matrices, factors=factors, augment=augment)[0, 0]


def test_a_removed_cine_changes_no_other_cine_s_draw() -> None:
    whole = draws(keys_of(NAMES, seed=1), epoch=3)
    fewer = draws(keys_of(NAMES[:7] + NAMES[8:], seed=1), epoch=3)
    assert np.array_equal(np.delete(whole, 7, axis=0), fewer)


@pytest.mark.parametrize(("seed", "epoch"), [(2, 3), (1, 4)])
def test_another_seed_or_epoch_draws_otherwise(seed: int, epoch: int) -> None:
    assert not np.isclose(draws(keys_of(NAMES, seed=seed), epoch=epoch), draws(keys_of(NAMES, seed=1), epoch=3)).any()


def test_draws_are_uniform_and_independent() -> None:
    values = np.concatenate([draws(keys_of(NAMES, seed=1), epoch=epoch) for epoch in range(20)])
    assert values.min() >= 0
    assert values.max() < 1
    assert np.abs(values.mean(axis=0) - 0.5).max() < 0.01
    assert np.abs(np.corrcoef(values.T) - np.eye(len(COLUMNS))).max() < 0.03


def test_first_draws_are_golden() -> None:
    assert draws(keys_of(["golden"], seed=2021), epoch=0)[0, :3] == pytest.approx(GOLDEN, abs=1e-12)


def test_no_augmentation_returns_the_images() -> None:
    image = torch.rand(8, 8)
    assert torch.equal(moved(image, "zoom", 1.0, NONE), image)


@pytest.mark.parametrize("field", ["zoom", "rotation_degrees", "shift", "gain", "flip"])
def test_every_field_counts_as_a_change(field: str) -> None:
    assert changes_nothing(NONE)
    assert not changes_nothing(NONE.model_copy(update={field: 1 if field != "flip" else True}))


def test_a_shift_moves_by_its_share_of_the_side() -> None:
    image = torch.zeros(20, 20)
    image[10, 10] = 1
    shifted = moved(image, "shift_rows", 1.0, PAPER.model_copy(update={"shift": 0.1}))
    assert shifted.argmax() == (10 - 2) * 20 + 10


def test_a_flip_mirrors_columns_alone() -> None:
    image = torch.rand(8, 8)
    flip = NONE.model_copy(update={"flip": True})
    assert torch.allclose(moved(image, "flip", 0.2, flip), image.flip(1), atol=1e-6)
    assert torch.allclose(moved(image, "flip", 0.8, flip), image, atol=1e-6)


def test_a_quarter_turn_is_exact() -> None:
    image = torch.rand(8, 8)
    turned = moved(image, "rotation", 1.0, NONE.model_copy(update={"rotation_degrees": 90}))
    assert torch.allclose(turned, torch.rot90(image), atol=1e-5)


def test_zoom_keeps_the_shape_of_the_heart() -> None:
    matrix = affine(drawn("zoom", 1.0), augment=PAPER)[0]
    assert matrix[0, 0] == pytest.approx(1 / 1.15)
    assert matrix[0, 0] == matrix[1, 1]


def test_all_phases_of_a_cine_move_alike() -> None:
    image = torch.rand(16, 16)
    values = draws(keys_of(["a"], seed=1), epoch=0)
    matrices, factors = affine(values, augment=PAPER), gains(values, augment=PAPER)
    both = apply(
        torch.stack([image, image])[None],
        matrices=torch.from_numpy(matrices),
        factors=torch.from_numpy(factors),
        augment=PAPER,
    )[0]
    assert torch.equal(both[0], both[1])
    assert not torch.equal(both[0], image)


def test_gain_stays_between_0_and_1() -> None:
    bright = moved(torch.ones(4, 4), "gain", 0.99, NONE.model_copy(update={"gain": 0.5}))
    dark = moved(torch.ones(4, 4), "gain", 0.0, NONE.model_copy(update={"gain": 0.5}))
    assert bool((bright == 1).all())
    assert bool(torch.isclose(dark, torch.tensor(0.5)).all())


@pytest.mark.parametrize(("fill", "edge"), [("border", 1.0), ("zeros", 0.0)])
def test_the_border_is_filled_as_configured(fill: str, edge: float) -> None:
    shifted = moved(torch.ones(10, 10), "shift_columns", 1.0, PAPER.model_copy(update={"fill": fill}))
    assert float(shifted[5, 9]) == pytest.approx(edge)
