"""The occlusion test: whether an answer follows the heart or its surroundings, when either is another cine's.

Black or blurred patches make a network answer a class of their own. Here a part of a cine is exchanged for that of
other cines of the same view, so that what the network sees is always a heart in its surroundings.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from cinemyo.explain.attention import Heart
from cinemyo.training.answer import ANSWER_BATCH


@dataclass(frozen=True)
class Pool:
    """Cines that the model of a fold did not train on: what may be exchanged, each with its soft heart."""

    cines: pd.DataFrame
    """Indexed by cine_id, in the order of the images: patient_id, view, digest, and the class of the target."""
    images: Float[Tensor, "cine phase y x"]
    """From 0 to 1."""
    hearts: Float[Tensor, "cine phase y x"]
    """1 within the heart, falling to 0 around it."""


@dataclass(frozen=True)
class Kept:
    """Probabilities of all classes: of the cine as it is, and the mean over donors of heart or background.

    None where a class has no donor.
    """

    whole: Float[np.ndarray, " class"]
    heart: Float[np.ndarray, " class"] | None
    """The heart is the cine's own, the background that of donors."""
    background: Float[np.ndarray, " class"] | None
    """The background is the cine's own, the heart that of donors."""
    donors: int


def soft(hearts: Sequence[Heart], *, pixel_mm: float, margin_mm: float, edge_mm: float) -> Float[Tensor, "phase y x"]:
    """1 up to `margin_mm` around the heart, then falling to 0 over `edge_mm`; one page per phase."""
    return torch.from_numpy(
        np.stack([_ramp(heart.whole, pixel_mm=pixel_mm, margin_mm=margin_mm, edge_mm=edge_mm) for heart in hearts])
    )


def _ramp(
    area: Bool[np.ndarray, "y x"], *, pixel_mm: float, margin_mm: float, edge_mm: float
) -> Float[np.ndarray, "y x"]:
    if not area.any():
        return np.zeros(area.shape, np.float32)
    away = distance_transform_edt(~area) * pixel_mm
    return np.asarray(np.clip((margin_mm + edge_mm - away) / edge_mm, 0, 1), np.float32)


def donors_of(
    cine_id: str, *, cines: pd.DataFrame, classes: Sequence[str], target: str, count: int, seed: int
) -> Mapping[str, list[int]]:
    """Rows of up to `count` donors of each class: other patients' cines, those of the same view first.

    Drawn by seed and image content, so that no other cine changes them. Where the target is the view, every class has
    a view of its own.
    """
    own = cines.loc[cine_id]
    others = cines["patient_id"] != own["patient_id"]
    foreign = (cines["view"] != own["view"]).fillna(value=True).to_numpy(bool)
    drawn = [hashlib.sha256(f"{seed}|{own['digest']}|{digest}".encode()).hexdigest() for digest in cines["digest"]]
    ranked = sorted(np.flatnonzero(others), key=lambda row: (bool(foreign[row]), drawn[row]))
    truths = cines[target].tolist()
    return {name: [int(row) for row in ranked if truths[row] == name][:count] for name in classes}


def exchanged(
    model: torch.nn.Module, cine_id: str, *, pool: Pool, donors: Mapping[str, list[int]], device: torch.device
) -> Kept:
    """What the model answers when heart or background is the donors', each class of donor alike.

    The region of the heart is that of both cines together, so that none of either heart stays where it does not belong.
    """
    rows = [row for own in donors.values() for row in own] if all(donors.values()) else []
    place = pool.cines.index.tolist().index(cine_id)
    region = torch.maximum(pool.hearts[place], pool.hearts[rows])
    own, other = pool.images[place], pool.images[rows]
    mixed = torch.cat([own[None], region * own + (1 - region) * other, region * other + (1 - region) * own])
    with torch.no_grad():
        answers = torch.cat([model(batch.to(device)) for batch in torch.split(mixed, ANSWER_BATCH)])
    shares = answers.double().softmax(dim=1).cpu().numpy()
    if not rows:
        return Kept(shares[0], None, None, 0)
    weights = np.array([1 / len(own) / len(donors) for own in donors.values() for _ in own])
    return Kept(shares[0], weights @ shares[1 : len(rows) + 1], weights @ shares[len(rows) + 1 :], len(rows))
