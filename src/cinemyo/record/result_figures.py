"""The figures of the results section, by file name: one file each, made from the evidence of the study."""

from collections.abc import Iterator, Mapping
from typing import Any

from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.scoring import Scored
from cinemyo.record.figures import Matrix, accuracy_figure, confusion_figure, learning_curves
from cinemyo.record.figures_calibration import arm_reliability, arms_selective, fold_reliability


def figures_of(evidence: Evidence, *, metrics: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Name and PNG of every figure: accuracies, selective answers, and those of each arm and fold."""
    params = evidence.params
    words = [
        "synthetic phantoms" if params.study.synthetic else "",
        f"bars: {params.evaluate.level:.0%} interval, patients as units",
        params.study.notice,
    ]
    title = f"Accuracy on the test folds: {params.study.title}"
    yield "accuracy.png", accuracy_figure(metrics["arms"], title=title, note="; ".join(filter(None, words)))
    named = [scored for scored in evidence.honest if scored.arm.target == "pathology"]
    if named:
        yield "selective.png", arms_selective(named, params=params)
    for scored in evidence.arms:
        yield from _arm_figures(scored, evidence=evidence)


def _arm_figures(scored: Scored, *, evidence: Evidence) -> Iterator[tuple[str, bytes]]:
    note = standing(scored.arm, study=evidence.params.study)
    matrices = [Matrix(f"by cine (n = {len(scored.answers)})", scored.confusion(scored.answers))]
    if scored.arm.target == "pathology":
        matrices.append(Matrix(f"by patient (n = {len(scored.patients)})", scored.confusion(scored.patients)))
    title = f"{scored.name}: test folds together"
    yield f"confusion_{scored.name}.png", confusion_figure(matrices, classes=scored.classes, title=title, note=note)
    history = evidence.histories[scored.name]
    yield f"learning_{scored.name}.png", learning_curves(history, title=f"{scored.name}: learning curves", note=note)
    predictions = evidence.predictions[scored.name]
    reliability = arm_reliability(scored, predictions=predictions, params=evidence.params)
    yield f"reliability_{scored.name}.png", reliability
    yield from _fold_figures(scored, evidence=evidence, note=note)


def _fold_figures(scored: Scored, *, evidence: Evidence, note: str) -> Iterator[tuple[str, bytes]]:
    """Confusion matrix and reliability of each fold, for the runs of the folds in the tracking store."""
    least = evidence.params.evaluate.bin_patients
    for fold, rows in scored.answers.groupby("fold"):
        title = f"{scored.name}, fold {fold}"
        matrix = Matrix(f"by cine (n = {len(rows)})", scored.confusion(rows))
        folder = f"folds/{scored.name}"
        yield (
            f"{folder}/confusion_{fold}.png",
            confusion_figure([matrix], classes=scored.classes, title=title, note=note),
        )
        named = rows.assign(truth=[scored.classes[index] for index in rows["truth"]])
        diagram = fold_reliability(named, classes=scored.classes, least=least, title=title, note=note)
        yield f"{folder}/reliability_{fold}.png", diagram
