"""The classifier of a cine: phases, head, and its file."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cinemyo.config import Head
from cinemyo.errors import ConfigError, WeightsError
from cinemyo.models.classifier import PhaseClassifier, load_model, make_head, save_model
from tests.training import tiny

PAPER_HEAD = Head(pool="flatten", widths=(256, 128, 64), dropouts=(0.25, 0.35, 0.40))


def model(**changes: Any) -> PhaseClassifier:
    torch.manual_seed(0)
    return PhaseClassifier(tiny.arm(**changes), n_classes=3, side=tiny.SIDE)


def test_two_phases_share_no_weights() -> None:
    first, second = model().backbones
    one, other = first.state_dict(), second.state_dict()
    assert any(not torch.equal(value, other[name]) for name, value in one.items())


def test_each_phase_is_seen_by_its_own_backbone_alone() -> None:
    classifier = model().eval()
    images = torch.rand(1, 2, tiny.SIDE, tiny.SIDE)
    half = classifier.features(images).shape[1] // 2
    changed = images.clone()
    changed[:, 1] = 0
    before, after = classifier.features(images), classifier.features(changed)
    assert torch.equal(before[:, :half], after[:, :half])
    assert not torch.equal(before[:, half:], after[:, half:])


@pytest.mark.parametrize("phases", [("diastole",), ("diastole", "systole")])
def test_there_is_a_cam_layer_per_phase(phases: tuple[str, ...]) -> None:
    assert len(model(phases=phases).cam_layers()) == len(phases)


def test_the_paper_s_head_has_its_layers_in_order() -> None:
    head = make_head(PAPER_HEAD, n_features=25_600, n_classes=3)
    told = [getattr(layer, "out_features", getattr(layer, "p", type(layer).__name__)) for layer in head]
    assert told == [256, "ReLU", 0.25, 128, "ReLU", 0.35, 64, "ReLU", 0.40, 3]


def test_flattened_features_count_every_cell_of_every_phase() -> None:
    classifier = model(head={"pool": "flatten"}).eval()
    grown = PhaseClassifier(tiny.arm(head={"pool": "flatten"}), n_classes=3, side=64).eval()
    assert classifier.features(torch.zeros(1, 2, 32, 32)).shape == (1, 2 * 16)
    assert grown.features(torch.zeros(1, 2, 64, 64)).shape == (1, 2 * 16 * 2 * 2)


def test_a_dropout_per_hidden_layer_is_required() -> None:
    with pytest.raises(ConfigError, match="one per hidden layer"):
        make_head(Head(pool="flatten", widths=(8, 4), dropouts=(0.1,)), n_features=4, n_classes=3)


def test_a_linear_head_needs_no_dropout() -> None:
    assert len(make_head(Head(pool="average", widths=(), dropouts=()), n_features=4, n_classes=3)) == 1


def test_measuring_the_grid_leaves_running_statistics_alone() -> None:
    means = [value for name, value in model().state_dict().items() if name.endswith("running_mean")]
    assert all(bool((mean == 0).all()) for mean in means)


def test_a_crop_too_small_for_the_network_is_refused() -> None:
    backbone = {"name": "inception_resnet_v2", "cam_layer": "conv2d_7b", "options": {}}
    with pytest.raises(ConfigError, match="crop of 32 px"):
        model(backbone={**tiny.VALUES["backbone"], **backbone})


def test_a_network_of_tokens_is_refused() -> None:
    backbone = {"name": "test_vit", "cam_layer": "blocks", "options": {"img_size": tiny.SIDE}}
    with pytest.raises(ConfigError, match="a grid of features"):
        model(backbone={**tiny.VALUES["backbone"], **backbone})


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    before, path = model().eval(), tmp_path / "fold0.safetensors"
    save_model(before, arm=tiny.arm(), path=path)
    after = load_model(path, arm=tiny.arm(), n_classes=3, side=tiny.SIDE)
    images = torch.rand(2, 2, tiny.SIDE, tiny.SIDE)
    assert torch.equal(before(images), after(images))


def test_a_saved_model_has_the_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_model(model(), arm=tiny.arm(), path=tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_gradients_reach_every_layer_of_a_loaded_model(tmp_path: Path) -> None:
    arm = tiny.arm(backbone={"train_from": "nothing"})
    save_model(PhaseClassifier(arm, n_classes=3, side=tiny.SIDE), arm=arm, path=tmp_path / "m")
    loaded = load_model(tmp_path / "m", arm=arm, n_classes=3, side=tiny.SIDE)
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert not loaded.training


def test_the_model_of_another_arm_is_refused(tmp_path: Path) -> None:
    save_model(model(), arm=tiny.arm(), path=tmp_path / "m")
    with pytest.raises(WeightsError, match="the model of arm"):
        load_model(tmp_path / "m", arm=tiny.arm(fit={"epochs": 9}), n_classes=3, side=tiny.SIDE)


def test_a_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    save_model(model(), arm=tiny.arm(), path=tmp_path / "m")
    with pytest.raises(WeightsError, match="for 4 classes"):
        load_model(tmp_path / "m", arm=tiny.arm(), n_classes=4, side=tiny.SIDE)


def test_an_absent_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no file"):
        load_model(tmp_path / "m", arm=tiny.arm(), n_classes=3, side=tiny.SIDE)


def test_a_broken_model_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"broken")
    with pytest.raises(WeightsError, match="expected safetensors"):
        load_model(tmp_path / "m", arm=tiny.arm(), n_classes=3, side=tiny.SIDE)
