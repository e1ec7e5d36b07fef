"""How far the automatic centre of the left ventricle lies from the masks' one, and whether its confidence tells.

    python -m benchmarks.localisation ACDC/training

Annotations are withheld. Slices one by one; stacks by one value each (cavity centroid, middle third), as they are and
made harder (moved, in a small field, under noise). Intervals are bootstrapped by patient. Also what the gray window
keeps of the blood, and cines per second. Writes aggregates alone.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from benchmarks.result import cpu_seconds, keep
from benchmarks.stacks import LEFT_VENTRICLE, Stack, harder, middle_third, pairs
from cinemyo import tables
from cinemyo.config import Locate
from cinemyo.layout import Layout
from cinemyo.preparation.intensity import heart_window
from cinemyo.preparation.locate import locate
from cinemyo.preparation.region import Located, locate_exam
from cinemyo.sources.images import write_cine

MUSCLE: Final = 2
SLICES: Final = {"all slices": (0.0, 1.0), "middle slices": (0.2, 0.8)}
LARGE_MM: Final = 10.0
FLAGGED: Final = 0.1
DRAWS: Final = 2000
SEED: Final = 20


def slice_errors(stack: Stack, found: list[Located], *, labels: tuple[int, ...]) -> list[float]:
    """Distance in mm to the centroid of these labels at diastole in each slice; NaN without a left ventricle."""
    assert stack.masks is not None
    errors = []
    for mask, centre in zip(stack.masks[0], found, strict=True):
        down, right = np.nonzero(np.isin(mask, labels))
        seen = (mask == LEFT_VENTRICLE).any()
        away = down.mean() * stack.spacing[0] - centre.row_mm if seen else np.nan
        across = right.mean() * stack.spacing[1] - centre.column_mm if seen else np.nan
        errors.append(float(np.hypot(away, across)))
    return errors


def stack_error(stack: Stack, found: list[Located]) -> float:
    """Distance in mm between the mean centroid of the cavity over the middle third and the mean centre found there."""
    assert stack.masks is not None
    away = []
    for mask, centre in list(zip(stack.masks[0], found, strict=True))[middle_third(len(found))]:
        down, right = np.nonzero(mask == LEFT_VENTRICLE)
        if len(down):
            away.append(
                (down.mean() * stack.spacing[0] - centre.row_mm, right.mean() * stack.spacing[1] - centre.column_mm)
            )
    return float(np.hypot(*np.mean(away, axis=0)))


def separation(errors: np.ndarray, confidence: np.ndarray) -> float:
    """Chance that a large error has less confidence than another stack; NaN without both."""
    large = errors > LARGE_MM
    low, high = confidence[large], confidence[~large]
    if not len(low) or not len(high):
        return float("nan")
    return float(np.mean((low[:, None] < high) + 0.5 * (low[:, None] == high)))


def interval(rows: pd.DataFrame) -> list[float]:
    """95 % interval of the separation, bootstrapped by patient."""
    generator = np.random.default_rng(SEED)
    parts = [part[["error_mm", "confidence"]].to_numpy() for _, part in rows.groupby("patient")]
    draws = []
    for _ in range(DRAWS):
        drawn = np.concatenate([parts[index] for index in generator.integers(len(parts), size=len(parts))])
        draws.append(separation(drawn[:, 0], drawn[:, 1]))
    return [round(float(value), 3) for value in np.nanpercentile(draws, [2.5, 97.5])]


def summary(errors: np.ndarray) -> dict[str, float]:
    """Count, median, 90th and 95th percentile, shares beyond 10 and 20 mm."""
    quantiles = dict(zip(("median_mm", "p90_mm", "p95_mm"), np.percentile(errors, [50, 90, 95]), strict=True))
    shares = {f"beyond_{limit}_mm": (errors > limit).mean() for limit in (10, 20)}
    return {"n": len(errors)} | {name: round(float(value), 3) for name, value in (quantiles | shares).items()}


def slices(stacks: list[Stack], *, config: Locate) -> dict[str, Any]:
    """Summaries of slices, each stack located from all of them or from the middle ones."""
    report: dict[str, Any] = {}
    for name, part in SLICES.items():
        cut = [stack.part(*part) for stack in stacks]
        found = [locate_exam(stack.views(), config=config) for stack in cut]
        report[name] = {}
        for target, labels in (("cavity_and_muscle", (MUSCLE, LEFT_VENTRICLE)), ("cavity", (LEFT_VENTRICLE,))):
            errors = np.concatenate(
                [slice_errors(stack, each, labels=labels) for stack, each in zip(cut, found, strict=True)]
            )
            report[name][target] = summary(errors[~np.isnan(errors)])
    return report


def stack_rows(stacks: list[Stack], *, config: Locate) -> pd.DataFrame:
    """Error and confidence of each stack as it is and made harder."""
    rows = []
    for number, stack in enumerate(stacks):
        generator = np.random.default_rng([SEED, number])
        for kind, each in (("as it is", stack), *harder(stack, generator=generator)):
            found = locate_exam(each.views(), config=config)
            confidence = np.median([centre.confidence for centre in found[middle_third(len(found))]])
            rows.append((stack.name, kind, stack_error(each, found), float(confidence)))
    return pd.DataFrame(rows, columns=["patient", "kind", "error_mm", "confidence"])


def stacks_report(rows: pd.DataFrame, *, config: Locate) -> dict[str, Any]:
    """Errors by kind of stack; how well the confidence separates large ones, and what a review would find."""
    large = rows["error_mm"] > LARGE_MM
    least = rows["confidence"].rank(method="first") <= FLAGGED * len(rows)
    flagged = rows["confidence"] < config.review_confidence
    mildly = rows[~rows["kind"].str.endswith("strongly")]
    mild = {
        "stacks": len(mildly),
        "large_errors": int((mildly["error_mm"] > LARGE_MM).sum()),
        "separation": round(separation(mildly["error_mm"].to_numpy(), mildly["confidence"].to_numpy()), 3),
        "interval": interval(mildly),
    }
    return {
        "by_kind": {kind: summary(part["error_mm"].to_numpy()) for kind, part in rows.groupby("kind", sort=False)},
        "confidence": {
            "stacks": len(rows),
            "large_errors": int(large.sum()),
            "separation": round(separation(rows["error_mm"].to_numpy(), rows["confidence"].to_numpy()), 3),
            "interval": interval(rows),
            "least_tenth_holds_of_large_errors": round(float(large[least].sum() / max(large.sum(), 1)), 3),
            "flagged": round(float(flagged.mean()), 3),
            "flagged_holds_of_large_errors": round(float(large[flagged].sum() / max(large.sum(), 1)), 3),
            "mildly_harder": mild,
            "large_errors_among_not_flagged": round(float(large[~flagged].mean()), 4),
        },
    }


def windows(stacks: list[Stack], *, config: Locate) -> dict[str, float]:
    """What the window makes of blood and muscle, means over slices of the middle third: clipped share, gray values."""
    rows = []
    for stack in stacks:
        assert stack.masks is not None
        found = locate_exam(stack.views(), config=config)
        for at in range(*middle_third(len(found)).indices(len(found))):
            frames, mask = stack.frames[:, at], stack.masks[:, at]
            if not all((part == LEFT_VENTRICLE).any() and (part == MUSCLE).any() for part in mask):
                continue
            centre = found[at].row_mm, found[at].column_mm
            window = heart_window(frames, spacing=stack.spacing, centre=centre, config=config)
            gray = np.clip((frames - window.low) / (window.high - window.low), 0, 1) * 255
            blood = [gray[phase][mask[phase] == LEFT_VENTRICLE] for phase in (0, 1)]
            muscle = [gray[phase][mask[phase] == MUSCLE].mean() for phase in (0, 1)]
            clipped = np.concatenate(blood) >= 255
            rows.append([clipped.mean(), *(part.mean() for part in blood), *muscle])
    names = ("blood_clipped", "blood_diastole", "blood_systole", "muscle_diastole", "muscle_systole")
    table = np.array(rows)
    report = {name: round(float(value), 3) for name, value in zip(names, table.mean(axis=0), strict=True)}
    apart = table[:, 1:3].mean(axis=1) - table[:, 3:5].mean(axis=1)
    return report | {
        "slices": len(table),
        "blood_clipped_p95": round(float(np.percentile(table[:, 0], 95)), 3),
        "blood_less_muscle_p5": round(float(np.percentile(apart, 5)), 1),
        "blood_less_muscle_median": round(float(np.median(apart)), 1),
    }


def speed(stacks: list[Stack], *, config: Locate) -> dict[str, float]:
    """Cines per second of the stage's work, reading included, over processes."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout("speed", Path(folder))
        rows = []
        for number, stack in enumerate(stacks):
            for at, view in enumerate(stack.views()):
                row = _row(number, at, view.frames.shape, stack)
                write_cine(layout.ingested / f"{row['cine_id']}.mha", view.frames, *stack.spacing)
                rows.append(row)
        cines = tables.from_rows(rows, table=tables.CINES)
        start, used = time.perf_counter(), cpu_seconds()
        locate(cines, layout=layout, labels=tables.from_rows([], table=tables.LABELS), config=config)
        seconds, used = time.perf_counter() - start, cpu_seconds() - used
    return {
        "cines": len(rows),
        "frames": len(stacks[0].frames),
        "cines_per_second": round(len(rows) / seconds, 1),
        "cpu_ms_per_cine": round(1000 * used / len(rows), 1),
    }


