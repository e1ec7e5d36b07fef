"""Where the heart is in a crop: the source's mask brought onto it, or a disc around the located centre."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, UInt8

from cinemyo import tables
from cinemyo.config import Arm, Explain, Params, Recipe
from cinemyo.explain.attention import Heart, disc
from cinemyo.labels import PHASES
from cinemyo.layout import Layout
from cinemyo.preparation.canvas import crop
from cinemyo.preparation.geometry import Grid
from cinemyo.sources.images import read_mask

MYOCARDIUM: Final = 2
CAVITY: Final = 3


@dataclass(frozen=True)
class Placed:
    """How the crop of a cine lies: its side in pixels, the size of a pixel, and the located centre on it."""

    side: int
    pixel_mm: float
    centre: tuple[float, float]


class Hearts:
    """Hearts of the cines of one arm, phase by phase."""

    def __init__(self, params: Params, *, arm: Arm, layout: Layout) -> None:
        prepared = tables.read(layout.prepared(arm.recipe) / "prepared.csv", table=tables.PREPARED)
        cines = tables.read(layout.cines, table=tables.CINES)
        self._prepared: Mapping[Any, dict[Any, Any]] = prepared.set_index("cine_id").to_dict("index")
        self._cines: Mapping[Any, dict[Any, Any]] = cines.set_index("cine_id").to_dict("index")
        self._recipe = params.recipes[arm.recipe]
        self._arm, self._layout, self._explain = arm, layout, params.explain

    def placed(self, cine_id: str) -> Placed:
        """How the crop of a cine lies."""
        row = self._prepared[cine_id]
        centre = float(row["centre_row_px"]), float(row["centre_column_px"])
        if self._arm.crop_px is None:
            return Placed(int(row["canvas_px"]), float(row["pixel_mm"]), centre)
        top, left = _corner(centre, side=self._arm.crop_px)
        return Placed(self._arm.crop_px, float(row["pixel_mm"]), (centre[0] - top, centre[1] - left))

    def of(self, cine_id: str) -> tuple[Heart, ...]:
        """The heart in each phase of the arm: from the mask where it shows a left ventricle, else discs."""
        placed = self.placed(cine_id)
        around = discs(placed, explain=self._explain)
        path = self._layout.masks / f"{cine_id}.mha"
        if not path.is_file():
            return (around,) * len(self._arm.phases)
        mask = self._on_crop(read_mask(path), cine_id=cine_id)
        found = (of_mask(mask[PHASES.index(phase)]) for phase in self._arm.phases)
        return tuple(heart or around for heart in found)

    def _on_crop(self, mask: UInt8[np.ndarray, "phase y x"], *, cine_id: str) -> UInt8[np.ndarray, "phase side side"]:
        cine, row = self._cines[cine_id], self._prepared[cine_id]
        spacing = float(cine["row_spacing_mm"]), float(cine["column_spacing_mm"])
        on_canvas = nearest(mask, spacing=spacing, recipe=self._recipe)
        if self._arm.crop_px is None:
            return on_canvas
        centre = float(row["centre_row_px"]), float(row["centre_column_px"])
        return crop(on_canvas, centre=centre, side=self._arm.crop_px)


def discs(placed: Placed, *, explain: Explain) -> Heart:
    """Discs of the configured radii around the located centre."""
    return disc(
        side=placed.side,
        centre=placed.centre,
        lv_radius_px=explain.lv_radius_mm / placed.pixel_mm,
        heart_radius_px=explain.heart_radius_mm / placed.pixel_mm,
    )


def of_mask(mask: UInt8[np.ndarray, "y x"]) -> Heart | None:
    """The heart that a mask shows (1 right ventricle, 2 myocardium, 3 cavity); None without a left ventricle."""
    ventricle: Bool[np.ndarray, "y x"] = mask >= MYOCARDIUM
    if not ventricle.any():
        return None
    cavity = mask == CAVITY
    rows, columns = np.nonzero(cavity if cavity.any() else ventricle)
    return Heart(ventricle, mask > 0, (float(rows.mean()), float(columns.mean())), "mask")


def nearest(
    mask: UInt8[np.ndarray, "phase y x"], *, spacing: tuple[float, float], recipe: Recipe
) -> UInt8[np.ndarray, "phase side side"]:
    """A mask of native pixels on the canvas of a recipe: the label of the nearest pixel, 0 outside the image."""
    shape = (mask.shape[1], mask.shape[2])
    grid = Grid(shape=shape, spacing=spacing, pixel_mm=recipe.pixel_mm, side=recipe.canvas_px)
    rows, columns = (
        np.rint((grid.origin_mm[axis] + np.arange(grid.side) * grid.step_mm[axis]) / spacing[axis]).astype(int)
        for axis in range(2)
    )
    picked = mask[:, rows.clip(0, shape[0] - 1)][:, :, columns.clip(0, shape[1] - 1)]
    return picked * grid.inside.astype(np.uint8)


def _corner(centre: tuple[float, float], *, side: int) -> tuple[int, int]:
    """Canvas row and column of a crop's first pixel, as `preparation.canvas.crop` cuts it."""
    top, left = (int(np.floor(value + 0.5)) - side // 2 for value in centre)
    return top, left
