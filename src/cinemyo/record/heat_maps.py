"""Drawings of heat maps: a sheet per case, overviews of an arm and its folds, and typical cases (Figure 4)."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Float

from cinemyo.config import Study
from cinemyo.explain.arm import Case
from cinemyo.explain.verdict import Verdict
from cinemyo.labels import DISPLAY, LEAKY_SCHEMES, Phase, Scheme
from cinemyo.record.heat_sheet import GAP, INK, RED, Sheet, heated

LARGE: Final = 2.3
SMALL: Final = 1.4
TOP: Final = 1.25
LABEL: Final = 1.35
"""Width of the words beside a case of an overview."""
CAPTION: Final = 3.0
"""Width of the words beside a typical case."""
MAX_WRONG: Final = 12
"""Misclassified cines on an overview; each has a sheet of its own."""
VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    "heart": "the heart",
    "outside": "outside the heart",
    "undecided": "undecided: heat and exchange disagree",
    "too_coarse": "none: cells of the map too wide",
    "no_heat": "none: no heat",
}
Maps = Mapping[str, Float[np.ndarray, "phase y x"]]


def draw_case(case: Case, *, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of one cine: a row per phase with its image, then the heat of both methods for true and predicted class."""
    shown = [(method, maps, name) for method, maps in _methods(case) for name in case.answer.classes]
    heads = ["image", *(f"{method}\n{_role(case, name)}" for method, _, name in shown)]
    step, left = LARGE + GAP, 0.4
    sheet = Sheet(max(left + len(heads) * step, 7.2), TOP + len(phases) * step)
    sheet.headline([_verdict(case), _note(case), standing])
    for column, head in enumerate(heads):
        sheet.text(head, x=left + column * step + LARGE / 2, y=TOP - 0.22, ha="center", fontsize=9)
    for row, phase in enumerate(phases):
        y = TOP + row * step
        sheet.text(DISPLAY[phase], x=0.2, y=y + LARGE / 2, ha="center", rotation=90, fontsize=10)
        sheet.image(case.images[row], x=left, y=y, side=LARGE)
        for column, (_, maps, name) in enumerate(shown, start=1):
            _heated(sheet, case, maps=maps, name=name, index=row, at=(left + column * step, y), side=LARGE)
    return sheet.png()


