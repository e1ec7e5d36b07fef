"""What a fit reads: crops as one 8-bit tensor, classes as numbers, and the batches of an epoch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, Int64, UInt8, UInt64
from torch import Tensor, nn

from cinemyo import tables
from cinemyo.config import Arm, Augment
from cinemyo.errors import TableError
from cinemyo.folds import HOLDOUT, of_folds
from cinemyo.labels import CLASSES, Phase
from cinemyo.layout import Layout
from cinemyo.persons import permuted, read_links
from cinemyo.training.augment import affine, apply, draws, gains, to_unit

UNLABELLED: Final = -1


@runtime_checkable
class Sight(Protocol):
    """What is seen of a cine: an arm says it, and whatever else reads crops."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """In the order of the axis."""

    @property
    def recipe(self) -> str:
        """Of the canvases."""

    @property
    def crop_px(self) -> int | None:
        """Side of the square around the left ventricle; None takes the whole canvas."""

    @property
    def hidden_radius_px(self) -> int | None:
        """Radius of the black disc in the middle of the whole canvas, if there is one."""


@dataclass(frozen=True)
class Samples:
    """Crops and classes of the cines that an arm may use; the hold-out is not among them."""

    images: UInt8[Tensor, "cine phase y x"]
    targets: Int64[Tensor, " cine"]
    """Index of the class, -1 where the sheet has no label."""
    cine_ids: tuple[str, ...]

    def __reduce__(self) -> tuple[Any, ...]:
        """How samples travel to another process: as arrays, for tensors would need shared memory."""
        return _from_arrays, (self.images.numpy(), self.targets.numpy(), self.cine_ids)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {cine: index for index, cine in enumerate(self.cine_ids)}

    def positions(self, cine_ids: Iterable[str]) -> Int64[Tensor, " cine"]:
        """Where these cines are, in their order; cines that preparation excluded are left out."""
        found = [self._position[cine] for cine in cine_ids if cine in self._position]
        return torch.tensor(found, dtype=torch.int64)

    def labelled(self, cine_ids: Iterable[str]) -> Int64[Tensor, " cine"]:
        """As `positions`, without the cines that have no label."""
        positions = self.positions(cine_ids)
        return positions[self.targets[positions] != UNLABELLED]


def _from_arrays(
    images: UInt8[np.ndarray, "cine phase y x"], targets: Int64[np.ndarray, " cine"], cine_ids: tuple[str, ...]
) -> Samples:
    return Samples(torch.from_numpy(images), torch.from_numpy(targets), cine_ids)


@dataclass(frozen=True)
class Inputs:
    """All that the fits of an arm share: samples, the table of folds, and the table of cines."""

    samples: Samples
    folds: pd.DataFrame
    cines: pd.DataFrame


def read_inputs(layout: Layout, *, arm: Arm, seed: int, links: str | None) -> Inputs:
    """Samples of the arm's scheme, in the order of `folds.csv`; `links` is the sheet of persons with several numbers.

    Raises:
        TableError: a table or canvas that an earlier stage should have written is absent or broken.
    """
    folds = tables.read(layout.folds, table=tables.FOLDS)
    cines = tables.read(layout.cines, table=tables.CINES)
    prepared = tables.read(layout.prepared(arm.recipe) / "prepared.csv", table=tables.PREPARED)
    of_scheme = folds[(folds["scheme"] == arm.scheme) & (folds["part"] != HOLDOUT)]
    wanted = [str(cine) for cine in of_scheme["cine_id"] if cine in set(prepared["cine_id"])]
    labels = tables.read(layout.labels, table=tables.LABELS)
    if arm.labels == "permuted":
        labels = permuted(
            labels, cines=of_folds(cines, folds=folds, scheme=arm.scheme), seed=seed, links=read_links(links)
        )
    samples = Samples(load_crops(layout, arm=arm, cine_ids=wanted), targets_of(labels, wanted, arm=arm), tuple(wanted))
    return Inputs(samples, folds, cines)


def targets_of(labels: pd.DataFrame, cine_ids: Sequence[str], *, arm: Arm) -> Int64[Tensor, " cine"]:
    """Class indices in the order of `labels.py`; -1 for a cine without a label."""
    index = {name: number for number, name in enumerate(CLASSES[arm.target])}
    known: dict[str, Any] = dict(zip(labels["cine_id"], labels[arm.target].astype(object), strict=True))
    return torch.tensor([index.get(known.get(cine, ""), UNLABELLED) for cine in cine_ids], dtype=torch.int64)


def load_crops(layout: Layout, *, arm: Sight, cine_ids: Sequence[str]) -> UInt8[Tensor, "cine phase y x"]:
    """Crops around the left ventricle at the arm's phases, taken from the canvases of its recipe.

    Of an arm that hides the heart: the whole canvas, black within a radius of its centre.

    Raises:
        TableError: a cine is not among those prepared or has no phases.

    Source: Germain 2021, §2.3
    """
    # here and in `crop_of`: fits on a lent GPU have crops, and neither SimpleITK nor tifffile
    from cinemyo.preparation.canvas import read_pages

    folder = layout.prepared(arm.recipe)
    prepared = tables.read(folder / "prepared.csv", table=tables.PREPARED).set_index("cine_id")
    phases = tables.read(layout.phases, table=tables.PHASE_TABLE).set_index("cine_id")
    absent = [cine for cine in cine_ids if cine not in prepared.index or cine not in phases.index]
    if absent:
        got = f"{len(absent)} absent, first {absent[0]}"
        raise TableError(str(folder), expected="prepared cines", got=got, remedy="run the stages locate and prepare")
    frames = phases.loc[list(cine_ids), [f"{phase}_index" for phase in arm.phases]].to_numpy(np.int64)
    centres = prepared.loc[list(cine_ids), ["centre_row_px", "centre_column_px"]].to_numpy(np.float64)
    crops = [
        crop_of(read_pages(folder / f"{cine}.tif", indices.tolist()), centre=(row, column), arm=arm)
        for cine, indices, (row, column) in zip(cine_ids, frames, centres.tolist(), strict=True)
    ]
    if not crops:
        side = arm.crop_px or 0
        return torch.zeros((0, len(arm.phases), side, side), dtype=torch.uint8)
    return torch.from_numpy(np.stack(crops))


def crop_of(
    pages: UInt8[np.ndarray, "phase y x"], *, centre: tuple[float, float], arm: Sight
) -> UInt8[np.ndarray, "phase side side"]:
    """What the arm sees of a canvas: the square around the centre (row, column, pixels), or the whole canvas."""
    from cinemyo.preparation.canvas import crop

    if arm.hidden_radius_px is not None:
        return hidden(pages, radius_px=arm.hidden_radius_px)
    return pages if arm.crop_px is None else crop(pages, centre=centre, side=arm.crop_px)


def hidden(pages: UInt8[np.ndarray, "phase side side"], *, radius_px: int) -> UInt8[np.ndarray, "phase side side"]:
    """The canvas, black within a radius of its own centre: a hole that lay on the heart would tell where it is."""
    away = (np.arange(pages.shape[-1]) - (pages.shape[-1] - 1) / 2) ** 2
    rest = pages.copy()
    rest[..., away[:, None] + away[None] <= radius_px**2] = 0
    return rest


class Batch(NamedTuple):
    """Positions among the samples, how each is moved and scaled, and the epoch (from 0) in which this was drawn."""

    positions: Int64[Tensor, " batch"]
    matrices: Float32[Tensor, "batch 2 3"]
    factors: Float32[Tensor, " batch"]
    epoch: int = 0


@dataclass(frozen=True)
class Shuffled:
    """The batches of training: an order and draws of its own in every epoch, keyed per cine.

    Batch sizes differ by one at most, so that none is too small for batch normalisation.
    """

    positions: Int64[Tensor, " cine"]
    keys: UInt64[np.ndarray, " cine"]
    augment: Augment
    batch_size: int
    epoch: Callable[[], int]
    """The number of the current epoch, from 0, asked for when the first batch is."""

    def __len__(self) -> int:
        return -(-len(self.positions) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        epoch = self.epoch()
        drawn = draws(self.keys, epoch=epoch)
        order = np.argsort(drawn[:, 0], kind="stable")
        matrices, factors = affine(drawn, augment=self.augment), gains(drawn, augment=self.augment)
        for chosen in np.array_split(order, len(self)):
            rows = torch.from_numpy(chosen)
            yield Batch(self.positions[rows], torch.from_numpy(matrices)[rows], torch.from_numpy(factors)[rows], epoch)


@dataclass(frozen=True)
class InOrder:
    """Batches of positions where nothing is learnt; Lightning would take a list for several loaders."""

    positions: Int64[Tensor, " cine"]
    batch_size: int

    def __len__(self) -> int:
        return -(-len(self.positions) // self.batch_size)

    def __iter__(self) -> Iterator[Int64[Tensor, " batch"]]:
        return iter(torch.split(self.positions, self.batch_size))


class ImageInput(nn.Module):
    """The augmented crops of a batch, from 8-bit images that lie on the device."""

    def __init__(self, images: UInt8[Tensor, "cine phase y x"], *, augment: Augment) -> None:
        super().__init__()
        self.augment = augment
        self.register_buffer("images", images, persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """Crops from 0 to 1, moved and scaled."""
        images = to_unit(self.get_buffer("images")[batch.positions])
        return apply(images, matrices=batch.matrices, factors=batch.factors, augment=self.augment)

    def plain(self, positions: Int64[Tensor, " batch"]) -> Tensor:
        """Crops from 0 to 1, as they are."""
        return to_unit(self.get_buffer("images")[positions])


class FeatureInput(nn.Module):
    """Rows of features computed once, where neither network nor images change between epochs."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.register_buffer("features", features, persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """The features of a batch."""
        return self.plain(batch.positions)

    def plain(self, positions: Int64[Tensor, " batch"]) -> Tensor:
        """The features at these positions."""
        return self.get_buffer("features")[positions]
