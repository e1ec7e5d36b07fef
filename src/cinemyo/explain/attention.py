"""Where the heat of a map lies: its shares in the left ventricle and the heart, its peak, its distance."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt

Code = Literal["ok", "no_heat", "too_coarse"]


@dataclass(frozen=True)
class Heart:
    """Where the heart is in one phase of a crop."""

    left_ventricle: Bool[np.ndarray, "y x"]
    """Cavity and myocardium."""
    whole: Bool[np.ndarray, "y x"]
    """Left and right ventricle."""
    centre: tuple[float, float]
    """Row and column of the left ventricle's centre, in crop pixels from the centre of the first."""
    origin: Literal["mask", "disc"]


@dataclass(frozen=True)
class Attention:
    """What is measured of one heat map; None where it holds no heat."""

    lv_share: float | None
    heart_share: float | None
    lv_concentration: float | None
    heart_concentration: float | None
    peak_in_heart: bool | None
    """The pointing game: whether the hottest pixel lies in the heart."""
    centroid_distance_mm: float | None
    code: Code


NO_HEAT = Attention(None, None, None, None, None, None, "no_heat")


def measure(
    heat: Float[np.ndarray, "y x"], *, heart: Heart, pixel_mm: float, cell_mm: float, too_coarse_mm: float
) -> Attention:
    """Shares of heat in the left ventricle and the heart, each also over its share of area, peak and centroid.

    A concentration of 1 is what a map without preference gives. A map whose cells are wider than `too_coarse_mm` is
    measured but marked: its heat cannot be told from that of the next structure.
    Source: domain.md D.5; replaces the reading by eye of Germain 2021, §3.6
    """
    total = float(heat.sum(dtype=np.float64))
    if not total > 0:
        return NO_HEAT
    in_ventricle, in_heart = _share(heat, heart.left_ventricle), _share(heat, heart.whole)
    row, column = _centroid(heat)
    distance = float(np.hypot(row - heart.centre[0], column - heart.centre[1])) * pixel_mm
    return Attention(
        lv_share=in_ventricle,
        heart_share=in_heart,
        lv_concentration=_over_area(in_ventricle, heart.left_ventricle),
        heart_concentration=_over_area(in_heart, heart.whole),
        peak_in_heart=bool(heart.whole.flat[int(heat.argmax())]),
        centroid_distance_mm=distance,
        code="too_coarse" if cell_mm > too_coarse_mm else "ok",
    )


def hotness(
    heat: Float[np.ndarray, "phase y x"], *, hearts: tuple[Heart, ...], pixel_mm: float, cell_mm: float
) -> float | None:
    """How hot the hottest place of the heart is, as a share of the hottest of all phases; None without heat.

    The pointing game with a tolerance in place and in heat: a map knows no place better than half a cell, so the heart
    is widened by that.
    """
    peak = float(heat.max())
    if not peak > 0:
        return None
    near = [_near(heart.whole, within_px=cell_mm / 2 / pixel_mm) for heart in hearts]
    return max(float(own[area].max(initial=0.0)) for own, area in zip(heat, near, strict=True)) / peak


def _near(area: Bool[np.ndarray, "y x"], *, within_px: float) -> Bool[np.ndarray, "y x"]:
    if not area.any():
        return area
    return np.asarray(distance_transform_edt(~area) <= within_px)


def centred(side: int, *, pixel_mm: float, width_mm: float) -> Float[np.ndarray, "y x"]:
    """A Gaussian around the middle of a crop: the heat of a network that looks there whatever it is shown.

    `width_mm` is its standard deviation.
    """
    away = (np.arange(side) - (side - 1) / 2) * pixel_mm / width_mm
    return np.asarray(np.exp(-0.5 * (away[:, None] ** 2 + away[None] ** 2)))


def disc(*, side: int, centre: tuple[float, float], lv_radius_px: float, heart_radius_px: float) -> Heart:
    """Discs that stand for left ventricle and heart where no mask exists, around the located centre."""
    rows, columns = np.ogrid[:side, :side]
    distance = np.hypot(rows - centre[0], columns - centre[1])
    return Heart(distance <= lv_radius_px, distance <= heart_radius_px, centre, "disc")


def _share(heat: Float[np.ndarray, "y x"], area: Bool[np.ndarray, "y x"]) -> float:
    inside = float(heat[area].sum(dtype=np.float64)) / float(heat.sum(dtype=np.float64))
    return min(inside, 1.0)


def _over_area(share: float, area: Bool[np.ndarray, "y x"]) -> float | None:
    return share / float(area.mean()) if area.any() else None


def _centroid(heat: Float[np.ndarray, "y x"]) -> tuple[float, float]:
    weights = heat.astype(np.float64) / heat.sum(dtype=np.float64)
    rows, columns = np.indices(heat.shape)
    return float((weights * rows).sum()), float((weights * columns).sum())
