"""Figures are the same bytes every time and hold what they must say."""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from cinemyo.labels import PATHOLOGIES, VIEWS
from cinemyo.record import figures
from cinemyo.record.figures import TEXT, Matrix, accuracy_figure, confusion_figure, learning_curves
from tests.evaluation.example import history

MATRIX = Matrix("by cine (n = 12)", np.array([[3, 1, 0], [0, 4, 0], [1, 0, 3]]))
ARM: dict[str, Any] = {
    "target": "pathology",
    "leaky": False,
    "accuracy_folds": [0.8, 0.9, 1.0],
    "accuracy": 0.9,
    "accuracy_mean": 0.9,
    "accuracy_interval": [0.85, 0.95],
    "patient_accuracy": 0.92,
    "patient_interval": [0.88, 1.0],
}
VIEW_ARM = {key: value for key, value in ARM.items() if not key.startswith("patient")} | {"target": "view"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures as they are drawn, before they become bytes."""
    kept: list[Figure] = []
    write = figures.png
    monkeypatch.setattr(figures, "png", lambda figure: kept.append(figure) or write(figure))
    return kept


def chunks(content: bytes) -> Iterator[bytes]:
    """Names of the chunks of a PNG, each with a right checksum."""
    at = 8
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        body = content[at + 4 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length : at + 12 + length])[0] == zlib.crc32(body)
        yield body[:4]
        at += 12 + length


def words(figure: Figure) -> str:
    return " ".join(item.get_text() for item in figure.findobj(Text)).replace("\n", " ")  # type: ignore[attr-defined]


def confusion(note: str = "synthetic phantoms; leaky: split by input") -> bytes:
    return confusion_figure([MATRIX, MATRIX], classes=PATHOLOGIES, title="dual", note=note)


def test_a_figure_is_the_same_bytes_every_time() -> None:
    assert confusion() == confusion()


def test_a_figure_holds_neither_time_nor_software() -> None:
    assert not {b"tEXt", b"iTXt", b"zTXt", b"tIME"} & set(chunks(confusion()))


def test_a_confusion_shows_counts_and_shares_of_the_row(drawn: list[Figure]) -> None:
    confusion()
    assert all(part in words(drawn[0]) for part in ("75%", "25%", "Normal", "(n = 4)", "truth", "predicted"))


def test_a_figure_says_that_it_is_synthetic_and_leaky(drawn: list[Figure]) -> None:
    confusion()
    assert "synthetic phantoms; leaky: split by input" in words(drawn[0])


def test_classes_have_their_names_for_readers(drawn: list[Figure]) -> None:
    confusion_figure([Matrix("by cine", np.eye(4, dtype=int))], classes=VIEWS, title="view", note="")
    assert "VLA, apex left" in words(drawn[0])


def test_a_class_without_cases_is_drawn() -> None:
    empty = Matrix("by cine", np.zeros((3, 3), int))
    assert confusion_figure([empty], classes=PATHOLOGIES, title="none", note="")


def test_curves_have_a_line_per_fold_and_one_for_their_mean(drawn: list[Figure]) -> None:
    learning_curves(history(folds=3), title="dual", note="")
    assert [len(axes.lines) for axes in drawn[0].axes] == [2 * (3 + 1)] * 2


def test_curves_without_validation_show_training_alone(drawn: list[Figure]) -> None:
    curves = history(folds=3)
    for column in ("validation_loss", "validation_accuracy"):
        curves[column] = curves[column].where(curves["epoch"] < 0)
    learning_curves(curves, title="dual", note="")
    assert [len(axes.lines) for axes in drawn[0].axes] == [4, 4]


def test_a_single_epoch_is_drawn_as_points(drawn: list[Figure]) -> None:
    learning_curves(history(1), title="dual", note="")
    assert all(line.get_marker() == "o" for axes in drawn[0].axes for line in axes.lines)


def test_accuracies_stand_for_every_arm(drawn: list[Figure]) -> None:
    accuracy_figure({"dual": ARM, "view_dual": VIEW_ARM}, title="Accuracy", note="")
    assert [label.get_text() for label in drawn[0].axes[0].get_yticklabels()] == ["dual\npathology", "view_dual\nview"]


def test_a_leaky_arm_is_named_so_among_the_accuracies(drawn: list[Figure]) -> None:
    accuracy_figure({"dual": ARM | {"leaky": True}}, title="Accuracy", note="")
    assert "leaky: by input" in words(drawn[0])


def test_poor_accuracies_stay_within_the_axis(drawn: list[Figure]) -> None:
    accuracy_figure({"dual": ARM | {"accuracy_folds": [0.1, 0.2]}}, title="Accuracy", note="")
    assert drawn[0].axes[0].get_xlim()[0] < 0.1


def test_no_text_is_smaller_than_nine_points(drawn: list[Figure]) -> None:
    confusion()
    learning_curves(history(), title="dual", note="a note")
    accuracy_figure({"dual": ARM}, title="Accuracy", note="a note")
    sizes = [item.get_fontsize() for figure in drawn for item in figure.findobj(Text) if item.get_text()]  # type: ignore[attr-defined]
    assert min(sizes) >= TEXT


def test_nothing_is_cut_off(drawn: list[Figure]) -> None:
    long = "a long notice that goes on and on; " * 4
    confusion(note=long)
    learning_curves(history(), title="dual", note=long)
    accuracy_figure({"an_arm_with_quite_a_long_name": ARM}, title="A title " * 12, note=long)
    for figure in drawn:
        box = figure.get_tightbbox(figure.canvas.get_renderer())  # type: ignore[attr-defined]
        width, height = figure.get_size_inches()
        assert (box.x0, box.y0) >= (-0.01, -0.01)
        assert box.x1 <= width + 0.01
        assert box.y1 <= height + 0.01


def test_no_interval_is_cut_off(drawn: list[Figure]) -> None:
    accuracy_figure(
        {"one_fold": ARM | {"accuracy_folds": [0.8], "accuracy_interval": [0.31, 0.97]}}, title="t", note="n"
    )
    assert drawn[0].axes[0].get_xlim()[0] < 0.31
