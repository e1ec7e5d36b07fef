"""Backbones: what every network must keep, and how weights are refused."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import yaml
from safetensors.torch import load_file, save_file

from cinemyo.config import Backbone, WeightsFile
from cinemyo.errors import ConfigError, WeightsError
from cinemyo.models.backbone import build, feature_blocks, input_scaling, skeleton
from tests.shared import WEIGHTS, needs

CONF = Path(__file__).resolve().parents[2] / "conf" / "backbone"
PAPER = ("vgg16", "resnet50v2", "inception_resnet_v2", "densenet201")


def read(name: str, /, **changes: Any) -> Backbone:
    values = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))
    return Backbone.model_validate({**values, **changes})


def tiny(**changes: Any) -> Backbone:
    options = {"channels": [8, 8, 8, 8], "stem_width": 8}
    return read("compact", **{"options": options, **changes})


def test_every_backbone_file_is_a_valid_backbone() -> None:
    assert {read(path.stem).name for path in CONF.glob("*.yaml")} >= {"vgg16", "resnetv2_50", "densenet201"}


@pytest.mark.parametrize("name", PAPER)
def test_input_scaling_of_the_paper_s_backbones_is_that_of_their_weights(name: str) -> None:
    mean, _ = input_scaling(read(name))
    assert mean == ((0.485, 0.456, 0.406) if name in {"vgg16", "densenet201"} else (0.5, 0.5, 0.5))


def test_mean_and_std_of_the_file_in_conf_win() -> None:
    assert input_scaling(tiny(mean=0.1, std=0.2)) == ((0.1,), (0.2,))


def test_a_weights_file_without_mean_is_refused() -> None:
    weights = {"file": "x.safetensors", "sha256": "0" * 64}
    with pytest.raises(ConfigError, match=r"set backbone\.mean"):
        input_scaling(tiny(weights=weights))


def test_a_network_from_scratch_has_one_input_channel() -> None:
    first = next(module for module in build(tiny()).modules() if isinstance(module, torch.nn.Conv2d))
    assert first.in_channels == 1


def test_vgg_blocks_are_its_convolutions_in_order() -> None:
    blocks = feature_blocks(skeleton(read("vgg16")).network)
    assert blocks[:3] == ["features.0", "features.2", "features.5"]
    assert blocks[-3:] == ["features.24", "features.26", "features.28"]


def test_a_block_may_be_named_by_the_start_of_its_name() -> None:
    assert build(tiny(train_from="layer4")).frozen[-1] == "layer3.0"


def test_train_from_nothing_freezes_every_tensor() -> None:
    network = build(tiny(train_from="nothing"))
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert network.frozen_tensors() == set(network.state_dict())


def test_train_from_all_freezes_no_tensor() -> None:
    network = build(tiny())
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert network.frozen_tensors() == set()


def test_running_statistics_of_frozen_blocks_do_not_change_in_training_mode() -> None:
    network = build(tiny(train_from="layer3")).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network(torch.rand(4, 32, 32))
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith(("network.layer3", "network.layer4")) for name in changed)


def test_frozen_blocks_record_no_graph() -> None:
    network = build(tiny(train_from="layer3"))
    seen: list[bool] = []
    for name in ("layer2", "layer3"):
        network.network.get_submodule(name).register_forward_hook(lambda _m, _i, out: seen.append(out.requires_grad))
    network(torch.rand(2, 32, 32))
    assert seen == [False, True]


def test_no_activation_works_in_place() -> None:
    network = skeleton(read("mobilenetv2_local"))
    assert not any(getattr(module, "inplace", False) for module in network.modules())


def test_an_unknown_network_is_refused_with_near_names() -> None:
    with pytest.raises(ConfigError, match="vgg16"):
        build(tiny(name="vgg_16"))


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ConfigError, match="options that timm knows"):
        build(tiny(options={"colour": 1}))


def test_an_unknown_first_trainable_block_is_refused_with_the_blocks() -> None:
    with pytest.raises(ConfigError, match=r"layer1\.0"):
        build(tiny(train_from="block5"))


def test_an_unknown_cam_layer_is_refused() -> None:
    with pytest.raises(ConfigError, match="cam_layer"):
        build(tiny(cam_layer="layer9"))


def test_imagenet_weights_offline_are_refused_with_two_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    with pytest.raises(WeightsError, match=r"either run once .* or set backbone\.weights"):
        build(read("resnet50v2"))


def test_a_failed_download_is_refused_with_two_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("no route")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("timm.create_model", fail)
    with pytest.raises(WeightsError, match=r"OSError: no route; either"):
        build(read("resnet50v2"))


def test_an_unknown_network_with_imagenet_weights_is_a_fault_of_conf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.is_offline_mode", lambda: False)
    with pytest.raises(ConfigError):
        build(tiny(name="vgg_16", weights="imagenet", mean=0.5, std=0.5))


def test_networks_without_imagenet_weights_never_ask_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", asked)
    monkeypatch.setattr("timm.models._builder.load_pretrained", asked)
    assert build(tiny()).channels == 1


def saved(folder: Path, **options: Any) -> dict[str, str]:
    """Weights of a tiny network with its classifier, as a file."""
    network = timm.create_model("resnet10t", num_classes=7, channels=(8, 8, 8, 8), stem_width=8, **options)
    save_file(network.state_dict(), folder / "weights.safetensors")
    return described(folder / "weights.safetensors")


def described(path: Path) -> dict[str, str]:
    return {"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def from_file(weights: dict[str, str]) -> Backbone:
    return tiny(weights=weights, mean=0.5, std=0.5)


def test_a_weights_file_gives_its_tensors(tmp_path: Path) -> None:
    weights = saved(tmp_path)
    own = build(from_file(weights)).network.state_dict()
    given = load_file(tmp_path / "weights.safetensors")
    assert all(torch.equal(value, given[name]) for name, value in own.items())


def test_gray_is_repeated_for_networks_with_weights(tmp_path: Path) -> None:
    network = build(from_file(saved(tmp_path))).eval()
    image = torch.rand(1, 32, 32)
    expected = network.network.forward_features((image[:, None].repeat(1, 3, 1, 1) - 0.5) / 0.5)  # type: ignore[operator]
    assert torch.allclose(network(image), expected)


def test_an_absent_weights_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no file"):
        build(from_file({"file": str(tmp_path / "absent"), "sha256": "0" * 64}))


def test_an_altered_weights_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="sha256"):
        build(from_file({**saved(tmp_path), "sha256": "0" * 64}))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="differ in name or shape"):
        build(from_file(saved(tmp_path, layers=(2, 1, 1, 1))))


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    weights = saved(tmp_path)
    with pytest.raises(WeightsError, match="differ in name or shape"):
        build(from_file(weights).model_copy(update={"options": {"channels": [8, 8, 8, 16], "stem_width": 8}}))


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not tensors")
    with pytest.raises(WeightsError, match="expected safetensors"):
        build(from_file(described(path)))


@needs(WEIGHTS)
def test_the_local_imagenet_weights_load() -> None:
    backbone = read("mobilenetv2_local")
    assert isinstance(backbone.weights, WeightsFile)
    here = backbone.weights.model_copy(update={"file": str(WEIGHTS)})
    network = build(backbone.model_copy(update={"weights": here})).eval()
    assert network(torch.rand(1, 64, 64)).shape == (1, 1280, 2, 2)
