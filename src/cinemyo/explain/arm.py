"""The heat maps of one arm: every answered cine measured, the misclassified and a sample of the others kept to draw."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8

from cinemyo import tables
from cinemyo.config import Arm, Explain, Params
from cinemyo.explain.attention import Heart, measure
from cinemyo.explain.gradcam import cell_px, coarse_maps, upsampled
from cinemyo.explain.hearts import Hearts, Placed
from cinemyo.labels import CLASSES
from cinemyo.layout import Layout
from cinemyo.models.classifier import PhaseClassifier, load_model
from cinemyo.training.data import load_crops

BATCH: Final = 32


@dataclass(frozen=True)
class Answer:
    """What the model of a test fold said of one cine."""

    cine_id: str
    fold: int
    truth: str
    predicted: str
    probability: float
    """Of the predicted class."""

    @property
    def correct(self) -> bool:
        """Whether the truth was predicted."""
        return self.truth == self.predicted

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes whose maps are wanted: the true one, and the predicted one where it differs."""
        return (self.truth,) if self.correct else (self.truth, self.predicted)


@dataclass(frozen=True)
class Case:
    """A cine to draw: its crop, its maps by class, and the heart in each phase."""

    answer: Answer
    images: UInt8[np.ndarray, "phase y x"]
    heat: Mapping[str, Float[np.ndarray, "phase y x"]]
    hearts: tuple[Heart, ...]


@dataclass(frozen=True)
class Explained:
    """Rows of the table of attention, and the cases to draw."""

    rows: list[dict[str, Any]]
    cases: list[Case]


def explain_arm(params: Params, *, name: str, layout: Layout) -> Explained:
    """Heat maps of every labelled cine by the model that did not train on it, for its true and predicted class.

    Source: Germain 2021, §3.6
    """
    arm = params.arms[name]
    answers = answers_of(layout, name=name, arm=arm)
    drawn = to_draw(answers, layout=layout, count=params.explain.correct_drawn, seed=params.seed)
    hearts = Hearts(params, arm=arm, layout=layout)
    rows: list[dict[str, Any]] = []
    cases: list[Case] = []
    for fold in sorted({answer.fold for answer in answers}):
        of_fold = [answer for answer in answers if answer.fold == fold]
        model = _model(layout, name=name, arm=arm, fold=fold, side=hearts.placed(of_fold[0].cine_id).side)
        for case, cell in _cases(model, of_fold, layout=layout, arm=arm, hearts=hearts):
            placed = hearts.placed(case.answer.cine_id)
            rows += rows_of(case, name=name, arm=arm, placed=placed, cell=cell, explain=params.explain)
            cases += [case] if case.answer.cine_id in drawn else []
    return Explained(rows, cases)


def answers_of(layout: Layout, *, name: str, arm: Arm) -> list[Answer]:
    """The labelled answers of the test folds (of the validation folds, where a protocol has no test folds)."""
    frame = tables.read(layout.predictions(name), table=tables.predictions(arm.target))
    chosen = frame[frame["set"] == ("test" if (frame["set"] == "test").any() else "validation")]
    return [_answer(row, classes=CLASSES[arm.target]) for row in chosen.dropna(subset="truth").to_dict("records")]


def _answer(row: Mapping[Any, Any], *, classes: Sequence[str]) -> Answer:
    predicted = max(classes, key=lambda name: float(row[f"p_{name}"]))
    return Answer(str(row["cine_id"]), int(row["fold"]), str(row["truth"]), predicted, float(row[f"p_{predicted}"]))


def to_draw(answers: Sequence[Answer], *, layout: Layout, count: int, seed: int) -> set[str]:
    """All misclassified cines, and `count` correct ones drawn by seed and image content, never by pseudonym."""
    cines = tables.read(layout.cines, table=tables.CINES)
    digests: Mapping[Any, Any] = cines.set_index("cine_id")["digest"].to_dict()

    def draw(answer: Answer) -> str:
        return hashlib.sha256(f"{seed}|{digests[answer.cine_id]}".encode()).hexdigest()

    correct = sorted((answer for answer in answers if answer.correct), key=draw)
    wrong = {answer.cine_id for answer in answers if not answer.correct}
    return wrong | {answer.cine_id for answer in correct[:count]}


def _model(layout: Layout, *, name: str, arm: Arm, fold: int, side: int) -> PhaseClassifier:
    path = layout.models(name) / f"fold{fold}.safetensors"
    model = load_model(path, arm=arm, n_classes=len(CLASSES[arm.target]), side=side)
    # without gradients of the weights the graph begins at the layer that is explained
    return model.to(_device()).eval().requires_grad_(False)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _cases(
    model: PhaseClassifier, answers: Sequence[Answer], *, layout: Layout, arm: Arm, hearts: Hearts
) -> Iterator[tuple[Case, float]]:
    """The cases of one fold, each with the side of a map's cell in crop pixels."""
    classes = CLASSES[arm.target]
    for start in range(0, len(answers), BATCH):
        batch = answers[start : start + BATCH]
        crops = load_crops(layout, arm=arm, cine_ids=[answer.cine_id for answer in batch])
        images = crops.to(_device()).float() / 255
        true, cell = _maps(model, images, names=[answer.truth for answer in batch], classes=classes)
        wrong = [index for index, answer in enumerate(batch) if not answer.correct]
        other = true[:0]
        if wrong:
            other, _ = _maps(model, images[wrong], names=[batch[index].predicted for index in wrong], classes=classes)
        for index, answer in enumerate(batch):
            heat = {answer.truth: true[index]}
            heat |= {} if answer.correct else {answer.predicted: other[wrong.index(index)]}
            yield Case(answer, crops[index].cpu().numpy(), heat, hearts.of(answer.cine_id)), cell


def _maps(
    model: PhaseClassifier, images: torch.Tensor, *, names: Sequence[str], classes: Sequence[str]
) -> tuple[Float[np.ndarray, "batch phase y x"], float]:
    """Maps of one class per image, and the side of their cells in crop pixels."""
    side = images.shape[-1]
    wanted = torch.tensor([classes.index(name) for name in names], device=images.device)
    grids = coarse_maps(model, images, classes=wanted)
    return upsampled(grids, side=side).cpu().numpy(), cell_px(grids, side=side)


def rows_of(case: Case, *, name: str, arm: Arm, placed: Placed, cell: float, explain: Explain) -> list[dict[str, Any]]:
    """Rows of the table of attention of one cine: one per class and phase."""
    cell_mm = cell * placed.pixel_mm
    return [
        {
            "arm": name,
            "cine_id": case.answer.cine_id,
            "fold": str(case.answer.fold),
            "phase": phase,
            "class": wanted,
            "is_predicted": wanted == case.answer.predicted,
            "is_true": wanted == case.answer.truth,
            "cell_mm": cell_mm,
            "heart_from": heart.origin,
            **asdict(
                measure(
                    case.heat[wanted][index],
                    heart=heart,
                    pixel_mm=placed.pixel_mm,
                    cell_mm=cell_mm,
                    too_coarse_mm=explain.too_coarse_mm,
                )
            ),
        }
        for wanted in case.answer.classes
        for index, (phase, heart) in enumerate(zip(arm.phases, case.hearts, strict=True))
    ]


def attention_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The rows of all arms as the table of attention."""
    frame = tables.from_rows(rows, table=tables.ATTENTION)
    # beyond the sixth digit the order of a sum speaks, not the model
    return frame.round(dict.fromkeys(frame.select_dtypes("number").columns, 6))
