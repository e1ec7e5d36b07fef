"""A cine as the scanner would give it: the beating heart in its surroundings, coil shading, noise."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8, UInt16

from cinemyo.sources.phantom import surfaces
from cinemyo.sources.phantom.anatomy import Heart, State, contracted
from cinemyo.sources.phantom.planes import Plane, Pose
from cinemyo.sources.phantom.surfaces import Points, points_of
from cinemyo.sources.phantom.torso import Tissue, Torso, coverage, draw_background

Frames = Float[np.ndarray, "t y x"]
Curve = Float[np.ndarray, "t"]
LARGEST: Final = 4095
"""Twelve bits are stored."""
_NEAR_MM: Final = np.array([[-95.0, -75.0, -68.0], [65.0, 70.0, 150.0]])
"""A box along the heart's axes that holds it."""


@dataclass(frozen=True)
class Scene:
    """What stands before the scanner."""

    heart: Heart
    pose: Pose
    torso: Torso
    tissue: Tissue
    effusion: bool


@dataclass(frozen=True)
class Receiver:
    """How the scanner sees it."""

    noise: float
    """Standard deviation relative to blood."""
    shading: float
    """Loss of signal per 100 mm from front to back, as an exponent."""
    sideways: float
    blur: float
    """Share of the neighbouring phases in each, from irregular beats."""
    gain: float
    """Stored value of blood."""


def draw_receiver(rng: np.random.Generator, *, gain: float) -> Receiver:
    """The receiver of one cine; half of the cines are normalised by a prescan.

    Source: domain facts, E.3
    """
    strength = 0.15 if rng.random() < 0.5 else 1.0
    return Receiver(
        noise=float(rng.uniform(0.025, 0.05)),
        shading=float(rng.uniform(0.25, 0.6)) * strength,
        sideways=float(rng.normal(0, 0.15)) * strength,
        blur=float(rng.uniform(0.15, 0.3)) if rng.random() < 0.04 else 0.0,
        gain=gain,
    )


def states(heart: Heart, emptied: Curve) -> State:
    """The left ventricle at each phase, shaped to meet an image."""
    return contracted(heart, emptied.astype(np.float32)[:, None, None])


def draw_signal(scene: Scene, plane: Plane, *, emptied: Curve, rng: np.random.Generator) -> Frames:
    """The signal relative to blood, without shading and noise; thick slices are the mean of three thin ones."""
    space = plane.points()
    background = draw_background(space, torso=scene.torso, tissue=scene.tissue, pixel_mm=plane.pixel_mm, rng=rng)
    frames = np.repeat(background[None], len(emptied), axis=0)
    _paint_aorta(frames, space, scene, plane, emptied)
    across = abs(float(plane.normal @ scene.pose.apex)) > 0.7
    depths = (-plane.thickness_mm / 3, 0.0, plane.thickness_mm / 3) if across else (0.0,)
    rows, columns = _box(scene.pose.local(space), scene.heart)
    inner = frames[:, rows, columns]
    painted = np.zeros_like(inner)
    for depth in depths:
        points = points_of(scene.pose.local(plane.points(depth)[rows, columns]))
        painted += _paint_heart(inner.copy(), points, scene, emptied, plane.pixel_mm)
    frames[:, rows, columns] = painted / len(depths)
    return frames


def _box(local: Float[np.ndarray, "y x 3"], heart: Heart) -> tuple[slice, slice]:
    """Rows and columns that may hold the heart."""
    near = np.all((local > _NEAR_MM[0]) & (local < _NEAR_MM[1]), axis=-1) & (local[..., 2] < heart.length + 25)
    rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _paint_aorta(frames: Frames, space: Float[np.ndarray, "y x 3"], scene: Scene, plane: Plane, emptied: Curve) -> None:
    """Draws the descending aorta, which swells a little after each beat."""
    away = np.hypot(space[..., 0] - scene.torso.aorta[0], space[..., 1] - scene.torso.aorta[1])
    swell = 0.9 * np.roll(emptied, 1)[:, None, None]
    near = away < scene.torso.aorta_radius + 8
    covered = coverage(away[near] - scene.torso.aorta_radius - swell[..., 0], width=plane.pixel_mm)
    frames[:, near] += (covered * (0.95 - frames[:, near])).astype(np.float32)


class _Parts(NamedTuple):
    """Signed distances from the parts of a heart, at each phase."""

    outer: Frames
    """The left ventricle's muscle."""
    right: Frames
    left_atrium: Frames
    right_atrium: Frames
    trunk: surfaces.Map
    ventricles: Frames
    atria: Frames
    around: Frames
    """All of it with the fat or fluid around it."""


