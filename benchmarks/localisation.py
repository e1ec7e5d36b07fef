"""How far the automatic centre of the left ventricle lies from the masks' one; how many frames ED and ES are off.

    python -m benchmarks.localisation ACDC/training [ACDC_CINE]

Annotations are withheld. The second folder holds whole series (`patientNNN_4d.nii.gz`). Writes aggregates alone.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from benchmarks.result import keep
from cinemyo import tables
from cinemyo.config import Locate, SliceRule
from cinemyo.layout import Layout
from cinemyo.preparation.locate import locate
from cinemyo.sources.acdc import AcdcReader
from cinemyo.sources.images import read_mask
from cinemyo.sources.ingest import ingest

GROUPS = {"NOR": "normal", "HCM": "hcm", "DCM": "dcm"}
SLICES = {"all slices": SliceRule(first=0, last=1), "middle slices": SliceRule(first=0.2, last=0.8)}


def located(root: Path, *, slices: SliceRule, config: Locate, layout: Layout) -> tuple[pd.DataFrame, float]:
    """Cines with their computed regions and phases, and the seconds that locating them took."""
    ingest(AcdcReader(root, slices=slices, groups=GROUPS), layout=layout)
    cines = tables.read(layout.cines, table=tables.CINES)
    start = time.perf_counter()
    regions, phases = locate(cines, layout=layout, labels=tables.from_rows([], table=tables.LABELS), config=config)
    seconds = time.perf_counter() - start
    return cines.merge(regions, on="cine_id").merge(phases, on="cine_id", suffixes=("", "_phases")), seconds


def centre_errors(rows: pd.DataFrame, *, masks: Path, labels: tuple[int, ...]) -> np.ndarray:
    """Distance in mm to the centroid of these labels at diastole; NaN where the slice has no left ventricle."""
    errors = []
    for row in rows.to_dict("records"):
        mask = read_mask(masks / f"{row['cine_id']}.mha")[0]
        down, right = np.nonzero(np.isin(mask, labels))
        if not (mask == 3).any():
            errors.append(np.nan)
            continue
        away = down.mean() * row["row_spacing_mm"] - row["centre_row_mm"]
        errors.append(np.hypot(away, right.mean() * row["column_spacing_mm"] - row["centre_column_mm"]))
    return np.array(errors, np.float64)


def summary(errors: np.ndarray) -> dict[str, float]:
    """Count, median, 95th percentile, share beyond 20 mm."""
    if not len(errors):
        return {"n": 0}
    quantiles = {"median_mm": np.median(errors), "p95_mm": np.percentile(errors, 95)}
    return {"n": len(errors)} | {
        name: round(float(value), 3) for name, value in (quantiles | {"beyond_20_mm": (errors > 20).mean()}).items()
    }


def centres(rows: pd.DataFrame, *, masks: Path) -> dict[str, object]:
    """Summaries against both centroids, by flag and by tenth of confidence."""
    muscle = centre_errors(rows, masks=masks, labels=(2, 3))
    cavity = centre_errors(rows, masks=masks, labels=(3,))
    seen = ~np.isnan(muscle)
    errors, confidence = muscle[seen], rows["centre_confidence"].to_numpy(np.float64)[seen]
    flagged = rows["review"].to_numpy(bool)[seen]
    order = np.argsort(confidence, kind="stable")
    tenths = [
        {"confidence_to": round(float(confidence[part].max()), 3)} | summary(errors[part])
        for part in np.array_split(order, 10)
    ]
    return {
        "cavity_and_muscle": summary(errors),
        "cavity": summary(cavity[seen]),
        "flagged": summary(errors[flagged]),
        "not_flagged": summary(errors[~flagged]),
        "by_tenth_of_confidence": tenths,
        "patients": int(rows["patient_id"].nunique()),
    }


def phases(rows: pd.DataFrame, *, layout: Layout) -> dict[str, object]:
    """Cyclic frame difference to the frames that the release annotates, per slice."""
    told = pd.read_csv(layout.carried_labels)[["series", "slice", "diastole_index", "systole_index"]]
    rows = rows.reset_index(drop=True).join(told.add_suffix("_told"))
    report: dict[str, object] = {"slices": len(rows), "patients": int(rows["patient_id"].nunique())}
    for phase in ("diastole", "systole"):
        apart = (rows[f"{phase}_index"] - rows[f"{phase}_index_told"]).abs()
        difference = np.minimum(apart, rows["n_frames"] - apart).to_numpy(np.float64)
        report[phase] = {
            "mean_frames": round(float(difference.mean()), 3),
            "within_1": round(float((difference <= 1).mean()), 3),
            "within_2": round(float((difference <= 2).mean()), 3),
        }
        flagged = rows["review_phases"].to_numpy(bool)
        report[f"{phase}_mean_frames_flagged"] = round(float(difference[flagged].mean()), 3) if flagged.any() else None
    return report


def show(report: dict[str, Any]) -> None:
    """Prints the figures as a table."""
    print(f"{'':44}{'n':>5}{'median':>8}{'p95':>8}{'> 20 mm':>9}")
    for name in SLICES:
        parts = [(part, report[name][part]) for part in ("cavity_and_muscle", "cavity", "flagged", "not_flagged")]
        tenths = report[name]["by_tenth_of_confidence"]
        parts += [(f"confidence to {tenth['confidence_to']:.2f}", tenth) for tenth in tenths]
        for part, figures in parts:
            numbers = [figures.get(key, float("nan")) for key in ("median_mm", "p95_mm", "beyond_20_mm")]
            print(f"{name + ', ' + part:44}{figures['n']:>5}" + "{:>8.1f}{:>8.1f}{:>9.3f}".format(*numbers))
        print(f"{name}: {report[name]['patients']} patients located in {report[name]['seconds']} s")
    print(report.get("phases of whole series", ""))


def main() -> None:
    """Measures, prints and writes."""
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    config = Locate(**yaml.safe_load(Path("conf/locate/default.yaml").read_text()))
    given = " ".join(["ACDC/training", "ACDC_CINE"][: len(sys.argv) - 1])
    report: dict[str, Any] = {
        "data": "ACDC (Bernard 2018, doi 10.1109/TMI.2018.2837502), aggregates only",
        "locate": config.model_dump(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, rule in SLICES.items():
            layout = Layout(name.split()[0], Path(folder))
            rows, seconds = located(Path(sys.argv[1]), slices=rule, config=config, layout=layout)
            report[name] = centres(rows, masks=layout.masks) | {"seconds": round(seconds, 1)}
        if len(sys.argv) == 3:
            layout = Layout("series", Path(folder))
            rows, _ = located(Path(sys.argv[2]), slices=SLICES["all slices"], config=config, layout=layout)
            report["phases of whole series"] = phases(rows, layout=layout)
    show(report)
    keep("localisation", report, command=f"python -m benchmarks.localisation {given}")


if __name__ == "__main__":
    main()