def draw_overview(cases: Sequence[Case], *, arm: str, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of an arm, or of a fold: the 12 surest errors at most on the left, the sample of correct cines right."""
    surest = sorted(cases, key=lambda case: -case.answer.probability)
    wrong = [case for case in surest if not case.answer.correct]
    right = [case for case in cases if case.answer.correct]
    step, n = SMALL + GAP, len(phases)
    middle = LABEL + 3 * n * step
    lines = max(len(wrong[:MAX_WRONG]), len(right), 1)
    sheet = Sheet(max(middle + LABEL + 2 * n * step, 9.0), TOP + lines * step)
    count = f"the {MAX_WRONG} surest of {len(wrong)}" if len(wrong) > MAX_WRONG else str(len(wrong))
    shown = f"left: {count} misclassified cines; right: a sample of {len(right)} correct ones"
    sheet.headline([f"Grad-CAM, arm {arm}", f"{shown}; {_legend(cases)}; brighter = more heat", standing])
    for block, heads, x in (
        (wrong[:MAX_WRONG], ("image", "true class", "predicted class"), LABEL),
        (right, ("image", "true class"), middle + LABEL),
    ):
        _heads(sheet, heads if block else (), phases=phases, x=x)
        for line, case in enumerate(block):
            _line(sheet, case, n=n, x=x, y=TOP + line * step)
            _aside(sheet, case, x=x, y=TOP + line * step)
    return sheet.png()


def draw_folds(cases: Sequence[Case], *, arm: str, phases: Sequence[Phase], standing: str) -> dict[int, bytes]:
    """PNG of each fold that has a case to show."""
    folds = sorted({case.answer.fold for case in cases})
    own = {fold: [case for case in cases if case.answer.fold == fold] for fold in folds}
    return {
        fold: draw_overview(shown, arm=f"{arm}, fold {fold}", phases=phases, standing=standing)
        for fold, shown in own.items()
    }


def draw_typical(typical: Mapping[str, Sequence[Case]], *, arm: str, phases: Sequence[Phase], standing: str) -> bytes:
    """PNG of the surest cases of each kind, with what each shows.

    Source: Germain 2021, Figure 4
    """
    listed = [(kind, case) for kind, cases in typical.items() for case in cases]
    step, n = SMALL + GAP, len(phases)
    sheet = Sheet(max(0.3 + 3 * n * step + CAPTION, 9.0), TOP + max(len(listed), 1) * step)
    legend = _legend([case for _, case in listed])
    sheet.headline([f"Typical heat maps (Grad-CAM), arm {arm}", f"{legend}; brighter = more heat", standing])
    heads = ("image", "true class", "predicted class")[: max((1 + len(c.answer.classes) for _, c in listed), default=0)]
    _heads(sheet, heads, phases=phases, x=0.3)
    for line, (kind, case) in enumerate(listed):
        y = TOP + line * step
        sheet.text(chr(ord("A") + line), x=0.15, y=y + 0.15, ha="center", fontsize=10, fontweight="bold")
        _line(sheet, case, n=n, x=0.3, y=y)
        caption = f"{kind}\n{_answered(case)}\nverdict: {VERDICT_WORDS[case.verdict]}"
        colour = INK if case.answer.correct else RED
        x = 0.3 + (1 + len(case.answer.classes)) * n * step + 0.1
        sheet.text(caption, x=x, y=y + SMALL / 2, fontsize=8, color=colour)
    return sheet.png()


def _heads(sheet: Sheet, heads: Sequence[str], *, phases: Sequence[Phase], x: float) -> None:
    step = SMALL + GAP
    for index, (head, phase) in enumerate((head, phase) for head in heads for phase in phases):
        sheet.text(f"{head}\n{DISPLAY[phase]}", x=x + index * step + SMALL / 2, y=TOP - 0.2, ha="center")


def _line(sheet: Sheet, case: Case, *, n: int, x: float, y: float) -> None:
    """Images of all phases, then their heat for each class."""
    step = SMALL + GAP
    for index in range(n):
        sheet.image(case.images[index], x=x + index * step, y=y, side=SMALL)
        for place, name in enumerate(case.answer.classes, start=1):
            at = (x + (place * n + index) * step, y)
            _heated(sheet, case, maps=case.heat, name=name, index=index, at=at, side=SMALL)


def _aside(sheet: Sheet, case: Case, *, x: float, y: float) -> None:
    answer = case.answer
    said = f"{DISPLAY[answer.predicted]} {answer.probability:.2f}"
    words = f"{answer.cine_id[:8]}…\ntrue {DISPLAY[answer.truth]}\npred. {said}\n{_short(case)}"
    colour = INK if answer.correct else RED
    sheet.text(words, x=x - 0.1, y=y + SMALL / 2, ha="right", fontsize=7.5, color=colour)


def _heated(
    sheet: Sheet, case: Case, *, maps: Maps, name: str, index: int, at: tuple[float, float], side: float
) -> None:
    heat = maps[name]
    # one scale for all phases of a class, so that they can be compared
    peak = float(heat.max())
    heated(sheet, case.images[index], heat=heat[index], peak=peak, heart=case.hearts[index], at=at, side=side)


def _methods(case: Case) -> list[tuple[str, Maps]]:
    return [("Grad-CAM", case.heat), ("gradient x activation", case.activation)]


def banner(study: Study, *, scheme: Scheme) -> str:
    """What every drawing must say of itself."""
    words = [study.notice] if study.notice else []
    words += ["Synthetic images"] if study.synthetic and not words else []
    words += ["Leaky split: patients in training and test"] if scheme in LEAKY_SCHEMES else []
    return ". ".join([*words, "Not for clinical use"])


def _verdict(case: Case) -> str:
    return f"{_answered(case)}: {'correct' if case.answer.correct else 'misclassified'}"


def _answered(case: Case) -> str:
    answer = case.answer
    return f"{DISPLAY[answer.truth]} answered as {DISPLAY[answer.predicted]} ({answer.probability:.2f})"


def _short(case: Case) -> str:
    return f"verdict {case.verdict.replace('_', ' ')}"


def _note(case: Case) -> str:
    said = VERDICT_WORDS[case.verdict]
    return f"{case.answer.cine_id}, fold {case.answer.fold}; verdict: {said}; {_legend([case])}; brighter = more heat"


def _legend(cases: Sequence[Case]) -> str:
    origins = {heart.origin for case in cases for heart in case.hearts}
    shown = {"mask": "left ventricle and heart by mask (solid)", "disc": "assumed discs (dashed)"}
    return "outlines: " + (", ".join(text for origin, text in shown.items() if origin in origins) or "none")


def _role(case: Case, name: str) -> str:
    if case.answer.correct:
        return f"{DISPLAY[name]} (true and predicted)"
    return f"{DISPLAY[name]} ({'true' if name == case.answer.truth else 'predicted'})"
