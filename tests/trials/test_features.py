"""Frozen features of crops."""

from pathlib import Path

import numpy as np
import pytest
import torch

from cinemyo.config import Backbone, Leakage
from cinemyo.errors import ConfigError, TableError
from cinemyo.layout import Layout
from cinemyo.trials.features import gray_values, network_features, phase_features
from tests.training import study, tiny

SETTINGS = Leakage(features="pixels", recipe="coarse", crop_px=32, partitions=5, logit_sd=3)
BACKBONE = Backbone.model_validate(tiny.VALUES["backbone"])


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return study.write(tmp_path_factory.mktemp("study"))


def crops(count: int = 70) -> torch.Tensor:
    return tiny.samples(count, of=tiny.arm()).images


def test_gray_values_are_means_of_cells() -> None:
    image = torch.zeros(1, 2, 32, 32, dtype=torch.uint8)
    image[0, 1, 0:2, 2:4] = 51
    found = gray_values(image)
    assert found.shape == (1, 2, 256)
    assert found[0, 1, 1] == pytest.approx(0.2)
    assert found.sum() == pytest.approx(0.2)


@pytest.mark.parametrize("side", [16, 33, 64])
def test_gray_values_keep_the_mean_of_any_crop(side: int) -> None:
    found = gray_values(torch.full((1, 2, side, side), 102, dtype=torch.uint8))
    assert found == pytest.approx(np.full((1, 2, 256), 0.4), abs=1e-6)


def test_each_phase_has_the_features_of_its_own_image() -> None:
    images = crops(4)
    whole = network_features(images, backbone=BACKBONE, seed=1)
    swapped = network_features(images.flip(1), backbone=BACKBONE, seed=1)
    assert whole.shape == (4, 2, 16)
    assert swapped[:, ::-1] == pytest.approx(whole, abs=1e-6)
    assert not np.allclose(whole[:, 0], whole[:, 1])


def test_features_of_a_cine_do_not_hang_on_the_others() -> None:
    images = crops()
    whole = network_features(images, backbone=BACKBONE, seed=1)
    assert network_features(images[66:], backbone=BACKBONE, seed=1) == pytest.approx(whole[66:], abs=1e-6)


def test_a_network_without_weights_is_drawn_by_the_seed() -> None:
    one, again, other = (network_features(crops(2), backbone=BACKBONE, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)


def test_torch_s_generator_is_left_as_it_was() -> None:
    before = torch.get_rng_state()
    network_features(crops(2), backbone=BACKBONE, seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_features_come_in_the_order_of_the_cines(layout: Layout) -> None:
    ids = study.cine_ids(layout)[:3]
    found = phase_features(layout, settings=SETTINGS, cine_ids=ids, seed=1)
    turned = phase_features(layout, settings=SETTINGS, cine_ids=ids[::-1], seed=1)
    assert np.array_equal(turned[::-1], found)


def test_settings_choose_between_pixels_and_a_network(layout: Layout) -> None:
    ids = study.cine_ids(layout)[:2]
    network = SETTINGS.model_copy(update={"features": BACKBONE})
    assert phase_features(layout, settings=SETTINGS, cine_ids=ids, seed=1).shape == (2, 2, 256)
    assert phase_features(layout, settings=network, cine_ids=ids, seed=1).shape == (2, 2, 16)


def test_a_crop_too_small_for_the_network_is_refused() -> None:
    vgg = BACKBONE.model_copy(update={"name": "vgg11", "cam_layer": "features.18", "options": {}})
    with pytest.raises(ConfigError, match="a side that the backbone accepts"):
        network_features(torch.zeros(1, 2, 8, 8, dtype=torch.uint8), backbone=vgg, seed=1)


def test_an_absent_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no file"):
        phase_features(Layout("tiny", tmp_path), settings=SETTINGS, cine_ids=["c-" + "a" * 16], seed=1)
