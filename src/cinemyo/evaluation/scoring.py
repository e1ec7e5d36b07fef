"""The answers of an arm on its test folds, checked against folds and labels before any figure is made of them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from cinemyo.config import Arm
from cinemyo.errors import SplitError
from cinemyo.evaluation.metrics import by_patient, confusion, log_loss
from cinemyo.folds import FoldSplit, fold_count, of_folds, split_of
from cinemyo.labels import CLASSES, LEAKY_SCHEMES
from cinemyo.persons import permuted, persons_of


@dataclass(frozen=True)
class Scored:
    """An arm and what it answered on the cines that it did not train on."""

    name: str
    arm: Arm
    answers: pd.DataFrame
    """A row per test cine: cine_id, patient_id, fold, truth, predicted (class numbers), p_<class>, pathology, view."""
    test_share: float
    """Mean over folds of test cines per training cine."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of the target, in their fixed order."""
        return CLASSES[self.arm.target]

    @property
    def is_leaky(self) -> bool:
        """Whether training and test share patients."""
        return self.arm.scheme in LEAKY_SCHEMES

    @property
    def is_control(self) -> bool:
        """Whether the arm shows what can be had without the heart: labels permuted, or the heart hidden."""
        return self.arm.is_control

    @property
    def patients(self) -> pd.DataFrame:
        """One row per patient and true class."""
        return by_patient(self.answers, classes=self.classes)

    def probabilities(self, rows: pd.DataFrame) -> Float[np.ndarray, "row classes"]:
        """Probabilities of rows of answers or patients."""
        return rows[[f"p_{name}" for name in self.classes]].to_numpy(float)

    def confusion(self, rows: pd.DataFrame) -> Int[np.ndarray, "truth predicted"]:
        """Confusion matrix of rows of answers or patients."""
        truth, predicted = rows["truth"].to_numpy(int), rows["predicted"].to_numpy(int)
        return confusion(truth, predicted=predicted, n_classes=len(self.classes))

    def fold_accuracies(self) -> Float[np.ndarray, " fold"]:
        """Share of test cines called right, per fold."""
        right = self.answers["truth"] == self.answers["predicted"]
        return right.groupby(self.answers["fold"]).mean().to_numpy(float)

    def fold_losses(self) -> Float[np.ndarray, " fold"]:
        """Cross-entropy on the test cines, per fold."""
        folds = self.answers.groupby("fold")
        losses = [log_loss(rows["truth"].to_numpy(int), probabilities=self.probabilities(rows)) for _, rows in folds]
        return np.array(losses)


def score(
    predictions: pd.DataFrame,
    *,
    name: str,
    arm: Arm,
    folds: pd.DataFrame,
    cines: pd.DataFrame,
    labels: pd.DataFrame,
    prepared: AbstractSet[str],
    seed: int,
    links: pd.DataFrame | None = None,
) -> Scored:
    """The scored arm; its rows are in the order of the table of folds, and `patient_id` is the person.

    Linked patients are one person, so that every interval draws them together. Where an arm permutes labels, the truth
    is the permuted one, drawn with `seed` as in training.

    `prepared` are the cines that have a canvas: each of them with a label must have been answered, once, by the fold
    that did not train on it.

    Raises:
        SplitError: a fold leaks, a cine was answered twice, by a wrong fold or not at all, or a truth is not the label.

    Source: Germain 2021, §2.4
    """
    where = f"predictions of {name}"
    if arm.labels == "permuted":
        labels = permuted(labels, cines=of_folds(cines, folds=folds, scheme=arm.scheme), seed=seed, links=links)
    count = fold_count(folds, scheme=arm.scheme)
    splits = [split_of(folds, scheme=arm.scheme, fold=fold, cines=cines) for fold in range(count)]
    truths = labels.set_index("cine_id")[arm.target].dropna()
    labelled = set(truths.index.tolist())
    tested = predictions[predictions["set"] == "test"]
    _refuse_repeats(tested, where=where)
    for side in ("test", "validation"):
        rows = predictions[predictions["set"] == side]
        for split in splits:
            _refuse_foreign(rows[rows["fold"] == split.fold], split=split, side=side, where=where)
    expected = [cine for split in splits for cine in split.test if cine in prepared and cine in labelled]
    _refuse_missing(tested, expected=expected, where=where)
    _refuse_other_truths(predictions, truths=truths, where=where)
    ratios = [len(split.test) / len(split.train) for split in splits]
    ordered = tested.set_index("cine_id").loc[expected].reset_index()
    answers = answered(ordered, arm=arm, cines=cines, labels=labels, links=links)
    return Scored(name, arm, answers, float(np.mean(ratios)))


