"""What surrounds the heart and stands still: fat, muscle, lungs, liver, stomach, spine."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

Map = Float[np.ndarray, "y x"]
Space = Float[np.ndarray, "y x 3"]


@dataclass(frozen=True)
class Tissue:
    """Signals relative to the blood of the left ventricle.

    Source: domain facts, E.3 (steady state at TR 3.5 ms, flip angle 60 degrees)
    """

    muscle: float
    right_blood: float
    fat: float = 1.25
    lung: float = 0.05
    liver: float = 0.49
    skeletal: float = 0.27
    fluid: float = 1.75


@dataclass(frozen=True)
class Torso:
    """Size and place of what surrounds a heart, mm, patient coordinates."""

    half_width: float
    half_depth: float
    fat_mm: float
    dome: tuple[float, float, float]
    """Highest point of the diaphragm under the heart."""
    stomach: tuple[float, float, float]
    stomach_signal: float
    aorta: tuple[float, float]
    aorta_radius: float
    pericardium_mm: float
    """Thickness of the fat, or of the effusion, around the heart."""


def draw_torso(rng: np.random.Generator, *, middle: Float[np.ndarray, "3"], radius: float) -> Torso:
    """A torso around a heart with this middle and outer radius."""
    x, y, z = (float(value) for value in middle)
    dome = (x + rng.uniform(-12, 0), y + 15, z - radius - rng.uniform(4, 12))
    return Torso(
        half_width=rng.uniform(155, 185),
        half_depth=rng.uniform(105, 120),
        fat_mm=rng.uniform(7, 24),
        dome=dome,
        stomach=(x + rng.uniform(25, 45), y + rng.uniform(15, 40), dome[2] - rng.uniform(38, 52)),
        stomach_signal=float(rng.choice([0.05, 0.8, 1.2])),
        aorta=(rng.uniform(18, 26), rng.uniform(50, 58)),
        aorta_radius=rng.uniform(10, 13),
        pericardium_mm=rng.uniform(1.5, 5),
    )


def coverage(distance: Float[np.ndarray, "..."], *, width: float) -> Float[np.ndarray, "..."]:
    """Share of a pixel of this width that lies inside a surface at a signed distance."""
    return np.clip(0.5 - distance / width, 0, 1)


def over(image: Map, distance: Map, signal: float, *, width: float) -> Map:
    """The image with a body of this signal painted over it."""
    return image + coverage(distance, width=width) * (signal - image)


def draw_background(space: Space, *, torso: Torso, tissue: Tissue, pixel_mm: float, rng: np.random.Generator) -> Map:
    """The signal of everything but heart and aorta on the pixels of a plane."""
    single = space.astype(np.float32)
    x, y = single[..., 0], single[..., 1]
    wall = _shell(x, y, torso.half_width, torso.half_depth)
    inner = wall + torso.fat_mm + 9
    soft = {"width": 2 * pixel_mm}
    grain = _texture(x.shape, rng, sigma=5 / pixel_mm)
    vessels = np.clip(_texture(x.shape, rng, sigma=2.5 / pixel_mm) - 1.6, 0, 0.8)
    image = over(np.zeros_like(x), wall, tissue.fat, **soft)
    image = over(image, wall + torso.fat_mm, tissue.skeletal, **soft)
    image = over(image, inner, tissue.lung, **soft) + coverage(inner + 6, width=6) * vessels * 0.6
    image = over(image, _tube(x, y, (2, 48), (24, 48)), 0.5 * tissue.fat, **soft)
    image = over(
        image, _tube(x, y, (-8, 10 - torso.half_depth + torso.fat_mm + 14), (24, 13)), 0.7 * tissue.fat, **soft
    )
    image = _belly(image, single, torso, tissue, inner, soft)
    image = over(image, _tube(x, y, (0, 68), (20, 17)), 0.24, **soft)
    image = over(image, _tube(x, y, (0, 68), (18, 15)), 0.48, **soft)
    image = over(image, _tube(x, y, (0, 91), (9, 7)), 1.3, **soft)
    return np.asarray(image * (1 + 0.06 * grain), np.float32)


def _belly(image: Map, space: Space, torso: Torso, tissue: Tissue, inner: Map, soft: dict[str, float]) -> Map:
    """Liver and stomach under the diaphragm."""
    x, y, z = space[..., 0], space[..., 1], space[..., 2]
    away = (x - torso.dome[0]) ** 2 + (y - torso.dome[1]) ** 2
    dome = np.maximum(z - torso.dome[2] + away / 420, inner)
    image = over(image, dome, 0.2, **soft)
    image = over(image, dome + 2, tissue.liver, **soft)
    left, back, up = torso.stomach
    stomach = np.sqrt((x - left) ** 2 + (y - back) ** 2 + (1.3 * (z - up)) ** 2) - 30
    image = over(image, np.maximum(stomach - 3, dome + 4), tissue.skeletal, **soft)
    return over(image, np.maximum(stomach, dome + 6), torso.stomach_signal, **soft)


def _shell(x: Map, y: Map, half_width: float, half_depth: float) -> Map:
    """Distance from the skin, a rounded box along the body."""
    share = (np.abs(x / half_width) ** 2.5 + np.abs(y / half_depth) ** 2.5) ** 0.4
    return (share - 1) * half_depth


def _tube(x: Map, y: Map, centre: tuple[float, float], radii: tuple[float, float]) -> Map:
    """Distance from an elliptic cylinder along the body."""
    share = np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    return (share - 1) * min(radii)


def _texture(shape: tuple[int, ...], rng: np.random.Generator, *, sigma: float) -> Map:
    """Smooth random values with standard deviation 1."""
    smooth = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, mode="wrap")
    return np.asarray(smooth / (smooth.std() + 1e-9))
