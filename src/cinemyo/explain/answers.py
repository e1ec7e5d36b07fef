"""What the models of the test folds said, and whose heat maps are drawn."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.labels import CLASSES
from cinemyo.layout import Layout


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


def answers_of(layout: Layout, *, name: str, arm: Arm) -> list[Answer]:
    """The labelled answers of the test folds (of the validation folds, where a protocol has no test folds)."""
    frame = tables.read(layout.predictions(name), table=tables.predictions(arm.target))
    chosen = frame[frame["set"] == ("test" if (frame["set"] == "test").any() else "validation")]
    return [_answer(row, classes=CLASSES[arm.target]) for row in chosen.dropna(subset="truth").to_dict("records")]


def untrained(layout: Layout, *, name: str, arm: Arm) -> dict[int, dict[str, str]]:
    """By fold: the labelled cines that its model did not train on, and their true class."""
    frame = tables.read(layout.predictions(name), table=tables.predictions(arm.target)).dropna(subset="truth")
    return {
        int(str(fold)): dict(zip(rows["cine_id"].astype(str), rows["truth"].astype(str), strict=True))
        for fold, rows in frame[frame["set"].isin(("validation", "test"))].groupby("fold")
    }


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
