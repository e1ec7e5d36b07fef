"""Jobs of a sweep that nobody ran: their files, with figures of one's choice."""

import json
from pathlib import Path
from typing import Any

from tests.training.tiny import arm


def write(folder: Path, key: str, *, accuracy: float | None, basis: str = "b", **changes: Any) -> Path:
    """A job with that accuracy, failed without one; `changes` are those of the arm, and `loss` and `gflop`."""
    figures = {name: changes.pop(name, value) for name, value in (("validation_loss", 1.0), ("gflop", 1.0))}
    own = {"name": f"job {key}", "key": key, "basis": basis, "seed": 1, "folds": "f" * 64, "attempts": 1}
    place = folder / key
    place.mkdir(parents=True)
    _json(place / "job.json", {**own, "study": "tiny", "arm": arm(**changes).model_dump(mode="json")})
    if accuracy is None:
        _json(place / "failed.json", {"reason": "RuntimeError: a <b>bold</b> fault"})
        return place
    cost = {"parameters": 2_000_000, "trained_parameters": 1_000_000, "seconds": 12.0, **figures}
    spread = {"validation_accuracy_sd": 0.05, "validation_accuracy_folds": [accuracy, accuracy]}
    _json(place / "metrics.json", {"validation_accuracy": accuracy, **spread, **cost})
    return place


def _json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values), encoding="utf-8")
