"""Grad-CAM against its formula, on networks small enough to work out."""

import pytest
import torch
from torch import Tensor, nn

from cinemyo.explain.gradcam import activation_maps, cell_px, coarse_maps, heat_maps

SIDE = 8


class Linear(nn.Module):
    """One convolution per phase, mean over the grid, one linear layer: its Grad-CAM has a closed form."""

    def __init__(self, *, phases: int = 2, prefix: nn.Module | None = None) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.prefix = prefix
        self.convolutions = nn.ModuleList([nn.Conv2d(1, 3, 2, stride=2, bias=False) for _ in range(phases)])
        self.head = nn.Linear(3 * phases, 2, bias=False)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)

    def cam_layers(self) -> list[nn.Module]:
        return list(self.convolutions)

    def grids(self, images: Tensor) -> list[Tensor]:
        return [layer(images[:, index, None]) for index, layer in enumerate(self.convolutions)]

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.cat([grid.mean(dim=(2, 3)) for grid in self.grids(images)], dim=1))


class Frozen(Linear):
    """As a network whose frozen part, layer included, runs without gradients."""

    def forward(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            grids = [nn.functional.relu(grid) for grid in self.grids(images)]
        return self.head(torch.cat([grid.mean(dim=(2, 3)) for grid in grids], dim=1))


class InPlace(Linear):
    """The layer's output is overwritten by the ReLU after it."""

    def forward(self, images: Tensor) -> Tensor:
        grids = [nn.functional.relu(grid, inplace=True) for grid in self.grids(images)]
        return self.head(torch.cat([grid.mean(dim=(2, 3)) for grid in grids], dim=1))


@pytest.fixture
def images() -> Tensor:
    return torch.rand(4, 2, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def test_a_map_is_the_positive_part_of_the_weighted_grid(images: Tensor) -> None:
    model = Linear()
    classes = torch.tensor([0, 1, 1, 0])
    for index, (grid, heat) in enumerate(
        zip(model.grids(images), coarse_maps(model, images, classes=classes), strict=True)
    ):
        weights = model.head.weight[classes][:, 3 * index : 3 * index + 3] / grid[0, 0].numel()
        expected = (weights[..., None, None] * grid).sum(dim=1).clamp(min=0)
        torch.testing.assert_close(heat, expected.detach())


def test_maps_are_at_crop_resolution(images: Tensor) -> None:
    assert heat_maps(Linear(), images, classes=torch.zeros(4, dtype=torch.long)).shape == images.shape


def test_maps_are_never_negative(images: Tensor) -> None:
    assert heat_maps(Linear(), images, classes=torch.ones(4, dtype=torch.long)).min() >= 0


def test_one_phase_gives_one_map(images: Tensor) -> None:
    one = heat_maps(Linear(phases=1), images[:, :1], classes=torch.zeros(4, dtype=torch.long))
    assert one.shape == (4, 1, SIDE, SIDE)


def test_three_phases_give_three_maps() -> None:
    images = torch.rand(2, 3, SIDE, SIDE)
    assert heat_maps(Linear(phases=3), images, classes=torch.zeros(2, dtype=torch.long)).shape == images.shape


def test_a_batch_gives_what_its_cines_give_alone(images: Tensor) -> None:
    model, classes = Linear(), torch.tensor([0, 1, 0, 1])
    alone = [heat_maps(model, images[k : k + 1], classes=classes[k : k + 1]) for k in range(4)]
    torch.testing.assert_close(heat_maps(model, images, classes=classes), torch.cat(alone))


def test_the_same_input_gives_the_same_bytes(images: Tensor) -> None:
    model, classes = Linear(), torch.tensor([0, 1, 0, 1])
    assert torch.equal(heat_maps(model, images, classes=classes), heat_maps(model, images, classes=classes))


def test_a_layer_inside_a_frozen_prefix_is_explained(images: Tensor) -> None:
    maps = heat_maps(Frozen().requires_grad_(False), images, classes=torch.tensor([0, 1, 0, 1]))
    assert (maps.sum(dim=(0, 2, 3)) > 0).all()


def test_a_frozen_prefix_gives_the_maps_of_an_open_one(images: Tensor) -> None:
    classes = torch.tensor([0, 1, 0, 1])
    opened = InPlace()
    torch.testing.assert_close(
        heat_maps(Frozen().requires_grad_(False), images, classes=classes), heat_maps(opened, images, classes=classes)
    )


def test_maps_come_without_gradients_under_no_grad_too(images: Tensor) -> None:
    with torch.no_grad():
        maps = heat_maps(Linear(), images, classes=torch.zeros(4, dtype=torch.long))
    assert not maps.requires_grad
    assert maps.sum() > 0


def test_the_mode_of_the_model_is_kept(images: Tensor) -> None:
    model = Linear().train()
    heat_maps(model, images, classes=torch.zeros(4, dtype=torch.long))
    assert model.training


def test_no_hook_is_left_behind(images: Tensor) -> None:
    model = Linear()
    heat_maps(model, images, classes=torch.zeros(4, dtype=torch.long))
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in model.modules())


def test_a_cell_spans_the_stride_of_the_layer(images: Tensor) -> None:
    grids = coarse_maps(Linear(), images, classes=torch.zeros(4, dtype=torch.long))
    assert cell_px(grids, side=SIDE) == 2.0


class Flattened(Linear):
    """A head that weighs each cell by itself."""

    def __init__(self) -> None:
        super().__init__(phases=1)
        self.head = nn.Linear(3 * 16, 2, bias=False)
        self.head.weight.data = torch.randn(self.head.weight.shape, generator=torch.Generator().manual_seed(3))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.grids(images)[0].flatten(1))


def test_gradient_x_activation_is_the_positive_part_of_what_each_cell_adds(images: Tensor) -> None:
    model, classes = Flattened(), torch.tensor([0, 1, 1, 0])
    (heat,) = activation_maps(model, images[:, :1], classes=classes)
    weights = model.head.weight[classes].reshape(4, 3, 4, 4)
    torch.testing.assert_close(heat, (weights * model.grids(images)[0]).sum(dim=1).clamp(min=0).detach())


def test_behind_an_averaging_head_both_methods_are_alike(images: Tensor) -> None:
    model, classes = Linear(), torch.tensor([0, 1, 1, 0])
    maps = zip(
        coarse_maps(model, images, classes=classes), activation_maps(model, images, classes=classes), strict=True
    )
    for one, other in maps:
        torch.testing.assert_close(one, other)


def test_behind_a_flattening_head_pooling_hides_places(images: Tensor) -> None:
    model, classes = Flattened(), torch.tensor([0, 1, 1, 0])
    (one,), (other,) = (method(model, images[:, :1], classes=classes) for method in (coarse_maps, activation_maps))
    assert ((one == 0) & (other > 0)).any()
