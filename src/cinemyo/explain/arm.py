"""The heat maps of one arm: every answered cine measured, the misclassified and a sample of the others kept to draw."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8

from cinemyo import tables
from cinemyo.config import Explain, Params
from cinemyo.explain.answers import Answer, answers_of, to_draw, untrained
from cinemyo.explain.attention import Heart
from cinemyo.explain.exchange import Kept, Pool, donors_of, exchanged, soft
from cinemyo.explain.hearts import Hearts
from cinemyo.explain.heat import Heat, heats
from cinemyo.explain.randomised import untaught
from cinemyo.explain.rows import attention_table, rows_of
from cinemyo.explain.verdict import Verdict
from cinemyo.labels import CLASSES
from cinemyo.layout import Layout
from cinemyo.models.classifier import PhaseClassifier, load_model
from cinemyo.training.answer import device, one_thread
from cinemyo.training.augment import to_unit
from cinemyo.training.data import load_crops

__all__ = ["Answer", "Case", "Explained", "answers_of", "attention_table", "explain_arm", "to_draw"]


@dataclass(frozen=True)
class Case:
    """A cine to draw: its crop, its maps by class, the heart in each phase, and the verdicts."""

    answer: Answer
    patient_id: str
    images: UInt8[np.ndarray, "phase y x"]
    heat: Mapping[str, Float[np.ndarray, "phase y x"]]
    """Grad-CAM by class."""
    activation: Mapping[str, Float[np.ndarray, "phase y x"]]
    """Gradient x activation by class."""
    hearts: tuple[Heart, ...]
    verdicts: Mapping[str, Verdict]
    """By class."""

    @property
    def verdict(self) -> Verdict:
        """That on the predicted class."""
        return self.verdicts[self.answer.predicted]


@dataclass(frozen=True)
class Explained:
    """Rows of the table of attention, and the cases to draw."""

    rows: list[dict[str, Any]]
    cases: list[Case]
    typical: Mapping[str, list[Case]]
    """By kind: the surest cases that look at the heart, look outside it, or are wrong."""


KINDS: Final[tuple[tuple[str, Callable[[Case], bool]], ...]] = (
    ("right, by the heart", lambda case: case.answer.correct and case.verdict == "heart"),
    ("right, by what is outside", lambda case: case.answer.correct and case.verdict == "outside"),
    ("right, without a verdict", lambda case: case.answer.correct and case.verdict in ("too_coarse", "no_heat")),
    ("wrong", lambda case: not case.answer.correct),
)
"""Kinds of typical cases, each with who belongs to it."""
TYPICAL: Final = 2
"""Typical cases of a kind."""


def explain_arm(params: Params, *, name: str, layout: Layout) -> Explained:
    """Heat maps of every labelled cine by the model that did not train on it, for its true and predicted class.

    Beside the heat, heart and background are exchanged for those of other cines, and a verdict is given where both
    agree.

    Source: Germain 2021, §3.6
    """
    arm = params.arms[name]
    answers = answers_of(layout, name=name, arm=arm)
    drawn = to_draw(answers, layout=layout, count=params.explain.correct_drawn, seed=params.seed)
    rows: list[dict[str, Any]] = []
    cases: list[Case] = []
    typical: dict[str, list[Case]] = {}
    with one_thread():
        for own, case in _of_folds(answers, params=params, name=name, layout=layout):
            rows += own
            cases += [case] if case.answer.cine_id in drawn else []
            typical = _with(typical, case)
    return Explained(rows, cases, {kind: typical[kind] for kind, _ in KINDS if kind in typical})


def _of_folds(
    answers: Sequence[Answer], *, params: Params, name: str, layout: Layout
) -> Iterator[tuple[list[dict[str, Any]], Case]]:
    """Rows and case of each cine, fold by fold."""
    arm = params.arms[name]
    pools, hearts = untrained(layout, name=name, arm=arm), Hearts(params, arm=arm, layout=layout)
    # each cine is in the pools of two folds
    cine_ids = list(dict.fromkeys(cine for truths in pools.values() for cine in truths))
    seen = _Seen(
        _cines(layout),
        dict(zip(cine_ids, load_crops(layout, arm=arm, cine_ids=cine_ids), strict=True)),
        {cine: hearts.of(cine) for cine in cine_ids},
    )
    for fold in sorted({answer.fold for answer in answers}):
        of_fold = [answer for answer in answers if answer.fold == fold]
        bench = _bench(params, name=name, layout=layout, fold=fold, truths=pools[fold], seen=seen, hearts=hearts)
        yield from _explained(of_fold, bench=bench, params=params, name=name, hearts=hearts)


def _with(typical: dict[str, list[Case]], case: Case) -> dict[str, list[Case]]:
    """The surest of each kind and of as many patients, this case among them if it is; of equal ones the earlier."""
    kind = next((name for name, belongs in KINDS if belongs(case)), None)
    if kind is None:
        return typical
    surest = sorted([*typical.get(kind, []), case], key=lambda one: -one.answer.probability)
    of_patients = {one.patient_id: one for one in reversed(surest)}
    return typical | {kind: [one for one in surest if of_patients[one.patient_id] is one][:TYPICAL]}


@dataclass(frozen=True)
class _Seen:
    """By cine: what donors are chosen by, crops, and the heart in each phase."""

    cines: pd.DataFrame
    crops: Mapping[str, UInt8[torch.Tensor, "phase y x"]]
    hearts: Mapping[str, tuple[Heart, ...]]


@dataclass(frozen=True)
class _Bench:
    """A fold's model, the same network without training, and the cines that the model did not train on."""

    model: PhaseClassifier
    untaught: PhaseClassifier
    pool: Pool
    hearts: Mapping[str, tuple[Heart, ...]]


