"""How many frames automatic end-diastole and end-systole are off on real whole series, and what else was tried.

    python -m benchmarks.phases ACDC_CINE SUNNYBROOK

Each series is turned in time by a drawn number of frames, as no series may be trusted to begin at diastole; truth is
one pair of frames per patient. Every other patient of the lists set the one parameter (the plateau), the others did
not. Intervals are bootstrapped by patient. Writes aggregates alone.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from benchmarks.phases_tried import COURSES, RULES
from benchmarks.result import keep
from benchmarks.stacks import Stack, series, sunnybrook, turned
from cinemyo.config import Locate
from cinemyo.preparation.courses import Beat
from cinemyo.preparation.ends import PLATEAU
from cinemyo.preparation.phases import Picked, pick_own, pick_stack
from cinemyo.preparation.region import locate_exam
from cinemyo.preparation.rhythm import Rhythm, Timing, rhythm_of

SEED: Final = 4
DRAWS: Final = 4000
NOISE: Final = 0.08
OFF_MM: Final = 8.0
SUNNYBROOK_KIND: Final = "heart failure"
Centre = tuple[float, float]
METHODS: Final[dict[str, Callable[[list[Rhythm]], list[Picked]]]] = {
    "one moment per stack": pick_stack,
    "each slice for itself": lambda rhythms: [pick_own(rhythm) for rhythm in rhythms],
}


@dataclass(frozen=True, eq=False)
class Turned:
    """A stack begun at a drawn frame, its centres, and the beat that each slice shows."""

    stack: Stack
    centres: list[Centre]
    rhythms: list[Rhythm]


def located(stack: Stack, *, config: Locate) -> list[Centre]:
    """The centre of the left ventricle in each slice, found without annotation."""
    return [(found.row_mm, found.column_mm) for found in locate_exam(stack.views(), config=config)]


def seen(stack: Stack, centres: list[Centre], *, timing: Timing | None = None) -> Turned:
    """What each slice shows of the beat."""
    rhythms = [
        rhythm_of(view.frames, spacing=view.spacing, centre=centre, timing=timing)
        for view, centre in zip(stack.views(), centres, strict=True)
    ]
    return Turned(stack, centres, rhythms)


def off(stack: Stack, picked: Sequence[Picked]) -> np.ndarray:
    """Cyclic difference in frames of each slice's picks (rows) at diastole and systole (columns)."""
    count = len(stack.frames)
    pairs = np.array([(one.diastole - stack.diastole, one.systole - stack.systole) for one in picked]) % count
    return np.minimum(pairs, count - pairs)


