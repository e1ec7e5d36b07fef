"""The ranking of a sweep as one page: no network, no script, no time in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cinemyo.config import Study
from cinemyo.record.embedding import embedded_bytes
from cinemyo.record.pages import rendered

HERE: Final = Path(__file__).parent


def page(ranked: pd.DataFrame, *, study: Study, figure: bytes) -> bytes:
    """The page as UTF-8."""
    finished = ranked[ranked["state"] == "finished"]
    return rendered(
        HERE,
        study=study,
        figure=embedded_bytes(figure),
        finished=_lines(finished),
        failed=_lines(ranked[ranked["state"] == "failed"]),
    )


def _lines(rows: pd.DataFrame) -> Sequence[dict[str, Any]]:
    return [_line(row) for row in rows.to_dict("records")]


def _line(row: dict[Any, Any]) -> dict[str, Any]:
    shown = {key: None if pd.isna(value) else value for key, value in row.items()}
    sd, seconds = shown["validation_accuracy_sd"], shown["seconds"]
    return {
        "rank": shown["rank"] or "control",
        "name": shown["name"],
        "key": shown["key"],
        "backbone": shown["backbone"],
        "crop": shown["crop_px"] or "whole canvas",
        "target": f"{shown['target']}, {shown['scheme']}",
        "accuracy": _number(shown["validation_accuracy"], 3) + ("" if sd is None else f" ± {sd:.3f}"),
        "loss": _number(shown["validation_loss"], 3),
        "gflop": _number(shown["gflop"], 3),
        "parameters": _number(_millions(shown["parameters"]), 2),
        "trained": _number(_millions(shown["trained_parameters"]), 2),
        "seconds": "interrupted" if seconds is None else f"{seconds:.0f}",
        "reason": shown["reason"],
    }


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _millions(value: int | None) -> float | None:
    return None if value is None else value / 1e6