def answered(
    rows: pd.DataFrame, *, arm: Arm, cines: pd.DataFrame, labels: pd.DataFrame, links: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Labelled rows of predictions in the form of `Scored.answers`; of equal probabilities the first is called."""
    classes = CLASSES[arm.target]
    columns = [f"p_{name}" for name in classes]
    rows = rows.merge(cines[["cine_id", "patient_id"]], on="cine_id", how="left", validate="one_to_one")
    rows = rows.merge(labels[["cine_id", "pathology", "view"]], on="cine_id", how="left", validate="one_to_one")
    rows["patient_id"] = rows["patient_id"].map(persons_of(rows["patient_id"].tolist(), links=links))
    rows["truth"] = rows["truth"].map({name: index for index, name in enumerate(classes)}).to_numpy(int)
    rows["predicted"] = np.argmax(rows[columns].to_numpy(float), axis=1)
    return rows[["cine_id", "patient_id", "fold", "truth", "predicted", *columns, "pathology", "view"]]


def _refuse_repeats(tested: pd.DataFrame, *, where: str) -> None:
    repeated = tested["cine_id"][tested["cine_id"].duplicated()].tolist()
    if repeated:
        _refuse(where, expected="each test cine once", got=f"{repeated[0]} twice ({len(repeated)} such rows)")


def _refuse_foreign(rows: pd.DataFrame, *, split: FoldSplit, side: str, where: str) -> None:
    allowed = set(split.test if side == "test" else split.validation)
    foreign = [cine for cine in rows["cine_id"].tolist() if cine not in allowed]
    if not foreign:
        return
    role = "trained on" if foreign[0] in split.train else "of another part"
    got = f"{foreign[0]}, {role} ({len(foreign)} such cines)"
    _refuse(f"{where}, fold {split.fold}", expected=f"{side} cines of the fold alone", got=got)


def _refuse_missing(tested: pd.DataFrame, *, expected: list[str], where: str) -> None:
    answered = set(tested["cine_id"].tolist())
    missing = [cine for cine in expected if cine not in answered]
    if missing:
        got = f"none for {missing[0]} ({len(missing)} such cines)"
        _refuse(where, expected="an answer for every test cine", got=got)
    beyond = sorted(answered - set(expected))
    if beyond:
        _refuse(where, expected="labelled test cines of the folds", got=f"{beyond[0]} ({len(beyond)} such cines)")


def _refuse_other_truths(predictions: pd.DataFrame, *, truths: pd.Series, where: str) -> None:
    ours = predictions["cine_id"].map(truths)
    both = predictions["truth"].notna() & ours.notna()
    other = predictions[both & (predictions["truth"] != ours)]
    if len(other):
        cine = str(other["cine_id"].iloc[0])
        got = f"{other['truth'].iloc[0]} for {cine}, labelled {truths[cine]} ({len(other)} such cines)"
        _refuse(where, expected="the truth of labels.csv", got=got)


def _refuse(where: str, *, expected: str, got: str) -> None:
    raise SplitError(where, expected=expected, got=got, remedy="run the stage train of this arm again")