def interval(values: np.ndarray) -> list[float]:
    """95 % interval of a mean, bootstrapped by patient."""
    generator = np.random.default_rng(SEED)
    draws = values[generator.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    return [round(float(value), 2) for value in np.percentile(draws, [2.5, 97.5])]


def figures(errors: Sequence[np.ndarray], counts: Sequence[int]) -> dict[str, Any]:
    """Mean error in frames and in share of the beat, share within one frame; errors of slices by patient."""
    means = np.array([part.mean() for part in errors])
    within = np.array([(part <= 1).mean() for part in errors])
    return {
        "patients": len(errors),
        "mean_frames": round(float(means.mean()), 2),
        "interval": interval(means),
        "mean_share_of_beat": round(float((means / counts).mean()), 3),
        "within_1": round(float(within.mean()), 2),
        "within_1_interval": interval(within),
    }


def by_group(errors: Sequence[np.ndarray], stacks: Sequence[Stack]) -> dict[str, Any]:
    """Figures of both phases for the patients that set the parameter, for the others, for all, and by pathology."""
    kinds = [stack.pathology for stack in stacks]
    groups = {"set on": list(range(0, len(stacks), 2)), "others": list(range(1, len(stacks), 2))}
    groups |= {
        "all": list(range(len(stacks))),
        "acdc": [at for at, kind in enumerate(kinds) if kind != SUNNYBROOK_KIND],
    }
    groups |= {kind: [at for at, other in enumerate(kinds) if other == kind] for kind in dict.fromkeys(kinds)}
    return {
        phase: {
            name: figures([errors[at][:, column] for at in kept], [len(stacks[at].frames) for at in kept])
            for name, kept in groups.items()
        }
        for column, phase in enumerate(("diastole", "systole"))
    }


def disturbed(each: Turned, *, generator: np.random.Generator) -> dict[str, Turned]:
    """The same stack with a wrong pixel size, noise, a centre that is off, fewer slices, fewer frames."""
    stack, centres = each.stack, each.centres
    wrong = 1 / stack.spacing[0]
    level = NOISE * float(np.percentile(stack.frames, 98))
    noisy = replace(stack, frames=(stack.frames + generator.normal(0, level, stack.frames.shape)).astype(np.float32))
    angle = generator.uniform(0, 2 * np.pi)
    moved = [(row + OFF_MM * np.cos(angle), column + OFF_MM * np.sin(angle)) for row, column in centres]
    stated = replace(stack, spacing=(stack.spacing[0] * wrong, stack.spacing[1] * wrong))
    return {
        "pixels stated as 1 mm": seen(stated, [(row * wrong, column * wrong) for row, column in centres]),
        "noise of 8 %": seen(noisy, centres),
        "centre 8 mm off": seen(stack, moved),
        "every other slice": Turned(stack, centres[::2], each.rhythms[::2]),
    }


def brief(errors: Sequence[np.ndarray]) -> dict[str, float]:
    """Mean error in frames and share within one frame, of stacks that have one moment each."""
    table = np.array([part.mean(axis=0) for part in errors])
    return {
        f"{phase}_{what}": round(float(value), 2)
        for column, phase in ((1, "systole"), (0, "diastole"))
        for what, value in (
            ("mean", table[:, column].mean()),
            ("within_1", (table[:, column] <= 1).mean()),
            ("mean_set_on", table[::2, column].mean()),
            ("within_1_set_on", (table[::2, column] <= 1).mean()),
        )
    }


def tried(all_turned: Sequence[Turned]) -> list[dict[str, Any]]:
    """Figures of each course with each rule, and of the parameter's patients alone."""
    rows = []
    for course_name, course in COURSES.items():
        lines = [course(each.stack, each.centres, _beats(each)) for each in all_turned]
        for rule_name, rule in RULES.items():
            errors = [_off_at(each.stack, rule(line)) for each, line in zip(all_turned, lines, strict=True)]
            rows.append({"course": course_name, "rule": rule_name, **brief(errors)})
    return rows


def _beats(each: Turned) -> list[Beat]:
    return [rhythm.beat for rhythm in each.rhythms if rhythm.beat is not None]


def _off_at(stack: Stack, ends: tuple[float, float]) -> np.ndarray:
    diastole, systole = (round(end) % len(stack.frames) for end in ends)
    return off(stack, [Picked(diastole, systole, None, "", 0.0)])


def show(report: dict[str, Any]) -> None:
    """Prints the figures as tables."""
    for method in METHODS:
        print(f"{method:34}{'n':>4}{'mean':>7}{'95 %':>14}{'of RR':>8}{'<= 1':>7}{'95 %':>14}")
        for phase, groups in report[method].items():
            for name, part in groups.items():
                spans = ["{:.2f} to {:.2f}".format(*part[key]) for key in ("interval", "within_1_interval")]
                first = f"{phase + ', ' + name:34}{part['patients']:>4}{part['mean_frames']:>7.2f}{spans[0]:>14}"
                print(f"{first}{part['mean_share_of_beat']:>8.3f}{part['within_1']:>7.2f}{spans[1]:>14}")
    print(f"{'':52}{'systole':>14}{'diastole':>14}")
    named = [(name, "", part) for name, part in report["disturbed"].items()]
    for course, rule, part in named + [(row["course"], row["rule"], row) for row in report["tried"]]:
        numbers = (part[f"{phase}_{what}"] for phase in ("systole", "diastole") for what in ("mean", "within_1"))
        print(f"{course:30}{rule:22}" + "".join(f"{value:>7.2f}" for value in numbers))


def main() -> None:
    """Measures, prints and writes."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    config = Locate(**yaml.safe_load(Path("conf/locate/default.yaml").read_text()))
    generator = np.random.default_rng(SEED)
    stacks = [*series(Path(sys.argv[1])), *sunnybrook(Path(sys.argv[2]))]
    stacks = [turned(stack, frames=int(generator.integers(len(stack.frames)))) for stack in stacks]
    each = [seen(stack, located(stack, config=config)) for stack in stacks]
    others = [disturbed(one, generator=generator) for one in each]
    report: dict[str, Any] = {
        "data": "ACDC (Bernard 2018, doi 10.1109/TMI.2018.2837502) and Sunnybrook (Radau 2009), aggregates only",
        "patients": len(stacks),
        "plateau": PLATEAU,
    }
    for name, method in METHODS.items():
        report[name] = by_group([off(one.stack, method(one.rhythms)) for one in each], stacks)
    report["disturbed"] = {
        name: brief([off(one[name].stack, pick_stack(one[name].rhythms)) for one in others]) for name in others[0]
    }
    report["tried"] = tried(each)
    show(report)
    keep("phases", report, command="python -m benchmarks.phases ACDC_CINE SUNNYBROOK")


if __name__ == "__main__":
    main()
