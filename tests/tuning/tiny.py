"""A tiny search on the tiny study."""

from pathlib import Path
from typing import Any

from cinemyo import config
from cinemyo.config import Arm, Params
from cinemyo.layout import Layout
from cinemyo.tuning.search import Tuning, prepare
from cinemyo.tuning.space import parse_search
from tests.tiny_study import params_values
from tests.training import tiny

SEARCH: dict[str, Any] = {
    "name": "rate",
    "space": {
        "fit.learning_rate": {"kind": "float", "low": 1e-4, "high": 1e-1, "scale": "log"},
        "head.pool": {"kind": "categorical", "choices": ["average", "flatten"]},
    },
    "objectives": ["accuracy", "brier", "gflops"],
    "trials": 3,
    "sampler": "tpe",
    "startup": 4,
    "pruning": {"peers": 2, "warm_up": 0.5},
    "reserved_part": 0,
    "folds": None,
}


def arm(**changes: Any) -> Arm:
    """The tiny arm, two epochs of the smallest network."""
    small = {"options": {"channels": [4, 4, 8, 8], "stem_width": 4}}
    return tiny.arm(**{"fit": {"epochs": 2}, "backbone": small, **changes})


def params() -> Params:
    """Parameters that fit the tiny study."""
    values = params_values()
    values["arms"] = {"dual": arm().model_dump(mode="json")}
    return config.parse(values, where="test")


def tuning(layout: Layout, *, base: Arm | None = None, **changes: Any) -> Tuning:
    """The tiny search, with these keys changed."""
    own = base or arm()
    search = parse_search({**SEARCH, **changes}, base=own, params=params())
    return prepare(search, base=own, params=params(), layout=layout)


def files(folder: Path) -> dict[str, bytes]:
    """Bytes of every file by name."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