def _bench(
    params: Params, *, name: str, layout: Layout, fold: int, truths: Mapping[str, str], seen: _Seen, hearts: Hearts
) -> _Bench:
    arm, cine_ids = params.arms[name], list(truths)
    crops = torch.stack([seen.crops[cine] for cine in cine_ids])
    side = int(crops.shape[-1])
    model = load_model(
        layout.models(name) / f"fold{fold}.safetensors", arm=arm, n_classes=len(CLASSES[arm.target]), side=side
    )
    own = {cine: seen.hearts[cine] for cine in cine_ids}
    pool = Pool(
        seen.cines.loc[cine_ids].assign(**{arm.target: list(truths.values())}),
        to_unit(crops),
        torch.stack([_soft(own[cine], pixel_mm=hearts.placed(cine).pixel_mm, of=params.explain) for cine in cine_ids]),
    )
    # without gradients of the weights the graph begins at the layer that is explained
    taught = model.to(device()).to(memory_format=torch.channels_last).eval().requires_grad_(False)
    return _Bench(taught, untaught(arm, side=side, seed=params.seed + fold).to(device()), pool, own)


def _soft(hearts: tuple[Heart, ...], *, pixel_mm: float, of: Explain) -> Float[torch.Tensor, "phase y x"]:
    return soft(hearts, pixel_mm=pixel_mm, margin_mm=of.margin_mm, edge_mm=of.edge_mm)


def _cines(layout: Layout) -> pd.DataFrame:
    """What donors are chosen by, beside the class: patient_id, digest and view, a row per cine."""
    cines = tables.read(layout.cines, table=tables.CINES).set_index("cine_id")
    labels = tables.read(layout.labels, table=tables.LABELS).set_index("cine_id")
    return cines[["patient_id", "digest"]].assign(view=labels["view"])


def _explained(
    answers: Sequence[Answer], *, bench: _Bench, params: Params, name: str, hearts: Hearts
) -> Iterator[tuple[list[dict[str, Any]], Case]]:
    """Rows and case of each cine of one fold."""
    arm, pool = params.arms[name], bench.pool
    place = {cine: index for index, cine in enumerate(pool.cines.index)}
    images = pool.images[[place[answer.cine_id] for answer in answers]]
    classes = CLASSES[arm.target]
    found = heats(answers, images=images, model=bench.model, untaught=bench.untaught, classes=classes, device=device())
    for row, (answer, group) in enumerate(groupby(found, key=lambda heat: heat.answer)):
        own, placed, by_class = bench.hearts[answer.cine_id], hearts.placed(answer.cine_id), list(group)
        kept = _exchanged(answer, bench=bench, params=params, name=name)
        rows = [
            line
            for heat in by_class
            for line in rows_of(
                heat,
                name=name,
                arm=arm,
                hearts=own,
                placed=placed,
                kept=kept,
                explain=params.explain,
            )
        ]
        patient = str(pool.cines.loc[answer.cine_id, "patient_id"])
        yield rows, _case(answer, patient, images=images[row], by_class=by_class, hearts=own, rows=rows)


def _exchanged(answer: Answer, *, bench: _Bench, params: Params, name: str) -> Kept:
    target = params.arms[name].target
    donors = donors_of(
        answer.cine_id,
        cines=bench.pool.cines,
        classes=CLASSES[target],
        target=target,
        count=params.explain.donors,
        seed=params.seed,
    )
    return exchanged(bench.model, answer.cine_id, pool=bench.pool, donors=donors, device=device())


def _case(
    answer: Answer,
    patient_id: str,
    *,
    images: Float[torch.Tensor, "phase y x"],
    by_class: Sequence[Heat],
    hearts: tuple[Heart, ...],
    rows: Sequence[dict[str, Any]],
) -> Case:
    return Case(
        answer=answer,
        patient_id=patient_id,
        images=(images * 255).round().to(torch.uint8).numpy(),
        heat={heat.wanted: heat.grad_cam.heat for heat in by_class},
        activation={heat.wanted: heat.activation.heat for heat in by_class},
        hearts=hearts,
        verdicts={row["class"]: row["verdict"] for row in rows},
    )