def _parts(points: Points, scene: Scene, emptied: Curve) -> _Parts:
    heart, state = scene.heart, states(scene.heart, emptied)
    share = emptied.astype(np.float32)[:, None, None]
    outer = surfaces.muscle(points, heart=heart, state=state)
    right = surfaces.right_ventricle(points, heart=heart, state=state, emptied=share)
    left_atrium = surfaces.left_atrium(points, heart=heart, state=state, emptied=share)
    right_atrium = surfaces.right_atrium(points, heart=heart, state=state, emptied=share)
    right_atrium = np.maximum(right_atrium, 3 - left_atrium)
    trunk = surfaces.outflow(points, heart=heart)
    ventricles = np.minimum(outer, right - surfaces.RIGHT_WALL_MM)
    atria = np.minimum(np.minimum(left_atrium, right_atrium), trunk) - surfaces.ATRIAL_WALL_MM
    thickness = surfaces.fat(points, thickness_mm=scene.torso.pericardium_mm, turn=scene.torso.half_width)
    around = np.minimum(ventricles, atria) - thickness
    return _Parts(outer, right, left_atrium, right_atrium, trunk, ventricles, atria, around)


def extent(scene: Scene, plane: Plane, *, emptied: Curve) -> Bool[np.ndarray, "y x"]:
    """Where the heart, its atria, trunk and fat are at any phase, in any part of the slice."""
    away = (
        _parts(points_of(scene.pose.local(plane.points(depth))), scene, emptied).around.min(axis=0)
        for depth in (-plane.thickness_mm / 2, 0.0, plane.thickness_mm / 2)
    )
    return np.asarray(np.minimum.reduce(list(away)) < 0)


def _paint_heart(frames: Frames, points: Points, scene: Scene, emptied: Curve, pixel_mm: float) -> Frames:
    """The frames with the heart on them, from the outside in."""
    heart, tissue = scene.heart, scene.tissue
    share = emptied.astype(np.float32)[:, None, None]
    state = states(heart, emptied)

    def paint(
        distance: Float[np.ndarray, "..."], signal: float, opacity: Float[np.ndarray, "..."] | float = 1.0
    ) -> None:
        frames[...] += opacity * coverage(distance, width=pixel_mm) * (signal - frames)

    parts = _parts(points, scene, emptied)
    around = tissue.fluid if scene.effusion else tissue.fat
    paint(parts.around, around)
    paint(parts.atria, tissue.muscle)
    paint(parts.ventricles, tissue.muscle)
    paint(np.minimum(parts.trunk, parts.right_atrium), tissue.right_blood)
    paint(parts.left_atrium, 0.95)
    paint(parts.right, tissue.right_blood)
    paint(parts.outer, tissue.muscle)
    paint(surfaces.cavity(points, heart=heart, state=state), 1.0)
    paint(surfaces.papillaries(points, heart=heart, state=state), tissue.muscle + 0.08)
    paint(surfaces.mitral_leaflets(points, state=state), tissue.muscle, 0.25 + 0.45 * (share > 0.1))
    return frames


def received(
    signal: Frames, space: Float[np.ndarray, "y x 3"], *, pose: Pose, receiver: Receiver, rng: np.random.Generator
) -> UInt16[np.ndarray, "t y x"]:
    """Stored values: shaded by the coil, with Rician noise, in twelve bits."""
    from_heart = (space - pose.origin) / 100
    shade = np.exp(-receiver.shading * from_heart[..., 1] + receiver.sideways * from_heart[..., 0]).astype(np.float32)
    if receiver.blur:
        neighbours = 0.5 * (np.roll(signal, 1, axis=0) + np.roll(signal, -1, axis=0))
        signal = (1 - receiver.blur) * signal + receiver.blur * neighbours
    real = signal * shade + receiver.noise * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = receiver.noise * rng.standard_normal(signal.shape, dtype=np.float32)
    return np.asarray(np.clip(np.rint(receiver.gain * np.hypot(real, imaginary)), 0, LARGEST).astype(np.uint16))


def masks(scene: Scene, plane: Plane, *, emptied: Curve) -> UInt8[np.ndarray, "t y x"]:
    """0 background, 1 right ventricle, 2 myocardium, 3 left ventricle (papillary muscles included)."""
    points = points_of(scene.pose.local(plane.points()))
    state = states(scene.heart, emptied)
    share = emptied.astype(np.float32)[:, None, None]
    labels = np.zeros((len(emptied), plane.matrix, plane.matrix), np.uint8)
    labels[surfaces.right_ventricle(points, heart=scene.heart, state=state, emptied=share) < 0] = 1
    labels[surfaces.muscle(points, heart=scene.heart, state=state) < 0] = 2
    labels[surfaces.cavity(points, heart=scene.heart, state=state) < 0] = 3
    return labels