def _row(number: int, at: int, shape: tuple[int, ...], stack: Stack) -> dict[str, Any]:
    geometry = {"row_cosine": (0, 1, 0), "column_cosine": (1, 0, 0), "position": (0, 0, at * stack.apart_mm)}
    cells = {
        f"{name}_{axis}": float(value) for name in geometry for axis, value in zip("xyz", geometry[name], strict=True)
    }
    code, exam = (f"{value:016d}".translate(str.maketrans("01", "ab")) for value in (number * 100 + at, number))
    return cells | {
        "cine_id": f"c-{code}",
        "patient_id": f"p-{exam}",
        "exam_id": f"e-{exam}",
        "series_id": f"s-{exam}",
        "exam_order": 1,
        "slice_number": at + 1,
        "source": "acdc",
        "scanner": "unknown",
        "n_frames": shape[0],
        "rows": shape[1],
        "columns": shape[2],
        "row_spacing_mm": stack.spacing[0],
        "column_spacing_mm": stack.spacing[1],
        "phase_key": "frame_number",
        "digest": "0" * 64,
    }


def show(report: dict[str, Any]) -> None:
    """Prints the figures as tables."""
    print(f"{'':36}{'n':>5}{'median':>8}{'p90':>8}{'p95':>8}{'> 10 mm':>9}{'> 20 mm':>9}")
    parts = {f"{name}, {target}": part[target] for name, part in report["slices"].items() for target in part}
    parts |= {f"stacks, {kind}": figures for kind, figures in report["stacks"]["by_kind"].items()}
    for name, figures in parts.items():
        numbers = [figures[key] for key in ("median_mm", "p90_mm", "p95_mm", "beyond_10_mm", "beyond_20_mm")]
        print(f"{name:36}{figures['n']:>5}" + "{:>8.1f}{:>8.1f}{:>8.1f}{:>9.3f}{:>9.3f}".format(*numbers))
    for name in ("confidence", "window", "speed"):
        figures = report["stacks"][name] if name == "confidence" else report[name]
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))


def main() -> None:
    """Measures, prints and writes."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    config = Locate(**yaml.safe_load(Path("conf/locate/default.yaml").read_text()))
    stacks = list(pairs(Path(sys.argv[1])))
    report: dict[str, Any] = {
        "data": "ACDC (Bernard 2018, doi 10.1109/TMI.2018.2837502), aggregates only",
        "locate": config.model_dump(),
        "patients": len(stacks),
        "slices": slices(stacks, config=config),
        "stacks": stacks_report(stack_rows(stacks, config=config), config=config),
        "window": windows(stacks, config=config),
        "speed": speed(stacks, config=config),
    }
    show(report)
    keep("localisation", report, command="python -m benchmarks.localisation ACDC/training")


if __name__ == "__main__":
    main()
