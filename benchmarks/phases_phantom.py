"""How many frames the phases of a synthetic study are off, by view: the only long-axis images whose truth is known.

    python -m benchmarks.phases_phantom data/demo/cines.csv data/demo/phases.csv data/phantom/demo/truth.csv

Truth is the frame of the largest and of the smallest volume. Trigger times are known.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.result import keep
from cinemyo import tables
from cinemyo.deid.keys import load_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.sources.phantom.truth import TRUTH


def errors(cines: pd.DataFrame, phases: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """One row per cine: view, review flag, and cyclic difference of each phase in frames, early < 0."""
    key = load_key("published")
    told = truth.assign(series_id=[pseudonym("series", name, key=key) for name in truth["series"]])
    rows = cines.merge(phases, on="cine_id").merge(told, on="series_id", suffixes=("", "_told"))
    half = rows["n_frames"] // 2
    return rows[["view", "review"]].assign(
        **{
            phase: (rows[f"{phase}_index"] - rows[f"{phase}_index_told"] + half) % rows["n_frames"] - half
            for phase in ("diastole", "systole")
        }
    )


def figures(part: pd.DataFrame) -> dict[str, float]:
    """Mean error without and with its sign, and share within one frame, of both phases."""
    report: dict[str, float] = {"cines": len(part)}
    for phase in ("systole", "diastole"):
        off = part[phase].to_numpy(np.float64)
        values = {"mean": np.abs(off).mean(), "bias": off.mean(), "within_1": (np.abs(off) <= 1).mean()}
        report |= {f"{phase}_{name}": round(float(value), 2) for name, value in values.items()}
    return report


def main() -> None:
    """Measures, prints and writes."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    contracts = (tables.CINES, tables.PHASE_TABLE, TRUTH)
    rows = errors(*(tables.read(Path(path), table=table) for path, table in zip(sys.argv[1:], contracts, strict=True)))
    parts = {"all": rows, **{str(view): part for view, part in rows.groupby("view")}}
    parts |= {"flagged": rows[rows["review"]], "not flagged": rows[~rows["review"]]}
    report = {name: figures(part) for name, part in parts.items()}
    print(pd.DataFrame(report).T.to_string())
    command = "python -m benchmarks.phases_phantom data/demo/cines.csv data/demo/phases.csv data/phantom/demo/truth.csv"
    keep("phases_phantom", {"data": "synthetic study", "groups": report}, command=command)


if __name__ == "__main__":
    main()
