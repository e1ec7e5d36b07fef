"""Rows of the table of attention."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm, Explain
from cinemyo.explain.attention import Heart, centred, hotness, measure
from cinemyo.explain.exchange import Kept
from cinemyo.explain.hearts import Placed
from cinemyo.explain.heat import Heat
from cinemyo.explain.verdict import Side, exchange_side, verdict
from cinemyo.labels import CLASSES


@dataclass(frozen=True)
class Exchange:
    """What the exchange of heart and background says of one class of a cine."""

    probability: float
    """Of the class, as the cine is."""
    kept_heart: float | None
    """Mean where the background is another cine's."""
    kept_background: float | None
    """Mean where the heart is another cine's."""
    donors: int
    side: Side


def exchange_of(kept: Kept, *, index: int, explain: Explain) -> Exchange:
    """The exchange for the class with this number; undecided where a class of donors is missing."""
    probability = float(kept.whole[index])
    if kept.heart is None or kept.background is None:
        return Exchange(probability, None, None, 0, "undecided")
    heart, background = float(kept.heart[index]), float(kept.background[index])
    side = exchange_side(kept_heart=heart, kept_background=background, decisive=explain.decisive)
    return Exchange(probability, heart, background, kept.donors, side)


def judged(
    heat: Heat, *, hearts: tuple[Heart, ...], placed: Placed, exchange: Exchange, explain: Explain
) -> dict[str, Any]:
    """How hot the heart is by each method, and the verdict on one class of a cine, over all its phases.

    Heat that either method finds in the heart counts: each hides places that the other shows.
    """
    cell_mm = heat.cell_px * placed.pixel_mm
    hot = [
        hotness(found.heat, hearts=hearts, pixel_mm=placed.pixel_mm, cell_mm=cell_mm)
        for found in (heat.grad_cam, heat.activation)
    ]
    said = verdict(
        hotness=max((value for value in hot if value is not None), default=None),
        hot=explain.hot,
        is_too_coarse=cell_mm > explain.too_coarse_mm,
        exchange=exchange.side,
    )
    return {"hotness": hot[0], "activation_hotness": hot[1], "verdict": said}


def rows_of(
    heat: Heat,
    *,
    name: str,
    arm: Arm,
    hearts: tuple[Heart, ...],
    placed: Placed,
    kept: Kept,
    explain: Explain,
) -> list[dict[str, Any]]:
    """Rows of the table of attention of one cine and class: one per phase; the verdict is that of all phases."""
    answer, wanted, cell_mm = heat.answer, heat.wanted, heat.cell_px * placed.pixel_mm
    exchange = exchange_of(kept, index=CLASSES[arm.target].index(wanted), explain=explain)
    shared: dict[str, Any] = {
        "arm": name,
        "cine_id": answer.cine_id,
        "fold": str(answer.fold),
        "class": wanted,
        "is_predicted": wanted == answer.predicted,
        "is_true": wanted == answer.truth,
        "cell_mm": cell_mm,
        "probability": exchange.probability,
        "kept_heart": exchange.kept_heart,
        "kept_background": exchange.kept_background,
        "donors": exchange.donors,
        **judged(heat, hearts=hearts, placed=placed, exchange=exchange, explain=explain),
    }
    rows = []
    for index, (phase, heart) in enumerate(zip(arm.phases, hearts, strict=True)):
        own = {"phase": phase, "heart_from": heart.origin, "gaussian_concentration": _gaussian(heart, placed, explain)}
        for prefix, found in (("", heat.grad_cam), ("activation_", heat.activation)):
            measured = measure(
                found.heat[index],
                heart=heart,
                pixel_mm=placed.pixel_mm,
                cell_mm=cell_mm,
                too_coarse_mm=explain.too_coarse_mm,
            )
            own |= {f"{prefix}{key}": value for key, value in asdict(measured).items()}
            own[f"{prefix}random_likeness"] = found.likeness[index]
        rows.append(shared | own)
    return rows


def _gaussian(heart: Heart, placed: Placed, explain: Explain) -> float | None:
    heat = centred(placed.side, pixel_mm=placed.pixel_mm, width_mm=explain.gaussian_mm)
    measured = measure(heat, heart=heart, pixel_mm=placed.pixel_mm, cell_mm=0, too_coarse_mm=explain.too_coarse_mm)
    return measured.heart_concentration


def attention_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The rows of all arms as the table of attention."""
    frame = tables.from_rows(rows, table=tables.ATTENTION)
    # beyond the sixth digit the order of a sum speaks, not the model
    return frame.round(dict.fromkeys(frame.select_dtypes("number").columns, 6))
